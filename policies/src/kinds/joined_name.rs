//! Names that Kube-OVN makes in OVN of those of objects, and that two objects may come to have.

use std::fmt;

use super::{LONGEST_NAME, Object, SecurityGroup, Subnet, Vpc, is_name};

/// Of how many peerings of a Vpc, and of how many of its external Subnets, the ports are looked at.
pub const MOST_LINKS: usize = 200;

/// A name in OVN, with what it was made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JoinedName {
    /// That of a port between a router and something else.
    Port {
        /// Where the port is.
        side: Side,
        /// The Vpc of the router.
        router: String,
        /// The Subnet, or on the side of the router the other Vpc.
        other: String,
    },
    /// That of the port group of a SecurityGroup, without what stands before each.
    PortGroup(String),
}

/// On which side of the link between a router and something else a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// On the router: `<router>-<other>`.
    Router,
    /// On the switch: `<other>-<router>`.
    Switch,
}

impl Side {
    const ALL: [Self; 2] = [Self::Router, Self::Switch];

    /// The names of a router and something else, as they are joined; and such parts of a name as the router and the other.
    fn order<'n>(self, first: &'n str, second: &'n str) -> (&'n str, &'n str) {
        match self {
            Side::Router => (first, second),
            Side::Switch => (second, first),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Router => "router",
            Side::Switch => "switch",
        })
    }
}

impl JoinedName {
    /// That of a port between a router and something else; none where it is longer than two names.
    pub fn port(side: Side, router: &str, other: &str) -> Option<Self> {
        let is_short = router.len() + other.len() <= 2 * LONGEST_NAME;
        is_short.then(|| Self::Port { side, router: router.to_owned(), other: other.to_owned() })
    }

    /// What stands in OVN.
    pub fn joined(&self) -> String {
        match self {
            Self::Port { side, router, other } => {
                let (first, second) = side.order(router, other);
                format!("{first}-{second}")
            }
            Self::PortGroup(name) => name.clone(),
        }
    }

    /// Whether it is the same in OVN as another one that was made of something else.
    pub fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::PortGroup(one), Self::PortGroup(two)) => one == two,
            (Self::Port { side, .. }, Self::Port { side: of, .. }) => {
                side == of && self != other && self.joined() == other.joined()
            }
            _ => false,
        }
    }

    /// Calls `each` with the pairs of a router and something else, but the one that it was made of, that would have its name too:
    /// it may be cut at each hyphen.
    ///
    /// # Errors
    ///
    /// The first that `each` has.
    pub(crate) fn for_each_rival<E>(&self, mut each: impl FnMut(&str, &str) -> Result<(), E>) -> Result<(), E> {
        let Self::Port { side, router, other } = self else { return Ok(()) };
        let (own, joined) = (side.order(router, other).0.len(), self.joined());
        for (at, _) in joined.match_indices('-').filter(|(at, _)| *at != own) {
            if let (Some(left), Some(right)) = (joined.get(..at), joined.get(at + 1..))
                && is_name(left)
                && is_name(right)
            {
                let (router, other) = side.order(left, right);
                each(router, other)?;
            }
        }
        Ok(())
    }

    /// The one of such a text: `router-port/prod/eu-web`, `switch-port/prod/web`, `port-group/sg.web`.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        let (sort, rest) = text.split_once('/')?;
        if sort == "port-group" {
            return Some(Self::PortGroup(rest.to_owned()));
        }
        let side = Side::ALL.into_iter().find(|side| sort.strip_suffix("-port") == Some(&*side.to_string()))?;
        let (router, other) = rest.split_once('/')?;
        Some(Self::Port { side, router: router.to_owned(), other: other.to_owned() })
    }
}

/// The text that it can be read from.
impl fmt::Display for JoinedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port { side, router, other } => write!(f, "{side}-port/{router}/{other}"),
            Self::PortGroup(name) => write!(f, "port-group/{name}"),
        }
    }
}

impl Object {
    /// The names that it has in OVN, of those that others may come to have too.
    pub(super) fn joined_names(&self) -> Vec<JoinedName> {
        match self {
            Self::Vpc(vpc) => vpc.joined_names(),
            Self::Subnet(subnet) => subnet.joined_names(),
            Self::SecurityGroup(group) => group.joined_names(),
            _ => Vec::new(),
        }
    }
}

impl Vpc {
    /// Whether its router, or the switch beyond, has a port for something else because it says so itself.
    pub(crate) fn links_to(&self, side: Side, other: &str) -> (bool, bool) {
        (matches!(side, Side::Router) && self.peers_with(other), self.external_subnets.contains(other))
    }

    fn joined_names(&self) -> Vec<JoinedName> {
        let remote = self.peerings.iter().map(|peering| &peering.remote_vpc).take(MOST_LINKS);
        let peers = remote.map(|remote| (Side::Router, remote));
        let external = self.external_subnets.iter().take(MOST_LINKS);
        let ports = external.flat_map(|subnet| Side::ALL.map(|side| (side, subnet)));
        let names = peers.chain(ports).filter(|(_, other)| is_name(other));
        names.filter_map(|(side, other)| JoinedName::port(side, &self.meta.name, other)).collect()
    }
}

impl Subnet {
    /// Whether it has a port on the router of a VPC.
    pub(crate) fn is_on_router_of(&self, vpc: &str) -> bool {
        self.vpc.as_deref() == Some(vpc) && self.is_on_router()
    }

    fn joined_names(&self) -> Vec<JoinedName> {
        let router = self.vpc.as_deref().filter(|vpc| self.is_on_router() && is_name(vpc));
        let ports =
            |router| Side::ALL.into_iter().filter_map(move |side| JoinedName::port(side, router, &self.meta.name));
        router.into_iter().flat_map(ports).collect()
    }
}

impl SecurityGroup {
    /// None where no other name is folded to the same.
    fn joined_names(&self) -> Vec<JoinedName> {
        let folded = self.port_group();
        Some(folded).filter(|folded| folded.contains('.')).map(JoinedName::PortGroup).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kinds::{Kind, KubeOvn};

    fn names(kind: Kind, name: &str, spec: &Value) -> Vec<String> {
        let object = json!({"metadata": {"name": name}, "spec": spec});
        let names = Object::read(kind, &object, &KubeOvn::default()).0.joined_names();
        for name in &names {
            assert_eq!(JoinedName::of_text(&name.to_string()).as_ref(), Some(name));
        }
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_kind_says_the_names_that_it_has() {
        assert_eq!(
            names(Kind::Subnet, "web", &json!({"vpc": "prod-eu"})),
            ["router-port/prod-eu/web", "switch-port/prod-eu/web"]
        );
        assert_eq!(names(Kind::Subnet, "web", &json!({}))[0], "router-port/ovn-cluster/web");
        for none in [json!({"vpc": "v", "vlan": "w"}), json!({"vpc": "v", "provider": "n.ns"}), json!({"vpc": "a b"})] {
            assert_eq!(names(Kind::Subnet, "web", &none), [""; 0], "{none}");
        }
        let peering = |remote: &str| json!({"remoteVpc": remote});
        let spec = json!({"vpcPeerings": [peering("b-c"), peering("no name")], "extraExternalSubnets": ["wan"]});
        assert_eq!(names(Kind::Vpc, "a", &spec), ["router-port/a/b-c"]);
        let spec = json!({"enableExternal": true, "extraExternalSubnets": ["wan"]});
        let wanted = ["router-port/a/external", "switch-port/a/external", "router-port/a/wan", "switch-port/a/wan"];
        assert_eq!(names(Kind::Vpc, "a", &spec), wanted);
        let many: Vec<_> = (0..300).map(|at| peering(&format!("p{at}"))).collect();
        assert_eq!(names(Kind::Vpc, "a", &json!({"vpcPeerings": many})).len(), MOST_LINKS);
        assert_eq!(names(Kind::SecurityGroup, "sg-web", &json!({})), ["port-group/sg.web"]);
        assert_eq!(names(Kind::SecurityGroup, "web", &json!({})), [""; 0]);
        assert_eq!(names(Kind::Vip, "a-b", &json!({})), [""; 0]);
    }

    #[test]
    fn what_a_name_may_be_made_of_too_is_found_by_cutting_it() {
        let rivals = |side, router, other| {
            let mut found = Vec::new();
            let name = JoinedName::port(side, router, other).unwrap();
            let gather = |router: &str, other: &str| -> Result<(), ()> {
                assert!(name.excludes(&JoinedName::port(side, router, other).unwrap()));
                found.push(format!("{router} {other}"));
                Ok(())
            };
            name.for_each_rival(gather).unwrap();
            found
        };
        assert_eq!(rivals(Side::Router, "prod-eu", "web"), ["prod eu-web"]);
        assert_eq!(rivals(Side::Switch, "prod-eu", "web"), ["eu web-prod"]);
        assert_eq!(rivals(Side::Router, "a", "b-c-d"), ["a-b c-d", "a-b-c d"]);
        assert_eq!(rivals(Side::Router, "prod", "web"), [""; 0]);
        assert_eq!(rivals(Side::Router, "a-b", "-"), [""; 0]);
        assert_eq!(JoinedName::port(Side::Router, "a", &"b".repeat(600)), None);
    }

    #[test]
    fn what_is_no_name_of_ours_is_not_read() {
        for text in ["", "a-b", "router-port/a", "port/a/b", "router/a/b", "nothing/a/b"] {
            assert_eq!(JoinedName::of_text(text), None, "{text}");
        }
    }
}
