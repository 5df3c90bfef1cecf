//! Who asks for claims: peers of which a claim was seen stored, and peers of which none was.
//!
//! What is known of a peer is its address. It is proven once an object is stored with a uid that the peer told while there
//! was not an object of that uid: only an API server knows one. Every replica proves the peers that ask it, notes them in the
//! ledger that the claim was in, and reads there those of the others, also when it begins.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::ledger::{MOST_OF_A_PEER, MOST_UNPROVEN};

/// How many peers are counted by their addresses, which are anybody's to choose. The others are counted together.
const MOST_NAMED: usize = 64;

/// How often the log says the same of a peer.
const SAY_AGAIN: Duration = Duration::from_mins(1);

/// See the module.
#[derive(Debug)]
pub(crate) struct Peers {
    /// Whether all clients have shown a certificate: nobody else is answered, and there is nothing to prove.
    certified: bool,
    known: Mutex<Known>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    proven: BTreeSet<IpAddr>,
    /// The claims of unproven peers: those in flight, of all replicas, and those that are being asked for here.
    held: HashMap<String, Held>,
    /// What was counted of unproven peers; of those that are not named, under none.
    counted: BTreeMap<Option<IpAddr>, Counted>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    peer: IpAddr,
    since: Instant,
    /// Whether somebody here waits for it to be entered: no ledger has it yet.
    is_asked: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    lost: u64,
    refused: u64,
    said: Option<Instant>,
}

/// What the metrics say of an unproven peer, or of all that are not named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerTotals {
    /// Claims that nothing was stored of until their hold was over.
    pub(crate) lost: u64,
    /// Claims that were refused because it, or all such peers, had as many as they may.
    pub(crate) refused: u64,
    /// Claims in flight, of all replicas.
    pub(crate) in_flight: usize,
}

impl Peers {
    pub(crate) fn new(certified: bool) -> Arc<Self> {
        Arc::new(Self { certified, known: Mutex::default(), changed: watch::Sender::new(()) })
    }

    pub(super) fn is_proven(&self, peer: IpAddr) -> bool {
        self.certified || self.known().proven.contains(&peer)
    }

    /// A peer, if it is noted that it is proven.
    pub(super) fn noted(&self, peer: IpAddr) -> Option<IpAddr> {
        Some(peer).filter(|_| self.known().proven.contains(&peer))
    }

    /// Takes up that a peer is proven. Where certificates vouch for all, none is noted.
    pub(super) fn prove(&self, peer: IpAddr) {
        if self.certified {
            return;
        }
        let mut known = self.known();
        if known.proven.insert(peer) {
            known.held.retain(|_, held| held.peer != peer);
            tracing::info!(%peer, "a peer is an API server: a claim of it was seen stored");
            self.changed.send_replace(());
        }
    }

    /// Rings when a peer is proven, and when claims of unproven ones are gone.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Makes room for a claim of an unproven peer that is about to be asked for, until it is [entered](Self::enter) or
    /// [left](Self::leave); not where there are too many.
    pub(super) fn reserve(&self, id: &str, peer: IpAddr) -> bool {
        let mut known = self.known();
        let of_it = known.held.values().filter(|held| held.peer == peer).count();
        if !known.held.contains_key(id) && (of_it >= MOST_OF_A_PEER || known.held.len() >= MOST_UNPROVEN) {
            return false;
        }
        let since = Instant::now();
        known.held.entry(id.to_owned()).or_insert(Held { peer, since, is_asked: false }).is_asked = true;
        true
    }

    /// The claim is in its ledger now.
    pub(super) fn enter(&self, id: &str) {
        if let Some(held) = self.known().held.get_mut(id) {
            held.is_asked = false;
        }
    }

    /// The claim is asked for no longer.
    pub(super) fn leave(&self, id: &str) {
        if self.known().held.remove(id).is_some() {
            self.changed.send_replace(());
        }
    }

    /// Takes up which claims of unproven peers are in flight.
    pub(super) fn in_flight<'a>(&self, claims: impl Iterator<Item = (&'a str, IpAddr)>) {
        let claims: HashMap<_, _> = claims.collect();
        let mut known = self.known();
        let before = known.held.len();
        known.held.retain(|id, held| held.is_asked || claims.contains_key(id.as_str()));
        if known.held.len() < before {
            self.changed.send_replace(());
        }
        for (id, peer) in claims {
            known.meet(id, peer);
        }
    }

    /// Since when a claim of an unproven peer is known, which may be from now on.
    pub(super) fn since(&self, id: &str, peer: IpAddr) -> Instant {
        self.known().meet(id, peer)
    }

    /// Whether a claim is still in flight, and its peer unproven.
    pub(super) fn has(&self, id: &str) -> bool {
        self.known().held.contains_key(id)
    }

    /// Counts a claim of an unproven peer that nothing was stored of.
    pub(super) fn count_lost(&self, peer: IpAddr) {
        self.count(peer, "its claim was never stored", |counted| counted.lost += 1);
    }

    /// Counts a claim that an unproven peer was refused.
    pub(super) fn count_refused(&self, peer: IpAddr) {
        self.count(peer, "it, or all such peers, have as many claims as they may", |counted| counted.refused += 1);
    }

    fn count(&self, peer: IpAddr, what: &str, add: impl FnOnce(&mut Counted)) {
        let mut known = self.known();
        let is_named = known.counted.contains_key(&Some(peer)) || known.counted.len() < MOST_NAMED;
        let counted = known.counted.entry(Some(peer).filter(|_| is_named)).or_default();
        add(counted);
        if counted.said.is_none_or(|said| said.elapsed() >= SAY_AGAIN) {
            counted.said = Some(Instant::now());
            let Counted { lost, refused, .. } = *counted;
            tracing::warn!(%peer, what, lost, refused, "a peer asks for claims, and none of it was ever seen stored");
        }
    }

    /// What the metrics say, by the address.
    pub(crate) fn totals(&self) -> BTreeMap<String, PeerTotals> {
        let known = self.known();
        let name = |peer: Option<IpAddr>| peer.map_or_else(|| "other".to_owned(), |peer| peer.to_string());
        let mut totals: BTreeMap<_, PeerTotals> = BTreeMap::new();
        for (peer, Counted { lost, refused, .. }) in &known.counted {
            totals.insert(name(*peer), PeerTotals { lost: *lost, refused: *refused, in_flight: 0 });
        }
        // They are few enough to be named all.
        for held in known.held.values() {
            totals.entry(name(Some(held.peer))).or_default().in_flight += 1;
        }
        totals
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn meet(&mut self, id: &str, peer: IpAddr) -> Instant {
        if self.proven.contains(&peer) {
            return Instant::now();
        }
        let new = || Held { peer, since: Instant::now(), is_asked: false };
        self.held.entry(id.to_owned()).or_insert_with(new).since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    fn in_flight(peers: &Peers, claims: &[(&str, u8)]) {
        peers.in_flight(claims.iter().map(|(id, number)| (*id, peer(*number))));
    }

    #[test]
    fn of_unproven_peers_each_holds_few_claims_and_all_together_some() {
        let peers = Peers::new(false);
        let all: Vec<_> = (0..20).flat_map(|of| (0..20).map(move |at| (format!("{of}-{at}"), peer(of)))).collect();
        let taken: Vec<_> = all.iter().filter(|(id, peer)| peers.reserve(id, *peer)).collect();
        assert_eq!(taken.len(), MOST_UNPROVEN);
        for of in 0..8 {
            assert_eq!(taken.iter().filter(|(_, taker)| *taker == peer(of)).count(), MOST_OF_A_PEER);
        }
        // Who asks again has a place.
        assert!(peers.reserve("0-0", peer(0)) && !peers.reserve("19-0", peer(19)));
        peers.leave("0-0");
        assert!(peers.reserve("19-0", peer(19)));
    }

    #[test]
    fn claims_of_other_replicas_count_until_they_are_gone() {
        let peers = Peers::new(false);
        in_flight(&peers, &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1), ("g", 1)]);
        assert!(peers.reserve("asked", peer(1)) && !peers.reserve("too many", peer(1)));
        // One that is asked for is in no ledger yet.
        in_flight(&peers, &[("a", 1)]);
        assert!(peers.has("asked") && peers.has("a") && !peers.has("b"));
        peers.enter("asked");
        in_flight(&peers, &[("a", 1)]);
        assert!(!peers.has("asked"));
    }

    #[tokio::test]
    async fn a_claim_is_as_old_as_it_has_been_known() {
        let peers = Peers::new(false);
        let since = peers.since("a", peer(1));
        in_flight(&peers, &[("a", 1), ("b", 1)]);
        assert_eq!(peers.since("a", peer(1)), since);
        let changes = peers.changes();
        in_flight(&peers, &[("b", 1)]);
        assert!(changes.has_changed().unwrap() && !peers.has("a"));
    }

    #[test]
    fn a_proven_peer_is_limited_by_nothing_and_counted_nowhere() {
        let peers = Peers::new(false);
        assert!(peers.reserve("a", peer(1)) && !peers.is_proven(peer(1)));
        peers.prove(peer(1));
        assert!(peers.is_proven(peer(1)) && !peers.is_proven(peer(2)));
        in_flight(&peers, &[("a", 1), ("b", 2)]);
        assert_eq!(peers.totals().into_keys().collect::<Vec<_>>(), ["192.0.2.2"]);
    }

    #[test]
    fn where_certificates_vouch_for_all_nobody_has_to_be_proven() {
        let peers = Peers::new(true);
        peers.prove(peer(1));
        assert!(peers.is_proven(peer(2)) && peers.known().proven.is_empty());
    }

    #[test]
    fn peers_are_named_but_not_without_end() {
        let peers = Peers::new(false);
        for number in 0..=u8::MAX {
            peers.count_refused(peer(number));
        }
        peers.count_lost(peer(3));
        assert!(peers.reserve("a", peer(3)));
        let totals = peers.totals();
        assert_eq!(totals["192.0.2.3"], PeerTotals { lost: 1, refused: 1, in_flight: 1 });
        assert_eq!(totals["other"], PeerTotals { refused: 192, ..PeerTotals::default() });
        assert_eq!(totals.len(), MOST_NAMED + 1);
    }
}
