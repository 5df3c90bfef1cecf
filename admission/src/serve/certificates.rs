//! The certificate that the server shows, and where the next one comes from.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kube::Client;
use rustls::ServerConfig;
use tokio::time::{sleep, timeout};
use vpcguard_certs::{Ca, CertError, ClientCa, CurrentLeaf, Leaf, Lifetimes, ServerOptions, server_config_with};

use super::error::StartError;
use super::metrics::Metrics;
use crate::cluster::authority::{AuthorityError, Place, Rotator};
use crate::cluster::events::Events;

/// How often the clock is looked at. Expiry is a matter of the wall clock, which timers do not follow when a machine
/// sleeps or its clock is set.
const LOOK: Duration = Duration::from_mins(1);

/// An API server that has taken a connection and says nothing for so long is asked again on another one.
const BEGINNING: Duration = Duration::from_secs(30);

/// How often files and Secrets are looked at. A watch on a file of a mounted Secret would miss its change: the directory
/// that it leads to is renamed.
const LOOK_AT_FILES: Duration = Duration::from_secs(10);

/// How long before its end somebody should hear at the latest that a certificate is not being renewed.
const WARNING: Duration = Duration::from_hours(14 * 24);

/// How often that is said again.
const SAY_AGAIN: Duration = Duration::from_hours(24);

/// See the module.
pub(super) struct Certificates {
    source: Source,
    current: Arc<CurrentLeaf>,
    clients: Option<Clients>,
    expiry: Expiry,
}

/// Says that a certificate expires soon.
#[derive(Default)]
struct Expiry {
    /// Where events go, and the configuration that they are about.
    events: Option<(Events, String)>,
    said: Option<SystemTime>,
}

enum Source {
    /// A CA of our own, the names that it signs leaves for, and the leaf.
    SelfSigned { ca: Box<Ca>, names: Vec<String>, leaf: Leaf },
    /// Two files, and what was in them.
    Files { files: Files, read: Contents, leaf: Leaf },
    /// The CA of a cluster.
    Cluster { rotator: Box<Rotator>, look: Duration },
}

/// What is in the two files.
type Contents = [Vec<u8>; 2];

/// A certificate and its key.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// Who may connect.
struct Clients {
    file: PathBuf,
    names: Vec<String>,
    read: Vec<u8>,
    ca: Arc<ClientCa>,
}

impl Certificates {
    fn new(source: Source, current: Arc<CurrentLeaf>) -> Self {
        Self { source, current, clients: None, expiry: Expiry::default() }
    }

    /// For a server that listens on this address, reached by it or as localhost.
    pub(super) fn self_signed(address: IpAddr, now: SystemTime) -> Result<Self, CertError> {
        let mut names: Vec<_> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        let address = address.to_string();
        if !names.contains(&address) {
            names.push(address);
        }
        let ca = Box::new(Ca::generate(now)?);
        let leaf = ca.sign(&names, now)?;
        let current = CurrentLeaf::new(&leaf);
        Ok(Self::new(Source::SelfSigned { ca, names, leaf }, current))
    }

    /// Those of two files.
    pub(super) fn files(files: Files) -> Result<Self, StartError> {
        let read = files.read()?;
        let leaf = files.leaf(&read)?;
        let current = CurrentLeaf::new(&leaf);
        Ok(Self::new(Source::Files { files, read, leaf }, current))
    }

    /// Those of a cluster, as soon as its API server answers; until then it is told why there are none.
    pub(super) async fn cluster(
        client: &Client,
        place: &Place,
        names: Vec<String>,
        lifetimes: Lifetimes,
        waits: impl Fn(&AuthorityError),
    ) -> Self {
        let look = (lifetimes.propagation / 10).clamp(Duration::from_millis(100), LOOK_AT_FILES);
        loop {
            let beginning = Rotator::begin(client, place, names.clone(), lifetimes, SystemTime::now);
            let late = || Err(AuthorityError::Late(BEGINNING));
            match timeout(BEGINNING, beginning).await.unwrap_or_else(|_| late()) {
                Ok(rotator) => {
                    let current = rotator.current();
                    return Self::new(Source::Cluster { rotator: Box::new(rotator), look }, current);
                }
                Err(error) => {
                    tracing::error!(%error, "no certificate yet");
                    waits(&error);
                }
            }
            sleep(look).await;
        }
    }

    /// Takes requests only from clients with a certificate of the CAs in this file, and of one of these names.
    pub(super) fn only_for(mut self, file: &Path, names: &[String]) -> Result<Self, StartError> {
        let read = read("--client-ca", file)?;
        let ca = ClientCa::new(&read, names).map_err(StartError::ClientCa)?;
        self.clients = Some(Clients { file: file.to_owned(), names: names.to_vec(), read, ca });
        Ok(self)
    }

    /// Tells a cluster too when a certificate expires soon.
    pub(super) fn telling(mut self, client: Client, place: &Place) -> Self {
        self.expiry.events = Some((Events::new(client), place.configurations.clone()));
        self
    }

    /// What clients are to trust, where that is our own to say.
    pub(super) fn ca_pem(&self) -> Option<String> {
        match &self.source {
            Source::SelfSigned { ca, .. } => Some(ca.certificate_pem()),
            Source::Files { .. } | Source::Cluster { .. } => None,
        }
    }

    /// Who decides about clients, where that is not everybody.
    pub(super) fn clients(&self) -> Option<Arc<ClientCa>> {
        self.clients.as_ref().map(|clients| Arc::clone(&clients.ca))
    }

    /// The configuration that shows the leaf, also once it is renewed.
    pub(super) fn server_config(&self, options: ServerOptions) -> Result<Arc<ServerConfig>, CertError> {
        server_config_with(Arc::clone(&self.current), options)
    }

    /// Renews whatever is due, for ever, as this clock has it.
    pub(super) async fn keep_fresh(mut self, clock: impl Fn() -> SystemTime, metrics: &Metrics) {
        loop {
            self.look(&clock, metrics).await;
            sleep(match &self.source {
                Source::SelfSigned { .. } if self.clients.is_none() => LOOK,
                Source::SelfSigned { .. } | Source::Files { .. } => LOOK_AT_FILES,
                Source::Cluster { look, .. } => *look,
            })
            .await;
        }
    }

    async fn look(&mut self, clock: &impl Fn() -> SystemTime, metrics: &Metrics) {
        if let Some(clients) = &mut self.clients {
            clients.look();
        }
        let now = clock();
        match &mut self.source {
            Source::SelfSigned { ca, names, leaf } => {
                if now >= leaf.renew_at() {
                    match ca.sign(names, now) {
                        Ok(next) => {
                            *leaf = next;
                            self.current.replace(leaf);
                            tracing::info!("the certificate has been renewed");
                        }
                        Err(error) => tracing::error!(%error, "the certificate cannot be renewed"),
                    }
                }
                metrics.set_not_after("ca", ca.not_after());
                metrics.set_not_after("leaf", leaf.not_after());
                self.expiry.look("CA of the webhook", [ca.renew_at(), ca.not_after()], now).await;
            }
            Source::Files { files, read, leaf } => {
                match files.changed(read) {
                    Ok(None) => {}
                    Ok(Some((next_read, next))) => {
                        (*read, *leaf) = (next_read, next);
                        self.current.replace(leaf);
                        tracing::info!("the certificate has been read again");
                    }
                    Err(error) => tracing::error!(%error, "the certificate stays as it was"),
                }
                metrics.set_not_after("leaf", leaf.not_after());
                self.expiry.look("certificate of the webhook", [leaf.renew_at(), leaf.not_after()], now).await;
            }
            Source::Cluster { rotator, .. } => match rotator.look(clock).await {
                Ok(status) => {
                    metrics.set_not_after("ca", status.ca_not_after);
                    let life = [status.ca_renew_at, status.ca_not_after];
                    self.expiry.look("CA of the webhook", life, now).await;
                    metrics.set_not_after("leaf", status.leaf_not_after);
                    metrics.set_rotation_phase(status.phase);
                }
                Err(error) => tracing::warn!(%error, "the CA cannot be looked after"),
            },
        }
    }
}

impl Expiry {
    async fn look(&mut self, what: &str, [renew_at, not_after]: [SystemTime; 2], now: SystemTime) {
        let left = not_after.duration_since(now).unwrap_or_default();
        // Whoever renews it has the first half of this.
        let overdue = not_after.duration_since(renew_at).unwrap_or_default() / 2;
        let said_lately = |said: SystemTime| now.duration_since(said).is_ok_and(|since| since < SAY_AGAIN);
        if left >= WARNING.min(overdue) || self.said.is_some_and(said_lately) {
            return;
        }
        self.said = Some(now);
        let note = format!("the {what} expires in {} days and has not been renewed", left.as_secs() / 86_400);
        tracing::warn!("{note}");
        if let Some((events, configuration)) = &self.events {
            events.certificate_expires(configuration, note).await;
        }
    }
}

impl Files {
    fn read(&self) -> Result<Contents, StartError> {
        Ok([read("--tls-cert", &self.certificate)?, read("--tls-key", &self.key)?])
    }

    fn leaf(&self, [certificate, key]: &Contents) -> Result<Leaf, StartError> {
        Leaf::from_pem(certificate, key).map_err(|source| {
            let files = format!("{}, {}", self.certificate.display(), self.key.display());
            StartError::TlsFiles { files, source }
        })
    }

    /// The leaf if it is another one now.
    fn changed(&self, known: &Contents) -> Result<Option<(Contents, Leaf)>, StartError> {
        let read = self.read()?;
        if read == *known {
            return Ok(None);
        }
        // Between two renames they may be of different pairs: then the next look finds them whole.
        let leaf = self.leaf(&read)?;
        Ok(Some((read, leaf)))
    }
}

impl Clients {
    fn look(&mut self) {
        match read("--client-ca", &self.file) {
            Ok(bundle) if bundle == self.read => {}
            Ok(bundle) => match self.ca.replace(&bundle, &self.names) {
                Ok(()) => {
                    self.read = bundle;
                    tracing::info!("the CAs of clients have been read again");
                }
                Err(error) => tracing::error!(%error, "the CAs of clients stay as they were"),
            },
            Err(error) => tracing::error!(%error, "the CAs of clients stay as they were"),
        }
    }
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|source| StartError::TlsFile { option, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn the_address_is_named_once() {
        let names = |address: &str| match Certificates::self_signed(address.parse().unwrap(), SystemTime::now()) {
            Ok(Certificates { source: Source::SelfSigned { names, .. }, .. }) => names,
            _ => panic!("self-signed"),
        };
        assert_eq!(names("127.0.0.1"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("::1"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("10.0.0.1"), ["localhost", "127.0.0.1", "::1", "10.0.0.1"]);
    }

    #[tokio::test]
    async fn a_leaf_is_renewed_after_two_thirds_of_its_life() {
        let start = SystemTime::now();
        let mut certificates = Certificates::self_signed("127.0.0.1".parse().unwrap(), start).unwrap();
        let metrics = Metrics::new();
        let mut ends_on = async |day: u32| {
            certificates.look(&|| start + day * DAY, &metrics).await;
            let Source::SelfSigned { leaf, .. } = &certificates.source else { panic!("self-signed") };
            leaf.not_after().duration_since(start).unwrap().as_secs() / DAY.as_secs()
        };
        assert_eq!((ends_on(4).await, ends_on(5).await, ends_on(6).await), (7, 12, 12));
        // When the CA is over, the last leaf stays.
        assert_eq!(ends_on(3651).await, 12);
    }

    #[tokio::test]
    async fn what_expires_soon_is_said_once_a_day() {
        let (mut expiry, now) = (Expiry::default(), SystemTime::now());
        let mut says = async |left: u32, at: SystemTime| {
            let before = expiry.said;
            expiry.look("certificate", [at - 1000 * DAY, at + left * DAY], at).await;
            expiry.said != before
        };
        assert!(!says(15, now).await);
        assert!(says(13, now).await);
        assert!(!says(13, now + DAY / 2).await);
        assert!(says(12, now + DAY).await);
        // A clock that was set back does not silence it.
        assert!(says(12, now - DAY).await);
    }

    #[tokio::test]
    async fn what_lives_shortly_is_given_time_to_be_renewed() {
        let begin = SystemTime::now();
        // It is renewed after 20 days, or should have been.
        for (day, says) in [(17, false), (24, false), (26, true)] {
            let (mut expiry, life) = (Expiry::default(), [begin + 20 * DAY, begin + 30 * DAY]);
            expiry.look("certificate", life, begin + day * DAY).await;
            assert_eq!(expiry.said.is_some(), says, "day {day}");
        }
    }

    #[test]
    fn files_are_read_again_when_both_have_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let files = Files { certificate: path("tls.crt"), key: path("tls.key") };
        let pair = || {
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate =
                rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        let (first, second) = (pair(), pair());
        let write = |certificate: &str, key: &str| {
            std::fs::write(&files.certificate, certificate).unwrap();
            std::fs::write(&files.key, key).unwrap();
        };
        write(&first.0, &first.1);
        let known = files.read().unwrap();
        assert!(files.changed(&known).unwrap().is_none());
        write(&second.0, &first.1);
        assert!(files.changed(&known).unwrap_err().to_string().contains("tls.key"));
        write(&second.0, &second.1);
        assert!(files.changed(&known).unwrap().is_some());
        std::fs::remove_file(&files.key).unwrap();
        assert!(files.changed(&known).is_err());
    }
}
