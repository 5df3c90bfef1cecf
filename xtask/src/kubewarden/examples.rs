//! Manifests of the policies as they are deployed: each by itself, all that judge as a group, and what the policy server must
//! be allowed to read for them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Map, Value, json};
use vpcguard_policies::kinds::REVIEWED_CONFIG_MAPS;
use vpcguard_policies::settings::KubeOvn;
use vpcguard_policies::{Kind, Policy};

use super::metadata::{Resource, context, rules};
use super::{VERSION, folder, image, tables};
use crate::yaml;

const API_VERSION: &str = "policies.kubewarden.io/v1";

/// Where the manifests are that concern several policies.
const SHARED: &str = "examples/kubewarden";

/// Namespaces that a cluster needs to come up, the policy server among them.
const SYSTEM: [&str; 3] = ["cert-manager", "kube-system", "kubewarden"];

/// Those of one policy.
pub(super) fn of(policy: Policy) -> Result<Vec<(PathBuf, String)>> {
    let examples = folder(policy).join("examples");
    let mut files =
        vec![(examples.join("cluster-admission-policy.yaml"), yaml::documents(&[cluster_admission_policy(policy)])?)];
    files.extend(match admission_policy(policy) {
        Some(example) => Some((examples.join("admission-policy.yaml"), yaml::documents(&[example])?)),
        None => None,
    });
    Ok(files)
}

/// Those of all policies together.
pub(super) fn shared() -> Result<Vec<(PathBuf, String)>> {
    let examples = PathBuf::from(SHARED);
    Ok(vec![
        (examples.join("cluster-admission-policy-group.yaml"), yaml::documents(&[group()])?),
        (examples.join("policy-server-permissions.yaml"), yaml::documents(&tables::permission_objects())?),
    ])
}

/// Whether a policy can be deployed in a namespace: it asks for nothing, because what is so deployed may not, and it judges
/// something that is in namespaces.
pub(super) fn is_namespaced(policy: Policy) -> bool {
    context(policy).is_empty() && policy.kinds().into_iter().any(Kind::is_namespaced)
}

fn cluster_admission_policy(policy: Policy) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": policy.name()},
        "spec": {
            "module": module(policy),
            "mutating": policy.is_mutating(),
            "backgroundAudit": !policy.is_mutating(),
            "failurePolicy": failure_policy(policy),
            "rules": rules(policy),
            "matchConditions": conditions(policy == Policy::InUse, &policy.kinds(), &policy.deletions()),
            "contextAwareResources": context(policy),
            "settings": {},
        },
    })
}

fn admission_policy(policy: Policy) -> Option<Value> {
    let rules = rules(policy).into_iter().filter_map(|mut rule| {
        let is_namespaced = |plural: &str| Kind::ALL.iter().any(|kind| kind.plural() == plural && kind.is_namespaced());
        rule.resources.retain(|plural| is_namespaced(plural));
        (!rule.resources.is_empty()).then_some(rule)
    });
    is_namespaced(policy).then(|| {
        json!({
            "apiVersion": API_VERSION,
            "kind": "AdmissionPolicy",
            "metadata": {"name": policy.name(), "namespace": "team-a"},
            "spec": {
                "module": module(policy),
                "mutating": policy.is_mutating(),
                "rules": rules.collect::<Vec<_>>(),
                "settings": {},
            },
        })
    })
}

/// What is to go never waits for the policy server, or for what it cannot read.
fn failure_policy(policy: Policy) -> &'static str {
    if policy == Policy::InUse { "Ignore" } else { "Fail" }
}

/// Whether a policy is a member of the group, which is at Fail as a whole.
fn is_member(policy: Policy) -> bool {
    !policy.is_mutating() && failure_policy(policy) == "Fail"
}

/// All that judge, but for what is to go. A group asks its members one after the other, until one refuses.
fn group() -> Value {
    let members: Vec<_> = Policy::ALL.iter().copied().filter(|policy| is_member(*policy)).collect();
    let kinds: BTreeSet<_> = members.iter().flat_map(|member| member.kinds()).collect();
    let groups: BTreeSet<_> = kinds.iter().map(|kind| kind.group()).collect();
    let mut rules: Vec<Value> = Vec::new();
    for group in groups {
        let plurals: Vec<_> = kinds.iter().filter(|kind| kind.group() == group).map(|kind| kind.plural()).collect();
        rules.push(
            json!({"apiGroups": [group], "apiVersions": ["v1"], "resources": plurals, "operations": super::REVIEWED}),
        );
    }
    let deletions: BTreeSet<_> = members.iter().flat_map(|member| member.deletions()).collect();
    let plurals: Vec<_> = deletions.iter().map(|kind| kind.plural()).collect();
    rules.push(
        json!({"apiGroups": ["kubeovn.io"], "apiVersions": ["v1"], "resources": plurals, "operations": super::DELETED}),
    );
    let policies: Map<_, _> = members.iter().map(|policy| (identifier(*policy), member(*policy))).collect();
    let calls: Vec<_> = members.iter().map(|policy| format!("{}()", identifier(*policy))).collect();
    json!({
        "apiVersion": API_VERSION,
        "kind": "ClusterAdmissionPolicyGroup",
        "metadata": {"name": "vpcguard"},
        "spec": {
            "backgroundAudit": true,
            "failurePolicy": "Fail",
            "rules": rules,
            "matchConditions": conditions(false, &kinds, &deletions),
            "policies": policies,
            "expression": calls.join(" && "),
            "message": "refused by the rules for Kube-OVN VPCs",
        },
    })
}

fn member(policy: Policy) -> Value {
    let mut member = json!({"module": module(policy), "settings": {}});
    let resources: Vec<Resource> = context(policy);
    if let (Some(member), false) = (member.as_object_mut(), resources.is_empty()) {
        member.insert("contextAwareResources".to_owned(), json!(resources));
    }
    member
}

/// The name of a member in the expression of its group.
fn identifier(policy: Policy) -> String {
    policy.name().replace('-', "_")
}

fn module(policy: Policy) -> String {
    format!("registry://{}:v{VERSION}", image(policy))
}

/// Requests that no rule concerns, or that must not wait for the policy server.
fn conditions(sees_all_deletions: bool, kinds: &BTreeSet<Kind>, deletions: &BTreeSet<Kind>) -> Vec<Value> {
    let mut conditions = Vec::new();
    if sees_all_deletions {
        conditions.push(json!({
            "name": "not-being-deleted",
            "expression": "request.operation != \"DELETE\" ||\n!has(oldObject.metadata.deletionTimestamp)",
        }));
    } else if !deletions.is_empty() {
        let KubeOvn { default_vpc, default_subnet, node_switch, .. } = KubeOvn::default();
        conditions.push(json!({
            "name": "only-deletions-of-what-kube-ovn-made",
            "expression": format!(
                "request.operation != \"DELETE\" ||\noldObject.metadata.?name.orValue(\"\") in [\"{default_vpc}\", \"{default_subnet}\", \"{node_switch}\"]"
            ),
        }));
    }
    if kinds.contains(&Kind::ConfigMap) {
        let names: Vec<_> = REVIEWED_CONFIG_MAPS.iter().map(|name| format!("\"{name}\"")).collect();
        conditions.push(json!({
            "name": "only-config-maps-of-kube-ovn",
            "expression": format!(
                "request.kind.kind != \"ConfigMap\" ||\nobject.metadata.?name.orValue(\"\") in [{}]",
                names.join(", ")
            ),
        }));
    }
    if kinds.iter().any(|kind| kind.is_namespaced() && *kind != Kind::ConfigMap) {
        let system = SYSTEM.map(|namespace| format!("\"{namespace}\"")).join(", ");
        conditions.push(json!({
            "name": "not-in-a-system-namespace",
            "expression": format!(
                "request.kind.kind == \"ConfigMap\" ||\n!(request.?namespace.orValue(\"\") in [{system}])"
            ),
        }));
    }
    conditions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubewarden::Metadata;

    #[test]
    fn an_example_asks_what_the_metadata_say() {
        for policy in Policy::ALL {
            let metadata = serde_json::to_value(Metadata::of(*policy)).unwrap();
            let spec = &cluster_admission_policy(*policy)["spec"];
            for key in ["rules", "mutating", "backgroundAudit", "contextAwareResources"] {
                assert_eq!(spec[key], metadata[key], "{policy} {key}");
            }
        }
    }

    #[test]
    fn only_what_asks_nothing_is_deployed_in_a_namespace() {
        let namespaced: Vec<_> = Policy::ALL.iter().filter(|policy| is_namespaced(**policy)).collect();
        assert_eq!(namespaced, [&Policy::VpcSyntax]);
        let example = admission_policy(Policy::VpcSyntax).unwrap();
        let text = example.to_string();
        assert!(text.contains("\"pods\"") && !text.contains("subnets") && !text.contains("namespaces"), "{text}");
    }

    #[test]
    fn a_group_has_all_that_judge_but_what_goes_and_none_that_changes() {
        let group = group();
        let members = group["spec"]["policies"].as_object().unwrap();
        let expression = group["spec"]["expression"].as_str().unwrap();
        assert_eq!(members.len(), Policy::ALL.len() - 2);
        for policy in Policy::ALL {
            assert_eq!(members.contains_key(&identifier(*policy)), is_member(*policy));
            assert_eq!(expression.contains(&format!("{}()", identifier(*policy))), is_member(*policy));
            let reviewed = if is_member(*policy) { policy.kinds() } else { BTreeSet::new() };
            let rules = group["spec"]["rules"].to_string();
            assert!(reviewed.iter().all(|kind| rules.contains(&format!("\"{}\"", kind.plural()))), "{policy}");
        }
    }

    #[test]
    fn every_example_survives_its_yaml() {
        let own = Policy::ALL.iter().flat_map(|policy| of(*policy).unwrap());
        for (path, text) in own.chain(shared().unwrap()) {
            let objects = yaml::tests::read(&text);
            assert!(objects.iter().all(|object| object["apiVersion"].is_string()), "{}", path.display());
        }
        assert_eq!(yaml::tests::read(&yaml::documents(&[group()]).unwrap()), [group()]);
    }
}
