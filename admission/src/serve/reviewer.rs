//! Who judges requests: a live cluster, or a directory of manifests.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use vpcguard_policies::net::parse_ip;
use vpcguard_policies::{Head, Kind, Request, Settings, TypedRequest, Verdict, needs_verdict};

use super::Serve;
use super::endpoint::Endpoint;
use super::error::StartError;
use super::failure::Failure;
use super::standalone::Standalone;
use crate::cluster::ledgers::{Inherited, Ledgers, Outcome, Peers};
use crate::cluster::registration::{self, Registration};
use crate::cluster::repair::{self, Found};
use crate::cluster::{ClusterCache, connect, connect_once};

/// How often the rules look again because a claim met something that they had not seen.
const MOST_LOOKS: usize = 5;

/// See the module.
#[derive(Debug)]
pub(super) enum Reviewer {
    Standalone(Box<Standalone>),
    Cluster { cache: Arc<ClusterCache>, ledgers: Arc<Ledgers>, found: Arc<Found>, registration: Arc<Registration> },
}

/// A verdict, and what the user is told besides.
#[derive(Debug)]
pub(super) struct Reviewed {
    pub(super) verdict: Verdict,
    pub(super) warning: Option<String>,
}

impl From<Verdict> for Reviewed {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, warning: None }
    }
}

/// Where Kubernetes tells a Pod the address of the API server.
const API_SERVER: &str = "KUBERNETES_SERVICE_HOST";

/// The settings with the address of the API server, where they have none. It may be told as a name, which is no use here.
fn with_api_server(mut settings: Settings, told: Option<&str>) -> Settings {
    if settings.kube_ovn.api_server.is_empty() {
        settings.kube_ovn.api_server.extend(told.and_then(parse_ip));
    }
    settings
}

impl Reviewer {
    /// A cluster that is watched, until the tasks are dropped. What was counted `before` is counted on.
    pub(super) async fn cluster(
        args: &Serve,
        settings: Settings,
        before: Option<&Reviewer>,
    ) -> Result<(Self, JoinSet<()>), StartError> {
        let (inherited, found, registration) = match before {
            Some(Reviewer::Cluster { ledgers, found, registration, .. }) => {
                (ledgers.inherited(), Arc::clone(found), Arc::clone(registration))
            }
            _ => {
                let peers = Peers::new(args.tls.client_ca.is_some());
                (Inherited { counted: Arc::default(), peers }, Arc::default(), Arc::default())
            }
        };
        let settings = with_api_server(settings, std::env::var(API_SERVER).ok().as_deref());
        let cache = ClusterCache::new(connect().await?, settings);
        let ledgers = Ledgers::new(
            Arc::clone(&cache),
            connect_once().await?,
            (args.ledger, args.lan_ip_ledgers),
            args.claim_hold,
            inherited,
        );
        let (stored, seen) = mpsc::unbounded_channel();
        let mut watching = cache.watch(&stored);
        ledgers.run(seen, &mut watching);
        repair::run(&cache, &found, args.sweep_every, &mut watching);
        let (client, place) = (cache.client().clone(), args.tls.place.place());
        let service = args.tls.place.service().to_owned();
        let settings = cache.settings().clone();
        watching.spawn(registration::keep_looking(client, place, service, settings, Arc::clone(&registration)));
        Ok((Self::Cluster { cache, ledgers, found, registration }, watching))
    }

    /// What is to be injected into an object. Changes nothing: the request comes again, to be validated.
    pub(super) fn mutate(&self, request: &Request) -> Result<Reviewed, Failure> {
        let verdict = match self {
            Reviewer::Standalone(cluster) => cluster.mutate(request)?,
            Reviewer::Cluster { cache, .. } => synced(cache)?.mutate(request)?,
        };
        Ok(verdict.into())
    }

    /// Judges a request of a peer, and claims what it takes, by a time limit.
    pub(super) async fn validate(&self, request: &Request, peer: IpAddr, limit: Instant) -> Result<Reviewed, Failure> {
        match self {
            Reviewer::Standalone(cluster) => Ok(cluster.validate(request)?.into()),
            Reviewer::Cluster { cache, ledgers, .. } => {
                let judging = admit(synced(cache)?, ledgers, request, peer, limit);
                let reviewed = tokio::time::timeout_at(limit, judging).await;
                reviewed
                    .unwrap_or(Err(Failure::Contended("the cluster could not be read in time: try again".to_owned())))
            }
        }
    }

    /// Whether a request that gets no verdict is refused.
    pub(super) fn needs_verdict(&self, endpoint: Endpoint, head: &Head) -> bool {
        match self {
            Reviewer::Standalone(cluster) => cluster.needs_verdict(endpoint, head),
            Reviewer::Cluster { cache, .. } => needs_verdict(endpoint.question(), head, cache.settings()),
        }
    }

    /// Does something by the settings that requests are judged by.
    pub(super) fn by_settings<T>(&self, done: impl FnOnce(&Settings) -> T) -> T {
        match self {
            Reviewer::Standalone(cluster) => cluster.by_settings(done),
            Reviewer::Cluster { cache, .. } => done(cache.settings()),
        }
    }

    /// How many objects there are of each kind that is kept.
    pub(super) fn counts(&self) -> Vec<(Kind, usize)> {
        match self {
            Reviewer::Standalone(cluster) => cluster.counts(),
            Reviewer::Cluster { cache, .. } => cache.counts(),
        }
    }
}

/// Nothing is judged by a view that has not seen everything once.
fn synced(cache: &ClusterCache) -> Result<&ClusterCache, Failure> {
    match cache.waiting().as_slice() {
        [] => Ok(cache),
        waiting => Err(Failure::NotSynced(waiting.join(", "))),
    }
}

async fn admit(
    cache: &ClusterCache,
    ledgers: &Arc<Ledgers>,
    request: &Request,
    peer: IpAddr,
    limit: Instant,
) -> Result<Reviewed, Failure> {
    let Some(typed) = TypedRequest::read(request, &cache.settings().kube_ovn) else {
        return Ok(Verdict::admitted().into());
    };
    for _ in 0..MOST_LOOKS {
        let verdict = cache.review(request, &typed).await?;
        let wanted = if verdict.allowed { cache.claims(&typed) } else { Vec::new() };
        if wanted.is_empty() {
            return Ok(verdict.into());
        }
        match ledgers.claim(request, peer, &wanted, limit).await {
            Outcome::Granted => return Ok(verdict.into()),
            Outcome::Unclaimed(warning) => return Ok(Reviewed { verdict, warning }),
            Outcome::Reconsider => {}
            Outcome::Refused(refusal) => return Err(refusal.into()),
        }
    }
    Err(Failure::Contended("the addresses change hands too fast: try again".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_server_is_the_one_of_the_settings_or_else_the_one_that_kubernetes_tells() {
        let known = |written: &[&str], told| {
            let mut settings = Settings::default();
            settings.kube_ovn.api_server = written.iter().filter_map(|address| parse_ip(address)).collect();
            let known = with_api_server(settings, told).kube_ovn.api_server;
            known.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(known(&[], Some("10.96.0.1")), ["10.96.0.1"]);
        assert_eq!(known(&[], Some("fd00::1")), ["fd00::1"]);
        assert_eq!(known(&["10.0.0.1"], Some("10.96.0.1")), ["10.0.0.1"]);
        assert!(known(&[], Some("api.example.org")).is_empty() && known(&[], None).is_empty());
    }
}
