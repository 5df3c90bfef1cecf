//! Health, readiness and metrics, in plain HTTP: on the second port, or the metrics there and the others on a third.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::readiness::Readiness;
use super::reviewer::Reviewer;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a port answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Health and readiness, for who starts it again.
    Probes,
    /// Metrics, for who collects them.
    Metrics,
}

/// A port with these pages.
pub(super) fn router(pages: &[Page], readiness: Arc<Readiness>) -> Router {
    let with = |router: Router<Arc<Readiness>>, page: &Page| match page {
        Page::Probes => router.route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(readyz)),
        Page::Metrics => router.route("/metrics", get(metrics)),
    };
    pages.iter().fold(Router::new(), with).with_state(readiness)
}

async fn readyz(State(readiness): State<Arc<Readiness>>, RawQuery(query): RawQuery) -> Response {
    let ready = readiness.is_ready();
    let verbose = query.is_some_and(|query| query.split('&').any(|part| part == "verbose" || part == "verbose=true"));
    let text = match (verbose, ready) {
        (false, true) => "ok\n".to_owned(),
        (false, false) | (true, _) => readiness.verbose(),
    };
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text).into_response()
}

async fn metrics(State(readiness): State<Arc<Readiness>>) -> Response {
    let (reviewer, metrics) = (readiness.webhook.reviewer(), &readiness.webhook.metrics);
    metrics.set_objects(&reviewer.counts());
    if let Reviewer::Cluster { cache, ledgers, found, registration } = &*reviewer {
        metrics.set_view(&cache.kinds());
        metrics.set_ledgers(&ledgers.totals());
        metrics.set_peers(&ledgers.peers());
        metrics.set_found(found);
        metrics.set_registered(&registration.standings());
    }
    ([(CONTENT_TYPE, OPEN_METRICS)], metrics.encode()).into_response()
}
