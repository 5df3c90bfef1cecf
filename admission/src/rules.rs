//! `vpcguard rules`: what there is to switch on and off.

mod page;

use std::fmt::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use vpcguard_policies::Kind;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::settings::RuleAction;

use crate::console;

/// List all rules with the kinds they look at and what they do by default, or show the page of one.
#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// How to write the list.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// The rule whose page is shown: what it refuses, why, examples, and how to fix it.
    #[arg(value_name = "RULE")]
    rule: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// A table for documents.
    Markdown,
}

/// A rule of either sort.
struct Row {
    id: &'static str,
    kinds: Vec<Kind>,
    default: &'static str,
    summary: &'static str,
    mutates: bool,
}

impl Rules {
    pub(crate) fn run(&self) -> ExitCode {
        let text = self.text();
        match text.and_then(|text| console::print(&text).map_err(|error| error.to_string())) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                console::error(&error);
                ExitCode::from(2)
            }
        }
    }

    fn text(&self) -> Result<String, String> {
        let rows = rows();
        let Some(rule) = &self.rule else {
            return Ok(match self.format {
                Format::Human => human(&rows),
                Format::Json => json(&rows),
                Format::Markdown => markdown(&rows),
            });
        };
        let page = page::page(rule)?;
        let row = rows.iter().find(|row| row.id == rule).filter(|_| matches!(self.format, Format::Json));
        Ok(row.map_or_else(|| page.to_owned(), |row| page::json(row, page)))
    }
}

fn rows() -> Vec<Row> {
    let reviewing = TABLE.iter().map(|rule| Row {
        id: rule.id,
        kinds: rule.kinds().collect(),
        default: match rule.default {
            RuleAction::Deny => "deny",
            RuleAction::Warn => "warn",
            RuleAction::Off => "off",
        },
        summary: rule.summary,
        mutates: false,
    });
    let injecting = INJECTIONS.iter().map(|rule| Row {
        id: rule.id,
        kinds: vec![rule.kind],
        default: "on",
        summary: rule.summary,
        mutates: true,
    });
    reviewing.chain(injecting).collect()
}

fn human(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{:width$}  {:4}  {} ({})", row.id, row.default, row.summary, kinds(row));
    }
    text
}

fn json(rows: &[Row]) -> String {
    let rows: Value = rows.iter().map(described).collect();
    format!("{rows:#}\n")
}

/// A rule for programs.
fn described(row: &Row) -> Value {
    let kinds: Vec<_> = row.kinds.iter().map(|kind| kind.name()).collect();
    json!({
        "id": row.id,
        "kinds": kinds,
        "default": row.default,
        "summary": row.summary,
        "mutates": row.mutates,
    })
}

fn markdown(rows: &[Row]) -> String {
    let mut text = "| id | kinds | default | summary |\n|---|---|---|---|\n".to_owned();
    for row in rows {
        let summary = row.summary.replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | {} | {} | {summary} |", row.id, kinds(row), row.default);
    }
    text
}

fn kinds(row: &Row) -> String {
    if row.kinds.len() == Kind::ALL.len() {
        return "any".to_owned();
    }
    row.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_in_every_format() {
        let rows = rows();
        assert_eq!(rows.len(), TABLE.len() + INJECTIONS.len());
        let list: Value = serde_json::from_str(&json(&rows)).unwrap();
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(list[at]["id"], row.id);
            assert!(human(&rows).lines().nth(at).unwrap().starts_with(row.id));
            assert!(markdown(&rows).lines().nth(at + 2).unwrap().starts_with(&format!("| `{}` | ", row.id)));
        }
    }

    #[test]
    fn the_page_of_a_rule_is_markdown_or_a_field() {
        let text = |format| Rules { format, rule: Some("vpc-peering".to_owned()) }.text().unwrap();
        assert!(text(Format::Human).starts_with("## vpc-peering\n"));
        assert_eq!(text(Format::Markdown), text(Format::Human));
        let rule: Value = serde_json::from_str(&text(Format::Json)).unwrap();
        assert_eq!((&rule["id"], &rule["page"]), (&json!("vpc-peering"), &json!(text(Format::Human))));
    }

    #[test]
    fn a_rule_is_described() {
        let list: Value = serde_json::from_str(&json(&rows())).unwrap();
        let find = |id: &str| list.as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
        assert_eq!(
            find("subnet-cidr-overlap"),
            &json!({
                "id": "subnet-cidr-overlap",
                "kinds": ["Subnet"],
                "default": "deny",
                "summary": "a Subnet's CIDR overlaps that of another Subnet of the same VPC and VLAN",
                "mutates": false,
            })
        );
        assert_eq!(find("inject-vpc-lb")["mutates"], true);
    }
}
