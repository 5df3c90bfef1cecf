//! Addresses from the first to the last, as numbers, counted together.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::gather::sort_and_dedup;
use crate::net::{Cidr, Family};

/// Addresses from the first to the last.
pub(crate) type Span = (u128, u128);

/// An address as a number.
pub(crate) fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The first and the last address that Kube-OVN counts: all but those at the ends, of which the smallest have none.
pub(crate) fn usable(cidr: &Cidr) -> Span {
    let network = cidr.network();
    let (first, last) = (bits(network.network()), bits(network.broadcast()));
    if last - first < 2 { (first, last) } else { (first + 1, last - 1) }
}

/// What spans have of another one, in its order, each address once.
pub(crate) fn joined(mut spans: Vec<Span>, within: Span) -> Vec<Span> {
    sort_and_dedup(&mut spans);
    let mut joined: Vec<Span> = Vec::new();
    for (first, last) in spans {
        let (first, last) = (first.max(within.0), last.min(within.1));
        if first > last {
            continue;
        }
        match joined.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// What spans that are joined leave of another one.
pub(crate) fn without(within: Span, taken: &[Span]) -> Vec<Span> {
    let (mut next, mut left) = (Some(within.0), Vec::new());
    for (first, last) in taken {
        let Some(from) = next else { break };
        if from < *first {
            left.push((from, first - 1));
        }
        next = last.checked_add(1);
    }
    left.extend(next.filter(|from| *from <= within.1).map(|from| (from, within.1)));
    left
}

/// How many addresses they are.
pub(crate) fn count(spans: &[Span]) -> u128 {
    spans.iter().fold(0, |sum: u128, (first, last)| sum.saturating_add((last - first).saturating_add(1)))
}

/// A span as Kube-OVN writes it: `10.0.0.5`, or `10.0.0.5..10.0.0.9`.
pub(crate) fn text((first, last): Span, family: Family) -> String {
    let address = |number: u128| match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(number)),
    };
    if first == last { address(first).to_string() } else { format!("{}..{}", address(first), address(last)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_what_is_left_make_up_the_whole() {
        let taken = joined(vec![(9, 12), (3, 4), (5, 5), (0, 1), (11, 20), (30, 40)], (2, 25));
        assert_eq!(taken, [(3, 5), (9, 20)]);
        assert_eq!(without((2, 25), &taken), [(2, 2), (6, 8), (21, 25)]);
        assert_eq!(count(&taken) + count(&without((2, 25), &taken)), 24);
        assert_eq!(without((2, 25), &joined(vec![(0, u128::MAX)], (2, 25))), []);
        assert_eq!(without((2, 25), &[]), [(2, 25)]);
        assert_eq!(count(&[(0, u128::MAX)]), u128::MAX);
        assert_eq!(without((0, u128::MAX), &[(5, u128::MAX)]), [(0, 4)]);
    }

    #[test]
    fn a_span_is_written_as_kube_ovn_writes_it() {
        let number = |text: &str| bits(text.parse().unwrap());
        assert_eq!(text((number("10.0.0.5"), number("10.0.0.9")), Family::V4), "10.0.0.5..10.0.0.9");
        assert_eq!(text((number("fd00::5"), number("fd00::5")), Family::V6), "fd00::5");
    }
}
