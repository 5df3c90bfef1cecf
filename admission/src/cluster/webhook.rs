//! The settings of the webhook that runs in a cluster, as each of its Pods has them in an annotation.
//!
//! Anybody who may make Pods can make one that looks like a replica. So it is asked whom the API server asks: the
//! configuration of the webhook, which only administrators write, names a Service, and that one its Pods.

use k8s_openapi::api::admissionregistration::v1::{ServiceReference, ValidatingWebhookConfiguration};
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use vpcguard_check::{Source, parse_settings};

use super::client::{code, reason};
use crate::manifests::{NAME, SETTINGS_ANNOTATION};

/// Settings, and where they are from.
#[derive(Debug)]
pub(crate) struct WebhookSettings {
    /// What is written; none where everything is at its default.
    pub(crate) source: Option<Source>,
    /// Whose they are, as a report names it.
    pub(crate) whose: String,
    /// What a person is to know of the choice.
    pub(crate) note: Option<String>,
}

/// Why they are not known.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error("there is no ValidatingWebhookConfiguration {NAME:?}")]
    NotInstalled,
    #[error("cannot {verb} {what}: {cause}")]
    Unread { verb: &'static str, what: String, cause: String },
    #[error("its configuration names no Service")]
    NoService,
    #[error("Service \"{0}\" selects no Pods")]
    NoSelector(String),
    #[error("Service \"{0}\" has no Pod that runs")]
    NoPods(String),
    #[error("Pod \"{0}\" has them elsewhere than in its annotation {SETTINGS_ANNOTATION}")]
    Elsewhere(String),
    #[error("those of Pod \"{pod}\" are for another version: {cause}")]
    Unusable { pod: String, cause: String },
}

impl WebhookSettings {
    /// Those of the running webhook; the defaults, and a note why, where they are not known.
    pub(crate) async fn read(client: &Client) -> Self {
        match pods(client).await.and_then(|pods| Self::of(&pods)) {
            Ok(settings) => settings,
            Err(why) => {
                let note = format!(
                    "the webhook's settings are not known: {why}; the defaults are used, others with --settings FILE"
                );
                Self { source: None, whose: "defaults".to_owned(), note: Some(note) }
            }
        }
    }

    /// Those of the newest of some Pods.
    fn of(pods: &[Pod]) -> Result<Self, Unknown> {
        let Some((newest, others)) = pods.split_first() else {
            return Err(Unknown::NoPods(NAME.to_owned()));
        };
        let pod = full_name(newest);
        let whose = format!("Pod {pod}");
        let differ = others.iter().any(|other| annotation(other) != annotation(newest));
        let note =
            differ.then(|| format!("the webhook's Pods have different settings; those of the newest are used, {pod}"));
        let Some(text) = annotation(newest) else {
            // It was told of a file, or has the defaults.
            let is_told = arguments(newest).any(|argument| argument.starts_with("--settings"));
            let defaults = Self { source: None, whose, note };
            return if is_told { Err(Unknown::Elsewhere(pod)) } else { Ok(defaults) };
        };
        let source = Source { name: format!("settings of Pod {pod}"), bytes: text.as_bytes().to_vec() };
        if let Err(errors) = parse_settings(&source) {
            let cause = errors.first().map(|error| error.message.clone()).unwrap_or_default();
            return Err(Unknown::Unusable { pod, cause });
        }
        Ok(Self { source: Some(source), whose, note })
    }
}

/// The Pods that answer the API server, the newest first. Those that are not ready answer nobody, and count only where no other
/// is there.
async fn pods(client: &Client) -> Result<Vec<Pod>, Unknown> {
    let configurations: Api<ValidatingWebhookConfiguration> = Api::all(client.clone());
    let configuration = configurations.get_opt(NAME).await.map_err(unread("get", "validatingwebhookconfigurations"))?;
    let reference = service(&configuration.ok_or(Unknown::NotInstalled)?).ok_or(Unknown::NoService)?;
    let (namespace, name) = (&reference.namespace, format!("{}/{}", reference.namespace, reference.name));
    let services: Api<Service> = Api::namespaced(client.clone(), namespace);
    let service = services.get(&reference.name).await.map_err(unread("get", "services"))?;
    let selector = service.spec.and_then(|spec| spec.selector).filter(|selector| !selector.is_empty());
    let Some(selector) = selector else { return Err(Unknown::NoSelector(name)) };
    let selector: Vec<_> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let listed: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let listed = listed.list(&ListParams::default().labels(&selector.join(","))).await;
    let pods = answering(listed.map_err(unread("list", "pods"))?.items);
    if pods.is_empty() { Err(Unknown::NoPods(name)) } else { Ok(pods) }
}

fn answering(mut pods: Vec<Pod>) -> Vec<Pod> {
    pods.retain(|pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        pod.metadata.deletion_timestamp.is_none() && phase == Some("Running")
    });
    if pods.iter().any(is_ready) {
        pods.retain(is_ready);
    }
    pods.sort_by_cached_key(|pod| (std::cmp::Reverse(pod.creation_timestamp()), pod.name_any()));
    pods
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The Service that the API server asks.
fn service(configuration: &ValidatingWebhookConfiguration) -> Option<ServiceReference> {
    let mut webhooks = configuration.webhooks.iter().flatten();
    webhooks.find_map(|webhook| webhook.client_config.service.clone())
}

fn annotation(pod: &Pod) -> Option<&str> {
    pod.metadata.annotations.as_ref()?.get(SETTINGS_ANNOTATION).map(String::as_str)
}

fn arguments(pod: &Pod) -> impl Iterator<Item = &str> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.flat_map(|container| container.command.iter().chain(&container.args).flatten()).map(String::as_str)
}

fn full_name(pod: &Pod) -> String {
    format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any())
}

fn unread(verb: &'static str, what: &str) -> impl Fn(kube::Error) -> Unknown {
    let what = what.to_owned();
    move |error| match code(&error) {
        // Who may do what is in the manual; the API server's words are long.
        Some(403) => Unknown::Unread { verb, what: what.clone(), cause: "your role does not allow it".to_owned() },
        _ => Unknown::Unread { verb, what: what.clone(), cause: reason(&error) },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, made: &str, ready: bool, settings: Option<&str>) -> Pod {
        let annotations = settings.map(|settings| json!({SETTINGS_ANNOTATION: settings}));
        let pod = json!({
            "metadata": {
                "namespace": "guard", "name": name, "creationTimestamp": made, "annotations": annotations,
            },
            "spec": {"containers": [{"name": "vpcguard", "args": ["serve"]}]},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
            },
        });
        serde_json::from_value(pod).unwrap()
    }

    const OLD: &str = "2026-11-01T00:00:00Z";
    const NEW: &str = "2026-11-02T00:00:00Z";

    fn chosen(pods: Vec<Pod>) -> Result<WebhookSettings, String> {
        WebhookSettings::of(&answering(pods)).map_err(|why| why.to_string())
    }

    #[test]
    fn the_newest_that_is_ready_has_the_settings() {
        let text = "strictReferences: true\n";
        let one = chosen(vec![pod("a", OLD, true, Some(text)), pod("b", NEW, true, Some(text))]).unwrap();
        assert_eq!((one.whose.as_str(), one.note), ("Pod guard/b", None));
        assert_eq!(one.source.unwrap().bytes, text.as_bytes());
        let rollout = chosen(vec![pod("a", OLD, true, Some("{}")), pod("b", NEW, true, Some(text))]).unwrap();
        assert_eq!(rollout.whose, "Pod guard/b");
        assert_eq!(
            rollout.note.unwrap(),
            "the webhook's Pods have different settings; those of the newest are used, guard/b"
        );
        // Settings that cannot be used stop a new replica, and the old ones go on.
        let stuck = chosen(vec![pod("a", OLD, true, Some(text)), pod("b", NEW, false, Some("no"))]).unwrap();
        assert_eq!((stuck.whose.as_str(), stuck.note), ("Pod guard/a", None));
        assert_eq!(chosen(vec![pod("a", OLD, false, Some(text))]).unwrap().whose, "Pod guard/a");
    }

    #[test]
    fn a_pod_without_settings_has_the_defaults_or_tells_nothing() {
        let bare = chosen(vec![pod("a", OLD, true, None)]).unwrap();
        assert!(bare.source.is_none() && bare.note.is_none());
        let mut told = pod("a", OLD, true, None);
        told.spec.as_mut().unwrap().containers[0].args = Some(vec!["--settings=/etc/s.yaml".to_owned()]);
        assert!(chosen(vec![told]).unwrap_err().contains("elsewhere"));
    }

    #[test]
    fn what_is_gone_or_unreadable_is_no_answer() {
        let mut gone = pod("a", OLD, true, None);
        gone.metadata.deletion_timestamp = gone.metadata.creation_timestamp.clone();
        assert!(chosen(vec![gone]).unwrap_err().contains("no Pod that runs"));
        let error = chosen(vec![pod("a", OLD, true, Some("strictReferense: true"))]).unwrap_err();
        assert!(
            error.starts_with(r#"those of Pod "guard/a" are for another version: strictReferense: unknown key"#),
            "{error}"
        );
    }

    #[test]
    fn the_first_service_is_the_one_that_is_asked() {
        let configuration = |webhooks: Value| serde_json::from_value(json!({"webhooks": webhooks})).unwrap();
        let by_url = json!({
            "name": "a.b.c", "clientConfig": {"url": "https://a/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
        });
        assert_eq!(service(&configuration(json!([by_url]))), None);
        let mut by_service = by_url.clone();
        by_service["clientConfig"] = json!({"service": {"namespace": "guard", "name": "vpcguard"}});
        assert_eq!(service(&configuration(json!([by_url, by_service]))).unwrap().namespace, "guard");
    }
}
