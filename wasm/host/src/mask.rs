//! Field masks, as the policy server applies them.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a policy server never takes away.
const KEPT: &[&str] = &["apiVersion", "kind", "metadata"];

/// The paths that are to stay. One without children keeps all that is below it; so does a mask without any path.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    children: BTreeMap<String, Mask>,
}

impl Mask {
    pub(crate) fn new<'p>(paths: impl IntoIterator<Item = &'p String>) -> Self {
        let mut root = Self::default();
        for path in paths {
            let mut node = &mut root;
            for step in path.split('.') {
                node = node.children.entry(step.to_owned()).or_default();
            }
        }
        root
    }

    /// Takes from an object what is not in the mask.
    pub(crate) fn apply(&self, object: &mut Value) {
        if let Some(fields) = object.as_object_mut().filter(|_| !self.children.is_empty()) {
            fields.retain(|key, value| KEPT.contains(&key.as_str()) || self.keeps(key, value));
        }
    }

    fn keeps(&self, key: &str, value: &mut Value) -> bool {
        let child = self.children.get(key);
        if let Some(child) = child {
            child.prune(value);
        }
        child.is_some()
    }

    fn prune(&self, value: &mut Value) {
        if self.children.is_empty() {
            return;
        }
        match value {
            Value::Object(fields) => fields.retain(|key, value| self.keeps(key, value)),
            // A list is not a step of a path: the mask goes for each element.
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.prune(element)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(paths: &[&str]) -> Value {
        let mut object = json!({
            "apiVersion": "v1", "kind": "K", "metadata": {"name": "a", "labels": {"l": "1"}},
            "spec": {"a": 1, "b": {"c": 2, "d": 3}, "list": [{"x": 1, "y": 2}, 5]},
            "status": {"s": 1},
        });
        Mask::new(&paths.iter().map(ToString::to_string).collect::<Vec<_>>()).apply(&mut object);
        object
    }

    #[test]
    fn only_what_is_in_the_mask_stays() {
        let masked = masked(&["spec.b.c", "spec.list.x", "spec.nowhere"]);
        assert_eq!(masked["spec"], json!({"b": {"c": 2}, "list": [{"x": 1}, 5]}));
        assert_eq!(masked.get("status"), None);
    }

    #[test]
    fn metadata_is_never_masked() {
        let masked = masked(&["metadata.name"]);
        let wanted = json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "a", "labels": {"l": "1"}}});
        assert_eq!(masked, wanted);
    }

    #[test]
    fn a_mask_without_paths_keeps_everything() {
        assert_eq!(masked(&[])["status"], json!({"s": 1}));
        assert_eq!(masked(&["spec"])["spec"]["b"], json!({"c": 2, "d": 3}));
    }
}
