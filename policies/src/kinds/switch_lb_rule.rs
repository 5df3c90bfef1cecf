//! Load balancers of a VPC.

use std::net::IpAddr;

use super::{BalancerPort, Index, Kind, KubeOvn, LOGICAL_ROUTER, LOGICAL_SWITCH, Meta, ObjectRef, Resource};
use crate::json::Reader;
use crate::net::{list_items, parse_ip};

/// The label of what Kube-OVN makes for a `VpcDns`: one address in many VPCs, from one namespace.
const OF_VPC_DNS: &str = "ovn.kubernetes.io/vpc-dns";

/// A `SwitchLBRule`.
#[derive(Clone, Debug, Default)]
pub struct SwitchLbRule {
    /// The metadata.
    pub meta: Meta,
    /// The address, as it is written.
    pub vip: String,
    /// The addresses that parse.
    pub vips: Vec<IpAddr>,
    /// The namespace of the backends, and of the Service that Kube-OVN makes.
    pub namespace: String,
    /// The labels of the backends, each as `key:value`; empty for what is no text, so that the others keep their places.
    pub selector: Vec<String>,
    /// The addresses of the backends, which win over the selector; likewise.
    pub endpoints: Vec<String>,
    /// `None` or `ClientIP`; empty for the former.
    pub session_affinity: String,
    /// The ports.
    pub ports: Vec<BalancerPort>,
}

impl Resource for SwitchLbRule {
    const LOOKED_UP: Option<&'static [&'static str]> =
        Some(&["spec.endpoints", "spec.namespace", "spec.ports", "spec.vip"]);
    const INDEXES: &'static [Index<Self>] = &[Index {
        name: Self::BY_PORT,
        words: |rule, each| {
            for address in rule.vips.iter().filter(|_| !rule.is_of_vpc_dns()) {
                rule.ports.iter().for_each(|port| each(&Self::port_of_vip(*address, port)));
            }
        },
    }];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let vip = spec.at("vip").string();
        Self {
            meta: Meta::read(object),
            vips: list_items(&vip).filter_map(parse_ip).collect(),
            vip,
            namespace: spec.at("namespace").string(),
            selector: spec.at("selector").items().map(|label| label.string()).collect(),
            endpoints: spec.at("endpoints").items().map(|address| address.string()).collect(),
            session_affinity: spec.at("sessionAffinity").string(),
            ports: spec.at("ports").items().map(|port| BalancerPort::read(&port)).collect(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl SwitchLbRule {
    /// By what their ports take of their addresses, but for those that Kube-OVN makes for a `VpcDns`.
    pub const BY_PORT: &'static str = "port";

    /// The word by which those are found that have a port of an address.
    pub fn port_of_vip(address: IpAddr, port: &BalancerPort) -> String {
        format!("{address} {}/{}", port.effective_protocol(), port.port)
    }

    /// Whether Kube-OVN has made it for a `VpcDns`.
    pub fn is_of_vpc_dns(&self) -> bool {
        self.meta.labels.get(OF_VPC_DNS).is_some_and(|value| value == "true")
    }

    /// The VPC and the Subnet that its annotations put it into; none unless both are there.
    pub fn network(&self) -> Option<(&str, &str)> {
        let named = |key: &str| self.meta.annotation(key).filter(|name| !name.is_empty());
        Some((named(LOGICAL_ROUTER)?, named(LOGICAL_SWITCH)?))
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::SwitchLbRule, &self.meta.name)
    }
}
