//! Which files of a repository both commands read: the same report for the same arguments, and the same patterns.

use std::fs;
use std::path::Path;
use std::process::Command;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde_json::json;

use crate::command::{both, said};
use crate::package::{folder, script, success};

fn git(at: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]);
    success(git.args(["-c", "protocol.file.allow=always"]).args(arguments).current_dir(at));
}

/// A repository with all that a walk looks at.
fn repository(at: &Path) {
    let subnets = [
        "a.yaml",
        ".github/untracked.yaml",
        ".github/tracked.yaml",
        "node_modules/x/untracked.yaml",
        "node_modules/x/tracked.yaml",
        "build/untracked.yaml",
        "build/tracked.yaml",
        "envs/prod/old.yaml",
        "envs/prod/keep.yaml",
        "envs/prod/é {a}.yaml",
        "excluded.yaml",
        "chart/templates/a.yaml",
        "chart/crds/a.yaml",
        "chart/charts/sub/templates/a.yaml",
        "nested/old.yaml",
        "nested/own.yaml",
        ".hidden/nested/a.yaml",
        "module/.x/a.yaml",
    ];
    for (number, path) in subnets.iter().enumerate() {
        let name = path.replace(|char: char| !char.is_ascii_lowercase(), "-");
        let text = format!(
            "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: s{name}}}\nspec: {{cidrBlock: 10.{number}.0.0/24, vips: [x]}}\n"
        );
        fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
        fs::write(at.join(path), text).unwrap();
    }
    for chart in ["chart", "chart/charts/sub"] {
        fs::write(at.join(chart).join("Chart.yaml"), "name: a\n").unwrap();
    }
    git(at, &["init", "--quiet"]);
    fs::write(at.join(".gitignore"), "/build/\nold.yaml\n").unwrap();
    fs::write(at.join("envs/prod/.gitignore"), "*.yaml\n!keep.yaml\n![é]*\n").unwrap();
    fs::write(at.join(".git/info/exclude"), "excluded.yaml\n").unwrap();
    for nested in ["nested", ".hidden/nested", "module"] {
        git(&at.join(nested), &["init", "--quiet"]);
    }
    fs::write(at.join("nested/.gitignore"), "own.yaml\n").unwrap();
    git(&at.join("module"), &["add", "."]);
    git(&at.join("module"), &["commit", "--quiet", "--message", "a"]);
    git(at, &["submodule", "--quiet", "add", "./module", ".module"]);
    git(at, &["add", "--force", ".github/tracked.yaml", "node_modules/x/tracked.yaml", "build/tracked.yaml", "chart"]);
    std::os::unix::fs::symlink("a.yaml", at.join("link.yaml")).unwrap();
    std::os::unix::fs::symlink("envs", at.join("to-a-directory")).unwrap();
    success(Command::new("mkfifo").arg(at.join("fifo.yaml")));
}

#[test]
fn both_commands_read_the_same_files_of_a_repository() {
    let Some(package) = folder() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let at = temporary.path();
    repository(at);
    let absolute = at.to_str().unwrap();
    let calls: &[(&[&str], i32)] = &[
        (&["."], 1),
        (&[absolute], 1),
        (&["--no-ignore", "."], 1),
        (&["--exclude", "envs", "--exclude=/build", "."], 1),
        (&["--exclude", "*.yaml", "--exclude", "!a.yaml", "."], 1),
        (&["--exclude", "{chart,node_*}/", "--no-ignore", absolute], 1),
        (&["--exclude", "a.yaml", "a.yaml"], 1),
        (&["--exclude", "a.yaml", "[a].yaml"], 2),
        (&["--exclude", "[a", "."], 2),
        (&["--exclude", "#", "."], 2),
        (&["build"], 1),
        (&["envs/prod"], 1),
        (&["./envs/../chart/"], 1),
        (&["chart/templates", "chart/charts/sub/templates/a.yaml"], 1),
        (&[".hidden", ".module", ".github"], 1),
        (&["node_modules"], 1),
        (&["nested", "module"], 1),
        // Links to directories are left to the pattern of one component, which both follow.
        (&["--exclude", "to-a-directory", "**/*.yaml"], 2),
        (&["*/"], 1),
        (&["fifo.yaml", "a.yaml"], 2),
        (&["/dev/zero"], 2),
        (&["--settings", "/dev/null", "--state", "chart", "a.yaml"], 1),
        (&["--compare-to", "chart", "chart"], 0),
    ];
    for (arguments, code) in calls {
        let [native, node] = both(&package, arguments, "", at);
        assert_eq!(said(&node), said(&native), "{arguments:?}");
        assert_eq!(node.status.code(), Some(*code), "{arguments:?}: {:?}", said(&node));
    }
    // Git has no answer.
    fs::write(at.join(".git/config"), "[core\n").unwrap();
    let [native, node] = both(&package, &["."], "", at);
    assert_eq!(said(&node), said(&native));
    assert!(said(&node).0.contains("note: git does not say what it tracks and ignores in . (git: bad config"));
}

/// What the native command reads a pattern with.
fn patterns(pattern: &str) -> Result<Gitignore, ignore::Error> {
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false).add_line(None, pattern)?;
    builder.build()
}

#[test]
fn both_commands_read_patterns_alike() {
    let Some(package) = folder() else { return };
    let atoms = [
        "a",
        "b",
        "ab",
        "A",
        "é",
        "*",
        "**",
        "***",
        "?",
        "/",
        "/",
        ".",
        "[ab]",
        "[!a]",
        "[^b-z]",
        "[a-]",
        "[]a]",
        "[[:alpha:]_]",
        "[é]",
        "[.-0]",
        "[/]",
        "\\a",
        "\\*",
        "\\",
        " ",
        "\\ ",
        "{a,b}",
        "{,a}",
        "{a,**}",
        "{**/a,b/**}",
        "{",
        "}",
        ",",
        "#",
        "!",
        "[",
        "[b-a]",
        "x{a,{b,é}}",
        "/**",
        "**/",
        "/**/",
    ];
    let mut random = fastrand::Rng::with_seed(19);
    let pattern = |random: &mut fastrand::Rng| -> String {
        (0..random.usize(1..6)).map(|_| atoms[random.usize(..atoms.len())]).collect()
    };
    // What has a component `.` or `..` is taken as a path.
    let is_path = |pattern: &String| pattern.trim_start_matches('!').split('/').any(|part| matches!(part, "." | ".."));
    let patterns_of_all: Vec<_> =
        (0..4_000).map(|_| pattern(&mut random)).filter(|pattern| !is_path(pattern)).collect();
    let names = ["a", "b", "ab", "A", "é", "a b", "{a", ".b", "x", "a,b", "#a", "*", "]", "xé"];
    let path = |random: &mut fastrand::Rng| -> String {
        (0..random.usize(1..5)).map(|_| names[random.usize(..names.len())]).collect::<Vec<_>>().join("/")
    };
    let paths: Vec<_> = (0..200).map(|_| path(&mut random)).collect();
    let wanted: Vec<_> = patterns_of_all
        .iter()
        .map(|pattern| match patterns(pattern) {
            Ok(read) if read.is_empty() => {
                format!("{}it is empty, or a comment; a name that begins with # is written \\#", start(pattern))
            }
            Ok(read) => {
                paths.iter().map(|path| if read.matched(path, false).is_ignore() { '1' } else { '0' }).collect()
            }
            Err(ignore::Error::Glob { err, .. }) => start(pattern) + &err,
            Err(error) => panic!("{pattern}: {error}"),
        })
        .collect();
    let temporary = tempfile::tempdir().unwrap();
    let (asked, told) = (temporary.path().join("asked.json"), temporary.path().join("told.json"));
    fs::write(&asked, json!({"patterns": patterns_of_all, "paths": paths}).to_string()).unwrap();
    success(script("exclude.js").args([&package, &asked, &told]));
    let got: Vec<String> = serde_json::from_slice(&fs::read(told).unwrap()).unwrap();
    for ((pattern, got), wanted) in patterns_of_all.iter().zip(&got).zip(&wanted) {
        assert_eq!(got, wanted, "{pattern:?}");
    }
    assert!(wanted.iter().filter(|answer| answer.contains('1') && answer.contains('0')).count() > 500);
}

fn start(pattern: &str) -> String {
    format!("--exclude: '{pattern}' is not a pattern as in .gitignore: ")
}
