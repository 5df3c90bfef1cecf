//! Counts the requests that are being answered.

use prometheus_client::metrics::gauge::Gauge;

/// One request in flight, until it is dropped: by an answer, a panic, or a client that goes away.
#[derive(Debug)]
pub(super) struct InFlight(Gauge);

impl InFlight {
    pub(super) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
