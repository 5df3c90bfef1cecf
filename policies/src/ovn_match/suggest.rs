//! What was probably meant.

use super::fault::{Fault, Problem};
use super::symbols::{Version, find, names};
use super::token::{Format, Operator, Span, Token};
use super::tree::{Expression, Field};
use crate::text::did_you_mean;

/// Words of other languages.
const WORDS: &[(&str, &str)] =
    &[("and", "&&"), ("or", "||"), ("not", "!"), ("in", "=="), ("eq", "=="), ("ne", "!="), ("is", "==")];

/// Names that people write, and what they mean.
const FIELDS: &[(&str, &str)] = &[
    ("ip.src", "ip4.src or ip6.src"),
    ("ip.dst", "ip4.dst or ip6.dst"),
    ("ip4.proto", "ip.proto"),
    ("ip6.proto", "ip.proto"),
    ("ip.protocol", "ip.proto"),
    ("ip.version", "ip4 or ip6"),
    ("tcp.port", "tcp.src or tcp.dst"),
    ("udp.port", "udp.src or udp.dst"),
    ("sctp.port", "sctp.src or sctp.dst"),
    ("tcp.sport", "tcp.src"),
    ("tcp.dport", "tcp.dst"),
    ("udp.sport", "udp.src"),
    ("udp.dport", "udp.dst"),
    ("src", "ip4.src or ip6.src"),
    ("dst", "ip4.dst or ip6.dst"),
    ("ipv4", "ip4"),
    ("ipv6", "ip6"),
    ("true", "1, which takes every packet"),
    ("any", "1, which takes every packet"),
    ("all", "1, which takes every packet"),
    ("false", "0, which takes no packet"),
    ("none", "0, which takes no packet"),
];

/// A field that does not exist.
pub(super) fn field(fault: Fault, name: &str, version: Version) -> Fault {
    let lower = name.to_ascii_lowercase();
    if let Some((_, meant)) = FIELDS.iter().find(|(wrong, _)| *wrong == lower) {
        return fault.suggest(format!("write {meant}"));
    }
    if find(&lower, version).is_some() {
        return fault.suggest(format!("write {lower}: names have small letters"));
    }
    let known: Vec<_> = names(version).collect();
    match did_you_mean(name, &known) {
        Some(question) => fault.suggest(question),
        None => fault,
    }
}

/// Whether it is a word of another language, which no version of OVN will call a field.
pub(super) fn is_word(name: &str) -> bool {
    WORDS.iter().any(|(wrong, _)| name.eq_ignore_ascii_case(wrong))
}

/// A word of another language.
pub(super) fn word(fault: Fault, word: &str) -> Fault {
    match WORDS.iter().find(|(wrong, _)| word.eq_ignore_ascii_case(wrong)) {
        Some((_, right)) => fault.suggest(format!("write `{right}`")),
        None => fault,
    }
}

/// A token that stands wrong, behind `before`, and the one that is part of the same wrong operator.
pub(super) fn token(fault: Fault, found: &Token<'_>, before: &str, next: Option<&Token<'_>>) -> Fault {
    let Problem::Expected { expected, .. } = &fault.problem else { return fault };
    let wants_operator = expected.starts_with("an operator") || *expected == "the end";
    match found {
        Token::End if before.is_empty() => fault.suggest("a match of every packet is `1`"),
        Token::Other("=") if wants_operator => match turned(next) {
            Some(operator) => fault.suggest(format!("write `{operator}`")),
            None => fault.suggest("write `==`"),
        },
        Token::Other("=") if before == "==" => fault.suggest("leave it out: `==` has two"),
        Token::Comma if matches!(*expected, "the end" | "`)`") => fault.suggest("a set stands in braces: `{…, …}`"),
        Token::Other(";") => fault.suggest("write `,`"),
        Token::Other("-") | Token::Ellipsis => fault.suggest("a range is written `LOW <= FIELD <= HIGH`"),
        Token::Id(name) => word(fault, name),
        Token::Not if before == "!" => fault.suggest("write `!(!(…))`, or leave both out"),
        Token::Not if before == "==" => fault.suggest("write `!=`"),
        _ => fault,
    }
}

/// A word that stands where what a field is compared with should.
pub(super) fn constant(fault: Fault, found: &Token<'_>, field: &Field, version: Version) -> Fault {
    let Token::Id(name) = found else { return fault };
    if fault.suggestion.is_some() {
        return fault;
    }
    match value(fault, field, name) {
        fault if fault.suggestion.is_some() => fault,
        fault if find(&name.to_ascii_lowercase(), version).is_some() => {
            fault.suggest("a field is compared with constants, not with another field")
        }
        fault => fault,
    }
}

/// A character that is none of the language's.
pub(super) fn character(fault: Fault, character: char) -> Fault {
    match character {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '`' => fault.suggest("strings stand in \"…\""),
        '\u{a0}' => fault.suggest("write a space: this one does not break"),
        '\u{200b}' | '\u{feff}' => fault.suggest("leave it out: it cannot be seen"),
        '≠' => fault.suggest("write `!=`"),
        '≤' => fault.suggest("write `<=`"),
        '≥' => fault.suggest("write `>=`"),
        '#' => fault.suggest("leave the comment out"),
        _ => fault,
    }
}

/// A mask that does not fit.
pub(super) fn mask(fault: Fault, value: Format, mask: Format) -> Fault {
    match (value, mask) {
        (Format::Ipv4, Format::Decimal) => fault.suggest("a prefix of IPv4 has at most 32 bits"),
        (Format::Ipv6, Format::Decimal) => fault.suggest("a prefix of IPv6 has at most 128 bits"),
        (Format::Ethernet, _) => {
            fault.suggest("the mask of an Ethernet address is written as one, as ff:ff:ff:00:00:00")
        }
        _ => fault,
    }
}

/// The operator that is written the wrong way round, as `=>`, by what stands behind its `=`.
pub(super) fn turned(next: Option<&Token<'_>>) -> Option<Operator> {
    match next {
        Some(Token::Not) => Some(Operator::Ne),
        Some(Token::Compare(Operator::Lt)) => Some(Operator::Le),
        Some(Token::Compare(Operator::Gt)) => Some(Operator::Ge),
        _ => None,
    }
}

/// Numbers that people know by name, of fields that hold such.
const NUMBERS: &[(&str, &[(&str, &str)])] = &[
    ("ip.proto", &[("icmp", "1"), ("tcp", "6"), ("udp", "17"), ("icmp6", "58"), ("icmpv6", "58"), ("sctp", "132")]),
    ("eth.type", &[("ip", "0x800"), ("ip4", "0x800"), ("ipv4", "0x800"), ("ip6", "0x86dd"), ("ipv6", "0x86dd")]),
];

/// A word that a field is compared with.
pub(super) fn value(fault: Fault, field: &Field, word: &str) -> Fault {
    if field.symbol.is_string() {
        return fault.suggest("names of ports stand in \"…\"");
    }
    let numbers = NUMBERS.iter().filter(|(name, _)| *name == field.name).flat_map(|(_, numbers)| *numbers);
    match numbers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        Some((_, number)) => fault.suggest(format!("write {number}")),
        None => fault,
    }
}

/// Both readings of `a && b || c`.
pub(super) fn readings(text: &str, start: Span, joints: &[Span], is_and: bool) -> String {
    let (one, other) = if is_and { ("&&", "||") } else { ("||", "&&") };
    let place = |span: Option<&Span>| span.map_or(start.end, |span| span.start);
    let last = joints.len().checked_sub(2).and_then(|at| joints.get(at));
    let head = Span { start: start.start, end: place(joints.last()) }.of(text).trim();
    let left = Span { start: start.start, end: place(last) }.of(text).trim();
    let right = head.get(left.len()..).unwrap_or_default().trim().trim_start_matches(one).trim();
    if head.len() > 120 {
        return format!("write `(… {one} …) {other} …` or `… {one} (… {other} …)`");
    }
    format!("write `({head}) {other} …` or `{left} {one} ({right} {other} …)`")
}

/// `!a == b`.
pub(super) fn negation(text: &str, span: Span, operand: &Expression) -> String {
    let written = span.of(text).trim_start_matches('!').trim();
    match operand {
        Expression::Comparison(comparison) if comparison.operator == Operator::Eq => {
            let (field, value) = (comparison.field.span.of(text), comparison.constants.span.of(text));
            format!("write `{field} != {value}` or `!({written})`")
        }
        _ => format!("write `!({written})`"),
    }
}
