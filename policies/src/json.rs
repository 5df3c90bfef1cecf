//! Reads an object leniently: only the fields that are asked for, and each one of the wrong type is noted, not fatal.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::field::{FieldPath, Step};
use crate::gather::{gathered, sort_by};
use crate::text::shown;

/// A field whose JSON type is not the one that Kube-OVN's schema gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeError {
    /// Where it stands.
    pub field: FieldPath,
    /// The JSON type of what stands there, in words. The value itself is not kept: a thousand of them may be the whole object.
    pub found: &'static str,
    /// What stands there, as a message shows it.
    pub shown: String,
    /// What should: "a string", "a list of strings".
    pub wanted: &'static str,
    /// Where a string should stand, and an object of one string does: what YAML makes of `- app: web`. The text that was meant.
    pub meant: Option<String>,
}

impl TypeError {
    /// What is wrong, in words.
    pub fn detail(&self) -> String {
        format!("must be {}, not {}", self.wanted, self.found)
    }
}

/// How many type errors of one object are kept: nobody fixes more at a time, and a list may have millions.
const MOST_TYPE_ERRORS: usize = 1000;

/// Where type errors are collected while an object is read.
#[derive(Default)]
pub struct TypeErrors(RefCell<Vec<TypeError>>);

impl TypeErrors {
    /// Every error once, in the order of the fields.
    pub fn into_sorted(self) -> Vec<TypeError> {
        let mut errors = self.0.into_inner();
        sort_by(&mut errors, |a, b| a.field.cmp(&b.field).then_with(|| a.wanted.cmp(b.wanted)));
        errors.dedup_by(|a, b| a.field == b.field);
        errors
    }

    fn note(&self, error: impl FnOnce() -> TypeError) {
        let mut errors = self.0.borrow_mut();
        if errors.len() < MOST_TYPE_ERRORS {
            errors.push(error());
        }
    }
}

/// A value within an object, or its absence, and how it was reached.
pub struct Reader<'r, 'v> {
    value: Option<&'v Value>,
    above: Option<(&'r Reader<'r, 'v>, Step)>,
    errors: &'r TypeErrors,
}

impl<'r, 'v> Reader<'r, 'v> {
    /// Reads a whole object.
    pub fn new(object: &'v Value, errors: &'r TypeErrors) -> Self {
        Self { value: Some(object), above: None, errors }
    }

    /// The field of this name; absent where it is missing or null, or where this is not an object.
    pub fn at<'s>(&'s self, name: &'static str) -> Reader<'s, 'v> {
        let value = self.map().and_then(|map| map.get(name)).filter(|value| !value.is_null());
        Reader { value, above: Some((self, Step::Field(Cow::Borrowed(name)))), errors: self.errors }
    }

    /// Whether a value stands here, of whatever type.
    pub fn is_present(&self) -> bool {
        self.value.is_some()
    }

    /// Whether `false` stands here, and not just nothing.
    pub fn is_false(&self) -> bool {
        self.value == Some(&Value::Bool(false))
    }

    /// The text here. Absent and of another type are both none.
    pub fn text(&self) -> Option<&'v str> {
        self.typed(A_STRING, Value::as_str)
    }

    /// The text here, owned and empty where there is none, as Go reads a missing string.
    pub fn string(&self) -> String {
        self.text().unwrap_or_default().to_owned()
    }

    /// The text here, owned, or what Kube-OVN takes where it is empty or missing.
    pub fn string_or(&self, default: &str) -> String {
        self.text().filter(|text| !text.is_empty()).unwrap_or(default).to_owned()
    }

    /// The boolean here, false where there is none.
    pub fn flag(&self) -> bool {
        self.typed("a boolean", Value::as_bool).unwrap_or(false)
    }

    /// The whole number here.
    pub fn integer(&self) -> Option<i64> {
        self.typed("an integer", Value::as_i64)
    }

    /// The elements of the list here, each with its number.
    pub fn items<'s>(&'s self) -> impl Iterator<Item = Reader<'s, 'v>> + 's {
        let list: &'v [Value] = self.typed("a list", |value| value.as_array().map(Vec::as_slice)).unwrap_or_default();
        list.iter().enumerate().map(move |(index, value)| Reader {
            value: Some(value),
            above: Some((self, Step::Index(index))),
            errors: self.errors,
        })
    }

    /// The strings of the list here.
    pub fn strings(&self) -> Vec<String> {
        self.items().filter_map(|item| item.text().map(str::to_owned)).collect()
    }

    /// The strings of the map here.
    pub fn string_map(&self) -> BTreeMap<String, String> {
        let Some(map) = self.map() else { return BTreeMap::new() };
        let entry = |(key, value): (&'v String, &'v Value)| {
            let above = Some((self, Step::Key(key.clone())));
            let reader = Reader { value: Some(value).filter(|value| !value.is_null()), above, errors: self.errors };
            reader.text().map(|text| (key.clone(), text.to_owned()))
        };
        gathered(map.iter().filter_map(entry))
    }

    /// The object here.
    pub fn map(&self) -> Option<&'v Map<String, Value>> {
        self.typed("an object", Value::as_object)
    }

    /// What stands here, of whatever type.
    pub fn value(&self) -> Option<&'v Value> {
        self.value
    }

    /// How this was reached.
    pub fn path(&self) -> FieldPath {
        let mut steps = Vec::new();
        let mut here = self;
        while let Some((above, step)) = &here.above {
            steps.push(step.clone());
            here = above;
        }
        steps.into_iter().rev().collect()
    }

    fn typed<T>(&self, wanted: &'static str, read: impl FnOnce(&'v Value) -> Option<T>) -> Option<T> {
        let value = self.value?;
        let read = read(value);
        if read.is_none() {
            self.errors.note(|| TypeError {
                field: self.path(),
                found: type_name(value),
                shown: shown(value),
                wanted,
                meant: pair_of(value).filter(|_| wanted == A_STRING),
            });
        }
        read
    }
}

/// A text with a colon in it that nobody has quoted.
fn pair_of(value: &Value) -> Option<String> {
    let mut entries = value.as_object()?.iter();
    let ((key, value), None) = (entries.next()?, entries.next()) else { return None };
    let text = format!("{key}:{}", value.as_str()?);
    (text.len() <= LONGEST_MEANT && !text.contains(char::is_whitespace)).then_some(text)
}

const A_STRING: &str = "a string";

/// The longest text that is written out again.
const LONGEST_MEANT: usize = 160;

/// What a value is, in words.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_wrong_type_is_noted_once_with_its_path() {
        let object =
            json!({"spec": {"vpc": 5, "vips": ["a", 1, null], "vlan": null}, "metadata": {"labels": {"a": true}}});
        let errors = TypeErrors::default();
        let reader = Reader::new(&object, &errors);
        assert_eq!(reader.at("spec").at("vpc").string(), "");
        assert_eq!(reader.at("spec").at("vpc").string(), "");
        assert_eq!(reader.at("spec").at("vlan").text(), None);
        assert_eq!(reader.at("spec").at("vips").strings(), ["a"]);
        assert!(reader.at("metadata").at("labels").string_map().is_empty());
        let noted: Vec<_> = errors.into_sorted().iter().map(|e| format!("{}: {}", e.field, e.detail())).collect();
        assert_eq!(
            noted,
            [
                "metadata.labels[a]: must be a string, not a boolean",
                "spec.vips[1]: must be a string, not a number",
                "spec.vips[2]: must be a string, not null",
                "spec.vpc: must be a string, not a number",
            ]
        );
    }

    #[test]
    fn of_a_wrong_value_only_as_much_is_kept_as_a_message_shows() {
        let huge = "x".repeat(1_000_000);
        let object = json!({"text": huge, "list": [huge], "object": {"a": huge}, "short": "no"});
        let errors = TypeErrors::default();
        let reader = Reader::new(&object, &errors);
        for name in ["text", "list", "object", "short"] {
            assert_eq!(reader.at(name).integer(), None);
        }
        let noted = errors.into_sorted();
        let kept: Vec<_> = noted.iter().map(|e| (e.found, e.shown.as_str())).collect();
        assert_eq!(kept[..3], [("a list", "[…]"), ("an object", "{…}"), ("a string", "\"no\"")]);
        assert_eq!(kept[3].0, "a string");
        assert!(kept[3].1.starts_with("\"xxx") && kept[3].1.len() < 1000, "{} bytes", kept[3].1.len());
    }
}
