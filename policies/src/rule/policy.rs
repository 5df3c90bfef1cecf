//! Parts of the rules that are deployed by themselves, as the policies of a Kubewarden policy server are.
//!
//! Each rule says in its own file to which part it belongs, so it belongs to exactly one.

use std::fmt;

/// A part of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Which namespaces a VPC is for, and what else than Pods may be there.
    VpcNamespaceBinding,
    /// Which networks a Pod may have.
    PodAttachmentBinding,
    /// Whether what is named exists.
    NetworkReferences,
    /// Which addresses Subnets hold.
    SubnetOverlap,
    /// Which addresses of Subnets objects claim.
    SubnetAddresses,
    /// Load balancers and name servers inside VPCs.
    LoadBalancers,
    /// NAT gateways and their place in a Subnet.
    NatGatewayLanIp,
    /// The addresses and rules of NAT, and the networks outside.
    NatRules,
    /// What an egress gateway runs, and whose traffic it takes.
    EgressGateway,
    /// What a VPC's router reaches: routes, peerings and networks.
    StaticRouteLanIp,
    /// Matches in OVN's language, and what Kube-OVN makes such matches of.
    OvnMatch,
    /// What Multus attaches, and the networks of the nodes.
    Attachments,
    /// What is deleted, or edited, while it is used.
    InUse,
    /// What can be judged by the object alone.
    VpcSyntax,
    /// What is injected.
    VpcInjector,
}

impl Policy {
    /// All of them.
    pub const ALL: &'static [Policy] = &[
        Policy::VpcNamespaceBinding,
        Policy::PodAttachmentBinding,
        Policy::NetworkReferences,
        Policy::SubnetOverlap,
        Policy::SubnetAddresses,
        Policy::LoadBalancers,
        Policy::NatGatewayLanIp,
        Policy::NatRules,
        Policy::EgressGateway,
        Policy::StaticRouteLanIp,
        Policy::OvnMatch,
        Policy::Attachments,
        Policy::InUse,
        Policy::VpcSyntax,
        Policy::VpcInjector,
    ];

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Policy::VpcNamespaceBinding => "vpc-namespace-binding",
            Policy::PodAttachmentBinding => "pod-attachment-binding",
            Policy::NetworkReferences => "network-references",
            Policy::SubnetOverlap => "subnet-overlap",
            Policy::SubnetAddresses => "subnet-addresses",
            Policy::LoadBalancers => "load-balancers",
            Policy::NatGatewayLanIp => "nat-gateway-lan-ip",
            Policy::NatRules => "nat-rules",
            Policy::EgressGateway => "egress-gateway",
            Policy::StaticRouteLanIp => "static-route-lan-ip",
            Policy::OvnMatch => "ovn-match",
            Policy::Attachments => "attachments",
            Policy::InUse => "in-use",
            Policy::VpcSyntax => "vpc-syntax",
            Policy::VpcInjector => "vpc-injector",
        }
    }

    /// What it is for, in a line.
    pub fn summary(self) -> &'static str {
        match self {
            Policy::VpcNamespaceBinding => "keeps namespaces out of Kube-OVN VPCs that are not theirs",
            Policy::PodAttachmentBinding => "keeps Pods out of Kube-OVN networks that are not for their namespace",
            Policy::NetworkReferences => "points out names in Kube-OVN objects that lead nowhere",
            Policy::SubnetOverlap => {
                "keeps Kube-OVN Subnets of one VPC from having an address in common, and objects from having one name in OVN"
            }
            Policy::SubnetAddresses => {
                "keeps addresses that Kube-OVN objects ask for within their Subnet, and with one owner"
            }
            Policy::LoadBalancers => {
                "refuses load balancers and name servers in VPCs that Kube-OVN cannot make, and warns of addresses that something else has"
            }
            Policy::NatGatewayLanIp => "keeps the lanIp of a Kube-OVN NAT gateway free and within its Subnet",
            Policy::NatRules => {
                "keeps NAT rules of Kube-OVN from reaching a shell, and from taking each other's addresses"
            }
            Policy::EgressGateway => {
                "keeps Kube-OVN egress gateways to images that are allowed and traffic that is theirs, and tells of gateways that are never made"
            }
            Policy::StaticRouteLanIp => "keeps the routes of a Kube-OVN VPC from leading to nobody",
            Policy::OvnMatch => "keeps filters and policy routes of Kube-OVN from matching nothing, or everything",
            Policy::Attachments => {
                "refuses networks of Multus and of the nodes that Kube-OVN cannot set up, and warns of VPCs that share a VLAN"
            }
            Policy::InUse => "keeps Kube-OVN objects from being deleted or edited while something stands on them",
            Policy::VpcSyntax => "refuses values that Kube-OVN accepts and then fails on",
            Policy::VpcInjector => "gives Pods the Subnet of their namespace, and Kube-OVN VPCs their load balancer",
        }
    }

    /// Whether it changes objects instead of judging them.
    pub fn is_mutating(self) -> bool {
        self == Policy::VpcInjector
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
