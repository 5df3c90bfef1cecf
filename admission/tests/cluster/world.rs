//! A control plane with Kube-OVN's kinds and what `vpcguard manifests` prints, and replicas of vpcguard before it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use vpcguard_check::{Source, parse};
use vpcguard_tests::balancer::Balancer;
use vpcguard_tests::control_plane::{ControlPlane, Output, Response, User};
use vpcguard_tests::pki::Pki;
use vpcguard_tests::replica::Replica;
use vpcguard_tests::webhooks::point_at;

use super::admission;
use super::rotation::service;

/// Time enough on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_vpcguard");

/// Names a vpcguard of another version, which the second of several replicas is then, as while a Deployment rolls.
const OTHER_BINARY: &str = "VPCGUARD_LAST_RELEASE";

/// A Vpc `v` of the namespace `mine`, and a namespace `theirs`.
pub(crate) const MINE_AND_THEIRS: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: mine}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: theirs}}
---
{apiVersion: kubeovn.io/v1, kind: Vpc, metadata: {name: v}, spec: {namespaces: [mine]}}
";

/// See the module. What is dropped first ends first.
pub(crate) struct World {
    pub(crate) replicas: Vec<Replica>,
    pub(crate) balancer: Balancer,
    pub(crate) plane: ControlPlane,
    /// The command line of the replicas.
    args: Vec<String>,
    /// Its files are the replicas' certificates, and those of the clients.
    pub(crate) pki: Pki,
    files: TempDir,
}

/// A world to be.
#[derive(Default)]
pub(crate) struct Builder {
    replicas: usize,
    serve: Vec<String>,
    api_server: Vec<String>,
    settings: Option<Value>,
    without_crds: Vec<&'static str>,
    by_service: bool,
    client: Option<&'static str>,
}

impl World {
    pub(crate) fn builder() -> Builder {
        Builder { replicas: 1, ..Builder::default() }
    }

    /// One replica and nothing special; none where the binaries are missing.
    pub(crate) fn start() -> Option<Self> {
        Self::builder().start()
    }

    /// `kubectl apply` of manifests.
    pub(crate) fn apply(&self, user: User, manifests: &str) -> Output {
        self.plane.kubectl(user, &["apply", "-f", "-"], Some(manifests)).unwrap()
    }

    /// `kubectl apply` that must pass without a word about anything being wrong.
    #[track_caller]
    pub(crate) fn accepts(&self, user: User, manifests: &str) {
        let output = self.apply(user, manifests);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }

    /// What a user reads on a refusal.
    #[track_caller]
    pub(crate) fn refusal(&self, user: User, manifests: &str) -> String {
        let output = self.apply(user, manifests);
        assert!(!output.status.success(), "{output:?}");
        output.stderr
    }

    /// An object as it is stored, or null.
    pub(crate) fn get(&self, kind: &str, name: &str) -> Value {
        let args = ["get", kind, name, "-o", "json", "--ignore-not-found"];
        let output = self.plane.kubectl(User::Admin, &args, None).unwrap().success().unwrap();
        if output.trim().is_empty() { Value::Null } else { serde_json::from_str(&output).unwrap() }
    }

    /// The page of a replica's second port.
    pub(crate) fn page(&self, replica: usize, path: &str) -> String {
        self.answer(replica, path).1
    }

    /// What a replica's second port answers: a status code and a page.
    pub(crate) fn answer(&self, replica: usize, path: &str) -> (u16, String) {
        answer(&self.replicas[replica], path).unwrap()
    }

    /// Starts one more replica, as a user, and neither waits until it is ready nor sends requests to it.
    pub(crate) fn add_replica(&mut self, user: User) -> Result<()> {
        let replica = start_replica(Path::new(BINARY), &self.args, &self.plane, user)?;
        self.replicas.push(replica);
        Ok(())
    }

    /// Creates an object by one request as it is.
    pub(crate) fn create(&self, user: User, collection: &str, object: &Value) -> Response {
        self.plane.request(user, "POST", collection, &object.to_string()).unwrap()
    }

    /// The value of a metric; 0 where it is not there.
    pub(crate) fn metric(&self, replica: usize, name: &str) -> f64 {
        let page = self.page(replica, "/metrics");
        let line = page.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
        line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            let logs: Vec<_> = self.replicas.iter().map(Replica::log).collect();
            assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}\n{}", logs.join("\n"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs vpcguard as somebody with this kubeconfig.
    pub(crate) fn vpcguard(&self, user: User, args: &[&str]) -> std::process::Output {
        Command::new(BINARY).args(args).env("KUBECONFIG", self.plane.kubeconfig(user)).output().unwrap()
    }

    /// A file for this test.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Builder {
    pub(crate) fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// Adds an argument of `serve`.
    pub(crate) fn serve(mut self, arg: &str) -> Self {
        self.serve.push(arg.to_owned());
        self
    }

    /// Adds a flag of the API server.
    pub(crate) fn api_server(mut self, flag: &str) -> Self {
        self.api_server.push(flag.to_owned());
        self
    }

    pub(crate) fn settings(mut self, settings: Value) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Has vpcguard keep a CA of its own in the cluster, and the API server call it by its Service.
    pub(crate) fn by_service(mut self) -> Self {
        self.by_service = true;
        self
    }

    /// Has the API server show a certificate of this name to webhooks that it calls by their Service, and the replicas
    /// answer nobody else.
    pub(crate) fn client_certificate(mut self, name: &'static str) -> Self {
        self.client = Some(name);
        self
    }

    /// Leaves out a kind of Kube-OVN, by the name of its definition.
    pub(crate) fn without(mut self, crd: &'static str) -> Self {
        self.without_crds.push(crd);
        self
    }

    pub(crate) fn start(mut self) -> Option<World> {
        let (pki, files, balancer) = (Pki::new().unwrap(), TempDir::new().unwrap(), Balancer::start(&[]).unwrap());
        if let Some(name) = self.client {
            let file = admission::shows(&pki.client(name).unwrap(), balancer.address().port(), files.path()).unwrap();
            self.api_server.push(format!("--admission-control-config-file={}", file.display()));
            self.serve.push(format!("--client-ca={}", pki.ca_file().display()));
            self.serve.push(format!("--client-name={name}"));
        }
        let mut plane = ControlPlane::builder();
        for flag in &self.api_server {
            plane = plane.flag(flag.clone());
        }
        let plane = plane.start_or_skip()?;
        Some(self.begin(plane, balancer, pki, files).unwrap())
    }

    fn begin(self, mut plane: ControlPlane, balancer: Balancer, pki: Pki, files: TempDir) -> Result<World> {
        plane.install_crds()?;
        for crd in &self.without_crds {
            plane.kubectl(User::Admin, &["delete", "crd", crd], None)?.success()?;
        }
        let settings = files.path().join("settings.json");
        fs::write(&settings, self.settings.clone().unwrap_or_else(|| json!({})).to_string())?;
        let leaf = pki.leaf(&["127.0.0.1"])?;
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path that is not UTF-8");

        // The manifests come first: the replicas may do nothing but what these let them.
        let mut manifests = manifests(&settings)?;
        let (mut webhooks, rest): (Vec<_>, Vec<_>) = manifests
            .drain(..)
            .partition(|object| object["kind"].as_str().is_some_and(|kind| kind.ends_with("WebhookConfiguration")));
        apply(&plane, rest)?;
        let established = [
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "crd/addressledgers.vpcguard.io",
            "crd/addressindices.vpcguard.io",
        ];
        plane.kubectl(User::Admin, &established, None)?.success()?;
        // kubectl comes again as long as the API server still makes their storage ready.
        plane.kubectl(User::Admin, &["get", "addressledgers,addressindices"], None)?.success()?;

        let mut args = vec!["serve".to_owned(), format!("--settings={}", text(&settings)?)];
        if self.by_service {
            args.push("--tls=cluster".to_owned());
        } else {
            let [cert, key] = [text(&leaf.certificate)?, text(&leaf.key)?];
            args.extend(["--tls=files".to_owned(), format!("--tls-cert={cert}"), format!("--tls-key={key}")]);
        }
        args.extend(self.serve);
        let other = std::env::var_os(OTHER_BINARY).map(PathBuf::from);
        let binary = |at| other.as_deref().filter(|_| at == 1).unwrap_or(Path::new(BINARY));
        let replicas = (0..self.replicas).map(|at| start_replica(binary(at), &args, &plane, User::Vpcguard));
        let replicas: Vec<_> = replicas.collect::<Result<_>>()?;
        for replica in &replicas {
            wait_until_ready(replica)?;
        }
        let addresses: Vec<_> = replicas.iter().map(Replica::address).collect();
        balancer.set_backends(&addresses);

        if self.by_service {
            service::call_on(&mut webhooks, balancer.address().port());
        } else {
            for configuration in &mut webhooks {
                point_at(configuration, balancer.address(), &pki.ca_pem());
            }
        }
        apply(&plane, webhooks)?;
        let world = World { replicas, balancer, plane, args, pki, files };
        // The API server hears of a configuration a moment later.
        let bad = "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: bad}\nspec: {cidrBlock: x}\n";
        world.until("the webhooks are called", |world| {
            let args = ["apply", "--dry-run=server", "-f", "-"];
            let output = world.plane.kubectl(User::Admin, &args, Some(bad)).unwrap();
            !output.status.success() && !output.stderr.contains("failed calling webhook")
        });
        Ok(world)
    }
}

/// What `vpcguard manifests` prints.
pub(crate) fn manifests(settings: &Path) -> Result<Vec<Value>> {
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

fn apply(plane: &ControlPlane, objects: Vec<Value>) -> Result<()> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    plane.kubectl(User::Admin, &["apply", "--server-side", "-f", "-"], Some(&list))?.success()?;
    Ok(())
}

pub(crate) fn wait_until_ready(replica: &Replica) -> Result<()> {
    let begun = Instant::now();
    loop {
        let page = answer(replica, "/readyz?verbose");
        if page.as_ref().is_ok_and(|(status, _)| *status == 200) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            bail!("not ready: {page:?}\n{}", replica.log());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn start_replica(binary: &Path, args: &[String], plane: &ControlPlane, user: User) -> Result<Replica> {
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let kubeconfig = plane.kubeconfig(user);
    let kubeconfig = kubeconfig.to_str().context("a path that is not UTF-8")?;
    Replica::start(binary, &args, &[("KUBECONFIG", kubeconfig), ("RUST_LOG", "info")])
}

/// What the second port answers.
pub(crate) fn answer(replica: &Replica, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(replica.metrics())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).context("no status code")?;
    Ok((status, body.to_owned()))
}
