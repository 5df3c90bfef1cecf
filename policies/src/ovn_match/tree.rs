//! A match that could be read.

use super::symbols::Symbol;
use super::token::{Number, Operator, Span};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    /// `0` or `1`.
    Constant(bool),
    /// `!(…)`.
    Not(Box<Expression>),
    /// `a && b && …`: at least two.
    All(Vec<Expression>),
    /// `a || b || …`: at least two.
    Any(Vec<Expression>),
    /// `field == constants`; a field alone is `field != 0`.
    Comparison(Comparison),
    /// `is_chassis_resident("…")`.
    IsChassisResident,
}

/// A field beside what it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) field: Field,
    pub(crate) operator: Operator,
    pub(crate) constants: Constants,
    /// All of it.
    pub(crate) span: Span,
}

/// A field, or some of its bits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) symbol: &'static Symbol,
    /// The name as it is written: a register has its number there.
    pub(crate) name: String,
    /// The lowest bit.
    pub(crate) low: u32,
    /// The highest bit.
    pub(crate) high: u32,
    pub(crate) span: Span,
}

impl Field {
    pub(crate) fn width(&self) -> u32 {
        if self.symbol.is_string() { 0 } else { self.high.saturating_sub(self.low) + 1 }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.symbol.is_string() || (self.low == 0 && self.high + 1 == self.symbol.width)
    }
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constants {
    pub(crate) values: Vec<(Constant, Span)>,
    /// Whether they stand in braces.
    pub(crate) is_set: bool,
    pub(crate) span: Span,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Number(Number),
    String(String),
    /// `$name`: numbers that somebody else writes.
    AddressSet(String),
    /// `@name`: names of ports that somebody else writes.
    PortGroup(String),
}

impl Constant {
    pub(crate) fn is_string(&self) -> bool {
        matches!(self, Self::String(_) | Self::PortGroup(_))
    }
}

impl Expression {
    /// Both, on one level where they are of one sort.
    pub(super) fn all(mut parts: Vec<Expression>) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Self::All(parts)
            }
        }
    }

    pub(super) fn any(mut parts: Vec<Expression>) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Self::Any(parts)
            }
        }
    }

    /// Calls `visit` for each comparison, in the order of the text, with whether an odd number of `!` encloses it.
    pub(crate) fn each_comparison<'a>(&'a self, is_negated: bool, visit: &mut impl FnMut(&'a Comparison, bool)) {
        match self {
            Self::Constant(_) | Self::IsChassisResident => {}
            Self::Not(inner) => inner.each_comparison(!is_negated, visit),
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.each_comparison(is_negated, visit);
                }
            }
            Self::Comparison(comparison) => visit(comparison, is_negated),
        }
    }
}
