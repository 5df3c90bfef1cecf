//! Keeps a Pod out of a VPC that its namespace may not use.
//!
//! Kube-OVN attaches a Pod to whatever Subnet its annotations lead to, and asks nobody whether the Pod's namespace may use
//! that Subnet's VPC: one annotation, and a tenant stands in another tenant's network. Four ways lead to a Subnet:
//!
//! 1. `ovn.kubernetes.io/logical_switch`, and the key of that kind that Kube-OVN reads for an attached network;
//! 2. `ovn.kubernetes.io/ip_pool`, and the keys of that kind of an attached network, if they name an IPPool of the Subnet;
//! 3. a network in `k8s.v1.cni.cncf.io/networks` or `v1.multus-cni.io/default-network` that the Subnet is the provider of;
//! 4. without a switch of its own, the annotation of the Pod's Namespace.
//!
//! The key of an attached network is `<name>.<namespace>.ovn.kubernetes.io/logical_switch`; where the Pod lists one network
//! more than once, `.<interface>` stands behind `ovn`. Keys that Kube-OVN does not read for this Pod lead nowhere. Where
//! releases of Kube-OVN differ, what any of them would do counts, and so do Subnets and Vpcs that are being deleted, until
//! they are gone.
//!
//! In Kube-OVN v1.16.2 an IPPool does not choose the Subnet of a Pod: the Pod gets a port in its own Subnet, with an
//! address of the foreign one, and then an event. Newer releases follow the pool. A network of Kube-OVN's that no
//! Subnet is the provider of leads to the Pod's default Subnet in v1.16.2, and newer releases refuse it.
//!
//! A namespace may use a VPC that lists it in `spec.namespaces`, invites it in the annotation
//! `vpcguard.io/guest-namespaces`, has a NAT gateway in it, or lists no namespace at all. The default VPC is open to all; a VPC
//! that does not exist is open to nobody. A namespace in the annotation `vpcguard.io/egress-namespaces` may use it for Pods while
//! it has a VpcEgressGateway of that VPC: nothing tells the gateway's Pods from others.
//!
//! An IPPool may come to another Subnet while a Pod has an address of it. What leads there counts again once Kube-OVN is to give out
//! a new address: without the annotation `allocated`, and in a migration of a virtual machine.
//!
//! Pods of the node's own network (`hostNetwork`) are attached to nothing and pass. But a `null` in the list of networks ends
//! Kube-OVN's controller, for the whole cluster: it is refused for all Pods and templates. A list in a template that cannot be
//! read is a warning; for Pods see `pod-network-unresolvable`.
//!
//! ```yaml bad
//! # bad: VPC blue is for namespace blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: green
//!   annotations: {ovn.kubernetes.io/logical_switch: blue-apps}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/logical_switch: blue-apps}
//! ```
//!
//! Use a Subnet of a VPC that is open to the namespace, or ask an administrator to invite the namespace in the Vpc's annotation
//! `vpcguard.io/guest-namespaces`. Listing it in `spec.namespaces` binds it: its other Pods then move to that VPC too.

use crate::attach::{Attachments, By, Unreadable, Way, Ways};
use crate::kinds::{
    ALLOCATED_SUFFIX, Binding, DEFAULT_NETWORK, IP_POOL_SUFFIX, LOGICAL_SWITCH_SUFFIX, MIGRATION, NETWORKS, ObjectRef,
    PodTemplate, Subnet,
};
use crate::rule::prelude::*;
use crate::rules::support::listed::{Closed, ClosedVpcs};
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-vpc-namespace",
    summary: "a Pod's annotations lead to a Subnet of a VPC that its namespace may not use",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::PodAttachmentBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::VpcEgressGateway, Kind::IpPool, Kind::Namespace],
    checks: &[
        Check::Pod(
            &[
                Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
                Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
                Read::PodAnnotationsEnding(ALLOCATED_SUFFIX),
                Read::PodAnnotation(MIGRATION),
                Read::PodAnnotation(NETWORKS),
                Read::PodAnnotation(DEFAULT_NETWORK),
                Read::PodField("spec.hostNetwork"),
                Read::MachineNetworks,
            ],
            check,
        ),
        Check::Binding(&[Read::Field("metadata.annotations")], binding),
    ],
};

/// A Binding gives its annotations to the Pod behind the Pod's own review. Schedulers write none.
#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn binding(binding: &Binding, context: &mut Context<'_>) -> Outcome {
    let leads = |key: &str| {
        key.ends_with(LOGICAL_SWITCH_SUFFIX)
            || key.ends_with(IP_POOL_SUFFIX)
            || [NETWORKS, DEFAULT_NETWORK].contains(&key)
    };
    for (key, value) in binding.meta.annotations.iter().filter(|(key, _)| leads(key)) {
        let detail = "a Binding gives it to the Pod, whose networks are then not those that were judged";
        let finding = Finding::forbidden(FieldPath::annotation(key), value, detail);
        context.deny(finding.help("Write the annotation into the Pod."));
    }
    Ok(())
}

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    for (key, unreadable) in &asked.unreadable {
        cannot_be_read(pod, key, unreadable, context);
    }
    if pod.host_network {
        return Ok(());
    }
    let (cluster, namespace) = (context.cluster, context.namespace);
    let mut vpcs = ClosedVpcs::of_pods(context);
    let mut is_closed = |subnet: &Subnet| Ok(vpcs.of(subnet)?.is_some());
    let ways = Ways { pod, namespace, cluster, is_closed: &mut is_closed }.find(&asked)?;
    for way in ways {
        if let Some(closed) = vpcs.of(&way.subnet)? {
            refuse(pod, &way, closed, context);
        }
    }
    Ok(())
}

fn cannot_be_read(pod: &PodTemplate, key: &str, unreadable: &Unreadable, context: &mut Context<'_>) {
    let text = pod.pod.annotation(key).unwrap_or_default();
    let invalid = |detail: String| Finding::invalid(pod.annotation_path(key), text, detail);
    match unreadable {
        Unreadable::Null(at) => {
            let detail = format!("element {at} is null, which ends Kube-OVN's controller, again at each start");
            context.deny(invalid(detail).help("Remove the null from the list."));
        }
        Unreadable::Malformed(why) if pod.kind != Kind::Pod => {
            let detail = format!("{why}, so the Pods get no network");
            context.warn(invalid(detail).help("Write the networks as a comma list, or as a JSON list of objects."));
        }
        Unreadable::Malformed(_) => {}
    }
}

/// Refuses a way to a Subnet of a VPC that is closed to the Pod's namespace.
fn refuse(pod: &PodTemplate, way: &Way<'_>, closed: &Closed, context: &mut Context<'_>) {
    let name = &way.subnet.meta.name;
    let (field, text, through) = match &way.by {
        By::Switch(key) => (pod.annotation_path(key), format!("Subnet {name:?} is"), None),
        By::Pool(key, pool) => {
            let text = format!("IPPool {pool:?} is of {}", context.mention(Kind::Subnet, name));
            (pod.annotation_path(key), text, Some(ObjectRef::new(Kind::IpPool, pool)))
        }
        By::Provider(place, network) => {
            let text = format!("network {} leads to {}", quoted(network), context.mention(Kind::Subnet, name));
            (place.path(pod), text, None)
        }
        By::Default(place, network) => {
            let subnet = context.mention(Kind::Subnet, name);
            let text = format!("network {} has no Subnet, so Kube-OVN v1.16 takes {subnet}", quoted(network));
            (place.path(pod), text, None)
        }
        By::Namespace => {
            let text = format!("the namespace's own annotation leads to Subnet {name:?}");
            (FieldPath::of("metadata.namespace"), text, Some(ObjectRef::new(Kind::Namespace, context.namespace)))
        }
    };
    let mut finding = closed.refusal(context, field, &way.subnet, &text).identified_by(way.identity(pod));
    if let Some(through) = through {
        finding = finding.related(through, None);
    }
    context.report(closed.action(context), finding.help(
        "Use a Subnet of a VPC that is open to the namespace, or ask an administrator to invite the namespace in the \
         Vpc's annotation vpcguard.io/guest-namespaces, or to list it in spec.namespaces, which binds it.",
    ));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::finding::Evidence;
    use crate::request::Request;
    use crate::rules::support::testing::{Cluster, create, update};

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"vpc": "v", "provider": "nad.ns1.ovn"}}))
            .with(json!({"kind": "IPPool", "name": "pool", "spec": {"subnet": "net1"}}))
    }

    fn pod(namespace: &str, annotations: &Value) -> Value {
        json!({"kind": "Pod", "namespace": namespace, "annotations": annotations})
    }

    #[test]
    fn every_way_into_a_closed_vpc_is_refused() {
        for (key, value, way) in [
            ("ovn.kubernetes.io/logical_switch", "net1", r#"Subnet "net1" is"#),
            ("ovn.kubernetes.io/ip_pool", "pool", r#"IPPool "pool" is of Subnet "net1""#),
            (NETWORKS, "ns1/nad", r#"network "ns1/nad" leads to Subnet "net1""#),
            (DEFAULT_NETWORK, r#"[{"name":"nad","namespace":"ns1"}]"#, r#"network "ns1/nad" leads to Subnet "net1""#),
        ] {
            let field = format!("metadata.annotations[{key}]");
            let wanted = format!(
                r#"{field}: Forbidden: {way} in VPC "v", which namespace "ns2" may not use [pod-vpc-namespace]"#
            );
            cluster().refuses(&pod("ns2", &json!({key: value})), &[&wanted]);
            cluster().accepts(&pod("ns1", &json!({key: value})));
        }
    }

    /// Both are called `nad.ns1.ovn.ns2.ovn`; of the second the interface is cut off.
    #[test]
    fn no_network_hides_another_that_is_called_the_same() {
        let hidden = r#"{"name":"nad","namespace":"ns1","interface":"ns2.ovn"}"#;
        let networks = format!(r#"[{{"name":"nad.ns1.ovn"}},{hidden},{hidden}]"#);
        let wanted = format!(
            r#"metadata.annotations[{NETWORKS}]: Forbidden: network "ns1/nad" leads to Subnet "net1" in VPC "v", which namespace "ns2" may not use [pod-vpc-namespace]"#
        );
        cluster().refuses(&pod("ns2", &json!({NETWORKS: networks})), &[&wanted]);
        cluster().accepts(&pod("ns1", &json!({NETWORKS: networks})));
    }

    /// The API server takes it for a Binding's own, and gives the Pod its annotations.
    #[test]
    fn what_is_created_is_not_being_deleted() {
        let going = |kind: &str| {
            json!({"kind": kind, "metadata": {
                "name": "p", "namespace": "ns2", "deletionTimestamp": "2026-01-01T00:00:00Z",
                "annotations": {"ovn.kubernetes.io/logical_switch": "net1"},
            }})
        };
        for kind in ["Binding", "Pod"] {
            assert_eq!(cluster().verdict(&create(&going(kind))).code, 403, "{kind}");
        }
    }

    #[test]
    fn a_null_is_refused_everywhere_and_a_template_that_cannot_be_read_is_told() {
        let with_null = r#"[{"name":"nad"},null]"#;
        let fault = r#"Invalid value: "[{\"name\":\"nad\"},null]": element 1 is null, which ends Kube-OVN's controller, again at each start [pod-vpc-namespace]"#;
        let annotation = format!("metadata.annotations[{NETWORKS}]: {fault}");
        cluster().refuses(&pod("ns1", &json!({NETWORKS: with_null})), &[&annotation]);
        let template =
            |text: &str| json!({"metadata": {"annotations": {NETWORKS: text}}, "spec": {"hostNetwork": true}});
        let machine =
            |text: &str| json!({"kind": "VirtualMachine", "namespace": "ns1", "spec": {"template": template(text)}});
        cluster().refuses(&machine(with_null), &[&format!("spec.template.{annotation}")]);
        let malformed = format!(
            r#"spec.template.metadata.annotations[{NETWORKS}]: "[": is not well-formed JSON, so the Pods get no network [pod-vpc-namespace]"#
        );
        cluster().warns(&machine("["), &[&malformed]);
        cluster().accepts(&pod("ns1", &json!({NETWORKS: ""})));
        cluster().accepts(&pod("ns1", &json!({NETWORKS: "["})));
    }

    #[test]
    fn the_key_of_a_network_is_a_way_only_where_it_is_read() {
        let key = |key: &str| format!("{key}.kubernetes.io/logical_switch");
        let fault = r#"Forbidden: Subnet "net1" is in VPC "v", which namespace "ns2" may not use [pod-vpc-namespace]"#;
        let refused = |networks: &str, annotated: &str| {
            let field = format!("metadata.annotations[{}]: {fault}", key(annotated));
            cluster().refuses(&pod("ns2", &json!({NETWORKS: networks, key(annotated): "net1"})), &[&field]);
        };
        refused("x@eth1", "x.ns2.ovn");
        refused("x@eth1,x", "x.ns2.ovn.eth1");
        for (networks, annotated) in
            [("x@eth1", "x.ns2.ovn.eth1"), ("x@eth1,x@eth2", "x.ns2.ovn"), ("y", "x.ns2.ovn"), ("x", "x.ns2")]
        {
            cluster().accepts(&pod("ns2", &json!({NETWORKS: networks, key(annotated): "net1"})));
        }
    }

    #[test]
    fn a_network_without_a_subnet_leads_where_the_pod_does() {
        let annotations = json!({DEFAULT_NETWORK: "x", "ovn.kubernetes.io/logical_switch": "net1"});
        let wanted = format!(
            r#"metadata.annotations[{DEFAULT_NETWORK}]: Forbidden: network "ns2/x" has no Subnet, so Kube-OVN v1.16 takes Subnet "net1" in VPC "v", which namespace "ns2" may not use [pod-vpc-namespace]"#
        );
        cluster().refuses(&pod("ns2", &annotations), &[&wanted]);
        let own = json!({"kind": "Subnet", "name": "own", "spec": {"provider": "x.ns2.ovn"}});
        cluster().with(own).accepts(&pod("ns2", &annotations));
    }

    #[test]
    fn a_vpc_that_does_not_exist_is_open_to_nobody_where_all_are_seen() {
        let mut inventory = crate::inventory::Inventory::default();
        inventory.apply(Kind::Subnet, &json!({"metadata": {"name": "net1"}, "spec": {"vpc": "gone"}}));
        let pod = create(&pod("ns1", &json!({"ovn.kubernetes.io/logical_switch": "net1"})));
        let refused = |inventory: &crate::inventory::Inventory| {
            let verdict = crate::review::review(&pod, inventory, &crate::settings::Settings::default()).unwrap();
            verdict.findings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(refused(&inventory).is_empty());
        let wanted = r#"metadata.annotations[ovn.kubernetes.io/logical_switch]: Forbidden: Subnet "net1" is in VPC "gone", which does not exist, so that no namespace may use it [pod-vpc-namespace]"#;
        assert_eq!(refused(&inventory.watching([Kind::Vpc])), [wanted]);
    }

    #[test]
    fn a_name_under_a_key_that_nobody_reads_excuses_nothing() {
        let key = "nad.ns1.ovn.kubernetes.io/logical_switch";
        let old = pod("ns2", &json!({key: "net1"}));
        let new = pod("ns2", &json!({key: "net1", NETWORKS: "ns1/nad"}));
        assert!(cluster().verdict(&update(&pod("ns2", &json!({})), &old)).allowed);
        assert!(!cluster().verdict(&update(&old, &new)).allowed);
        let another = pod("ns2", &json!({key: "net1", NETWORKS: r#"[{"name":"nad","namespace":"ns1"}]"#}));
        let verdict = cluster().verdict(&update(&new, &another));
        assert_eq!((verdict.allowed, verdict.warnings.len()), (true, 1));
    }

    #[test]
    fn a_pod_that_is_being_deleted_does_not_move() {
        let deleting = |switch: &str| {
            let metadata = json!({"name": "p", "namespace": "ns2", "deletionTimestamp": "2027-01-01T00:00:00Z",
                "annotations": {"ovn.kubernetes.io/logical_switch": switch}});
            json!({"kind": "Pod", "metadata": metadata})
        };
        assert!(!cluster().verdict(&update(&deleting("nowhere"), &deleting("net1"))).allowed);
        assert!(cluster().verdict(&update(&deleting("net1"), &deleting("net1"))).allowed);
    }

    #[test]
    fn many_networks_are_judged_at_once() {
        let mut cluster = cluster();
        for at in 0..300 {
            let spec = json!({"vpc": "v", "provider": if at % 2 == 0 { "ovn" } else { "" }});
            cluster = cluster.with(json!({"kind": "Subnet", "name": format!("s{at}"), "spec": spec}));
        }
        // Each of them leads to all Subnets of that provider.
        let networks: Vec<_> = (0..4_000)
            .map(|at| {
                json!({"name": "ovn", "namespace": format!("n{at}"),
            "interface": format!("n{at}.ovn")})
            })
            .collect();
        let verdict = cluster.verdict(&create(&pod(
            "ns2",
            &json!({
            NETWORKS: json!(networks).to_string()}),
        )));
        assert_eq!(verdict.findings.len() + verdict.omitted, 4_000 + 299);
    }

    #[test]
    fn the_namespaces_own_annotation_counts_without_one_of_the_pod() {
        let annotations = json!({"ovn.kubernetes.io/logical_switch": "net1"});
        let bound = cluster().with(json!({"kind": "Namespace", "name": "ns2", "annotations": annotations}));
        let wanted = r#"metadata.namespace: Forbidden: the namespace's own annotation leads to Subnet "net1" in VPC "v", which namespace "ns2" may not use [pod-vpc-namespace]"#;
        bound.refuses(&pod("ns2", &json!({})), &[wanted]);
    }

    #[test]
    fn the_pods_of_an_egress_gateway_stand_in_its_vpc() {
        let annotations = json!({"vpcguard.io/egress-namespaces": "platform"});
        let vpc = json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns1"]}, "annotations": annotations});
        let subnet = json!({"kind": "Subnet", "name": "inside", "spec": {"vpc": "w"}});
        let cluster = || cluster().with(vpc.clone()).with(subnet.clone());
        let gateway = |namespace: &str, vpc: &str| json!({"kind": "VpcEgressGateway", "namespace": namespace, "name": "g", "spec": {"vpc": vpc}});
        let inside = |namespace: &str| pod(namespace, &json!({"ovn.kubernetes.io/logical_switch": "inside"}));
        let wanted = r#"metadata.annotations[ovn.kubernetes.io/logical_switch]: Forbidden: Subnet "inside" is in VPC "w", which namespace "platform" may not use [pod-vpc-namespace]"#;
        cluster().with(gateway("platform", "w")).accepts(&inside("platform"));
        cluster().refuses(&inside("platform"), &[wanted]);
        cluster().with(gateway("ns2", "w")).with(gateway("platform", "v")).refuses(&inside("platform"), &[wanted]);
        assert!(!cluster().with(gateway("ns2", "w")).verdict(&create(&inside("ns2"))).allowed);
        // Before a denial both kinds of gateways are read anew.
        let rests_on = cluster().verdict(&create(&inside("platform"))).rests_on;
        assert!(rests_on.ends_with(&[Evidence::AllOf(Kind::VpcNatGateway), Evidence::AllOf(Kind::VpcEgressGateway)]));
    }

    #[test]
    fn a_pool_that_has_moved_excuses_no_new_address() {
        let with = |annotations: &[(&str, &str)]| {
            let pool = ("ovn.kubernetes.io/ip_pool", "pool");
            let all = annotations.iter().chain([&pool]).map(|(key, value)| ((*key).to_owned(), json!(value)));
            pod("ns2", &all.collect::<serde_json::Map<_, _>>().into())
        };
        let allowed =
            |old: &[(&str, &str)], new: &[(&str, &str)]| cluster().verdict(&update(&with(old), &with(new))).allowed;
        let allocated = ("ovn.kubernetes.io/allocated", "true");
        assert!(allowed(&[allocated], &[allocated, ("ovn.kubernetes.io/logical_switch", "")]));
        assert!(!allowed(&[allocated], &[]));
        assert!(!allowed(&[allocated], &[allocated, (MIGRATION, "job")]));
        // The network of another plug-in, which has its addresses of Kube-OVN, is called otherwise.
        let networked = |annotations: Value| {
            let mut pod = pod("ns2", &annotations);
            pod["annotations"][NETWORKS] = json!("mac");
            pod["annotations"]["mac.ns2.kubernetes.io/ip_pool"] = json!("pool");
            pod
        };
        let old = networked(json!({"mac.ns2.kubernetes.io/allocated": "true"}));
        assert!(!cluster().verdict(&update(&old, &networked(json!({})))).allowed);
        // One that has no address yet is no worse off.
        assert!(allowed(&[], &[("other", "x")]));
    }

    #[test]
    fn what_comes_later_is_a_warning_where_it_may() {
        let annotations = json!({"vpcguard.io/egress-namespaces": "platform"});
        let vpc = json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns1"]}, "annotations": annotations});
        let cluster = cluster()
            .with(vpc)
            .with(json!({"kind": "Subnet", "name": "inside", "spec": {"vpc": "w"}}))
            .with(json!({"kind": "Subnet", "name": "lost", "spec": {"vpc": "gone"}}))
            .seeing_all();
        let said = |subnet: &str, user: &str, dry_run: bool| {
            let pod = pod("platform", &json!({"ovn.kubernetes.io/logical_switch": subnet}));
            let verdict = cluster.verdict(&Request { user: user.to_owned(), dry_run, ..create(&pod) });
            (verdict.findings.len(), verdict.warnings.len())
        };
        let velero = "system:serviceaccount:velero:velero";
        for (subnet, user, dry_run, wanted) in [
            ("inside", "", false, (1, 0)),
            ("inside", "", true, (1, 0)),
            ("inside", velero, false, (0, 1)),
            ("lost", "", false, (1, 0)),
            ("lost", "", true, (0, 1)),
            ("lost", velero, false, (0, 1)),
            ("net1", velero, false, (1, 0)),
            ("net1", "", true, (1, 0)),
        ] {
            assert_eq!(said(subnet, user, dry_run), wanted, "{subnet} {user} {dry_run}");
        }
    }

    /// `<name>.<namespace>` of a network that only has its addresses of Kube-OVN: of db.cobalt in ovn that is cobalt's provider.
    #[test]
    fn the_provider_of_addresses_may_be_that_of_another_network() {
        let wanted = format!(
            r#"metadata.annotations[{NETWORKS}]: Forbidden: network "ovn/nad.ns1" leads to Subnet "net1" in VPC "v", which namespace "ns2" may not use [pod-vpc-namespace]"#
        );
        let networks = json!([{"name": "nad.ns1", "namespace": "ovn"}]).to_string();
        cluster().refuses(&pod("ns2", &json!({NETWORKS: networks})), &[&wanted]);
        cluster().accepts(&pod("ns1", &json!({NETWORKS: networks})));
    }

    #[test]
    fn a_denial_is_a_403_and_names_what_it_rests_on() {
        let request = create(&pod("ns2", &json!({"ovn.kubernetes.io/ip_pool": "pool"})));
        let verdict = cluster().verdict(&request);
        assert_eq!(verdict.code, 403);
        let evidence = [(Kind::IpPool, "pool"), (Kind::Subnet, "net1"), (Kind::Vpc, "v")];
        let evidence = evidence.map(|(kind, name)| Evidence::Object(ObjectRef::new(kind, name)));
        assert_eq!(verdict.rests_on, [&evidence[..], &[Evidence::AllOf(Kind::VpcNatGateway)]].concat());
    }

    #[test]
    fn an_unrelated_update_of_a_foreign_pod_passes() {
        let old = pod("ns2", &json!({"ovn.kubernetes.io/logical_switch": "net1"}));
        let new = pod("ns2", &json!({"ovn.kubernetes.io/logical_switch": "net1", "other": "x"}));
        assert!(cluster().verdict(&update(&old, &new)).allowed);
    }
}
