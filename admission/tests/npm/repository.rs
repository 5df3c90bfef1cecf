//! examples/repository by the npm command, the template and the hook: right as it is, and wrong at the right line. The action
//! has its own test.

use std::path::Path;

use vpcguard_tests::repository::{MISTAKES, Repository, Wrong};

use crate::command::{both, said};
use crate::gitlab;
use crate::package::{folder, tarball};
use crate::pre_commit::Hook;

/// The repository as it is, and with each of the mistakes.
pub(crate) fn all() -> impl Iterator<Item = (Repository, Option<Wrong>)> {
    let mistakes = MISTAKES.iter().copied().map(Some);
    std::iter::once(None).chain(mistakes).map(|mistake| {
        let repository = Repository::copy().unwrap();
        mistake.map(|mistake| repository.spoil(mistake)).transpose().unwrap();
        (repository, mistake)
    })
}

/// How a check of it ends.
fn code(mistake: Option<Wrong>) -> i32 {
    i32::from(mistake.is_some())
}

#[test]
fn the_command_says_what_the_program_says() {
    let Some(package) = folder() else { return };
    for (repository, mistake) in all() {
        for arguments in [&["."] as &[&str], &[".", "--format", "json"], &["envs", "base"]] {
            let [native, node] = both(&package, arguments, "", repository.path());
            assert_eq!(said(&node), said(&native), "{arguments:?} {mistake:?}");
            assert_eq!(node.status.code(), Some(code(mistake)), "{arguments:?} {mistake:?} {:?}", said(&node));
        }
    }
}

#[test]
fn the_template_reports_the_line() {
    let Some(tarball) = tarball() else { return };
    let temporary = tempfile::tempdir().unwrap();
    for (repository, mistake) in all() {
        let output = gitlab::script(&tarball, &temporary.path().join("cache"), repository.path()).output().unwrap();
        let log = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code(mistake)), "{mistake:?}: {log}");
        assert!(shows(&log, mistake), "{mistake:?}: {log}");
    }
}

#[test]
fn the_hook_shows_the_line() {
    let Some(hook) = Hook::new() else { return };
    for (repository, mistake) in all() {
        let (passed, log) = hook.run(repository.path());
        assert_eq!(passed, mistake.is_none(), "{mistake:?}: {log}");
        assert!(shows(&log, mistake), "{mistake:?}: {log}");
    }
}

/// Whether the text report names the rule, and below it the place.
fn shows(log: &str, mistake: Option<Wrong>) -> bool {
    let Some(Wrong { file, line, rule, .. }) = mistake else { return !log.contains("error") };
    let place = format!("{}:{line}:", Path::new(file).display());
    log.split("error[").any(|error| error.starts_with(rule) && error.contains(&place))
}
