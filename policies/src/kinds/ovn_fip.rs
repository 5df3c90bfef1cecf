//! Floating IPs by OVN.

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, OvnTarget, Resource};
use crate::json::Reader;

/// An `OvnFip`.
#[derive(Clone, Debug, Default)]
pub struct OvnFip {
    /// The metadata.
    pub meta: Meta,
    /// The name of the `OvnEip`.
    pub ovn_eip: String,
    /// What it leads to.
    pub target: OvnTarget,
    /// `distributed` or `centralized`; empty for what Kube-OVN is set to.
    pub placement: String,
    /// Whether it is set up.
    pub is_ready: bool,
}

impl Resource for OvnFip {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.ovnEip", "spec.vpc", "status.ready", "status.vpc"]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_EIP, words: |fip, each| each(&fip.ovn_eip) },
        Index { name: Self::BY_VPC, words: |fip, each| each(fip.target.effective_vpc()) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            ovn_eip: spec.at("ovnEip").string(),
            target: OvnTarget::read(object),
            placement: spec.at("type").string(),
            is_ready: object.at("status").at("ready").flag(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl OvnFip {
    /// By their `OvnEip`.
    pub const BY_EIP: &'static str = "EIP";
    /// By the VPC that Kube-OVN reports, or else by the one that they name.
    pub const BY_VPC: &'static str = "vpc";

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::OvnFip, &self.meta.name)
    }
}
