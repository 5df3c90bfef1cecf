//! How much of their addresses VPCs have given to Subnets, and what is free.

pub(crate) mod spans;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;
use serde_json::Value;

use crate::inventory::{Answer, ClusterView, Inventory};
use crate::kinds::{Kind, Shard, Subnet, Typed, Vpc, range_of};
use crate::net::{Cidr, Family, private_range};
use crate::rules::subnet::cidr_reserved::reserved;
use crate::settings::Settings;
use crate::text::{listed, quoted};
use spans::Span;

/// What is known of Subnets and their VPCs.
#[derive(Debug)]
pub struct Capacity {
    inventory: Inventory,
    settings: Settings,
    status: BTreeMap<String, Value>,
}

/// The Subnets that share one address space, and what they leave of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Space {
    /// The VPC; none where another plug-in makes the network.
    pub vpc: Option<String>,
    /// The VLAN of underlay networks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vlan: String,
    /// The prefixes of its Subnets, in the order of their addresses.
    pub subnets: Vec<Row>,
    /// What is free of the private ranges that they are in.
    pub free: Vec<Free>,
}

/// A prefix of a Subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The name of the Subnet.
    pub subnet: String,
    /// The prefix.
    pub cidr: String,
    /// The gateway in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// How many addresses it has, but for the first and the last.
    pub addresses: u128,
    /// How many of these Kube-OVN gives to nobody who does not ask for them: the gateway and `excludeIps`.
    pub excluded: u128,
    /// How many Kube-OVN says are in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<u128>,
    /// How many Kube-OVN says are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<u128>,
}

/// What is free of a private range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Free {
    /// The range.
    pub range: String,
    /// The length that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_len: Option<u8>,
    /// The first free prefixes: of the length that was asked for, or else as few as can be.
    pub prefixes: Vec<String>,
    /// How many more there are.
    pub more: u128,
}

impl Capacity {
    /// Of nothing yet.
    pub fn new(settings: &Settings) -> Self {
        Self {
            inventory: Inventory::new(settings.kube_ovn.clone()),
            settings: settings.clone(),
            status: BTreeMap::new(),
        }
    }

    /// Takes an object in. What says nothing of addresses is left out.
    pub fn add(&mut self, object: &Value) {
        let Some(kind) = Kind::of(object) else { return };
        if !matches!(kind, Kind::Vpc | Kind::Subnet | Kind::Node | Kind::ServiceCidr) {
            return;
        }
        self.inventory.apply(kind, object);
        let name = object.pointer("/metadata/name").and_then(Value::as_str);
        if let (Kind::Subnet, Some(name), Some(status)) = (kind, name, object.get("status")) {
            self.status.insert(name.to_owned(), status.clone());
        }
    }

    /// What of the Subnets is in no row, because it is not a prefix: a line each.
    pub fn unread(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.inventory.stored_subnets().filter_map(unread).collect();
        lines.sort();
        lines
    }

    /// All address spaces, by VPC and VLAN, each with the first free prefixes of its ranges: of a length, or as few as can be.
    ///
    /// # Errors
    ///
    /// None: what is asked is in memory.
    pub fn spaces(&self, length: Option<u8>, most: usize) -> Answer<Vec<Space>> {
        let mut by_space: BTreeMap<(Option<String>, String), Vec<&Subnet>> = BTreeMap::new();
        for vpc in self.inventory.all(Kind::Vpc)?.iter().filter_map(Vpc::of) {
            by_space.entry((Some(vpc.meta.name.clone()), String::new())).or_default();
        }
        for subnet in self.inventory.stored_subnets() {
            by_space.entry((subnet.vpc.clone(), subnet.vlan.clone())).or_default().push(subnet);
        }
        by_space.into_iter().map(|((vpc, vlan), subnets)| self.space(vpc, vlan, &subnets, length, most)).collect()
    }

    fn space(
        &self,
        vpc: Option<String>,
        vlan: String,
        subnets: &[&Subnet],
        length: Option<u8>,
        most: usize,
    ) -> Answer<Space> {
        let mut rows: Vec<_> = subnets.iter().flat_map(|subnet| self.rows(subnet)).collect();
        rows.sort_by(|(a, row), (b, other)| (a, &row.subnet).cmp(&(b, &other.subnet)));
        let free = match &vpc {
            // What is free on a VLAN is known elsewhere.
            Some(vpc) if vlan.is_empty() => {
                let ranges: BTreeSet<_> = rows.iter().filter_map(|(prefix, _)| private_range(*prefix)).collect();
                self.free(vpc, &ranges, length, most)?
            }
            _ => Vec::new(),
        };
        Ok(Space { vpc, vlan, subnets: rows.into_iter().map(|(_, row)| row).collect(), free })
    }

    pub(crate) fn rows(&self, subnet: &Subnet) -> Vec<(IpNet, Row)> {
        let row = |cidr: &Cidr| {
            let (first, last) = spans::usable(cidr);
            let gateway = subnet.gateways.iter().copied().find(|gateway| cidr.contains(*gateway));
            let said = |field: &str| {
                let family = if cidr.family() == Family::V4 { "v4" } else { "v6" };
                number(self.status.get(&subnet.meta.name)?.get(format!("{family}{field}"))?)
            };
            let row = Row {
                subnet: subnet.meta.name.clone(),
                cidr: cidr.to_string(),
                gateway,
                addresses: (last - first).saturating_add(1),
                excluded: spans::count(&kept_back(subnet, cidr)),
                used: said("usingIPs"),
                available: said("availableIPs"),
            };
            (cidr.network(), row)
        };
        subnet.distinct_cidrs().map(row).collect()
    }

    fn free(&self, vpc: &str, ranges: &BTreeSet<IpNet>, length: Option<u8>, most: usize) -> Answer<Vec<Free>> {
        let mut space = self.inventory.free_space(&Shard { vpc: vpc.to_owned(), vlan: String::new() });
        for prefix in reserved(vpc, &self.inventory, &self.settings.kube_ovn)? {
            space.take(prefix);
        }
        let of_range = |range: &IpNet| {
            let (prefixes, all): (Vec<IpNet>, u128) = match length {
                Some(length) if !(range.prefix_len()..=range.max_prefix_len()).contains(&length) => return None,
                Some(length) => {
                    let (prefixes, all) = space.of_length(*range, length);
                    (prefixes.take(most).collect(), all)
                }
                None => {
                    let mut prefixes: Vec<_> = space.prefixes(*range).collect();
                    let all = prefixes.len() as u128;
                    prefixes.truncate(most);
                    (prefixes, all)
                }
            };
            let more = all - prefixes.len() as u128;
            let prefixes = prefixes.iter().map(ToString::to_string).collect();
            Some(Free { range: range.to_string(), prefix_len: length, prefixes, more })
        };
        Ok(ranges.iter().filter_map(of_range).collect())
    }
}

/// What of a Subnet is not a prefix. A rule says what is wrong with it.
fn unread(subnet: &Subnet) -> Option<String> {
    let parts: Vec<_> = subnet.written_prefixes().map(str::trim).filter(|part| !part.is_empty()).collect();
    let wrong: Vec<String> = parts.iter().filter(|part| Cidr::parse(part).is_err()).map(|part| quoted(part)).collect();
    let name = quoted(&subnet.meta.name);
    match (parts.as_slice(), listed(&wrong)) {
        ([], _) => Some(format!("Subnet {name} is left out: it has no spec.cidrBlock")),
        (_, Some(listed)) => {
            let rest = if wrong.len() == 1 {
                "is left out: it is not a prefix"
            } else {
                "are left out: they are not prefixes"
            };
            Some(format!("Subnet {name}: {listed} of spec.cidrBlock {rest}"))
        }
        _ => None,
    }
}

/// The addresses of a prefix that are kept back: the gateway, and what is excluded.
pub(crate) fn kept_back(subnet: &Subnet, cidr: &Cidr) -> Vec<Span> {
    let written = subnet.exclude_ips.iter().filter_map(|range| range_of(range.trim()));
    let gateways = subnet.gateways.iter().map(|gateway| (*gateway, *gateway));
    spans_of(written.chain(gateways), cidr)
}

/// What ranges have of a prefix.
pub(crate) fn spans_of(ranges: impl Iterator<Item = (IpAddr, IpAddr)>, cidr: &Cidr) -> Vec<Span> {
    let of_family = ranges.filter(|(from, to)| [from, to].into_iter().all(|end| Family::of(*end) == cidr.family()));
    spans::joined(of_family.map(|(from, to)| (spans::bits(from), spans::bits(to))).collect(), spans::usable(cidr))
}

/// A number as Kube-OVN writes it: more than 64 bits have room for is a float, or a text.
fn number(value: &Value) -> Option<u128> {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(number) => Some(number.into()),
            None => format!("{:.0}", number.as_f64()?).parse().ok(),
        },
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subnet(name: &str, spec: Value) -> Value {
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name}, "spec": spec})
    }

    fn spaces(objects: &[Value], length: Option<u8>, most: usize) -> Vec<Space> {
        let mut capacity = Capacity::new(&Settings::default());
        for object in objects {
            capacity.add(object);
        }
        capacity.spaces(length, most).unwrap()
    }

    fn free(space: &Space) -> Vec<String> {
        let said = |free: &Free| format!("{}: {} +{}", free.range, free.prefixes.join(" "), free.more);
        space.free.iter().map(said).collect()
    }

    #[test]
    fn what_a_subnet_has_is_counted_as_kube_ovn_counts_it() {
        let mut dual = subnet(
            "a",
            json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00:1::/64", "gateway": "10.0.1.9",
                   "excludeIps": ["10.0.1.0..10.0.1.10", "10.0.1.5", "10.0.1.250..10.0.2.9", "fd00:1::2", "nonsense"]}),
        );
        dual["status"] = json!({"v4usingIPs": 3, "v4availableIPs": 235.0, "v6usingIPs": "4",
                                "v6availableIPs": 18_446_744_073_709_551_610.0});
        let pair = subnet("b", json!({"vpc": "v", "cidrBlock": "10.0.0.2/31"}));
        let [space] = spaces(&[dual, pair], None, 1).try_into().unwrap();
        let rows: Vec<_> = space
            .subnets
            .iter()
            .map(|row| {
                let Row { subnet, cidr, gateway, addresses, excluded, used, available } = row;
                let gateway = gateway.unwrap();
                format!("{subnet} {cidr} {gateway} {addresses} {excluded} {used:?} {available:?}")
            })
            .collect();
        assert_eq!(
            rows,
            [
                "b 10.0.0.2/31 10.0.0.3 2 1 None None",
                "a 10.0.1.0/24 10.0.1.9 254 15 Some(3) Some(235)",
                "a fd00:1::/64 fd00:1::1 18446744073709551614 2 Some(4) Some(18446744073709551616)",
            ]
        );
    }

    #[test]
    fn what_is_no_prefix_is_named() {
        let mut capacity = Capacity::new(&Settings::default());
        let objects = [
            subnet("b", json!({"cidrBlock": "10.0.0.0/33, fd00::/64,x"})),
            subnet("a", json!({})),
            subnet("c", json!({"cidrBlock": " 10.1.0.0/16 ,fd00:1::/64"})),
            subnet("d", json!({"cidrBlock": 5})),
        ];
        for object in &objects {
            capacity.add(object);
        }
        assert_eq!(
            capacity.unread(),
            [
                r#"Subnet "a" is left out: it has no spec.cidrBlock"#,
                r#"Subnet "b": "10.0.0.0/33" and "x" of spec.cidrBlock are left out: they are not prefixes"#,
                r#"Subnet "d" is left out: it has no spec.cidrBlock"#,
            ]
        );
    }

    #[test]
    fn what_is_left_is_said_of_the_private_ranges_that_are_in_use() {
        let objects = [
            subnet("a", json!({"vpc": "v", "cidrBlock": "10.0.0.0/9,fd00:1:0:1::/64"})),
            subnet("b", json!({"vpc": "v", "cidrBlock": "192.168.0.0/17"})),
            subnet("c", json!({"vpc": "v", "cidrBlock": "8.8.8.0/24"})),
        ];
        let [space] = spaces(&objects, None, 2).try_into().unwrap();
        assert_eq!(
            free(&space),
            [
                "10.0.0.0/8: 10.128.0.0/9 +0",
                "192.168.0.0/16: 192.168.128.0/17 +0",
                "fd00:1::/48: fd00:1::/64 fd00:1:0:2::/63 +14"
            ]
        );
        let [space] = spaces(&objects, Some(18), 1).try_into().unwrap();
        assert_eq!(free(&space), ["10.0.0.0/8: 10.128.0.0/18 +511", "192.168.0.0/16: 192.168.128.0/18 +1"]);
        let [space] = spaces(&objects, Some(64), 1).try_into().unwrap();
        assert_eq!(free(&space), ["fd00:1::/48: fd00:1::/64 +65534"]);
    }

    #[test]
    fn the_default_vpc_has_no_ranges_of_the_cluster_to_give() {
        let services = json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "s"},
                              "spec": {"cidrs": ["10.128.0.0/9"]}});
        let objects = [subnet("a", json!({"cidrBlock": "10.0.0.0/10"})), services];
        let [space] = spaces(&objects, None, 9).try_into().unwrap();
        assert_eq!(
            (space.vpc.as_deref(), free(&space)),
            (Some("ovn-cluster"), vec!["10.0.0.0/8: 10.64.0.0/10 +0".to_owned()])
        );
    }

    #[test]
    fn each_address_space_stands_for_itself() {
        let objects = [
            json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "empty"}}),
            subnet("a", json!({"vpc": "v", "cidrBlock": "10.0.0.0/16"})),
            subnet("b", json!({"vpc": "v", "vlan": "x", "cidrBlock": "10.0.0.0/16"})),
            subnet("c", json!({"provider": "net.ns", "cidrBlock": "10.0.0.0/16"})),
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}),
        ];
        let spaces = spaces(&objects, None, 1);
        let said: Vec<_> = spaces
            .iter()
            .map(|space| (space.vpc.as_deref(), space.vlan.as_str(), space.subnets.len(), space.free.len()))
            .collect();
        assert_eq!(said, [(None, "", 1, 0), (Some("empty"), "", 0, 0), (Some("v"), "", 1, 1), (Some("v"), "x", 1, 0)]);
    }
}
