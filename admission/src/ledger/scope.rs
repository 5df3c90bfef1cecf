//! Whose claims a ledger holds.

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
    /// The one that is common to an address space and others like it.
    pub fn common(space: &AddressSpace) -> Self {
        match space {
            AddressSpace::Vpc(_) => Self::Subnets,
            AddressSpace::Subnet(_) => Self::Gateways,
        }
    }

    /// Whether it is of no address space of its own.
    pub fn is_common(&self) -> bool {
        matches!(self, Self::Subnets | Self::Gateways)
    }

    /// The kind of those that claim in it.
    pub fn holders(&self) -> Kind {
        match self {
            Self::Own(space) => space.holders(),
            Self::Subnets => Kind::Subnet,
            Self::Gateways => Kind::VpcNatGateway,
        }
    }

    /// The name of its object.
    pub fn object_name(&self) -> String {
        match self {
            Self::Own(space) => space.object_name(),
            Self::Subnets | Self::Gateways => format!("common.{}", self.holders().plural()),
        }
    }
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::kinds::Shard;

    use super::*;

    #[test]
    fn what_claims_in_common_is_of_the_kind_of_the_space() {
        let shard = Shard { vpc: "common".to_owned(), vlan: String::new() };
        for space in [AddressSpace::Vpc(shard), AddressSpace::Subnet("common".to_owned())] {
            let common = Scope::common(&space);
            assert!(common.is_common());
            assert_eq!(common.holders(), space.holders());
            assert_ne!(common.object_name(), Scope::Own(space).object_name());
        }
        assert_eq!(Scope::Subnets.object_name(), "common.subnets");
        assert_eq!(Scope::Gateways.object_name(), "common.vpc-nat-gateways");
    }
}
