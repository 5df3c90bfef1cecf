//! What a client makes of the certificates: real handshakes in memory, and verification at chosen times.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, ServerConnection};
use vpcguard_certs::{Ca, CertError, CurrentLeaf, Leaf, server_config};

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MINUTE: Duration = Duration::from_mins(1);

/// A fixed time, so that nothing here depends on today.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
}

fn roots(ca: &Ca) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.certificate_pem().as_bytes()).unwrap()).unwrap();
    Arc::new(roots)
}

/// Verifies a leaf as a client does that trusts this CA.
fn verify(ca: &Ca, leaf: &Leaf, name: &str, at: SystemTime) -> Result<(), rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(ca), provider).build().unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let at = UnixTime::since_unix_epoch(at.duration_since(SystemTime::UNIX_EPOCH).unwrap());
    verifier.verify_server_cert(leaf.certificate(), &[], &name, &[], at).map(drop)
}

fn expired(result: &Result<(), rustls::Error>) -> bool {
    use CertificateError::{Expired, ExpiredContext};
    matches!(result, Err(rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. })))
}

fn not_yet_valid(result: &Result<(), rustls::Error>) -> bool {
    use CertificateError::{NotValidYet, NotValidYetContext};
    matches!(result, Err(rustls::Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. })))
}

#[test]
fn a_leaf_is_valid_for_its_names_and_no_other() {
    let ca = Ca::generate(now()).unwrap();
    let leaf = ca.sign(&NAMES, now()).unwrap();
    for name in NAMES {
        verify(&ca, &leaf, name, now()).unwrap();
    }
    for name in ["example.com", "127.0.0.2"] {
        assert!(verify(&ca, &leaf, name, now()).is_err(), "{name}");
    }
}

#[test]
fn another_ca_does_not_vouch_for_it() {
    let leaf = Ca::generate(now()).unwrap().sign(&NAMES, now()).unwrap();
    let other = Ca::generate(now()).unwrap();
    assert!(verify(&other, &leaf, "localhost", now()).is_err());
}

#[test]
fn a_leaf_lives_from_an_hour_ago_for_seven_days() {
    let ca = Ca::generate(now()).unwrap();
    let leaf = ca.sign(&NAMES, now()).unwrap();
    assert_eq!(leaf.not_after(), now() + 7 * DAY);
    assert_eq!(leaf.renew_at(), now() + 14 * DAY / 3);
    let at = |at| verify(&ca, &leaf, "localhost", at);
    assert!(not_yet_valid(&at(now() - HOUR - MINUTE)));
    at(now() - HOUR + MINUTE).unwrap();
    at(now() + 7 * DAY - MINUTE).unwrap();
    assert!(expired(&at(now() + 7 * DAY + MINUTE)));
}

#[test]
fn a_leaf_never_outlives_its_ca() {
    let ca = Ca::generate(now()).unwrap();
    assert_eq!(ca.not_after(), now() + 3650 * DAY);
    let last = ca.sign(&NAMES, now() + 3649 * DAY).unwrap();
    assert_eq!(last.not_after(), ca.not_after());
    assert!(matches!(ca.sign(&NAMES, ca.not_after()), Err(CertError::CaExpired)));
}

#[test]
fn serial_numbers_differ_and_keys_too() {
    let ca = Ca::generate(now()).unwrap();
    let [a, b] = [(); 2].map(|()| ca.sign(&NAMES, now()).unwrap().certificate().clone());
    assert_ne!(a, b);
    assert!(ca.key_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(!format!("{ca:?}").contains("KEY"));
}

#[test]
fn what_is_no_name_is_an_error() {
    let ca = Ca::generate(now()).unwrap();
    for name in ["", "a b", "ä.example", "1.2.3.4.5:80"] {
        assert!(matches!(ca.sign(&[name], now()), Err(CertError::Name { .. })), "{name}");
    }
}

#[test]
fn a_replaced_leaf_is_shown_to_the_next_connection() {
    let now = SystemTime::now();
    let ca = Ca::generate(now).unwrap();
    let (first, second) = (ca.sign(&NAMES, now).unwrap(), ca.sign(&NAMES, now).unwrap());
    let current = CurrentLeaf::new(&first);
    let server = server_config(Arc::clone(&current)).unwrap();
    let shown = || {
        let mut client = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots(&ca))
            .with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut client = ClientConnection::new(Arc::new(client), "localhost".try_into().unwrap()).unwrap();
        let mut server = ServerConnection::new(Arc::clone(&server)).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            wire.clear();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets().unwrap();
        }
        assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
        assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
        client.peer_certificates().unwrap()[0].clone().into_owned()
    };
    assert_eq!(&shown(), first.certificate());
    current.replace(&second);
    assert_eq!(&shown(), second.certificate());
}
