//! `tests/reviews/`: what a real API server sent, as the policy server passes it on.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use vpcguard_host::Cluster;
use vpcguard_policies::{Request, Settings};

use crate::{inventory, policies, wanted};

#[test]
fn each_is_answered_as_the_library_answers_it() {
    let Some(policies) = policies() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reviews");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 38, "{}", paths.len());
    let reviews: Vec<Value> =
        paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect();
    let objects: Vec<Value> = reviews.iter().map(|review| review["request"]["object"].clone()).collect();
    let settings = Settings::default();
    // Into a cluster that has all of it, and into one that has nothing.
    for state in [objects, Vec::new()] {
        let (cluster, inventory) = (Arc::new(Cluster::new(state.clone())), inventory(&state, &settings));
        for (review, path) in reviews.iter().zip(&paths) {
            let request = Request::from_review(review.to_string().as_bytes()).unwrap();
            let payload = json!({"request": review["request"], "settings": {}}).to_string();
            for (policy, guest) in policies.all() {
                let said = guest.call(&cluster, "validate", payload.as_bytes()).unwrap();
                let wanted = wanted(policy, &request, &inventory, &settings);
                assert_eq!(String::from_utf8(said).unwrap(), wanted, "{policy}, {}", path.display());
            }
        }
    }
}
