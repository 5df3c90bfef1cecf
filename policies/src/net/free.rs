//! What is free of the private ranges, and which of it lies nearest to a prefix.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net, Ipv6Subnets};

use super::PrefixSet;
use super::index::{MAPPED, key, original};
use crate::gather::sort_and_dedup;

/// The ranges that anybody may use within networks of their own, IPv4 ones as IPv6 maps them: RFC 1918, RFC 6598, RFC 4193.
const PRIVATE: [(u128, u8); 5] = [
    (0xffff_0a00_0000, MAPPED + 8),
    (0xffff_6440_0000, MAPPED + 10),
    (0xffff_ac10_0000, MAPPED + 12),
    (0xffff_c0a8_0000, MAPPED + 16),
    (0xfc << 120, 7),
];

/// How long the prefix of a site is within `fc00::/7`.
const SITE: u8 = 48;

/// The private range that holds a prefix, and in which others are looked for in its place: one of RFC 1918 or RFC 6598; of
/// `fc00::/7` the /48 of the site, where the prefix is longer. None for a public prefix: what is free there is not ours to
/// give.
pub fn private_range(prefix: IpNet) -> Option<IpNet> {
    let wanted = key(prefix);
    let mut ranges = PRIVATE.iter().filter_map(|(first, length)| Ipv6Net::new((*first).into(), *length).ok());
    let range = ranges.find(|range| range.contains(&wanted))?;
    let is_in_site = matches!(prefix, IpNet::V6(_)) && prefix.prefix_len() > SITE;
    let site = Ipv6Net::new(wanted.addr(), SITE).ok().filter(|_| is_in_site);
    Some(original(&prefix, site.unwrap_or(range).trunc()))
}

/// The private ranges without what is taken of them.
///
/// Gaps between what is taken stand in sorted lists, one for each length of the widest prefix that fits in. Those that a prefix
/// fits in are so many lists, and of each only what stands nearest counts: an answer costs a search in at most 129 lists,
/// however many prefixes are taken.
#[derive(Clone, Debug)]
pub struct FreeSpace {
    by_length: Vec<Vec<Gap>>,
}

/// Addresses from the first to the last. All lie in private ranges, so that there is always one before and one behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    first: u128,
    last: u128,
}

impl Default for FreeSpace {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl FreeSpace {
    /// What is left where these prefixes are taken.
    pub fn of(mut taken: Vec<IpNet>) -> Self {
        sort_and_dedup(&mut taken);
        let mut space = Self { by_length: vec![Vec::new(); 129] };
        for (first, length) in PRIVATE {
            let (mut first, last) = (first, first | hosts(length));
            for taken in taken.iter().map(|prefix| Gap::of(*prefix)) {
                if taken.first <= last && taken.last >= first {
                    if taken.first > first {
                        space.add(Gap { first, last: taken.first - 1 });
                    }
                    first = taken.last.saturating_add(1);
                }
            }
            if first <= last {
                space.add(Gap { first, last });
            }
        }
        space
    }

    /// Takes a prefix, whether or not all of it was free.
    pub fn take(&mut self, prefix: IpNet) {
        let taken = Gap::of(prefix);
        let mut cut = Vec::new();
        for gaps in &mut self.by_length {
            let from = gaps.partition_point(|gap| gap.last < taken.first);
            let to = gaps.partition_point(|gap| gap.first <= taken.last);
            cut.extend(gaps.drain(from..to));
        }
        for gap in cut {
            if gap.first < taken.first {
                self.add(Gap { first: gap.first, last: taken.first - 1 });
            }
            if gap.last > taken.last {
                self.add(Gap { first: taken.last + 1, last: gap.last });
            }
        }
    }

    /// The free prefixes as long as this one that lie nearest to it in its private range, the nearest first; of two that are as
    /// near, the higher. None overlaps what is to be avoided.
    pub fn nearest(&self, wanted: IpNet, avoid: &PrefixSet, most: usize) -> Vec<IpNet> {
        let Some(range) = private_range(wanted) else { return Vec::new() };
        let (length, first) = (key(wanted).prefix_len(), Gap::of(wanted).first);
        let search = Search { space: self, avoid, like: wanted, length, range: Gap::of(range) };
        let size = hosts(length) + 1;
        let mut above = search.above(first);
        let mut below = search.below(first - size);
        let mut found = Vec::new();
        while found.len() < most {
            let is_above = match (above, below) {
                (Some(above), Some(below)) => above - first <= first - below,
                (above, below) if above.or(below).is_some() => above.is_some(),
                _ => break,
            };
            let next = if is_above { above } else { below };
            found.extend(next.map(|next| search.prefix(next)));
            if is_above {
                above = next.and_then(|next| search.above(next + size));
            } else {
                below = next.and_then(|next| search.below(next - size));
            }
        }
        found
    }

    /// What is free of a range, in the fewest prefixes, in their order.
    pub fn prefixes(&self, range: IpNet) -> impl Iterator<Item = IpNet> + use<> {
        let subnets = |gap: Gap| Ipv6Subnets::new(gap.first.into(), gap.last.into(), 0);
        self.gaps(range).into_iter().flat_map(subnets).map(move |prefix| original(&range, prefix))
    }

    /// The free prefixes of a length in a range, in their order, and how many there are.
    pub fn of_length(&self, range: IpNet, length: u8) -> (impl Iterator<Item = IpNet> + use<>, u128) {
        let length = key(range).prefix_len() - range.prefix_len() + length;
        let size = hosts(length) + 1;
        let whole = |gap: &Gap| {
            let (first, end) = (up(gap.first, length), down(gap.last + 1, length));
            (first < end).then(|| (first, (end - first) / size))
        };
        let found: Vec<_> = self.gaps(range).iter().filter_map(whole).collect();
        let number = found.iter().map(|(_, number)| number).sum();
        let firsts = found.into_iter().flat_map(move |(first, number)| (0..number).map(move |at| first + at * size));
        (firsts.map(move |first| prefix(&range, first, length)), number)
    }

    /// The gaps in a range, in their order.
    fn gaps(&self, range: IpNet) -> Vec<Gap> {
        let Gap { first, last } = Gap::of(range);
        let within = self.by_length.iter().flatten().filter(|gap| gap.first <= last && gap.last >= first);
        let mut gaps: Vec<_> =
            within.map(|gap| Gap { first: gap.first.max(first), last: gap.last.min(last) }).collect();
        gaps.sort_unstable_by_key(|gap| gap.first);
        gaps
    }

    fn add(&mut self, gap: Gap) {
        if let Some(gaps) = self.by_length.get_mut(usize::from(gap.widest())) {
            let at = gaps.partition_point(|other| other.first < gap.first);
            gaps.insert(at, gap);
        }
    }
}

impl Gap {
    fn of(prefix: IpNet) -> Self {
        let key = key(prefix);
        let first = key.network().to_bits();
        Self { first, last: first | hosts(key.prefix_len()) }
    }

    /// The length of the widest prefix within.
    fn widest(self) -> u8 {
        let size = self.last - self.first + 1;
        let length = u8::try_from(size.leading_zeros() + 1).unwrap_or(u8::MAX);
        // So many addresses hold one of half their number at least, wherever they begin.
        if up(self.first, length) + hosts(length) <= self.last { length } else { length + 1 }
    }
}

/// A search for prefixes of one length in one range.
struct Search<'a> {
    space: &'a FreeSpace,
    avoid: &'a PrefixSet,
    /// A prefix of the family.
    like: IpNet,
    length: u8,
    range: Gap,
}

impl Search<'_> {
    /// The first free prefix from an address on, by its first address.
    fn above(&self, mut from: u128) -> Option<u128> {
        loop {
            let next = self.gap_above(from)?;
            match self.avoided(next).map(|avoided| avoided.last).max() {
                Some(last) => from = up(last.checked_add(1)?, self.length),
                None => return Some(next),
            }
        }
    }

    /// The last free prefix up to the one that begins at an address.
    fn below(&self, mut from: u128) -> Option<u128> {
        loop {
            let next = self.gap_below(from)?;
            match self.avoided(next).map(|avoided| avoided.first).min() {
                Some(first) => from = down(first, self.length).checked_sub(hosts(self.length) + 1)?,
                None => return Some(next),
            }
        }
    }

    fn gap_above(&self, from: u128) -> Option<u128> {
        let hosts = hosts(self.length);
        let first_of = |gaps: &Vec<Gap>| {
            let gap = gaps.get(gaps.partition_point(|gap| gap.last < from + hosts))?;
            Some(up(gap.first.max(from), self.length))
        };
        self.wide_enough().filter_map(first_of).min().filter(|first| first + hosts <= self.range.last)
    }

    fn gap_below(&self, from: u128) -> Option<u128> {
        let size = hosts(self.length) + 1;
        let last_of = |gaps: &Vec<Gap>| {
            // The last may hold prefixes only behind the address; then the one before it does not.
            let before = gaps.get(..gaps.partition_point(|gap| gap.first <= from))?;
            let last_in =
                |gap: &Gap| Some(from.min(down(gap.last + 1, self.length) - size)).filter(|at| *at >= gap.first);
            before.iter().rev().find_map(last_in)
        };
        self.wide_enough().filter_map(last_of).max().filter(|first| *first >= self.range.first)
    }

    fn wide_enough(&self) -> impl Iterator<Item = &Vec<Gap>> {
        self.space.by_length.iter().take(usize::from(self.length) + 1)
    }

    fn avoided(&self, first: u128) -> impl Iterator<Item = Gap> + '_ {
        self.avoid.overlapping(self.prefix(first)).map(Gap::of)
    }

    fn prefix(&self, first: u128) -> IpNet {
        prefix(&self.like, first, self.length)
    }
}

/// The prefix of a length that begins at an address, in the family of another.
fn prefix(like: &IpNet, first: u128, length: u8) -> IpNet {
    // No longer than 128 bits, so this cannot fail.
    original(like, Ipv6Net::new(first.into(), length).unwrap_or_default())
}

/// How many addresses a prefix of a length has beside its first.
fn hosts(length: u8) -> u128 {
    u128::MAX.checked_shr(length.into()).unwrap_or_default()
}

/// An address, or the first one behind it where a prefix of a length may begin.
fn up(address: u128, length: u8) -> u128 {
    down(address + hosts(length), length)
}

/// An address, or the last one before it where a prefix of a length may begin.
fn down(address: u128, length: u8) -> u128 {
    address & !hosts(length)
}

/// The free address of a prefix that lies nearest to another one; of two that are as near, the higher.
pub fn nearest_address(prefix: IpNet, near: IpAddr, is_taken: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let Gap { first, last } = Gap::of(prefix);
    let near = Gap::of(near.into()).first.clamp(first, last);
    let address = |at: u128| original(&prefix, Ipv6Net::from(Ipv6Addr::from(at))).addr();
    let free = |at: u128| Some(address(at)).filter(|address| !is_taken(*address));
    (0..=last - first).take(MOST_TRIED).find_map(|distance| {
        let above = near.checked_add(distance).filter(|at| *at <= last);
        let below = near.checked_sub(distance).filter(|at| *at >= first);
        above.and_then(free).or_else(|| below.and_then(free))
    })
}

/// How far an address is looked for to either side.
const MOST_TRIED: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::overlap;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn space(taken: &[IpNet]) -> FreeSpace {
        let mut space = FreeSpace::default();
        for prefix in taken {
            space.take(*prefix);
        }
        space
    }

    fn nearest(taken: &[&str], avoid: &[&str], wanted: &str) -> Vec<String> {
        let taken: Vec<_> = taken.iter().map(|prefix| net(prefix)).collect();
        let avoid = PrefixSet::of(avoid.iter().map(|prefix| net(prefix)));
        space(&taken).nearest(net(wanted), &avoid, 3).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_nearest_come_first_to_either_side() {
        assert_eq!(nearest(&["10.0.4.0/24"], &[], "10.0.4.0/24"), ["10.0.5.0/24", "10.0.3.0/24", "10.0.6.0/24"]);
        assert_eq!(nearest(&["10.0.0.0/22"], &[], "10.0.0.9/24"), ["10.0.4.0/24", "10.0.5.0/24", "10.0.6.0/24"]);
        assert_eq!(
            nearest(&["10.0.0.0/16"], &["10.1.0.0/16"], "10.0.0.0/16"),
            ["10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"]
        );
        assert_eq!(
            nearest(&["fd00:1::/64"], &["fd00:1:0:1::7/128"], "fd00:1::/64"),
            ["fd00:1:0:2::/64", "fd00:1:0:3::/64", "fd00:1:0:4::/64"]
        );
        assert_eq!(
            nearest(&["fd00:1::/48"], &[], "fd00:1::/48"),
            ["fd00:1:1::/48", "fd00:0:ffff::/48", "fd00:1:2::/48"]
        );
    }

    #[test]
    fn what_is_full_or_not_private_has_nothing_to_offer() {
        for (taken, avoid, wanted) in [
            ("192.168.0.0/16", "10.0.0.0/8", "192.168.4.0/24"),
            ("192.168.0.0/17", "192.168.128.0/17", "192.168.4.0/24"),
            ("10.0.0.0/8", "::/0", "fd00::/64"),
            ("0.0.0.0/0", "10.0.0.0/32", "172.16.0.0/30"),
            ("10.0.0.0/8", "10.0.0.0/32", "10.0.0.0/8"),
            ("10.0.0.0/8", "10.0.0.0/32", "0.0.0.0/0"),
            ("8.8.8.0/24", "10.0.0.0/32", "8.8.8.0/24"),
            ("2001:db8::/64", "10.0.0.0/32", "2001:db8::/64"),
            ("::/0", "::/0", "::/0"),
            // The site is full.
            ("fd00:1::/48", "10.0.0.0/32", "fd00:1::/64"),
        ] {
            assert_eq!(nearest(&[taken], &[avoid], wanted), Vec::<String>::new(), "{wanted}");
        }
        assert_eq!(nearest(&["192.168.0.0/17"], &["192.168.192.0/18"], "192.168.4.0/18"), ["192.168.128.0/18"]);
    }

    #[test]
    fn free_ranges_are_as_few_prefixes_as_can_be() {
        let space = space(&[net("10.0.1.0/24"), net("10.0.3.0/24"), net("10.0.8.0/22")]);
        let free: Vec<_> = space.prefixes(net("10.0.0.0/20")).map(|prefix| prefix.to_string()).collect();
        assert_eq!(free, ["10.0.0.0/24", "10.0.2.0/24", "10.0.4.0/22", "10.0.12.0/22"]);
        let (free, number) = space.of_length(net("10.0.0.0/20"), 23);
        let free: Vec<_> = free.map(|prefix| prefix.to_string()).collect();
        assert_eq!((free.join(" ").as_str(), number), ("10.0.4.0/23 10.0.6.0/23 10.0.12.0/23 10.0.14.0/23", 4));
        let (mut sites, number) = FreeSpace::default().of_length(net("fd00::/48"), 128);
        assert_eq!((sites.next(), number), (Some(net("fd00::/128")), 1 << 80));
    }

    /// Prefixes in a corner of a private range of either family: the range `192.168.255.0/24` or `fd00::ffff:…:ff00/120`.
    fn prefix() -> impl Strategy<Value = IpNet> {
        let v4 =
            (0u8..=255, 24u8..=32).prop_map(|(host, length)| IpNet::new([192, 168, 255, host].into(), length).unwrap());
        let v6 = (0u16..=255, 120u8..=128).prop_map(|(host, length)| {
            IpNet::new([0xfd00, 0, 0, 0xffff, 0xffff, 0xffff, 0xffff, 0xff00 + host].into(), length).unwrap()
        });
        prop_oneof![v4, v6].prop_map(|prefix| prefix.trunc())
    }

    /// All prefixes of a length in the corner of the family.
    fn corner(like: IpNet) -> Vec<IpNet> {
        let corner = match like {
            IpNet::V4(_) => net("192.168.255.0/24"),
            IpNet::V6(_) => net("fd00:0:0:ffff:ffff:ffff:ffff:ff00/120"),
        };
        corner.subnets(like.prefix_len()).unwrap().collect()
    }

    fn first(prefix: IpNet) -> i128 {
        match prefix.addr() {
            IpAddr::V4(v4) => v4.to_bits().into(),
            IpAddr::V6(v6) => (v6.to_bits() & u128::from(u64::MAX)).try_into().unwrap(),
        }
    }

    proptest! {
        /// Of the corner all is tried; what lies outside it is taken, so that nothing else is found.
        #[test]
        fn agrees_with_a_naive_search(
            taken in prop::collection::vec(prefix(), 0..24),
            avoid in prop::collection::vec(prefix(), 0..6),
            wanted in prefix(),
            most in 1usize..5,
        ) {
            let outside = ["192.168.0.0/17", "192.168.128.0/18", "192.168.192.0/19", "192.168.224.0/20", "192.168.240.0/21",
                "192.168.248.0/22", "192.168.252.0/23", "192.168.254.0/24"].map(net).into_iter();
            let whole = net("fd00::/48");
            let corner_v6 = net("fd00:0:0:ffff:ffff:ffff:ffff:ff00/120");
            let beside = (49..=120u8).map(|length| {
                let half = IpNet::new(corner_v6.addr(), length).unwrap().trunc();
                half.supernet().unwrap().subnets(length).unwrap().find(|other| *other != half).unwrap()
            });
            prop_assert!(whole.contains(&corner_v6));
            let all: Vec<_> = taken.iter().copied().chain(outside).chain(beside).collect();
            let mut naive: Vec<_> = corner(wanted)
                .into_iter()
                .filter(|free| !taken.iter().chain(&avoid).any(|other| overlap(free, other)))
                .collect();
            naive.sort_by_key(|free| ((first(*free) - first(wanted)).abs(), std::cmp::Reverse(first(*free))));
            naive.truncate(most);
            prop_assert_eq!(space(&all).nearest(wanted, &PrefixSet::of(avoid), most), naive);
        }

        /// What is left and what is taken are the whole, whatever the order in which it was taken.
        #[test]
        fn what_is_free_is_all_that_is_not_taken(taken in prop::collection::vec(prefix(), 0..24), at_once in any::<bool>()) {
            let space = if at_once { FreeSpace::of(taken.clone()) } else { space(&taken) };
            for range in [net("192.168.255.0/24"), net("fd00:0:0:ffff:ffff:ffff:ffff:ff00/120")] {
                let free: Vec<_> = space.prefixes(range).collect();
                for address in corner(IpNet::new(range.addr(), range.max_prefix_len()).unwrap()) {
                    let is_taken = taken.iter().any(|taken| taken.contains(&address));
                    prop_assert_eq!(free.iter().filter(|free| free.contains(&address)).count(), usize::from(!is_taken));
                }
                prop_assert_eq!(&IpNet::aggregate(&free), &free);
                for length in range.prefix_len()..=range.max_prefix_len() {
                    let (found, number) = space.of_length(range, length);
                    let found: Vec<_> = found.collect();
                    let all = range.subnets(length).unwrap();
                    let wanted: Vec<_> = all.filter(|one| !taken.iter().any(|taken| overlap(one, taken))).collect();
                    prop_assert_eq!(number, u128::try_from(found.len()).unwrap());
                    prop_assert_eq!(found, wanted);
                }
            }
        }

        #[test]
        fn an_address_is_free_and_none_is_nearer(
            near in 0u8..=255,
            length in 24u8..=32,
            taken in prop::collection::btree_set(0u8..=255, 0..200),
        ) {
            let address = |host: u8| IpAddr::from([10, 0, 0, host]);
            let prefix = IpNet::new(address(77), length).unwrap().trunc();
            let hosts = (0..=255u8).filter(|host| prefix.contains(&address(*host)) && !taken.contains(host));
            let in_prefix = (0..=255u8).filter(|host| prefix.contains(&address(*host)));
            let near_in = in_prefix.min_by_key(|host| host.abs_diff(near)).unwrap();
            let naive = hosts.min_by_key(|host| (host.abs_diff(near_in), std::cmp::Reverse(*host))).map(address);
            let is_taken = |address: IpAddr| matches!(address, IpAddr::V4(v4) if taken.contains(&v4.octets()[3]));
            prop_assert_eq!(nearest_address(prefix, address(near), is_taken), naive);
        }
    }
}
