//! `vpcguard manifests`: what a cluster needs for vpcguard, without its Deployment or with it.
//!
//! The webhook configurations follow from the rules and the settings, so they are made by the program that has both, and
//! cannot ask for less than it judges.

mod compared;
mod conditions;
mod entries;
mod flow;
mod rbac;
mod webhooks;
mod workload;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;
use vpcguard_policies::Settings;

use crate::{console, files, ledger};

/// The name of everything that vpcguard has one of.
const NAME: &str = "vpcguard";
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
}

impl Manifests {
    pub(crate) fn run(&self) -> ExitCode {
        match self.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                console::complain(&error.to_string());
                ExitCode::from(2)
            }
        }
    }

    fn print(&self) -> Result<(), Box<dyn std::error::Error>> {
        let (settings, text) = self.settings.as_deref().map(files::settings_and_text).transpose()?.unzip();
        let settings = settings.unwrap_or_default();
        let workload = self.image.as_deref().map(|image| workload::objects(image, text.as_deref()));
        console::print(&yaml::documents(&objects(&settings, workload)?)?)?;
        Ok(())
    }
}

/// All objects in an order in which they can be applied. The webhook configurations come last: from then on writes wait
/// for vpcguard.
fn objects(settings: &Settings, workload: Option<[Value; 3]>) -> serde_json::Result<Vec<Value>> {
    let mut objects = Vec::new();
    objects.extend(rbac::account()?);
    for definition in ledger::crd::definitions() {
        objects.push(object(definition)?);
    }
    objects.extend(rbac::permissions(settings)?);
    objects.extend([object(flow::priority_level())?, object(flow::schema())?]);
    objects.extend(workload.into_iter().flatten());
    objects.extend([object(webhooks::mutating(settings))?, object(webhooks::validating(settings))?]);
    Ok(objects)
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
        let objects = objects(&Settings::default(), None).unwrap();
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
    fn every_object_survives_its_yaml() {
        for settings in [
            json!({}),
            json!({
                "kubeOvn": {"namespace": "on"},
                "exempt": {"users": ["yes", " 0x1 ", "it's \"quoted\": \\ #", "a\nb", "~"], "namespaces": ["1", "null"]},
            }),
        ] {
            let workload = workload::objects("registry.example/a:b", Some("rules: {}\n# yes\n"));
            let objects = objects(&Settings::parse(&settings).unwrap(), Some(workload)).unwrap();
            yaml::tests::survives(&objects);
        }
    }
}
