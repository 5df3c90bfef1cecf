//! Who may call: the authentication of clients.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore, SignatureScheme,
};
use x509_parser::extensions::GeneralName;

use crate::error::CertError;
use crate::pem;

/// Clients that may call: those with a certificate of one of these authorities, for one of these names. It can be
/// replaced while the server runs.
#[derive(Debug)]
pub struct ClientCa(ArcSwap<Rule>);

#[derive(Debug)]
struct Rule {
    verifier: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

/// Settings by which no client could be told from another.
#[derive(Debug, thiserror::Error)]
pub enum ClientCaError {
    /// A bundle that cannot be read.
    #[error("the bundle of CAs for clients: {0}")]
    Bundle(#[from] CertError),
    /// Certificates that nobody can verify by.
    #[error("the bundle of CAs for clients: {0}")]
    Unusable(#[from] Error),
    /// No certificate that anybody can verify by.
    #[error("the bundle of CAs for clients: {0}")]
    Verifier(#[from] VerifierBuilderError),
    /// The same authority often signs for others too.
    #[error("name at least one client that may call: the CA alone may vouch for kubelets and others as well")]
    NoNames,
}

/// A client with a certificate that is good, but for somebody else.
#[derive(Debug, thiserror::Error)]
#[error("the client's certificate is for {presented:?}, and none of these names may call")]
struct NotAllowed {
    presented: Vec<String>,
}

impl ClientCa {
    /// Clients with a certificate of an authority in this bundle, in PEM, whose common name or one of whose DNS names
    /// is among these.
    ///
    /// # Errors
    ///
    /// A bundle that cannot be read, or no names.
    pub fn new(bundle: impl AsRef<[u8]>, names: &[impl AsRef<str>]) -> Result<Arc<Self>, ClientCaError> {
        Ok(Arc::new(Self(ArcSwap::from_pointee(Rule::new(bundle.as_ref(), names)?))))
    }

    /// From now on these. Connections that exist are left alone.
    ///
    /// # Errors
    ///
    /// A bundle that cannot be read, or no names: then all stays as it was.
    pub fn replace(&self, bundle: impl AsRef<[u8]>, names: &[impl AsRef<str>]) -> Result<(), ClientCaError> {
        self.0.store(Arc::new(Rule::new(bundle.as_ref(), names)?));
        Ok(())
    }
}

impl Rule {
    fn new(bundle: &[u8], names: &[impl AsRef<str>]) -> Result<Self, ClientCaError> {
        let names: Vec<_> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        if names.iter().all(String::is_empty) {
            return Err(ClientCaError::NoNames);
        }
        let mut roots = RootCertStore::empty();
        for certificate in pem::certificates(bundle)? {
            if !pem::is_ca(&pem::parse(&certificate)?) {
                return Err(CertError::NotCa.into());
            }
            roots.add(certificate)?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        Ok(Self { verifier, names })
    }

    fn allows(&self, presented: &str) -> bool {
        !presented.is_empty() && self.names.iter().any(|name| name.eq_ignore_ascii_case(presented))
    }
}

impl ClientCertVerifier for ClientCa {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Those of now could not be lent out while they may be replaced. Clients then send what they have.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let rule = self.0.load();
        let verified = rule.verifier.verify_client_cert(end_entity, intermediates, now)?;
        let presented = names(end_entity).ok_or(CertificateError::BadEncoding)?;
        if presented.iter().any(|name| rule.allows(name)) {
            return Ok(verified);
        }
        Err(CertificateError::Other(OtherError(Arc::new(NotAllowed { presented }))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.load().verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.load().verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.load().verifier.supported_verify_schemes()
    }
}

/// The names that a certificate is for.
fn names(certificate: &CertificateDer<'_>) -> Option<Vec<String>> {
    let parsed = pem::parse(certificate).ok()?;
    let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let alternative = parsed.subject_alternative_name().ok()?;
    let alternative = alternative.iter().flat_map(|names| &names.value.general_names);
    let alternative = alternative.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    Some(common.chain(alternative).map(str::to_owned).collect())
}

/// Why a client was refused, in words for operators, if that is what the error is about.
pub fn explain_refusal(error: &Error) -> Option<String> {
    Some(match error {
        Error::NoCertificatesPresented => "the client sent no certificate, and must".to_owned(),
        Error::InvalidCertificate(CertificateError::Other(OtherError(reason))) => reason.to_string(),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the client's certificate is not of a CA that vouches for clients".to_owned()
        }
        Error::InvalidCertificate(reason) => format!("the client's certificate: {reason}"),
        _ => return None,
    })
}
