//! Between a ledger and the object that the API server keeps of it.

use std::cmp::Ordering;
use std::net::IpAddr;

use vpcguard_policies::kinds::{Shard, SharedLedger};
use vpcguard_policies::{AddressSpace, ClaimKey, Holder};

use super::crd::{AddressLedgerSpec, Space, StoredClaim};
use super::{Claim, Floor, Ledger, ResourceVersion, Scope};

/// The latest version of the format that this program reads and writes.
pub(crate) const FORMAT: i32 = 2;

/// That of ledgers of Subnets' prefixes and of lanIps. Replicas of before there were others write them too.
const FIRST_FORMAT: i32 = 1;

/// Why an object is not a ledger that this program may touch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Written by a newer program, whose rules this one does not know.
    #[error("it has format {0}, which this vpcguard does not know of such ledgers: finish the upgrade of vpcguard")]
    Newer(i32),
    /// One that never was in this format.
    #[error("it has format {0}, which these ledgers do not have")]
    Other(i32),
    /// A version that is not a number, or not of a kind that claims here.
    #[error("its floor {0:?} is not a resourceVersion")]
    Floor(String),
    /// A kind that claims nothing.
    #[error("it is common to all {0:?}, and these claim nothing")]
    Common(String),
    /// A claim of no address space.
    #[error("its claim {0:?} says no address space")]
    Space(String),
    /// A claim of nobody.
    #[error("its claim {0:?} says no holder")]
    Holder(String),
    /// A claim of something that cannot be read.
    #[error("its claim {id:?} has {cidr:?} for a prefix")]
    Prefix {
        /// The claim.
        id: String,
        /// What stands there.
        cidr: String,
    },
    /// A peer whose address cannot be read.
    #[error("its peer {0:?} is not an IP address")]
    Peer(String),
}

impl ResourceVersion {
    /// Reads a resourceVersion.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl From<&AddressSpace> for Space {
    fn from(space: &AddressSpace) -> Self {
        match space.clone() {
            AddressSpace::Vpc(Shard { vpc, vlan }) => Self { vpc, vlan, subnet: String::new() },
            AddressSpace::Subnet(subnet) => Self { subnet, ..Self::default() },
            AddressSpace::Shared(_) => Self::default(),
        }
    }
}

impl From<&Space> for AddressSpace {
    fn from(space: &Space) -> Self {
        match space.clone() {
            Space { vpc, vlan, subnet } if subnet.is_empty() => Self::Vpc(Shard { vpc, vlan }),
            Space { subnet, .. } => Self::Subnet(subnet),
        }
    }
}

impl TryFrom<&AddressLedgerSpec> for Scope {
    type Error = FormatError;

    fn try_from(spec: &AddressLedgerSpec) -> Result<Self, FormatError> {
        let common = [Self::Subnets, Self::Gateways].into_iter().find(|scope| scope.common_name() == spec.common);
        let shared = SharedLedger::of_name(&spec.common).map(|shared| Self::Own(AddressSpace::Shared(shared)));
        match common.or(shared) {
            Some(common) => Ok(common),
            None if spec.common.is_empty() => Ok(Self::Own((&spec.space).into())),
            None => Err(FormatError::Common(spec.common.clone())),
        }
    }
}

impl TryFrom<&AddressLedgerSpec> for Ledger {
    type Error = FormatError;

    fn try_from(spec: &AddressLedgerSpec) -> Result<Self, FormatError> {
        if spec.format > FORMAT {
            return Err(FormatError::Newer(spec.format));
        }
        let scope = Scope::try_from(spec)?;
        match spec.format.cmp(&format_of(&scope)) {
            Ordering::Greater => return Err(FormatError::Newer(spec.format)),
            Ordering::Less => return Err(FormatError::Other(spec.format)),
            Ordering::Equal => {}
        }
        let floor = floor_of(&spec.floor, &scope).ok_or_else(|| FormatError::Floor(spec.floor.clone()))?;
        let claims = spec.claims.iter().map(|claim| read(claim, &scope)).collect::<Result<_, _>>()?;
        let peers = spec.peers.iter().map(|peer| address(peer)).collect::<Result<_, _>>()?;
        Ok(Self { scope, floor, claims, peers, alone: spec.alone })
    }
}

impl From<&Ledger> for AddressLedgerSpec {
    fn from(ledger: &Ledger) -> Self {
        let space = match &ledger.scope {
            Scope::Own(space) => space.into(),
            Scope::Subnets | Scope::Gateways => Space::default(),
        };
        Self {
            format: format_of(&ledger.scope),
            space,
            common: ledger.scope.common_name(),
            floor: floor_text(&ledger.floor, &ledger.scope),
            claims: ledger.claims.iter().map(|claim| stored(claim, &ledger.scope)).collect(),
            peers: ledger.peers.iter().map(ToString::to_string).collect(),
            alone: ledger.alone,
        }
    }
}

fn format_of(scope: &Scope) -> i32 {
    if scope.shared().is_some() { FORMAT } else { FIRST_FORMAT }
}

/// A number where one kind claims, and else `Kind=number` of each: all within the fields of the first format, so that no
/// definition that is older drops anything.
fn floor_text(floor: &Floor, scope: &Scope) -> String {
    match (scope.shared(), scope.holders()) {
        (None, [kind, ..]) => floor.version(*kind).0.to_string(),
        _ => floor.to_text(),
    }
}

fn floor_of(text: &str, scope: &Scope) -> Option<Floor> {
    match (scope.shared(), scope.holders()) {
        (None, [kind, ..]) => Some(Floor::of(*kind, ResourceVersion::parse(text)?)),
        // A newer replica may let other kinds claim here. Of one that this does not know it has nothing to see.
        _ => Floor::of_text(text),
    }
}

fn stored(claim: &Claim, scope: &Scope) -> StoredClaim {
    let name = || claim.holder.name.clone();
    let (subnet, gateway) = match claim.space {
        AddressSpace::Vpc(_) => (name(), String::new()),
        AddressSpace::Subnet(_) => (String::new(), name()),
        AddressSpace::Shared(_) => (String::new(), claim.holder.to_text()),
    };
    StoredClaim {
        id: claim.id.clone(),
        space: scope.is_common().then(|| (&claim.space).into()),
        subnet,
        gateway,
        object_uid: claim.object_uid.clone(),
        generation: claim.generation,
        cidrs: ClaimKey::to_texts(&claim.keys),
        deadline: claim.deadline.clone(),
        unproven: claim.unproven.map(|peer| peer.to_string()).unwrap_or_default(),
    }
}

fn read(stored: &StoredClaim, scope: &Scope) -> Result<Claim, FormatError> {
    let parse = |text: &String| {
        let keys = ClaimKey::of_text(text);
        // Each sort of keys has its ledgers.
        let is_here = |key: &ClaimKey| SharedLedger::of(key) == scope.shared();
        let keys = keys.filter(|keys| keys.iter().all(is_here));
        keys.ok_or_else(|| FormatError::Prefix { id: stored.id.clone(), cidr: text.clone() })
    };
    let space = match (scope, &stored.space) {
        (Scope::Own(space), _) => space.clone(),
        (Scope::Subnets | Scope::Gateways, Some(space)) => space.into(),
        (Scope::Subnets | Scope::Gateways, None) => return Err(FormatError::Space(stored.id.clone())),
    };
    let name = if stored.subnet.is_empty() { &stored.gateway } else { &stored.subnet };
    let holder = match (scope.shared(), scope.holders()) {
        (None, [kind, ..]) => Holder::new(*kind, name),
        _ => Holder::of_text(name).ok_or_else(|| FormatError::Holder(stored.id.clone()))?,
    };
    Ok(Claim {
        id: stored.id.clone(),
        space,
        holder,
        object_uid: stored.object_uid.clone(),
        generation: stored.generation,
        keys: stored.cidrs.iter().map(parse).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(),
        deadline: stored.deadline.clone(),
        unproven: Some(&stored.unproven).filter(|peer| !peer.is_empty()).map(|peer| address(peer)).transpose()?,
    })
}

fn address(text: &str) -> Result<IpAddr, FormatError> {
    text.parse().map_err(|_| FormatError::Peer(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::Kind;
    use vpcguard_policies::kinds::Sort;

    use super::*;

    fn vpc() -> AddressSpace {
        AddressSpace::Vpc(Shard { vpc: "v".to_owned(), vlan: "w".to_owned() })
    }

    fn subnet() -> AddressSpace {
        AddressSpace::Subnet("s".to_owned())
    }

    fn shared() -> AddressSpace {
        AddressSpace::Shared(SharedLedger { sort: Sort::Nat, number: 2 })
    }

    fn ledger(scope: Scope, space: AddressSpace) -> Ledger {
        let kind = scope.holders()[0];
        let keys = match space {
            AddressSpace::Shared(_) => ["floating iptables/e", "shared-port iptables/e tcp/80"],
            _ => ["10.0.0.0/24", "fd00::/64"],
        };
        let claim = Claim {
            id: "1".to_owned(),
            space,
            holder: Holder::new(kind, "a"),
            object_uid: "2".to_owned(),
            generation: 3,
            keys: keys.iter().flat_map(|text| ClaimKey::of_text(text).unwrap()).collect(),
            deadline: "2026-01-01T00:00:00Z".to_owned(),
            unproven: None,
        };
        let of_nobody = Claim { id: "4".to_owned(), unproven: "10.0.0.9".parse().ok(), ..claim.clone() };
        let peers = vec!["fd00::1".parse().unwrap()];
        Ledger { claims: vec![claim, of_nobody], peers, ..Ledger::new(scope, Floor::of(kind, ResourceVersion(7))) }
    }

    #[test]
    fn a_stored_ledger_reads_as_it_was_written() {
        for space in [vpc(), subnet()] {
            for scope in [Scope::common(&space).unwrap(), Scope::Own(space.clone())] {
                let ledger = ledger(scope, space.clone());
                assert_eq!(Ledger::try_from(&AddressLedgerSpec::from(&ledger)), Ok(ledger));
            }
        }
        let mut shared = ledger(Scope::Own(shared()), shared());
        shared.floor.raise(Kind::IptablesDnatRule, ResourceVersion(9));
        assert_eq!(Ledger::try_from(&AddressLedgerSpec::from(&shared)), Ok(shared));
        let alone = Ledger { alone: true, ..ledger(Scope::Own(vpc()), vpc()) };
        assert_eq!(Ledger::try_from(&AddressLedgerSpec::from(&alone)), Ok(alone));
    }

    #[test]
    fn one_of_before_there_was_a_common_ledger_does_not_stand_alone() {
        let spec = serde_json::json!({"format": 1, "space": {"vpc": "v"}, "floor": "7"});
        let read = Ledger::try_from(&serde_json::from_value::<AddressLedgerSpec>(spec).unwrap()).unwrap();
        assert!(!read.alone);
    }

    /// Who knows the first format alone reads each field, and touches nothing.
    #[test]
    fn what_many_share_is_written_within_the_fields_of_the_first_format() {
        let spec = AddressLedgerSpec::from(&ledger(Scope::Own(shared()), shared()));
        let expected = serde_json::json!({
            "format": 2,
            "space": {},
            "common": "nat-02",
            "floor": "IptablesFIPRule=7",
            "claims": [
                {
                    "id": "1", "gateway": "IptablesFIPRule/a", "objectUid": "2", "generation": 3,
                    "cidrs": ["floating iptables/e", "shared-port iptables/e tcp/80"], "deadline": "2026-01-01T00:00:00Z",
                },
                {
                    "id": "4", "gateway": "IptablesFIPRule/a", "objectUid": "2", "generation": 3,
                    "cidrs": ["floating iptables/e", "shared-port iptables/e tcp/80"], "deadline": "2026-01-01T00:00:00Z",
                    "unproven": "10.0.0.9",
                },
            ],
            "peers": ["fd00::1"],
        });
        assert_eq!(serde_json::to_value(&spec).unwrap(), expected);
    }

    /// As a replica of the release before wrote them.
    #[test]
    fn recorded_ledgers_of_the_first_format_are_read_and_written_as_they_are() {
        for recorded in [
            serde_json::json!({
                "format": 1, "space": {"vpc": "v", "vlan": "w"}, "floor": "4711",
                "claims": [{
                    "id": "5a2c", "subnet": "a", "objectUid": "91b3", "generation": 1,
                    "cidrs": ["10.0.0.0/16", "fd00::/64"], "deadline": "2026-11-23T10:00:00Z",
                }],
                "peers": ["192.0.2.1"], "alone": true,
            }),
            serde_json::json!({
                "format": 1, "space": {"subnet": "s"}, "floor": "12",
                "claims": [{
                    "id": "5a2c 192.0.2.9", "gateway": "g", "objectUid": "91b3", "generation": 2,
                    "cidrs": ["10.0.0.254/32"], "deadline": "2026-11-23T10:00:00Z", "unproven": "192.0.2.9",
                }],
            }),
            serde_json::json!({
                "format": 1, "space": {}, "common": "Subnet", "floor": "12",
                "claims": [{
                    "id": "5a2c", "space": {"vpc": "nowhere"}, "subnet": "a", "objectUid": "91b3", "generation": 1,
                    "cidrs": ["10.0.0.0/16"], "deadline": "2026-11-23T10:00:00Z",
                }],
            }),
            serde_json::json!({"format": 1, "space": {}, "common": "VpcNatGateway", "floor": "12", "claims": []}),
        ] {
            let spec: AddressLedgerSpec = serde_json::from_value(recorded.clone()).unwrap();
            let read = Ledger::try_from(&spec).unwrap();
            assert_eq!(serde_json::to_value(AddressLedgerSpec::from(&read)).unwrap(), recorded);
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_touched() {
        let error = |ledger: Ledger, change: fn(&mut AddressLedgerSpec)| {
            let mut changed = AddressLedgerSpec::from(&ledger);
            change(&mut changed);
            Ledger::try_from(&changed).unwrap_err()
        };
        let own = || ledger(Scope::Own(subnet()), subnet());
        assert_eq!(error(own(), |spec| spec.format = 3), FormatError::Newer(3));
        assert_eq!(error(own(), |spec| spec.format = 2), FormatError::Newer(2));
        let of_many = || ledger(Scope::Own(shared()), shared());
        assert_eq!(error(of_many(), |spec| spec.format = 1), FormatError::Other(1));
        assert_eq!(error(of_many(), |spec| spec.floor = "7".to_owned()), FormatError::Floor("7".to_owned()));
        assert_eq!(
            error(of_many(), |spec| spec.common = "nat-16".to_owned()),
            FormatError::Common("nat-16".to_owned())
        );
        assert_eq!(
            error(of_many(), |spec| spec.claims[0].gateway = "a".to_owned()),
            FormatError::Holder("1".to_owned())
        );
        let elsewhere = FormatError::Prefix { id: "1".to_owned(), cidr: "10.0.0.0/24".to_owned() };
        assert_eq!(error(of_many(), |spec| spec.claims[0].cidrs[0] = "10.0.0.0/24".to_owned()), elsewhere);
        assert_eq!(error(own(), |spec| spec.floor = "x".to_owned()), FormatError::Floor("x".to_owned()));
        assert_eq!(error(own(), |spec| spec.peers.push("x".to_owned())), FormatError::Peer("x".to_owned()));
        assert_eq!(error(own(), |spec| spec.claims[0].unproven = "y".to_owned()), FormatError::Peer("y".to_owned()));
        let prefix = FormatError::Prefix { id: "1".to_owned(), cidr: "x".to_owned() };
        assert_eq!(error(own(), |spec| spec.claims[0].cidrs.push("x".to_owned())), prefix);
        assert_eq!(error(own(), |spec| spec.common = "Pod".to_owned()), FormatError::Common("Pod".to_owned()));
        let no_space = error(ledger(Scope::Subnets, vpc()), |spec| spec.claims[0].space = None);
        assert_eq!(no_space, FormatError::Space("1".to_owned()));
    }
}
