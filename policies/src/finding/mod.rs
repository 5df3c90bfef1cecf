//! What a rule has to say: a [`Finding`], worded as Kubernetes words a `field.Error`; and what a review makes of it.

mod findings;
mod reported;
mod verdict;

use std::borrow::Cow;
use std::ops::Range;
#[cfg(debug_assertions)]
use std::panic::Location;

use serde::Serialize;
use serde_json::Value;

use crate::field::FieldPath;
use crate::json::TypeError;
use crate::kinds::{Kind, ObjectRef};
use crate::text::{bounded, quoted, shown};

pub(crate) use findings::Findings;
pub use reported::Reported;
pub(crate) use reported::{Report, Suppression};
pub use verdict::{Injection, MOST_FINDINGS, NotEvaluated, Verdict};

/// What a finding does to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The request is refused.
    Deny,
    /// The request is admitted, and the user is told.
    Warn,
}

/// Why a value is refused: the cause types of `metav1.StatusCause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Reason {
    /// The value is malformed or out of range.
    #[serde(rename = "FieldValueInvalid")]
    Invalid,
    /// The value has the wrong JSON type.
    #[serde(rename = "FieldValueTypeInvalid")]
    TypeInvalid,
    /// A value is missing.
    #[serde(rename = "FieldValueRequired")]
    Required,
    /// The value stands twice.
    #[serde(rename = "FieldValueDuplicate")]
    Duplicate,
    /// The value is none of those that exist.
    #[serde(rename = "FieldValueNotSupported")]
    NotSupported,
    /// The value names something that does not exist.
    #[serde(rename = "FieldValueNotFound")]
    NotFound,
    /// The value is well-formed but may not stand here.
    #[serde(rename = "FieldValueForbidden")]
    Forbidden,
}

impl Reason {
    /// The words with which Kubernetes begins such a message.
    fn words(self) -> &'static str {
        match self {
            Reason::Invalid | Reason::TypeInvalid => "Invalid value",
            Reason::Required => "Required value",
            Reason::Duplicate => "Duplicate value",
            Reason::NotSupported => "Unsupported value",
            Reason::NotFound => "Not found",
            Reason::Forbidden => "Forbidden",
        }
    }
}

/// Another object on which a finding rests, and the field of it that matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Related {
    /// The other object.
    pub object: ObjectRef,
    /// The field of the other object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldPath>,
}

/// What a denial rests on beside the request itself. A runner whose view of the cluster may be stale reads it again before
/// it refuses anything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// This object, whether it was found or missed.
    Object(ObjectRef),
    /// That no other object of this kind is there.
    AllOf(Kind),
}

/// One thing that is wrong with a request. A rule makes it, and nobody changes it afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    reason: Reason,
    field: FieldPath,
    /// The offending value as a message shows it, quotes and all; none for a missing one.
    value: Option<String>,
    detail: String,
    /// What else, besides the value, makes this the violation that it is.
    with: Option<String>,
    /// The bytes of the value that are wrong, where that is a text of which the rest is right.
    part: Option<Range<usize>>,
    help: Cow<'static, str>,
    related: Vec<Related>,
    /// What makes it the violation that it is, where that is more than the value.
    identity: Option<String>,
    /// What it rests on beside the related objects.
    missed: Vec<Evidence>,
    /// The place of a rule that made it: a test wants a case for each.
    #[cfg(debug_assertions)]
    made_at: &'static Location<'static>,
}

impl Finding {
    #[cfg_attr(debug_assertions, track_caller)]
    fn new(reason: Reason, field: FieldPath, value: Option<String>, detail: impl Into<String>) -> Self {
        Self {
            reason,
            field,
            value,
            detail: bounded(detail.into()),
            with: None,
            part: None,
            help: Cow::Borrowed(""),
            related: Vec::new(),
            identity: None,
            missed: Vec::new(),
            #[cfg(debug_assertions)]
            made_at: Location::caller(),
        }
    }

    /// A malformed value, or one out of range.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn invalid(field: FieldPath, value: &str, detail: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, field, Some(quoted(value)), detail)
    }

    /// A number out of range.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn invalid_number(field: FieldPath, value: i64, detail: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, field, Some(value.to_string()), detail)
    }

    /// A value of the wrong JSON type.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn type_invalid(field: FieldPath, value: &Value, detail: impl Into<String>) -> Self {
        Self::new(Reason::TypeInvalid, field, Some(shown(value)), detail)
    }

    /// A value whose type was found wrong while the object was read.
    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn type_error(error: &TypeError) -> Self {
        Self::new(Reason::TypeInvalid, error.field.clone(), Some(error.shown.clone()), error.detail())
    }

    /// A value that must be there and is not.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn required(field: FieldPath, detail: impl Into<String>) -> Self {
        Self::new(Reason::Required, field, None, detail)
    }

    /// A value that is none of `supported`.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn not_supported(field: FieldPath, value: &str, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|value| quoted(value)).collect();
        let detail = format!("supported values: {}", supported.join(", "));
        Self::new(Reason::NotSupported, field, Some(quoted(value)), detail)
    }

    /// A value that stands elsewhere already.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn duplicate(field: FieldPath, value: &str, detail: impl Into<String>) -> Self {
        Self::new(Reason::Duplicate, field, Some(quoted(value)), detail)
    }

    /// The name of something that does not exist.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn not_found(field: FieldPath, name: &str, detail: impl Into<String>) -> Self {
        Self::new(Reason::NotFound, field, Some(quoted(name)), detail)
    }

    /// A well-formed value that may not stand here. Kubernetes does not repeat it in the message, so the detail says it.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn forbidden(field: FieldPath, value: &str, detail: impl Into<String>) -> Self {
        Self::new(Reason::Forbidden, field, Some(quoted(value)), detail)
    }

    /// How to fix it, in a sentence.
    #[must_use]
    pub fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = match help.into() {
            Cow::Owned(help) => bounded(help).into(),
            written @ Cow::Borrowed(_) => written,
        };
        self
    }

    /// What of the value is wrong, in bytes, where that is a text with a grammar of its own: these characters are underlined.
    #[must_use]
    pub fn part(mut self, part: Range<usize>) -> Self {
        self.part = Some(part);
        self
    }

    /// Another object on which this rests, with the field of it that matters.
    #[must_use]
    pub fn related(mut self, object: ObjectRef, field: Option<FieldPath>) -> Self {
        self.related.push(Related { object, field });
        self
    }

    /// An object that was looked for in vain.
    #[must_use]
    pub fn missing(mut self, object: ObjectRef) -> Self {
        self.missed.push(Evidence::Object(object));
        self
    }

    /// A kind of which no object makes this right.
    #[must_use]
    pub fn unless_any(mut self, kind: Kind) -> Self {
        self.missed.push(Evidence::AllOf(kind));
        self
    }

    /// The other side of a conflict: the same value in conflict with something else is another violation.
    #[must_use]
    pub fn in_conflict_with(mut self, other: &str) -> Self {
        self.with = Some(other.to_owned());
        self
    }

    /// What makes it the same violation in an older version of the object, in place of the value.
    #[must_use]
    pub fn identified_by(mut self, identity: String) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The place of a rule that made it.
    #[cfg(debug_assertions)]
    pub fn made_at(&self) -> &'static Location<'static> {
        self.made_at
    }

    /// The cause type.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Where the offending value stands, or should stand.
    pub fn field(&self) -> &FieldPath {
        &self.field
    }

    /// The offending value as the message shows it, quotes and all; none for a missing one.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Which bytes of the value are meant, if not all of it.
    pub fn part_of_value(&self) -> Option<&Range<usize>> {
        self.part.as_ref()
    }

    /// What the value is in conflict with, where that makes it another violation.
    pub fn conflict(&self) -> Option<&str> {
        self.with.as_deref()
    }

    /// What is wrong, without the value.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong, worded as Kubernetes' `field.Error`: `Invalid value: "10.0.0.0/16": overlaps …`.
    pub fn message(&self) -> String {
        let words = self.reason.words();
        match (&self.value, self.reason) {
            (Some(value), reason) if reason != Reason::Forbidden && self.detail.is_empty() => {
                format!("{words}: {value}")
            }
            (Some(value), reason) if reason != Reason::Forbidden => format!("{words}: {value}: {}", self.detail),
            _ => format!("{words}: {}", self.detail),
        }
    }

    /// The same of an object that is admitted, which is neither forbidden nor invalid: `"10.0.0.0/16": overlaps …`.
    pub(crate) fn remark(&self) -> String {
        match &self.value {
            Some(value) if self.detail.is_empty() => value.clone(),
            Some(value) if self.reason != Reason::Forbidden => format!("{value}: {}", self.detail),
            _ => self.detail.clone(),
        }
    }

    /// How to fix it.
    pub fn help_text(&self) -> &str {
        &self.help
    }

    /// The other objects on which this rests, whether or not its JSON names them.
    pub fn related_objects(&self) -> &[Related] {
        &self.related
    }

    /// All that it rests on.
    pub(crate) fn evidence(&self) -> impl Iterator<Item = Evidence> + '_ {
        let related = self.related.iter().map(|related| Evidence::Object(related.object.clone()));
        related.chain(self.missed.iter().cloned())
    }

    /// What makes this the same violation in an older version of the object: the offending value, wherever it stands
    /// in the object, and what it is in conflict with; the field, where a value is missing.
    pub(crate) fn violation(&self) -> ViolationKey {
        match (&self.identity, &self.value) {
            (Some(identity), _) => ViolationKey::Identity(identity.clone()),
            (None, Some(value)) => ViolationKey::Value(value.clone(), self.with.clone()),
            (None, None) => ViolationKey::Field(self.field.clone()),
        }
    }
}

/// See [`Finding::violation`].
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ViolationKey {
    Identity(String),
    Value(String, Option<String>),
    Field(FieldPath),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field() -> FieldPath {
        FieldPath::of("spec.gateway")
    }

    #[test]
    fn messages_are_worded_as_kubernetes_words_them_and_warnings_are_no_errors() {
        let cases = [
            (Finding::invalid(field(), "x", "not an address"), "Invalid value: ", r#""x": not an address"#),
            (Finding::required(field(), "is needed"), "Required value: ", "is needed"),
            (
                Finding::not_supported(field(), "x", &["a", "b"]),
                "Unsupported value: ",
                r#""x": supported values: "a", "b""#,
            ),
            (Finding::not_found(field(), "x", ""), "Not found: ", r#""x""#),
            (Finding::forbidden(field(), "x", "not here"), "Forbidden: ", "not here"),
            (Finding::type_invalid(field(), &10.into(), "must be a string"), "Invalid value: ", "10: must be a string"),
        ];
        for (finding, words, rest) in cases {
            assert_eq!(finding.message(), format!("{words}{rest}"));
            assert_eq!(finding.remark(), rest);
        }
    }
}
