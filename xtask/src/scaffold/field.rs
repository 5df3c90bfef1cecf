//! The field that a new rule reads.

use std::str::FromStr;

use anyhow::{Error, bail};
use serde_json::{Map, Value, json};

/// An annotation of the object, or a field of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Annotation(String),
    Path(String),
}

impl FromStr for Field {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(key) = text.strip_prefix("metadata.annotations[").and_then(|key| key.strip_suffix(']'))
            && !key.is_empty()
            && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "./_-".contains(letter))
        {
            return Ok(Self::Annotation(key.to_owned()));
        }
        let is_step = |step: &str| !step.is_empty() && step.chars().all(|letter| letter.is_ascii_alphanumeric());
        if text.contains('.') && !text.starts_with("metadata.") && text.split('.').all(is_step) {
            return Ok(Self::Path(text.to_owned()));
        }
        bail!("{text:?} is not a field: write spec.gateway, or metadata.annotations[example.com/gateway]")
    }
}

impl Field {
    /// As a message names it.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Annotation(key) => format!("metadata.annotations[{key}]"),
            Self::Path(path) => path.clone(),
        }
    }

    /// The last step to it, which stands before its value in YAML.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Annotation(key) => key,
            Self::Path(path) => path.rsplit('.').next().unwrap_or(path),
        }
    }

    fn steps(&self) -> Vec<&str> {
        match self {
            Self::Annotation(key) => vec!["metadata", "annotations", key],
            Self::Path(path) => path.split('.').collect(),
        }
    }

    /// Writes a value into an object.
    pub(super) fn set(&self, object: &mut Value, value: &str) {
        let mut at = object;
        for step in self.steps() {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            let Some(fields) = at.as_object_mut() else { return };
            at = fields.entry(step).or_insert(Value::Null);
        }
        *at = json!(value);
    }

    /// Whether an object has it.
    pub(super) fn is_in(&self, object: &Value) -> bool {
        self.steps().iter().try_fold(object, |value, step| value.get(step)).is_some()
    }

    /// The rest of `{"kind": "Subnet", …}` in a test of the rule, with the variable `value`.
    pub(super) fn in_a_test(&self) -> String {
        match self {
            Self::Annotation(key) => format!("\"annotations\": {{\"{key}\": value}}"),
            Self::Path(path) => {
                let steps: Vec<_> = path.split('.').map(|step| format!("\"{step}\": ")).collect();
                format!("{}value{}", steps.join("{"), "}".repeat(steps.len() - 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_as_messages_name_it() {
        for text in ["metadata.annotations[example.com/mtu]", "spec.mtu", "spec.a.b"] {
            assert_eq!(text.parse::<Field>().unwrap().path(), text);
        }
        for text in ["", "mtu", "spec.", "metadata.name", "metadata.annotations[]", "spec.routes[0].cidr", "spec.a b"] {
            assert!(text.parse::<Field>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_is_written_where_the_field_is() {
        let mut object = json!({"spec": {"vpc": "a"}});
        for text in ["spec.a.b", "metadata.annotations[x/y]"] {
            let field: Field = text.parse().unwrap();
            assert!(!field.is_in(&object));
            field.set(&mut object, "bad");
            assert!(field.is_in(&object));
        }
        assert_eq!(
            object,
            json!({"metadata": {"annotations": {"x/y": "bad"}}, "spec": {"vpc": "a", "a": {"b": "bad"}}})
        );
        assert_eq!("spec.a.b".parse::<Field>().unwrap().in_a_test(), r#""spec": {"a": {"b": value}}"#);
    }
}
