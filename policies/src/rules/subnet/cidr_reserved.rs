//! Keeps a Subnet of the default VPC off the cluster's own ranges.
//!
//! The default VPC's router also carries the traffic to Services, to the nodes, and between both and Pods (the `join`
//! network). A Subnet that overlaps one of these ranges takes that traffic: Services stop answering, or nodes lose their
//! Pods (kube-ovn issues 2874 and 3627). Kube-OVN compares a Subnet with the API server's own address and with the nodes,
//! after it has stored it, and with the service range only when it starts.
//!
//! The service range is `kubeOvn.serviceCidrs` of the settings, or else the cluster's ServiceCIDR objects. Where neither is
//! known, overlap with 10.96.0.0/12, which most clusters have, is a warning. Underlay Subnets (with a `vlan`) are left alone, but
//! for one with `u2oInterconnection` in which a node is: overlay Pods then go to that network by the VPC's router, with their own
//! addresses, and the machines on it that know no way back do not answer any more (kube-ovn issue 6447). That is a warning.
//!
//! Kube-OVN makes no Subnet with the API server's address in it, whichever range of Services is known. That address is
//! `kubeOvn.apiServer` of the settings; the webhook on a cluster knows its own where none is given.
//!
//! ```yaml bad
//! # bad: 10.96.0.0/12 holds 10.97.0.0/16
//! apiVersion: networking.k8s.io/v1
//! kind: ServiceCIDR
//! metadata: {name: kubernetes}
//! spec: {cidrs: [10.96.0.0/12]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.97.0.0/16}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: networking.k8s.io/v1
//! kind: ServiceCIDR
//! metadata: {name: kubernetes}
//! spec: {cidrs: [10.96.0.0/12]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ```
//!
//! Choose a range that the cluster does not use, or a VPC of your own. The refusal ends in up to three that are free, as that of
//! `subnet-cidr-overlap` does.

use ipnet::IpNet;

use super::free::FreePrefixes;
use crate::finding::Action;
use crate::inventory::{Answer, ClusterView, Known};
use crate::kinds::{KubeOvn, ObjectRef, ServiceCidr, Subnet};
use crate::net::{Cidr, PrefixSet};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-cidr-reserved",
    summary: "a Subnet of the default VPC overlaps the service range, the API server, the join network or a node's address",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetOverlap,
    asks: &[Kind::Subnet, Kind::Node, Kind::ServiceCidr],
    checks: &[Check::Subnet(
        &[
            Read::Field("spec.cidrBlock"),
            Read::Field("spec.vpc"),
            Read::Field("spec.vlan"),
            Read::Field("spec.provider"),
            Read::Field("spec.u2oInterconnection"),
        ],
        check,
    )],
};

/// What kubeadm gives Services unless told otherwise.
const USUAL_SERVICE_RANGE: &str = "10.96.0.0/12";

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    if joins_underlay(subnet, context.kube_ovn()) {
        return beside_nodes(subnet, context);
    }
    if !is_reserved_for(subnet, context.kube_ovn()) {
        return Ok(());
    }
    let mut asked = Asked { prefixes: subnet.prefix_set(), free: FreePrefixes::of(subnet) };
    services(&mut asked, context)?;
    api_server(&mut asked, context)?;
    if subnet.meta.name != context.kube_ovn().node_switch {
        join(&mut asked, context)?;
    }
    nodes(&mut asked, context)
}

/// Whether a Subnet shares its addresses with the cluster: an overlay one of the default VPC.
fn is_reserved_for(subnet: &Subnet, kube_ovn: &KubeOvn) -> bool {
    subnet.vlan.is_empty() && subnet.vpc.as_deref().is_some_and(|vpc| !kube_ovn.is_custom_vpc(vpc))
}

/// Whether the default VPC's router has a port in a network that is not Kube-OVN's.
fn joins_underlay(subnet: &Subnet, kube_ovn: &KubeOvn) -> bool {
    let is_of_default = subnet.vpc.as_deref().is_some_and(|vpc| !kube_ovn.is_custom_vpc(vpc));
    is_of_default && !subnet.vlan.is_empty() && subnet.u2o_interconnection
}

/// Once, however many nodes are there: what comes of it is the same.
fn beside_nodes(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Known::Seen(nodes) = context.cluster.nodes()? else {
        context.cannot_see(Kind::Node);
        return Ok(());
    };
    for cidr in &subnet.cidrs {
        let is_in = |address: &&std::net::IpAddr| cidr.contains(**address);
        let Some((node, address)) = nodes.iter().find_map(|node| Some((node, node.internal_ips.iter().find(is_in)?)))
        else {
            continue;
        };
        let text = format!(
            "holds {address}, the address of {}: with u2oInterconnection Pods of overlay Subnets reach this network with their own addresses, and machines on it that have no route back to these do not answer",
            context.mention(Kind::Node, &node.meta.name)
        );
        let finding = Finding::invalid(FieldPath::of("spec.cidrBlock"), &cidr.to_string(), text)
            .in_conflict_with("nodes")
            .related(ObjectRef::new(Kind::Node, &node.meta.name), Some(FieldPath::of("status.addresses")))
            .help("Give the machines on it a route to the overlay Subnets by spec.u2oInterconnectionIP, or leave u2oInterconnection out.");
        context.report(Action::Warn, finding);
    }
    Ok(())
}

/// The ranges of the cluster in the address space of a VPC's overlay Subnets, as far as they are known: none but in the default
/// VPC.
pub(crate) fn reserved(vpc: &str, cluster: &dyn ClusterView, kube_ovn: &KubeOvn) -> Answer<Vec<IpNet>> {
    if kube_ovn.is_custom_vpc(vpc) {
        return Ok(Vec::new());
    }
    let mut ranges = Vec::new();
    if let Known::Seen(services) = service_ranges(cluster, kube_ovn)? {
        ranges.extend(services.into_iter().map(|(range, _)| range));
    }
    if ranges.is_empty() {
        ranges.extend(USUAL_SERVICE_RANGE.parse::<IpNet>());
    }
    ranges.extend(kube_ovn.api_server.iter().map(|address| IpNet::from(*address)));
    if let Some(join) = cluster.subnet(&kube_ovn.node_switch)? {
        ranges.extend(join.cidrs.iter().map(Cidr::network));
    }
    if let Known::Seen(nodes) = cluster.nodes()? {
        ranges.extend(nodes.iter().flat_map(|node| node.internal_ips.iter().map(|address| IpNet::from(*address))));
    }
    Ok(ranges)
}

/// What is asked for, and what could be had in its place.
struct Asked<'s> {
    prefixes: PrefixSet,
    free: FreePrefixes<'s>,
}

fn services(asked: &mut Asked<'_>, context: &mut Context<'_>) -> Outcome {
    let ranges = match service_ranges(context.cluster, context.kube_ovn())? {
        Known::Seen(ranges) => ranges,
        Known::Unknown => {
            context.cannot_see(Kind::ServiceCidr);
            Vec::new()
        }
    };
    for (range, object) in &ranges {
        let object = object.as_ref().map(|name| (ObjectRef::new(Kind::ServiceCidr, name), "spec.cidrs"));
        refuse(context, asked, *range, Action::Deny, &format!("{range}, the range of Services"), object)?;
    }
    if ranges.is_empty()
        && let Ok(usual) = USUAL_SERVICE_RANGE.parse()
    {
        let what = format!("{usual}, the usual range of Services; the settings or ServiceCIDR objects would tell");
        refuse(context, asked, usual, Action::Warn, &what, None)?;
    }
    Ok(())
}

/// Of an address in a range of Services that is known, this has been said already.
fn api_server(asked: &mut Asked<'_>, context: &mut Context<'_>) -> Outcome {
    let addresses = &context.kube_ovn().api_server;
    if addresses.is_empty() {
        return Ok(());
    }
    let services = match service_ranges(context.cluster, context.kube_ovn())? {
        Known::Seen(ranges) => PrefixSet::of(ranges.into_iter().map(|(range, _)| range)),
        Known::Unknown => PrefixSet::default(),
    };
    for address in addresses.iter().filter(|address| !services.holds(**address)) {
        let what = format!("{address}, the address of the API server");
        refuse(context, asked, IpNet::from(*address), Action::Deny, &what, None)?;
    }
    Ok(())
}

/// A range of Services, and the name of the object that it comes from.
type ServiceRange = (IpNet, Option<String>);

fn service_ranges(cluster: &dyn ClusterView, kube_ovn: &KubeOvn) -> Answer<Known<Vec<ServiceRange>>> {
    let written = &kube_ovn.service_cidrs;
    if !written.is_empty() {
        let ranges = written.iter().filter_map(|cidr| Some((Cidr::parse_trimmed(cidr)?.network(), None)));
        return Ok(Known::Seen(ranges.collect()));
    }
    let of_object = |object: &ServiceCidr| -> Vec<ServiceRange> {
        object.cidrs.iter().map(|cidr| (cidr.network(), Some(object.meta.name.clone()))).collect()
    };
    let objects = cluster.service_cidrs()?;
    Ok(objects.map(|objects| objects.iter().flat_map(|object| of_object(object)).collect()))
}

fn join(asked: &mut Asked<'_>, context: &mut Context<'_>) -> Outcome {
    let Some(join) = context.admitted.subnet(&context.kube_ovn().node_switch)? else { return Ok(()) };
    for cidr in &join.cidrs {
        let what = format!("{cidr}, the network between nodes and Pods");
        let object = Some((join.reference(), "spec.cidrBlock"));
        refuse(context, asked, cidr.network(), Action::Deny, &what, object)?;
    }
    Ok(())
}

fn nodes(asked: &mut Asked<'_>, context: &mut Context<'_>) -> Outcome {
    let Known::Seen(nodes) = context.cluster.nodes()? else {
        context.cannot_see(Kind::Node);
        return Ok(());
    };
    for node in nodes {
        for address in &node.internal_ips {
            let what = format!("{address}, the address of {}", context.mention(Kind::Node, &node.meta.name));
            let object = Some((ObjectRef::new(Kind::Node, &node.meta.name), "status.addresses"));
            refuse(context, asked, IpNet::from(*address), Action::Deny, &what, object)?;
        }
    }
    Ok(())
}

fn refuse(
    context: &mut Context<'_>,
    asked: &mut Asked<'_>,
    range: IpNet,
    action: Action,
    what: &str,
    object: Option<(ObjectRef, &'static str)>,
) -> Outcome {
    for cidr in asked.prefixes.overlapping(range) {
        if context.has_enough(action) {
            return Ok(());
        }
        let help = asked.free.near(cidr, context)?;
        let help = help.unwrap_or_else(|| "Choose a range that the cluster does not use, or another VPC.".to_owned());
        let mut finding =
            Finding::invalid(FieldPath::of("spec.cidrBlock"), &cidr.to_string(), format!("overlaps {what}"))
                .in_conflict_with(&range.to_string())
                .help(help);
        if let Some((object, field)) = &object {
            finding = finding.related(object.clone(), Some(FieldPath::of(field)));
        }
        context.report(action, finding);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::support::testing::{Cluster, create};

    fn subnet(spec: Value) -> Value {
        json!({"kind": "Subnet", "name": "s", "spec": spec})
    }

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "ServiceCIDR", "name": "kubernetes", "spec": {"cidrs": ["10.200.0.0/16", "fd20::/112"]}}))
            .with(json!({"kind": "Node", "name": "n1", "status": {"addresses": [
                {"type": "InternalIP", "address": "192.168.0.5"}, {"type": "ExternalIP", "address": "8.8.8.8"},
            ]}}))
            .with(json!({"kind": "Subnet", "name": "join", "spec": {"vlan": "x", "cidrBlock": "100.64.0.0/16"}}))
    }

    #[test]
    fn the_clusters_own_ranges_are_refused() {
        for (cidr, what) in [
            ("10.200.4.0/24", "10.200.0.0/16, the range of Services"),
            ("fd20::/64", "fd20::/112, the range of Services"),
            ("100.64.4.0/24", "100.64.0.0/16, the network between nodes and Pods"),
            ("192.168.0.0/24", r#"192.168.0.5, the address of Node "n1""#),
        ] {
            let wanted = format!("spec.cidrBlock: Invalid value: {cidr:?}: overlaps {what} [subnet-cidr-reserved]");
            cluster().refuses(&subnet(json!({"cidrBlock": cidr})), &[&wanted]);
        }
        for spec in [
            json!({"cidrBlock": "10.96.0.0/16"}),
            json!({"cidrBlock": "8.8.8.0/24"}),
            json!({"cidrBlock": "10.200.4.0/24", "vlan": "v"}),
            json!({"cidrBlock": "10.200.4.0/24", "provider": "nad.ns"}),
        ] {
            cluster().accepts(&subnet(spec));
        }
        let custom = subnet(json!({"cidrBlock": "10.200.4.0/24", "vpc": "v"}));
        cluster().with(json!({"kind": "Vpc", "name": "v"})).accepts(&custom);
    }

    #[test]
    fn the_network_of_nodes_is_a_warning_where_the_router_is_in_it() {
        let underlay = |more: Value| {
            let mut spec = json!({"cidrBlock": "192.168.0.0/24", "vlan": "v"});
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            subnet(spec)
        };
        cluster().warns(
            &underlay(json!({"u2oInterconnection": true})),
            &[
                r#"spec.cidrBlock: "192.168.0.0/24": holds 192.168.0.5, the address of Node "n1": with u2oInterconnection Pods of overlay Subnets reach this network with their own addresses, and machines on it that have no route back to these do not answer [subnet-cidr-reserved]"#,
            ],
        );
        cluster().accepts(&underlay(json!({})));
        cluster().accepts(&underlay(json!({"u2oInterconnection": true, "cidrBlock": "192.168.1.0/24"})));
        let custom = cluster().with(json!({"kind": "Vpc", "name": "w"}));
        custom.accepts(&underlay(json!({"u2oInterconnection": true, "vpc": "w"})));
    }

    #[test]
    fn written_ranges_come_before_objects() {
        let settings = json!({"kubeOvn": {"serviceCidrs": ["10.50.0.0/16"]}});
        cluster().settings(&settings).accepts(&subnet(json!({"cidrBlock": "10.200.4.0/24"})));
        let verdict = cluster().settings(&settings).verdict(&create(&subnet(json!({"cidrBlock": "10.50.4.0/24"}))));
        assert_eq!(verdict.code, 422);
    }

    #[test]
    fn the_api_server_is_kept_free() {
        let settings = json!({"kubeOvn": {"apiServer": ["10.96.0.1", "10.200.0.1", "fd30::1"]}});
        let refuses = |cidr: &str, what: &str| {
            let wanted = format!("spec.cidrBlock: Invalid value: {cidr:?}: overlaps {what} [subnet-cidr-reserved]");
            cluster().settings(&settings).refuses(&subnet(json!({"cidrBlock": cidr})), &[&wanted]);
        };
        refuses("10.96.0.0/16", "10.96.0.1, the address of the API server");
        refuses("fd30::/64", "fd30::1, the address of the API server");
        // The range of Services has the other.
        refuses("10.200.0.0/24", "10.200.0.0/16, the range of Services");
        cluster().settings(&settings).accepts(&subnet(json!({"cidrBlock": "10.97.0.0/16"})));
        let custom = subnet(json!({"cidrBlock": "10.96.0.0/16", "vpc": "v"}));
        cluster().with(json!({"kind": "Vpc", "name": "v"})).settings(&settings).accepts(&custom);
    }

    #[test]
    fn what_is_not_seen_is_said_and_the_usual_range_is_a_warning() {
        let verdict = Cluster::of(super::RULE.id).verdict(&create(&subnet(json!({"cidrBlock": "10.100.0.0/16"}))));
        let unseen: Vec<_> = verdict.not_evaluated.iter().map(|unseen| (unseen.rule, unseen.needs)).collect();
        assert_eq!(unseen, [(RULE.id, "ServiceCIDR"), (RULE.id, "Node")]);
        assert!(verdict.allowed);
        assert_eq!(
            verdict.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                r#"spec.cidrBlock: "10.100.0.0/16": overlaps 10.96.0.0/12, the usual range of Services; the settings or ServiceCIDR objects would tell [subnet-cidr-reserved]"#
            ]
        );
    }
}
