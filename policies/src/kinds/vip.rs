//! An address that Kube-OVN keeps for somebody.

use super::claimed::{BY_CLAIMED_ADDRESS, claimed_words};
use super::{Index, Kind, Meta, ObjectRef, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// The label of a Vip that a Pod has taken: the name of that Pod's port.
const RESERVED: &str = "ovn.kubernetes.io/ip_reserved";

/// A `Vip`.
#[derive(Clone, Debug, Default)]
pub struct Vip {
    /// The metadata.
    pub meta: Meta,
    /// The Subnet of its address.
    pub subnet: String,
    /// The namespace whose Pods it is for; mostly empty, which says nothing.
    pub namespace: String,
    /// What it is for: empty, `switch_lb_vip` or `kube_host_vm_vip`.
    pub kind: String,
    /// The IPv4 address that is asked for; empty for one that is drawn.
    pub v4_ip: String,
    /// The IPv6 address that is asked for.
    pub v6_ip: String,
    /// The MAC address that is asked for.
    pub mac_address: String,
    /// The labels of the Pods that may have the address, each as `key:value`.
    pub selector: Vec<String>,
    /// Further Subnets, which nobody reads.
    pub attach_subnets: Vec<String>,
    /// What Kube-OVN has given it.
    pub given: Given,
}

/// The addresses that Kube-OVN reports of a Vip; empty until there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The IPv4 address.
    pub v4_ip: String,
    /// The IPv6 address.
    pub v6_ip: String,
    /// The MAC address.
    pub mac: String,
}

impl Resource for Vip {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[
        "spec.namespace",
        "spec.subnet",
        "spec.type",
        "spec.v4ip",
        "spec.v6ip",
        "status.mac",
        "status.v4ip",
        "status.v6ip",
    ]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_SUBNET, words: |vip, each| each(&vip.subnet) },
        Index { name: BY_CLAIMED_ADDRESS, words: |vip, each| claimed_words(vip, each) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let (spec, status) = (object.at("spec"), object.at("status"));
        Self {
            meta: Meta::read(object),
            subnet: spec.at("subnet").string(),
            namespace: spec.at("namespace").string(),
            kind: spec.at("type").string(),
            v4_ip: spec.at("v4ip").string(),
            v6_ip: spec.at("v6ip").string(),
            mac_address: spec.at("macAddress").string(),
            selector: spec.at("selector").strings(),
            attach_subnets: spec.at("attachSubnets").strings(),
            given: Given {
                v4_ip: status.at("v4ip").string(),
                v6_ip: status.at("v6ip").string(),
                mac: status.at("mac").string(),
            },
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Vip {
    /// By their Subnet.
    pub const BY_SUBNET: &'static str = "subnet";

    /// The port of the Pod that has taken it: `<pod>.<namespace>`, with the provider behind where it is not the primary one.
    pub fn taken_by(&self) -> Option<&str> {
        self.meta.labels.get(RESERVED).map(String::as_str).filter(|port| !port.is_empty())
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::Vip, &self.meta.name)
    }
}
