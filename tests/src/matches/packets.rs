//! Made-up packets, and valid matches that say something of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use fastrand::Rng;
use vpcguard_policies::ovn_match::Packet;

const IPV4: &[&str] = &[
    "10.0.0.1",
    "10.0.0.2",
    "10.0.1.1",
    "10.1.0.9",
    "192.168.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "127.255.255.255",
];
const IPV6: &[&str] = &["fd00::1", "fd00::2", "fd00:1::1", "fe80::1", "::", "ff02::1", "::1", "fd00:0:0:1::"];
const IPV4_PREFIXES: &[&str] = &[
    "10.0.0.0/24",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "10.0.0.0/255.0.255.0",
    "10.0.0.1/32",
    "192.168.0.0/255.255.0.0",
    "128.0.0.0/1",
    "10.0.0.1/0.0.0.255",
    "10.0.0.0/31",
    "10.0.0.0/4294967304",
];
const IPV6_PREFIXES: &[&str] =
    &["fd00::/64", "fd00::/16", "::/0", "fd00::1/128", "fe80::/10", "::1/::ffff", "fd00::/127"];
const PORTS: &[&str] =
    &["80", "443", "0", "65535", "81", "80/65534", "1024", "0x50", "0x10050/0xffff", "0/0xff00", "1024/64512"];
const PORT_NUMBERS: &[u16] = &[80, 81, 443, 0, 65535, 1024, 1025, 79];

/// What people ask, where no value is chosen.
const OTHERS: &[&str] = &[
    "ip4",
    "ip6",
    "ip",
    "tcp",
    "udp",
    "icmp",
    "icmp4",
    "icmp6",
    "sctp",
    "1",
    "0",
    "ip.proto == 6",
    "ip.proto == {6,17}",
    "ip4 == 1",
    "ip6 != 0",
    "ip4.src[0..7] == 1",
    "ip4.mcast",
    "ip.ttl == 64",
    "pkt.mark == 0",
    "ip6.mcast",
    "ip.frag == 0",
    "eth.bcast",
    "ip.dscp == 0",
    "icmp4.type == 8",
    "eth.type == 0x800",
    "arp",
    "ip.proto == 47",
    "!(ip.proto != {6, 132})",
    "ip4.dst[24..31] == 10",
    "tcp.flags == 0",
    "ip4 == {1}",
    "ip.proto == 0/0",
    "ip4.src == 10",
    "ip6.src == 10.0.0.1",
    "ip4.src == ::/0",
    "ip4.dst == 0/0",
];

/// Where they come from: the same from the same seed.
#[derive(Clone, Debug)]
pub struct Packets {
    random: Rng,
}

impl Packets {
    /// Those of a seed.
    pub fn of(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed) }
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        self.random.choice(words.iter().copied()).unwrap_or_default()
    }

    /// One packet.
    pub fn packet(&mut self) -> Packet {
        let is_ipv4 = self.random.u8(..3) < 2;
        let (source, destination) = (self.address(is_ipv4), self.address(is_ipv4));
        let icmp = if is_ipv4 { 1 } else { 58 };
        let protocol = self.random.choice([6, 6, 17, icmp, 132, 47]).unwrap_or(6);
        let mut port = || self.random.choice(PORT_NUMBERS.iter().copied()).unwrap_or_default();
        Packet { source, destination, protocol, source_port: port(), destination_port: port() }
    }

    fn address(&mut self, is_ipv4: bool) -> IpAddr {
        let beside = u32::from(self.random.u8(..4) == 0);
        if is_ipv4 {
            let address: Ipv4Addr = self.one_of(IPV4).parse().unwrap_or(Ipv4Addr::UNSPECIFIED);
            return Ipv4Addr::from_bits(address.to_bits().wrapping_add(beside)).into();
        }
        let address: Ipv6Addr = self.one_of(IPV6).parse().unwrap_or(Ipv6Addr::UNSPECIFIED);
        Ipv6Addr::from_bits(address.to_bits().wrapping_add(beside.into())).into()
    }

    /// A match that is valid, or nearly always.
    pub fn expression(&mut self) -> String {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> String {
        let joint = self.one_of(&[" && ", " || "]);
        let count = self.random.choice([1, 2, 2, 3]).unwrap_or(1);
        let operands: Vec<_> = (0..count).map(|_| self.operand(depth)).collect();
        operands.join(joint)
    }

    fn operand(&mut self, depth: usize) -> String {
        match self.random.u8(..20) {
            0..6 => self.of_address(),
            6..10 => self.of_port(),
            10..14 => self.one_of(OTHERS).to_owned(),
            _ if depth > 3 => "ip4".to_owned(),
            _ => {
                let not = self.one_of(&["", "", "", "!", "!"]);
                format!("{not}({})", self.nested(depth + 1))
            }
        }
    }

    fn of_address(&mut self) -> String {
        let field = self.one_of(&["ip4.src", "ip4.dst", "ip6.src", "ip6.dst"]);
        let (addresses, prefixes) =
            if field.starts_with("ip4") { (IPV4, IPV4_PREFIXES) } else { (IPV6, IPV6_PREFIXES) };
        match self.random.u8(..10) {
            0..7 => format!("{field} {} {}", self.one_of(&["==", "!="]), self.values(&[addresses, prefixes].concat())),
            7 => {
                let (low, high) = (self.one_of(addresses), self.one_of(addresses));
                format!("{low} {} {field} {} {high}", self.one_of(&["<", "<="]), self.one_of(&["<", "<="]))
            }
            _ => format!("{field} {} {}", self.one_of(&["<", "<=", ">", ">="]), self.one_of(addresses)),
        }
    }

    fn of_port(&mut self) -> String {
        let field = self.one_of(&["tcp.dst", "tcp.src", "udp.dst", "udp.src", "sctp.dst", "sctp.src"]);
        match self.random.u8(..10) {
            0..5 => format!("{field} {} {}", self.one_of(&["==", "!="]), self.values(PORTS)),
            5..8 => format!(
                "{field} {} {}",
                self.one_of(&["<", "<=", ">", ">="]),
                self.one_of(&["80", "443", "0", "65535"])
            ),
            _ => {
                let (low, high) = (self.one_of(&["79", "80", "100"]), self.one_of(&["80", "90", "443", "50"]));
                let (first, second) =
                    self.random.choice([("<", "<="), ("<=", "<"), (">", ">="), (">=", ">=")]).unwrap_or_default();
                format!("{low} {first} {field} {second} {high}")
            }
        }
    }

    fn values(&mut self, words: &[&'static str]) -> String {
        if self.random.u8(..10) < 7 {
            return self.one_of(words).to_owned();
        }
        let values: Vec<_> = (0..self.random.usize(1..4)).map(|_| self.one_of(words)).collect();
        format!("{{{}}}", values.join(", "))
    }
}

/// Packets to try a match with.
pub(super) fn samples() -> &'static [Packet] {
    static SAMPLES: LazyLock<Vec<Packet>> = LazyLock::new(|| {
        let mut packets = Packets::of(0);
        (0..16).map(|_| packets.packet()).collect()
    });
    &SAMPLES
}

/// A packet as ovn-trace is told of one.
pub fn microflow(packet: &Packet) -> String {
    let Packet { source, destination, protocol, source_port, destination_port } = packet;
    let ip = if source.is_ipv4() { "ip4" } else { "ip6" };
    let carried = match protocol {
        6 | 17 | 132 => {
            let name = match protocol {
                6 => "tcp",
                17 => "udp",
                _ => "sctp",
            };
            format!("{name} && {name}.src == {source_port} && {name}.dst == {destination_port}")
        }
        1 => "icmp4 && icmp4.type == 8 && icmp4.code == 0".to_owned(),
        58 => "icmp6 && icmp6.type == 128 && icmp6.code == 0".to_owned(),
        other => format!("ip.proto == {other}"),
    };
    format!(
        "eth.src == 00:00:00:00:00:01 && eth.dst == 00:00:00:00:00:02 && {ip}.src == {source} && {ip}.dst == {destination} \
         && ip.ttl == 64 && {carried}"
    )
}
