//! What is read of objects that are looked up, against what rules need of them.

use serde_json::{Map, Value, json};
use vpcguard_policies::{Inventory, Kind, admit};
use vpcguard_tests::Case;

/// An object with the fields that are read of its kind, and no others.
fn masked(kind: Kind, object: &Value) -> Value {
    let mut masked = json!({"metadata": object.get("metadata")});
    for field in kind.looked_up().unwrap_or_default() {
        let pointer = format!("/{}", field.replace('.', "/"));
        if let (Some(value), Some(fields)) = (object.pointer(&pointer), masked.as_object_mut()) {
            let (part, name) = field.split_once('.').unwrap_or((field, ""));
            if name.is_empty() {
                fields.insert(part.to_owned(), value.clone());
            } else if let Some(part) = fields.entry(part).or_insert_with(|| Map::new().into()).as_object_mut() {
                part.insert(name.to_owned(), value.clone());
            }
        }
    }
    masked
}

#[test]
fn rules_need_no_other_fields_of_other_objects() {
    for case in Case::all() {
        let settings = case.parsed_settings();
        let mut cluster = Inventory::new(settings.kube_ovn.clone());
        for object in &case.state {
            if let Some(kind) = Kind::of(object).filter(|kind| Inventory::keeps(*kind)) {
                cluster.apply(kind, &masked(kind, object));
            }
        }
        assert_eq!(admit(&case.request, &cluster, &settings).as_ref(), Ok(&case.verdict()), "{}", case.name);
    }
}

#[test]
fn every_kind_that_is_looked_up_says_what_is_read() {
    for kind in Kind::ALL.iter().filter(|kind| Inventory::keeps(**kind)) {
        let by_metadata_alone = matches!(kind, Kind::Namespace | Kind::BgpConf | Kind::EvpnConf);
        assert_eq!(kind.looked_up().unwrap_or_default().is_empty(), by_metadata_alone, "{kind}");
    }
}
