//! What a rule has found in one object.

use crate::finding::{Action, Finding};

/// How many denials of one rule are kept, and how many warnings. A verdict lists far fewer, but what was wrong before must be
/// told apart from what is wrong now; and a list of a million names must not become a million findings.
const MOST_FINDINGS_OF_A_RULE: usize = 1000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) kept: Vec<(Action, Finding)>,
    kept_denials: usize,
    pub(crate) more_denials: usize,
    pub(crate) more_warnings: usize,
}

impl Findings {
    pub(crate) fn add(&mut self, action: Action, finding: Finding) {
        // Warnings crowd no denial out: what is refused must say what for.
        if self.is_full(action) {
            self.leave_out(action);
        } else {
            self.kept_denials += usize::from(action == Action::Deny);
            self.kept.push((action, finding));
        }
    }

    /// Whether as many have been found as are kept.
    pub(crate) fn is_full(&self, action: Action) -> bool {
        let kept = if action == Action::Deny { self.kept_denials } else { self.kept.len() - self.kept_denials };
        kept >= MOST_FINDINGS_OF_A_RULE
    }

    /// Counts one that is not kept.
    pub(crate) fn leave_out(&mut self, action: Action) {
        match action {
            Action::Deny => self.more_denials += 1,
            Action::Warn => self.more_warnings += 1,
        }
    }

    /// Whether anything is wrong, and not only probably so.
    pub(crate) fn deny(&self) -> bool {
        self.more_denials > 0 || self.kept.iter().any(|(action, _)| *action == Action::Deny)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::field::FieldPath;
    use crate::rules::support::testing::{Cluster, update};

    #[test]
    fn warnings_crowd_no_denial_out() {
        let mut findings = Findings::default();
        let mut add = |action| {
            findings.add(action, Finding::required(FieldPath::of("spec"), ""));
        };
        for _ in 0..MOST_FINDINGS_OF_A_RULE + 5 {
            add(Action::Warn);
        }
        for _ in 0..MOST_FINDINGS_OF_A_RULE + 7 {
            add(Action::Deny);
        }
        assert_eq!((findings.more_warnings, findings.more_denials), (5, 7));
        assert_eq!(findings.kept.len(), 2 * MOST_FINDINGS_OF_A_RULE);
    }

    /// Nobody has compared those beyond the bound with what was wrong before.
    #[test]
    fn an_old_version_with_as_many_faults_excuses_none_of_a_rule_that_isolates() {
        let networks = |last: &str| {
            let networks: Vec<_> = (0..1100).map(|at| format!("t/n{at}")).chain([last.to_owned()]).collect();
            json!({"kind": "Pod", "namespace": "ns", "annotations": {
                "k8s.v1.cni.cncf.io/networks": networks.join(","), "ovn.kubernetes.io/logical_switch": "s",
            }})
        };
        let cluster = Cluster::new()
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["t"]}}))
            .with(json!({"kind": "Subnet", "name": "s", "spec": {"vpc": "v"}}));
        let verdict = cluster.verdict(&update(&networks("t/old"), &networks("t/new")));
        assert_eq!((verdict.allowed, verdict.code), (false, 403));
        assert!(cluster.verdict(&update(&networks("t/old"), &networks("t/old"))).allowed);
    }
}
