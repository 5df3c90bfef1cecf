//! A new rule: its file, its rows, and a case each way.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use heck::ToSnakeCase;
use serde::Serialize;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::text::did_you_mean;
use vpcguard_policies::{Kind, Policy};

use super::example::{BAD, Network};
use super::field::Field;
use super::rows::{self, KindRow, RULES, RULES_FOLDER, RuleRow};
use super::tree::Tree;
use super::{insert, names};
use crate::{docs, yaml};

const TEMPLATE: &str = include_str!("templates/rule.rs.in");
const LEFT: &str = include_str!("templates/rule_left.txt.in");

/// Where each finding is underlined.
const SPANS: &str = "wasm/check/tests/spans";

/// What the finding says, and how to fix it.
const DETAIL: &str = "is what the rule refuses";
const HELP: &str = "Give it another value.";

/// What is to be written.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewRule {
    /// The kind that it reviews: Subnet.
    pub(super) kind: String,
    /// The name by which users know it: subnet-gateway.
    pub(super) id: String,
    /// The part of the rules that it is deployed with; that of the other rules about this kind if it is not given.
    #[arg(long)]
    pub(super) policy: Option<String>,
    /// What it refuses, in a line.
    #[arg(long)]
    pub(super) summary: Option<String>,
    /// The field that it reads: spec.gateway, or metadata.annotations[example.com/gateway].
    #[arg(long)]
    pub(super) field: Option<String>,
}

/// What a case wants.
#[derive(Serialize)]
struct Want<'a> {
    allowed: bool,
    code: u16,
    findings: Vec<Wanted<'a>>,
}

/// A finding that a case wants.
#[derive(Serialize)]
struct Wanted<'a> {
    rule: &'a str,
    reason: &'static str,
    field: String,
    message: String,
}

/// All that is known of the rule.
struct Plan {
    id: String,
    kind: Kind,
    row: KindRow,
    policy: Policy,
    summary: String,
    field: Field,
    folder: String,
    module: String,
    network: Network,
}

/// Writes it all, and says what is left.
pub(super) fn plan(tree: &mut Tree, asked: &NewRule) -> Result<String> {
    let plan = Plan::of(tree, asked)?;
    let table = rows::rules(tree)?;
    let neighbours = plan.neighbours(&table);
    plan.write_rule(tree, &neighbours)?;
    plan.write_cases(tree)?;
    plan.write_rows(tree, &neighbours)?;
    tree.edit("docs/webhook.md", |text| refused_without_a_verdict(text, plan.kind))?;
    Ok(plan.left())
}

impl Plan {
    fn of(tree: &Tree, asked: &NewRule) -> Result<Self> {
        let kind = kind(&asked.kind)?;
        let row = rows::kind_row(tree, kind)?;
        let first = row.kinds.first().is_some_and(|(first, _)| *first == format!("{kind:?}"));
        ensure!(
            first,
            "{kind} is read as {}: make a rule about {}, and name the kinds in its check",
            row.name,
            row.variant
        );
        let id = &asked.id;
        names::is_kebab(id)?;
        let known =
            rows::rules(tree)?.into_iter().map(|row| row.id).chain(INJECTIONS.iter().map(|rule| rule.id.to_owned()));
        ensure!(known.clone().all(|known| known != *id), "there is a rule {id:?} already");
        let field = match &asked.field {
            Some(field) => field.parse()?,
            None => Field::Annotation(format!("example.com/{id}")),
        };
        let summary = match &asked.summary {
            Some(summary) => summary.trim().to_owned(),
            None => format!("{}'s {} is {BAD}", names::a(kind.name()), field.path()),
        };
        ensure!(!summary.is_empty() && !summary.contains(['\n', '|']), "{summary:?} is no summary: one line is");
        let folder = row.variant.to_snake_case();
        let policy = match &asked.policy {
            Some(name) => policy(name)?,
            None => likely_policy(kind, &folder),
        };
        let network = Network::with(kind, &docs::pages()?)?;
        Ok(Self {
            id: id.clone(),
            kind,
            policy,
            summary,
            field,
            module: names::module(id, &folder),
            folder,
            row,
            network,
        })
    }

    fn file(&self) -> String {
        format!("{RULES_FOLDER}/{}/{}.rs", self.folder, self.module)
    }

    fn cases(&self) -> String {
        format!("tests/corpus/{}/{}", self.folder, self.id)
    }

    fn manifest(&self) -> String {
        format!("{SPANS}/manifests/{}.yaml", self.id)
    }

    /// The rules after which it stands, the nearest first: those of its folder, or else of its policy.
    fn neighbours(&self, table: &[RuleRow]) -> Vec<RuleRow> {
        let of_folder = table.iter().rposition(|row| row.folder == self.folder);
        let of_policy = || {
            let ids: Vec<_> = self.policy.rules().iter().map(|rule| rule.id).collect();
            table.iter().rposition(|row| ids.contains(&row.id.as_str()))
        };
        let last = of_folder.or_else(of_policy).unwrap_or(table.len());
        table.iter().take(last + 1).rev().cloned().collect()
    }

    /// The file, the module and the row of the table.
    fn write_rule(&self, tree: &mut Tree, neighbours: &[RuleRow]) -> Result<()> {
        tree.create(&self.file(), self.source()?)?;
        let declared = format!("pub mod {};", self.module);
        let modules = format!("{RULES_FOLDER}/{}/mod.rs", self.folder);
        if tree.has(&modules) {
            tree.edit(&modules, |text| insert::module(text, &self.module, &declared))?;
        } else {
            tree.create(&modules, format!("//! Rules about {}.\n\n{declared}\n", self.kind))?;
            let folder = format!("pub mod {};", self.folder);
            tree.edit(RULES, |text| insert::module(text, &self.folder, &folder))?;
        }
        let row = format!("    &{}::{}::RULE,", self.folder, self.module);
        tree.edit(RULES, |text| beside(neighbours, |neighbour| insert::after_row(text, &neighbour.line, &row)))
    }

    fn source(&self) -> Result<String> {
        let (name, variable) = (&self.row.name, self.row.variant.to_snake_case());
        let commented = |manifest: String| {
            let lines: Vec<_> = manifest.lines().map(|line| format!("//! {line}")).collect();
            lines.join("\n")
        };
        let (constant, read, path, value, hint) = match &self.field {
            Field::Annotation(key) => (
                format!("/// The annotation that is read.\nconst ANNOTATION: &str = \"{key}\";\n\n"),
                "Read::Annotation(ANNOTATION)".to_owned(),
                "FieldPath::annotation(ANNOTATION)".to_owned(),
                format!("{variable}.meta.annotation(ANNOTATION)"),
                String::new(),
            ),
            Field::Path(path) => (
                String::new(),
                format!("Read::Field(\"{path}\")"),
                format!("FieldPath::of(\"{path}\")"),
                format!("Some({variable}.meta.name.as_str())"),
                format!("    // What is read of a {name} stands in policies/src/kinds.\n"),
            ),
        };
        let check = match self.row.kinds.as_slice() {
            [_] => format!("{}(", self.row.variant),
            _ => format!("{}Of(&[Kind::{:?}], ", self.row.variant, self.kind),
        };
        let summary = format!("{:?}", self.summary);
        Ok(filled(
            TEMPLATE,
            &[
                ("BAD_EXAMPLE", &commented(self.network.bad(&self.field).manifest()?)),
                ("GOOD_EXAMPLE", &commented(self.network.good(&self.field).manifest()?)),
                ("A_KIND", &names::a(self.kind.name())),
                ("CONST", &constant),
                ("READ", &read),
                ("READ_HINT", &hint),
                ("FIELD_PATH", &path),
                ("VALUE", &value),
                ("CHECK", &check),
                ("VAR", &variable),
                ("TYPE", name),
                ("KIND", self.kind.name()),
                ("ID", &self.id),
                ("SUMMARY", &summary),
                ("POLICY", &format!("{:?}", self.policy)),
                ("PATH", &self.field.path()),
                ("IN_A_TEST", &self.field.in_a_test()),
                ("MESSAGE", &message()),
                ("BAD", BAD),
                ("DETAIL", DETAIL),
                ("HELP", HELP),
            ],
        ))
    }

    /// A case each way, and the manifest in which the value is underlined.
    fn write_cases(&self, tree: &mut Tree) -> Result<()> {
        let finding =
            Wanted { rule: &self.id, reason: "FieldValueInvalid", field: self.field.path(), message: message() };
        let bad = self.network.bad(&self.field);
        for (name, comment, network, want) in [
            (
                "accepts-the-good-example",
                "As on the page.",
                self.network.good(&self.field),
                Want { allowed: true, code: 200, findings: vec![] },
            ),
            (
                "refuses-the-bad-example",
                "As on the page.",
                bad.clone(),
                Want { allowed: false, code: 422, findings: vec![finding] },
            ),
        ] {
            let want = yaml::text(&BTreeMap::from([("want", want)]))?;
            let text = format!("# {comment}\n{}{want}", network.case()?);
            tree.create(&format!("{}/{name}.yaml", self.cases()), text)?;
        }
        tree.create(&self.manifest(), bad.manifest()?)
    }

    /// A row wherever each rule has one.
    fn write_rows(&self, tree: &mut Tree, neighbours: &[RuleRow]) -> Result<()> {
        let id = &self.id;
        let manifest = self.network.bad(&self.field).manifest()?;
        let value = format!("{}: {BAD}", self.field.key());
        let at = manifest.lines().collect::<Vec<_>>().iter().rposition(|line| line.trim() == value);
        let at = at.with_context(|| format!("the example has no line {value}"))?;
        let wanted = format!(
            "- rule: {id}\n  file: {id}.yaml\n  underlined: '{}: {BAD}'\n  message: '{}'\n  help: '{HELP}'\n",
            at + 1,
            message()
        );
        tree.edit(&format!("{SPANS}/wanted.yaml"), |text| {
            let starts = |line: &str| line.starts_with("- ");
            beside(neighbours, |row| insert::after_block(text, &format!("- rule: {}", row.id), starts, &wanted))
        })?;
        let observed = format!("{id}:\n  refuses: {{not-observable: nobody has looked yet}}\n");
        tree.edit("tests/conformance/observed.yaml", |text| {
            let starts = |line: &str| !line.starts_with([' ', '#']);
            beside(neighbours, |row| insert::after_block(text, &format!("{}:", row.id), starts, &observed))
        })?;
        let why = format!("| [`{id}`](rules.md#{id}) | It does not look at `{}`. | nowhere | – |", self.field.path());
        tree.edit("docs/why.md", |text| {
            beside(neighbours, |row| insert::after_row(text, &format!("| [`{0}`](rules.md#{0}) |", row.id), &why))
        })?;
        let link = |id: &str| format!("[`{id}`](docs/rules.md#{id})");
        tree.edit("README.md", |text| beside(neighbours, |row| insert::after_link(text, &link(&row.id), &link(id))))
    }

    fn left(&self) -> String {
        let is_new = !TABLE.iter().any(|rule| rule.reads_of(self.kind));
        let more = format!(
            "\n  {} is asked about for the first time: see that admission/tests/cluster/samples.yaml has one, and run\n  \
             cargo xtask record-reviews",
            self.kind
        );
        filled(
            LEFT,
            &[
                ("FILE", &self.file()),
                ("CASES", &self.cases()),
                ("MANIFEST", &self.manifest()),
                ("ID", &self.id),
                ("MORE", if is_new { &more } else { "" }),
            ],
        )
    }
}

/// What the template's finding says of the bad example.
fn message() -> String {
    format!("Invalid value: {BAD:?}: {DETAIL}")
}

/// A template with its words.
pub(super) fn filled(template: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(template.to_owned(), |text, (name, word)| text.replace(&format!("@{name}@"), word))
}

/// What is added beside the nearest rule that has something there.
fn beside(neighbours: &[RuleRow], add: impl Fn(&RuleRow) -> Option<String>) -> Result<String> {
    neighbours.iter().find_map(add).context("it has no row of a rule that stands before this one")
}

fn kind(name: &str) -> Result<Kind> {
    let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let found = Kind::ALL.iter().copied().find(|kind| kind.name() == name);
    found.ok_or_else(|| {
        let hint = did_you_mean(name, &known).unwrap_or_else(|| format!("known are {}", known.join(", ")));
        anyhow!("no rule can look at a {name:?}: {hint} `cargo xtask new-kind` adds one")
    })
}

fn policy(name: &str) -> Result<Policy> {
    let known: Vec<_> = Policy::ALL.iter().filter(|policy| !policy.is_mutating()).collect();
    match known.iter().find(|policy| policy.name() == name) {
        Some(policy) => Ok(**policy),
        None => {
            let names: Vec<_> = known.iter().map(|policy| policy.name()).collect();
            let hint = did_you_mean(name, &names).unwrap_or_else(|| format!("known are {}", names.join(", ")));
            bail!("there is no policy {name:?} of rules that review: {hint}")
        }
    }
}

/// The policy for what can be judged by the object alone, where that looks at the kind already, or else the one of the last rule
/// about it.
fn likely_policy(kind: Kind, folder: &str) -> Policy {
    let about = |policy: &Policy| policy.rules().iter().any(|rule| rule.reads_of(kind));
    let of_folder = || {
        let rules = TABLE.iter().rev().filter(|rule| rule.reads_of(kind));
        let named = folder.replace('_', "-");
        rules.clone().find(|rule| rule.id.starts_with(&named)).or_else(|| rules.clone().next()).map(|rule| rule.policy)
    };
    if about(&Policy::VpcSyntax) { Policy::VpcSyntax } else { of_folder().unwrap_or(Policy::VpcSyntax) }
}

/// The manual's table of what is refused on which there can be no verdict, with a kind that a rule denies.
fn refused_without_a_verdict(page: &str, kind: Kind) -> Result<String> {
    const BEGINS: &str = "| `/validate`, CREATE and UPDATE | ";
    let mut is_there = false;
    let row = |line: &str| -> Option<String> {
        let Some((listed, answer)) = line.strip_prefix(BEGINS).and_then(|rest| rest.split_once(" | ")) else {
            return Some(line.to_owned());
        };
        let refuses = answer == "refused |";
        let listed: Vec<_> = listed.split(", ").collect();
        let stays = |known: &Kind| if *known == kind { refuses } else { listed.contains(&known.name()) };
        let kinds: Vec<_> = Kind::ALL.iter().filter(|known| stays(known)).map(|kind| kind.name()).collect();
        is_there |= refuses;
        (!kinds.is_empty()).then(|| format!("{BEGINS}{} | {answer}", kinds.join(", ")))
    };
    let lines: Vec<_> = page.lines().filter_map(row).collect();
    ensure!(is_there, "it has no row that begins with {BEGINS:?} and ends with \"refused |\"");
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_denied_is_refused_without_a_verdict() {
        let page = "a\n| `/validate`, CREATE and UPDATE | Vpc, Pod | refused |\n\
                    | `/validate`, CREATE and UPDATE | IPPool | admitted, with a warning |\nb\n";
        let with_pool = "a\n| `/validate`, CREATE and UPDATE | Vpc, IPPool, Pod | refused |\nb\n";
        assert_eq!(refused_without_a_verdict(page, Kind::IpPool).unwrap(), with_pool);
        assert_eq!(refused_without_a_verdict(page, Kind::Pod).unwrap(), page);
        assert!(refused_without_a_verdict("a\n", Kind::Pod).is_err());
    }
}
