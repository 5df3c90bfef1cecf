//! How the ledger of one address space and the common one go together.
//!
//! Who claims in the common ledger looks for the other one *after* its claim is entered; who claims in the other one reads
//! the common one *after* that is stored. So of two, at least one sees the other, whichever way a VPC came or went meanwhile.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::presence::is_there;
use super::store::{Kept, StoreError};
use super::writer::{ClaimRequest, Reply, Writer, in_time, reply, unread};
use crate::ledger::{Claim, Ledger, Scope};

/// How many ledgers are looked for at once.
const AT_ONCE: usize = 16;

impl Writer {
    /// Makes the ledger of an address space for those who claim in it, if what that belongs to is there; else they claim
    /// elsewhere. Says whether they can go on; they cannot where somebody else has made it.
    ///
    /// It is made without claims, for the common ledger is read afterwards: whoever is admitted there has found none.
    pub(super) async fn begin(&self, kept: &mut Kept, claims: &mut Vec<ClaimRequest>) -> Result<bool, StoreError> {
        let Scope::Own(space) = &self.scope else { return Ok(true) };
        // There is no other one where these could be claimed, so it is made with their claims.
        if self.scope.shared().is_some() {
            return Ok(true);
        }
        if !claims.is_empty() && !is_there(&self.cache, space).await.map_err(unread)? {
            reply(claims, |_| Some(Reply::Elsewhere));
        }
        if claims.iter().all(|asked| asked.dry_run) {
            return Ok(true);
        }
        match self.write(kept, claims).await {
            Ok(identity) => kept.stored = Some(identity),
            Err(StoreError::Conflict) => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// What the common ledger has that is in the way here, as long as it may have anything.
    pub(super) async fn honour(&self, next: &mut Ledger, claims: &[ClaimRequest]) -> Result<Vec<Claim>, StoreError> {
        let Scope::Own(space) = &self.scope else { return Ok(Vec::new()) };
        let Some(common) = Scope::common(space) else { return Ok(Vec::new()) };
        if next.alone || claims.is_empty() {
            return Ok(Vec::new());
        }
        let common = in_time(claims, self.store.get(&common)).await?;
        Ok(next.honour(common.as_ref().map(|common| &common.ledger)))
    }

    /// Looks whether claims in the common ledger still are in the right place, once they stand there: whoever makes a ledger
    /// for their address space from here on honours them. What has one by now is to be claimed there. The common ledger is
    /// then read again, for one that came and went meanwhile has left its floor to it; returned if it has changed.
    pub(super) async fn confirm(
        &self,
        kept: &Kept,
        claims: &mut Vec<ClaimRequest>,
    ) -> Result<Option<Kept>, StoreError> {
        if !self.scope.is_common() || claims.is_empty() {
            return Ok(None);
        }
        let spaces: BTreeSet<_> = claims.iter().map(|asked| asked.claim.space.clone()).collect();
        let looked_for = stream::iter(spaces).map(|space| async {
            let has_its_own = self.store.has(&Scope::Own(space.clone())).await?;
            Ok(has_its_own.then_some(space))
        });
        let found = in_time(claims, looked_for.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>()).await?;
        let moves = |asked: &ClaimRequest| found.iter().flatten().any(|space| *space == asked.claim.space);
        reply(claims, |asked| moves(asked).then_some(Reply::Elsewhere));
        if claims.is_empty() {
            return Ok(None);
        }
        let now = self.read(claims).await?;
        Ok((now.stored != kept.stored).then_some(now))
    }

    /// Takes over what is to outlive a ledger that is removed: has whoever decides on this one from now on see up to its
    /// floor, and know its peers.
    pub(super) async fn take_over(&self, removed: &Ledger) -> Result<(), StoreError> {
        loop {
            let mut kept = self.read(&[]).await?;
            let is_known = removed.peers.iter().all(|peer| kept.ledger.peers.contains(peer));
            if kept.stored.is_some() && kept.ledger.floor.covers(&removed.floor) && is_known {
                return Ok(());
            }
            kept.ledger.raise(&removed.floor);
            removed.peers.iter().for_each(|peer| kept.ledger.remember(*peer));
            match self.write(&kept, &[]).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
