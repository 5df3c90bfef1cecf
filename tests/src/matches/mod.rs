//! Texts that might be matches of OVN, and what must hold of any text whatever.

mod expression;
mod packets;

use std::fs;
use std::path::{Path, PathBuf};

use vpcguard_policies::explain_match;
use vpcguard_policies::ovn_match::{Match, Problem, Version};

pub use expression::Expressions;
pub use packets::{Packets, microflow};

/// Versions of OVN.
const VERSIONS: [Version; 3] = [Version::V23, Version::V24, Version::V25];

/// The texts that fuzzing kept, for each of which the parser takes another way; by the names of their files.
///
/// # Errors
///
/// If one cannot be read.
pub fn kept() -> std::io::Result<Vec<(PathBuf, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/matches");
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    files.into_iter().map(|file| fs::read(&file).map(|bytes| (file, text_of(&bytes)))).collect()
}

/// The text of some bytes: a match is a string of JSON, which is UTF-8.
pub fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What does not hold of a text that must hold of each.
///
/// # Errors
///
/// That, in words.
pub fn hold(text: &str) -> Result<(), String> {
    VERSIONS.into_iter().try_for_each(|version| hold_in(text, version))?;
    means_the_same(text)?;
    let explained = explain_match(text);
    if explained.valid != explained.means.is_some() || explained.valid != explained.faults.is_empty() {
        return Err(format!("{text:?} is explained as valid and as not: {explained:?}"));
    }
    let shown = explained.to_string();
    if shown.chars().any(|character| character.is_control() && character != '\n') {
        return Err(format!("the explanation of {text:?} moves the cursor: {shown:?}"));
    }
    Ok(())
}

fn hold_in(text: &str, version: Version) -> Result<(), String> {
    let parsed = Match::parse(text, version);
    let mut before = 0;
    for fault in parsed.faults() {
        let (start, end) = (fault.span.start, fault.span.end);
        if text.get(start..end).is_none() {
            return Err(format!("{fault}: {start}..{end} is no part of {text:?}"));
        }
        if start < before {
            return Err(format!("{fault}: stands before the fault that is told before, in {text:?}"));
        }
        before = start;
        if fault.to_string().is_empty() || fault.suggestion.as_ref().is_some_and(String::is_empty) {
            return Err(format!("{:?}: says nothing of {text:?}", fault.problem));
        }
    }
    for lint in parsed.lints().iter().chain(&parsed.lints_on_router()) {
        if text.get(lint.span.start..lint.span.end).is_none() {
            return Err(format!("{lint}: {:?} is no part of {text:?}", lint.span));
        }
    }
    if Match::parse_in_acl(text, version).is_valid() && !parsed.is_valid() {
        return Err(format!("{text:?} is valid in an ACL, and not by itself"));
    }
    Ok(())
}

/// Parentheses, two negations and a `1` beside it change nothing of a match, and no packet is taken by it and by its negation.
fn means_the_same(text: &str) -> Result<(), String> {
    let (parsed, version) = (Match::parse(text, Version::V25), Version::V25);
    if !parsed.is_valid() {
        return Ok(());
    }
    let packets = packets::samples();
    let takes = parsed.takes(packets);
    // What may stand at the end is a comment.
    for (open, close) in [("!(!(", "\n)) && 1"), ("0 || (", "\n)")] {
        let same = format!("{open}{text}{close}");
        let read = Match::parse(&same, version);
        if !read.is_valid() {
            // As deep as a match may be, and now deeper.
            if is_deep(&read) {
                continue;
            }
            return Err(format!("{text:?} is valid, and {same:?} is not: {:?}", read.faults()));
        }
        // What is larger may be too large to reckon with.
        let contradicts =
            |(one, other): (&Option<bool>, &Option<bool>)| one.zip(*other).is_some_and(|(one, other)| one != other);
        let other = read.takes(packets);
        if takes.iter().zip(&other).any(contradicts) {
            return Err(format!("{text:?} takes {takes:?}, and {same:?} {other:?}"));
        }
    }
    let negation = format!("!({text}\n)");
    let negated = Match::parse(&negation, version).takes(packets);
    let both = takes.iter().zip(&negated).any(|(one, other)| (*one, *other) == (Some(true), Some(true)));
    if both { Err(format!("a packet is taken both by {text:?} and by {negation:?}")) } else { Ok(()) }
}

fn is_deep(read: &Match) -> bool {
    matches!(read.faults(), [fault] if fault.problem == Problem::Deep)
}
