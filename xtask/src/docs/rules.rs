//! docs/rules.md: the manual of the rules, from the rules' own files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use vpcguard_policies::Kind;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::settings::RuleAction;

use crate::root;

/// The whole of docs/rules.md, of these pages.
pub(super) fn manual(pages: &BTreeMap<String, String>) -> Result<String> {
    let page = |id: &str| pages.get(id).with_context(|| format!("no file under policies/src/rules has the rule {id}"));
    let mut out = String::from(
        "# Rules\n\nWritten by `cargo xtask docs` from the rules' own files. The action of a rule is `deny`, `warn` or `off` in \
         the [settings](settings.md); the default is below. A finding that a page calls a warning stays one at `deny`.\n\n\
         Each example is whole: [`vpcguard check`](check.md) finds the fault in the bad one, and not in the good one. An object \
         that stands twice in it is updated. What a cluster is set up with is left out: that is for `gateway-config` and \
         `vpc-lb-prerequisites`.\n\n\
         | rule | default | what it refuses |\n|---|---|---|\n",
    );
    for rule in TABLE {
        writeln!(out, "| [`{0}`](#{0}) | {1} | {2} |", rule.id, action(rule.default), rule.summary)?;
    }
    for rule in INJECTIONS {
        writeln!(out, "| [`{0}`](#{0}) | on | {1} |", rule.id, rule.summary)?;
    }
    for rule in TABLE {
        let kinds: Vec<_> = rule.kinds().map(Kind::name).collect();
        let isolates = match (rule.isolates, rule.firm) {
            (true, _) => " A denial is a 403, and `vpcguard.io/allow` does not spare it.",
            (false, true) => " `vpcguard.io/allow` does not spare a denial.",
            (false, false) => "",
        };
        write!(
            out,
            "\n## {}\n\nDefault: {}. Reviews: {}.{isolates}\n\n",
            rule.id,
            action(rule.default),
            kinds.join(", ")
        )?;
        out.push_str(page(rule.id)?);
    }
    for rule in INJECTIONS {
        write!(out, "\n## {}\n\nDefault: on. Injects into: {}.\n\n{}", rule.id, rule.kind, page(rule.id)?)?;
    }
    Ok(out)
}

fn action(action: RuleAction) -> &'static str {
    match action {
        RuleAction::Deny => "deny",
        RuleAction::Warn => "warn",
        RuleAction::Off => "off",
    }
}

/// The `//!` text of each rule's file, by the rule's id.
pub(crate) fn pages() -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    collect(&root().join("policies/src/rules"), &mut pages)?;
    Ok(pages)
}

fn collect(folder: &Path, pages: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path)?;
            if let Some(id) = rule_id(&source) {
                pages.insert(id.to_owned(), page(&source));
            }
        }
    }
    Ok(())
}

/// The id in `pub const RULE: … = … { id: "…"`.
pub(crate) fn rule_id(source: &str) -> Option<&str> {
    let (_, rule) = source.split_once("pub const RULE")?;
    let (_, id) = rule.split_once("id: \"")?;
    id.split_once('"').map(|(id, _)| id)
}

fn page(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_page_with_examples() {
        let pages = pages().unwrap();
        let reviewing = TABLE.iter().map(|rule| (rule.id, ["bad", "good"]));
        for (id, sides) in reviewing.chain(INJECTIONS.iter().map(|rule| (rule.id, ["before", "after"]))) {
            let page = &pages[id];
            for side in sides {
                assert!(page.contains(&format!("\n```yaml {side}\n# {side}")), "{id} has no example `yaml {side}`");
            }
            assert!(page.lines().count() >= 8, "{id} has no page");
        }
    }
}
