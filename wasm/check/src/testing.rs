//! Settings for tests of the folder and the report, which are about how rules are run and not about which there are.

use serde_json::{Value, json};
use vpcguard_policies::Settings;
use vpcguard_policies::rules::TABLE;

/// The rules that the tests here speak of.
const RULES: &[&str] = &[
    "missing-reference",
    "field-type",
    "pod-vpc-namespace",
    "subnet-vpc-namespaces",
    "subnet-cidr-overlap",
    "subnet-syntax",
    "lan-ip-in-subnet",
    "static-route-lan-ip",
    "static-route-next-hop",
    "vpc-lb-value",
];

/// Settings in which every other rule is off, so that a new one changes no test here.
pub(crate) fn settings(written: &Value) -> Settings {
    let mut written = written.clone();
    for rule in TABLE.iter().filter(|rule| !RULES.contains(&rule.id)) {
        written["rules"][rule.id] = json!("off");
    }
    Settings::parse(&written).unwrap()
}
