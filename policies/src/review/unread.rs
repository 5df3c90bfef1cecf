//! What is said of an object that no rule can read: whether there is such a kind at all.

use serde_json::Value;

use crate::finding::{Action, Finding, Report, Reported, Verdict};
use crate::request::{Operation, Request};
use crate::rule::{Check, Rule};
use crate::rules::TABLE;
use crate::settings::{RuleAction, Settings};

/// Judges an object of a kind that no rule reads, as it is written.
pub fn review_unread(object: &Value, settings: &Settings) -> Verdict {
    by(TABLE, object, settings)
}

/// The same of a request. What is stored already has its kind.
pub(super) fn judge(rules: &[&'static Rule], request: &Request, settings: &Settings) -> Verdict {
    match request.operation {
        Operation::Create | Operation::AtRest => by(rules, &request.object, settings),
        Operation::Update | Operation::Delete | Operation::Connect => Verdict::admitted(),
    }
}

fn by(rules: &[&'static Rule], object: &Value, settings: &Settings) -> Verdict {
    let found = rules.iter().flat_map(|rule| rule.checks.iter().map(move |check| (*rule, check)));
    let found = found.filter_map(|(rule, check)| match check {
        Check::Written(check) => reported(rule, check(object)?, settings),
        _ => None,
    });
    Verdict::of(Report { listed: found.collect(), ..Report::default() })
}

/// A finding of a rule as it stands, with no older version to compare it with; none if the rule is off.
pub(super) fn reported(rule: &'static Rule, finding: Finding, settings: &Settings) -> Option<Reported> {
    let action = match rule.action(settings) {
        RuleAction::Deny => Action::Deny,
        RuleAction::Warn => Action::Warn,
        RuleAction::Off => return None,
    };
    let discloses_names = settings.disclose_names;
    Some(Reported { finding, rule: rule.id, action, suppressed_by: None, discloses_names })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Inventory;
    use crate::review::{admit, review};

    #[test]
    fn a_kind_is_judged_when_an_object_is_made() {
        let object = json!({"apiVersion": "kubeovn.io/v1", "kind": "SubNet", "metadata": {"name": "a"}});
        let (cluster, settings) = (Inventory::default(), Settings::default());
        let create = Request::of_object(object.clone(), None);
        assert_eq!(create.kind, None);
        for verdict in [review(&create, &cluster, &settings), admit(&create, &cluster, &settings)] {
            let verdict = verdict.unwrap();
            assert_eq!(verdict, review_unread(&object, &settings));
            assert_eq!(verdict.warnings[0].rule(), "unknown-kind");
        }
        let update = Request::of_object(object.clone(), Some(object.clone()));
        for request in [update, Request::to_delete(object)] {
            assert_eq!(review(&request, &cluster, &settings).unwrap(), Verdict::admitted());
        }
    }
}
