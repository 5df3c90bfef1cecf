//! Refuses a change that Kube-OVN does not make, or makes by halves.
//!
//! An API server stores it, and the object shows the new value. Kube-OVN keeps to the old one, with a line in its log at most, or leaves
//! something behind. From one value to another:
//!
//! | kind | what may not change | |
//! |---|---|---|
//! | IptablesEIP | `natGwDp`, `externalSubnet`, `v4ip` | refused |
//! | | `v6ip`, `macAddress`, which are ignored | warning |
//! | IptablesDnatRule | `type` | refused |
//! | OvnEip | `externalSubnet`, `v4Ip`, `v6Ip`, `macAddress`, `type` | refused |
//! | OvnFip, OvnDnatRule, OvnSnatRule | all of it, once its status is `ready` | refused |
//! | Vip | `subnet`, `type`, `v4ip`, `v6ip`, `macAddress`, once it has its address | refused |
//! | IP | its Subnet, Pod and addresses | warning |
//! | IPPool | `subnet`, unless its status says that there is no such Subnet | refused |
//! | QoSPolicy | `shared`, `bindingType`; the limits of a shared one | refused |
//! | VpcEgressGateway | `vpc`, `prefix` | refused |
//! | VpcNatGateway | `namespace`; `replicas` from one to more, or back | refused |
//! | | `routes`, `noDefaultEIP`, `bgpSpeaker`, `annotations`, with one replica | warning |
//! | ProviderNetwork | `defaultInterface`, with `exchangeLinkName` | warning |
//! | VpcDns | `vpc`, `subnet` | warning |
//! | SecurityGroup | `tier`, without a change of the rules | warning |
//!
//! What was empty may get a value: Kube-OVN fills in so. To take a value away is a warning at most, for a client may write its own text
//! again. A `qosPolicy`, the `selector` of a Vip, what iptables rules are made of, the `id` and `provider` of a Vlan, and the
//! `defaultInterface` of other ProviderNetworks may change: Kube-OVN follows. The `vpc` of a Subnet is for
//! `subnet-vpc-immutable`; the `vpc`, `subnet` and `lanIp` of a NAT gateway are for `gateway-immutable`.
//!
//! ```yaml bad
//! # bad: an update moves the pool to another Subnet
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: jobs}
//! spec: {cidrBlock: 10.18.0.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: few}
//! spec: {subnet: apps, ips: [10.17.0.10..10.17.0.20]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: few}
//! spec: {subnet: jobs, ips: [10.18.0.10..10.18.0.20]}
//! ```
//!
//! ```yaml good
//! # good: a new pool, and the old one is deleted
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: jobs}
//! spec: {cidrBlock: 10.18.0.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: few-jobs}
//! spec: {subnet: jobs, ips: [10.18.0.10..10.18.0.20]}
//! ```
//!
//! Create a new object and delete the old one.

mod table;
#[cfg(test)]
mod tests;

use table::Row;

use crate::finding::Action;
use crate::kinds::{EgressGateway, MADE_WITH, NatGateway, Object, QosPolicy, SecurityGroup, Typed};
use crate::net::parse_ip;
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "spec-immutable",
    summary: "a field changes that Kube-OVN does not change, or changes by halves",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[
        Check::IptablesEip(SPEC, |eip, context| compare(table::IPTABLES_EIP, |_| true, eip, context)),
        Check::IptablesDnatRule(&[Read::Field("spec.type")], |rule, context| {
            compare(table::IPTABLES_DNAT_RULE, |_| true, rule, context)
        }),
        Check::OvnEip(SPEC, |eip, context| compare(table::OVN_EIP, |_| true, eip, context)),
        Check::OvnFip(SPEC, |fip, context| compare(table::OVN_FIP, |old| old.is_ready, fip, context)),
        Check::OvnDnatRule(SPEC, |rule, context| compare(table::OVN_DNAT_RULE, |old| old.is_ready, rule, context)),
        Check::OvnSnatRule(SPEC, |rule, context| compare(table::OVN_SNAT_RULE, |old| old.is_ready, rule, context)),
        Check::Vip(SPEC, |vip, context| compare(table::VIP, |old| !old.given.mac.is_empty(), vip, context)),
        Check::Ip(SPEC, |ip, context| compare(table::IP, |_| true, ip, context)),
        Check::IpPool(&[Read::Field("spec.subnet")], |pool, context| {
            compare(table::IP_POOL, |old| !old.lacks_subnet, pool, context)
        }),
        Check::QosPolicy(SPEC, qos_policy),
        Check::EgressGateway(&[Read::Field("spec.vpc"), Read::Field("spec.prefix")], egress_gateway),
        Check::NatGateway(
            &[
                Read::Field("spec.namespace"),
                Read::Field("spec.replicas"),
                Read::Field("spec.annotations"),
                Read::Field("spec.bgpSpeaker"),
                Read::Field("spec.noDefaultEIP"),
                Read::Field("spec.routes"),
            ],
            nat_gateway,
        ),
        Check::ProviderNetwork(&[Read::Field("spec.defaultInterface")], |network, context| {
            compare(table::PROVIDER_NETWORK, |old| old.exchanges_names, network, context)
        }),
        Check::VpcDns(&[Read::Field("spec.vpc"), Read::Field("spec.subnet")], |dns, context| {
            compare(table::VPC_DNS, |_| true, dns, context)
        }),
        Check::SecurityGroup(&[Read::Field("spec.tier")], security_group),
    ],
};

const SPEC: &[Read] = &[Read::Field("spec")];

/// Compares the fields of a table, if Kube-OVN has made what the old object says.
fn compare<T: Typed>(rows: &[Row<T>], is_made: impl Fn(&T) -> bool, new: &T, context: &mut Context<'_>) -> Outcome {
    let Some(old) = context.old.and_then(T::of).filter(|old| is_made(old)) else { return Ok(()) };
    for row in rows {
        let (after, before) = ((row.value)(new), (row.value)(old));
        let is_kept = row.given.is_none_or(|given| is_same(before, given(old)));
        if !before.is_empty() && !is_same(before, after) && (!after.is_empty() || is_kept) {
            let asks_again = row.asks_again.is_some_and(|asks_again| asks_again(old, new));
            let action = if after.is_empty() || asks_again { Action::Warn } else { row.action };
            tell(action, row.field, after, before, row.harm, context);
        }
    }
    Ok(())
}

/// Whether two texts mean the same. The hexadecimal digits of addresses have no case.
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    let is_hexadecimal = |text: &str| text.contains(':');
    one == other
        || parse_ip(one).is_some_and(|address| parse_ip(other) == Some(address))
        || is_hexadecimal(one) && one.eq_ignore_ascii_case(other)
}

fn tell(action: Action, field: &'static str, new: &str, old: &str, harm: &str, context: &mut Context<'_>) {
    let finding = Finding::invalid(FieldPath::of(field), new, format!("was {}: {harm}", quoted(old)));
    let help = match new {
        "" => format!("Nothing need be done: Kube-OVN keeps what it gave. Write {old} to say so."),
        _ => format!("Create a new {} and delete this one.", context.kind),
    };
    context.report(action, finding.help(help));
}

fn qos_policy(policy: &QosPolicy, context: &mut Context<'_>) -> Outcome {
    let Some(Object::QosPolicy(old)) = context.old else { return Ok(()) };
    if policy.shared != old.shared {
        let word = |shared: bool| if shared { "true" } else { "false" };
        tell(Action::Deny, "spec.shared", word(policy.shared), word(old.shared), table::KEPT, context);
    }
    let by_name = |policy: &QosPolicy| {
        let mut limits = policy.limits.clone();
        limits.sort_by(|a, b| a.name.cmp(&b.name));
        limits
    };
    if old.shared && policy.shared && by_name(policy) != by_name(old) {
        let detail = "may not change in a policy that is shared: Kube-OVN keeps the old limits, with a line in its log";
        let finding = Finding::forbidden(FieldPath::of("spec.bandwidthLimitRules"), "", detail);
        context.deny(finding.help("Create a new QoSPolicy, and name it where this one is named."));
    }
    compare(table::QOS_POLICY, |_| true, policy, context)
}

fn egress_gateway(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    let Some(Object::EgressGateway(old)) = context.old else { return Ok(()) };
    let default = context.kube_ovn().default_vpc.as_str();
    let vpc = |named: &str| if named.is_empty() { default.to_owned() } else { named.to_owned() };
    if vpc(&gateway.vpc) != vpc(&old.vpc) {
        let harm = "the router of that VPC keeps the policies that lead to it";
        tell(Action::Deny, "spec.vpc", &gateway.vpc, &vpc(&old.vpc), harm, context);
    }
    compare(table::EGRESS_GATEWAY, |_| true, gateway, context)
}

fn nat_gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let Some(Object::NatGateway(old)) = context.old else { return Ok(()) };
    let own = context.kube_ovn().namespace.as_str();
    let namespace = |named: &str| if named.is_empty() { own.to_owned() } else { named.to_owned() };
    if namespace(&gateway.namespace) != namespace(&old.namespace) {
        let harm = "the Pods there stay, and nobody deletes them";
        tell(Action::Deny, "spec.namespace", &gateway.namespace, &namespace(&old.namespace), harm, context);
    }
    let (is_many, was_many) = (gateway.replicas > 1, old.replicas > 1);
    if is_many != was_many {
        let left = if was_many { "Deployment" } else { "StatefulSet" };
        let detail = format!("was {}: the {left} of the gateway stays, and nobody deletes it", old.replicas);
        let finding = Finding::invalid_number(FieldPath::of("spec.replicas"), gateway.replicas, detail);
        context.deny(finding.help("Create a new VpcNatGateway and delete this one."));
    } else if !is_many {
        for field in MADE_WITH.into_iter().filter(|field| gateway.made_with.get(field) != old.made_with.get(field)) {
            let detail = "is read when the gateway's Pod is made, and not again: the Pod that runs keeps the old value";
            let finding = Finding::forbidden(FieldPath::of("spec").field(field), "", detail);
            context
                .warn(finding.help("Delete the gateway's Pod, which interrupts its traffic, so that it is made anew."));
        }
    }
    Ok(())
}

fn security_group(group: &SecurityGroup, context: &mut Context<'_>) -> Outcome {
    let Some(Object::SecurityGroup(old)) = context.old else { return Ok(()) };
    if group.tier != old.tier && group.ingress == old.ingress && group.egress == old.egress {
        let detail = format!("was {}: Kube-OVN looks at it only when a rule of the group changes", old.tier);
        let finding = Finding::invalid_number(FieldPath::of("spec.tier"), group.tier, detail);
        context.warn(finding.help("Change a rule with it, such as a priority."));
    }
    Ok(())
}
