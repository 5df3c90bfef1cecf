//! Keeps an egress gateway from taking the traffic of others.
//!
//! An egress gateway stands in the way of all that its `policies` and `selectors` name: Kube-OVN sends it there before any
//! route of the VPC, and asks nobody whether that is the gateway's own. In a VPC of several namespaces one of them could read
//! and answer what the others send.
//!
//! A Subnet is foreign if it lists namespaces and not the gateway's. Refused are a foreign Subnet in `policies[].subnets`; an
//! entry of `policies[].ipBlocks`, or a Subnet of another VPC, that has addresses of one; and a selector that selects Pods of
//! another namespace that the VPC lists, or, in the default VPC, that a foreign Subnet lists. A selector without a
//! `namespaceSelector` selects from all namespaces. A warning are Subnets that list no namespace, in a VPC that lists others
//! too; and in the default VPC, or one that lists none, addresses of no Subnet and selectors of other namespaces.
//!
//! With the setting `egressGateway.scope: own`, for clusters whose tenants may create egress gateways, every Subnet is foreign
//! that does not list the gateway's namespace, and every other namespace, and all of this is refused.
//!
//! Nothing is said where the VPC lists the gateway's namespace alone, or names it in the annotation
//! `vpcguard.io/egress-namespaces`. What cannot be read as an address or a prefix counts as all addresses, and a selector
//! beyond 200 labels and values as one of all namespaces.
//!
//! ```yaml
//! # bad: VPC shared lists ns1 and ns2, and Subnet net2 lists ns2
//! kind: VpcEgressGateway
//! metadata: {namespace: ns1}
//! spec: {vpc: shared, externalSubnet: external, policies: [{snat: true, subnets: [net2]}]}
//! # good: Subnet net1 lists ns1
//! spec: {vpc: shared, externalSubnet: external, policies: [{snat: true, subnets: [net1]}]}
//! ```
//!
//! Name Subnets of the gateway's namespace, and select that namespace by its label `kubernetes.io/metadata.name`; or ask an
//! administrator to name the namespace in the Vpc's annotation `vpcguard.io/egress-namespaces`.

mod addresses;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;

use crate::context::Context;
use crate::field::FieldPath;
use crate::finding::{Action, Finding, quoted};
use crate::kinds::{EgressGateway, Kind, Namespace, ObjectRef, Subnet, Vpc};
use crate::net::Cidr;
use crate::policy::Policy;
use crate::reads::Read;
use crate::rules::{Check, Outcome, Rule};
use crate::settings::{EgressScope, RuleAction};
use addresses::{Addresses, Block};

/// The rule.
pub const RULE: Rule = Rule {
    id: "egress-gateway-scope",
    summary: "an egress gateway takes the traffic of Subnets or Pods that are for other namespaces",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
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
    let scope = Scope { namespace: context.namespace, name, vpc, custom, strict };
    if scope.is_its_own() {
        return Ok(());
    }
    let subnets = context.cluster.subnets_of_vpc_until_gone(name)?;
    let held = Held::of(&subnets, &scope);
    named(gateway, &scope, &held, context)?;
    blocks(gateway, &scope, &held, context);
    selected(gateway, &scope, &subnets, context)
}

/// Who is who in the gateway's VPC.
struct Scope<'a> {
    /// The gateway's namespace.
    namespace: &'a str,
    /// The name of the VPC.
    name: &'a str,
    /// The VPC, if it exists.
    vpc: Option<Arc<Vpc>>,
    custom: bool,
    /// Whether only its own is the gateway's.
    strict: bool,
}

impl Scope<'_> {
    /// Whether all traffic of the VPC is the gateway's.
    fn is_its_own(&self) -> bool {
        let alone = |vpc: &Vpc| self.custom && !vpc.namespaces.is_empty() && !self.lists_others(vpc);
        self.vpc.as_deref().is_some_and(|vpc| vpc.lets_out(self.namespace) || alone(vpc))
    }

    fn lists_others(&self, vpc: &Vpc) -> bool {
        vpc.namespaces.iter().any(|listed| listed != self.namespace)
    }

    /// Whether the VPC says nothing of whom it is for.
    fn is_free(&self) -> bool {
        !self.custom || self.vpc.as_deref().is_some_and(|vpc| vpc.namespaces.is_empty())
    }

    /// What taking the traffic of one of its Subnets is; none where that is the gateway's.
    fn action(&self, subnet: &Subnet) -> Option<Action> {
        let shared = || self.custom && self.vpc.as_deref().is_some_and(|vpc| self.lists_others(vpc));
        match &subnet.namespaces {
            listed if listed.iter().any(|listed| listed == self.namespace) => None,
            listed if !listed.is_empty() || self.strict => Some(Action::Deny),
            _ => shared().then_some(Action::Warn),
        }
    }

    /// What taking the traffic of nobody knows whom is.
    fn doubt(&self) -> Action {
        if self.strict { Action::Deny } else { Action::Warn }
    }

    /// Why the traffic of a Subnet is not the gateway's.
    fn why(&self, action: Action) -> String {
        match action {
            Action::Deny => format!("which does not list namespace {:?}", self.namespace),
            Action::Warn => format!("which lists no namespace, in VPC {:?} of several", self.name),
        }
    }

    /// A finding that an old version of the gateway had too if it named the same in the same field of the same VPC.
    fn finding(&self, field: FieldPath, value: &str, named: &str, detail: String) -> Finding {
        let identity = format!("{named} of {}", self.name);
        let finding = Finding::forbidden(field, value, detail).identified_by(identity).help(HELP);
        match &self.vpc {
            Some(vpc) => finding.related(vpc.reference(), Some(FieldPath::of("spec.namespaces"))),
            None => finding,
        }
    }
}

/// The addresses of the gateway's VPC.
struct Held<'s> {
    foreign: Addresses<'s>,
    shared: Addresses<'s>,
    all: Addresses<'s>,
}

impl<'s> Held<'s> {
    fn of(subnets: &'s [Arc<Subnet>], scope: &Scope<'_>) -> Self {
        let which = |action| Addresses::of(subnets.iter().filter(|subnet| scope.action(subnet) == action));
        Self {
            foreign: which(Some(Action::Deny)),
            shared: which(Some(Action::Warn)),
            all: Addresses::of(subnets.iter()),
        }
    }

    /// A Subnet that others have there, and what taking its traffic is.
    fn touched(&self, prefixes: &[IpNet]) -> Option<(Action, &'s Subnet, IpNet)> {
        let of = |action, held: &Addresses<'s>| {
            prefixes.iter().find_map(|prefix| held.touched(prefix)).map(|(subnet, prefix)| (action, subnet, prefix))
        };
        of(Action::Deny, &self.foreign).or_else(|| of(Action::Warn, &self.shared))
    }
}

/// Judges the Subnets in policies. One of another VPC is a list of addresses, which others may have in this one.
fn named(gateway: &EgressGateway, scope: &Scope<'_>, held: &Held<'_>, context: &mut Context<'_>) -> Outcome {
    // A Subnet may list many namespaces, and be named as often as a gateway has room for.
    let mut actions: BTreeMap<&str, Option<Action>> = BTreeMap::new();
    for (field, name) in gateway.subnets() {
        let Some(subnet) = context.cluster.subnet_until_gone(name)? else { continue };
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

/// The namespaces whose Pods are in the VPC and not the gateway's.
fn foreign_namespaces<'n>(
    others: &'n [Arc<Namespace>],
    scope: &Scope<'_>,
    subnets: &[Arc<Subnet>],
) -> Vec<&'n Namespace> {
    let of_foreign = subnets.iter().filter(|subnet| !scope.custom && scope.action(subnet) == Some(Action::Deny));
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    listed.extend(of_foreign.flat_map(|subnet| &subnet.namespaces).map(String::as_str));
    let is_foreign = |name: &str| match scope.vpc.as_deref().filter(|_| scope.custom) {
        _ if scope.strict => true,
        Some(vpc) => vpc.binds(name),
        None => listed.contains(name),
    };
    others.iter().map(AsRef::as_ref).filter(|namespace: &&Namespace| is_foreign(&namespace.meta.name)).collect()
}

#[cfg(test)]
mod tests;
