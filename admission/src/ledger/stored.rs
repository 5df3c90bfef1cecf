//! Between a ledger and the object that the API server keeps of it.

use std::net::IpAddr;

use ipnet::IpNet;
use vpcguard_policies::AddressSpace;
use vpcguard_policies::kinds::Shard;

use super::crd::{AddressLedgerSpec, Space, StoredClaim};
use super::{Claim, Ledger, ResourceVersion, Scope};

/// The version of the format that this program reads and writes.
pub(crate) const FORMAT: i32 = 1;

/// Why an object is not a ledger that this program may touch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Written by a newer program, whose rules this one does not know.
    #[error("it has format {0}, and this vpcguard knows formats up to {FORMAT}: finish the upgrade of vpcguard")]
    Newer(i32),
    /// A version that is not a number.
    #[error("its floor {0:?} is not a resourceVersion")]
    Floor(String),
    /// A kind that claims nothing.
    #[error("it is common to all {0:?}, and these claim nothing")]
    Common(String),
    /// A claim of no address space.
    #[error("its claim {0:?} says no address space")]
    Space(String),
    /// A claim without a prefix that can be read.
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
        let common = [Self::Subnets, Self::Gateways].into_iter().find(|scope| scope.holders().name() == spec.common);
        match common {
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
        let floor = ResourceVersion::parse(&spec.floor).ok_or_else(|| FormatError::Floor(spec.floor.clone()))?;
        let claims = spec.claims.iter().map(|claim| read(claim, &scope)).collect::<Result<_, _>>()?;
        let peers = spec.peers.iter().map(|peer| address(peer)).collect::<Result<_, _>>()?;
        Ok(Self { scope, floor, claims, peers, alone: spec.alone })
    }
}

impl From<&Ledger> for AddressLedgerSpec {
    fn from(ledger: &Ledger) -> Self {
        let (space, common) = match &ledger.scope {
            Scope::Own(space) => (space.into(), String::new()),
            common => (Space::default(), common.holders().name().to_owned()),
        };
        Self {
            format: FORMAT,
            space,
            common,
            floor: ledger.floor.0.to_string(),
            claims: ledger.claims.iter().map(|claim| stored(claim, &ledger.scope)).collect(),
            peers: ledger.peers.iter().map(ToString::to_string).collect(),
            alone: ledger.alone,
        }
    }
}

fn stored(claim: &Claim, scope: &Scope) -> StoredClaim {
    let (subnet, gateway) = match claim.space {
        AddressSpace::Vpc(_) => (claim.holder.clone(), String::new()),
        AddressSpace::Subnet(_) => (String::new(), claim.holder.clone()),
    };
    StoredClaim {
        id: claim.id.clone(),
        space: scope.is_common().then(|| (&claim.space).into()),
        subnet,
        gateway,
        object_uid: claim.object_uid.clone(),
        generation: claim.generation,
        cidrs: claim.prefixes.iter().map(ToString::to_string).collect(),
        deadline: claim.deadline.clone(),
        unproven: claim.unproven.map(|peer| peer.to_string()).unwrap_or_default(),
    }
}

fn read(stored: &StoredClaim, scope: &Scope) -> Result<Claim, FormatError> {
    let parse = |cidr: &String| {
        let prefix = cidr.parse::<IpNet>().ok();
        prefix.ok_or_else(|| FormatError::Prefix { id: stored.id.clone(), cidr: cidr.clone() })
    };
    let space = match (scope, &stored.space) {
        (Scope::Own(space), _) => space.clone(),
        (Scope::Subnets | Scope::Gateways, Some(space)) => space.into(),
        (Scope::Subnets | Scope::Gateways, None) => return Err(FormatError::Space(stored.id.clone())),
    };
    Ok(Claim {
        id: stored.id.clone(),
        space,
        holder: if stored.subnet.is_empty() { stored.gateway.clone() } else { stored.subnet.clone() },
        object_uid: stored.object_uid.clone(),
        generation: stored.generation,
        prefixes: stored.cidrs.iter().map(parse).collect::<Result<_, _>>()?,
        deadline: stored.deadline.clone(),
        unproven: Some(&stored.unproven).filter(|peer| !peer.is_empty()).map(|peer| address(peer)).transpose()?,
    })
}

fn address(text: &str) -> Result<IpAddr, FormatError> {
    text.parse().map_err(|_| FormatError::Peer(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vpc() -> AddressSpace {
        AddressSpace::Vpc(Shard { vpc: "v".to_owned(), vlan: "w".to_owned() })
    }

    fn subnet() -> AddressSpace {
        AddressSpace::Subnet("s".to_owned())
    }

    fn ledger(scope: Scope, space: AddressSpace) -> Ledger {
        let claim = Claim {
            id: "1".to_owned(),
            space,
            holder: "a".to_owned(),
            object_uid: "2".to_owned(),
            generation: 3,
            prefixes: vec!["10.0.0.0/24".parse().unwrap(), "fd00::/64".parse().unwrap()],
            deadline: "2026-01-01T00:00:00Z".to_owned(),
            unproven: None,
        };
        let of_nobody = Claim { id: "4".to_owned(), unproven: "10.0.0.9".parse().ok(), ..claim.clone() };
        let peers = vec!["fd00::1".parse().unwrap()];
        Ledger { claims: vec![claim, of_nobody], peers, ..Ledger::new(scope, ResourceVersion(7)) }
    }

    #[test]
    fn a_stored_ledger_reads_as_it_was_written() {
        for space in [vpc(), subnet()] {
            for scope in [Scope::common(&space), Scope::Own(space.clone())] {
                let ledger = ledger(scope, space.clone());
                assert_eq!(Ledger::try_from(&AddressLedgerSpec::from(&ledger)), Ok(ledger));
            }
        }
        let alone = Ledger { alone: true, ..ledger(Scope::Own(vpc()), vpc()) };
        assert_eq!(Ledger::try_from(&AddressLedgerSpec::from(&alone)), Ok(alone));
    }

    #[test]
    fn one_of_before_there_was_a_common_ledger_does_not_stand_alone() {
        let spec = serde_json::json!({"format": 1, "space": {"vpc": "v"}, "floor": "7"});
        let read = Ledger::try_from(&serde_json::from_value::<AddressLedgerSpec>(spec).unwrap()).unwrap();
        assert!(!read.alone);
    }

    #[test]
    fn what_cannot_be_read_is_not_touched() {
        let error = |ledger: Ledger, change: fn(&mut AddressLedgerSpec)| {
            let mut changed = AddressLedgerSpec::from(&ledger);
            change(&mut changed);
            Ledger::try_from(&changed).unwrap_err()
        };
        let own = || ledger(Scope::Own(subnet()), subnet());
        assert_eq!(error(own(), |spec| spec.format = 2), FormatError::Newer(2));
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
