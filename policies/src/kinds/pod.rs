//! Pods, and the templates of the workloads that make them: what their annotations ask of Kube-OVN.

use super::{Kind, Meta, Resource};
use crate::field::FieldPath;
use crate::json::Reader;
use crate::kinds::KubeOvn;
use crate::net::{list_items, parse_ip};

/// The Subnet of a Pod or a Namespace.
pub const LOGICAL_SWITCH: &str = "ovn.kubernetes.io/logical_switch";
/// How the keys of all such annotations end, one for each network of a Pod.
pub const LOGICAL_SWITCH_SUFFIX: &str = ".kubernetes.io/logical_switch";
/// The IPPool of a Pod's primary network, and the IPPools of a Namespace.
pub const IP_POOL: &str = "ovn.kubernetes.io/ip_pool";
/// How the keys of the annotations end in which Kube-OVN keeps the VPC of each network of a Pod.
pub const LOGICAL_ROUTER_SUFFIX: &str = ".kubernetes.io/logical_router";
/// How the keys of the annotations end that name an IPPool or list addresses.
pub const IP_POOL_SUFFIX: &str = ".kubernetes.io/ip_pool";
/// How the annotations end that give a network of a Pod its addresses.
pub const IP_ADDRESS_SUFFIX: &str = ".kubernetes.io/ip_address";
/// How the annotations end that put a network of a Pod into security groups.
pub const SECURITY_GROUPS_SUFFIX: &str = ".kubernetes.io/security_groups";
/// The networks that Multus attaches besides the primary one.
pub const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
/// The network that Multus attaches in place of the primary one.
pub const DEFAULT_NETWORK: &str = "v1.multus-cni.io/default-network";
/// How the annotations end that say that a network of a Pod has its address; without them Kube-OVN gives out another.
pub const ALLOCATED_SUFFIX: &str = ".kubernetes.io/allocated";
/// The migration of a virtual machine, during which Kube-OVN gives out addresses anew.
pub const MIGRATION: &str = "kubevirt.io/migrationJobName";
/// The Vip whose address a Pod takes.
pub const VIP: &str = "ovn.kubernetes.io/vip";
/// The Vips whose addresses a Pod may send from beside its own.
pub const ADDRESS_PAIRS: &str = "ovn.kubernetes.io/aaps";

/// A Pod, or the template of a workload.
#[derive(Clone, Debug)]
pub struct PodTemplate {
    /// The kind of the whole object.
    pub kind: Kind,
    /// The metadata of the whole object.
    pub meta: Meta,
    /// The metadata of the Pod: the object's own, or the template's.
    pub pod: Meta,
    /// Whether the Pod uses its node's network, so that Kube-OVN attaches it to nothing.
    pub host_network: bool,
    /// How many Pods there are to be at once; 1 where it does not say.
    pub replicas: i64,
    /// The KubeVirt virtual machines that own it, by name: whatever its owner references say.
    pub virtual_machines: Vec<String>,
    /// The NetworkAttachmentDefinitions of a virtual machine's networks, each with the place of that network. `KubeVirt` writes
    /// them into the annotations of the machine's Pod.
    pub machine_networks: Vec<(usize, String)>,
    /// Where the Pod stands in the object.
    path: FieldPath,
}

impl Resource for PodTemplate {
    fn read(kind: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let read = |pod: &Reader| Self {
            kind,
            meta: Meta::read(object),
            pod: Meta::read(pod),
            // A virtual machine has no such field, and its Pods always have a network of their own.
            host_network: !is_machine(kind) && pod.at("spec").at("hostNetwork").flag(),
            replicas: replicas(kind, &object.at("spec")),
            virtual_machines: virtual_machines(&pod.at("metadata").at("ownerReferences")),
            machine_networks: machine_networks(kind, &pod.at("spec").at("networks")),
            path: pod.path(),
        };
        let spec = object.at("spec");
        match kind.pod_path() {
            "" => read(object),
            "spec.template" => read(&spec.at("template")),
            _ => read(&spec.at("jobTemplate").at("spec").at("template")),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl PodTemplate {
    /// The path of one of the Pod's annotations.
    pub fn annotation_path(&self, key: &str) -> FieldPath {
        self.path.clone().field("metadata.annotations").key(key)
    }

    /// Whether the network of the Pod that an annotation is about keeps the address that it has.
    pub fn keeps_address(&self, key: &str) -> bool {
        let provider = key.rsplit_once(".kubernetes.io/").map_or(key, |(provider, _)| provider);
        let allocated = self.pod.annotation(&format!("{provider}{ALLOCATED_SUFFIX}"));
        allocated == Some("true") && self.pod.annotation(MIGRATION).is_none()
    }

    /// How many of so many addresses its Pods need at once.
    pub fn wanted_addresses(&self, listed: usize) -> usize {
        usize::try_from(self.replicas).unwrap_or(1).clamp(1, listed.max(1))
    }

    /// The path of the name in one of `machine_networks`.
    pub fn machine_network_path(&self, at: usize) -> FieldPath {
        self.path.clone().field("spec.networks").index(at).field("multus.networkName")
    }

    /// The Subnets that its annotations name, each with the annotation's key. One name is legal, a list is not.
    pub fn logical_switches(&self) -> impl Iterator<Item = (&str, &str)> {
        let switches = self.pod.annotations.iter().filter(|(key, _)| key.ends_with(LOGICAL_SWITCH_SUFFIX));
        switches.flat_map(|(key, value)| list_items(value).map(|name| (key.as_str(), name)))
    }

    /// The IPPools that its annotations name, each with the annotation's key. Addresses name none.
    pub fn ip_pools(&self) -> impl Iterator<Item = (&str, &str)> {
        let pools = self.pod.annotations.iter().filter(|(key, _)| key.ends_with(IP_POOL_SUFFIX));
        let named = pools.filter_map(|(key, value)| Some((key.as_str(), pool_name(value)?)));
        named.filter(|(_, name)| !name.is_empty())
    }

    /// The security groups that its annotations name, each with the annotation's key. Blanks are part of a name.
    pub fn security_groups(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        let groups = self.pod.annotations.iter().filter(|(key, _)| key.ends_with(SECURITY_GROUPS_SUFFIX));
        groups.map(|(key, value)| (key.as_str(), value.split(',').filter(|name| !name.is_empty())))
    }
}

impl Kind {
    /// Where the Pod stands in an object that is or makes one; empty for what is one. The Pod of a virtual machine that runs has
    /// the machine's annotations.
    pub fn pod_path(self) -> &'static str {
        match self {
            Kind::Pod | Kind::VirtualMachineInstance => "",
            Kind::CronJob => "spec.jobTemplate.spec.template",
            _ => "spec.template",
        }
    }
}

fn replicas(kind: Kind, spec: &Reader) -> i64 {
    let field = match kind {
        Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet | Kind::ReplicationController => "replicas",
        Kind::Job => "parallelism",
        _ => return 1,
    };
    spec.at(field).integer().unwrap_or(1)
}

fn machine_networks(kind: Kind, networks: &Reader) -> Vec<(usize, String)> {
    if !is_machine(kind) {
        return Vec::new();
    }
    let name = |network: &Reader| network.at("multus").at("networkName").string();
    networks.items().map(|network| name(&network)).enumerate().filter(|(_, name)| !name.is_empty()).collect()
}

fn is_machine(kind: Kind) -> bool {
    matches!(kind, Kind::VirtualMachine | Kind::VirtualMachineInstance)
}

/// Kube-OVN takes the name of such an owner for that of the Pod.
fn virtual_machines(owners: &Reader) -> Vec<String> {
    let is_machine = |owner: &Reader| {
        let group = owner.at("apiVersion").string();
        owner.at("kind").string() == "VirtualMachineInstance" && group.starts_with("kubevirt.io/")
    };
    owners.items().filter(is_machine).map(|owner| owner.at("name").string()).collect()
}

/// The name that an `ip_pool` is, whitespace trimmed; none for addresses.
pub(crate) fn pool_name(value: &str) -> Option<&str> {
    let name = value.trim();
    (!name.contains([',', ';']) && parse_ip(name).is_none()).then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::TypeErrors;

    fn pod(annotations: &Value) -> PodTemplate {
        let object = json!({"metadata": {"name": "p", "namespace": "ns1", "annotations": annotations}});
        PodTemplate::read(Kind::Pod, &Reader::new(&object, &TypeErrors::default()), &KubeOvn::default())
    }

    #[test]
    fn addresses_name_no_pool() {
        for (value, names) in
            [("pool", true), (" pool ", true), ("10.0.0.1", false), ("a;b", false), ("a,b", false), ("", false)]
        {
            assert_eq!(
                pod(&json!({"ovn.kubernetes.io/ip_pool": value})).ip_pools().count(),
                usize::from(names),
                "{value}"
            );
        }
    }

    #[test]
    fn a_template_is_found_in_every_workload() {
        let template = json!({"metadata": {"annotations": {LOGICAL_SWITCH: "s"}}, "spec": {"hostNetwork": true}});
        for (kind, spec, path) in [
            (Kind::Deployment, json!({"template": template}), "spec.template"),
            (Kind::ReplicationController, json!({"template": template}), "spec.template"),
            (Kind::VirtualMachine, json!({"template": template}), "spec.template"),
            (Kind::CronJob, json!({"jobTemplate": {"spec": {"template": template}}}), "spec.jobTemplate.spec.template"),
        ] {
            let object = json!({"metadata": {"name": "w"}, "spec": spec});
            let workload = PodTemplate::read(kind, &Reader::new(&object, &TypeErrors::default()), &KubeOvn::default());
            assert_eq!(workload.host_network, kind != Kind::VirtualMachine);
            assert_eq!(workload.logical_switches().collect::<Vec<_>>(), [(LOGICAL_SWITCH, "s")]);
            let wanted = format!("{path}.metadata.annotations[{LOGICAL_SWITCH}]");
            assert_eq!(workload.annotation_path(LOGICAL_SWITCH).to_string(), wanted);
        }
    }
}
