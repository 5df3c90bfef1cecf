//! A real API server with the webhooks that `vpcguard manifests` prints, and nobody who answers: what is sent shows.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use tempfile::TempDir;
use vpcguard_tests::control_plane::{ControlPlane, Response, User};
use vpcguard_tests::pki::Pki;
use vpcguard_tests::ports::free_address;
use vpcguard_tests::webhooks::point_at;

use super::isolation::ground;
use super::world::{PATIENCE, manifests};

/// See the module.
pub(crate) struct Away {
    pub(crate) plane: ControlPlane,
    /// What [`Away::unanswered`] was at last.
    counted: RefCell<Vec<(String, String)>>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was refused, because this webhook did not answer.
    Refused(String),
    /// It was admitted, and these webhooks, each once, had not answered.
    Unanswered(Vec<String>),
    /// It was admitted, and nobody had been asked.
    Unasked,
}

impl Away {
    /// One that waits for nobody, with these settings and everything of Kube-OVN's and `KubeVirt`'s that webhooks ask about.
    pub(crate) fn start(settings: &Value) -> Option<Self> {
        let plane = ControlPlane::builder().start_or_skip()?;
        Some(Self::begin(plane, settings).unwrap())
    }

    fn begin(mut plane: ControlPlane, settings: &Value) -> Result<Self> {
        let files = TempDir::new()?;
        let file = |name: &str, text: &str| -> Result<_> {
            let path = files.path().join(name);
            std::fs::write(&path, text)?;
            Ok(path)
        };
        plane.install_crds()?;
        plane.apply_crds(&file("machines.yaml", ground::MACHINES)?)?;
        let manifests = pointed_nowhere(&file("settings.json", &settings.to_string())?)?;
        let rights = ground::kube_ovn();
        let items = [manifests, rights].concat();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
        plane.kubectl(User::Admin, &["apply", "--server-side", "-f", "-"], Some(&list))?.success()?;
        let away = Self { plane, counted: RefCell::default() };
        let begun = Instant::now();
        let vpc = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "nowhere"}});
        while away.ask("POST", "/apis/kubeovn.io/v1/vpcs", &vpc).status < 400 {
            assert!(begun.elapsed() < PATIENCE, "the webhooks are not called");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(away)
    }

    /// Writes something as Kube-OVN, of whom nobody is asked.
    #[track_caller]
    pub(crate) fn make(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.plane.request(User::KubeOvn, method, path, &body.to_string()).unwrap();
        assert!(answer.status < 300, "{method} {path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Asks as somebody who may do everything, and stores nothing.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Response {
        self.plane.request(User::Admin, method, &format!("{path}?dryRun=All"), &body.to_string()).unwrap()
    }

    /// What becomes of such a request.
    #[track_caller]
    pub(crate) fn fate(&self, method: &str, path: &str, body: &Value) -> Fate {
        let answer = self.ask(method, path, body);
        if let Some((_, rest)) = answer.body.split_once(r#"failed calling webhook \""#) {
            return Fate::Refused(rest.split(r#"\""#).next().unwrap_or_default().to_owned());
        }
        assert!(answer.status < 300, "{method} {path} {body}: {}", answer.body);
        let before = self.counted.replace(self.unanswered());
        // An injection and the review may have one name.
        let names: BTreeSet<_> = self
            .counted
            .borrow()
            .iter()
            .filter(|count| !before.contains(count))
            .map(|(name, _)| name.clone())
            .collect();
        if names.is_empty() { Fate::Unasked } else { Fate::Unanswered(names.into_iter().collect()) }
    }

    /// How many calls of each webhook were admitted without an answer.
    fn unanswered(&self) -> Vec<(String, String)> {
        let metrics = self.plane.request(User::Admin, "GET", "/metrics", "").unwrap().body;
        let lines = metrics.lines().filter(|line| line.starts_with("apiserver_admission_webhook_fail_open_count"));
        let name = |line: &str| Some(line.split_once("name=\"")?.1.split_once('"')?.0.to_owned());
        lines.filter_map(|line| Some((name(line)?, line.to_owned()))).collect()
    }
}

/// What `vpcguard manifests` prints, with an address at which nobody listens.
fn pointed_nowhere(settings: &Path) -> Result<Vec<Value>> {
    let (mut manifests, nowhere, pki) = (manifests(settings)?, free_address()?, Pki::new()?);
    for object in &mut manifests {
        point_at(object, nowhere, &pki.ca_pem());
    }
    Ok(manifests)
}
