//! Keeps an IPPool from binding a namespace that its VPC is not open to.
//!
//! Kube-OVN writes the name of an IPPool into the annotations of each namespace that `spec.namespaces` lists. The new Pods of a
//! namespace outside of the VPC then get no address, or an address of a network that is not theirs.
//!
//! So it is with a namespace that belongs to a custom VPC and a pool of the default VPC, or of one that lists no namespace: its Pods
//! take their addresses from its own Subnets and from pools that list it, and find none that is both.
//!
//! A pool that an UPDATE moves to a Subnet of another custom VPC is refused: Pods that name it would get their next address there.
//!
//! A Vpc whose list would leave out a namespace of an IPPool is refused likewise. A namespace in the IPPools of two Subnets is a
//! warning: which of them its Pods get depends on the namespace's Subnet.
//!
//! ```yaml bad
//! # bad: VPC blue lists namespace blue only
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: blue-web}
//! spec: {subnet: blue-apps, ips: [10.0.1.10..10.0.1.20], namespaces: [blue, green]}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: blue-web}
//! spec: {subnet: blue-apps, ips: [10.0.1.10..10.0.1.20], namespaces: [blue]}
//! ```
//!
//! Leave the namespace out. Pods of a namespace that the Vpc invites in the annotation `vpcguard.io/guest-namespaces` may name the
//! pool by an annotation of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::inventory::{Answer, Sight};
use crate::kinds::{GUEST_NAMESPACES, IpPool, Object, Subnet, Vpc};
use crate::rule::prelude::*;
use crate::rules::support::listed::{Closed, Openness};

/// The rule.
pub const RULE: Rule = Rule {
    id: "ip-pool-vpc-namespaces",
    summary: "an IPPool is for a namespace that may not use the VPC of its Subnet",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::IpPool, Kind::VpcNatGateway],
    checks: &[
        Check::IpPool(&[Read::Field("spec.namespaces"), Read::Field("spec.subnet")], pool),
        Check::Vpc(&[Read::Field("spec.namespaces"), Read::Annotation(GUEST_NAMESPACES)], vpc),
    ],
};

fn pool(pool: &IpPool, context: &mut Context<'_>) -> Outcome {
    let subnet = context.cluster.subnet_until_gone(&pool.subnet)?;
    moved(pool, subnet.as_deref(), context)?;
    let vpc =
        subnet.as_ref().and_then(|subnet| subnet.vpc.as_deref()).filter(|vpc| context.kube_ovn().is_custom_vpc(vpc));
    let known = vpc.map_or(Ok(None), |vpc| context.cluster.vpc_until_gone(vpc))?;
    let open = known.as_ref().map(|vpc| Openness::of(context.cluster, vpc)).transpose()?;
    let unknown = vpc.filter(|_| known.is_none() && context.cluster.sight(Kind::Vpc) == Sight::All);
    let is_named = known.as_ref().is_some_and(|vpc| !vpc.namespaces.is_empty());
    let mut homes = Homes::of(subnet.as_deref().filter(|_| !is_named));
    // One that is listed many times is looked up once.
    let mut others: BTreeMap<&str, Option<Arc<IpPool>>> = BTreeMap::new();
    for (at, namespace) in pool.namespaces.iter().enumerate() {
        let field = FieldPath::of("spec.namespaces").index(at);
        let closed = match (&open, &known) {
            (Some(open), Some(vpc)) if !open.admits(namespace) => Some(Closed::Listing(Arc::clone(vpc))),
            _ => unknown.map(|vpc| Closed::Unknown(vpc.to_owned())),
        };
        if let Some(closed) = closed {
            let vpc = context.mention(Kind::Vpc, closed.name());
            let detail = format!("may not use {vpc}, which the pool's Subnet is in");
            let identity = format!("{namespace} {}", closed.name());
            let mut finding = Finding::invalid(field, namespace, detail).identified_by(identity);
            if let Some(subnet) = &subnet {
                finding = finding.related(subnet.reference(), Some(FieldPath::of("spec.vpc")));
            }
            let action = closed.action(context);
            context.report(
                action,
                closed.evidence(finding).help(
                    "Leave the namespace out; Pods of one that the Vpc invites may name the pool by an annotation.",
                ),
            );
            continue;
        }
        if let Some(theirs) = homes.elsewhere(namespace, context)? {
            let mentioned = context.mention(Kind::Vpc, &theirs.meta.name);
            let detail = format!("belongs to {mentioned}, and its Pods find no address in a pool of another VPC");
            let identity = format!("{namespace} elsewhere than {}", theirs.meta.name);
            let finding = Finding::invalid(field, namespace, detail).identified_by(identity);
            let finding = finding.related(theirs.reference(), Some(FieldPath::of("spec.namespaces")));
            context.deny(finding.help("Leave the namespace out: its Pods name the pool by an annotation."));
            continue;
        }
        let other = match others.get(namespace.as_str()) {
            Some(other) => other.clone(),
            None => others.entry(namespace).or_insert(other_pool(pool, namespace, context)?).clone(),
        };
        if let Some(other) = other {
            let mentioned = context.mention(Kind::IpPool, &other.meta.name);
            let detail = format!("{mentioned}, of another Subnet, lists it too: its Pods get an address of either");
            let finding = Finding::invalid(field, namespace, detail).related(other.reference(), None);
            context.warn(finding.help("List a namespace in the IPPools of one Subnet."));
        }
    }
    Ok(())
}

/// A pool of another VPC than before: who names it gets an address there, and was judged by where it was.
fn moved(pool: &IpPool, subnet: Option<&Subnet>, context: &mut Context<'_>) -> Outcome {
    let Some(Object::IpPool(old)) = context.old else { return Ok(()) };
    let Some(vpc) = subnet.and_then(|subnet| subnet.vpc.as_deref()).filter(|_| old.subnet != pool.subnet) else {
        return Ok(());
    };
    let before = context.cluster.subnet_until_gone(&old.subnet)?;
    let is_other = before.as_ref().and_then(|before| before.vpc.as_deref()) != Some(vpc);
    if is_other && context.kube_ovn().is_custom_vpc(vpc) {
        let of = context.mention(Kind::Vpc, vpc);
        let detail = format!("moves the pool into {of}, and with it the Pods that name it");
        let finding = Finding::forbidden(FieldPath::of("spec.subnet"), &pool.subnet, detail);
        context.deny(finding.help("Make a pool of another name there."));
    }
    Ok(())
}

/// The VPCs that namespaces belong to. Kube-OVN has the Pods of a namespace take their addresses from the pools that list it, and
/// from their own Subnets, and from nowhere else.
struct Homes<'s> {
    /// The pool's Subnet; none where its VPC names the namespaces itself.
    subnet: Option<&'s Subnet>,
    /// Whether a VPC has Subnets, each looked at once: Pods of one without are in the default Subnet.
    known: BTreeMap<String, bool>,
}

impl<'s> Homes<'s> {
    fn of(subnet: Option<&'s Subnet>) -> Self {
        Self { subnet, known: BTreeMap::new() }
    }

    /// The custom VPC that a namespace belongs to, if the Subnet is of another or of none.
    fn elsewhere(&mut self, namespace: &str, context: &Context<'_>) -> Answer<Option<Arc<Vpc>>> {
        let Some(subnet) = self.subnet else { return Ok(None) };
        for vpc in context.cluster.vpcs_binding(namespace)? {
            if context.kube_ovn().is_custom_vpc(&vpc.meta.name) && self.has_subnets(&vpc.meta.name, context)? {
                let is_own = subnet.vpc.as_ref() == Some(&vpc.meta.name);
                return Ok((!is_own).then_some(vpc));
            }
        }
        Ok(None)
    }

    fn has_subnets(&mut self, vpc: &str, context: &Context<'_>) -> Answer<bool> {
        if let Some(known) = self.known.get(vpc) {
            return Ok(*known);
        }
        let has_some = !context.cluster.subnets_of_vpc(vpc)?.is_empty();
        self.known.insert(vpc.to_owned(), has_some);
        Ok(has_some)
    }
}

/// An IPPool of another Subnet that lists a namespace too.
fn other_pool(pool: &IpPool, namespace: &str, context: &Context<'_>) -> Answer<Option<Arc<IpPool>>> {
    let mut others = context.admitted.ip_pools_listing(namespace)?.into_iter();
    Ok(others.find(|other| other.meta.name != pool.meta.name && other.subnet != pool.subnet))
}

/// An IPPool lists a namespace that the new version of its VPC is not open to.
fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if !context.kube_ovn().is_custom_vpc(&vpc.meta.name) || vpc.namespaces.is_empty() {
        return Ok(());
    }
    let open = Openness::of(context.cluster, vpc)?;
    for subnet in context.admitted.subnets_of_vpc(&vpc.meta.name)? {
        for pool in context.admitted.ip_pools_of_subnet(&subnet.meta.name)? {
            for namespace in &pool.namespaces {
                if open.admits(namespace) {
                    continue;
                }
                let mentioned = context.mention(Kind::IpPool, &pool.meta.name);
                let detail = format!("leaves out {namespace:?}, which {mentioned} of its Subnet lists");
                let finding = Finding::forbidden(FieldPath::of("spec.namespaces"), namespace, detail)
                    .identified_by(format!("{} {namespace}", pool.meta.name))
                    .related(pool.reference(), Some(FieldPath::of("spec.namespaces")))
                    .unless_any(Kind::VpcNatGateway)
                    .in_conflict_with(&pool.meta.name);
                context.deny(finding.help("Keep the namespace in the list, or take it out of the IPPool first."));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn cluster() -> Cluster {
        let annotations = json!({"vpcguard.io/guest-namespaces": "guest"});
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}, "annotations": annotations}))
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"vpc": "v"}}))
            .with(json!({"kind": "Subnet", "name": "plain", "spec": {}}))
    }

    fn pool(subnet: &str, namespaces: &[&str]) -> Value {
        json!({"kind": "IPPool", "name": "p", "spec": {"subnet": subnet, "namespaces": namespaces}})
    }

    #[test]
    fn a_namespace_outside_of_the_vpc_is_refused() {
        let wanted = r#"spec.namespaces[1]: Invalid value: "ns2": may not use VPC "v", which the pool's Subnet is in [ip-pool-vpc-namespaces]"#;
        cluster().refuses(&pool("net1", &["ns1", "ns2", "guest"]), &[wanted]);
        cluster().accepts(&pool("net1", &[]));
        cluster().accepts(&pool("net1", &["ns1", "guest"]));
        cluster().accepts(&pool("plain", &["ns2"]));
        cluster().accepts(&pool("nowhere", &["ns2"]));
    }

    #[test]
    fn a_namespace_of_two_subnets_is_a_warning() {
        let other = json!({"kind": "IPPool", "name": "q", "spec": {"subnet": "plain", "namespaces": ["ns1"]}});
        let wanted = r#"spec.namespaces[0]: "ns1": IPPool "q", of another Subnet, lists it too: its Pods get an address of either [ip-pool-vpc-namespaces]"#;
        cluster().with(other.clone()).warns(&pool("net1", &["ns1"]), &[wanted]);
        let same = json!({"kind": "IPPool", "name": "q", "spec": {"subnet": "net1", "namespaces": ["ns1"]}});
        cluster().with(same).accepts(&pool("net1", &["ns1"]));
    }

    #[test]
    fn a_namespace_of_another_vpc_gets_nothing_from_a_pool() {
        let wanted = r#"spec.namespaces[0]: Invalid value: "ns1": belongs to VPC "v", and its Pods find no address in a pool of another VPC [ip-pool-vpc-namespaces]"#;
        let own = json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns1"]}});
        let subnet = json!({"kind": "Subnet", "name": "net2", "spec": {"vpc": "w"}});
        cluster().refuses(&pool("plain", &["ns1", "ns2"]), &[wanted]);
        // One of the two that it belongs to.
        cluster().with(own).with(subnet).accepts(&pool("net2", &["ns1"]));
        cluster().accepts(&pool("plain", &["guest"]));
    }

    #[test]
    fn a_pool_stays_in_its_vpc() {
        let cluster = || {
            cluster()
                .with(json!({"kind": "Subnet", "name": "other1", "spec": {"vpc": "v"}}))
                .with(json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns1"]}}))
                .with(json!({"kind": "Subnet", "name": "net2", "spec": {"vpc": "w"}}))
        };
        let wanted = r#"spec.subnet: Forbidden: moves the pool into VPC "w", and with it the Pods that name it [ip-pool-vpc-namespaces]"#;
        let said = |old: &str, new: &str| {
            let verdict = cluster().verdict(&update(&pool(old, &[]), &pool(new, &[])));
            verdict.findings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(said("net1", "net2"), [wanted]);
        assert_eq!(said("nowhere", "net2"), [wanted]);
        for (old, new) in [("net1", "other1"), ("net1", "plain"), ("net2", "net2")] {
            assert_eq!(said(old, new), Vec::<String>::new(), "{old} {new}");
        }
        cluster().accepts(&pool("net2", &[]));
    }

    #[test]
    fn a_vpc_keeps_the_namespaces_of_its_pools() {
        let vpc = |namespaces: &[&str]| json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": namespaces}});
        let cluster = cluster().with(pool("net1", &["ns1"]));
        let wanted = r#"spec.namespaces: Forbidden: leaves out "ns1", which IPPool "p" of its Subnet lists [ip-pool-vpc-namespaces]"#;
        cluster.refuses(&vpc(&["ns2"]), &[wanted]);
        cluster.accepts(&vpc(&["ns1", "ns2"]));
        cluster.accepts(&vpc(&[]));
        assert!(cluster.verdict(&update(&vpc(&["ns2"]), &vpc(&["ns3"]))).allowed);
    }
}
