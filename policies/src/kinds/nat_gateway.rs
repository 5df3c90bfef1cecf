//! A NAT gateway of a VPC, of either generation: with its addresses and rules inside (v1.7 to v1.9), or as objects of
//! their own (since v1.10).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::claimed::{BY_CLAIMED_ADDRESS, claimed_words};
use super::{AddressList, EXTERNAL_NETWORK, Index, Kind, Meta, ObjectRef, Resource};
use crate::gather::gathered;
use crate::json::{Reader, TypeErrors};
use crate::kinds::{KubeOvn, LAST_APPLIED};

/// What is read of a NAT gateway that is looked up.
pub(super) const FIELDS: &[&str] = &[
    "spec.eips",
    "spec.externalSubnets",
    "spec.internalCIDRs",
    "spec.internalSubnets",
    "spec.lanIp",
    "spec.namespace",
    "spec.noDefaultEIP",
    "spec.qosPolicy",
    "spec.replicas",
    "spec.routes",
    "spec.subnet",
    "spec.vpc",
    "status.lanIp",
];

/// Where a gateway of v1.7 to v1.9 has its addresses and rules, in its spec; v1.10 has moved them into objects of their own.
pub const FIELDS_INSIDE: [&str; 4] = ["eips", "floatingIpRules", "dnatRules", "snatRules"];

/// The fields of the spec that are read when a Pod is made, and not again.
pub const MADE_WITH: [&str; 4] = ["annotations", "bgpSpeaker", "noDefaultEIP", "routes"];

/// A `VpcNatGateway`.
#[derive(Clone, Debug, Default)]
pub struct NatGateway {
    /// The metadata.
    pub meta: Meta,
    /// The namespace that its Pods run in; empty for Kube-OVN's own.
    pub namespace: String,
    /// The VPC.
    pub vpc: String,
    /// The Subnet of the VPC that it stands in.
    pub subnet: String,
    /// The external Subnets.
    pub external_subnets: Vec<String>,
    /// Further Subnets of the VPC whose traffic it takes, in high availability.
    pub internal_subnets: Vec<String>,
    /// Its address in the Subnet.
    pub lan_ip: AddressList,
    /// The address that Kube-OVN reports, also where none was asked for.
    pub status_lan_ip: AddressList,
    /// How many Pods; 1 where it is not written.
    pub replicas: i64,
    /// The labels of the nodes that its Pods run on, each as `key: value`.
    pub selector: Vec<String>,
    /// The `QoSPolicy`; empty for none.
    pub qos_policy: String,
    /// Further prefixes inside that it routes to its VPC, in high availability.
    pub internal_cidrs: Vec<String>,
    /// Which taints its Pods tolerate.
    pub tolerations: Vec<Toleration>,
    /// Routes in its Pods.
    pub routes: Vec<GatewayRoute>,
    /// How its Pods are watched.
    pub bfd: Bfd,
    /// The numbers of its BGP speaker.
    pub bgp: BgpSpeaker,
    /// Whether its Pods get no address outside but those of its EIPs.
    pub no_default_eip: bool,
    /// What its Pods are made with, as it is written: a change of it alone makes no new one.
    pub made_with: BTreeMap<&'static str, Value>,
    /// Addresses and rules of v1.7 to v1.9.
    pub inside: NatInside,
}

/// The addresses and rules inside a gateway of v1.7 to v1.9.
///
/// An API server of a later release drops them. What kubectl applied is kept in an annotation, from which they are read then.
#[derive(Clone, Debug, Default)]
pub struct NatInside {
    /// The addresses.
    pub eips: Vec<Eip>,
    /// Floating IPs.
    pub floating_ip_rules: Vec<NatRule>,
    /// Destination NAT rules.
    pub dnat_rules: Vec<NatRule>,
    /// Source NAT rules.
    pub snat_rules: Vec<NatRule>,
    /// Whether the API server has dropped them.
    pub is_dropped: bool,
}

/// Which taints of a node a Pod tolerates.
#[derive(Clone, Debug, Default)]
pub struct Toleration {
    /// The taint's key; empty for all taints.
    pub key: String,
    /// Empty, `Exists` or `Equal`.
    pub operator: String,
    /// The taint's value.
    pub value: String,
    /// Empty, `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
    /// Whether it says for how long.
    pub is_timed: bool,
}

/// A route in a gateway's Pods.
#[derive(Clone, Debug, Default)]
pub struct GatewayRoute {
    /// Where to.
    pub cidr: String,
    /// By what: an address, or `gateway` for that of the Subnet.
    pub next_hop_ip: String,
}

/// How a gateway's Pods are watched; none where a number is not written.
#[derive(Clone, Debug, Default)]
pub struct Bfd {
    /// Whether they are.
    pub enabled: bool,
    /// How far apart packets come in, in milliseconds.
    pub min_rx: Option<i64>,
    /// How far apart they go out.
    pub min_tx: Option<i64>,
    /// How many may be lost.
    pub multiplier: Option<i64>,
}

/// The numbers of a gateway's BGP speaker; none where one is not written.
#[derive(Clone, Debug, Default)]
pub struct BgpSpeaker {
    /// Its own autonomous system.
    pub asn: Option<i64>,
    /// That of its neighbours.
    pub remote_asn: Option<i64>,
}

/// An underlay address of a gateway of v1.7 to v1.9.
#[derive(Clone, Debug, Default)]
pub struct Eip {
    /// The address with its prefix length.
    pub eip_cidr: String,
    /// The underlay's router.
    pub gateway: String,
}

/// A NAT rule of v1.7 to v1.9; the fields that its list does not have are empty.
#[derive(Clone, Debug, Default)]
pub struct NatRule {
    /// The underlay address, one of the gateway's `eips`.
    pub eip: String,
    /// The address inside the VPC.
    pub internal_ip: String,
    /// The prefix inside the VPC.
    pub internal_cidr: String,
    /// The port on the underlay address.
    pub external_port: String,
    /// The port inside the VPC.
    pub internal_port: String,
    /// `tcp` or `udp`.
    pub protocol: String,
}

impl Resource for NatGateway {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(FIELDS);

    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_VPC, words: |gateway, each| each(&gateway.vpc) },
        Index { name: Self::BY_SUBNET, words: |gateway, each| each(&gateway.subnet) },
        Index { name: Self::BY_NAMESPACE, words: |gateway, each| each(&gateway.namespace) },
        Index { name: Self::BY_EXTERNAL_SUBNET, words: |gateway, each| each(gateway.external_subnet()) },
        Index { name: BY_CLAIMED_ADDRESS, words: |gateway, each| claimed_words(gateway, each) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let meta = Meta::read(object);
        Self {
            namespace: spec.at("namespace").string(),
            vpc: spec.at("vpc").string(),
            subnet: spec.at("subnet").string(),
            external_subnets: spec.at("externalSubnets").strings(),
            internal_subnets: spec.at("internalSubnets").strings(),
            lan_ip: AddressList::read(&spec.at("lanIp")),
            status_lan_ip: AddressList::read(&object.at("status").at("lanIp")),
            replicas: spec.at("replicas").integer().unwrap_or(1),
            selector: spec.at("selector").strings(),
            qos_policy: spec.at("qosPolicy").string(),
            internal_cidrs: spec.at("internalCIDRs").strings(),
            tolerations: spec.at("tolerations").items().map(|one| Toleration::read(&one)).collect(),
            routes: spec.at("routes").items().map(|route| GatewayRoute::read(&route)).collect(),
            bfd: Bfd::read(&spec.at("bfd")),
            bgp: BgpSpeaker::read(&spec.at("bgpSpeaker")),
            no_default_eip: spec.at("noDefaultEIP").flag(),
            made_with: gathered(
                MADE_WITH.into_iter().filter_map(|field| Some((field, spec.at(field).value()?.clone()))),
            ),
            inside: NatInside::read(&spec).or_applied(meta.annotation(LAST_APPLIED)),
            meta,
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl NatGateway {
    /// By their VPC.
    pub const BY_VPC: &'static str = "vpc";
    /// By the Subnet that they stand in.
    pub const BY_SUBNET: &'static str = "subnet";
    /// By the external Subnet that counts.
    pub const BY_EXTERNAL_SUBNET: &'static str = "external subnet";
    /// By the namespace that their Pods run in.
    pub const BY_NAMESPACE: &'static str = "namespace";

    /// Whether it has no address of its own in the external Subnet.
    pub fn has_no_default_eip(&self) -> bool {
        self.made_with.get("noDefaultEIP").is_some_and(|value| *value == Value::Bool(true))
    }

    /// The external Subnet that it has an interface in: of several only the first counts.
    pub fn external_subnet(&self) -> &str {
        self.external_subnets.first().map_or(EXTERNAL_NETWORK, String::as_str)
    }

    /// Its addresses in the Subnet, asked for or reported.
    pub fn lan_ips(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.lan_ip.addresses.iter().chain(&self.status_lan_ip.addresses).copied()
    }

    /// Names this object.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::VpcNatGateway, &self.meta.name)
    }
}

impl NatInside {
    fn read(spec: &Reader) -> Self {
        let rules = |field| spec.at(field).items().map(|rule| NatRule::read(&rule)).collect();
        Self {
            eips: spec.at("eips").items().map(|eip| Eip::read(&eip)).collect(),
            floating_ip_rules: rules("floatingIpRules"),
            dnat_rules: rules("dnatRules"),
            snat_rules: rules("snatRules"),
            is_dropped: false,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        let Self { eips, floating_ip_rules, dnat_rules, snat_rules, .. } = self;
        eips.is_empty() && floating_ip_rules.is_empty() && dnat_rules.is_empty() && snat_rules.is_empty()
    }

    /// Those that were applied, where the object has none itself. What else is wrong with that text is nobody's business.
    fn or_applied(self, applied: Option<&str>) -> Self {
        let applied =
            applied.filter(|applied| self.is_empty() && FIELDS_INSIDE.iter().any(|field| applied.contains(field)));
        let Some(object) = applied.and_then(|applied| serde_json::from_str(applied).ok()) else { return self };
        let errors = TypeErrors::default();
        Self { is_dropped: true, ..Self::read(&Reader::new(&object, &errors).at("spec")) }
    }
}

impl Toleration {
    pub(super) fn read(toleration: &Reader) -> Self {
        Self {
            key: toleration.at("key").string(),
            operator: toleration.at("operator").string(),
            value: toleration.at("value").string(),
            effect: toleration.at("effect").string(),
            is_timed: toleration.at("tolerationSeconds").integer().is_some(),
        }
    }
}

impl GatewayRoute {
    fn read(route: &Reader) -> Self {
        Self { cidr: route.at("cidr").string(), next_hop_ip: route.at("nextHopIP").string() }
    }
}

impl Bfd {
    pub(super) fn read(bfd: &Reader) -> Self {
        Self {
            enabled: bfd.at("enabled").flag(),
            min_rx: bfd.at("minRX").integer(),
            min_tx: bfd.at("minTX").integer(),
            multiplier: bfd.at("multiplier").integer(),
        }
    }
}

impl BgpSpeaker {
    fn read(speaker: &Reader) -> Self {
        Self { asn: speaker.at("asn").integer(), remote_asn: speaker.at("remoteAsn").integer() }
    }
}

impl Eip {
    fn read(eip: &Reader) -> Self {
        Self { eip_cidr: eip.at("eipCIDR").string(), gateway: eip.at("gateway").string() }
    }
}

impl NatRule {
    fn read(rule: &Reader) -> Self {
        Self {
            eip: rule.at("eip").string(),
            internal_ip: rule.at("internalIp").string(),
            internal_cidr: rule.at("internalCIDR").string(),
            external_port: rule.at("externalPort").string(),
            internal_port: rule.at("internalPort").string(),
            protocol: rule.at("protocol").string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::TypeErrors;

    #[test]
    fn both_generations_are_read() {
        let object = json!({
            "metadata": {"name": "ngw"},
            "spec": {
                "vpc": "a", "subnet": "s", "lanIp": "10.0.1.254", "replicas": 2, "externalSubnets": ["e"],
                "eips": [{"eipCIDR": "192.168.0.111/24", "gateway": "192.168.0.254"}],
                "dnatRules": [{"eip": "192.168.0.111", "externalPort": "8888", "protocol": "tcp",
                               "internalIp": "10.0.1.10", "internalPort": "80"}],
                "snatRules": [{"eip": "192.168.0.111", "internalCIDR": "10.0.1.0/24"}],
            },
            "status": {"lanIp": "10.0.1.253"},
        });
        let errors = TypeErrors::default();
        let gateway = NatGateway::read(Kind::VpcNatGateway, &Reader::new(&object, &errors), &KubeOvn::default());
        assert!(errors.into_sorted().is_empty());
        assert_eq!(gateway.lan_ips().map(|ip| ip.to_string()).collect::<Vec<_>>(), ["10.0.1.254", "10.0.1.253"]);
        assert_eq!((gateway.replicas, gateway.external_subnets.len()), (2, 1));
        assert_eq!(gateway.inside.eips[0].gateway, "192.168.0.254");
        assert_eq!(gateway.inside.dnat_rules[0].external_port, "8888");
        assert_eq!(gateway.inside.snat_rules[0].internal_cidr, "10.0.1.0/24");
        assert!(!gateway.inside.is_dropped);
    }

    #[test]
    fn what_the_api_server_has_dropped_is_read_of_what_was_applied() {
        let read = |applied: &str, spec: serde_json::Value| {
            let object = json!({"metadata": {"annotations": {LAST_APPLIED: applied}}, "spec": spec});
            let errors = TypeErrors::default();
            let gateway = NatGateway::read(Kind::VpcNatGateway, &Reader::new(&object, &errors), &KubeOvn::default());
            assert!(errors.into_sorted().is_empty());
            gateway.inside
        };
        let applied =
            r#"{"spec": {"floatingIpRules": [{"eip": "192.168.0.111", "internalIp": "10.0.1.10"}], "eips": 5}}"#;
        let inside = read(applied, json!({"vpc": "a"}));
        assert!(inside.is_dropped && inside.eips.is_empty());
        assert_eq!(inside.floating_ip_rules[0].internal_ip, "10.0.1.10");
        let inside = read(applied, json!({"snatRules": [{"eip": "192.168.0.112"}]}));
        assert!(!inside.is_dropped && inside.floating_ip_rules.is_empty());
        assert!(read("eips: no JSON", json!({})).is_empty());
    }
}
