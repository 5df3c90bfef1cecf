//! Warns of an address of a load balancer that something else has, or will have.
//!
//! Kube-OVN asks nobody whether the `vip` of a SwitchLBRule is free:
//!
//! - another SwitchLBRule with this address, port and protocol, whose backends are of the same VPC, or perhaps of it: the VPC's load balancer has one
//!   entry for both, and whichever is looked at last writes its backends into it (kube-ovn issue 5597). One address in two VPCs is fine;
//! - an address of a Subnet of the VPC that is neither in its `excludeIps` nor that of a Vip: one day a Pod gets it;
//! - the address of a gateway or an IptablesEIP, which is then not reached from inside the VPC.
//!
//! Whose VPC it is follows from the annotations `ovn.kubernetes.io/logical_router` and `ovn.kubernetes.io/logical_switch` together, or else from the Subnets
//! that list the namespace. Where neither says it, two rules are compared if they are of one namespace, and the rest is not looked at. What
//! Kube-OVN makes for a VpcDns is left alone.
//!
//! It warns of a Vip of type `switch_lb_vip`, too, in a Subnet that is not on a VPC's router, where it never gets ready.
//!
//! ```yaml bad
//! # bad: a Pod gets this address one day
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [shop]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24, namespaces: [shop]}
//! ---
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: shop}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: SwitchLBRule
//! metadata: {name: web}
//! spec:
//!   vip: 10.0.1.100
//!   namespace: shop
//!   selector: ["app:web"]
//!   ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP}]
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [shop]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24, namespaces: [shop]}
//! ---
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: shop}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vip
//! metadata: {name: web}
//! spec: {subnet: blue-apps, type: switch_lb_vip, v4ip: 10.0.1.100}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: SwitchLBRule
//! metadata: {name: web}
//! spec:
//!   vip: 10.0.1.100
//!   namespace: shop
//!   selector: ["app:web"]
//!   ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP}]
//! ```
//!
//! Make a Vip of type `switch_lb_vip` for the address, or take one that is in no Subnet.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{
    BY_CLAIMED_ADDRESS, LOGICAL_ROUTER, LOGICAL_SWITCH, Object, ObjectRef, Subnet, SwitchLbRule, Vip, claimed_word,
    range_of,
};
use crate::net::parse_ip;
use crate::rule::prelude::*;
use crate::rules::support::MOST_PAIRED;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "switch-lb-rule-vip",
    summary: "something else has the address of a SwitchLBRule, or will have it",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::LoadBalancers,
    asks: &[Kind::SwitchLbRule, Kind::Subnet, Kind::Vip, Kind::VpcNatGateway, Kind::IptablesEip],
    checks: &[
        Check::SwitchLbRule(
            &[
                Read::Field("spec.vip"),
                Read::Field("spec.ports"),
                Read::Field("spec.namespace"),
                Read::Field("spec.endpoints"),
                Read::Annotation(LOGICAL_ROUTER),
                Read::Annotation(LOGICAL_SWITCH),
            ],
            rule,
        ),
        Check::Vip(&[Read::Field("spec.type"), Read::Field("spec.subnet")], vip),
    ],
};

/// The type of a Vip that is a load balancer's.
const OF_BALANCER: &str = "switch_lb_vip";

const HELP: &str = "Take an address that is in no Subnet, or one for which there is a Vip of type switch_lb_vip.";

fn rule(rule: &SwitchLbRule, context: &mut Context<'_>) -> Outcome {
    if rule.is_of_vpc_dns() || rule.vips.is_empty() {
        return Ok(());
    }
    let vpcs = vpcs(rule, context)?;
    others(rule, vpcs.as_ref(), context)?;
    for vpc in vpcs.iter().flatten() {
        for address in &rule.vips {
            subnets(rule, *address, vpc, context)?;
            outside(rule, *address, vpc, context)?;
        }
    }
    Ok(())
}

/// The VPCs that its backends may be in; none where nothing says it.
fn vpcs(rule: &SwitchLbRule, context: &Context<'_>) -> Answer<Option<BTreeSet<String>>> {
    if let Some((vpc, _)) = rule.network() {
        return Ok(Some(BTreeSet::from([vpc.to_owned()])));
    }
    if rule.namespace.is_empty() {
        return Ok(None);
    }
    let listing = context.cluster.subnets_listing(&rule.namespace)?;
    let endpoints: Vec<_> = rule.endpoints.iter().take(MOST_PAIRED).filter_map(|text| parse_ip(text)).collect();
    let holds = |subnet: &&Arc<Subnet>| endpoints.iter().any(|address| subnet.contains(*address));
    let is_told_by_address = listing.iter().any(|subnet| holds(&subnet));
    let meant = listing.iter().filter(|subnet| !is_told_by_address || holds(subnet));
    let vpcs: BTreeSet<_> = meant.filter_map(|subnet| subnet.vpc.clone()).collect();
    Ok(Some(vpcs).filter(|vpcs| !vpcs.is_empty()))
}

fn others(rule: &SwitchLbRule, own: Option<&BTreeSet<String>>, context: &mut Context<'_>) -> Outcome {
    for (at, port) in rule.ports.iter().enumerate() {
        let field = FieldPath::of("spec.ports").index(at).field("port");
        for address in &rule.vips {
            let mut others = context.admitted.switch_lb_rules_of_port(&SwitchLbRule::port_of_vip(*address, port))?;
            others.retain(|other| other.meta.name != rule.meta.name);
            if others.len() > MOST_PAIRED {
                let rest = "more SwitchLBRules have this port of the address";
                context.not_judged(Action::Deny, field.clone(), rest);
            }
            for other in others.iter().take(MOST_PAIRED) {
                let theirs = vpcs(other, context)?;
                let may_be_one = match (own, &theirs) {
                    (Some(own), Some(theirs)) => !own.is_disjoint(theirs),
                    (None, None) => rule.namespace == other.namespace,
                    _ => false,
                };
                if may_be_one {
                    let mentioned = context.mention(Kind::SwitchLbRule, &other.meta.name);
                    let detail = format!(
                        "{mentioned} has this port of {address} too, and a VPC's load balancer has one entry for both"
                    );
                    let finding = Finding::duplicate(field.clone(), &port.port.to_string(), detail)
                        .related(other.reference(), Some(FieldPath::of("spec.vip")))
                        .in_conflict_with(&other.meta.name);
                    context.deny(finding.help("Take another address or port, or write all backends into one rule."));
                    break;
                }
            }
        }
    }
    Ok(())
}

/// What has the address in the Subnets of a VPC.
fn subnets(rule: &SwitchLbRule, address: IpAddr, vpc: &str, context: &mut Context<'_>) -> Outcome {
    let field = || FieldPath::of("spec.vip");
    let holding = context.cluster.overlapping_in_vpc(vpc, IpNet::from(address))?;
    for (subnet, _) in holding.iter().filter(|(subnet, _)| !subnet.meta.deleting) {
        let name = quoted(&subnet.meta.name);
        if subnet.gateways.contains(&address) {
            let detail = format!("is the gateway of Subnet {name}, which the VPC's Pods do not reach then");
            let finding = Finding::invalid(field(), &rule.vip, detail);
            let place = FieldPath::of(if subnet.gateway.is_empty() { "spec.cidrBlock" } else { "spec.gateway" });
            context.deny(finding.related(subnet.reference(), Some(place)).help(HELP));
        } else if let Some(gateway) = claiming(Kind::VpcNatGateway, &subnet.meta.name, address, context)? {
            let gateway = &gateway.meta().name;
            let mentioned = context.mention(Kind::VpcNatGateway, gateway);
            let detail = format!("is the lanIp of {mentioned}, which the VPC's Pods do not reach then");
            let finding = Finding::invalid(field(), &rule.vip, detail)
                .related(ObjectRef::new(Kind::VpcNatGateway, gateway), Some(FieldPath::of("spec.lanIp")));
            context.deny(finding.help(HELP));
        } else if !is_kept(subnet, address, context)? {
            let detail =
                format!("is of Subnet {name}, and neither in its excludeIps nor that of a Vip: a Pod may get it");
            let finding = Finding::invalid(field(), &rule.vip, detail)
                .related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
            context.deny(finding.help(HELP));
        }
    }
    Ok(())
}

/// Whether no Pod gets an address of a Subnet. A Vip for a load balancer that has no address yet may be meant for it.
fn is_kept(subnet: &Subnet, address: IpAddr, context: &Context<'_>) -> Answer<bool> {
    let holds = |text: &String| {
        let range = range_of(text.trim());
        range.is_some_and(|(first, last)| first.is_ipv4() == address.is_ipv4() && (first..=last).contains(&address))
    };
    if subnet.exclude_ips.iter().any(holds) || claiming(Kind::Vip, &subnet.meta.name, address, context)?.is_some() {
        return Ok(true);
    }
    let is_drawn = |vip: &Arc<Vip>| {
        let addresses = [&vip.v4_ip, &vip.v6_ip, &vip.given.v4_ip, &vip.given.v6_ip];
        vip.kind == OF_BALANCER && addresses.into_iter().all(String::is_empty)
    };
    Ok(context.cluster.vips_of_subnet(&subnet.meta.name)?.iter().any(is_drawn))
}

/// What has the address outside, where the gateways of a VPC lead.
fn outside(rule: &SwitchLbRule, address: IpAddr, vpc: &str, context: &mut Context<'_>) -> Outcome {
    let gateways = context.cluster.nat_gateways_of_vpc(vpc)?;
    let names: BTreeSet<_> = gateways.iter().map(|gateway| gateway.external_subnet()).collect();
    for name in names {
        let Some(eip) = claiming(Kind::IptablesEip, name, address, context)? else { continue };
        let eip = &eip.meta().name;
        let mentioned = context.mention(Kind::IptablesEip, eip);
        let detail = format!("is the address of {mentioned}, which the VPC's Pods do not reach then");
        let finding = Finding::invalid(FieldPath::of("spec.vip"), &rule.vip, detail)
            .related(ObjectRef::new(Kind::IptablesEip, eip), Some(FieldPath::of("spec.v4ip")));
        context.deny(finding.help(HELP));
    }
    Ok(())
}

/// The first object of a kind that claims an address of a Subnet, and is not on its way out.
fn claiming(kind: Kind, subnet: &str, address: IpAddr, context: &Context<'_>) -> Answer<Option<Object>> {
    let found = context.cluster.by(kind, BY_CLAIMED_ADDRESS, &claimed_word(subnet, address))?;
    Ok(found.into_iter().find(|object| !object.meta().deleting))
}

fn vip(vip: &Vip, context: &mut Context<'_>) -> Outcome {
    if vip.kind != OF_BALANCER {
        return Ok(());
    }
    let Some(subnet) = context.cluster.subnet(&vip.subnet)?.filter(|subnet| !subnet.is_on_router()) else {
        return Ok(());
    };
    let name = quoted(&subnet.meta.name);
    let detail = format!("Subnet {name} has no port on a VPC's router, and without one such a Vip never gets ready");
    let place = FieldPath::of(if subnet.vpc.is_none() { "spec.provider" } else { "spec.vlan" });
    let finding =
        Finding::forbidden(FieldPath::of("spec.type"), &vip.kind, detail).related(subnet.reference(), Some(place));
    context.deny(finding.help("Take a Subnet without a vlan and with an OVN provider."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::Cluster;

    fn rule(name: &str, vip: &str, namespace: &str) -> Value {
        json!({"kind": "SwitchLBRule", "name": name, "spec": {
            "vip": vip, "namespace": namespace, "selector": ["app:web"],
            "ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}],
        }})
    }

    fn with(mut rule: Value, changed: Value) -> Value {
        for (field, value) in changed.as_object().unwrap() {
            rule["spec"][field] = value.clone();
        }
        rule
    }

    fn of_network(mut rule: Value, vpc: &str, subnet: &str) -> Value {
        rule["annotations"] =
            json!({"ovn.kubernetes.io/logical_router": vpc, "ovn.kubernetes.io/logical_switch": subnet});
        rule
    }

    /// VPC blue with namespaces a and b, VPC green with namespace c; in m Pods may be of both.
    fn cluster() -> Cluster {
        let subnet = |name: &str, vpc: &str, prefix: &str, namespaces: Value| {
            json!({"kind": "Subnet", "name": name, "spec": {
                "vpc": vpc, "cidrBlock": format!("{prefix}.0/24"), "namespaces": namespaces,
                "excludeIps": [format!("{prefix}.200..{prefix}.210")],
            }})
        };
        Cluster::of(RULE.id)
            .with(subnet("blue-1", "blue", "10.0.1", json!(["a", "b", "m"])))
            .with(subnet("blue-2", "blue", "10.0.2", json!([])))
            .with(subnet("green-1", "green", "10.1.1", json!(["c", "m"])))
    }

    const SHARED: &str = "172.31.0.10";

    fn twice(port: u16, at: usize) -> String {
        format!(
            r#"spec.ports[{at}].port: "{port}": SwitchLBRule "first" has this port of {SHARED} too, and a VPC's load balancer has one entry for both [switch-lb-rule-vip]"#
        )
    }

    #[test]
    fn one_port_of_an_address_is_balanced_once_in_a_vpc() {
        let both = [twice(80, 0), twice(53, 1)];
        let both = both.each_ref().map(String::as_str);
        for (first, second) in [
            (rule("first", SHARED, "a"), rule("new", SHARED, "a")),
            (rule("first", SHARED, "a"), rule("new", SHARED, "b")),
            (rule("first", SHARED, "a"), of_network(rule("new", SHARED, "x"), "blue", "blue-2")),
            (rule("first", SHARED, "unlisted"), rule("new", SHARED, "unlisted")),
            (rule("first", SHARED, "m"), rule("new", SHARED, "c")),
        ] {
            cluster().with(first).warns(&second, &both);
        }
        let one = with(rule("new", SHARED, "a"), json!({"ports": [{"port": 80}]}));
        cluster().with(rule("first", SHARED, "a")).warns(&one, &[&twice(80, 0)]);
    }

    #[test]
    fn one_address_may_be_served_in_two_vpcs_and_by_two_protocols() {
        let tcp_and_udp = json!({"ports": [{"port": 80, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]});
        let endpoints = |address: &str| json!({"endpoints": [address], "selector": []});
        for (first, second) in [
            (rule("first", SHARED, "a"), rule("new", SHARED, "c")),
            (rule("first", SHARED, "a"), with(rule("new", SHARED, "a"), tcp_and_udp)),
            (rule("first", SHARED, "a"), rule("new", "172.31.0.11", "a")),
            (rule("first", SHARED, "unlisted"), rule("new", SHARED, "other")),
            (rule("first", SHARED, "unlisted"), rule("new", SHARED, "a")),
            (rule("new", SHARED, "a"), rule("new", SHARED, "a")),
            // As Kube-OVN's own end-to-end tests have it: one namespace, and Pods in two VPCs.
            (
                of_network(rule("first", SHARED, "m"), "blue", "blue-1"),
                of_network(rule("new", SHARED, "m"), "green", "green-1"),
            ),
            (
                with(rule("first", SHARED, "m"), endpoints("10.0.1.5")),
                with(rule("new", SHARED, "m"), endpoints("10.1.1.5")),
            ),
        ] {
            cluster().with(first).accepts(&second);
        }
    }

    #[test]
    fn what_kube_ovn_makes_for_name_servers_is_left_alone() {
        let of_dns = |name: &str| {
            let mut rule = rule(name, "10.0.1.100", "a");
            rule["labels"] = json!({"ovn.kubernetes.io/vpc-dns": "true"});
            rule
        };
        cluster().with(of_dns("first")).accepts(&of_dns("new"));
    }

    #[test]
    fn an_address_of_a_subnet_is_kept_for_it() {
        let free = |subnet: &str, address: &str| {
            format!(
                r#"spec.vip: "{address}": is of Subnet "{subnet}", and neither in its excludeIps nor that of a Vip: a Pod may get it [switch-lb-rule-vip]"#
            )
        };
        for (address, subnet) in [("10.0.1.100", "blue-1"), ("10.0.2.100", "blue-2")] {
            cluster().warns(&rule("new", address, "a"), &[&free(subnet, address)]);
        }
        let annotated = of_network(rule("new", "10.1.1.100", "a"), "green", "green-1");
        cluster().warns(&annotated, &[&free("green-1", "10.1.1.100")]);
        for (address, namespace) in
            [(SHARED, "a"), ("10.0.1.205", "a"), ("10.1.1.100", "a"), ("10.0.1.100", "unlisted"), ("", "a")]
        {
            cluster().accepts(&rule("new", address, namespace));
        }
        let kept = |spec: Value| cluster().with(json!({"kind": "Vip", "name": "v", "spec": spec}));
        for vip in [
            json!({"subnet": "blue-1", "type": "switch_lb_vip", "v4ip": "10.0.1.100"}),
            json!({"subnet": "blue-1", "v4ip": "10.0.1.100"}),
            json!({"subnet": "blue-1", "type": "switch_lb_vip"}),
        ] {
            kept(vip).accepts(&rule("new", "10.0.1.100", "a"));
        }
        for vip in [json!({"subnet": "blue-2", "type": "switch_lb_vip"}), json!({"subnet": "blue-1"})] {
            kept(vip).warns(&rule("new", "10.0.1.100", "a"), &[&free("blue-1", "10.0.1.100")]);
        }
    }

    #[test]
    fn what_has_the_address_already_is_named() {
        let wanted = |what: &str, address: &str| {
            format!(r#"spec.vip: "{address}": is {what}, which the VPC's Pods do not reach then [switch-lb-rule-vip]"#)
        };
        let gateway = json!({"kind": "VpcNatGateway", "name": "gw", "spec": {
            "vpc": "blue", "subnet": "blue-1", "lanIp": "10.0.1.254", "externalSubnets": ["out", "unused"]}});
        let eip = |subnet: &str| json!({"kind": "IptablesEIP", "name": "e", "spec": {"externalSubnet": subnet, "v4ip": "192.0.2.5"}});
        let cluster = || cluster().with(gateway.clone()).with(eip("out"));
        for (address, what) in [
            ("10.0.1.1", r#"the gateway of Subnet "blue-1""#),
            ("10.0.1.254", r#"the lanIp of VpcNatGateway "gw""#),
            ("192.0.2.5", r#"the address of IptablesEIP "e""#),
        ] {
            cluster().warns(&rule("new", address, "a"), &[&wanted(what, address)]);
        }
        cluster().accepts(&rule("new", "192.0.2.5", "c"));
        cluster().with(eip("unused")).accepts(&rule("new", "192.0.2.6", "a"));
    }

    #[test]
    fn a_vip_for_a_load_balancer_is_on_a_router() {
        let subnet = |spec: Value| Cluster::of(RULE.id).with(json!({"kind": "Subnet", "name": "s", "spec": spec}));
        let vip = |kind: &str| json!({"kind": "Vip", "spec": {"subnet": "s", "type": kind}});
        let wanted = r#"spec.type: Subnet "s" has no port on a VPC's router, and without one such a Vip never gets ready [switch-lb-rule-vip]"#;
        for spec in [json!({"vlan": "v"}), json!({"provider": "n.ns"})] {
            subnet(spec.clone()).warns(&vip("switch_lb_vip"), &[wanted]);
            subnet(spec).accepts(&vip(""));
        }
        for spec in [json!({}), json!({"vlan": "v", "u2oInterconnection": true}), json!({"provider": "n.ns.ovn"})] {
            subnet(spec).accepts(&vip("switch_lb_vip"));
        }
        Cluster::of(RULE.id).accepts(&vip("switch_lb_vip"));
    }
}
