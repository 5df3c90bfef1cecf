//! JSON as Go's `encoding/json` takes it: a text is checked as a whole, then its values are taken in their order, in one pass.
//!
//! A general library will not do: it refuses a lone surrogate that Go replaces, keeps no order of keys, and takes other numbers
//! for whole ones. Nothing here recurses, for the text is a tenant's.

use std::borrow::Cow;

/// How deep lists and objects may lie in each other.
const DEEPEST: usize = 10_000;

/// What sort of value stands somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl Sort {
    /// The sort in words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Sort::Null => "null",
            Sort::Bool => "a boolean",
            Sort::Number => "a number",
            Sort::Text => "a string",
            Sort::List => "a list",
            Sort::Object => "an object",
        }
    }
}

/// A place in a text that is well-formed.
#[derive(Clone, Debug)]
pub(super) struct Json<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Json<'t> {
    /// The one value that a text is, if it is well-formed.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        Scan { bytes: text.as_bytes(), at: 0 }.value()?;
        Some(Self { text, at: 0 })
    }

    /// What stands here.
    pub(super) fn sort(&mut self) -> Sort {
        self.whitespace();
        match self.peek() {
            b'n' => Sort::Null,
            b't' | b'f' => Sort::Bool,
            b'"' => Sort::Text,
            b'[' => Sort::List,
            b'{' => Sort::Object,
            _ => Sort::Number,
        }
    }

    /// Goes into the list or object that stands here.
    pub(super) fn enter(&mut self) {
        self.whitespace();
        self.at += 1;
    }

    /// Whether a further element or member follows; if not, the list or object is left.
    pub(super) fn more(&mut self) -> bool {
        self.whitespace();
        let next = self.peek();
        if matches!(next, b',' | b']' | b'}') {
            self.at += 1;
        }
        !matches!(next, b']' | b'}' | 0)
    }

    /// The name of the member that stands here.
    pub(super) fn key(&mut self) -> Cow<'t, str> {
        let key = self.text();
        self.whitespace();
        self.at += 1;
        key
    }

    /// The string that stands here.
    pub(super) fn text(&mut self) -> Cow<'t, str> {
        self.whitespace();
        let quoted = self.take_string();
        if quoted.contains('\\') { Cow::Owned(unescaped(quoted)) } else { Cow::Borrowed(quoted) }
    }

    /// The number, boolean or null that stands here, as it is written.
    pub(super) fn word(&mut self) -> &'t str {
        self.whitespace();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Passes over the value that stands here, and says what numbers are in it.
    pub(super) fn skip(&mut self, mut number: impl FnMut(&'t str)) {
        let mut depth = 0_usize;
        loop {
            match self.sort() {
                Sort::List | Sort::Object => {
                    self.at += 1;
                    depth += 1;
                }
                Sort::Text => drop(self.take_string()),
                Sort::Number => match self.peek() {
                    b']' | b'}' => {
                        self.at += 1;
                        depth = depth.saturating_sub(1);
                    }
                    b',' | b':' => self.at += 1,
                    0 => return,
                    _ => number(self.word()),
                },
                Sort::Null | Sort::Bool => drop(self.word()),
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// What stands between quotes here, with its escapes.
    fn take_string(&mut self) -> &'t str {
        let start = self.at + 1;
        let mut bytes = self.text.as_bytes().get(start..).unwrap_or_default().iter();
        let mut end = start;
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => break,
                b'\\' => {
                    bytes.next();
                    end += 2;
                }
                _ => end += 1,
            }
        }
        self.at = end + 1;
        self.text.get(start..end).unwrap_or_default()
    }

    fn whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// The next byte; 0, which stands nowhere in such a text, at its end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }
}

/// A string without its escapes. A half of a surrogate pair that stands alone becomes U+FFFD.
fn unescaped(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut after = after.chars();
        match after.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let first = take_hex(&mut after);
                // Only a pair that makes a character is taken together: what follows half of one counts for itself.
                let mut ahead = after.clone();
                let second = (ahead.next() == Some('\\') && ahead.next() == Some('u')).then(|| take_hex(&mut ahead));
                let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
                match (char::from_u32(first.into()), pair) {
                    (None, Some(both)) => {
                        out.push(both);
                        after = ahead;
                    }
                    (one, _) => out.push(one.unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
            Some(itself) => out.push(itself),
            None => {}
        }
        rest = after.as_str();
    }
    out.push_str(rest);
    out
}

fn take_hex(digits: &mut std::str::Chars<'_>) -> u16 {
    let value = digits.by_ref().take(4).filter_map(|digit| digit.to_digit(16));
    value.fold(0, |sum, digit| (sum << 4) | u16::try_from(digit).unwrap_or_default())
}

/// Looks whether a text is well-formed.
struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    /// One value and nothing after it.
    fn value(&mut self) -> Option<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.whitespace();
            match self.next()? {
                opened @ (b'[' | b'{') => {
                    open.push(opened);
                    if open.len() > DEEPEST {
                        return None;
                    }
                    self.whitespace();
                    // An empty one is closed below.
                    if !matches!(self.peek(), b']' | b'}') {
                        if opened == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.literal(b"rue")?,
                b'f' => self.literal(b"alse")?,
                b'n' => self.literal(b"ull")?,
                b'-' => {
                    let digit = self.next()?;
                    self.number(digit)?;
                }
                digit => self.number(digit)?,
            }
            loop {
                self.whitespace();
                match (open.last(), self.next()) {
                    (None, None) => return Some(()),
                    (Some(b'['), Some(b']')) | (Some(b'{'), Some(b'}')) => drop(open.pop()),
                    (Some(b'['), Some(b',')) => break,
                    (Some(b'{'), Some(b',')) => {
                        self.whitespace();
                        self.key()?;
                        break;
                    }
                    _ => return None,
                }
            }
        }
    }

    fn key(&mut self) -> Option<()> {
        self.literal(b"\"")?;
        self.string()?;
        self.whitespace();
        self.literal(b":")
    }

    /// The rest of a string after its first quote.
    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next().filter(u8::is_ascii_hexdigit)?;
                        }
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    /// The rest of a number after its first digit.
    fn number(&mut self, first: u8) -> Option<()> {
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.next().filter(u8::is_ascii_digit)?;
            self.digits();
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.next().filter(u8::is_ascii_digit)?;
            self.digits();
        }
        Some(())
    }

    fn digits(&mut self) {
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
    }

    fn literal(&mut self, rest: &[u8]) -> Option<()> {
        rest.iter().try_for_each(|wanted| self.next().filter(|byte| byte == wanted).map(drop))
    }

    fn whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_well_formed_value() {
        for text in [
            "{}",
            " [ ] ",
            "[1,-0,0.5,1e9,2E-3]",
            r#"{"a":{"b":[null,true,false]}}"#,
            r#""\ud800\n\/""#,
            "\t0\r\n",
            "[[],{}]",
        ] {
            assert!(Json::of(text).is_some(), "{text}");
        }
        for text in [
            "",
            "[",
            "]",
            "[1,]",
            "[,1]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            "{a:1}",
            "[1 2]",
            "[] []",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "nul",
            "nulL",
            "\u{feff}[]",
            "\"\u{1}\"",
            r#""\x""#,
            r#""\u12g4""#,
            "\"",
            "[1}",
            "{]",
            "\u{a0}[]",
            "\u{c}[]",
            "'a'",
            "NaN",
        ] {
            assert!(Json::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn depth_is_limited_and_costs_no_stack() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Json::of(&nested(DEEPEST)).is_some());
        assert!(Json::of(&nested(DEEPEST + 1)).is_none());
        let text = nested(DEEPEST);
        let mut json = Json::of(&text).unwrap();
        json.skip(drop);
        assert_eq!(json.at, text.len());
    }

    #[test]
    fn strings_lose_their_escapes_as_in_go() {
        for (quoted, wanted) in [
            (r#""a\u0062\n\"\\\/""#, "ab\n\"\\/"),
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ude00x""#, "\u{fffd}x"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
        ] {
            assert_eq!(Json::of(quoted).unwrap().text(), wanted, "{quoted}");
        }
    }

    #[test]
    fn values_are_taken_in_their_order() {
        let mut json = Json::of(r#" { "a" : [ 1 , "x\"]" , {} ] , "b" : -2.5 , "c":null} "#).unwrap();
        assert_eq!(json.sort(), Sort::Object);
        json.enter();
        assert!(json.more());
        assert_eq!(json.key(), "a");
        let mut numbers = Vec::new();
        json.skip(|number| numbers.push(number));
        assert!(json.more());
        assert_eq!((json.key().as_ref(), json.sort(), json.word()), ("b", Sort::Number, "-2.5"));
        assert!(json.more());
        assert_eq!((json.key().as_ref(), json.sort(), json.word()), ("c", Sort::Null, "null"));
        assert!(!json.more());
        assert_eq!(numbers, ["1"]);
    }
}
