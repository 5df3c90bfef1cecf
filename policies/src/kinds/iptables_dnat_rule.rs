//! The destination NAT rules of NAT gateways.

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;

/// An `IptablesDnatRule`.
#[derive(Clone, Debug, Default)]
pub struct IptablesDnatRule {
    /// The metadata.
    pub meta: Meta,
    /// The name of the `IptablesEIP`.
    pub eip: String,
    /// The port of the `IptablesEIP`.
    pub external_port: String,
    /// The address inside the VPC.
    pub internal_ip: String,
    /// The port there.
    pub internal_port: String,
    /// `tcp` or `udp`, in any case.
    pub protocol: String,
    /// `exclusive` or `share`; empty for the former.
    pub sharing: String,
}

impl Resource for IptablesDnatRule {
    const LOOKED_UP: Option<&'static [&'static str]> =
        Some(&["spec.eip", "spec.externalPort", "spec.protocol", "spec.type"]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_EIP, words: |rule, each| each(&rule.eip) },
        Index { name: Self::BY_PORT, words: |rule, each| each(&rule.port_of_eip()) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let text = |field: &'static str| spec.at(field).string();
        Self {
            meta: Meta::read(object),
            eip: text("eip"),
            external_port: text("externalPort"),
            internal_ip: text("internalIp"),
            internal_port: text("internalPort"),
            protocol: text("protocol"),
            sharing: text("type"),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl IptablesDnatRule {
    /// By their `IptablesEIP`.
    pub const BY_EIP: &'static str = "EIP";

    /// By [`IptablesDnatRule::port_of_eip`].
    pub const BY_PORT: &'static str = "port";

    /// What it takes of its EIP: a port of a protocol, whose case does not matter.
    pub fn port_of_eip(&self) -> String {
        format!("{}/{}/{}", self.eip, self.external_port, self.protocol.to_ascii_lowercase())
    }

    /// Whether other rules may have its port.
    pub fn is_shared(&self) -> bool {
        self.sharing == "share"
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::IptablesDnatRule, &self.meta.name)
    }
}
