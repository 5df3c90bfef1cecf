//! An egress gateway of a VPC: namespaced, so that tenants may make one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::claimed::{BY_CLAIMED_ADDRESS, claimed_words};
use super::selector::Requirement;
use super::{AddressList, Bfd, Found, Index, Kind, LabelSelector, Meta, ObjectRef, Resource, Toleration};
use crate::field::FieldPath;
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// The two directions of `bandwidth`.
const DIRECTIONS: [&str; 2] = ["ingress", "egress"];

/// A `VpcEgressGateway`.
#[derive(Clone, Debug, Default)]
pub struct EgressGateway {
    /// The metadata.
    pub meta: Meta,
    /// The VPC; empty for the default one.
    pub vpc: String,
    /// What stands before its name in those of what is made of it.
    pub prefix: String,
    /// The Subnet of the VPC that it stands in.
    pub internal_subnet: String,
    /// The same, the default Subnet where none is named in the default VPC. Of other VPCs only their Vpc says the default.
    pub effective_internal_subnet: String,
    /// The Subnet that it leads to.
    pub external_subnet: String,
    /// Its addresses inside, one entry a Pod.
    pub internal_ips: Vec<AddressList>,
    /// Its addresses outside, one entry a Pod.
    pub external_ips: Vec<AddressList>,
    /// The addresses inside that Kube-OVN reports.
    pub status_internal_ips: Vec<AddressList>,
    /// The addresses outside that Kube-OVN reports.
    pub status_external_ips: Vec<AddressList>,
    /// The IPPool of its addresses inside.
    pub internal_ip_pool: String,
    /// The IPPool of its addresses outside.
    pub external_ip_pool: String,
    /// The image of its Pods; empty for Kube-OVN's own.
    pub image: String,
    /// The Subnets whose traffic it takes, a list for each policy.
    pub policy_subnets: Vec<Vec<String>>,
    /// The addresses and prefixes whose traffic it takes, a list for each policy.
    pub policy_blocks: Vec<Vec<String>>,
    /// The Pods whose traffic it takes.
    pub selectors: Vec<PodSelector>,
    /// How many Pods it is; 1 where it does not say.
    pub replicas: i64,
    /// `Local` or `Cluster`; empty for the latter.
    pub traffic_policy: String,
    /// `Required` or `Preferred`, for its Pods on one node; empty for the former.
    pub pod_anti_affinity: String,
    /// Which nodes its Pods may run on: those of any entry.
    pub node_selector: Vec<NodeSelector>,
    /// What its Pods put up with on nodes.
    pub tolerations: Vec<Toleration>,
    /// How the VPC's router watches its Pods.
    pub bfd: Bfd,
    /// How much of each Pod may come in and go out, as it was written.
    pub bandwidth: Vec<(&'static str, Rate)>,
    /// What it says to other routers.
    pub bgp_conf: String,
    /// Of which network of those.
    pub evpn_conf: String,
}

/// Nodes by their labels and fields, all of which must hold.
#[derive(Clone, Debug, Default)]
pub struct NodeSelector {
    /// Labels that must have exactly these values.
    pub labels: BTreeMap<String, String>,
    /// Conditions on labels.
    pub expressions: Vec<NodeCondition>,
    /// Conditions on fields.
    pub fields: Vec<NodeCondition>,
}

/// One condition on a node.
#[derive(Clone, Debug, Default)]
pub struct NodeCondition {
    /// The label, or the field.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
    pub operator: String,
    /// What it is compared with.
    pub values: Vec<String>,
}

/// A rate as it was written: releases read a number of megabits, or a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rate {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Pods of some namespaces.
#[derive(Clone, Debug)]
pub struct PodSelector {
    /// Which namespaces; all where none are given.
    pub namespaces: LabelSelector,
    /// Which of their Pods; all where none are given.
    pub pods: LabelSelector,
    /// Whether namespaces are written.
    pub names_namespaces: bool,
    /// Whether Pods are written.
    pub names_pods: bool,
}

impl Resource for EgressGateway {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[
        "spec.bgpConf",
        "spec.evpnConf",
        "spec.externalIPPool",
        "spec.externalIPs",
        "spec.externalSubnet",
        "spec.internalIPPool",
        "spec.internalIPs",
        "spec.internalSubnet",
        "spec.vpc",
        "status.externalIPs",
        "status.internalIPs",
    ]);
    const FOUND: Found = Found::InLists;

    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_VPC, words: |gateway, each| each(&gateway.vpc) },
        Index { name: BY_CLAIMED_ADDRESS, words: |gateway, each| claimed_words(gateway, each) },
    ];

    fn read(_: Kind, object: &Reader, kube_ovn: &KubeOvn) -> Self {
        let (spec, status) = (object.at("spec"), object.at("status"));
        let lists = |list: &Reader| list.items().map(|addresses| AddressList::read(&addresses)).collect();
        let (vpc, internal_subnet) = (spec.at("vpc").string(), spec.at("internalSubnet").string());
        let is_default = internal_subnet.is_empty() && kube_ovn.vpc_or_default(&vpc) == kube_ovn.default_vpc;
        let effective = if is_default { &kube_ovn.default_subnet } else { &internal_subnet };
        Self {
            meta: Meta::read(object),
            effective_internal_subnet: effective.clone(),
            vpc,
            prefix: spec.at("prefix").string(),
            internal_subnet,
            external_subnet: spec.at("externalSubnet").string(),
            internal_ips: lists(&spec.at("internalIPs")),
            external_ips: lists(&spec.at("externalIPs")),
            status_internal_ips: lists(&status.at("internalIPs")),
            status_external_ips: lists(&status.at("externalIPs")),
            internal_ip_pool: spec.at("internalIPPool").string(),
            external_ip_pool: spec.at("externalIPPool").string(),
            image: spec.at("image").string(),
            policy_subnets: spec.at("policies").items().map(|policy| policy.at("subnets").strings()).collect(),
            policy_blocks: spec.at("policies").items().map(|policy| policy.at("ipBlocks").strings()).collect(),
            selectors: spec.at("selectors").items().map(|selector| PodSelector::read(&selector)).collect(),
            replicas: spec.at("replicas").integer().unwrap_or(1),
            traffic_policy: spec.at("trafficPolicy").string(),
            pod_anti_affinity: spec.at("podAntiAffinity").string(),
            node_selector: spec.at("nodeSelector").items().map(|selector| NodeSelector::read(&selector)).collect(),
            tolerations: spec.at("tolerations").items().map(|toleration| Toleration::read(&toleration)).collect(),
            bfd: Bfd::read(&spec.at("bfd")),
            bandwidth: DIRECTIONS
                .into_iter()
                .filter_map(|field| Some((field, Rate::read(&spec.at("bandwidth").at(field))?)))
                .collect(),
            bgp_conf: spec.at("bgpConf").string(),
            evpn_conf: spec.at("evpnConf").string(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl EgressGateway {
    /// Finds those whose `spec.vpc` this is.
    pub const BY_VPC: &'static str = "vpc";

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::namespaced(Kind::VpcEgressGateway, &self.meta.namespace, &self.meta.name)
    }

    /// The Subnets whose traffic it takes, each with its place.
    pub fn subnets(&self) -> impl Iterator<Item = (FieldPath, &str)> {
        places(&self.policy_subnets, "subnets")
    }

    /// The addresses and prefixes whose traffic it takes, each with its place.
    pub fn blocks(&self) -> impl Iterator<Item = (FieldPath, &str)> {
        places(&self.policy_blocks, "ipBlocks")
    }
}

fn places<'a>(
    policies: &'a [Vec<String>],
    field: &'static str,
) -> impl Iterator<Item = (FieldPath, &'a str)> + use<'a> {
    policies.iter().enumerate().flat_map(move |(at, texts)| {
        let list = FieldPath::of("spec.policies").index(at).field(field);
        texts.iter().enumerate().map(move |(number, text)| (list.clone().index(number), text.as_str()))
    })
}

impl NodeSelector {
    fn read(selector: &Reader) -> Self {
        let conditions = |list: Reader| list.items().map(|condition| NodeCondition::read(&condition)).collect();
        Self {
            labels: selector.at("matchLabels").string_map(),
            expressions: conditions(selector.at("matchExpressions")),
            fields: conditions(selector.at("matchFields")),
        }
    }
}

impl NodeCondition {
    fn read(condition: &Reader) -> Self {
        Self {
            key: condition.at("key").string(),
            operator: condition.at("operator").string(),
            values: condition.at("values").strings(),
        }
    }
}

impl Rate {
    fn read(rate: &Reader) -> Option<Self> {
        match rate.value() {
            Some(Value::String(text)) => Some(Self::Text(text.clone())),
            _ => rate.integer().map(Self::Number),
        }
    }
}

impl PodSelector {
    fn read(selector: &Reader) -> Self {
        Self {
            namespaces: LabelSelector::read(&selector.at("namespaceSelector")),
            pods: LabelSelector::read(&selector.at("podSelector")),
            names_namespaces: selector.at("namespaceSelector").is_present(),
            names_pods: selector.at("podSelector").is_present(),
        }
    }

    /// How many labels, conditions and values must be looked at to tell whether it selects a namespace.
    pub fn size(&self) -> usize {
        let values = |requirement: &Requirement| 1 + requirement.values.len();
        let LabelSelector { match_labels, match_expressions } = &self.namespaces;
        1 + match_labels.len() + match_expressions.iter().map(values).sum::<usize>()
    }
}
