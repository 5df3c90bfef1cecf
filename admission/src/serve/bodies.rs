//! The webhook without connections and without a memory, for those who have many bodies to try.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use vpcguard_policies::{Inventory, Settings};

use super::reviewer::Reviewer;
use super::routes::{Webhook, router};
use super::standalone::Standalone;

/// Answers bodies by the same code as `vpcguard serve --standalone`. What is admitted changes nothing, so that an answer follows
/// from its body alone.
#[derive(Debug)]
pub struct Bodies {
    settings: Settings,
    inventory: Inventory,
    webhook: Arc<Webhook>,
    routes: TowerToHyperService<Router>,
}

impl Bodies {
    /// Judges against a cluster of these objects.
    ///
    /// # Errors
    ///
    /// Where no threads are to be had.
    pub fn new(inventory: Inventory, settings: Settings) -> io::Result<Self> {
        let reviewer = Standalone::of(inventory.clone(), settings.clone());
        let webhook = Arc::new(Webhook::new(Reviewer::Standalone(Box::new(reviewer)))?);
        let routes = TowerToHyperService::new(router(Arc::clone(&webhook)));
        Ok(Self { settings, inventory, webhook, routes })
    }

    /// Forgets what was admitted.
    pub fn forget(&self) {
        let reviewer = Standalone::of(self.inventory.clone(), self.settings.clone());
        self.webhook.replace_reviewer(Arc::new(Reviewer::Standalone(Box::new(reviewer))));
    }

    /// The HTTP status and the body by which a body is answered that is posted to this path.
    ///
    /// # Errors
    ///
    /// If the path is none.
    pub async fn answer(&self, path: &str, body: Vec<u8>) -> io::Result<(u16, Vec<u8>)> {
        let request = Request::post(path).body(Body::from(body)).map_err(io::Error::other)?;
        let answer = match self.routes.call(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let status = answer.status().as_u16();
        let answer = answer.into_body().collect().await.map_err(io::Error::other)?;
        Ok((status, answer.to_bytes().into()))
    }
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::Request as Review;

    use super::super::change::tests::subnet;
    use super::*;

    #[tokio::test]
    async fn what_is_admitted_is_forgotten() {
        let bodies = Bodies::new(Inventory::default(), Settings::default()).unwrap();
        let review = |name: &str| {
            let object = subnet(name, "10.1.0.0/16");
            let review = format!(
                r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"u","kind":{{"group":"kubeovn.io","version":"v1","kind":"Subnet"}},"operation":"CREATE","object":{object}}}}}"#
            );
            assert!(Review::from_review(review.as_bytes()).is_ok());
            review.into_bytes()
        };
        let allowed = async |name| {
            let (status, answer) = bodies.answer("/validate", review(name)).await.unwrap();
            assert_eq!(status, 200);
            serde_json::from_slice::<serde_json::Value>(&answer).unwrap()["response"]["allowed"].as_bool().unwrap()
        };
        assert!(allowed("a").await && !allowed("b").await);
        bodies.forget();
        assert!(allowed("b").await);
        assert_eq!(bodies.answer("/elsewhere", Vec::new()).await.unwrap().0, 404);
    }
}
