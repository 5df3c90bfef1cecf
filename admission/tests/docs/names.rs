//! What sentences name as code: flags, files, settings; and the version.

use std::path::Path;

use vpcguard_policies::Settings;

use super::examples::{Parsed, parsed};
use super::help::Help;
use super::page::{pages, root};

/// Flags of other programs that the manual speaks of.
const OF_OTHERS: &[&str] = &[
    "--admission-control-config-file",
    "--allow-context-aware",
    "--cluster-router",
    "--default-ls",
    "--default-provider-name",
    "--external-gateway-switch",
    "--force-conflicts",
    "--node-switch",
    "--record-host-capabilities-interactions",
    "--request-timeout",
];

/// What stands before a version of vpcguard.
const BEFORE_VERSION: &[&str] = &["vpcguard@", "vpcguard@v", "rev: v", ":v", "/v"];

#[test]
fn every_flag_that_is_named_exists() {
    let known = Help::default().all_flags();
    let mut faults = Vec::new();
    for page in pages() {
        for (line, code) in page.code.iter().filter(|(_, code)| code.starts_with("--") && code != "---") {
            let flag = code.split([' ', '=']).next().unwrap();
            // Of Helm's, the value is looked at elsewhere.
            if flag != "--set" && !known.iter().any(|known| known == flag) && !OF_OTHERS.contains(&flag) {
                faults.push(format!("{}: {flag}", page.at(*line)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_that_is_named_exists() {
    let mut faults = Vec::new();
    for page in pages() {
        for (line, code) in &page.code {
            let is_path = code.contains('/') && !code.contains([' ', '<', '*', '{', '…']);
            let first = Path::new(code).components().next().unwrap();
            // What tools write is there only once they have run.
            let is_ours = is_path && !code.starts_with("target") && root().join(first).is_dir();
            if is_ours && !code.starts_with('/') && !root().join(code).exists() {
                faults.push(format!("{}: {code}", page.at(*line)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn all_settings_that_are_shown_can_be_used() {
    let mut seen = 0;
    for Parsed { at, value } in parsed() {
        let is_manifest = value.get("apiVersion").is_some() || value.get("kind").is_some();
        let whole = (value.get("rules").is_some() && !is_manifest).then_some(&value);
        let parts = ["/settings", "/spec/settings"].iter().filter_map(|path| value.pointer(path));
        for settings in whole.into_iter().chain(parts) {
            seen += 1;
            Settings::parse(settings).unwrap_or_else(|errors| panic!("{at}: {errors}"));
        }
    }
    assert!(seen >= 3, "{seen}");
}

#[test]
fn every_version_is_this_one() {
    let mut seen = 0;
    for page in pages() {
        let text = std::fs::read_to_string(root().join(&page.path)).unwrap();
        for version in versions(&text) {
            seen += 1;
            assert_eq!(version, env!("CARGO_PKG_VERSION"), "{}", page.path.display());
        }
    }
    assert!(seen > 8, "{seen}");
}

/// The versions of vpcguard in a text, those with three numbers.
fn versions(text: &str) -> Vec<&str> {
    let behind = |before: &&'static str| {
        let before = *before;
        text.match_indices(before).map(move |(at, _)| &text[at + before.len()..])
    };
    let number = |rest: &str| rest.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(rest.len());
    let versions = BEFORE_VERSION.iter().flat_map(behind).map(|rest| rest[..number(rest)].trim_end_matches('.'));
    versions.filter(|version| version.matches('.').count() == 2).collect()
}

#[test]
fn versions_are_found() {
    let text = "vpcguard@1.2.3 a/b@v4 x:v1.2.4. rev: v1.2.5\n/v1/ /v1.2.6/ cargo-mutants 27.1.0";
    assert_eq!(versions(text), ["1.2.3", "1.2.5", "1.2.4", "1.2.6"]);
}
