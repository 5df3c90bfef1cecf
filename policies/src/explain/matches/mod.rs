//! Explains a match of OVN: what it means, what of it no packet can be, and what is wrong with it.

mod clash;
mod clause;
mod text;
mod words;

use serde::Serialize;

use crate::ovn_match::{Match, Problem, Remark, Span, Version};

/// What becomes of a match that is none.
const LEFT_OUT: &str = "leaves out what has this match: nothing is dropped, allowed or rerouted by it";

/// What becomes of one that is more than OVN can bear.
const MAY_END: &str = "takes it, and ovn-controller can end on it, on every node and after each start";

/// What a match means, or why it means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchExplanation {
    /// The match, as it is written.
    #[serde(rename = "match")]
    pub text: String,
    /// Whether OVN takes it, and does not end on it.
    pub valid: bool,
    /// What OVN makes of one that is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ovn: Option<&'static str>,
    /// Which packets it takes, in words; none of one that is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
    /// What is wrong with it.
    pub faults: Vec<Said>,
    /// What of it no packet can be, and why.
    pub never: Vec<Said>,
    /// What OVN takes and nobody means.
    pub lints: Vec<Said>,
}

/// What is said of a part of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// What.
    pub message: String,
    /// The part.
    pub part: String,
    /// Where it begins, in bytes of UTF-8.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl Said {
    fn new(text: &str, span: Span, message: String, suggestion: Option<String>) -> Self {
        Self { message, part: span.of(text).to_owned(), start: span.start, end: span.end, suggestion }
    }
}

/// Explains a match as OVN 25.03 reads it, which Kube-OVN has since 1.15.
pub fn explain_match(text: &str) -> MatchExplanation {
    let version = Version::default();
    let parsed = Match::parse(text, version);
    let said = |span, message, suggestion: Option<&str>| Said::new(text, span, message, suggestion.map(str::to_owned));
    let faults = parsed.faults().iter().map(|fault| said(fault.span, fault.to_string(), fault.suggestion.as_deref()));
    let (mut never, mut lints) = (Vec::new(), Vec::new());
    for lint in parsed.lints() {
        if lint.remark == Remark::Never {
            let because = parsed.expression().and_then(|expression| clash::reason(expression, lint.span, text));
            let message = because.map_or_else(|| lint.to_string(), |because| format!("{lint}: {because}"));
            never.push(said(lint.span, message, None));
        } else {
            lints.push(said(lint.span, lint.to_string(), Some(&lint.advice())));
        }
    }
    lints.extend(parsed.lints_on_router().iter().map(|lint| said(lint.span, lint.to_string(), Some(&lint.advice()))));
    if parsed.is_valid() {
        let in_acl = Match::parse_in_acl(text, version);
        lints.extend(
            in_acl.faults().iter().map(|fault| said(fault.span, fault.to_string(), fault.suggestion.as_deref())),
        );
    }
    let takes_nothing = parsed.taken().is_some_and(|taken| taken.possibly.is_empty());
    let means = parsed.expression().map(|expression| {
        let words = words::of(expression);
        if takes_nothing && words != words::NOTHING {
            format!("{}: there are no {words}", words::NOTHING)
        } else {
            words
        }
    });
    let ends_ovn = parsed.faults().iter().all(|fault| fault.problem == Problem::OrderOfAddressSet);
    let ovn = (!parsed.is_valid()).then_some(if ends_ovn { MAY_END } else { LEFT_OUT });
    MatchExplanation {
        text: text.to_owned(),
        valid: parsed.is_valid(),
        ovn,
        means,
        faults: faults.collect(),
        never,
        lints,
    }
}

#[cfg(test)]
mod tests;
