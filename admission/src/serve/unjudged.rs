//! Answers requests that get no verdict.
//!
//! At `failurePolicy: Ignore` the API server admits what gets an HTTP error, so whoever can cause one gets in. A request that
//! has a uid is therefore answered as any other is: refused where a rule that denies would have looked at it, admitted with a
//! warning elsewhere. An HTTP error is left for what cannot be answered otherwise.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use vpcguard_policies::{Head, Request, admit_unjudged, decline};

use super::endpoint::Endpoint;
use super::failure::{Failure, json};
use super::logging::shortened;
use super::metrics::{Asks, Decision, Metrics};
use super::reviewer::Reviewer;

/// A request without a verdict.
#[derive(Debug)]
pub(super) struct Unjudged {
    failure: Failure,
    /// None where all that is known of it is how its body begins.
    head: Option<Head>,
}

impl From<Failure> for Unjudged {
    fn from(failure: Failure) -> Self {
        Self { failure, head: None }
    }
}

impl Unjudged {
    /// One that was read.
    pub(super) fn of(request: &Request, failure: Failure) -> Self {
        Self { failure, head: Some(request.into()) }
    }

    /// The answer to a body that began like this.
    pub(super) fn answer(
        self,
        endpoint: Endpoint,
        beginning: &[u8],
        reviewer: &Reviewer,
        metrics: &Metrics,
    ) -> Response {
        let Self { failure, head } = self;
        let head = head.or_else(|| Head::read(beginning));
        let asks = head.as_ref().map(Asks::from).unwrap_or_default();
        let answer = match &head {
            Some(head) if reviewer.needs_verdict(endpoint, head) => "refused",
            Some(_) => "admitted",
            None => "http_error",
        };
        metrics.count_request(endpoint, asks, Decision::Error);
        metrics.count_unjudged(endpoint, asks, failure.cause(), answer);
        tracing::warn!(
            path = endpoint.name(),
            uid = head.as_ref().map(|head| shortened(&head.uid)),
            operation = asks.operation(),
            kind = asks.kind(),
            cause = failure.cause(),
            answer,
            failure = shortened(&failure.to_string()),
            "no verdict"
        );
        let Some(Head { uid, .. }) = head else { return failure.into_response() };
        let status = failure.status();
        let review = if answer == "refused" {
            decline(&uid, reviewer.by_settings(|settings| status.advised(settings)))
        } else {
            admit_unjudged(&uid, &status.message)
        };
        json(StatusCode::OK, review.to_json())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Write;
    use std::time::Duration;

    use vpcguard_policies::rules::{INJECTIONS, is_reviewed};
    use vpcguard_policies::{About, Kind, Operation, ReviewError, Settings, ViewError, needs_verdict};

    use super::*;

    const PAGE: &str = include_str!("../../../docs/webhook.md");

    /// Holds a table against the manual.
    fn stands_in_the_manual(table: &str) {
        assert!(PAGE.contains(table), "docs/webhook.md lacks:\n{table}");
    }

    #[test]
    fn the_manual_says_what_becomes_of_each_kind() {
        let stored = Some(Operation::Update);
        let refused = |endpoint: Endpoint, about, operation| {
            needs_verdict(endpoint.question(), &Head { uid: "u".to_owned(), about, operation }, &Settings::default())
        };
        let mut rows: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for kind in Kind::ALL {
            let injected = INJECTIONS.iter().any(|rule| rule.kind == *kind);
            for (endpoint, asks) in [(Endpoint::Validate, is_reviewed(*kind)), (Endpoint::Mutate, injected)] {
                if asks {
                    let is_refused = refused(endpoint, About::Kind(*kind), stored);
                    rows.entry((endpoint == Endpoint::Mutate, !is_refused)).or_default().push(kind.name());
                }
            }
            for operation in [Operation::Delete, Operation::Connect] {
                assert!(!refused(Endpoint::Validate, About::Kind(*kind), Some(operation)), "{kind}");
            }
        }
        let mut table = "| asked | about | without a verdict |\n|---|---|---|\n".to_owned();
        for ((is_mutate, is_admitted), kinds) in rows {
            let path = if is_mutate { "/mutate" } else { "/validate" };
            let answer = if is_admitted { "admitted, with a warning" } else { "refused" };
            let kinds = kinds.join(", ");
            writeln!(table, "| `{path}`, CREATE and UPDATE | {kinds} | {answer} |").unwrap();
        }
        table += "| DELETE, CONNECT | anything | admitted, with a warning |\n";
        assert!(!refused(Endpoint::Validate, About::Else, stored));
        table += "| anything | kinds that no rule knows, and subresources by which nothing is written that a rule reads; [the others](manifests.md#conditions) are as their kind | admitted, with a warning |\n";
        assert!(refused(Endpoint::Mutate, About::Untold, None) && refused(Endpoint::Validate, About::Untold, None));
        table +=
            "| the operation or the kind is not told in the first KiB | | refused, as if the operation were CREATE |\n";
        stands_in_the_manual(&table);
    }

    #[test]
    fn the_manual_says_each_cause() {
        let read_failed = ViewError { kind: "Vpc".to_owned(), name: String::new(), cause: String::new() };
        let mut table = "| `cause` | code | |\n|---|---|---|\n".to_owned();
        for (failure, what) in [
            (Failure::Malformed(ReviewError::NoRequest), "not what the API server sends"),
            (Failure::Unreadable(String::new()), "the connection ended, or its framing is broken"),
            (
                Failure::TooLarge { limit: 0 },
                "the body is larger than 37 MiB: two versions of an object of 3 MiB, each byte of them escaped",
            ),
            (Failure::TooManyValues { limit: 0 }, "a version of the object holds more than 500,000 values"),
            (Failure::NoRoom, "bodies take up all the memory that they may, and of this one too little came"),
            (
                Failure::OutOfTime(Duration::ZERO),
                "reading and judging the body took longer than the API server waits: the `timeout` parameter less one second, at least half of it",
            ),
            (Failure::Unknown(read_failed), "the cluster cannot be read"),
            (Failure::NotSynced(String::new()), "vpcguard is starting, and has not read the cluster yet"),
            (
                Failure::Exists(String::new()),
                "an object of this name is there already: the API server would say so next, and until then it would hold addresses that it never gets",
            ),
            (
                Failure::Contended(String::new()),
                "somebody else is about to get the addresses, the time ran out, or three objects that were read live had all changed a moment ago",
            ),
            (Failure::NoLedger(String::new()), "the addresses cannot be claimed; the message says what is missing"),
            (Failure::Panic, "a fault in vpcguard; the process lives on"),
        ] {
            let status = failure.status();
            writeln!(table, "| `{}` | {} `{}` | {what} |", failure.cause(), status.code, status.reason).unwrap();
        }
        stands_in_the_manual(&table);
    }
}
