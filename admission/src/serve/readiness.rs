//! Whether requests should come here.

use std::fmt::Write;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio_util::sync::CancellationToken;

use super::reviewer::Reviewer;
use super::routes::Webhook;

/// What `/readyz` asks.
#[derive(Debug)]
pub(super) struct Readiness {
    /// Cancelled once the process is told to end.
    pub(super) stopping: CancellationToken,
    pub(super) webhook: Arc<Webhook>,
    /// What the admission port waits for; nothing once it listens.
    waits_for: ArcSwapOption<String>,
}

/// One condition: what it is called, and why it is not met.
type Condition = (&'static str, Option<String>);

impl Readiness {
    /// Of a server that does not listen yet.
    pub(super) fn new(webhook: Arc<Webhook>) -> Self {
        let waits_for = ArcSwapOption::from_pointee("a certificate".to_owned());
        Self { stopping: CancellationToken::new(), webhook, waits_for }
    }

    /// From now on requests can come.
    pub(super) fn listens(&self) {
        self.waits_for.store(None);
    }

    /// Says what the server cannot listen without.
    pub(super) fn waits_for(&self, what: String) {
        self.waits_for.store(Some(Arc::new(what)));
    }

    /// Each condition.
    fn conditions(&self) -> Vec<Condition> {
        let waiting = self.waits_for.load_full().map(|what| format!("waiting for {what}"));
        let stopping = self.stopping.is_cancelled().then(String::new);
        let mut conditions = vec![("listening", waiting), ("not stopping", stopping)];
        if let Reviewer::Cluster { cache, .. } = &*self.webhook.reviewer() {
            let waiting = Some(cache.waiting()).filter(|waiting| !waiting.is_empty());
            conditions.push(("synced", waiting.map(|waiting| format!("waiting for {}", waiting.join(", ")))));
        }
        conditions
    }

    pub(super) fn is_ready(&self) -> bool {
        self.conditions().iter().all(|(_, failure)| failure.is_none())
    }

    /// The conditions as the API server's own `/readyz?verbose` words them, and what else is worth knowing.
    pub(super) fn verbose(&self) -> String {
        let mut lines = String::new();
        for (condition, failure) in self.conditions() {
            // Writing to a string does not fail.
            let _ = match failure.as_deref() {
                None => writeln!(lines, "[+]{condition} ok"),
                Some("") => writeln!(lines, "[-]{condition} failed"),
                Some(why) => writeln!(lines, "[-]{condition} failed: {why}"),
            };
        }
        for line in self.notes() {
            let _ = writeln!(lines, "note: {line}");
        }
        lines + if self.is_ready() { "readyz check passed\n" } else { "readyz check failed\n" }
    }

    /// What keeps nobody from sending requests.
    fn notes(&self) -> Vec<String> {
        let reviewer = self.webhook.reviewer();
        let Reviewer::Cluster { cache, ledgers, registration, .. } = &*reviewer else { return Vec::new() };
        let mut notes = Vec::new();
        for standing in cache.kinds() {
            let kind = standing.kind;
            if standing.is_absent {
                notes.push(format!("the cluster has no {kind}; it is asked for again and again"));
            }
            if !standing.age.is_zero() {
                let seconds = standing.age.as_secs();
                notes.push(format!("nothing heard of {kind} for {seconds} s: the view of it is that old"));
            }
        }
        notes.extend(ledgers.trouble().map(|trouble| format!("no addresses can be claimed: {trouble}")));
        notes.extend(registration.trouble());
        notes
    }
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::Settings;

    use super::super::standalone::Standalone;
    use super::*;

    #[test]
    fn beginning_and_end_are_announced() {
        let files = tempfile::tempdir().unwrap();
        let cluster = Standalone::load(files.path(), Settings::default()).unwrap();
        let webhook = Arc::new(Webhook::new(Reviewer::Standalone(Box::new(cluster))).unwrap());
        let readiness = Readiness::new(webhook);
        assert!(!readiness.is_ready());
        readiness.waits_for("a certificate: nobody answers".to_owned());
        assert!(readiness.verbose().starts_with("[-]listening failed: waiting for a certificate: nobody answers\n"));
        readiness.listens();
        assert!(readiness.is_ready());
        assert_eq!(readiness.verbose(), "[+]listening ok\n[+]not stopping ok\nreadyz check passed\n");
        readiness.stopping.cancel();
        assert!(!readiness.is_ready());
        assert_eq!(readiness.verbose(), "[+]listening ok\n[-]not stopping failed\nreadyz check failed\n");
    }
}
