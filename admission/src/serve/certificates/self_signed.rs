//! A CA of our own, for a server without a cluster.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use vpcguard_certs::{Ca, CertError, CurrentLeaf, Leaf};

use super::expiry::Life;
use super::{Clock, Metrics, Source};

/// How often the clock is looked at. Expiry is a matter of the wall clock, which timers do not follow when a machine
/// sleeps or its clock is set.
const LOOK: Duration = Duration::from_mins(1);

/// The CA, the names that it signs leaves for, and the leaf.
pub(super) struct SelfSigned {
    ca: Ca,
    names: Vec<String>,
    leaf: Leaf,
    current: Arc<CurrentLeaf>,
}

impl SelfSigned {
    pub(super) fn new(address: IpAddr, now: SystemTime) -> Result<(Self, Arc<CurrentLeaf>), CertError> {
        let mut names: Vec<_> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        let address = address.to_string();
        if !names.contains(&address) {
            names.push(address);
        }
        let ca = Ca::generate(now)?;
        let leaf = ca.sign(&names, now)?;
        let current = CurrentLeaf::new(&leaf);
        Ok((Self { ca, names, leaf, current: Arc::clone(&current) }, current))
    }

    fn renew(&mut self, now: SystemTime) {
        match self.ca.sign(&self.names, now) {
            Ok(next) => {
                self.leaf = next;
                self.current.replace(&self.leaf);
                tracing::info!("the certificate has been renewed");
            }
            Err(error) => tracing::error!(%error, "the certificate cannot be renewed"),
        }
    }
}

impl Source for SelfSigned {
    fn ca_pem(&self) -> Option<String> {
        Some(self.ca.certificate_pem())
    }

    fn interval(&self) -> Duration {
        LOOK
    }

    fn look<'a>(&'a mut self, clock: Clock<'a>, metrics: &'a Metrics) -> BoxFuture<'a, Option<Life>> {
        let now = clock();
        if now >= self.leaf.renew_at() {
            self.renew(now);
        }
        metrics.set_not_after("ca", self.ca.not_after());
        metrics.set_not_after("leaf", self.leaf.not_after());
        let life = Life { what: "CA of the webhook", renew_at: self.ca.renew_at(), not_after: self.ca.not_after() };
        async move { Some(life) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn the_address_is_named_once() {
        let names = |address: &str| SelfSigned::new(address.parse().unwrap(), SystemTime::now()).unwrap().0.names;
        assert_eq!(names("127.0.0.1"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("::1"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("10.0.0.1"), ["localhost", "127.0.0.1", "::1", "10.0.0.1"]);
    }

    #[tokio::test]
    async fn a_leaf_is_renewed_after_two_thirds_of_its_life() {
        let start = SystemTime::now();
        let (mut source, _) = SelfSigned::new("127.0.0.1".parse().unwrap(), start).unwrap();
        let metrics = Metrics::new();
        let mut ends_on = async |day: u32| {
            source.look(&|| start + day * DAY, &metrics).await;
            source.leaf.not_after().duration_since(start).unwrap().as_secs() / DAY.as_secs()
        };
        assert_eq!((ends_on(4).await, ends_on(5).await, ends_on(6).await), (7, 12, 12));
        // When the CA is over, the last leaf stays.
        assert_eq!(ends_on(3651).await, 12);
    }
}
