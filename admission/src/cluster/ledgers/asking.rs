//! From a request of a peer to a claim that may be asked for, and what comes of the peer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use vpcguard_policies::kinds::{LONGEST_NAME, Shard};
use vpcguard_policies::{AddressSpace, Operation, Request};

use super::{Ledgers, Refusal};
use crate::ledger::Claim;

/// How long an unproven peer waits for one of its places: an API server that begins with many objects at once is proven by
/// the first that is stored.
const PATIENCE: Duration = Duration::from_secs(1);

/// What no claim of an API server exceeds: the length of a uid, and a number of prefixes.
const LONGEST_UID: usize = 64;
const MOST_PREFIXES: usize = 64;

/// Who has asked for a claim.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    peer: IpAddr,
    /// Whether an object of this uid proves the peer: there was none yet.
    is_proof: bool,
    /// Whether it has its claim. Until then one may stand in a ledger that it is not to be in.
    is_entered: bool,
}

/// A claim that is being asked for. Dropping this ends it, as it does when nobody waits for the answer any more.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    ledgers: &'a Ledgers,
    id: String,
    is_entered: bool,
    queue: Queue,
}

/// How long a peer waits for one of the places of those that are not proven.
#[derive(Debug)]
struct Queue {
    peer: IpAddr,
    until: Instant,
    changes: watch::Receiver<()>,
}

impl<'a> Asking<'a> {
    /// Begins to ask for a claim, where the peer has room for one more.
    pub(super) async fn begin(
        ledgers: &'a Arc<Ledgers>,
        request: &Request,
        peer: IpAddr,
        claim: Claim,
        limit: Instant,
    ) -> Result<(Claim, Self), Refusal> {
        let mut queue = Queue::begin(ledgers, peer, limit);
        let claim = as_of(ledgers, claim, &mut queue).await?;
        let asking = Self { ledgers, id: claim.id.clone(), is_entered: false, queue };
        if !request.dry_run {
            let creates = claim.unproven.is_some() && request.operation == Operation::Create;
            let is_proof = creates && timeout_at(limit, is_news(ledgers, &claim)).await.unwrap_or(false);
            ledgers.own().insert(claim.id.clone(), Origin { peer, is_proof, is_entered: false });
        }
        Ok((claim, asking))
    }

    /// Waits until there may be a place in a ledger, where claims that others have entered meanwhile have taken them all.
    pub(super) async fn wait_for_a_place(&mut self) -> Result<(), Refusal> {
        self.queue.wait(self.ledgers).await
    }

    /// It is in its ledger.
    pub(super) fn enter(mut self) {
        self.is_entered = true;
        if let Some(origin) = self.ledgers.own().get_mut(&self.id) {
            origin.is_entered = true;
        }
        self.ledgers.peers.enter(&self.id);
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_entered {
            self.ledgers.peers.leave(&self.id);
            self.ledgers.disown(&self.id);
        }
    }
}

impl Ledgers {
    /// The peer that has asked for a claim that was seen stored, if it is proven, by this or before.
    pub(super) fn proves(&self, claim: &Claim) -> Option<IpAddr> {
        let Origin { peer, is_proof, .. } = *self.own().get(&claim.id).filter(|origin| origin.is_entered)?;
        // Whoever reads the uid of an object to be in another ledger cannot have the object there.
        let is_there = |prefix| self.cache.read().inventory.holders(&claim.space, prefix).contains(&claim.holder);
        if is_proof && claim.prefixes.iter().all(|prefix| is_there(*prefix)) {
            self.peers.prove(peer);
        }
        self.peers.noted(peer)
    }

    /// A claim is in no ledger any more. Where it was not to be, and is still asked for elsewhere, it goes on to be known.
    pub(super) fn let_go(&self, id: &str) -> Option<Origin> {
        let mut own = self.own();
        if own.get(id)?.is_entered { own.remove(id) } else { None }
    }

    /// Counts a claim of which nothing was stored until its hold was over.
    pub(super) fn count_lost(&self, origin: Origin) {
        if !self.peers.is_proven(origin.peer) {
            self.peers.count_lost(origin.peer);
        }
    }
}

/// A claim as that of a proven peer, or of an unproven one that has room for it.
async fn as_of(ledgers: &Ledgers, claim: Claim, queue: &mut Queue) -> Result<Claim, Refusal> {
    let peer = queue.peer;
    let id = format!("{} {peer}", claim.id);
    loop {
        if ledgers.peers.is_proven(peer) {
            return Ok(claim);
        }
        if !is_plausible(&claim) {
            return Err(Refusal::Busy("no API server has sent this".to_owned()));
        }
        if ledgers.peers.reserve(&id, peer) {
            return Ok(Claim { id, unproven: Some(peer), ..claim });
        }
        queue.wait(ledgers).await?;
    }
}

impl Queue {
    fn begin(ledgers: &Ledgers, peer: IpAddr, limit: Instant) -> Self {
        let now = Instant::now();
        let until = now + PATIENCE.min(limit.saturating_duration_since(now) / 2);
        Self { peer, until, changes: ledgers.peers.changes() }
    }

    /// Waits until more is known of peers.
    async fn wait(&mut self, ledgers: &Ledgers) -> Result<(), Refusal> {
        let peer = self.peer;
        if timeout_at(self.until, self.changes.changed()).await.is_err() {
            ledgers.peers.count_refused(peer);
            let text =
                format!("too many claims of {peer}, or of others, are in flight of which none was seen stored yet");
            return Err(Refusal::Busy(text));
        }
        Ok(())
    }
}

/// Whether an API server could have sent this: else it is there to make the writes and reads of others fail.
fn is_plausible(claim: &Claim) -> bool {
    let is_name = |name: &str| {
        let is_usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        name.len() <= LONGEST_NAME && name.bytes().all(is_usual)
    };
    let names = match &claim.space {
        AddressSpace::Vpc(Shard { vpc, vlan }) => [vpc, vlan],
        AddressSpace::Subnet(subnet) => [subnet, subnet],
    };
    names.into_iter().all(|name| is_name(name))
        && is_name(&claim.holder)
        && !claim.holder.is_empty()
        && [&claim.id, &claim.object_uid].into_iter().all(|uid| uid.len() <= LONGEST_UID)
        && claim.prefixes.len() <= MOST_PREFIXES
}

/// Whether nothing is stored yet that a claim would create. What cannot be read proves nothing.
async fn is_news(ledgers: &Ledgers, claim: &Claim) -> bool {
    let space = &claim.space;
    let read = ledgers.cache.refresh_object(space.holders(), "", &claim.holder).await;
    let state = ledgers.cache.read();
    let is_this = |uid: &str| uid == claim.object_uid;
    read.is_ok() && state.identity(space.holders(), &claim.holder).is_none_or(|found| !is_this(&found.uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(holder: &str) -> Claim {
        Claim {
            id: "5a2c8f7e-0000-4000-8000-000000000000".to_owned(),
            space: AddressSpace::Vpc(Shard { vpc: "v".to_owned(), vlan: String::new() }),
            holder: holder.to_owned(),
            object_uid: "5a2c8f7e-0000-4000-8000-000000000001".to_owned(),
            generation: 1,
            prefixes: vec!["10.0.0.0/24".parse().unwrap()],
            deadline: String::new(),
            unproven: None,
        }
    }

    #[test]
    fn what_no_api_server_sends_is_not_asked_for() {
        assert!(is_plausible(&claim("a.b-1")));
        for holder in ["", "a/b", "A", "a b", "%2e", &"a".repeat(254)] {
            assert!(!is_plausible(&claim(holder)), "{holder}");
        }
        assert!(!is_plausible(&Claim { id: "a".repeat(65), ..claim("a") }));
        assert!(!is_plausible(&Claim { object_uid: "a".repeat(65), ..claim("a") }));
        let many = (0..65).map(|at| format!("10.0.{at}.0/24").parse().unwrap()).collect();
        assert!(!is_plausible(&Claim { prefixes: many, ..claim("a") }));
        assert!(!is_plausible(&Claim { space: AddressSpace::Subnet("a".repeat(254)), ..claim("a") }));
    }
}
