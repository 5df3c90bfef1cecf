//! A real API server with a release of the chart, and replicas started as its Deployment says.
//!
//! Nobody runs controllers or a kubelet here, so the test does what they would: it starts the containers' command lines, and
//! says how a Pod ended. The Service leads to this machine by another name for it, as no cluster address leads anywhere.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use vpcguard_tests::balancer::Balancer;
use vpcguard_tests::control_plane::{ControlPlane, Output, User};
use vpcguard_tests::replica::Replica;

use super::helm::Helm;
use super::manifests::{BINARY, chart};

/// Time enough on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const NAMESPACE: &str = "vpcguard-system";

/// Which requests the API server writes down: all that delete something, in the order in which they come.
const AUDIT: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "verbs": ["delete"]}, {"level": "None"}]}"#;

/// See the module.
pub(crate) struct World {
    pub(crate) replicas: Vec<Replica>,
    pub(crate) balancer: Balancer,
    pub(crate) plane: ControlPlane,
    helm: Helm,
    files: TempDir,
}

impl World {
    /// A control plane without a release; none where something is missing.
    pub(crate) fn start(helm: &str) -> Option<Self> {
        let helm = Helm::find(helm)?;
        let files = TempDir::new().unwrap();
        let (policy, log) = (files.path().join("audit.json"), files.path().join("audit.log"));
        fs::write(&policy, AUDIT).unwrap();
        let mut plane = ControlPlane::builder()
            .flag(format!("--audit-policy-file={}", policy.display()))
            .flag(format!("--audit-log-path={}", log.display()))
            .start_or_skip()?;
        plane.install_crds().unwrap();
        let balancer = Balancer::start(&[]).unwrap();
        Some(Self { replicas: Vec::new(), balancer, plane, helm, files })
    }

    /// `helm <args>` for the release, as an administrator.
    #[track_caller]
    pub(crate) fn helm(&self, args: &[&str]) -> String {
        let args = [args, &["--namespace", NAMESPACE]].concat();
        self.helm.succeeds(&args, Some(&self.plane.kubeconfig(User::Admin)))
    }

    /// `helm <args>` as an administrator, which may fail.
    pub(crate) fn try_helm(&self, args: &[&str]) -> std::process::Output {
        self.helm.run(args, Some(&self.plane.kubeconfig(User::Admin)))
    }

    /// A chart of somebody else, with these manifests.
    pub(crate) fn chart(&self, name: &str, manifests: &str) -> PathBuf {
        let folder = self.files.path().join(name);
        fs::create_dir_all(folder.join("templates")).unwrap();
        fs::write(folder.join("Chart.yaml"), format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n")).unwrap();
        fs::write(folder.join("templates/all.yaml"), manifests).unwrap();
        folder
    }

    /// `helm install` or `helm upgrade` with these values, whose Service has the port of the balancer.
    #[track_caller]
    pub(crate) fn release(&self, command: &[&str], values: &Value) -> String {
        let mut values = values.clone();
        values["service"] = json!({"port": self.balancer.address().port()});
        let (file, chart) = (self.file("values.json", &values.to_string()), chart());
        let output = self.helm(&[command, &["vpcguard", text(&chart), "--values", text(&file)]].concat());
        // The one thing that the test changes: without a proxy of Services, its address would lead nowhere.
        let service = json!({"spec": {
            "type": "ExternalName", "externalName": "localhost", "clusterIP": null, "clusterIPs": null,
        }});
        self.kubectl(&[
            "patch",
            "service",
            "vpcguard",
            "--namespace",
            NAMESPACE,
            "--type=merge",
            "--patch",
            &service.to_string(),
        ]);
        output
    }

    /// Starts as many replicas as the Deployment has, as its Pods would be, and waits until they are ready.
    pub(crate) fn start_replicas(&mut self) -> Vec<Replica> {
        let deployment = self.get(&["deployment", "vpcguard"]);
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let settings = &deployment["spec"]["template"]["metadata"]["annotations"]["vpcguard.io/settings"];
        let settings = self.file("settings.yaml", settings.as_str().unwrap());
        let is_address = |arg: &&str| {
            ["--listen=", "--metrics-listen=", "--probes-listen="].iter().any(|flag| arg.starts_with(flag))
        };
        let args = container["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
        // Where they listen is this test's choice, and the file is not mounted.
        let args: Vec<_> = args
            .filter(|arg| !is_address(arg))
            .map(|arg| arg.replace("/etc/vpcguard/settings/settings.yaml", text(&settings)))
            .collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let kubeconfig = self.account();
        let mut env = vec![("KUBECONFIG", text(&kubeconfig))];
        env.extend(
            container["env"]
                .as_array()
                .unwrap()
                .iter()
                .map(|env| (env["name"].as_str().unwrap(), env["value"].as_str().unwrap())),
        );
        let count = deployment["spec"]["replicas"].as_u64().unwrap();
        let replicas: Vec<_> = (0..count).map(|_| Replica::start(Path::new(BINARY), &args, &env).unwrap()).collect();
        let path = container["readinessProbe"]["httpGet"]["path"].as_str().unwrap();
        for replica in &replicas {
            until(&format!("{path} of a replica\n{}", replica.log()), || status(replica, path) == Some(200));
        }
        replicas
    }

    /// Has requests go to these replicas.
    pub(crate) fn lead_to(&mut self, replicas: Vec<Replica>) -> Vec<Replica> {
        self.balancer.set_backends(&replicas.iter().map(Replica::address).collect::<Vec<_>>());
        std::mem::replace(&mut self.replicas, replicas)
    }

    /// A kubeconfig with a token of the release's own account, as a Pod has.
    pub(crate) fn account(&self) -> PathBuf {
        let token = self.kubectl(&["create", "token", "vpcguard", "--namespace", NAMESPACE, "--duration=1h"]);
        let mut config: Value = serde_json::from_slice(&fs::read(self.plane.kubeconfig(User::Admin)).unwrap()).unwrap();
        config["users"][0]["user"] = json!({"token": token.trim()});
        self.file("account.kubeconfig", &config.to_string())
    }

    /// `helm test`, for which the test plays the kubelet.
    pub(crate) fn helm_test(&self) {
        std::thread::scope(|scope| {
            let tested = scope.spawn(|| self.helm(&["test", "vpcguard"]));
            let pod = ["pod", "vpcguard-test-certificates"];
            until("helm test has made its Pod", || !self.get(&pod).is_null());
            let spec = &self.get(&pod)["spec"];
            assert_eq!(spec["serviceAccountName"], "vpcguard");
            let args = spec["containers"][0]["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
            let output = vpcguard(&self.account(), &args.collect::<Vec<_>>());
            assert!(output.status.success(), "{output:?}");
            let status = r#"--patch={"status": {"phase": "Succeeded"}}"#;
            self.kubectl(&[
                "patch",
                "pod",
                pod[1],
                "--namespace",
                NAMESPACE,
                "--subresource=status",
                "--type=merge",
                status,
            ]);
            tested.join().unwrap();
        });
    }

    /// kubectl of an administrator.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        self.plane.kubectl(User::Admin, args, None).unwrap().success().unwrap()
    }

    /// An object as it is stored, or null.
    #[track_caller]
    pub(crate) fn get(&self, object: &[&str]) -> Value {
        self.get_in(NAMESPACE, object)
    }

    /// The same in another namespace.
    #[track_caller]
    pub(crate) fn get_in(&self, namespace: &str, object: &[&str]) -> Value {
        let args = [&["get"], object, &["--namespace", namespace, "--output=json", "--ignore-not-found"]].concat();
        let output = self.kubectl(&args);
        if output.trim().is_empty() { Value::Null } else { serde_json::from_str(&output).unwrap() }
    }

    pub(crate) fn apply(&self, object: &Value) -> Output {
        self.plane.kubectl(User::Admin, &["apply", "-f", "-"], Some(&object.to_string())).unwrap()
    }

    /// What was deleted, in that order: the plural of each kind with a name.
    pub(crate) fn deletions(&self) -> Vec<String> {
        let log = fs::read_to_string(self.files.path().join("audit.log")).unwrap();
        let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let events = events.filter(|event| event["responseStatus"]["code"] == 200);
        events.map(|event| format!("{} {}", of(&event, "resource"), of(&event, "name"))).collect()
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.files.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

fn of(event: &Value, field: &str) -> String {
    event["objectRef"][field].as_str().unwrap_or_default().to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs vpcguard with this kubeconfig.
pub(crate) fn vpcguard(kubeconfig: &Path, args: &[&str]) -> std::process::Output {
    Command::new(BINARY).args(args).env("KUBECONFIG", kubeconfig).output().unwrap()
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The status code that a replica's second port answers with.
fn status(replica: &Replica, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(replica.metrics()).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_whitespace().nth(1)?.parse().ok()
}
