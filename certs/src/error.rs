//! What can go wrong with certificates.

/// A certificate that cannot be made, or not be served.
#[derive(Debug, thiserror::Error)]
pub enum CertError {
    /// A name that no certificate can hold.
    #[error("{name:?} is neither an IP address nor a DNS name")]
    Name {
        /// The name.
        name: String,
    },
    /// No leaf can outlive its CA.
    #[error("the CA certificate has expired")]
    CaExpired,
    /// A clock so far off that no certificate can hold its time.
    #[error("the system clock is outside the years that a certificate can name")]
    Clock,
    /// No serial number without them.
    #[error("the operating system gives no random bytes")]
    Random,
    /// A file that is not PEM, or does not hold what it should.
    #[error("cannot read the certificate or its key: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// A file without a certificate that can be read.
    #[error("holds no certificate that can be read: it must be PEM, BEGIN CERTIFICATE")]
    NoCertificate,
    /// A certificate that may not sign others.
    #[error("the certificate is not that of a CA: put back the one that vpcguard made, or delete it to get a new one")]
    NotCa,
    /// A CA that leaves cannot name as their issuer.
    #[error(
        "the CA was not made by vpcguard: its subject is more than a common name; delete it to get a new one, or have \
         leaves signed elsewhere and serve them from files"
    )]
    Foreign,
    /// A key of another kind than ours.
    #[error("the private key must be a P-256 key in PKCS #8, BEGIN PRIVATE KEY: delete it to get a new CA")]
    KeyKind,
    /// A certificate and a key that are not a pair.
    #[error(
        "the private key is not that of the certificate: put back both from one backup, or delete both to get a new CA"
    )]
    KeyMismatch,
    /// A key or certificate could not be generated.
    #[error("cannot generate a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// A key or certificate could not be served.
    #[error("cannot serve a certificate: {0}")]
    Serve(#[from] rustls::Error),
}
