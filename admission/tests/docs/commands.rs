//! The commands of a script, taken apart; and what can be seen of them without running them.

use std::path::Path;
use std::process::Command;

use super::block::{Place, Use};
use super::help::Help;
use super::page::{Page, pages, root};

/// What stands between two commands.
const BETWEEN: &[&str] = &["|", "&&", "||", ";"];

/// The words of each command of a script, without redirections.
pub(crate) fn commands(script: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for line in script.replace("\\\n", " ").lines() {
        let words = shlex::split(line).unwrap_or_else(|| panic!("{line}: a quote is not closed"));
        for command in words.split(|word| BETWEEN.contains(&word.as_str())) {
            let mut words = Vec::new();
            let mut rest = command.iter();
            while let Some(word) = rest.next() {
                if [">", ">>", "<"].contains(&word.as_str()) {
                    rest.next();
                } else {
                    words.push(word.clone());
                }
            }
            if !words.is_empty() {
                commands.push(words);
            }
        }
    }
    commands
}

/// The commands of a page with their lines: those of its blocks, and those within its sentences.
fn all_of(page: &Page) -> Vec<(usize, Vec<String>)> {
    let of = |line: usize, script: &str| commands(script).into_iter().map(move |command| (line, command));
    let blocks = page.blocks.iter().filter_map(|block| match block.usage {
        Use::Usage => Some((block.line, bare(&block.text))),
        usage => usage.place().map(|_| (block.line, block.script())),
    });
    let blocks = blocks.flat_map(|(line, script)| of(line, &script).collect::<Vec<_>>());
    // What begins with the name of a program of ours, or of one that is asked here.
    let is_command = |code: &str| {
        ["vpcguard ", "vpcguard-check ", "cargo xtask ", "helm ", "kubectl ", "--set "]
            .iter()
            .any(|program| code.starts_with(program))
    };
    let code = page.code.iter().filter(|(_, code)| is_command(code));
    blocks.chain(code.flat_map(|(line, code)| of(*line, code))).collect()
}

/// A usage line without the marks for what may be left out, repeated or chosen.
fn bare(usage: &str) -> String {
    usage.replace(['[', ']', '…'], " ").replace(" | ", " ").replace("...", " ")
}

#[test]
fn every_command_has_flags_that_exist() {
    let help = Help::default();
    let (mut faults, mut seen) = (Vec::new(), 0);
    for page in pages() {
        for (line, command) in all_of(&page) {
            seen += 1;
            let fault = help.fault(&command).or_else(|| missing_file(&page, &command));
            faults.extend(fault.map(|fault| format!("{}: {}: {fault}", page.at(line), command.join(" "))));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 80, "{seen}");
}

/// A file of the repository that a command names and that is not there. Names of files that are a reader's own are free.
fn missing_file(page: &Page, command: &[String]) -> Option<String> {
    let folder = page.path.parent().unwrap();
    let words = command.iter().flat_map(|word| word.split('=')).map(|word| word.trim_start_matches('@'));
    let is_ours = |word: &&str| {
        let first = Path::new(word).components().next().map(|first| folder.join(first));
        let is_made = word.starts_with("target/") || word.starts_with("..") || word.contains(['*', ':']);
        word.contains('/') && !is_made && first.is_some_and(|first| root().join(first).is_dir())
    };
    let mut ours = words.filter(is_ours).map(|word| folder.join(word));
    ours.find(|path| !root().join(path).exists()).map(|path| format!("there is no {}", path.display()))
}

#[test]
fn every_script_is_one() {
    for page in pages() {
        for block in page.blocks.iter().filter(|block| block.usage.place().is_some()) {
            let parsed = Command::new("bash").args(["-n", "-c", &block.script()]).output().unwrap();
            assert!(parsed.status.success(), "{}: {}", page.at(block.line), String::from_utf8_lossy(&parsed.stderr));
        }
    }
}

/// What is run elsewhere is what cannot run here.
#[test]
fn only_what_nobody_can_run_here_is_run_elsewhere() {
    let here = ["vpcguard", "curl", "git", "jq"];
    for page in pages() {
        for block in page.blocks.iter().filter(|block| block.usage.place() == Some(Place::Elsewhere)) {
            let commands = commands(&block.script());
            let is_here = commands.iter().all(|command| here.contains(&command[0].as_str()));
            assert!(!is_here, "{}: this can run", page.at(block.line));
        }
    }
}

#[test]
fn output_is_no_command() {
    let programs = ["$ ", "vpcguard ", "cargo ", "kubectl ", "helm ", "npx ", "curl ", "kwctl "];
    for page in pages() {
        for block in page.blocks.iter().filter(|block| block.usage == Use::Text) {
            let command = block.text.lines().find(|line| programs.iter().any(|program| line.starts_with(program)));
            assert_eq!(command, None, "{}", page.at(block.line));
        }
    }
}

#[test]
fn a_script_is_taken_apart() {
    let script = "a --b 'c d' | e -f > g # said\n\n# alone\nh \\\n  i && j\n";
    assert_eq!(commands(script), [vec!["a", "--b", "c d"], vec!["e", "-f"], vec!["h", "i"], vec!["j"]]);
    assert_eq!(bare("x [--a b|c] [--d E]… | F..."), "x  --a b|c   --d E   F ");
}
