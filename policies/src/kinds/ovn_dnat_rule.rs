//! Destination NAT by OVN: load balancers with one backend.

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, OvnTarget, Resource};
use crate::json::Reader;

/// An `OvnDnatRule`.
#[derive(Clone, Debug, Default)]
pub struct OvnDnatRule {
    /// The metadata.
    pub meta: Meta,
    /// The name of the `OvnEip`.
    pub ovn_eip: String,
    /// What it leads to.
    pub target: OvnTarget,
    /// The port of the `OvnEip`.
    pub external_port: String,
    /// The port of the target.
    pub internal_port: String,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Whether it is set up.
    pub is_ready: bool,
}

impl Resource for OvnDnatRule {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> =
        Some(&["spec.externalPort", "spec.ovnEip", "spec.vpc", "status.ready", "status.vpc"]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_EIP, words: |rule, each| each(&rule.ovn_eip) },
        Index { name: Self::BY_PORT, words: |rule, each| each(&port_of_eip(&rule.ovn_eip, &rule.external_port)) },
        Index { name: Self::BY_VPC, words: |rule, each| each(rule.target.effective_vpc()) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let text = |field: &'static str| spec.at(field).string();
        Self {
            meta: Meta::read(object),
            ovn_eip: text("ovnEip"),
            target: OvnTarget::read(object),
            external_port: text("externalPort"),
            internal_port: text("internalPort"),
            protocol: text("protocol"),
            is_ready: object.at("status").at("ready").flag(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl OvnDnatRule {
    /// By their `OvnEip`.
    pub const BY_EIP: &'static str = "EIP";
    /// By their `OvnEip` and its port.
    pub const BY_PORT: &'static str = "port";
    /// By the VPC that Kube-OVN reports, or else by the one that they name.
    pub const BY_VPC: &'static str = "vpc";

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::OvnDnatRule, &self.meta.name)
    }
}

/// What a rule takes of its `OvnEip`: a port, whatever the protocol.
pub(crate) fn port_of_eip(eip: &str, port: &str) -> String {
    format!("{eip}/{port}")
}
