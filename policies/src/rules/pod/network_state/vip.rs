//! The Vip whose address a Pod takes: Kube-OVN asks neither whose it is nor whether another Pod has it.

use super::HELP_VIP;
use crate::kinds::{ObjectRef, PodTemplate, VIP, Vip};
use crate::rule::prelude::*;
use crate::rules::support::listed::closed_vpc;
use crate::text::quoted;

pub(super) fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let Some(name) = pod.pod.annotation(VIP).filter(|name| !name.is_empty()) else { return Ok(()) };
    // One that does not exist is `pod-network-unresolvable`'s.
    let Some(vip) = context.cluster.vip_until_gone(name)? else { return Ok(()) };
    let refused = |detail: String| {
        let finding = Finding::forbidden(pod.annotation_path(VIP), name, detail);
        finding
            .identified_by(format!("vip {name} {}", pod.keeps_address(VIP)))
            .related(ObjectRef::new(Kind::Vip, name), None)
            .help(HELP_VIP)
    };
    if let Some(subnet) = context.cluster.subnet_until_gone(&vip.subnet)?
        && let Some(closed) = closed_vpc(context.cluster, context.kube_ovn(), &subnet, context.namespace)?
    {
        let of = context.mention(Kind::Subnet, &subnet.meta.name);
        let vpc = context.mention(Kind::Vpc, closed.name());
        let namespace = context.namespace;
        let finding = refused(format!("has an address of {of} in {vpc}, which namespace {namespace:?} may not use"));
        context.report(closed.action(context), closed.evidence(finding.related(subnet.reference(), None)));
    } else if !vip.namespace.is_empty() && vip.namespace != context.namespace {
        let of = context.aside(&quoted(&vip.namespace));
        context.deny(refused(format!("is for Pods of another namespace{of}")));
    } else if let Some(port) = taken_by_others(&vip, context.namespace) {
        let by = context.aside(&port);
        context.deny(refused(format!("is taken by a Pod of another namespace{by}")));
    }
    Ok(())
}

/// The port that has taken a Vip, unless it is one of the namespace: the Pod that this one replaces.
fn taken_by_others<'v>(vip: &'v Vip, namespace: &str) -> Option<&'v str> {
    let port = vip.taken_by()?;
    let primary = port.strip_suffix(namespace).is_some_and(|pod| pod.ends_with('.'));
    // Behind it the provider of a network that Multus attaches: <name>.<namespace>.ovn, and perhaps an interface.
    let is_provider = |text: &str| text.split('.').nth(2) == Some("ovn");
    let attached = || port.split_once(&format!(".{namespace}.")).is_some_and(|(_, provider)| is_provider(provider));
    (!primary && !attached()).then_some(port)
}
