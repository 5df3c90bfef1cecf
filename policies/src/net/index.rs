//! Which prefixes overlap a given one, without walking all of them.

use std::net::Ipv4Addr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;

/// Prefixes, each held by one owner or more, in a trie an address family.
///
/// Two prefixes overlap exactly if one contains the other, so what overlaps a prefix are its ancestors and descendants in
/// the trie: a query costs the length of the prefix and the number of answers, however many prefixes there are.
#[derive(Clone, Debug, Default)]
pub struct PrefixIndex {
    v4: Trie,
    v6: Trie,
}

/// Prefixes of one family. IPv4 ones stand in theirs as IPv6 maps them, so that there is one trie to be compiled.
type Trie = PrefixMap<Ipv6Net, Owners>;

/// The owners of a prefix, sorted. Most often it is one.
type Owners = Vec<Arc<str>>;

impl PrefixIndex {
    /// Adds a prefix of an owner. Twice is once.
    pub fn insert(&mut self, prefix: IpNet, owner: &Arc<str>) {
        let (trie, key) = self.trie_mut(prefix);
        let owners = trie.entry(key).or_default();
        if let Err(at) = owners.binary_search(owner) {
            owners.insert(at, Arc::clone(owner));
        }
    }

    /// Takes a prefix of an owner away again.
    pub fn remove(&mut self, prefix: IpNet, owner: &str) {
        let (trie, key) = self.trie_mut(prefix);
        let Some(owners) = trie.get_mut(&key) else { return };
        if let Ok(at) = owners.binary_search_by(|other| (**other).cmp(owner)) {
            owners.remove(at);
        }
        if owners.is_empty() {
            trie.remove(&key);
        }
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// The prefixes that have an address in common with `prefix`, each with an owner, in no particular order.
    pub fn overlapping(&self, prefix: IpNet) -> Vec<(IpNet, &str)> {
        let (trie, key) = (if is_v4(&prefix) { &self.v4 } else { &self.v6 }, key(prefix));
        let (above, below) = (trie.cover(&key).filter(|(above, _)| *above != key), trie.children(&key));
        let found = above.chain(below);
        found.flat_map(|(key, owners)| owners.iter().map(move |owner| (original(&prefix, key), &**owner))).collect()
    }

    fn trie_mut(&mut self, prefix: IpNet) -> (&mut Trie, Ipv6Net) {
        (if is_v4(&prefix) { &mut self.v4 } else { &mut self.v6 }, key(prefix))
    }
}

/// How many bits stand before an IPv4 address that is mapped: those of `::ffff:0:0/96`.
pub(super) const MAPPED: u8 = 96;

fn is_v4(prefix: &IpNet) -> bool {
    matches!(prefix, IpNet::V4(_))
}

/// A prefix among those of IPv6, an IPv4 one as IPv6 maps it.
pub(super) fn key(prefix: IpNet) -> Ipv6Net {
    match prefix {
        IpNet::V4(prefix) => mapped(prefix),
        IpNet::V6(prefix) => prefix.trunc(),
    }
}

/// A prefix that is a [`key`] as it is, in the family of another.
pub(super) fn original(like: &IpNet, key: Ipv6Net) -> IpNet {
    if is_v4(like) { unmapped(key) } else { IpNet::V6(key) }
}

fn mapped(prefix: Ipv4Net) -> Ipv6Net {
    let prefix = prefix.trunc();
    // No longer than 128 bits, so this cannot fail.
    Ipv6Net::new(prefix.addr().to_ipv6_mapped(), MAPPED + prefix.prefix_len()).unwrap_or_default()
}

fn unmapped(prefix: Ipv6Net) -> IpNet {
    let address = prefix.addr().to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED);
    let length = prefix.prefix_len().saturating_sub(MAPPED);
    IpNet::V4(Ipv4Net::new(address, length).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
                index.insert(*prefix, &owner.to_string().into());
            }
            let mut left: BTreeSet<_> = held.iter().map(|(prefix, owner)| (*prefix, owner.to_string())).collect();
            for ((prefix, owner), _) in held.iter().zip(removed).filter(|(_, removed)| *removed) {
                index.remove(*prefix, &owner.to_string());
                left.remove(&(*prefix, owner.to_string()));
            }
            let wanted: Vec<_> = left.into_iter().filter(|(held, _)| overlap(held, &query)).collect();
            let mut got: Vec<_> = index.overlapping(query).into_iter().map(|(p, o)| (p, o.to_owned())).collect();
            got.sort();
            prop_assert_eq!(got, wanted);
        }
    }

    #[test]
    fn an_owner_holds_a_prefix_once_and_all_is_empty_when_it_is_gone() {
        let mut index = PrefixIndex::default();
        let prefix = "10.0.0.0/8".parse().unwrap();
        for _ in 0..3 {
            index.insert(prefix, &"a".into());
        }
        index.insert(prefix, &"b".into());
        assert_eq!(index.overlapping(prefix), [(prefix, "a"), (prefix, "b")]);
        index.remove(prefix, "a");
        assert!(!index.is_empty());
        index.remove(prefix, "a");
        index.remove(prefix, "b");
        assert!(index.is_empty());
    }
}
