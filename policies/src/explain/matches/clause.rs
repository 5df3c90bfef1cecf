//! What one comparison says of packets, in words.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::ovn_match::symbols::Level;
use crate::ovn_match::token::{Number, Operator};
use crate::ovn_match::tree::{Comparison, Constant, Field};

/// How many values of a list are told.
const MOST_VALUES: usize = 12;

/// What is said of packets: that they are of a sort, or more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clause {
    /// The sort that they are of, as it stands before the word "packets".
    pub(super) sort: Option<&'static str>,
    /// The sort that [`Self::text`] names already.
    pub(super) named: Option<&'static str>,
    /// What stands behind the word "packets".
    pub(super) text: Option<String>,
}

/// What a field is called where packets have or have not what it says.
const TRUTHS: &[(&str, &str, &str)] = &[
    ("eth.bcast", "to the broadcast address of Ethernet", "not to the broadcast address of Ethernet"),
    ("eth.mcast", "to an Ethernet address of many", "to an Ethernet address of one"),
    ("vlan.present", "with a VLAN tag", "without a VLAN tag"),
    ("ip.is_frag", "that are fragments", "that are not fragments"),
    ("ip.first_frag", "that are first fragments", "that are no first fragments"),
    ("ip.later_frag", "that are later fragments", "that are no later fragments"),
    ("ip4.mcast", "to a multicast address", "not to a multicast address"),
    ("ip4.src_mcast", "from a multicast address", "not from a multicast address"),
    ("ip6.mcast", "to a multicast address", "not to a multicast address"),
    ("ct.trk", "of a tracked connection", "of no tracked connection"),
    ("ct.new", "that begin a connection", "that do not begin a connection"),
    ("ct.est", "of an established connection", "of no established connection"),
    ("ct.rel", "related to a connection", "related to no connection"),
    ("ct.rpl", "that answer in a connection", "that do not answer in a connection"),
    ("ct.inv", "that connection tracking calls invalid", "that connection tracking does not call invalid"),
];

/// What fields are called.
const NOUNS: &[(&str, &str)] = &[
    ("eth.type", "EtherType"),
    ("vlan.vid", "VLAN ID"),
    ("vlan.pcp", "VLAN priority"),
    ("ip.proto", "IP protocol"),
    ("ip.ttl", "TTL"),
    ("ip.dscp", "DSCP"),
    ("ip.ecn", "ECN"),
    ("ip6.label", "flow label"),
    ("icmp4.type", "ICMP type"),
    ("icmp4.code", "ICMP code"),
    ("icmp6.type", "ICMP type"),
    ("icmp6.code", "ICMP code"),
    ("tcp.flags", "TCP flags"),
    ("arp.op", "operation"),
    ("arp.spa", "sender's IP address"),
    ("arp.tpa", "target's IP address"),
    ("arp.sha", "sender's MAC address"),
    ("arp.tha", "target's MAC address"),
    ("nd.target", "target"),
    ("pkt.mark", "mark"),
    ("ip4.src", "source"),
    ("ip4.dst", "destination"),
    ("ip6.src", "source"),
    ("ip6.dst", "destination"),
    ("eth.src", "source MAC address"),
    ("eth.dst", "destination MAC address"),
    ("tcp.src", "TCP source port"),
    ("tcp.dst", "TCP destination port"),
    ("udp.src", "UDP source port"),
    ("udp.dst", "UDP destination port"),
    ("sctp.src", "SCTP source port"),
    ("sctp.dst", "SCTP destination port"),
];

/// What packets are called for which a field is there.
const SORTS: &[(&str, &str)] = &[
    ("ip4", "IPv4"),
    ("ip6", "IPv6"),
    ("ip", "IP"),
    ("tcp", "TCP"),
    ("udp", "UDP"),
    ("sctp", "SCTP"),
    ("icmp", "ICMP"),
    ("icmp4", "ICMPv4"),
    ("icmp6", "ICMPv6"),
    ("igmp", "IGMP"),
    ("mldv1", "MLDv1"),
    ("mldv2", "MLDv2"),
    ("arp", "ARP"),
    ("rarp", "RARP"),
    ("nd", "neighbour discovery"),
    ("nd_ns", "neighbour solicitation"),
    ("nd_ns_mcast", "multicast neighbour solicitation"),
    ("nd_na", "neighbour advertisement"),
    ("nd_rs", "router solicitation"),
    ("nd_ra", "router advertisement"),
];

const PROTOCOLS: &[(u128, &str)] = &[
    (1, "ICMP"),
    (2, "IGMP"),
    (6, "TCP"),
    (17, "UDP"),
    (47, "GRE"),
    (50, "ESP"),
    (58, "ICMPv6"),
    (89, "OSPF"),
    (132, "SCTP"),
];

/// The other side of a key.
fn of<K: PartialEq + Copy, V: Copy>(table: &[(K, V)], key: K) -> Option<V> {
    table.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

/// What a comparison says, where an odd number of `!` encloses it or not.
pub(super) fn of_comparison(comparison: &Comparison, is_negated: bool) -> Clause {
    let Comparison { field, operator, constants, .. } = comparison;
    let operator = if is_negated { denied(*operator) } else { *operator };
    let sort = sort(&field.name);
    if field.symbol.level == Level::Predicate {
        return Clause { sort, ..Clause::default() };
    }
    if let Some(truth) = truth(comparison, operator) {
        let words = TRUTHS.iter().find(|(name, _, _)| *name == field.name);
        let text = match words {
            Some((_, yes, _)) if truth => (*yes).to_owned(),
            Some((_, _, no)) => (*no).to_owned(),
            None => format!("whose {} is {}", noun(field), u8::from(truth)),
        };
        return Clause { sort, named: None, text: Some(text) };
    }
    let values: Vec<_> = constants.values.iter().map(|(constant, _)| value(field, constant)).collect();
    let values = either(&values);
    let text = match (field.is_whole(), field.name.as_str()) {
        (true, "ip4.src" | "ip6.src") => address("from", operator, &values),
        (true, "ip4.dst" | "ip6.dst") => address("to", operator, &values),
        (true, "inport") => port_of_ovn("come in by", operator, &values),
        (true, "outport") => port_of_ovn("go out by", operator, &values),
        (true, name) if let Some((protocol, direction)) = port(name) => {
            let text = match operator {
                Operator::Eq => format!("{direction} {protocol} port {values}"),
                Operator::Ne => format!("{direction} a {protocol} port other than {values}"),
                Operator::Lt => format!("{direction} a {protocol} port below {values}"),
                Operator::Le => format!("{direction} a {protocol} port up to {values}"),
                Operator::Gt => format!("{direction} a {protocol} port above {values}"),
                Operator::Ge => format!("{direction} {protocol} port {values} or above"),
            };
            return Clause { sort: None, named: Some(protocol), text: Some(text) };
        }
        _ => other(field, operator, &values),
    };
    Clause { sort, named: None, text: Some(text) }
}

/// What a range says: two comparisons with the same field, none of them negated.
pub(super) fn of_range(one: &Comparison, other: &Comparison) -> Option<Clause> {
    let field = &one.field;
    let bound = |comparison: &Comparison| match comparison.constants.values.as_slice() {
        [(Constant::Number(number), _)] if number.mask.is_none() => Some((comparison.operator, number.value)),
        _ => None,
    };
    let (first, second) = (bound(one)?, bound(other)?);
    let (low, high) = if first.0.is_upward() { (second, first) } else { (first, second) };
    let low = if low.0 == Operator::Gt { low.1.checked_add(1)? } else { low.1 };
    let high = if high.0 == Operator::Lt { high.1.checked_sub(1)? } else { high.1 };
    let show = |value| shown(field, Number { value, ..Number::plain(0, crate::ovn_match::token::Format::Decimal) });
    let range = format!("{} to {}", show(low), show(high));
    let sort = sort(&field.name);
    Some(match (field.is_whole(), field.name.as_str()) {
        (true, "ip4.src" | "ip6.src") => clause(sort, format!("from the addresses {range}")),
        (true, "ip4.dst" | "ip6.dst") => clause(sort, format!("to the addresses {range}")),
        (true, name) if let Some((protocol, direction)) = port(name) => {
            Clause { named: Some(protocol), ..clause(None, format!("{direction} the {protocol} ports {range}")) }
        }
        _ => clause(sort, format!("whose {} is in {range}", noun(field))),
    })
}

fn clause(sort: Option<&'static str>, text: String) -> Clause {
    Clause { sort, named: None, text: Some(text) }
}

fn denied(operator: Operator) -> Operator {
    match operator {
        Operator::Eq => Operator::Ne,
        Operator::Ne => Operator::Eq,
        Operator::Lt => Operator::Ge,
        Operator::Le => Operator::Gt,
        Operator::Gt => Operator::Le,
        Operator::Ge => Operator::Lt,
    }
}

/// The sort of packets that have a field.
fn sort(name: &str) -> Option<&'static str> {
    of(SORTS, name.split('.').next().unwrap_or_default())
}

/// The protocol and the direction of a port.
fn port(name: &str) -> Option<(&'static str, &'static str)> {
    let (protocol, side) = name.split_once('.')?;
    let protocol = of(&[("tcp", "TCP"), ("udp", "UDP"), ("sctp", "SCTP")], protocol)?;
    Some((protocol, of(&[("src", "from"), ("dst", "to")], side)?))
}

/// Whether one bit is to be set.
fn truth(Comparison { field, constants, .. }: &Comparison, operator: Operator) -> Option<bool> {
    let [(Constant::Number(Number { value, mask: None, .. }), _)] = constants.values.as_slice() else { return None };
    (field.width() == 1 && !operator.is_order()).then(|| (value & 1 == 1) == (operator == Operator::Eq))
}

fn address(direction: &str, operator: Operator, values: &str) -> String {
    match operator {
        Operator::Eq => format!("{direction} {values}"),
        Operator::Ne => format!("not {direction} {values}"),
        Operator::Lt => format!("{direction} an address below {values}"),
        Operator::Le => format!("{direction} an address up to {values}"),
        Operator::Gt => format!("{direction} an address above {values}"),
        Operator::Ge => format!("{direction} {values} or an address above"),
    }
}

fn port_of_ovn(does: &str, operator: Operator, values: &str) -> String {
    let not = if operator == Operator::Eq { "" } else { "do not " };
    format!("that {not}{does} port {values}")
}

fn other(field: &Field, operator: Operator, values: &str) -> String {
    let is = match operator {
        Operator::Eq => "is",
        Operator::Ne => "is not",
        Operator::Lt => "is below",
        Operator::Le => "is at most",
        Operator::Gt => "is above",
        Operator::Ge => "is at least",
    };
    let noun = noun(field);
    let is =
        if noun.starts_with("bits ") || noun.ends_with("flags") { is.replacen("is", "are", 1) } else { is.to_owned() };
    format!("whose {noun} {is} {values}")
}

fn noun(field: &Field) -> String {
    let name = of(NOUNS, field.name.as_str()).unwrap_or(&field.name);
    match (field.is_whole(), field.low == field.high) {
        (true, _) => name.to_owned(),
        (false, true) => format!("bit {} of {name}", field.low),
        (false, false) => format!("bits {} to {} of {name}", field.low, field.high),
    }
}

fn value(field: &Field, constant: &Constant) -> String {
    match constant {
        Constant::Number(number) => shown(field, *number),
        Constant::String(text) => crate::text::quoted(text),
        Constant::AddressSet(name) => format!("any of ${name}"),
        Constant::PortGroup(name) => format!("any of @{name}"),
    }
}

/// A number as the field means it.
fn shown(field: &Field, number: Number) -> String {
    // Only the bits that are compared count.
    let all = u128::MAX.checked_shr(u128::BITS - field.width()).unwrap_or(0);
    let (value, mask) = (number.value & all, number.mask.map(|mask| mask & all).filter(|mask| *mask != all));
    let name = if field.is_whole() { field.name.as_str() } else { "" };
    let show: fn(u128) -> String = match name {
        "ip4.src" | "ip4.dst" | "arp.spa" | "arp.tpa" | "rarp.spa" | "rarp.tpa" => ipv4,
        "ip6.src" | "ip6.dst" | "nd.target" => |value| Ipv6Addr::from(value).to_string(),
        "eth.src" | "eth.dst" | "arp.sha" | "arp.tha" | "rarp.sha" | "rarp.tha" | "nd.sll" | "nd.tll" => ethernet,
        "ip.proto" => protocol,
        "eth.type" | "ct_state" | "ct_mark" | "ct_label" | "tcp.flags" | "flags" => |value| format!("{value:#x}"),
        _ => |value| value.to_string(),
    };
    let Some(mask) = mask else { return show(value) };
    // The bits that do not count are the lowest ones.
    let is_prefix = (all & !mask) & (all & !mask).wrapping_add(1) == 0;
    let is_ip = matches!(name, "ip4.src" | "ip4.dst" | "ip6.src" | "ip6.dst" | "arp.spa" | "arp.tpa" | "nd.target");
    if is_ip && is_prefix {
        return format!("{}/{}", show(value), mask.count_ones());
    }
    if is_ip || show(0).contains(':') {
        return format!("{}/{}", show(value), show(mask));
    }
    format!("{value:#x} in the bits {mask:#x}")
}

fn ipv4(value: u128) -> String {
    u32::try_from(value).map_or_else(|_| value.to_string(), |bits| Ipv4Addr::from(bits).to_string())
}

fn ethernet(value: u128) -> String {
    (0..6).rev().map(|at| format!("{:02x}", value >> (at * 8) & 0xff)).collect::<Vec<_>>().join(":")
}

fn protocol(value: u128) -> String {
    of(PROTOCOLS, value).map_or_else(|| value.to_string(), |name| format!("{value} ({name})"))
}

/// `a`, `a or b`, `a, b or c`; what is beyond a dozen is counted.
fn either(values: &[String]) -> String {
    let (told, rest) = values.split_at(values.len().min(MOST_VALUES));
    match (told, rest.len()) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([all @ .., last], 0) => format!("{} or {last}", all.join(", ")),
        (told, more) => format!("{} or {more} more", told.join(", ")),
    }
}
