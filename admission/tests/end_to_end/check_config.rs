//! `vpcguard check` with the configuration of a repository, and with several clusters in one tree.

use std::fs;

use serde_json::Value;

use crate::check_habits::{Repository, subnet};

/// Two environments that share names and ranges; the second is wrong.
fn environments(more: &[(&str, &str)]) -> Repository {
    let repository = Repository::new(&[
        ("envs/prod/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/16")),
        ("envs/prod/b.yaml", &subnet("b", "cidrBlock: 10.1.0.0/16")),
        ("envs/staging/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/33")),
        ("envs/staging/c.yaml", &subnet("c", "cidrBlock: 10.1.0.0/16")),
    ]);
    for (name, text) in more {
        repository.write(name, text);
    }
    repository
}

const CLUSTERS: &str = "clusters: {prod: [envs/prod/**], staging: [envs/staging]}\n";

/// The findings of a report in JSON: cluster, file and rule.
fn findings(out: &str) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(out).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = report["findings"].as_array().unwrap();
    let denials = found.iter().filter(|found| found["action"] == "deny");
    denials.map(|found| (text(&found["cluster"]), text(&found["file"]), text(&found["rule"]))).collect()
}

fn found(cluster: &str, file: &str, rule: &str) -> (String, String, String) {
    (cluster.to_owned(), file.to_owned(), rule.to_owned())
}

#[test]
fn clusters_are_judged_apart() {
    let repository = environments(&[]);
    let (code, out, _) = repository.check(&["--format", "json", "envs"]);
    let together =
        [found("", "envs/staging/a.yaml", "subnet-syntax"), found("", "envs/staging/c.yaml", "subnet-cidr-overlap")];
    assert_eq!((code, findings(&out)), (1, together.to_vec()));
    let flags = ["--cluster-of", "envs/prod/**=prod", "--cluster-of", "envs/staging/**=staging"];
    let apart = [found("staging", "envs/staging/a.yaml", "subnet-syntax")];
    let (code, out, err) = repository.check(&[&flags[..], &["--format", "json", "envs"]].concat());
    assert_eq!((code, findings(&out), err.as_str()), (1, apart.to_vec(), ""));
    // What is for no cluster that has a name is a network of its own.
    let (_, out, _) = repository.check(&["--cluster-of", "envs/prod=prod", "envs"]);
    assert!(out.contains("\nnote: 2 networks are judged apart: prod and what is for none of these\n"), "{out}");
    assert!(!out.contains("subnet-cidr-overlap"), "{out}");
    // The configuration says the same, from wherever in the work tree the check is started.
    repository.write(".vpcguard.yaml", CLUSTERS);
    repository.init();
    let (code, out, _) = repository.check(&["--format", "json", "."]);
    assert_eq!((code, findings(&out)), (1, vec![found("staging", "./envs/staging/a.yaml", "subnet-syntax")]));
    let (code, out, _) = repository.check_in("envs/staging", &[".", "../prod"]);
    assert_eq!(code, 1);
    assert!(out.contains("  = cluster: staging\n"), "{out}");
    assert!(
        out.ends_with("note: 2 networks are judged apart: staging, prod\nnote: configured by ../../.vpcguard.yaml\n"),
        "{out}"
    );
}

#[test]
fn the_state_of_a_cluster_is_that_of_its_files_and_what_is_for_none() {
    let state = subnet("x", "cidrBlock: 10.0.128.0/24");
    let flags = ["--cluster-of", "*/prod=prod", "--cluster-of", "*/staging=staging", "--format", "json"];
    let rules = |path: &str| {
        let repository = environments(&[(path, &state)]);
        repository.write("envs/staging/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/16"));
        let (_, out, _) = repository.check(&[&flags[..], &["--state", path, "envs"]].concat());
        findings(&out)
    };
    let [prod, staging] =
        ["prod", "staging"].map(|name| found(name, &format!("envs/{name}/a.yaml"), "subnet-cidr-overlap"));
    assert_eq!(rules("state/staging/x.yaml"), std::slice::from_ref(&staging));
    assert_eq!(rules("state/x.yaml"), [prod, staging]);
}

#[test]
fn a_baseline_and_a_comparison_tell_clusters_apart() {
    let repository = environments(&[(".vpcguard.yaml", CLUSTERS)]);
    assert_eq!(repository.check(&["--write-baseline", "b.json", "envs"]).0, 0);
    assert!(repository.read("b.json").contains("\"cluster\": \"staging\""));
    assert_eq!(repository.check(&["--baseline", "b.json", "envs"]).0, 0);
    // The same object in the other cluster is another one.
    repository.write("envs/prod/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/33"));
    let prod = vec![found("prod", "envs/prod/a.yaml", "subnet-syntax")];
    let (code, out, _) = repository.check(&["--baseline", "b.json", "--format", "json", "envs"]);
    assert_eq!((code, findings(&out)), (1, prod.clone()));
    repository.write("before/prod/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/16"));
    repository.write("before/staging/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/33"));
    let (code, out, _) = repository.check(&["--compare-to", "before", "--format", "json", "envs"]);
    assert_eq!((code, findings(&out)), (1, prod));
}

#[test]
fn flags_go_before_the_configuration() {
    let text = "settings:\n  rules: {subnet-syntax: warn}\nformat: json\nfailOn: warning\n";
    let repository = Repository::new(&[
        ("net/.vpcguard.yaml", text),
        ("net/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/33")),
        ("off.yaml", "rules: {subnet-syntax: 'off'}\n"),
        ("values.yaml", "replicas: 2\nsettings: {rules: {subnet-syntax: 'off'}}\n"),
    ]);
    let (code, out, _) = repository.check_in("net", &["."]);
    assert_eq!((code, out.starts_with("{\n")), (3, true), "{out}");
    let (code, out, _) = repository.check_in("net", &["--format", "human", "--settings", "../off.yaml", "."]);
    assert_eq!((code, out.contains("subnet-syntax")), (0, false), "{out}");
    assert_eq!(repository.check_in("net", &["--settings", "../values.yaml", "."]).0, 0);
    assert_eq!(repository.check_in("net", &["--no-config", "."]).0, 1);
    // It is not above.
    assert_eq!(repository.check(&["net"]).0, 1);
    assert_eq!(repository.check(&["--config", "net/.vpcguard.yaml", "net"]).0, 3);
    // Settings in a file are looked for beside the configuration.
    repository.write("net/.vpcguard.yaml", "settings: ../off.yaml\n");
    assert_eq!(repository.check(&["--config", "net/.vpcguard.yaml", "net"]).0, 0);
    repository.write("net/.vpcguard.yaml", "settings: none.yaml\n");
    let (code, _, err) = repository.check_in("net", &["."]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: none.yaml: "), "{err}");
}

#[test]
fn a_configuration_is_not_looked_for_above_a_work_tree() {
    let repository = Repository::new(&[
        (".vpcguard.yaml", "settings: {rules: {subnet-syntax: warn}}\n"),
        ("tree/net/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/33")),
    ]);
    // Above a folder in no work tree is what anybody has put there.
    assert_eq!(repository.check_in("tree/net", &["."]).0, 1);
    repository.init();
    let (code, out, _) = repository.check_in("tree/net", &["."]);
    assert_eq!(code, 0);
    assert!(out.ends_with("note: configured by ../../.vpcguard.yaml\n"), "{out}");
    // As in a work tree beside another, where it is a file.
    repository.write("tree/.git", "gitdir: elsewhere\n");
    assert_eq!(repository.check_in("tree/net", &["."]).0, 1);
    repository.write("tree/.vpcguard.yaml", "");
    let (code, out, _) = repository.check_in("tree", &["."]);
    assert_eq!((code, out.contains("configured by")), (1, false), "{out}");
    assert!(out.contains("1 object in 1 file: 1 denied"), "{out}");
}

#[test]
fn a_wrong_configuration_is_an_error_at_its_place() {
    let repository = environments(&[(".vpcguard.yaml", "cluster: {}\n"), ("c.yaml", "clusters: {a: x}\n")]);
    let complaint = |args: &[&str]| {
        let (code, out, err) = repository.check(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        err
    };
    assert_eq!(
        complaint(&["envs"]),
        "error: .vpcguard.yaml:1:1: cluster: unknown key \"cluster\": did you mean \"clusters\"?\n"
    );
    assert_eq!(
        complaint(&["--config", "c.yaml", "envs"]),
        "error: c.yaml:1:12: clusters.a: must be a list, not a string\n"
    );
    let flag = complaint(&["--no-config", "--cluster-of", "envs", "envs"]);
    assert_eq!(flag, "error: --cluster-of \"envs\": needs a name, as in GLOB=NAME\n");
    assert!(complaint(&["--no-config", "--config", "c.yaml", "envs"]).contains("cannot be used with"));
    fs::remove_file(repository.path("c.yaml")).unwrap();
    assert!(complaint(&["--config", "c.yaml", "envs"]).starts_with("error: c.yaml: "));
}

#[test]
fn globs_that_match_nothing_are_noted() {
    let repository = environments(&[(".vpcguard.yaml", "clusters: {prod: [envs/prd]}\n")]);
    let notes = |args: &[&str]| {
        let (_, out, _) = repository.check(args);
        out.lines().filter(|line| line.ends_with("matches no file")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(notes(&["envs"]), ["note: .vpcguard.yaml: clusters.prod[0], \"envs/prd\", matches no file"]);
    assert_eq!(
        notes(&["envs/prod", "--cluster-of", "envs/prd=a"]),
        ["note: --cluster-of \"envs/prd=a\" matches no file"]
    );
}

#[test]
fn an_object_that_stands_twice_is_shown_twice() {
    let repository = environments(&[]);
    let (_, out, _) = repository.check(&["envs"]);
    let note = "note: Subnet \"a\" stands in envs/prod/a.yaml:1:1 and again in envs/staging/a.yaml:1:1: judged as an update of the \
                first; name clusters to keep them apart (--cluster-of)\n";
    assert!(out.contains(note), "{out}");
    let mark =
        "4 | spec: {cidrBlock: 10.0.0.0/16}\n  |                   ----------- an earlier version of this object\n";
    assert!(out.contains("\n ::: envs/prod/a.yaml:4:19\n") && out.contains(mark), "{out}");
    for (format, wanted) in [
        (
            "json",
            "\"earlier\": {\n        \"file\": \"envs/prod/a.yaml\",\n        \"document\": 1,\n        \"line\": 4,\n        \"column\": 19\n",
        ),
        ("sarif", "\"text\": \"an earlier version of this object\""),
        ("junit", "\n  = related: an earlier version of this object (envs/prod/a.yaml:4:19)"),
        ("github", "%0Arelated: an earlier version of this object (envs/prod/a.yaml:4:19)"),
    ] {
        let (_, out, _) = repository.check(&["--format", format, "envs"]);
        assert!(out.contains(wanted), "{format}: {out}");
    }
    // Of the state that is known anyway.
    let (_, out, _) = repository.check(&["--state", "envs/prod", "envs/staging/a.yaml"]);
    assert!(!out.contains("earlier") && !out.contains("stands in"), "{out}");
}
