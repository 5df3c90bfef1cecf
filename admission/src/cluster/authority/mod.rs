//! The CA of a cluster: in a Secret that all replicas share, and in the caBundle of both webhook configurations.
//!
//! Each replica signs its own leaf in memory. Steps of a rotation are [`vpcguard_certs::Authorities`]'; here they are taken:
//! configurations are read, then the Secret, then whatever is due is written, each write only over what was read. Any
//! replica may do any of it.

pub(crate) mod configurations;
pub(crate) mod secret;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kube::Client;
use tokio::time::timeout;
use vpcguard_certs::{Authorities, CertError, CurrentLeaf, Leaf, Lifetimes, Phase};

use configurations::{Configuration, Configurations};
use secret::{Secrets, StoredSecret};

/// Where the CA is kept, and what for.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The namespace of the Secret, and of the Service that names the server.
    pub(crate) namespace: String,
    /// The Secret.
    pub(crate) secret: String,
    /// Both webhook configurations have this name.
    pub(crate) configurations: String,
}

/// What cannot be done with the CA now, and will be tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityError {
    #[error("{0}")]
    Api(String),
    #[error(transparent)]
    Certificate(#[from] CertError),
    #[error("the API server did not answer within {} s", .0.as_secs())]
    Late(Duration),
}

/// Keeps the CA, and a leaf of this replica's own.
pub(crate) struct Rotator {
    secrets: Secrets,
    configurations: Configurations,
    lifetimes: Lifetimes,
    names: Vec<String>,
    leaf: Leaf,
    current: Arc<CurrentLeaf>,
}

/// How things stand after a look.
#[derive(Clone, Debug)]
pub(crate) struct RotationStatus {
    pub(crate) phase: Phase,
    pub(crate) ca_renew_at: SystemTime,
    pub(crate) ca_not_after: SystemTime,
    pub(crate) leaf_not_after: SystemTime,
}

impl Rotator {
    /// Begins with the CA of the Secret, or a new one if there is none, and a leaf for these names.
    pub(crate) async fn begin(
        client: &Client,
        place: &Place,
        names: Vec<String>,
        lifetimes: Lifetimes,
        clock: impl Fn() -> SystemTime,
    ) -> Result<Self, AuthorityError> {
        let secrets = Secrets::new(client, place);
        let configurations = Configurations::new(client, place);
        let read = configurations.read().await?;
        let read_at = clock();
        let authorities = read_or_begin(&secrets, &read, &lifetimes, read_at).await?.authorities;
        let leaf = authorities.sign(&names, read_at, &lifetimes)?;
        Ok(Self { secrets, configurations, lifetimes, names, current: CurrentLeaf::new(&leaf), leaf })
    }

    /// What new connections are shown.
    pub(crate) fn current(&self) -> Arc<CurrentLeaf> {
        Arc::clone(&self.current)
    }

    /// Looks once, and does what is due.
    pub(crate) async fn look(&mut self, clock: impl Fn() -> SystemTime) -> Result<RotationStatus, AuthorityError> {
        let lifetimes = self.lifetimes;
        // A write that is held up for longer could put back what others have left behind.
        let looking = self.look_in_time(clock);
        timeout(lifetimes.propagation, looking).await.unwrap_or(Err(AuthorityError::Late(lifetimes.propagation)))
    }

    async fn look_in_time(&mut self, clock: impl Fn() -> SystemTime) -> Result<RotationStatus, AuthorityError> {
        // The configurations first: one is written only if nobody has written it since before the Secret was read.
        let read = self.configurations.read().await?;
        let read_at = clock();
        let stored = read_or_begin(&self.secrets, &read, &self.lifetimes, read_at).await?;
        let authorities = &stored.authorities;
        if authorities.leaf_due(&self.leaf, clock()) {
            self.leaf = authorities.sign(&self.names, read_at, &self.lifetimes)?;
            self.current.replace(&self.leaf);
            tracing::info!("this replica has a new certificate");
        }
        let bundle = authorities.bundle_pem();
        let is_published = read.iter().all(|configuration| configuration.holds(&bundle));
        for configuration in read.iter().filter(|configuration| !configuration.is_exactly(&bundle)) {
            self.configurations.publish(configuration, &bundle).await?;
        }
        let next = authorities.step(clock(), &self.lifetimes, is_published, stored.is_asked)?;
        if let Some(next) = next
            && self.secrets.replace(&stored, &next).await?
        {
            tracing::info!(phase = next.phase().as_str(), "the CA's rotation goes on");
        }
        Ok(RotationStatus {
            phase: authorities.phase(),
            ca_renew_at: authorities.signer().renew_at(),
            ca_not_after: authorities.signer().not_after(),
            leaf_not_after: self.leaf.not_after(),
        })
    }
}

/// The authorities of the Secret; where it is gone or cannot be read, those of a new beginning.
async fn read_or_begin(
    secrets: &Secrets,
    configurations: &[Configuration],
    lifetimes: &Lifetimes,
    now: SystemTime,
) -> Result<StoredSecret, AuthorityError> {
    /// Others begin at the same time, and one of them is first.
    const ATTEMPTS: usize = 5;
    for _ in 0..ATTEMPTS {
        let found = secrets.read().await?;
        let data = found.as_ref().map(|secret| secret.data.clone()).unwrap_or_default();
        if let Some(secret) = &found {
            match Authorities::from_secret(&secret.data, now) {
                Ok(authorities) => return Ok(secret.stored(authorities)),
                // As the chart makes it.
                Err(_) if secret.data.is_empty() => tracing::info!("the Secret is empty: the CA begins"),
                Err(error) => tracing::error!(%error, "the CA begins anew"),
            }
        }
        let bundles: String = configurations.iter().map(Configuration::all_bundles).collect();
        let authorities = Authorities::repair(&data, bundles, now, lifetimes)?;
        if let Some(stored) = secrets.put(found.as_ref(), &authorities).await? {
            return Ok(stored);
        }
    }
    Err(AuthorityError::Api("the Secret of the CA changes too fast".to_owned()))
}
