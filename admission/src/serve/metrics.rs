//! What Prometheus gets to know: base units, and labels whose values are few and ours.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use vpcguard_certs::Phase;
use vpcguard_policies::finding::Action;
use vpcguard_policies::{About, Head, Kind, Operation, Request, Verdict};

use super::endpoint::Endpoint;
use super::in_flight::InFlight;
use crate::cluster::authority::configurations::Sort;
use crate::cluster::cache::KindStatus;
use crate::cluster::ledgers::{PeerTotals, Totals};
use crate::cluster::repair::Found;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    Denied,
    /// No verdict.
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    path: &'static str,
    kind: &'static str,
    operation: &'static str,
    decision: &'static str,
}

/// What a request is about, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asks(Option<Kind>, Option<Operation>);

impl Asks {
    pub(super) fn kind(self) -> &'static str {
        self.0.map_or("other", Kind::name)
    }

    pub(super) fn operation(self) -> &'static str {
        self.1.map_or("other", Operation::name)
    }
}

impl From<&Request> for Asks {
    fn from(request: &Request) -> Self {
        Self(request.kind, Some(request.operation))
    }
}

impl From<&Head> for Asks {
    fn from(head: &Head) -> Self {
        let kind = match head.about {
            About::Kind(kind) => Some(kind),
            About::Else | About::Untold => None,
        };
        Self(kind, head.operation)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnjudgedLabels {
    path: &'static str,
    kind: &'static str,
    operation: &'static str,
    cause: &'static str,
    answer: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PathLabels {
    path: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ViolationLabels {
    rule: &'static str,
    action: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabels {
    phase: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoredLabels {
    rule: &'static str,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PeerLabels {
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PeerResultLabels {
    peer: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertLabels {
    cert: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    configuration: &'static str,
    webhook: String,
}

/// All metrics.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    unjudged: Family<UnjudgedLabels, Counter>,
    duration: Family<PathLabels, Histogram>,
    violations: Family<ViolationLabels, Counter>,
    in_flight: Gauge,
    panics: Counter,
    objects: Family<KindLabels, Gauge>,
    not_after: Family<CertLabels, Gauge>,
    view_age: Family<KindLabels, Gauge<f64, AtomicU64>>,
    absent: Family<KindLabels, Gauge>,
    ledgers: Gauge,
    claims_in_flight: Gauge,
    ledger_writes: Family<ResultLabels, Counter>,
    claims: Family<ResultLabels, Counter>,
    unproven: Family<PeerResultLabels, Counter>,
    unproven_in_flight: Family<PeerLabels, Gauge>,
    phase: Family<PhaseLabels, Gauge>,
    overlaps: Gauge,
    stored_violations: Family<StoredLabels, Gauge>,
    registered: Family<WebhookLabels, Gauge>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("vpcguard"),
            requests: Family::default(),
            unjudged: Family::default(),
            duration: Family::new_with_constructor(durations),
            violations: Family::default(),
            in_flight: Gauge::default(),
            panics: Counter::default(),
            objects: Family::default(),
            not_after: Family::default(),
            view_age: Family::default(),
            absent: Family::default(),
            ledgers: Gauge::default(),
            claims_in_flight: Gauge::default(),
            ledger_writes: Family::default(),
            claims: Family::default(),
            unproven: Family::default(),
            unproven_in_flight: Family::default(),
            phase: Family::default(),
            overlaps: Gauge::default(),
            stored_violations: Family::default(),
            registered: Family::default(),
        };
        metrics.register();
        metrics
    }

    /// The library adds `_total` to counters, `_info` to what is one, and the unit and the full stop to all.
    fn register(&mut self) {
        let registry = &mut self.registry;
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that answers, always 1", version);
        registry.register("admission_requests", "Admission requests answered", self.requests.clone());
        let help = "Admission requests without a verdict, by why, and by what became of them";
        registry.register("unjudged_requests", help, self.unjudged.clone());
        let help = "Time from the head of an admission request to its answer";
        registry.register_with_unit("admission_duration", help, Unit::Seconds, self.duration.clone());
        registry.register("violations", "Findings of rules, by what they did to the request", self.violations.clone());
        registry.register("requests_in_flight", "Admission requests being answered", self.in_flight.clone());
        registry.register("panics", "Requests that a bug of vpcguard left without a verdict", self.panics.clone());
        registry.register("inventory_objects", "Objects that requests are judged against", self.objects.clone());
        let help = "When a certificate expires, in seconds since 1970";
        registry.register_with_unit("certificate_not_after_timestamp", help, Unit::Seconds, self.not_after.clone());
        let help = "For how long nothing has been heard of a kind; 0 while it is watched";
        registry.register_with_unit("view_age", help, Unit::Seconds, self.view_age.clone());
        registry.register("kind_absent", "1 for a kind that the cluster does not have", self.absent.clone());
        registry.register("ledgers", "Address ledgers, one an address space", self.ledgers.clone());
        let help = "Claims of all replicas that are not yet seen stored";
        registry.register("ledger_claims_in_flight", help, self.claims_in_flight.clone());
        registry.register(
            "ledger_writes",
            "Writes of address ledgers, by what came of them",
            self.ledger_writes.clone(),
        );
        registry.register("ca_rotation_phase", "1 for the phase that the CA's rotation is in", self.phase.clone());
        registry.register("stored_overlaps", "Pairs of stored Subnets that overlap", self.overlaps.clone());
        let help = "Stored objects that a rule would refuse, as of the last sweep";
        registry.register("stored_violations", help, self.stored_violations.clone());
        let help = "1 for a webhook by which the API server asks, 0 for one that is gone, changed or leads elsewhere";
        registry.register("webhook_registered", help, self.registered.clone());
        registry.register("ledger_claims", "Claims asked for, by what came of them", self.claims.clone());
        let help = "Claims of peers of which none was ever seen stored: lost, or refused because there were too many";
        registry.register("unproven_claims", help, self.unproven.clone());
        let help = "Claims in flight of peers of which none was ever seen stored";
        registry.register("unproven_claims_in_flight", help, self.unproven_in_flight.clone());
    }

    /// Counts a request; one that could not be read is of the kind `other`, as is any that no rule knows.
    pub(super) fn count_request(&self, endpoint: Endpoint, asks: Asks, decision: Decision) {
        let labels = RequestLabels {
            path: endpoint.name(),
            kind: asks.kind(),
            operation: asks.operation(),
            decision: match decision {
                Decision::Allowed => "allowed",
                Decision::Denied => "denied",
                Decision::Error => "error",
            },
        };
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts a request that got no verdict, by why, and by what became of it.
    pub(super) fn count_unjudged(&self, endpoint: Endpoint, asks: Asks, cause: &'static str, answer: &'static str) {
        let (kind, operation) = (asks.kind(), asks.operation());
        self.unjudged.get_or_create(&UnjudgedLabels { path: endpoint.name(), kind, operation, cause, answer }).inc();
    }

    pub(super) fn count_violations(&self, verdict: &Verdict) {
        for finding in verdict.findings.iter().chain(&verdict.warnings) {
            let action = match finding.action() {
                Action::Deny => "deny",
                Action::Warn => "warn",
            };
            self.violations.get_or_create(&ViolationLabels { rule: finding.rule(), action }).inc();
        }
    }

    pub(super) fn count_panic(&self) {
        self.panics.inc();
    }

    pub(super) fn observe(&self, endpoint: Endpoint, took: Duration) {
        self.duration.get_or_create(&PathLabels { path: endpoint.name() }).observe(took.as_secs_f64());
    }

    /// Counts a request as in flight until the value is dropped.
    pub(super) fn begin(&self) -> InFlight {
        InFlight::new(&self.in_flight)
    }

    pub(super) fn set_objects(&self, counts: &[(Kind, usize)]) {
        for (kind, count) in counts {
            let labels = KindLabels { kind: kind.name() };
            self.objects.get_or_create(&labels).set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }

    /// Says how far a rotation of the CA is.
    pub(super) fn set_rotation_phase(&self, phase: Phase) {
        for known in Phase::ALL {
            self.phase.get_or_create(&PhaseLabels { phase: known.as_str() }).set(i64::from(known == phase));
        }
    }

    /// Says how old the view is, and what the cluster does not have.
    pub(super) fn set_view(&self, kinds: &[KindStatus]) {
        for status in kinds {
            let labels = KindLabels { kind: status.kind.name() };
            self.view_age.get_or_create(&labels).set(status.age.as_secs_f64());
            self.absent.get_or_create(&labels).set(status.is_absent.into());
        }
    }

    /// Says how the ledgers stand.
    pub(super) fn set_ledgers(&self, totals: &Totals) {
        let clamped = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.ledgers.set(clamped(totals.ledgers));
        self.claims_in_flight.set(clamped(totals.claims));
        for (family, counts) in [(&self.ledger_writes, &totals.writes[..]), (&self.claims, &totals.outcomes[..])] {
            for (result, count) in counts {
                let counter = family.get_or_create(&ResultLabels { result });
                counter.inc_by(count.saturating_sub(counter.get()));
            }
        }
    }

    /// Says who asks for claims and never has anything stored.
    pub(super) fn set_peers(&self, peers: &BTreeMap<String, PeerTotals>) {
        self.unproven_in_flight.clear();
        for (peer, PeerTotals { lost, refused, in_flight }) in peers {
            let in_flight = i64::try_from(*in_flight).unwrap_or(i64::MAX);
            self.unproven_in_flight.get_or_create(&PeerLabels { peer: peer.clone() }).set(in_flight);
            // Most have nothing to count, and they come and go.
            for (result, count) in [("lost", lost), ("refused", refused)].into_iter().filter(|(_, count)| **count > 0) {
                let counter = self.unproven.get_or_create(&PeerResultLabels { peer: peer.clone(), result });
                counter.inc_by(count.saturating_sub(counter.get()));
            }
        }
    }

    /// Says what is stored and should not be.
    pub(super) fn set_found(&self, found: &Found) {
        let clamped = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.overlaps.set(clamped(found.overlaps()));
        for ((rule, kind), count) in found.violations() {
            self.stored_violations.get_or_create(&StoredLabels { rule, kind }).set(clamped(count));
        }
    }

    /// Says by which webhooks the API server asks.
    pub(super) fn set_registered(&self, standings: &[(Sort, String, bool)]) {
        self.registered.clear();
        for (sort, webhook, is_registered) in standings {
            let labels = WebhookLabels { configuration: sort.kind(), webhook: webhook.clone() };
            self.registered.get_or_create(&labels).set((*is_registered).into());
        }
    }

    /// Says when the certificate `ca` or `leaf` expires.
    pub(super) fn set_not_after(&self, cert: &'static str, not_after: SystemTime) {
        let seconds = not_after.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.not_after.get_or_create(&CertLabels { cert }).set(i64::try_from(seconds).unwrap_or(i64::MAX));
    }

    /// All of them, in the text format of `OpenMetrics`.
    pub(super) fn encode(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// From 50 µs, a review in a small cluster, to 26 s, near the longest that the API server waits.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(50e-6, 2.0, 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_are_those_of_the_manual() {
        let metrics = Metrics::new();
        metrics.count_request(Endpoint::Validate, Asks::default(), Decision::Error);
        metrics.count_unjudged(Endpoint::Validate, Asks::default(), "too_large", "refused");
        metrics.observe(Endpoint::Mutate, Duration::from_micros(70));
        metrics.count_panic();
        metrics.set_objects(&[(Kind::Subnet, 3)]);
        metrics.set_not_after("leaf", SystemTime::UNIX_EPOCH + Duration::from_secs(5));
        let peers = |in_flight| {
            let totals = PeerTotals { lost: 2, in_flight, ..PeerTotals::default() };
            BTreeMap::from([("192.0.2.1".to_owned(), totals), ("192.0.2.2".to_owned(), PeerTotals::default())])
        };
        metrics.set_peers(&peers(3));
        metrics.set_registered(&[(Sort::Mutating, "pods.vpcguard.io".to_owned(), false)]);
        let in_flight = metrics.begin();
        let text = metrics.encode();
        for line in [
            r#"vpcguard_admission_requests_total{path="validate",kind="other",operation="other",decision="error"} 1"#,
            r#"vpcguard_unjudged_requests_total{path="validate",kind="other",operation="other",cause="too_large",answer="refused"} 1"#,
            r#"vpcguard_admission_duration_seconds_bucket{le="0.00005",path="mutate"} 0"#,
            r#"vpcguard_admission_duration_seconds_bucket{le="0.0001",path="mutate"} 1"#,
            concat!("vpcguard_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            r#"vpcguard_unproven_claims_total{peer="192.0.2.1",result="lost"} 2"#,
            r#"vpcguard_unproven_claims_in_flight{peer="192.0.2.1"} 3"#,
            "vpcguard_panics_total 1",
            r#"vpcguard_webhook_registered{configuration="MutatingWebhookConfiguration",webhook="pods.vpcguard.io"} 0"#,
            "vpcguard_requests_in_flight 1",
            r#"vpcguard_inventory_objects{kind="Subnet"} 3"#,
            r#"vpcguard_certificate_not_after_timestamp_seconds{cert="leaf"} 5"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains(r#"peer="192.0.2.2",result"#), "{text}");
        metrics.set_peers(&BTreeMap::new());
        assert!(!metrics.encode().contains("vpcguard_unproven_claims_in_flight{"));
        drop(in_flight);
        assert!(metrics.encode().contains("vpcguard_requests_in_flight 0"));
    }
}
