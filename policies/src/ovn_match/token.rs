//! What a match consists of.

use std::fmt;

/// A part of a text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Span {
    /// From the beginning of one part to the end of another.
    pub(crate) fn to(self, end: Self) -> Self {
        Self { start: self.start, end: end.end }
    }

    /// The same as a range.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    /// The part itself.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// How a number is written. It decides what may stand behind a slash, and how wide the number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `80`.
    Decimal,
    /// `0x50`.
    Hexadecimal,
    /// `10.0.0.1`.
    Ipv4,
    /// `fd00::1`.
    Ipv6,
    /// `00:00:00:00:00:01`.
    Ethernet,
}

impl Format {
    /// The width of an address in bits; none for a plain number.
    pub(crate) fn width(self) -> Option<u32> {
        match self {
            Self::Decimal | Self::Hexadecimal => None,
            Self::Ipv4 => Some(32),
            Self::Ipv6 => Some(128),
            Self::Ethernet => Some(48),
        }
    }
}

/// A number, with its mask if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// The value; no bit is set that the mask leaves out.
    pub value: u128,
    /// The value as it is written, whatever the mask leaves out of it.
    pub written: u128,
    /// The bits that count.
    pub mask: Option<u128>,
    /// How the value is written.
    pub format: Format,
    /// The length of a prefix as it is written, where the mask is one.
    pub prefix: Option<u64>,
}

impl Number {
    pub(crate) fn plain(value: u128, format: Format) -> Self {
        Self { value, written: value, mask: None, format, prefix: None }
    }

    /// How many bits a field must have for it.
    pub(crate) fn width(self) -> u32 {
        let bits = |value: u128| u128::BITS - value.leading_zeros();
        match (self.mask, self.format.width()) {
            (Some(mask), _) => bits(mask),
            (None, Some(width)) => width,
            (None, None) => bits(self.value),
        }
    }
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `==`.
    Eq,
    /// `!=`.
    Ne,
    /// `<`.
    Lt,
    /// `<=`.
    Le,
    /// `>`.
    Gt,
    /// `>=`.
    Ge,
}

impl Operator {
    /// The same with its sides exchanged.
    pub(crate) fn turned(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            same => same,
        }
    }

    pub(crate) fn is_order(self) -> bool {
        !matches!(self, Self::Eq | Self::Ne)
    }

    pub(crate) fn is_upward(self) -> bool {
        matches!(self, Self::Lt | Self::Le)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        })
    }
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Id(&'a str),
    Number(Number),
    String(String),
    AddressSet(&'a str),
    PortGroup(&'a str),
    Template(&'a str),
    Compare(Operator),
    Not,
    And,
    Or,
    LeftParenthesis,
    RightParenthesis,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Ellipsis,
    Comma,
    /// What the lexer of OVN knows and no match has: `=`, `;`, `:`, `-`, `--`, `<->`.
    Other(&'static str),
    End,
}
