//! Refuses an entry of a NAT gateway's `selector` that Kube-OVN drops, or that no node can have.
//!
//! An entry is one string, `key: value`. Kube-OVN splits it at the colon, and drops whatever does not come out as two parts,
//! without a word: the gateway then runs on any node. What comes out it hands to Kubernetes, which refuses the StatefulSet of the gateway
//! where it is no label: a key is letters, digits, `-`, `_` and `.`, with a domain in lower case and one slash before it or without; a value
//! is the same without a slash, and may be empty. Quotes inside of the string are part of it.
//!
//! ```yaml bad
//! # bad: no colon
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.254}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec:
//!   vpc: blue
//!   subnet: blue-apps
//!   lanIp: 10.0.1.254
//!   selector: ["kubernetes.io/hostname=node1"]
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.254}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec:
//!   vpc: blue
//!   subnet: blue-apps
//!   lanIp: 10.0.1.254
//!   selector: ["kubernetes.io/hostname: node1"]
//! ```
//!
//! Write each entry as one quoted string, `"key: value"`.

use crate::kinds::NatGateway;
use crate::rule::prelude::*;
use crate::rules::support::labels::{is_key, is_value, pair};

/// The rule.
pub const RULE: Rule = Rule {
    id: "gateway-selector",
    summary: "an entry of a NAT gateway's selector is not `key: value`, or no label",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::NatGateway(&[Read::Field("spec.selector")], check)],
};

const WRITE: &str = "Write the label as `kubectl get nodes --show-labels` has it, with a colon for the equals sign.";

fn check(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    for (at, entry) in gateway.selector.iter().enumerate() {
        let (detail, help) = match pair(entry) {
            None => (
                r#"is not of the form "key: value", so Kube-OVN drops it"#,
                r#"Write it as one quoted string, "key: value"."#,
            ),
            Some((key, _)) if !is_key(key) => {
                ("has a key that no label has: Kubernetes refuses the StatefulSet of the gateway", WRITE)
            }
            Some((_, value)) if !is_value(value) => {
                ("has a value that no label has: Kubernetes refuses the StatefulSet of the gateway", WRITE)
            }
            Some(_) => continue,
        };
        context.deny(Finding::invalid(FieldPath::of("spec.selector").index(at), entry, detail).help(help));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::support::testing::Cluster;

    #[test]
    fn an_entry_has_a_key_and_a_value() {
        for (entry, is_fine) in [
            ("kubernetes.io/os: linux", true),
            ("kubernetes.io/os:linux", true),
            ("kubernetes.io/hostname=node1", false),
            ("a: b: c", false),
            ("node-role.kubernetes.io/control-plane: ", true),
            (": b", false),
            ("", false),
        ] {
            let gateway = json!({"kind": "VpcNatGateway", "spec": {"selector": ["a: b", entry]}});
            let verdict = Cluster::of(super::RULE.id).verdict(&crate::rules::support::testing::create(&gateway));
            let wanted = format!(
                r#"spec.selector[1]: Invalid value: {entry:?}: is not of the form "key: value", so Kube-OVN drops it [gateway-selector]"#
            );
            let found: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
            assert_eq!(found, if is_fine { vec![] } else { vec![wanted] }, "{entry}");
        }
    }

    #[test]
    fn an_entry_is_a_label() {
        for (entry, part) in [
            ("kubernetes.io/o s: linux", "key"),
            ("kubernetes.io/os/x: linux", "key"),
            ("KUBERNETES.IO/OS: LINUX", "key"),
            ("kubernetes.io/os: li nux", "value"),
            (r#"kubernetes.io/os: "linux""#, "value"),
        ] {
            let gateway = json!({"kind": "VpcNatGateway", "spec": {"selector": [entry]}});
            let wanted = format!(
                "spec.selector[0]: Invalid value: {entry:?}: has a {part} that no label has: Kubernetes refuses the StatefulSet of the gateway [gateway-selector]"
            );
            Cluster::of(super::RULE.id).refuses(&gateway, &[&wanted]);
        }
        for entry in ["zone: A_1.b-2", "Example: x", "example.com/Zone: 1"] {
            Cluster::of(super::RULE.id).accepts(&json!({"kind": "VpcNatGateway", "spec": {"selector": [entry]}}));
        }
    }
}
