//! What the API server sends: one AdmissionReview of each kind and operation, kept in `tests/reviews/`.
//!
//! A webhook that allows everything writes down what it is asked. The corpus is sent to vpcguard in the envelopes that are
//! kept; the test here notices when an API server sends other ones. `cargo xtask record-reviews` writes them anew.
//!
//! There is none of a VirtualMachine or an instance of one: their definitions are `KubeVirt`'s, and huge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use vpcguard_check::{Source, parse_value};
use vpcguard_policies::Kind;
use vpcguard_policies::rules::TABLE;
use vpcguard_tests::control_plane::{ControlPlane, User};
use vpcguard_tests::pki::{Leaf, Pki};
use vpcguard_tests::webhooks::point_at;

use super::world::PATIENCE;

/// Objects of all kinds, each with what an UPDATE changes in it.
const SAMPLES: &str = include_str!("samples.yaml");

fn samples() -> Vec<Value> {
    let samples = parse_value(&Source { name: "samples.yaml".to_owned(), bytes: SAMPLES.into() }).unwrap();
    samples.as_array().unwrap().clone()
}

/// What was asked: the name of a file, and the AdmissionReview.
type Reviews = BTreeMap<String, Value>;

#[test]
fn the_api_server_sends_what_was_recorded() {
    let Some(mut plane) = ControlPlane::builder().start_or_skip() else { return };
    plane.install_crds().unwrap();
    let reviews = record(&plane);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reviews");
    if std::env::var_os("VPCGUARD_RECORD_REVIEWS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, review) in &reviews {
            fs::write(folder.join(name), format!("{review:#}\n")).unwrap();
        }
    }
    let kept: Reviews = fs::read_dir(&folder).unwrap().map(|entry| kept(entry.unwrap().path())).collect();
    assert_eq!(reviews.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>(), "cargo xtask record-reviews");
    for (name, review) in &reviews {
        assert_eq!(keys(review), keys(&kept[name]), "{name}: cargo xtask record-reviews");
    }
    what_a_claim_is_known_by(&kept);
}

/// Whatever a rule reviews has a sample, and so have the bodies of its requests.
#[test]
fn every_kind_that_is_reviewed_has_a_sample() {
    let of_kinds: Vec<_> = samples().iter().map(|sample| Kind::of(&sample["object"])).collect();
    // That an object of any kind has fields of the right types is not a reason to record it.
    let is_reviewed = |kind: &&Kind| TABLE.iter().any(|rule| rule.reads_of(**kind));
    let lacking: Vec<_> =
        Kind::ALL.iter().filter(is_reviewed).filter(|kind| !of_kinds.contains(&Some(**kind))).collect();
    assert!(lacking.is_empty(), "samples.yaml has no {lacking:?}");
}

/// Which object and which version of it a request would store is said by the validating call already.
fn what_a_claim_is_known_by(reviews: &Reviews) {
    let object = |name: &str| &reviews[name]["request"]["object"]["metadata"];
    let (create, update) = (object("subnet-create.json"), object("subnet-update.json"));
    assert_eq!((&create["generation"], &update["generation"]), (&json!(1), &json!(2)));
    assert!(create["uid"].is_string() && update["uid"].is_string());
}

fn kept(path: PathBuf) -> (String, Value) {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
}

/// The paths of all fields.
fn keys(value: &Value) -> BTreeSet<String> {
    fn collect(value: &Value, path: &str, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let path = format!("{path}/{key}");
                    collect(value, &path, into);
                    into.insert(path);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| collect(element, &format!("{path}[]"), into)),
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    collect(value, "", &mut all);
    all
}

fn record(plane: &ControlPlane) -> Reviews {
    let pki = Pki::new().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let reviews = Arc::new(Mutex::new(Reviews::new()));
    let address = runtime.block_on(listen(&pki.leaf(&["127.0.0.1"]).unwrap(), Arc::clone(&reviews)));
    let samples = samples();
    let groups: BTreeSet<_> =
        samples.iter().filter_map(|sample| Kind::of(&sample["object"])).map(Kind::group).collect();
    let mut configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "recorder"},
        "webhooks": [{
            "name": "recorder.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail", "clientConfig": {"service": {"path": "/"}},
            "rules": [{"apiGroups": groups,
                       "apiVersions": ["*"], "resources": ["*", "pods/binding"], "operations": ["CREATE", "UPDATE"]}],
        }],
    });
    point_at(&mut configuration, address, &pki.ca_pem());
    let apply = |object: &Value, more: &[&str]| {
        let args = [&["apply", "-f", "-"], more].concat();
        plane.kubectl(User::Admin, &args, Some(&object.to_string())).unwrap().success().unwrap();
    };
    apply(&configuration, &[]);
    let read = || reviews.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let probe = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}});
    let begun = Instant::now();
    while read().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "the webhook is not called");
        apply(&probe, &["--dry-run=server"]);
    }
    for sample in &samples {
        let mut object = sample["object"].clone();
        if let Some(path) = sample["posted"].as_str() {
            let args = ["create", "--raw", path, "-f", "-"];
            plane.kubectl(User::Admin, &args, Some(&object.to_string())).unwrap().success().unwrap();
            continue;
        }
        apply(&object, &[]);
        json_patch::merge(&mut object, &sample["change"]);
        apply(&object, &[]);
    }
    let mut reviews = read();
    for review in reviews.values_mut() {
        make_lasting(review, "");
    }
    reviews
}

/// Replaces what is another thing each time by something of the same form.
fn make_lasting(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| make_lasting(value, key)),
        Value::Array(elements) => elements.iter_mut().for_each(|element| make_lasting(element, key)),
        Value::String(text) => {
            let lasting = match key {
                // That of a user is a name.
                "uid" if text.len() == 36 => "7a5e9f0c-4d1b-4f57-9c3e-2b8d6a1e0f42",
                "creationTimestamp" | "time" => "2026-11-23T12:00:00Z",
                "resourceVersion" => "1000",
                "clusterIP" | "clusterIPs" => "10.96.0.100",
                _ => return,
            };
            lasting.clone_into(text);
        }
        _ => {}
    }
}

/// Listens, says yes to everything, and writes it down.
async fn listen(leaf: &Leaf, reviews: Arc<Mutex<Reviews>>) -> SocketAddr {
    let chain = vec![CertificateDer::from_pem_file(&leaf.certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&leaf.key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, reviews) = (acceptor.clone(), Arc::clone(&reviews));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request| write_down(request, Arc::clone(&reviews)));
                // The API server ends it when it likes.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

async fn write_down(
    request: http::Request<Incoming>,
    reviews: Arc<Mutex<Reviews>>,
) -> hyper::Result<http::Response<Full<Bytes>>> {
    let body = request.into_body().collect().await?.to_bytes();
    let review: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {"uid": review["request"]["uid"], "allowed": true},
    });
    let text = |field: &Value| field.as_str().unwrap_or_default().to_lowercase();
    let name = format!("{}-{}.json", text(&review["request"]["kind"]["kind"]), text(&review["request"]["operation"]));
    reviews.lock().unwrap_or_else(PoisonError::into_inner).insert(name, review);
    let response = http::Response::builder().header("content-type", "application/json");
    Ok(response.body(answer.to_string().into()).unwrap_or_default())
}
