//! Load balancers at the edge of a VPC.

use super::{BalancerPort, Index, Kind, KubeOvn, Meta, ObjectRef, Resource, port_of_eip};
use crate::json::Reader;

/// A `RouterLBRule`.
#[derive(Clone, Debug, Default)]
pub struct RouterLbRule {
    /// The metadata.
    pub meta: Meta,
    /// The name of the `OvnEip`.
    pub ovn_eip: String,
    /// The VPC.
    pub vpc: String,
    /// The namespace of the backends.
    pub namespace: String,
    /// The labels of the backends, each as `key:value`.
    pub selector: Vec<String>,
    /// The addresses of the backends.
    pub endpoints: Vec<String>,
    /// `None` or `ClientIP`; empty for the former.
    pub session_affinity: String,
    /// The ports.
    pub ports: Vec<BalancerPort>,
}

impl Resource for RouterLbRule {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.ovnEip", "spec.ports", "spec.vpc"]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_EIP, words: |rule, each| each(&rule.ovn_eip) },
        Index {
            name: Self::BY_PORT,
            words: |rule, each| {
                rule.ports.iter().for_each(|port| each(&port_of_eip(&rule.ovn_eip, &port.port.to_string())));
            },
        },
        Index { name: Self::BY_VPC, words: |rule, each| each(&rule.vpc) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let text = |field: &'static str| spec.at(field).string();
        Self {
            meta: Meta::read(object),
            ovn_eip: text("ovnEip"),
            vpc: text("vpc"),
            namespace: text("namespace"),
            selector: spec.at("selector").strings(),
            endpoints: spec.at("endpoints").strings(),
            session_affinity: text("sessionAffinity"),
            ports: spec.at("ports").items().map(|port| BalancerPort::read(&port)).collect(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl RouterLbRule {
    /// By their `OvnEip`.
    pub const BY_EIP: &'static str = "EIP";
    /// By what their ports take of the `OvnEip`, as with an `OvnDnatRule`.
    pub const BY_PORT: &'static str = "port";
    /// By their VPC.
    pub const BY_VPC: &'static str = "vpc";

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::RouterLbRule, &self.meta.name)
    }
}
