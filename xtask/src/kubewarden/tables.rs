//! What docs/kubewarden.md shows of the table of rules, and the same as manifests.

use std::fmt::Write;

use serde_json::{Value, json};
use vpcguard_policies::kinds::{Found, READ_CONFIG_MAPS};
use vpcguard_policies::{Kind, Policy, Settings};

use super::metadata::kinds;
use super::{FOLDER, REPOSITORY};

/// The name of the permissions.
const NAME: &str = "vpcguard-policies";

/// The account of the policy server that Kubewarden's chart installs.
const ACCOUNT: (&str, &str) = ("kubewarden", "policy-server");

/// The policies, with the rules of each.
pub(crate) fn policies() -> String {
    let mut out = String::from("| policy | reviews | rules |\n|---|---|---|\n");
    for policy in Policy::ALL {
        let rules = policy.rules().iter().map(|rule| rule.id).chain(policy.injections().iter().map(|rule| rule.id));
        let rules: Vec<_> = rules.map(|id| format!("[`{id}`](rules.md#{id})")).collect();
        // A text grows without fail.
        let _ = writeln!(
            out,
            "| [`{policy}`](../{FOLDER}/{policy}/README.md) {} | {} | {} |",
            policy.summary(),
            kinds(*policy),
            rules.join(", ")
        );
    }
    out
}

/// What the policy server must be allowed to read.
pub(crate) fn permissions() -> String {
    let mut out = String::from("| resource | verbs | asked by |\n|---|---|---|\n");
    for kind in Kind::ALL.iter().copied() {
        let asking: Vec<_> = Policy::ALL
            .iter()
            .filter(|policy| policy.asks().contains(&kind))
            .map(|policy| format!("`{policy}`"))
            .collect();
        if !asking.is_empty() {
            let _ = writeln!(out, "| {} | {} | {} |", resource(kind), verbs(kind).join(", "), asking.join(", "));
        }
    }
    let (prefixes, addresses) = (Policy::SubnetOverlap, Policy::SubnetAddresses);
    let _ = writeln!(out, "| `addressindices.vpcguard.io` | get | `{prefixes}`, `{addresses}` |");
    out
}

/// The same as manifests.
pub(super) fn permission_objects() -> Vec<Value> {
    let asked: Vec<_> = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| Policy::ALL.iter().any(|policy| policy.asks().contains(kind)))
        .collect();
    let mut rules: Vec<Value> = asked
        .iter()
        .filter(|kind| **kind != Kind::ConfigMap)
        .map(|kind| json!({"apiGroups": [kind.group()], "resources": [kind.plural()], "verbs": verbs(*kind)}))
        .collect();
    rules.push(json!({"apiGroups": ["vpcguard.io"], "resources": ["addressindices"], "verbs": ["get"]}));
    let namespace = Settings::default().kube_ovn.namespace;
    let config_maps = json!([{
        "apiGroups": [""],
        "resources": [Kind::ConfigMap.plural()],
        "resourceNames": READ_CONFIG_MAPS,
        "verbs": verbs(Kind::ConfigMap),
    }]);
    let api = "rbac.authorization.k8s.io";
    let (account_namespace, account) = ACCOUNT;
    let subjects = json!([{"kind": "ServiceAccount", "name": account, "namespace": account_namespace}]);
    let object = |kind: &str, metadata: Value, rest: Value| {
        let mut object = json!({"apiVersion": format!("{api}/v1"), "kind": kind, "metadata": metadata});
        if let (Some(object), Value::Object(rest)) = (object.as_object_mut(), rest) {
            object.extend(rest);
        }
        object
    };
    let role = |kind: &str| json!({"apiGroup": api, "kind": kind, "name": NAME});
    vec![
        object("ClusterRole", json!({"name": NAME}), json!({"rules": rules})),
        object(
            "ClusterRoleBinding",
            json!({"name": NAME}),
            json!({"roleRef": role("ClusterRole"), "subjects": &subjects}),
        ),
        object("Role", json!({"name": NAME, "namespace": &namespace}), json!({"rules": config_maps})),
        object(
            "RoleBinding",
            json!({"name": NAME, "namespace": &namespace}),
            json!({"roleRef": role("Role"), "subjects": subjects}),
        ),
    ]
}

/// What is only ever read by name needs no watch.
fn verbs(kind: Kind) -> &'static [&'static str] {
    match kind.found() {
        Found::ByName => &["get"],
        Found::InLists => &["list", "watch"],
        Found::ByNameAndInLists => &["get", "list", "watch"],
    }
}

fn resource(kind: Kind) -> String {
    match kind.group() {
        "" => format!("`{}`", kind.plural()),
        group => format!("`{}.{group}`", kind.plural()),
    }
}

/// The address of a page of the manual, from outside of the repository.
pub(super) fn page(path: &str) -> String {
    format!("{REPOSITORY}/blob/main/docs/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_policy_asks_for_is_allowed() {
        let text = serde_json::to_string(&permission_objects()).unwrap();
        for kind in Policy::ALL.iter().flat_map(|policy| policy.asks()) {
            assert!(text.contains(&format!("\"{}\"", kind.plural())), "{kind}");
            assert!(permissions().contains(&resource(kind)), "{kind}");
        }
        assert!(
            !text.contains("create") && !text.contains("update") && !text.contains("delete") && !text.contains('*')
        );
    }

    #[test]
    fn config_maps_are_read_by_name_only() {
        let objects = permission_objects();
        assert!(!objects[0].to_string().contains("configmaps"));
        assert_eq!(objects[2]["rules"][0]["resourceNames"], json!(READ_CONFIG_MAPS));
    }
}
