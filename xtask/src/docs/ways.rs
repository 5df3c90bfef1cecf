//! The ways into another tenant's VPC, as rows of the security model: of tests/isolation, a file a way.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use vpcguard_check::{Source, parse_value};
use vpcguard_policies::rules;

use crate::root;

/// Where they are.
const FOLDER: &str = "tests/isolation";

/// What of a way is told.
#[derive(Deserialize)]
struct Way {
    what: String,
    rule: String,
    without: Option<String>,
    until: Option<String>,
    left: Option<String>,
}

/// By what their names begin with, in the order of the page.
const GROUPS: &[(&str, &[&str])] = &[
    ("Pods", &["pod-", "bindings"]),
    ("Templates and virtual machines", &["template-", "machine-"]),
    ("Networks of Multus", &["network-"]),
    ("Services and their endpoints", &["service-", "slice-"]),
    ("Namespaces and pools", &["namespace-", "pool-"]),
    ("Egress gateways", &["egress-"]),
];

/// A table a group, a row a way.
pub(super) fn tables() -> Result<String> {
    let mut ways: BTreeMap<String, Way> = BTreeMap::new();
    for entry in fs::read_dir(root().join(FOLDER))? {
        let path = entry?.path();
        let source = Source { name: path.display().to_string(), bytes: fs::read(&path)? };
        let value = parse_value(&source).map_err(|errors| anyhow!("{errors:?}"))?;
        let way = serde_json::from_value(value).context(source.name)?;
        ways.insert(path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), way);
    }
    let mut text = String::new();
    for (title, prefixes) in GROUPS {
        let _ =
            writeln!(text, "### {title}\n\n| what is tried | what stops it | Kube-OVN alone | test | what is left |");
        text.push_str("|---|---|---|---|---|\n");
        let (of_group, rest): (BTreeMap<_, _>, _) =
            ways.into_iter().partition(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)));
        ways = rest;
        for (name, way) in of_group {
            text.push_str(&row(&name, &way)?);
        }
        text.push('\n');
    }
    ensure!(ways.is_empty(), "of no group: {:?}", ways.keys());
    Ok(text.trim_end().to_owned() + "\n")
}

fn row(name: &str, way: &Way) -> Result<String> {
    let Way { what, rule, without, until, left } = way;
    let seen = match without.as_deref() {
        None => "",
        Some("port") => "makes the port",
        Some("address" | "vip") => "gives the address",
        Some("balancer") => "makes the entry",
        Some("taken") => "moves the port",
        Some("ends") => "ends",
        Some(other) => bail!("{name}: {other}"),
    };
    let mut notes: Vec<&str> = left.iter().map(String::as_str).collect();
    if until.is_some() {
        notes.insert(0, "**not refused yet**");
    }
    let left = notes.join("; ");
    let rule = match rules::named(rule) {
        Ok(_) => format!("[`{rule}`](rules.md#{rule})"),
        Err(_) if until.is_some() => format!("`{rule}`"),
        Err(error) => bail!("{name}: {error}"),
    };
    Ok(format!("| {what} | {rule} | {seen} | [{name}](../{FOLDER}/{name}.yaml) | {left} |\n"))
}
