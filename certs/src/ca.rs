//! The certificate authority.

use std::fmt;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

use crate::clock::{self, whole_second};
use crate::error::CertError;
use crate::leaf::Leaf;
use crate::lifetimes::{DEFAULT_CA_LIFE, DEFAULT_LEAF_LIFE};
use crate::pem;

/// How far back validity begins, for clients whose clock is behind.
const BACKDATED: Duration = Duration::from_hours(1);

/// A certificate authority: a certificate, and the key to sign leaves with.
pub struct Ca {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    made_at: SystemTime,
    not_after: SystemTime,
}

impl Ca {
    /// A new authority with a new P-256 key, valid for ten years.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn generate(now: SystemTime) -> Result<Self, CertError> {
        Self::generate_for(now, DEFAULT_CA_LIFE)
    }

    /// A new authority with a new P-256 key, valid for this long.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn generate_for(now: SystemTime, life: Duration) -> Result<Self, CertError> {
        let not_after = now.checked_add(life).ok_or(CertError::Clock)?;
        let mut params = params("vpcguard CA", now, not_after)?;
        // It signs leaves, and no further authority.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = new_key()?;
        let certificate = params.self_signed(&key)?.der().clone();
        Ok(Self { certificate, issuer: Issuer::new(params, key), made_at: now, not_after })
    }

    /// An authority that [`Ca::generate`] made, from its [`Ca::certificate_pem`] and [`Ca::key_pem`]. It may have
    /// expired.
    ///
    /// # Errors
    ///
    /// What is not PEM, not a CA, not a P-256 key, or not the key of this certificate; each says how to fix it.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, CertError> {
        let certificate = pem::certificates(certificate)?.into_iter().next().ok_or(CertError::NoCertificate)?;
        let parsed = pem::parse(&certificate)?;
        if !pem::is_ca(&parsed) {
            return Err(CertError::NotCa);
        }
        let key = PrivateKeyDer::from_pem_slice(key)?;
        let PrivateKeyDer::Pkcs8(key) = key else { return Err(CertError::KeyKind) };
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256);
        let key = key.map_err(|_| CertError::KeyKind)?;
        if parsed.public_key().subject_public_key.data.as_ref() != rcgen::PublicKeyData::der_bytes(&key) {
            return Err(CertError::KeyMismatch);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name(&parsed).ok_or(CertError::Foreign)?);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        if let Some(id) = subject_key_id(&parsed) {
            params.key_identifier_method = KeyIdMethod::PreSpecified(id);
        }
        let begin = clock::from_unix(parsed.validity().not_before.timestamp())?;
        let not_after = clock::from_unix(parsed.validity().not_after.timestamp())?;
        let issuer = Issuer::new(params, key);
        Ok(Self { certificate, issuer, made_at: clock::later(begin, BACKDATED), not_after })
    }

    /// Signs a leaf with a new P-256 key for these host names and IP addresses, valid for seven days and never longer
    /// than the authority itself.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn sign(&self, names: &[impl AsRef<str>], now: SystemTime) -> Result<Leaf, CertError> {
        self.sign_for(names, now, DEFAULT_LEAF_LIFE)
    }

    /// Signs a leaf with a new P-256 key for these host names and IP addresses, valid for this long and never longer
    /// than the authority itself.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn sign_for(&self, names: &[impl AsRef<str>], now: SystemTime, life: Duration) -> Result<Leaf, CertError> {
        if now >= self.not_after {
            return Err(CertError::CaExpired);
        }
        let not_after = now.checked_add(life).ok_or(CertError::Clock)?.min(self.not_after);
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

    /// The certificate in DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The certificate, as clients want it to trust this authority.
    pub fn certificate_pem(&self) -> String {
        pem::encode(&self.certificate)
    }

    /// The private key, as a Secret holds it.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// When the authority expires.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// When it is time for the next one: after two thirds of its life, so that a third is left to try in.
    pub fn renew_at(&self) -> SystemTime {
        let life = self.not_after.duration_since(self.made_at).unwrap_or_default();
        clock::later(self.made_at, life / 3 * 2)
    }
}

impl fmt::Debug for Ca {
    // Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ca").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

/// The subject, if it is one that leaves can repeat as their issuer to the byte: a lone common name in UTF-8.
fn common_name(certificate: &X509Certificate<'_>) -> Option<String> {
    let mut attributes = certificate.subject().iter_attributes();
    let (only, None) = (attributes.next()?, attributes.next()) else { return None };
    let is_utf8 = only.attr_value().tag() == x509_parser::der_parser::ber::Tag::Utf8String;
    let is_common_name = only.attr_type() == &x509_parser::oid_registry::OID_X509_COMMON_NAME;
    (is_utf8 && is_common_name).then(|| only.as_str().ok().map(str::to_owned)).flatten()
}

fn subject_key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
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
