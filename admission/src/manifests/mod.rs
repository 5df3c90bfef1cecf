//! `vpcguard manifests`: what a cluster needs for vpcguard, without its Deployment or with it.
//!
//! The webhook configurations follow from the rules and the settings, so they are made by the program that has both, and
//! cannot ask for less than it judges.

mod compared;
mod conditions;
mod entries;
mod flow;
mod namespaces;
mod rbac;
mod webhooks;
mod workload;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;
use vpcguard_policies::Settings;
use vpcguard_policies::kinds::is_label;

use crate::{console, files, ledger, yaml};

pub(crate) use workload::SETTINGS_ANNOTATION;

/// The name of everything that vpcguard has one of.
pub(crate) const NAME: &str = "vpcguard";
/// The namespace that vpcguard runs in.
const NAMESPACE: &str = "vpcguard-system";

/// Print the manifests that a cluster needs: CRDs, RBAC, priority level, webhook configurations, and with --image a
/// Deployment.
#[derive(Debug, Args)]
pub(crate) struct Manifests {
    /// Settings, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Print what runs this image too: Service, `PodDisruptionBudget` and Deployment.
    #[arg(long, value_name = "IMAGE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    image: Option<String>,
    /// A namespace that must come up while vpcguard cannot be reached, beside kube-system, Kube-OVN's and vpcguard's own:
    /// what is written there is reviewed, and admitted without an answer. May be repeated.
    #[arg(long, value_name = "NAMESPACE", value_parser = namespace)]
    failure_policy_exempt: Vec<String>,
}

/// The name of a namespace. What is none could not be a label's value either.
fn namespace(text: &str) -> Result<String, String> {
    let is_name = text.len() <= 63 && is_label(text);
    let wanted = "is not a name of a namespace: at most 63 of a-z, 0-9 and -, and no - at either end";
    if is_name { Ok(text.to_owned()) } else { Err(wanted.to_owned()) }
}

impl Manifests {
    pub(crate) fn run(&self) -> ExitCode {
        match self.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                console::error(&error.to_string());
                ExitCode::from(2)
            }
        }
    }

    fn print(&self) -> Result<(), Box<dyn std::error::Error>> {
        let (settings, text) = self.settings.as_deref().map(files::settings_and_text).transpose()?.unzip();
        let settings = settings.unwrap_or_default();
        let workload = self.image.as_deref().map(|image| workload::objects(image, text.as_deref()));
        console::print(&yaml::documents(&objects(&settings, &self.failure_policy_exempt, workload)?)?)?;
        Ok(())
    }
}

/// All objects in an order in which they can be applied. The webhook configurations come last: from then on writes wait
/// for vpcguard.
fn objects(settings: &Settings, exempt: &[String], workload: Option<[Value; 3]>) -> serde_json::Result<Vec<Value>> {
    let mut objects = Vec::new();
    objects.extend(rbac::account()?);
    for definition in ledger::crd::definitions() {
        objects.push(object(definition)?);
    }
    objects.extend(rbac::permissions(settings)?);
    objects.extend([object(flow::priority_level())?, object(flow::schema())?]);
    objects.extend(workload.into_iter().flatten());
    objects.extend([object(webhooks::mutating(settings, exempt))?, object(webhooks::validating(settings, exempt))?]);
    Ok(objects)
}

/// The webhook configurations that settings ask for.
pub(crate) fn configurations(settings: &Settings) -> (MutatingWebhookConfiguration, ValidatingWebhookConfiguration) {
    (webhooks::mutating(settings, &[]), webhooks::validating(settings, &[]))
}

fn object(typed: impl Serialize) -> serde_json::Result<Value> {
    serde_json::to_value(typed)
}

/// The metadata of a cluster-scoped object of ours.
fn metadata() -> ObjectMeta {
    ObjectMeta {
        name: Some(NAME.to_owned()),
        labels: Some(BTreeMap::from([("app.kubernetes.io/name".to_owned(), NAME.to_owned())])),
        ..ObjectMeta::default()
    }
}

fn metadata_in(namespace: &str) -> ObjectMeta {
    ObjectMeta { namespace: Some(namespace.to_owned()), ..metadata() }
}

/// Owned texts, as the types of Kubernetes have them.
fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_object_has_its_place() {
        let objects = objects(&Settings::default(), &[], None).unwrap();
        let names: Vec<_> = objects
            .iter()
            .map(|object| format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"]))
            .collect();
        assert_eq!(
            names,
            [
                r#"Namespace "vpcguard-system""#,
                r#"ServiceAccount "vpcguard""#,
                r#"CustomResourceDefinition "addressledgers.vpcguard.io""#,
                r#"CustomResourceDefinition "addressindices.vpcguard.io""#,
                r#"ClusterRole "vpcguard""#,
                r#"ClusterRoleBinding "vpcguard""#,
                r#"Role "vpcguard""#,
                r#"RoleBinding "vpcguard""#,
                r#"Role "vpcguard-ca""#,
                r#"RoleBinding "vpcguard-ca""#,
                r#"PriorityLevelConfiguration "vpcguard""#,
                r#"FlowSchema "vpcguard""#,
                r#"MutatingWebhookConfiguration "vpcguard""#,
                r#"ValidatingWebhookConfiguration "vpcguard""#,
            ]
        );
    }

    #[test]
    fn only_a_name_of_a_namespace_is_taken() {
        for name in ["a", "0", "kube-ovn", &"a".repeat(63)] {
            assert_eq!(namespace(name).as_deref(), Ok(name));
        }
        for name in ["", "-a", "a-", "A", "a.b", "a\"]", "é", &"a".repeat(64)] {
            assert!(namespace(name).is_err(), "{name}");
        }
    }

    #[test]
    fn every_object_survives_its_yaml() {
        for settings in [
            json!({}),
            json!({
                "kubeOvn": {"namespace": "on"},
                "exempt": {"users": ["yes", " 0x1 ", "it's \"quoted\": \\ #", "a\nb", "~"], "namespaces": ["1", "null"]},
            }),
        ] {
            let workload = workload::objects("registry.example/a:b", Some("rules: {}\n# yes\n"));
            let objects = objects(&Settings::parse(&settings).unwrap(), &texts(&["on"]), Some(workload)).unwrap();
            yaml::tests::survives(&objects);
        }
    }
}
