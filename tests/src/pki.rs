//! A CA for the servers of tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

/// A certificate authority, and a directory with its certificate and the leaves that it signed.
///
/// Apart from that of `vpcguard-certs`, so that a test does not believe what it tests; its leaves never expire.
pub struct Pki {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

/// A certificate and its key, in PEM, in files.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Pki {
    /// A new authority.
    ///
    /// # Errors
    ///
    /// If it cannot be made or written.
    pub fn new() -> Result<Self> {
        let mut params = params("CA of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let directory = TempDir::new()?;
        fs::write(directory.path().join("ca.pem"), issuer.pem())?;
        Ok(Self { issuer, directory })
    }

    /// The certificate of the authority.
    pub fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// The same in DER.
    pub(crate) fn ca_der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A file with the certificate of the authority.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Signs a certificate for host names and IP addresses. The files are named after the first.
    ///
    /// # Errors
    ///
    /// If it cannot be made or written.
    pub fn leaf(&self, names: &[&str]) -> Result<Leaf> {
        let name = names.first().copied().unwrap_or("nobody");
        let mut params = params(name);
        let of_names = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
        params.subject_alt_names = of_names.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(name, params)
    }

    /// Signs a certificate for a client of this name, which the files have too.
    ///
    /// # Errors
    ///
    /// If it cannot be made or written.
    pub fn client(&self, name: &str) -> Result<Leaf> {
        let mut params = params(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(name, params)
    }

    fn sign(&self, name: &str, mut params: CertificateParams) -> Result<Leaf> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let name = name.replace(['*', ':'], "_");
        let leaf = Leaf { certificate: self.path(&name, "crt"), key: self.path(&name, "key") };
        fs::write(&leaf.certificate, certificate.pem())?;
        fs::write(&leaf.key, key.serialize_pem())?;
        Ok(leaf)
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.{extension}"))
    }
}

/// Writes a new key for tokens: the private half to sign them with, the public half to verify them with.
pub(crate) fn write_key_pair(private: &Path, public: &Path) -> Result<()> {
    let key = KeyPair::generate()?;
    fs::write(private, key.serialize_pem())?;
    Ok(fs::write(public, key.public_key_pem())?)
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
