//! Certificates in PEM, read strictly where they are ours and leniently where anybody may have written them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;

use crate::error::CertError;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// One certificate in PEM.
pub(crate) fn encode(certificate: &CertificateDer<'_>) -> String {
    let mut text = format!("{BEGIN}\n");
    let mut left = STANDARD.encode(certificate);
    while !left.is_empty() {
        let rest = left.split_off(left.len().min(64));
        text.push_str(&left);
        text.push('\n');
        left = rest;
    }
    text.push_str(END);
    text.push('\n');
    text
}

/// All certificates of a text, each of which must be readable, and at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        return Err(CertError::NoCertificate);
    }
    for certificate in &certificates {
        parse(certificate)?;
    }
    Ok(certificates)
}

/// Whatever certificates can be read in a text, whatever else it holds: so does the API server read a `caBundle`.
pub(crate) fn readable(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    let text = String::from_utf8_lossy(pem);
    // Each is cut out first, so that a broken one does not take its neighbours along.
    let sections = text.split(BEGIN).skip(1);
    sections
        .filter_map(|section| CertificateDer::from_pem_slice(format!("{BEGIN}{section}").as_bytes()).ok())
        .filter(|certificate| parse(certificate).is_ok())
        .collect()
}

/// The parts of a certificate.
pub(crate) fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, CertError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|_| CertError::NoCertificate)?;
    Ok(parsed)
}

/// Whether it may sign others.
pub(crate) fn is_ca(certificate: &X509Certificate<'_>) -> bool {
    let may_sign = match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
        Err(_) => false,
    };
    may_sign && certificate.is_ca()
}
