//! Reports in the formats of others: each is what its readers take, whatever names and values say.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod github;
mod gitlab;
mod hostile;
mod junit;
mod sarif;

use serde_json::{Value, json};
use vpcguard_check::{Folder, Report, Source, check};
use vpcguard_policies::rules::TABLE;
use vpcguard_policies::{Inventory, Kind, Operation, Request, Settings, review};

/// The rules that these tests speak of, so that a new one changes none of them.
const RULES: &[&str] = &["missing-reference", "subnet-cidr-overlap", "subnet-syntax", "subnet-cidr-reserved"];

/// A denial with a related object, an injection; a warning; what cannot be read.
const FILES: &[(&str, &str)] = &[
    (
        "./net/a.yaml",
        "\
apiVersion: kubeovn.io/v1
kind: Vpc
metadata: {name: v, annotations: {ovn.kubernetes.io/vpc_lb: 'yes'}}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: a}
spec: {vpc: v, cidrBlock: 10.0.4.0/24}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: b}
spec: {vpc: v, cidrBlock: 10.0.0.0/16}
",
    ),
    ("net/b.yaml", "{apiVersion: kubeovn.io/v1, kind: IPPool, metadata: {name: p}, spec: {subnet: gone}}"),
    ("net/c.yaml", "kind: Vpc\n"),
];

/// What `helm template` writes: a denial with a related object of another template.
const RENDERED: &str = "\
---
# Source: net/templates/a.yaml
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: a}
spec: {vpc: v, cidrBlock: 10.0.4.0/24}
---
# Source: net/templates/b.yaml
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: b}
spec: {vpc: v, cidrBlock: 10.0.0.0/16}
---
# Source: net/templates/vpc.yaml
apiVersion: kubeovn.io/v1
kind: Vpc
metadata: {name: v}
";

fn settings() -> Settings {
    let mut written = json!({});
    for rule in TABLE.iter().filter(|rule| !RULES.contains(&rule.id)) {
        written["rules"][rule.id] = json!("off");
    }
    Settings::parse(&written).unwrap()
}

fn report(files: &[(&str, &str)]) -> Report {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).to_owned(), bytes: text.as_bytes().to_vec() };
    let sources: Vec<_> = files.iter().map(source).collect();
    check(&Folder::parse(&sources), &[], &settings()).unwrap()
}

/// Two Subnets of a cluster that overlap, and one that is as it should be.
fn live() -> Report {
    let subnet = |name: &str, cidr: &str| json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name}, "spec": {"cidrBlock": cidr}});
    let objects = [subnet("a", "10.0.4.0/24"), subnet("b", "10.0.0.0/16"), subnet("c", "10.9.0.0/16")];
    let mut cluster = Inventory::default();
    for object in &objects {
        cluster.apply(Kind::Subnet, object);
    }
    let mut report = Report::default();
    for object in objects {
        let request = Request { operation: Operation::AtRest, ..Request::of_object(object, None) };
        let verdict = review(&request, &cluster, &settings()).unwrap();
        report.add(&request.object_ref().unwrap(), &verdict);
    }
    report
}

/// Three times the same fault, in one object and another.
fn repeated(before: &str) -> Report {
    let subnet = |name: &str| {
        format!(
            "{before}---\napiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\n\
             spec: {{cidrBlock: 10.0.0.0/24, vips: [x, x]}}\n"
        )
    };
    report(&[("a.yaml", &subnet("a")), ("b.yaml", &subnet("b").replace("10.0.0", "10.0.1").replace("x, x", "x"))])
}

/// What a list of JSON has at a path of each of its elements.
fn each<'a>(list: &'a Value, path: &str) -> Vec<&'a Value> {
    list.as_array().unwrap().iter().map(|item| item.pointer(path).unwrap()).collect()
}
