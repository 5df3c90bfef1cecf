//! Scalars as kubectl reads them: YAML 1.1 as the Go package that kubectl uses implements it.
//!
//! `yes` is true, `0777` is 511, `1e3` is the whole number 1000. Quotes make a string of anything. Base 60 and
//! timestamps are left as text there, and here.

use libyaml_safer::ScalarStyle;
use serde_json::{Number, Value};

use super::decimal::Decimal;

/// The prefix that `!!` stands for.
const CORE: &str = "tag:yaml.org,2002:";

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `null`, `~` or nothing at all.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that was written as one.
    Integer(Number),
    /// Any other number; finite.
    Float(f64),
    /// Text.
    Text(String),
}

/// Whether this, as a key, means that its value is to be merged into the map.
pub(super) fn is_merge(text: &str, style: ScalarStyle, tag: Option<&str>) -> bool {
    text == "<<"
        && match tag {
            None => style == ScalarStyle::Plain,
            Some(tag) => core_name(tag) == Some("merge"),
        }
}

/// The name of a tag such as `!!int`; none for tags of other makers.
fn core_name(tag: &str) -> Option<&str> {
    tag.strip_prefix(CORE)
}

impl Scalar {
    /// What a scalar means, or why it means nothing.
    pub(super) fn resolve(text: &str, style: ScalarStyle, tag: Option<&str>) -> Result<Self, String> {
        let Some(tag) = tag else {
            return if style == ScalarStyle::Plain { plain(text) } else { Ok(Self::Text(text.to_owned())) };
        };
        let Some(expected @ ("null" | "bool" | "int" | "float")) = core_name(tag) else {
            // No rule reads a timestamp or what a !!binary holds, and tags of other makers mean nothing to Kubernetes.
            return Ok(Self::Text(text.to_owned()));
        };
        match (plain(text)?, expected) {
            (null @ Self::Null, "null") => Ok(null),
            (bool @ Self::Bool(_), "bool") => Ok(bool),
            (integer @ Self::Integer(_), "int" | "float") => Ok(integer),
            (float @ Self::Float(_), "float") => Ok(float),
            _ => Err(format!("{text:?} is no !!{expected}")),
        }
    }

    /// What a key means. It is a string in JSON, and so may be a number that JSON does not have.
    pub(super) fn resolve_key(text: &str, style: ScalarStyle, tag: Option<&str>) -> Result<Self, String> {
        let is_plain = tag.map_or(style == ScalarStyle::Plain, |tag| core_name(tag) == Some("float"));
        match not_finite(text).filter(|_| is_plain) {
            Some(key) => Ok(Self::Text(key.to_owned())),
            None => Self::resolve(text, style, tag),
        }
    }

    /// The same as JSON. A number without a fraction is a whole one, however it was written.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => Value::Bool(*bool),
            Self::Integer(number) => Value::Number(number.clone()),
            Self::Float(float) => whole(*float).map_or_else(|| Value::from(*float), Value::Number),
            Self::Text(text) => Value::String(text.clone()),
        }
    }

    /// The same as the key of a map, which is a string in JSON; none for what kubectl makes no key of.
    pub(super) fn key(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Bool(bool) => Some(bool.to_string()),
            Self::Integer(number) => number.as_i64().map(|number| number.to_string()),
            Self::Float(float) => Some(float_key(*float)),
            Self::Text(text) => Some(text.clone()),
        }
    }

    /// How long its text is, about.
    pub(super) fn len(&self) -> usize {
        if let Self::Text(text) = self { text.len() } else { 0 }
    }
}

/// What text without quotes and without a tag means.
fn plain(text: &str) -> Result<Scalar, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ if not_finite(text).is_some() => {
            return Err(format!("{text} is not a number in JSON, and Kubernetes stores JSON; quote it for a string"));
        }
        _ => number(text).unwrap_or_else(|| Scalar::Text(text.to_owned())),
    })
}

/// What infinity and what is not a number are called as a key.
fn not_finite(text: &str) -> Option<&'static str> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(".nan"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(".inf"),
        "-.inf" | "-.Inf" | "-.INF" => Some("-.inf"),
        _ => None,
    }
}

fn number(text: &str) -> Option<Scalar> {
    let first = text.chars().next()?;
    let is_number_like = first.is_ascii_digit() || matches!(first, '+' | '-' | '.');
    if !is_number_like || (first == '.' && !separates_digits(text)) {
        return None;
    }
    let digits = text.replace('_', "");
    integer(&digits).map(Scalar::Integer).or_else(|| float(&digits).map(Scalar::Float))
}

/// Whether every underscore stands between digits, as numbers that begin with a dot want it; the others do not care.
fn separates_digits(text: &str) -> bool {
    let mut parts = text.split('_');
    let Some(mut before) = parts.next() else { return true };
    parts.all(|after| {
        let fits = before.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(|c: char| c.is_ascii_digit());
        before = after;
        fits
    })
}

/// A whole number of 64 bits with the prefixes of Go: `0x`, `0o`, `0b`, and `0` for octal.
fn integer(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match unsigned.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, unsigned.get(2..)?),
        Some("0o") => (8, unsigned.get(2..)?),
        Some("0b") => (2, unsigned.get(2..)?),
        Some(two) if two.starts_with('0') => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    // Parsing takes a sign, which must not follow a prefix.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let amount = u64::from_str_radix(digits, radix).ok()?;
    if unsigned.len() == text.len() {
        return Some(Number::from(amount));
    }
    let signed = if text.starts_with('-') { -i128::from(amount) } else { i128::from(amount) };
    i64::try_from(signed).ok().map(Number::from)
}

/// A decimal number; none if it is too large to be one. YAML writes `+.5` and `1.` where JSON writes `0.5` and `1.0`, and
/// beside that both mean the same number, read by the same code.
fn float(text: &str) -> Option<f64> {
    let (sign, amount) = match text.strip_prefix('-') {
        Some(amount) => ("-", amount),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = amount.split_once(['e', 'E']).unwrap_or((amount, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || !whole.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // JSON wants a digit on each side of a dot, and no zeros before other digits.
    let whole = whole.trim_start_matches('0');
    let (before, after) = (if whole.is_empty() { "0" } else { "" }, if fraction.is_empty() { "0" } else { "" });
    let number: Number = format!("{sign}{before}{whole}.{fraction}{after}e{exponent}").parse().ok()?;
    number.as_f64()
}

/// The same as a whole number of 64 bits, if the fewest digits that mean this number, with zeros behind them, are one.
fn whole(float: f64) -> Option<Number> {
    let whole = Decimal::read(&Value::from(float).to_string())?.whole()?;
    whole.parse::<i64>().map(Number::from).or_else(|_| whole.parse::<u64>().map(Number::from)).ok()
}

/// A key as Go's `FormatFloat(f, 'g', -1, 32)` writes it, for that is what kubectl's YAML package does.
fn float_key(float: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "kubectl's YAML package rounds to 32 bits here")]
    let float = float as f32;
    if float.is_infinite() {
        return if float.is_sign_positive() { ".inf" } else { "-.inf" }.to_owned();
    }
    let shortest = serde_json::to_string(&float).unwrap_or_default();
    Decimal::read(&shortest).map_or(shortest, |decimal| decimal.general())
}
