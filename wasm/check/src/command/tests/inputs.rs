//! What is read twice, is to be written, or cannot be read.

use super::*;

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_file_with_two_names_is_judged_once_in_each_cluster() {
    let text = subnet("a", "cidrBlock: 10.0.0.0/24");
    let files = ["p/a.yaml", "s/a.yaml", "b.yaml"].map(|name| source(name, &text.replace("name: a", "name: x")));
    let same = [owned(&["p/a.yaml", "s/a.yaml"])];
    let run = |cluster_of: &[&str]| {
        let cluster_of = owned(cluster_of);
        let inputs =
            Inputs { files: &files[..2], state: &files, same: &same, cluster_of: &cluster_of, ..Inputs::default() };
        let done = Command::default().run(&inputs);
        let files: Vec<_> = done.report.objects().iter().map(|seen| seen.file.clone().unwrap()).collect();
        (files.join(" "), done.report.summary().files)
    };
    assert_eq!(run(&[]), ("p/a.yaml".to_owned(), 1));
    assert_eq!(run(&["p=p", "s=s"]), ("p/a.yaml s/a.yaml".to_owned(), 2));
    assert_eq!(run(&["**=all"]), ("p/a.yaml".to_owned(), 1));
}

#[test]
fn a_file_that_is_to_be_written_is_no_object() {
    let object = subnet("a", "cidrBlock: 10.0.0.0/24");
    let files = [source("a.yaml", &object), source("r.json", "[]"), source("values.yaml", "a: 1\n")];
    let state = [source("s.json", r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}"#)];
    let run = |name: &str| {
        let overwritten = [(name.to_owned(), format!("--output {name}"))];
        let inputs = Inputs { files: &files, state: &state, overwritten: &overwritten, ..Inputs::default() };
        let done = Command::default().run(&inputs);
        assert_eq!(done.is_refused, !done.complaints.is_empty());
        done.complaints.join("\n")
    };
    for name in ["a.yaml", "values.yaml", "s.json"] {
        let wanted = format!("--output {name}: {name} is read here, and would be overwritten: name another file");
        assert_eq!(run(name), wanted);
    }
    // The report of an earlier run lies where it was written.
    assert_eq!(run("r.json"), "");
}

#[test]
fn what_cannot_be_read_keeps_a_baseline_from_being_written_and_is_no_change() {
    let files = [source("a.yaml", &subnet("a", BAD))];
    let problems = owned(&["b.yaml: Permission denied"]);
    let inputs = Inputs { files: &files, problems: &problems, ..Inputs::default() };
    let done = Command { write_baseline: true, ..Command::default() }.run(&inputs);
    let complaints = ["b.yaml: Permission denied", "no baseline is written, because not everything could be read"];
    assert_eq!((done.exit_code, done.baseline, done.complaints), (2, None, owned(&complaints)));
    // Nothing is said to be in it either.
    assert!(done.output.contains("subnet-syntax") && !done.output.contains("in the baseline"), "{}", done.output);
    let baseline = source(
        "k.json",
        &run(Command { write_baseline: true, ..Command::default() }, &[source("b.yaml", &subnet("b", BAD))])
            .baseline
            .unwrap(),
    );
    let done = Command::default().run(&Inputs { baseline: Some(&baseline), ..inputs });
    assert!(!done.output.contains("no longer occurs"), "{}", done.output);
    let diff = Command { fix: true, diff: true, ..Command::default() }.run(&inputs);
    assert_eq!((diff.exit_code, diff.complaints), (2, problems.clone()));
}

#[test]
fn what_was_left_out_is_said_even_if_nothing_else_is() {
    let files = [source("a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/24")), source("values.yaml", "a: 1\n")];
    let notes = owned(&["c/templates was left\u{1b} out"]);
    let done = Command { quiet: true, ..Command::default() }.run(&Inputs {
        files: &files,
        notes: &notes,
        ..Inputs::default()
    });
    assert_eq!((done.exit_code, done.output.as_str()), (0, "note: c/templates was left\\u{1b} out\n"));
}

#[test]
fn of_several_versions_in_the_state_the_last_counts_and_before_a_clusters_that_of_files() {
    let files = [source("f.yaml", &subnet("f", "cidrBlock: 10.1.0.0/24"))];
    let version = |at: usize| source(&format!("{at}.yaml"), &subnet("a", &format!("cidrBlock: 10.{at}.0.0/16")));
    let (state, same) = ([version(1), version(2)], [version(1), version(1)]);
    let done = Command::default().run(&Inputs { files: &files, state: &state, ..Inputs::default() });
    let said = "of --state, Subnet \"a\" stands in 1.yaml:1:1 and with another content in 2.yaml:1:1: the last counts";
    assert_eq!((done.exit_code, notes(&done)), (0, vec![said]));
    let done = Command::default().run(&Inputs { files: &files, state: &same, ..Inputs::default() });
    assert_eq!((done.exit_code, notes(&done)), (1, vec![]));
    let live = json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "a"},
                      "spec": {"cidrBlock": "10.1.0.0/16"}});
    let beside = |state: &[Source]| {
        let inputs = Inputs { files: &files, state, ..Inputs::default() };
        let done = Command::default().run_beside(&inputs, |_, _| {
            Ok(ClusterState { state: vec![Document::live(live.clone())], ..ClusterState::default() })
        });
        (done.exit_code, notes(&done).iter().map(|note| (*note).to_owned()).collect::<Vec<_>>())
    };
    let cluster = "Subnet \"a\" is in the cluster and in --state: that of --state counts".to_owned();
    assert_eq!(beside(&[]), (1, vec![]));
    assert_eq!(beside(&state[1..]), (0, vec![cluster.clone()]));
    assert_eq!(beside(&state), (0, vec![said.to_owned(), cluster]));
    let many: Vec<_> =
        (0..14).map(|at| source("m.yaml", &subnet(&format!("n{}", at % 7), &format!("mtu: {at}")))).collect();
    let done = Command::default().run(&Inputs { files: &files, state: &many, ..Inputs::default() });
    assert_eq!((notes(&done).len(), *notes(&done).last().unwrap()), (6, "of --state, 2 more such: the last counts"));
}

#[test]
fn what_helm_has_made_and_nobody_can_read_is_found_in_its_template() {
    let stdin = "---\n# Source: c/templates/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: y}\n\
                 ---\n# Source: c/templates/b.yaml\napiVersion: [\n---\n# Source: c/templates/c.yaml\na: 1\n";
    for format in Format::ALL {
        let done = run(Command { format, ..Command::default() }, &[source(STDIN, stdin)]);
        assert_eq!(done.exit_code, 2);
        for named in ["c/templates/a.yaml", "c/templates/b.yaml"] {
            assert!(done.output.contains(named), "{format}: {}", done.output);
        }
        let is_for_people = format == Format::Human;
        assert_eq!(done.output.contains("was left out: c/templates/c.yaml"), is_for_people, "{}", done.output);
    }
    let github = run(Command { format: Format::Github, ..Command::default() }, &[source(STDIN, stdin)]).output;
    let line = "::error file=c/templates/b.yaml,title=cannot be read::this bracket is not closed: add the closing one%0Aat: <stdin>:8:13\n";
    assert!(github.contains(line), "{github}");
    // In a file that is there its own lines are named.
    let github = run(Command { format: Format::Github, ..Command::default() }, &[source("all.yaml", stdin)]).output;
    assert!(github.contains("::error file=all.yaml,line=8,col=13,"), "{github}");
    let inputs = Inputs { state: &[source(STDIN, stdin)], ..Inputs::default() };
    let complaint = "<stdin>:8:13: this bracket is not closed: add the closing one (source: c/templates/b.yaml)";
    assert!(Command::default().run(&inputs).complaints.contains(&complaint.to_owned()));
}
