//! What OVN takes and nobody means. Only what is certainly a mistake, or what nobody can know here, is said.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::number::ones;
use super::packets::{Taken, is_small};
use super::token::{Format, Number, Span};
use super::tree::{Comparison, Constant, Expression, Field};

/// One thing that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// What.
    pub remark: Remark,
    /// Where it stands in the text.
    pub span: Span,
}

impl Lint {
    fn new(remark: Remark, span: Span) -> Self {
        Self { remark, span }
    }

    /// What to write instead, in a few words.
    pub fn advice(&self) -> Cow<'static, str> {
        match &self.remark {
            Remark::AddressSet(_) => "see that OVN has a set of this name, or write the addresses themselves".into(),
            Remark::PortGroup(_) => "see that OVN has a group of this name".into(),
            Remark::LongPrefix { taken, .. } => format!("write /{taken} if it is meant").into(),
            Remark::CutToBits { .. } => "compare with a number that fits, or the whole field with an address".into(),
            Remark::OtherKind { wanted, .. } => format!("write {wanted}").into(),
            Remark::DecimalMask { wanted, .. } => format!("write {wanted} before the slash").into(),
            Remark::MaskedAway => "make the prefix longer, or the value 0".into(),
            Remark::Never => "correct the parts that exclude each other".into(),
            Remark::NotOnRouter { .. } => "ask for addresses, protocols, ports, inport or pkt.mark".into(),
        }
    }
}

impl std::fmt::Display for Lint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.remark.fmt(f)
    }
}

/// What is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// `$name`.
    #[error("whether OVN has an address set {0:?} is not known here; without it the match is left out")]
    AddressSet(String),
    /// `@name`.
    #[error("whether OVN has a port group {0:?} is not known here; without it the match is left out")]
    PortGroup(String),
    /// A length of a prefix that is beyond 32 bits.
    #[error("OVN cuts the prefix length {written} to {taken}")]
    LongPrefix {
        /// As it is written.
        written: u64,
        /// As it is taken.
        taken: u32,
    },
    /// A constant that does not fit into the bits that it is compared with.
    #[error("of this constant only the lowest {width} bits count, which are {value}")]
    CutToBits {
        /// How many bits are compared.
        width: u32,
        /// What is left.
        value: u128,
    },
    /// An address or a number of another kind than the field's.
    #[error("the field {field} holds {wanted}, and this is taken for {taken}")]
    OtherKind {
        /// The field.
        field: String,
        /// What it holds.
        wanted: &'static str,
        /// What the constant is there.
        taken: String,
    },
    /// A decimal mask on an address.
    #[error("{mask} is a mask of bits here, and not the length of a prefix")]
    DecimalMask {
        /// What the field holds.
        wanted: &'static str,
        /// The mask.
        mask: u128,
    },
    /// `0.0.0.5/24`.
    #[error("the mask leaves nothing of this value")]
    MaskedAway,
    /// What no packet is.
    #[error("no packet can match this")]
    Never,
    /// What a router's policy cannot ask.
    #[error("the field {field} says nothing in the policy of a router: {why}")]
    NotOnRouter {
        /// The field.
        field: String,
        /// Why.
        why: &'static str,
    },
}

/// What is said of an expression, in the order of the text.
pub(super) fn of(expression: &Expression, whole: Span) -> Vec<Lint> {
    let mut lints = Vec::new();
    expression.each_comparison(false, &mut |comparison, _| of_comparison(comparison, &mut lints));
    // Whoever writes 0 means it.
    if !matches!(expression, Expression::Constant(_)) && is_small(expression) {
        never(expression, whole, DEEPEST, &mut lints);
    }
    lints.sort_by_key(|lint| lint.span);
    lints
}

/// What is said of an expression in a router's policy.
pub(super) fn on_router(expression: &Expression) -> Vec<Lint> {
    const ROUTED: &str = "routing has set it before, whatever came in";
    const ANSWERED: &str = "such packets are answered before it";
    // A router changes addresses, and not what is in the packet: this is another word for ip4 or ip6.
    const KEPT: &str = "eth.type";
    const WHY: &[(&str, &str)] = &[
        ("outport", ROUTED),
        ("eth.", ROUTED),
        ("vlan.", "routers know no VLANs"),
        ("arp", ANSWERED),
        ("rarp", ANSWERED),
        ("nd", ANSWERED),
        ("ct.", "routers do not track connections for it"),
        ("ct_", "routers do not track connections for it"),
        ("reg", "registers are OVN's own"),
        ("xreg", "registers are OVN's own"),
        ("xxreg", "registers are OVN's own"),
        ("flags", "flags are OVN's own"),
    ];
    let mut lints = Vec::new();
    expression.each_comparison(false, &mut |Comparison { field, .. }, _| {
        let is_about = |beginning: &str| field.name.starts_with(beginning) && field.name != KEPT;
        if let Some((_, why)) = WHY.iter().find(|(beginning, _)| is_about(beginning)) {
            lints.push(Lint::new(Remark::NotOnRouter { field: field.name.clone(), why }, field.span));
        }
    });
    lints.sort_by_key(|lint| lint.span);
    lints
}

fn of_comparison(Comparison { field, constants, .. }: &Comparison, lints: &mut Vec<Lint>) {
    // A field alone is compared with what nobody wrote.
    if constants.span == field.span {
        return;
    }
    for (constant, span) in &constants.values {
        match constant {
            Constant::AddressSet(name) => lints.push(Lint::new(Remark::AddressSet(name.clone()), *span)),
            Constant::PortGroup(name) => lints.push(Lint::new(Remark::PortGroup(name.clone()), *span)),
            Constant::String(_) => {}
            Constant::Number(number) => lints.extend(of_number(field, *number, *span)),
        }
    }
}

/// The first thing that is odd about a number: the others follow from it.
fn of_number(field: &Field, number: Number, span: Span) -> Option<Lint> {
    if let Some(written) = number.prefix.filter(|length| *length > u32::MAX.into()) {
        let taken = number.mask.map_or(0, u128::count_ones);
        return Some(Lint::new(Remark::LongPrefix { written, taken }, span));
    }
    let value = number.value;
    if !field.is_whole() {
        let kept = value & ones(field.width());
        let is_cut = kept != value;
        return is_cut.then(|| Lint::new(Remark::CutToBits { width: field.width(), value: kept }, span));
    }
    let kind = Holds::of(&field.name);
    if let Some(kind) = kind.filter(|kind| kind.is_other(number)) {
        let wanted = kind.words();
        let remark = match number.mask {
            Some(mask) if number.format == Format::Decimal => Remark::DecimalMask { wanted, mask },
            _ => Remark::OtherKind { field: field.name.clone(), wanted, taken: kind.show(value) },
        };
        return Some(Lint::new(remark, span));
    }
    let is_lost = number.mask.is_some() && number.value == 0 && number.written != 0;
    is_lost.then(|| Lint::new(Remark::MaskedAway, span))
}

/// What the fields for addresses hold.
#[derive(Clone, Copy)]
enum Holds {
    Ipv4,
    Ipv6,
    Ethernet,
}

impl Holds {
    fn of(field: &str) -> Option<Self> {
        match field {
            "ip4.src" | "ip4.dst" | "arp.spa" | "arp.tpa" | "rarp.spa" | "rarp.tpa" => Some(Self::Ipv4),
            "ip6.src" | "ip6.dst" | "nd.target" => Some(Self::Ipv6),
            "eth.src" | "eth.dst" | "arp.sha" | "arp.tha" | "rarp.sha" | "rarp.tha" | "nd.sll" | "nd.tll" => {
                Some(Self::Ethernet)
            }
            _ => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Ethernet => "an Ethernet address",
        }
    }

    /// Whether a number is an address of another kind, or too small for one: an address can be written as a number.
    fn is_other(self, number: Number) -> bool {
        /// The addresses below are of no network.
        const FIRST: u128 = 1 << 24;
        match (self, number.format) {
            (Self::Ipv4, Format::Ipv4)
            | (Self::Ipv6, Format::Ipv6)
            | (Self::Ethernet, Format::Ethernet)
            | (_, Format::Hexadecimal) => false,
            (_, Format::Decimal) => number.mask.is_some_and(|_| number.written != 0) || is_between(number.value, FIRST),
            _ => true,
        }
    }

    fn show(self, value: u128) -> String {
        match self {
            Self::Ipv4 => {
                u32::try_from(value).map_or_else(|_| value.to_string(), |bits| Ipv4Addr::from(bits).to_string())
            }
            Self::Ipv6 => Ipv6Addr::from(value).to_string(),
            Self::Ethernet => {
                let groups = (0..6).rev().map(|at| format!("{:02x}", value >> (at * 8) & 0xff));
                groups.collect::<Vec<_>>().join(":")
            }
        }
    }
}

fn is_between(value: u128, end: u128) -> bool {
    value > 0 && value < end
}

/// How deep in an expression it is looked for parts that no packet matches: each level is reckoned anew.
const DEEPEST: usize = 3;

/// What no packet matches: the smallest parts that are so, or all of it.
fn never(expression: &Expression, whole: Span, deepest: usize, lints: &mut Vec<Lint>) {
    let Some(deeper) = deepest.checked_sub(1) else { return };
    let is_empty = |part: &Expression| Taken::by(part).possibly.is_empty();
    match expression {
        Expression::Any(parts) => {
            for part in parts {
                never(part, extent(part).unwrap_or(whole), deeper, lints);
            }
        }
        // A part that is empty by itself makes the whole so.
        Expression::All(parts) if is_empty(expression) => {
            let inner = parts.iter().find(|part| !matches!(part, Expression::Constant(_)) && is_empty(part));
            match inner {
                Some(part) => never(part, extent(part).unwrap_or(whole), deeper, lints),
                None if parts.contains(&Expression::Constant(false)) => {}
                None => lints.push(Lint::new(Remark::Never, extent(expression).unwrap_or(whole))),
            }
        }
        Expression::All(parts) => {
            // An alternative within it that is never taken.
            for part in parts.iter().filter(|part| matches!(part, Expression::Any(_))) {
                never(part, whole, deeper, lints);
            }
        }
        Expression::Not(_) | Expression::Comparison(_) if is_empty(expression) => {
            lints.push(Lint::new(Remark::Never, extent(expression).unwrap_or(whole)));
        }
        _ => {}
    }
}

/// From the first comparison of an expression to its last.
fn extent(expression: &Expression) -> Option<Span> {
    let mut extent: Option<Span> = None;
    expression.each_comparison(false, &mut |comparison, _| {
        extent = Some(extent.map_or(comparison.span, |extent| Span {
            start: extent.start.min(comparison.span.start),
            end: extent.end.max(comparison.span.end),
        }));
    });
    extent
}
