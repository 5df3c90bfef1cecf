//! Claims of peers that nobody knows to be API servers.
//!
//! Whoever reaches the port can ask for a claim, but only an API server can have an object stored with a uid that it told
//! before. Until that has been seen of a peer it is unproven: its claims are few, and in the way of one another only. A
//! claim of a proven peer is told of those that it would pass over ([`Ledger::doubtful`]), so that whoever drives this can
//! give them the time in which an API server stores what was admitted.

use std::net::IpAddr;

use vpcguard_policies::ClaimKey;

use super::{Claim, Ledger, MOST_CLAIMS};

/// The most claims in flight of all unproven peers together.
pub const MOST_UNPROVEN: usize = 64;

/// The most claims in flight of one unproven peer.
pub const MOST_OF_A_PEER: usize = 8;

/// How many proven peers a ledger remembers. A cluster has a handful of API servers, and now and then a new one.
const MOST_PEERS: usize = 16;

impl Claim {
    /// Whether a claim of this kind can be the reason to refuse another one.
    pub(super) fn may_stop(&self, claim: &Claim) -> bool {
        self.unproven.is_none() || claim.unproven.is_some()
    }
}

impl Ledger {
    /// The claims in whose way this one is, of peers that are not proven, where its own is. Their requests may be admitted
    /// and about to be stored, or nothing at all.
    pub fn doubtful(&self, claim: &Claim, added: &[ClaimKey], honoured: &[Claim]) -> Vec<Claim> {
        let is_doubtful = |rival: &&Claim| !rival.may_stop(claim) && rival.is_rival(claim, added);
        self.claims.iter().chain(honoured).filter(is_doubtful).cloned().collect()
    }

    /// Takes claims for what they are by now: of peers that have been proven since.
    pub fn vouch(&mut self, is_proven: impl Fn(IpAddr) -> bool) {
        for claim in &mut self.claims {
            claim.unproven = claim.unproven.filter(|peer| !is_proven(*peer));
        }
    }

    /// Remembers a proven peer, for replicas that begin after this.
    pub fn remember(&mut self, peer: IpAddr) {
        if !self.peers.contains(&peer) {
            self.peers.push(peer);
            let too_many = self.peers.len().saturating_sub(MOST_PEERS);
            self.peers.drain(..too_many);
        }
    }

    /// The claim on an object that this one, of an unproven peer, wants to create as well. The uid of an object to be is
    /// known to one API server, and to those who read it in a ledger.
    pub(super) fn twin<'a>(&'a self, claim: &Claim, honoured: &'a [Claim]) -> Option<&'a Claim> {
        let creates = claim.unproven.is_some() && claim.generation <= 1;
        let is_twin = |other: &&Claim| creates && other.object_uid == claim.object_uid && other.id != claim.id;
        self.claims.iter().chain(honoured).find(is_twin)
    }

    /// Whether there are too many claims for one more of this kind. Those of unproven peers count wherever they stand; a
    /// request that has one in both ledgers, on its way from one to the other, counts twice for that moment.
    pub(super) fn is_full_for(&self, claim: &Claim, honoured: &[Claim]) -> bool {
        // It may have been entered before.
        let is_another = |other: &&Claim| other.id != claim.id;
        let others = || self.claims.iter().chain(honoured).filter(is_another).filter_map(|other| other.unproven);
        match claim.unproven {
            None => {
                let proven = self.claims.iter().filter(is_another).filter(|other| other.unproven.is_none());
                proven.count() >= MOST_CLAIMS
            }
            Some(peer) => {
                others().count() >= MOST_UNPROVEN || others().filter(|other| *other == peer).count() >= MOST_OF_A_PEER
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::{AddressSpace, Holder, Kind};

    use super::super::{Decision, Floor, Index, ResourceVersion, Scope};
    use super::*;

    struct Nothing;

    impl Index for Nothing {
        fn version(&self, _: Kind) -> ResourceVersion {
            ResourceVersion(0)
        }

        fn holders(&self, _: &AddressSpace, _: &ClaimKey) -> Vec<Holder> {
            Vec::new()
        }
    }

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    fn space() -> AddressSpace {
        AddressSpace::Subnet("s".to_owned())
    }

    /// A claim on a /24; of nobody in particular where there is no number of a peer.
    fn claim(holder: &str, subnet: usize, of: Option<u8>) -> Claim {
        Claim {
            id: format!("id of {holder}"),
            space: space(),
            holder: Holder::new(Kind::VpcNatGateway, holder),
            object_uid: format!("uid of {holder}"),
            generation: 1,
            keys: vec![ClaimKey::Prefix(format!("10.{}.{}.0/24", subnet / 256, subnet % 256).parse().unwrap())],
            deadline: String::new(),
            unproven: of.map(peer),
        }
    }

    fn ledger(claims: impl IntoIterator<Item = Claim>) -> Ledger {
        let claims = claims.into_iter().collect();
        Ledger { claims, ..Ledger::new(Scope::Own(space()), Floor::of(Kind::VpcNatGateway, ResourceVersion(0))) }
    }

    fn decide(ledger: &Ledger, claim: &Claim) -> Decision {
        ledger.decide(&Nothing, claim, &claim.keys, &[])
    }

    #[test]
    fn an_unproven_claim_stops_unproven_ones_and_a_proven_one_stops_both() {
        let (forged, known) = (claim("forged", 1, Some(1)), claim("known", 1, None));
        let (forged_too, known_too) = (claim("too", 1, Some(2)), claim("too", 1, None));
        assert_eq!(decide(&ledger([forged.clone()]), &forged_too), Decision::InFlight(forged.clone()));
        assert_eq!(decide(&ledger([forged.clone()]), &known_too), Decision::Grant);
        assert_eq!(decide(&ledger([known.clone()]), &forged_too), Decision::InFlight(known.clone()));
        assert_eq!(decide(&ledger([known.clone()]), &known_too), Decision::InFlight(known));
    }

    #[test]
    fn what_is_passed_over_is_told() {
        let (forged, elsewhere) = (claim("forged", 1, Some(1)), claim("elsewhere", 2, Some(1)));
        let ledger = ledger([forged.clone(), elsewhere, claim("same", 1, Some(1))]);
        let known = claim("same", 1, None);
        assert_eq!(ledger.doubtful(&known, &known.keys, &[]), [forged]);
        assert_eq!(ledger.doubtful(&known, &[], &[]), []);
        let forged_too = claim("too", 1, Some(2));
        assert_eq!(ledger.doubtful(&forged_too, &forged_too.keys, &[]), []);
    }

    #[test]
    fn a_peer_that_is_proven_meanwhile_is_so_for_what_it_has_claimed() {
        let mut ledger = ledger([claim("a", 1, Some(1)), claim("b", 2, Some(2))]);
        ledger.vouch(|address| address == peer(1));
        assert_eq!(ledger.claims, [claim("a", 1, None), claim("b", 2, Some(2))]);
    }

    #[test]
    fn unproven_peers_have_few_claims_and_leave_room_for_the_others() {
        let of = |number: u8| {
            (0..MOST_OF_A_PEER).map(move |at| {
                claim(&format!("f{number}-{at}"), usize::from(number) * MOST_OF_A_PEER + at, Some(number))
            })
        };
        let one = ledger(of(0));
        assert_eq!(decide(&one, &claim("another", 2000, Some(0))), Decision::Full);
        assert_eq!(decide(&one, &one.claims[3]), Decision::Grant);
        assert_eq!(decide(&one, &claim("another", 2000, Some(1))), Decision::Grant);
        let all = ledger((0..8).flat_map(of));
        assert_eq!(all.claims.len(), MOST_UNPROVEN);
        assert_eq!(decide(&all, &claim("another", 2000, Some(9))), Decision::Full);
        let known = (0..MOST_CLAIMS - 1).map(|at| claim(&format!("k{at}"), 256 + at, None));
        let mut all = ledger(all.claims.into_iter().chain(known));
        assert_eq!(decide(&all, &claim("another", 2000, None)), Decision::Grant);
        all.grant(claim("another", 2000, None));
        assert_eq!(decide(&all, &claim("one more", 2001, None)), Decision::Full);
    }

    #[test]
    fn the_uid_of_an_object_to_be_is_not_read_in_a_ledger() {
        let known = claim("a", 1, None);
        let mut read = Claim { id: "another".to_owned(), unproven: Some(peer(1)), ..known.clone() };
        assert_eq!(decide(&ledger([known.clone()]), &read), Decision::InFlight(known.clone()));
        // Of an object that is there everybody may know it, and several requests may change it.
        read.generation = 2;
        assert_eq!(decide(&ledger([known]), &read), Decision::Grant);
    }

    #[test]
    fn claims_of_the_common_ledger_are_doubted_and_counted_like_those_of_their_space() {
        let own = ledger([]);
        let decide = |claim: &Claim, honoured: &[Claim]| own.decide(&Nothing, claim, &claim.keys, honoured);
        let (forged, known) = (claim("forged", 1, Some(1)), claim("known", 1, None));
        let honoured = [forged.clone()];
        assert_eq!(decide(&known, &honoured), Decision::Grant);
        assert_eq!(own.doubtful(&known, &known.keys, &honoured), honoured);
        assert_eq!(decide(&claim("too", 1, Some(2)), &honoured), Decision::InFlight(forged));
        let read = Claim { id: "another".to_owned(), unproven: Some(peer(1)), ..known.clone() };
        assert_eq!(decide(&read, std::slice::from_ref(&known)), Decision::InFlight(known));
        let many: Vec<_> = (0..MOST_OF_A_PEER).map(|at| claim(&format!("f{at}"), 10 + at, Some(1))).collect();
        assert_eq!(decide(&claim("more", 2000, Some(1)), &many), Decision::Full);
        assert_eq!(decide(&claim("more", 2000, Some(2)), &many), Decision::Grant);
        assert_eq!(decide(&many[3], &many), Decision::Grant);
    }

    #[test]
    fn the_latest_proven_peers_are_remembered_once_each() {
        let mut ledger = ledger([]);
        for number in [1, 1].into_iter().chain(2..=20) {
            ledger.remember(peer(number));
        }
        assert_eq!(ledger.peers, (5..=20).map(peer).collect::<Vec<_>>());
    }
}
