//! A Subnet: in OVN, a logical switch, with the addresses that Kube-OVN gives out on it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::{AddressList, Index, Kind, LabelSelector, Meta, NamedDefinition, ObjectRef, Resource, Shard};
use crate::field::FieldPath;
use crate::json::Reader;
use crate::kinds::{KubeOvn, folded};
use crate::net::{Cidr, Family, PrefixSet, list_items};

/// What is read of a Subnet that is looked up.
pub(super) const FIELDS: &[&str] = &[
    "spec.cidrBlock",
    "spec.default",
    "spec.excludeIps",
    "spec.externalEgressGateway",
    "spec.gateway",
    "spec.gatewayType",
    "spec.logicalGateway",
    "spec.namespaceSelectors",
    "spec.namespaces",
    "spec.policyRoutingTableID",
    "spec.provider",
    "spec.routeTable",
    "spec.u2oInterconnection",
    "spec.u2oInterconnectionIP",
    "spec.vlan",
    "spec.vpc",
    "status.u2oInterconnectionIP",
    "status.v4usingIPs",
    "status.v6usingIPs",
];

/// What people write in place of `cidrBlock`.
const LIKE_CIDR_BLOCK: &[&str] = &["cidr", "CIDR", "cidrs", "cidrblock", "cidrBlocks", "CIDRBlock", "cidr_block"];

/// How many prefixes are read of a Subnet.
const MOST_PREFIXES: usize = 16;

/// A Subnet, completed as Kube-OVN's controller completes it.
#[derive(Clone, Debug, Default)]
pub struct Subnet {
    /// The metadata.
    pub meta: Meta,
    /// The VPC that it belongs to: the default one for an empty `spec.vpc`, none without an OVN provider.
    pub vpc: Option<String>,
    /// Whether it names that VPC, which may be the default one.
    pub names_vpc: bool,
    /// The VLAN of an underlay network; empty for an overlay one.
    pub vlan: String,
    /// What gives out its addresses: `ovn`, `<nad>.<ns>.ovn`, or `<nad>.<ns>` for addresses without a network.
    pub provider: String,
    /// The namespaces whose Pods get their addresses here.
    pub namespaces: Vec<String>,
    /// Further such namespaces, by label.
    pub namespace_selectors: Vec<LabelSelector>,
    /// The prefixes as they were written: a comma list, an address family each.
    pub cidr_block: String,
    /// A key that Kube-OVN does not read, and that was probably meant to be `cidrBlock`.
    pub mistaken_for_cidr_block: Option<&'static str>,
    /// The prefixes that parse, whitespace trimmed.
    pub cidrs: Vec<Cidr>,
    /// The gateway as it was written.
    pub gateway: String,
    /// The gateways, one an address family; the first address of a prefix where none was written.
    pub gateways: Vec<IpAddr>,
    /// Addresses and ranges that are given out only on demand.
    pub exclude_ips: Vec<String>,
    /// Whether it is its VPC's default.
    pub default: bool,
    /// The table of its VPC's router that has the routes of what comes from it; empty for the main one.
    pub route_table: String,
    /// `distributed` or `centralized`.
    pub gateway_type: String,
    /// The nodes of a centralized gateway.
    pub gateway_node: String,
    /// `IPv4`, `IPv6` or `Dual`; Kube-OVN overwrites it.
    pub protocol: String,
    /// The maximum transmission unit in bytes; 0 for the default.
    pub mtu: i64,
    /// The priority of the nodes' routing rules for its external egress gateway; 0 where none is given.
    pub policy_routing_priority: i64,
    /// The nodes' routing table for its external egress gateway; 0 where none is given.
    pub policy_routing_table_id: i64,
    /// Whether Kube-OVN translates addresses on the way out.
    pub nat_outgoing: bool,
    /// A router outside the cluster for everything that leaves.
    pub external_egress_gateway: String,
    /// Whether only its own addresses and those of `allow_subnets` reach it.
    pub private: bool,
    /// Prefixes that may reach a private Subnet.
    pub allow_subnets: Vec<String>,
    /// Virtual addresses.
    pub vips: Vec<String>,
    /// Whether an underlay network is attached to the VPC's router as its gateway.
    pub logical_gateway: bool,
    /// Whether an underlay network is attached to the VPC's router beside its own gateway.
    pub u2o_interconnection: bool,
    /// The router's address on such a network.
    pub u2o_interconnection_ip: String,
    /// Whether only overlay traffic takes that way.
    pub overlay_only_routing: bool,
    /// Which traffic is translated on the way out.
    pub nat_outgoing_rules: Vec<NatOutgoingRule>,
    /// What is filtered at its Pods' ports.
    pub acls: Vec<Acl>,
    /// Whether Kube-OVN allows what stays in the Subnet, where there are ACLs.
    pub allow_ew_traffic: bool,
    /// Whether a Pod starts though its gateway does not answer.
    pub disable_gateway_check: bool,
    /// Whether OVN answers to DHCP.
    pub enable_dhcp: bool,
    /// How many of its addresses Kube-OVN reports to be in use, but for the router's own: until there are none, a Subnet that is
    /// deleted is not gone.
    pub used_addresses: u64,
}

/// A filter at the ports of a Subnet's Pods.
#[derive(Clone, Debug, Default)]
pub struct Acl {
    /// `allow-related`, `allow`, `allow-stateless`, `drop`, `reject` or `pass`.
    pub action: String,
    /// `from-lport`, what Pods send, or `to-lport`, what they receive.
    pub direction: String,
    /// The highest wins. 0 where it is not written.
    pub priority: i64,
    /// Which packets it is about, in OVN's language.
    pub matches: String,
}

/// Which traffic is translated on the way out, or is not: comma lists of addresses and prefixes.
#[derive(Clone, Debug, Default)]
pub struct NatOutgoingRule {
    /// `nat` or `forward`.
    pub action: String,
    /// By source.
    pub src_ips: String,
    /// By destination.
    pub dst_ips: String,
}

impl Resource for Subnet {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(FIELDS);

    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_VPC, words: |subnet, each| subnet.vpc.iter().for_each(|vpc| each(vpc)) },
        Index {
            name: Self::DEFAULT_BY_VPC,
            words: |subnet, each| subnet.vpc.iter().filter(|_| subnet.default).for_each(|vpc| each(vpc)),
        },
        Index { name: Self::BY_PROVIDER, words: |subnet, each| each(&subnet.provider) },
        Index {
            name: Self::BY_NAMESPACE,
            words: |subnet, each| subnet.namespaces.iter().for_each(|namespace| each(namespace)),
        },
        Index {
            name: Self::SELECTING,
            words: |subnet, each| {
                if !subnet.namespace_selectors.is_empty() {
                    each("");
                }
            },
        },
        Index {
            name: Self::BY_VLAN,
            words: |subnet, each| {
                if subnet.vpc.is_some() && !subnet.vlan.is_empty() {
                    each(&subnet.vlan);
                }
            },
        },
        Index {
            name: Self::BY_EGRESS_TABLE,
            words: |subnet, each| subnet.egress_table().iter().for_each(|table| each(table)),
        },
        Index {
            name: Self::DOTTED,
            words: |subnet, each| {
                if subnet.vpc.is_some() && subnet.meta.name.contains('.') {
                    each(&subnet.folded_name());
                }
            },
        },
    ];

    fn read(_: Kind, object: &Reader, kube_ovn: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let cidr_block = spec.at("cidrBlock").string();
        let cidrs: Vec<Cidr> = prefixes(&cidr_block).filter_map(Cidr::parse_trimmed).collect();
        let gateway = AddressList::read(&spec.at("gateway"));
        let u2o_features = spec.at("u2oFeatures");
        Self {
            meta: Meta::read(object),
            vpc: effective_vpc(&spec, kube_ovn),
            names_vpc: spec.at("vpc").text().is_some_and(|vpc| !vpc.is_empty()),
            vlan: spec.at("vlan").string(),
            provider: spec.at("provider").string(),
            namespaces: spec.at("namespaces").strings(),
            namespace_selectors: spec.at("namespaceSelectors").items().map(|s| LabelSelector::read(&s)).collect(),
            gateways: completed_gateways(&cidrs, &gateway),
            gateway: gateway.text,
            mistaken_for_cidr_block: LIKE_CIDR_BLOCK.iter().copied().find(|key| spec.at(key).is_present()),
            cidr_block,
            cidrs,
            exclude_ips: spec.at("excludeIps").strings(),
            default: spec.at("default").flag(),
            route_table: spec.at("routeTable").string(),
            gateway_type: spec.at("gatewayType").string(),
            gateway_node: spec.at("gatewayNode").string(),
            protocol: spec.at("protocol").string(),
            mtu: spec.at("mtu").integer().unwrap_or(0),
            policy_routing_priority: spec.at("policyRoutingPriority").integer().unwrap_or(0),
            policy_routing_table_id: spec.at("policyRoutingTableID").integer().unwrap_or(0),
            nat_outgoing: spec.at("natOutgoing").flag(),
            external_egress_gateway: spec.at("externalEgressGateway").string(),
            private: spec.at("private").flag(),
            allow_subnets: spec.at("allowSubnets").strings(),
            vips: spec.at("vips").strings(),
            logical_gateway: spec.at("logicalGateway").flag(),
            u2o_interconnection: spec.at("u2oInterconnection").flag(),
            u2o_interconnection_ip: spec.at("u2oInterconnectionIP").string(),
            overlay_only_routing: u2o_features.at("overlayOnlyRouting").flag(),
            nat_outgoing_rules: spec
                .at("natOutgoingPolicyRules")
                .items()
                .map(|rule| NatOutgoingRule::read(&rule))
                .collect(),
            acls: spec.at("acls").items().map(|acl| Acl::read(&acl)).collect(),
            allow_ew_traffic: spec.at("allowEWTraffic").flag(),
            disable_gateway_check: spec.at("disableGatewayCheck").flag(),
            enable_dhcp: spec.at("enableDHCP").flag(),
            used_addresses: used_addresses(&object.at("status")),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Subnet {
    /// By their effective VPC.
    pub const BY_VPC: &'static str = "vpc";
    /// Those with `default: true`, by their effective VPC.
    pub const DEFAULT_BY_VPC: &'static str = "default";
    /// By their provider.
    pub const BY_PROVIDER: &'static str = "provider";
    /// By the namespaces that they list.
    pub const BY_NAMESPACE: &'static str = "namespace";
    /// Those that select namespaces by labels, by the empty word.
    pub const SELECTING: &'static str = "selecting";
    /// Those of a VPC that stand on a VLAN, by the name of that.
    pub const BY_VLAN: &'static str = "vlan";
    /// Those that leave by a router outside the cluster, by [`Subnet::egress_table`].
    pub const BY_EGRESS_TABLE: &'static str = "egress table";
    /// Those whose names have dots, by [`Subnet::folded_name`]: of two names that are folded alike, one has some.
    pub const DOTTED: &'static str = "dotted";

    /// The address space that it takes its prefixes from; none without an OVN provider.
    pub fn shard(&self) -> Option<Shard> {
        Some(Shard { vpc: self.vpc.clone()?, vlan: self.vlan.clone() })
    }

    /// Its prefixes as they were written, as many as are read.
    pub fn written_prefixes(&self) -> impl Iterator<Item = &str> {
        prefixes(&self.cidr_block)
    }

    /// Its prefixes, each once, in the order in which they were written.
    pub fn distinct_cidrs(&self) -> impl Iterator<Item = &Cidr> {
        let mut seen = BTreeSet::new();
        self.cidrs.iter().filter(move |cidr| seen.insert(cidr.network()))
    }

    /// Its prefixes, where many addresses are compared with them.
    pub fn prefix_set(&self) -> PrefixSet {
        PrefixSet::of(self.cidrs.iter().map(Cidr::network))
    }

    /// Whether one of its prefixes holds an address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidrs.iter().any(|cidr| cidr.contains(address))
    }

    /// Whether it has a prefix of this address family.
    pub fn has_family(&self, family: Family) -> bool {
        self.cidrs.iter().any(|cidr| cidr.family() == family)
    }

    /// Whether the router of its VPC has a port in it.
    pub fn is_on_router(&self) -> bool {
        self.vpc.is_some() && (self.is_overlay() || self.u2o_interconnection)
    }

    /// Whether its gateway is a port of the VPC's router, and not a router of the underlay.
    pub fn is_overlay(&self) -> bool {
        self.vlan.is_empty() || self.logical_gateway
    }

    /// The NetworkAttachmentDefinition that its provider is of; none where that has one part, or more than a name and a namespace.
    pub fn definition(&self) -> Option<NamedDefinition<'_>> {
        NamedDefinition::of(&self.provider)
    }

    /// Whether it is the primary network of Pods, and not one that Multus attaches.
    pub fn is_primary(&self) -> bool {
        matches!(self.provider.as_str(), "" | "ovn")
    }

    /// Its VPC, VLAN and table of a node's routes, where it leaves by a router outside the cluster.
    pub fn egress_table(&self) -> Option<String> {
        let vpc = self.vpc.as_deref().filter(|_| !self.external_egress_gateway.is_empty())?;
        Some(format!("{vpc}/{}/{}", self.vlan, self.policy_routing_table_id))
    }

    /// What Kube-OVN makes of its name in names of OVN's port groups, which have no hyphens.
    pub fn folded_name(&self) -> String {
        folded(&self.meta.name)
    }

    /// Names this object.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::Subnet, &self.meta.name)
    }
}

impl Acl {
    fn read(acl: &Reader) -> Self {
        Self {
            action: acl.at("action").string(),
            direction: acl.at("direction").string(),
            priority: acl.at("priority").integer().unwrap_or(0),
            matches: acl.at("match").string(),
        }
    }

    /// The path of the ACL of this number.
    pub fn path(index: usize) -> FieldPath {
        FieldPath::of("spec.acls").index(index)
    }
}

impl NatOutgoingRule {
    fn read(rule: &Reader) -> Self {
        let matched = rule.at("match");
        Self {
            action: rule.at("action").string(),
            src_ips: matched.at("srcIPs").string(),
            dst_ips: matched.at("dstIPs").string(),
        }
    }
}

/// Of both families, less those of the VPC's router in an underlay: Kube-OVN waits for all others.
fn used_addresses(status: &Reader) -> u64 {
    let using = ["v4usingIPs", "v6usingIPs"].map(|field| status.at(field).value().map_or(0, count));
    let own = status.at("u2oInterconnectionIP").string();
    let own = list_items(&own).filter(|address| !address.is_empty()).count();
    let all = using.into_iter().fold(0, u64::saturating_add);
    all.saturating_sub(u64::try_from(own).unwrap_or(u64::MAX))
}

/// A count, which releases report as a number or as a text of one.
fn count(value: &Value) -> u64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0)
}

/// The VPC that a Subnet belongs to. A `spec.vpc` or provider of the wrong type leaves it unknown, which is none.
fn effective_vpc(spec: &Reader, kube_ovn: &KubeOvn) -> Option<String> {
    let text = |field: &'static str| {
        let field = spec.at(field);
        if field.is_present() { field.text() } else { Some("") }
    };
    let (vpc, provider) = (text("vpc")?, text("provider")?);
    is_ovn_provider(provider).then(|| kube_ovn.vpc_or_default(vpc).to_owned())
}

/// Whether OVN makes the network, and not only gives out addresses: "", `ovn`, or `<nad>.<ns>.ovn`.
fn is_ovn_provider(provider: &str) -> bool {
    matches!(provider, "" | "ovn") || NamedDefinition::of(provider).is_some_and(|definition| definition.is_ovn)
}

/// One gateway for each prefix: the one written for its address family, or else its first address.
/// Two are legal; of more than these none is compared with anything.
fn prefixes(cidr_block: &str) -> impl Iterator<Item = &str> {
    cidr_block.split(',').take(MOST_PREFIXES)
}

fn completed_gateways(cidrs: &[Cidr], written: &AddressList) -> Vec<IpAddr> {
    let written = |family| written.addresses.iter().copied().find(|address| Family::of(*address) == family);
    let (v4, v6) = (written(Family::V4), written(Family::V6));
    let for_prefix = |cidr: &Cidr| if cidr.family() == Family::V4 { v4 } else { v6 };
    cidrs.iter().map(|cidr| for_prefix(cidr).unwrap_or_else(|| cidr.first_host())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::TypeErrors;

    fn subnet(spec: &serde_json::Value) -> Subnet {
        let object = json!({"metadata": {"name": "a"}, "spec": spec});
        Subnet::read(Kind::Subnet, &Reader::new(&object, &TypeErrors::default()), &KubeOvn::default())
    }

    #[test]
    fn an_empty_vpc_is_the_default_one_for_ovn_providers_only() {
        assert_eq!(subnet(&json!({})).vpc.as_deref(), Some("ovn-cluster"));
        assert_eq!(subnet(&json!({"provider": "ovn"})).vpc.as_deref(), Some("ovn-cluster"));
        assert_eq!(subnet(&json!({"provider": "net.ns.ovn", "vpc": "a"})).vpc.as_deref(), Some("a"));
        assert_eq!(subnet(&json!({"provider": "net.ns", "vpc": "a"})).vpc, None);
        assert_eq!(subnet(&json!({"provider": "a.net.ns.ovn", "vpc": "a"})).vpc, None);
    }

    #[test]
    fn a_vpc_of_the_wrong_type_is_no_vpc() {
        assert_eq!(subnet(&json!({"vpc": 5})).vpc, None);
    }

    #[test]
    fn a_missing_gateway_is_the_first_address_of_its_family() {
        let gateways =
            |spec: serde_json::Value| subnet(&spec).gateways.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(gateways(json!({"cidrBlock": "10.0.1.0/24"})), ["10.0.1.1"]);
        let dual = json!({"cidrBlock": "10.0.1.0/24,fd00::/64", "gateway": "10.0.1.254"});
        assert_eq!(gateways(dual), ["10.0.1.254", "fd00::1"]);
    }

    #[test]
    fn addresses_in_use_are_those_that_kube_ovn_waits_for() {
        let used = |status: serde_json::Value| {
            let object = json!({"metadata": {"name": "s"}, "spec": {}, "status": status});
            let errors = TypeErrors::default();
            let read = Subnet::read(Kind::Subnet, &Reader::new(&object, &errors), &KubeOvn::default());
            assert!(errors.into_sorted().is_empty());
            read.used_addresses
        };
        assert_eq!(used(json!({})), 0);
        assert_eq!(used(json!({"v4usingIPs": 2, "v6usingIPs": 1.0})), 3);
        assert_eq!(used(json!({"v4usingIPs": "2"})), 2);
        assert_eq!(used(json!({"v4usingIPs": 1, "u2oInterconnectionIP": "10.0.0.9"})), 0);
        assert_eq!(used(json!({"v4usingIPs": 2, "v6usingIPs": 2, "u2oInterconnectionIP": "10.0.0.9,fd00::9"})), 2);
        assert_eq!(used(json!({"v4usingIPs": -1})), 0);
    }

    #[test]
    fn the_router_is_in_overlay_and_interconnected_networks() {
        assert!(subnet(&json!({})).is_on_router());
        assert!(!subnet(&json!({"vlan": "v"})).is_on_router());
        assert!(subnet(&json!({"vlan": "v", "logicalGateway": true})).is_on_router());
        assert!(subnet(&json!({"vlan": "v", "u2oInterconnection": true})).is_on_router());
        assert!(!subnet(&json!({"provider": "net.ns"})).is_on_router());
    }
}
