//! The paths of the admission port.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::FutureExt;
use tower_http::catch_panic::CatchPanicLayer;

use super::endpoint::Endpoint;
use super::failure::Failure;
use super::judge::Judge;
use super::metrics::Metrics;
use super::unjudged::Unjudged;
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

/// A panic in a handler costs one request its answer, never the process.
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
    let (mut beginning, judge) = (Vec::new(), webhook.judge());
    let reading = body::read(request.into_body(), &webhook.room, &mut beginning);
    let answered = match tokio::time::timeout_at(limit, reading).await.unwrap_or(Err(Failure::OutOfTime(budget))) {
        Ok(body) => caught(respond(endpoint, &body.bytes, limit, &judge, &webhook.metrics), &webhook.metrics).await,
        Err(failure) => Err(failure.into()),
    };
    webhook.metrics.observe(endpoint, began.elapsed());
    answered.unwrap_or_else(|unjudged| unjudged.answer(endpoint, &beginning, &judge, &webhook.metrics))
}

/// A panic while a request is judged is a failure like any other: the request is answered with its uid. What requests share is
/// behind locks, which the others take whatever became of their last holder.
async fn caught(
    judging: impl Future<Output = Result<Response, Unjudged>>,
    metrics: &Metrics,
) -> Result<Response, Unjudged> {
    AssertUnwindSafe(judging).catch_unwind().await.unwrap_or_else(|_| {
        metrics.count_panic();
        Err(Failure::Panic.into())
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

    fn webhook() -> Arc<Webhook> {
        let files = tempfile::tempdir().unwrap();
        let cluster = Standalone::load(files.path(), Settings::default()).unwrap();
        Arc::new(Webhook::new(Judge::Standalone(Box::new(cluster))))
    }

    #[tokio::test]
    async fn a_panic_costs_one_request_its_verdict() {
        let webhook = webhook();
        let panics = async || panic!("for the test");
        let beginning = br#"{"request":{"uid":"u","kind":{"group":"","kind":"Pod"},"operation":"UPDATE","#;
        let unjudged = caught(panics(), &webhook.metrics).await.unwrap_err();
        let answer = unjudged.answer(Endpoint::Validate, beginning, &webhook.judge(), &webhook.metrics);
        assert_eq!(answer.status().as_u16(), 200);
        let answer = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let response = serde_json::from_slice::<serde_json::Value>(&answer).unwrap()["response"].take();
        assert_eq!((&response["uid"], &response["allowed"]), (&"u".into(), &false.into()));
        assert_eq!(response["status"]["code"], 500);
        let metrics = webhook.metrics.encode();
        let unjudged = r#"vpcguard_unjudged_requests_total{path="validate",kind="Pod",operation="UPDATE",cause="panic",answer="refused"} 1"#;
        assert!(metrics.contains("vpcguard_panics_total 1") && metrics.contains(unjudged), "{metrics}");
    }

    #[tokio::test]
    async fn a_panic_elsewhere_costs_one_request_its_answer() {
        async fn panics() {
            panic!("for the test");
        }
        let webhook = webhook();
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
