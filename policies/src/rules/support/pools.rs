//! Which IPPools of a Subnet hold an address, without a look at all of them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::gather::sort_by;
use crate::kinds::IpPool;

/// IPPools by their ranges. Kube-OVN wants these apart; where they are not, all that begin before an address and might reach it
/// are looked at.
pub(crate) struct Pools(Vec<Range>);

struct Range {
    first: IpAddr,
    /// How far this one and those before it reach.
    reach: IpAddr,
    /// The one of them that reaches so far.
    furthest: Arc<IpPool>,
    pool: Arc<IpPool>,
}

impl Pools {
    pub(crate) fn of(pools: &[Arc<IpPool>]) -> Self {
        let each = pools.iter().flat_map(|pool| pool.ranges.iter().map(move |range| (range, pool)));
        let range = |((first, last), pool): (&(IpAddr, IpAddr), &Arc<IpPool>)| Range {
            first: *first,
            reach: *last,
            furthest: Arc::clone(pool),
            pool: Arc::clone(pool),
        };
        let mut ranges: Vec<_> = each.map(range).collect();
        sort_by(&mut ranges, |a, b| a.first.cmp(&b.first));
        let mut before: Option<(IpAddr, Arc<IpPool>)> = None;
        for range in &mut ranges {
            if let Some((reach, furthest)) = before.filter(|(reach, _)| *reach > range.reach) {
                (range.reach, range.furthest) = (reach, furthest);
            }
            before = Some((range.reach, Arc::clone(&range.furthest)));
        }
        Self(ranges)
    }

    /// One that has an address in common with a range.
    pub(crate) fn overlapping(&self, first: IpAddr, last: IpAddr) -> Option<&Arc<IpPool>> {
        let begun = self.0.partition_point(|range| range.first <= last);
        let nearest = self.0.get(begun.checked_sub(1)?)?;
        // Of those that begin before the end, the one that reaches furthest does, if any.
        Some(&nearest.furthest).filter(|_| nearest.reach >= first)
    }

    /// Adds those that hold an address, by their names.
    pub(crate) fn holding<'s>(&'s self, address: IpAddr, found: &mut BTreeMap<&'s str, &'s Arc<IpPool>>) {
        let begun = self.0.partition_point(|range| range.first <= address);
        let near = self.0.iter().take(begun).rev().take_while(|range| range.reach >= address);
        for range in near.filter(|range| range.pool.holds(address)) {
            found.insert(&range.pool.meta.name, &range.pool);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Meta;

    #[test]
    fn those_that_hold_an_address_are_found() {
        let pool = |name: &str, ranges: &[(&str, &str)]| {
            let meta = Meta { name: name.to_owned(), ..Meta::default() };
            let ranges = ranges.iter().map(|(first, last)| (first.parse().unwrap(), last.parse().unwrap())).collect();
            Arc::new(IpPool { meta, ranges, ..IpPool::default() })
        };
        let pools = Pools::of(&[
            pool("wide", &[("10.0.0.0", "10.0.0.100"), ("fd00::1", "fd00::9")]),
            pool("within", &[("10.0.0.10", "10.0.0.20")]),
            pool("after", &[("10.0.0.200", "10.0.0.210"), ("10.0.0.15", "10.0.0.15")]),
        ]);
        let holding = |address: &str| {
            let mut found = BTreeMap::new();
            pools.holding(address.parse().unwrap(), &mut found);
            found.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(holding("10.0.0.15"), ["after", "wide", "within"]);
        assert_eq!(holding("10.0.0.21"), ["wide"]);
        assert_eq!(holding("10.0.0.205"), ["after"]);
        assert_eq!(holding("fd00::5"), ["wide"]);
        let overlapping = |first: &str, last: &str| {
            let found = pools.overlapping(first.parse().unwrap(), last.parse().unwrap());
            found.map(|pool| pool.meta.name.as_str())
        };
        assert_eq!(overlapping("10.0.0.50", "10.0.0.60"), Some("wide"));
        assert_eq!(overlapping("10.0.0.100", "10.0.0.150"), Some("wide"));
        assert_eq!(overlapping("10.0.0.101", "10.0.0.200"), Some("after"));
        assert_eq!(overlapping("0.0.0.0", "255.255.255.255"), Some("after"));
        assert_eq!(overlapping("fd00::9", "fd00::ff"), Some("wide"));
        for (first, last) in
            [("10.0.0.101", "10.0.0.199"), ("10.0.0.211", "255.0.0.0"), ("::", "fd00::"), ("fd00::a", "fe00::")]
        {
            assert_eq!(overlapping(first, last), None, "{first}");
        }
        for nobodys in ["9.0.0.0", "10.0.0.150", "10.0.0.211", "fd00::a", "::1"] {
            assert!(holding(nobodys).is_empty(), "{nobodys}");
        }
    }
}
