//! The examples that are not commands: YAML, JSON and JavaScript.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use vpcguard_check::{Source, parse_value};

use super::block::{Block, Place, Use};
use super::page::{Page, pages, root};
use super::scratch::Scratch;
use super::tools;

/// What an example of a program may take for given.
const GIVEN: &str = "examples.mjs";

/// The blocks of all pages that are used so, each with its place.
fn blocks(usage: Use) -> Vec<(String, Block)> {
    let of = |page: Page| {
        let blocks = page.blocks.iter().filter(|block| block.usage == usage);
        blocks.map(|block| (page.at(block.line), block.clone())).collect::<Vec<_>>()
    };
    pages().into_iter().flat_map(of).collect()
}

/// An example in YAML.
pub(crate) struct Parsed {
    /// Where it is.
    pub(crate) at: String,
    /// What it says.
    pub(crate) value: Value,
}

/// All examples in YAML, but for those of rules.
pub(crate) fn parsed() -> Vec<Parsed> {
    let parse = |(at, block): (String, Block)| {
        let source = Source { name: "example.yaml".to_owned(), bytes: block.text.clone().into_bytes() };
        let value = parse_value(&source).unwrap_or_else(|errors| panic!("{at}: {errors:?}\n{}", block.text));
        Parsed { at, value }
    };
    blocks(Use::Yaml).into_iter().map(parse).collect()
}

#[test]
fn every_yaml_is_one() {
    let parsed = parsed();
    assert!(parsed.len() > 15, "{}", parsed.len());
    for Parsed { at, value } in parsed {
        assert!(!value.is_string(), "{at}: {value}");
    }
}

#[test]
fn every_json_is_one() {
    let blocks = blocks(Use::Json);
    assert!(blocks.len() >= 3, "{}", blocks.len());
    for (at, block) in blocks {
        serde_json::from_str::<Value>(&block.text).unwrap_or_else(|error| panic!("{at}: {error}"));
    }
}

/// The report of the manual is that of the check which is shown above it, but for lists that are empty there.
#[test]
fn the_report_that_is_shown_is_what_comes_out() {
    let pages = pages();
    let page = pages.iter().find(|page| page.path == Path::new("docs/check.md")).unwrap();
    let mut blocks = page.blocks.iter();
    let check = blocks.find(|block| block.usage == Use::Console(Place::Here)).unwrap().script();
    let shown: Value = serde_json::from_str(&blocks.find(|block| block.usage == Use::Json).unwrap().text).unwrap();
    let (said, _) = Scratch::new().run(&format!("{} --format json", check.trim_end()));
    let said: Value = serde_json::from_str(&said).unwrap();
    for key in ["version", "producer", "findings", "summary"] {
        assert_eq!(said[key], shown[key], "{key}");
    }
    let keys = |report: &Value| report.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&said), keys(&shown));
}

/// The package where a program of a reader finds it.
fn installed(folder: &Path) -> bool {
    let package = tools::package();
    let is_there = tools::found(package.is_dir(), "target/npm is missing: run `cargo xtask npm`");
    if is_there {
        fs::create_dir(folder.join("node_modules")).unwrap();
        std::os::unix::fs::symlink(package, folder.join("node_modules/vpcguard")).unwrap();
        fs::copy(root().join("admission/tests/docs/reader").join(GIVEN), folder.join(GIVEN)).unwrap();
    }
    is_there
}

#[test]
fn every_program_runs() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = blocks(Use::Script4Node);
    assert!(!blocks.is_empty());
    if !installed(folder.path()) {
        return;
    }
    for (at, block) in blocks {
        fs::write(folder.path().join("program.mjs"), &block.text).unwrap();
        let import = format!("./{GIVEN}");
        let node = Command::new("node").args(["--import", &import, "program.mjs"]).current_dir(&folder).output();
        let Output { status, stdout, stderr } = node.unwrap();
        let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(status.success(), "{at}: {said}\n{}", block.text);
    }
}

/// A browser runs the package in a test of its own; here it is enough that there is what is imported.
#[test]
fn every_program_of_a_browser_imports_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = blocks(Use::Browser);
    assert!(!blocks.is_empty());
    if !installed(folder.path()) {
        return;
    }
    for (at, block) in blocks {
        let imports: String = block.text.lines().filter(|line| line.starts_with("import ")).collect();
        fs::write(folder.path().join("program.mjs"), imports).unwrap();
        fs::write(folder.path().join("whole.mjs"), &block.text).unwrap();
        for args in [["--check", "whole.mjs"].as_slice(), &["program.mjs"]] {
            let output = Command::new("node").args(args).current_dir(&folder).output().unwrap();
            assert!(output.status.success(), "{at}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
