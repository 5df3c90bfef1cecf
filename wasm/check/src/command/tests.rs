mod clusters;
mod inputs;

use serde_json::{Value, json};

use super::*;

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn subnet(name: &str, fields: &str) -> String {
    format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{{fields}}}\n")
}

/// One denial.
const BAD: &str = "cidrBlock: 10.0.0.0/24, vips: [x]";

fn run(command: Command, files: &[Source]) -> Done {
    command.run(&Inputs { files, ..Inputs::default() })
}

fn notes(done: &Done) -> Vec<&str> {
    done.output.lines().filter_map(|line| line.strip_prefix("note: ")).collect()
}

#[test]
fn an_exit_code_says_what_was_found() {
    let code = |command, text: &str| run(command, &[source("a.yaml", text)]).exit_code;
    let strict = Command { fail_on_warning: true, ..Command::default() };
    let warned = subnet("a", "cidrBlock: 10.0.0.5/24");
    assert_eq!(code(strict, &subnet("a", "cidrBlock: 10.0.0.0/24")), 0);
    assert_eq!(code(strict, &subnet("a", BAD)), 1);
    assert_eq!(code(strict, &format!("{}---\na: [", subnet("a", BAD))), 2);
    assert_eq!(code(strict, &warned), 3);
    assert_eq!(code(Command::default(), &warned), 0);
}

#[test]
fn bad_settings_and_baselines_are_complaints() {
    let files = [source("a.yaml", &subnet("a", BAD))];
    let (settings, baseline) = (source("s.yaml", "rules: {zzz: off}"), source("b.json", "{}"));
    let inputs = |inputs: Inputs<'_>| {
        let done = Command::default().run(&inputs);
        assert_eq!((done.exit_code, &*done.output), (2, ""));
        done.complaints.join("\n")
    };
    let plain = Inputs { files: &files, ..Inputs::default() };
    assert!(inputs(Inputs { settings: Some(&settings), ..plain }).starts_with("s.yaml:1:9: rules.zzz: unknown rule"));
    assert!(inputs(Inputs { baseline: Some(&baseline), ..plain }).starts_with("b.json:1:1: not a baseline"));
}

#[test]
fn a_state_that_cannot_all_be_read_is_a_complaint_and_used() {
    let files = [source("a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/24"))];
    let state = [
        source("s.yaml", &format!("a: [\n---\n{}", subnet("b", "cidrBlock: 10.0.0.0/16"))),
        source("t.yaml", "apiVersion: {{ .Values.a }}\n"),
        source("kustomization.yaml", "resources: [a.yaml]\n"),
    ];
    let inputs = Inputs { files: &files, state: &state, ..Inputs::default() };
    let done = Command::default().run(&inputs);
    let rules: Vec<_> = done.report.findings().iter().map(|located| located.finding.rule()).collect();
    assert_eq!((done.exit_code, rules), (2, vec!["subnet-cidr-overlap"]));
    assert_eq!(
        done.complaints,
        [
            "s.yaml:1:4: this bracket is not closed: add the closing one",
            "t.yaml:1:13: a Helm template, not YAML: render it first (helm template CHART | vpcguard check -)",
        ]
    );
    let left_out = "of --state, 1 document is not a Kubernetes object and was left out: kustomization.yaml";
    assert_eq!(notes(&done), [left_out]);
    let written = Command { write_baseline: true, ..Command::default() }.run(&inputs);
    assert_eq!((written.exit_code, written.baseline, written.complaints.len()), (2, None, 3));
}

#[test]
fn what_a_baseline_has_is_not_reported() {
    let files = [source("a.yaml", &subnet("a", BAD))];
    let writing = Command { write_baseline: true, ..Command::default() };
    let written = run(writing, &files);
    assert_eq!((written.exit_code, notes(&written)), (0, vec!["1 finding is in the baseline"]));
    let baseline = source("b.json", &written.baseline.unwrap());
    let check = |text: &str| {
        let files = [source("a.yaml", text)];
        Command::default().run(&Inputs { files: &files, baseline: Some(&baseline), ..Inputs::default() })
    };
    let known = check(&format!("# moved\n\n{}", subnet("a", BAD)));
    assert_eq!((known.exit_code, known.report.findings().len()), (0, 0));
    assert_eq!(notes(&known), ["1 finding is not listed, for it was in b.json"]);
    let worse = check(&subnet("a", "cidrBlock: 10.0.0.0/24, vips: [x, z]"));
    assert_eq!((worse.exit_code, worse.report.findings().len()), (1, 1));
    let better = check(&subnet("a", "cidrBlock: 10.0.0.0/24"));
    let said = "b.json lists what no longer occurs: subnet-syntax at spec.vips[] of Subnet \"a\"";
    assert_eq!((better.exit_code, notes(&better)), (0, vec![said]));
    assert_eq!(notes(&check("a: [")), Vec::<&str>::new());
}

#[test]
fn no_baseline_is_written_of_what_could_not_all_be_read() {
    let writing = Command { write_baseline: true, ..Command::default() };
    let done = run(writing, &[source("a.yaml", &format!("{}---\na: [", subnet("a", BAD)))]);
    assert_eq!((done.exit_code, done.baseline), (2, None));
    assert_eq!(done.complaints, ["no baseline is written, because not everything could be read"]);
}

#[test]
fn only_what_a_change_makes_worse_is_reported() {
    let before = [source("old/a.yaml", &subnet("a", BAD))];
    let compared = |text: &str| {
        let files = [source("new/b.yaml", text)];
        Command::default().run(&Inputs { files: &files, before: Some(&before), ..Inputs::default() })
    };
    let same = compared(&subnet("a", BAD));
    assert_eq!(
        (same.exit_code, notes(&same)),
        (0, vec!["1 finding is not listed, for it was before the change already"])
    );
    let worse = compared(&format!("{}---\n{}", subnet("a", BAD), subnet("b", BAD)));
    let objects: Vec<_> = worse.report.findings().iter().map(|located| located.object.name.as_str()).collect();
    assert_eq!((worse.exit_code, objects), (1, vec!["b"]));
    let unreadable = [source("old/a.yaml", "a: [")];
    let files = [source("a.yaml", &subnet("a", BAD))];
    let done = Command::default().run(&Inputs { files: &files, before: Some(&unreadable), ..Inputs::default() });
    assert_eq!(done.exit_code, 1);
    assert!(notes(&done)[0].starts_with("of the state before the change, this is not known: old/a.yaml:"));
}

#[test]
fn a_comment_excuses_as_the_annotation_does() {
    let strict = Command { fail_on_warning: true, ..Command::default() };
    let done =
        run(strict, &[source("a.yaml", &format!("# vpcguard: allow subnet-syntax next week\n{}", subnet("a", BAD)))]);
    assert_eq!((done.exit_code, done.report.summary().warned), (0, 1));
    let json: Value = serde_json::from_str(&done.report.to_json()).unwrap();
    assert_eq!((&json["findings"][0]["action"], &json["findings"][0]["spared"]), (&json!("warn"), &json!(true)));
    // What is excused counts as admitted: the next version of the object is an update of it.
    let next = subnet("a", &format!("{BAD}, gateway: 10.0.0.9"));
    let both = format!("# vpcguard: allow subnet-syntax next week\n{}---\n{next}", subnet("a", BAD));
    let done = run(strict, &[source("a.yaml", &both)]);
    assert_eq!((done.report.summary().denied, done.exit_code), (0, 3));
}

#[test]
fn a_comment_excuses_one_rule_in_one_line() {
    let text = "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: a}\nspec:\n  cidrBlock: 10.0.0.0/24\n  vips:\n  \
                - x # vpcguard: allow subnet-syntax an example\n  - z\n  # vpcguard: allow subnet-hygiene another rule\n  mtu: 1400\n";
    let done = run(Command::default(), &[source("a.yaml", text)]);
    let lines: Vec<_> = done.report.findings().iter().filter(|located| located.is_denial()).collect();
    assert_eq!(lines.len(), 1, "{}", done.output);
    assert_eq!(lines[0].finding.value(), Some("\"z\""));
    assert_eq!(notes(&done), ["a.yaml:9:3: this comment allows nothing: subnet-hygiene finds nothing there"]);
    let wrong = run(Command::default(), &[source("a.yaml", &text.replace("an example", ""))]);
    assert_eq!(wrong.exit_code, 2);
    assert!(wrong.output.contains("the reason is missing"), "{}", wrong.output);
}

#[test]
fn files_are_mended_before_they_are_checked() {
    let fixing = Command { fix: true, fail_on_warning: true, ..Command::default() };
    let (bad, good) =
        (subnet("a", "cidrBlock: '10.0.0.5/24, fd00::/64'"), subnet("a", "cidrBlock: '10.0.0.0/24,fd00::/64'"));
    let done =
        run(fixing, &[source("a.yaml", &bad), source("b.yaml", &subnet("b", "cidrBlock: 10.1.0.0/24, vips: [x]"))]);
    assert_eq!(done.fixed, [source("a.yaml", &good)]);
    assert_eq!((done.exit_code, done.report.findings().len()), (1, 1));
    assert_eq!(
        notes(&done),
        ["a.yaml:4:19: spec.cidrBlock: '10.0.0.5/24, fd00::/64' is fixed to '10.0.0.0/24,fd00::/64'"]
    );
    let refused = run(fixing, &[source(STDIN, &bad)]);
    assert_eq!(refused.exit_code, 2);
    assert_eq!(refused.complaints, ["--fix cannot fix standard input (-); name the file"]);
}

#[test]
fn a_cluster_that_does_not_answer_is_a_complaint() {
    let done = Command::default().run_beside(&Inputs::default(), |_, _| Err("no answer".to_owned()));
    assert_eq!((done.exit_code, done.complaints), (2, vec!["no answer".to_owned()]));
}

#[test]
fn notes_are_for_people_only() {
    let files =
        [source("a.yaml", &format!("# vpcguard: allow subnet-syntax x\n{}", subnet("a", "cidrBlock: 10.0.0.0/24")))];
    for format in Format::ALL {
        let done = run(Command { format, ..Command::default() }, &files);
        assert_eq!(done.output.contains("allows nothing"), format == Format::Human, "{format}");
    }
}

/// So many denials.
fn bad(count: usize) -> String {
    let vips: Vec<_> = (0..count).map(|at| format!("x{at}")).collect();
    subnet("a", &format!("cidrBlock: 10.0.0.0/24, vips: [{}]", vips.join(", ")))
}

#[test]
fn what_is_known_hides_no_denial_that_is_not_listed() {
    let writing = Command { write_baseline: true, ..Command::default() };
    let written = run(writing, &[source("a.yaml", &bad(25))]);
    assert_eq!((written.exit_code, notes(&written)), (0, vec!["25 findings are in the baseline"]));
    let baseline = source("b.json", &written.baseline.unwrap());
    let before = [source("old/a.yaml", &bad(25))];
    for known in [
        Inputs { baseline: Some(&baseline), ..Inputs::default() },
        Inputs { before: Some(&before), ..Inputs::default() },
    ] {
        let counts = |count: usize| {
            let files = [source("a.yaml", &bad(count))];
            let done = Command::default().run(&Inputs { files: &files, ..known });
            (done.exit_code, done.report.findings().len(), done.report.omitted())
        };
        assert_eq!(counts(25), (0, 0, 0));
        assert_eq!(counts(26), (1, 1, 0));
        assert_eq!(counts(50), (1, 20, 5));
    }
}

#[test]
fn a_comment_hides_no_denial_that_is_not_listed() {
    let vpc = |policy: &str| {
        let routes: Vec<_> = (0..25).map(|at| format!("{{cidr: x{at}, nextHopIP: 10.0.0.1}}")).collect();
        let spec = format!("{{staticRoutes: [{}], policyRoutes: [{policy}]}}", routes.join(", "));
        let text = format!("apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {{name: v}}\nspec: {spec}\n");
        run(
            Command::default(),
            &[source("a.yaml", &format!("# vpcguard: allow static-route-syntax next week\n{text}"))],
        )
    };
    let excused = vpc("");
    let listed = excused.report.findings().iter().filter(|located| located.finding.is_suppressed_by_caller());
    assert_eq!((excused.exit_code, listed.count()), (0, 20));
    assert!(excused.report.omitted() >= 5);
    let denied = vpc("{action: jump, match: ip4, priority: 5}");
    let denials: Vec<_> = denied.report.findings().iter().filter(|located| located.is_denial()).collect();
    assert_eq!((denied.exit_code, denials.len()), (1, 1));
    assert_eq!(denials[0].finding.rule(), "policy-route-syntax");
}

#[test]
fn what_is_not_an_object_is_noted_or_with_strict_files_an_error() {
    let chart = source("Chart.yaml", "apiVersion: v2\nname: c\n");
    let values = source("values.yaml", "a: 1\n---\nb: 2\n");
    let vpc = source("vpc.yaml", "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: v}\n");
    let files = [chart, values, vpc];
    let inputs = Inputs { files: &files, ..Inputs::default() };
    let done = Command::default().run(&inputs);
    assert_eq!(done.exit_code, 0, "{}", done.output);
    let note = "3 documents are not Kubernetes objects and were left out: Chart.yaml, values.yaml";
    assert_eq!(done.report.notes(), [note]);
    let strict = Command { strict_files: true, ..Command::default() }.run(&inputs);
    assert_eq!((strict.exit_code, strict.report.errors().len()), (2, 3));
}

#[test]
fn nothing_checked_is_not_green() {
    let files = [source("values.yaml", "a: 1\n")];
    for files in [&files[..], &[]] {
        let inputs = Inputs { files, ..Inputs::default() };
        let done = Command::default().run(&inputs);
        assert_eq!((done.exit_code, done.complaints.len()), (2, 1));
        assert!(done.complaints[0].starts_with("nothing was checked"), "{:?}", done.complaints);
        assert_eq!(Command { allow_empty: true, ..Command::default() }.run(&inputs).exit_code, 0);
    }
}

#[test]
fn what_other_rules_inject_is_not_listed_but_done() {
    let vpc = "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: a, labels: {vpcguard.io/vpc-lb: 'on'}}\n";
    let files = [source("a.yaml", vpc)];
    let rules = |select: &[&str], ignore: &[&str]| {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let (select, ignore) = (ids(select), ids(ignore));
        let inputs = Inputs { files: &files, select: &select, ignore: &ignore, ..Inputs::default() };
        let report = Command::default().run(&inputs).report;
        let injected = report.mutations().iter().map(|mutation| mutation.injection.rule);
        injected.chain(report.findings().iter().map(|located| located.finding.rule())).collect::<Vec<_>>()
    };
    assert!(rules(&[], &[]).contains(&"inject-vpc-lb"));
    assert_eq!(rules(&["inject-vpc-lb"], &[]), ["inject-vpc-lb"]);
    assert!(!rules(&[], &["inject-vpc-lb"]).contains(&"inject-vpc-lb"));
    // The rule is about a Vpc with a load balancer, which this is by the injection.
    assert_eq!(rules(&["vpc-lb-prerequisites"], &[]).first(), Some(&"vpc-lb-prerequisites"));
}

#[test]
fn a_diff_is_shown_and_nothing_is_written() {
    let command = Command { fix: true, diff: true, ..Command::default() };
    let odd = source("a.yaml", &subnet("a", "cidrBlock: 10.0.0.5/24"));
    let done = run(command, std::slice::from_ref(&odd));
    assert_eq!((done.exit_code, done.fixed.len(), done.complaints.len()), (1, 0, 0));
    assert!(
        done.output.ends_with("-spec: {cidrBlock: 10.0.0.5/24}\n+spec: {cidrBlock: 10.0.0.0/24}\n"),
        "{}",
        done.output
    );
    // Nothing is fixed of what comes from a pipe, but it can be shown.
    let piped = Source { name: STDIN.to_owned(), ..odd };
    assert!(run(command, &[piped]).output.starts_with("--- <stdin>\n"));
    let done = run(command, &[source("a.yaml", "a: [")]);
    assert_eq!((done.exit_code, done.complaints.len()), (2, 1));
    assert_eq!(run(command, &[]).complaints, [NOTHING]);
    assert_eq!(run(Command { allow_empty: true, ..command }, &[]).exit_code, 0);
}

#[test]
fn what_is_refused_as_a_whole_has_no_further_reports() {
    let files = [source("a.yaml", &subnet("a", BAD))];
    let done = run(Command::default(), &files);
    assert!(done.also(Format::Json).is_some_and(|report| report.contains("subnet-syntax")));
    let unknown = ["x".to_owned()];
    let done = Command::default().run(&Inputs { files: &files, ignore: &unknown, ..Inputs::default() });
    assert_eq!((done.also(Format::Json), done.is_refused), (None, true));
}

fn vpc(name: &str) -> String {
    format!("apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {{name: {name}}}\nspec: {{}}\n")
}

/// What Kube-OVN made for itself may not be deleted; anything else may, here.
#[test]
fn what_a_change_takes_away_is_judged_as_deleted() {
    let before = [source("old/a.yaml", &format!("{}---\n{}", vpc("ovn-cluster"), vpc("b")))];
    let compared = |files: &[Source], deleted: &[Source]| {
        let inputs = Inputs { files, before: Some(&before), deleted, ..Inputs::default() };
        let done = Command::default().run(&inputs);
        let places = done.report.findings().iter().filter_map(|located| {
            let place = located.place.as_ref()?;
            Some(format!("{} {}:{}", located.object.name, place.file, place.span?.start.line))
        });
        (done.exit_code, places.collect::<Vec<_>>(), done.report.summary())
    };
    let found = vec!["ovn-cluster old/a.yaml:3".to_owned()];
    let (code, places, summary) = compared(&[source("b.yaml", &vpc("b"))], &[]);
    assert_eq!((code, &places, summary.objects, summary.deleted), (1, &found, 1, 1));
    // In another file it is the same object.
    let (code, places, summary) = compared(&[source("c.yaml", &vpc("b")), source("d.yaml", &vpc("ovn-cluster"))], &[]);
    assert_eq!((code, places, summary.objects, summary.deleted), (0, vec![], 2, 0));
    // Nothing is left.
    let (code, places, summary) = compared(&[], &[]);
    assert_eq!((code, places, summary.objects, summary.deleted), (1, found, 0, 2));
    // What cannot be read may be what is missing.
    let (code, places, _) = compared(&[source("b.yaml", "a: [")], &[]);
    assert_eq!((code, places), (2, vec![]));
}

#[test]
fn what_is_named_as_deleted_is_judged_once() {
    let deleted = [source("x.yaml", &vpc("ovn-cluster")), source("y.yaml", &vpc("ovn-cluster"))];
    let files = [source("a.yaml", &vpc("a"))];
    let done = Command::default().run(&Inputs { files: &files, deleted: &deleted, ..Inputs::default() });
    let files: Vec<_> =
        done.report.findings().iter().map(|found| found.place.as_ref().unwrap().file.as_str()).collect();
    assert_eq!((done.exit_code, files), (1, vec!["y.yaml"]));
    assert!(done.output.contains("1 object in 1 file, 1 deletion: 1 denied, 0 warned\n"), "{}", done.output);
    let unreadable = [source("x.yaml", "a: [")];
    let files = [source("a.yaml", &vpc("a"))];
    let done = Command::default().run(&Inputs { files: &files, deleted: &unreadable, ..Inputs::default() });
    assert_eq!((done.exit_code, done.complaints.len()), (2, 1));
}

#[test]
fn what_goes_is_judged_in_its_own_cluster() {
    let clusters = ["one/**=one".to_owned(), "two/**=two".to_owned()];
    let before = [source("old/one/a.yaml", &vpc("ovn-cluster")), source("old/two/a.yaml", &vpc("ovn-cluster"))];
    let files = [source("new/one/a.yaml", &vpc("ovn-cluster"))];
    let paths = ["new".to_owned()];
    let places = Places { directory: "/", paths: &paths, compare_to: Some("old"), config_root: None };
    let clusters: Vec<_> = clusters.iter().map(|glob| format!("new/{glob}")).collect();
    let inputs = Inputs { files: &files, before: Some(&before), cluster_of: &clusters, places, ..Inputs::default() };
    let done = Command::default().run(&inputs);
    let found: Vec<_> = done.report.findings().iter().map(|found| found.cluster.as_deref()).collect();
    assert_eq!((done.exit_code, found), (1, vec![Some("two")]), "{}", done.output);
}
