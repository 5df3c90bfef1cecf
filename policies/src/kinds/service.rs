//! A Service, which Kube-OVN places in a VPC by its annotations.

use super::pod::LOGICAL_SWITCH;
use super::{Kind, Meta, Resource};
use crate::json::Reader;
use crate::settings::KubeOvn;

/// The VPC whose load balancer serves a Service.
pub const VPC: &str = "ovn.kubernetes.io/vpc";
/// The same, by the older name.
pub const LOGICAL_ROUTER: &str = "ovn.kubernetes.io/logical_router";

/// An address that Kube-OVN gives a Service in a Subnet.
pub const SWITCH_LB_VIP: &str = "ovn.kubernetes.io/switch_lb_vip";
/// An address that Kube-OVN gives a Service on a router.
pub const ROUTER_LB_VIP: &str = "ovn.kubernetes.io/router_lb_vip";

/// A Service.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// The metadata.
    pub meta: Meta,
}

impl Resource for Service {
    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { meta: Meta::read(object) }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Service {
    /// The VPCs that its annotations name, each with the annotation's key.
    pub fn vpcs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [VPC, LOGICAL_ROUTER].into_iter().filter_map(|key| self.named(key))
    }

    /// The Subnet that its annotation names, with the annotation's key.
    pub fn subnet(&self) -> Option<(&'static str, &str)> {
        self.named(LOGICAL_SWITCH)
    }

    fn named(&self, key: &'static str) -> Option<(&'static str, &str)> {
        let name = self.meta.annotation(key)?.trim();
        (!name.is_empty()).then_some((key, name))
    }
}
