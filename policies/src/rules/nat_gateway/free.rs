//! What a NAT gateway could have in the place of an address that it cannot have.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::gather::gathered;
use crate::inventory::Answer;
use crate::kinds::{NatGateway, Subnet};
use crate::net::{Family, nearest_address, parse_ip};
use crate::rule::Context;
use crate::text::quoted;

/// The free address of the Subnet that lies nearest to one, or else to the Subnet's last, in a sentence; none where none is
/// known to be free. Pods are not looked at: only Kube-OVN knows the addresses of all.
pub(super) fn address(
    gateway: &NatGateway,
    subnet: &Subnet,
    near: Option<IpAddr>,
    context: &Context<'_>,
) -> Answer<Option<String>> {
    let of_family = |family| subnet.cidrs.iter().find(|cidr| Family::of(cidr.network().addr()) == family);
    let wanted = near.and_then(|near| of_family(Family::of(near)));
    let Some(cidr) = wanted.or(subnet.cidrs.first()) else { return Ok(None) };
    let gateways = context.cluster.nat_gateways_of_subnet_until_gone(&gateway.subnet)?;
    let others = gateways.iter().filter(|other| other.meta.name != gateway.meta.name);
    let mut taken: BTreeSet<IpAddr> = gathered(others.flat_map(|other| other.lan_ips()));
    taken.extend(&subnet.gateways);
    taken.extend(parse_ip(&subnet.u2o_interconnection_ip));
    let is_taken = |address| cidr.is_network_address(address) || cidr.is_last(address) || taken.contains(&address);
    let near = near.unwrap_or_else(|| cidr.network().broadcast());
    let free = nearest_address(cidr.network(), near, is_taken);
    Ok(free.map(|free| format!("{free} is free in Subnet {}, unless a Pod has it.", quoted(&subnet.meta.name))))
}

/// The same, where the gateway's Subnet is known.
pub(super) fn in_subnet(gateway: &NatGateway, near: Option<IpAddr>, context: &Context<'_>) -> Answer<Option<String>> {
    match context.cluster.subnet(&gateway.subnet)? {
        Some(subnet) => address(gateway, &subnet, near, context),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, create};

    fn gateway(name: &str, lan_ip: &str) -> Value {
        json!({"kind": "VpcNatGateway", "name": name, "spec": {"vpc": "v", "subnet": "sn", "lanIp": lan_ip}})
    }

    fn helps(rule: &str, subnet: &Value, taken: &[&str], lan_ip: &str) -> Vec<String> {
        let mut cluster = Cluster::of(rule)
            .with(json!({"kind": "Vpc", "name": "v"}))
            .with(json!({"kind": "Subnet", "name": "sn", "spec": subnet}));
        for (at, lan_ip) in taken.iter().enumerate() {
            cluster = cluster.with(gateway(&format!("g{at}"), lan_ip));
        }
        let verdict = cluster.verdict(&create(&gateway("new", lan_ip)));
        let all = verdict.findings.iter().chain(&verdict.warnings);
        all.map(|finding| finding.help_text().to_owned()).collect()
    }

    fn free(address: &str) -> String {
        format!(r#"{address} is free in Subnet "sn", unless a Pod has it."#)
    }

    #[test]
    fn an_address_is_offered_for_one_that_is_not_to_be_had() {
        let dual = json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00::/120", "gateway": "10.0.1.254"});
        let taken = ["10.0.1.253", "fd00::2"];
        for (lan_ip, offered) in [
            ("10.0.1.0", "10.0.1.1"),
            ("10.0.1.255", "10.0.1.252"),
            ("10.0.1.254", "10.0.1.252"),
            ("10.0.2.7", "10.0.1.252"),
            ("9.9.9.9", "10.0.1.1"),
            ("fd00::1", "fd00::3"),
            ("fd00::", "fd00::3"),
            ("fd01::", "fd00::fe"),
            (" 10.0.1.5", "10.0.1.5"),
            ("10.0.1.5,10.0.1.6", "10.0.1.5"),
            ("10.0.1.5/24", "10.0.1.5"),
            ("nonsense", "10.0.1.252"),
            ("", "10.0.1.252"),
        ] {
            assert_eq!(helps("lan-ip-in-subnet", &dual, &taken, lan_ip), [free(offered)], "{lan_ip:?}");
        }
        assert_eq!(helps("lan-ip-unique", &dual, &taken, "10.0.1.253"), [free("10.0.1.252")]);
        assert_eq!(helps("lan-ip-unique", &dual, &taken, "fd00::2"), [free("fd00::3")]);
    }

    #[test]
    fn a_full_subnet_has_nothing_to_offer() {
        let full = json!({"vpc": "v", "cidrBlock": "10.0.1.0/30", "u2oInterconnectionIP": "10.0.1.2"});
        let advice = "Choose a free address of the Subnet, neither its first nor its last, and not its gateway.";
        assert_eq!(helps("lan-ip-in-subnet", &full, &[], "10.0.1.1"), [advice]);
        let full = json!({"vpc": "v", "cidrBlock": "10.0.1.0/30"});
        assert_eq!(
            helps("lan-ip-unique", &full, &["10.0.1.2"], "10.0.1.2"),
            ["Choose another free address of the Subnet."]
        );
    }
}
