//! What a Pod, or the template of a workload, names.

use std::collections::BTreeSet;

use super::{refer, refer_at_where_seen, refer_definition};
use crate::attach::Attachments;
use crate::inventory::Sight;
use crate::kinds::{ADDRESS_PAIRS, ObjectRef, PodTemplate, VIP};
use crate::rule::prelude::*;
use crate::rules::pod::network_unresolvable;

pub(super) fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    security_groups(pod, context)?;
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    // What Kube-OVN reads of a Pod itself is for `pod-network-unresolvable`, where that sees the kind.
    let is_said = pod.kind == Kind::Pod && network_unresolvable::RULE.action(context.settings) != RuleAction::Off;
    networks(pod, &asked, is_said, context)?;
    if !is_said {
        definitions(pod, &asked, context)?;
    }
    vips(pod, is_said, context)
}

/// The group that Kube-OVN makes itself, without an object.
const DENY_ALL: &str = "kubeovn_deny_all";

/// Which groups there are is known only where there are some to see.
fn security_groups(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    if context.cluster.sight(Kind::SecurityGroup) == Sight::Nothing {
        if pod.security_groups().next().is_some() {
            context.cannot_see(Kind::SecurityGroup);
        }
        return Ok(());
    }
    for (key, names) in pod.security_groups() {
        let (mut missing, mut is_any_there) = (Vec::new(), false);
        for name in names {
            if name == DENY_ALL || context.cluster.has(Kind::SecurityGroup, name)? {
                is_any_there = true;
            } else {
                missing.push(name);
            }
        }
        let harm = if is_any_there {
            ": Kube-OVN leaves it out"
        } else {
            ", nor of any other that is named: nothing is filtered"
        };
        for name in missing {
            let meant = context.did_you_mean(Kind::SecurityGroup, name, "");
            let detail = format!("there is no SecurityGroup of this name{harm}{meant}");
            let finding = Finding::not_found(pod.annotation_path(key), name, detail);
            let finding = finding.missing(ObjectRef::new(Kind::SecurityGroup, name));
            context
                .deny(finding.help("Create the SecurityGroup first, or correct the name, in which whitespace counts."));
        }
    }
    Ok(())
}

/// The Subnets and IPPools of its networks.
fn networks(pod: &PodTemplate, asked: &Attachments<'_>, is_said: bool, context: &mut Context<'_>) -> Outcome {
    let keys = if is_said { asked.keys() } else { BTreeSet::new() };
    let is_said =
        |key: &str, kind, context: &Context<'_>| keys.contains(key) && context.cluster.sight(kind) != Sight::Nothing;
    for (key, name) in pod.logical_switches() {
        if !is_said(key, Kind::Subnet, context) {
            refer(context, Kind::Subnet, pod.annotation_path(key), name)?;
        }
    }
    for (key, name) in pod.ip_pools() {
        if !is_said(key, Kind::IpPool, context) {
            refer(context, Kind::IpPool, pod.annotation_path(key), name)?;
        }
    }
    Ok(())
}

/// What Multus is to attach. A manifest without a namespace gets one later, by kustomize perhaps.
fn definitions(pod: &PodTemplate, asked: &Attachments<'_>, context: &mut Context<'_>) -> Outcome {
    let is_placed = !pod.meta.namespace.is_empty();
    let mut looked_for = BTreeSet::new();
    for network in &asked.networks {
        let name = (&*network.namespace, &*network.name);
        if (is_placed || name.0 != context.namespace) && looked_for.insert(name) {
            refer_definition(context, network.place.path(pod), name, &network.reference())?;
        }
    }
    Ok(())
}

/// The Vip whose address it takes, and those whose addresses it may have too.
fn vips(pod: &PodTemplate, is_said: bool, context: &mut Context<'_>) -> Outcome {
    if pod.host_network {
        return Ok(());
    }
    let taken = pod.pod.annotation(VIP).filter(|_| !is_said);
    let taken = taken.map(|name| (VIP, name));
    let further = pod.pod.annotation(ADDRESS_PAIRS).into_iter().flat_map(|names| names.split(','));
    for (key, name) in taken.into_iter().chain(further.map(|name| (ADDRESS_PAIRS, name))) {
        refer_at_where_seen(context, Kind::Vip, pod.annotation_path(key), name)?;
    }
    Ok(())
}
