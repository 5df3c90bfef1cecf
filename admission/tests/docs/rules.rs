//! The examples of the rules' pages: each is a network of its own, and is checked as `vpcguard check` does.

use std::path::Path;

use serde_json::Value;
use vpcguard_check::{Folder, Source, check};
use vpcguard_policies::finding::{Action, Reported};
use vpcguard_policies::kinds::Object;
use vpcguard_policies::rule::Check;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::settings::RuleAction;
use vpcguard_policies::{Attended, Inventory, Kind, Request, Settings, review};

use super::block::{Block, Side, Use};
use super::page::{Page, pages};

/// The page of all rules. A policy's README repeats some of it.
const MANUAL: &str = "docs/rules.md";

/// A rule that `check` has nothing to say for: it is about objects that wait in a cluster, which only the webhook looks for.
const WAITING: &str = "subnet-joins-waiting";

/// The rules about what a cluster is set up with, which the examples of other rules leave out.
const SETUP: &[&str] = &["gateway-config", "vpc-lb-prerequisites"];

/// An example of a rule.
struct Example {
    /// Where it is.
    at: String,
    /// The id of the rule: the heading that it stands under.
    rule: String,
    side: Side,
    folder: Folder,
}

impl Example {
    fn of(page: &Page, block: &Block) -> Option<Self> {
        let Use::Example(side) = block.usage else { return None };
        let at = page.at(block.line);
        let comment = format!("# {}", side.word());
        let first = block.text.lines().next().unwrap();
        assert!(first == comment || first.starts_with(&format!("{comment}: ")), "{at}: begins without {comment:?}");
        let folder =
            Folder::parse(&[Source { name: "example.yaml".to_owned(), bytes: block.text.clone().into_bytes() }]);
        assert!(folder.errors.is_empty() && !folder.documents.is_empty(), "{at}: {:?}", folder.errors);
        Some(Self { at, rule: block.section.clone(), side, folder })
    }

    /// Those of a page.
    fn all(page: &Page) -> Vec<Self> {
        page.blocks.iter().filter_map(|block| Self::of(page, block)).collect()
    }

    /// What is found in it.
    fn findings(&self) -> Vec<Reported> {
        let rule = TABLE.iter().find(|rule| rule.id == self.rule);
        if rule.is_some_and(|rule| rule.checks.iter().all(Check::is_deletion)) {
            return self.findings_on_deletion();
        }
        if self.rule == WAITING {
            return self.findings_on_last();
        }
        let report = check(&self.folder, &[], &Settings::default()).unwrap();
        report.findings().iter().map(|located| located.finding.clone()).collect()
    }

    /// What is found when the last object is deleted, while the others are in the cluster.
    fn findings_on_deletion(&self) -> Vec<Reported> {
        let settings = Settings::default();
        let mut cluster = Inventory::new(settings.kube_ovn.clone());
        for document in &self.folder.documents {
            cluster.apply(Kind::of(&document.object).unwrap(), &document.object);
        }
        let last = self.folder.documents.last().unwrap().object.clone();
        let verdict = review(&Request::to_delete(last), &cluster, &settings).unwrap();
        verdict.findings.into_iter().chain(verdict.warnings).collect()
    }

    /// What the webhook finds in the last object, while the others are in the cluster and its Pods wait.
    fn findings_on_last(&self) -> Vec<Reported> {
        let settings = Settings::default();
        let (last, others) = self.folder.documents.split_last().unwrap();
        let mut cluster = Inventory::new(settings.kube_ovn.clone());
        let mut waiting = Vec::new();
        for object in others.iter().map(|document| &document.object) {
            match Kind::of(object).unwrap() {
                Kind::Pod => waiting.push(Object::read(Kind::Pod, object, &settings.kube_ovn).0),
                kind => cluster.apply(kind, object),
            }
        }
        let view = Attended { cluster: &cluster, waiting: &waiting };
        let verdict = review(&Request::of_object(last.object.clone(), None), &view, &settings).unwrap();
        verdict.findings.into_iter().chain(verdict.warnings).collect()
    }

    /// What is wrong with it, if it is to show this rule.
    fn fault(&self, default: RuleAction) -> Option<String> {
        let found = self.findings();
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        let own = |finding: &&Reported| finding.rule() == self.rule;
        let what = match self.side {
            Side::Bad => {
                let action = if default == RuleAction::Deny { Action::Deny } else { Action::Warn };
                let is_shown = found.iter().filter(own).any(|finding| finding.action() == action);
                let is_alone = found.iter().all(|finding| own(&finding) || finding.action() == Action::Warn);
                match (is_shown, is_alone) {
                    (true, true) => None,
                    (false, _) => Some(format!("bad, but {} finds nothing", self.rule)),
                    (true, false) => Some("bad, but another rule refuses it too".to_owned()),
                }
            }
            Side::Good => {
                let is_clean = found.iter().all(|finding| SETUP.contains(&finding.rule()) && !own(&finding));
                (!is_clean).then(|| "good, but something is found".to_owned())
            }
            Side::Before | Side::After => Some("not of a rule that injects".to_owned()),
        };
        what.map(|what| format!("{}: {what}: {shown:#?}", self.at))
    }
}

/// The examples of all pages.
fn examples() -> Vec<Example> {
    pages().iter().flat_map(Example::all).collect()
}

/// What an object before becomes by what is injected.
fn injected(before: &Example) -> Value {
    let report = check(&before.folder, &[], &Settings::default()).unwrap();
    assert_eq!(report.summary().denied, 0, "{}: {}", before.at, report.to_human());
    let mut object = before.folder.documents.last().unwrap().object.clone();
    for mutation in report.mutations() {
        assert_eq!(mutation.injection.rule, before.rule, "{}", before.at);
        json_patch::patch(&mut object, &mutation.patch).unwrap();
    }
    object
}

#[test]
fn every_rule_shows_a_bad_and_a_good_example() {
    let pages = pages();
    let manual = Example::all(pages.iter().find(|page| page.path == Path::new(MANUAL)).unwrap());
    let reviewing = TABLE.iter().map(|rule| (rule.id, [Side::Bad, Side::Good]));
    let injecting = INJECTIONS.iter().map(|rule| (rule.id, [Side::Before, Side::After]));
    for (id, sides) in reviewing.chain(injecting) {
        for side in sides {
            let is_there = manual.iter().any(|example| example.rule == id && example.side == side);
            assert!(is_there, "the page of {id} has no fence `yaml {}`", side.word());
        }
    }
}

#[test]
fn a_bad_example_gives_its_rule_and_a_good_one_does_not() {
    let mut faults = Vec::new();
    for example in examples() {
        match TABLE.iter().find(|rule| rule.id == example.rule) {
            Some(rule) => faults.extend(example.fault(rule.default)),
            None => assert!(INJECTIONS.iter().any(|rule| rule.id == example.rule), "{}: of no rule", example.at),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_object_before_becomes_the_one_after() {
    for page in pages() {
        let examples = Example::all(&page);
        for (at, before) in examples.iter().enumerate().filter(|(_, example)| example.side == Side::Before) {
            let after = examples.get(at + 1).filter(|next| next.side == Side::After && next.rule == before.rule);
            let after = after.unwrap_or_else(|| panic!("{}: nothing after it", before.at));
            assert_eq!(injected(before), after.folder.documents[0].object, "{}", after.at);
        }
    }
}

/// What is wrong with an example of a rule that denies, if it is all that there is below the rule's heading.
fn fault_of(rule: &str, side: &str, objects: &[&str]) -> Option<String> {
    let objects = objects.join("\n---\n");
    let page = format!("## {rule}\n\n```yaml {side}\n# {side}\n{objects}\n```\n");
    let [example] = &*Example::all(&Page::of(Path::new("docs/x.md"), &page)) else { panic!("{page}") };
    example.fault(RuleAction::Deny)
}

#[test]
fn an_example_that_does_not_show_its_rule_is_found() {
    let subnet = |name: &str, spec: &str| {
        format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{{spec}}}")
    };
    let (fits, wrong) = (subnet("a", "cidrBlock: 10.17.0.0/16"), subnet("a", "cidrBlock: 10.17.0.1"));
    let doubly_wrong = subnet("b", "cidrBlock: 10.17.0.0/24, gateway: 10.18.0.1");
    assert_eq!(fault_of("subnet-syntax", "bad", &[&wrong]), None);
    assert_eq!(fault_of("subnet-syntax", "good", &[&fits]), None);
    for (rule, side, objects, fault) in [
        ("subnet-syntax", "bad", [fits.as_str()].as_slice(), "bad, but subnet-syntax finds nothing"),
        ("subnet-cidr-overlap", "bad", &[&wrong], "bad, but subnet-cidr-overlap finds nothing"),
        ("subnet-syntax", "bad", &[&fits, &doubly_wrong], "bad, but another rule refuses it too"),
        ("subnet-syntax", "good", &[&wrong], "good, but something is found"),
        ("subnet-cidr-overlap", "good", &[&wrong], "good, but something is found"),
    ] {
        let said = fault_of(rule, side, objects).unwrap();
        assert!(said.starts_with(&format!("docs/x.md:3: {fault}: ")), "{said}");
    }
}
