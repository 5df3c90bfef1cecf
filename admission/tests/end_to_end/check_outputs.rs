//! `vpcguard check`: which rules report, how, and where to; and what fixing would change.

use std::fs;

use serde_json::Value;

use crate::check_habits::{BAD, ODD, Repository, subnet};

/// A folder with a denial of subnet-syntax and a warning of subnet-hygiene.
fn repository() -> Repository {
    Repository::new(&[("m/a.yaml", &subnet("a", BAD)), ("m/b.yaml", &subnet("b", ODD))])
}

/// The rules of the findings of a JSON report.
fn rules(report: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(report).unwrap();
    let rule = |finding: &Value| finding["rule"].as_str().unwrap().to_owned();
    report["findings"].as_array().unwrap().iter().map(rule).collect()
}

#[test]
fn several_reports_of_one_run_go_to_their_places() {
    let repository = repository();
    let (code, out, err) =
        repository.check(&["--format", "github", "--format", "sarif=s.sarif", "--format=json=j.json", "m"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(out.starts_with("::error "), "{out}");
    let sarif: Value = serde_json::from_str(&repository.read("s.sarif")).unwrap();
    assert!(sarif["runs"][0]["results"].as_array().is_some_and(|results| !results.is_empty()));
    assert!(rules(&repository.read("j.json")).contains(&"subnet-syntax".to_owned()));
    // Where no format is for standard output, the one for people is.
    let (_, out, _) = repository.check(&["--format", "json=k.json", "m"]);
    assert!(out.starts_with("error[subnet-syntax]"), "{out}");
    assert_eq!(repository.read("k.json"), repository.read("j.json"));
    let (code, out, err) = repository.check(&["--output", "o.txt", "m"]);
    assert_eq!((code, out.as_str(), err.as_str()), (1, "", ""));
    assert!(repository.read("o.txt").starts_with("error[subnet-syntax]"));
}

#[test]
fn a_report_is_written_whole_or_not_at_all() {
    let repository = repository();
    let (code, out, err) = repository.check(&["--format", "json=none/j.json", "m"]);
    assert_eq!(code, 2);
    assert!(out.starts_with("error[subnet-syntax]") && err.starts_with("error: none/j.json: "), "{out}{err}");
    // The file that is written in its place has a name of nobody's business.
    assert!(err.ends_with("(os error 2)\n"), "{err}");
    // What cannot be read is in the report; what is refused as a whole leaves the last report alone.
    repository.write("m/c.yaml", "a: [");
    assert_eq!(repository.check(&["--output", "j.json", "--format", "json", "m"]).0, 2);
    let before = repository.read("j.json");
    let (code, _, err) = repository.check(&["--output", "j.json", "--select", "subnet-sintax", "m"]);
    assert_eq!(
        (code, err.as_str()),
        (2, "error: --select: unknown rule \"subnet-sintax\": did you mean \"subnet-syntax\"?\n")
    );
    assert_eq!(repository.read("j.json"), before);
    assert_eq!(fs::read_dir(repository.path(".")).unwrap().count(), 2);
}

#[test]
fn two_reports_never_go_to_one_place() {
    let repository = repository();
    for (args, wanted) in [
        (["--format=json", "--format=sarif"], "error: only one --format can go to standard output: "),
        (["--format=json=x", "--format=sarif=x"], "error: x: only one report can be written to a file\n"),
        (["--format=json=x", "--output=x"], "error: x: only one report can be written to a file\n"),
        (["--format=json=", "--quiet"], "error: invalid value 'json=' "),
    ] {
        let (code, out, err) = repository.check(&[args[0], args[1], "m"]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.starts_with(wanted), "{err}");
        assert!(!repository.path("x").exists());
    }
}

#[test]
fn no_report_takes_the_place_of_what_is_read() {
    let repository = repository();
    repository.write("s.yaml", "rules: {}\n");
    let before = repository.read("m/a.yaml");
    for (args, flag, read) in [
        (&["--output", "./m/a.yaml", "m/a.yaml"][..], "--output ./m/a.yaml", "m/a.yaml"),
        (&["--output", "m/a.yaml", "m"], "--output m/a.yaml", "m/a.yaml"),
        (&["--format", "sarif=m/a.yaml", "m/*.yaml"], "--format sarif=m/a.yaml", "m/a.yaml"),
        (&["--state", "m/a.yaml", "--write-baseline", "m/a.yaml", "m/b.yaml"], "--write-baseline m/a.yaml", "m/a.yaml"),
        (&["--settings", "s.yaml", "--output", "s.yaml", "m"], "--output s.yaml", "s.yaml"),
        (&["--compare-to", "m", "--output", "m/a.yaml", "m/b.yaml"], "--output m/a.yaml", "m/a.yaml"),
    ] {
        let (code, out, err) = repository.check(args);
        let wanted = format!("error: {flag}: {read} is read here, and would be overwritten: name another file\n");
        assert_eq!((code, out.as_str(), err), (2, "", wanted), "{args:?}");
    }
    assert_eq!((repository.read("m/a.yaml"), repository.read("s.yaml")), (before, "rules: {}\n".to_owned()));
    // Reports of an earlier run lie where they were written, and are none of the manifests.
    let again = ["--format", "json=m/r.json", "--write-baseline", "m/known.json", "m"];
    assert_eq!(repository.check(&again).0, 0);
    assert_eq!(repository.check(&again).0, 0);
}

#[test]
fn only_selected_rules_report_and_count() {
    let repository = repository();
    let run = |args: &[&str]| {
        let (code, out, _) = repository.check(&[args, &["--fail-on=warning", "--format=json", "m"]].concat());
        (code, rules(&out))
    };
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let (code, all) = run(&[]);
    assert_eq!(code, 1);
    assert!(all.len() >= 2, "{all:?}");
    assert_eq!(run(&["--select", "subnet-syntax"]), (1, ids(&["subnet-syntax"])));
    assert_eq!(run(&["--select", "vpc-peering,field-type"]), (0, vec![]));
    let (code, rest) = run(&["--ignore", "subnet-syntax"]);
    assert_eq!(code, 3);
    assert_eq!(rest, all.iter().filter(|id| *id != "subnet-syntax").cloned().collect::<Vec<_>>());
    assert_eq!(run(&["--select", "subnet-syntax", "--ignore", "subnet-syntax"]), (0, vec![]));
}

#[test]
fn a_rule_that_does_not_look_makes_neither_notes_nor_baselines_untrue() {
    let repository = repository();
    repository.write(
        "c.yaml",
        &subnet("c", "cidrBlock: 10.9.0.0/24, vips: [x]").replace("]}", "]} # vpcguard: allow subnet-syntax y"),
    );
    let (code, out, _) = repository.check(&["--ignore", "subnet-syntax", "c.yaml"]);
    assert_eq!(code, 0);
    assert!(!out.contains("allows nothing"), "{out}");
    assert_eq!(repository.check(&["--write-baseline", "b.json", "m"]).0, 0);
    let (code, out, _) = repository.check(&["--baseline", "b.json", "--ignore", "subnet-syntax", "m"]);
    assert_eq!(code, 0);
    assert!(!out.contains("no longer occurs"), "{out}");
}

#[test]
fn all_rules_are_set_by_a_star() {
    let repository = repository();
    repository.write("s.yaml", "rules: {\"*\": off, subnet-hygiene: warn}\n");
    let (code, out, _) = repository.check(&["--settings", "s.yaml", "--format=json", "m"]);
    assert_eq!(code, 0);
    assert!(rules(&out).iter().all(|rule| rule == "subnet-hygiene"), "{out}");
}

#[test]
fn who_wants_quiet_hears_only_what_is_wrong() {
    let repository = repository();
    let (code, out, _) = repository.check(&["--quiet", "--select", "subnet-syntax", "m"]);
    assert_eq!(code, 1);
    assert!(out.starts_with("error[subnet-syntax]") && !out.contains("objects in"), "{out}");
    assert_eq!(repository.check(&["-q", "--select", "vpc-peering", "m"]), (0, String::new(), String::new()));
}

#[test]
fn colours_come_when_they_are_asked_for() {
    let repository = repository();
    assert!(repository.check(&["--color", "always", "m"]).1.contains('\u{1b}'));
    assert!(!repository.check(&["--color", "never", "m"]).1.contains('\u{1b}'));
    assert!(!repository.check(&["m"]).1.contains('\u{1b}'));
    assert_eq!(repository.check(&["--color", "sometimes", "m"]).0, 2);
}

#[test]
fn a_diff_shows_what_would_be_fixed_and_writes_nothing() {
    let repository = repository();
    let before = repository.read("m/b.yaml");
    let (code, out, err) = repository.check(&["--fix", "--diff", "m"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let line = before.lines().last().unwrap();
    let fixed = line.replace("10.1.0.5", "10.1.0.0");
    assert!(out.starts_with("--- m/b.yaml\n+++ m/b.yaml\n@@ -1,4 +1,4 @@\n"), "{out}");
    assert!(out.ends_with(&format!("-{line}\n+{fixed}\n")), "{out}");
    assert_eq!(repository.read("m/b.yaml"), before);
    assert_eq!(repository.check(&["--fix", "m"]).0, 1);
    assert_eq!(repository.check(&["--fix", "--diff", "m"]), (0, String::new(), String::new()));
    repository.write("m/c.yaml", "a: [");
    let (code, out, err) = repository.check(&["--fix", "--diff", "m"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: m/c.yaml:1:4: "), "{err}");
    for args in [["--diff", "m", "m"], ["--fix", "--diff", "--format=json"], ["--fix", "--diff", "--write-baseline=b"]]
    {
        assert_eq!(repository.check(&[args[0], args[1], args[2], "m"]).0, 2, "{args:?}");
    }
}

#[test]
fn the_help_ends_in_exit_codes_and_examples() {
    let repository = repository();
    for flag in ["-h", "--help"] {
        let (code, out, _) = repository.check(&[flag]);
        assert_eq!(code, 0);
        assert!(out.contains("\nExit codes:\n  0  ") && out.contains("\nExamples:\n  vpcguard check "), "{out}");
    }
}
