//! Networks outside that cases share by name and address: each case gets one of its own, so that many share a world.

use serde_json::{Value, json};

/// The Subnets that are meant where none is named, and in which fields they would be.
const DEFAULTS: &[(&str, &[(&str, &str)])] = &[
    ("ovn-vpc-external-network", &[("IptablesEIP", "externalSubnet"), ("VpcNatGateway", "externalSubnets")]),
    ("external", &[("OvnEip", "externalSubnet"), ("Vpc", "extraExternalSubnets")]),
];

/// The starts of addresses that networks of the default VPC and outside have in cases, and where a number makes them another's.
const STARTS: &[(&str, &str)] = &[
    ("172.30.0.", "172.30.{}."),
    ("203.0.113.", "203.{}.113."),
    ("192.0.2.", "192.{}.2."),
    ("10.31.0.", "10.31.{}."),
    ("10.17.0.", "10.17.{}."),
    ("10.18.0.", "10.18.{}."),
    ("192.168.0.", "192.167.{}."),
    ("192.168.1.", "192.166.{}."),
    ("198.51.100.", "198.{}.100."),
];

/// What is called as a default network outside, and may have another name here: what means it without a word says it.
pub(super) fn named(objects: &mut [Value]) -> Vec<&'static str> {
    let mut own = Vec::new();
    for (subnet, fields) in DEFAULTS {
        if !objects.iter().any(|object| object["kind"] == "Subnet" && object["metadata"]["name"] == *subnet) {
            continue;
        }
        for object in objects.iter_mut() {
            let kind = object["kind"].clone();
            for (_, field) in fields.iter().filter(|(of, _)| kind == *of) {
                let says = &object["spec"][*field];
                let says_nothing = says.is_null() || *says == "" || says.as_array().is_some_and(Vec::is_empty);
                if says_nothing && (kind != "Vpc" || object["spec"]["enableExternal"] == true) {
                    object["spec"][*field] = if field.ends_with('s') { json!([subnet]) } else { json!(subnet) };
                }
            }
        }
        own.push(*subnet);
    }
    own
}

/// The addresses of one case, and how they are told from those of others.
#[derive(Debug)]
pub(super) struct Moved(Vec<(String, String)>);

impl Moved {
    /// By the number of the case; without objects none. A start is left alone where it is that of a wider network.
    pub(super) fn new(objects: &[&Value], number: usize) -> Self {
        let starts = if objects.is_empty() { &[] } else { STARTS };
        let text: String = objects.iter().map(ToString::to_string).collect();
        let is_wide = |start: &str| {
            text.split(&format!("{start}0/")).skip(1).any(|rest| {
                let length: String = rest.chars().take_while(char::is_ascii_digit).collect();
                length.parse::<u8>().is_ok_and(|length| length < 24)
            })
        };
        let other =
            |start: &str, pattern: &str| (start.to_owned(), pattern.replace("{}", &(number % 240 + 10).to_string()));
        Self(starts.iter().filter(|(start, _)| !is_wide(start)).map(|(start, pattern)| other(start, pattern)).collect())
    }

    pub(super) fn apply(&self, object: &Value) -> Value {
        let mut text = object.to_string();
        for (start, other) in &self.0 {
            text = replaced(&text, start, other);
        }
        serde_json::from_str(&text).unwrap()
    }

    pub(super) fn restore(&self, line: &str) -> String {
        self.0.iter().fold(line.to_owned(), |line, (start, other)| replaced(&line, other, start))
    }
}

/// A start of an address by another, where an address starts.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = rest.split_at(at);
        // A range has two dots before its end.
        let starts = before.ends_with("..") || !before.ends_with(|last: char| last.is_ascii_digit() || last == '.');
        result.push_str(before);
        result.push_str(if starts { to } else { from });
        rest = after.split_at(from.len()).1;
    }
    result.push_str(rest);
    result
}

#[test]
fn addresses_come_and_go() {
    let subnet = json!({"kind": "Subnet", "metadata": {"name": "external"}, "spec": {"cidrBlock": "172.30.0.0/24", "excludeIps": ["172.30.0.1..172.30.0.9"]}});
    let wide = json!({"kind": "Subnet", "spec": {"cidrBlock": "10.17.0.0/16"}});
    let moved = Moved::new(&[&subnet, &wide], 7);
    let there = moved.apply(&subnet);
    assert_eq!(there["spec"]["cidrBlock"], "172.30.17.0/24");
    assert_eq!(there["spec"]["excludeIps"][0], "172.30.17.1..172.30.17.9");
    assert_eq!(moved.restore(&there.to_string()), subnet.to_string());
    assert_eq!(moved.apply(&wide), wide);
    assert_eq!(replaced("110.17.0.1 10.17.0.1", "10.17.0.", "10.17.9."), "110.17.0.1 10.17.9.1");
    let mut objects = [subnet, json!({"kind": "OvnEip", "spec": {}})];
    assert_eq!(named(&mut objects), ["external"]);
    assert_eq!(objects[1]["spec"]["externalSubnet"], "external");
}
