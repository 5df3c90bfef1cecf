//! Handshakes in memory: leaves of both authorities in each phase of a rotation, versions of TLS, and who may call.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, Error, HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig,
    ServerConnection, SupportedProtocolVersion,
};
use vpcguard_certs::{
    Authorities, Ca, ClientCa, ClientCaError, CurrentLeaf, Lifetimes, ServerOptions, bundle_trusts, explain_refusal,
    server_config, server_config_with,
};

const NAME: &str = "webhook.vpcguard.svc";
type Versions = &'static [&'static SupportedProtocolVersion];

const ALL: Versions = &[&TLS13, &TLS12];
const ONLY_1_2: Versions = &[&TLS12];
const ONLY_1_3: Versions = &[&TLS13];

type ClientIdentity = (CertificateDer<'static>, PrivatePkcs8KeyDer<'static>);

fn client(bundle: &str, versions: Versions, who: Option<ClientIdentity>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(root.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    match who {
        Some((certificate, key)) => config.with_client_auth_cert(vec![certificate], key.into()).unwrap(),
        None => config.with_no_client_auth(),
    }
}

/// Both ends of a finished handshake, or what the first end to fail says: mostly the server, here.
fn connect(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Result<(ClientConnection, HandshakeKind), Error> {
    let mut client = ClientConnection::new(Arc::clone(client), NAME.try_into().unwrap()).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    let kind = client.handshake_kind().unwrap();
    Ok((client, kind))
}

#[test]
fn in_each_phase_the_bundle_trusts_the_leaves_that_there_are() {
    let (now, lifetimes) = (SystemTime::now(), Lifetimes::default());
    let stable = Authorities::begin(now, &lifetimes).unwrap();
    let prepared = stable.prepare(now, &lifetimes).unwrap();
    let published = prepared.published(now);
    let switched = published.switch(now);
    let retired = switched.retire();
    let old = stable.sign(&[NAME], now, &lifetimes).unwrap();
    let new = switched.sign(&[NAME], now, &lifetimes).unwrap();
    let trusted = [
        (&stable, true, false),
        (&prepared, true, true),
        (&published, true, true),
        (&switched, true, true),
        (&retired, false, true),
    ];
    let current = CurrentLeaf::new(&old);
    let server = server_config(Arc::clone(&current)).unwrap();
    for (state, old_is, new_is) in trusted {
        for (leaf, is_trusted) in [(&old, old_is), (&new, new_is)] {
            current.replace(leaf);
            // A client that has seen neither: one that resumes a session verifies nothing.
            let shaken = connect(&Arc::new(client(&state.bundle_pem(), ALL, None)), &server);
            assert_eq!(shaken.is_ok(), is_trusted, "{}: {:?}", state.phase(), shaken.err());
            assert_eq!(bundle_trusts(state.bundle_pem(), leaf.certificate(), now), is_trusted);
        }
    }
}

#[test]
fn tls_1_2_is_refused_unless_it_is_asked_for() {
    let now = SystemTime::now();
    let ca = Ca::generate(now).unwrap();
    let leaf = CurrentLeaf::new(&ca.sign(&[NAME], now).unwrap());
    let client = |versions| Arc::new(client(&ca.certificate_pem(), versions, None));
    let strict = server_config(Arc::clone(&leaf)).unwrap();
    assert!(matches!(connect(&client(ONLY_1_2), &strict), Err(Error::PeerIncompatible(_))));
    let lenient = server_config_with(leaf, ServerOptions { tls12: true, clients: None }).unwrap();
    let version = |versions| connect(&client(versions), &lenient).unwrap().0.protocol_version();
    assert_eq!(version(ONLY_1_2), Some(ProtocolVersion::TLSv1_2));
    assert_eq!(version(ALL), Some(ProtocolVersion::TLSv1_3));
}

/// An authority for clients, such as the API server's own.
struct Clients(CertifiedIssuer<'static, KeyPair>);

impl Clients {
    fn new(common_name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn identity(&self, common_name: &str, alternative: &[&str], usage: ExtendedKeyUsagePurpose) -> ClientIdentity {
        let names: Vec<_> = alternative.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().der().clone();
        (certificate, key.serialize_der().into())
    }

    fn named(&self, common_name: &str) -> ClientIdentity {
        self.identity(common_name, &[], ExtendedKeyUsagePurpose::ClientAuth)
    }
}

#[test]
fn only_clients_with_a_certificate_for_an_allowed_name_may_call() {
    let now = SystemTime::now();
    let ca = Ca::generate(now).unwrap();
    let leaf = CurrentLeaf::new(&ca.sign(&[NAME], now).unwrap());
    let (clients, others) = (Clients::new("one"), Clients::new("two"));
    let rule = ClientCa::new(clients.0.pem(), &["kube-apiserver", "api.example.com"]).unwrap();
    for versions in [ONLY_1_3, ONLY_1_2] {
        let options = ServerOptions { tls12: true, clients: Some(Arc::clone(&rule)) };
        let server = server_config_with(Arc::clone(&leaf), options).unwrap();
        let call = |who| connect(&Arc::new(client(&ca.certificate_pem(), versions, who)), &server).map(drop);
        let refusal = |who| explain_refusal(&call(who).unwrap_err()).unwrap();

        call(Some(clients.named("kube-apiserver"))).unwrap();
        let usage = ExtendedKeyUsagePurpose::ClientAuth;
        call(Some(clients.identity("x", &["other.example.com", "API.example.com"], usage))).unwrap();

        assert_eq!(refusal(None), "the client sent no certificate, and must");
        let name = "the client's certificate is for [\"kubelet\"], and none of these names may call";
        assert_eq!(refusal(Some(clients.named("kubelet"))), name);
        assert!(refusal(Some(clients.named(""))).ends_with("may call"));
        let unknown = "the client's certificate is not of a CA that vouches for clients";
        assert_eq!(refusal(Some(others.named("kube-apiserver"))), unknown);
        let server_only = clients.identity("kube-apiserver", &[], ExtendedKeyUsagePurpose::ServerAuth);
        assert!(refusal(Some(server_only)).starts_with("the client's certificate: "));
    }
    // What is not about the client is not explained as if it were.
    assert_eq!(explain_refusal(&Error::HandshakeNotComplete), None);
}

#[test]
fn who_may_call_is_replaced_while_the_server_runs() {
    let now = SystemTime::now();
    let ca = Ca::generate(now).unwrap();
    let leaf = CurrentLeaf::new(&ca.sign(&[NAME], now).unwrap());
    let (old, new) = (Clients::new("one"), Clients::new("two"));
    let rule = ClientCa::new(old.0.pem(), &["api"]).unwrap();
    let server = |clients| server_config_with(Arc::clone(&leaf), ServerOptions { tls12: false, clients }).unwrap();
    let guarded = server(Some(Arc::clone(&rule)));
    let client = |who| Arc::new(client(&ca.certificate_pem(), ONLY_1_3, Some(who)));
    let [old_client, new_client] = [&old, &new].map(|clients| client(clients.named("api")));
    connect(&old_client, &guarded).unwrap();
    assert!(connect(&new_client, &guarded).is_err());
    rule.replace(new.0.pem(), &["api"]).unwrap();
    // Neither by a certificate nor by a session of before.
    assert!(connect(&old_client, &guarded).is_err());
    connect(&new_client, &guarded).unwrap();
    assert_eq!(connect(&new_client, &guarded).unwrap().1, HandshakeKind::Full);

    // Settings that cannot be used leave all as it was.
    let leaf_pem = ca.certificate_pem().replace("CERTIFICATE", "NOTHING");
    assert!(matches!(rule.replace(leaf_pem, &["api"]), Err(ClientCaError::Bundle(_))));
    assert!(matches!(rule.replace(new.0.pem(), &[] as &[&str]), Err(ClientCaError::NoNames)));
    connect(&new_client, &guarded).unwrap();

    // Where nobody is asked who they are, sessions are resumed: the test above would see it.
    let open = server(None);
    connect(&new_client, &open).unwrap();
    assert_eq!(connect(&new_client, &open).unwrap().1, HandshakeKind::Resumed);
}
