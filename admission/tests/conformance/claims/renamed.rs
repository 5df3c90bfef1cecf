//! A case with names of its own, so that many cases share a world.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use vpcguard_tests::Case;

/// What is called so everywhere.
const BUILT_IN: &[&str] = &[
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "ovn-cluster",
    "ovn-default",
    "join",
    "external",
    "kubernetes",
    "ovn",
    "ovn-vpc-nat-gw-config",
    "ovn-vpc-nat-config",
    "ovn-vpc-external-network",
    "ovn-vpc-lb",
    "cluster",
    "on",
    "off",
    "true",
    "false",
    "tcp",
    "udp",
    "eth0",
    "net1",
    "local",
    "svc",
    "main",
    "nat",
    "drop",
    "allow",
    "reroute",
    "spec",
    "kind",
    "name",
    "io",
];

/// Keys whose values are words of the API, and never names.
const WORDS: &[&str] = &[
    "apiVersion",
    "kind",
    "protocol",
    "action",
    "policy",
    "type",
    "gatewayType",
    "operator",
    "effect",
    "op",
    "match",
    "image",
];

/// The names of one case, and how they are told from those of others.
#[derive(Debug)]
pub(crate) struct Renamed {
    names: BTreeSet<String>,
    suffix: String,
    /// What a name is made of: words between dots; where hyphens may be a part of it or not, between those too.
    is_part: fn(char) -> bool,
}

/// The rule about names that are cut at hyphens: its cases keep them.
const OF_PARTS: &str = "common/ovn-name-conflict/";

/// Words of names that Kube-OVN makes.
const OF_SETS: &[&str] = &["sg", "associated", "v4", "v6"];

impl Renamed {
    /// By the number of the case.
    pub(crate) fn new(case: &Case, number: usize) -> Self {
        let of_parts = case.name.starts_with(OF_PARTS);
        let is_part = if of_parts {
            |character: char| character.is_ascii_alphanumeric()
        } else {
            |character: char| character.is_ascii_alphanumeric() || character == '-'
        };
        let mut names = BTreeSet::new();
        for object in case.state.iter().chain([&case.request.object]) {
            for pointer in ["/metadata/name", "/metadata/namespace"] {
                if let Some(name) = object.pointer(pointer).and_then(Value::as_str) {
                    names.extend(name.split('.').map(str::to_owned));
                }
            }
            for pointer in ["/spec/vpc", "/spec/subnet", "/spec/vlan"] {
                names.extend(object.pointer(pointer).and_then(Value::as_str).map(str::to_owned));
            }
            let namespaces = object.pointer("/spec/namespaces").and_then(Value::as_array);
            names.extend(namespaces.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        }
        if of_parts {
            names = names.iter().flat_map(|name| name.split('-')).map(str::to_owned).collect();
            names.retain(|name| !OF_SETS.contains(&name.as_str()));
        }
        names.retain(|name| !name.is_empty() && !BUILT_IN.contains(&name.as_str()) && name.parse::<f64>().is_err());
        Self { names, suffix: format!("q{number}z"), is_part }
    }

    /// Names that are everybody's elsewhere, and of this case here.
    pub(crate) fn with(mut self, names: &[&str]) -> Self {
        self.names.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// An object with these names.
    pub(crate) fn apply(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(values) => values.iter().map(|value| self.apply(value)).collect(),
            Value::Object(fields) => Value::Object(fields.iter().map(|field| self.field(field)).collect()),
            other => other.clone(),
        }
    }

    fn field(&self, (key, value): (&String, &Value)) -> (String, Value) {
        if WORDS.contains(&key.as_str()) {
            return (key.clone(), value.clone());
        }
        if key == "annotations" || key == "labels" || key == "matchLabels" {
            let renamed = |(key, value): (&String, &Value)| (self.text(key), self.apply(value));
            return (
                key.clone(),
                Value::Object(
                    value.as_object().map(|all| all.iter().map(renamed).collect::<Map<_, _>>()).unwrap_or_default(),
                ),
            );
        }
        (key.clone(), self.apply(value))
    }

    /// A string in which each word that is a name is renamed.
    fn text(&self, text: &str) -> String {
        let is_part = self.is_part;
        let (mut renamed, mut rest) = (String::new(), text);
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|character| is_part(character) != is_part(first)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            renamed.push_str(word);
            if self.names.contains(word) {
                renamed.push_str(&self.suffix);
            }
            rest = after;
        }
        renamed
    }

    /// A line of what was seen, with the names of the case's file.
    pub(crate) fn restore(&self, line: &str) -> String {
        let mut restored = line.to_owned();
        for name in self.names.iter().rev() {
            restored = restored.replace(&format!("{name}{}", self.suffix), name);
        }
        restored
    }
}

#[test]
fn names_come_and_go() {
    let case = Case::all().into_iter().find(|case| case.name.ends_with("accepts-a-prefix-of-another-vpc")).unwrap();
    let renamed = Renamed::new(&case, 7);
    let object = renamed.apply(&case.request.object);
    assert_eq!(object["metadata"]["name"], "newq7z");
    assert_eq!(object["spec"]["vpc"], "tenant-aq7z");
    assert_eq!(object["spec"]["cidrBlock"], case.request.object["spec"]["cidrBlock"]);
    assert_eq!(renamed.restore("switch newq7z of tenant-aq7z"), "switch new of tenant-a");

    // Of names that are joined each part is renamed, so that they are joined to one text all the same.
    let case =
        Case::all().into_iter().find(|case| case.name.ends_with("refuses-the-router-port-of-another-vpc")).unwrap();
    let renamed = Renamed::new(&case, 8);
    assert_eq!(renamed.apply(&case.request.object)["spec"]["vpc"], "northq8z-euq8z");
    assert_eq!(renamed.apply(&case.state[1])["metadata"]["name"], "euq8z-webq8z");
    assert_eq!(renamed.restore("router northq8z port northq8z-euq8z-webq8z"), "router north port north-eu-web");
}
