//! The addresses that a Pod asks for by annotations.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Claimant, claimants, ips};
use crate::attach::{Attachments, Providers, subnets_of_namespace};
use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{
    ADDRESS_PAIRS, IP_ADDRESS_SUFFIX, IP_POOL_SUFFIX, LOGICAL_SWITCH, MIGRATION, Object, PodTemplate, Subnet, VIP, Vip,
};
use crate::net::{list_items, parse_ip};
use crate::rule::prelude::*;
use crate::text::quoted;

/// Warns of addresses that something else has in the Subnet.
pub(super) fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let takes = |key: &String| key.ends_with(IP_POOL_SUFFIX) || key.ends_with(IP_ADDRESS_SUFFIX);
    // While a virtual machine moves, its address has two Pods.
    let is_moving = pod.pod.annotation(MIGRATION).is_some();
    if pod.host_network || is_moving || !pod.pod.annotations.keys().any(takes) {
        return Ok(());
    }
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    if asked.primary.is_kube_ovns() {
        let switch = pod.pod.annotation(LOGICAL_SWITCH).filter(|name| !name.is_empty());
        network(pod, "ovn", context, |context| match switch {
            Some(name) => named(name, context),
            None => of_namespace(context),
        })?;
    }
    let mut providers = Providers::new(context.cluster);
    for listed in &asked.networks {
        network(pod, &listed.provider, context, |context| match &listed.switch {
            Some((_, name)) => named(name, context),
            None => providers.of(listed),
        })?;
    }
    Ok(())
}

fn named(name: &str, context: &Context<'_>) -> Answer<Arc<[Arc<Subnet>]>> {
    Ok(context.cluster.subnet_until_gone(name)?.into_iter().collect())
}

fn of_namespace(context: &Context<'_>) -> Answer<Arc<[Arc<Subnet>]>> {
    Ok(subnets_of_namespace(context.namespace, context.cluster)?.into())
}

/// What a Pod asks for in one of its networks.
fn network<'a>(
    pod: &PodTemplate,
    provider: &str,
    context: &mut Context<'a>,
    subnets: impl FnOnce(&Context<'a>) -> Answer<Arc<[Arc<Subnet>]>>,
) -> Outcome {
    let keys = [IP_ADDRESS_SUFFIX, IP_POOL_SUFFIX].map(|suffix| format!("{provider}{suffix}"));
    let asked = |key: &String| {
        let value = pod.pod.annotation(key)?;
        Some((key.clone(), value, choices(value)))
    };
    let asked: Vec<_> = keys.iter().filter_map(asked).filter(|(.., choices)| !choices.is_empty()).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let subnets = subnets(context)?;
    for (key, value, choices) in asked {
        let mut taken = Vec::new();
        for choice in &choices {
            if let Some(by) = taken_by((pod, &key), choice, &subnets, context)? {
                taken.push(by);
            }
        }
        // Kube-OVN takes the first of a list that is free.
        let left = choices.len() - taken.len();
        let Some((address, subnet, other)) = taken.into_iter().next() else { continue };
        if left >= pod.wanted_addresses(choices.len()) {
            continue;
        }
        if context.has_enough(Action::Warn) {
            break;
        }
        let mentioned = context.mention(other.kind, &other.object.meta().name);
        let detail = format!(
            "{mentioned} has {address} in Subnet {}, and Kube-OVN does not give it to a Pod then",
            quoted(&subnet.meta.name)
        );
        let finding = Finding::duplicate(pod.annotation_path(&key), value, detail)
            .related(other.reference(), other.field(&subnet.meta.name, address))
            .identified_by(format!("{key} {address} {}", other.identity()));
        context.warn(finding.help("Choose another address of the Subnet, or leave the annotation out."));
    }
    Ok(())
}

/// The addresses of which a Pod takes one, or one of each family: `a;b` and `a,b` are choices, an address of each family is one.
fn choices(value: &str) -> Vec<Vec<IpAddr>> {
    let addresses = |list: &str| list.split(',').filter_map(|part| parse_ip(address_of(part))).collect::<Vec<_>>();
    if value.contains(';') {
        return value.split(';').map(addresses).filter(|choice| !choice.is_empty()).collect();
    }
    let all = addresses(value);
    match all.as_slice() {
        [a, b] if a.is_ipv4() != b.is_ipv4() => vec![all],
        _ => all.into_iter().map(|address| vec![address]).collect(),
    }
}

/// An address may be written with the length of its prefix.
fn address_of(text: &str) -> &str {
    text.split_once('/').map_or(text, |(address, _)| address).trim()
}

/// What else has an address of a choice, in one of the Subnets that hold it.
fn taken_by(
    (pod, key): (&PodTemplate, &str),
    choice: &[IpAddr],
    subnets: &[Arc<Subnet>],
    context: &Context<'_>,
) -> Answer<Option<(IpAddr, Arc<Subnet>, Claimant)>> {
    for address in choice {
        for subnet in subnets.iter().filter(|subnet| subnet.contains(*address)) {
            // Whichever came first: nobody looks a Pod up, so that it is said here or nowhere.
            let mut others = claimants(context.cluster, &subnet.meta.name, *address)?;
            // What a Pod has got, Kube-OVN has compared.
            if context.sees_ips() && !pod.keeps_address(key) {
                let ips = context.cluster.ips_with_until_gone(&subnet.meta.name, *address)?;
                others.extend(ips.into_iter().map(|ip| Claimant { kind: Kind::Ip, object: Object::Ip(ip) }));
            }
            if let Some(other) = others.into_iter().find(|other| !is_for(other, pod, context)) {
                return Ok(Some((*address, Arc::clone(subnet), other)));
            }
        }
    }
    Ok(None)
}

/// Whether the address is for this Pod: it may be one of the gateway's own.
fn is_for(other: &Claimant, pod: &PodTemplate, context: &Context<'_>) -> bool {
    match &other.object {
        Object::EgressGateway(gateway) => gateway.meta.namespace == context.namespace,
        Object::NatGateway(gateway) => {
            let own = &context.kube_ovn().namespace;
            let namespace = if gateway.namespace.is_empty() { own } else { &gateway.namespace };
            namespace == context.namespace
        }
        Object::Vip(vip) => is_named(vip, pod) || has_taken(vip, pod, context),
        Object::Ip(ip) => ips::is_of_pod(ip, pod, context),
        _ => false,
    }
}

fn is_named(vip: &Vip, pod: &PodTemplate) -> bool {
    let named = [VIP, ADDRESS_PAIRS].into_iter().filter_map(|key| pod.pod.annotation(key));
    named.flat_map(list_items).any(|name| name == vip.meta.name)
}

fn has_taken(vip: &Vip, pod: &PodTemplate, context: &Context<'_>) -> bool {
    let port = format!("{}.{}", pod.meta.name, context.namespace);
    vip.taken_by()
        .is_some_and(|taken| taken.strip_prefix(&port).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::RULE;
    use crate::rules::support::testing::Cluster;

    const SWITCH: &str = "ovn.kubernetes.io/logical_switch";
    const ADDRESS: &str = "ovn.kubernetes.io/ip_address";
    const POOL: &str = "ovn.kubernetes.io/ip_pool";

    fn cluster() -> Cluster {
        let eip = json!({"kind": "OvnEip", "name": "web", "spec": {"externalSubnet": "s", "v4Ip": "10.0.1.5"}});
        let gateway = json!({"kind": "VpcNatGateway", "name": "g",
                             "spec": {"vpc": "v", "subnet": "s", "lanIp": "10.0.1.254", "namespace": "gateways"}});
        Cluster::of(RULE.id)
            .with(json!({"kind": "Subnet", "name": "s", "spec": {"cidrBlock": "10.0.1.0/24,fd00::/120"}}))
            .with(json!({"kind": "Namespace", "name": "ns1", "annotations": {SWITCH: "s"}}))
            .with(eip)
            .with(gateway)
    }

    fn pod(annotations: &Value) -> Value {
        json!({"kind": "Pod", "namespace": "ns1", "annotations": annotations})
    }

    #[test]
    fn an_address_that_is_taken_is_a_warning() {
        for (annotations, key, address, other) in [
            (json!({SWITCH: "s", ADDRESS: "10.0.1.5"}), ADDRESS, "10.0.1.5", r#"OvnEip "web""#),
            (json!({ADDRESS: "10.0.1.254,fd00::5"}), ADDRESS, "10.0.1.254", r#"VpcNatGateway "g""#),
            (json!({POOL: "10.0.1.5;10.0.1.254"}), POOL, "10.0.1.5", r#"OvnEip "web""#),
        ] {
            let value = annotations[key].as_str().unwrap();
            let wanted = format!(
                r#"metadata.annotations[{key}]: "{value}": {other} has {address} in Subnet "s", and Kube-OVN does not give it to a Pod then [subnet-address-unique]"#
            );
            cluster().warns(&pod(&annotations), &[&wanted]);
        }
        for annotations in [
            json!({ADDRESS: "10.0.1.6"}),
            json!({POOL: "10.0.1.5;10.0.1.6"}),
            json!({POOL: "10.0.1.6,10.0.1.5"}),
            json!({POOL: "web"}),
            json!({SWITCH: "other", ADDRESS: "10.0.1.5"}),
            json!({ADDRESS: "10.0.1.5", "kubevirt.io/migrationJobName": "m"}),
        ] {
            cluster().accepts(&pod(&annotations));
        }
    }

    #[test]
    fn a_gateways_own_pod_has_its_address() {
        let annotations = json!({SWITCH: "s", ADDRESS: "10.0.1.254"});
        cluster().accepts(&json!({"kind": "Pod", "namespace": "gateways", "annotations": annotations}));
    }

    #[test]
    fn a_pod_has_the_address_of_its_vip() {
        let vip = json!({"kind": "Vip", "name": "w", "labels": {"ovn.kubernetes.io/ip_reserved": "q.ns1"},
                         "spec": {"subnet": "s"}, "status": {"v4ip": "10.0.1.7"}});
        let cluster = || cluster().with(vip.clone());
        let asking = |annotations: Value| {
            let mut annotations = annotations;
            annotations[ADDRESS] = json!("10.0.1.7");
            pod(&annotations)
        };
        let other = format!(
            r#"metadata.annotations[{ADDRESS}]: "10.0.1.7": Vip "w" has 10.0.1.7 in Subnet "s", and Kube-OVN does not give it to a Pod then [subnet-address-unique]"#
        );
        cluster().warns(&asking(json!({})), &[&other]);
        cluster().accepts(&asking(json!({"ovn.kubernetes.io/vip": "w"})));
        cluster().accepts(&asking(json!({"ovn.kubernetes.io/aaps": "v,w"})));
        let mut taking = asking(json!({}));
        taking["name"] = json!("q");
        cluster().accepts(&taking);
    }

    #[test]
    fn a_list_must_do_for_all_replicas() {
        let workload = |replicas: i64| {
            let template = json!({"metadata": {"annotations": {SWITCH: "s", POOL: "10.0.1.5;10.0.1.6;10.0.1.7"}}});
            json!({"kind": "StatefulSet", "namespace": "ns1", "spec": {"replicas": replicas, "template": template}})
        };
        cluster().accepts(&workload(2));
        let wanted = format!(
            r#"spec.template.metadata.annotations[{POOL}]: "10.0.1.5;10.0.1.6;10.0.1.7": OvnEip "web" has 10.0.1.5 in Subnet "s", and Kube-OVN does not give it to a Pod then [subnet-address-unique]"#
        );
        cluster().warns(&workload(3), &[&wanted]);
    }
}
