//! Words of users and for users: shown, cut and guessed.

use serde_json::Value;

/// Longest text of a user's value that a message repeats, in characters.
const LONGEST_VALUE: usize = 160;

/// How like a known word an unknown one must be to be taken for it (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.8;

/// A value of whatever type as a message shows it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Object(_) => "{…}".to_owned(),
        Value::Array(_) => "[…]".to_owned(),
        scalar => shortened(&scalar.to_string()),
    }
}

/// A user's text in quotes, control characters escaped, long ones cut.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// A user's text, cut where it is long.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Items in a sentence: `a`, `a and b`, `a, b and c`. Nothing where there are none.
pub(crate) fn listed(items: &[String]) -> Option<String> {
    match items {
        [] => None,
        [one] => Some(one.clone()),
        [all @ .., last] => Some(format!("{} and {last}", all.join(", "))),
    }
}

/// Which known word was meant by one that is not known, asked as a question: `did you mean "sarif"?`. Nothing where none
/// is like it.
pub fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    let likeness = |known: &&str| strsim::jaro_winkler(&word.to_ascii_lowercase(), &known.to_ascii_lowercase());
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) >= ALIKE).then(|| format!("did you mean {best:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_and_control_characters_are_escaped() {
        assert_eq!(quoted("a\0b"), r#""a\0b""#);
        assert_eq!(quoted(&"ä".repeat(1000)).chars().count(), LONGEST_VALUE + 3);
    }
}
