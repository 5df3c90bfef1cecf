//! Events about what an operator should know.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, PostParams};
use sha2::{Digest, Sha256};
use vpcguard_policies::finding::Reported;
use vpcguard_policies::{Kind, ObjectRef};

use crate::cluster::cache::ClusterCache;
use crate::cluster::client::{code, reason};

/// The longest note that the API server takes, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Where events of cluster-scoped objects are, as `kubectl describe` looks for them.
const NO_NAMESPACE: &str = "default";

/// Writes events. What every replica finds is one event, and as long as the API server remembers it, none again.
pub(crate) struct Events {
    client: Client,
}

impl Events {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Two stored Subnets overlap.
    pub(crate) async fn subnets_overlap(&self, cache: &ClusterCache, one: &str, other: &str) {
        let reference = |name: &str| {
            let identity = cache.read().identity(Kind::Subnet, name).map(|identity| identity.uid.to_string());
            refer(&ObjectRef::new(Kind::Subnet, name), identity.unwrap_or_default())
        };
        let note = format!("overlaps Subnet {other:?}: Kube-OVN connects only the one that it saw first");
        self.publish("SubnetsOverlap", note, reference(one), Some(reference(other))).await;
    }

    /// A stored object violates a rule.
    pub(crate) async fn violation(&self, object: &ObjectRef, uid: String, finding: &Reported) {
        let note = format!("{}: {}", finding.field(), finding.message_with_rule());
        self.publish("RuleViolated", note, refer(object, uid), None).await;
    }

    /// A certificate that clients meet expires soon. It is told of the configuration that leads them there.
    pub(crate) async fn certificate_expires(&self, configuration: &str, note: String) {
        let regarding = ObjectReference {
            api_version: Some("admissionregistration.k8s.io/v1".to_owned()),
            kind: Some("ValidatingWebhookConfiguration".to_owned()),
            name: Some(configuration.to_owned()),
            ..ObjectReference::default()
        };
        self.publish("CertificateExpires", note, regarding, None).await;
    }

    async fn publish(&self, why: &str, note: String, regarding: ObjectReference, related: Option<ObjectReference>) {
        let namespace = regarding.namespace.clone().unwrap_or_else(|| NO_NAMESPACE.to_owned());
        let hash = Sha256::digest(format!("{why}\0{:?}\0{note}", regarding.uid));
        let name = hash.iter().take(10).fold("vpcguard.".to_owned(), |name, byte| format!("{name}{byte:02x}"));
        let end = (0..=LONGEST_NOTE.min(note.len())).rev().find(|end| note.is_char_boundary(*end)).unwrap_or_default();
        let event = Event {
            metadata: ObjectMeta { name: Some(name), namespace: Some(namespace.clone()), ..ObjectMeta::default() },
            action: Some("Review".to_owned()),
            reason: Some(why.to_owned()),
            note: note.get(..end).map(str::to_owned),
            type_: Some("Warning".to_owned()),
            regarding: Some(regarding),
            related,
            reporting_controller: Some("vpcguard.io/vpcguard".to_owned()),
            reporting_instance: Some("vpcguard".to_owned()),
            event_time: Some(MicroTime(Timestamp::now())),
            ..Event::default()
        };
        match Api::namespaced(self.client.clone(), &namespace).create(&PostParams::default(), &event).await {
            Ok(Event { .. }) => {}
            // It is known, or the namespace is on its way out.
            Err(error) if matches!(code(&error), Some(409 | 404)) => {}
            Err(error) => tracing::warn!(reason = reason(&error), "cannot write an event"),
        }
    }
}

fn refer(object: &ObjectRef, uid: String) -> ObjectReference {
    ObjectReference {
        api_version: Some(object.api_version.clone()),
        kind: Some(object.kind.clone()),
        name: Some(object.name.clone()),
        namespace: object.namespace.clone(),
        uid: Some(uid).filter(|uid| !uid.is_empty()),
        ..ObjectReference::default()
    }
}
