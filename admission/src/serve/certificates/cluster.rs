//! The certificates that a cluster's replicas share.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kube::Client;
use tokio::time::{sleep, timeout};
use vpcguard_certs::{CurrentLeaf, Lifetimes};

use super::expiry::Life;
use super::{Clock, LOOK_AT_FILES, Metrics, Source};
use crate::cluster::authority::{AuthorityError, Place, Rotator};

/// An API server that has taken a connection and says nothing for so long is asked again on another one.
const BEGINNING: Duration = Duration::from_secs(30);

/// The CA of a cluster.
pub(super) struct OfCluster {
    rotator: Rotator,
    interval: Duration,
}

impl OfCluster {
    pub(super) async fn begin(
        client: &Client,
        place: &Place,
        names: Vec<String>,
        lifetimes: Lifetimes,
        waits: impl Fn(&AuthorityError),
    ) -> (Self, Arc<CurrentLeaf>) {
        let interval = (lifetimes.propagation / 10).clamp(Duration::from_millis(100), LOOK_AT_FILES);
        loop {
            let beginning = Rotator::begin(client, place, names.clone(), lifetimes, SystemTime::now);
            let late = || Err(AuthorityError::Late(BEGINNING));
            match timeout(BEGINNING, beginning).await.unwrap_or_else(|_| late()) {
                Ok(rotator) => {
                    let current = rotator.current();
                    return (Self { rotator, interval }, current);
                }
                Err(error) => {
                    tracing::error!(%error, "no certificate yet");
                    waits(&error);
                }
            }
            sleep(interval).await;
        }
    }
}

impl Source for OfCluster {
    fn interval(&self) -> Duration {
        self.interval
    }

    fn look<'a>(&'a mut self, clock: Clock<'a>, metrics: &'a Metrics) -> BoxFuture<'a, Option<Life>> {
        let looked = async move {
            match self.rotator.look(clock).await {
                Ok(status) => {
                    metrics.set_not_after("ca", status.ca_not_after);
                    metrics.set_not_after("leaf", status.leaf_not_after);
                    metrics.set_rotation_phase(status.phase);
                    let (renew_at, not_after) = (status.ca_renew_at, status.ca_not_after);
                    Some(Life { what: "CA of the webhook", renew_at, not_after })
                }
                Err(error) => {
                    tracing::warn!(%error, "the CA cannot be looked after");
                    None
                }
            }
        };
        looked.boxed()
    }
}
