//! The kinds that rules read, one file each: only the fields that are read, completed as Kube-OVN completes them.
//!
//! Objects are read leniently. A field of the wrong JSON type counts as absent, and is noted for the rule `field-type`.

mod address;
mod attachment_definition;
mod config_map;
mod egress_gateway;
mod ip_pool;
mod iptables;
mod meta;
mod namespace;
mod nat_gateway;
mod node;
mod pod;
mod selector;
mod service;
mod service_cidr;
mod subnet;
mod vpc;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

pub use address::AddressList;
pub use attachment_definition::AttachmentDefinition;
pub use config_map::{ConfigMap, NAT_CONFIG, NAT_GW_CONFIG};
pub use egress_gateway::EgressGateway;
pub use ip_pool::IpPool;
pub use iptables::{IptablesEip, IptablesRule};
pub use meta::{ALLOW, Meta, key};
pub use namespace::Namespace;
pub use nat_gateway::NatGateway;
pub use node::Node;
pub use pod::{
    DEFAULT_NETWORK, IP_POOL_SUFFIX, LOGICAL_ROUTER_SUFFIX, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, NETWORKS,
    PodTemplate,
};
pub use selector::LabelSelector;
pub use service::{LOGICAL_ROUTER, ROUTER_LB_VIP, SWITCH_LB_VIP, Service, VPC as SERVICE_VPC};
pub use service_cidr::ServiceCidr;
pub use subnet::{NatOutgoingRule, Shard, Subnet};
pub use vpc::{GUEST_NAMESPACES, Peering, PolicyRoute, StaticRoute, VPC_EXTERNAL, VPC_LB, Vpc};

use crate::json::{Reader, TypeError, TypeErrors};
use crate::settings::KubeOvn;

/// The kinds that rules know. Objects of any other kind are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A virtual private cloud: a logical router.
    Vpc,
    /// A logical switch.
    Subnet,
    /// A NAT gateway of a VPC.
    VpcNatGateway,
    /// An egress gateway of a VPC, namespaced.
    VpcEgressGateway,
    /// An address of a NAT gateway.
    IptablesEip,
    /// A floating IP of a NAT gateway.
    IptablesFipRule,
    /// A destination NAT rule.
    IptablesDnatRule,
    /// A source NAT rule.
    IptablesSnatRule,
    /// A named range of a Subnet's addresses.
    IpPool,
    /// A namespace.
    Namespace,
    /// A node of the cluster.
    Node,
    /// A range that Services get their addresses from.
    ServiceCidr,
    /// A map of texts.
    ConfigMap,
    /// A network that Multus can attach.
    AttachmentDefinition,
    /// A Service.
    Service,
    /// A Pod.
    Pod,
    /// A Deployment of Pods.
    Deployment,
    /// A StatefulSet of Pods.
    StatefulSet,
    /// A DaemonSet of Pods.
    DaemonSet,
    /// A ReplicaSet of Pods.
    ReplicaSet,
    /// A Job of Pods.
    Job,
    /// A CronJob of Jobs.
    CronJob,
    /// A KubeVirt virtual machine.
    VirtualMachine,
}

/// What a kind is called: API group, version, kind, plural, and whether its objects are in namespaces.
struct Names(&'static str, &'static str, &'static str, &'static str, bool);

impl Kind {
    /// All kinds.
    pub const ALL: &'static [Kind] = &[
        Kind::Vpc,
        Kind::Subnet,
        Kind::VpcNatGateway,
        Kind::VpcEgressGateway,
        Kind::IptablesEip,
        Kind::IptablesFipRule,
        Kind::IptablesDnatRule,
        Kind::IptablesSnatRule,
        Kind::IpPool,
        Kind::Namespace,
        Kind::Node,
        Kind::ServiceCidr,
        Kind::ConfigMap,
        Kind::AttachmentDefinition,
        Kind::Service,
        Kind::Pod,
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::ReplicaSet,
        Kind::Job,
        Kind::CronJob,
        Kind::VirtualMachine,
    ];

    const fn names(self) -> &'static Names {
        match self {
            Kind::Vpc => &Names("kubeovn.io", "v1", "Vpc", "vpcs", false),
            Kind::Subnet => &Names("kubeovn.io", "v1", "Subnet", "subnets", false),
            Kind::VpcNatGateway => &Names("kubeovn.io", "v1", "VpcNatGateway", "vpc-nat-gateways", false),
            Kind::VpcEgressGateway => &Names("kubeovn.io", "v1", "VpcEgressGateway", "vpc-egress-gateways", true),
            Kind::IptablesEip => &Names("kubeovn.io", "v1", "IptablesEIP", "iptables-eips", false),
            Kind::IptablesFipRule => &Names("kubeovn.io", "v1", "IptablesFIPRule", "iptables-fip-rules", false),
            Kind::IptablesDnatRule => &Names("kubeovn.io", "v1", "IptablesDnatRule", "iptables-dnat-rules", false),
            Kind::IptablesSnatRule => &Names("kubeovn.io", "v1", "IptablesSnatRule", "iptables-snat-rules", false),
            Kind::IpPool => &Names("kubeovn.io", "v1", "IPPool", "ippools", false),
            Kind::Namespace => &Names("", "v1", "Namespace", "namespaces", false),
            Kind::Node => &Names("", "v1", "Node", "nodes", false),
            Kind::ServiceCidr => &Names("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", false),
            Kind::ConfigMap => &Names("", "v1", "ConfigMap", "configmaps", true),
            Kind::AttachmentDefinition => {
                &Names("k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition", "network-attachment-definitions", true)
            }
            Kind::Service => &Names("", "v1", "Service", "services", true),
            Kind::Pod => &Names("", "v1", "Pod", "pods", true),
            Kind::Deployment => &Names("apps", "v1", "Deployment", "deployments", true),
            Kind::StatefulSet => &Names("apps", "v1", "StatefulSet", "statefulsets", true),
            Kind::DaemonSet => &Names("apps", "v1", "DaemonSet", "daemonsets", true),
            Kind::ReplicaSet => &Names("apps", "v1", "ReplicaSet", "replicasets", true),
            Kind::Job => &Names("batch", "v1", "Job", "jobs", true),
            Kind::CronJob => &Names("batch", "v1", "CronJob", "cronjobs", true),
            Kind::VirtualMachine => &Names("kubevirt.io", "v1", "VirtualMachine", "virtualmachines", true),
        }
    }

    /// The kind of this API group and name, in whatever version.
    pub fn find(group: &str, name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name && kind.group() == group)
    }

    /// The kind of a whole object, by its `apiVersion` and `kind`.
    pub fn of(object: &Value) -> Option<Self> {
        let api_version = object.get("apiVersion")?.as_str()?;
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        Self::find(group, object.get("kind")?.as_str()?)
    }

    /// The API group; empty for the core group.
    pub fn group(self) -> &'static str {
        self.names().0
    }

    /// The version that Kubernetes and Kube-OVN serve.
    pub fn version(self) -> &'static str {
        self.names().1
    }

    /// The name: `Subnet`.
    pub fn name(self) -> &'static str {
        self.names().2
    }

    /// The resource, as URLs and RBAC have it: `vpc-nat-gateways`.
    pub fn plural(self) -> &'static str {
        self.names().3
    }

    /// Whether objects of this kind are in namespaces.
    pub fn is_namespaced(self) -> bool {
        self.names().4
    }

    /// `kubeovn.io/v1`, or `v1` for the core group.
    pub fn api_version(self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => [group, "/", self.version()].concat(),
        }
    }

    /// The fields that are read of an object that is looked up, beside its metadata. A list under one of them is read
    /// whole.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::Vpc => vpc::FIELDS,
            Kind::Subnet => subnet::FIELDS,
            Kind::VpcNatGateway => nat_gateway::FIELDS,
            Kind::IptablesEip => &["spec.natGwDp", "spec.externalSubnet"],
            Kind::IpPool => &["spec.subnet"],
            Kind::ConfigMap => &["data"],
            Kind::AttachmentDefinition => &["spec.config"],
            Kind::Node => &["status.addresses"],
            Kind::ServiceCidr => &["spec.cidrs"],
            _ => &[],
        }
    }

    /// Whether objects of this kind are Pods or make Pods.
    pub fn has_pod_template(self) -> bool {
        matches!(
            self,
            Kind::Pod
                | Kind::Deployment
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::ReplicaSet
                | Kind::Job
                | Kind::CronJob
                | Kind::VirtualMachine
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Names an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `kubeovn.io/v1`.
    pub api_version: String,
    /// `Subnet`.
    pub kind: String,
    /// The namespace; none for cluster-scoped kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl ObjectRef {
    /// A cluster-scoped object.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self { api_version: kind.api_version(), kind: kind.name().to_owned(), namespace: None, name: name.to_owned() }
    }

    /// An object in a namespace.
    pub fn namespaced(kind: Kind, namespace: &str, name: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..Self::new(kind, name) }
    }
}

/// An object of a kind that rules know, shared by all who keep it.
#[derive(Clone, Debug)]
pub enum Object {
    /// A Vpc.
    Vpc(Arc<Vpc>),
    /// A Subnet.
    Subnet(Arc<Subnet>),
    /// A `VpcNatGateway`.
    NatGateway(Arc<NatGateway>),
    /// A `VpcEgressGateway`.
    EgressGateway(Arc<EgressGateway>),
    /// An `IptablesEIP`.
    IptablesEip(Arc<IptablesEip>),
    /// One of the three kinds of iptables rules.
    IptablesRule(Arc<IptablesRule>),
    /// An `IPPool`.
    IpPool(Arc<IpPool>),
    /// A Namespace.
    Namespace(Arc<Namespace>),
    /// A Node.
    Node(Arc<Node>),
    /// A ServiceCIDR.
    ServiceCidr(Arc<ServiceCidr>),
    /// A ConfigMap.
    ConfigMap(Arc<ConfigMap>),
    /// A NetworkAttachmentDefinition.
    AttachmentDefinition(Arc<AttachmentDefinition>),
    /// A Service.
    Service(Arc<Service>),
    /// A Pod, or a workload that makes Pods.
    Pod(Arc<PodTemplate>),
}

impl Object {
    /// Reads an object of a known kind; the fields of the wrong type come beside it.
    pub fn read(kind: Kind, object: &Value, kube_ovn: &KubeOvn) -> (Self, Vec<TypeError>) {
        let errors = TypeErrors::default();
        let reader = Reader::new(object, &errors);
        let read = match kind {
            Kind::Vpc => Object::Vpc(Vpc::read(&reader).into()),
            Kind::Subnet => Object::Subnet(Subnet::read(&reader, kube_ovn).into()),
            Kind::VpcNatGateway => Object::NatGateway(NatGateway::read(&reader).into()),
            Kind::VpcEgressGateway => Object::EgressGateway(EgressGateway::read(&reader).into()),
            Kind::IptablesEip => Object::IptablesEip(IptablesEip::read(&reader).into()),
            Kind::IptablesFipRule | Kind::IptablesDnatRule | Kind::IptablesSnatRule => {
                Object::IptablesRule(IptablesRule::read(kind, &reader).into())
            }
            Kind::IpPool => Object::IpPool(IpPool::read(&reader).into()),
            Kind::Namespace => Object::Namespace(Namespace::read(&reader).into()),
            Kind::Node => Object::Node(Node::read(&reader).into()),
            Kind::ServiceCidr => Object::ServiceCidr(ServiceCidr::read(&reader).into()),
            Kind::ConfigMap => Object::ConfigMap(ConfigMap::read(&reader).into()),
            Kind::AttachmentDefinition => Object::AttachmentDefinition(AttachmentDefinition::read(&reader).into()),
            Kind::Service => Object::Service(Service::read(&reader).into()),
            Kind::Pod
            | Kind::Deployment
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::ReplicaSet
            | Kind::Job
            | Kind::CronJob
            | Kind::VirtualMachine => Object::Pod(PodTemplate::read(kind, &reader).into()),
        };
        (read, errors.into_sorted())
    }

    /// The object's metadata.
    pub fn meta(&self) -> &Meta {
        match self {
            Object::Vpc(object) => &object.meta,
            Object::Subnet(object) => &object.meta,
            Object::NatGateway(object) => &object.meta,
            Object::EgressGateway(object) => &object.meta,
            Object::IptablesEip(object) => &object.meta,
            Object::IptablesRule(object) => &object.meta,
            Object::IpPool(object) => &object.meta,
            Object::Namespace(object) => &object.meta,
            Object::Node(object) => &object.meta,
            Object::ServiceCidr(object) => &object.meta,
            Object::ConfigMap(object) => &object.meta,
            Object::AttachmentDefinition(object) => &object.meta,
            Object::Service(object) => &object.meta,
            Object::Pod(object) => &object.meta,
        }
    }
}
