//! What is done about claims of unproven peers that a claim of a proven one would pass over.
//!
//! They stop nothing: most likely nobody will store what they are for. But they may be those of an API server that is new,
//! and has its first objects on the way. So whoever meets one waits until that would be stored, and looks it up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Outcome;
use super::peers::Peers;
use super::store::StoreError;
use super::writer::{Ask, ClaimRequest, Writer, answer, unread};
use crate::ledger::Claim;

/// How long after its admission an object is stored at the latest, as a rule: all that is left to do is one write of etcd,
/// and what other webhooks take that are asked at the same time.
const STORING: Duration = Duration::from_secs(3);

/// Until when a request waits for others at the latest, if it must be answered by a time limit.
pub(super) fn patience(limit: Instant) -> Instant {
    let now = Instant::now();
    now + STORING.min(limit.saturating_duration_since(now) / 2)
}

impl Writer {
    /// Settles what becomes of claims that would pass over others, in the order of their places. Those that may do so note
    /// it; the others are answered or put off.
    pub(super) async fn settle_doubts(
        &self,
        doubts: Vec<(usize, Vec<Claim>)>,
        claims: &mut Vec<ClaimRequest>,
    ) -> Result<(), StoreError> {
        let mut holders: Vec<_> = doubts.iter().flat_map(|(_, rivals)| rivals).map(|rival| &rival.holder).collect();
        holders.sort_unstable();
        holders.dedup();
        let read = holders.into_iter();
        try_join_all(read.map(|holder| self.cache.refresh_object(holder.kind, &holder.namespace, &holder.name)))
            .await
            .map_err(unread)?;
        // From the last one on, so that the places of the others stay.
        for (at, rivals) in doubts.into_iter().rev() {
            let Some(asked) = claims.get_mut(at) else { continue };
            let young = rivals.iter().filter(|rival| !is_over(self.store.peers(), rival)).count();
            if rivals.iter().any(|rival| self.is_stored(rival)) {
                answer(claims, vec![(at, Outcome::Reconsider)]);
            } else if young == 0 || asked.patience <= Instant::now() {
                asked.passes_over.extend(rivals.into_iter().map(|rival| rival.id));
            } else {
                let asked = claims.remove(at);
                // Where nobody can ask any more, nobody waits for an answer.
                if let Some(queue) = self.queue.as_ref().and_then(mpsc::WeakSender::upgrade) {
                    tokio::spawn(ask_later(asked, rivals, queue, Arc::clone(self.store.peers())));
                }
            }
        }
        Ok(())
    }
}

/// Whether what a claim is for would be stored by now.
fn is_over(peers: &Peers, claim: &Claim) -> bool {
    claim.unproven.is_none_or(|peer| peers.since(&claim.id, peer).elapsed() >= STORING)
}

/// Asks once more when one of the rivals is gone, or its peer proven, or patience is over.
async fn ask_later(asked: ClaimRequest, rivals: Vec<Claim>, queue: mpsc::Sender<Ask>, peers: Arc<Peers>) {
    let mut changes = peers.changes();
    while rivals.iter().all(|rival| peers.has(&rival.id)) && Instant::now() < asked.patience {
        if timeout_at(asked.patience, changes.changed()).await.is_err() {
            break;
        }
    }
    // Where nobody writes any more, the one who waits is told that the claim was lost.
    let _ = queue.send(Ask::Claim(Box::new(asked))).await;
}
