//! Whose claims a ledger holds.

use vpcguard_policies::kinds::SharedLedger;
use vpcguard_policies::{AddressSpace, Kind};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Those of one address space.
    Own(AddressSpace),
    /// Those of all Subnets whose VPC is not there: a name costs nothing, so it gets no object of its own.
    Subnets,
    /// Those of all NAT gateways whose Subnet is not there.
    Gateways,
}

impl Scope {
    /// The one that is common to an address space and others like it; none to what is claimed in shared ledgers, which are
    /// always there.
    pub fn common(space: &AddressSpace) -> Option<Self> {
        match space {
            AddressSpace::Vpc(_) => Some(Self::Subnets),
            AddressSpace::Subnet(_) => Some(Self::Gateways),
            AddressSpace::Shared(_) => None,
        }
    }

    /// Whether it is of no address space of its own.
    pub fn is_common(&self) -> bool {
        matches!(self, Self::Subnets | Self::Gateways)
    }

    /// The one of many, if it is such.
    pub fn shared(&self) -> Option<SharedLedger> {
        match self {
            Self::Own(AddressSpace::Shared(shared)) => Some(*shared),
            _ => None,
        }
    }

    /// The kinds of those that claim in it.
    pub fn holders(&self) -> &'static [Kind] {
        match self {
            Self::Own(space) => space.holders(),
            Self::Subnets => &[Kind::Subnet],
            Self::Gateways => &[Kind::VpcNatGateway],
        }
    }

    /// What `spec.common` says of it; empty where that says nothing.
    pub(super) fn common_name(&self) -> String {
        match self {
            Self::Own(AddressSpace::Shared(shared)) => shared.name(),
            Self::Own(_) => String::new(),
            Self::Subnets => Kind::Subnet.name().to_owned(),
            Self::Gateways => Kind::VpcNatGateway.name().to_owned(),
        }
    }

    /// The name of its object.
    pub fn object_name(&self) -> String {
        match self {
            Self::Own(space) => space.object_name(),
            Self::Subnets => format!("common.{}", Kind::Subnet.plural()),
            Self::Gateways => format!("common.{}", Kind::VpcNatGateway.plural()),
        }
    }
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::kinds::{Shard, Sort};

    use super::*;

    #[test]
    fn what_claims_in_common_is_of_the_kind_of_the_space() {
        let shard = Shard { vpc: "common".to_owned(), vlan: String::new() };
        for space in [AddressSpace::Vpc(shard), AddressSpace::Subnet("common".to_owned())] {
            let common = Scope::common(&space).unwrap();
            assert!(common.is_common());
            assert_eq!(common.holders(), space.holders());
            assert_ne!(common.object_name(), Scope::Own(space).object_name());
        }
        assert_eq!(Scope::Subnets.object_name(), "common.subnets");
        assert_eq!(Scope::Gateways.object_name(), "common.vpc-nat-gateways");
    }

    #[test]
    fn what_many_share_has_nothing_in_common_with_others() {
        let space = AddressSpace::Shared(SharedLedger { sort: Sort::Nat, number: 3 });
        assert_eq!(Scope::common(&space), None);
        let scope = Scope::Own(space);
        assert!(!scope.is_common() && scope.shared().is_some());
        assert_eq!(scope.object_name(), "nat-03");
    }
}
