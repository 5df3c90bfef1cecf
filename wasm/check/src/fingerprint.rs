//! What makes two findings the same one, in two versions of a folder.

use std::collections::BTreeMap;

use serde::Serialize;
use vpcguard_policies::field::{FieldPath, Step};

use crate::report::{LocatedFinding, Report};

/// A finding without its place: the rule, the object, the field and the offending value. Lines may move, and elements of a
/// list, so neither counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fingerprint {
    pub(crate) rule: String,
    /// The cluster, where several are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<String>,
    pub(crate) object: Subject,
    /// The field, without the numbers of list elements.
    pub(crate) field: String,
    /// The offending value as messages show it; none where one is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// What the value is in conflict with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conflict: Option<String>,
}

/// An object, whatever the version of its API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Subject {
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl Fingerprint {
    pub(crate) fn of(located: &LocatedFinding) -> Self {
        let LocatedFinding { finding, object, cluster, .. } = located;
        Self {
            rule: finding.rule().to_owned(),
            cluster: cluster.as_deref().map(str::to_owned),
            object: Subject {
                kind: object.kind.clone(),
                namespace: object.namespace.clone(),
                name: object.name.clone(),
            },
            field: unnumbered(finding.field()),
            value: finding.value().map(str::to_owned),
            conflict: finding.conflict().map(str::to_owned),
        }
    }

    /// As JSON, so that no two lists of texts run into the same one.
    pub(crate) fn key(&self) -> String {
        // Every key is a string and every value a text, so this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A path such as `spec.staticRoutes[].nextHopIP`.
fn unnumbered(field: &FieldPath) -> String {
    let mut text = String::new();
    for step in field.steps() {
        match step {
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Key(key) => {
                text.push('[');
                text.push_str(key);
                text.push(']');
            }
            Step::Index(_) => text.push_str("[]"),
        }
    }
    text
}

/// How often a finding occurs, as what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) denials: usize,
    pub(crate) warnings: usize,
}

/// Findings that are known already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Where each stands among all.
    at: BTreeMap<String, usize>,
    all: Vec<(Fingerprint, Count)>,
}

impl Known {
    pub(crate) fn of(report: &Report) -> Self {
        let mut known = Self::default();
        for located in report.findings() {
            let (denials, warnings) = if located.is_denial() { (1, 0) } else { (0, 1) };
            known.add(Fingerprint::of(located), Count { denials, warnings });
        }
        known
    }

    pub(crate) fn add(&mut self, fingerprint: Fingerprint, more: Count) {
        let at = *self.at.entry(fingerprint.key()).or_insert(self.all.len());
        match self.all.get_mut(at) {
            Some((_, count)) => {
                count.denials = count.denials.saturating_add(more.denials);
                count.warnings = count.warnings.saturating_add(more.warnings);
            }
            None => self.all.push((fingerprint, more)),
        }
    }

    /// Takes the findings that are known out of a report, and out of these, and says how many they were.
    pub(crate) fn leave_new(&mut self, report: &mut Report) -> usize {
        let before = report.findings.len();
        report.findings.retain(|located| !self.take(located));
        report.count();
        before - report.findings.len()
    }

    /// A warning that has become a denial is not known: it is worse.
    fn take(&mut self, located: &LocatedFinding) -> bool {
        let at = self.at.get(&Fingerprint::of(located).key());
        let Some((_, count)) = at.and_then(|at| self.all.get_mut(*at)) else { return false };
        let is_known_warning = !located.is_denial() && count.warnings > 0;
        let left = if is_known_warning { &mut count.warnings } else { &mut count.denials };
        let is_known = *left > 0;
        *left = left.saturating_sub(1);
        is_known
    }

    /// Those that are left, in an order that does not depend on that of the files.
    pub(crate) fn left(&self) -> impl Iterator<Item = &(Fingerprint, Count)> {
        let all = self.at.values().filter_map(|at| self.all.get(*at));
        all.filter(|(_, count)| count.denials > 0 || count.warnings > 0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Folder, Source, check};

    fn report(text: &str) -> Report {
        let folder = Folder::parse(&[Source { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() }]);
        assert!(folder.errors.is_empty(), "{:?}", folder.errors);
        check(&folder, &[], &crate::testing::settings(&json!({}))).unwrap()
    }

    fn subnet(name: &str, fields: &str) -> String {
        format!("---\napiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{{fields}}}\n")
    }

    /// How many findings of a text are new after another.
    fn new(before: &str, after: &str) -> usize {
        let mut report = report(after);
        Known::of(&self::report(before)).leave_new(&mut report);
        assert_eq!(report.summary().denied > 0, !report.findings.is_empty());
        report.findings.len()
    }

    #[test]
    fn a_finding_is_the_same_wherever_it_stands() {
        let bad = "cidrBlock: 10.0.0.0/24, vips: [x]";
        assert_eq!(new(&subnet("a", bad), &format!("\n\n{}", subnet("a", bad))), 0);
        assert_eq!(new(&subnet("a", bad), &subnet("a", "cidrBlock: 10.0.0.0/24, vips: [10.0.0.9, x]")), 0);
    }

    #[test]
    fn another_object_value_or_occurrence_is_new() {
        let bad = |vips: &str| format!("cidrBlock: 10.0.0.0/24, vips: [{vips}]");
        assert_eq!(new(&subnet("a", &bad("x")), &subnet("b", &bad("x"))), 1);
        assert_eq!(new(&subnet("a", &bad("x")), &subnet("a", &bad("y"))), 1);
        assert_eq!(new(&subnet("a", &bad("x")), &subnet("a", &bad("x, x"))), 1);
        assert_eq!(new(&subnet("a", &bad("x, x")), &subnet("a", &bad("x"))), 0);
    }

    #[test]
    fn a_conflict_with_another_object_is_new() {
        let a = subnet("a", "cidrBlock: 10.0.0.0/16");
        let before = format!("{}{a}", subnet("b", "cidrBlock: 10.0.4.0/24"));
        let after = format!("{}{before}", subnet("c", "cidrBlock: 10.0.5.0/24"));
        assert_eq!(new(&before, &before), 0);
        assert_eq!(new(&before, &after), 1);
    }

    #[test]
    fn a_warning_that_becomes_a_denial_is_new() {
        let text = subnet("a", "cidrBlock: 10.0.0.0/24, vips: [x]");
        let mut mild = report(&text);
        mild.findings.iter_mut().for_each(|located| located.finding.suppress());
        let mut denied = report(&text);
        assert_eq!(Known::of(&mild).leave_new(&mut denied), 0);
        let mut known = Known::of(&denied);
        assert_eq!(known.leave_new(&mut mild), 1);
        assert_eq!(known.left().count(), 0);
    }
}
