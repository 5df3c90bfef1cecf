//! Wants a VPC's default route to point at its NAT gateway.
//!
//! A NAT gateway takes no traffic by itself: the user adds the default route, and its next hop must be the gateway's
//! `lanIp`. If it is another address in the gateway's Subnet, Kube-OVN accepts it, OVN accepts it, and nothing answers.
//!
//! Only default routes of the main table by destination are looked at (`0.0.0.0/0` or `::/0`, `policyDst`). A next hop in
//! another network of the VPC is a warning: a firewall may stand there. It is also a warning while a gateway in that Subnet
//! has no `lanIp` of the route's address family. The other way round, a gateway whose `lanIp` leaves the VPC's default
//! route pointing at nobody is a warning on the gateway.
//!
//! ```yaml bad
//! # bad: the gateway has 10.0.1.254
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.253, policy: policyDst}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.254}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.254, policy: policyDst}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.254}
//! ```
//!
//! Use the `lanIp`. If something else in the gateway's Subnet is meant to take the traffic, annotate the Vpc with
//! `vpcguard.io/allow: static-route-lan-ip`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::gather::gathered;
use crate::inventory::Answer;
use crate::kinds::{NatGateway, StaticRoute, Vpc};
use crate::net::{Family, PrefixSet, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::networks::Networks;

/// The rule.
pub const RULE: Rule = Rule {
    id: "static-route-lan-ip",
    summary: "a VPC's default route points into a NAT gateway's Subnet, but at no gateway's lanIp",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::StaticRouteLanIp,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway],
    checks: &[
        Check::Vpc(&Networks::reads("spec.staticRoutes"), vpc),
        Check::NatGateway(
            &[Read::Field("spec.vpc"), Read::Field("spec.subnet"), Read::Field("spec.lanIp")],
            nat_gateway,
        ),
    ],
};

/// How many addresses of gateways a message lists.
const MOST_LISTED: usize = 10;

fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let routes = default_routes(vpc);
    if routes.is_empty() || context.precedes_its_subnets(vpc)? {
        return Ok(());
    }
    let gateways = Gateways::of(vpc, context)?;
    if gateways.all.is_empty() {
        return Ok(());
    }
    // Gathered at the first route that asks: there may be as many routes as networks.
    let mut gathered = None;
    for (field, hop) in routes {
        if gateways.lan_ips.contains(&hop) {
            continue;
        }
        match gateways.place(hop) {
            Place::Beside(stands) => beside(field, hop, stands, &gateways, context),
            Place::Elsewhere => {
                let networks: &Networks = match &gathered {
                    Some(networks) => networks,
                    None => gathered.insert(Networks::of(vpc, context)?),
                };
                if !networks.contain(hop) {
                    continue;
                }
                let detail = "is in no Subnet of a NAT gateway of the VPC, so the traffic passes the gateways by";
                let help = "Use the lanIp of a NAT gateway, unless another router stands there.";
                context.warn(Finding::invalid(field, &hop.to_string(), detail).help(help));
            }
            Place::Unknown => {}
        }
    }
    Ok(())
}

/// The NAT gateways of a VPC, gathered once for all of its routes.
struct Gateways {
    all: Vec<Arc<NatGateway>>,
    lan_ips: BTreeSet<IpAddr>,
    /// The prefixes of their Subnets, and which gateways stand in each.
    prefixes: PrefixSet,
    stand_in: BTreeMap<IpNet, Stands>,
    /// Whether the Subnet of one of them does not exist.
    unknown: bool,
}

/// Which gateways stand in a prefix, by their places in the list of all.
#[derive(Clone, Copy)]
struct Stands {
    first: usize,
    /// The first that has no lanIp of the prefix's address family.
    waiting: Option<usize>,
}

/// Where a next hop that is not a lanIp lies.
enum Place {
    /// In the Subnets of these gateways.
    Beside(Stands),
    /// In the Subnet of no gateway.
    Elsewhere,
    /// In none that is known, but the Subnet of a gateway does not exist.
    Unknown,
}

impl Gateways {
    fn of(vpc: &Vpc, context: &Context<'_>) -> Answer<Self> {
        let all = context.cluster.nat_gateways_of_vpc(&vpc.meta.name)?;
        let mut stand_in: BTreeMap<IpNet, Stands> = BTreeMap::new();
        let mut unknown = false;
        for (at, gateway) in all.iter().enumerate() {
            let Some(subnet) = context.cluster.subnet(&gateway.subnet)? else {
                unknown = true;
                continue;
            };
            for cidr in &subnet.cidrs {
                let waits = !gateway.lan_ips().any(|lan_ip| Family::of(lan_ip) == cidr.family());
                let stands = stand_in.entry(cidr.network()).or_insert(Stands { first: at, waiting: None });
                stands.waiting = stands.waiting.or(waits.then_some(at));
            }
        }
        Ok(Self {
            lan_ips: gathered(all.iter().flat_map(|gateway| gateway.lan_ips())),
            prefixes: PrefixSet::of(stand_in.keys().copied()),
            all,
            stand_in,
            unknown,
        })
    }

    fn place(&self, hop: IpAddr) -> Place {
        let around = self.prefixes.holding(hop).filter_map(|prefix| self.stand_in.get(&prefix).copied());
        let both = |a: Stands, b: Stands| Stands {
            first: a.first.min(b.first),
            waiting: a.waiting.into_iter().chain(b.waiting).min(),
        };
        match around.reduce(both) {
            Some(stands) => Place::Beside(stands),
            None if self.unknown => Place::Unknown,
            None => Place::Elsewhere,
        }
    }

    /// Their addresses in a line, the first of many.
    fn listed(&self) -> String {
        let mut listed: Vec<_> = self.lan_ips.iter().take(MOST_LISTED).map(ToString::to_string).collect();
        if self.lan_ips.len() > MOST_LISTED {
            listed.push(format!("and {} more", self.lan_ips.len() - MOST_LISTED));
        }
        listed.join(", ")
    }
}

fn beside(field: FieldPath, hop: IpAddr, stands: Stands, gateways: &Gateways, context: &mut Context<'_>) {
    let at = stands.waiting.unwrap_or(stands.first);
    let (Some(gateway), Some(first)) = (gateways.all.get(at), gateways.all.get(stands.first)) else { return };
    let subnet = context.mention(Kind::Subnet, &first.subnet);
    let gateway_name = context.mention(Kind::VpcNatGateway, &gateway.meta.name);
    if stands.waiting.is_some() {
        let family = Family::of(hop).name();
        let detail = format!("is in {subnet} of {gateway_name}, which has no {family} lanIp yet");
        let finding = Finding::invalid(field, &hop.to_string(), detail)
            .related(gateway.reference(), Some(FieldPath::of("spec.lanIp")))
            .help("Give the gateway this lanIp, or wait until Kube-OVN has given it one and use that.");
        context.warn(finding);
        return;
    }
    let aside = context.aside(&gateways.listed());
    let detail = format!("is in {subnet} of {gateway_name}, but the lanIp of no NAT gateway of the VPC{aside}");
    let finding = Finding::invalid(field, &hop.to_string(), detail)
        .related(gateway.reference(), Some(FieldPath::of("spec.lanIp")))
        .unless_any(Kind::VpcNatGateway)
        .help("Use the lanIp of the NAT gateway.");
    context.deny(finding);
}

fn nat_gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let Some(vpc) = context.cluster.vpc(&gateway.vpc)?.filter(|vpc| !vpc.meta.allows(RULE.id)) else { return Ok(()) };
    let routes = default_routes(&vpc);
    if routes.is_empty() || gateway.lan_ip.is_empty() {
        return Ok(());
    }
    let subnet = context.cluster.subnet(&gateway.subnet)?;
    let before = context.cluster.nat_gateway(&gateway.meta.name)?;
    let all = context.cluster.nat_gateways_of_vpc(&gateway.vpc)?;
    let others = all.iter().filter(|other| other.meta.name != gateway.meta.name);
    let answered: BTreeSet<_> = gathered(others.flat_map(|other| other.lan_ips()).chain(gateway.lan_ips()));
    let mine: BTreeSet<_> = gathered(before.iter().flat_map(|before| before.lan_ips()));
    let near = subnet.map(|subnet| subnet.prefix_set()).unwrap_or_default();
    for (field, hop) in routes {
        if answered.contains(&hop) || !(near.holds(hop) || mine.contains(&hop)) {
            continue;
        }
        let detail = format!("leaves the default route of VPC {:?} to {hop} pointing at nobody", vpc.meta.name);
        let finding = Finding::invalid(FieldPath::of("spec.lanIp"), &gateway.lan_ip.text, detail)
            .related(vpc.reference(), Some(field))
            .help("Use the next hop of the VPC's default route, or change the route.");
        context.warn(finding);
    }
    Ok(())
}

/// The next hops of a VPC's default routes, each with its field.
fn default_routes(vpc: &Vpc) -> Vec<(FieldPath, IpAddr)> {
    let routes = vpc.static_routes.iter().enumerate().filter(|(_, route)| route.is_default());
    let hop = |(at, route): (usize, &StaticRoute)| {
        Some((StaticRoute::path(at).field("nextHopIP"), parse_ip(route.next_hop_ip.trim())?))
    };
    routes.filter_map(hop).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, as_warning, update};

    fn gateway(name: &str, lan_ip: &str) -> Value {
        json!({"kind": "VpcNatGateway", "name": name, "spec": {"vpc": "v", "subnet": "sn", "lanIp": lan_ip}})
    }

    fn vpc(route: &Value) -> Value {
        json!({"kind": "Vpc", "name": "v", "spec": {"staticRoutes": [route]}})
    }

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Subnet", "name": "sn", "spec": {"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00::/64"}}))
            .with(json!({"kind": "Subnet", "name": "other", "spec": {"vpc": "v", "cidrBlock": "10.0.2.0/24"}}))
    }

    const NOBODY: &str = r#"spec.staticRoutes[0].nextHopIP: Invalid value: "10.0.1.253": is in Subnet "sn" of VpcNatGateway "ngw", but the lanIp of no NAT gateway of the VPC (10.0.1.254) [static-route-lan-ip]"#;

    #[test]
    fn a_default_route_into_the_gateways_subnet_names_a_lan_ip() {
        let cluster = cluster().with(gateway("ngw", "10.0.1.254"));
        cluster.accepts(&vpc(&json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254"})));
        cluster.refuses(&vpc(&json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.253"})), &[NOBODY]);
        cluster
            .refuses(&vpc(&json!({"cidr": "1.2.3.4/0", "nextHopIP": "10.0.1.253", "policy": "policyDst"})), &[NOBODY]);
    }

    #[test]
    fn a_vpc_comes_before_its_subnets() {
        let of_another = json!({"kind": "Subnet", "name": "sn", "spec": {"vpc": "w", "cidrBlock": "10.0.1.0/24"}});
        let cluster = || Cluster::of(super::RULE.id).with(of_another.clone()).with(gateway("ngw", "10.0.1.254"));
        let route = vpc(&json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.253"}));
        cluster().accepts(&route);
        cluster().settled().refuses(&route, &[NOBODY]);
    }

    #[test]
    fn other_routes_are_no_business_of_this_rule() {
        let cluster = cluster().with(gateway("ngw", "10.0.1.254"));
        for route in [
            json!({"cidr": "172.31.0.0/24", "nextHopIP": "10.0.1.253"}),
            json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.253", "policy": "policySrc"}),
            json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.253", "routeTable": "t"}),
        ] {
            cluster.accepts(&vpc(&route));
        }
    }

    #[test]
    fn a_gateway_without_a_lan_ip_of_the_family_makes_it_a_warning() {
        let wanted = r#"spec.staticRoutes[0].nextHopIP: "fd00::9": is in Subnet "sn" of VpcNatGateway "ngw", which has no IPv6 lanIp yet [static-route-lan-ip]"#;
        let route = json!({"cidr": "::/0", "nextHopIP": "fd00::9"});
        cluster().with(gateway("ngw", "10.0.1.254")).warns(&vpc(&route), &[wanted]);
        cluster().accepts(&vpc(&route));
    }

    #[test]
    fn a_reported_lan_ip_counts() {
        let mut reported = gateway("ngw", "");
        reported["status"] = json!({"lanIp": "10.0.1.7"});
        cluster().with(reported).accepts(&vpc(&json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.7"})));
    }

    #[test]
    fn a_next_hop_in_another_network_is_a_warning() {
        let wanted = r#"spec.staticRoutes[0].nextHopIP: "10.0.2.9": is in no Subnet of a NAT gateway of the VPC, so the traffic passes the gateways by [static-route-lan-ip]"#;
        let route = json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.2.9"});
        cluster().with(gateway("ngw", "10.0.1.254")).warns(&vpc(&route), &[wanted]);
    }

    #[test]
    fn a_gateway_that_leaves_the_route_to_nobody_is_a_warning() {
        let route = json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254"});
        let wanted = r#"spec.lanIp: "10.0.1.253": leaves the default route of VPC "v" to 10.0.1.254 pointing at nobody [static-route-lan-ip]"#;
        let cluster = || cluster().with(vpc(&route));
        cluster().warns(&gateway("ngw", "10.0.1.253"), &[wanted]);
        cluster().accepts(&gateway("ngw", "10.0.1.254"));
        cluster().with(gateway("second", "10.0.1.254")).accepts(&gateway("ngw", "10.0.1.253"));
    }

    #[test]
    fn a_gateway_that_moves_away_leaves_the_route_too() {
        let route = json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254"});
        let moved = |lan_ip: &str| {
            let old = gateway("ngw", lan_ip);
            let mut new = gateway("ngw", "10.0.2.9");
            new["spec"]["subnet"] = json!("other");
            let verdict = cluster().with(vpc(&route)).with(old.clone()).verdict(&update(&old, &new));
            let own = verdict.warnings.iter().filter(|finding| finding.rule() == super::RULE.id);
            own.map(ToString::to_string).collect::<Vec<_>>()
        };
        let wanted = r#"spec.lanIp: "10.0.2.9": leaves the default route of VPC "v" to 10.0.1.254 pointing at nobody [static-route-lan-ip]"#;
        assert_eq!(moved("10.0.1.254"), [wanted]);
        assert!(moved("10.0.1.253").is_empty());
    }

    #[test]
    fn an_annotation_of_the_vpc_allows_it_on_both_sides() {
        let mut allowed = vpc(&json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.253"}));
        allowed["annotations"] = json!({"vpcguard.io/allow": "static-route-lan-ip"});
        cluster().with(gateway("ngw", "10.0.1.254")).warns(&allowed, &[&as_warning(NOBODY)]);
        cluster().with(allowed).accepts(&gateway("ngw", "10.0.1.254"));
    }
}
