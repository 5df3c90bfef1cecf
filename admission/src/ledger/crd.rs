//! The two kinds of objects of vpcguard's own, as the API server stores them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, CustomResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API group.
pub const GROUP: &str = "vpcguard.io";

/// The claims in flight of one address space, or of all whose VPC or Subnet is not there. Written by vpcguard alone.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "vpcguard.io",
    version = "v1alpha1",
    kind = "AddressLedger",
    plural = "addressledgers",
    category = "vpcguard",
    doc = "The addresses that admitted requests have claimed and that are not yet seen stored. Written by vpcguard alone.",
    printcolumn(name = "VPC", type_ = "string", json_path = ".spec.space.vpc"),
    printcolumn(name = "VLAN", type_ = "string", json_path = ".spec.space.vlan"),
    printcolumn(name = "Subnet", type_ = "string", json_path = ".spec.space.subnet"),
    printcolumn(name = "Floor", type_ = "string", json_path = ".spec.floor"),
    printcolumn(name = "Claimed", type_ = "string", json_path = ".spec.claims[*].cidrs"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[expect(clippy::duplicated_attributes, reason = "each column has a type")]
#[serde(rename_all = "camelCase")]
pub struct AddressLedgerSpec {
    /// The version of this format. A replica that meets a higher one claims nothing.
    pub format: i32,
    /// The address space; none in a common ledger.
    pub space: Space,
    /// In a common ledger, the kind of those that claim there: Subnets whose VPC is not there, or VpcNatGateways whose Subnet
    /// is not. In one of format 2, its own name: what it has depends on no VPC or Subnet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub common: String,
    /// The resourceVersion that a replica's view of the Subnets (of the VpcNatGateways, in a ledger of lanIps) must have
    /// reached before it decides. In format 2 one for each kind: `IptablesEIP=4711,OvnEip=4712`.
    pub floor: String,
    /// The claims of admitted requests that are not yet seen stored, at most 512, and 64 of peers that are not proven.
    #[serde(default)]
    #[schemars(length(max = 576))]
    pub claims: Vec<StoredClaim>,
    /// The addresses of peers that are proven API servers: a claim of theirs in this ledger, or in one that is gone, was seen stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub peers: Vec<String>,
    /// Whether the common ledger need not be read any more: since this one was made, it was seen without a claim of the
    /// address space.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

/// An address space: a VPC and VLAN that Subnets take their prefixes from, or a Subnet that NAT gateways take their lanIp
/// from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Space {
    /// The VPC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vpc: String,
    /// The VLAN; empty for overlay networks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vlan: String,
    /// The Subnet, in a ledger of lanIps.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subnet: String,
}

/// One admitted request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoredClaim {
    /// The uid of the admission request; that of a peer that is not proven is followed by its address.
    pub id: String,
    /// The address space, in a common ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<Space>,
    /// The name of the Subnet; none in a ledger of lanIps.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subnet: String,
    /// The name of the VpcNatGateway, in a ledger of lanIps; in format 2 the kind and name of who claims: `IptablesEIP/web`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub gateway: String,
    /// The object's metadata.uid.
    pub object_uid: String,
    /// The object's metadata.generation as the request would store it.
    pub generation: i64,
    /// The prefixes in their canonical form; a lanIp is a prefix of one address. In format 2, what is taken of which Subnet or
    /// EIP: `address blue-apps 10.0.0.5`, `port iptables/web tcp/80`.
    #[schemars(length(max = 64))]
    pub cidrs: Vec<String>,
    /// When the claim was to end at the latest, by the clock of the replica that made it. Informational: replicas time
    /// claims by their own clocks.
    pub deadline: String,
    /// The address of the peer that asked, where no claim of it had been seen stored by then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unproven: String,
}

/// The prefixes of the Subnets of one VPC and VLAN, or the addresses of one Subnet that are asked for, for readers that see one
/// object more cheaply than all. Written by vpcguard alone.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "vpcguard.io",
    version = "v1alpha1",
    kind = "AddressIndex",
    plural = "addressindices",
    category = "vpcguard",
    status = "AddressIndexStatus",
    doc = "The prefixes of all Subnets of a VPC and VLAN, or who has the addresses of a Subnet, a second or so behind. Written by vpcguard alone.",
    printcolumn(name = "VPC", type_ = "string", json_path = ".spec.space.vpc"),
    printcolumn(name = "VLAN", type_ = "string", json_path = ".spec.space.vlan"),
    printcolumn(name = "Subnet", type_ = "string", json_path = ".spec.space.subnet"),
    printcolumn(name = "Disjoint", type_ = "string", json_path = ".status.conditions[?(@.type=='Disjoint')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[expect(clippy::duplicated_attributes, reason = "each column has a type")]
#[serde(rename_all = "camelCase")]
pub struct AddressIndexSpec {
    /// The version of this format.
    pub format: i32,
    /// The address space.
    pub space: Space,
    /// The resourceVersion of the Subnets that this was written from; of addresses one for each kind: `OvnEip=4711,Vip=4712`.
    pub version: String,
    /// A Subnet each, in the order of their names: `name prefix,prefix`.
    #[schemars(length(max = 10_000))]
    pub subnets: Vec<String>,
    /// In the index of a Subnet, an address each, in their order, with who has it: `10.0.0.5 IptablesEIP/web,Vip/db`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10_000))]
    pub addresses: Vec<String>,
}

/// What is wrong in the address space.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddressIndexStatus {
    /// `Disjoint` is false while Subnets that are stored overlap.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// The definitions of both kinds.
pub fn definitions() -> [CustomResourceDefinition; 2] {
    [AddressLedger::crd(), AddressIndex::crd()]
}
