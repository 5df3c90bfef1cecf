//! Warns of a VLAN on which Subnets of two VPCs stand.
//!
//! A VPC is a router of its own, and keeps nobody apart who shares a cable: Pods of both Subnets see each other's frames, answer
//! each other's questions for addresses, and one may take the address of the other, or of its gateway. Kube-OVN compares Subnets of one
//! VPC only (kube-ovn issue 2654). Two Vlans with one `provider` and one `id` are one network too. Nothing is said of `id: 0`, the untagged network
//! of the nodes, which is shared on purpose, nor of a Subnet with another provider than OVN, which belongs to no VPC.
//!
//! ```yaml bad
//! # bad: VPCs blue and green meet on vlan7
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: vlan7}
//! spec: {id: 7, provider: net1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-office}
//! spec: {vpc: blue, vlan: vlan7, cidrBlock: 10.7.0.0/24, gateway: 10.7.0.254}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: green-office}
//! spec: {vpc: green, vlan: vlan7, cidrBlock: 10.7.1.0/24, gateway: 10.7.1.254}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: vlan7}
//! spec: {id: 7, provider: net1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: vlan8}
//! spec: {id: 8, provider: net1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-office}
//! spec: {vpc: blue, vlan: vlan7, cidrBlock: 10.7.0.0/24, gateway: 10.7.0.254}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: green-office}
//! spec: {vpc: green, vlan: vlan8, cidrBlock: 10.7.1.0/24, gateway: 10.7.1.254}
//! ```
//!
//! Give each VPC a VLAN of its own, or put both Subnets into one VPC.

use std::sync::Arc;

use crate::inventory::Answer;
use crate::kinds::{Subnet, Vlan};
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-vlan-shared",
    summary: "Subnets of two VPCs stand on one VLAN, which joins them",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::Attachments,
    asks: &[Kind::Subnet, Kind::Vlan],
    checks: &[
        Check::Subnet(&[Read::Field("spec.vlan"), Read::Field("spec.vpc"), Read::Field("spec.provider")], subnet),
        Check::Vlan(&[Read::Field("spec.id"), Read::Field("spec.provider")], vlan),
    ],
};

const HELP: &str = "Give each VPC a VLAN of its own.";

fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(vpc) = subnet.vpc.as_ref().filter(|_| !subnet.vlan.is_empty()) else { return Ok(()) };
    let vlan = context.cluster.vlan(&subnet.vlan)?;
    // The network of the nodes that has no tag is everybody's.
    if vlan.as_ref().is_some_and(|vlan| vlan.id == 0) {
        return Ok(());
    }
    let is_other = |other: &Arc<Subnet>| other.vpc.as_ref() != Some(vpc) && other.meta.name != subnet.meta.name;
    let mut other = context.admitted.subnets_on_vlan(&subnet.vlan)?.into_iter().find(is_other);
    if let Some(vlan) = vlan.filter(|_| other.is_none()) {
        other = first_on_twins(&vlan, context, is_other)?;
    }
    let Some(other) = other else { return Ok(()) };
    let mention = of_vpc(&other, context);
    let finding = Finding::forbidden(
        FieldPath::of("spec.vlan"),
        &subnet.vlan,
        format!(
            "{} is the network of {mention} too, and VPC {} is not apart from it there",
            quoted(&subnet.vlan),
            quoted(vpc)
        ),
    );
    context.deny(finding.related(other.reference(), Some(FieldPath::of("spec.vlan"))).help(HELP));
    Ok(())
}

fn vlan(vlan: &Vlan, context: &mut Context<'_>) -> Outcome {
    if vlan.id == 0 {
        return Ok(());
    }
    let own = context.admitted.subnets_on_vlan(&vlan.meta.name)?;
    let Some(first) = own.first() else { return Ok(()) };
    let is_other = |other: &Arc<Subnet>| other.vpc != first.vpc;
    let other = first_on_twins(vlan, context, is_other)?;
    let Some(other) = other.or_else(|| own.iter().find(|other| is_other(other)).cloned()) else { return Ok(()) };
    let detail =
        format!("is the network of {} and of {}, whose VPCs it joins", of_vpc(first, context), of_vpc(&other, context));
    let place = Some(FieldPath::of("spec.vlan"));
    let finding = Finding::invalid_number(FieldPath::of("spec.id"), vlan.id, detail)
        .related(first.reference(), place.clone())
        .related(other.reference(), place)
        .help(HELP);
    context.deny(finding);
    Ok(())
}

/// The first such Subnet on another Vlan that is the same network. There may be many of both: no more are read than it takes.
fn first_on_twins(
    vlan: &Vlan,
    context: &Context<'_>,
    is_wanted: impl Fn(&Arc<Subnet>) -> bool,
) -> Answer<Option<Arc<Subnet>>> {
    for twin in context.cluster.vlans_tagged(&vlan.tag())? {
        if twin.meta.name == vlan.meta.name {
            continue;
        }
        if let Some(found) = context.admitted.subnets_on_vlan(&twin.meta.name)?.into_iter().find(&is_wanted) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn of_vpc(subnet: &Subnet, context: &Context<'_>) -> String {
    let vpc = subnet.vpc.as_deref().unwrap_or_default();
    context.mention(Kind::Subnet, &subnet.meta.name) + &context.aside(&format!("VPC {}", quoted(vpc)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn subnet(name: &str, vpc: &str, vlan: &str) -> Value {
        json!({"kind": "Subnet", "name": name, "spec": {"vpc": vpc, "vlan": vlan, "cidrBlock": "10.0.0.0/24"}})
    }

    fn vlan(name: &str, id: i64, provider: Option<&str>) -> Value {
        json!({"kind": "Vlan", "name": name, "spec": {"id": id, "provider": provider}})
    }

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(vlan("v7", 7, Some("provider")))
            .with(vlan("v0", 0, None))
            .with(vlan("twin0", 0, None))
            .with(vlan("twin", 7, None))
            .with(vlan("elsewhere", 7, Some("other")))
            .with(subnet("a", "blue", "v7"))
            .with(subnet("b", "blue", "v0"))
            .with(subnet("c", "blue", "unknown"))
    }

    #[test]
    fn two_vpcs_on_one_network_are_told_of() {
        let wanted = |vlan: &str, other: &str, vpc: &str| {
            format!(
                r#"spec.vlan: "{vlan}" is the network of Subnet "{other}" (VPC "blue") too, and VPC "{vpc}" is not apart from it there [subnet-vlan-shared]"#
            )
        };
        cluster().warns(&subnet("new", "green", "v7"), &[&wanted("v7", "a", "green")]);
        cluster().warns(&subnet("new", "", "v7"), &[&wanted("v7", "a", "ovn-cluster")]);
        cluster().warns(&subnet("new", "green", "twin"), &[&wanted("twin", "a", "green")]);
        cluster().warns(&subnet("new", "green", "unknown"), &[&wanted("unknown", "c", "green")]);
    }

    #[test]
    fn one_vpc_and_what_has_none_and_the_untagged_network_are_accepted() {
        for accepted in [
            subnet("new", "blue", "v7"),
            subnet("new", "green", "v0"),
            subnet("new", "green", "twin0"),
            subnet("new", "green", "elsewhere"),
            subnet("new", "green", "v8"),
            subnet("new", "green", ""),
            json!({"kind": "Subnet", "spec": {"vlan": "v7", "provider": "net.ns", "cidrBlock": "10.0.0.0/24"}}),
        ] {
            cluster().accepts(&accepted);
        }
        let external = json!({"kind": "Subnet", "name": "x", "spec": {"vlan": "v8", "provider": "net.ns"}});
        cluster().with(external).accepts(&subnet("new", "green", "v8"));
    }

    #[test]
    fn a_vlan_that_makes_two_networks_one_is_told_of() {
        let cluster = cluster().with(subnet("d", "green", "v9")).with(subnet("e", "blue", "v9"));
        let joins = |id: i64, first: &str, second: &str| {
            format!(
                "spec.id: {id}: is the network of {first} and of {second}, whose VPCs it joins [subnet-vlan-shared]"
            )
        };
        let (a, d, e) = (r#"Subnet "a" (VPC "blue")"#, r#"Subnet "d" (VPC "green")"#, r#"Subnet "e" (VPC "blue")"#);
        cluster.warns(&vlan("v9", 7, None), &[&joins(7, d, a)]);
        cluster.warns(&vlan("v9", 9, None), &[&joins(9, d, e)]);
        cluster.accepts(&vlan("v9", 0, None));
        cluster.accepts(&vlan("nobody", 7, None));
        cluster.accepts(&vlan("v7", 7, None));
    }
}
