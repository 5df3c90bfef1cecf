//! Refuses an entry of a NAT gateway's `selector` that Kube-OVN drops.
//!
//! An entry is one string, `key: value`. Kube-OVN splits it at the colon, and drops whatever does not come out as two parts,
//! without a word: the gateway then runs on any node.
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

/// The rule.
pub const RULE: Rule = Rule {
    id: "gateway-selector",
    summary: "an entry of a NAT gateway's selector is not `key: value`",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::NatGateway(&[Read::Field("spec.selector")], check)],
};

fn check(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    for (at, entry) in gateway.selector.iter().enumerate() {
        // A label may have an empty value.
        let parts: Vec<&str> = entry.split(':').map(str::trim).collect();
        if !matches!(parts.as_slice(), [key, _] if !key.is_empty()) {
            let detail = r#"is not of the form "key: value", so Kube-OVN drops it"#;
            let finding = Finding::invalid(FieldPath::of("spec.selector").index(at), entry, detail);
            context.deny(finding.help(r#"Write it as one quoted string, "key: value"."#));
        }
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
}
