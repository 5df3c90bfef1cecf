//! Points out an exception that excepts from nothing.
//!
//! The annotation `vpcguard.io/allow` names rules that an object [is excepted from](settings.md#exceptions-for-one-object). It
//! does nothing, and nobody sees that, where a name in it is no rule or that of a rule that does not judge the object; where the
//! rule keeps tenants apart, or what it refuses harms others; and on every object whose kind is not one of Kube-OVN's that are
//! in no namespace, as Vpcs and Subnets are, which administrators write.
//!
//! In files the same is said of a comment that only looks as if it [excused something](check.md#comments), such as
//! `# vpcguard allow subnet-syntax`, which lacks a colon.
//!
//! ```yaml bad
//! # bad: there is no such rule
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata:
//!   name: apps
//!   annotations: {vpcguard.io/allow: subnet-sintax}
//! spec:
//!   cidrBlock: 10.17.0.0/16
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata:
//!   name: apps
//!   annotations: {vpcguard.io/allow: subnet-syntax}
//! spec:
//!   cidrBlock: 10.17.0.0/16
//! ```
//!
//! Correct the name, or remove it.

use crate::finding::Action;
use crate::kinds::ALLOW;
use crate::net::list_items;
use crate::request::TypedObject;
use crate::rule::prelude::*;
use crate::rules::{EXCEPTIONS, IDS};
use crate::text::did_you_mean;

/// The rule.
pub const RULE: Rule = Rule {
    id: "allow-annotation",
    summary: "an exception that names no rule, or one that cannot be spared there",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Any(check)],
};

/// How many names are looked at: each that is unknown is compared with those of all rules.
const MOST_NAMES: usize = 20;

fn check(object: &TypedObject<'_>, context: &mut Context<'_>) -> Outcome {
    let Some(written) = object.object.meta().annotation(ALLOW) else { return Ok(()) };
    // An UPDATE of something else is not the place to speak of it again.
    if context.old.is_some_and(|old| old.meta().annotation(ALLOW) == Some(written)) {
        return Ok(());
    }
    let field = || FieldPath::annotation(ALLOW);
    let (kind, mut names) = (context.kind, list_items(written));
    if !kind.may_be_excepted() {
        if names.next().is_some() {
            let detail = format!("does nothing on a {kind}: it is heeded on Kube-OVN's cluster-scoped kinds alone");
            context.deny(Finding::forbidden(field(), written, detail).help("Remove the annotation."));
        }
        return Ok(());
    }
    for name in names.by_ref().take(MOST_NAMES) {
        match EXCEPTIONS.iter().find(|rule| rule.id == name) {
            None => {
                let question = did_you_mean(name, &IDS).map(|question| format!(": {question}")).unwrap_or_default();
                let finding = Finding::not_found(field(), name, format!("there is no rule of this name{question}"));
                context.deny(finding.help("Correct the name, or remove it: `vpcguard rules` lists all rules."));
            }
            Some(rule) if rule.firm => {
                let detail = format!("{name} cannot be spared: what it refuses harms others than this {kind}");
                context
                    .deny(Finding::forbidden(field(), name, detail).help("Remove the name, and fix what is refused."));
            }
            Some(rule) if !rule.judges(kind) => {
                let detail = format!("{name} judges no {kind}: there is nothing to spare");
                context.deny(
                    Finding::forbidden(field(), name, detail)
                        .help("Remove the name, or write it on the object that the rule judges."),
                );
            }
            Some(_) => {}
        }
    }
    if names.next().is_some() {
        context.not_judged(Action::Warn, field(), &format!("only the first {MOST_NAMES} names are looked at"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::MOST_NAMES;
    use crate::rules::support::testing::{Cluster, update};

    fn of(kind: &str, allow: &str) -> Value {
        json!({"kind": kind, "namespace": "ns1", "annotations": {"vpcguard.io/allow": allow}})
    }

    fn subnet(allow: &str) -> Value {
        json!({"kind": "Subnet", "annotations": {"vpcguard.io/allow": allow}, "spec": {"cidrBlock": "10.0.0.0/16"}})
    }

    fn said(what: &str) -> String {
        format!("metadata.annotations[vpcguard.io/allow]: {what} [allow-annotation]")
    }

    #[test]
    fn a_name_is_that_of_a_rule_that_may_be_spared_there() {
        let cluster = || Cluster::of(super::RULE.id);
        cluster().accepts(&subnet("subnet-syntax, subnet-cidr-overlap"));
        cluster().accepts(&subnet(" , "));
        let sintax = said(r#""subnet-sintax": there is no rule of this name: did you mean "subnet-syntax"?"#);
        let zzz = said(r#""zzz": there is no rule of this name"#);
        cluster().warns(&subnet("subnet-sintax,subnet-hygiene,zzz"), &[&sintax, &zzz]);
        let firm = said("subnet-joins-waiting cannot be spared: what it refuses harms others than this Subnet");
        cluster().warns(&subnet("subnet-joins-waiting"), &[&firm]);
        let other = said("vpc-lb-value judges no Subnet: there is nothing to spare");
        cluster().warns(&subnet("vpc-lb-value"), &[&other]);
        let long = "a".repeat(100_000);
        assert_eq!(cluster().admit(&subnet(&long)).warnings.len(), 1);
    }

    #[test]
    fn it_is_heeded_on_what_administrators_write() {
        for kind in ["IPPool", "SecurityGroup", "Vlan"] {
            let wanted = said(&format!("subnet-syntax judges no {kind}: there is nothing to spare"));
            Cluster::of(super::RULE.id).warns(&of(kind, "subnet-syntax"), &[&wanted]);
        }
        for kind in ["Pod", "Service", "VpcEgressGateway", "Namespace"] {
            let wanted =
                said(&format!("does nothing on a {kind}: it is heeded on Kube-OVN's cluster-scoped kinds alone"));
            Cluster::of(super::RULE.id).warns(&of(kind, "subnet-syntax"), &[&wanted]);
            Cluster::of(super::RULE.id).accepts(&of(kind, ""));
        }
    }

    #[test]
    fn it_is_spoken_of_when_it_is_written() {
        let warnings = |old: &Value, new: &Value| Cluster::of(super::RULE.id).verdict(&update(old, new)).warnings.len();
        let mut changed = subnet("zzz");
        changed["spec"]["gateway"] = json!("10.0.0.1");
        assert_eq!(warnings(&subnet("zzz"), &changed), 0);
        assert_eq!(warnings(&subnet("subnet-syntax"), &changed), 1);
    }

    #[test]
    fn only_so_many_names_are_compared() {
        let names = vec!["zzz"; MOST_NAMES + 5].join(",");
        assert_eq!(Cluster::of(super::RULE.id).admit(&subnet(&names)).warnings.len(), MOST_NAMES);
        let last = Cluster::of(super::RULE.id).admit(&subnet(&names)).unlisted_warnings.pop().unwrap();
        assert!(last.message().contains("only the first 20 names"), "{}", last.message());
    }
}
