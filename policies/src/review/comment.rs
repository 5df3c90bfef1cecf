//! What is said of a comment in a file that looks as if it excused something, and does not.

use crate::field::FieldPath;
use crate::finding::{Finding, Reported};
use crate::rules::common::allow_annotation;
use crate::settings::Settings;

use super::unread::reported;

/// The finding on such a comment, which whoever reads files has recognised; none if the rule is off. Its field is `comment`, for
/// it stands in none.
pub fn of_comment(comment: &str, settings: &Settings) -> Option<Reported> {
    let finding = Finding::invalid(FieldPath::of("comment"), comment, "this comment excuses nothing");
    let finding = finding.help("Write `# vpcguard: allow RULE REASON`, or remove it.");
    reported(&allow_annotation::RULE, finding, settings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_say_what_is_done() {
        let said = |action: &str| {
            let settings = Settings::parse(&json!({"rules": {"allow-annotation": action}})).unwrap();
            of_comment("# vpcguard allow x", &settings).map(|found| (found.action(), found.to_string()))
        };
        let text = |words: &str| {
            format!("comment: {words}\"# vpcguard allow x\": this comment excuses nothing [allow-annotation]")
        };
        assert_eq!(said("warn"), Some((crate::finding::Action::Warn, text(""))));
        assert_eq!(said("deny"), Some((crate::finding::Action::Deny, text("Invalid value: "))));
        assert_eq!(said("off"), None);
    }
}
