//! What is held of an address space, as an object `AddressIndex` keeps it: of a VPC a Subnet a line, `name prefix,prefix`, of a
//! Subnet an address a line, `address Kind/name,Kind/namespace/name`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::inventory::Inventory;
use crate::inventory::table::Stage;
use crate::inventory::view::holder;
use crate::kinds::{CLAIM_ADDRESSES, Holder, Shard, is_name};
use crate::net::overlap;

/// The version of this format.
pub const FORMAT: i32 = 1;

/// What the Subnets of one VPC and VLAN hold, by their names.
pub type Holdings = BTreeMap<String, Vec<IpNet>>;

/// Who asks for an address of one Subnet, or is reported to have it.
pub type Claimants = BTreeMap<IpAddr, BTreeSet<Holder>>;

impl Inventory {
    /// What all Subnets hold, those that are being deleted too, by VPC and VLAN.
    pub fn holdings(&self) -> BTreeMap<Shard, Holdings> {
        let mut all: BTreeMap<Shard, Holdings> = BTreeMap::new();
        for subnet in self.stored_subnets() {
            if let Some(shard) = subnet.shard().filter(|_| !subnet.cidrs.is_empty()) {
                let mut prefixes: Vec<_> = subnet.cidrs.iter().map(crate::net::Cidr::network).collect();
                prefixes.sort_unstable();
                prefixes.dedup();
                all.entry(shard).or_default().insert(subnet.meta.name.clone(), prefixes);
            }
        }
        all
    }
}

impl Inventory {
    /// Who has which address, by Subnet: those that draw from its pool, also those that are being deleted.
    pub fn claimants(&self) -> BTreeMap<String, Claimants> {
        let mut all: BTreeMap<String, Claimants> = BTreeMap::new();
        for kind in CLAIM_ADDRESSES {
            for object in self.all_of(*kind, Stage::Stored) {
                for claimed in object.claimed().iter().filter(|claimed| is_name(claimed.subnet)) {
                    let of_subnet = all.entry(claimed.subnet.to_owned()).or_default();
                    of_subnet.entry(claimed.first).or_default().insert(holder(*kind, object));
                }
            }
        }
        all
    }
}

/// A line an address.
pub fn to_address_lines(claimants: &Claimants) -> Vec<String> {
    let line = |(address, holders): (&IpAddr, &BTreeSet<Holder>)| {
        let holders: Vec<_> = holders.iter().map(Holder::to_text).collect();
        format!("{address} {}", holders.join(","))
    };
    claimants.iter().map(line).collect()
}

/// Reads such lines back; none if one of them makes no sense, or names a kind that is not known.
pub fn from_address_lines<'l>(lines: impl IntoIterator<Item = &'l str>) -> Option<Claimants> {
    let read = |line: &'l str| -> Option<(IpAddr, BTreeSet<Holder>)> {
        let (address, holders) = line.split_once(' ')?;
        let holders = holders.split(',').map(Holder::of_text).collect::<Option<_>>()?;
        Some((address.parse().ok()?, holders))
    };
    lines.into_iter().map(read).collect()
}

/// A line a Subnet.
pub fn to_lines(holdings: &Holdings) -> Vec<String> {
    let line = |(name, prefixes): (&String, &Vec<IpNet>)| {
        let prefixes: Vec<_> = prefixes.iter().map(ToString::to_string).collect();
        format!("{name} {}", prefixes.join(","))
    };
    holdings.iter().map(line).collect()
}

/// Reads lines back; none if one of them makes no sense, for half an index is not an index.
pub fn from_lines<'l>(lines: impl IntoIterator<Item = &'l str>) -> Option<Holdings> {
    let read = |line: &str| {
        let (name, prefixes) = line.split_once(' ')?;
        let prefixes: Vec<IpNet> = prefixes.split(',').map(|prefix| prefix.parse().ok()).collect::<Option<_>>()?;
        Some((name.to_owned(), prefixes))
    };
    let mut holdings = Holdings::new();
    for line in lines {
        let (name, prefixes) = read(line)?;
        holdings.insert(name, prefixes);
    }
    Some(holdings)
}

/// The pairs of names that hold an address in common, each once, at most so many.
pub fn overlaps(holdings: &Holdings, most: usize) -> Vec<(&str, &str)> {
    // In the order of their first addresses, whatever overlaps a prefix follows it before the prefix ends.
    let mut all: Vec<_> =
        holdings.iter().flat_map(|(name, held)| held.iter().map(move |held| (*held, name.as_str()))).collect();
    all.sort_unstable();
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (at, (prefix, name)) in all.iter().enumerate() {
        for (_, other) in all.iter().skip(at + 1).take_while(|(later, _)| overlap(prefix, later)) {
            let pair = if name < other { (*name, *other) } else { (*other, *name) };
            if name != other && !pairs.contains(&pair) {
                if pairs.len() >= most {
                    return pairs;
                }
                pairs.push(pair);
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::Kind;

    fn inventory(subnets: &[(&str, &str, &str)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (name, vpc, cidrs) in subnets {
            inventory
                .apply(Kind::Subnet, &json!({"metadata": {"name": name}, "spec": {"vpc": vpc, "cidrBlock": cidrs}}));
        }
        inventory
    }

    fn of(vpc: &str) -> Shard {
        Shard { vpc: vpc.to_owned(), vlan: String::new() }
    }

    #[test]
    fn lines_are_read_as_they_were_written() {
        let all = inventory(&[
            ("a", "v", "fd00::1/64,10.0.0.9/24"),
            ("b", "v", "10.0.1.0/24"),
            ("c", "w", "10.0.0.0/8"),
            ("d", "v", "x"),
        ])
        .holdings();
        assert_eq!(all.len(), 2);
        let lines = to_lines(&all[&of("v")]);
        assert_eq!(lines, ["a 10.0.0.0/24,fd00::/64", "b 10.0.1.0/24"]);
        assert_eq!(from_lines(lines.iter().map(String::as_str)).as_ref(), Some(&all[&of("v")]));
        assert_eq!(from_lines(["a 10.0.0.0/24", "b"]), None);
        assert_eq!(from_lines(["a x"]), None);
    }

    #[test]
    fn who_has_an_address_is_read_as_it_was_written() {
        let mut inventory = Inventory::default();
        let eip = json!({"metadata": {"name": "web"}, "spec": {"externalSubnet": "s", "v4ip": "10.0.0.5"},
                         "status": {"ip": "10.0.0.5"}});
        inventory.apply(Kind::IptablesEip, &eip);
        let vip = json!({"metadata": {"name": "v"}, "spec": {"subnet": "s", "v4ip": "10.0.0.5", "v6ip": "FD00::5"}});
        inventory.apply(Kind::Vip, &vip);
        let gateway = json!({"metadata": {"name": "g", "namespace": "ns"}, "spec": {
            "vpc": "v", "internalSubnet": "s", "internalIPs": ["10.0.0.6"], "externalSubnet": "t", "externalIPs": ["192.0.2.5"]}});
        inventory.apply(Kind::VpcEgressGateway, &gateway);
        inventory
            .apply(Kind::IpPool, &json!({"metadata": {"name": "p"}, "spec": {"subnet": "s", "ips": ["10.0.0.7"]}}));
        inventory
            .apply(Kind::Vip, &json!({"metadata": {"name": "w"}, "spec": {"subnet": "no name", "v4ip": "10.0.0.5"}}));
        let all = inventory.claimants();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["s", "t"]);
        let lines = to_address_lines(&all["s"]);
        assert_eq!(lines, ["10.0.0.5 IptablesEIP/web,Vip/v", "10.0.0.6 VpcEgressGateway/ns/g", "fd00::5 Vip/v"]);
        assert_eq!(from_address_lines(lines.iter().map(String::as_str)).as_ref(), Some(&all["s"]));
        for line in ["10.0.0.5", "x Vip/v", "10.0.0.5 Nobody/v", "10.0.0.5 Vip/v,"] {
            assert_eq!(from_address_lines([line]), None, "{line}");
        }
    }

    #[test]
    fn each_overlapping_pair_is_found_once() {
        let all = inventory(&[
            ("a", "v", "10.0.0.0/8,fd00::/64"),
            ("b", "v", "10.1.0.0/16,fd00::/96"),
            ("c", "v", "10.1.2.0/24"),
            ("d", "v", "11.0.0.0/8"),
            ("e", "w", "10.0.0.0/8"),
        ])
        .holdings();
        assert_eq!(overlaps(&all[&of("v")], 100), [("a", "b"), ("a", "c"), ("b", "c")]);
        assert_eq!(overlaps(&all[&of("v")], 2).len(), 2);
        assert!(overlaps(&all[&of("w")], 100).is_empty());
    }
}
