//! Warns of the deletion of an EIP that still has NAT rules.
//!
//! Kube-OVN keeps such an EIP until its rules are gone, without a word but in its log, and takes it away then. Where the rules stay,
//! it stays too, in its time of deletion, and cannot be called back. Rules that are being deleted do not count.
//!
//! v1.16.2 puts a finalizer on an OvnEip only once it has changed the addresses in its spec: one whose `v4Ip` was written has none, and
//! goes at once. Its rules stay as they are, and its address may be given to somebody else.
//!
//! At `deny` the deletion is refused.
//!
//! ```yaml bad
//! # bad: the EIP is deleted, and its rule is not
//! apiVersion: kubeovn.io/v1
//! kind: IptablesDnatRule
//! metadata: {name: web}
//! spec: {eip: web, externalPort: "80", internalIp: 10.0.1.10, internalPort: "8080", protocol: tcp}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IptablesEIP
//! metadata: {name: web}
//! spec: {natGwDp: gw}
//! ```
//!
//! ```yaml good
//! # good: no rule has it
//! apiVersion: kubeovn.io/v1
//! kind: IptablesDnatRule
//! metadata: {name: mail}
//! spec: {eip: mail, externalPort: "25", internalIp: 10.0.1.11, internalPort: "25", protocol: tcp}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IptablesEIP
//! metadata: {name: web}
//! spec: {natGwDp: gw}
//! ```
//!
//! Delete the rules first, or in the same command: `vpcguard explain delete iptables-eip web` prints them.

use crate::finding::Action;
use crate::kinds::Object;
use crate::rule::prelude::*;
use crate::rules::support::in_use::{Saying, tied, users};

/// The rule.
pub const RULE: Rule = Rule {
    id: "eip-in-use",
    summary: "an EIP is deleted that still has NAT rules",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::InUse,
    asks: &[
        Kind::IptablesFipRule,
        Kind::IptablesDnatRule,
        Kind::IptablesSnatRule,
        Kind::OvnFip,
        Kind::OvnDnatRule,
        Kind::OvnSnatRule,
        Kind::RouterLbRule,
    ],
    checks: &[Check::Deletion(&[Kind::IptablesEip, Kind::OvnEip], deletion)],
};

fn deletion(object: &Object, context: &mut Context<'_>) -> Outcome {
    let users = users(object, context.cluster, context.kube_ovn())?;
    let saying = Saying { rule: RULE.id, action: Action::Deny, object, rests_on: &[] };
    saying.of(&tied(&users, |_| true), context, |who, is_one| {
        let (have, until, whom) = if is_one { ("has", "it is", "it") } else { ("have", "they are", "them") };
        // The old version may lack the finalizer because Kube-OVN has not come to it yet.
        let or = if let Object::OvnEip(_) = object {
            format!(", or goes from under {whom} at once where it has no finalizer")
        } else {
            String::new()
        };
        format!("{who} {have} it: it stays, and cannot be called back, until {until} gone{or}")
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, delete};

    fn said(settings: &Value, object: &Value) -> (Vec<String>, Vec<String>) {
        let mut deleting = json!({"kind": "OvnDnatRule", "name": "going", "spec": {"ovnEip": "oeip"}});
        deleting["metadata"] = json!({"deletionTimestamp": "2026-04-02T09:00:00Z"});
        let verdict = Cluster::of(super::RULE.id)
            .with(json!({"kind": "IptablesSnatRule", "name": "out", "spec": {"eip": "eip"}}))
            .with(json!({"kind": "IptablesDnatRule", "name": "in", "spec": {"eip": "eip"}}))
            .with(json!({"kind": "OvnFip", "name": "fip", "spec": {"ovnEip": "oeip"}}))
            .with(deleting)
            .settings(settings)
            .verdict(&delete(object));
        let lines = |all: &[crate::finding::Reported]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        (lines(&verdict.findings), lines(&verdict.warnings))
    }

    #[test]
    fn rules_of_it_are_named() {
        let eip = json!({"kind": "IptablesEIP", "name": "eip"});
        let who = "IptablesDnatRule in and IptablesSnatRule out";
        let detail = format!("{who} have it: it stays, and cannot be called back, until they are gone [eip-in-use]");
        assert_eq!(said(&json!({}), &eip), (vec![], vec![format!("metadata.name: {detail}")]));
        let strict = json!({"rules": {"eip-in-use": "deny"}});
        assert_eq!(said(&strict, &eip), (vec![format!("metadata.name: Forbidden: {detail}")], vec![]));
        let (_, warnings) = said(&json!({}), &json!({"kind": "OvnEip", "name": "oeip"}));
        assert_eq!(
            warnings,
            [
                "metadata.name: OvnFip fip has it: it stays, and cannot be called back, until it is gone, or goes from under it at once where it has no finalizer [eip-in-use]"
            ]
        );
        // An EIP of the other kind has rules of its own.
        assert_eq!(said(&json!({}), &json!({"kind": "OvnEip", "name": "eip"})), (vec![], vec![]));
    }
}
