//! `vpcguard rules NAME`: the page of one rule.

use serde_json::{Value, json};
use vpcguard_policies::rules;

use super::{Row, described};

/// The manual of the rules, which is made from their own files: see `cargo xtask docs`.
const MANUAL: &str = include_str!("../../../docs/rules.md");

/// The page of the rule of this id, heading and all.
///
/// # Errors
///
/// That there is no such rule, and which one may be meant.
pub(super) fn page(id: &str) -> Result<&'static str, String> {
    let id = rules::id_named(id)?;
    // The manual is current, or a test fails: what has no page there is newer than it.
    section(MANUAL, id).ok_or_else(|| format!("docs/rules.md has no page for {id}: run `cargo xtask docs`"))
}

/// A section with its heading, up to the heading of the next rule: what looks like one in an example is none.
fn section<'a>(manual: &'a str, id: &str) -> Option<&'a str> {
    let heading = format!("\n## {id}\n");
    let start = manual.find(&heading)? + 1;
    let rest = manual.get(start..)?;
    let is_next = |at: &usize| {
        let line = rest.get(at + 4..).and_then(|rest| rest.lines().next());
        line.is_some_and(|line| rules::ids().any(|id| id == line))
    };
    let end = rest.match_indices("\n## ").map(|(at, _)| at).find(is_next);
    end.map_or(Some(rest), |end| rest.get(..end))
}

/// The page for programs, beside what the list says of the rule.
pub(super) fn json(row: &Row, page: &str) -> String {
    let mut rule = described(row);
    if let Value::Object(fields) = &mut rule {
        fields.insert("page".to_owned(), json!(page));
    }
    format!("{rule:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_the_page_that_the_manual_has() {
        let pages: Vec<_> = rules::ids().map(|id| page(id).unwrap()).collect();
        let (_, all) = MANUAL.split_once("\n## ").unwrap();
        assert_eq!(pages.join("\n"), format!("## {all}"));
        for (id, page) in rules::ids().zip(pages) {
            assert!(page.starts_with(&format!("## {id}\n\nDefault: ")) && page.ends_with('\n'), "{page}");
        }
    }

    #[test]
    fn a_heading_in_an_example_does_not_end_a_page() {
        let manual = "# Rules\n\n## field-type\n\n```yaml\n## x\n```\n\n## vpc-peering\n\nlast\n";
        assert_eq!(section(manual, "field-type"), Some("## field-type\n\n```yaml\n## x\n```\n"));
        assert_eq!(section(manual, "vpc-peering"), Some("## vpc-peering\n\nlast\n"));
        assert_eq!(section(manual, "vpc-lb-value"), None);
    }

    #[test]
    fn an_unknown_rule_is_an_error_with_a_guess() {
        assert_eq!(page("vpc-pering").unwrap_err(), r#"unknown rule "vpc-pering": did you mean "vpc-peering"?"#);
    }
}
