//! How much of what is stored must have been seen.

use std::collections::BTreeMap;

use vpcguard_policies::Kind;

use super::ResourceVersion;

/// A version for each kind that claims in a ledger: versions of different kinds are not to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Floor(BTreeMap<Kind, ResourceVersion>);

impl Floor {
    /// That of one kind.
    pub fn of(kind: Kind, version: ResourceVersion) -> Self {
        Self(BTreeMap::from([(kind, version)]))
    }

    /// The version of a kind.
    pub fn version(&self, kind: Kind) -> ResourceVersion {
        self.0.get(&kind).copied().unwrap_or_default()
    }

    /// Whether it says something of a kind. What nobody has listed when the ledger was made is to be listed first.
    pub fn knows(&self, kind: Kind) -> bool {
        self.0.contains_key(&kind)
    }

    /// Raises that of a kind, and never lowers it.
    pub fn raise(&mut self, kind: Kind, version: ResourceVersion) {
        let known = self.0.entry(kind).or_default();
        *known = version.max(*known);
    }

    /// Raises all to those of another one.
    pub fn raise_to(&mut self, other: &Self) {
        for (kind, version) in other.iter() {
            self.raise(kind, version);
        }
    }

    /// Whether it is nowhere below another one.
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|(kind, version)| self.version(kind) >= version)
    }

    /// It as a text, `Kind=number,Kind=number`.
    pub fn to_text(&self) -> String {
        self.iter().map(|(kind, version)| format!("{kind}={}", version.0)).collect::<Vec<_>>().join(",")
    }

    /// The one of such a text. A newer replica may say something of kinds that are not known, which is left out.
    pub fn of_text(text: &str) -> Option<Self> {
        let versioned = |text: &str| {
            let (kind, version) = text.split_once('=')?;
            let known = Kind::ALL.iter().copied().find(|known| known.name() == kind);
            let version = ResourceVersion::parse(version)?;
            Some(known.map(|kind| (kind, version)))
        };
        if text.is_empty() {
            return Some(Self::default());
        }
        text.split(',').map(versioned).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect())
    }

    /// All versions, in the order of their kinds.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, ResourceVersion)> + '_ {
        self.0.iter().map(|(kind, version)| (*kind, *version))
    }
}

impl FromIterator<(Kind, ResourceVersion)> for Floor {
    fn from_iter<I: IntoIterator<Item = (Kind, ResourceVersion)>>(versions: I) -> Self {
        Self(versions.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_different_kinds_are_not_compared() {
        let mut floor = Floor::of(Kind::Subnet, ResourceVersion(7));
        floor.raise(Kind::Vpc, ResourceVersion(3));
        floor.raise(Kind::Subnet, ResourceVersion(5));
        assert_eq!((floor.version(Kind::Subnet), floor.version(Kind::Vpc)), (ResourceVersion(7), ResourceVersion(3)));
        let other = Floor::from_iter([(Kind::Vpc, ResourceVersion(4)), (Kind::Vlan, ResourceVersion(1))]);
        assert!(!floor.covers(&other) && !floor.knows(Kind::Vlan));
        floor.raise_to(&other);
        assert!(floor.covers(&other) && floor.knows(Kind::Vlan));
        assert_eq!(floor.version(Kind::Subnet), ResourceVersion(7));
    }
}
