//! Warnings that a later version of another object answers.
//!
//! A folder that gives two existing VPCs a peering with each other has both sides in the end, though not while the first of them is
//! reviewed. A denial stays: whoever applies the folder in its order is refused.

use std::borrow::Cow;

use vpcguard_policies::finding::Reported;
use vpcguard_policies::{TypedObject, Verdict, ViewError};

use super::Simulation;
use super::object::Manifest;

/// An admitted version with a warning that speaks of an object of which a later version waits.
pub(super) struct Doubt<'a> {
    index: usize,
    number: usize,
    version: &'a Manifest<'a>,
    old: Option<Cow<'a, TypedObject<'a>>>,
}

impl<'a> Simulation<'a> {
    /// Remembers a version that is to be asked about again, before it is stored.
    pub(super) fn doubt(&mut self, index: usize, number: usize, version: &'a Manifest<'a>, verdict: &Verdict) {
        let may_be_mended = |warning: &Reported| {
            let mut related = warning.related_objects().iter();
            related.any(|related| self.histories.of(&related.object).is_some_and(|other| !other.waiting.is_empty()))
        };
        if verdict.allowed && verdict.warnings.iter().any(may_be_mended) {
            let old = self.histories.get(number).and_then(|history| history.admitted.clone());
            self.doubts.push(Doubt { index, number, version, old });
        }
    }

    /// Asks again, now that all is there, and takes back the warnings that are answered.
    pub(super) fn drop_mended(&mut self) -> Result<(), ViewError> {
        for doubt in std::mem::take(&mut self.doubts) {
            if doubt.old.is_none() {
                self.inventory.hide(doubt.version.kept().object());
            }
            let (verdict, _) = self.judge(doubt.version, doubt.old.as_deref())?;
            if let Some(last) = self.histories.get(doubt.number).and_then(|history| history.admitted.as_ref()) {
                self.inventory.store(last.object());
            }
            self.report.findings.retain(|located| {
                let is_of_it = located.index == doubt.index && !located.is_denial();
                let mut now = verdict.findings.iter().chain(&verdict.warnings);
                !is_of_it || now.any(|found| is_same(found, &located.finding))
            });
        }
        Ok(())
    }
}

/// Whether two findings are of one thing, whatever is said of it.
fn is_same(one: &Reported, other: &Reported) -> bool {
    one.rule() == other.rule() && one.field() == other.field() && one.related_objects() == other.related_objects()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vpcguard_policies::Settings;

    use crate::{Folder, Source, check};

    fn vpc(name: &str, peering: Option<(&str, &str)>) -> String {
        let peerings = peering.map(|(with, address)| json!({"remoteVpc": with, "localConnectIP": address}));
        let spec = json!({"vpcPeerings": peerings.into_iter().collect::<Vec<_>>()});
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": name}, "spec": spec}).to_string()
    }

    fn folder(texts: &[String]) -> Folder {
        let source = |text: &String| Source { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
        Folder::parse(&texts.iter().map(source).collect::<Vec<_>>())
    }

    /// What the rule says something of, in the order of the files.
    fn found(state: &[String], files: &[String]) -> Vec<String> {
        let settings = Settings::parse(&json!({"rules": {"*": "off", "vpc-peering": "deny"}})).unwrap();
        let report = check(&folder(files), &folder(state).documents, &settings).unwrap();
        report.findings().iter().map(|found| format!("{} {}", found.object.name, found.finding.field())).collect()
    }

    const LEFT: Option<(&str, &str)> = Some(("b", "169.254.1.1/30"));
    const RIGHT: Option<(&str, &str)> = Some(("a", "169.254.1.2/30"));
    const REMOTE: &str = "a spec.vpcPeerings[0].remoteVpc";

    #[test]
    fn both_sides_of_a_peering_may_come_at_once() {
        let bare = [vpc("a", None), vpc("b", None)];
        let peered = [vpc("a", LEFT), vpc("b", RIGHT)];
        assert!(found(&bare, &peered).is_empty());
        assert!(found(&[], &[&bare[..], &peered].concat()).is_empty());
        assert!(found(&bare[1..], &peered).is_empty());
        assert_eq!(found(&bare, &peered[..1]), [REMOTE]);
    }

    #[test]
    fn what_a_later_version_does_not_answer_stays() {
        let bare = [vpc("a", None), vpc("b", None)];
        assert_eq!(found(&bare, &[vpc("a", LEFT), vpc("b", None)]), [REMOTE]);
        assert_eq!(found(&bare, &[vpc("a", LEFT), vpc("b", RIGHT), vpc("b", None)]), [REMOTE]);
    }
}
