//! The language of OVN's matches, as OVN's own parser has it: which texts it takes, what is wrong with the others and where,
//! and what they mean for a packet.
//!
//! Nobody refuses a bad one: the database stores any string, and ovn-controller leaves out what it cannot parse, in its log.
//! Accepting and refusing is held against a real OVN, see docs/conformance.md.

mod check;
mod fault;
mod lexer;
mod number;
pub(crate) mod packets;
mod parser;
mod suggest;
mod symbols;
mod token;
mod tree;

pub use fault::{Fault, Problem};
pub use symbols::Version;
pub use token::Span;

use packets::Taken;
use tree::Expression;

/// A match, read.
#[derive(Clone, Debug)]
pub struct Match {
    expression: Option<Expression>,
    faults: Vec<Fault>,
}

impl Match {
    /// Reads a text as a version of OVN does.
    pub fn parse(text: &str, version: Version) -> Self {
        let (expression, faults) = parser::parse(text, version);
        Self { expression, faults }
    }

    /// Whether OVN takes it. One thing that OVN takes counts as a fault here: ordering against an address set, on which its
    /// controller can end.
    pub fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    /// Which packets it takes; none where it cannot be read.
    pub(crate) fn taken(&self) -> Option<Taken> {
        self.expression.as_ref().filter(|_| self.is_valid()).map(Taken::by)
    }

    /// All that is wrong with it, in the order of the text.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

#[cfg(test)]
mod tests;
