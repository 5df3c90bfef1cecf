//! What an answer says of a finding: the webhook and the policies of Kubewarden say the same, to the letter.
//!
//! A denial says it all, in one line: what is wrong, how to fix it, whom to ask, where to read on, and the rule. A warning is
//! short. The API server hands on 4096 characters of all warnings of a request; where there are more, it cuts each one after
//! 256 of them, and drops what is left. So none is longer, and they are fewer where they would not fit together.

use crate::finding::{Reported, Verdict};
use crate::settings::Advice;
use crate::text::legible;

/// Longest warning, in characters.
pub const LONGEST_WARNING: usize = 256;

/// How many characters all warnings of an answer have. The API server's 4096 are for those of others too, and for what is said
/// besides what rules say.
const MOST_OF_WARNINGS: usize = 4096 - 2 * LONGEST_WARNING;

/// Who says it, where no rule does.
const SIGNATURE: &str = " [vpcguard]";

/// A field is cut only where this is not enough for it.
const SHORTEST_FIELD: usize = 40;

/// What a denial says.
pub(super) fn denial(finding: &Reported, advice: &Advice) -> String {
    let mut text = finding.message();
    text.extend(help(finding));
    text.extend(advice.contact().map(contact));
    text.extend(docs(finding, advice));
    in_a_line(text + &rule(finding))
}

/// What all warnings of a verdict say.
pub(super) fn warnings(verdict: &Verdict, advice: &Advice) -> Vec<String> {
    let (mut texts, mut room) = (Vec::new(), MOST_OF_WARNINGS);
    for finding in &verdict.warnings {
        let text = warning(finding, advice);
        let Some(rest) = room.checked_sub(count(&text)) else { break };
        room = rest;
        texts.push(text);
    }
    let more = verdict.warnings.len() - texts.len() + verdict.unlisted_warnings.len();
    if more > 0 {
        texts.push(format!("and {more} more {}{SIGNATURE}", if more == 1 { "warning" } else { "warnings" }));
    }
    texts
}

/// What a refusal says that is no rule's.
pub(super) fn signed(text: &str, advice: &Advice) -> String {
    let mut text = legible(&in_a_line(text.to_owned())).into_owned();
    text.extend(advice.contact().map(contact));
    in_a_line(text + SIGNATURE)
}

/// What a warning says that is no rule's.
pub(super) fn remark(text: &str) -> String {
    let text = in_a_line(text.to_owned());
    cut(&legible(&text), LONGEST_WARNING - SIGNATURE.len()) + SIGNATURE
}

/// What a warning says: all of it with the advice, if there is room, and else as much as there is. The field, the value and
/// the rule are never what goes.
fn warning(finding: &Reported, advice: &Advice) -> String {
    let rule = rule(finding);
    let room = LONGEST_WARNING.saturating_sub(count(&rule));
    let message = finding.message();
    let detail = Some(finding.detail()).filter(|detail| message.ends_with(detail)).unwrap_or_default();
    let lead = message.strip_suffix(detail).unwrap_or(&message);
    let tail = detail.to_owned() + &help(finding).unwrap_or_default();
    let field = finding.field().to_string();
    let whole = format!("{field}: {lead}{tail}");
    let mut text = if count(&whole) <= room {
        whole
    } else {
        let short = shortened(&field, lead, &tail, room);
        match finding.value().filter(|value| whole.contains(value) && !short.contains(value)) {
            // The detail has it, beyond the place where it is cut.
            Some(value) => shortened(&field, &format!("{lead}{value}: "), &tail, room),
            None => short,
        }
    };
    for more in [docs(finding, advice), advice.contact().map(contact)].into_iter().flatten() {
        if !text.ends_with('…') && count(&text) + count(&more) <= room {
            text += &more;
        }
    }
    in_a_line(text + &rule)
}

/// Whatever comes first and as much of the tail as there is room for.
fn shortened(field: &str, lead: &str, tail: &str, room: usize) -> String {
    let for_field = room.saturating_sub(count(lead) + ": …".chars().count()).max(SHORTEST_FIELD);
    let head = format!("{}: {lead}", cut(field, for_field));
    let rest = room.saturating_sub(count(&head));
    let tail = cut(tail, rest);
    // Beside an advice that does not fit, its name is of no use.
    let tail = tail.strip_suffix("; help:…").map_or(tail.clone(), |detail| format!("{detail}…"));
    cut(&(head + &tail), room)
}

/// A text that has no more characters than there is room for; what is too long is cut between words, if it has any.
fn cut(text: &str, room: usize) -> String {
    if count(text) <= room {
        return text.to_owned();
    }
    let Some((end, _)) = text.char_indices().nth(room.saturating_sub(1)) else { return String::new() };
    let (kept, next) = text.split_at_checked(end).unwrap_or((text, ""));
    let is_whole = next.starts_with(char::is_whitespace);
    let last = if is_whole { Some(kept) } else { kept.rsplit_once(char::is_whitespace).map(|(words, _)| words) };
    let words = last.filter(|words| !words.trim().is_empty()).unwrap_or(kept);
    format!("{}…", words.trim_end_matches(|end: char| end.is_whitespace() || ",;(".contains(end)))
}

fn help(finding: &Reported) -> Option<String> {
    let help = finding.help_text().trim();
    let help = help.strip_suffix('.').unwrap_or(help);
    (!help.is_empty()).then(|| format!("; help: {help}"))
}

fn contact(contact: &str) -> String {
    format!("; {contact}")
}

/// It comes last, for what would follow it might be taken for a part of it.
fn docs(finding: &Reported, advice: &Advice) -> Option<String> {
    advice.docs(finding.rule()).map(|docs| format!("; see {docs}"))
}

fn rule(finding: &Reported) -> String {
    format!(" [vpcguard {}]", finding.rule())
}

/// A text without control characters: the API server drops a warning that has any.
fn in_a_line(text: String) -> String {
    if text.contains(char::is_control) { text.replace(char::is_control, " ") } else { text }
}

fn count(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::field::FieldPath;
    use crate::finding::{Action, Finding};
    use crate::settings::Settings;

    const HELP: &str = "Choose a range that no other Subnet of the VPC uses.";

    fn reported(finding: Finding) -> Reported {
        Reported { finding, rule: "subnet-syntax", action: Action::Warn, suppressed_by: None, discloses_names: true }
    }

    fn gateway(value: &str, detail: &str) -> Reported {
        reported(Finding::invalid(FieldPath::of("spec.gateway"), value, detail).help(HELP))
    }

    fn advice() -> Advice {
        let settings = json!({"docsUrl": "https://example.org/rules.md", "contact": "ask #net-platform"});
        Settings::parse(&settings).unwrap().advice
    }

    /// Words, as many as there are characters wanted.
    fn words(characters: usize) -> String {
        "word ".repeat(characters / 5)
    }

    #[test]
    fn a_denial_ends_in_the_advice_and_its_rule() {
        let finding = gateway("10.1.0.1", "not in spec.cidrBlock 10.0.0.0/16");
        let said = finding.message();
        let help = "help: Choose a range that no other Subnet of the VPC uses";
        assert_eq!(denial(&finding, &Advice::default()), format!("{said}; {help} [vpcguard subnet-syntax]"));
        let more = "ask #net-platform; see https://example.org/rules.md#subnet-syntax";
        assert_eq!(denial(&finding, &advice()), format!("{said}; {help}; {more} [vpcguard subnet-syntax]"));
        let bare = reported(Finding::required(FieldPath::of("spec.gateway"), "is needed").help("One\nline,\tthen"));
        let wanted = format!("{}; help: One line, then [vpcguard subnet-syntax]", bare.message());
        assert_eq!(denial(&bare, &Advice::default()), wanted);
    }

    #[test]
    fn a_warning_has_as_much_as_there_is_room_for() {
        let help = format!("; help: {}", HELP.trim_end_matches('.'));
        let (docs, contact) = ("; see https://example.org/rules.md#subnet-syntax", "; ask #net-platform");
        let mut seen = Vec::new();
        for length in 0..60 {
            let finding = gateway("10.1.0.1", &format!("{}end", words(5 * length)));
            let whole = format!("spec.gateway: {}{help}", finding.message());
            let text = warning(&finding, &advice());
            assert!(count(&text) <= LONGEST_WARNING, "{text}");
            let said = text.strip_suffix(" [vpcguard subnet-syntax]").unwrap();
            let how = if let Some(more) = said.strip_prefix(&whole) {
                assert!(["", docs, contact, &format!("{docs}{contact}")].contains(&more), "{text}");
                if more.is_empty() { "nothing more" } else { "more" }
            } else {
                let kept = said.strip_suffix('…').unwrap();
                let rest = whole.strip_prefix(kept).unwrap();
                assert!(rest.starts_with([' ', ';']), "{text}");
                assert!(!kept.ends_with("help:"), "{text}");
                // The next word would not have fitted.
                let next = rest.trim_start_matches("; help:").trim_start().split(' ').next().unwrap();
                let left = LONGEST_WARNING - count(&text);
                assert!(left <= next.len() + "; help: ".len(), "{text}");
                if kept.contains("help: ") { "some help" } else { "some detail" }
            };
            seen.push(how);
        }
        seen.dedup();
        assert_eq!(seen, ["more", "nothing more", "some help", "some detail"]);
        assert_eq!(count(&warning(&gateway("10.1.0.1", &"ä".repeat(1000)), &advice())), LONGEST_WARNING);
    }

    #[test]
    fn the_value_is_never_what_is_cut() {
        let value = "a value of many words, ".repeat(6);
        let text = warning(&gateway(&value, &words(1000)), &Advice::default());
        assert!(text.contains(&format!("{value:?}: word")) && count(&text) <= LONGEST_WARNING, "{text}");
        // Nor where it stands at the end of a long detail.
        let detail = format!("{}\"b\"", words(400));
        let field = FieldPath::of("metadata.annotations").key("ovn.kubernetes.io/logical_switch");
        let text = warning(&reported(Finding::forbidden(field, "b", detail)), &Advice::default());
        assert!(text.starts_with("metadata.annotations[ovn.kubernetes.io/logical_switch]: "), "{text}");
        assert!(text.contains("\"b\": word") && count(&text) <= LONGEST_WARNING, "{text}");
        // A name may be as long as it likes.
        let field = FieldPath::of("metadata.annotations").key(&"k".repeat(300));
        let text = warning(&reported(Finding::invalid(field, &value, words(1000))), &Advice::default());
        assert!(text.contains("kkk…: ") && text.contains(&format!("{value:?}: ")), "{text}");
        assert!(count(&text) <= LONGEST_WARNING, "{text}");
        // And a value that takes ten characters for each of its own is cut after all.
        let hostile = "\u{10ffff}".repeat(200);
        let field = FieldPath::of("metadata.annotations").key(&"k".repeat(300));
        let text = warning(&reported(Finding::invalid(field, &hostile, HELP)), &advice());
        assert!(text.ends_with("… [vpcguard subnet-syntax]") && count(&text) <= LONGEST_WARNING, "{text}");
    }

    #[test]
    fn all_warnings_together_are_what_an_api_server_hands_on() {
        let long = || gateway("10.1.0.1", &words(1000));
        let verdict = |listed: usize, unlisted: usize| Verdict {
            warnings: (0..listed).map(|_| long()).collect(),
            unlisted_warnings: (0..unlisted).map(|_| long()).collect(),
            ..Verdict::admitted()
        };
        let said = |listed, unlisted| warnings(&verdict(listed, unlisted), &Advice::default());
        assert_eq!(said(3, 0).len(), 3);
        let texts = said(20, 5);
        assert!(texts.iter().map(|text| count(text)).sum::<usize>() <= 4096 - LONGEST_WARNING);
        assert_eq!(texts.len(), 15);
        assert_eq!(texts[14], "and 11 more warnings [vpcguard]");
        assert_eq!(said(1, 1)[1], "and 1 more warning [vpcguard]");
    }

    #[test]
    fn what_no_rule_says_is_signed() {
        assert_eq!(remark("try again"), "try again [vpcguard]");
        assert_eq!(remark("try\n\u{202e}again"), r"try \u{202e}again [vpcguard]");
        let long = remark(&words(1000));
        assert!(long.ends_with("word… [vpcguard]") && count(&long) <= LONGEST_WARNING, "{long}");
        assert_eq!(signed("no ledger", &advice()), "no ledger; ask #net-platform [vpcguard]");
    }
}
