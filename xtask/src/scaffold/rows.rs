//! What stands in the table of rules and in the table of kinds.

use anyhow::{Context, Result};
use vpcguard_policies::Kind;

use super::tree::Tree;
use crate::docs::rule_id;

/// The file with the table of rules, and the folder of the rules.
pub(super) const RULES: &str = "policies/src/rules/mod.rs";
pub(super) const RULES_FOLDER: &str = "policies/src/rules";

/// The file with the table of kinds.
pub(super) const KINDS: &str = "policies/src/kinds/table.rs";

/// A rule of the table.
#[derive(Clone, Debug)]
pub(super) struct RuleRow {
    pub(super) id: String,
    /// The folder of its file.
    pub(super) folder: String,
    /// The row, as it is written.
    pub(super) line: String,
}

/// All rules of the table.
pub(super) fn rules(tree: &Tree) -> Result<Vec<RuleRow>> {
    let text = tree.read(RULES)?;
    let rows = text.lines().filter_map(|line| Some((line, line.strip_prefix("    &")?.strip_suffix("::RULE,")?)));
    let row = |(line, path): (&str, &str)| {
        let (folder, module) = path.split_once("::").with_context(|| format!("{RULES} has the row {line}"))?;
        let file = format!("{RULES_FOLDER}/{folder}/{module}.rs");
        let id = rule_id(&tree.read(&file)?).with_context(|| format!("{file} has no rule"))?.to_owned();
        Ok(RuleRow { id, folder: folder.to_owned(), line: line.to_owned() })
    };
    rows.map(row).collect()
}

/// A type of objects, as the table of kinds has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KindRow {
    /// The variant of `Object` and of `Check`.
    pub(super) variant: String,
    /// The type.
    pub(super) name: String,
    /// The kinds that are read as it, as Rust calls them, each with its API group.
    pub(super) kinds: Vec<(String, String)>,
}

/// All types of the table of kinds.
pub(super) fn kinds(table: &str) -> Vec<KindRow> {
    let mut rows: Vec<KindRow> = Vec::new();
    let mut called = None;
    for line in table.lines().map(str::trim) {
        if let Some((variant, name)) = line.strip_suffix(") {").and_then(|head| head.split_once('(')) {
            rows.push(KindRow { variant: variant.to_owned(), name: name.to_owned(), kinds: Vec::new() });
            continue;
        }
        // A long one has its names on the next line.
        let names = match line.split_once(':').filter(|(kind, _)| kind.chars().all(char::is_alphanumeric)) {
            Some((kind, names)) => {
                called = Some(kind.to_owned());
                names
            }
            None => line,
        };
        let group = names.trim().strip_prefix('"').and_then(|names| names.split_once('"')).map(|(group, _)| group);
        if let (Some(row), Some(group)) = (rows.last_mut(), group) {
            row.kinds.extend(called.take().map(|kind| (kind, group.to_owned())));
        }
    }
    rows
}

/// The type as which a kind is read.
pub(super) fn kind_row(tree: &Tree, kind: Kind) -> Result<KindRow> {
    let called = format!("{kind:?}");
    let row = kinds(&tree.read(KINDS)?).into_iter().find(|row| row.kinds.iter().any(|(kind, _)| *kind == called));
    row.with_context(|| format!("{KINDS} has no {kind}"))
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::rules::TABLE;

    use super::*;
    use crate::root;

    #[test]
    fn the_tables_are_read_as_they_are_compiled() {
        let tree = Tree::of(root());
        let ids: Vec<_> = rules(&tree).unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(ids, TABLE.iter().map(|rule| rule.id).collect::<Vec<_>>());
        let known: Vec<_> = kinds(&tree.read(KINDS).unwrap()).into_iter().flat_map(|row| row.kinds).collect();
        let compiled = Kind::ALL.iter().map(|kind| (format!("{kind:?}"), kind.group().to_owned()));
        assert_eq!(known, compiled.collect::<Vec<_>>());
    }
}
