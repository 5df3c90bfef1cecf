//! A part of the endpoints of a Service.

use super::{Kind, Meta, Resource};
use crate::field::FieldPath;
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// The label with the Service that an EndpointSlice is a part of.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// An `EndpointSlice`.
#[derive(Clone, Debug, Default)]
pub struct EndpointSlice {
    /// The metadata.
    pub meta: Meta,
    /// The objects that its endpoints are, of whatever kind: Kube-OVN takes them for Pods.
    pub targets: Vec<Target>,
    /// The ports without a number, by their places, with their names.
    pub without_number: Vec<(usize, String)>,
}

/// What an endpoint is.
#[derive(Clone, Debug)]
pub struct Target {
    /// The place of the endpoint.
    pub endpoint: usize,
    /// The namespace; empty where none is given.
    pub namespace: String,
    /// The name; empty where none is given.
    pub name: String,
}

impl Resource for EndpointSlice {
    const PARTS: &'static [&'static str] = &["endpoints", "ports"];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let target = |(at, endpoint): (usize, Reader<'_, '_>)| {
            let target = endpoint.at("targetRef");
            let named = |field| target.at(field).string();
            target.is_present().then(|| Target { endpoint: at, namespace: named("namespace"), name: named("name") })
        };
        let ports = object.at("ports");
        let without_number = ports.items().enumerate().filter(|(_, port)| port.at("port").integer().is_none());
        Self {
            meta: Meta::read(object),
            targets: object.at("endpoints").items().enumerate().filter_map(target).collect(),
            without_number: without_number.map(|(at, port)| (at, port.at("name").string())).collect(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl EndpointSlice {
    /// The Service that it is a part of; Kube-OVN reads it by this label alone.
    pub fn service(&self) -> &str {
        self.meta.labels.get(SERVICE_NAME).map_or("", String::as_str)
    }
}

impl Target {
    /// Where its namespace stands.
    pub fn path(&self) -> FieldPath {
        FieldPath::of("endpoints").index(self.endpoint).field("targetRef.namespace")
    }
}
