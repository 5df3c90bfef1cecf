//! From one version of an object to another.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The merge patch that makes one version of an object into another. What the first has from others stays: finalizers and
/// what is not in the second's metadata.
pub(super) fn difference(old: &Value, new: &Value) -> Value {
    let mut patch = Map::new();
    let (old, new) = (old.as_object(), new.as_object());
    let keys = old.into_iter().chain(new).flat_map(Map::keys).collect::<BTreeSet<_>>();
    for key in keys.into_iter().filter(|key| !["status", "apiVersion", "kind"].contains(&key.as_str())) {
        let (before, after) = (old.and_then(|old| old.get(key)), new.and_then(|new| new.get(key)));
        if key == "metadata" {
            patch.insert(key.clone(), metadata_difference(before, after));
        } else if before != after {
            patch.insert(key.clone(), merge_patch(before, after));
        }
    }
    Value::Object(patch)
}

/// Of metadata only labels and annotations change hands.
fn metadata_difference(old: Option<&Value>, new: Option<&Value>) -> Value {
    let mut patch = Map::new();
    for key in ["labels", "annotations"] {
        let of = |metadata: Option<&Value>| metadata.and_then(|metadata| metadata.get(key)).cloned();
        let (before, after) = (of(old), of(new));
        if before != after {
            patch.insert(key.to_owned(), merge_patch(before.as_ref(), after.as_ref()));
        }
    }
    Value::Object(patch)
}

/// RFC 7386.
fn merge_patch(old: Option<&Value>, new: Option<&Value>) -> Value {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys = old.keys().chain(new.keys()).collect::<BTreeSet<_>>();
            let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
            Value::Object(changed.map(|key| (key.clone(), merge_patch(old.get(key), new.get(key)))).collect())
        }
        (_, new) => new.cloned().unwrap_or_default(),
    }
}

/// Takes from an object what only the API server may write. Whether it is to be deleting, which a finalizer then holds up.
pub(super) fn begin_deletion(object: &mut Value) -> bool {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return false };
    for key in
        ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionGracePeriodSeconds"]
    {
        metadata.remove(key);
    }
    let deleting = metadata.remove("deletionTimestamp").is_some();
    if deleting {
        metadata.insert("finalizers".to_owned(), json!(["vpcguard.io/witness"]));
    }
    deleting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_leaves_alone_what_others_added() {
        let old = json!({"metadata": {"name": "a", "finalizers": ["f"], "annotations": {"x": "1", "y": "2"}}, "spec": {"a": 1, "b": {"c": 1}}, "status": {}});
        let new = json!({"metadata": {"name": "a", "annotations": {"x": "1"}}, "spec": {"a": 2, "b": {"d": 1}}});
        let patch = json!({"metadata": {"annotations": {"y": null}}, "spec": {"a": 2, "b": {"c": null, "d": 1}}});
        assert_eq!(difference(&old, &new), patch);
    }

    #[test]
    fn what_is_to_be_deleting_is_held() {
        let mut object = json!({"metadata": {"name": "a", "uid": "u", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert!(begin_deletion(&mut object));
        assert_eq!(object, json!({"metadata": {"name": "a", "finalizers": ["vpcguard.io/witness"]}}));
        assert!(!begin_deletion(&mut json!({"metadata": {}})));
    }
}
