//! A certificate that a server shows.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::error::CertError;

/// A leaf certificate with its private key, ready to be served.
#[derive(Clone, Debug)]
pub struct Leaf {
    certificate: CertificateDer<'static>,
    certified: Arc<CertifiedKey>,
    signed_at: SystemTime,
    not_after: SystemTime,
}

impl Leaf {
    pub(crate) fn new(
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
        signed_at: SystemTime,
        not_after: SystemTime,
    ) -> Result<Self, CertError> {
        let certified = CertifiedKey::from_der(vec![certificate.clone()], key, &aws_lc_rs::default_provider())?;
        Ok(Self { certificate, certified: Arc::new(certified), signed_at, not_after })
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
        let life = self.not_after.duration_since(self.signed_at).unwrap_or_default();
        self.signed_at + life / 3 * 2
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}
