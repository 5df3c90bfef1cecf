//! vpcguard before the API server: a replica, with the configuration that it prints, by URL, and failing closed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use vpcguard_check::{Source, parse};
use vpcguard_tests::control_plane::{ControlPlane, User};
use vpcguard_tests::pki::Pki;
use vpcguard_tests::replica::Replica;
use vpcguard_tests::webhooks::point_at;

const BINARY: &str = env!("CARGO_BIN_EXE_vpcguard");
const PATIENCE: Duration = Duration::from_mins(1);

/// What its view is told by when it is complete: a Subnet that no rule lets pass.
const BAD: &str = "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: bad}\nspec: {cidrBlock: x}\n";

/// A Pod that is refused only by who knows Subnets, Vpcs and namespaces.
const FOREIGN: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: bad, namespace: amber, annotations: \
    {ovn.kubernetes.io/logical_switch: cobalt-app}}\nspec: {containers: [{name: c, image: i}]}\n";

/// See the module. It ends when this is dropped.
pub(super) struct Guard {
    _replica: Replica,
    // Its certificates.
    _pki: Pki,
    _files: TempDir,
}

impl Guard {
    pub(super) fn start(plane: &mut ControlPlane) -> Result<Self> {
        let files = TempDir::new()?;
        let settings = files.path().join("settings.json");
        std::fs::write(&settings, "{}")?;
        let pki = Pki::new()?;
        let leaf = pki.leaf(&["127.0.0.1"])?;
        let is_webhook =
            |object: &Value| object["kind"].as_str().is_some_and(|kind| kind.ends_with("WebhookConfiguration"));
        let (mut webhooks, rest): (Vec<_>, Vec<_>) = manifests(&settings)?.into_iter().partition(is_webhook);
        apply(plane, &rest)?;
        let crds = [
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "crd/addressledgers.vpcguard.io",
            "crd/addressindices.vpcguard.io",
        ];
        plane.kubectl(User::Admin, &crds, None)?.success()?;
        plane.kubectl(User::Admin, &["get", "addressledgers,addressindices"], None)?.success()?;
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path that is not UTF-8");
        let (settings, cert, key) = (text(&settings)?, text(&leaf.certificate)?, text(&leaf.key)?);
        let args = [format!("--settings={settings}"), format!("--tls-cert={cert}"), format!("--tls-key={key}")];
        let args: Vec<&str> = ["serve", "--tls=files"].into_iter().chain(args.iter().map(String::as_str)).collect();
        let kubeconfig = text(&plane.kubeconfig(User::Vpcguard))?;
        let replica = Replica::start(Path::new(BINARY), &args, &[("KUBECONFIG", &kubeconfig), ("RUST_LOG", "warn")])?;
        for configuration in &mut webhooks {
            point_at(configuration, replica.address(), &pki.ca_pem());
            for webhook in configuration["webhooks"].as_array_mut().into_iter().flatten() {
                // What it does not answer is not an admission here.
                webhook["failurePolicy"] = "Fail".into();
                webhook["timeoutSeconds"] = 30.into();
            }
        }
        apply(plane, &webhooks)?;
        for (bad, rule) in [(BAD, "[vpcguard subnet-syntax]"), (FOREIGN, "[vpcguard pod-vpc-namespace]")] {
            wait_until_refused(plane, bad, rule, &replica)?;
        }
        Ok(Self { _replica: replica, _pki: pki, _files: files })
    }
}

fn wait_until_refused(plane: &ControlPlane, manifest: &str, rule: &str, replica: &Replica) -> Result<()> {
    let start = Instant::now();
    loop {
        let output = plane.kubectl(User::Admin, &["apply", "--dry-run=server", "-f", "-"], Some(manifest))?;
        if output.stderr.contains(rule) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            bail!("vpcguard does not refuse {manifest}: {output:?}\n{}", replica.log());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn manifests(settings: &Path) -> Result<Vec<Value>> {
    let output = Command::new(BINARY).arg("manifests").arg("--settings").arg(settings).output()?;
    if !output.status.success() {
        bail!("vpcguard manifests: {}", String::from_utf8_lossy(&output.stderr));
    }
    let parsed = parse(&Source { name: "manifests".to_owned(), bytes: output.stdout });
    match parsed.errors.first() {
        Some(error) => bail!("{error}"),
        None => Ok(parsed.documents.into_iter().map(|document| document.object).collect()),
    }
}

fn apply(plane: &ControlPlane, objects: &[Value]) -> Result<()> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    plane.kubectl(User::Admin, &["apply", "--server-side", "-f", "-"], Some(&list))?.success()?;
    Ok(())
}
