//! A label selector, as Kubernetes evaluates it.

use std::collections::{BTreeMap, BTreeSet};

use crate::gather::gathered;
use crate::json::Reader;

/// Selects objects by their labels. An empty one selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelSelector {
    /// Labels that must have exactly these values.
    pub match_labels: BTreeMap<String, String>,
    /// Further conditions, all of which must hold.
    pub match_expressions: Vec<Requirement>,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`; any other selects nothing.
    pub operator: String,
    /// The values for `In` and `NotIn`.
    pub values: BTreeSet<String>,
}

impl LabelSelector {
    pub(crate) fn read(selector: &Reader) -> Self {
        let requirement = |expression: Reader| Requirement {
            key: expression.at("key").string(),
            operator: expression.at("operator").string(),
            values: gathered(expression.at("values").strings()),
        };
        Self {
            match_labels: selector.at("matchLabels").string_map(),
            match_expressions: selector.at("matchExpressions").items().map(requirement).collect(),
        }
    }

    /// How many conditions it has, one for one that has none: what it costs to ask whether it selects an object.
    pub(crate) fn conditions(&self) -> usize {
        (self.match_labels.len() + self.match_expressions.len()).max(1)
    }

    /// Whether it selects an object with these labels.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.holds(labels))
    }
}

impl Requirement {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::TypeErrors;

    fn matches(selector: &serde_json::Value, labels: &[(&str, &str)]) -> bool {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        LabelSelector::read(&Reader::new(selector, &TypeErrors::default())).matches(&labels)
    }

    #[test]
    fn an_empty_selector_selects_all() {
        assert!(matches(&json!({}), &[]));
    }

    #[test]
    fn labels_must_be_equal() {
        assert!(matches(&json!({"matchLabels": {"a": "1"}}), &[("a", "1"), ("b", "2")]));
        assert!(!matches(&json!({"matchLabels": {"a": "1"}}), &[("a", "2")]));
    }

    #[test]
    fn each_operator_is_evaluated() {
        let on =
            |operator: &str| json!({"matchExpressions": [{"key": "a", "operator": operator, "values": ["1", "2"]}]});
        for (operator, one, three, absent) in [
            ("In", true, false, false),
            ("NotIn", false, true, true),
            ("Exists", true, true, false),
            ("DoesNotExist", false, false, true),
            ("Equals", false, false, false),
        ] {
            assert_eq!(matches(&on(operator), &[("a", "1")]), one, "{operator} 1");
            assert_eq!(matches(&on(operator), &[("a", "3")]), three, "{operator} 3");
            assert_eq!(matches(&on(operator), &[]), absent, "{operator} absent");
        }
    }
}
