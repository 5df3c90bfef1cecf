//! The second port: health, readiness and metrics, in plain HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::judge::Judge;
use super::readiness::Readiness;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The second port.
pub(super) fn router(readiness: Arc<Readiness>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(readiness)
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
    let (judge, metrics) = (readiness.webhook.judge(), &readiness.webhook.metrics);
    metrics.set_objects(&judge.counts());
    if let Judge::Live { live, ledgers, found } = &*judge {
        metrics.set_view(&live.kinds());
        metrics.set_ledgers(&ledgers.totals());
        metrics.set_peers(&ledgers.peers());
        metrics.set_found(found);
    }
    ([(CONTENT_TYPE, OPEN_METRICS)], metrics.encode()).into_response()
}
