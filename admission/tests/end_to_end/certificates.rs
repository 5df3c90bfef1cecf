//! Certificates from files: shown, replaced while the server runs, and demanded of clients.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ProtocolVersion;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;

use crate::running::{PATIENCE, Pair, Peer, Running, ask, files};
use crate::serving::{create, serve, subnet};

fn ca(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn server_pair(ca: &CertifiedIssuer<'static, KeyPair>) -> Pair {
    signed(ca, CertificateParams::new(["localhost".to_owned()]).unwrap())
}

fn signed(ca: &CertifiedIssuer<'static, KeyPair>, params: CertificateParams) -> Pair {
    let key = KeyPair::generate().unwrap();
    Pair { certificate: params.signed_by(&key, ca).unwrap().pem(), key: key.serialize_pem() }
}

const FILES: [&str; 6] = ["--tls", "files", "--tls-cert", "tls/tls.crt", "--tls-key", "tls/tls.key"];

/// Files among which there is a volume `tls`, as the kubelet mounts a Secret.
fn files_with(pair: &Pair) -> TempDir {
    let files = files();
    fs::create_dir(files.path().join("tls")).unwrap();
    mount(files.path(), "..first", pair);
    for name in ["tls.crt", "tls.key"] {
        symlink(format!("..data/{name}"), files.path().join("tls").join(name)).unwrap();
    }
    files
}

/// Replaces what a volume holds, as the kubelet does: by a new directory, and a link to it that is renamed.
fn mount(files: &Path, version: &str, pair: &Pair) {
    let volume = files.join("tls");
    fs::create_dir(volume.join(version)).unwrap();
    fs::write(volume.join(version).join("tls.crt"), &pair.certificate).unwrap();
    fs::write(volume.join(version).join("tls.key"), &pair.key).unwrap();
    symlink(version, volume.join("..data_tmp")).unwrap();
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
}

fn der(pair: &Pair) -> Vec<u8> {
    CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap().to_vec()
}

#[tokio::test]
async fn a_renewed_secret_is_shown_and_a_broken_one_is_not() {
    let ca = ca("ca");
    let (first, second, third) = (server_pair(&ca), server_pair(&ca), server_pair(&ca));
    let mut server = Running::start(files_with(&first), &FILES);
    let peer = Peer::new(&ca.pem(), &[&TLS13], None);
    let mut kept = peer.connect(server.address).await.unwrap();
    assert_eq!(peer.shown(server.address).await.unwrap(), der(&first));

    let broken = Pair { certificate: second.certificate.clone(), key: "no key".to_owned() };
    mount(server.files(), "..broken", &broken);
    let said = server.logged("the certificate stays as it was").await;
    assert!(said.contains("tls/tls.crt, tls/tls.key: "), "{said}");
    assert_eq!(peer.shown(server.address).await.unwrap(), der(&first));

    mount(server.files(), "..second", &second);
    server.logged("the certificate has been read again").await;
    assert_eq!(peer.shown(server.address).await.unwrap(), der(&second));

    // Without a volume each file is renamed for itself: between the two they do not match.
    for (name, text) in [("tls.crt", &third.certificate), ("tls.key", &third.key)] {
        server.write("tls/next", text);
        fs::rename(server.files().join("tls/next"), server.files().join("tls").join(name)).unwrap();
    }
    server.logged("the certificate has been read again").await;
    assert_eq!(peer.shown(server.address).await.unwrap(), der(&third));
    ask(&mut kept, &create(&subnet("c", "10.3.0.0/16"))).await.unwrap();
}

#[tokio::test]
async fn tls_1_2_is_spoken_only_where_that_is_wanted() {
    let ca = ca("ca");
    let old = Peer::new(&ca.pem(), &[&TLS12], None);
    let both = Peer::new(&ca.pem(), &[&TLS12, &TLS13], None);
    let server = Running::start(files_with(&server_pair(&ca)), &FILES);
    old.is_refused_at_tls(server.address).await;
    assert_eq!(both.ask(server.address).await.unwrap()["allowed"], true);

    let server = Running::start(files_with(&server_pair(&ca)), &[&FILES[..], &["--tls-min-version", "1.2"]].concat());
    assert_eq!(old.ask(server.address).await.unwrap()["allowed"], true);
    let stream = both.connect(server.address).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn only_clients_of_the_ca_with_the_name_are_served() {
    let (servers, clients, next) = (ca("servers"), ca("clients"), ca("clients, next"));
    let files = files_with(&server_pair(&servers));
    fs::write(files.path().join("clients.pem"), clients.pem()).unwrap();
    let demands = ["--client-ca", "clients.pem", "--client-name", "kube-apiserver"];
    let mut server = Running::start(files, &[&FILES[..], &demands].concat());
    let address = server.address;
    let with = |own: Option<&Pair>| Peer::new(&servers.pem(), &[&TLS13], own);
    let (ours, theirs) = (signed(&clients, params("kube-apiserver")), signed(&next, params("kube-apiserver")));

    let foreign = signed(&clients, params("system:node:a"));
    for (own, alert, reason) in [
        (None, "CertificateRequired", "the client sent no certificate, and must"),
        (Some(&foreign), "", r#"is for ["system:node:a"], and none of these names may call"#),
        (Some(&theirs), "UnknownCA", "is not of a CA that vouches for clients"),
    ] {
        let said = with(own).is_refused_at_tls(address).await;
        let logged = server.logged("a client is refused").await;
        assert!(said.contains(alert) && logged.contains(reason), "{said}; {logged}");
    }
    assert_eq!(with(Some(&ours)).ask(address).await.unwrap()["allowed"], true);

    server.write("clients.pem", "nothing");
    server.logged("the CAs of clients stay as they were").await;
    assert_eq!(with(Some(&ours)).ask(address).await.unwrap()["allowed"], true);

    // The old client also was connected before: what it remembers of that does not help it.
    let old = with(Some(&ours));
    old.ask(address).await.unwrap();
    server.write("next.pem", &next.pem());
    fs::rename(server.files().join("next.pem"), server.files().join("clients.pem")).unwrap();
    let begun = Instant::now();
    while old.ask(address).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "the old client is still served");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    old.is_refused_at_tls(address).await;
    assert_eq!(with(Some(&theirs)).ask(address).await.unwrap()["allowed"], true);
}

#[test]
fn what_cannot_be_shown_or_demanded_is_said_at_the_start() {
    let ca = ca("ca");
    let (ours, theirs) = (server_pair(&ca), server_pair(&ca));
    let files = files_with(&Pair { certificate: ours.certificate.clone(), key: theirs.key.clone() });
    fs::write(files.path().join("ours.key"), &ours.key).unwrap();
    fs::write(files.path().join("ca.pem"), ca.pem()).unwrap();
    let pair = |certificate: &'static str, key: &'static str| vec!["--tls-cert", certificate, "--tls-key", key];
    let good = || pair("tls/tls.crt", "ours.key");
    let cases: Vec<(Vec<&str>, &[&str])> = vec![
        (vec![], &["--tls-cert <FILE>", "--tls-key <FILE>"]),
        (pair("missing.crt", "ours.key"), &["--tls-cert missing.crt: "]),
        (pair("tls/tls.crt", "missing.key"), &["--tls-key missing.key: "]),
        (pair("tls/tls.crt", "tls/tls.key"), &["tls/tls.crt, tls/tls.key: "]),
        (pair("ours.key", "ours.key"), &["ours.key, ours.key: "]),
        ([good(), vec!["--client-ca", "ca.pem"]].concat(), &["--client-name <NAME>"]),
        ([good(), vec!["--client-name", "a"]].concat(), &["--client-ca <FILE>"]),
        ([good(), vec!["--client-ca", "missing.pem", "--client-name", "a"]].concat(), &["--client-ca missing.pem: "]),
        ([good(), vec!["--client-ca", "ours.key", "--client-name", "a"]].concat(), &["--client-ca: "]),
        ([good(), vec!["--client-ca", "ca.pem", "--client-name", ""]].concat(), &["at least one client"]),
    ];
    for (args, messages) in cases {
        let output = serve(&["--standalone", "manifests", "--listen", "127.0.0.1:0", "--tls", "files"])
            .args(["--metrics-listen", "127.0.0.1:0"])
            .args(&args)
            .current_dir(files.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(messages.iter().all(|message| said.contains(message)), "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
