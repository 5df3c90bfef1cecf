//! API Priority and Fairness: seats of our own.
//!
//! A write of a Subnet holds its seat while vpcguard is asked, and vpcguard answers only after a write of its own. If both
//! took their seats from one level, enough Subnets at once would leave none for the writes that they wait for.

use k8s_openapi::api::flowcontrol::v1::{
    FlowSchema, FlowSchemaSpec, LimitResponse, LimitedPriorityLevelConfiguration, PolicyRulesWithSubjects,
    PriorityLevelConfiguration, PriorityLevelConfigurationReference, PriorityLevelConfigurationSpec,
    QueuingConfiguration, ResourcePolicyRule, ServiceAccountSubject, Subject,
};

use super::{NAME, NAMESPACE, metadata, texts};
use crate::ledger::crd::GROUP;

/// The seats. Half of them are lent while they are idle, which is most of the time.
pub(super) fn priority_level() -> PriorityLevelConfiguration {
    // A replica shares writes of one ledger, so few are ever in flight: short queues, and a late answer is of no use.
    let queuing = QueuingConfiguration { queues: Some(8), hand_size: Some(4), queue_length_limit: Some(50) };
    let limited = LimitedPriorityLevelConfiguration {
        nominal_concurrency_shares: Some(20),
        lendable_percent: Some(50),
        limit_response: LimitResponse { type_: "Queue".to_owned(), queuing: Some(queuing) },
        ..LimitedPriorityLevelConfiguration::default()
    };
    let spec = PriorityLevelConfigurationSpec {
        type_: "Limited".to_owned(),
        limited: Some(limited),
        ..PriorityLevelConfigurationSpec::default()
    };
    PriorityLevelConfiguration { metadata: metadata(), spec, ..PriorityLevelConfiguration::default() }
}

/// The requests that take them: those that a review waits for. Events do not.
pub(super) fn schema() -> FlowSchema {
    let subject = Subject {
        kind: "ServiceAccount".to_owned(),
        service_account: Some(ServiceAccountSubject { namespace: NAMESPACE.to_owned(), name: NAME.to_owned() }),
        ..Subject::default()
    };
    let rules = PolicyRulesWithSubjects {
        subjects: vec![subject],
        resource_rules: Some(vec![
            resources(GROUP, &["addressledgers", "addressindices", "addressindices/status"], &["*"]),
            resources("*", &["*"], &["get", "list", "watch"]),
        ]),
        ..PolicyRulesWithSubjects::default()
    };
    let spec = FlowSchemaSpec {
        // Before the schema of all service accounts, which is at 9000, and the cluster's own at 1000.
        matching_precedence: Some(500),
        priority_level_configuration: PriorityLevelConfigurationReference { name: NAME.to_owned() },
        rules: Some(vec![rules]),
        ..FlowSchemaSpec::default()
    };
    FlowSchema { metadata: metadata(), spec, ..FlowSchema::default() }
}

fn resources(group: &str, resources: &[&str], verbs: &[&str]) -> ResourcePolicyRule {
    ResourcePolicyRule {
        api_groups: texts(&[group]),
        resources: texts(resources),
        verbs: texts(verbs),
        cluster_scope: Some(true),
        namespaces: Some(texts(&["*"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_requests_find_our_seats() {
        let spec = schema().spec;
        assert_eq!(spec.priority_level_configuration.name, priority_level().metadata.name.unwrap());
        let rules = &spec.rules.unwrap()[0];
        let account = rules.subjects[0].service_account.as_ref().unwrap();
        assert_eq!((account.namespace.as_str(), account.name.as_str()), ("vpcguard-system", "vpcguard"));
    }
}
