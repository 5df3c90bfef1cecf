//! The authorities of a cluster, and how one follows the other without a handshake that fails.
//!
//! Every step is a pure function from one state to the next. A replica reads the Secret, takes the step that is due,
//! and writes the Secret back only if it is still the one that was read. So any replica may take any step, none needs
//! to know of the others, and one that stops half-way leaves a state that the others go on from:
//!
//! 1. **stable**: one authority signs.
//! 2. **prepared**: the next one exists. Every `caBundle` is to hold both.
//! 3. **published**: every `caBundle` was read back and holds both. API servers are given time to hear of it.
//! 4. **switched**: the next one signs, and the key of the previous one is gone. Its certificate stays in every
//!    `caBundle` until the last leaf that it signed has expired; then all is stable again.
//!
//! What a replica owes to this, beyond the compare-and-swap:
//!
//! * It signs by a Secret that it has just read, and passes the time *before* it read: [`Authorities::sign`].
//! * It writes a `caBundle` only if the configuration has not changed since *before* it read the Secret (it sends the
//!   `resourceVersion` along). Otherwise one that was held up would put back a bundle of the past.
//! * It gives up a write that takes longer than [`Lifetimes::propagation`].
//! * It takes no step when a configuration could not be read; `is_published` means that all were.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;

use crate::bundle::trusts;
use crate::ca::Ca;
use crate::clock::{later, rounded_up};
use crate::error::CertError;
use crate::leaf::Leaf;
use crate::lifetimes::Lifetimes;
use crate::pem;
use crate::phase::Phase;

/// How far clocks may differ without anybody minding.
const SKEW: Duration = Duration::from_mins(1);

/// The authority that signs, and the one before or after it.
#[derive(Clone, Debug)]
pub struct Authorities {
    pub(crate) current: Arc<Ca>,
    pub(crate) rotation: Rotation,
}

#[derive(Clone, Debug)]
pub(crate) enum Rotation {
    Stable,
    Prepared { next: Arc<Ca> },
    Published { next: Arc<Ca>, since: SystemTime },
    Switched { previous: Vec<CertificateDer<'static>>, since: SystemTime },
}

impl Authorities {
    /// A first authority.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn begin(now: SystemTime, lifetimes: &Lifetimes) -> Result<Self, CertError> {
        Ok(Self { current: Arc::new(Ca::generate_for(now, lifetimes.ca)?), rotation: Rotation::Stable })
    }

    /// How far a rotation is.
    pub fn phase(&self) -> Phase {
        match self.rotation {
            Rotation::Stable => Phase::Stable,
            Rotation::Prepared { .. } => Phase::Prepared,
            Rotation::Published { .. } => Phase::Published,
            Rotation::Switched { .. } => Phase::Switched,
        }
    }

    /// Since when it has been published, or switched.
    pub fn since(&self) -> Option<SystemTime> {
        match self.rotation {
            Rotation::Stable | Rotation::Prepared { .. } => None,
            Rotation::Published { since, .. } | Rotation::Switched { since, .. } => Some(since),
        }
    }

    /// The authority that signs new leaves.
    pub fn signer(&self) -> &Ca {
        &self.current
    }

    /// What every `caBundle` must hold, in PEM: the authority that signs first.
    pub fn bundle_pem(&self) -> String {
        self.certificates().iter().map(pem::encode).collect()
    }

    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        let mut all = vec![self.current.certificate().clone()];
        match &self.rotation {
            Rotation::Stable => {}
            Rotation::Prepared { next } | Rotation::Published { next, .. } => all.push(next.certificate().clone()),
            Rotation::Switched { previous, .. } => all.extend(previous.iter().cloned()),
        }
        all
    }

    /// Signs a leaf for these names. Its life is counted from `read_at`, the time *before* the Secret was read: so it
    /// ends before its authority is retired, however long the replica was held up in between.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn sign(
        &self,
        names: &[impl AsRef<str>],
        read_at: SystemTime,
        lifetimes: &Lifetimes,
    ) -> Result<Leaf, CertError> {
        self.current.sign_for(names, read_at, lifetimes.leaf)
    }

    /// Whether it is time to replace this leaf.
    pub fn leaf_due(&self, leaf: &Leaf, now: SystemTime) -> bool {
        let der = leaf.certificate();
        if trusts(std::slice::from_ref(self.current.certificate()), der, now) {
            return now >= leaf.renew_at();
        }
        match self.rotation {
            // Where all began anew, a leaf that is still trusted is better than one that is not yet.
            Rotation::Switched { since, .. } => now >= since || !trusts(&self.certificates(), der, now),
            _ => true,
        }
    }

    /// Whether two thirds of the authority's life are over, so that a rotation must begin.
    pub fn due(&self, now: SystemTime) -> bool {
        now >= self.current.renew_at()
    }

    /// The state that is to follow now, if one is.
    ///
    /// `is_published`: every configuration was read back just now and holds all of [`Authorities::bundle_pem`].
    /// `is_asked`: an operator wants a rotation; while one is under way, that changes nothing.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn step(
        &self,
        now: SystemTime,
        lifetimes: &Lifetimes,
        is_published: bool,
        is_asked: bool,
    ) -> Result<Option<Self>, CertError> {
        Ok(match &self.rotation {
            Rotation::Stable if is_asked || self.due(now) => Some(self.prepare(now, lifetimes)?),
            Rotation::Prepared { .. } if is_published => Some(self.published(now)),
            Rotation::Stable | Rotation::Prepared { .. } => None,
            // Somebody has overwritten a bundle: API servers may have heard of that.
            Rotation::Published { next, .. } if !is_published => {
                Some(self.with(Rotation::Prepared { next: Arc::clone(next) }))
            }
            Rotation::Published { since, .. } => match wait(*since, lifetimes.propagation, lifetimes, now) {
                Wait::Over => Some(self.switch(now)),
                Wait::Running => None,
                Wait::Unbelievable => Some(self.published(now)),
            },
            Rotation::Switched { previous, since } => {
                match wait(*since, lifetimes.leaf.saturating_add(lifetimes.propagation), lifetimes, now) {
                    Wait::Over => Some(self.retire()),
                    Wait::Running => None,
                    Wait::Unbelievable => {
                        Some(self.with(Rotation::Switched { previous: previous.clone(), since: rounded_up(now) }))
                    }
                }
            }
        })
    }

    /// With a next authority. Where there is a rotation already, nothing changes.
    ///
    /// # Errors
    ///
    /// A key or certificate that cannot be made.
    pub fn prepare(&self, now: SystemTime, lifetimes: &Lifetimes) -> Result<Self, CertError> {
        Ok(match self.rotation {
            Rotation::Stable => self.with(Rotation::Prepared { next: Arc::new(Ca::generate_for(now, lifetimes.ca)?) }),
            _ => self.clone(),
        })
    }

    /// With the next authority in every `caBundle`, as of now. Without a next one, nothing changes.
    #[must_use]
    pub fn published(&self, now: SystemTime) -> Self {
        match self.next() {
            Some(next) => self.with(Rotation::Published { next: Arc::clone(next), since: rounded_up(now) }),
            None => self.clone(),
        }
    }

    /// With the next authority as the one that signs, and without the key of the previous one. Whether it is time is
    /// for [`Authorities::step`] to say. Without a next one, nothing changes.
    #[must_use]
    pub fn switch(&self, now: SystemTime) -> Self {
        let Some(next) = self.next() else { return self.clone() };
        let previous = vec![self.current.certificate().clone()];
        Self { current: Arc::clone(next), rotation: Rotation::Switched { previous, since: rounded_up(now) } }
    }

    /// Without the previous authority. Whether it is time is for [`Authorities::step`] to say. Without a previous one,
    /// nothing changes.
    #[must_use]
    pub fn retire(&self) -> Self {
        match self.rotation {
            Rotation::Switched { .. } => self.with(Rotation::Stable),
            _ => self.clone(),
        }
    }

    fn with(&self, rotation: Rotation) -> Self {
        Self { current: Arc::clone(&self.current), rotation }
    }

    fn next(&self) -> Option<&Arc<Ca>> {
        match &self.rotation {
            Rotation::Prepared { next } | Rotation::Published { next, .. } => Some(next),
            Rotation::Stable | Rotation::Switched { .. } => None,
        }
    }
}

enum Wait {
    Running,
    Over,
    /// It begins further ahead than clocks differ: somebody's clock was, or is, wrong. The wait begins again, now.
    Unbelievable,
}

fn wait(since: SystemTime, wait: Duration, lifetimes: &Lifetimes, now: SystemTime) -> Wait {
    let believable = lifetimes.propagation.saturating_add(SKEW);
    match now.duration_since(since) {
        Ok(passed) if passed >= wait => Wait::Over,
        Ok(_) => Wait::Running,
        Err(ahead) if ahead.duration() <= believable => Wait::Running,
        Err(_) => Wait::Unbelievable,
    }
}

/// When one begins anew: replicas that still have a leaf keep it until API servers know the new authority.
pub(crate) fn anew(now: SystemTime, lifetimes: &Lifetimes) -> SystemTime {
    rounded_up(later(now, lifetimes.propagation))
}
