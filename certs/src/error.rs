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
    /// A key or certificate could not be generated.
    #[error("cannot generate a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// A key or certificate could not be served.
    #[error("cannot serve a certificate: {0}")]
    Serve(#[from] rustls::Error),
}
