use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};
use vpcguard_check::{Format, Report};
use vpcguard_policies::rules::{INJECTIONS, TABLE};

use super::{FILES, RENDERED, each, live, repeated, report};

fn validator() -> Validator {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/sarif-2.1.0.json");
    let mut schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    // This pattern has a bracket too many, which not every engine overlooks. We write no language.
    for of in ["run", "toolComponent"] {
        let language = schema["definitions"][of]["properties"]["language"].as_object_mut().unwrap();
        language.remove("pattern").unwrap();
    }
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// The log, which is valid.
pub(super) fn log(report: &Report) -> Value {
    let log = serde_json::from_str(&report.render(Format::Sarif, false)).unwrap();
    let faults: Vec<_> =
        validator().iter_errors(&log).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    log
}

#[test]
fn results_have_their_places_and_what_they_rest_on() {
    let mut log = log(&report(FILES));
    let results = log.pointer_mut("/runs/0/results").unwrap();
    for result in results.as_array_mut().unwrap() {
        let fingerprints = result.as_object_mut().unwrap().remove("partialFingerprints").unwrap();
        assert_eq!(fingerprints["vpcguard/v1"].as_str().unwrap().len(), 32);
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let ids: Vec<_> = TABLE.iter().map(|rule| rule.id).chain(INJECTIONS.iter().map(|rule| rule.id)).collect();
        assert_eq!(result["ruleId"], ids[index]);
        result.as_object_mut().unwrap().remove("ruleIndex");
    }
    let place = |uri: &str, line: usize, from: usize, to: usize| {
        json!({
            "artifactLocation": {"uri": uri},
            "region": {"startLine": line, "startColumn": from, "endLine": line, "endColumn": to},
        })
    };
    let logical = |kind: &str, name: &str| json!([{"name": name, "fullyQualifiedName": format!("kubeovn.io/v1/{kind}/{name}"), "kind": "resource"}]);
    let wanted = json!([
        {
            "ruleId": "subnet-cidr-overlap",
            "level": "error",
            "message": {"text": "spec.cidrBlock: Invalid value: \"10.0.0.0/16\": overlaps Subnet \"a\" (10.0.4.0/24) in VPC \"v\"\n\
                                 help: 10.1.0.0/16, 10.2.0.0/16 and 10.3.0.0/16 are free in VPC \"v\"."},
            "locations": [{
                "physicalLocation": place("net/a.yaml", 13, 27, 38), "logicalLocations": logical("Subnet", "b"),
            }],
            "relatedLocations": [{
                "id": 1, "message": {"text": "Subnet \"a\" spec.cidrBlock"},
                "physicalLocation": place("net/a.yaml", 8, 27, 38), "logicalLocations": logical("Subnet", "a"),
            }],
        },
        {
            "ruleId": "missing-reference",
            "level": "warning",
            "message": {"text": "spec.subnet: \"gone\": there is no Subnet of this name\n\
                                 help: Create the Subnet first, or correct the name."},
            "locations": [{
                "physicalLocation": place("net/b.yaml", 1, 79, 83), "logicalLocations": logical("IPPool", "p"),
            }],
        },
        {
            "ruleId": "inject-vpc-lb",
            "level": "note",
            "message": {"text": "metadata.annotations[ovn.kubernetes.io/vpc_lb]: \"on\" is injected: Kube-OVN takes \"yes\" for off, whatever it means"},
            "locations": [{
                "physicalLocation": place("net/a.yaml", 3, 61, 66), "logicalLocations": logical("Vpc", "v"),
            }],
        },
    ]);
    assert_eq!(*results, wanted);
    let invocation = json!({
        "executionSuccessful": false,
        "toolExecutionNotifications": [{
            "level": "error",
            "message": {"text": "not a Kubernetes object: it needs apiVersion, metadata.name (a string)"},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": "net/c.yaml"}, "region": {"startLine": 1, "startColumn": 1},
            }}],
        }],
    });
    assert_eq!(log["runs"][0]["invocations"], json!([invocation]));
    assert_eq!(log["runs"][0]["columnKind"], "unicodeCodePoints");
}

#[test]
fn every_rule_is_described() {
    let log = log(&report(&[]));
    assert_eq!(log["runs"][0]["results"], json!([]));
    assert_eq!(log["runs"][0]["invocations"], json!([{"executionSuccessful": true}]));
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    let ids: Vec<_> = TABLE.iter().map(|rule| rule.id).chain(INJECTIONS.iter().map(|rule| rule.id)).collect();
    assert_eq!(each(rules, "/id"), ids);
    let find = |id: &str| rules.as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
    let page = "https://github.com/vpcguard/vpcguard/blob/v0.1.0/docs/rules.md#subnet-cidr-overlap";
    let sentence = "A Subnet's CIDR overlaps that of another Subnet of the same VPC and VLAN.";
    assert_eq!(
        *find("subnet-cidr-overlap"),
        json!({
            "id": "subnet-cidr-overlap",
            "shortDescription": {"text": "a Subnet's CIDR overlaps that of another Subnet of the same VPC and VLAN"},
            "name": "SubnetCidrOverlap",
            "fullDescription": {"text": format!("{sentence} By default the rule denies it.")},
            "help": {
                "text": format!("{sentence} By default the rule denies it. Why, a bad and a good example, and how to fix it: {page}"),
                "markdown": format!(
                    "{sentence} By default the rule denies it.\n\n[The page of `subnet-cidr-overlap`]({page}) says why, \
                     and has a bad and a good example and how to fix it."
                ),
            },
            "helpUri": page,
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["kube-ovn", "subnet-overlap"], "precision": "high", "problem.severity": "error"},
        })
    );
    assert_eq!(find("missing-reference")["defaultConfiguration"], json!({"level": "warning"}));
    assert_eq!(find("inject-vpc-lb")["defaultConfiguration"], json!({"level": "note"}));
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md")).unwrap();
    assert!(ids.iter().all(|id| manual.contains(&format!("\n## {id}\n"))));
}

#[test]
fn what_is_in_no_file_has_a_name_and_no_line() {
    let log = log(&live());
    let results = &log["runs"][0]["results"];
    let location = |name: &str| {
        let qualified = format!("kubeovn.io/v1/Subnet/{name}");
        json!([{
            "physicalLocation": {"artifactLocation": {"uri": qualified}},
            "logicalLocations": [{"name": name, "fullyQualifiedName": qualified, "kind": "resource"}],
        }])
    };
    assert_eq!(each(results, "/locations"), [&location("a"), &location("b")]);
    let related = each(results, "/relatedLocations/0/logicalLocations");
    assert_eq!(related, [&location("b")[0]["logicalLocations"], &location("a")[0]["logicalLocations"]]);
}

#[test]
fn what_was_rendered_stands_in_its_template_and_in_no_line() {
    let log = log(&report(&[("<stdin>", RENDERED)]));
    let result = &log["runs"][0]["results"][0];
    let place = |at: &str| result.pointer(&format!("{at}/physicalLocation")).unwrap();
    assert_eq!(*place("/locations/0"), json!({"artifactLocation": {"uri": "net/templates/b.yaml"}}));
    assert_eq!(*place("/relatedLocations/0"), json!({"artifactLocation": {"uri": "net/templates/a.yaml"}}));
    assert_eq!(result["relatedLocations"][0]["message"]["text"], "Subnet \"a\" spec.cidrBlock at: <stdin>:6:27");
    assert!(result["message"]["text"].as_str().unwrap().ends_with("\nat: <stdin>:12:27"));
}

/// What GitHub's documentation calls required, and what it says of lengths and numbers: "SARIF support for code scanning".
#[test]
fn code_scanning_takes_the_log() {
    let text = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    for report in [report(FILES), report(&[("<stdin>", RENDERED)]), live(), repeated("")] {
        let log = log(&report);
        assert_eq!((log["version"].as_str(), log["runs"].as_array().unwrap().len()), (Some("2.1.0"), 1));
        assert!(!text(&log, "/$schema").is_empty() && !text(&log, "/runs/0/tool/driver/name").is_empty());
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        for rule in rules {
            assert!((1..=255).contains(&text(rule, "/name").len()), "{rule}");
            for path in ["/shortDescription/text", "/fullDescription/text"] {
                assert!((1..=1024).contains(&text(rule, path).chars().count()), "{rule}");
            }
            let id = text(rule, "/id");
            for path in ["/help/text", "/help/markdown", "/helpUri"] {
                assert!(text(rule, path).contains(&format!("/docs/rules.md#{id}")), "{rule}");
            }
            assert!(["note", "warning", "error"].contains(&&*text(rule, "/defaultConfiguration/level")), "{rule}");
            assert!((1..=10).contains(&rule["properties"]["tags"].as_array().unwrap().len()), "{rule}");
            let severity = text(rule, "/properties/problem.severity");
            assert!(["error", "warning", "recommendation"].contains(&&*severity), "{rule}");
        }
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert!(!results.is_empty());
        for result in results {
            let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(result["ruleId"], rule["id"]);
            assert!(!text(result, "/message/text").is_empty(), "{result}");
            assert_eq!(result["locations"].as_array().unwrap().len(), 1, "{result}");
            let place = &result["locations"][0]["physicalLocation"];
            let uri = text(place, "/artifactLocation/uri");
            assert!(!uri.is_empty() && !uri.contains("://"), "{result}");
            // Without a line the upload makes no fingerprint of it, and must find one.
            let lines: Vec<_> = ["startLine", "startColumn", "endLine", "endColumn"]
                .into_iter()
                .filter(|key| place["region"][key].is_u64())
                .collect();
            assert!(lines.len() == 4 || place.get("region").is_none(), "{result}");
            let fingerprint = text(result, "/partialFingerprints/primaryLocationLineHash");
            assert_eq!(fingerprint.is_empty(), lines.len() == 4, "{result}");
        }
    }
}

#[test]
fn files_are_named_by_uris() {
    let subnet = "{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: a}, spec: {cidrBlock: 10.0.0.0/33}}";
    let uri = |name: &str| {
        let log = log(&report(&[(name, subnet)]));
        let uri = log.pointer("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri").unwrap();
        uri.as_str().unwrap().to_owned()
    };
    assert_eq!(uri("./a/b-c_d~1.yaml"), "a/b-c_d~1.yaml");
    assert_eq!(uri("../a.yaml"), "../a.yaml");
    assert_eq!(uri("/a b/c.yaml"), "file:///a%20b/c.yaml");
    assert_eq!(uri("a:b%#?ä.yaml"), "a%3Ab%25%23%3F%C3%A4.yaml");
    assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
}

#[test]
fn fingerprints_do_not_depend_on_lines() {
    let fingerprints = |before| {
        let log = log(&repeated(before));
        let results = &log["runs"][0]["results"];
        let one = |one: &Value| one.as_str().unwrap().to_owned();
        each(results, "/partialFingerprints/vpcguard~1v1").into_iter().map(one).collect::<Vec<_>>()
    };
    let first = fingerprints("");
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(first, fingerprints("# moved\n\n"));
}

#[test]
fn what_is_not_listed_or_not_judged_is_a_note() {
    let vips: Vec<_> = (0..25).map(|at| format!("x{at}")).collect();
    let text = format!(
        "{{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {{name: a}}, \
         spec: {{cidrBlock: 10.0.0.0/16, vips: [{}]}}}}",
        vips.join(", ")
    );
    let log = log(&report(&[("a.yaml", &text)]));
    let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(
        each(notes, "/message/text"),
        [
            "1 object was not judged by this rule: it needs Nodes; pass --cluster, or --state FILE with them",
            "1 object was not judged by this rule: it needs ServiceCIDRs; pass --cluster, or --state FILE with them",
            "5 more findings are not listed",
        ]
    );
    assert_eq!(notes[0]["associatedRule"]["id"], "subnet-cidr-reserved");
}

#[test]
fn what_is_no_log_is_not_valid() {
    let (validator, log) = (validator(), log(&report(FILES)));
    for (path, wrong) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/message", json!({})),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
    ] {
        let mut broken = log.clone();
        *broken.pointer_mut(path).unwrap() = wrong;
        assert!(!validator.is_valid(&broken), "{path}");
    }
}
