//! A new kind: its file, its rows, its definition and a sample.

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use heck::{ToSnakeCase, ToUpperCamelCase};
use vpcguard_policies::Kind;
use vpcguard_policies::kinds::{is_built_in, is_label, is_name};

use super::rows::{self, KINDS};
use super::rule::filled;
use super::tree::Tree;
use super::{insert, names};

const TEMPLATE: &str = include_str!("templates/kind.rs.in");
const DEFINITION: &str = include_str!("templates/crd.yaml.in");
const SAMPLE: &str = include_str!("templates/sample.yaml.in");
const LEFT: &str = include_str!("templates/kind_left.txt.in");

const MODULES: &str = "policies/src/kinds/mod.rs";
const SAMPLES: &str = "admission/tests/cluster/samples.yaml";

/// The names that documentation has without backticks.
const IDENTS: &str = "doc-valid-idents = [";

/// The row before which one of a new API group stands: after it come Pods, and what makes them.
const LAST: &str = "            Binding(Binding) {";

/// What is to be written.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewKind {
    /// Its API group and version, as objects write them: kubeovn.io/v1.
    pub(super) api_version: String,
    /// Its name, as objects write it.
    pub(super) kind: String,
    /// The resource, as URLs and RBAC have it: security-groups.
    pub(super) plural: String,
    /// Where its objects are.
    #[arg(long, value_enum, default_value_t = Scope::Cluster)]
    pub(super) scope: Scope,
}

/// Where objects are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    Cluster,
    Namespaced,
}

/// Writes it all, and says what is left.
pub(super) fn plan(tree: &mut Tree, asked: &NewKind) -> Result<String> {
    let NewKind { api_version, kind, plural, scope } = asked;
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    see_that_it_can_be(group, version, asked)?;
    let (name, module) = (kind.to_upper_camel_case(), kind.to_snake_case());
    let scope_name = format!("{scope:?}");
    let a_kind = names::a(kind).replacen('a', "A", 1);
    let dashed = module.replace('_', "-");
    let words = [
        ("A_KIND", a_kind.as_str()),
        ("TYPE", &name),
        ("KIND", kind),
        ("GROUP", group),
        ("VERSION", version),
        ("API_VERSION", api_version),
        ("PLURAL", plural),
        ("SINGULAR", &dashed),
        ("SCOPE", &scope_name),
        ("NAME", &format!("{dashed}-a")),
        ("NAMESPACE", if *scope == Scope::Namespaced { ", namespace: team-a" } else { "" }),
    ];
    let file = format!("policies/src/kinds/{module}.rs");
    tree.create(&file, filled(TEMPLATE, &words))?;
    tree.edit(KINDS, |text| with_row(text, asked, &name, group, version))?;
    tree.edit(MODULES, |text| {
        let text = insert::module(text, &module, &format!("mod {module};"))?;
        insert::export(&text, &module, &format!("pub use {module}::{name};"))
    })?;
    // A name of people's, to clippy, and not one of Rust's.
    tree.edit("clippy.toml", |text| {
        let (before, after) = text.split_once(IDENTS).with_context(|| format!("there is no {IDENTS}"))?;
        Ok(format!("{before}{IDENTS}{kind:?}, {after}"))
    })?;
    tree.edit(SAMPLES, |text| Ok(text.to_owned() + &filled(SAMPLE, &words)))?;
    let definition = format!("tests/crds/{plural}.yaml");
    let mut crd = String::new();
    if !is_built_in(group) {
        tree.create(&definition, filled(DEFINITION, &words))?;
        crd = format!("  {definition}: the fields that its own definition has\n");
    }
    Ok(filled(LEFT, &[("FILE", &file), ("CRD", &crd), ("KIND", kind)]))
}

fn see_that_it_can_be(group: &str, version: &str, asked: &NewKind) -> Result<()> {
    let NewKind { api_version, kind, plural, .. } = asked;
    ensure!(Kind::find(group, kind).is_none(), "{kind} of {api_version} is known already");
    ensure!(
        kind.starts_with(|letter: char| letter.is_ascii_uppercase())
            && kind.chars().all(|letter| letter.is_ascii_alphanumeric()),
        "{kind:?} is not the name of a kind: it begins with a capital letter, as SecurityGroup does"
    );
    ensure!(
        version.strip_prefix('v').is_some_and(|number| number.starts_with(|digit: char| digit.is_ascii_digit()))
            && (group.is_empty() != api_version.contains('/') && (group.is_empty() || is_name(group))),
        "{api_version:?} is no API version: write kubeovn.io/v1, or v1 for the core group"
    );
    ensure!(
        is_built_in(group) || version == "v1",
        "{api_version}: tests wait for v1 of what is not built in (tests/src/control_plane/crds.rs)"
    );
    ensure!(is_label(plural), "{plural:?} is not a resource: small letters with hyphens, as in security-groups");
    Ok(())
}

/// The table with the kind after the others of its API group.
fn with_row(table: &str, asked: &NewKind, name: &str, group: &str, version: &str) -> Result<String> {
    let NewKind { kind, plural, scope, .. } = asked;
    let known = rows::kinds(table);
    let is_taken = known.iter().any(|row| row.variant == name || row.kinds.iter().any(|(kind, _)| kind == name));
    ensure!(!is_taken, "{name} is there already");
    let (called, names) = (format!("{name}:"), format!("{group:?} {version:?} {kind:?} {plural:?} {scope:?};"));
    let one_line = format!("                {called} {names}");
    // Macros are not formatted, so a long line is broken here.
    let entry =
        if one_line.len() <= 120 { one_line } else { format!("                {called}\n                    {names}") };
    let row = format!(
        "            {name}({name}) {{\n                /// {}.\n{entry}\n            }}",
        names::a(kind).replacen('a', "A", 1)
    );
    let of_group = known
        .iter()
        .rev()
        .find(|row| row.kinds.first().is_some_and(|(_, known)| known == group) && row.kinds.len() == 1);
    let head = |variant: &str, name: &str| format!("            {variant}({name}) {{");
    let lines: Vec<_> = table.lines().collect();
    let before = match of_group.filter(|row| head(&row.variant, &row.name) != LAST) {
        Some(row) => {
            let head = head(&row.variant, &row.name);
            let at = lines.iter().position(|line| **line == head);
            let end = at
                .and_then(|at| lines.iter().skip(at).position(|line| *line == "            }").map(|end| at + end + 1));
            end.with_context(|| format!("it has no row {head:?}"))?
        }
        None => lines.iter().position(|line| *line == LAST).with_context(|| format!("it has no row {LAST:?}"))?,
    };
    let mut lines = lines;
    lines.insert(before, &row);
    Ok(lines.join("\n") + "\n")
}
