//! The caBundle of each webhook in both configurations: read, compared, and applied as one field of many.

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use vpcguard_certs::missing_from;

use super::{AuthorityError, Place};
use crate::cluster::client::{code, reason};

/// Who owns the field, as `kubectl get --show-managed-fields` has it.
const MANAGER: &str = "vpcguard-ca-bundle";

/// Both configurations.
pub(crate) struct Configurations {
    validating: Api<ValidatingWebhookConfiguration>,
    mutating: Api<MutatingWebhookConfiguration>,
    name: String,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    Validating,
    Mutating,
}

impl Sort {
    pub(crate) const ALL: [Self; 2] = [Sort::Validating, Sort::Mutating];

    pub(crate) fn kind(self) -> &'static str {
        match self {
            Sort::Validating => "ValidatingWebhookConfiguration",
            Sort::Mutating => "MutatingWebhookConfiguration",
        }
    }
}

/// A configuration as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) sort: Sort,
    resource_version: String,
    /// The name of each webhook, and its caBundle.
    webhooks: Vec<(String, Vec<u8>)>,
}

impl Configurations {
    pub(crate) fn new(client: &Client, place: &Place) -> Self {
        Self {
            validating: Api::all(client.clone()),
            mutating: Api::all(client.clone()),
            name: place.configurations.clone(),
        }
    }

    /// Those that there are.
    pub(crate) async fn read(&self) -> Result<Vec<Configuration>, AuthorityError> {
        let mut all = Vec::new();
        let failed = |sort, error| self.failed("get", sort, &error);
        let validating = self.validating.get_opt(&self.name).await;
        if let Some(found) = validating.map_err(|error| failed(Sort::Validating, error))? {
            let resource_version = found.resource_version().unwrap_or_default();
            let webhooks = found.webhooks.unwrap_or_default().into_iter();
            let webhooks = webhooks.map(|webhook| (webhook.name, bundle(webhook.client_config))).collect();
            all.push(Configuration { sort: Sort::Validating, resource_version, webhooks });
        }
        let mutating = self.mutating.get_opt(&self.name).await;
        if let Some(found) = mutating.map_err(|error| failed(Sort::Mutating, error))? {
            let resource_version = found.resource_version().unwrap_or_default();
            let webhooks = found.webhooks.unwrap_or_default().into_iter();
            let webhooks = webhooks.map(|webhook| (webhook.name, bundle(webhook.client_config))).collect();
            all.push(Configuration { sort: Sort::Mutating, resource_version, webhooks });
        }
        Ok(all)
    }

    /// Applies a bundle to each webhook, unless somebody has written the configuration since it was read.
    pub(crate) async fn publish(&self, read: &Configuration, bundle: &str) -> Result<(), AuthorityError> {
        let patch = read.patch(&self.name, bundle);
        let params = PatchParams::apply(MANAGER).force();
        let applied = match read.sort {
            Sort::Validating => self.validating.patch(&self.name, &params, &Patch::Apply(&patch)).await.map(drop),
            Sort::Mutating => self.mutating.patch(&self.name, &params, &Patch::Apply(&patch)).await.map(drop),
        };
        match applied {
            Ok(()) => Ok(()),
            // The next look reads it again.
            Err(error) if matches!(code(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(self.failed("apply", read.sort, &error)),
        }
    }

    fn failed(&self, verb: &str, sort: Sort, error: &kube::Error) -> AuthorityError {
        AuthorityError::Api(format!("cannot {verb} {} {:?}: {}", sort.kind(), self.name, reason(error)))
    }
}

impl Configuration {
    /// Whether every webhook trusts all of a bundle.
    pub(crate) fn holds(&self, bundle: &str) -> bool {
        self.webhooks.iter().all(|(_, held)| missing_from(held, bundle).is_empty())
    }

    /// Whether every webhook trusts a bundle and nothing else.
    pub(crate) fn is_exactly(&self, bundle: &str) -> bool {
        self.holds(bundle) && self.webhooks.iter().all(|(_, held)| missing_from(bundle, held).is_empty())
    }

    /// What its webhooks trust, in PEM, one after the other.
    pub(crate) fn all_bundles(&self) -> String {
        self.webhooks.iter().map(|(_, held)| String::from_utf8_lossy(held).into_owned() + "\n").collect()
    }

    /// What it is called in the API.
    pub(crate) fn kind(&self) -> &'static str {
        self.sort.kind()
    }

    /// The webhooks with their bundles.
    pub(crate) fn webhooks(&self) -> &[(String, Vec<u8>)] {
        &self.webhooks
    }

    /// Only the field that is ours.
    fn patch(&self, name: &str, bundle: &str) -> Value {
        use base64::Engine;
        let bundle = base64::prelude::BASE64_STANDARD.encode(bundle);
        let webhooks =
            self.webhooks.iter().map(|(webhook, _)| json!({"name": webhook, "clientConfig": {"caBundle": bundle}}));
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": self.sort.kind(),
            "metadata": {"name": name, "resourceVersion": self.resource_version},
            "webhooks": webhooks.collect::<Vec<_>>(),
        })
    }
}

fn bundle(config: WebhookClientConfig) -> Vec<u8> {
    config.ca_bundle.map(|bundle| bundle.0).unwrap_or_default()
}
