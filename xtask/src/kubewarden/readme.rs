//! The README.md of a policy: what it is for, how it is deployed, and the pages of its rules.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use vpcguard_policies::Policy;

use super::metadata::{capitalised, context, kinds};
use super::tables::page;
use super::{VERSION, examples, image, title};

/// The text of a policy's README.
pub(super) fn of(policy: Policy, pages: &BTreeMap<String, String>) -> Result<String> {
    let mut out = format!("# {}\n\nThe Kubewarden policy `{policy}`: {}.\n\n", title(policy), policy.summary());
    out.push_str("Written by `cargo xtask docs` from the table of rules.\n\n");
    let does = if policy.is_mutating() { "Changes" } else { "Reviews" };
    writeln!(out, "{does}: {}.\n", kinds(policy))?;
    out.push_str(&context_text(policy));
    out.push_str(&deployment(policy));
    writeln!(
        out,
        "## Settings\n\nOne schema for all policies and for the webhook: [settings]({}). Everything has a default; each policy \
         takes the whole schema and ignores what its rules do not read. An unknown key is an error, with what was probably \
         meant.\n",
        page("settings.md")
    )?;
    out.push_str(if policy.is_mutating() { "## What it injects\n" } else { "## Rules\n" });
    let rules = policy.rules().iter().map(|rule| (rule.id, rule.summary));
    for (id, summary) in rules.chain(policy.injections().iter().map(|rule| (rule.id, rule.summary))) {
        let text = pages.get(id).with_context(|| format!("the rule {id} has no page"))?;
        write!(out, "\n### {id}\n\n{}.\n\n{}", capitalised(summary), absolute(text))?;
    }
    Ok(out)
}

fn context_text(policy: Policy) -> String {
    let asked: Vec<_> =
        context(policy).into_iter().map(|resource| format!("{} ({})", resource.kind, resource.api_version)).collect();
    if asked.is_empty() {
        return "It judges an object by itself and asks for nothing else.\n\n".to_owned();
    }
    format!(
        "It is context-aware. It asks for: {}; only after its rules have something to ask, and only for what a request \
         concerns. What the policy server's account needs for that: [permissions]({}).\n\n",
        asked.join(", "),
        page("kubewarden.md#permissions")
    )
}

fn deployment(policy: Policy) -> String {
    let namespaced = if examples::is_namespaced(policy) {
        " In one namespace, for what is in it: [examples/admission-policy.yaml](examples/admission-policy.yaml)."
    } else if context(policy).is_empty() {
        ""
    } else {
        " It cannot be deployed as an AdmissionPolicy: those may not ask for other objects."
    };
    format!(
        "## Deploying\n\n```sh elsewhere\nkubectl apply -f examples/cluster-admission-policy.yaml\n```\n\nThe module is \
         `{}:v{VERSION}`.{namespaced} More, also what is best effort in a policy server: [Kubewarden]({}).\n\n",
        image(policy),
        page("kubewarden.md")
    )
}

/// Links of the manual lead to the manual from anywhere.
fn absolute(text: &str) -> String {
    text.replace("](settings.md", &format!("]({}", page("settings.md")))
        .replace("](rules.md", &format!("]({}", page("rules.md")))
        .replace("](limits.md", &format!("]({}", page("limits.md")))
        .replace("](check.md", &format!("]({}", page("check.md")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs;

    #[test]
    fn every_rule_has_its_page_and_no_link_is_relative_to_the_manual() {
        let pages = docs::pages().unwrap();
        for policy in Policy::ALL {
            let readme = of(*policy, &pages).unwrap();
            for rule in policy.rules() {
                assert!(readme.contains(&format!("\n### {}\n", rule.id)), "{}", rule.id);
            }
            for (_, link) in readme.match_indices("](").map(|(at, _)| readme.split_at(at + 2)) {
                assert!(link.starts_with("https://") || link.starts_with("examples/"), "{policy}: {link:.60}");
            }
        }
    }
}
