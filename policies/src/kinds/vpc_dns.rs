//! Name servers inside a VPC.

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;

/// A `VpcDns`.
#[derive(Clone, Debug, Default)]
pub struct VpcDns {
    /// The metadata.
    pub meta: Meta,
    /// The VPC whose Pods ask it.
    pub vpc: String,
    /// The Subnet of its Pods.
    pub subnet: String,
    /// How many Pods; 0 for as many as Kube-OVN takes.
    pub replicas: i64,
    /// The ConfigMap with what the servers are told, where one is written.
    pub corefile: Option<String>,
}

impl Resource for VpcDns {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.subnet", "spec.vpc"]);
    const INDEXES: &'static [Index<Self>] = &[Index { name: Self::BY_VPC, words: |dns, each| each(&dns.vpc) }];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            vpc: spec.at("vpc").string(),
            subnet: spec.at("subnet").string(),
            replicas: spec.at("replicas").integer().unwrap_or(0),
            corefile: spec.at("corefile").text().map(str::to_owned),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl VpcDns {
    /// By their VPC.
    pub const BY_VPC: &'static str = "vpc";

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::VpcDns, &self.meta.name)
    }
}
