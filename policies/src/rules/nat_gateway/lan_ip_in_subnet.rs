//! Wants a NAT gateway's `lanIp` to be an address that it can have in its Subnet.
//!
//! Kube-OVN takes any string. With an address outside the Subnet, the gateway's Pod stays in ContainerCreating with an
//! event. The address of the Subnet's gateway it gives to the Pod, though the router has it too; v1.15.18 and releases after
//! v1.16.2 refuse that (a warning with `kubeOvn.nonPrimaryCNI`, where it is done on purpose). In a Subnet of both families it may be an IPv4 and an
//! IPv6 address, with a comma between; two addresses elsewhere make a port without any, and no event. An address in `excludeIps` of the Subnet is legal:
//! it is how to keep one for a gateway.
//!
//! An empty `lanIp` is a warning where there is one replica, for Kube-OVN picks an address then, which the VPC's default
//! route has to name; with more replicas it is what Kube-OVN wants.
//!
//! ```yaml bad
//! # bad: 10.0.1.1 is the Subnet's gateway
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24, gateway: 10.0.1.1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.1}
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
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24, gateway: 10.0.1.1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.254}
//! ```
//!
//! Choose a free address of the Subnet, neither its first nor its last, and not its gateway. The refusal names the nearest that no
//! NAT gateway has; which addresses Pods have, only Kube-OVN knows.

use std::net::IpAddr;

use super::free;
use crate::finding::Action;
use crate::kinds::{NatGateway, Subnet};
use crate::net::{Family, is_mapped, parse_ip};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "lan-ip-in-subnet",
    summary: "a NAT gateway's lanIp is not an address that it can have in its Subnet",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::NatGatewayLanIp,
    asks: &[Kind::Subnet, Kind::VpcNatGateway],
    checks: &[Check::NatGateway(
        &[Read::Field("spec.lanIp"), Read::Field("spec.subnet"), Read::Field("spec.replicas")],
        check,
    )],
};

/// What becomes of a gateway with the address of the Subnet's gateway (kube-ovn issue 2710).
const OF_ROUTER: &str =
    "Kube-OVN refuses it from v1.15.18 and after v1.16.2 on; before, the router has this address too";

fn check(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let field = || FieldPath::of("spec.lanIp");
    let text = gateway.lan_ip.text.as_str();
    if gateway.lan_ip.is_empty() {
        if gateway.replicas <= 1 {
            let detail = "Kube-OVN picks an address, which the default route of the VPC must name";
            let help = free::in_subnet(gateway, None, context)?;
            let help = help.unwrap_or_else(|| "Choose a free address of the Subnet.".to_owned());
            context.warn(Finding::required(field(), detail).help(help));
        }
        return Ok(());
    }
    let subnet = context.cluster.subnet(&gateway.subnet)?;
    let Some(addresses) = written(text, subnet.as_deref()) else {
        let meant = text.split([',', '/']).find_map(|part| parse_ip(part.trim()));
        let whitespace = parse_ip(text.trim()).is_some();
        let fault = if whitespace { "must not have whitespace around it" } else { "must be exactly one IP address" };
        let help = free::in_subnet(gateway, meant, context)?;
        let help = help.unwrap_or_else(|| "Choose one free address of the Subnet.".to_owned());
        context.deny(Finding::invalid(field(), text, fault).help(help));
        return Ok(());
    };
    let Some(subnet) = subnet else { return Ok(()) };
    for (text, address) in addresses {
        judge(text, address, gateway, &subnet, context)?;
    }
    Ok(())
}

/// The addresses of a text: one, or in a Subnet of both families one of each.
fn written<'t>(text: &'t str, subnet: Option<&Subnet>) -> Option<Vec<(&'t str, IpAddr)>> {
    let address = |text: &'t str| Some((text, parse_ip(text)?));
    let Some((first, second)) = text.split_once(',') else { return Some(vec![address(text)?]) };
    let both = [address(first)?, address(second)?];
    let families = both.map(|(_, address)| Family::of(address));
    let has = |family| subnet.is_none_or(|subnet| subnet.cidrs.iter().any(|cidr| cidr.family() == family));
    (families == [Family::V4, Family::V6] && families.into_iter().all(has)).then(|| both.to_vec())
}

fn judge(text: &str, address: IpAddr, gateway: &NatGateway, subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let name = &subnet.meta.name;
    let mut action = Action::Deny;
    let fault = if subnet.cidrs.is_empty() {
        return Ok(());
    } else if is_mapped(text) {
        "must be written as the IPv4 address that it is, or the gateway's Pod gets none".to_owned()
    } else if !subnet.contains(address) {
        format!("not in Subnet {name:?} ({})", subnet.cidr_block)
    } else if subnet.gateways.contains(&address) {
        // With another primary plug-in Pods route to it on purpose.
        if context.kube_ovn().non_primary_cni {
            action = Action::Warn;
        }
        format!("is the gateway of Subnet {name:?}: {OF_ROUTER}")
    } else if subnet.cidrs.iter().any(|cidr| cidr.is_network_address(address)) {
        format!("is the network address of Subnet {name:?} ({})", subnet.cidr_block)
    } else if subnet.cidrs.iter().any(|cidr| cidr.is_broadcast(address)) {
        format!("is the broadcast address of Subnet {name:?} ({})", subnet.cidr_block)
    } else if subnet.cidrs.iter().any(|cidr| cidr.is_last(address)) {
        let of = format!("Subnet {name:?} ({})", subnet.cidr_block);
        format!("is the last address of {of}, which Kube-OVN takes for a broadcast address in IPv6 too")
    } else {
        return Ok(());
    };
    let help = free::address(gateway, subnet, Some(address), context)?;
    let otherwise = "Choose a free address of the Subnet, neither its first nor its last, and not its gateway.";
    let finding = Finding::invalid(FieldPath::of("spec.lanIp"), text, fault)
        .related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")))
        .help(help.unwrap_or_else(|| otherwise.to_owned()));
    context.report(action, finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::OF_ROUTER;
    use crate::rules::support::testing::Cluster;

    fn cluster(subnet: &Value) -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v"}))
            .with(json!({"kind": "Subnet", "name": "sn", "spec": subnet}))
    }

    fn gateway(lan_ip: &str, replicas: i64) -> Value {
        json!({"kind": "VpcNatGateway", "spec": {"vpc": "v", "subnet": "sn", "lanIp": lan_ip, "replicas": replicas}})
    }

    #[test]
    fn each_fault_of_the_address_is_named() {
        let dual = json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00::/120", "gateway": "10.0.1.9"});
        for (lan_ip, fault) in [
            ("10.0.2.254", r#"not in Subnet "sn" (10.0.1.0/24,fd00::/120)"#),
            ("10.0.1.9", &format!(r#"is the gateway of Subnet "sn": {OF_ROUTER}"#)),
            ("fd00::1", &format!(r#"is the gateway of Subnet "sn": {OF_ROUTER}"#)),
            ("10.0.1.0", r#"is the network address of Subnet "sn" (10.0.1.0/24,fd00::/120)"#),
            ("fd00::", r#"is the network address of Subnet "sn" (10.0.1.0/24,fd00::/120)"#),
            ("10.0.1.255", r#"is the broadcast address of Subnet "sn" (10.0.1.0/24,fd00::/120)"#),
            (
                "fd00::ff",
                r#"is the last address of Subnet "sn" (10.0.1.0/24,fd00::/120), which Kube-OVN takes for a broadcast address in IPv6 too"#,
            ),
            ("::ffff:10.0.1.5", "must be written as the IPv4 address that it is, or the gateway's Pod gets none"),
            ("fd00::5,10.0.1.5", "must be exactly one IP address"),
            ("10.0.1.5, fd00::5", "must be exactly one IP address"),
            ("10.0.1.5,10.0.1.6", "must be exactly one IP address"),
            ("10.0.1.5/24", "must be exactly one IP address"),
            (" 10.0.1.5", "must not have whitespace around it"),
        ] {
            let wanted = format!("spec.lanIp: Invalid value: {lan_ip:?}: {fault} [lan-ip-in-subnet]");
            cluster(&dual).refuses(&gateway(lan_ip, 1), &[&wanted]);
        }
        for lan_ip in ["10.0.1.5", "fd00::fe", "10.0.1.5,fd00::5"] {
            cluster(&dual).accepts(&gateway(lan_ip, 1));
        }
    }

    #[test]
    fn of_two_addresses_each_is_judged_and_both_families_must_be_there() {
        let dual = json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00::/120"});
        let wanted =
            r#"spec.lanIp: Invalid value: "fd01::5": not in Subnet "sn" (10.0.1.0/24,fd00::/120) [lan-ip-in-subnet]"#;
        cluster(&dual).refuses(&gateway("10.0.1.5,fd01::5", 1), &[wanted]);
        let wanted =
            r#"spec.lanIp: Invalid value: "10.0.1.5,fd00::5": must be exactly one IP address [lan-ip-in-subnet]"#;
        cluster(&json!({"vpc": "v", "cidrBlock": "10.0.1.0/24"})).refuses(&gateway("10.0.1.5,fd00::5", 1), &[wanted]);
        Cluster::of(super::RULE.id).accepts(&gateway("10.0.1.5,fd00::5", 1));
    }

    #[test]
    fn the_gateways_address_is_a_warning_where_pods_route_to_it() {
        let cluster = cluster(&json!({"vpc": "v", "cidrBlock": "10.0.1.0/24"}));
        let wanted =
            format!(r#"spec.lanIp: "10.0.1.1": is the gateway of Subnet "sn": {OF_ROUTER} [lan-ip-in-subnet]"#);
        cluster.settings(&json!({"kubeOvn": {"nonPrimaryCNI": true}})).warns(&gateway("10.0.1.1", 1), &[&wanted]);
    }

    #[test]
    fn a_point_to_point_subnet_has_neither_network_address_nor_broadcast() {
        cluster(&json!({"vpc": "v", "cidrBlock": "10.0.1.0/31"})).accepts(&gateway("10.0.1.0", 1));
    }

    #[test]
    fn an_empty_one_is_a_warning_without_high_availability() {
        let subnet = json!({"vpc": "v", "cidrBlock": "10.0.1.0/24"});
        let wanted =
            "spec.lanIp: Kube-OVN picks an address, which the default route of the VPC must name [lan-ip-in-subnet]";
        cluster(&subnet).warns(&gateway("", 1), &[wanted]);
        cluster(&subnet).accepts(&gateway("", 2));
    }
}
