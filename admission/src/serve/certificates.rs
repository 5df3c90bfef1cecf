//! The self-signed certificates of a server, and their renewal.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use vpcguard_certs::{Ca, CertError, CurrentLeaf, Leaf, server_config};

use super::metrics::Metrics;

/// How often the clock is looked at. Expiry is a matter of the wall clock, which timers do not follow when a machine
/// sleeps or its clock is set.
const LOOK: Duration = Duration::from_mins(1);

/// The leaf that is served, and where the next one comes from.
#[derive(Debug)]
pub(super) struct Certificates {
    signer: Option<Signer>,
    leaf: Leaf,
    current: Arc<CurrentLeaf>,
}

/// A CA of our own, and the names that it signs leaves for.
#[derive(Debug)]
struct Signer {
    ca: Ca,
    names: Vec<String>,
}

impl Certificates {
    /// For a server that listens on this address, reached by it or as localhost.
    pub(super) fn self_signed(address: IpAddr, now: SystemTime) -> Result<Self, CertError> {
        let mut names: Vec<_> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        let address = address.to_string();
        if !names.contains(&address) {
            names.push(address);
        }
        let ca = Ca::generate(now)?;
        let leaf = ca.sign(&names, now)?;
        Ok(Self { current: CurrentLeaf::new(&leaf), signer: Some(Signer { ca, names }), leaf })
    }

    /// Those of two files in PEM.
    pub(super) fn files(certificate: &[u8], key: &[u8], now: SystemTime) -> Result<Self, CertError> {
        let leaf = Leaf::from_pem(certificate, key, now)?;
        Ok(Self { current: CurrentLeaf::new(&leaf), signer: None, leaf })
    }

    /// What clients are to trust, where that is our own to say.
    pub(super) fn ca_pem(&self) -> Option<String> {
        self.signer.as_ref().map(|signer| signer.ca.certificate_pem())
    }

    /// The configuration that shows the leaf, also once it is renewed.
    pub(super) fn server_config(&self) -> Result<Arc<ServerConfig>, CertError> {
        server_config(Arc::clone(&self.current))
    }

    /// Says when they expire.
    pub(super) fn measure(&self, metrics: &Metrics) {
        if let Some(signer) = &self.signer {
            metrics.set_not_after("ca", signer.ca.not_after());
        }
        metrics.set_not_after("leaf", self.leaf.not_after());
    }

    /// Renews the leaf whenever two thirds of its life are over, as this clock has it.
    pub(super) async fn keep_fresh(mut self, clock: impl Fn() -> SystemTime, metrics: &Metrics) {
        loop {
            match self.renew_if_due(clock()) {
                Ok(true) => {
                    self.measure(metrics);
                    tracing::info!("the certificate has been renewed");
                }
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the certificate cannot be renewed"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn renew_if_due(&mut self, now: SystemTime) -> Result<bool, CertError> {
        let due = self.signer.as_ref().filter(|_| now >= self.leaf.renew_at());
        let Some(Signer { ca, names }) = due else { return Ok(false) };
        self.leaf = ca.sign(names, now)?;
        self.current.replace(&self.leaf);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn certificates(address: &str, now: SystemTime) -> Certificates {
        Certificates::self_signed(address.parse().unwrap(), now).unwrap()
    }

    #[test]
    fn the_address_is_named_once() {
        let names = |address| certificates(address, SystemTime::now()).signer.unwrap().names;
        assert_eq!(names("127.0.0.1"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("::1"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("10.0.0.1"), ["localhost", "127.0.0.1", "::1", "10.0.0.1"]);
    }

    #[test]
    fn a_leaf_is_renewed_after_two_thirds_of_its_life() {
        let start = SystemTime::now();
        let mut certificates = certificates("127.0.0.1", start);
        assert!(!certificates.renew_if_due(start + 4 * DAY).unwrap());
        assert!(certificates.renew_if_due(start + 5 * DAY).unwrap());
        assert_eq!(certificates.leaf.not_after(), start + 12 * DAY);
        assert!(!certificates.renew_if_due(start + 6 * DAY).unwrap());
        assert!(certificates.renew_if_due(start + 3650 * DAY).is_err());
    }
}
