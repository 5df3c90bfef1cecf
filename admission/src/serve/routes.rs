//! The paths of the admission port.

use std::any::Any;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::time::{Instant, timeout_at};
use tower_http::catch_panic::CatchPanicLayer;

use super::body::BufferedBody;
use super::body_budget::BodyBudget;
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::listener::Peer;
use super::metrics::Metrics;
use super::review_pool::ReviewPool;
use super::reviewer::Reviewer;
use super::unjudged::Unjudged;
use super::webhook::respond;
use super::{body, budget};

/// What every request has at hand.
#[derive(Debug)]
pub(super) struct Webhook {
    reviewer: ArcSwap<Reviewer>,
    pub(super) metrics: Arc<Metrics>,
    room: Arc<BodyBudget>,
    pool: ReviewPool,
}

impl Webhook {
    pub(super) fn new(reviewer: Reviewer) -> io::Result<Self> {
        Ok(Self {
            reviewer: ArcSwap::from_pointee(reviewer),
            metrics: Arc::new(Metrics::new()),
            room: Arc::default(),
            pool: ReviewPool::new()?,
        })
    }

    /// Who judges now.
    pub(super) fn reviewer(&self) -> Arc<Reviewer> {
        self.reviewer.load_full()
    }

    /// From now on this one judges.
    pub(super) fn replace_reviewer(&self, reviewer: Arc<Reviewer>) {
        self.reviewer.store(reviewer);
    }

    /// The answer to a body by this judge.
    async fn review_body(
        &self,
        endpoint: Endpoint,
        peer: IpAddr,
        body: BufferedBody,
        limit: Instant,
        reviewer: Arc<Reviewer>,
        budget: time::Duration,
    ) -> Result<Response, Unjudged> {
        let metrics = Arc::clone(&self.metrics);
        let judging = move |body| async move { respond(endpoint, peer, body, limit, &reviewer, &metrics).await };
        let answered = self.pool.run(body, limit, budget, judging).await;
        if matches!(answered, Err(Failure::Panic)) {
            self.metrics.count_panic();
        }
        answered?
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
    let began = time::Instant::now();
    let _in_flight = webhook.metrics.begin();
    // Where nobody says who it is, it is as good as anybody.
    let peer = request.extensions().get().map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(address)| *address);
    let budget = budget::of_query(request.uri().query());
    let limit = Instant::now() + budget;
    let (mut beginning, reviewer) = (Vec::new(), webhook.reviewer());
    let reading = body::read(request.into_body(), &webhook.room, &mut beginning);
    let answered = match timeout_at(limit, reading).await.unwrap_or(Err(Failure::OutOfTime(budget))) {
        Ok(body) => webhook.review_body(endpoint, peer, body, limit, Arc::clone(&reviewer), budget).await,
        Err(failure) => Err(failure.into()),
    };
    webhook.metrics.observe(endpoint, began.elapsed());
    answered.unwrap_or_else(|unjudged| unjudged.answer(endpoint, &beginning, &reviewer, &webhook.metrics))
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
        Arc::new(Webhook::new(Reviewer::Standalone(Box::new(cluster))).unwrap())
    }

    #[tokio::test]
    async fn a_panic_costs_one_request_its_verdict() {
        let webhook = webhook();
        webhook.metrics.count_panic();
        let unjudged = Unjudged::from(Failure::Panic);
        let beginning = br#"{"request":{"uid":"u","kind":{"group":"","kind":"Pod"},"operation":"UPDATE","#;
        let answer = unjudged.answer(Endpoint::Validate, beginning, &webhook.reviewer(), &webhook.metrics);
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
