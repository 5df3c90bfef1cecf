//! A certificate that a server shows.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::clock;
use crate::error::CertError;
use crate::pem;

/// A leaf certificate with its private key, ready to be served.
#[derive(Clone, Debug)]
pub struct Leaf {
    certificate: CertificateDer<'static>,
    certified: Arc<CertifiedKey>,
    begin: SystemTime,
    not_after: SystemTime,
}

impl Leaf {
    pub(crate) fn new(
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
        begin: SystemTime,
        not_after: SystemTime,
    ) -> Result<Self, CertError> {
        let certified = CertifiedKey::from_der(vec![certificate.clone()], key, &aws_lc_rs::default_provider())?;
        Ok(Self { certificate, certified: Arc::new(certified), begin, not_after })
    }

    /// A leaf from two files in PEM: the certificate with what leads from it to its authority, and its private key.
    ///
    /// # Errors
    ///
    /// A file that is not PEM, a certificate that cannot be read, or a key that is not its own.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, CertError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates).collect::<Result<_, _>>()?;
        let certificate = chain.first().cloned().ok_or(CertError::NoCertificate)?;
        let [begin, not_after] = life(&certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key)?;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?;
        Ok(Self { certificate, certified: Arc::new(certified), begin, not_after })
    }

    /// The certificate in DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// When it expires.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// When it is time for the next one: after two thirds of its life, so that a third is left to try in.
    pub fn renew_at(&self) -> SystemTime {
        let life = self.not_after.duration_since(self.begin).unwrap_or_default();
        clock::later(self.begin, life / 3 * 2)
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

fn life(certificate: &CertificateDer<'_>) -> Result<[SystemTime; 2], CertError> {
    let parsed = pem::parse(certificate)?;
    let validity = parsed.validity();
    Ok([clock::from_unix(validity.not_before.timestamp())?, clock::from_unix(validity.not_after.timestamp())?])
}
