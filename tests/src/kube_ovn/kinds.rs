//! The kinds that the witness can make.

use anyhow::{Context, Result};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::Value;

/// A kind of the API server.
#[derive(Debug)]
pub struct Resource {
    /// `v1`, `kubeovn.io/v1`.
    pub api_version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Its name in paths.
    pub plural: &'static str,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

const KUBE_OVN: &str = "kubeovn.io/v1";

pub(super) const ALL: &[Resource] = &[
    cluster("v1", "Namespace", "namespaces"),
    cluster("v1", "Node", "nodes"),
    cluster("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs"),
    namespaced("v1", "ConfigMap", "configmaps"),
    namespaced("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "network-attachment-definitions"),
    cluster(KUBE_OVN, "ProviderNetwork", "provider-networks"),
    cluster(KUBE_OVN, "Vlan", "vlans"),
    cluster(KUBE_OVN, "SecurityGroup", "security-groups"),
    cluster(KUBE_OVN, "QoSPolicy", "qos-policies"),
    cluster(KUBE_OVN, "Vpc", "vpcs"),
    cluster(KUBE_OVN, "Subnet", "subnets"),
    cluster(KUBE_OVN, "IPPool", "ippools"),
    cluster(KUBE_OVN, "Vip", "vips"),
    cluster(KUBE_OVN, "VpcNatGateway", "vpc-nat-gateways"),
    namespaced(KUBE_OVN, "VpcEgressGateway", "vpc-egress-gateways"),
    cluster(KUBE_OVN, "IptablesEIP", "iptables-eips"),
    cluster(KUBE_OVN, "IptablesFIPRule", "iptables-fip-rules"),
    cluster(KUBE_OVN, "IptablesDnatRule", "iptables-dnat-rules"),
    cluster(KUBE_OVN, "IptablesSnatRule", "iptables-snat-rules"),
    cluster(KUBE_OVN, "OvnEip", "ovn-eips"),
    cluster(KUBE_OVN, "OvnFip", "ovn-fips"),
    cluster(KUBE_OVN, "OvnDnatRule", "ovn-dnat-rules"),
    cluster(KUBE_OVN, "OvnSnatRule", "ovn-snat-rules"),
    cluster(KUBE_OVN, "SwitchLBRule", "switch-lb-rules"),
    cluster(KUBE_OVN, "VpcDns", "vpc-dnses"),
    namespaced("v1", "Service", "services"),
    namespaced("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    namespaced("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    namespaced("apps/v1", "Deployment", "deployments"),
    namespaced("apps/v1", "StatefulSet", "statefulsets"),
    namespaced("apps/v1", "DaemonSet", "daemonsets"),
    namespaced("apps/v1", "ReplicaSet", "replicasets"),
    namespaced("v1", "ReplicationController", "replicationcontrollers"),
    namespaced("batch/v1", "Job", "jobs"),
    namespaced("batch/v1", "CronJob", "cronjobs"),
    namespaced("v1", "Pod", "pods"),
    namespaced("v1", "Event", "events"),
];

/// What only a tenant writes, and the witness does not follow.
const OTHERS: &[Resource] = &[
    namespaced("v1", "Binding", "bindings"),
    namespaced("v1", "Endpoints", "endpoints"),
    namespaced("kubevirt.io/v1", "VirtualMachine", "virtualmachines"),
    namespaced("kubevirt.io/v1", "VirtualMachineInstance", "virtualmachineinstances"),
];

/// The order in which they go: what makes others before these, and what uses others before these. Namespaces go by their own way, and
/// Events are left.
pub(super) const DELETED: &[&[&str]] = &[
    &[
        "SwitchLBRule",
        "VpcDns",
        "IptablesFIPRule",
        "IptablesDnatRule",
        "IptablesSnatRule",
        "OvnFip",
        "OvnDnatRule",
        "OvnSnatRule",
    ],
    &[
        "VpcNatGateway",
        "VpcEgressGateway",
        "IptablesEIP",
        "OvnEip",
        "CronJob",
        "Job",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
    ],
    &["Pod", "Service", "EndpointSlice", "NetworkPolicy"],
    &["Vip", "IPPool"],
    &["Subnet"],
    &[
        "Vpc",
        "SecurityGroup",
        "QoSPolicy",
        "Vlan",
        "ProviderNetwork",
        "NetworkAttachmentDefinition",
        "ConfigMap",
        "ServiceCIDR",
        "Node",
    ],
];

const fn cluster(api_version: &'static str, kind: &'static str, plural: &'static str) -> Resource {
    Resource { api_version, kind, plural, namespaced: false }
}

const fn namespaced(api_version: &'static str, kind: &'static str, plural: &'static str) -> Resource {
    Resource { api_version, kind, plural, namespaced: true }
}

impl Resource {
    /// That of an object.
    ///
    /// # Errors
    ///
    /// If the witness does not know it.
    pub fn of(object: &Value) -> Result<&'static Self> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let same = |resource: &&Self| resource.kind == kind && resource.api_version == api_version;
        ALL.iter().chain(OTHERS).find(same).with_context(|| format!("the witness does not know {api_version} {kind}"))
    }

    /// Whether the witness sees what becomes of an object of this kind.
    pub fn is_followed(object: &Value) -> bool {
        Self::of(object).is_ok_and(|resource| ALL.iter().any(|followed| followed.kind == resource.kind))
    }

    /// All of them, in the order in which they are made: what others name comes first.
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// That of a kind.
    pub fn named(kind: &str) -> Option<&'static Self> {
        ALL.iter().chain(OTHERS).find(|resource| resource.kind == kind)
    }

    /// Where an object is found, or all of them without a name.
    pub fn path(&self, namespace: &str, name: Option<&str>) -> String {
        let root = if self.api_version.contains('/') { "apis" } else { "api" };
        let scope =
            if self.namespaced && !namespace.is_empty() { format!("/namespaces/{namespace}") } else { String::new() };
        let end = name.map(|name| format!("/{name}")).unwrap_or_default();
        format!("/{root}/{}{scope}/{}{end}", self.api_version, self.plural)
    }

    /// For clients that are told the kind.
    pub(super) fn api(&self) -> ApiResource {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", self.api_version));
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, self.kind), self.plural)
    }
}
