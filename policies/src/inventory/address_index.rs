//! The prefixes of an address space as an object `AddressIndex` keeps them: a Subnet a line, `name prefix,prefix`.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::inventory::Inventory;
use crate::kinds::Shard;
use crate::net::overlap;

/// The version of this format.
pub const FORMAT: i32 = 1;

/// What the Subnets of one VPC and VLAN hold, by their names.
pub type Holdings = BTreeMap<String, Vec<IpNet>>;

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

/// A line an entry.
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
