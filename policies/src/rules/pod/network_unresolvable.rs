//! Refuses a Pod whose networks Kube-OVN cannot compute.
//!
//! A list of networks that does not parse, a Subnet, an IPPool or a Vip that does not exist, one of those two whose Subnet does
//! not, a NetworkAttachmentDefinition of another namespace that does not exist or does not load: Kube-OVN tries again for ever, and
//! joins whatever is made under that name later. Until then it writes no NetworkPolicy that selects the Pod, of any tenant, so that a changed policy of others does not
//! arrive. This holds for Pods of the node's network (`hostNetwork`) too. Some NetworkAttachmentDefinitions even end Kube-OVN's
//! controller as soon as a Pod names them; and a network that no Subnet is the provider of does so beside a Subnet that does not
//! exist, when the Pod is deleted.
//!
//! A warning is enough for a NetworkAttachmentDefinition of the Pod's own namespace that does not exist yet, for a network that
//! no Subnet is the provider of (v1.16 takes the Pod's default Subnet, later releases refuse it), in a dry run, and for names
//! that `exempt.restorers` bring back before the objects. Templates of workloads are not looked at: their Pods are, and their
//! controllers try again. In a folder of manifests, names are looked at only where it holds objects of that kind.
//!
//! ```yaml bad
//! # bad: the Subnet is called apps
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/logical_switch: app}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/logical_switch: apps}
//! ```
//!
//! What was so already while a Pod had its address is a denial once the Pod is to get another: where its annotation `allocated` goes,
//! or a migration of its virtual machine begins.
//!
//! Create what is named first, or correct the name. A bare Pod that was refused must be applied again.

use std::collections::BTreeMap;

use crate::attach::{
    Attachments, Definition, IP_POOL, Network, Primary, Providers, Unreadable, pool_name, read_definition,
};
use crate::finding::Action;
use crate::inventory::{Answer, Sight};
use crate::kinds::{
    ALLOCATED_SUFFIX, DEFAULT_NETWORK, IP_POOL_SUFFIX, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, MIGRATION, NETWORKS,
    ObjectRef, PodTemplate, VIP,
};
use crate::rule::prelude::*;
use crate::rules::pod::logical_switch_name;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-network-unresolvable",
    summary: "Kube-OVN cannot compute a Pod's networks, and holds up NetworkPolicies of others meanwhile",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::PodAttachmentBinding,
    asks: &[Kind::Subnet, Kind::IpPool, Kind::AttachmentDefinition, Kind::Vip],
    checks: &[Check::PodOf(
        &[Kind::Pod],
        &[
            Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
            Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
            Read::PodAnnotationsEnding(ALLOCATED_SUFFIX),
            Read::PodAnnotation(MIGRATION),
            Read::PodAnnotation(NETWORKS),
            Read::PodAnnotation(DEFAULT_NETWORK),
            Read::PodAnnotation(VIP),
        ],
        check,
    )],
};

const CREATE_FIRST: &str =
    "Create it first, or correct the name. Controllers of workloads try again; a bare Pod must be applied again.";

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    for (key, unreadable) in &asked.unreadable {
        // A null is for `pod-vpc-namespace`, which refuses it in templates too.
        if let Unreadable::Malformed(why) = unreadable {
            malformed(pod, key, why, context);
        }
    }
    for (key, at) in &asked.nameless {
        malformed(pod, key, &format!("element {at} has no name"), context);
    }
    primary(pod, &asked, context)?;
    vip(pod, context)?;
    networks(pod, &asked, context)
}

fn malformed(pod: &PodTemplate, key: &str, why: &str, context: &mut Context<'_>) {
    let text = pod.pod.annotation(key).unwrap_or_default();
    let detail = format!("{why}, so Kube-OVN cannot attach the Pod");
    let finding = Finding::invalid(pod.annotation_path(key), text, detail).identified_by(format!("{key} {text}"));
    let help = "Write the networks as a comma list, or as a JSON list of objects with a name.";
    context.report(context.action_on_missing(), finding.help(help));
}

/// The Subnet and the IPPool of the primary network, which Kube-OVN looks up even where it does not use them.
fn primary(pod: &PodTemplate, asked: &Attachments<'_>, context: &mut Context<'_>) -> Outcome {
    if context.kube_ovn().non_primary_cni {
        return Ok(());
    }
    let chosen = Primary::chosen(pod);
    if let Primary::Switch(name) = chosen {
        subnet(pod, LOGICAL_SWITCH, name, context)?;
    }
    let pool = pod.pod.annotation(IP_POOL).filter(|value| !value.is_empty()).and_then(pool_name);
    match pool {
        Some(name) if asked.primary == chosen || matches!(chosen, Primary::Pool(_)) => {
            ip_pool(pod, IP_POOL, name, context)
        }
        _ => Ok(()),
    }
}

fn networks(pod: &PodTemplate, asked: &Attachments<'_>, context: &mut Context<'_>) -> Outcome {
    if asked.networks.is_empty() {
        return Ok(());
    }
    let is_seen = context.cluster.sight(Kind::AttachmentDefinition) != Sight::Nothing;
    if !is_seen {
        context.cannot_see(Kind::AttachmentDefinition);
    }
    let mut definitions: BTreeMap<(&str, &str), Option<Definition>> = BTreeMap::new();
    let mut providers = Providers::new(context.cluster);
    let mut missing_switch = None;
    for network in &asked.networks {
        let name = (&*network.namespace, &*network.name);
        let definition = match definitions.get(&name) {
            Some(known) => *known,
            None if is_seen => *definitions.entry(name).or_insert(definition(pod, network, context)?),
            None => Some(Definition::KubeOvn),
        };
        let kind = definition.unwrap_or(Definition::Elsewhere);
        let is_served = match kind {
            Definition::KubeOvn => network.switch.is_some() || !providers.of(network)?.is_empty(),
            Definition::Addresses => !providers.with(&network.address_provider())?.is_empty(),
            _ => continue,
        };
        if !is_served && is_seen && sees(context, Kind::Subnet) {
            let switch = match missing_switch {
                Some(known) => known,
                None => *missing_switch.insert(switch_that_is_missing(pod, context)?),
            };
            without_subnet(pod, network, (kind, switch), context);
        }
        if let (Definition::KubeOvn, Some((key, name))) = (kind, &network.switch) {
            subnet(pod, key, name, context)?;
        }
        for (key, name) in &network.pools {
            ip_pool(pod, key, name, context)?;
        }
    }
    Ok(())
}

/// What the NetworkAttachmentDefinition of a network is; none where it is missing or does not load, which is said once.
fn definition(pod: &PodTemplate, network: &Network<'_>, context: &mut Context<'_>) -> Answer<Option<Definition>> {
    let (namespace, name, reference) = (&*network.namespace, &*network.name, network.reference());
    let object = ObjectRef::namespaced(Kind::AttachmentDefinition, namespace, name);
    let field = network.place.path(pod);
    let Some(definition) = context.cluster.attachment_definition_until_gone(namespace, name)? else {
        let detail = "there is no NetworkAttachmentDefinition of this name, so Kube-OVN cannot attach the Pod";
        let finding = Finding::not_found(field, &reference, detail).identified_by(reference).missing(object);
        // Its own the tenant makes at any time, and others' nobody but they.
        let action = if namespace == context.namespace { Action::Warn } else { context.action_on_missing() };
        context.report(action, finding.help(CREATE_FIRST));
        return Ok(None);
    };
    let read = read_definition(&definition.config);
    let (action, detail) = match read {
        Definition::Broken(why) => {
            (context.action_on_missing(), format!("whose config {why}, so Kube-OVN cannot attach the Pod"))
        }
        Definition::EndsController(why) => {
            let action = if context.dry_run { Action::Warn } else { Action::Deny };
            (action, format!("whose config {why}, which ends Kube-OVN's controller, again at each start"))
        }
        loads => return Ok(Some(loads)),
    };
    let detail = format!("names NetworkAttachmentDefinition {}, {detail}", quoted(&reference));
    let finding = Finding::forbidden(field, &reference, detail).identified_by(reference).related(object, None);
    context.report(action, finding.help("Correct spec.config of the NetworkAttachmentDefinition first."));
    Ok(None)
}

/// The Subnet that a Pod names as its own, if there is none.
fn switch_that_is_missing<'p>(pod: &'p PodTemplate, context: &Context<'_>) -> Answer<Option<&'p str>> {
    let named = pod.pod.annotation(LOGICAL_SWITCH).filter(|name| !name.is_empty());
    Ok(match named {
        Some(name) if context.cluster.subnet_until_gone(name)?.is_none() => Some(name),
        _ => None,
    })
}

/// v1.16 takes the Pod's own Subnet in its place. Where that is missing too, its controller ends when the Pod is deleted.
fn without_subnet(
    pod: &PodTemplate,
    network: &Network<'_>,
    (kind, missing_switch): (Definition, Option<&str>),
    context: &mut Context<'_>,
) {
    let reference = network.reference();
    let provider = if kind == Definition::KubeOvn { network.subnet_provider() } else { &network.address_provider() };
    let none = format!("no Subnet has the provider {}", quoted(provider));
    let field = network.place.path(pod);
    if let (Definition::KubeOvn, Some(switch)) = (kind, missing_switch) {
        let detail =
            format!("{none}, and {} is none: Kube-OVN's controller ends when the Pod is deleted", quoted(switch));
        // That the switch is missing is a finding of its own.
        let finding = Finding::not_found(field, &reference, detail).identified_by(format!("{reference} ends"));
        context.report(
            context.action_on_missing(),
            finding.missing(ObjectRef::new(Kind::Subnet, switch)).help(CREATE_FIRST),
        );
        return;
    }
    let detail = format!("{none}: releases after v1.16 cannot attach the Pod, v1.16 may use its default Subnet");
    let finding = Finding::not_found(field, &reference, detail);
    context.warn(finding.help("Create a Subnet with this provider first, or name one by an annotation."));
}

fn subnet(pod: &PodTemplate, key: &str, name: &str, context: &mut Context<'_>) -> Outcome {
    // That a list is not a name is said by another rule.
    let is_said = name.contains(',') && logical_switch_name::RULE.action(context.settings) == RuleAction::Deny;
    if !is_said && sees(context, Kind::Subnet) && context.cluster.subnet_until_gone(name)?.is_none() {
        missing(pod, key, Kind::Subnet, name, context)?;
    }
    Ok(())
}

fn ip_pool(pod: &PodTemplate, key: &str, name: &str, context: &mut Context<'_>) -> Outcome {
    if !sees(context, Kind::IpPool) {
        return Ok(());
    }
    match context.cluster.ip_pool_until_gone(name)? {
        Some(pool) => of_missing_subnet(pod, key, (Kind::IpPool, name), &pool.subnet, context)?,
        None => missing(pod, key, Kind::IpPool, name, context)?,
    }
    Ok(())
}

/// A Pod of the node's network gets no address, so that none is looked for.
fn vip(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let named = pod.pod.annotation(VIP).filter(|name| !name.is_empty() && !pod.host_network);
    if let Some(name) = named.filter(|_| sees(context, Kind::Vip)) {
        match context.cluster.vip_until_gone(name)? {
            Some(vip) => of_missing_subnet(pod, VIP, (Kind::Vip, name), &vip.subnet, context)?,
            None => missing(pod, VIP, Kind::Vip, name, context)?,
        }
    }
    Ok(())
}

/// An IPPool or a Vip that waits for its Subnet, and the Pod with it: nobody knows yet whose that will be.
fn of_missing_subnet(
    pod: &PodTemplate,
    key: &str,
    (kind, name): (Kind, &str),
    subnet: &str,
    context: &mut Context<'_>,
) -> Outcome {
    if subnet.is_empty()
        || pod.host_network
        || !sees(context, Kind::Subnet)
        || context.cluster.subnet_until_gone(subnet)?.is_some()
    {
        return Ok(());
    }
    let detail = format!("{kind} {name:?} is of a Subnet that does not exist{}", context.aside(&quoted(subnet)));
    let finding = Finding::invalid(pod.annotation_path(key), name, detail).identified_by(identity(pod, key, name));
    let finding = finding.related(ObjectRef::new(kind, name), Some(FieldPath::of("spec.subnet")));
    context
        .report(context.action_on_missing(), finding.missing(ObjectRef::new(Kind::Subnet, subnet)).help(CREATE_FIRST));
    Ok(())
}

fn missing(pod: &PodTemplate, key: &str, kind: Kind, name: &str, context: &mut Context<'_>) -> Outcome {
    let meant = context.did_you_mean(kind, name, "");
    let detail = format!("there is no {kind} of this name, so Kube-OVN cannot attach the Pod{meant}");
    let finding = Finding::not_found(pod.annotation_path(key), name, detail).identified_by(identity(pod, key, name));
    context.report(context.action_on_missing(), finding.missing(ObjectRef::new(kind, name)).help(CREATE_FIRST));
    Ok(())
}

/// What was missing already while a Pod had its address matters once it is to get another.
fn identity(pod: &PodTemplate, key: &str, name: &str) -> String {
    format!("{key} {name} {}", pod.keeps_address(key))
}

/// Whether an object of a kind that is not found is not there.
fn sees(context: &Context<'_>, kind: Kind) -> bool {
    context.cluster.sight(kind) != Sight::Nothing
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::support::testing::{Cluster, as_warning, create, update};

    const FIELD: &str = "metadata.annotations[k8s.v1.cni.cncf.io/networks]";

    fn definition(namespace: &str, name: &str, config: &str) -> Value {
        json!({"kind": "NetworkAttachmentDefinition", "namespace": namespace, "name": name, "spec": {"config": config}})
    }

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"provider": "nad.ns1.ovn"}}))
            .with(json!({"kind": "IPPool", "name": "pool", "spec": {"subnet": "net1"}}))
            .with(json!({"kind": "Vip", "name": "vip", "spec": {"subnet": "net1"}}))
            .with(definition("ns1", "nad", r#"{"type":"kube-ovn"}"#))
            .with(definition("ns1", "bridge", r#"{"type":"bridge"}"#))
            .with(definition("ns1", "lost", r#"{"type":"kube-ovn"}"#))
            .with(definition("ns1", "broken", "{"))
            .with(definition("ns1", "deadly", r#"{"plugins":[]}"#))
    }

    fn pod(annotations: Value) -> Value {
        json!({"kind": "Pod", "namespace": "ns1", "annotations": annotations})
    }

    #[test]
    fn what_waits_for_its_subnet_is_refused() {
        let cluster = cluster()
            .with(json!({"kind": "IPPool", "name": "early", "spec": {"subnet": "next"}}))
            .with(json!({"kind": "Vip", "name": "early", "spec": {"subnet": "next"}}));
        for (key, kind) in
            [("ovn.kubernetes.io/ip_pool", "IPPool"), ("nad.ns1.ovn.kubernetes.io/ip_pool", "IPPool"), (VIP, "Vip")]
        {
            let wanted = format!(
                r#"metadata.annotations[{key}]: Invalid value: "early": {kind} "early" is of a Subnet that does not exist ("next") [pod-network-unresolvable]"#
            );
            let mut annotations = json!({key: "early"});
            if key.starts_with("nad") {
                annotations["k8s.v1.cni.cncf.io/networks"] = json!("nad");
            }
            cluster.refuses(&pod(annotations), &[&wanted]);
        }
    }

    #[test]
    fn what_was_missing_under_an_attached_pod_excuses_no_new_address() {
        let with = |allocated: bool| {
            let mut annotations = json!({"ovn.kubernetes.io/ip_pool": "gone"});
            if allocated {
                annotations["ovn.kubernetes.io/allocated"] = json!("true");
            }
            pod(annotations)
        };
        assert!(!cluster().verdict(&update(&with(true), &with(false))).allowed);
        assert!(cluster().verdict(&update(&with(true), &with(true))).allowed);
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        for (key, kind) in [
            ("ovn.kubernetes.io/logical_switch", "Subnet"),
            ("ovn.kubernetes.io/ip_pool", "IPPool"),
            ("ovn.kubernetes.io/vip", "Vip"),
            ("nad.ns1.ovn.kubernetes.io/logical_switch", "Subnet"),
            ("nad.ns1.ovn.kubernetes.io/ip_pool", "IPPool"),
        ] {
            let wanted = format!(
                r#"metadata.annotations[{key}]: Not found: "gone": there is no {kind} of this name, so Kube-OVN cannot attach the Pod [pod-network-unresolvable]"#
            );
            cluster().refuses(&pod(json!({NETWORKS: "nad", key: "gone"})), &[&wanted]);
            let there = match kind {
                "Subnet" => "net1",
                "Vip" => "vip",
                _ => "pool",
            };
            cluster().accepts(&pod(json!({NETWORKS: "nad", key: there})));
        }
        cluster().accepts(&pod(json!({NETWORKS: "bridge", "nad.ns1.ovn.kubernetes.io/logical_switch": "gone"})));
        cluster().accepts(&pod(json!({NETWORKS: "bridge", "bridge.ns1.ovn.kubernetes.io/logical_switch": "gone"})));
    }

    #[test]
    fn a_list_that_does_not_parse_is_refused() {
        for (networks, why) in [
            ("[", "is not well-formed JSON"),
            (r#"[{"name":"nad","mac":5}]"#, "mac of element 0 must be a string, not a number"),
            ("nad,", "element 1 has no name"),
            ("nad/x/y", r#""nad/x/y" has more than one slash"#),
        ] {
            let wanted = format!(
                "{FIELD}: Invalid value: {networks:?}: {why}, so Kube-OVN cannot attach the Pod [pod-network-unresolvable]"
            );
            cluster().refuses(&pod(json!({NETWORKS: networks})), &[&wanted]);
        }
        cluster().accepts(&pod(json!({NETWORKS: "[null]"})));
    }

    #[test]
    fn a_definition_is_looked_up_and_read() {
        let fault = |reference: &str, why: &str| {
            format!(
                r#"{FIELD}: Forbidden: names NetworkAttachmentDefinition "{reference}", whose config {why} [pod-network-unresolvable]"#
            )
        };
        let broken = fault("ns1/broken", "is not well-formed JSON, so Kube-OVN cannot attach the Pod");
        cluster().refuses(&pod(json!({NETWORKS: "broken,broken"})), &[&broken]);
        let deadly = "has an empty list of plugins, which ends Kube-OVN's controller, again at each start";
        cluster().refuses(&pod(json!({NETWORKS: "deadly"})), &[&fault("ns1/deadly", deadly)]);
        let gone = |name: &str| {
            format!(
                "{FIELD}: Not found: {name:?}: there is no NetworkAttachmentDefinition of this name, so Kube-OVN cannot attach the Pod [pod-network-unresolvable]"
            )
        };
        cluster().refuses(&pod(json!({NETWORKS: "ns2/x"})), &[&gone("ns2/x")]);
        cluster().warns(&pod(json!({NETWORKS: "x"})), &[&as_warning(&gone("ns1/x"))]);
        let lost = format!(
            r#"{FIELD}: "ns1/lost": no Subnet has the provider "lost.ns1.ovn": releases after v1.16 cannot attach the Pod, v1.16 may use its default Subnet [pod-network-unresolvable]"#
        );
        cluster().warns(&pod(json!({NETWORKS: "lost"})), &[&lost]);
        cluster().accepts(&pod(json!({NETWORKS: "nad,bridge"})));
    }

    #[test]
    fn a_pod_of_the_nodes_network_is_looked_at_and_a_template_is_not() {
        let annotations = json!({LOGICAL_SWITCH: "gone"});
        let mut on_host = pod(annotations.clone());
        on_host["spec"] = json!({"hostNetwork": true});
        assert!(!cluster().verdict(&create(&on_host)).allowed);
        let template = json!({"metadata": {"annotations": annotations}});
        cluster().accepts(&json!({"kind": "Deployment", "namespace": "ns1", "spec": {"template": template}}));
    }

    #[test]
    fn a_dry_run_a_restore_and_what_was_so_before_are_warnings() {
        let gone = pod(json!({LOGICAL_SWITCH: "gone", NETWORKS: "["}));
        let warned = |change: fn(&mut crate::request::Request)| {
            let mut request = create(&gone);
            change(&mut request);
            let verdict = cluster().verdict(&request);
            (verdict.allowed, verdict.findings.len(), verdict.warnings.len())
        };
        assert_eq!(warned(|_| {}), (false, 2, 0));
        assert_eq!(warned(|request| request.dry_run = true), (true, 0, 2));
        let restorer = |request: &mut crate::request::Request| {
            request.user = "system:serviceaccount:velero:velero".to_owned();
        };
        assert_eq!(warned(restorer), (true, 0, 2));
        let more = pod(json!({LOGICAL_SWITCH: "gone", NETWORKS: "[", "nad.ns1.ovn.kubernetes.io/ip_pool": "x"}));
        assert!(cluster().verdict(&update(&gone, &more)).allowed);
        let other = pod(json!({LOGICAL_SWITCH: "lost", NETWORKS: "["}));
        assert!(!cluster().verdict(&update(&gone, &other)).allowed);
    }

    #[test]
    fn an_old_name_is_no_excuse_for_what_ends_the_controller() {
        let old = pod(json!({LOGICAL_SWITCH: "gone"}));
        let new = pod(json!({LOGICAL_SWITCH: "gone", NETWORKS: "lost"}));
        let verdict = cluster().verdict(&update(&old, &new));
        let detail = r#"no Subnet has the provider "lost.ns1.ovn", and "gone" is none: Kube-OVN's controller ends when the Pod is deleted"#;
        assert!(!verdict.allowed && verdict.findings[0].message().contains(detail), "{verdict:?}");
        let served = pod(json!({LOGICAL_SWITCH: "gone", NETWORKS: "nad"}));
        assert!(cluster().verdict(&update(&old, &served)).allowed);
        assert!(cluster().verdict(&update(&new, &new)).allowed);
        // Its own Subnet makes good for both.
        let fixed = pod(json!({LOGICAL_SWITCH: "net1", NETWORKS: "lost"}));
        assert!(cluster().verdict(&update(&new, &fixed)).allowed);
    }

    #[test]
    fn a_folder_tells_only_of_what_it_holds() {
        let pod = pod(json!({LOGICAL_SWITCH: "gone", NETWORKS: "ns2/x", VIP: "gone"}));
        let verdict = Cluster::of(super::RULE.id).verdict(&create(&pod));
        assert!(verdict.allowed);
        assert_eq!(verdict.not_evaluated[0].needs, "NetworkAttachmentDefinition");
    }
}
