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
    assert_eq!(
        names(directory.path(), &["e.txt", "d"]),
        ["e.txt", "d/B.yaml", "d/a.json", "d/a/z.yml", "d/b.yaml"]
    );
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
