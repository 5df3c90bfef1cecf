//! A limit of what passes through an address or a NAT gateway.

use super::{Found, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::field::FieldPath;
use crate::json::Reader;

/// A `QoSPolicy`.
#[derive(Clone, Debug, Default)]
pub struct QosPolicy {
    /// The metadata.
    pub meta: Meta,
    /// What it may be bound to: `EIP` or `NATGW`.
    pub binding_type: String,
    /// Whether more than one may be bound to it.
    pub shared: bool,
    /// The limits.
    pub limits: Vec<BandwidthLimit>,
}

/// A rule of a `QoSPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BandwidthLimit {
    /// Its name, once in a policy.
    pub name: String,
    /// The interface of the gateway's Pod; empty for the one that its direction has.
    pub interface: String,
    /// In Mbit/s.
    pub rate_max: String,
    /// In MByte.
    pub burst_max: String,
    /// Its place among the others.
    pub priority: i64,
    /// `ingress` or `egress`.
    pub direction: String,
    /// Empty, or `ip`.
    pub match_type: String,
    /// `src` or `dst`, and a prefix.
    pub match_value: String,
}

impl Resource for QosPolicy {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.bindingType", "spec.shared"]);
    const FOUND: Found = Found::ByName;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            binding_type: spec.at("bindingType").string(),
            shared: spec.at("shared").flag(),
            limits: spec.at("bandwidthLimitRules").items().map(|limit| BandwidthLimit::read(&limit)).collect(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl QosPolicy {
    /// The path of the limit of this number.
    pub fn path(index: usize) -> FieldPath {
        FieldPath::of("spec.bandwidthLimitRules").index(index)
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::QosPolicy, &self.meta.name)
    }
}

impl BandwidthLimit {
    fn read(limit: &Reader) -> Self {
        let text = |field: &'static str| limit.at(field).string();
        Self {
            name: text("name"),
            interface: text("interface"),
            rate_max: text("rateMax"),
            burst_max: text("burstMax"),
            priority: limit.at("priority").integer().unwrap_or(0),
            direction: text("direction"),
            match_type: text("matchType"),
            match_value: text("matchValue"),
        }
    }
}
