//! Words of users and for users: shown, cut and guessed.

use std::borrow::Cow;

use serde_json::Value;

/// Longest text of a user's value that a message repeats, in characters.
const LONGEST_VALUE: usize = 160;

/// Longest text that is said of a value, in bytes: it is stored and sent, several times over.
const LONGEST_SENTENCE: usize = 2000;

/// How like a known word an unknown one must be to be taken for it (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.8;

/// Longest word that is compared with known ones, in bytes.
const LONGEST_WORD: usize = 63;

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
pub fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// A user's text, cut where it is long.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A text of which all is seen: what has no shape of its own is escaped. That may move a terminal's cursor, turn the direction
/// in which others are shown, or make two names look alike.
pub fn legible(text: &str) -> Cow<'_, str> {
    // Nearly all texts are plain, and each finding has several.
    let is_plain = text.is_ascii() && !text.as_bytes().iter().any(u8::is_ascii_control);
    if is_plain || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            out.extend(character.escape_debug());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether a character has no shape of its own: control characters, marks of direction and of no width, spaces but for the
/// usual one, what Unicode does not know. Accents have one, behind their letter.
pub fn is_hidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    String::from_iter(['a', character]).escape_debug().nth(1) == Some('\\')
}

/// What is said of a value: all of it can be seen, and it is cut where values of a user make it endless.
pub(crate) fn bounded(text: String) -> String {
    let text = match legible(&text) {
        Cow::Owned(legible) => legible,
        Cow::Borrowed(_) => text,
    };
    if text.len() <= LONGEST_SENTENCE {
        return text;
    }
    let end = (0..=LONGEST_SENTENCE).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", text.get(..end).unwrap_or_default())
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
/// is like it, or the word is longer than any that is known: comparing takes the square of it.
pub fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    if word.len() > LONGEST_WORD {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let likened = known.iter().map(|known| (known, strsim::jaro_winkler(&lower, &known.to_ascii_lowercase())));
    let (best, likeness) = likened.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (likeness >= ALIKE).then(|| format!("did you mean {best:?}?"))
}

/// How many letters a name may have been mistyped in, and of how many there is one of them.
const MOST_MISTYPED: usize = 2;
const ONE_IN: usize = 5;

/// Longest name of an object.
const LONGEST_NAME: usize = 253;

/// Which of some names was meant by one that none of them is: the first of those that differ in one letter, else in two.
/// Names of one network differ in their ends, so that what only begins alike is not taken for it.
pub fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = (name.len() / ONE_IN).clamp(1, MOST_MISTYPED);
    let name = Some(name).filter(|name| (2..=LONGEST_NAME).contains(&name.len()))?.to_ascii_lowercase();
    let may_be_near = |known: &&str| known.len().abs_diff(name.len()) <= most;
    let with_distance = |known: &'n str| (strsim::osa_distance(&name, known), known);
    let near = names
        .filter(may_be_near)
        .map(with_distance)
        .filter(|(distance, known)| *distance <= most && !are_siblings(&name, known));
    near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// Whether two names are told apart on purpose: by numbers, or by an end of a letter or two, as `zone-a` and `zone-b` are.
fn are_siblings(a: &str, b: &str) -> bool {
    let end = |name: &'_ str| name.rsplit(['-', '.']).next().map_or(0, str::len);
    let stem = |name: &'_ str| name.get(..name.len() - end(name)).map(str::to_owned);
    let letters = |name: &str| name.chars().filter(|char| !char.is_ascii_digit()).collect::<String>();
    let have_short_ends = |name: &str| end(name) <= 2 && end(name) < name.len();
    a != b
        && (letters(a) == letters(b)
            || (have_short_ends(a) && have_short_ends(b) && stem(a).is_some() && stem(a) == stem(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_and_control_characters_are_escaped() {
        assert_eq!(quoted("a\0b"), r#""a\0b""#);
        assert_eq!(quoted(&"ä".repeat(1000)).chars().count(), LONGEST_VALUE + 3);
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        let hidden = "\0\t\n\u{1b}\u{7f}\u{85}\u{a0}\u{ad}\u{61c}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\
            \u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{3000}\u{feff}\u{e0041}\u{10ffff}";
        for character in hidden.chars() {
            let shown = legible(&format!("a{character}b")).into_owned();
            assert_eq!(shown, format!("a{}b", character.escape_debug()));
            assert!(!shown.contains(character) && quoted(&character.to_string()).is_ascii(), "{character:?}");
        }
        for seen in ["", "a b", r#"\ " '"#, "ä", "e\u{301}", "\u{5e9}\u{5dc}", "…", "日本"] {
            assert_eq!(legible(seen), seen);
        }
        assert_eq!(bounded("a\u{202e}b".to_owned()), "a\\u{202e}b");
    }

    #[test]
    fn a_sentence_comes_to_an_end() {
        assert_eq!(bounded("short".to_owned()), "short");
        let cut = bounded(format!("a{}", "ä".repeat(LONGEST_SENTENCE)));
        assert_eq!((cut.len(), cut.ends_with("ä…")), (LONGEST_SENTENCE - 1 + '…'.len_utf8(), true));
    }

    #[test]
    fn a_mistyped_name_is_guessed_and_another_is_not() {
        let known = ["blue-apps", "blue-db", "lb", "green-apps", "zone-a", "subnet-10"];
        for (name, meant) in [
            ("blue-app", Some("blue-apps")),
            ("bleu-apps", Some("blue-apps")),
            ("Blue-DB", Some("blue-db")),
            ("green_apss", Some("green-apps")),
            ("blue-web", None),
            ("la", Some("lb")),
            ("xa", None),
            ("zone-b", None),
            ("zoen-a", Some("zone-a")),
            ("subnet-11", None),
            (" lb", Some("lb")),
            ("", None),
            ("b", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), meant, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known.into_iter()), None);
    }
}
