//! An egress gateway of a VPC: namespaced, so that tenants may make one.

use super::selector::Requirement;
use super::{Found, Index, Kind, LabelSelector, Meta, Resource};
use crate::field::FieldPath;
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// A `VpcEgressGateway`.
#[derive(Clone, Debug, Default)]
pub struct EgressGateway {
    /// The metadata.
    pub meta: Meta,
    /// The VPC; empty for the default one.
    pub vpc: String,
    /// The Subnet of the VPC that it stands in.
    pub internal_subnet: String,
    /// The Subnet that it leads to.
    pub external_subnet: String,
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
}

/// Pods of some namespaces.
#[derive(Clone, Debug)]
pub struct PodSelector {
    /// Which namespaces; all where none are given.
    pub namespaces: LabelSelector,
    /// Which of their Pods; all where none are given.
    pub pods: LabelSelector,
}

impl Resource for EgressGateway {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.vpc"]);
    const FOUND: Found = Found::InLists;

    const INDEXES: &'static [Index<Self>] = &[Index { name: Self::BY_VPC, words: |gateway, each| each(&gateway.vpc) }];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            vpc: spec.at("vpc").string(),
            internal_subnet: spec.at("internalSubnet").string(),
            external_subnet: spec.at("externalSubnet").string(),
            internal_ip_pool: spec.at("internalIPPool").string(),
            external_ip_pool: spec.at("externalIPPool").string(),
            image: spec.at("image").string(),
            policy_subnets: spec.at("policies").items().map(|policy| policy.at("subnets").strings()).collect(),
            policy_blocks: spec.at("policies").items().map(|policy| policy.at("ipBlocks").strings()).collect(),
            selectors: spec.at("selectors").items().map(|selector| PodSelector::read(&selector)).collect(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl EgressGateway {
    /// Finds those whose `spec.vpc` this is.
    pub const BY_VPC: &'static str = "vpc";

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

impl PodSelector {
    fn read(selector: &Reader) -> Self {
        Self {
            namespaces: LabelSelector::read(&selector.at("namespaceSelector")),
            pods: LabelSelector::read(&selector.at("podSelector")),
        }
    }

    /// How many labels, conditions and values must be looked at to tell whether it selects a namespace.
    pub fn size(&self) -> usize {
        let values = |requirement: &Requirement| 1 + requirement.values.len();
        let LabelSelector { match_labels, match_expressions } = &self.namespaces;
        1 + match_labels.len() + match_expressions.iter().map(values).sum::<usize>()
    }
}
