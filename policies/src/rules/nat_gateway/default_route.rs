//! Warns of a NAT gateway that no traffic reaches.
//!
//! Kube-OVN makes a gateway, and leaves it to the user to route the VPC's traffic to it (kube-ovn issue 4241). A custom VPC
//! with a gateway that has a `lanIp` needs a default route to that `lanIp`, or a policy route that reroutes to it. The warning
//! is on whichever of the two comes second, but not on a Vpc before it has Subnets, nor beside `vpc-namespaces-in-use` where its
//! whole `spec` was left out. With `kubeOvn.nonPrimaryCNI` Pods route to the `lanIp` themselves.
//!
//! ```yaml bad
//! # bad: no route leads to the gateway
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {}
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
//! Add the default route to the Vpc.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::gather::gathered;
use crate::inventory::Answer;
use crate::kinds::{NatGateway, Vpc};
use crate::net::parse_ip;
use crate::rule::prelude::*;
use crate::rules::vpc::namespaces_in_use;

/// The rule.
pub const RULE: Rule = Rule {
    id: "gateway-default-route",
    summary: "a custom VPC has a NAT gateway, and neither a default route nor a policy route to its lanIp",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::StaticRouteLanIp,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway],
    checks: &[
        Check::NatGateway(&[Read::Field("spec.vpc"), Read::Field("spec.lanIp")], nat_gateway),
        Check::Vpc(&[Read::Field("spec.staticRoutes"), Read::Field("spec.policyRoutes")], vpc),
    ],
};

const HELP: &str = "Add a static route for 0.0.0.0/0 or ::/0 to the Vpc, whose next hop is the gateway's lanIp.";

fn nat_gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    if !needs_route(&gateway.vpc, context) {
        return Ok(());
    }
    let Some(vpc) = context.admitted.vpc(&gateway.vpc)? else { return Ok(()) };
    if is_reached(gateway, &hops(&vpc)) {
        return Ok(());
    }
    let detail = format!("VPC {:?} has no default route to it, so the gateway takes no traffic", vpc.meta.name);
    let finding = Finding::invalid(FieldPath::of("spec.lanIp"), &gateway.lan_ip.text, detail)
        .related(vpc.reference(), Some(FieldPath::of("spec.staticRoutes")));
    context.deny(finding.help(HELP));
    Ok(())
}

fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if !needs_route(&vpc.meta.name, context) || is_emptied(vpc, context)? || context.precedes_its_subnets(vpc)? {
        return Ok(());
    }
    let hops = hops(vpc);
    for gateway in context.admitted.nat_gateways_of_vpc(&vpc.meta.name)? {
        if !is_reached(&gateway, &hops) {
            let mentioned = context.mention(Kind::VpcNatGateway, &gateway.meta.name);
            let detail = format!("{mentioned} takes no traffic without a default route to its lanIp");
            let finding = Finding::required(FieldPath::of("spec.staticRoutes"), detail)
                .related(gateway.reference(), Some(FieldPath::of("spec.lanIp")));
            context.deny(finding.help(HELP));
        }
    }
    Ok(())
}

/// Whether nothing gets to the gateways of a VPC without a route. With another primary plug-in Pods send to the lanIp themselves.
fn needs_route(vpc: &str, context: &Context<'_>) -> bool {
    context.kube_ovn().is_custom_vpc(vpc) && !context.kube_ovn().non_primary_cni
}

/// Whether the list of namespaces goes with the routes, as when a Vpc is applied without its spec, and `vpc-namespaces-in-use`
/// says so.
fn is_emptied(vpc: &Vpc, context: &Context<'_>) -> Answer<bool> {
    let is_on = namespaces_in_use::RULE.action(context.settings) != RuleAction::Off;
    if !is_on || !namespaces_in_use::is_emptied(vpc, context) {
        return Ok(false);
    }
    let subnets = context.admitted.subnets_of_vpc(&vpc.meta.name)?;
    Ok(subnets.iter().any(|subnet| !subnet.namespaces.is_empty()))
}

/// Where a VPC sends what no other route knows, and what its policies reroute.
fn hops(vpc: &Vpc) -> BTreeSet<IpAddr> {
    let defaults = vpc.static_routes.iter().filter(|route| route.is_default());
    let defaults = defaults.filter_map(|route| parse_ip(route.next_hop_ip.trim()));
    gathered(defaults.chain(vpc.policy_routes.iter().flat_map(|route| route.next_hops().map(|(_, hop)| hop))))
}

/// Whether a gateway has no address that traffic could be sent to, or some is sent to it.
fn is_reached(gateway: &NatGateway, hops: &BTreeSet<IpAddr>) -> bool {
    gateway.lan_ips().next().is_none() || gateway.lan_ips().any(|lan_ip| hops.contains(&lan_ip))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create, update};

    fn gateway(vpc: &str, lan_ip: &str) -> Value {
        json!({"kind": "VpcNatGateway", "name": "ngw", "spec": {"vpc": vpc, "subnet": "sn", "lanIp": lan_ip}})
    }

    fn vpc(name: &str, spec: Value) -> Value {
        json!({"kind": "Vpc", "name": name, "spec": spec})
    }

    fn warnings(known: Value, object: &Value) -> Vec<String> {
        let subnet = json!({"kind": "Subnet", "name": "sn", "spec": {"vpc": "v", "cidrBlock": "10.0.1.0/24"}});
        let verdict = Cluster::of(super::RULE.id).with(subnet).with(known).verdict(&create(object));
        let own = verdict.warnings.iter().filter(|finding| finding.rule() == RULE.id);
        own.map(ToString::to_string).collect()
    }

    #[test]
    fn whichever_comes_second_is_told() {
        let on_gateway = r#"spec.lanIp: "10.0.1.254": VPC "v" has no default route to it, so the gateway takes no traffic [gateway-default-route]"#;
        let on_vpc = r#"spec.staticRoutes: VpcNatGateway "ngw" takes no traffic without a default route to its lanIp [gateway-default-route]"#;
        assert_eq!(warnings(vpc("v", json!({})), &gateway("v", "10.0.1.254")), [on_gateway]);
        assert_eq!(warnings(gateway("v", "10.0.1.254"), &vpc("v", json!({}))), [on_vpc]);
    }

    #[test]
    fn a_default_route_or_a_reroute_to_the_lan_ip_reaches_it() {
        let reroute = |hop: &str| json!({"policyRoutes": [{"action": "reroute", "match": "ip", "nextHopIP": hop}]});
        for spec in [
            json!({"staticRoutes": [{"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254"}]}),
            json!({"staticRoutes": [{"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254", "policy": "policyDst"}]}),
            reroute("10.0.1.9, 10.0.1.254"),
        ] {
            assert!(warnings(vpc("v", spec), &gateway("v", "10.0.1.254")).is_empty());
        }
        for spec in [
            json!({"staticRoutes": [{"cidr": "10.0.0.0/8", "nextHopIP": "10.0.1.254"}]}),
            json!({"staticRoutes": [{"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.9"}]}),
            json!({"policyRoutes": [{"action": "drop", "match": "ip", "nextHopIP": "10.0.1.254"}]}),
            reroute("10.0.1.9"),
        ] {
            assert_eq!(warnings(vpc("v", spec), &gateway("v", "10.0.1.254")).len(), 1);
        }
    }

    #[test]
    fn nothing_is_said_where_it_goes_without_saying() {
        let (subnet, other) = (
            json!({"kind": "Subnet", "name": "sn", "spec": {"vpc": "v", "namespaces": ["ns1"], "cidrBlock": "10.0.1.0/24"}}),
            json!({"kubeOvn": {"nonPrimaryCNI": true}}),
        );
        let cluster = || Cluster::of(RULE.id).with(gateway("v", "10.0.1.254"));
        let routed = json!({"namespaces": ["ns1"], "staticRoutes": [{"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254"}]});
        // Pods route to the lanIp themselves.
        cluster().with(subnet.clone()).settings(&other).accepts(&vpc("v", json!({})));
        let of_default = cluster().with(vpc("v", json!({}))).settings(&other);
        of_default.accepts(&gateway("v", "10.0.1.254"));
        // Its Subnets come after it.
        cluster().accepts(&vpc("v", json!({})));
        assert_eq!(cluster().settled().verdict(&create(&vpc("v", json!({})))).warnings.len(), 1);
        // All of its spec went.
        let emptied = |settings: Value, spec: Value| {
            let cluster = cluster().with(subnet.clone()).settings(&settings);
            cluster.verdict(&update(&vpc("v", routed.clone()), &vpc("v", spec))).warnings.len()
        };
        assert_eq!(emptied(json!({}), json!({})), 0);
        assert_eq!(emptied(json!({}), json!({"namespaces": ["ns1"]})), 1);
        assert_eq!(emptied(json!({"rules": {"vpc-namespaces-in-use": "off"}}), json!({})), 1);
    }

    #[test]
    fn a_gateway_without_an_address_or_in_the_default_vpc_is_left_alone() {
        assert!(warnings(vpc("v", json!({})), &gateway("v", "")).is_empty());
        assert!(warnings(vpc("ovn-cluster", json!({})), &gateway("ovn-cluster", "10.0.1.254")).is_empty());
    }
}
