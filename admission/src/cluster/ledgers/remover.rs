//! Removes the ledgers of what is gone.
//!
//! Every replica does so, for each step is a compare-and-swap. Whether the VPC or the Subnet is really gone does not matter
//! to what is safe: it may come back at any moment, and then has a new ledger.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use vpcguard_policies::AddressSpace;

use super::presence::is_there;
use super::store::{Store, StoreError};
use super::writer::Writer;
use crate::cluster::cache::ClusterCache;
use crate::ledger::Scope;

/// How often ledgers are looked through, in milliseconds, at least and at most.
const PAUSE: std::ops::Range<u64> = 5000..15_000;

/// The same after something went wrong.
const LONG_PAUSE: Duration = Duration::from_mins(5);

/// Removes ledgers for ever.
pub(super) async fn run(cache: Arc<ClusterCache>, store: Arc<Store>) {
    loop {
        // Replicas that look at the same moment would all but one do so in vain.
        sleep(Duration::from_millis(fastrand::u64(PAUSE))).await;
        if !cache.waiting().is_empty() {
            continue;
        }
        for space in store.unclaimed() {
            if let Err(error) = look_at(&cache, &store, &space).await {
                let name = Scope::Own(space).object_name();
                tracing::warn!(name, reason = error.to_string(), "cannot remove the ledger of what is gone");
                sleep(LONG_PAUSE).await;
                break;
            }
        }
    }
}

/// Removes the ledger of an address space, if that is gone and nobody has a claim there.
async fn look_at(cache: &Arc<ClusterCache>, store: &Arc<Store>, space: &AddressSpace) -> Result<(), StoreError> {
    let is_there = is_there(cache, space).await.map_err(|error| StoreError::Unknown(error.to_string()))?;
    if is_there {
        return Ok(());
    }
    let Some(common) = Scope::common(space) else { return Ok(()) };
    let Some(kept) = store.get(&Scope::Own(space.clone())).await? else { return Ok(()) };
    if !kept.ledger.claims.is_empty() {
        return Ok(());
    }
    // Whoever claims in the common ledger instead must have seen what was stored by claims of this one; and replicas that
    // begin after this still read who is an API server.
    let common = Writer::new(common, Arc::clone(cache), Arc::clone(store), None);
    common.take_over(&kept.ledger).await?;
    match store.remove(&kept).await {
        Ok(()) => {
            tracing::info!(name = kept.ledger.scope.object_name(), "removed the ledger of what is gone");
            Ok(())
        }
        // Somebody has claimed in it, or has removed it.
        Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
