//! Where a value stands in an object: `spec.staticRoutes[2].nextHopIP`, `metadata.annotations[key]`.

use std::borrow::Cow;
use std::fmt;

use crate::text::legible;

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A field of an object: `.spec`.
    Field(Cow<'static, str>),
    /// An element of a list, from 0: `[2]`.
    Index(usize),
    /// A key of a map whose keys the user chose: `[ovn.kubernetes.io/vpc_lb]`.
    Key(String),
}

/// The path of a field as Kubernetes writes it. Ordered step by step, list elements by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(Vec<Step>);

impl FieldPath {
    /// The path of nested fields, with dots between their names: `FieldPath::of("spec.cidrBlock")`.
    pub fn of(fields: &'static str) -> Self {
        Self(fields.split('.').map(|field| Step::Field(Cow::Borrowed(field))).collect())
    }

    /// The path of an annotation of the object itself.
    pub fn annotation(key: &str) -> Self {
        Self::of("metadata.annotations").key(key)
    }

    /// Appends nested fields, with dots between their names.
    #[must_use]
    pub fn field(mut self, fields: &'static str) -> Self {
        self.0.extend(fields.split('.').map(|field| Step::Field(Cow::Borrowed(field))));
        self
    }

    /// Appends the number of a list element.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Step::Index(index));
        self
    }

    /// Appends the key of a map.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.to_owned()));
        self
    }

    /// This path and those of everything that it lies in, from the outside in.
    pub fn prefixes(&self) -> impl Iterator<Item = &[Step]> {
        (1..=self.0.len()).filter_map(|length| self.0.get(..length))
    }

    /// The steps from the object's root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The value at this path, if the object has it.
    pub fn find<'v>(&self, object: &'v serde_json::Value) -> Option<&'v serde_json::Value> {
        self.0.iter().try_fold(object, |value, step| match step {
            Step::Field(name) => value.get(name.as_ref()),
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }
}

impl FromIterator<Step> for FieldPath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if at == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[{}]", legible(key))?,
            }
        }
        Ok(())
    }
}

impl serde::Serialize for FieldPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_kubernetes_does() {
        let route = FieldPath::of("spec.staticRoutes").index(2).field("nextHopIP");
        assert_eq!(route.to_string(), "spec.staticRoutes[2].nextHopIP");
        let annotation = FieldPath::annotation("ovn.kubernetes.io/vpc_lb");
        assert_eq!(annotation.to_string(), "metadata.annotations[ovn.kubernetes.io/vpc_lb]");
        assert_eq!(FieldPath::annotation("a\u{202e}\n").to_string(), r"metadata.annotations[a\u{202e}\n]");
    }

    #[test]
    fn list_elements_are_ordered_by_number() {
        let at = |index| FieldPath::of("spec.staticRoutes").index(index);
        assert!(at(2) < at(10));
    }

    #[test]
    fn a_path_finds_its_value() {
        let object = serde_json::json!({"spec": {"vips": ["a", "b"]}});
        assert_eq!(FieldPath::of("spec.vips").index(1).find(&object), Some(&"b".into()));
        assert_eq!(FieldPath::of("spec.vips").index(2).find(&object), None);
    }
}
