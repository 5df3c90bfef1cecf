//! What a `caBundle` vouches for.

use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;

use crate::clock;
use crate::pem;

/// Whether clients that trust this bundle, in PEM, trust this leaf at this time. What cannot be read in the bundle is
/// passed over, as the API server does.
pub fn bundle_trusts(bundle: impl AsRef<[u8]>, leaf: &CertificateDer<'_>, now: SystemTime) -> bool {
    trusts(&pem::readable(bundle.as_ref()), leaf, now)
}

/// The certificates of `wanted` that `bundle` does not hold, both in PEM. Their order, and how often each is there, do
/// not matter. Asked both ways, it says whether two bundles are the same.
pub fn missing_from(bundle: impl AsRef<[u8]>, wanted: impl AsRef<[u8]>) -> Vec<CertificateDer<'static>> {
    let held = pem::readable(bundle.as_ref());
    let mut missing = pem::readable(wanted.as_ref());
    missing.retain(|certificate| !held.contains(certificate));
    missing.sort_by(|a, b| a.as_ref().cmp(b.as_ref()));
    missing.dedup();
    missing
}

pub(crate) fn trusts(cas: &[CertificateDer<'_>], leaf: &CertificateDer<'_>, now: SystemTime) -> bool {
    let mut roots = RootCertStore::empty();
    // The API server refuses a CA that has expired, or is none; rustls would take it.
    roots.add_parsable_certificates(cas.iter().filter(|ca| is_valid_ca(ca, now)).cloned());
    let (Ok(leaf), Ok(now)) = (ParsedCertificate::try_from(leaf), clock::unix(now)) else { return false };
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&leaf, &roots, &[], now, algorithms).is_ok()
}

/// Whether this is the certificate of a CA whose time it is.
pub(crate) fn is_valid_ca(certificate: &CertificateDer<'_>, now: SystemTime) -> bool {
    let Ok(parsed) = pem::parse(certificate) else { return false };
    let at = |seconds| clock::from_unix(seconds).ok();
    let validity = parsed.validity();
    let has_begun = at(validity.not_before.timestamp()).is_some_and(|begin| begin <= now);
    let has_ended = at(validity.not_after.timestamp()).is_none_or(|end| end < now);
    has_begun && !has_ended && pem::is_ca(&parsed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ca::Ca;

    const HOUR: Duration = Duration::from_hours(1);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
    }

    #[test]
    fn a_bundle_trusts_what_its_cas_signed_while_all_are_valid() {
        let [old, new, other] = [(); 3].map(|()| Ca::generate_for(now(), 10 * HOUR).unwrap());
        let bundle = old.certificate_pem() + &new.certificate_pem();
        for ca in [&old, &new] {
            let leaf = ca.sign_for(&["a"], now(), 20 * HOUR).unwrap();
            let leaf = leaf.certificate();
            assert!(bundle_trusts(&bundle, leaf, now()));
            assert!(bundle_trusts(format!("junk\n-----BEGIN CERTIFICATE-----\nAA\n{bundle}"), leaf, now()));
            assert!(!bundle_trusts(other.certificate_pem(), leaf, now()));
            assert!(!bundle_trusts("", leaf, now()));
            assert!(!bundle_trusts(&bundle, leaf, now() + 11 * HOUR));
            assert!(!bundle_trusts(&bundle, leaf, now() - 2 * HOUR));
            assert!(!bundle_trusts(&bundle, leaf, SystemTime::UNIX_EPOCH - HOUR));
        }
        assert!(!bundle_trusts(&bundle, other.sign(&["a"], now()).unwrap().certificate(), now()));
    }

    #[test]
    fn bundles_are_compared_by_their_certificates() {
        let [a, b] = [(); 2].map(|()| Ca::generate(now()).unwrap());
        let [one, two] = [&a, &b].map(Ca::certificate_pem);
        assert!(missing_from(format!("{two}{one}{two}"), format!("{one}{two}")).is_empty());
        assert_eq!(missing_from(&one, format!("{two}{one}{two}")), [b.certificate().clone()]);
        assert_eq!(missing_from("nothing", &one), [a.certificate().clone()]);
        assert!(missing_from("", "").is_empty());
    }
}
