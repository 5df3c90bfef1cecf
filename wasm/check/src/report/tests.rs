use serde_json::{Value, json};

use vpcguard_policies::{Inventory, Kind, Operation, Request, Settings, review};

use crate::{Folder, LiveCluster, Report, Source, Summary, check};

mod places;

fn report(files: &[(&str, &str)]) -> Report {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).to_owned(), bytes: text.as_bytes().to_vec() };
    let sources: Vec<_> = files.iter().map(source).collect();
    check(&Folder::parse(&sources), &[], &crate::testing::settings(&json!({}))).unwrap()
}

/// One of each: a denial with a related object, a warning, an injection, an error.
const FILES: &[(&str, &str)] = &[
    (
        "net/a.yaml",
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

#[test]
fn json_has_its_published_shape() {
    let subnet = |name: &str| json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "name": name});
    let wanted = json!({
        "version": 1,
        "producer": {"name": "vpcguard", "version": env!("CARGO_PKG_VERSION")},
        "findings": [
            {
                "rule": "subnet-cidr-overlap",
                "action": "deny",
                "reason": "FieldValueInvalid",
                "message": r#"Invalid value: "10.0.0.0/16": overlaps Subnet "a" (10.0.4.0/24) in VPC "v""#,
                "field": "spec.cidrBlock",
                "object": subnet("b"),
                "file": "net/a.yaml",
                "document": 3,
                "line": 13,
                "column": 27,
                "endLine": 13,
                "endColumn": 38,
                "help": r#"10.1.0.0/16, 10.2.0.0/16 and 10.3.0.0/16 are free in VPC "v"."#,
                "related": [
                    {
                        "object": subnet("a"), "field": "spec.cidrBlock", "file": "net/a.yaml", "document": 2,
                        "line": 8, "column": 27,
                    },
                ],
            },
            {
                "rule": "missing-reference",
                "action": "warn",
                "reason": "FieldValueNotFound",
                "message": r#""gone": there is no Subnet of this name"#,
                "field": "spec.subnet",
                "object": {"apiVersion": "kubeovn.io/v1", "kind": "IPPool", "name": "p"},
                "file": "net/b.yaml",
                "document": 1,
                "line": 1,
                "column": 79,
                "endLine": 1,
                "endColumn": 83,
                "help": "Create the Subnet first, or correct the name.",
            },
        ],
        "mutations": [
            {
                "rule": "inject-vpc-lb",
                "object": {"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "name": "v"},
                "patch": [{"op": "replace", "path": "/metadata/annotations/ovn.kubernetes.io~1vpc_lb", "value": "on"}],
            },
        ],
        "notEvaluated": [],
        "errors": [
            {
                "file": "net/c.yaml",
                "document": 1,
                "line": 1,
                "column": 1,
                "message": "not a Kubernetes object: it needs apiVersion, metadata.name (a string)",
            },
        ],
        "summary": {"files": 3, "objects": 4, "reviewed": 4, "denied": 1, "warned": 1},
    });
    let written: Value = serde_json::from_str(&report(FILES).to_json()).unwrap();
    assert_eq!(written, wanted);
}

#[test]
fn people_read_what_where_and_how_to_mend_it() {
    let wanted = r#"error[subnet-cidr-overlap]: spec.cidrBlock: Invalid value: "10.0.0.0/16": overlaps Subnet "a" (10.0.4.0/24) in VPC "v"
  --> net/a.yaml:13:27
   |
13 | spec: {vpc: v, cidrBlock: 10.0.0.0/16}
   |                           ^^^^^^^^^^^ Subnet "b"
   |
  ::: net/a.yaml:8:27
   |
 8 | spec: {vpc: v, cidrBlock: 10.0.4.0/24}
   |                           ----------- Subnet "a" spec.cidrBlock
   |
   = help: 10.1.0.0/16, 10.2.0.0/16 and 10.3.0.0/16 are free in VPC "v".

warning[missing-reference]: spec.subnet: "gone": there is no Subnet of this name
 --> net/b.yaml:1:79
  |
1 | {apiVersion: kubeovn.io/v1, kind: IPPool, metadata: {name: p}, spec: {subnet: gone}}
  |                                                                               ^^^^ IPPool "p"
  |
  = help: Create the Subnet first, or correct the name.

note[inject-vpc-lb]: metadata.annotations[ovn.kubernetes.io/vpc_lb]: "on" is injected: Kube-OVN takes "yes" for off, whatever it means
 --> net/a.yaml:3:61
  |
3 | metadata: {name: v, annotations: {ovn.kubernetes.io/vpc_lb: 'yes'}}
  |                                                             ^^^^^ Vpc "v"

error: not a Kubernetes object: it needs apiVersion, metadata.name (a string)
 --> net/c.yaml:1:1
  |
1 | kind: Vpc
  | ^

4 objects in 3 files: 1 denied, 1 warned, 1 error
"#;
    assert_eq!(report(FILES).to_human(), wanted);
    assert_eq!(report(&[]).to_human(), "0 objects in 0 files: 0 denied, 0 warned\n");
}

#[test]
fn an_object_with_both_is_denied_and_not_warned() {
    let text =
        "{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: a}, spec: {vpc: gone, cidrBlock: 10.0.0.0/33}}";
    let summary = report(&[("a.yaml", text)]).summary();
    assert_eq!((summary.denied, summary.warned), (1, 0));
}

#[test]
fn objects_of_one_list_are_counted_one_by_one() {
    let item =
        "{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {generateName: a-}, spec: {cidrBlock: 10.0.0.0/33}}";
    let list = format!("{{apiVersion: v1, kind: List, items: [{item}, {item}]}}");
    let summary = report(&[("a.yaml", &list)]).summary();
    assert_eq!((summary.objects, summary.denied), (2, 2));
}

#[test]
fn findings_beyond_the_limit_are_counted() {
    let namespaces: Vec<_> = (0..25).map(|at| format!("n{at}")).collect();
    let text = format!(
        "{{apiVersion: kubeovn.io/v1, kind: Vpc, metadata: {{name: v}}, spec: {{namespaces: [other]}}}}\n---\n\
         {{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {{name: a}}, \
         spec: {{vpc: v, cidrBlock: 10.0.0.0/16, namespaces: [{}]}}}}",
        namespaces.join(", ")
    );
    let report = report(&[("a.yaml", &text)]);
    assert_eq!((report.findings().len(), report.omitted()), (20, 5));
    assert!(report.to_human().contains("\n5 more findings are not listed\n2 objects in 1 file: 1 denied, 0 warned\n"));
}

#[test]
fn what_no_rule_is_about_is_counted_apart() {
    let object = |kind: &str| format!("{{apiVersion: kubeovn.io/v1, kind: {kind}, metadata: {{name: a}}}}\n---\n");
    let secret =
        "{apiVersion: v1, kind: Secret, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Node, metadata: {name: a}}";
    let text = format!("{}{}{secret}", object("Vpc"), object("BgpConf"));
    let report = report(&[("a.yaml", &text)]);
    assert_eq!(report.to_human(), "4 objects in 1 file, 1 reviewed: 0 denied, 0 warned\n");
    let written: Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!((&written["summary"]["objects"], &written["summary"]["reviewed"]), (&json!(4), &json!(1)));
}

#[test]
fn what_was_not_judged_is_said_once_for_each_rule() {
    let subnet = |at: usize| {
        format!(
            "---\napiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: s{at}}}\nspec: {{cidrBlock: 10.{at}.0.0/16}}\n"
        )
    };
    let said = |count: usize| {
        let text: String = (0..count).map(subnet).collect();
        let source = Source { name: "a.yaml".to_owned(), bytes: text.into_bytes() };
        let report = check(&Folder::parse(&[source]), &[], &Settings::default()).unwrap();
        assert_eq!(report.not_evaluated().len(), 2 * count);
        let human = report.to_human();
        let notes = human.lines().filter(|line| line.starts_with("note[")).map(str::to_owned);
        notes.collect::<Vec<_>>()
    };
    let wanted = |objects: &str, needs: &str| {
        format!(
            "note[subnet-cidr-reserved]: {objects} not judged by this rule: it needs {needs}; pass --cluster, or --state FILE with them"
        )
    };
    assert_eq!(said(1), ["Nodes", "ServiceCIDRs"].map(|needs| wanted("1 object was", needs)));
    assert_eq!(said(65), ["Nodes", "ServiceCIDRs"].map(|needs| wanted("65 objects were", needs)));
}

#[test]
fn names_that_are_not_disclosed_are_not_printed() {
    let sources: Vec<_> =
        FILES.iter().map(|(name, text)| Source { name: (*name).to_owned(), bytes: text.as_bytes().to_vec() }).collect();
    let settings = crate::testing::settings(&json!({"disclose": "none"}));
    let report = check(&Folder::parse(&sources), &[], &settings).unwrap();
    assert!(report.to_human().contains("overlaps another Subnet in VPC"), "{}", report.to_human());
    assert!(!report.to_human().contains("related"), "{}", report.to_human());
    assert!(!report.to_json().contains("related"), "{}", report.to_json());
}

#[test]
fn objects_of_a_cluster_are_in_no_file() {
    let subnet = |name: &str, cidr: &str| json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name}, "spec": {"cidrBlock": cidr}});
    let objects = [subnet("a", "10.0.4.0/24"), subnet("b", "10.0.0.0/16"), subnet("c", "10.9.0.0/16")];
    let mut cluster = Inventory::default();
    for object in &objects {
        cluster.apply(Kind::Subnet, object);
    }
    let mut report = Report::default();
    for object in objects {
        let request = Request { operation: Operation::AtRest, ..Request::of_object(object, None) };
        let verdict = review(&request, &cluster, &crate::testing::settings(&json!({}))).unwrap();
        report.add(&request.object_ref().unwrap(), &verdict);
    }
    assert_eq!(report.summary(), Summary { files: 0, objects: 3, reviewed: 3, deleted: 0, denied: 2, warned: 0 });
    let text = report.to_human();
    assert!(text.contains("\n  --> Subnet \"a\"\n") && text.contains("\n  --> Subnet \"b\"\n"), "{text}");
    assert!(text.ends_with("\n3 objects: 2 denied, 0 warned\n"), "{text}");
    let written: Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(written["findings"][0]["object"]["name"], "a");
    assert_eq!(written["findings"][0].get("file"), None);
    assert_eq!(written["findings"][0]["related"][0].get("file"), None);
}

#[test]
fn people_are_told_which_cluster_it_is_and_where_to_learn_more() {
    let settings = json!({"docsUrl": "https://example.org/rules/", "contact": "ask #net-platform"});
    let settings = crate::testing::settings(&settings);
    let sources = [Source { name: "net/a.yaml".to_owned(), bytes: FILES[0].1.as_bytes().to_vec() }];
    let mut report = check(&Folder::parse(&sources), &[], &settings).unwrap();
    report.live_cluster = Some(LiveCluster {
        server: "https://one.example:6443".to_owned(),
        context: Some("prod".to_owned()),
        settings: "defaults".to_owned(),
        note: Some("nobody told".to_owned()),
    });
    let human = report.to_human();
    assert!(human.contains("= docs: https://example.org/rules/subnet-cidr-overlap\n"), "{human}");
    let end = "note: cluster: https://one.example:6443, context: prod, settings: defaults\n\
               note: nobody told\nnote: ask #net-platform\n";
    assert!(human.ends_with(end), "{human}");
}
