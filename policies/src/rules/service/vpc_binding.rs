//! Keeps a Service out of a VPC that its namespace may not use.
//!
//! Kube-OVN serves a Service in the VPC of its backends. The annotations `ovn.kubernetes.io/logical_router` and
//! `logical_switch` together, not one of them alone, put it into the VPC and the Subnet that they name, and `vpc` does
//! where no backend Pod tells the VPC. Nothing asks whether the Service's namespace may use that VPC, so a tenant can
//! place an address of its own in another tenant's network. A Vpc or a Subnet that does not exist is refused too: Kube-OVN
//! takes the name as soon as somebody makes it. To `exempt.restorers` and in a dry run it is a warning, and a folder of
//! manifests may not hold it. Subnets and Vpcs that are being deleted count until they are gone.
//! Kube-OVN itself notes the VPC of the backends in `vpc`, which may be that of an egress gateway's Pods: in the namespace of such a
//! gateway it passes.
//!
//! `attachmentprovider` has Kube-OVN, where it serves Services of type `LoadBalancer` itself, make a Pod with that network for
//! the Service, and `<that>.kubernetes.io/logical_switch` names its Subnet. Both may only lead into a VPC that is open to the
//! namespace. The Pod stands in the Service's namespace and is privileged: who may run commands there is on the node. That is a
//! warning.
//!
//! `switch_lb_vip` and, in newer releases than v1.16.2, `router_lb_vip` are Kube-OVN's notes to itself: the Service
//! gets that address in the VPC of its backends, whosever it is, that of the cluster's DNS too. Users may not add or change
//! them. To `exempt.restorers` they are a warning on new Services that are called as those of Kube-OVN, `slr-…` and `rlr-…`.
//!
//! ```yaml bad
//! # bad: VPC blue is for namespace blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: v1
//! kind: Service
//! metadata:
//!   name: web
//!   namespace: green
//!   annotations: {ovn.kubernetes.io/vpc: blue}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: v1
//! kind: Service
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/vpc: blue}
//! ```
//!
//! Name a VPC that is open to the namespace, or ask an administrator to invite the namespace in the Vpc's annotation
//! `vpcguard.io/guest-namespaces`. A Service that named a VPC of the same release is applied again once that is there. For an
//! address in a VPC write a SwitchLBRule.

use crate::finding::Action;
use crate::inventory::Sight;
use crate::kinds::{
    ATTACHMENT_PROVIDER, LOGICAL_ROUTER, LOGICAL_SWITCH_SUFFIX, Object, ObjectRef, ROUTER_LB_VIP, SERVICE_VPC,
    SWITCH_LB_VIP, Service, Subnet,
};
use crate::request::Operation;
use crate::rule::prelude::*;
use crate::rules::support::listed::{Closed, closed_to, closed_to_pods, closed_vpc};
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "service-vpc-binding",
    summary: "a Service's annotations lead to a VPC that its namespace may not use, or take any address",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::VpcEgressGateway],
    checks: &[Check::Service(
        &[
            Read::Annotation(SERVICE_VPC),
            Read::Annotation(LOGICAL_ROUTER),
            Read::AnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
            Read::Annotation(ATTACHMENT_PROVIDER),
            Read::Annotation(SWITCH_LB_VIP),
            Read::Annotation(ROUTER_LB_VIP),
        ],
        check,
    )],
};

const HELP: &str = "Name a VPC that is open to the namespace, or ask an administrator to invite the namespace in the \
                    Vpc's annotation vpcguard.io/guest-namespaces, or to list it in spec.namespaces, which binds it.";

/// How the Services are called that Kube-OVN makes of a SwitchLBRule and of a RouterLBRule.
const OF_KUBE_OVN: [&str; 2] = ["slr-", "rlr-"];

fn check(service: &Service, context: &mut Context<'_>) -> Outcome {
    // A router without a Subnet, or the reverse, has no effect, and excuses nothing that has one.
    let is_effective = |key: &str| key == SERVICE_VPC || service.is_placed();
    let identity = |key: &str, name: &str| format!("{key} {name} {}", is_effective(key));
    for (key, name) in service.vpcs() {
        vpc(key, name, &identity(key, name), context)?;
    }
    if let Some((key, name)) = service.subnet() {
        subnet(key, name, &identity(key, name), context)?;
    }
    network(service, context)?;
    addresses(service, context);
    Ok(())
}

fn vpc(key: &str, name: &str, identity: &str, context: &mut Context<'_>) -> Outcome {
    // Kube-OVN notes there the VPC of the Service's Pods, which may be those of an egress gateway.
    let closed_to = if key == SERVICE_VPC { closed_to_pods } else { closed_to };
    match closed_to(context.cluster, context.kube_ovn(), name, context.namespace)? {
        Some(Closed::Unknown(_)) => missing(key, Kind::Vpc, name, identity, context)?,
        Some(closed) => {
            let detail = format!("VPC {name:?} may not be used by namespace {:?}", context.namespace);
            let finding = Finding::forbidden(FieldPath::annotation(key), name, detail);
            let action = closed.action(context);
            context.report(action, closed.evidence(finding.identified_by(identity.to_owned())).help(HELP));
        }
        None => {}
    }
    Ok(())
}

fn subnet(key: &str, name: &str, identity: &str, context: &mut Context<'_>) -> Outcome {
    match context.cluster.subnet_until_gone(name)? {
        Some(subnet) => refuse(key, &subnet, &format!("Subnet {name:?} is"), identity, context)?,
        None if context.cluster.sight(Kind::Subnet) == Sight::All => {
            missing(key, Kind::Subnet, name, identity, context)?;
        }
        None => {}
    }
    Ok(())
}

/// Refuses a Subnet of a VPC that the Service's namespace may not use.
fn refuse(key: &str, subnet: &Subnet, way: &str, identity: &str, context: &mut Context<'_>) -> Outcome {
    if let Some(closed) = closed_vpc(context.cluster, context.kube_ovn(), subnet, context.namespace)? {
        let finding = closed.refusal(context, FieldPath::annotation(key), subnet, way);
        let action = closed.action(context);
        context.report(action, finding.identified_by(identity.to_owned()).help(HELP));
    }
    Ok(())
}

/// What is named does not exist, and whoever makes it later does not know of the Service.
fn missing(key: &str, kind: Kind, name: &str, identity: &str, context: &mut Context<'_>) -> Outcome {
    let meant = context.did_you_mean(kind, name, "");
    let detail = format!("there is no {kind} of this name: create it first, and then apply the Service again{meant}");
    let finding = Finding::not_found(FieldPath::annotation(key), name, detail).missing(ObjectRef::new(kind, name));
    // At rest the name may be Kube-OVN's own note.
    let is_at_rest = context.operation == Operation::AtRest;
    let action = if is_at_rest { Action::Warn } else { context.action_on_missing() };
    let help = format!("Create {kind} {} first, correct the name, or leave the annotation out.", quoted(name));
    context.report(action, finding.identified_by(identity.to_owned()).help(help));
    Ok(())
}

/// The Pod that Kube-OVN makes for the Service.
fn network(service: &Service, context: &mut Context<'_>) -> Outcome {
    let Some(network) = service.network() else { return Ok(()) };
    if let Some((key, name)) = &network.switch {
        subnet(key, name, &format!("{key} {name}"), context)?;
    }
    if let Some(provider) = &network.provider {
        for subnet in context.cluster.subnets_with_provider_until_gone(provider)? {
            let name = &subnet.meta.name;
            let way =
                format!("network {} leads to {}", quoted(&network.reference), context.mention(Kind::Subnet, name));
            refuse(ATTACHMENT_PROVIDER, &subnet, &way, &format!("{ATTACHMENT_PROVIDER} {name}"), context)?;
        }
    }
    if is_new(service, ATTACHMENT_PROVIDER, context) {
        let finding = Finding::forbidden(
            FieldPath::annotation(ATTACHMENT_PROVIDER),
            &network.reference,
            "makes a privileged Pod here",
        );
        context
            .warn(finding.help("See to it that only those may exec into Pods of the namespace who may be on a node."));
    }
    Ok(())
}

/// What Kube-OVN notes of the addresses that it has given to a Service.
fn addresses(service: &Service, context: &mut Context<'_>) {
    // At rest nobody knows who wrote them, and on most Services it was Kube-OVN.
    if context.operation == Operation::AtRest {
        return;
    }
    let is_restored = context.operation == Operation::Create
        && context.settings.is_restorer(context.user)
        && OF_KUBE_OVN.iter().any(|prefix| service.meta.name.starts_with(prefix));
    let action = if is_restored { Action::Warn } else { Action::Deny };
    for key in [SWITCH_LB_VIP, ROUTER_LB_VIP] {
        let Some(value) = service.meta.annotation(key).filter(|value| !value.is_empty()) else { continue };
        if is_new(service, key, context) {
            let finding = Finding::forbidden(FieldPath::annotation(key), value, "is for Kube-OVN alone to write")
                .identified_by(format!("{key} {value}"))
                .help("Leave it out. For an address in a VPC write a SwitchLBRule.");
            context.report(action, finding);
        }
    }
}

/// Whether an annotation was not there before, or was another.
fn is_new(service: &Service, key: &str, context: &Context<'_>) -> bool {
    !matches!(context.old, Some(Object::Service(old)) if old.meta.annotation(key) == service.meta.annotation(key))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::finding::{Evidence, Verdict};
    use crate::kinds::LOGICAL_SWITCH;
    use crate::request::Request;
    use crate::rules::support::testing::{Cluster, as_warning, create, update};

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"vpc": "v"}}))
    }

    fn service(namespace: &str, key: &str, value: &str) -> Value {
        json!({"kind": "Service", "namespace": namespace, "annotations": {key: value}})
    }

    #[test]
    fn every_way_into_a_closed_vpc_is_refused() {
        for (key, value, detail) in [
            (SERVICE_VPC, "v", r#"VPC "v" may not be used by namespace "ns2""#),
            (LOGICAL_ROUTER, "v", r#"VPC "v" may not be used by namespace "ns2""#),
            (LOGICAL_SWITCH, "net1", r#"Subnet "net1" is in VPC "v", which namespace "ns2" may not use"#),
        ] {
            let wanted = format!("metadata.annotations[{key}]: Forbidden: {detail} [service-vpc-binding]");
            cluster().refuses(&service("ns2", key, value), &[&wanted]);
            cluster().accepts(&service("ns1", key, value));
        }
        cluster().accepts(&service("ns2", SERVICE_VPC, "ovn-cluster"));
    }

    fn said(verdict: &Verdict) -> [Vec<String>; 2] {
        [&verdict.findings, &verdict.warnings].map(|found| found.iter().map(ToString::to_string).collect())
    }

    const NOTHING: [Vec<String>; 2] = [Vec::new(), Vec::new()];
    const VELERO: &str = "system:serviceaccount:velero:velero";

    #[test]
    fn an_address_is_kube_ovns_to_write() {
        for key in [SWITCH_LB_VIP, ROUTER_LB_VIP] {
            let wanted =
                format!("metadata.annotations[{key}]: Forbidden: is for Kube-OVN alone to write [service-vpc-binding]");
            let with = |value: &str| service("ns1", key, value);
            cluster().refuses(&with("10.0.0.9"), &[&wanted]);
            cluster().accepts(&with(""));
            let changed = |old: &Value, new: &Value| said(&cluster().verdict(&update(old, new)));
            assert_eq!(changed(&with("10.0.0.9"), &with("10.0.0.8")), [vec![wanted], vec![]]);
            assert_eq!(changed(&with("10.0.0.9"), &service("ns1", "note", "")), NOTHING);
            let mut routed = with("10.0.0.9");
            routed["annotations"][SERVICE_VPC] = json!("v");
            assert_eq!(changed(&with("10.0.0.9"), &routed), NOTHING);
        }
    }

    #[test]
    fn a_restorer_brings_back_what_kube_ovn_made() {
        let restored = |name: &str, user: &str| {
            let mut service = service("ns1", SWITCH_LB_VIP, "10.0.0.9");
            service["name"] = json!(name);
            let verdict = cluster().verdict(&Request { user: user.to_owned(), ..create(&service) });
            (verdict.allowed, verdict.warnings.len())
        };
        assert_eq!(restored("slr-web", VELERO), (true, 1));
        assert_eq!(restored("rlr-web", VELERO), (true, 1));
        assert_eq!(restored("web", VELERO), (false, 0));
        assert_eq!(restored("slr-web", "jane"), (false, 0));
        let with = |address: &str| {
            let mut service = service("ns1", SWITCH_LB_VIP, address);
            service["name"] = json!("slr-web");
            service
        };
        let changed = Request { user: VELERO.to_owned(), ..update(&with("10.0.0.8"), &with("10.0.0.9")) };
        assert!(!cluster().verdict(&changed).allowed);
    }

    #[test]
    fn what_does_not_exist_is_refused_where_all_is_seen() {
        for (key, kind) in [(SERVICE_VPC, "Vpc"), (LOGICAL_ROUTER, "Vpc"), (LOGICAL_SWITCH, "Subnet")] {
            let wanted = format!(
                "metadata.annotations[{key}]: Not found: \"gone\": there is no {kind} of this name: create it first, and then apply the Service again [service-vpc-binding]"
            );
            let gone = service("ns1", key, "gone");
            cluster().accepts(&gone);
            let cluster = cluster().seeing_all();
            let refused = cluster.verdict(&create(&gone));
            assert_eq!(said(&refused), [vec![wanted.clone()], vec![]]);
            let name = Evidence::Object(ObjectRef::new(Kind::find("kubeovn.io", kind).unwrap(), "gone"));
            assert_eq!(refused.rests_on, [name]);
            for early in [
                Request { user: VELERO.to_owned(), ..create(&gone) },
                Request { dry_run: true, ..create(&gone) },
                Request { operation: Operation::AtRest, ..create(&gone) },
            ] {
                assert_eq!(said(&cluster.verdict(&early)), [vec![], vec![as_warning(&wanted)]]);
            }
        }
        cluster().seeing_all().accepts(&service("ns2", SERVICE_VPC, "ovn-cluster"));
        cluster().seeing_all().accepts(&service("ns2", LOGICAL_SWITCH, ""));
    }

    #[test]
    fn what_is_being_deleted_counts() {
        let gone = |kind: &str, name: &str, spec: Value| {
            let metadata = json!({"name": name, "deletionTimestamp": "2026-01-01T00:00:00Z"});
            json!({"kind": kind, "metadata": metadata, "spec": spec})
        };
        let cluster = Cluster::of(super::RULE.id)
            .with(gone("Vpc", "v", json!({"namespaces": ["ns1"]})))
            .with(gone("Subnet", "net1", json!({"vpc": "v"})))
            .seeing_all();
        for (key, name) in [(SERVICE_VPC, "v"), (LOGICAL_SWITCH, "net1")] {
            assert!(!cluster.verdict(&create(&service("ns2", key, name))).allowed);
            cluster.accepts(&service("ns1", key, name));
        }
    }

    #[test]
    fn the_subnet_of_a_vpc_that_does_not_exist_is_nobodys() {
        let lost = json!({"kind": "Subnet", "name": "lost", "spec": {"vpc": "gone"}});
        let wanted = format!(
            r#"metadata.annotations[{LOGICAL_SWITCH}]: Forbidden: Subnet "lost" is in VPC "gone", which does not exist, so that no namespace may use it [service-vpc-binding]"#
        );
        cluster().with(lost.clone()).seeing_all().refuses(&service("ns1", LOGICAL_SWITCH, "lost"), &[&wanted]);
        cluster().with(lost).accepts(&service("ns1", LOGICAL_SWITCH, "lost"));
    }

    #[test]
    fn the_pod_that_is_made_for_a_service_stays_in_open_vpcs() {
        let cluster = cluster()
            .with(json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns2"]}}))
            .with(json!({"kind": "Subnet", "name": "net2", "spec": {"vpc": "w"}}))
            .with(json!({"kind": "Subnet", "name": "attached", "spec": {"vpc": "v", "provider": "net.ns1.ovn"}}));
        let privileged =
            format!("metadata.annotations[{ATTACHMENT_PROVIDER}]: makes a privileged Pod here [service-vpc-binding]");
        let leads = format!(
            r#"metadata.annotations[{ATTACHMENT_PROVIDER}]: Forbidden: network "ns1/net" leads to Subnet "attached" in VPC "v", which namespace "ns2" may not use [service-vpc-binding]"#
        );
        let switched = |key: &str, name: &str| {
            format!(
                r#"metadata.annotations[{key}]: Forbidden: Subnet "{name}" is in VPC "v", which namespace "ns2" may not use [service-vpc-binding]"#
            )
        };
        let attached = |namespace: &str, network: &str, key: &str, switch: &str| json!({"kind": "Service", "namespace": namespace, "annotations": {ATTACHMENT_PROVIDER: network, key: switch}});
        let (short, whole) = ("net.ns1.kubernetes.io/logical_switch", "net.ns1.ovn.kubernetes.io/logical_switch");
        for (network, key, switch, denials) in [
            ("net.ns1", "note", "", vec![leads.clone()]),
            // It is the key of no network, and so the provider counts.
            ("net.ns1", short, "net2", vec![leads.clone()]),
            ("net.ns1", short, "net1", vec![switched(short, "net1"), leads]),
            ("net.ns1.ovn", whole, "net2", vec![]),
            ("net.ns1.ovn", whole, "net1", vec![switched(whole, "net1")]),
        ] {
            let verdict = cluster.verdict(&create(&attached("ns2", network, key, switch)));
            assert_eq!(said(&verdict), [denials, vec![privileged.clone()]], "{network} {key} {switch}");
        }
        cluster.warns(&attached("ns1", "net.ns1", short, "net1"), &[&privileged]);
        cluster.warns(&attached("ns2", "other.ns2", short, "net1"), &[&privileged]);
        cluster.warns(&attached("ns2", "", short, "net1"), &[&privileged]);
        let (before, after) = (attached("ns1", "net.ns1", "note", ""), attached("ns1", "net.ns1", short, "net1"));
        assert_eq!(said(&cluster.verdict(&update(&before, &after))), NOTHING);
    }

    #[test]
    fn an_old_name_under_one_key_excuses_none_under_another() {
        let old = service("ns2", SERVICE_VPC, "v");
        let mut new = old.clone();
        new["annotations"][LOGICAL_ROUTER] = json!("v");
        let verdict = cluster().verdict(&update(&old, &new));
        assert_eq!((verdict.findings.len(), verdict.warnings.len()), (1, 1));
    }

    #[test]
    fn a_router_alone_excuses_none_with_a_subnet() {
        let cluster = cluster().with(json!({"kind": "Subnet", "name": "net2", "spec": {"vpc": "ovn-cluster"}}));
        let with = |annotations: &[(&str, &str)]| {
            let mut service = service("ns2", "note", "");
            for (key, value) in annotations {
                service["annotations"][*key] = json!(value);
            }
            service
        };
        let denials = |old: &[(&str, &str)], new: &[(&str, &str)]| {
            cluster.verdict(&update(&with(old), &with(new))).findings.len()
        };
        let (router, switch, own) = ((LOGICAL_ROUTER, "v"), (LOGICAL_SWITCH, "net1"), (LOGICAL_SWITCH, "net2"));
        assert_eq!(denials(&[router], &[router, own]), 1);
        assert_eq!(denials(&[switch], &[router, switch]), 2);
        assert_eq!(denials(&[router, own], &[router, switch]), 1);
        assert_eq!(denials(&[router, switch], &[router, switch, (SWITCH_LB_VIP, "")]), 0);
        assert_eq!(denials(&[(SERVICE_VPC, "v")], &[(SERVICE_VPC, "v"), own]), 0);
        // Kube-OVN takes it for a name.
        assert_eq!(denials(&[router], &[router, (LOGICAL_SWITCH, " ")]), 1);
    }

    #[test]
    fn kube_ovns_note_of_the_vpc_of_a_gateways_pods_is_sound() {
        let annotations = json!({"vpcguard.io/egress-namespaces": "platform"});
        let vpc = json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns1"]}, "annotations": annotations});
        let gateway = json!({"kind": "VpcEgressGateway", "namespace": "platform", "name": "g", "spec": {"vpc": "w"}});
        let noted = service("platform", SERVICE_VPC, "w");
        assert!(!cluster().with(vpc.clone()).verdict(&create(&noted)).allowed);
        let cluster = cluster().with(vpc).with(gateway);
        cluster.accepts(&noted);
        assert!(!cluster.verdict(&create(&service("platform", LOGICAL_ROUTER, "w"))).allowed);
    }

    #[test]
    fn a_restorer_may_bring_a_service_before_the_vpc_of_its_subnet() {
        let lost = json!({"kind": "Subnet", "name": "lost", "spec": {"vpc": "gone"}});
        let request = Request { user: VELERO.to_owned(), ..create(&service("ns1", LOGICAL_SWITCH, "lost")) };
        let [denials, warnings] = said(&cluster().with(lost).seeing_all().verdict(&request));
        assert_eq!((denials.len(), warnings.len()), (0, 1));
    }
}
