//! What becomes of a request on which there is no verdict: the webhook may be told too much, too slowly or nothing, and the
//! API server admits at `failurePolicy: Ignore` whatever it gets no answer to.

use crate::kinds::Kind;
use crate::request::{About, Head, Operation};
use crate::rules::{INJECTIONS, TABLE};
use crate::settings::{RuleAction, Settings};

/// What a runner is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// May this be stored?
    Validate,
    /// What is to be injected first?
    Mutate,
}

/// Whether a request without a verdict is refused. It is where a rule that denies looks at it, or where that cannot be told;
/// and where it would go without an injection that a rule which isolates builds on. Everything else is admitted, as it would
/// be if its warnings were all that is lost.
pub fn needs_verdict(question: Question, head: &Head, settings: &Settings) -> bool {
    let is_stored = |operation| matches!(operation, Operation::Create | Operation::Update | Operation::AtRest);
    head.operation.is_none_or(is_stored)
        && match head.about {
            About::Untold => true,
            About::Else => false,
            About::Kind(kind) => match question {
                Question::Validate => is_denied(kind, settings),
                Question::Mutate => {
                    INJECTIONS.iter().any(|rule| rule.kind == kind && rule.isolates) && is_denied(kind, settings)
                }
            },
        }
}

/// Whether a rule that looks at this kind denies. Those that look at every kind do not count, or every Node would.
fn is_denied(kind: Kind, settings: &Settings) -> bool {
    // Kube-OVN's own configuration, which a cluster that is not well may need changed. Its rule speaks of mistakes.
    kind != Kind::ConfigMap && TABLE.iter().any(|rule| rule.reads_of(kind) && rule.action(settings) == RuleAction::Deny)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(question: Question, about: About, operation: Option<Operation>, settings: &Settings) -> bool {
        needs_verdict(question, &Head { uid: "u".to_owned(), about, operation }, settings)
    }

    #[test]
    fn what_isolates_or_claims_is_refused() {
        let settings = Settings::default();
        let create = Some(Operation::Create);
        for rule in TABLE.iter().filter(|rule| rule.isolates && rule.default == RuleAction::Deny) {
            for kind in rule.kinds() {
                assert!(refused(Question::Validate, About::Kind(kind), create, &settings), "{} {kind}", rule.id);
            }
        }
        for kind in [Kind::Subnet, Kind::VpcNatGateway, Kind::Vpc] {
            assert!(refused(Question::Validate, About::Kind(kind), Some(Operation::Update), &settings), "{kind}");
        }
        for kind in [Kind::ConfigMap, Kind::ServiceCidr, Kind::Node] {
            assert!(!refused(Question::Validate, About::Kind(kind), create, &settings), "{kind}");
        }
    }

    #[test]
    fn no_deletion_waits_for_a_verdict() {
        for operation in [Operation::Delete, Operation::Connect] {
            for about in Kind::ALL.iter().map(|kind| About::Kind(*kind)).chain([About::Else, About::Untold]) {
                for question in [Question::Validate, Question::Mutate] {
                    assert!(!refused(question, about, Some(operation), &Settings::default()), "{about:?}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let settings = Settings::default();
        for question in [Question::Validate, Question::Mutate] {
            assert!(refused(question, About::Untold, Some(Operation::Update), &settings));
            assert!(refused(question, About::Untold, None, &settings));
            assert!(refused(question, About::Kind(Kind::Pod), None, &settings));
            assert!(!refused(question, About::Else, None, &settings));
        }
    }

    #[test]
    fn a_pod_without_its_injection_is_refused_and_a_vpc_is_not() {
        let settings = Settings::default();
        let kinds = Kind::ALL.iter().copied();
        let refused = |kind| refused(Question::Mutate, About::Kind(kind), Some(Operation::Create), &settings);
        assert_eq!(kinds.filter(|kind| refused(*kind)).collect::<Vec<_>>(), [Kind::Pod]);
    }

    #[test]
    fn rules_that_only_warn_refuse_nothing() {
        let off: serde_json::Map<_, _> = TABLE.iter().map(|rule| (rule.id.to_owned(), json!("warn"))).collect();
        let settings = Settings::parse(&json!({"rules": off})).unwrap();
        for kind in Kind::ALL {
            assert!(!refused(Question::Validate, About::Kind(*kind), Some(Operation::Create), &settings), "{kind}");
        }
        let strict = Settings::parse(&json!({"strictReferences": true})).unwrap();
        assert!(refused(Question::Validate, About::Kind(Kind::IptablesEip), Some(Operation::Create), &strict));
    }
}
