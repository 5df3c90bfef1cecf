//! The certificate authority.

use std::fmt;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use time::OffsetDateTime;

use crate::error::CertError;
use crate::leaf::Leaf;

const DAY: Duration = Duration::from_hours(24);

/// How far back validity begins, for clients whose clock is behind.
const BACKDATED: Duration = Duration::from_hours(1);
const CA_LIFE: Duration = DAY.saturating_mul(3650);
const LEAF_LIFE: Duration = DAY.saturating_mul(7);

/// A certificate authority: a certificate, and the key to sign leaves with.
pub struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    not_after: SystemTime,
}

impl Ca {
    /// A new authority with a new P-256 key, valid for ten years.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn generate(now: SystemTime) -> Result<Self, CertError> {
        let not_after = now.checked_add(CA_LIFE).ok_or(CertError::Clock)?;
        let mut params = params("vpcguard CA", now, not_after)?;
        // It signs leaves, and no further authority.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, new_key()?)?, not_after })
    }

    /// Signs a leaf with a new P-256 key for these host names and IP addresses, valid for seven days and never longer
    /// than the authority itself.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn sign(&self, names: &[impl AsRef<str>], now: SystemTime) -> Result<Leaf, CertError> {
        if now >= self.not_after {
            return Err(CertError::CaExpired);
        }
        let not_after = now.checked_add(LEAF_LIFE).ok_or(CertError::Clock)?.min(self.not_after);
        let mut params = params("vpcguard", now, not_after)?;
        params.subject_alt_names = names.iter().map(|name| alt_name(name.as_ref())).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = new_key()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Leaf::new(certificate.der().clone(), key.into(), now, not_after)
    }

    /// The certificate, as clients want it to trust this authority.
    pub fn certificate_pem(&self) -> String {
        self.issuer.pem()
    }

    /// The private key, as a Secret holds it.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// When the authority expires.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }
}

impl fmt::Debug for Ca {
    // Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ca").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

fn params(common_name: &str, now: SystemTime, not_after: SystemTime) -> Result<CertificateParams, CertError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = whole_second(now.checked_sub(BACKDATED).ok_or(CertError::Clock)?)?;
    params.not_after = whole_second(not_after)?;
    params.serial_number = Some(random_serial()?);
    Ok(params)
}

fn new_key() -> Result<KeyPair, CertError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
}

fn alt_name(name: &str) -> Result<SanType, CertError> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    // rustls knows what a DNS name is; rcgen would take any ASCII.
    let unusable = || CertError::Name { name: name.to_owned() };
    rustls::pki_types::DnsName::try_from(name).map_err(|_| unusable())?;
    Ok(SanType::DnsName(name.try_into().map_err(|_| unusable())?))
}

/// 127 random bits: an unpredictable serial number that is positive as RFC 5280 wants it.
fn random_serial() -> Result<SerialNumber, CertError> {
    let mut serial = [0; 16];
    aws_lc_rs::default_provider().secure_random.fill(&mut serial).map_err(|_| CertError::Random)?;
    let [first, ..] = &mut serial;
    *first &= 0x7f;
    Ok(SerialNumber::from_slice(&serial))
}

fn whole_second(at: SystemTime) -> Result<OffsetDateTime, CertError> {
    let since_epoch = at.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| CertError::Clock)?;
    let seconds = i64::try_from(since_epoch.as_secs()).map_err(|_| CertError::Clock)?;
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| CertError::Clock)
}
