//! From a request of a peer to a claim that may be asked for, and what comes of the peer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use vpcguard_policies::kinds::{LONGEST_NAME, Shard};
use vpcguard_policies::{AddressSpace, ClaimKey, Holder, Operation, Request};

use super::writer::Ask;
use super::{Ledgers, Refusal};
use crate::ledger::{Claim, Scope};

/// How long an unproven peer waits for one of its places: an API server that begins with many objects at once is proven by
/// the first that is stored.
const PATIENCE: Duration = Duration::from_secs(1);

/// What no claim of an API server exceeds: the length of a uid, and a number of prefixes.
const LONGEST_UID: usize = 64;
const MOST_PREFIXES: usize = 64;

/// How many bytes the keys of an unproven peer's claim may have: 64 of them are still no large object.
const LONGEST_KEYS: usize = 8192;

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
    ledgers: &'a Arc<Ledgers>,
    id: String,
    /// Where it is entered already, while there are other ledgers to enter it in.
    scopes: Vec<Scope>,
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
        claims: Vec<Claim>,
        limit: Instant,
    ) -> Result<(Vec<Claim>, Self), Refusal> {
        let mut queue = Queue::begin(ledgers, peer, limit);
        let claims = as_of(ledgers, claims, &request.uid, &mut queue).await?;
        let id = claims.first().map_or_else(|| request.uid.clone(), |claim| claim.id.clone());
        let asking = Self { ledgers, id: id.clone(), scopes: Vec::new(), is_entered: false, queue };
        if !request.dry_run {
            let creates = request.operation == Operation::Create;
            let is_proof = match claims.first().filter(|claim| creates && claim.unproven.is_some()) {
                Some(claim) => timeout_at(limit, is_news(ledgers, claim)).await.unwrap_or(false),
                None => false,
            };
            ledgers.own().insert(id, Origin { peer, is_proof, is_entered: false });
        }
        Ok((claims, asking))
    }

    /// It is in this ledger.
    pub(super) fn is_entered_in(&mut self, scope: Scope) {
        self.scopes.push(scope);
    }

    /// Waits until there may be a place in a ledger, where claims that others have entered meanwhile have taken them all.
    pub(super) async fn wait_for_a_place(&mut self) -> Result<(), Refusal> {
        self.queue.wait(self.ledgers).await
    }

    /// It is in all of its ledgers.
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
            // Nobody is to wait for what will not be stored.
            for scope in &self.scopes {
                self.ledgers.release(scope, Ask::Release { id: self.id.clone(), stored_at: None, proven: None });
            }
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
        let is_there = |key| self.cache.read().inventory.holds(&claim.holder, &claim.space, key);
        if is_proof && claim.keys.iter().all(is_there) {
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

/// The claims of a request as those of a proven peer, or of an unproven one that has room for them.
async fn as_of(ledgers: &Ledgers, claims: Vec<Claim>, uid: &str, queue: &mut Queue) -> Result<Vec<Claim>, Refusal> {
    let peer = queue.peer;
    let id = format!("{uid} {peer}");
    loop {
        if ledgers.peers.is_proven(peer) {
            return Ok(claims);
        }
        if !claims.iter().all(is_plausible) {
            return Err(Refusal::Busy("no API server has sent this".to_owned()));
        }
        if ledgers.peers.reserve(&id, peer) {
            let of_it = |claim| Claim { id: id.clone(), unproven: Some(peer), ..claim };
            return Ok(claims.into_iter().map(of_it).collect());
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
    let names: &[&String] = match &claim.space {
        AddressSpace::Vpc(Shard { vpc, vlan }) => &[vpc, vlan],
        AddressSpace::Subnet(subnet) => &[subnet],
        // Keys are of names only.
        AddressSpace::Shared(_) => &[],
    };
    let Holder { namespace, name, .. } = &claim.holder;
    let taken = ClaimKey::to_texts(&claim.keys);
    names.iter().chain(&[namespace, name]).all(|name| is_name(name))
        && !name.is_empty()
        && [&claim.id, &claim.object_uid].into_iter().all(|uid| uid.len() <= LONGEST_UID)
        && taken.len() <= MOST_PREFIXES
        && taken.iter().map(String::len).sum::<usize>() <= LONGEST_KEYS
}

/// Whether nothing is stored yet that a claim would create. What cannot be read proves nothing.
async fn is_news(ledgers: &Ledgers, claim: &Claim) -> bool {
    let Holder { kind, namespace, name } = &claim.holder;
    let read = ledgers.cache.refresh_object(*kind, namespace, name).await;
    let state = ledgers.cache.read();
    let is_this = |uid: &str| uid == claim.object_uid;
    read.is_ok() && state.holder(&claim.holder).is_none_or(|found| !is_this(&found.uid))
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::Kind;
    use vpcguard_policies::kinds::{SharedLedger, Sort};

    use super::*;

    fn claim(holder: &str) -> Claim {
        Claim {
            id: "5a2c8f7e-0000-4000-8000-000000000000".to_owned(),
            space: AddressSpace::Vpc(Shard { vpc: "v".to_owned(), vlan: String::new() }),
            holder: Holder::new(Kind::Subnet, holder),
            object_uid: "5a2c8f7e-0000-4000-8000-000000000001".to_owned(),
            generation: 1,
            keys: ClaimKey::of_text("10.0.0.0/24").unwrap(),
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
        let many = (0..65).map(|at| ClaimKey::Prefix(format!("10.0.{at}.0/24").parse().unwrap())).collect();
        assert!(!is_plausible(&Claim { keys: many, ..claim("a") }));
        let space = AddressSpace::Shared(SharedLedger { sort: Sort::Addresses, number: 0 });
        let addresses = |count: u8| {
            let all =
                (0..count).flat_map(|at| ClaimKey::of_text(&format!("address s fd00:1:2:3:4:5:6789:{at:x}")).unwrap());
            Claim { keys: all.collect(), space: space.clone(), ..claim("a") }
        };
        assert!(is_plausible(&addresses(200)));
        let all = addresses(u8::MAX).keys;
        let longer = [all.clone(), all].concat();
        assert!(!is_plausible(&Claim { keys: longer, ..addresses(1) }));
        assert!(!is_plausible(&Claim { space: AddressSpace::Subnet("a".repeat(254)), ..claim("a") }));
    }
}
