//! Who judges requests: a live cluster, or a directory of manifests.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use vpcguard_policies::{Head, Kind, Request, Settings, Verdict, Wanted, needs_verdict};

use super::Serve;
use super::endpoint::Endpoint;
use super::error::StartError;
use super::failure::Failure;
use super::standalone::Standalone;
use crate::cluster::ledgers::{Inherited, Ledgers, Outcome, Peers};
use crate::cluster::repair::{self, Found};
use crate::cluster::{Live, connect, connect_once};

/// How often the rules look again because a claim met something that they had not seen.
const MOST_LOOKS: usize = 5;

/// See the module.
#[derive(Debug)]
pub(super) enum Judge {
    Standalone(Box<Standalone>),
    Live { live: Arc<Live>, ledgers: Arc<Ledgers>, found: Arc<Found> },
}

/// A verdict, and what the user is told besides.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) warning: Option<String>,
}

impl From<Verdict> for Judged {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, warning: None }
    }
}

impl Judge {
    /// A cluster that is watched, until the tasks are dropped. What was counted `before` is counted on.
    pub(super) async fn live(
        args: &Serve,
        settings: Settings,
        before: Option<&Judge>,
    ) -> Result<(Self, JoinSet<()>), StartError> {
        let (inherited, found) = match before {
            Some(Judge::Live { ledgers, found, .. }) => (ledgers.inherited(), Arc::clone(found)),
            _ => {
                let peers = Peers::new(args.tls.client_ca.is_some());
                (Inherited { counted: Arc::default(), peers }, Arc::default())
            }
        };
        let live = Live::new(connect().await?, settings);
        let ledgers = Ledgers::new(Arc::clone(&live), connect_once().await?, args.ledger, args.claim_hold, inherited);
        let (stored, seen) = mpsc::unbounded_channel();
        let mut watching = live.watch(&stored);
        ledgers.run(seen, &mut watching);
        repair::run(&live, &found, args.sweep_every, &mut watching);
        Ok((Self::Live { live, ledgers, found }, watching))
    }

    /// What is to be injected into an object. Changes nothing: the request comes again, to be validated.
    pub(super) fn mutate(&self, request: &Request) -> Result<Judged, Failure> {
        let verdict = match self {
            Judge::Standalone(cluster) => cluster.mutate(request)?,
            Judge::Live { live, .. } => synced(live)?.mutate(request)?,
        };
        Ok(verdict.into())
    }

    /// Judges a request of a peer, and claims what it takes, by a time limit.
    pub(super) async fn validate(&self, request: &Request, peer: IpAddr, limit: Instant) -> Result<Judged, Failure> {
        match self {
            Judge::Standalone(cluster) => Ok(cluster.validate(request)?.into()),
            Judge::Live { live, ledgers, .. } => {
                let judging = admit(synced(live)?, ledgers, request, peer, limit);
                let judged = tokio::time::timeout_at(limit, judging).await;
                judged.unwrap_or(Err(Failure::Contended("the cluster could not be read in time: try again".to_owned())))
            }
        }
    }

    /// Whether a request that gets no verdict is refused.
    pub(super) fn needs_verdict(&self, endpoint: Endpoint, head: &Head) -> bool {
        match self {
            Judge::Standalone(cluster) => cluster.needs_verdict(endpoint, head),
            Judge::Live { live, .. } => needs_verdict(endpoint.question(), head, live.settings()),
        }
    }

    /// How many objects there are of each kind that is kept.
    pub(super) fn counts(&self) -> Vec<(Kind, usize)> {
        match self {
            Judge::Standalone(cluster) => cluster.counts(),
            Judge::Live { live, .. } => live.counts(),
        }
    }
}

/// Nothing is judged by a view that has not seen everything once.
fn synced(live: &Live) -> Result<&Live, Failure> {
    match live.waiting().as_slice() {
        [] => Ok(live),
        waiting => Err(Failure::NotSynced(waiting.join(", "))),
    }
}

async fn admit(
    live: &Live,
    ledgers: &Arc<Ledgers>,
    request: &Request,
    peer: IpAddr,
    limit: Instant,
) -> Result<Judged, Failure> {
    for _ in 0..MOST_LOOKS {
        let verdict = live.review(request).await?;
        let wanted = Some(()).filter(|()| verdict.allowed).and_then(|()| Wanted::of(request, live.settings()));
        let Some(wanted) = wanted else { return Ok(verdict.into()) };
        match ledgers.claim(request, peer, wanted, limit).await {
            Outcome::Granted => return Ok(verdict.into()),
            Outcome::Unclaimed(warning) => return Ok(Judged { verdict, warning }),
            Outcome::Reconsider => {}
            Outcome::Refused(refusal) => return Err(refusal.into()),
        }
    }
    Err(Failure::Contended("the addresses change hands too fast: try again".to_owned()))
}
