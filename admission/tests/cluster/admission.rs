//! How the API server is told which certificate to show to webhooks, as docs/certificates.md has it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};
use vpcguard_tests::pki::Leaf;

/// Writes the file for `--admission-control-config-file` by which vpcguard, at this port of its Service, is shown this
/// certificate.
pub(crate) fn shows(own: &Leaf, port: u16, directory: &Path) -> Result<PathBuf> {
    // Without a port it is 443 that is meant.
    let user = json!({
        "name": format!("vpcguard.vpcguard-system.svc:{port}"),
        "user": {"client-certificate": own.certificate, "client-key": own.key},
    });
    let kubeconfig = directory.join("webhooks.kubeconfig");
    fs::write(&kubeconfig, json!({"apiVersion": "v1", "kind": "Config", "users": [user]}).to_string())?;
    let plugin = |name: &str| -> Value {
        let (group, kind) = ("apiserver.config.k8s.io/v1", "WebhookAdmissionConfiguration");
        json!({"name": name, "configuration": {"apiVersion": group, "kind": kind, "kubeConfigFile": kubeconfig}})
    };
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
        "plugins": [plugin("ValidatingAdmissionWebhook"), plugin("MutatingAdmissionWebhook")],
    });
    let file = directory.join("admission.yaml");
    fs::write(&file, configuration.to_string())?;
    Ok(file)
}
