//! Refuses an egress gateway that Kube-OVN does not make, or that takes no traffic.
//!
//! Up to v1.15 the API server looked at all of this. v1.16.0 to v1.16.2 look at nothing but the numbers of `bfd`: the gateway is stored, and a line
//! in a log or a condition says at most that nothing comes of it.
//!
//! | field | must be |
//! |---|---|
//! | `externalSubnet` | there |
//! | `replicas` | 0 or more; above 10, which other releases refuse, is a warning |
//! | `internalIPs`, `externalIPs` | one address an entry, or an IPv4 and an IPv6 address with a comma between, IPv4 not in the form of IPv6; each once; at least as many as `replicas`; not beside `internalIPPool`, `externalIPPool` |
//! | `policies`, `selectors` | at least one entry in one of them |
//! | `policies[]` | with `ipBlocks` or `subnets` |
//! | `policies[].ipBlocks` | addresses and prefixes, IPv4 not in the form of IPv6 |
//! | `policies[].subnets` | names |
//! | `selectors[].namespaceSelector`, `podSelector` | with labels, operators and values of Kubernetes; left out for all |
//! | `trafficPolicy` | `Cluster`, `Local`, or left out for the former |
//! | `podAntiAffinity` | `Required`, `Preferred`, or left out for the former |
//! | `nodeSelector[].matchLabels`, `matchExpressions` | with labels and operators of Kubernetes, and values as these need them |
//! | `nodeSelector[].matchFields` | with the key `metadata.name`, `In` or `NotIn`, and one value |
//! | `tolerations` | as Kubernetes takes them: without a key with `Exists` alone, and with that without a value; `tolerationSeconds` with the effect `NoExecute` |
//! | `prefix` | the beginning of a name of Kubernetes |
//! | `bfd.minRX`, `minTX`, `multiplier` | 1 to 3600000 |
//! | `bandwidth.ingress`, `egress` | a whole number of megabits from 0, or a quantity in M, Mi, G or Gi |
//!
//! What stands twice in a policy is a warning, and so is the name of an IPPool, alone among the addresses, and an empty `namespaceSelector` or `podSelector`,
//! which selects all: v1.16.2 takes both, and others do not. Whose Pods an empty selector may select is for `egress-gateway-scope`.
//! `replicas: 0` keeps a gateway without Pods, and `snat: false` forwards without translation; both are fine.
//!
//! ```yaml bad
//! # bad: two Pods, one address
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, namespaces: [blue], cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec:
//!   vpc: blue
//!   replicas: 2
//!   internalSubnet: blue-apps
//!   externalSubnet: external
//!   externalIPs: [192.168.100.5]
//!   policies: [{snat: true, subnets: [blue-apps]}]
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, namespaces: [blue], cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec:
//!   vpc: blue
//!   replicas: 2
//!   internalSubnet: blue-apps
//!   externalSubnet: external
//!   externalIPs: [192.168.100.5, 192.168.100.6]
//!   policies: [{snat: true, subnets: [blue-apps]}]
//! ```
//!
//! Correct the field that the message names.

mod nodes;
#[cfg(test)]
mod tests;
mod traffic;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::attach::pool_name;
use crate::kinds::{AddressList, EgressGateway, Rate, is_name};
use crate::net::{Family, is_mapped, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::{corrections, tolerations};

/// The rule.
pub const RULE: Rule = Rule {
    id: "egress-gateway-syntax",
    summary: "an egress gateway is written so that Kube-OVN does not make it, or that it takes no traffic",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::EgressGateway,
    asks: &[],
    checks: &[Check::EgressGateway(&[Read::Field("spec")], check)],
};

/// The most Pods that releases take which look at it.
const MOST_REPLICAS: i64 = 10;
const BFD: RangeInclusive<i64> = 1..=3_600_000;
/// The most megabits that can be counted in bits.
const RATES: RangeInclusive<i64> = 0..=9_223_372_036_854;
const UNITS: [&str; 4] = ["Mi", "Gi", "M", "G"];
const TRAFFIC: &[&str] = &["Cluster", "Local"];
const ANTI_AFFINITY: &[&str] = &["Required", "Preferred"];

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn check(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    if gateway.external_subnet.is_empty() {
        let finding = Finding::required(FieldPath::of("spec.externalSubnet"), "without it Kube-OVN makes no gateway");
        context.deny(finding.help("Name the Subnet outside, whose provider is a network of Multus."));
    }
    replicas(gateway, context);
    for (field, entries, pool_field, pool) in [
        ("spec.internalIPs", &gateway.internal_ips, "internalIPPool", &gateway.internal_ip_pool),
        ("spec.externalIPs", &gateway.external_ips, "externalIPPool", &gateway.external_ip_pool),
    ] {
        addresses(&FieldPath::of(field), entries, gateway.replicas, context);
        if !entries.is_empty() && !pool.is_empty() {
            let detail = format!("stands beside {pool_field}, and Kube-OVN takes addresses or a pool");
            let finding = Finding::invalid(FieldPath::of(field), &entries_of(entries), detail);
            context.deny(finding.help("Leave one of the two out."));
        }
    }
    traffic::judge(gateway, context);
    for (field, text, supported) in [
        ("spec.trafficPolicy", &gateway.traffic_policy, TRAFFIC),
        ("spec.podAntiAffinity", &gateway.pod_anti_affinity, ANTI_AFFINITY),
    ] {
        if !text.is_empty() && !supported.contains(&text.as_str()) {
            let finding = Finding::not_supported(FieldPath::of(field), text, supported);
            context.deny(finding.help(corrections::choice(text, supported)));
        }
    }
    nodes::judge(gateway, context);
    tolerations::judge(&gateway.tolerations, context);
    if !is_prefix(&gateway.prefix) {
        let detail = "is not how a name of Kubernetes begins, so the API server refuses the Deployment of the gateway";
        let finding = Finding::invalid(FieldPath::of("spec.prefix"), &gateway.prefix, detail);
        context.deny(finding.help("Write lower case letters, digits and hyphens, as in team-."));
    }
    numbers(gateway, context);
    Ok(())
}

fn replicas(gateway: &EgressGateway, context: &mut Context<'_>) {
    let (field, replicas) = (FieldPath::of("spec.replicas"), gateway.replicas);
    if replicas < 0 {
        let finding = Finding::invalid_number(field, replicas, "must not be below 0");
        context.deny(finding.help("Write how many Pods the gateway is, or 0 for none."));
    } else if replicas > MOST_REPLICAS {
        let detail = format!("is more than {MOST_REPLICAS}, which is the most that other releases of Kube-OVN take");
        let finding = Finding::invalid_number(field, replicas, detail);
        context.warn(finding.help(format!("Write {MOST_REPLICAS} at most.")));
    }
}

/// The addresses of a list, as one text.
fn entries_of(entries: &[AddressList]) -> String {
    let texts: Vec<_> = entries.iter().map(|entry| entry.text.as_str()).collect();
    texts.join(";")
}

fn addresses(field: &FieldPath, entries: &[AddressList], replicas: i64, context: &mut Context<'_>) {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    if (1..replicas).contains(&count) {
        let detail =
            format!("has {count} of the {replicas} that as many replicas need, and Kube-OVN makes none of them");
        let finding = Finding::invalid(field.clone(), &entries_of(entries), detail);
        context.deny(finding.help("Write as many addresses as there are replicas, or more."));
    }
    let mut seen = BTreeSet::new();
    for (at, entry) in entries.iter().enumerate() {
        let place = field.clone().index(at);
        let parts: Vec<_> = entry.text.split(',').map(parse_ip).collect();
        if entry.text.split(',').any(is_mapped) {
            let detail =
                "must have IPv4 as IPv4: Kube-OVN finds it in no Subnet in the form of IPv6, and no Pod gets it";
            context.deny(Finding::invalid(place, &entry.text, detail).help(corrections::address(&entry.text)));
            continue;
        }
        match parts.as_slice() {
            [Some(_)] => {}
            [Some(first), Some(second)] if Family::of(*first) != Family::of(*second) => {}
            [None] if entries.len() == 1 && may_be_a_pool(&entry.text) => {
                let detail = "is no address but the name of an IPPool: v1.16.2 takes it, and other releases refuse it";
                let finding = Finding::invalid(place, &entry.text, detail);
                context.warn(finding.help("Write addresses."));
                continue;
            }
            _ => {
                let detail = "must be one address, or an IPv4 and an IPv6 address with a comma between: no Pod gets it";
                let finding = Finding::invalid(place, &entry.text, detail);
                context.deny(finding.help(corrections::address(&entry.text)));
                continue;
            }
        }
        let twice = parts.iter().flatten().filter(|address| !seen.insert(**address)).count() != 0;
        if twice {
            let detail = "has an address that stands before already, and two Pods cannot have it";
            context.deny(Finding::duplicate(place, &entry.text, detail).help("Write each address once."));
        }
    }
}

/// Whether an entry may be meant as the name of an IPPool. One of digits alone is an address that is mistyped.
fn may_be_a_pool(entry: &str) -> bool {
    let is_numeric = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    pool_name(entry).is_some_and(|name| is_name(name) && !is_numeric(name))
}

/// Whether something with this before it may be the name of an object.
fn is_prefix(text: &str) -> bool {
    is_name(&format!("{text}a"))
}

fn numbers(gateway: &EgressGateway, context: &mut Context<'_>) {
    let bfd = &gateway.bfd;
    for (field, number) in
        [("spec.bfd.minRX", bfd.min_rx), ("spec.bfd.minTX", bfd.min_tx), ("spec.bfd.multiplier", bfd.multiplier)]
    {
        if let Some(number) = number.filter(|number| !BFD.contains(number)) {
            let (first, last) = (BFD.start(), BFD.end());
            let detail = format!("must be from {first} to {last}");
            let finding = Finding::invalid_number(FieldPath::of(field), number, detail);
            context.deny(finding.help(format!("Write a number from {first} to {last}.")));
        }
    }
    for (field, rate) in &gateway.bandwidth {
        let field = FieldPath::of("spec.bandwidth").field(field);
        let finding = match rate {
            Rate::Number(number) if RATES.contains(number) => continue,
            Rate::Number(number) => {
                let detail = format!("must be from {} to {} megabits", RATES.start(), RATES.end());
                Finding::invalid_number(field, *number, detail)
            }
            Rate::Text(text) if is_quantity(text) => continue,
            Rate::Text(text) => {
                Finding::invalid(field, text, "is neither a whole number nor a quantity in M, Mi, G or Gi")
            }
        };
        context
            .deny(finding.help("Write a whole number of megabits a second, as in 100, or leave it out for no limit."));
    }
}

/// A number of digits alone, or one with a unit, which may have a fraction.
fn is_quantity(text: &str) -> bool {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = UNITS.iter().find_map(|unit| text.strip_suffix(unit)) else { return are_digits(text) };
    match number.split_once('.') {
        Some((whole, fraction)) => (whole.is_empty() || are_digits(whole)) && are_digits(fraction),
        None => are_digits(number),
    }
}
