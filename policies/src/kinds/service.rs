//! A Service, which Kube-OVN places in a VPC by its annotations.

use super::pod::{LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX};
use super::{Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// The VPC whose load balancer serves a Service.
pub const VPC: &str = "ovn.kubernetes.io/vpc";
/// The same, by the older name.
pub const LOGICAL_ROUTER: &str = "ovn.kubernetes.io/logical_router";

/// An address that Kube-OVN gives a Service in a Subnet.
pub const SWITCH_LB_VIP: &str = "ovn.kubernetes.io/switch_lb_vip";
/// An address that Kube-OVN gives a Service on a router.
pub const ROUTER_LB_VIP: &str = "ovn.kubernetes.io/router_lb_vip";

/// The network of the Pod that Kube-OVN makes for a Service of type `LoadBalancer`, where it serves those itself.
pub const ATTACHMENT_PROVIDER: &str = "ovn.kubernetes.io/attachmentprovider";

/// That network where the annotation is empty.
const OWN_NETWORK: &str = "lb-svc-attachment.kube-system";

/// A Service.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// The metadata.
    pub meta: Meta,
}

/// The network of the Pod that Kube-OVN makes for a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceNetwork<'s> {
    /// `<namespace>/<name>` of the NetworkAttachmentDefinition.
    pub reference: String,
    /// The provider of the Subnets that serve it; none where the Pod's own annotation names the Subnet.
    pub provider: Option<String>,
    /// The annotation that names a Subnet for it, and that name.
    pub switch: Option<(String, &'s str)>,
}

impl Resource for Service {
    const PARTS: &'static [&'static str] = &[];

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

    /// Whether it names both a router and a Subnet: Kube-OVN reads neither without the other.
    pub fn is_placed(&self) -> bool {
        let is_written = |key| self.meta.annotation(key).is_some_and(|name| !name.is_empty());
        [LOGICAL_ROUTER, LOGICAL_SWITCH].into_iter().all(is_written)
    }

    /// The network of the Pod that Kube-OVN makes for it. The annotation that names a Subnet is copied to the Pod, where it is
    /// read if its provider is written out.
    pub fn network(&self) -> Option<ServiceNetwork<'_>> {
        let written = self.meta.annotation(ATTACHMENT_PROVIDER)?;
        let network = if written.is_empty() { OWN_NETWORK } else { written };
        let mut parts = network.split('.');
        let (name, namespace) = (parts.next()?, parts.next()?);
        let key = format!("{network}{LOGICAL_SWITCH_SUFFIX}");
        let switch = self.meta.annotation(&key).filter(|subnet| !subnet.is_empty());
        let provider = format!("{name}.{namespace}.ovn");
        let is_read = switch.is_some() && network == provider;
        Some(ServiceNetwork {
            reference: format!("{namespace}/{name}"),
            provider: (!is_read).then_some(provider),
            switch: switch.map(|subnet| (key, subnet)),
        })
    }

    fn named(&self, key: &'static str) -> Option<(&'static str, &str)> {
        let name = self.meta.annotation(key)?.trim();
        (!name.is_empty()).then_some((key, name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::TypeErrors;

    #[test]
    fn a_services_network_is_read_as_kube_ovn_reads_it() {
        let service = |written: &str| {
            let keys = ["net.ns1", "net.ns1.ovn"].map(|network| format!("{network}{LOGICAL_SWITCH_SUFFIX}"));
            let [key, read] = &keys;
            let object = json!({"metadata": {"annotations": {ATTACHMENT_PROVIDER: written, key: "a", read: "b"}}});
            Service::read(Kind::Service, &Reader::new(&object, &TypeErrors::default()), &KubeOvn::default())
        };
        let network = |reference: &str, provider: Option<&str>, switch: Option<(&str, &'static str)>| ServiceNetwork {
            reference: reference.to_owned(),
            provider: provider.map(str::to_owned),
            switch: switch.map(|(key, subnet)| (key.to_owned(), subnet)),
        };
        for (written, wanted) in [
            ("net.ns1", network("ns1/net", Some("net.ns1.ovn"), Some(("net.ns1.kubernetes.io/logical_switch", "a")))),
            ("net.ns1.ovn", network("ns1/net", None, Some(("net.ns1.ovn.kubernetes.io/logical_switch", "b")))),
            ("net.ns2", network("ns2/net", Some("net.ns2.ovn"), None)),
            ("", network("kube-system/lb-svc-attachment", Some("lb-svc-attachment.kube-system.ovn"), None)),
        ] {
            assert_eq!(service(written).network(), Some(wanted), "{written}");
        }
        assert_eq!(service("net").network(), None);
        assert_eq!(Service::default().network(), None);
    }
}
