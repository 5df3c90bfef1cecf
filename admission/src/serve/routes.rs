//! The paths of the admission port.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tower_http::catch_panic::CatchPanicLayer;

use super::endpoint::Endpoint;
use super::failure::Failure;
use super::judge::Judge;
use super::logging::shortened;
use super::metrics::{Decision, Metrics};
use super::webhook::respond;
use super::{body, budget};

/// What every request has at hand.
#[derive(Debug)]
pub(super) struct Webhook {
    judge: ArcSwap<Judge>,
    pub(super) metrics: Metrics,
    pub(super) room: body::Room,
}

impl Webhook {
    pub(super) fn new(judge: Judge) -> Self {
        Self { judge: ArcSwap::from_pointee(judge), metrics: Metrics::new(), room: body::Room::default() }
    }

    /// Who judges now.
    pub(super) fn judge(&self) -> Arc<Judge> {
        self.judge.load_full()
    }

    /// From now on this one judges.
    pub(super) fn replace_judge(&self, judge: Arc<Judge>) {
        self.judge.store(judge);
    }
}

/// The admission port.
pub(super) fn router(webhook: Arc<Webhook>) -> Router {
    let routes = Router::new()
        .route("/validate", post(|State(webhook), request| answer(webhook, Endpoint::Validate, request)))
        .route("/mutate", post(|State(webhook), request| answer(webhook, Endpoint::Mutate, request)))
        .method_not_allowed_fallback(|| async { Failure::Method })
        .fallback(|| async { Failure::Path })
        .with_state(Arc::clone(&webhook));
    catching_panics(routes, webhook)
}

/// A panic in a handler costs one request its verdict, never the process.
fn catching_panics(routes: Router, webhook: Arc<Webhook>) -> Router {
    routes.layer(CatchPanicLayer::custom(move |_: Box<dyn Any + Send>| {
        webhook.metrics.count_panic();
        Failure::Panic.into_response()
    }))
}

async fn answer(webhook: Arc<Webhook>, endpoint: Endpoint, request: Request) -> Response {
    let began = Instant::now();
    let _in_flight = webhook.metrics.begin();
    let budget = budget::of_query(request.uri().query());
    let limit = tokio::time::Instant::now() + budget;
    let body = match tokio::time::timeout_at(limit, body::read(request.into_body(), &webhook.room)).await {
        Ok(body) => body,
        Err(_) => Err(Failure::OutOfTime(budget)),
    };
    let outcome = match body {
        Ok(body) => respond(endpoint, &body.bytes, limit, &webhook.judge(), &webhook.metrics).await,
        Err(failure) => {
            webhook.metrics.count_request(endpoint, None, Decision::Error);
            Err(failure)
        }
    };
    webhook.metrics.observe(endpoint, began.elapsed());
    outcome.unwrap_or_else(|failure| {
        tracing::warn!(path = endpoint.name(), failure = shortened(&failure.to_string()), "no verdict");
        failure.into_response()
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use vpcguard_policies::Settings;

    use super::super::standalone::Standalone;
    use super::*;

    #[tokio::test]
    async fn a_panic_costs_one_request_its_verdict() {
        async fn panics() {
            panic!("for the test");
        }
        let files = tempfile::tempdir().unwrap();
        let cluster = Standalone::load(files.path(), Settings::default()).unwrap();
        let webhook = Arc::new(Webhook::new(Judge::Standalone(Box::new(cluster))));
        let routes = Router::new().route("/panic", get(panics)).merge(router(Arc::clone(&webhook)));
        let service = TowerToHyperService::new(catching_panics(routes, Arc::clone(&webhook)));
        let code = async |path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            service.call(request).await.unwrap().status().as_u16()
        };
        assert_eq!(code("/panic").await, 500);
        assert_eq!(code("/validate").await, 405);
        assert!(webhook.metrics.encode().contains("vpcguard_panics_total 1"));
    }
}
