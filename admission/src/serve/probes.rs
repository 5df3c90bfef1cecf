//! The second port: health, readiness and metrics, in plain HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::readiness::Readiness;
use super::routes::Webhook;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug)]
struct Probed {
    readiness: Readiness,
    webhook: Arc<Webhook>,
}

/// The second port.
pub(super) fn router(readiness: Readiness, webhook: Arc<Webhook>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Probed { readiness, webhook })
}

async fn readyz(State(probed): State<Probed>, RawQuery(query): RawQuery) -> Response {
    let ready = probed.readiness.is_ready();
    let verbose = query.is_some_and(|query| query.split('&').any(|part| part == "verbose" || part == "verbose=true"));
    let text = match (verbose, ready) {
        (false, true) => "ok\n".to_owned(),
        (false, false) | (true, _) => probed.readiness.verbose(),
    };
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text).into_response()
}

async fn metrics(State(probed): State<Probed>) -> Response {
    let Webhook { cluster, metrics } = &*probed.webhook;
    metrics.set_objects(&cluster.counts());
    ([(CONTENT_TYPE, OPEN_METRICS)], metrics.encode()).into_response()
}
