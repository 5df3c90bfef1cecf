//! A running `vpcguard serve`, and a client that speaks TLS to it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::http::response::Parts;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// `vpcguard serve` with these arguments.
pub(crate) fn serve(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpcguard"));
    // Nor is there any cluster, whatever the machine has.
    command.arg("serve").args(args).env_remove("RUST_LOG").env("KUBECONFIG", "/nonexistent");
    command
}

/// A server in a process of its own, on free ports.
pub(crate) struct Server {
    child: Child,
    pub(crate) admission: SocketAddr,
    pub(crate) probes: SocketAddr,
    tls: TlsConnector,
    files: TempDir,
}

impl Server {
    /// Starts one with these manifests.
    pub(crate) fn start(manifests: &str) -> Self {
        Self::start_in(|dir| fs::write(dir.join("all.yaml"), manifests).unwrap(), &json!({}))
    }

    /// Starts one with these objects and settings.
    pub(crate) fn start_with(state: &[Value], settings: &Value) -> Self {
        let objects: Vec<_> = state.iter().map(Value::to_string).collect();
        Self::start_in(|dir| fs::write(dir.join("all.json"), objects.join("\n")).unwrap(), settings)
    }

    fn start_in(fill: impl FnOnce(&Path), settings: &Value) -> Self {
        let files = tempfile::tempdir().unwrap();
        let dir = files.path().join("manifests");
        fs::create_dir(&dir).unwrap();
        fill(&dir);
        Self::run(files, &dir, settings)
    }

    fn run(files: TempDir, dir: &Path, settings: &Value) -> Self {
        let settings_file = files.path().join("settings.json");
        fs::write(&settings_file, settings.to_string()).unwrap();
        let ca = files.path().join("ca.pem");
        let mut child = serve(&["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--log-format", "json"])
            .arg("--standalone")
            .arg(dir)
            .arg("--settings")
            .arg(&settings_file)
            .arg("--ca-out")
            .arg(&ca)
            .stdout(Stdio::piped())
            .stderr(File::create(files.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address_after = |words: &str| {
            let line = lines.next().expect("a ready line").unwrap();
            line.strip_prefix(words).expect(&line).parse().unwrap()
        };
        let admission = address_after("listening on https://");
        let probes = address_after("metrics on http://");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&ca).unwrap()).unwrap();
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { child, admission, probes, tls: TlsConnector::from(Arc::new(tls)), files }
    }

    /// A connection of its own.
    pub(crate) async fn connect(&self) -> Client {
        self.connect_as("localhost").await
    }

    /// A connection to the server under this name.
    pub(crate) async fn connect_as(&self, name: &str) -> Client {
        let stream = TcpStream::connect(self.admission).await.unwrap();
        let stream = self.tls.connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await.unwrap();
        Client::over(TokioIo::new(stream)).await
    }

    /// Posts over a connection of its own.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Reply {
        self.connect().await.send(Method::POST, path, body).await
    }

    /// The verdict on a request.
    pub(crate) async fn validate(&self, review: &Value) -> Value {
        self.post("/validate", review.to_string()).await.response()
    }

    /// Asks the second port.
    pub(crate) async fn probe(&self, path: &str) -> Reply {
        let stream = TcpStream::connect(self.probes).await.unwrap();
        Client::over(TokioIo::new(stream)).await.send(Method::GET, path, Body::empty()).await
    }

    /// Waits until the second port says this.
    pub(crate) async fn wait_until(&self, path: &str, is_so: impl Fn(&Reply) -> bool) {
        while !is_so(&self.probe(path).await) {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.files.path().join("log")).unwrap()
    }

    pub(crate) fn terminate(&self) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either may fail, if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection.
pub(crate) struct Client(SendRequest<Body>);

impl Client {
    async fn over(io: impl hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static) -> Self {
        let (client, connection) = handshake(io).await.unwrap();
        tokio::spawn(connection);
        Self(client)
    }

    pub(crate) async fn post(&mut self, path: &str, review: Value) -> Reply {
        self.send(Method::POST, path, review.to_string()).await
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, body: impl Into<Body>) -> Reply {
        self.0.ready().await.unwrap();
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost").body(body.into());
        let (head, body) = self.0.send_request(request.unwrap()).await.unwrap().into_parts();
        Reply { head, body: body.collect().await.unwrap().to_bytes() }
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) head: Parts,
    body: Bytes,
}

impl Reply {
    pub(crate) fn code(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.code(), self.text()))
    }

    /// The response of the AdmissionReview that this must be.
    pub(crate) fn response(&self) -> Value {
        let review = self.json();
        assert_eq!((self.code(), &review["kind"]), (200, &json!("AdmissionReview")), "{review}");
        review["response"].clone()
    }

    /// The message of the `metav1.Status` that this must be.
    pub(crate) fn failure(&self) -> String {
        let status = self.json();
        let expected = json!(["v1", "Status", "Failure", self.code()]);
        assert_eq!(json!([status["apiVersion"], status["kind"], status["status"], status["code"]]), expected);
        assert_eq!(self.head.headers["content-type"], "application/json");
        status["message"].as_str().unwrap().to_owned()
    }
}

/// A request to CREATE an object.
pub(crate) fn create(object: &Value) -> Value {
    let api_version = object["apiVersion"].as_str().unwrap();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "the-uid",
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "operation": "CREATE",
            "namespace": object["metadata"]["namespace"],
            "userInfo": {"username": "somebody"},
            "object": object,
        },
    })
}

/// A request as the API server writes it, which begins with the uid: the text before the object, and the rest.
pub(crate) fn sent(operation: &str, object: &Value) -> [String; 2] {
    let review = create(object);
    let (kind, name, namespace) =
        (&review["request"]["kind"], &object["metadata"]["name"], &object["metadata"]["namespace"]);
    let namespace = namespace.as_str().map(|name| format!(r#""namespace":"{name}","#)).unwrap_or_default();
    let [object, old] = match operation {
        "CREATE" => [object, &Value::Null],
        "DELETE" => [&Value::Null, object],
        _ => [object, object],
    };
    let head = format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"the-uid","kind":{kind},"name":{name},{namespace}"operation":"{operation}","userInfo":{{"username":"somebody"}},"#
    );
    [head, format!(r#""object":{object},"oldObject":{old},"dryRun":false}}}}"#)]
}

/// A Subnet of the default VPC.
pub(crate) fn subnet(name: &str, cidr: &str) -> Value {
    json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name}, "spec": {"cidrBlock": cidr}})
}
