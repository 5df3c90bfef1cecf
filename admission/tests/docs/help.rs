//! What programs say about their own flags.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::page::root;
use super::tools;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_vpcguard");

/// The texts of `--help` that were asked for.
#[derive(Default)]
pub(crate) struct Help(RefCell<BTreeMap<Vec<String>, String>>);

impl Help {
    /// What is wrong with a command of vpcguard, of xtask, or with the values that Helm is given; nothing is known of others.
    pub(crate) fn fault(&self, command: &[String]) -> Option<String> {
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["vpcguard" | "target/release/vpcguard", rest @ ..]
            | ["kubectl", "vpcguard", rest @ ..]
            | ["cargo", "run", "--release", "--", rest @ ..] => self.fault_of(Path::new(BINARY), rest),
            ["vpcguard-check", rest @ ..] | ["npx", _, _, _, "vpcguard-check", rest @ ..] => {
                self.fault_of(Path::new(BINARY), &[&["check"], rest].concat())
            }
            ["cargo", "xtask", rest @ ..] => self.fault_of(&xtask()?, rest),
            ["helm" | "--set", ..] => values(&words).find_map(fault_of_value),
            _ => None,
        }
    }

    /// A subcommand or flag that the program does not know.
    fn fault_of(&self, program: &Path, args: &[&str]) -> Option<String> {
        let (mut path, mut rest) = (vec![program.display().to_string()], args);
        while let Some((first, after)) = rest.split_first() {
            let known = self.of(&path);
            let is_name = first.starts_with(|char: char| char.is_ascii_lowercase());
            if known.iter().any(|word| word == first) && is_name {
                path.push((*first).to_owned());
                rest = after;
            } else if is_name && path.len() == 1 {
                return Some(format!("there is no command {first}"));
            } else {
                break;
            }
        }
        let known = self.of(&path);
        let flags = rest.iter().filter(|word| word.starts_with('-') && word.len() > 2);
        let mut flags = flags.map(|word| word.split('=').next().unwrap_or_default());
        flags.find(|flag| !known.iter().any(|word| word == flag)).map(|flag| format!("there is no flag {flag}"))
    }

    /// The flags of all commands of vpcguard, and of all tasks if they are built.
    pub(crate) fn all_flags(&self) -> Vec<String> {
        let programs = [Some(PathBuf::from(BINARY)), xtask()].into_iter().flatten();
        programs.flat_map(|program| self.flags_below(&[program.display().to_string()])).collect()
    }

    /// The flags of a command and of the commands in it.
    fn flags_below(&self, path: &[String]) -> Vec<String> {
        let mut flags = self.of(path);
        flags.retain(|word| word.starts_with("--"));
        let text = self.text(path);
        let commands = text.split_once("Commands:\n").map_or("", |(_, rest)| rest);
        let commands = commands.lines().map_while(|line| line.split_whitespace().next());
        for command in commands.filter(|command| *command != "help") {
            flags.extend(self.flags_below(&[path, &[command.to_owned()]].concat()));
        }
        flags
    }

    /// The first words of the lines of a text of `--help`: flags, and names of commands.
    fn of(&self, path: &[String]) -> Vec<String> {
        let text = self.text(path);
        let words = text.lines().flat_map(|line| line.split_whitespace().take(2));
        words.map(|word| word.trim_end_matches([',', '.']).to_owned()).collect()
    }

    /// What a command says to `--help`.
    fn text(&self, path: &[String]) -> String {
        let ask = || {
            let output = Command::new(&path[0]).args(&path[1..]).arg("--help").output().unwrap();
            assert!(output.status.success(), "{path:?} --help: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        self.0.borrow_mut().entry(path.to_vec()).or_insert_with(ask).clone()
    }
}

/// The program of the tasks, beside the one under test.
fn xtask() -> Option<PathBuf> {
    let xtask = Path::new(BINARY).with_file_name("xtask");
    tools::found(xtask.is_file(), "xtask is not built: run `cargo build --workspace`").then_some(xtask)
}

/// What stands behind each `--set`.
fn values<'a>(words: &'a [&str]) -> impl Iterator<Item = &'a str> {
    words.windows(2).filter(|pair| pair[0] == "--set").map(|pair| pair[1])
}

/// A value that the chart does not have.
fn fault_of_value(value: &str) -> Option<String> {
    let schema = fs::read_to_string(root().join("charts/vpcguard/values.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let (key, _) = value.split_once('=')?;
    let property = key.split('.').try_fold(&schema, |schema, part| schema["properties"].get(part));
    property.is_none().then(|| format!("the chart has no value {key}"))
}

#[test]
fn a_flag_that_does_not_exist_is_found() {
    let help = Help::default();
    let fault = |command: &str| help.fault(&shlex::split(command).unwrap());
    for right in [
        "vpcguard check --format json --state x y",
        "vpcguard explain pod --state=x green/web",
        "vpcguard certs status",
        "vpcguard --version",
        "helm upgrade vpcguard x --set replicas=1 --set tls.mode=files",
        "helm list --nothing",
    ] {
        assert_eq!(fault(right), None, "{right}");
    }
    assert_eq!(fault("vpcguard check --nothing x").unwrap(), "there is no flag --nothing");
    assert_eq!(fault("kubectl vpcguard audit --state x").unwrap(), "there is no flag --state");
    assert_eq!(fault("vpcguard nothing").unwrap(), "there is no command nothing");
    assert_eq!(fault("vpcguard-check --cluster=yes --nothing=1 x").unwrap(), "there is no flag --nothing");
    assert_eq!(fault("--set tls.nothing=1").unwrap(), "the chart has no value tls.nothing");
    if xtask().is_some() {
        assert_eq!(fault("cargo xtask races --rounds 3"), None);
        assert_eq!(fault("cargo xtask nothing").unwrap(), "there is no command nothing");
    }
}
