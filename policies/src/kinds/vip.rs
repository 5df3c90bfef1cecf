//! An address that Kube-OVN keeps for somebody.

use super::{Found, Kind, Meta, Resource};
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
}

impl Resource for Vip {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.namespace", "spec.subnet"]);
    const FOUND: Found = Found::ByName;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self { meta: Meta::read(object), subnet: spec.at("subnet").string(), namespace: spec.at("namespace").string() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Vip {
    /// The port of the Pod that has taken it: `<pod>.<namespace>`, with the provider behind where it is not the primary one.
    pub fn taken_by(&self) -> Option<&str> {
        self.meta.labels.get(RESERVED).map(String::as_str).filter(|port| !port.is_empty())
    }
}
