//! The recorded exchange of the test data of subnet-overlap, with which `kwctl` runs the policy without a cluster.
//!
//! After a change of what the policy asks, `VPCGUARD_RECORD=1 cargo test --package vpcguard-host session` writes it anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use vpcguard_host::{Cluster, Exchange, INDEX_KIND, INDEX_VERSION, indexes};
use vpcguard_policies::{Policy, Settings};

use crate::policies;

fn test_data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kubewarden/subnet-overlap/test_data").join(file)
}

/// An exchange as kwctl writes it.
fn recorded(exchange: &Exchange) -> String {
    let tag = match exchange.operation.as_str() {
        "get_resource" => "KubernetesGetResource",
        "list_resources_all" => "KubernetesListResourceAll",
        other => panic!("{other} is not recorded"),
    };
    let question: Value = serde_json::from_slice(&exchange.question).unwrap();
    let mut out = format!("- type: Exchange\n  request: |\n    !{tag}\n");
    let order = ["api_version", "kind", "name", "namespace", "disable_cache", "label_selector", "field_selector"];
    for key in order.into_iter().filter(|key| question.get(key).is_some()) {
        let value = question[key].as_str().map_or_else(|| question[key].to_string(), str::to_owned);
        writeln!(out, "    {key}: {value}").unwrap();
    }
    out.push_str("    field_masks:\n");
    for mask in question["field_masks"].as_array().unwrap() {
        writeln!(out, "    - {}", mask.as_str().unwrap()).unwrap();
    }
    let (outcome, field, text) = match &exchange.answer {
        Ok(answer) => ("Success", "payload", String::from_utf8(answer.clone()).unwrap()),
        Err(error) => ("Error", "message", error.clone()),
    };
    writeln!(out, "  response:\n    type: {outcome}\n    {field}: '{}'", text.replace('\'', "''")).unwrap();
    out
}

#[test]
fn the_recorded_exchange_is_that_of_the_policy() {
    let Some(policies) = policies() else { return };
    let request: Value = serde_json::from_slice(&fs::read(test_data("subnet-create.json")).unwrap()).unwrap();
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    let state = [
        object("Vpc", "vpc-a", json!({"namespaces": ["team-a"]})),
        object("Subnet", "subnet-b", json!({"vpc": "vpc-a", "cidrBlock": "10.0.0.0/16"})),
    ];
    let indexes = indexes(&state, Settings::default().kube_ovn);
    let cluster = Arc::new(Cluster::new(state).with_kind(INDEX_VERSION, INDEX_KIND, indexes).recording());
    let reply = policies.get(Policy::SubnetOverlap).unwrap().validate(&cluster, &request, &json!({})).unwrap();
    assert!(!reply.accepted && reply.message.unwrap().contains("[vpcguard subnet-cidr-overlap]"));

    let session: String = cluster.exchanges().iter().map(recorded).collect();
    let file = test_data("session-overlap.yml");
    if std::env::var_os("VPCGUARD_RECORD").is_some() {
        fs::write(&file, &session).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap(), session);
}
