//! An egress gateway of a VPC: namespaced, so that tenants may make one.

use super::{Kind, Meta, Resource};
use crate::json::Reader;
use crate::settings::KubeOvn;

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
    /// The Subnets whose traffic it takes, a list for each policy.
    pub policy_subnets: Vec<Vec<String>>,
}

impl Resource for EgressGateway {
    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            vpc: spec.at("vpc").string(),
            internal_subnet: spec.at("internalSubnet").string(),
            external_subnet: spec.at("externalSubnet").string(),
            internal_ip_pool: spec.at("internalIPPool").string(),
            external_ip_pool: spec.at("externalIPPool").string(),
            policy_subnets: spec.at("policies").items().map(|policy| policy.at("subnets").strings()).collect(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}
