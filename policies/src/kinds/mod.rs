//! The kinds that rules read, one file each: only the fields that are read, completed as Kube-OVN completes them. A new one is
//! such a file, and a row in the table.
//!
//! Objects are read leniently. A field of the wrong JSON type counts as absent, and is noted for the rule `field-type`.

mod address;
mod address_space;
mod attachment_definition;
mod balancer_port;
mod bgp_conf;
mod binding;
mod claim_key;
mod claimed;
mod config_map;
mod egress_gateway;
mod endpoint_slice;
mod evpn_conf;
mod ip;
mod ip_pool;
mod iptables_dnat_rule;
mod iptables_eip;
mod iptables_fip_rule;
mod iptables_snat_rule;
mod joined_name;
mod kind;
mod kube_ovn;
mod meta;
mod namespace;
mod nat_gateway;
mod node;
mod object;
mod ovn_dnat_rule;
mod ovn_eip;
mod ovn_fip;
mod ovn_snat_rule;
mod ovn_target;
mod pod;
mod provider_network;
mod qos_policy;
mod router_lb_rule;
mod security_group;
mod selector;
mod served;
mod service;
mod service_cidr;
mod subnet;
mod switch_lb_rule;
mod table;
mod taken;
mod vip;
mod vlan;
mod vpc;
mod vpc_dns;

pub use address::AddressList;
pub use address_space::{AddressSpace, Shard, SharedLedger, Sort};
pub use attachment_definition::{AttachmentDefinition, NamedDefinition};
pub use balancer_port::BalancerPort;
pub use bgp_conf::BgpConf;
pub use binding::Binding;
pub use claim_key::{ClaimKey, EipName, Holder};
pub use claimed::{BY_CLAIMED_ADDRESS, CLAIM_ADDRESSES, Claimed, Claims, claimed_word};
pub use config_map::{
    ConfigMap, EXTERNAL_GW_CONFIG, NAT_CONFIG, NAT_GW_CONFIG, READ_CONFIG_MAPS, REVIEWED_CONFIG_MAPS, VPC_DNS_CONFIG,
};
pub use egress_gateway::{EgressGateway, NodeCondition, PodSelector, Rate};
pub use endpoint_slice::{EndpointSlice, SERVICE_NAME, Target};
pub use evpn_conf::EvpnConf;
pub use ip::Ip;
pub use ip_pool::IpPool;
pub(crate) use ip_pool::range_of;
pub use iptables_dnat_rule::IptablesDnatRule;
pub use iptables_eip::{EXTERNAL_NETWORK, IptablesEip};
pub use iptables_fip_rule::IptablesFipRule;
pub use iptables_snat_rule::IptablesSnatRule;
pub use joined_name::{JoinedName, MOST_LINKS, Side};
pub use kind::{Kind, LONGEST_NAME, ObjectRef, by_group, is_built_in, is_label, is_name};
pub use kube_ovn::KubeOvn;
pub(crate) use kube_ovn::folded;
pub use meta::{ALLOW, LAST_APPLIED, Meta, key};
pub use namespace::{NAME_LABEL, Namespace};
pub use nat_gateway::{
    Bfd, BgpSpeaker, Eip, FIELDS_INSIDE, GatewayRoute, MADE_WITH, NatGateway, NatInside, NatRule, Toleration,
};
pub use node::{EXTERNAL_GATEWAY, Node};
pub use object::{Found, Index, Object, Resource, Typed, Words};
pub use ovn_dnat_rule::OvnDnatRule;
pub(crate) use ovn_dnat_rule::port_of_eip;
pub use ovn_eip::OvnEip;
pub use ovn_fip::OvnFip;
pub use ovn_snat_rule::OvnSnatRule;
pub use ovn_target::OvnTarget;
pub(crate) use pod::pool_name;
pub use pod::{
    ADDRESS_PAIRS, ALLOCATED_SUFFIX, DEFAULT_NETWORK, IP_ADDRESS_SUFFIX, IP_POOL, IP_POOL_SUFFIX,
    LOGICAL_ROUTER_SUFFIX, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, MIGRATION, NETWORKS, PodTemplate,
    SECURITY_GROUPS_SUFFIX, VIP,
};
pub use provider_network::{CustomInterface, ProviderNetwork};
pub use qos_policy::{BandwidthLimit, QosPolicy};
pub use router_lb_rule::RouterLbRule;
pub use security_group::{Direction, PortRange, SecurityGroup, SecurityRule};
pub use selector::LabelSelector;
pub use served::{KUBE_OVN_GROUP, KUBE_OVN_KINDS, KUBE_OVN_VERSION};
pub use service::{
    ATTACHMENT_PROVIDER, LOGICAL_ROUTER, ROUTER_LB_VIP, SWITCH_LB_VIP, Service, ServiceNetwork, VPC as SERVICE_VPC,
};
pub use service_cidr::ServiceCidr;
pub use subnet::{Acl, NatOutgoingRule, Subnet};
pub use switch_lb_rule::SwitchLbRule;
pub(crate) use table::for_each_kind;
pub use vip::{Given, Vip};
pub use vlan::Vlan;
pub use vpc::{EGRESS_NAMESPACES, GUEST_NAMESPACES, Peering, PolicyRoute, StaticRoute, VPC_EXTERNAL, VPC_LB, Vpc};
pub use vpc_dns::VpcDns;
