//! Refuses an EndpointSlice that ends Kube-OVN's controller.
//!
//! Kubernetes allows a port without a number. Kube-OVN's controller reads the number of the port that is called as a port of the
//! Service, ends where there is none, and ends again at each start as long as the EndpointSlice exists: no Pod of the cluster
//! gets a network meanwhile.
//!
//! ```yaml bad
//! # bad: a port without a number
//! apiVersion: discovery.k8s.io/v1
//! kind: EndpointSlice
//! metadata: {name: web, namespace: blue}
//! addressType: IPv4
//! endpoints: []
//! ports: [{name: http, protocol: TCP}]
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: discovery.k8s.io/v1
//! kind: EndpointSlice
//! metadata: {name: web, namespace: blue}
//! addressType: IPv4
//! endpoints: []
//! ports: [{name: http, protocol: TCP, port: 8080}]
//! ```
//!
//! Give the port a number, or leave the port out.

use crate::kinds::{EndpointSlice, SERVICE_NAME};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "endpoint-slice-syntax",
    summary: "an EndpointSlice has a port without a number, which ends Kube-OVN's controller",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[],
    checks: &[Check::EndpointSlice(&[Read::Field("ports"), Read::Label(SERVICE_NAME)], check)],
};

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn check(slice: &EndpointSlice, context: &mut Context<'_>) -> Outcome {
    for (at, name) in &slice.without_number {
        let detail = "a port without a number ends Kube-OVN's controller, again at each start";
        let finding = Finding::required(FieldPath::of("ports").index(*at).field("port"), detail);
        // Only a port that is called as one of the Service's has an effect.
        let finding = finding.identified_by(format!("port {name} of {}", slice.service()));
        context.deny(finding.help("Give the port a number, or leave the port out."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn slice(ports: &Value) -> Value {
        json!({"kind": "EndpointSlice", "namespace": "ns1", "addressType": "IPv4", "endpoints": [], "ports": ports})
    }

    #[test]
    fn a_port_has_a_number() {
        let cluster = Cluster::of(super::RULE.id);
        let wanted = "ports[1].port: Required value: a port without a number ends Kube-OVN's controller, again at each start [endpoint-slice-syntax]";
        for without in [json!({"name": ""}), json!({"name": "", "port": null})] {
            cluster.refuses(&slice(&json!([{"name": "a", "port": 80}, without])), &[wanted]);
        }
        for ports in [json!([{"name": "", "port": 53}]), json!([]), json!(null)] {
            cluster.accepts(&slice(&ports));
        }
    }

    #[test]
    fn an_old_one_under_another_name_excuses_nothing() {
        let named = |name: &str| slice(&json!([{"name": name}]));
        let allowed = |old: &Value, new: &Value| Cluster::of(super::RULE.id).verdict(&update(old, new)).allowed;
        assert!(!allowed(&named("unused"), &named("http")));
        let mut of_another = named("http");
        of_another["labels"] = json!({"kubernetes.io/service-name": "web"});
        assert!(!allowed(&named("http"), &of_another));
    }

    #[test]
    fn an_old_one_is_a_warning() {
        let old = slice(&json!([{"name": "a"}]));
        let verdict = Cluster::of(super::RULE.id)
            .verdict(&update(&old, &slice(&json!([{"name": "a"}, {"name": "b", "port": 1}]))));
        assert_eq!((verdict.allowed, verdict.warnings.len()), (true, 1));
    }
}
