//! The fields that a match may name, as OVN knows them in each version.

use super::packets::Dimension;

/// A version of OVN that Kube-OVN brings or may bring; the later the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 23.03 and what is before it.
    V23,
    /// 24.03, of Kube-OVN 1.13 and 1.14.
    V24,
    /// 25.03, of Kube-OVN 1.15 and 1.16.
    #[default]
    V25,
}

/// How a field may be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// By every operator, and its bits one by one.
    Ordinal,
    /// For equality alone, and as a whole.
    Nominal,
    /// True or false.
    Boolean,
    /// True, and never false.
    Predicate,
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub(crate) name: &'static str,
    /// Its width in bits; 0 for a string.
    pub(crate) width: u32,
    pub(crate) level: Level,
    /// What of a packet it is, where matches are reckoned with.
    pub(crate) meaning: Meaning,
    since: Version,
    /// The first version that no longer has it.
    until: Option<Version>,
}

/// What of a packet a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Of nothing that is reckoned with.
    Unknown,
    /// A value of packets of these sorts.
    Value(Dimension, Sorts),
    /// That a packet is of one of these sorts.
    Sort(Sorts),
}

/// Families of packets, with a protocol where it has to be that one.
pub(crate) type Sorts = &'static [(Family, Option<u8>)];

/// The packets that a field speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// Either.
    Both,
}

impl Symbol {
    pub(crate) fn is_string(&self) -> bool {
        self.width == 0
    }

    /// Whether a version has it.
    pub(crate) fn is_known(&self) -> bool {
        self.name != NO_FIELD.name
    }

    /// Whether only the whole of it can be compared, and only for equality.
    pub(crate) fn is_nominal(&self) -> bool {
        matches!(self.level, Level::Nominal | Level::Predicate)
    }
}

/// The field of a name.
pub(crate) fn find(name: &str, version: Version) -> Option<&'static Symbol> {
    of(version).find(|symbol| symbol.name == name).or_else(|| register(name))
}

/// A field that no version has: nothing is known of what it may be compared with.
pub(crate) static NO_FIELD: Symbol = ordinal("", 128);

/// All but the registers.
fn of(version: Version) -> impl Iterator<Item = &'static Symbol> {
    SYMBOLS.iter().filter(move |symbol| symbol.since <= version && symbol.until.is_none_or(|until| version < until))
}

/// The names of all fields, for guessing which was meant.
pub(crate) fn names(version: Version) -> impl Iterator<Item = &'static str> {
    of(version).map(|symbol| symbol.name)
}

/// `reg0` to `reg9`, `xreg0` to `xreg4`, `xxreg0` and `xxreg1`.
fn register(name: &str) -> Option<&'static Symbol> {
    const REGISTERS: [(&str, u8, Symbol); 3] =
        [("xxreg", 1, ordinal("xxreg", 128)), ("xreg", 4, ordinal("xreg", 64)), ("reg", 9, ordinal("reg", 32))];
    static SYMBOLS: [(&str, u8, Symbol); 3] = REGISTERS;
    SYMBOLS.iter().find_map(|(prefix, last, symbol)| {
        let number = name.strip_prefix(prefix)?;
        let is_number = matches!(number.as_bytes(), [digit] if digit.is_ascii_digit() && digit - b'0' <= *last);
        is_number.then_some(symbol)
    })
}

const fn symbol(name: &'static str, width: u32, level: Level) -> Symbol {
    Symbol { name, width, level, meaning: Meaning::Unknown, since: Version::V23, until: None }
}

const fn ordinal(name: &'static str, width: u32) -> Symbol {
    symbol(name, width, Level::Ordinal)
}

const fn nominal(name: &'static str, width: u32) -> Symbol {
    symbol(name, width, Level::Nominal)
}

const fn boolean(name: &'static str) -> Symbol {
    symbol(name, 1, Level::Boolean)
}

const fn predicate(name: &'static str) -> Symbol {
    symbol(name, 1, Level::Predicate)
}

impl Symbol {
    const fn since(self, since: Version) -> Self {
        Self { since, ..self }
    }

    const fn until(self, until: Version) -> Self {
        Self { until: Some(until), ..self }
    }

    const fn means(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }
}

const V4: Sorts = &[(Family::V4, None)];
const V6: Sorts = &[(Family::V6, None)];
const IP: Sorts = &[(Family::Both, None)];
const ICMP4: Sorts = &[(Family::V4, Some(1))];
const ICMP6: Sorts = &[(Family::V6, Some(58))];
const ICMP: Sorts = &[(Family::V4, Some(1)), (Family::V6, Some(58))];
const TCP: Sorts = &[(Family::Both, Some(6))];
const UDP: Sorts = &[(Family::Both, Some(17))];
const SCTP: Sorts = &[(Family::Both, Some(132))];

/// All of them but the registers.
static SYMBOLS: &[Symbol] = &[
    nominal("inport", 0),
    nominal("outport", 0),
    ordinal("eth.src", 48),
    ordinal("eth.dst", 48),
    nominal("eth.type", 16),
    boolean("eth.bcast"),
    boolean("eth.mcastv6"),
    ordinal("eth.mcast", 1),
    ordinal("vlan.tci", 16),
    boolean("vlan.present"),
    ordinal("vlan.pcp", 3),
    ordinal("vlan.vid", 12),
    predicate("ip4").means(Meaning::Sort(V4)),
    predicate("ip6").means(Meaning::Sort(V6)),
    predicate("ip").means(Meaning::Sort(IP)),
    nominal("ip.proto", 8).means(Meaning::Value(Dimension::Protocol, IP)),
    nominal("ip.dscp", 6),
    nominal("ip.ecn", 2),
    nominal("ip.ttl", 8),
    ordinal("ip.frag", 2),
    boolean("ip.is_frag"),
    boolean("ip.later_frag"),
    boolean("ip.first_frag"),
    ordinal("ip4.src", 32).means(Meaning::Value(Dimension::Source, V4)),
    ordinal("ip4.dst", 32).means(Meaning::Value(Dimension::Destination, V4)),
    boolean("ip4.src_mcast"),
    boolean("ip4.mcast"),
    ordinal("ip6.src", 128).means(Meaning::Value(Dimension::Source, V6)),
    ordinal("ip6.dst", 128).means(Meaning::Value(Dimension::Destination, V6)),
    ordinal("ip6.label", 20),
    boolean("ip6.mcast"),
    boolean("ip6.mcast_rsvd"),
    boolean("ip6.mcast_all_nodes"),
    boolean("ip6.mcast_all_rtrs"),
    boolean("ip6.mcast_sol_node"),
    boolean("ip6.mcast_flood"),
    predicate("icmp4").means(Meaning::Sort(ICMP4)),
    predicate("icmp6").means(Meaning::Sort(ICMP6)),
    predicate("icmp").means(Meaning::Sort(ICMP)),
    nominal("icmp4.type", 8),
    nominal("icmp4.code", 8),
    nominal("icmp6.type", 8),
    nominal("icmp6.code", 8),
    predicate("igmp"),
    predicate("mldv1"),
    predicate("mldv2"),
    predicate("arp"),
    nominal("arp.op", 16),
    ordinal("arp.spa", 32),
    ordinal("arp.tpa", 32),
    ordinal("arp.sha", 48),
    ordinal("arp.tha", 48),
    predicate("rarp"),
    nominal("rarp.op", 16),
    ordinal("rarp.spa", 32),
    ordinal("rarp.tpa", 32),
    ordinal("rarp.sha", 48),
    ordinal("rarp.tha", 48),
    predicate("nd"),
    predicate("nd_ns"),
    predicate("nd_ns_mcast").since(Version::V24),
    predicate("nd_na"),
    predicate("nd_rs"),
    predicate("nd_ra"),
    ordinal("nd.target", 128),
    ordinal("nd.sll", 48),
    ordinal("nd.tll", 48),
    predicate("tcp").means(Meaning::Sort(TCP)),
    predicate("udp").means(Meaning::Sort(UDP)),
    predicate("sctp").means(Meaning::Sort(SCTP)),
    ordinal("tcp.src", 16).means(Meaning::Value(Dimension::SourcePort, TCP)),
    ordinal("tcp.dst", 16).means(Meaning::Value(Dimension::DestinationPort, TCP)),
    ordinal("udp.src", 16).means(Meaning::Value(Dimension::SourcePort, UDP)),
    ordinal("udp.dst", 16).means(Meaning::Value(Dimension::DestinationPort, UDP)),
    ordinal("sctp.src", 16).means(Meaning::Value(Dimension::SourcePort, SCTP)),
    ordinal("sctp.dst", 16).means(Meaning::Value(Dimension::DestinationPort, SCTP)),
    ordinal("tcp.flags", 12),
    ordinal("ct_state", 32),
    ordinal("ct.trk", 1),
    ordinal("ct.new", 1),
    ordinal("ct.est", 1),
    ordinal("ct.rel", 1),
    ordinal("ct.rpl", 1),
    ordinal("ct.inv", 1),
    ordinal("ct.snat", 1),
    ordinal("ct.dnat", 1),
    ordinal("ct_mark", 32),
    ordinal("ct_mark.blocked", 1),
    ordinal("ct_mark.natted", 1),
    ordinal("ct_mark.skip_snat", 1),
    ordinal("ct_mark.force_snat", 1),
    ordinal("ct_mark.ecmp_reply_port", 16),
    ordinal("ct_mark.obs_stage", 2).since(Version::V25),
    ordinal("ct_mark.obs_collector_id", 8).since(Version::V25),
    ordinal("ct_mark.allow_established", 1).since(Version::V25),
    ordinal("ct_label", 128),
    ordinal("ct_label.ecmp_reply_eth", 48),
    ordinal("ct_label.label", 32),
    ordinal("ct_label.blocked", 1).until(Version::V25),
    ordinal("ct_label.natted", 1).until(Version::V25),
    ordinal("ct_label.skip_snat", 1).until(Version::V25),
    ordinal("ct_label.force_snat", 1).until(Version::V25),
    ordinal("ct_label.ecmp_reply_port", 16).until(Version::V25),
    ordinal("ct_label.obs_point_id", 32).since(Version::V25),
    ordinal("ct_label.obs_unused", 96).since(Version::V25),
    ordinal("ct_label.acl_id", 16).since(Version::V25),
    ordinal("flags", 32),
    ordinal("flags.loopback", 1),
    ordinal("flags.force_snat_for_dnat", 1),
    ordinal("flags.force_snat_for_lb", 1),
    ordinal("flags.skip_snat_for_lb", 1),
    ordinal("flags.use_snat_zone", 1),
    ordinal("flags.from_ctrl", 1).since(Version::V24),
    ordinal("flags.icmp_snat", 1).since(Version::V24),
    ordinal("flags.localnet", 1).since(Version::V24),
    ordinal("flags.tunnel_rx", 1).since(Version::V24),
    ordinal("flags.network_id", 4).since(Version::V24).until(Version::V25),
    ordinal("flags.unsnat_new", 1).since(Version::V25),
    ordinal("flags.unsnat_not_tracked", 1).since(Version::V25),
    ordinal("pkt.mark", 32),
    nominal("icmp4.frag_mtu", 16),
    nominal("icmp6.frag_mtu", 32),
];
