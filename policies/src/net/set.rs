//! Which of many prefixes hold an address, without walking all of them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::Family;
use crate::gather::sort_and_dedup;

/// Prefixes, each once.
///
/// Those that hold an address are the address itself, cut to each of the lengths that occur: at most 33 or 129 of them, each
/// of which is looked up in a sorted list.
#[derive(Clone, Debug, Default)]
pub struct PrefixSet {
    sorted: Vec<IpNet>,
    lengths: BTreeSet<(Family, u8)>,
}

impl PrefixSet {
    /// Sorts them.
    pub fn of(prefixes: impl IntoIterator<Item = IpNet>) -> Self {
        let mut sorted: Vec<IpNet> = prefixes.into_iter().map(|prefix| prefix.trunc()).collect();
        sort_and_dedup(&mut sorted);
        let mut lengths = BTreeSet::new();
        lengths.extend(sorted.iter().map(|prefix| (Family::of(prefix.addr()), prefix.prefix_len())));
        Self { sorted, lengths }
    }

    /// Those that hold an address, the widest first.
    pub fn holding(&self, address: IpAddr) -> impl Iterator<Item = IpNet> + '_ {
        self.above(IpNet::from(address), u8::MAX)
    }

    /// Whether one of them holds an address.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.holding(address).next().is_some()
    }

    /// Those that have an address in common with a prefix, the widest first.
    pub fn overlapping(&self, prefix: IpNet) -> impl Iterator<Item = IpNet> + '_ {
        let prefix = prefix.trunc();
        // Whatever lies in a prefix stands behind it, before all that lies elsewhere.
        let first = self.sorted.partition_point(|other| *other < prefix);
        let within = self.sorted.iter().skip(first).copied().take_while(move |other| prefix.contains(other));
        self.above(prefix, prefix.prefix_len()).chain(within)
    }

    /// Those that are shorter than this and hold a prefix.
    fn above(&self, prefix: IpNet, shorter: u8) -> impl Iterator<Item = IpNet> + '_ {
        let family = Family::of(prefix.addr());
        let lengths = self.lengths.range((family, 0)..(family, shorter));
        let cut = move |(_, length): &(_, u8)| IpNet::new(prefix.addr(), *length).ok().map(|cut| cut.trunc());
        lengths.filter_map(cut).filter(|cut| self.sorted.binary_search(cut).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::overlap;

    /// Prefixes close enough to each other that many overlap, of both families.
    fn prefix() -> impl Strategy<Value = IpNet> {
        let prefix = |first: IpAddr, length| IpNet::new(first, length).unwrap();
        let v4 = (0u8..64, 24u8..=32).prop_map(move |(host, length)| prefix([10, 0, 0, host * 4].into(), length));
        let v6 = (0u16..64, 120u8..=128)
            .prop_map(move |(host, length)| prefix([0xfd00, 0, 0, 0, 0, 0, 0, host * 4].into(), length));
        prop_oneof![v4, v6, Just("0.0.0.0/0".parse().unwrap()), Just("::/0".parse().unwrap())]
    }

    proptest! {
        #[test]
        fn agrees_with_a_naive_search(held in prop::collection::vec(prefix(), 0..40), query in prefix()) {
            let set = PrefixSet::of(held.clone());
            let naive = |is_wanted: &dyn Fn(&IpNet) -> bool| {
                let mut wanted: Vec<_> = held.iter().map(IpNet::trunc).filter(|held| is_wanted(held)).collect();
                wanted.sort();
                wanted.dedup();
                wanted
            };
            let sorted = |found: Vec<IpNet>| {
                let mut found = found;
                found.sort();
                found
            };
            let address = query.addr();
            prop_assert_eq!(sorted(set.overlapping(query).collect()), naive(&|held| overlap(held, &query)));
            prop_assert_eq!(sorted(set.holding(address).collect()), naive(&|held| held.contains(&address)));
            prop_assert_eq!(set.holds(address), held.iter().any(|held| held.contains(&address)));
        }
    }

    /// However many there are, and however often each of them.
    #[test]
    fn an_address_has_as_many_as_there_are_lengths() {
        let address = IpAddr::from([10, 0, 0, 5]);
        let around = (0..=32).map(|length| IpNet::new(address, length).unwrap());
        let elsewhere = (0..10_000u32).map(|at| IpNet::from(IpAddr::from((at + (11 << 24)).to_be_bytes())));
        let set = PrefixSet::of(around.chain(elsewhere).cycle().take(100_000));
        assert_eq!(set.holding(address).count(), 33);
        assert_eq!(set.overlapping(address.into()).count(), 33);
        // Of the others it is itself, and the eight that 10 and 11 have in common.
        assert_eq!(set.holding([11, 0, 0, 5].into()).count(), 9);
    }
}
