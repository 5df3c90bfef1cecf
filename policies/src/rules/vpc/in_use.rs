//! Refuses to delete a Vpc that still has Subnets, or NAT rules of OVN.
//!
//! `rules: {vpc-in-use: warn}` in the [settings](settings.md) lets every deletion pass, with a warning.
//!
//! A Vpc that is deleted while it has Subnets does not go: from v1.14 on it hangs in its finalizer, with its time of deletion set, and
//! cannot be called back; releases before take the object away and leave its router. Nothing waits for OvnFips, OvnSnatRules and
//! OvnDnatRules: their router is deleted under them. Gateways, name servers and load balancers that name the Vpc are left without it,
//! and so is a Vpc that peers with it: that is a warning.
//!
//! Nothing is ever refused to Kube-OVN, to `exempt.deleters`, which are namespaces and cascades that go, nor of a Vpc that is being
//! deleted already. Subnets that are being deleted do not count, so that one `kubectl delete` of Subnets and then their Vpc passes. A
//! deletion never waits for vpcguard: while that is away, nobody judges it.
//!
//! ```yaml bad
//! # bad: the Vpc is deleted, and its Subnet is not
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ```
//!
//! ```yaml good
//! # good: the Subnet is being deleted
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps, deletionTimestamp: "2026-04-02T09:00:00Z"}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ```
//!
//! Delete what stands in the Vpc first: `vpcguard explain delete vpc blue` prints the commands in their order. Where it has to be:
//! `kubectl annotate vpc blue vpcguard.io/allow=vpc-in-use`.

use crate::finding::Action;
use crate::kinds::Object;
use crate::rule::prelude::*;
use crate::rules::support::in_use::{Saying, Tie, tied, users};

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-in-use",
    summary: "a Vpc is deleted that still has Subnets, or NAT rules of OVN",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::InUse,
    asks: &[
        Kind::Vpc,
        Kind::Subnet,
        Kind::VpcNatGateway,
        Kind::VpcEgressGateway,
        Kind::OvnFip,
        Kind::OvnDnatRule,
        Kind::OvnSnatRule,
        Kind::RouterLbRule,
        Kind::VpcDns,
    ],
    checks: &[Check::Deletion(&[Kind::Vpc], deletion)],
};

fn deletion(object: &Object, context: &mut Context<'_>) -> Outcome {
    let Object::Vpc(vpc) = object else { return Ok(()) };
    // The default VPC has a rule of its own, and one that is external is not Kube-OVN's to take apart.
    if !context.kube_ovn().is_custom_vpc(&vpc.meta.name) || vpc.is_external() {
        return Ok(());
    }
    let users = users(object, context.cluster, context.kube_ovn())?;
    let hanging = tied(&users, |tie| tie == Tie::Hangs);
    let (subnets, rules): (Vec<_>, Vec<_>) = hanging.into_iter().partition(|user| user.kind == Kind::Subnet);
    let saying = |action| Saying { rule: RULE.id, action, object, rests_on: &[] };
    saying(Action::Deny).of(&subnets, context, |who, is_one| {
        let (are, they) = if is_one { ("is", "it is") } else { ("are", "they are") };
        format!("{who} {are} in it: it hangs half dead until {they} gone, and cannot be called back")
    });
    saying(Action::Deny).of(&rules, context, |who, is_one| {
        let (need, them) = if is_one { ("needs", "it") } else { ("need", "them") };
        format!("{who} {need} its router, which is deleted under {them}")
    });
    saying(Action::Warn).of(&tied(&users, |tie| tie == Tie::Waits), context, |who, is_one| {
        let (name, are) = if is_one { ("names", "is") } else { ("name", "are") };
        format!("{who} {name} it, and {are} left without it")
    });
    saying(Action::Warn).of(&tied(&users, |tie| tie == Tie::Names), context, |who, is_one| {
        let (peer, them) = if is_one { ("peers", "it") } else { ("peer", "them") };
        format!("{who} {peer} with it: a route to it leads nowhere from {them} then")
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::request::Request;
    use crate::rules::support::testing::{Cluster, delete};

    const SUBNET: &str = "metadata.name: Forbidden: Subnet apps is in it: it hangs half dead until it is gone, and cannot be called back [vpc-in-use]";

    fn vpc() -> Value {
        json!({"kind": "Vpc", "name": "blue"})
    }

    fn subnet() -> Value {
        json!({"kind": "Subnet", "name": "apps", "spec": {"vpc": "blue"}})
    }

    fn said(cluster: Cluster, request: &Request) -> (Vec<String>, Vec<String>) {
        let verdict = cluster.verdict(request);
        let lines = |all: &[crate::finding::Reported]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        (lines(&verdict.findings), lines(&verdict.warnings))
    }

    fn cluster(objects: &[Value]) -> Cluster {
        objects.iter().cloned().fold(Cluster::of(super::RULE.id), Cluster::with)
    }

    #[test]
    fn what_is_in_it_is_named_and_how_many_more() {
        assert_eq!(said(cluster(&[subnet()]), &delete(&vpc())).0, [SUBNET]);
        let many: Vec<_> =
            (0..7).map(|n| json!({"kind": "Subnet", "name": format!("s{n}"), "spec": {"vpc": "blue"}})).collect();
        let (denials, _) = said(cluster(&many), &delete(&vpc()));
        assert_eq!(
            denials,
            [
                "metadata.name: Forbidden: Subnet s0, Subnet s1, Subnet s2, Subnet s3, Subnet s4 and 2 more are in it: it hangs half dead until they are gone, and cannot be called back [vpc-in-use]"
            ]
        );
        let verdict = cluster(&many).settings(&json!({"disclose": "none"})).verdict(&delete(&vpc()));
        assert!(verdict.findings[0].to_string().contains("7 objects are in it"), "{:?}", verdict.findings);
    }

    #[test]
    fn rules_of_ovn_lose_their_router_and_all_else_is_a_warning() {
        let fip = json!({"kind": "OvnFip", "name": "fip", "spec": {"ovnEip": "e", "vpc": "blue"}});
        let gateway = json!({"kind": "VpcNatGateway", "name": "gw", "spec": {"vpc": "blue", "subnet": "apps"}});
        let peer = json!({"kind": "Vpc", "name": "red", "spec": {"vpcPeerings": [{"remoteVpc": "blue"}]}});
        let (denials, warnings) = said(cluster(&[fip, gateway, peer]), &delete(&vpc()));
        assert_eq!(
            denials,
            ["metadata.name: Forbidden: OvnFip fip needs its router, which is deleted under it [vpc-in-use]"]
        );
        assert_eq!(warnings.len(), 2, "{warnings:?}");
    }

    #[test]
    fn what_is_never_refused_passes() {
        let by = |user: &str| Request { user: user.to_owned(), ..delete(&vpc()) };
        for user in [
            "system:serviceaccount:kube-system:ovn",
            "system:serviceaccount:kube-system:namespace-controller",
            "system:serviceaccount:kube-system:generic-garbage-collector",
        ] {
            assert_eq!(said(cluster(&[subnet()]), &by(user)), (vec![], vec![]), "{user}");
        }
        let mut gone = vpc();
        gone["metadata"] = json!({"deletionTimestamp": "2026-04-02T09:00:00Z"});
        assert_eq!(said(cluster(&[subnet()]), &delete(&gone)), (vec![], vec![]));
        let mut going = subnet();
        going["metadata"] = json!({"deletionTimestamp": "2026-04-02T09:00:00Z"});
        assert_eq!(said(cluster(&[going]), &delete(&vpc())), (vec![], vec![]));
        assert_eq!(said(cluster(&[]), &delete(&vpc())), (vec![], vec![]));
        let mut allowing = vpc();
        allowing["annotations"] = json!({"vpcguard.io/allow": "vpc-in-use"});
        let (denials, warnings) = said(cluster(&[subnet()]), &delete(&allowing));
        assert_eq!((denials.len(), warnings.len()), (0, 1));
        let mut external = vpc();
        external["labels"] = json!({"ovn.kubernetes.io/vpc_external": "true"});
        assert_eq!(said(cluster(&[subnet()]), &delete(&external)), (vec![], vec![]));
    }

    #[test]
    fn what_cannot_be_read_refuses_no_deletion() {
        use crate::review::review;
        use crate::rules::support::testing::{Unreadable, create};
        use crate::settings::Settings;
        for object in [vpc(), json!({"kind": "ProviderNetwork", "name": "p"}), json!({"kind": "OvnEip", "name": "e"})] {
            let verdict = review(&delete(&object), &Unreadable, &Settings::default()).unwrap();
            assert!(verdict.allowed && verdict.findings.is_empty(), "{object}");
        }
        // To store something is another matter.
        assert!(review(&create(&subnet()), &Unreadable, &Settings::default()).is_err());
    }

    #[test]
    fn a_few_are_read_by_name_and_of_many_the_kind() {
        use crate::finding::Evidence;
        use crate::kinds::Kind;
        let rests_on = |count: usize| {
            let many: Vec<_> = (0..count)
                .map(|n| json!({"kind": "Subnet", "name": format!("s{n}"), "spec": {"vpc": "blue"}}))
                .collect();
            cluster(&many).verdict(&delete(&vpc())).rests_on
        };
        assert_eq!(rests_on(3).len(), 3);
        let many = rests_on(4);
        assert!(many.len() == 4 && many.contains(&Evidence::AllOf(Kind::Subnet)), "{many:?}");
    }
}
