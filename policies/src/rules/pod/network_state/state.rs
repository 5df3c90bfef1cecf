//! What Kube-OVN notes of a Pod's networks, and believes: whether it has attached and routed them, and where.

use super::HELP;
use crate::finding::Finding;
use crate::inventory::Answer;
use crate::kinds::{IP_ADDRESS_SUFFIX, Object, PodTemplate};
use crate::request::Operation;
use crate::rule::Context;

pub(super) const MAC: &str = ".kubernetes.io/mac_address";
pub(super) const CIDR: &str = ".kubernetes.io/cidr";
pub(super) const GATEWAY: &str = ".kubernetes.io/gateway";

const ALLOCATED: &str = ".kubernetes.io/allocated";
const ROUTED: &str = ".kubernetes.io/routed";
const VLAN: &str = ".kubernetes.io/vlan_id";

/// How the notes begin that are about a gateway.
const OF_VPC: &str = ".kubernetes.io/vpc_";
/// The NAT gateway that a Pod is of.
const NAT_GATEWAY: &str = "ovn.kubernetes.io/vpc_nat_gw";

const TRUE: Option<&str> = Some("true");

/// Whether Kube-OVN's own template has such notes: that of a NAT gateway, whose Pods a controller of Kubernetes makes.
pub(super) fn is_of_gateway(pod: &PodTemplate, context: &Context<'_>) -> Answer<bool> {
    let Some(name) = pod.pod.annotation(NAT_GATEWAY) else { return Ok(false) };
    let gateways = context.cluster.nat_gateways_running_in(context.namespace)?;
    Ok(gateways.iter().any(|gateway| gateway.meta.name == name))
}

pub(super) fn check(pod: &PodTemplate, provider: &str, is_of_gateway: bool, context: &mut Context<'_>) {
    match context.old {
        None if context.operation == Operation::Create => written(pod, provider, is_of_gateway, context),
        Some(Object::Pod(old)) => changed(pod, old, provider, context),
        _ => {}
    }
}

/// What a new Pod has. A backup brings back all of it.
fn written(pod: &PodTemplate, provider: &str, is_of_gateway: bool, context: &mut Context<'_>) {
    let attached = (ALLOCATED, "Kube-OVN makes no port for a Pod that says that it is attached already");
    let routed = (ROUTED, "Kube-OVN writes no routes for a Pod that says that it has them");
    for (suffix, detail) in Some(attached).filter(|_| !is_of_gateway).into_iter().chain([routed]) {
        let key = format!("{provider}{suffix}");
        if let Some(value) = pod.pod.annotation(&key).filter(|value| Some(*value) == TRUE) {
            warn(pod, &key, value, detail, context);
        }
    }
    for suffix in [CIDR, GATEWAY, VLAN] {
        let key = format!("{provider}{suffix}");
        if let Some(value) = pod.pod.annotation(&key).filter(|value| !value.is_empty()) {
            warn(pod, &key, value, OWN, context);
        }
    }
    let prefix = format!("{provider}{OF_VPC}");
    let of_gateways = pod.pod.annotations.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
    for (key, value) in of_gateways.filter(|_| !is_of_gateway) {
        warn(pod, key, value, OWN, context);
    }
}

const OWN: &str = "is for Kube-OVN alone to write";

/// What is changed of a Pod that is attached, and stays so. To have it attached anew, users take `allocated` away.
fn changed(pod: &PodTemplate, old: &PodTemplate, provider: &str, context: &mut Context<'_>) {
    let allocated = format!("{provider}{ALLOCATED}");
    if old.pod.annotation(&allocated) != TRUE || pod.pod.annotation(&allocated) != TRUE {
        return;
    }
    for suffix in [IP_ADDRESS_SUFFIX, MAC, CIDR, GATEWAY] {
        let key = format!("{provider}{suffix}");
        let (new, old) = (pod.pod.annotation(&key), old.pod.annotation(&key));
        if let Some(value) = new.filter(|_| old.is_some() && new != old) {
            let detail = "Kube-OVN, which attached the Pod, keeps its port as it is and believes this";
            warn(pod, &key, value, detail, context);
        }
    }
}

fn warn(pod: &PodTemplate, key: &str, value: &str, detail: &str, context: &mut Context<'_>) {
    context.warn(Finding::invalid(pod.annotation_path(key), value, detail).help(HELP));
}
