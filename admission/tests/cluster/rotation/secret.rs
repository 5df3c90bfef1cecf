//! The Secret of the CA, and the bundles in the webhook configurations.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::TryStreamExt;
use kube::core::params::WatchParams;
use kube::core::{Request, WatchEvent};
use serde_json::Value;
use tokio::time::timeout;

use crate::client::Clients;
use crate::world::PATIENCE;

const SECRETS: &str = "/api/v1/namespaces/vpcguard-system/secrets";
const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/// What the Secret says, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) phase: String,
    /// The CA that signs.
    pub(super) ca: String,
    /// The one that is to sign next; empty where there is none.
    pub(super) next: String,
    version: String,
}

impl Secret {
    fn of(object: &Value) -> Self {
        let text = |key: &str| String::from_utf8_lossy(&decoded(&object["data"][key])).trim().to_owned();
        let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        Self { phase: text("phase"), ca: text("ca.crt"), next: text("next.crt"), version }
    }
}

/// The Secret as it is; none if there is none.
pub(super) fn read(clients: &Clients) -> Option<Secret> {
    let request = Request::new(SECRETS).get("vpcguard-ca", &kube::core::params::GetParams::default()).unwrap();
    let object = clients.runtime.block_on(clients.client.request::<Value>(request));
    object.ok().map(|object| Secret::of(&object))
}

/// All that the Secret says after `from`, version by version, up to the one that is the last.
pub(super) fn follow(clients: &Clients, from: &Secret, mut is_last: impl FnMut(&Secret) -> bool) -> Vec<Secret> {
    let mut seen = Vec::new();
    let watching = async {
        let params = WatchParams::default().fields("metadata.name=vpcguard-ca");
        let request = Request::new(SECRETS).watch(&params, &from.version).unwrap();
        let events = clients.client.request_events::<Value>(request).await.unwrap();
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.try_next().await.unwrap() {
            let (WatchEvent::Added(object) | WatchEvent::Modified(object)) = event else { continue };
            seen.push(Secret::of(&object));
            if seen.last().is_some_and(&mut is_last) {
                return;
            }
        }
    };
    let outcome = clients.runtime.block_on(async { timeout(PATIENCE, watching).await });
    assert!(outcome.is_ok(), "it goes no further: {:?}", phases(&seen));
    seen
}

/// The phases in their order, each once for as long as it lasted.
pub(super) fn phases(seen: &[Secret]) -> Vec<&str> {
    let mut phases: Vec<_> = seen.iter().map(|secret| secret.phase.as_str()).collect();
    phases.dedup();
    phases
}

/// What the API server is told to trust.
pub(super) fn bundle(clients: &Clients) -> Option<Vec<u8>> {
    let request = Request::new(VALIDATING).get("vpcguard", &kube::core::params::GetParams::default()).unwrap();
    let object = clients.runtime.block_on(clients.client.request::<Value>(request)).ok()?;
    Some(decoded(&object["webhooks"][0]["clientConfig"]["caBundle"]))
}

fn decoded(value: &Value) -> Vec<u8> {
    value.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok()).unwrap_or_default()
}
