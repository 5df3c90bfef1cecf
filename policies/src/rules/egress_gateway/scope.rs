//! Keeps an egress gateway from taking the traffic of others.
//!
//! An egress gateway stands in the way of all that its `policies` and `selectors` name: Kube-OVN sends it there before any
//! route of the VPC, and asks nobody whether that is the gateway's own. In a VPC of several namespaces one of them could read
//! and answer what the others send.
//!
//! A Subnet is foreign if it lists namespaces and not the gateway's, or lists none and selects others by their labels. That it selects
//! the gateway's makes it the gateway's own if it does so by the label `kubernetes.io/metadata.name`, which nobody can write. Refused are a foreign Subnet in `policies[].subnets`; an
//! entry of `policies[].ipBlocks`, or a Subnet of another VPC, that has addresses of one; and a selector that selects Pods of
//! another namespace that the VPC lists, or, in the default VPC, that a foreign Subnet lists. A selector without a
//! `namespaceSelector` selects from all namespaces. A Subnet that does not exist is refused, as it may be for anybody; to
//! `exempt.restorers` and in a dry run that is a warning, and a folder of manifests may not hold it. A warning are Subnets that list no namespace, in a VPC that lists others
//! too; and in the default VPC, or one that lists none, addresses of no Subnet and selectors of other namespaces.
//!
//! With the setting `egressGateway.scope: own`, for clusters whose tenants may create egress gateways, every Subnet is foreign
//! that does not list the gateway's namespace, and every other namespace, and all of this is refused.
//!
//! Nothing is said where the VPC lists the gateway's namespace alone, or names it in the annotation
//! `vpcguard.io/egress-namespaces`. What cannot be read as an address or a prefix counts as all addresses, and a selector
//! beyond 200 labels and values as one of all namespaces.
//!
//! ```yaml bad
//! # bad: Subnet green-apps is for namespace green
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: shared}
//! spec: {namespaces: [blue, green]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: green-apps}
//! spec: {vpc: shared, cidrBlock: 10.0.2.0/24, namespaces: [green]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec: {vpc: shared, internalSubnet: green-apps, externalSubnet: external, policies: [{snat: true, subnets: [green-apps]}]}
//! ```
//!
//! ```yaml good
//! # good: Subnet blue-apps is for namespace blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: shared}
//! spec: {namespaces: [blue, green]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: shared, cidrBlock: 10.0.1.0/24, namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec: {vpc: shared, internalSubnet: blue-apps, externalSubnet: external, policies: [{snat: true, subnets: [blue-apps]}]}
//! ```
//!
//! Name Subnets of the gateway's namespace, and select that namespace by its label `kubernetes.io/metadata.name`; or ask an
//! administrator to name the namespace in the Vpc's annotation `vpcguard.io/egress-namespaces`.

mod addresses;
mod owners;

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;

use crate::finding::Action;
use crate::inventory::Sight;
use crate::kinds::{EgressGateway, Namespace, ObjectRef, Subnet};
use crate::net::Cidr;
use crate::request::Operation;
use crate::rule::prelude::*;
use crate::settings::EgressScope;
use crate::text::quoted;
use addresses::Block;
use owners::{Held, Scope, foreign_namespaces};

/// The rule.
pub const RULE: Rule = Rule {
    id: "egress-gateway-scope",
    summary: "an egress gateway takes the traffic of Subnets or Pods that are for other namespaces",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::EgressGateway,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::Namespace],
    checks: &[Check::EgressGateway(
        &[Read::Field("spec.vpc"), Read::Field("spec.policies"), Read::Field("spec.selectors")],
        check,
    )],
};

/// How many labels, conditions and values of all selectors are held against each namespace.
const MOST_SELECTED: usize = 200;

const HELP: &str = "Leave it out, or ask an administrator to name the namespace in the Vpc's annotation \
                    vpcguard.io/egress-namespaces.";

fn check(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    let name = context.kube_ovn().vpc_or_default(&gateway.vpc);
    let vpc = context.cluster.vpc_until_gone(name)?;
    let custom = context.kube_ovn().is_custom_vpc(name);
    let strict = context.settings.egress_gateway.scope == EgressScope::Own;
    let own = context.cluster.namespace(context.namespace)?;
    let labels = own.map_or_else(|| Namespace::called(context.namespace).meta.labels, |own| own.meta.labels.clone());
    let scope = Scope { namespace: context.namespace, labels, name, vpc, custom, strict };
    if scope.is_its_own() {
        return Ok(());
    }
    let subnets = context.cluster.subnets_of_vpc_until_gone(name)?;
    let held = Held::of(&subnets, &scope);
    named(gateway, &scope, &held, context)?;
    blocks(gateway, &scope, &held, context);
    selected(gateway, &scope, &subnets, context)
}

/// Judges the Subnets in policies. One of another VPC is a list of addresses, which others may have in this one.
fn named(gateway: &EgressGateway, scope: &Scope<'_>, held: &Held<'_>, context: &mut Context<'_>) -> Outcome {
    // A Subnet may list many namespaces, and be named as often as a gateway has room for.
    let mut actions: BTreeMap<&str, Option<Action>> = BTreeMap::new();
    for (field, name) in gateway.subnets() {
        let Some(subnet) = context.cluster.subnet_until_gone(name)? else {
            missing(field, name, scope, context)?;
            continue;
        };
        if subnet.vpc.as_deref() == Some(scope.name) {
            if let Some(action) = *actions.entry(name).or_insert_with(|| scope.action(&subnet)) {
                let detail = format!("takes the traffic of Subnet {name:?}, {}", scope.why(action));
                let finding = scope.finding(field, name, &format!("subnets {name}"), detail);
                context.report(action, finding.related(subnet.reference(), Some(FieldPath::of("spec.namespaces"))));
            }
            continue;
        }
        let prefixes: Vec<IpNet> = subnet.cidrs.iter().map(Cidr::network).collect();
        if let Some((action, other, prefix)) = held.touched(&prefixes) {
            let theirs = context.mention(Kind::Subnet, &other.meta.name) + &context.aside(&prefix);
            let detail = format!("Subnet {name:?} has addresses of {theirs}, {}", scope.why(action));
            let finding = scope.finding(field, name, &format!("subnets {name}"), detail);
            let finding = finding.related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
            context.report(action, finding.related(other.reference(), Some(FieldPath::of("spec.namespaces"))));
        }
    }
    Ok(())
}

/// A Subnet that does not exist may be anybody's when it is made, and its traffic is the gateway's then.
fn missing(field: FieldPath, name: &str, scope: &Scope<'_>, context: &mut Context<'_>) -> Outcome {
    let is_certain = !name.is_empty() && context.cluster.sight(Kind::Subnet) == Sight::All;
    if is_certain && context.operation != Operation::AtRest {
        let meant = context.did_you_mean(Kind::Subnet, name, "");
        let detail = format!("there is no Subnet of this name: create it first, and then the gateway{meant}");
        let finding = Finding::not_found(field, name, detail).missing(ObjectRef::new(Kind::Subnet, name));
        let finding = finding.identified_by(scope.identity(&format!("subnets {name}"))).help(HELP);
        context.report(context.action_on_missing(), finding);
    }
    Ok(())
}

/// Judges the addresses in policies.
fn blocks(gateway: &EgressGateway, scope: &Scope<'_>, held: &Held<'_>, context: &mut Context<'_>) {
    for (field, text) in gateway.blocks() {
        let block = Block::read(text);
        let unread = if block.is_read { "" } else { " is neither an address nor a prefix, so that it" };
        if let Some((action, other, prefix)) = held.touched(&block.prefixes) {
            let theirs = context.mention(Kind::Subnet, &other.meta.name) + &context.aside(&prefix);
            let has = if block.is_read { "has" } else { "may have" };
            let detail = format!("{}{unread} {has} addresses of {theirs}, {}", quoted(text), scope.why(action));
            let finding = scope.finding(field, text, &format!("ipBlocks {text}"), detail);
            context.report(action, finding.related(other.reference(), Some(FieldPath::of("spec.namespaces"))));
        } else if scope.is_free() && !block.prefixes.iter().all(|prefix| held.all.hold(prefix)) {
            let vpc = scope.name;
            let detail = format!("{}{unread} is held by no Subnet of VPC {vpc:?}: it may be anybody's", quoted(text));
            context.report(scope.doubt(), scope.finding(field, text, &format!("ipBlocks {text}"), detail));
        }
    }
}

/// Judges the selectors.
fn selected(gateway: &EgressGateway, scope: &Scope<'_>, subnets: &[Arc<Subnet>], context: &mut Context<'_>) -> Outcome {
    if gateway.selectors.is_empty() {
        return Ok(());
    }
    let mut others = context.cluster.namespaces_until_gone()?;
    others.retain(|namespace| namespace.meta.name != scope.namespace);
    let foreign = foreign_namespaces(&others, scope, subnets);
    let (mut left, mut too_many) = (MOST_SELECTED, false);
    for (at, selector) in gateway.selectors.iter().enumerate() {
        let judged = left.checked_sub(selector.size());
        left = judged.unwrap_or(left);
        too_many |= judged.is_none();
        let selects = |namespace: &&Namespace| judged.is_none() || selector.namespaces.matches(&namespace.meta.labels);
        let (action, found) = match foreign.iter().copied().find(|namespace| selects(namespace)) {
            Some(found) => (Action::Deny, Some(found)),
            None if scope.is_free() => (scope.doubt(), others.iter().map(AsRef::as_ref).find(selects)),
            None => continue,
        };
        if let Some(found) = found {
            let theirs = context.mention(Kind::Namespace, &found.meta.name);
            let may = if judged.is_none() { "may select" } else { "selects" };
            let detail = format!("{may} Pods of {theirs} in VPC {:?}", scope.name);
            let field = FieldPath::of("spec.selectors").index(at);
            let finding = scope.finding(field, "", &format!("selectors {selector:?}"), detail);
            let namespace = ObjectRef::new(Kind::Namespace, &found.meta.name);
            let help = "Select the gateway's own namespace by its label kubernetes.io/metadata.name, or ask an \
                        administrator to name it in the Vpc's annotation vpcguard.io/egress-namespaces.";
            context.report(action, finding.related(namespace, Some(FieldPath::of("metadata.labels"))).help(help));
        }
    }
    if too_many {
        let detail =
            format!("not judged: too many; a selector beyond {MOST_SELECTED} labels and values counts as one of all");
        let finding = Finding::forbidden(FieldPath::of("spec.selectors"), "", detail);
        context.warn(finding.help("Select by fewer labels and values."));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
