//! Refuses names that Kube-OVN makes one name of in OVN.
//!
//! Kube-OVN joins names, and the joined ones are not unique. What comes second takes what was there, and its deletion takes that
//! away:
//!
//! | in OVN | joined of | so these are one |
//! |---|---|---|
//! | router port | `<vpc>-<subnet>`, of each Subnet on the VPC's router and each external Subnet; `<vpc>-<remoteVpc>` of a peering | Subnet `eu-web` of VPC `prod`, Subnet `web` of VPC `prod-eu` |
//! | switch port | `<subnet>-<vpc>` | Subnet `x` of VPC `prod-eu`, Subnet `x-prod` of VPC `eu` |
//! | port group of a SecurityGroup | its name, with `.` for `-` | `sg-web`, `sg.web` |
//! | address set of an IPPool | the same; one without `enableAddressSet` removes the set of that name | `db-pool`, `db.pool`; and `ovn.sg.web.associated.v4`, where Kube-OVN keeps the addresses of SecurityGroup `web` |
//! | load balancer of an OvnDnatRule | its name; those of Vpcs are `vpc-<vpc>-tcp-load` and the like, those of the cluster `cluster-tcp-loadbalancer` and the like, or what the status of the default Vpc names | OvnDnatRule `cluster-tcp-loadbalancer`, and what all Services of the cluster stand on |
//! | port of a Pod | `<pod>.<namespace>`, in an attached network `<pod>.<namespace>.<network>.<its namespace>.ovn`, with `.<interface>` behind it where the network is attached twice | Pod `p.blue.db.blue` of a namespace called `ovn`, Pod `p` of namespace `blue` in network `blue/db` |
//!
//! With the first pair, the router port of `eu-web` gets the address of `web`, and `eu-web` has no gateway any more. With the second,
//! the Subnet that comes second gets no router port, silently; when it is deleted, the first one loses its own. Of `SecurityGroups`
//! the rules of the later one replace those of the other. A Pod moves the port of the other Pod to its own Subnet; so does one of a
//! namespace that is called like an interface, and the name of a KubeVirt virtual machine stands for that of its Pods.
//!
//! An OvnDnatRule adds its address to the load balancer of its name, and takes that from the router of its Vpc when it is deleted.
//!
//! Plain VLAN Subnets have no router port, and Subnets with another provider are on no router. What is being deleted holds its names
//! until it is gone. Of a Vpc's peerings and external Subnets the first 200 each are looked at; where there are more, it is refused.
//! For Subnets of the default VPC whose names differ in `-` and `.` alone, which share a port group on each node, it warns.
//!
//! ```yaml bad
//! # bad: Subnet eu-web of VPC prod and Subnet web of VPC prod-eu both have router port prod-eu-web
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: prod}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: eu-web}
//! spec: {vpc: prod, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: prod-eu}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: web}
//! spec: {vpc: prod-eu, cidrBlock: 10.66.0.0/24}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: prod}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: eu-web}
//! spec: {vpc: prod, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: prod-eu}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: prod-eu-web}
//! spec: {vpc: prod-eu, cidrBlock: 10.66.0.0/24}
//! ```
//!
//! Take another name. VPCs without hyphens in their names are never in conflict with each other, and Pods whose names have no dots
//! with nobody.

mod balancers;
mod folded;
mod pods;
mod ports;
#[cfg(test)]
mod tests;

use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "ovn-name-conflict",
    summary: "two objects would have one name in OVN",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::SubnetOverlap,
    asks: &[Kind::Namespace, Kind::Vpc, Kind::Subnet, Kind::SecurityGroup, Kind::IpPool],
    checks: &[
        Check::PodOf(
            &[Kind::Pod],
            &[Read::Field("metadata.name"), Read::Field("metadata.ownerReferences")],
            pods::check,
        ),
        Check::Vpc(
            &[
                Read::Field("spec.vpcPeerings"),
                Read::Field("spec.extraExternalSubnets"),
                Read::Field("spec.enableExternal"),
            ],
            ports::vpc,
        ),
        Check::Subnet(
            &[
                Read::Field("spec.vpc"),
                Read::Field("spec.provider"),
                Read::Field("spec.vlan"),
                Read::Field("spec.logicalGateway"),
                Read::Field("spec.u2oInterconnection"),
            ],
            ports::subnet,
        ),
        Check::SecurityGroup(&[Read::Field("metadata.name")], folded::security_group),
        Check::OvnDnatRule(&[Read::Field("metadata.name")], balancers::dnat_rule),
        Check::IpPool(&[Read::Field("spec.enableAddressSet")], folded::ip_pool),
    ],
};
