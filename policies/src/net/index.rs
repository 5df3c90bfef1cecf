//! Which prefixes overlap a given one, without walking all of them.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;

/// Prefixes, each held by one owner or more, in a trie an address family.
///
/// Two prefixes overlap exactly if one contains the other, so what overlaps a prefix are its ancestors and descendants in
/// the trie: a query costs the length of the prefix and the number of answers, however many prefixes there are.
#[derive(Clone, Debug, Default)]
pub struct PrefixIndex {
    v4: PrefixMap<Ipv4Net, Owners>,
    v6: PrefixMap<Ipv6Net, Owners>,
}

/// The owners of a prefix, and how often each holds it: a Subnet may list one prefix twice.
type Owners = BTreeMap<String, usize>;

impl PrefixIndex {
    /// Adds a prefix of an owner.
    pub fn insert(&mut self, prefix: IpNet, owner: &str) {
        let owners = match prefix {
            IpNet::V4(prefix) => self.v4.entry(prefix.trunc()).or_default(),
            IpNet::V6(prefix) => self.v6.entry(prefix.trunc()).or_default(),
        };
        *owners.entry(owner.to_owned()).or_default() += 1;
    }

    /// Takes a prefix of an owner away again.
    pub fn remove(&mut self, prefix: IpNet, owner: &str) {
        let emptied = |owners: &mut Owners| {
            if let Some(held) = owners.get_mut(owner) {
                *held -= 1;
                if *held == 0 {
                    owners.remove(owner);
                }
            }
            owners.is_empty()
        };
        match prefix {
            IpNet::V4(prefix) => {
                let prefix = prefix.trunc();
                if self.v4.get_mut(&prefix).is_some_and(emptied) {
                    self.v4.remove(&prefix);
                }
            }
            IpNet::V6(prefix) => {
                let prefix = prefix.trunc();
                if self.v6.get_mut(&prefix).is_some_and(emptied) {
                    self.v6.remove(&prefix);
                }
            }
        }
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// The prefixes that have an address in common with `prefix`, each with an owner, in no particular order.
    pub fn overlapping(&self, prefix: IpNet) -> Vec<(IpNet, &str)> {
        match prefix {
            IpNet::V4(prefix) => {
                let prefix = prefix.trunc();
                let (above, below) = (self.v4.cover(&prefix), self.v4.children(&prefix));
                with_owners(above.filter(|(p, _)| *p != prefix).chain(below).map(|(p, owners)| (p.into(), owners)))
            }
            IpNet::V6(prefix) => {
                let prefix = prefix.trunc();
                let (above, below) = (self.v6.cover(&prefix), self.v6.children(&prefix));
                with_owners(above.filter(|(p, _)| *p != prefix).chain(below).map(|(p, owners)| (p.into(), owners)))
            }
        }
    }
}

fn with_owners<'a>(found: impl Iterator<Item = (IpNet, &'a Owners)>) -> Vec<(IpNet, &'a str)> {
    found.flat_map(|(prefix, owners)| owners.keys().map(move |owner| (prefix, owner.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::overlap;

    /// Prefixes close enough to each other that many overlap, of both families.
    fn prefix() -> impl Strategy<Value = IpNet> {
        let v4 = (0u32..64, 24u8..=32)
            .prop_map(|(host, len)| IpNet::V4(Ipv4Net::new_assert((0x0a00_0000 + host * 8).into(), len).trunc()));
        let v6 = (0u128..64, 120u8..=128).prop_map(|(host, len)| {
            IpNet::V6(Ipv6Net::new_assert(((0xfd_u128 << 120) + host * 8).into(), len).trunc())
        });
        prop_oneof![v4, v6, Just("0.0.0.0/0".parse().unwrap()), Just("::/0".parse().unwrap())]
    }

    proptest! {
        #[test]
        fn agrees_with_a_naive_search(
            held in prop::collection::vec((prefix(), 0usize..8), 0..40),
            removed in prop::collection::vec(any::<bool>(), 40),
            query in prefix(),
        ) {
            let mut index = PrefixIndex::default();
            for (prefix, owner) in &held {
                index.insert(*prefix, &owner.to_string());
            }
            let mut left = Vec::new();
            for ((prefix, owner), removed) in held.iter().zip(removed) {
                if removed {
                    index.remove(*prefix, &owner.to_string());
                } else {
                    left.push((*prefix, owner.to_string()));
                }
            }
            let mut wanted: Vec<_> = left.into_iter().filter(|(held, _)| overlap(held, &query)).collect();
            wanted.sort();
            wanted.dedup();
            let mut got: Vec<_> = index.overlapping(query).into_iter().map(|(p, o)| (p, o.to_owned())).collect();
            got.sort();
            prop_assert_eq!(got, wanted);
        }
    }

    #[test]
    fn is_empty_again_when_all_is_removed() {
        let mut index = PrefixIndex::default();
        let prefix = "10.0.0.0/8".parse().unwrap();
        index.insert(prefix, "a");
        index.insert(prefix, "a");
        index.remove(prefix, "a");
        assert!(!index.is_empty());
        index.remove(prefix, "a");
        assert!(index.is_empty());
    }
}
