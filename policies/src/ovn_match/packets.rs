//! Sets of packets, to reckon with: which a match surely takes, and which it possibly takes.
//!
//! A packet is an IP packet that is whole: its family, source, destination, protocol and ports. What a match asks beside
//! these (ports of routers, connection tracking, address sets) is not known, so such a match takes surely fewer and possibly
//! more. `!` is not the complement: OVN keeps what a comparison presupposes, so that `!(tcp.dst == 80)` takes no UDP.

use std::ops::RangeInclusive;

use super::number::ones;
use super::symbols::{Family, Meaning, Symbol};
use super::token::{Number, Operator};
use super::tree::{Comparison, Constant, Expression, Field};

/// How many boxes a set may have. What would need more is not reckoned with.
const MOST_BOXES: usize = 2048;

/// How many pairs of boxes are looked at in one step.
const MOST_PAIRS: usize = 1 << 16;

/// How many boxes may be made and met in all for one expression.
const MOST_STEPS: usize = 2048;

/// What a box is bounded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    Source,
    Destination,
    Protocol,
    SourcePort,
    DestinationPort,
}

impl Dimension {
    const ALL: [Self; 5] = [Self::Source, Self::Destination, Self::Protocol, Self::SourcePort, Self::DestinationPort];
}

/// Whether a packet is an IPv4 or an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V4,
    V6,
}

impl Version {
    fn width(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

/// The packets within these bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PacketBox {
    version: Version,
    source: RangeInclusive<u128>,
    destination: RangeInclusive<u128>,
    protocol: RangeInclusive<u128>,
    source_port: RangeInclusive<u128>,
    destination_port: RangeInclusive<u128>,
}

impl PacketBox {
    /// All packets of a version.
    pub(crate) fn of(version: Version) -> Self {
        let addresses = 0..=ones(version.width());
        let ports = 0..=u128::from(u16::MAX);
        Self {
            version,
            source: addresses.clone(),
            destination: addresses,
            protocol: 0..=u128::from(u8::MAX),
            source_port: ports.clone(),
            destination_port: ports,
        }
    }

    /// Of which version they are.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Between what they are.
    pub(crate) fn range(&self, dimension: Dimension) -> &RangeInclusive<u128> {
        match dimension {
            Dimension::Source => &self.source,
            Dimension::Destination => &self.destination,
            Dimension::Protocol => &self.protocol,
            Dimension::SourcePort => &self.source_port,
            Dimension::DestinationPort => &self.destination_port,
        }
    }

    /// The same with another range.
    #[must_use]
    pub(crate) fn with(mut self, dimension: Dimension, range: RangeInclusive<u128>) -> Self {
        *match dimension {
            Dimension::Source => &mut self.source,
            Dimension::Destination => &mut self.destination,
            Dimension::Protocol => &mut self.protocol,
            Dimension::SourcePort => &mut self.source_port,
            Dimension::DestinationPort => &mut self.destination_port,
        } = range;
        self
    }

    fn intersection(&self, other: &Self) -> Option<Self> {
        if self.version != other.version {
            return None;
        }
        let mut common = self.clone();
        for dimension in Dimension::ALL {
            let (a, b) = (self.range(dimension), other.range(dimension));
            let range = *a.start().max(b.start())..=*a.end().min(b.end());
            if range.is_empty() {
                return None;
            }
            common = common.with(dimension, range);
        }
        Some(common)
    }

    /// What is left of it without another one: boxes that do not meet.
    fn minus(&self, other: &Self, left: &mut Vec<Self>) {
        let Some(common) = self.intersection(other) else { return left.push(self.clone()) };
        let mut rest = self.clone();
        for dimension in Dimension::ALL {
            let (all, cut) = (rest.range(dimension).clone(), common.range(dimension).clone());
            if all.start() < cut.start() {
                left.push(rest.clone().with(dimension, *all.start()..=cut.start() - 1));
            }
            if all.end() > cut.end() {
                left.push(rest.clone().with(dimension, cut.end() + 1..=*all.end()));
            }
            rest = rest.with(dimension, cut);
        }
    }
}

/// A set of packets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packets(Vec<PacketBox>);

/// It would need too many boxes.
struct TooMany;

impl Packets {
    fn all() -> Self {
        Self(vec![PacketBox::of(Version::V4), PacketBox::of(Version::V6)])
    }

    pub(crate) fn new(boxes: Vec<PacketBox>) -> Self {
        Self(boxes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The boxes that make them up.
    pub(crate) fn boxes(&self) -> &[PacketBox] {
        &self.0
    }

    fn intersection(&self, other: &Self) -> Result<Self, TooMany> {
        if self.0.len() * other.0.len() > MOST_PAIRS {
            return Err(TooMany);
        }
        let pairs = self.0.iter().flat_map(|a| other.0.iter().filter_map(|b| a.intersection(b)));
        let common: Vec<_> = pairs.take(MOST_BOXES + 1).collect();
        if common.len() > MOST_BOXES { Err(TooMany) } else { Ok(Self(common)) }
    }

    fn union(mut self, other: Self) -> Result<Self, TooMany> {
        self.0.extend(other.0);
        if self.0.len() > MOST_BOXES { Err(TooMany) } else { Ok(self) }
    }

    /// Whether all of them are among others; none if that would need too many boxes.
    pub(crate) fn are_within(&self, others: &Self) -> Option<bool> {
        for one in &self.0 {
            let mut left = vec![one.clone()];
            for other in &others.0 {
                let mut less = Vec::new();
                for part in &left {
                    part.minus(other, &mut less);
                }
                left = less;
                if left.len() > MOST_BOXES {
                    return None;
                }
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Whether there is one that is among others too.
    pub(crate) fn meet(&self, others: &Self) -> bool {
        self.0.iter().any(|a| others.0.iter().any(|b| a.intersection(b).is_some()))
    }
}

/// What a match takes.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// What it surely takes.
    pub(crate) surely: Packets,
    /// What it possibly takes.
    pub(crate) possibly: Packets,
}

impl Taken {
    /// What an expression takes.
    pub(crate) fn by(expression: &Expression) -> Self {
        Self::reckon(expression, false)
    }

    fn exactly(packets: Packets) -> Self {
        Self { surely: packets.clone(), possibly: packets }
    }

    /// Some of these, nobody knows which.
    fn some_of(packets: Packets) -> Self {
        Self { surely: Packets::default(), possibly: packets }
    }

    fn reckon(expression: &Expression, is_negated: bool) -> Self {
        match expression {
            Expression::Constant(value) if *value == is_negated => Self::exactly(Packets::default()),
            Expression::Constant(_) => Self::exactly(Packets::all()),
            Expression::IsChassisResident => Self::some_of(Packets::all()),
            Expression::Not(inner) => Self::reckon(inner, !is_negated),
            Expression::All(parts) | Expression::Any(parts) => {
                let is_all = matches!(expression, Expression::All(_)) != is_negated;
                let none = if is_all { Packets::all() } else { Packets::default() };
                parts.iter().fold(Self::exactly(none), |taken, part| {
                    let part = Self::reckon(part, is_negated);
                    if is_all { taken.and(&part) } else { taken.or(part) }
                })
            }
            Expression::Comparison(comparison) => Self::compared(comparison, is_negated),
        }
    }

    fn and(self, other: &Self) -> Self {
        Self {
            surely: self.surely.intersection(&other.surely).unwrap_or_default(),
            // What takes as much as either takes no less than both.
            possibly: self.possibly.intersection(&other.possibly).unwrap_or(self.possibly),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            surely: self.surely.union(other.surely).unwrap_or_default(),
            possibly: self.possibly.union(other.possibly).unwrap_or_else(|TooMany| Packets::all()),
        }
    }

    fn compared(comparison: &Comparison, is_negated: bool) -> Self {
        let Comparison { field, operator, constants, .. } = comparison;
        let numbers: Option<Vec<_>> = constants
            .values
            .iter()
            .map(|(constant, _)| match constant {
                Constant::Number(number) => Some(*number),
                _ => None,
            })
            .collect();
        let Some(numbers) = numbers else {
            // An empty address set leaves nothing of what a comparison presupposes.
            return Self::some_of(Packets::all());
        };
        match field.symbol.meaning {
            Meaning::Unknown => Self::some_of(Packets::all()),
            Meaning::Sort(sorts) if numbers.iter().all(|number| number.mask.is_none()) => {
                Self::exactly(presupposed(sorts))
            }
            Meaning::Sort(sorts) => Self::some_of(presupposed(sorts)),
            Meaning::Value(dimension, sorts) => {
                let presupposed = presupposed(sorts);
                match ranges(field, *operator, &numbers, is_negated) {
                    None => Self::some_of(presupposed),
                    Some(ranges) => Self::exactly(bounded(&presupposed, dimension, &ranges)),
                }
            }
        }
    }
}

/// Whether an expression can be reckoned with in few steps. It is a user's text, and sets in it multiply.
pub(crate) fn is_small(expression: &Expression) -> bool {
    steps(expression).is_some_and(|(_, steps)| steps <= MOST_STEPS)
}

/// How many boxes of a family an expression has at most, and how many are looked at on the way; none where it is beyond all
/// bounds. Under `!` a conjunction is a disjunction, so the larger of both is taken.
fn steps(expression: &Expression) -> Option<(usize, usize)> {
    match expression {
        Expression::Constant(_) | Expression::IsChassisResident => Some((1, 1)),
        Expression::Not(inner) => steps(inner),
        Expression::Comparison(comparison) => {
            let boxes = comparison.constants.values.len();
            // Between n values there are n + 1 gaps.
            let boxes = if boxes > 1 { boxes + 1 } else { boxes };
            Some((boxes, boxes))
        }
        Expression::All(parts) | Expression::Any(parts) => parts.iter().try_fold((1_usize, 0_usize), |all, part| {
            let ((boxes, taken), (more, took)) = (all, steps(part)?);
            let boxes = boxes.checked_mul(more)?.max(boxes.checked_add(more)?);
            Some((boxes, taken.checked_add(took)?.checked_add(boxes)?))
        }),
    }
}

/// What a comparison presupposes.
fn presupposed(sorts: &[(Family, Option<u8>)]) -> Packets {
    let mut boxes = Vec::new();
    for (family, protocol) in sorts {
        let versions: &[Version] = match family {
            Family::V4 => &[Version::V4],
            Family::V6 => &[Version::V6],
            Family::Both => &[Version::V4, Version::V6],
        };
        boxes.extend(versions.iter().map(|version| {
            let all = PacketBox::of(*version);
            match protocol {
                Some(protocol) => all.with(Dimension::Protocol, u128::from(*protocol)..=u128::from(*protocol)),
                None => all,
            }
        }));
    }
    Packets(boxes)
}

fn bounded(packets: &Packets, dimension: Dimension, ranges: &[RangeInclusive<u128>]) -> Packets {
    let bounded = |one: &PacketBox| {
        let one = one.clone();
        ranges.iter().map(move |range| one.clone().with(dimension, range.clone())).collect::<Vec<_>>()
    };
    Packets(packets.0.iter().flat_map(bounded).collect())
}

/// The values of a field for which a comparison holds; none where they are no few ranges.
fn ranges(
    field: &Field,
    operator: Operator,
    numbers: &[Number],
    is_negated: bool,
) -> Option<Vec<RangeInclusive<u128>>> {
    let Symbol { width, .. } = *field.symbol;
    if !field.is_whole() || numbers.len() > MOST_BOXES {
        return None;
    }
    let last = ones(width);
    let mut parts: Vec<_> = numbers.iter().map(|number| range(*number, width)).collect::<Option<_>>()?;
    let is_complement = |operator: Operator| (operator == Operator::Ne) != is_negated;
    if !operator.is_order() {
        parts.sort_by_key(|range| *range.start());
        return Some(if is_complement(operator) { gaps(&parts, last) } else { parts });
    }
    let [value] = numbers else { return None };
    let value = value.value;
    // !(a < b) is a >= b.
    let is_upward = operator.is_upward() != is_negated;
    let holds_equal = matches!(operator, Operator::Le | Operator::Ge) != is_negated;
    let range = match (is_upward, holds_equal) {
        (true, true) => 0..=value,
        (true, false) => 0..=value.saturating_sub(1),
        (false, true) => value..=last,
        (false, false) => value.checked_add(1).unwrap_or(value)..=last,
    };
    let is_none = !holds_equal && if is_upward { value == 0 } else { value >= last };
    Some(if is_none { Vec::new() } else { vec![range] })
}

/// The values of one constant; none where its mask is no prefix.
fn range(number: Number, width: u32) -> Option<RangeInclusive<u128>> {
    let Number { value, mask, .. } = number;
    let Some(mask) = mask else { return Some(value..=value) };
    let rest = ones(width) & !mask;
    // The bits that do not count are the lowest ones.
    (rest & rest.wrapping_add(1) == 0).then_some(value..=value | rest)
}

/// What is between ranges that are in order.
fn gaps(ranges: &[RangeInclusive<u128>], last: u128) -> Vec<RangeInclusive<u128>> {
    let (mut gaps, mut next) = (Vec::new(), Some(0));
    for range in ranges {
        let Some(from) = next else { break };
        if *range.start() > from {
            gaps.push(from..=range.start() - 1);
        }
        next = range.end().checked_add(1).map(|end| end.max(from)).filter(|end| *end <= last);
    }
    gaps.extend(next.map(|from| from..=last));
    gaps
}
