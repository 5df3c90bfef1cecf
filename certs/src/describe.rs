//! Certificates as people read them.

use std::fmt::Write as _;
use std::time::SystemTime;

use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::pki_types::CertificateDer;

use crate::clock;
use crate::error::CertError;
use crate::pem;

/// What is to be said about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    /// Whose it is, such as `CN=vpcguard CA`.
    pub subject: String,
    /// The serial number, such as `1F:02:A8`.
    pub serial_hex: String,
    /// The SHA-256 fingerprint in the same notation: what `openssl x509 -fingerprint -sha256` prints.
    pub sha256: String,
    /// From when on it is valid.
    pub not_before: SystemTime,
    /// Until when.
    pub not_after: SystemTime,
    /// Whether it may sign others.
    pub is_ca: bool,
}

/// The certificates of a text in PEM, in its order.
///
/// # Errors
///
/// A text that is not PEM, has no certificate, or one that cannot be read.
pub fn describe(pem: impl AsRef<[u8]>) -> Result<Vec<CertificateInfo>, CertError> {
    pem::certificates(pem.as_ref())?.iter().map(CertificateInfo::of).collect()
}

impl CertificateInfo {
    /// Of a certificate in DER.
    ///
    /// # Errors
    ///
    /// A certificate that cannot be read.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, CertError> {
        let parsed = pem::parse(certificate)?;
        Ok(Self {
            subject: parsed.subject().to_string(),
            serial_hex: hex(parsed.raw_serial()),
            sha256: hex(sha256(certificate).as_ref()),
            not_before: clock::from_unix(parsed.validity().not_before.timestamp())?,
            not_after: clock::from_unix(parsed.validity().not_after.timestamp())?,
            is_ca: pem::is_ca(&parsed),
        })
    }
}

/// By the one crypto provider, which offers its hashes as parts of cipher suites.
fn sha256(data: &[u8]) -> rustls::crypto::hash::Output {
    let common = match TLS13_AES_128_GCM_SHA256 {
        SupportedCipherSuite::Tls12(suite) => &suite.common,
        SupportedCipherSuite::Tls13(suite) => &suite.common,
    };
    common.hash_provider.hash(data)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let colon = if text.is_empty() { "" } else { ":" };
        // Writing to a String does not fail.
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ca::Ca;

    #[test]
    fn a_certificate_is_described() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        let ca = Ca::generate_for(now, Duration::from_hours(2)).unwrap();
        let leaf = ca.sign(&["a"], now).unwrap();
        let text = ca.certificate_pem() + &pem::encode(leaf.certificate());
        let described = describe(text).unwrap();
        assert_eq!(described.iter().map(|info| &*info.subject).collect::<Vec<_>>(), ["CN=vpcguard CA", "CN=vpcguard"]);
        assert_eq!(described.iter().map(|info| info.is_ca).collect::<Vec<_>>(), [true, false]);
        for info in &described {
            assert_eq!(info.not_before, now - Duration::from_hours(1));
            assert_eq!(info.not_after, now + Duration::from_hours(2));
            assert_eq!(info.sha256.len(), 32 * 3 - 1);
            assert!(info.serial_hex.len() > 30, "{}", info.serial_hex);
        }
        assert!(matches!(describe(""), Err(CertError::NoCertificate)));
        assert!(describe("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
    }

    #[test]
    fn the_fingerprint_is_sha_256() {
        let text = hex(sha256(b"abc").as_ref());
        assert!(text.starts_with("BA:78:16:BF:8F:01:CF:EA") && text.ends_with("F2:00:15:AD"), "{text}");
    }
}
