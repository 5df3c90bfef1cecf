//! What can be wrong with a match, where, and what was meant.

use std::fmt;

use super::token::Span;

/// One thing that is wrong with a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub problem: Problem,
    /// Where it stands in the text.
    pub span: Span,
    /// What to write instead, in a few words.
    pub suggestion: Option<String>,
}

impl Fault {
    pub(crate) fn new(problem: Problem, span: Span) -> Self {
        Self { problem, span, suggestion: None }
    }

    #[must_use]
    pub(crate) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not a character of the language.
    #[error("{0:?} may not stand outside a string")]
    Character(char),
    /// Half an operator.
    #[error("a single `{0}` means nothing here")]
    Single(char),
    /// A string that is not closed.
    #[error("the string is not closed")]
    OpenString,
    /// A bad escape in a string.
    #[error("the string has an escape that JSON does not know")]
    Escape,
    /// A comment that is not closed in its line.
    #[error("the comment is not closed in its line")]
    OpenComment,
    /// `080`.
    #[error("a decimal number may not begin with 0")]
    LeadingZero,
    /// Beyond 64 bits.
    #[error("a decimal number must be less than 2^64")]
    LargeDecimal,
    /// `0x` and nothing behind it.
    #[error("hexadecimal digits are missing")]
    NoHexDigits,
    /// `0xg`.
    #[error("not a hexadecimal number")]
    HexDigit,
    /// Beyond 128 bits.
    #[error("a hexadecimal number has at most 128 bits")]
    LargeHex,
    /// No number of any kind.
    #[error("not a number, and no address")]
    Number,
    /// Nothing behind a slash.
    #[error("a mask or a prefix length is missing behind the slash")]
    NoMask,
    /// A mask that does not fit.
    #[error("this mask does not fit this value")]
    Mask,
    /// `$` and no name.
    #[error("a name is missing behind `{0}`")]
    NoName(char),
    /// Something else should stand here.
    #[error("{found} stands where {expected} should")]
    Expected {
        /// What should.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// A name that is not a field.
    #[error("there is no field {0:?}")]
    UnknownField(String),
    /// A function that does not exist.
    #[error("there is no function {0:?}")]
    UnknownFunction(String),
    /// `a && b || c`.
    #[error("`&&` and `||` need parentheses where they stand together")]
    Mixed,
    /// `!a == b`.
    #[error("what `!` negates must stand in parentheses")]
    BareNot,
    /// Parentheses too deep.
    #[error("parentheses are nested more than 100 deep")]
    Deep,
    /// Deeper than what stands in the parentheses of an ACL may be.
    #[error("parentheses are nested more than 99 deep, and Kube-OVN puts one more pair around the match of an ACL")]
    DeepInAcl,
    /// A comment that hides the parenthesis that Kube-OVN puts behind a match.
    #[error("the comment hides the `)` that Kube-OVN puts behind the match of an ACL")]
    CommentInAcl,
    /// A template.
    #[error("a template of OVN's load balancers means nothing here")]
    Template,
    /// A string beside numbers.
    #[error("a set holds either numbers or strings")]
    MixedSet,
    /// A field that is not of the constant's type.
    #[error("the field {field} is compared with {wanted}, not with {found}")]
    Type {
        /// The field.
        field: String,
        /// What it is compared with.
        wanted: &'static str,
        /// What it is compared with here.
        found: &'static str,
    },
    /// A constant that does not fit.
    #[error("the field {field} has {has} bits, and this constant {needs}")]
    Width {
        /// The field.
        field: String,
        /// Its width.
        has: u32,
        /// The constant's.
        needs: u32,
    },
    /// `f < {1, 2}`.
    #[error("`{0}` takes one value, not a set")]
    OrderOfSet(String),
    /// `ip.proto < 6`.
    #[error("the field {0} has no order, and is compared by `==`")]
    OrderOfField(String),
    /// `ip4.src < 10.0.0.0/8`.
    #[error("`{0}` takes no masked value")]
    OrderOfMask(String),
    /// `ip4.src < $set`.
    #[error("ordering against an address set can stop ovn-controller on every node")]
    OrderOfAddressSet,
    /// `!tcp`.
    #[error("{0} can be asked for, but not denied")]
    NegatedPredicate(String),
    /// `ip.proto != 6`.
    #[error("the field {0} can be compared by `==` alone, and a `!` around it turns that")]
    NegatedNominal(String),
    /// `1 < f > 2`.
    #[error("a range is written `LOW <= FIELD <= HIGH`")]
    Range,
    /// `tcp.dst`, alone.
    #[error("the field {0} has more than one bit and is compared with nothing")]
    Bare(String),
    /// `inport[0]`.
    #[error("the field {0} is a string, and has no bits")]
    BitsOfString(String),
    /// `f[7..0]`.
    #[error("bits are counted upward: [{high}..{low}]")]
    BitOrder {
        /// The first.
        low: u32,
        /// The last.
        high: u32,
    },
    /// `f[40]`.
    #[error("the field {field} has only {width} bits")]
    BitRange {
        /// The field.
        field: String,
        /// Its width.
        width: u32,
    },
    /// `ip.proto[0..3]`.
    #[error("the field {0} can only be compared as a whole")]
    BitsOfNominal(String),
}
