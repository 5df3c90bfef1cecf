//! The kinds that rules read, one file each: only the fields that are read, completed as Kube-OVN completes them. A new one is
//! such a file, and a row in the table.
//!
//! Objects are read leniently. A field of the wrong JSON type counts as absent, and is noted for the rule `field-type`.

mod address;
mod address_space;
mod attachment_definition;
mod binding;
mod config_map;
mod egress_gateway;
mod endpoint_slice;
mod ip_pool;
mod iptables_dnat_rule;
mod iptables_eip;
mod iptables_fip_rule;
mod iptables_snat_rule;
mod kind;
mod kube_ovn;
mod meta;
mod namespace;
mod nat_gateway;
mod node;
mod object;
mod pod;
mod security_group;
mod selector;
mod served;
mod service;
mod service_cidr;
mod subnet;
mod table;
mod vip;
mod vlan;
mod vpc;

pub use address::AddressList;
pub use address_space::{AddressSpace, Shard};
pub use attachment_definition::AttachmentDefinition;
pub use binding::Binding;
pub use config_map::{ConfigMap, NAT_CONFIG, NAT_GW_CONFIG};
pub use egress_gateway::{EgressGateway, PodSelector};
pub use endpoint_slice::{EndpointSlice, SERVICE_NAME, Target};
pub use ip_pool::IpPool;
pub(crate) use ip_pool::range_of;
pub use iptables_dnat_rule::IptablesDnatRule;
pub use iptables_eip::IptablesEip;
pub use iptables_fip_rule::IptablesFipRule;
pub use iptables_snat_rule::IptablesSnatRule;
pub use kind::{Kind, LONGEST_NAME, ObjectRef, by_group, is_built_in, is_name};
pub use kube_ovn::KubeOvn;
pub(crate) use kube_ovn::folded;
pub use meta::{ALLOW, Meta, key};
pub use namespace::{NAME_LABEL, Namespace};
pub use nat_gateway::NatGateway;
pub use node::Node;
pub use object::{Found, Index, Object, Resource, Typed, Words};
pub use pod::{
    ALLOCATED_SUFFIX, DEFAULT_NETWORK, IP_ADDRESS_SUFFIX, IP_POOL_SUFFIX, LOGICAL_ROUTER_SUFFIX, LOGICAL_SWITCH,
    LOGICAL_SWITCH_SUFFIX, MIGRATION, NETWORKS, PodTemplate, SECURITY_GROUPS_SUFFIX, VIP,
};
pub use security_group::{Direction, PortRange, SecurityGroup, SecurityRule};
pub use selector::LabelSelector;
pub use served::{KUBE_OVN_GROUP, KUBE_OVN_KINDS, KUBE_OVN_VERSION};
pub use service::{
    ATTACHMENT_PROVIDER, LOGICAL_ROUTER, ROUTER_LB_VIP, SWITCH_LB_VIP, Service, ServiceNetwork, VPC as SERVICE_VPC,
};
pub use service_cidr::ServiceCidr;
pub use subnet::{Acl, NatOutgoingRule, Subnet};
pub(crate) use table::for_each_kind;
pub use vip::Vip;
pub use vlan::Vlan;
pub use vpc::{EGRESS_NAMESPACES, GUEST_NAMESPACES, Peering, PolicyRoute, StaticRoute, VPC_EXTERNAL, VPC_LB, Vpc};
