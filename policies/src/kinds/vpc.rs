//! A virtual private cloud: in OVN, a logical router.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Index, Kind, Meta, ObjectRef, Resource};
use crate::field::FieldPath;
use crate::gather::gathered;
use crate::json::Reader;
use crate::kinds::KubeOvn;
use crate::net::{Cidr, list_items, parse_ip};

/// Namespaces that a VPC admits without binding them to it.
pub const GUEST_NAMESPACES: &str = "vpcguard.io/guest-namespaces";
/// Namespaces that may have egress gateways in a VPC, and take the traffic of others there.
pub const EGRESS_NAMESPACES: &str = "vpcguard.io/egress-namespaces";
/// Switches a VPC's load balancer.
pub const VPC_LB: &str = "ovn.kubernetes.io/vpc_lb";
/// The label of a VPC that Kube-OVN does not reconcile.
pub const VPC_EXTERNAL: &str = "ovn.kubernetes.io/vpc_external";

/// What is read of a Vpc that is looked up.
pub(super) const FIELDS: &[&str] = &[
    "spec.bfdPort",
    "spec.defaultSubnet",
    "spec.enableBfd",
    "spec.enableExternal",
    "spec.extraExternalSubnets",
    "spec.namespaces",
    "spec.policyRoutes",
    "spec.staticRoutes",
    "spec.vpcPeerings",
    "status.sctpLoadBalancer",
    "status.sctpSessionLoadBalancer",
    "status.tcpLoadBalancer",
    "status.tcpSessionLoadBalancer",
    "status.udpLoadBalancer",
    "status.udpSessionLoadBalancer",
];

/// Where a Vpc's status names its load balancers.
const LOAD_BALANCERS: [&str; 6] = [
    "sctpLoadBalancer",
    "sctpSessionLoadBalancer",
    "tcpLoadBalancer",
    "tcpSessionLoadBalancer",
    "udpLoadBalancer",
    "udpSessionLoadBalancer",
];

/// A Vpc.
#[derive(Clone, Debug, Default)]
pub struct Vpc {
    /// The metadata.
    pub meta: Meta,
    /// The namespaces that may use it; if empty, all may.
    pub namespaces: Vec<String>,
    /// The Subnet of Pods that name none.
    pub default_subnet: String,
    /// Routes by destination or source.
    pub static_routes: Vec<StaticRoute>,
    /// Routes by match.
    pub policy_routes: Vec<PolicyRoute>,
    /// Links to other VPCs.
    pub peerings: Vec<Peering>,
    /// Whether the router is attached to the external Subnet.
    pub enable_external: bool,
    /// Further external Subnets.
    pub extra_external_subnets: Vec<String>,
    /// Whether the router watches next hops by BFD, as it is written for routes with a `bfdId`.
    pub enable_bfd: bool,
    /// Whether the router has a BFD port.
    pub has_bfd_port: bool,
    /// The address of the router's BFD port; empty without one.
    pub bfd_port_ip: String,
    /// The external Subnets that the router has a port in.
    pub external_subnets: BTreeSet<String>,
    /// What Kube-OVN calls its load balancers, as far as it reports them.
    pub load_balancers: BTreeSet<String>,
    peers: BTreeSet<String>,
    bound: BTreeSet<String>,
    guests: BTreeSet<String>,
    egress: BTreeSet<String>,
}

/// A static route of a Vpc.
#[derive(Clone, Debug, Default)]
pub struct StaticRoute {
    /// The prefix, or a bare address.
    pub cidr: String,
    /// The next hop.
    pub next_hop_ip: String,
    /// `policyDst`, which is also what an empty one means, or `policySrc`.
    pub policy: String,
    /// The route table; empty for the main one.
    pub route_table: String,
    /// The BFD session by which OVN tells equal routes apart; empty without one.
    pub bfd_id: String,
}

/// A policy route of a Vpc.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyRoute {
    /// The priority; the highest wins. 0 where it is not written.
    pub priority: i64,
    /// Which packets it is about, in OVN's language.
    pub matches: String,
    /// `allow`, `drop` or `reroute`.
    pub action: String,
    /// A comma list of next hops, for `reroute`.
    pub next_hop_ip: String,
}

/// A link to another Vpc.
#[derive(Clone, Debug, Default)]
pub struct Peering {
    /// The name of the other Vpc.
    pub remote_vpc: String,
    /// This side's address on the link, with its prefix length; a comma list, an address family each.
    pub local_connect_ip: String,
}

impl Resource for Vpc {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(FIELDS);

    const INDEXES: &'static [Index<Self>] = &[
        Index {
            name: Self::BY_NAMESPACE,
            words: |vpc, each| vpc.namespaces.iter().for_each(|namespace| each(namespace)),
        },
        Index {
            name: Self::BY_ADMITTED,
            words: |vpc, each| {
                let others = vpc.egress.iter().filter(|namespace| !vpc.binds(namespace) && !vpc.invites(namespace));
                vpc.bound.union(&vpc.guests).chain(others).for_each(|namespace| each(namespace));
            },
        },
    ];

    fn read(_: Kind, object: &Reader, kube_ovn: &KubeOvn) -> Self {
        let meta = Meta::read(object);
        let (spec, status) = (object.at("spec"), object.at("status"));
        let peerings: Vec<Peering> = spec.at("vpcPeerings").items().map(|peering| Peering::read(&peering)).collect();
        let enable_external = spec.at("enableExternal").flag();
        let extra_external_subnets = spec.at("extraExternalSubnets").strings();
        let external = extra_external_subnets.iter().chain([&kube_ovn.external_subnet]).filter(|_| enable_external);
        let namespaces = spec.at("namespaces").strings();
        let bfd_port = spec.at("bfdPort");
        let has_bfd_port = bfd_port.at("enabled").flag();
        Self {
            default_subnet: spec.at("defaultSubnet").string(),
            static_routes: spec.at("staticRoutes").items().map(|route| StaticRoute::read(&route)).collect(),
            policy_routes: spec.at("policyRoutes").items().map(|route| PolicyRoute::read(&route)).collect(),
            external_subnets: gathered(external.cloned()),
            peers: gathered(peerings.iter().map(|peering| peering.remote_vpc.clone())),
            peerings,
            enable_external,
            load_balancers: gathered(
                LOAD_BALANCERS.into_iter().filter_map(|field| status.at(field).text().map(str::to_owned)),
            ),
            extra_external_subnets,
            enable_bfd: spec.at("enableBfd").flag(),
            has_bfd_port,
            bfd_port_ip: if has_bfd_port { bfd_port.at("ip").string() } else { String::new() },
            bound: gathered(namespaces.iter().cloned()),
            guests: listed(&meta, GUEST_NAMESPACES),
            egress: listed(&meta, EGRESS_NAMESPACES),
            namespaces,
            meta,
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Vpc {
    /// By the namespaces that they list.
    pub const BY_NAMESPACE: &'static str = "namespace";
    /// By the namespaces whose Pods, or whose egress gateways, may be in them.
    pub const BY_ADMITTED: &'static str = "admitted";

    /// Whether its list names a namespace, which binds the namespace to this VPC.
    pub fn binds(&self, namespace: &str) -> bool {
        self.bound.contains(namespace)
    }

    /// Whether it admits a namespace without binding it.
    pub fn invites(&self, namespace: &str) -> bool {
        self.guests.contains(namespace)
    }

    /// Whether it is open to a namespace by what it says itself: it lists or invites it, or it lists none, which is not a limit.
    pub fn admits(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.binds(namespace) || self.invites(namespace)
    }

    /// Whether a namespace may have egress gateways in it that take the traffic of others. This admits nothing else.
    pub fn lets_out(&self, namespace: &str) -> bool {
        self.egress.contains(namespace)
    }

    /// The namespaces that it admits without binding them.
    pub fn guests(&self) -> impl Iterator<Item = &str> {
        self.guests.iter().map(String::as_str)
    }

    /// The namespaces that may have egress gateways in it.
    pub fn egress_namespaces(&self) -> impl Iterator<Item = &str> {
        self.egress.iter().map(String::as_str)
    }

    /// Whether it has a peering with a VPC.
    pub fn peers_with(&self, vpc: &str) -> bool {
        self.peers.contains(vpc)
    }

    /// Whether Kube-OVN leaves it to somebody else.
    pub fn is_external(&self) -> bool {
        self.meta.labels.get(VPC_EXTERNAL).is_some_and(|value| value == "true")
    }

    /// Names this object.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::Vpc, &self.meta.name)
    }
}

/// The namespaces in an annotation of an administrator.
fn listed(meta: &Meta, key: &str) -> BTreeSet<String> {
    gathered(list_items(meta.annotation(key).unwrap_or_default()).map(str::to_owned))
}

impl StaticRoute {
    fn read(route: &Reader) -> Self {
        Self {
            cidr: route.at("cidr").string(),
            next_hop_ip: route.at("nextHopIP").string(),
            policy: route.at("policy").string(),
            route_table: route.at("routeTable").string(),
            bfd_id: route.at("bfdId").string(),
        }
    }

    /// The path of the route of this number.
    pub fn path(index: usize) -> FieldPath {
        FieldPath::of("spec.staticRoutes").index(index)
    }

    /// Whether it decides where everything goes that no other route of the main table knows.
    pub fn is_default(&self) -> bool {
        let by_destination = matches!(self.policy.as_str(), "" | "policyDst");
        let everything = Cidr::parse_trimmed(&self.cidr).is_some_and(|cidr| cidr.network().prefix_len() == 0);
        by_destination && everything && self.route_table.is_empty()
    }
}

impl PolicyRoute {
    /// The path of the policy route of this number.
    pub fn path(index: usize) -> FieldPath {
        FieldPath::of("spec.policyRoutes").index(index)
    }

    /// The next hops that parse, where it has any: whitespace is trimmed, as Kube-OVN's controller does.
    pub fn next_hops(&self) -> impl Iterator<Item = (&str, IpAddr)> {
        let reroutes = self.action == "reroute";
        let parts = self.next_hop_ip.split(',').map(str::trim).filter(move |_| reroutes);
        parts.filter_map(|part| Some((part, parse_ip(part)?)))
    }

    fn read(route: &Reader) -> Self {
        Self {
            priority: route.at("priority").integer().unwrap_or(0),
            matches: route.at("match").string(),
            action: route.at("action").string(),
            next_hop_ip: route.at("nextHopIP").string(),
        }
    }
}

impl Peering {
    /// The path of the peering of this number.
    pub fn path(index: usize) -> FieldPath {
        FieldPath::of("spec.vpcPeerings").index(index)
    }

    /// Its networks on the link that parse.
    pub fn links(&self) -> impl Iterator<Item = Cidr> + '_ {
        list_items(&self.local_connect_ip).filter_map(Cidr::parse_trimmed)
    }

    fn read(peering: &Reader) -> Self {
        Self { remote_vpc: peering.at("remoteVpc").string(), local_connect_ip: peering.at("localConnectIP").string() }
    }
}
