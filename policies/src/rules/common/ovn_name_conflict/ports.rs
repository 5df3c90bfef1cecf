//! Ports of routers and switches, which are called after both.

use std::collections::BTreeSet;

use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{JoinedName, MOST_LINKS, ObjectRef, Peering, Side, Subnet, Vpc};
use crate::rule::prelude::*;
use crate::text::quoted;

/// What a name is for another object.
struct Holder {
    object: ObjectRef,
    field: FieldPath,
    mention: String,
}

pub(super) fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let router = &vpc.meta.name;
    let mut seen = BTreeSet::new();
    for (at, peering) in vpc.peerings.iter().enumerate().take(MOST_LINKS) {
        if seen.insert(&peering.remote_vpc) {
            let field = (Peering::path(at).field("remoteVpc"), "spec.vpcPeerings");
            compare(Side::Router, router, &peering.remote_vpc, field, context)?;
        }
    }
    let extra = FieldPath::of("spec.extraExternalSubnets");
    for external in vpc.external_subnets.iter().take(MOST_LINKS) {
        let field = match vpc.extra_external_subnets.iter().position(|written| written == external) {
            Some(at) => (extra.clone().index(at), "spec.extraExternalSubnets"),
            None => (FieldPath::of("spec.enableExternal"), "spec.enableExternal"),
        };
        compare(Side::Router, router, external, field.clone(), context)?;
        compare(Side::Switch, router, external, field, context)?;
    }
    let rest = format!("only the ports of the first {MOST_LINKS} are compared with others");
    if vpc.peerings.len() > MOST_LINKS {
        context.not_judged(Action::Deny, FieldPath::of("spec.vpcPeerings"), &rest);
    }
    if vpc.external_subnets.len() > MOST_LINKS {
        context.not_judged(Action::Deny, extra, &rest);
    }
    Ok(())
}

pub(super) fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    super::folded::subnet(subnet, context)?;
    let Some(router) = subnet.vpc.as_deref().filter(|_| subnet.is_on_router()) else { return Ok(()) };
    for side in [Side::Router, Side::Switch] {
        let field = (FieldPath::of("metadata.name"), "metadata.name");
        compare(side, router, &subnet.meta.name, field, context)?;
    }
    Ok(())
}

/// Reports who else has a port of the name that one between a router and something else gets. It may be cut at each hyphen into
/// the names of two others. The field stands beside its name without a number, as an older version is compared.
fn compare(
    side: Side,
    router: &str,
    other: &str,
    (field, list): (FieldPath, &str),
    context: &mut Context<'_>,
) -> Outcome {
    // Longer than two names.
    let Some(name) = JoinedName::port(side, router, other) else { return Ok(()) };
    let port = name.joined();
    name.for_each_rival(|router, other| {
        for holder in holders(side, router, other, context)? {
            if context.has_enough(Action::Deny) {
                return Ok(());
            }
            let Holder { object, field: theirs, mention } = holder;
            let detail = format!("makes {side} port {}, which {mention} has", quoted(&port));
            let finding = Finding::forbidden(field.clone(), &port, detail)
                .identified_by(format!("{list} {side} {port} {} {}", object.kind, object.name))
                .related(object, Some(theirs))
                .help("Take another name. VPCs without hyphens in their names are never in conflict with each other.");
            context.deny(finding);
        }
        Ok(())
    })
}

/// Who has the port between a router and something else: that Subnet, or that Vpc.
fn holders(side: Side, router: &str, other: &str, context: &Context<'_>) -> Answer<Vec<Holder>> {
    let mut found = Vec::new();
    let subnet = context.admitted.subnet_until_gone(other)?;
    if let Some(subnet) = subnet.filter(|subnet| subnet.is_on_router_of(router)) {
        let mention = context.mention(Kind::Subnet, other) + &context.aside(&format!("VPC {}", quoted(router)));
        found.push(Holder { object: subnet.reference(), field: FieldPath::of("metadata.name"), mention });
    }
    let Some(vpc) = context.admitted.vpc_until_gone(router)? else { return Ok(found) };
    let (is_peer, is_external) = vpc.links_to(side, other);
    let links = [
        ("spec.vpcPeerings", "its peering with VPC", is_peer),
        ("spec.enableExternal", "its external Subnet", is_external),
    ];
    for (field, word, _) in links.into_iter().filter(|(.., is_linked)| *is_linked) {
        let mention = context.mention(Kind::Vpc, router) + &context.aside(&format!("{word} {}", quoted(other)));
        found.push(Holder { object: vpc.reference(), field: FieldPath::of(field), mention });
    }
    Ok(found)
}
