//! The disagreements that are known: each with its reason, and the issue that will close it, if any.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use vpcguard_check::{Source, parse_value};

/// Those of one part.
pub(crate) struct Known {
    ids: BTreeSet<String>,
}

impl Known {
    /// Reads those of a part.
    pub(crate) fn of(part: &str) -> Self {
        let name = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/known.yaml");
        let source = Source { bytes: std::fs::read(&name).unwrap(), name: name.display().to_string() };
        let known = parse_value(&source).unwrap_or_else(|errors| panic!("{errors:?}"));
        let entries = known.get(part).and_then(Value::as_array).cloned().unwrap_or_default();
        let id = |entry: &Value| {
            for key in ["id", "reason", "issue"] {
                assert!(entry.get(key).is_some(), "known.yaml: {entry} has no {key}");
            }
            entry["id"].as_str().expect("an id is a string").to_owned()
        };
        let ids: BTreeSet<String> = entries.iter().map(id).collect();
        assert_eq!(ids.len(), entries.len(), "known.yaml: an id of {part} stands twice");
        Self { ids }
    }

    /// What is wrong with what was seen: a disagreement that is not listed, and a listed one of `asked` that no longer occurs.
    pub(crate) fn held_against(&self, seen: &BTreeSet<String>, asked: &BTreeSet<String>) -> Vec<String> {
        let new = seen.difference(&self.ids).map(|id| format!("{id}: is not in known.yaml"));
        let gone = self.ids.iter().filter(|id| asked.contains(*id) && !seen.contains(*id));
        new.chain(gone.map(|id| format!("{id}: no longer occurs, and stands in known.yaml"))).collect()
    }

    /// Whether this one is known.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// The same as [`Self::held_against`], where it is told of each id whether it was asked.
    pub(crate) fn held_against_asked(&self, seen: &BTreeSet<String>, asked: impl Fn(&str) -> bool) -> Vec<String> {
        self.held_against(seen, &self.ids.iter().filter(|id| asked(id)).cloned().collect())
    }

    /// All of them.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &String> {
        self.ids.iter()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }
}

#[test]
fn what_is_known_is_held_both_ways() {
    let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    let known = Known { ids: set(&["a", "b", "c"]) };
    assert_eq!(known.held_against(&set(&["a", "d"]), &set(&["a", "b", "d"])).len(), 2);
    assert_eq!(known.held_against(&set(&["a"]), &set(&["a"])), Vec::<String>::new());
}
