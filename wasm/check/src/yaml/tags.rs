//! Tags with a comma right behind them, such as `[!a, b]`, at which libyaml-safer 0.3 panics. kubectl takes the comma for a
//! part of the tag, which nobody means.
//!
//! What looks like one may be text. So the tokens are read beforehand, of a copy in which something stands before each such
//! comma that belongs to no tag and that ends no text: there libyaml refuses the tag.

use libyaml_safer::{Encoding, Mark, Scanner};

use super::events::{Before, Problem, input, number};
use super::parts::Part;
use super::problem;

/// What the copy has before each comma.
const STOP: char = '\u{a0}';

/// The first tag with a comma behind it, or whatever keeps the tokens before it from being read.
pub(super) fn unreadable(part: &Part<'_>, text: &str) -> Option<Problem> {
    let (copy, stops) = stopped(text);
    if stops.is_empty() {
        return None;
    }
    let mut scanner = Scanner::new();
    scanner.set_encoding(Encoding::Utf8);
    scanner.set_input(input(&copy));
    let byte = |mark: Mark| {
        let before = stops.partition_point(|stop| *stop < number(mark.index));
        part.text.len() - text.len() + number(mark.index) - before * STOP.len_utf8()
    };
    let error = scanner.find_map(Result::err)?;
    Some(problem::of(&error, part, byte, &Before::default()))
}

/// The copy, and where in it the stops are.
fn stopped(text: &str) -> (String, Vec<usize>) {
    let (mut copy, mut stops, mut is_in_tag) = (String::new(), Vec::new(), false);
    // Most texts have none, and need no copy.
    if !text.contains('!') {
        return (copy, stops);
    }
    for character in text.chars() {
        match character {
            ',' if is_in_tag => {
                stops.push(copy.len());
                copy.push(STOP);
            }
            '!' => is_in_tag = true,
            character if character.is_whitespace() => is_in_tag = false,
            _ => {}
        }
        copy.push(character);
    }
    (copy, stops)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::yaml::load;

    #[test]
    fn a_comma_behind_a_tag_is_a_fault() {
        for text in
            ["[!a, b]", "{!,", "[!!str, a]", "a: {b: !c, d: e}", "[!<a>, b]", "[!<a,b>, c]", "- ä\n- 'a!,'\n- [!a:, b]"]
        {
            let faults = load(text).faults;
            assert_eq!(faults.len(), 1, "{text}");
            assert!(
                faults[0].message.starts_with("a tag such as !!str needs a space"),
                "{text}: {}",
                faults[0].message
            );
        }
        let fault = &load("ä: [ö!,\n  'a!,b', !c, d]").faults[0];
        assert_eq!((fault.position.line, fault.position.column), (2, 11));
    }

    #[test]
    fn a_comma_in_a_text_is_none() {
        let text = "a: hello!, world\nb: ['x!', \"y!,\", z!, !a w]\nc: |\n  [!a, b]\n# [!a, b]\nd: it!a:,b\n";
        let value = load(text).documents[0].1.to_value();
        let wanted = json!({
            "a": "hello!, world", "b": ["x!", "y!,", "z!", "w"], "c": "[!a, b]\n", "d": "it!a:,b"
        });
        assert_eq!(value, wanted);
    }
}
