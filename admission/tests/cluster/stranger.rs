//! Somebody other than the API server who reaches the webhook's port.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;
use vpcguard_tests::pki::Leaf;

/// Where a replica listens, and what its certificate says.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) name: String,
    pub(crate) ca_pem: String,
}

/// A connection from an address of this machine's own network, 127.0.0.0/8.
pub(crate) struct Stranger(SendRequest<Body>);

impl Stranger {
    /// Connects as this address, with a certificate or none. What is wrong with it is said at the first request.
    pub(crate) async fn connect(from: IpAddr, to: &Server, own: Option<&Leaf>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(to.ca_pem.as_bytes())?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match own {
            Some(Leaf { certificate, key }) => config.with_client_auth_cert(
                vec![CertificateDer::from_pem_file(certificate)?],
                PrivateKeyDer::from_pem_file(key)?,
            )?,
            None => config.with_no_client_auth(),
        };
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from, 0))?;
        let tcp = socket.connect(to.address).await?;
        tcp.set_nodelay(true)?;
        let tls = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(to.name.clone())?, tcp).await?;
        let (sender, connection) = handshake(TokioIo::new(tls)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// The response to an AdmissionReview.
    pub(crate) async fn validate(&mut self, review: &Value) -> Result<Value> {
        self.0.ready().await?;
        let request = Request::builder().method(Method::POST).uri("/validate?timeout=10s").header(HOST, "vpcguard");
        let (head, body) = self.0.send_request(request.body(Body::from(review.to_string()))?).await?.into_parts();
        ensure!(head.status == StatusCode::OK, "{}", head.status);
        let mut review: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
        review.get_mut("response").map(Value::take).context("no response")
    }
}

/// What the API server asks when an object is to be created, as far as anybody can make it up.
pub(crate) fn forged(number: usize, object: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["uid"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
    object["metadata"]["generation"] = json!(1);
    let name = object["metadata"]["name"].clone();
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": format!("00000000-0000-4000-9000-{number:012}"),
            "kind": {"group": "kubeovn.io", "version": "v1", "kind": object["kind"]},
            "resource": {"group": "kubeovn.io", "version": "v1", "resource": "subnets"},
            "name": name, "operation": "CREATE", "userInfo": {"username": "somebody"},
            "object": object, "oldObject": null, "dryRun": false,
        },
    })
}
