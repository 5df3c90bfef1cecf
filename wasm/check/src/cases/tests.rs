use serde_json::json;

use super::*;

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn errors(text: &str) -> Vec<String> {
    let CaseFile { cases, errors } = Case::parse(&source("t.yaml", text));
    cases.iter().flat_map(|(_, wrong)| wrong).chain(&errors).map(ToString::to_string).collect()
}

/// The one case of a text.
fn case(text: &str) -> Case {
    let CaseFile { cases, errors } = Case::parse(&source("t.yaml", text));
    let [(case, wrong)] = cases.try_into().unwrap();
    assert_eq!((wrong, errors), (Vec::new(), Vec::new()));
    case
}

fn subnet(name: &str, cidr: &str) -> String {
    format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{cidrBlock: {cidr}}}\n")
}

/// A case about Subnets.
fn about(results: &str) -> Case {
    case(&format!("manifests: [m]\nresults:\n{results}"))
}

fn judged(case: &Case, manifests: &str, state: &str) -> Vec<String> {
    let given =
        Given { manifests: vec![source("m.yaml", manifests)], state: vec![source("s.yaml", state)], settings: None };
    let line = |judged: Judged| match judged.outcome {
        Compared::AsWanted => format!("{}, as wanted", judged.what),
        Compared::Otherwise(how) => format!("{}, but {how}", judged.what),
    };
    case.run(&given).unwrap().into_iter().map(line).collect()
}

#[test]
fn a_case_is_read() {
    let text = "name: x\nmanifests: [a, b]\nstate: [c]\nsettings: {disclose: none}\noperation: delete\nresults:\n  \
                - {kind: Pod, namespace: ns1, name: p, rule: pod-vpc-namespace, result: deny}\n";
    let settings = Settings::parse(&json!({"disclose": "none"})).unwrap();
    let wanted = Wanted {
        position: Position { line: 7, column: 5 },
        kind: "Pod".to_owned(),
        namespace: "ns1".to_owned(),
        name: "p".to_owned(),
        rule: Some("pod-vpc-namespace"),
        verdict: Said::Deny,
    };
    assert_eq!(
        case(text),
        Case {
            file: "t.yaml".to_owned(),
            name: "x".to_owned(),
            manifests: vec!["a".to_owned(), "b".to_owned()],
            state: vec!["c".to_owned()],
            settings: CaseSettings::Here(Box::new(settings)),
            operation: CaseOperation::Delete,
            results: vec![wanted],
        }
    );
    let short = "manifests: [a]\nsettings: s.yaml\nresults: [{kind: Vpc, name: v, result: pass}]\n";
    assert_eq!(case(short).settings, CaseSettings::File("s.yaml".to_owned()));
    let CaseFile { cases, errors } =
        Case::parse(&source("t.yaml", &format!("{short}---\na: [\n---\nname: b\n---\n{short}")));
    let wrong: Vec<_> = cases.iter().map(|(case, wrong)| (case.name.as_str(), wrong.len())).collect();
    assert_eq!((wrong, errors.len()), (vec![("", 0), ("b", 2), ("", 0)], 1));
}

#[test]
fn what_is_wrong_with_a_case_is_said_at_its_place() {
    assert_eq!(errors(""), ["t.yaml:1:1: there is no test in it"]);
    assert_eq!(errors("[]"), ["t.yaml:1:1: not a test: must be an object, not a list"]);
    assert_eq!(
        errors("manifest: [a]\nresults: []\n"),
        [
            r#"t.yaml:1:1: manifest: unknown key "manifest": did you mean "manifests"?"#,
            "t.yaml:1:1: manifests: is missing or empty",
            "t.yaml:2:1: results: is missing or empty",
        ]
    );
    let results = "manifests: a\nsettings: [x]\noperation: remove\nresults:\n  - kind: SubNet\n    name: a\n    rule: subnet-sintax\n    result: denied\n  - {kind: Vpc}\n";
    assert_eq!(
        errors(results),
        [
            "t.yaml:1:1: manifests: must be a list, not a string",
            "t.yaml:2:1: settings: must be the path of a file, or the settings themselves",
            r#"t.yaml:3:1: operation: unknown value "remove": must be one of apply, delete"#,
            r#"t.yaml:5:5: results[0].kind: unknown kind "SubNet": did you mean "Subnet"?"#,
            r#"t.yaml:7:5: results[0].rule: unknown rule "subnet-sintax": did you mean "subnet-syntax"?"#,
            r#"t.yaml:8:5: results[0].result: unknown value "denied": did you mean "deny"?"#,
            "t.yaml:9:5: results[1]: result is missing: it must be deny, warn or pass",
            "t.yaml:9:5: results[1]: name is missing",
        ]
    );
    let settings = "manifests: [a]\nsettings:\n  rules: {zzz: off}\nresults: [{kind: Vpc, name: v, result: pass}]\n";
    assert_eq!(
        errors(settings),
        [r#"t.yaml:3:11: settings.rules.zzz: unknown rule "zzz": `vpcguard rules` lists them all"#]
    );
    assert_eq!(errors("a: [").len(), 1);
}

#[test]
fn each_result_is_held_against_what_the_rules_say() {
    let manifests = format!("{}---\n{}", subnet("a", "10.0.4.0/24"), subnet("b", "10.0.0.0/16"));
    let case = about(
        "  - {kind: Subnet, name: b, rule: subnet-cidr-overlap, result: deny}\n  \
         - {kind: Subnet, name: b, result: warn}\n  - {kind: Subnet, name: b, rule: vpc-peering, result: deny}\n  \
         - {kind: Subnet, name: bb, result: pass}\n  - {kind: Subnet, name: a, result: pass}\n",
    );
    assert_eq!(
        judged(&case, &manifests, ""),
        [
            r#"Subnet "b": deny by subnet-cidr-overlap, as wanted"#,
            r#"Subnet "b": warn, but it is denied"#,
            r#"Subnet "b": deny by vpc-peering, but it passes"#,
            r#"Subnet "bb": pass, but there is no such object in the manifests: did you mean "b"?"#,
            r#"Subnet "a": pass, as wanted"#,
        ]
    );
}

#[test]
fn a_refusal_that_nobody_asks_for_fails() {
    let case = about("  - {kind: Subnet, name: c, result: pass}\n");
    let manifests = format!("{}---\n{}", subnet("b", "10.0.0.0/16"), subnet("c", "10.9.0.0/16"));
    assert_eq!(
        judged(&case, &manifests, &subnet("a", "10.0.4.0/24")),
        [
            r#"Subnet "c": pass, as wanted"#,
            r#"Subnet "b": nothing is wanted of it, but it is denied by subnet-cidr-overlap"#,
        ]
    );
}

#[test]
fn an_object_can_be_deleted() {
    let text = "manifests: [m]\noperation: delete\nresults:\n  - {kind: Subnet, name: ovn-default, result: deny, rule: builtin-protected}\n  - {kind: Subnet, name: a, result: pass}\n";
    let manifests = format!("{}---\n{}", subnet("ovn-default", "10.16.0.0/16"), subnet("a", "10.17.0.0/16"));
    let lines = judged(&case(text), &manifests, "");
    assert!(lines.iter().all(|line| line.ends_with(", as wanted")), "{lines:?}");
}

#[test]
fn an_object_of_no_namespace_is_in_the_default_one() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n";
    let lines = judged(
        &about("  - {kind: Pod, name: a, result: pass}\n  - {kind: Pod, namespace: default, name: a, result: pass}\n"),
        pod,
        "",
    );
    assert_eq!(lines, [r#"Pod "a": pass, as wanted"#, r#"Pod "default/a": pass, as wanted"#]);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let case = about("  - {kind: Subnet, name: a, result: pass}\n");
    let run = |manifests: &str, state: &str| {
        let given = Given {
            manifests: vec![source("m.yaml", manifests)],
            state: vec![source("s.yaml", state)],
            settings: None,
        };
        case.run(&given).unwrap_err()
    };
    assert!(run("a: [", "b: [")[0].starts_with("s.yaml:1:4: "));
    assert_eq!(run("", ""), ["t.yaml: there is no object in its manifests"]);
    let case = Case { settings: CaseSettings::File("x.yaml".to_owned()), ..case.clone() };
    let given = Given { settings: Some(source("x.yaml", "a: 1")), ..Given::default() };
    assert!(case.run(&given).unwrap_err()[0].starts_with("x.yaml:1:1: a: unknown key"));
}

#[test]
fn a_report_says_what_failed_and_where() {
    let case = about("  - {kind: Subnet, name: a, result: deny}\n  - {kind: Subnet, name: a, result: pass}\n");
    let given = Given { manifests: vec![source("m.yaml", &subnet("a", "10.0.4.0/24"))], ..Given::default() };
    let mut report = CasesReport::default();
    report.add(&Case { name: "one".to_owned(), ..case.clone() }, case.run(&given));
    assert_eq!(report.exit_code(), 1);
    let failed = "failed  t.yaml: one\n  Subnet \"a\": deny, but it passes\n    --> t.yaml:3:5\n";
    assert_eq!(report.to_human(true), failed);
    assert_eq!(report.to_human(false), format!("{failed}1 case, 2 results: 1 passed, 1 failed\n"));
    report.add(&case, case.run(&Given::default()));
    report.add_errors(["x.yaml: no".to_owned()]);
    assert_eq!(report.exit_code(), 2);
    assert_eq!(report.errors().collect::<Vec<_>>(), ["x.yaml: no", "t.yaml: there is no object in its manifests"]);
    assert!(report.to_human(false).ends_with("2 cases, 2 results: 1 passed, 1 failed, 1 not read\n"));
    let junit = quick_junit::Report::deserialize_from_str(&report.to_junit()).unwrap();
    assert_eq!((junit.tests, junit.failures, junit.errors), (4, 1, 2));
    assert_eq!(junit.test_suites[0].test_cases[0].name.as_str(), "Subnet \"a\": deny");
}
