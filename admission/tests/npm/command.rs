//! `vpcguard-check` beside `vpcguard check`: the same output and exit code for the same arguments.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::package::{folder, root};

/// Both commands, with the same arguments and standard input, in a folder.
pub(crate) fn both(package: &Path, arguments: &[&str], stdin: &str, at: &Path) -> [Output; 2] {
    let mut native = Command::new(env!("CARGO_BIN_EXE_vpcguard"));
    native.arg("check");
    let mut node = Command::new("node");
    node.arg(package.join("bin/vpcguard-check.js"));
    [native, node].map(|mut command| {
        command.args(arguments).current_dir(at).env_remove("CLICOLOR_FORCE");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    })
}

/// What both say: output, complaints, exit code.
pub(crate) fn said(output: &Output) -> (String, String, Option<i32>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let stdout = text(&output.stdout).replace(r#""name": "vpcguard-js","#, r#""name": "vpcguard","#);
    (stdout, text(&output.stderr), output.status.code())
}

#[test]
fn both_commands_say_the_same() {
    let Some(package) = folder() else { return };
    let examples = root().join("examples");
    let stdin = fs::read_to_string(examples.join("broken/subnet-overlap.yaml")).unwrap();
    let calls: &[(&[&str], i32)] = &[
        (&["guide-fixed"], 0),
        (&["--state", "two-tenants", "broken"], 1),
        (&["--state", "two-tenants", "broken", "--format", "sarif"], 1),
        (&["--state", "two-tenants", "broken", "--format=junit"], 1),
        (&["--state", "two-tenants", "broken", "--format", "github"], 1),
        (&["--state", "two-tenants", "broken", "--format", "gitlab"], 1),
        (&["--state", "two-tenants", "--format", "json", "-"], 1),
        (&["broken/subnet-*.yaml", "./two-tenants/", "**/vpc-[!a-c]*.yaml"], 1),
        (&["--compare-to", "broken", "--state", "two-tenants", "broken"], 0),
        (&["two-tenants", "missing.yaml"], 2),
        (&["none-*.yaml"], 2),
        (&["two-tenants", "[a"], 2),
        (&["--settings", "broken/subnet-overlap.yaml", "two-tenants"], 2),
        (&["--state", "missing", "two-tenants"], 2),
        (&["-", "--state", "-"], 2),
        (&["--fix", "-"], 2),
        (&["--quiet", "--state", "two-tenants", "broken"], 1),
        (&["-q", "guide-fixed"], 0),
        (
            &[
                "--state",
                "two-tenants",
                "broken",
                "--select",
                "subnet-syntax,pod-vpc-namespace",
                "--ignore=subnet-syntax",
            ],
            1,
        ),
        (&["--select", "vpc-peering", "broken"], 0),
        (&["--select=inject-vpc-lb", "two-tenants"], 0),
        (&["--select", "subnet-sintax,x", "--ignore", "y", "broken"], 2),
        (&["--color", "always", "broken/subnet-overlap.yaml", "two-tenants"], 1),
        (&["--color=never", "guide-fixed"], 0),
        (&["--format", "json", "--format", "sarif", "broken"], 2),
        (&["--format", "json=x", "--output", "x", "broken"], 2),
        (&["--format=json=-", "--output=-", "guide-fixed"], 0),
        (&["--fix", "--diff", "broken"], 1),
        (&["--fix", "--diff", "two-tenants"], 0),
        (&["--fix", "--diff", "-"], 0),
    ];
    for (arguments, code) in calls {
        let [native, node] = both(&package, arguments, &stdin, &examples);
        assert_eq!(said(&node), said(&native), "{arguments:?}");
        assert_eq!(node.status.code(), Some(*code), "{arguments:?}: {}", String::from_utf8_lossy(&node.stdout));
    }
}

#[test]
fn both_commands_read_the_same_configuration() {
    let Some(package) = folder() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let at = temporary.path();
    let subnet = |name: &str, cidr: &str| {
        format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{cidrBlock: {cidr}}}\n")
    };
    let config = "settings: s/values.yaml\nclusters:\n  staging: [envs/staging]\n  prod: ['envs/[p-q]rod/**', none/x]\n\
                  exclude: []\nfailOn: warning\n";
    for (name, text) in [
        ("repo/.vpcguard.yaml", config),
        ("repo/s/values.yaml", "replicas: 1\nsettings: {rules: {subnet-hygiene: warn}}\n"),
        ("repo/s/wrong.yaml", "replicas: 1\nsettings: {rules: {subnet-hygieny: warn}}\n"),
        ("repo/wrong.yaml", "cluster: {}\nexclude: x\nclusters: {'': [a], b: ['***']}\nfailOn: [warning]\n"),
        ("repo/json.yaml", "format: json\nsettings: {rules: {subnet-syntax: warn}}\n"),
        ("repo/envs/prod/a.yaml", &subnet("a", "10.0.0.0/16")),
        ("repo/envs/staging/a.yaml", &subnet("a", "10.1.0.0/33")),
        ("repo/envs/staging/b.yaml", &subnet("b", "10.0.1.0/24")),
        ("before/prod/a.yaml", &subnet("a", "10.0.0.0/33")),
        ("tree/.git", "gitdir: x\n"),
        ("tree/a/b.yaml", &subnet("b", "10.0.1.0/24")),
        (".vpcguard.yaml", "format: gitlab\n"),
    ] {
        let path = at.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // A configuration above the working directory counts in a work tree alone.
    let git =
        std::process::Command::new("git").args(["init", "--quiet"]).current_dir(at.join("repo")).status().unwrap();
    assert!(git.success());
    let calls: &[(&str, &[&str], i32)] = &[
        ("repo", &["."], 1),
        ("repo", &[".", "--format", "json"], 1),
        ("repo", &[".", "--format", "sarif"], 1),
        ("repo/envs", &[".", "--compare-to", "../../before"], 1),
        ("repo/envs", &["staging", "--state", "prod", "--settings", "../s/values.yaml"], 1),
        ("repo", &["--no-config", "envs"], 1),
        ("repo", &["--no-config", "envs", "--format", "junit"], 1),
        (
            "repo",
            &["--no-config", "--cluster-of", "envs/prod=prod", "--cluster-of=none=none", "envs", "--format", "github"],
            1,
        ),
        ("repo", &["--config", "json.yaml", "envs"], 0),
        ("repo/envs", &["--config", "../json.yaml", "--config-root=/", "--format=human", "."], 0),
        ("repo", &["--config", "wrong.yaml", "envs"], 2),
        ("repo", &["--config", "missing.yaml", "envs"], 2),
        ("repo", &["--cluster-of", "envs", "envs"], 2),
        ("repo", &["--settings", "s/wrong.yaml", "envs"], 2),
        ("repo", &["--config", "-", "-"], 2),
        ("tree/a", &["."], 0),
        ("before", &["."], 1),
    ];
    for (folder, arguments, code) in calls {
        let [native, node] = both(&package, arguments, "", &at.join(folder));
        assert_eq!(said(&node), said(&native), "{arguments:?}");
        assert_eq!(node.status.code(), Some(*code), "{arguments:?}: {}", String::from_utf8_lossy(&node.stdout));
    }
}

#[test]
fn both_find_kinds_and_exceptions_that_there_are_not_and_name_templates() {
    let Some(package) = folder() else { return };
    let stdin = "---\n# Source: net/templates/a.yaml\napiVersion: kubeovn.io/v1\nkind: SubNet\nmetadata: {name: a}\n\
                 ---\n# Source: net/templates/b.yaml\napiVersion: kubeovn.io/v1\nkind: Subnet # vpcguard allow subnet-syntax\n\
                 metadata: {name: b, annotations: {vpcguard.io/allow: zzz}}\nspec: {cidrBlock: 10.0.0.0/24}\n\
                 ---\napiVersion: kubeovn.io/v1\nkind: QoSPolicy\nmetadata: {name: q}\n";
    for format in ["human", "json", "sarif", "junit", "github", "gitlab"] {
        let [native, node] = both(&package, &["--fail-on", "warning", "--format", format, "-"], stdin, &root());
        assert_eq!(said(&node), said(&native), "{format}");
        let (output, _, code) = said(&native);
        assert_eq!(code, Some(3), "{output}");
        for named in ["unknown-kind", "allow-annotation", "net/templates/a.yaml", "net/templates/b.yaml"] {
            assert!(output.contains(named), "{format}: {named}");
        }
    }
}

#[test]
fn wrong_usage_ends_with_2_in_both() {
    let Some(package) = folder() else { return };
    let calls: &[&[&str]] = &[
        &[],
        &["--format", "xml", "."],
        &["--fail-on", "error", "."],
        &["--colour", "."],
        &["--baseline", "a", "--write-baseline", "b", "."],
        &["--fix=yes", "."],
        &["--diff", "."],
        &["--diff", "--fix", "--format", "json", "."],
        &["--diff", "--fix", "--write-baseline", "a", "."],
        &["--color", "blue", "."],
        &["--format", "json=", "."],
        &["--format", "xml=a", "."],
        &["--config", "a", "--no-config", "."],
    ];
    for arguments in calls {
        for output in both(&package, arguments, "", &root()) {
            assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{arguments:?}");
            assert!(output.stderr.starts_with(b"error: "), "{arguments:?}: {output:?}");
        }
    }
}

#[test]
fn both_write_the_same_files() {
    let Some(package) = folder() else { return };
    let manifest = fs::read_to_string(root().join("examples/broken/subnet-overlap.yaml")).unwrap();
    let mendable = manifest.replace("10.0.2.128/25", "10.0.2.129/25");
    assert_ne!(mendable, manifest);
    let mut written = Vec::new();
    for which in [0, 1] {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        fs::write(folder.join("a.yaml"), &mendable).unwrap();
        // The other program works on a copy that nobody looks at.
        let aside = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            fs::write(aside.path().join("a.yaml"), &mendable).unwrap();
            let at = if which == 0 { [folder, aside.path()] } else { [aside.path(), folder] };
            let native =
                Command::new(env!("CARGO_BIN_EXE_vpcguard")).arg("check").args(arguments).current_dir(at[0]).output();
            let mut node = Command::new("node");
            let node = node.arg(package.join("bin/vpcguard-check.js")).args(arguments).current_dir(at[1]).output();
            said([native, node][which].as_ref().unwrap())
        };
        let baseline = run(&["--write-baseline", "known.json", "a.yaml"]);
        let known = run(&["--baseline", "known.json", "a.yaml"]);
        let diff = run(&["--fix", "--diff", "--output", "a.diff", "a.yaml"]);
        let fixed = run(&["--fix", "--format", "sarif=a.sarif", "--format=github", "a.yaml"]);
        let mut unwritable = run(&["--format", "json=none/a", "a.yaml"]);
        // Natively it is said besides which file was tried in its place.
        unwritable.1 = unwritable.1.split(" at path ").next().unwrap().trim_end().to_owned();
        let files = ["known.json", "a.yaml", "a.diff", "a.sarif"];
        let files = files.map(|name| fs::read_to_string(folder.join(name)).unwrap().replace("vpcguard-js", "vpcguard"));
        assert_eq!(fs::read_dir(folder).unwrap().count(), 4);
        written.push((baseline, known, diff, fixed, unwritable, files));
    }
    assert_eq!(written[0], written[1]);
    let (files, (_, complaints, code)) = (&written[0].5, &written[0].4);
    assert!(!files[1].contains("10.0.2.129"), "{}", files[1]);
    assert!(files[2].starts_with("--- a.yaml\n+++ a.yaml\n@@ "), "{}", files[2]);
    assert!(complaints.starts_with("error: none/a: ") && *code == Some(2), "{complaints}");
}
