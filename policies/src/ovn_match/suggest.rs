//! What was probably meant.

use super::fault::{Fault, Problem};
use super::symbols::{Level, Version, find, names};
use super::token::{Format, Span, Token};
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
    let fault = word(fault, name);
    if fault.suggestion.is_some() {
        return fault;
    }
    let known: Vec<_> = names(version).collect();
    match did_you_mean(name, &known) {
        Some(question) => fault.suggest(question),
        None => fault,
    }
}

/// A word of another language.
pub(super) fn word(fault: Fault, word: &str) -> Fault {
    match WORDS.iter().find(|(wrong, _)| word.eq_ignore_ascii_case(wrong)) {
        Some((_, right)) => fault.suggest(format!("write `{right}`")),
        None => fault,
    }
}

/// A token that stands wrong, behind `before`.
pub(super) fn token(fault: Fault, found: &Token<'_>, before: &str) -> Fault {
    let Problem::Expected { expected, .. } = &fault.problem else { return fault };
    let wants_operator = expected.starts_with("an operator") || *expected == "the end";
    match found {
        Token::End if before.is_empty() => fault.suggest("a match of every packet is `1`"),
        Token::Other("=") if wants_operator || before == "==" => fault.suggest("write `==`"),
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
    if field.symbol.is_string() {
        return fault.suggest("names of ports stand in \"…\"");
    }
    let lower = name.to_ascii_lowercase();
    match find(&lower, version) {
        Some(symbol) if field.name == "ip.proto" && symbol.level == Level::Predicate => {
            fault.suggest(format!("write {lower} alone"))
        }
        Some(_) => fault.suggest("a field is compared with constants, not with another field"),
        None => fault,
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
        Expression::Comparison(comparison) if comparison.operator == super::token::Operator::Eq => {
            let (field, value) = (comparison.field.span.of(text), comparison.constants.span.of(text));
            format!("write `{field} != {value}` or `!({written})`")
        }
        _ => format!("write `!({written})`"),
    }
}
