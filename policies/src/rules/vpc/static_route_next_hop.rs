//! Wants the next hop of a VPC's static route to be a neighbour of its router.
//!
//! OVN looks for a port of the router whose network holds the next hop. If there is none, it drops the route, with a line
//! in the log of ovn-northd. If the next hop is the gateway of an overlay Subnet, it is the router's own port: OVN accepts
//! the route, and the packets go nowhere. The gateway of an underlay or external Subnet is a real router, and legal.
//!
//! The router has ports in the overlay Subnets of the VPC, in underlay ones with `logicalGateway` or `u2oInterconnection`,
//! in its external Subnets, on its peering links, and its BFD port.
//!
//! It is only a warning while the VPC has no Subnets or one of its external Subnets is unknown, in the default VPC, and in
//! a Vpc that is labelled `ovn.kubernetes.io/vpc_external: "true"`. Nothing is said of the default VPC where the network of the
//! nodes is not known, as in most folders. A Vpc that is created before its Subnets is not told of it,
//! but in a folder that holds none.
//!
//! What comes from a Subnet of a custom VPC, Kube-OVN sends to the Subnet's own gateway, by a route of its own in the Subnet's `routeTable`.
//! A route with `policySrc` for the very prefix of a Subnet, in the same table and to somewhere else, takes turns with that: a warning. One
//! with a `bfdId` is one that Kube-OVN adds itself.
//!
//! ```yaml bad
//! # bad: no network of the VPC has 10.0.3.254
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 172.16.0.0/12, nextHopIP: 10.0.3.254}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 172.16.0.0/12, nextHopIP: 10.0.1.254}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Use the address of a gateway, a Pod or a router in one of the VPC's networks; create the Subnet first if that is what
//! is missing.

use std::sync::Arc;

use crate::kinds::{StaticRoute, Subnet, Vpc};
use crate::net::{Cidr, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::MOST_PAIRED;
use crate::rules::support::networks::{self, Networks};

/// The rule.
pub const RULE: Rule = Rule {
    id: "static-route-next-hop",
    summary: "the next hop of a static route is in none of the networks of the VPC's router, or the router itself",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::StaticRouteLanIp,
    asks: &[Kind::Subnet],
    checks: &[Check::Vpc(&Networks::reads("spec.staticRoutes"), check)],
};

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if vpc.static_routes.is_empty() || context.precedes_its_subnets(vpc)? {
        return Ok(());
    }
    let networks = Networks::of(vpc, context)?;
    let action = networks.action(vpc, context.kube_ovn());
    for (at, route) in vpc.static_routes.iter().enumerate() {
        let Some(hop) = parse_ip(route.next_hop_ip.trim()) else { continue };
        let field = StaticRoute::path(at).field("nextHopIP");
        if !networks.contain(hop) {
            let (detail, help) = networks.outside("route");
            let finding = Finding::invalid(field, &route.next_hop_ip, detail).unless_any(Kind::Subnet);
            context.report(action, finding.help(help));
        } else if let Some(subnet) = networks.own_port(hop) {
            let finding = networks::black_hole(field, &route.next_hop_ip, subnet, context);
            context.report(action, finding);
        }
    }
    if context.kube_ovn().is_custom_vpc(&vpc.meta.name) { beside_its_own(vpc, context) } else { Ok(()) }
}

/// Routes for what comes from a Subnet, for which Kube-OVN has one of its own.
fn beside_its_own(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let by_source = |(_, route): &(usize, &StaticRoute)| route.policy == "policySrc" && route.bfd_id.is_empty();
    let routes: Vec<_> = vpc.static_routes.iter().enumerate().filter(by_source).take(MOST_PAIRED).collect();
    if routes.is_empty() {
        return Ok(());
    }
    let subnets = context.cluster.subnets_of_vpc(&vpc.meta.name)?;
    for (at, route) in routes {
        let Some(hop) = parse_ip(route.next_hop_ip.trim()) else { continue };
        let Some(from) = Cidr::parse_trimmed(&route.cidr).map(|cidr| cidr.network()) else { continue };
        let is_of = |subnet: &&Arc<Subnet>| {
            subnet.route_table == route.route_table && subnet.cidrs.iter().any(|cidr| cidr.network() == from)
        };
        let own = subnets.iter().find(is_of).and_then(|subnet| {
            let gateway = subnet.gateways.iter().find(|gateway| gateway.is_ipv4() == hop.is_ipv4())?;
            Some((subnet, *gateway)).filter(|_| *gateway != hop)
        });
        if let Some((subnet, gateway)) = own {
            let mentioned = context.mention(Kind::Subnet, &subnet.meta.name);
            let aside = context.aside(&gateway);
            let detail = format!(
                "is for what comes from {mentioned}, which Kube-OVN sends to its gateway{aside} by a route of its own: the two take turns"
            );
            let finding = Finding::invalid(StaticRoute::path(at).field("nextHopIP"), &route.next_hop_ip, detail)
                .related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
            context.warn(finding.help("Write a policy route that matches ip4.src or ip6.src, and reroutes."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, create, update};

    fn vpc(hop: &str, more: &Value) -> Value {
        let mut vpc = json!({"kind": "Vpc", "name": "v", "spec": {"staticRoutes": [{"cidr": "172.16.0.0/12", "nextHopIP": hop}]}});
        for (field, value) in more.as_object().unwrap() {
            vpc["spec"][field] = value.clone();
        }
        vpc
    }

    fn subnet(name: &str, spec: Value) -> Value {
        json!({"kind": "Subnet", "name": name, "spec": spec})
    }

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(subnet("overlay", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00::/64"})))
            .with(subnet("underlay", json!({"vpc": "v", "vlan": "v1", "cidrBlock": "10.0.2.0/24"})))
            .with(subnet(
                "u2o",
                json!({"vpc": "v", "vlan": "v1", "cidrBlock": "10.0.3.0/24", "u2oInterconnection": true}),
            ))
            .with(subnet(
                "logical",
                json!({"vpc": "v", "vlan": "v1", "cidrBlock": "10.0.4.0/24", "logicalGateway": true}),
            ))
            .with(subnet("external", json!({"vlan": "v1", "cidrBlock": "192.168.0.0/24", "gateway": "192.168.0.1"})))
            .with(json!({"kind": "Vpc", "name": "w"}))
    }

    fn outside(words: &str, hop: &str) -> String {
        format!(
            "spec.staticRoutes[0].nextHopIP: {words}{hop:?}: in none of the networks of the VPC's router, so OVN \
             drops the route; create the Subnet first if that is what is missing [static-route-next-hop]"
        )
    }

    fn black_hole(hop: &str, subnet: &str) -> String {
        format!(
            "spec.staticRoutes[0].nextHopIP: Invalid value: {hop:?}: is the gateway of Subnet {subnet:?}, the router's own \
             port: the packets go nowhere [static-route-next-hop]"
        )
    }

    #[test]
    fn a_next_hop_is_in_a_network_of_the_router() {
        for hop in ["10.0.1.9", "fd00::9", "10.0.3.9", "10.0.3.1", "10.0.4.9"] {
            cluster().accepts(&vpc(hop, &json!({})));
        }
        for hop in ["10.9.9.9", "10.0.2.9", "192.168.0.9", "fd01::1"] {
            cluster().refuses(&vpc(hop, &json!({})), &[&outside("Invalid value: ", hop)]);
        }
    }

    #[test]
    fn the_gateway_of_an_overlay_is_the_router_itself() {
        for (hop, subnet) in [("10.0.1.1", "overlay"), ("fd00::1", "overlay"), ("10.0.4.1", "logical")] {
            cluster().refuses(&vpc(hop, &json!({})), &[&black_hole(hop, subnet)]);
        }
    }

    #[test]
    fn external_subnets_links_and_the_bfd_port_are_networks_too() {
        cluster().accepts(&vpc("192.168.0.1", &json!({"enableExternal": true})));
        cluster().accepts(&vpc("192.168.0.1", &json!({"extraExternalSubnets": ["external"]})));
        let link = json!({"vpcPeerings": [{"remoteVpc": "w", "localConnectIP": "169.254.0.1/30"}]});
        cluster().accepts(&vpc("169.254.0.2", &link));
        cluster().accepts(&vpc("10.255.255.255", &json!({"bfdPort": {"enabled": true, "ip": "10.255.255.255"}})));
    }

    #[test]
    fn it_is_a_warning_where_not_all_is_known() {
        Cluster::of(super::RULE.id).settled().warns(&vpc("10.9.9.9", &json!({})), &[&outside("", "10.9.9.9")]);
        let default =
            json!({"kind": "Vpc", "name": "ovn-cluster", "spec": {"staticRoutes": [{"nextHopIP": "10.9.9.9"}]}});
        let cluster = cluster().with(subnet("ovn-default", json!({"cidrBlock": "10.16.0.0/16"})));
        let counts = |cluster: &Cluster| {
            let verdict = cluster.verdict(&update(&json!({"kind": "Vpc", "name": "ovn-cluster"}), &default));
            (verdict.findings.len(), verdict.warnings.len())
        };
        // Few folders hold the network of the nodes.
        assert_eq!(counts(&cluster), (0, 0));
        let cluster = cluster.with(subnet("join", json!({"cidrBlock": "100.64.0.0/16"})));
        assert_eq!(counts(&cluster), (0, 1));
        let mut external = vpc("10.9.9.9", &json!({}));
        external["labels"] = json!({"ovn.kubernetes.io/vpc_external": "true"});
        cluster.warns(&external, &[&outside("", "10.9.9.9")]);
    }

    #[test]
    fn an_external_subnet_that_does_not_exist_is_named() {
        for (external, more, named, help) in [
            (
                "external",
                json!({"extraExternalSubnets": ["extrenal", "b"]}),
                r#""extrenal", "b""#,
                "extraExternalSubnets",
            ),
            ("elsewhere", json!({"enableExternal": true}), r#""elsewhere""#, "kubeOvn.externalSubnet"),
        ] {
            let cluster = cluster().settings(&json!({"kubeOvn": {"externalSubnet": external}}));
            let verdict = cluster.verdict(&create(&vpc("10.9.9.9", &more)));
            let wanted = format!(
                r#"spec.staticRoutes[0].nextHopIP: "10.9.9.9": in none of the networks of the VPC's router, so OVN drops the route, unless an external Subnet that does not exist has it: {named} [static-route-next-hop]"#
            );
            assert_eq!(verdict.warnings[0].to_string(), wanted);
            assert!(verdict.warnings[0].help_text().contains(help), "{verdict:?}");
        }
    }

    #[test]
    fn a_vpc_comes_before_its_subnets() {
        Cluster::of(super::RULE.id).accepts(&vpc("10.9.9.9", &json!({})));
    }

    #[test]
    fn what_comes_from_a_subnet_has_a_route_already() {
        let vpc = |route: Value| json!({"kind": "Vpc", "name": "v", "spec": {"staticRoutes": [route]}});
        let route = |cidr: &str, hop: &str| json!({"cidr": cidr, "nextHopIP": hop, "policy": "policySrc"});
        let wanted = r#"spec.staticRoutes[0].nextHopIP: "10.0.1.254": is for what comes from Subnet "overlay", which Kube-OVN sends to its gateway (10.0.1.1) by a route of its own: the two take turns [static-route-next-hop]"#;
        cluster().warns(&vpc(route("10.0.1.0/24", "10.0.1.254")), &[wanted]);
        let other = wanted.replace("10.0.1.254", "fd00::9").replace("10.0.1.1)", "fd00::1)");
        cluster().warns(&vpc(route("fd00::1/64", "fd00::9")), &[&other]);
        let with = |key: &str, value: &str| {
            let mut route = route("10.0.1.0/24", "10.0.1.254");
            route[key] = json!(value);
            vpc(route)
        };
        for accepted in [
            vpc(route("10.0.1.0/25", "10.0.1.254")),
            vpc(route("172.16.0.0/12", "10.0.1.254")),
            with("policy", "policyDst"),
            with("routeTable", "t"),
            with("bfdId", "a"),
        ] {
            cluster().accepts(&accepted);
        }
        let tabled = subnet("tabled", json!({"vpc": "v", "cidrBlock": "10.0.8.0/24", "routeTable": "t"}));
        let mut of_table = route("10.0.8.0/24", "10.0.1.254");
        cluster().with(tabled.clone()).accepts(&vpc(of_table.clone()));
        of_table["routeTable"] = json!("t");
        assert_eq!(cluster().with(tabled).verdict(&create(&vpc(of_table))).warnings.len(), 1);
    }
}
