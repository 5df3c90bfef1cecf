//! Comments that look as if they excused a finding, and do not: `# vpcguard allow subnet-syntax`, `# VPCguard: ignore x`.
//!
//! One that begins with `vpcguard:` is read, or is an error; what is close to that and is neither does nothing, and
//! whoever wrote it believes otherwise.

use vpcguard_policies::rules::TABLE;
use vpcguard_policies::text::did_you_mean;

/// The name with which such a comment begins.
const NAME: &str = "vpcguard";

/// What other programs say, and people, in place of `allow`.
const VERBS: &[&str] =
    &["allow", "ignore", "disable", "skip", "suppress", "exempt", "except", "spare", "excuse", "nolint"];

/// Whether a text has anything that looks like such a comment, wherever that is.
pub(crate) fn are_in(text: &str) -> bool {
    text.split('#').skip(1).any(|rest| is_one(rest.lines().next().unwrap_or_default()))
}

/// Whether a comment looks like one.
pub(crate) fn is_one(comment: &str) -> bool {
    let said = comment.trim_start_matches('#').trim_start();
    let Some(rest) = behind_the_name(said) else { return false };
    // As people write a mark, and not a sentence.
    let is_marked = rest.starts_with([':', '-', '_', '=', '/']);
    let (verb, rest) = word(rest);
    let (rule, _) = word(rest);
    VERBS.contains(&verb.to_ascii_lowercase().as_str()) && (is_marked || rule.is_empty() || is_like_a_rule(rule))
}

/// What follows the name, in whatever case and however it is divided; or one that is nearly the name.
fn behind_the_name(said: &str) -> Option<&str> {
    let mut left = NAME.chars().peekable();
    for (at, character) in said.char_indices() {
        match left.peek() {
            None => {
                return said
                    .get(at..)
                    .filter(|rest| !rest.starts_with(".io") && !rest.starts_with(char::is_alphanumeric));
            }
            Some(wanted) if character.eq_ignore_ascii_case(wanted) => {
                left.next();
            }
            Some(_) if at > 0 && matches!(character, '-' | '_' | ' ') => {}
            Some(_) => break,
        }
    }
    let end = said.find(|character: char| !character.is_alphanumeric())?;
    let (name, rest) = said.split_at_checked(end)?;
    let is_near = name.len().abs_diff(NAME.len()) <= 1 && did_you_mean(name, &[NAME]).is_some();
    is_near.then_some(rest)
}

/// The next word, which may have hyphens in it, and what is behind it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(|character: char| !character.is_alphanumeric());
    let end = text.find(|character: char| !character.is_alphanumeric() && character != '-').unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or_default()
}

fn is_like_a_rule(word: &str) -> bool {
    let ids: Vec<_> = TABLE.iter().map(|rule| rule.id).collect();
    did_you_mean(word, &ids).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_to_excuse_is_told_from_talk() {
        for comment in [
            "# vpcguard allow subnet-syntax until May",
            "#vpcguard ignore subnet-syntax",
            "# vpcguard-allow: subnet-syntax",
            "# VPCguard: allow subnet-syntax x",
            "## vpc-guard: allow subnet-syntax x",
            "# vpc_guard: skip everything",
            "# vpcgaurd: allow subnet-syntax x",
            "# vpcguard/disable subnet-syntax",
            "# vpcguard ignore subnet-cidr-overlaps",
            "# vpcguard=allow",
            "# vpcguard allow",
        ] {
            assert!(is_one(comment), "{comment}");
            assert!(are_in(&format!("a: b {comment}\nc: d\n")), "{comment}");
        }
        for comment in [
            "# vpcguard allows at most three of them",
            "# vpcguard ignores this",
            "# vpcguard skip this when in doubt",
            "# see vpcguard: allow",
            "# vpcguard.io/allow: subnet-syntax",
            "# vpcguard",
            "# vpcguards allow subnet-syntax x?",
            "# vpcs: allow both",
            "# guard: allow subnet-syntax",
            "# noqa",
            "#",
            "",
        ] {
            assert!(!is_one(comment), "{comment}");
        }
        assert!(!are_in("vpcguard allow subnet-syntax"));
    }
}
