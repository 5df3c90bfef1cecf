//! The address ledger: how replicas that know nothing of each other never admit two requests that want one address.
//!
//! An address space (a VPC and VLAN, or a Subnet for its gateways' lanIps) has one [`Ledger`], an object in the API server.
//! It holds the [`Claim`]s of requests that were admitted and are not yet seen stored, and a *floor*: the version of the
//! stored objects that a replica's index must have reached before it decides.
//!
//! ```text
//!   admit:    read the ledger ─ decide on index and claims ─ write it with the claim, if nobody else wrote meanwhile
//!   release:  see the request stored, or wait until it can no longer be ─ drop the claim, raise the floor, likewise
//! ```
//!
//! What somebody holds is thus always either among the claims or in every index that may decide. This module has the
//! transitions alone, without time, network or threads; the server drives them, and so does the model in `tests/`, through
//! every interleaving.
//!
//! A VPC or Subnet that is not there has no ledger. Who wants addresses of it claims in the ledger that is [common](Scope) to
//! all of these, and the ledger that comes with the VPC [honours](Ledger::honour) such claims until there are none left.

pub mod crd;
mod floor;
mod peers;
mod scope;
mod stored;

use std::net::IpAddr;

use vpcguard_policies::{AddressSpace, ClaimKey, Holder, Kind};

pub use floor::Floor;
pub use peers::{MOST_OF_A_PEER, MOST_UNPROVEN};
pub use scope::Scope;
pub use stored::FormatError;

/// The most claims in flight of one ledger, beside those of peers that are not proven.
pub const MOST_CLAIMS: usize = 512;

/// A resourceVersion: versions of one kind of object are ordered, as the API server's are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceVersion(pub u64);

/// What is stored, as far as a replica has seen it.
pub trait Index {
    /// Everything of a kind up to this version has been seen.
    fn version(&self, kind: Kind) -> ResourceVersion;
    /// Those that hold something of an address space that excludes this.
    fn holders(&self, space: &AddressSpace, key: &ClaimKey) -> Vec<Holder>;
}

/// What an admitted request will hold once it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The uid of the admission request; that of an unproven peer is followed by its address.
    pub id: String,
    /// The address space; in a ledger of its own the same for all.
    pub space: AddressSpace,
    /// The object.
    pub holder: Holder,
    /// The metadata.uid of that object.
    pub object_uid: String,
    /// Its metadata.generation as the request would store it.
    pub generation: i64,
    /// What it takes.
    pub keys: Vec<ClaimKey>,
    /// When it was to end, for people to read.
    pub deadline: String,
    /// Who asked, where that may be anybody.
    pub unproven: Option<IpAddr>,
}

impl Claim {
    /// Whether a stored object is what the request asked for, or came after it.
    pub fn is_fulfilled_by(&self, object_uid: &str, generation: i64) -> bool {
        self.object_uid == object_uid && generation >= self.generation
    }

    fn excludes(&self, space: &AddressSpace, key: &ClaimKey) -> bool {
        self.space == *space && self.keys.iter().any(|held| held.excludes(key))
    }

    fn is_rival(&self, claim: &Claim, added: &[ClaimKey]) -> bool {
        self.holder != claim.holder && added.iter().any(|key| self.excludes(&claim.space, key))
    }
}

/// The claims in flight of one address space, or of all that are not there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ledger {
    /// Whose they are.
    pub scope: Scope,
    /// What a replica's index must have reached before it decides.
    pub floor: Floor,
    /// The claims.
    pub claims: Vec<Claim>,
    /// Peers that are proven.
    pub peers: Vec<IpAddr>,
    /// Whether the common ledger has been read since this one was made and had no claim of its address space: from then on
    /// nobody is admitted there, and it need not be read any more.
    pub alone: bool,
}

/// Whether a request may have what it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Grant,
    /// Nobody can say: the index has not reached the floor.
    Behind,
    /// It may not: this object is stored and holds something of it.
    Held(Holder),
    /// It may not now: another admitted request has claimed something of it.
    InFlight(Claim),
    /// It may not now: there are too many claims.
    Full,
}

impl Ledger {
    /// One without claims. `floor` has a version of each kind of the stored objects that is not older than any of them.
    pub fn new(scope: Scope, floor: Floor) -> Self {
        Self { scope, floor, claims: Vec::new(), peers: Vec::new(), alone: false }
    }

    /// Takes in the common ledger, if there is one, as it is at a moment at which this one is stored: its claims of this
    /// address space are in the way here as well, and what it has let go must have been seen by whoever decides.
    pub fn honour(&mut self, common: Option<&Ledger>) -> Vec<Claim> {
        let Scope::Own(space) = &self.scope else { return Vec::new() };
        let claims = common.map_or(&[][..], |common| &common.claims);
        let honoured: Vec<_> = claims.iter().filter(|claim| claim.space == *space).cloned().collect();
        self.alone = honoured.is_empty();
        if let Some(common) = common {
            self.raise(&common.floor);
        }
        honoured
    }

    /// Whether a claim may be made. `added` are those of its keys that somebody else must not have, `honoured` the claims in
    /// the way that another ledger has.
    pub fn decide(&self, index: &dyn Index, claim: &Claim, added: &[ClaimKey], honoured: &[Claim]) -> Decision {
        if self.floor.iter().any(|(kind, version)| index.version(kind) < version) {
            return Decision::Behind;
        }
        let holders = added.iter().flat_map(|key| index.holders(&claim.space, key));
        if let Some(holder) = holders.into_iter().find(|holder| *holder != claim.holder) {
            return Decision::Held(holder);
        }
        // A request on the same object is not a rival: of two, the API server stores one after the other.
        let is_in_the_way = |rival: &&Claim| rival.may_stop(claim) && rival.is_rival(claim, added);
        let rival = self.claims.iter().chain(honoured).find(is_in_the_way);
        if let Some(rival) = rival.or_else(|| self.twin(claim, honoured)) {
            return Decision::InFlight(rival.clone());
        }
        if self.is_full_for(claim, honoured) { Decision::Full } else { Decision::Grant }
    }

    /// Enters a claim. A request that asks again has its claim already.
    pub fn grant(&mut self, claim: Claim) {
        self.claims.retain(|other| other.id != claim.id);
        self.claims.push(claim);
    }

    /// Drops the claim of a request. If it was stored, then at this version or before, and whoever decides without the
    /// claim must have seen that.
    pub fn release(&mut self, id: &str, stored_at: Option<ResourceVersion>) {
        let (released, claims): (Vec<_>, _) =
            std::mem::take(&mut self.claims).into_iter().partition(|claim| claim.id == id);
        self.claims = claims;
        for claim in released {
            self.floor.raise(claim.holder.kind, stored_at.unwrap_or_default());
        }
    }

    /// Has whoever decides from here on see up to a version. A ledger that is removed leaves its floor to the common one so.
    pub fn raise(&mut self, floor: &Floor) {
        self.floor.raise_to(floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seen(u64, Vec<(&'static str, &'static str)>);

    impl Index for Seen {
        fn version(&self, _: Kind) -> ResourceVersion {
            ResourceVersion(self.0)
        }

        fn holders(&self, _: &AddressSpace, key: &ClaimKey) -> Vec<Holder> {
            let held = |(_, held): &&(&str, &str)| ClaimKey::Prefix(held.parse().unwrap()).excludes(key);
            self.1.iter().filter(held).map(|(name, _)| gateway(name)).collect()
        }
    }

    fn space(name: &str) -> AddressSpace {
        AddressSpace::Subnet(name.to_owned())
    }

    fn gateway(name: &str) -> Holder {
        Holder::new(Kind::VpcNatGateway, name)
    }

    fn floor(version: u64) -> Floor {
        Floor::of(Kind::VpcNatGateway, ResourceVersion(version))
    }

    fn claim(holder: &str, prefix: &str) -> Claim {
        Claim {
            id: format!("{holder} {prefix}"),
            space: space("s"),
            holder: gateway(holder),
            object_uid: format!("uid of {holder}"),
            generation: 1,
            keys: vec![ClaimKey::Prefix(prefix.parse().unwrap())],
            deadline: String::new(),
            unproven: None,
        }
    }

    fn ledger(claims: &[Claim]) -> Ledger {
        Ledger { claims: claims.to_vec(), ..Ledger::new(Scope::Own(space("s")), floor(5)) }
    }

    fn decide(ledger: &Ledger, index: &Seen, claim: &Claim) -> Decision {
        ledger.decide(index, claim, &claim.keys, &[])
    }

    #[test]
    fn an_index_behind_the_floor_decides_nothing() {
        let wanted = claim("a", "10.0.0.0/24");
        assert_eq!(decide(&ledger(&[]), &Seen(4, vec![("b", "10.0.0.0/8")]), &wanted), Decision::Behind);
        assert_eq!(decide(&ledger(&[]), &Seen(5, vec![]), &wanted), Decision::Grant);
    }

    #[test]
    fn what_is_stored_and_what_is_claimed_is_taken_from_others() {
        let (a, b) = (claim("a", "10.0.0.0/24"), claim("b", "10.0.0.0/16"));
        let stored = Seen(5, vec![("b", "10.0.0.0/16")]);
        assert_eq!(decide(&ledger(&[]), &stored, &a), Decision::Held(gateway("b")));
        assert_eq!(decide(&ledger(&[]), &stored, &claim("b", "10.0.0.0/24")), Decision::Grant);
        let empty = Seen(5, vec![]);
        assert_eq!(decide(&ledger(std::slice::from_ref(&b)), &empty, &a), Decision::InFlight(b.clone()));
        assert_eq!(decide(&ledger(&[b]), &empty, &claim("b", "10.0.0.0/24")), Decision::Grant);
        assert_eq!(decide(&ledger(&[claim("b", "10.1.0.0/16")]), &empty, &a), Decision::Grant);
    }

    #[test]
    fn only_contested_prefixes_are_denied() {
        let wanted = claim("a", "10.0.0.0/24");
        let stored = Seen(5, vec![("b", "10.0.0.0/16")]);
        assert_eq!(ledger(&[]).decide(&stored, &wanted, &[], &[]), Decision::Grant);
    }

    #[test]
    fn claims_are_limited_and_a_repeated_request_has_one() {
        let claims: Vec<_> = (0..MOST_CLAIMS)
            .map(|at| claim(&format!("s{at}"), &format!("10.{}.{}.0/24", at / 256, at % 256)))
            .collect();
        let mut full = ledger(&claims);
        let index = Seen(5, vec![]);
        assert_eq!(decide(&full, &index, &claim("a", "11.0.0.0/24")), Decision::Full);
        assert_eq!(decide(&full, &index, &claims[7]), Decision::Grant);
        full.grant(claims[7].clone());
        assert_eq!(full.claims.len(), MOST_CLAIMS);
    }

    #[test]
    fn a_release_raises_the_floor_and_never_lowers_it() {
        let mut ledger = ledger(&[claim("a", "10.0.0.0/24"), claim("b", "10.0.1.0/24")]);
        ledger.release("a 10.0.0.0/24", Some(ResourceVersion(9)));
        assert_eq!((ledger.floor.clone(), ledger.claims.len()), (floor(9), 1));
        ledger.release("b 10.0.1.0/24", Some(ResourceVersion(7)));
        ledger.release("unknown", None);
        assert_eq!((ledger.floor.clone(), ledger.claims.len()), (floor(9), 0));
    }

    #[test]
    fn claims_of_the_common_ledger_are_in_the_way_of_their_space_until_none_is_left() {
        let of_another = Claim { space: space("t"), ..claim("c", "10.0.0.0/8") };
        let mut common = Ledger::new(Scope::Gateways, floor(7));
        common.claims = vec![claim("b", "10.0.0.0/16"), of_another];
        let mut own = ledger(&[]);
        let (index, wanted) = (Seen(7, vec![]), claim("a", "10.0.0.0/24"));
        let honoured = own.honour(Some(&common));
        assert_eq!((honoured.len(), own.alone, own.floor.clone()), (1, false, floor(7)));
        let decide = |own: &Ledger, claim: &Claim| own.decide(&index, claim, &claim.keys, &honoured);
        assert_eq!(decide(&own, &wanted), Decision::InFlight(common.claims[0].clone()));
        assert_eq!(decide(&own, &claim("b", "10.0.0.0/24")), Decision::Grant);
        assert_eq!(decide(&own, &claim("a", "10.1.0.0/24")), Decision::Grant);
        // Stored at 9, and seen by whoever decides from here on.
        common.release("b 10.0.0.0/16", Some(ResourceVersion(9)));
        assert_eq!((own.honour(Some(&common)).len(), own.alone, own.floor.clone()), (0, true, floor(9)));
        let mut first = ledger(&[]);
        assert_eq!((first.honour(None).len(), first.alone, first.floor.clone()), (0, true, floor(5)));
    }

    #[test]
    fn in_a_common_ledger_only_claims_of_one_space_are_rivals() {
        let mut common = Ledger::new(Scope::Gateways, floor(5));
        common.grant(claim("a", "10.0.0.0/24"));
        let elsewhere = Claim { space: space("t"), ..claim("b", "10.0.0.0/24") };
        assert_eq!(decide(&common, &Seen(5, vec![]), &elsewhere), Decision::Grant);
        let rival = decide(&common, &Seen(5, vec![]), &claim("b", "10.0.0.0/24"));
        assert_eq!(rival, Decision::InFlight(common.claims[0].clone()));
    }

    #[test]
    fn the_very_request_or_a_later_one_fulfils_a_claim() {
        let mut claim = claim("a", "10.0.0.0/24");
        claim.generation = 3;
        assert!(claim.is_fulfilled_by("uid of a", 3) && claim.is_fulfilled_by("uid of a", 4));
        assert!(!claim.is_fulfilled_by("uid of a", 2) && !claim.is_fulfilled_by("another", 3));
    }
}
