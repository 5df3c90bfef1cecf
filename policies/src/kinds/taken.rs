//! What objects take of Subnets and EIPs, and which names in OVN, by what was written: what Kube-OVN draws itself it gives to one.

use super::{ClaimKey, EipName, IptablesDnatRule, Object, OvnDnatRule, RouterLbRule, SharedLedger, is_name};

impl Object {
    /// What it takes where many share a ledger. Nothing of a Subnet or EIP that cannot be.
    pub fn taken(&self) -> Vec<ClaimKey> {
        let keys = match self {
            Self::IptablesFipRule(rule) => iptables(&rule.eip).map(ClaimKey::Floating).into_iter().collect(),
            Self::IptablesDnatRule(rule) => of_iptables_dnat(rule).into_iter().collect(),
            Self::OvnFip(rule) => ovn(&rule.ovn_eip).map(ClaimKey::Floating).into_iter().collect(),
            Self::OvnDnatRule(rule) => of_ovn_dnat(rule).into_iter().collect(),
            Self::RouterLbRule(rule) => of_router_lb(rule),
            Self::Vpc(_) | Self::Subnet(_) | Self::SecurityGroup(_) => {
                self.joined_names().into_iter().map(ClaimKey::JoinedName).collect()
            }
            // It is made once Kube-OVN has given the address to a Pod.
            Self::Ip(_) => Vec::new(),
            _ => self.of_subnets(),
        };
        debug_assert!(keys.iter().all(|key| self.may_take(key)), "who claims in a ledger is to be seen by it");
        keys
    }

    /// Whether those who decide in a key's ledger have seen objects of this kind.
    fn may_take(&self, key: &ClaimKey) -> bool {
        let kinds = SharedLedger::of(key).map(|shared| shared.sort.kinds()).unwrap_or_default();
        self.looked_up_as().is_some_and(|kind| kinds.contains(&kind))
    }

    fn of_subnets(&self) -> Vec<ClaimKey> {
        let written = self.claimed().into_iter().filter(|claimed| !claimed.is_reported && is_name(claimed.subnet));
        let mut keys = Vec::new();
        for claimed in written {
            let (subnet, address) = (claimed.subnet.to_owned(), claimed.first);
            if matches!(self, Self::IpPool(_)) {
                keys.push(ClaimKey::Range { subnet, first: address, last: claimed.last });
                continue;
            }
            let is_lan_ip = matches!(self, Self::NatGateway(_));
            keys.extend(is_lan_ip.then(|| ClaimKey::LanIp { subnet: subnet.clone(), address }));
            keys.push(ClaimKey::Address { subnet, address, is_lan_ip });
        }
        keys
    }
}

fn iptables(eip: &str) -> Option<EipName> {
    is_name(eip).then(|| EipName { is_ovn: false, name: eip.to_owned() })
}

fn ovn(eip: &str) -> Option<EipName> {
    is_name(eip).then(|| EipName { is_ovn: true, name: eip.to_owned() })
}

/// A port as Kube-OVN compares it: by its text. One that is not written as a number is no port.
fn port_of(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port: &u16| port.to_string() == text && *port > 0)
}

fn of_iptables_dnat(rule: &IptablesDnatRule) -> Option<ClaimKey> {
    let protocol = rule.protocol.to_ascii_lowercase();
    let is_known = matches!(protocol.as_str(), "tcp" | "udp");
    is_known.then_some(())?;
    let (eip, port) = (iptables(&rule.eip)?, port_of(&rule.external_port)?);
    Some(ClaimKey::Port { eip, port, protocol: Some(protocol), is_shared: rule.is_shared() })
}

/// Of OVN's rules two exclude each other on a port whatever their protocols.
fn of_ovn_dnat(rule: &OvnDnatRule) -> Option<ClaimKey> {
    let (eip, port) = (ovn(&rule.ovn_eip)?, port_of(&rule.external_port)?);
    Some(ClaimKey::Port { eip, port, protocol: None, is_shared: false })
}

fn of_router_lb(rule: &RouterLbRule) -> Vec<ClaimKey> {
    let Some(eip) = ovn(&rule.ovn_eip) else { return Vec::new() };
    let ports = rule.ports.iter().filter_map(|port| u16::try_from(port.port).ok()).filter(|port| *port > 0);
    ports.map(|port| ClaimKey::Port { eip: eip.clone(), port, protocol: None, is_shared: false }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kinds::{Kind, KubeOvn};

    fn taken(kind: &str, spec: &Value) -> Vec<String> {
        let kind = Kind::ALL.iter().copied().find(|known| known.name() == kind).unwrap();
        let object = Object::read(kind, &json!({"metadata": {"name": "a"}, "spec": spec}), &KubeOvn::default()).0;
        ClaimKey::to_texts(&object.taken())
    }

    #[test]
    fn addresses_are_of_the_subnet_that_kube_ovn_completes() {
        assert_eq!(
            taken("VpcNatGateway", &json!({"subnet": "s", "lanIp": "10.0.0.254, FD00::5"})),
            ["lan-ip s 10.0.0.254,fd00::5", "nat-gateway s 10.0.0.254,fd00::5"]
        );
        let external = "ovn-vpc-external-network";
        assert_eq!(
            taken("IptablesEIP", &json!({"v4ip": "192.0.2.5,2001:db8::5", "v6ip": "2001:db8::6"})),
            [format!("address {external} 192.0.2.5,2001:db8::5")]
        );
        assert_eq!(taken("IptablesEIP", &json!({"externalSubnet": "s"})), [""; 0]);
        assert_eq!(
            taken("OvnEip", &json!({"externalSubnet": "s", "v4Ip": "192.0.2.5,2001:db8::5", "v6Ip": "2001:db8::6"})),
            ["address s 192.0.2.5,2001:db8::5"]
        );
        let between = json!({
            "internalSubnet": "s", "internalIPs": ["10.0.0.5,fd00::5"], "externalSubnet": "t", "externalIPs": ["192.0.2.5"],
        });
        assert_eq!(taken("VpcEgressGateway", &between), ["address s 10.0.0.5,fd00::5", "address t 192.0.2.5"]);
        assert_eq!(
            taken("IPPool", &json!({"subnet": "s", "ips": ["10.0.0.1..10.0.0.5", "10.0.1.0/31", "x"]})),
            ["range s 10.0.0.1..10.0.0.5,10.0.1.0..10.0.1.1"]
        );
        assert_eq!(taken("IP", &json!({"subnet": "s", "v4IpAddress": "10.0.0.5"})), [""; 0]);
        // No Subnet is called so.
        assert_eq!(taken("OvnEip", &json!({"externalSubnet": "a b", "v4Ip": "192.0.2.5"})), [""; 0]);
    }

    #[test]
    fn who_claims_an_address_is_seen_by_those_who_decide_on_it() {
        let kinds = crate::kinds::Sort::Addresses.kinds();
        assert!(crate::kinds::CLAIM_ADDRESSES.iter().all(|kind| kinds.contains(kind)));
    }

    #[test]
    fn rules_take_their_ports_and_floating_ips_their_eip() {
        let dnat = |port: &str, protocol: &str, sharing: &str| {
            taken("IptablesDnatRule", &json!({"eip": "e", "externalPort": port, "protocol": protocol, "type": sharing}))
        };
        assert_eq!(dnat("80", "TCP", ""), ["port iptables/e tcp/80"]);
        assert_eq!(dnat("80", "udp", "exclusive"), ["port iptables/e udp/80"]);
        assert_eq!(dnat("80", "tcp", "share"), ["shared-port iptables/e tcp/80"]);
        for (port, protocol) in [("080", "tcp"), ("0", "tcp"), ("65536", "tcp"), ("*", "tcp"), ("80", "sctp"), ("", "")]
        {
            assert_eq!(dnat(port, protocol, ""), [""; 0], "{port} {protocol}");
        }
        assert_eq!(taken("IptablesFIPRule", &json!({"eip": "e"})), ["floating iptables/e"]);
        assert_eq!(taken("IptablesFIPRule", &json!({})), [""; 0]);
        assert_eq!(taken("OvnFip", &json!({"ovnEip": "e"})), ["floating ovn/e"]);
        let ovn = json!({"ovnEip": "e", "externalPort": "80", "protocol": "tcp"});
        assert_eq!(taken("OvnDnatRule", &ovn), ["port ovn/e */80"]);
        let ports = json!([{"port": 80, "protocol": "TCP"}, {"port": 443}, {"port": 0}, {"port": 70000}, {"port": -1}]);
        assert_eq!(taken("RouterLBRule", &json!({"ovnEip": "e", "ports": ports})), ["port ovn/e */80,*/443"]);
    }
}
