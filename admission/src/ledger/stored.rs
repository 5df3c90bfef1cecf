//! Between a ledger and the object that the API server keeps of it.

use std::net::IpAddr;

use ipnet::IpNet;
use vpcguard_policies::AddressSpace;
use vpcguard_policies::kinds::Shard;

use super::crd::{AddressLedgerSpec, Space, StoredClaim};
use super::{Claim, Ledger, Version};

/// The version of the format that this program reads and writes.
pub(crate) const FORMAT: i32 = 1;

/// Why an object is no ledger that this program may touch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Written by a newer program, whose rules this one does not know.
    #[error("it has format {0}, and this vpcguard knows formats up to {FORMAT}: finish the upgrade of vpcguard")]
    Newer(i32),
    /// A version that is no number.
    #[error("its floor {0:?} is no resourceVersion")]
    Floor(String),
    /// A claim without a prefix that can be read.
    #[error("its claim {id:?} has {cidr:?} for a prefix")]
    Prefix {
        /// The claim.
        id: String,
        /// What stands there.
        cidr: String,
    },
    /// A peer whose address cannot be read.
    #[error("its peer {0:?} is no IP address")]
    Peer(String),
}

impl Version {
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

impl TryFrom<&AddressLedgerSpec> for Ledger {
    type Error = FormatError;

    fn try_from(spec: &AddressLedgerSpec) -> Result<Self, FormatError> {
        if spec.format > FORMAT {
            return Err(FormatError::Newer(spec.format));
        }
        let floor = Version::parse(&spec.floor).ok_or_else(|| FormatError::Floor(spec.floor.clone()))?;
        let claims = spec.claims.iter().map(Claim::try_from).collect::<Result<_, _>>()?;
        let peers = spec.peers.iter().map(|peer| address(peer)).collect::<Result<_, _>>()?;
        Ok(Self { space: (&spec.space).into(), floor, claims, peers })
    }
}

impl From<&Ledger> for AddressLedgerSpec {
    fn from(ledger: &Ledger) -> Self {
        let of_lan_ips = matches!(ledger.space, AddressSpace::Subnet(_));
        let stored = |claim: &Claim| {
            let (subnet, gateway) =
                if of_lan_ips { (String::new(), claim.holder.clone()) } else { (claim.holder.clone(), String::new()) };
            StoredClaim {
                id: claim.id.clone(),
                subnet,
                gateway,
                object_uid: claim.object_uid.clone(),
                generation: claim.generation,
                cidrs: claim.prefixes.iter().map(ToString::to_string).collect(),
                deadline: claim.deadline.clone(),
                unproven: claim.unproven.map(|peer| peer.to_string()).unwrap_or_default(),
            }
        };
        Self {
            format: FORMAT,
            space: (&ledger.space).into(),
            floor: ledger.floor.0.to_string(),
            claims: ledger.claims.iter().map(stored).collect(),
            peers: ledger.peers.iter().map(ToString::to_string).collect(),
        }
    }
}

impl TryFrom<&StoredClaim> for Claim {
    type Error = FormatError;

    fn try_from(stored: &StoredClaim) -> Result<Self, FormatError> {
        let parse = |cidr: &String| {
            let prefix = cidr.parse::<IpNet>().ok();
            prefix.ok_or_else(|| FormatError::Prefix { id: stored.id.clone(), cidr: cidr.clone() })
        };
        Ok(Self {
            id: stored.id.clone(),
            holder: if stored.subnet.is_empty() { stored.gateway.clone() } else { stored.subnet.clone() },
            object_uid: stored.object_uid.clone(),
            generation: stored.generation,
            prefixes: stored.cidrs.iter().map(parse).collect::<Result<_, _>>()?,
            deadline: stored.deadline.clone(),
            unproven: Some(&stored.unproven).filter(|peer| !peer.is_empty()).map(|peer| address(peer)).transpose()?,
        })
    }
}

fn address(text: &str) -> Result<IpAddr, FormatError> {
    text.parse().map_err(|_| FormatError::Peer(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(space: AddressSpace) -> Ledger {
        let claim = Claim {
            id: "1".to_owned(),
            holder: "a".to_owned(),
            object_uid: "2".to_owned(),
            generation: 3,
            prefixes: vec!["10.0.0.0/24".parse().unwrap(), "fd00::/64".parse().unwrap()],
            deadline: "2026-01-01T00:00:00Z".to_owned(),
            unproven: None,
        };
        let of_nobody = Claim { id: "4".to_owned(), unproven: "10.0.0.9".parse().ok(), ..claim.clone() };
        let peers = vec!["fd00::1".parse().unwrap()];
        Ledger { claims: vec![claim, of_nobody], peers, ..Ledger::new(space, Version(7)) }
    }

    #[test]
    fn a_stored_ledger_reads_as_it_was_written() {
        let shard = Shard { vpc: "v".to_owned(), vlan: "w".to_owned() };
        for space in [AddressSpace::Vpc(shard), AddressSpace::Subnet("s".to_owned())] {
            let ledger = ledger(space);
            assert_eq!(Ledger::try_from(&AddressLedgerSpec::from(&ledger)), Ok(ledger));
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_touched() {
        let spec = AddressLedgerSpec::from(&ledger(AddressSpace::Subnet("s".to_owned())));
        let error = |change: fn(&mut AddressLedgerSpec)| {
            let mut changed = spec.clone();
            change(&mut changed);
            Ledger::try_from(&changed).unwrap_err()
        };
        assert_eq!(error(|spec| spec.format = 2), FormatError::Newer(2));
        assert_eq!(error(|spec| spec.floor = "x".to_owned()), FormatError::Floor("x".to_owned()));
        assert_eq!(error(|spec| spec.peers.push("x".to_owned())), FormatError::Peer("x".to_owned()));
        assert_eq!(error(|spec| spec.claims[0].unproven = "y".to_owned()), FormatError::Peer("y".to_owned()));
        let prefix = FormatError::Prefix { id: "1".to_owned(), cidr: "x".to_owned() };
        assert_eq!(error(|spec| spec.claims[0].cidrs.push("x".to_owned())), prefix);
    }
}
