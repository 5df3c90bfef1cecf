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
fn wrong_usage_is_said_in_the_same_words() {
    let Some(package) = folder() else { return };
    let calls: &[&[&str]] = &[
        &[],
        &["--diff"],
        &["--exclude", "."],
        &["--format", "xml", "."],
        &["--format=JSON", "."],
        &["--format=", "."],
        &["--format", "json=", "."],
        &["--format", "xml=a", "."],
        &["--fail-on", "error", "."],
        &["--fail-on=", "."],
        &["--fail-on", "warnin", "."],
        &["--color", "blue", "."],
        &["--color", "alway", "."],
        &["--colour", "."],
        &["--colr", "always", "."],
        &["--no-confg", "."],
        &["--write-baselin", "x", "."],
        &["--zzzz=3", "."],
        &["-x", "."],
        &["-qx", "."],
        &["--output"],
        &["--output=", "."],
        &["--baseline", "-q", "."],
        &["--settings", "-x", "."],
        &["--settings", "--zzzz", "."],
        &["--fix=yes", "."],
        &["--fix", "--fix", "."],
        &["--quiet", "-q", "."],
        &["--settings", "a", "--settings", "b", "."],
        &["--baseline", "a", "--write-baseline", "b", "."],
        &["--write-baseline", "b", "--diff", "--fix", "--baseline", "c", "."],
        &["--diff", "."],
        &["--diff", "--fix", "--format", "json", "."],
        &["--format", "json", "--diff", "--fix", "."],
        &["--diff", "--fix", "--write-baseline", "a", "."],
        &["--config", "a", "--no-config", "."],
        &["--no-config", "--config", "a", "."],
        &[""],
        // These are no slips of the command line alone.
        &["--cluster-of", "=x", "."],
        &["--exclude", "..", "."],
        &["--exclude", "a*/../b", "."],
        &["--format", "json", "--format", "sarif", "."],
        &["--output", "x", "--write-baseline", "x", "."],
        &["--select", "subnet-sintax", "."],
    ];
    for arguments in calls {
        let [native, node] = both(&package, arguments, "", &root());
        for output in [&native, &node] {
            assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{arguments:?}: {output:?}");
        }
        // Which arguments go together is said natively alone, with the name of the program.
        let said = |output: &Output| {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            text.split("\n\n").filter(|part| !part.starts_with("Usage: ")).collect::<Vec<_>>().join("\n\n")
        };
        assert_eq!(said(&node), said(&native), "{arguments:?}");
        assert!(said(&native).starts_with("error: "), "{arguments:?}");
    }
}

/// A repository with what both commands once read twice, overwrote or left out without a word.
fn odd(at: &Path) {
    let subnet = |name: &str, cidr: &str| {
        format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{cidrBlock: {cidr}}}\n")
    };
    for (name, text) in [
        ("m/a.yaml", subnet("a", "10.0.0.5/24")),
        ("m/old/b.yaml", subnet("b", "10.0.0.0/16")),
        ("s/1.yaml", subnet("s", "10.1.0.0/16")),
        ("s/2.yaml", subnet("s", "10.2.0.0/16")),
        ("settings.yaml", "rules: {}\n".to_owned()),
        (
            "odd.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: y}\n---\n".to_owned()
                + &subnet("o", "10.0.0.0/24").replace("kubeovn", "kube-ovn"),
        ),
        ("c/Chart.yaml", "apiVersion: v2\nname: c\n".to_owned()),
        ("c/templates/t.yaml", "a: {{ b }}\n".to_owned()),
        ("exclude.yaml", "exclude: [./m/old, m/x/../a.yaml]\n".to_owned()),
        ("useless.yaml", "exclude: [..]\n".to_owned()),
    ] {
        let path = at.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.yaml", at.join("m/z.yaml")).unwrap();
}

#[test]
fn both_commands_read_once_and_overwrite_nothing() {
    let Some(package) = folder() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let at = temporary.path();
    odd(at);
    let whole = at.canonicalize().unwrap().join("m/old");
    let read_once: &[(&[&str], i32)] = &[
        (&["m", "m/a.yaml", "./m/a.yaml", "m/../m/z.yaml"], 1),
        (&["--cluster-of", "m/a.yaml=a", "--cluster-of", "m=m", "m"], 1),
        (&["--cluster-of", "m=m", "--cluster-of", "m/old=o", "m"], 1),
        (&["--state", "s", "m/a.yaml"], 0),
        (&["--state", "s", "--state", "./s/2.yaml", "m/a.yaml"], 0),
        (&["--exclude", "./m/old", "m"], 0),
        (&["--exclude", "m/old/", "--exclude", "!./m/old", "m"], 1),
        (&["--exclude", "x/../m/./old", "m"], 0),
        (&["--exclude", whole.to_str().unwrap(), "m"], 0),
        (&["--exclude", at.to_str().unwrap(), "m"], 2),
        (&["--exclude", env!("CARGO_MANIFEST_DIR"), "m"], 2),
        (&["--config", "exclude.yaml", "m"], 0),
        (&["--config", "useless.yaml", "m"], 2),
        (&["-q", "c", "m/a.yaml"], 0),
        (&["odd.yaml"], 2),
        (&["--write-baseline", "none.json", "m", "missing.yaml"], 2),
        (&["--output", "m/a.yaml", "m/z.yaml"], 2),
        (&["--output", "./m/a.yaml", "m"], 2),
        (&["--format", "json=m/z.yaml", "m"], 2),
        (&["--settings", "settings.yaml", "--write-baseline", "settings.yaml", "m"], 2),
        (&["--config", "exclude.yaml", "--output", "exclude.yaml", "m"], 2),
        (&["--state", "s", "--output", "s/1.yaml", "m"], 2),
        (&["--compare-to", "s", "--format", "sarif=s/1.yaml", "m"], 2),
    ];
    for (arguments, code) in read_once {
        let [native, node] = both(&package, arguments, "", at);
        assert_eq!(said(&node), said(&native), "{arguments:?}");
        assert_eq!(node.status.code(), Some(*code), "{arguments:?}: {node:?}");
    }
    assert!(!at.join("none.json").exists());
    assert!(fs::read_to_string(at.join("m/a.yaml")).unwrap().contains("10.0.0.5/24"));
    assert!(fs::read_to_string(at.join("s/1.yaml")).unwrap().contains("10.1.0.0/16"));
    assert_eq!(fs::read_to_string(at.join("settings.yaml")).unwrap(), "rules: {}\n");
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
        let unwritable = run(&["--format", "json=none/a", "a.yaml"]);
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
