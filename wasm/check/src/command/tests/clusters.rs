//! Several clusters in one tree, and what a configuration says of them.

use super::*;

/// Globs for files that are named after their cluster.
fn clusters() -> [String; 2] {
    ["p/**=prod", "s/**=staging"].map(str::to_owned)
}

#[test]
fn clusters_are_reported_as_one_in_the_order_of_the_files() {
    let files = [
        source("s/a.yaml", &subnet("a", BAD)),
        source("p/a.yaml", &format!("{}---\n{}", subnet("a", BAD), subnet("b", "cidrBlock: 10.0.0.0/16"))),
        source("a.yaml", &subnet("a", BAD)),
        source("s/b.yaml", &format!("# vpcguard: allow subnet-syntax x\n{}---\na: [", subnet("b", BAD))),
        source(CONFIG, "clusters: []"),
    ];
    let flags = clusters();
    let done = Command::default().run(&Inputs { files: &files, cluster_of: &flags, ..Inputs::default() });
    let found: Vec<_> = done
        .report
        .findings()
        .iter()
        .map(|located| {
            let file = located.place.as_ref().unwrap().file.clone();
            (file, located.cluster.clone().unwrap_or_default().to_string(), located.finding.rule())
        })
        .collect();
    let wanted = [
        ("s/a.yaml", "staging", "subnet-syntax"),
        ("p/a.yaml", "prod", "subnet-syntax"),
        ("a.yaml", "", "subnet-syntax"),
        ("s/b.yaml", "staging", "subnet-syntax"),
    ];
    assert_eq!(found, wanted.map(|(file, cluster, rule)| (file.to_owned(), cluster.to_owned(), rule)));
    let summary = done.report.summary();
    assert_eq!((summary.files, summary.objects, summary.denied, summary.warned), (4, 5, 3, 1));
    assert_eq!((done.report.errors().len(), done.exit_code), (1, 2));
    let names: Vec<_> = done.report.objects().iter().map(|seen| seen.object.name.as_str()).collect();
    assert_eq!(names, ["a", "a", "b", "a", "b"]);
    assert_eq!(notes(&done), ["3 networks are judged apart: staging, prod and what is for none of these"]);
}

#[test]
fn the_same_finding_in_two_clusters_is_two() {
    let flags = clusters();
    let run = |command: Command, paths: &[&str], baseline: Option<&Source>| {
        let files: Vec<_> = paths.iter().map(|path| source(path, &subnet("a", BAD))).collect();
        command.run(&Inputs { files: &files, cluster_of: &flags, baseline, ..Inputs::default() })
    };
    let writing = Command { write_baseline: true, ..Command::default() };
    let baseline = source("b.json", &run(writing, &["p/a.yaml", "a.yaml"], None).baseline.unwrap());
    // A file may be renamed, but not to another cluster.
    let known = run(Command::default(), &["p/b.yaml", "b.yaml"], Some(&baseline));
    assert_eq!(known.exit_code, 0, "{}", known.output);
    assert_eq!(
        notes(&known)[1..],
        ["--cluster-of \"s/**=staging\" matches no file", "2 findings are not listed, for they were in b.json"]
    );
    let moved = run(Command::default(), &["s/a.yaml", "a.yaml"], Some(&baseline));
    assert_eq!((moved.exit_code, moved.report.findings().len()), (1, 1));
    assert!(
        notes(&moved).contains(
            &"b.json lists what no longer occurs: subnet-syntax at spec.vips[] of Subnet \"a\" in cluster prod"
        ),
        "{}",
        moved.output
    );
    for format in [Format::Sarif, Format::Gitlab] {
        let done = run(Command { format, ..Command::default() }, &["p/a.yaml", "s/a.yaml", "a.yaml"], None);
        let fingerprints: std::collections::BTreeSet<_> = done
            .output
            .lines()
            .filter(|line| line.contains("\"vpcguard/v1\"") || line.contains("\"fingerprint\""))
            .collect();
        assert_eq!(fingerprints.len(), 3, "{}", done.output);
        assert!(done.output.contains("prod"), "{}", done.output);
    }
}

#[test]
fn fingerprints_without_clusters_are_what_they_were() {
    let done = run(Command { format: Format::Gitlab, ..Command::default() }, &[source("a.yaml", &subnet("a", BAD))]);
    let wanted = {
        use sha2::{Digest, Sha256};
        let key =
            r#"{"rule":"subnet-syntax","object":{"kind":"Subnet","name":"a"},"field":"spec.vips[]","value":"\"x\""}"#;
        Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    assert!(done.output.contains(&wanted), "{wanted}: {}", done.output);
}

#[test]
fn a_configuration_gives_what_was_not_handed_in() {
    let files = [source("a.yaml", &subnet("a", BAD))];
    let code = |text: &str, settings: Option<&Source>| {
        let config = Config::parse(&source(CONFIG, text)).unwrap();
        let done =
            Command::default().run(&Inputs { files: &files, config: Some(&config), settings, ..Inputs::default() });
        (done.exit_code, done.complaints.join("\n"))
    };
    let nothing = String::new();
    assert_eq!(code("settings: {rules: {subnet-syntax: off}}", None), (0, nothing.clone()));
    let settings = source("s.yaml", "strictReferences: true");
    assert_eq!(code("settings: {rules: {subnet-syntax: off}}", Some(&settings)), (1, nothing.clone()));
    assert_eq!(code("settings: s.yaml", Some(&settings)), (1, nothing));
    assert_eq!(
        code("settings: s.yaml", None),
        (2, ".vpcguard.yaml: settings: the file \"s.yaml\" was not handed in".to_owned())
    );
}

#[test]
fn objects_that_stand_twice_are_noted() {
    let good = |name: &str, mtu: &str| subnet(name, &format!("cidrBlock: 10.0.0.0/24, mtu: {mtu}"));
    let said = |files: &[(&str, String)]| {
        let files: Vec<_> = files.iter().map(|(name, text)| source(name, text)).collect();
        let done = run(Command::default(), &files);
        notes(&done)
            .iter()
            .filter(|note| note.contains("stands in "))
            .map(|note| (*note).to_owned())
            .collect::<Vec<_>>()
    };
    let hint = "; name clusters to keep them apart (--cluster-of)";
    assert_eq!(
        said(&[
            ("p/a.yaml", good("a", "1400")),
            ("./s/a.yaml", good("a", "1400")),
            ("a.yaml", good("a", "1")),
            ("p/b.yaml", good("a", "1400"))
        ]),
        [format!(
            "Subnet \"a\" stands in p/a.yaml:1:1 and again in ./s/a.yaml:1:1 and in 1 more place: judged as updates of the first{hint}"
        )]
    );
    // In one folder it matters only if it says something else.
    assert!(said(&[("a.yaml", good("a", "1400")), ("./b.yaml", good("a", "1400"))]).is_empty());
    let both = format!("{}---\n{}", good("a", "1400"), good("a", "1401"));
    assert_eq!(
        said(&[("a.yaml", both)]),
        [
            "Subnet \"a\" stands in a.yaml:1:1 and again with another content in a.yaml:6:1: judged as an update of the first"
        ]
    );
    let generated =
        "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {generateName: a-}\nspec: {cidrBlock: 10.0.0.0/24}\n";
    let other = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
    assert!(said(&[("p/a.yaml", generated.to_owned()), ("s/a.yaml", generated.to_owned())]).is_empty());
    assert!(said(&[("p/a.yaml", other.to_owned()), ("s/a.yaml", other.to_owned())]).is_empty());
    let many = |folder: &str| -> String {
        (0..7)
            .map(|at| format!("---\n{}", subnet(&format!("n{at}"), &format!("cidrBlock: 10.{at}.0.0/16"))))
            .collect::<Vec<_>>()
            .concat()
            + &format!("# {folder}\n")
    };
    let files = [source("p/a.yaml", &many("p")), source("s/a.yaml", &many("s"))];
    let done = run(Command::default(), &files);
    assert_eq!(done.report.notes().len(), 6, "{:?}", done.report.notes());
    assert_eq!(done.report.notes()[5], "and 2 more objects stand more than once");
}

#[test]
fn one_cluster_at_a_time_is_asked_live() {
    let command = Command { live: true, ..Command::default() };
    let flags = clusters();
    let run = |paths: &[&str]| {
        let files: Vec<_> = paths.iter().map(|path| source(path, &subnet("a", BAD))).collect();
        command.run(&Inputs { files: &files, cluster_of: &flags, ..Inputs::default() })
    };
    let wanted = "--cluster asks one cluster, and these files are for several, prod, staging: name those of one";
    let done = run(&["p/a.yaml", "s/a.yaml"]);
    assert_eq!((done.exit_code, done.complaints), (2, vec![wanted.to_owned()]));
    assert_eq!(run(&["p/a.yaml"]).exit_code, 1);
}
