//! Port groups and address sets, whose names have dots where those of the objects have hyphens.

use crate::kinds::{IpPool, ObjectRef, SecurityGroup, Subnet, folded};
use crate::rule::prelude::*;
use crate::text::quoted;

const HELP: &str = "Take a name that is another one too where each hyphen is read as a dot.";

/// The sets in which Kube-OVN keeps the addresses of a group.
const GROUP_SETS: [&str; 2] = ["v4", "v6"];

pub(super) fn security_group(group: &SecurityGroup, context: &mut Context<'_>) -> Outcome {
    let folded = group.port_group();
    for other in context.admitted.security_groups_until_gone(&folded)? {
        if other.meta.name != group.meta.name {
            let name = quoted(&format!("ovn.sg.{folded}"));
            let mention = context.mention(Kind::SecurityGroup, &other.meta.name);
            refuse(
                &group.meta.name,
                format!("makes port group {name}, which {mention} has"),
                other.reference(),
                context,
            );
        }
    }
    for set in GROUP_SETS {
        let set = format!("ovn.sg.{folded}.associated.{set}");
        for pool in context.admitted.ip_pools_called_until_gone(&set)? {
            set_in_conflict(
                &group.meta.name,
                &set,
                (true, pool.has_address_set),
                (Kind::IpPool, &pool.meta.name),
                context,
            );
        }
    }
    Ok(())
}

pub(super) fn ip_pool(pool: &IpPool, context: &mut Context<'_>) -> Outcome {
    let set = pool.address_set();
    for other in context.admitted.ip_pools_called_until_gone(&set)? {
        // Where neither has a set there is none to take away.
        let keep = (pool.has_address_set, other.has_address_set);
        if other.meta.name != pool.meta.name && keep != (false, false) {
            set_in_conflict(&pool.meta.name, &set, keep, (Kind::IpPool, &other.meta.name), context);
        }
    }
    let parts = set.strip_prefix("ovn.sg.").and_then(|rest| rest.rsplit_once(".associated."));
    let Some((group, _)) = parts.filter(|(_, family)| GROUP_SETS.contains(family)) else { return Ok(()) };
    for group in context.admitted.security_groups_until_gone(group)? {
        let other = (Kind::SecurityGroup, group.meta.name.as_str());
        set_in_conflict(&pool.meta.name, &set, (pool.has_address_set, true), other, context);
    }
    Ok(())
}

/// On each node the Subnets of the default VPC have a port group that is called after both.
pub(super) fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let default_vpc = &context.kube_ovn().default_vpc;
    let is_grouped = |subnet: &Subnet| subnet.vpc.as_ref() == Some(default_vpc) && subnet.is_overlay();
    if !is_grouped(subnet) {
        return Ok(());
    }
    let mut others = if subnet.meta.name.contains('.') {
        context.admitted.dotted_subnets_until_gone(&subnet.folded_name())?
    } else {
        Vec::new()
    };
    for name in alike(&subnet.meta.name) {
        others.extend(context.admitted.subnet_until_gone(&name)?);
    }
    others.retain(|other| other.meta.name != subnet.meta.name && is_grouped(other));
    for other in others {
        let mention = context.mention(Kind::Subnet, &other.meta.name);
        let detail = format!("makes port groups that {mention} has: Kube-OVN reads each hyphen as a dot there");
        let finding = Finding::forbidden(FieldPath::of("metadata.name"), &subnet.meta.name, detail)
            .related(other.reference(), Some(FieldPath::of("metadata.name")))
            .help(HELP);
        context.warn(finding);
    }
    Ok(())
}

/// Names to which this one is folded too, as far as they are few. Those with dots are found by an index, for which some runners
/// have to read all Subnets: that is done for the few names that have dots themselves.
fn alike(name: &str) -> Vec<String> {
    if name.contains('.') {
        return vec![name.replace('.', "-")];
    }
    let with_dot =
        |(at, _)| format!("{}.{}", name.get(..at).unwrap_or_default(), name.get(at + 1..).unwrap_or_default());
    let mut alike: Vec<_> = name.match_indices('-').map(with_dot).collect();
    // Where there is but one hyphen, that is this too.
    alike.extend(Some(folded(name)).filter(|_| alike.len() > 1));
    alike
}

/// Reports an address set that two objects make, or that one of them makes and the other removes.
fn set_in_conflict(own: &str, set: &str, keep: (bool, bool), (kind, other): (Kind, &str), context: &mut Context<'_>) {
    let (does, has) = match keep {
        (true, true) => ("makes", "has"),
        (true, false) => ("makes", "removes"),
        (false, _) => ("removes", "has"),
    };
    let detail = format!("{does} address set {}, which {} {has}", quoted(set), context.mention(kind, other));
    refuse(own, detail, ObjectRef::new(kind, other), context);
}

fn refuse(name: &str, detail: String, other: ObjectRef, context: &mut Context<'_>) {
    let identity = format!("{detail} {} {}", other.kind, other.name);
    let finding = Finding::forbidden(FieldPath::of("metadata.name"), name, detail)
        .identified_by(identity)
        .related(other, Some(FieldPath::of("metadata.name")))
        .help(HELP);
    context.deny(finding);
}
