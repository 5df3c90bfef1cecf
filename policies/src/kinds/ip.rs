//! An address that Kube-OVN has given to a port: one object for each port of each Pod, made by Kube-OVN.

use super::claimed::{BY_CLAIMED_ADDRESS, claimed_words};
use super::{Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;

/// An `IP`.
#[derive(Clone, Debug, Default)]
pub struct Ip {
    /// The metadata.
    pub meta: Meta,
    /// The Subnet of its address.
    pub subnet: String,
    /// The namespace of its Pod.
    pub namespace: String,
    /// The Pod.
    pub pod_name: String,
    /// What makes the Pod: `StatefulSet`, `VirtualMachine` or nothing.
    pub pod_type: String,
    /// The IPv4 address.
    pub v4_ip: String,
    /// The IPv6 address.
    pub v6_ip: String,
    /// The MAC address.
    pub mac_address: String,
}

impl Resource for Ip {
    // There are as many as Pods: from a cluster they are read only where the settings say so.
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[
        "spec.namespace",
        "spec.podName",
        "spec.podType",
        "spec.subnet",
        "spec.v4IpAddress",
        "spec.v6IpAddress",
    ]);
    const INDEXES: &'static [Index<Self>] =
        &[Index { name: BY_CLAIMED_ADDRESS, words: |ip, each| claimed_words(ip, each) }];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            subnet: spec.at("subnet").string(),
            namespace: spec.at("namespace").string(),
            pod_name: spec.at("podName").string(),
            pod_type: spec.at("podType").string(),
            v4_ip: spec.at("v4IpAddress").string(),
            v6_ip: spec.at("v6IpAddress").string(),
            mac_address: spec.at("macAddress").string(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Ip {
    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::Ip, &self.meta.name)
    }
}
