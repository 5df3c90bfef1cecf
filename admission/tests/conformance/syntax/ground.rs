//! What a mutation stands on: the addresses of one case, which no other case of a run has.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The address families of a Subnet.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Shape {
    V4,
    V6,
    Dual,
}

impl Shape {
    pub(crate) const ALL: [Self; 3] = [Self::V4, Self::V6, Self::Dual];
}

/// The number of a case, and what follows from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground {
    pub(crate) number: u32,
    pub(crate) shape: Shape,
    /// The lengths of its prefixes.
    lengths: (u8, u8),
    /// A host of its Subnet that is taken where any will do.
    pub(crate) some: u32,
}

impl Ground {
    pub(crate) fn new(number: u32, shape: Shape, random: &mut fastrand::Rng) -> Self {
        let lengths = (random.u8(24..=28), *random.choice([64, 80, 112, 120, 124].iter()).unwrap_or(&64));
        Self { number, shape, lengths, some: random.u32(4..=11) }
    }

    /// The same with another number.
    pub(crate) fn again(self, number: u32) -> Self {
        Self { number, ..self }
    }

    /// Another address space of this case: 0 is that of its Subnet.
    fn v4_in(self, space: u8, host: u32) -> Ipv4Addr {
        let [_, _, high, low] = self.number.to_be_bytes();
        // 10.128.0.0/9 is free in the default VPC; so are the others.
        let first = [10, 11, 12][usize::from(space)];
        Ipv4Addr::from(u32::from(Ipv4Addr::new(first, 128 | high, low, 0)) + host)
    }

    fn v6_in(self, space: u16, host: u32) -> Ipv6Addr {
        let [_, _, high, low] = self.number.to_be_bytes();
        Ipv6Addr::from(
            u128::from(Ipv6Addr::new(0xfd00 + space, u16::from_be_bytes([high, low]), 0, 0, 0, 0, 0, 0))
                + u128::from(host),
        )
    }

    pub(crate) fn has_v4(self) -> bool {
        self.shape != Shape::V6
    }

    pub(crate) fn has_v6(self) -> bool {
        self.shape != Shape::V4
    }

    /// The text of its families, with a comma between two.
    fn text(self, v4: &str, v6: &str) -> String {
        match self.shape {
            Shape::V4 => v4.to_owned(),
            Shape::V6 => v6.to_owned(),
            Shape::Dual => format!("{v4},{v6}"),
        }
    }

    /// That of its first family.
    fn first(self, v4: String, v6: String) -> String {
        if self.has_v4() { v4 } else { v6 }
    }

    pub(crate) fn v4(self, host: u32) -> String {
        self.v4_in(0, host).to_string()
    }

    pub(crate) fn v6(self, host: u32) -> String {
        self.v6_in(0, host).to_string()
    }

    pub(crate) fn v4_prefix(self) -> String {
        format!("{}/{}", self.v4(0), self.lengths.0)
    }

    pub(crate) fn v6_prefix(self) -> String {
        format!("{}/{}", self.v6(0), self.lengths.1)
    }

    /// The prefixes of its Subnet.
    pub(crate) fn prefixes(self) -> String {
        self.text(&self.v4_prefix(), &self.v6_prefix())
    }

    /// A host of its Subnet in each family.
    pub(crate) fn hosts(self, host: u32) -> String {
        self.text(&self.v4(host), &self.v6(host))
    }

    /// A host of its Subnet.
    pub(crate) fn host(self, host: u32) -> String {
        self.first(self.v4(host), self.v6(host))
    }

    /// The last address of its Subnet's first prefix.
    pub(crate) fn last(self) -> String {
        let v4 = self.v4((1 << (32 - self.lengths.0)) - 1);
        let v6 = u128::from(self.v6_in(0, 0)) | (u128::MAX >> self.lengths.1);
        self.first(v4, Ipv6Addr::from(v6).to_string())
    }

    /// A prefix of one family that is elsewhere: 1 or 2.
    pub(crate) fn elsewhere(self, space: u8) -> String {
        self.first(format!("{}/24", self.v4_in(space, 0)), format!("{}/64", self.v6_in(space.into(), 0)))
    }

    /// An address of one family that is elsewhere.
    pub(crate) fn stranger(self, space: u8, host: u32) -> String {
        self.first(self.v4_in(space, host).to_string(), self.v6_in(space.into(), host).to_string())
    }

    /// Addresses elsewhere, one of each of its families.
    pub(crate) fn strangers(self, space: u8, host: u32, end: (&str, &str)) -> String {
        let (v4, v6) = (self.v4_in(space, host), self.v6_in(space.into(), host));
        self.text(&format!("{v4}{}", end.0), &format!("{v6}{}", end.1))
    }

    /// An address of the family that is not its first.
    pub(crate) fn of_other_family(self) -> String {
        if self.has_v4() { self.v6(self.some) } else { self.v4(self.some) }
    }

    /// A name of its own.
    pub(crate) fn name(self, of: &str) -> String {
        format!("{of}q{}", self.number)
    }
}
