//! examples/two-tenants, applied to a cluster in the order of its files: whoever does so is told little.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vpcguard_check::{Source, parse};
use vpcguard_policies::{Inventory, Kind, Request, Settings, admit};

/// What was there before: Kube-OVN itself.
const INSTALLED: &str = "00-kube-ovn.yaml";

/// How much the example says of what comes later.
const MOST_WARNINGS: usize = 3;

/// The objects of the example, file by file.
fn objects() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/two-tenants");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let of_file = |file: PathBuf| {
        let parsed = parse(&Source { name: file.display().to_string(), bytes: fs::read(&file).unwrap() });
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        parsed.documents.into_iter().map(move |document| (file.clone(), document.object))
    };
    files.into_iter().flat_map(of_file).collect()
}

#[test]
fn applied_in_order_it_is_admitted_with_few_warnings() {
    let settings = Settings::default();
    let mut cluster = Inventory::new(settings.kube_ovn.clone()).watching(Kind::ALL.iter().copied());
    let (mut warnings, mut applied) = (Vec::new(), 0);
    for (file, object) in objects() {
        let Some(kind) = Kind::of(&object) else { continue };
        if file.file_name().is_some_and(|name| name == INSTALLED) {
            cluster.apply(kind, &object);
            continue;
        }
        let verdict = admit(&Request::of_object(object.clone(), None), &cluster, &settings).unwrap();
        assert!(verdict.allowed, "{}", verdict.to_json());
        warnings.extend(verdict.warnings.iter().map(ToString::to_string));
        cluster.apply(kind, verdict.mutated_object.as_ref().unwrap_or(&object));
        applied += 1;
    }
    assert!(applied > 15, "{applied}");
    assert!(warnings.len() <= MOST_WARNINGS, "{warnings:#?}");
    // What is named here is missing: whoever applies it in this order is told, and that is all.
    println!("{warnings:#?}");
}
