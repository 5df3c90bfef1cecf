//! The authorities as a Secret of Kubernetes holds them.
//!
//! | key            | holds                                                              | in phases            |
//! |----------------|--------------------------------------------------------------------|----------------------|
//! | `phase`        | `stable`, `prepared`, `published` or `switched`                    | all                  |
//! | `ca.crt`       | the certificate of the CA that signs, in PEM                       | all                  |
//! | `ca.key`       | its private key: P-256, PKCS #8, in PEM                            | all                  |
//! | `next.crt`     | the certificate of the CA that is to sign next                     | prepared, published  |
//! | `next.key`     | its private key                                                    | prepared, published  |
//! | `previous.crt` | certificates of CAs that no longer sign, but whose leaves may live | switched             |
//! | `since`        | since when, as in `2026-11-18T10:26:41Z`                           | published, switched  |
//!
//! Other keys are not read, and not kept when the Secret is next written.
//!
//! A Secret that cannot be read, or is gone, is replaced by [`Authorities::repair`]; replicas that run go on serving. One
//! that starts just then has only the new CA to sign by, which API servers hear of a little later.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;

use crate::authorities::{Authorities, Rotation, anew};
use crate::bundle::is_valid_ca;
use crate::ca::Ca;
use crate::clock;
use crate::error::CertError;
use crate::lifetimes::Lifetimes;
use crate::pem;

const PHASE: &str = "phase";
const SINCE: &str = "since";
const CA: [&str; 2] = ["ca.crt", "ca.key"];
const NEXT: [&str; 2] = ["next.crt", "next.key"];
const PREVIOUS: &str = "previous.crt";

/// How many certificates are kept when all begins anew. More only gather when something destroys the Secret again and
/// again, and a `caBundle` must not grow without end.
const KEPT: usize = 8;

/// A Secret that does not hold authorities.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A key is not there.
    #[error("the Secret has no {key}: put it back from a backup, or delete the Secret to begin anew")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A phase that there is none of.
    #[error("the Secret's phase is {phase:?}: it must be stable, prepared, published or switched")]
    Phase {
        /// What is there instead.
        phase: String,
    },
    /// A time that is none.
    #[error("the Secret's since is {since:?}: it must be a time such as 2026-11-18T10:26:41Z")]
    Since {
        /// What is there instead.
        since: String,
    },
    /// A certificate or key that cannot be used.
    #[error("the Secret's {key} and what belongs to it: {source}")]
    Unusable {
        /// The key of the certificate.
        key: &'static str,
        /// What is wrong with it.
        source: CertError,
    },
    /// A CA that nobody trusts any more.
    #[error("the Secret's {key} has expired: all begins anew")]
    Expired {
        /// The key of the certificate.
        key: &'static str,
    },
}

type Data = BTreeMap<String, Vec<u8>>;

impl Authorities {
    /// What a Secret holds.
    ///
    /// # Errors
    ///
    /// A Secret that holds something else, or a CA that has expired: [`Authorities::repair`] it.
    pub fn from_secret(data: &Data, now: SystemTime) -> Result<Self, SecretError> {
        let phase = text(data, PHASE)?;
        let current = authority(data, CA, now)?;
        let rotation = match &*phase {
            "stable" => Rotation::Stable,
            "prepared" => Rotation::Prepared { next: authority(data, NEXT, now)? },
            "published" => Rotation::Published { next: authority(data, NEXT, now)?, since: since(data)? },
            "switched" => {
                let previous = pem::certificates(bytes(data, PREVIOUS)?);
                let previous = previous.map_err(|source| SecretError::Unusable { key: PREVIOUS, source })?;
                Rotation::Switched { previous, since: since(data)? }
            }
            _ => return Err(SecretError::Phase { phase: phase.into_owned() }),
        };
        Ok(Self { current, rotation })
    }

    /// What a Secret is to hold: all of it, nothing else is to stay.
    pub fn to_secret(&self) -> Data {
        let mut data = Data::new();
        let mut put = |key: &str, value: String| {
            data.insert(key.to_owned(), value.into_bytes());
        };
        put(PHASE, self.phase().to_string());
        let mut put_ca = |[crt, key]: [&str; 2], ca: &Ca| {
            put(crt, ca.certificate_pem());
            put(key, ca.key_pem());
        };
        put_ca(CA, &self.current);
        match &self.rotation {
            Rotation::Stable => {}
            Rotation::Prepared { next } | Rotation::Published { next, .. } => put_ca(NEXT, next),
            Rotation::Switched { previous, .. } => put(PREVIOUS, previous.iter().map(pem::encode).collect()),
        }
        if let Some(since) = self.since().and_then(clock::to_rfc3339) {
            put(SINCE, since);
        }
        data
    }

    /// A new beginning, where [`Authorities::from_secret`] fails or the Secret is gone, that leaves as much as possible
    /// as it was: the CA is kept if its key is, otherwise the next one is used, and only then a new one is made. Every
    /// certificate of a CA that can still be read stays trusted until its last leaf has expired, those of `bundles`
    /// included: the `caBundle`s as the configurations have them, one after the other in PEM. Replicas keep the leaves
    /// that they have until API servers know the new CA ([`Authorities::leaf_due`]).
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn repair(
        data: &Data,
        bundles: impl AsRef<[u8]>,
        now: SystemTime,
        lifetimes: &Lifetimes,
    ) -> Result<Self, CertError> {
        let kept = [CA, NEXT].into_iter().find_map(|keys| authority(data, keys, now).ok());
        let current = match kept {
            Some(ca) => ca,
            None => Arc::new(Ca::generate_for(now, lifetimes.ca)?),
        };
        let texts = [CA[0], NEXT[0], PREVIOUS].into_iter().filter_map(|key| data.get(key).map(Vec::as_slice));
        let mut previous: Vec<CertificateDer<'static>> = Vec::new();
        for certificate in texts.chain([bundles.as_ref()]).flat_map(pem::readable) {
            let is_new = certificate != *current.certificate() && !previous.contains(&certificate);
            if is_new && is_valid_ca(&certificate, now) && previous.len() < KEPT {
                previous.push(certificate);
            }
        }
        let rotation = if previous.is_empty() {
            Rotation::Stable
        } else {
            Rotation::Switched { previous, since: anew(now, lifetimes) }
        };
        Ok(Self { current, rotation })
    }
}

fn bytes<'a>(data: &'a Data, key: &'static str) -> Result<&'a [u8], SecretError> {
    data.get(key).map(Vec::as_slice).ok_or(SecretError::Missing { key })
}

fn text<'a>(data: &'a Data, key: &'static str) -> Result<std::borrow::Cow<'a, str>, SecretError> {
    Ok(String::from_utf8_lossy(bytes(data, key)?.trim_ascii()))
}

fn since(data: &Data) -> Result<SystemTime, SecretError> {
    let since = text(data, SINCE)?;
    clock::from_rfc3339(&since).ok_or_else(|| SecretError::Since { since: since.into_owned() })
}

fn authority(data: &Data, [crt, key]: [&'static str; 2], now: SystemTime) -> Result<Arc<Ca>, SecretError> {
    let ca = Ca::from_pem(bytes(data, crt)?, bytes(data, key)?);
    let ca = ca.map_err(|source| SecretError::Unusable { key: crt, source })?;
    if now >= ca.not_after() { Err(SecretError::Expired { key: crt }) } else { Ok(Arc::new(ca)) }
}
