//! The language of OVN's matches, as OVN's own parser has it: which texts it takes, what is wrong with the others and where,
//! and what they mean for a packet.
//!
//! Nobody refuses a bad one: the database stores any string, and ovn-controller leaves out what it cannot parse, in its log.
//! Accepting and refusing is held against a real OVN, see docs/conformance.md.

mod check;
mod fault;
mod lexer;
mod lint;
mod number;
mod packet;
pub(crate) mod packets;
mod parser;
mod suggest;
pub(crate) mod symbols;
pub(crate) mod token;
pub(crate) mod tree;

pub use fault::{Fault, Problem};
pub use lint::{Lint, Remark};
pub use packet::Packet;
pub use symbols::Version;
pub use token::Span;

use packets::Taken;
use tree::Expression;

/// A match, read.
#[derive(Clone, Debug)]
pub struct Match {
    expression: Option<Expression>,
    faults: Vec<Fault>,
    /// What of the text is not blank.
    whole: Span,
}

impl Match {
    /// Reads a text as a version of OVN does.
    pub fn parse(text: &str, version: Version) -> Self {
        let (expression, mut faults) = parser::parse(text, version);
        // A `!` without parentheses is noticed behind what it stands before.
        faults.sort_by_key(|fault| fault.span.start);
        let start = text.len() - text.trim_start().len();
        let whole = Span { start, end: start + text.trim().len() };
        Self { expression, faults, whole }
    }

    /// Reads the match of an ACL, around which Kube-OVN and OVN put parentheses: that heals some texts, and breaks others.
    /// What it heals is a fault here too.
    pub fn parse_in_acl(text: &str, version: Version) -> Self {
        let mut parsed = Self::parse(text, version);
        let is_broken = || !parser::parse(&format!("({text})"), version).1.is_empty();
        if parsed.is_valid() && is_broken() {
            parsed.faults.push(match parser::open_comment(text) {
                Some(span) => Fault::new(Problem::CommentInAcl, span).suggest("leave the comment out"),
                None => Fault::new(Problem::DeepInAcl, parsed.whole),
            });
        }
        parsed
    }

    /// Whether OVN takes it. One thing that OVN takes counts as a fault here: ordering against an address set, on which its
    /// controller can end.
    pub fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    /// All that is wrong with it, in the order of the text.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// What OVN takes and nobody means, in the order of the text. Nothing is said of a match that cannot be read.
    pub fn lints(&self) -> Vec<Lint> {
        self.expression().map_or_else(Vec::new, |expression| lint::of(expression, self.whole))
    }

    /// What of it says nothing in the policy of a router, in the order of the text.
    pub fn lints_on_router(&self) -> Vec<Lint> {
        self.expression().map_or_else(Vec::new, lint::on_router)
    }

    /// Which packets it takes; none where it cannot be read, or not reckoned with.
    pub(crate) fn taken(&self) -> Option<Taken> {
        self.expression().filter(|expression| packets::is_small(expression)).map(Taken::by)
    }

    /// What it says, where it can be read and nothing is wrong with it.
    pub(crate) fn expression(&self) -> Option<&Expression> {
        self.expression.as_ref().filter(|_| self.is_valid())
    }
}

#[cfg(test)]
mod tests;
