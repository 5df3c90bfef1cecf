//! Files of directories and repositories.

use std::fs;

use super::*;

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn names(directory: &Path, paths: &[&str]) -> Vec<String> {
    let paths: Vec<_> = paths.iter().map(|path| directory.join(path)).collect();
    let (sources, problems) = Files::default().collect(&paths);
    assert!(problems.is_empty(), "{problems:?}");
    let prefix = format!("{}/", directory.display());
    sources.iter().map(|source| source.name.strip_prefix(&prefix).unwrap().to_owned()).collect()
}

#[test]
fn files_of_a_directory_come_bytewise_by_path() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["d/b.yaml", "d/a/z.yml", "d/a.json", "d/B.yaml", "d/notes.txt", "d/a.yaml.bak", "e.txt"] {
        write(directory.path(), name, "");
    }
    // '.' comes before '/', capitals before small letters.
    assert_eq!(names(directory.path(), &["e.txt", "d"]), ["e.txt", "d/B.yaml", "d/a.json", "d/a/z.yml", "d/b.yaml"]);
}

#[cfg(unix)]
#[test]
fn links_to_directories_are_not_followed_and_a_volume_is_read_once() {
    use std::os::unix::fs::symlink;

    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "..2026/a.yaml", "");
    symlink("..2026", directory.path().join("..data")).unwrap();
    symlink("..data/a.yaml", directory.path().join("a.yaml")).unwrap();
    symlink(".", directory.path().join("round")).unwrap();
    assert_eq!(names(directory.path(), &["."]), ["./a.yaml"]);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_what_is_read_is_an_error_unless_it_is_named() {
    use std::os::unix::fs::symlink;

    let directory = tempfile::tempdir().unwrap();
    for name in ["d/a.yaml", "d/a.txt", "d/e/b.yaml", "secret.yaml"] {
        write(directory.path(), name, "");
    }
    symlink("../a.txt", directory.path().join("d/e/in.yaml")).unwrap();
    symlink("../../secret.yaml", directory.path().join("d/e/out.yaml")).unwrap();
    let (files, problems) = Files::default().list(&[directory.path().join("d")]);
    assert_eq!(files.len(), 3, "{files:?}");
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0]
            .to_string()
            .ends_with("d/e/out.yaml: it is a link that leads out of what is read here: name it to have it read")
    );
    assert_eq!(names(directory.path(), &["d/e/out.yaml"]), ["d/e/out.yaml"]);
    // In a work tree a link may lead to all of it.
    git(directory.path(), &["init", "--quiet"]);
    assert_eq!(names(directory.path(), &["d"]).len(), 4);
}

#[cfg(unix)]
#[test]
fn a_gitignore_that_never_ends_is_not_read() {
    use std::os::unix::fs::symlink;

    let directory = repository(&["d/a.yaml", "d/e/b.yaml"], &[]);
    write(directory.path(), ".gitignore", "b.yaml\n");
    assert_eq!(read_by_default(directory.path(), &["d"]), ["d/a.yaml"]);
    symlink("/dev/zero", directory.path().join("d/e/.gitignore")).unwrap();
    let (files, notes) = found(directory.path(), &WalkArgs::default(), &["d"]);
    assert_eq!(files, ["d/a.yaml", "d/e/b.yaml"]);
    assert!(notes[0].contains("d/e (a .gitignore is not a file, or is too large)"), "{notes:?}");
    let (files, notes) = found(directory.path(), &WalkArgs::default(), &["d/e"]);
    assert_eq!((files, notes.len()), (vec!["d/e/b.yaml".to_owned()], 1));
}

#[test]
fn a_pattern_stands_for_what_matches() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["d/b.yaml", "d/a.yaml", "d/e/c.yaml", "d/e/c.txt", "d/.h.yaml", "[x].yaml"] {
        write(directory.path(), name, "");
    }
    assert_eq!(names(directory.path(), &["d/*.yaml"]), ["d/a.yaml", "d/b.yaml"]);
    assert_eq!(names(directory.path(), &["d/**/*.yaml"]), ["d/a.yaml", "d/b.yaml", "d/e/c.yaml"]);
    // The directory and what is in it.
    assert_eq!(names(directory.path(), &["d/**"]), ["d/e/c.yaml"]);
    // There is a file of this very name.
    assert_eq!(names(directory.path(), &["[x].yaml", "d/[!b]*l"]), ["[x].yaml", "d/a.yaml"]);
    for (pattern, wanted) in [("d/x*.yaml", "no file matches"), ("d/***", "")] {
        let (files, problems) = Files::default().list(&[directory.path().join(pattern)]);
        assert!(files.is_empty());
        assert!(problems[0].to_string().contains(wanted), "{problems:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_written_keeps_its_permissions_and_its_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let directory = tempfile::tempdir().unwrap();
    let (file, link) = (directory.path().join("a.yaml"), directory.path().join("link.yaml"));
    fs::write(&file, "a").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.yaml", &link).unwrap();
    super::write(&link, b"b").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"b");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.is_symlink());
    super::write(&directory.path().join("new.json"), b"c").unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
    assert!(super::write(&directory.path().join("none/a.json"), b"c").is_err());
}

#[test]
fn every_problem_is_listed() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a.yaml", "a: [");
    write(directory.path(), "b.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\nkind: Pod\n");
    let paths = [directory.path().join("missing.yaml"), directory.path().to_owned()];
    let error = load(&paths).unwrap_err().to_string().replace(&format!("{}/", directory.path().display()), "");
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert!(lines[0].starts_with("missing.yaml: "), "{error}");
    assert!(lines[1].starts_with("a.yaml:1:4: "), "{error}");
    assert_eq!(lines[2], "b.yaml:5:1: not a Kubernetes object: it needs apiVersion, metadata.name (a string)");
}

/// A repository with files, of which some are tracked.
fn repository(files: &[&str], tracked: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files.iter().chain(tracked) {
        write(directory.path(), file, "");
    }
    git(directory.path(), &["init", "--quiet"]);
    if !tracked.is_empty() {
        git(directory.path(), &[&["add", "--force", "--"], tracked].concat());
    }
    directory
}

fn git(directory: &Path, arguments: &[&str]) {
    let mut git = std::process::Command::new("git");
    git.args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "protocol.file.allow=always",
    ]);
    let output = git.args(arguments).current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// The files that are found, and the notes.
fn found(directory: &Path, args: &WalkArgs, paths: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut files = Files::new(args, None).unwrap();
    let (found, problems) = files.list(&paths.iter().map(|path| directory.join(path)).collect::<Vec<_>>());
    assert!(problems.is_empty(), "{problems:?}");
    let prefix = format!("{}/", directory.display());
    let found = found.iter().map(|path| path.display().to_string().replace(&prefix, "")).collect();
    (found, files.notes().iter().map(|note| note.replace(&prefix, "")).collect())
}

fn read_by_default(directory: &Path, paths: &[&str]) -> Vec<String> {
    let (files, notes) = found(directory, &WalkArgs::default(), paths);
    assert!(notes.is_empty(), "{notes:?}");
    files
}

#[test]
fn what_git_ignores_and_what_is_hidden_is_left_out_and_what_is_named_is_not() {
    let directory = repository(
        &[
            "a.yaml",
            "x/old.yaml",
            "x/keep.yaml",
            "build/b.yaml",
            ".h/a.yaml",
            ".a.yaml",
            "node_modules/n/a.yaml",
            "e.yaml",
        ],
        &[],
    );
    write(directory.path(), ".gitignore", "build/\n*old.yaml\n");
    write(directory.path(), "x/.gitignore", "*.yaml\n!keep.yaml\n");
    write(directory.path(), ".git/info/exclude", "e.yaml\n");
    write(directory.path(), ".ignore", "a.yaml\n");
    assert_eq!(read_by_default(directory.path(), &["."]), ["a.yaml", "x/keep.yaml"].map(|file| format!("./{file}")));
    // The rules of what is above count as well.
    assert_eq!(read_by_default(directory.path(), &["x"]), ["x/keep.yaml"]);
    for named in ["x/old.yaml", "build/b.yaml", "build", ".h", "node_modules", "node_modules/*"] {
        assert_eq!(read_by_default(directory.path(), &[named]).len(), 1, "{named}");
    }
    let (all, _) = found(directory.path(), &WalkArgs { no_ignore: true, ..WalkArgs::default() }, &["."]);
    assert_eq!(all.len(), 8, "{all:?}");
}

#[test]
fn without_a_repository_gitignore_counts_for_nothing() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), ".gitignore", "a.yaml\n");
    write(directory.path(), "a.yaml", "");
    assert_eq!(read_by_default(directory.path(), &["."]), ["./a.yaml"]);
}

#[test]
fn what_git_tracks_is_never_left_out() {
    let tracked = [".h/a.yaml", "build/a.yaml", "node_modules/n/a.yaml", "a*[b].yaml"];
    let directory = repository(&[".h/b.yaml", "build/b.yaml", "node_modules/n/b.yaml"], &tracked);
    write(directory.path(), ".gitignore", "build\na*\n");
    write(directory.path(), "gone.yaml", "");
    git(directory.path(), &["add", "gone.yaml"]);
    fs::remove_file(directory.path().join("gone.yaml")).unwrap();
    let mut wanted = tracked.to_vec();
    wanted.sort_unstable();
    assert_eq!(
        read_by_default(directory.path(), &["."]),
        wanted.iter().map(|file| format!("./{file}")).collect::<Vec<_>>()
    );
    assert_eq!(
        read_by_default(directory.path(), &["node_modules/n"]),
        ["a", "b"].map(|name| format!("node_modules/n/{name}.yaml"))
    );
}

#[test]
fn repositories_in_repositories_have_rules_of_their_own() {
    let directory = repository(&["old.yaml"], &[]);
    write(directory.path(), ".gitignore", "old.yaml\nleft/\n");
    let source = repository(&[], &["old.yaml", ".h/a.yaml"]);
    git(source.path(), &["commit", "--quiet", "--message", "a"]);
    let source = source.path().to_str().unwrap();
    for at in ["module", ".module"] {
        git(directory.path(), &["submodule", "--quiet", "add", "--force", source, at]);
    }
    for at in ["own", "left"] {
        git(directory.path(), &["clone", "--quiet", source, at]);
        write(directory.path(), &format!("{at}/new.yaml"), "");
    }
    write(directory.path(), "module/new.yaml", "");
    write(directory.path(), ".module/new.yaml", "");
    assert_eq!(
        read_by_default(directory.path(), &["."]),
        [
            // What the parent tracks is not left out for its name, but what nobody tracks is.
            "./.module/.h/a.yaml",
            "./.module/old.yaml",
            "./module/.h/a.yaml",
            "./module/new.yaml",
            "./module/old.yaml",
            "./own/.h/a.yaml",
            "./own/new.yaml",
            "./own/old.yaml"
        ]
    );
}

#[test]
fn a_pattern_excludes_what_is_tracked_but_not_what_is_named() {
    let directory = repository(&["d/a.yaml", "d/old/b.yaml"], &["d/old/c.yaml", "d/.h/old/a.yaml"]);
    let exclude = |pattern: &str| WalkArgs { exclude: vec![pattern.to_owned()], ..WalkArgs::default() };
    let at = |pattern: &str, path: &str| found(directory.path(), &exclude(pattern), &[path]).0;
    assert_eq!(at("old", "d"), ["d/a.yaml"]);
    assert_eq!(at("a.yaml", "d"), ["d/old/b.yaml", "d/old/c.yaml"]);
    assert_eq!(at("old", "d/**/*.yaml"), ["d/a.yaml"]);
    assert_eq!(at("old", "d/old"), ["d/old/b.yaml", "d/old/c.yaml"]);
    assert_eq!(at("old", "d/old/b.yaml"), ["d/old/b.yaml"]);
    let all = WalkArgs { exclude: vec!["old".to_owned()], no_ignore: true };
    assert_eq!(found(directory.path(), &all, &["d"]).0, ["d/a.yaml"]);
    let (_, problems) = Files::new(&exclude("*.yaml"), None).unwrap().list(&[directory.path().join("d/*.yaml")]);
    assert!(problems[0].to_string().ends_with("d/*.yaml: every file that matches is excluded"), "{problems:?}");
}

#[test]
fn templates_of_charts_are_left_out_with_a_note() {
    let directory = repository(
        &[
            "c/Chart.yaml",
            "c/crds/a.yaml",
            "c/charts/d/Chart.yaml",
            "c/charts/d/templates/x/t.yaml",
            "templates/a.yaml",
        ],
        &["c/templates/t.yaml", "c/.h/Chart.yaml", "c/.h/templates/t.yaml"],
    );
    let kept = ["c/.h/Chart.yaml", "c/Chart.yaml", "c/charts/d/Chart.yaml", "c/crds/a.yaml"];
    let (files, notes) = found(directory.path(), &WalkArgs::default(), &["c", "templates"]);
    assert_eq!(files, [&kept[..], &["templates/a.yaml"]].concat());
    let [note] = notes.try_into().unwrap();
    assert!(note.starts_with("the templates of 2 Helm charts were left out: c, c/.h: render each"), "{note}");
    assert_eq!(read_by_default(directory.path(), &["c/templates", "c/charts/d/templates/x/t.yaml"]).len(), 2);
    let (all, notes) = found(directory.path(), &WalkArgs { no_ignore: true, ..WalkArgs::default() }, &["c"]);
    assert_eq!((all.len(), notes.len()), (kept.len() + 3, 0));
}

#[test]
fn where_git_has_no_answer_nothing_is_ignored_and_a_note_says_why() {
    let directory = repository(&["a.yaml"], &[".h/a.yaml"]);
    write(directory.path(), ".gitignore", "a.yaml\n");
    fs::write(directory.path().join(".git/config"), "[core\n").unwrap();
    let (files, notes) = found(directory.path(), &WalkArgs::default(), &["."]);
    assert_eq!(files, ["./a.yaml"]);
    let [note] = notes.try_into().unwrap();
    assert!(
        note.starts_with("git does not say what it tracks and ignores in ") && note.contains("(git: bad config line"),
        "{note}"
    );
}

#[cfg(unix)]
#[test]
fn links_on_the_way_to_what_git_tracks_are_not_followed() {
    let directory = repository(&["other/a.yaml"], &[".h/d/a.yaml"]);
    fs::remove_dir_all(directory.path().join(".h/d")).unwrap();
    std::os::unix::fs::symlink("../other", directory.path().join(".h/d")).unwrap();
    assert_eq!(read_by_default(directory.path(), &["."]), ["./other/a.yaml"]);
}

#[cfg(unix)]
#[test]
fn only_files_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    assert!(std::process::Command::new("mkfifo").arg(at("fifo.yaml")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.yaml")).unwrap();
    write(directory.path(), "a.yaml", "");
    assert_eq!(read_by_default(directory.path(), &["."]), ["./a.yaml"]);
    for (name, wanted) in [
        ("fifo.yaml", "it is a FIFO, and not a file: give it as standard input (-)"),
        ("socket.yaml", "it is a socket, and not a file"),
        ("f*.yaml", "it is a FIFO, and not a file: give it as standard input (-)"),
    ] {
        let (_, problems) = Files::default().collect(&[at(name)]);
        assert!(problems[0].to_string().ends_with(&format!(".yaml: {wanted}")), "{problems:?}");
    }
    assert!(source(Path::new("/dev/null")).unwrap().bytes.is_empty());
    let endless = source(Path::new("/dev/zero")).unwrap_err().to_string();
    assert_eq!(endless, "/dev/zero: it has more than 256 MiB, and no more is read of a file");
    let large = fs::File::create(at("large.yaml")).unwrap();
    large.set_len((256 << 20) + 1).unwrap();
    assert!(source(&at("large.yaml")).unwrap_err().to_string().ends_with("no more is read of a file"));
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "d/closed/a.yaml", "");
    let closed = directory.path().join("d/closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let (files, problems) = Files::default().list(&[directory.path().join("d")]);
    // Who is root reads it all the same.
    if fs::read_dir(&closed).is_err() {
        assert!(files.is_empty());
        assert!(problems[0].to_string().ends_with("d/closed: Permission denied (os error 13)"), "{problems:?}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_is_read_once_under_the_name_that_comes_first() {
    use std::os::unix::fs::symlink;

    let directory = tempfile::tempdir().unwrap();
    for name in ["b.yaml", "d/c.yaml"] {
        write(directory.path(), name, "");
    }
    symlink("b.yaml", directory.path().join("a.yaml")).unwrap();
    symlink("none.yaml", directory.path().join("d/e.yaml")).unwrap();
    assert_eq!(
        names(directory.path(), &["b.yaml", "*.yaml", "./b.yaml", "d/c.yaml", "d/c.yaml"]),
        ["b.yaml", "d/c.yaml"]
    );
    // Of which clusters they are is not known here.
    let at = |name: &str| directory.path().join(name);
    let mut files = Files::new(&WalkArgs::default(), None).unwrap();
    let (found, _) = files.list(&[at("b.yaml"), at("a.yaml"), at("d/../b.yaml"), at("d")]);
    assert_eq!(found, [at("b.yaml"), at("a.yaml"), at("d/c.yaml"), at("d/e.yaml")]);
    let text = |name: &str| at(name).display().to_string();
    assert_eq!(files.same(), [vec![text("b.yaml"), text("a.yaml")]]);
    let target = |name: &str| Target { flag: format!("--output {name}"), path: at(name) };
    let overwritten = files.overwritten(&[target("d/../a.yaml"), target("none"), target("d")]);
    let flag = "--output d/../a.yaml".to_owned();
    assert_eq!(overwritten, [(text("b.yaml"), flag.clone()), (text("a.yaml"), flag)]);
}
