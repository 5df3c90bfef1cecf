//! One packet, and whether a match takes it.

use std::net::IpAddr;

use super::Match;
use super::packets::{Dimension, PacketBox, Packets, Version};

/// An IP packet that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes to: an address of the same family.
    pub destination: IpAddr,
    /// What it carries, by IANA's number.
    pub protocol: u8,
    /// The port it comes from; of a protocol without ports this says nothing.
    pub source_port: u16,
    /// The port it goes to.
    pub destination_port: u16,
}

impl Packet {
    /// None where its addresses are of two families: there is no such packet.
    fn boxed(&self) -> Option<PacketBox> {
        let (version, source, destination) = match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                (Version::V4, u128::from(u32::from(source)), u128::from(u32::from(destination)))
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => (Version::V6, source.into(), destination.into()),
            _ => return None,
        };
        let one = |value: u128| value..=value;
        Some(
            PacketBox::of(version)
                .with(Dimension::Source, one(source))
                .with(Dimension::Destination, one(destination))
                .with(Dimension::Protocol, one(self.protocol.into()))
                .with(Dimension::SourcePort, one(self.source_port.into()))
                .with(Dimension::DestinationPort, one(self.destination_port.into())),
        )
    }
}

impl Match {
    /// Which of some packets it takes. None of one where that depends on what no such packet says (the port it came in by, its
    /// connection, what is in an address set), and of all where the match cannot be read.
    pub fn takes(&self, packets: &[Packet]) -> Vec<Option<bool>> {
        let Some(taken) = self.taken() else { return vec![None; packets.len()] };
        let is_taken = |packet: &Packet| {
            let one = Packets::new(vec![packet.boxed()?]);
            if taken.surely.meet(&one) { Some(true) } else { (!taken.possibly.meet(&one)).then_some(false) }
        };
        packets.iter().map(is_taken).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Version;
    use super::*;

    #[test]
    fn a_packet_is_taken_or_not_or_nobody_knows() {
        let packet = |source: &str, destination: &str, protocol| Packet {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            protocol,
            source_port: 1024,
            destination_port: 80,
        };
        let packets = [
            packet("10.0.0.1", "10.1.0.1", 6),
            packet("10.0.0.1", "10.1.0.1", 17),
            packet("fd00::1", "fd00::2", 6),
            packet("10.0.0.1", "fd00::2", 6),
        ];
        for (text, takes) in [
            ("ip4.src == 10.0.0.0/24", [Some(true), Some(true), Some(false), None]),
            ("!(tcp.dst == 80)", [Some(false), Some(false), Some(false), None]),
            ("tcp.dst != 81", [Some(true), Some(false), Some(true), None]),
            ("ip6 || inport == \"a\"", [None, None, Some(true), None]),
            ("ip6 && inport == \"a\"", [Some(false), Some(false), None, None]),
            ("ip4 &", [None; 4]),
        ] {
            assert_eq!(Match::parse(text, Version::V25).takes(&packets), takes, "{text}");
        }
    }
}
