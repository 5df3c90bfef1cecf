//! What addresses are held in, each once.

use sha2::{Digest, Sha256};

use super::Kind;

/// How much of a name a human needs to recognise it.
const LONGEST_SLUG: usize = 40;

/// Within one of these an address is held once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressSpace {
    /// Subnets take their prefixes from it.
    Vpc(Shard),
    /// NAT gateways take their `lanIp` from the Subnet of this name.
    Subnet(String),
}

impl AddressSpace {
    /// The kind of those that hold its addresses.
    pub fn holders(&self) -> Kind {
        match self {
            AddressSpace::Vpc(_) => Kind::Subnet,
            AddressSpace::Subnet(_) => Kind::VpcNatGateway,
        }
    }

    /// The name of the objects that stand for it in a cluster. It is a valid name whatever the VPC is called: the part
    /// that people recognise, then a hash of the whole.
    pub fn object_name(&self) -> String {
        let (sort, name, vlan) = match self {
            AddressSpace::Vpc(shard) => ("vpc", shard.vpc.as_str(), shard.vlan.as_str()),
            AddressSpace::Subnet(subnet) => ("subnet", subnet.as_str(), ""),
        };
        let slug: String =
            name.chars().filter(|c| matches!(c, 'a'..='z' | '0'..='9' | '-')).take(LONGEST_SLUG).collect();
        let slug = Some(slug.trim_matches('-')).filter(|slug| !slug.is_empty()).unwrap_or("x");
        // Its length keeps the name from running over into the VLAN, whatever bytes it holds.
        let hash = Sha256::digest(format!("{sort}\0{}\0{name}\0{vlan}", name.len()));
        hash.iter().take(10).fold(format!("{sort}.{slug}."), |name, byte| format!("{name}{byte:02x}"))
    }
}

/// Subnets that share one address space: the same VPC and the same VLAN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    /// The VPC.
    pub vpc: String,
    /// The VLAN; empty for overlay networks.
    pub vlan: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_are_valid_and_tell_spaces_apart() {
        let vpc = |vpc: &str, vlan: &str| {
            AddressSpace::Vpc(Shard { vpc: vpc.to_owned(), vlan: vlan.to_owned() }).object_name()
        };
        assert_eq!(vpc("ovn-cluster", ""), "vpc.ovn-cluster.fc3831fc04dcf2aafb53");
        let names = [
            vpc("a", ""),
            vpc("a", "b"),
            vpc("ab", ""),
            vpc("", "ab"),
            vpc("A\u{0}/ä-", ""),
            vpc(&"y-".repeat(300), ""),
            AddressSpace::Subnet("a".to_owned()).object_name(),
        ];
        for name in &names {
            assert!(
                name.len() < 100
                    && name.split('.').all(|part| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')),
                "{name}"
            );
        }
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }
}
