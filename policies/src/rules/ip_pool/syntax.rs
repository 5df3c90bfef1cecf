//! Refuses an IPPool that Kube-OVN cannot read.
//!
//! An entry of `ips` is an address, a prefix, or two addresses with two dots between, the lower one first, and nothing else: no blanks, IPv4 not in
//! the form of IPv6, and one family to an entry. A pool may have entries of both families. Up to v1.15 the API server looked at all of this. Since v1.16 it does
//! not. Kube-OVN takes an entry that does not begin with an IPv4 address for one of IPv6, which a Subnet without IPv6 passes over. Of a pool with
//! any other bad entry it sets up nothing at all: its condition says so, and Pods that ask for the pool wait.
//!
//! A pool without a `subnet` or without `ips` gives out nothing either.
//!
//! It warns of an entry that stands twice, and of `enableAddressSet` beside entries of both families, or in a pool whose name begins with a digit: an address
//! set of OVN holds one family and is not called so, and v1.16.2 does not set the pool up.
//!
//! ```yaml bad
//! # bad: one dot too many
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: few}
//! spec: {subnet: apps, ips: [10.17.0.10...10.17.0.20]}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: few}
//! spec: {subnet: apps, ips: [10.17.0.10..10.17.0.20]}
//! ```
//!
//! Correct the entry that the message names.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::kinds::IpPool;
use crate::net::{Cidr, Family, is_mapped, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::corrections;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "ip-pool-syntax",
    summary: "an IPPool that Kube-OVN cannot read, or that is empty",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetAddresses,
    asks: &[],
    checks: &[Check::IpPool(
        &[Read::Field("spec.subnet"), Read::Field("spec.ips"), Read::Field("spec.enableAddressSet")],
        check,
    )],
};

/// What becomes of a pool with an entry that cannot be read.
const HARM: &str = "Kube-OVN leaves it out, or sets up nothing of the pool";

/// A third address.
const TOO_MANY: &str = "has more than two addresses";
const READ_IN_PART: &str = "Kube-OVN takes the first two, or sets up nothing of the pool";

/// An IPv4 address in 16 bytes.
const MAPPED: &str = "is IPv4 in the form of IPv6";
const IN_NO_SUBNET: &str = "Kube-OVN finds it in no Subnet of IPv4";

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn check(pool: &IpPool, context: &mut Context<'_>) -> Outcome {
    if pool.subnet.is_empty() {
        let finding = Finding::required(FieldPath::of("spec.subnet"), "without a Subnet there are no addresses");
        context.deny(finding.help("Name the Subnet that the addresses are of."));
    }
    let ips = FieldPath::of("spec.ips");
    if pool.ips.is_empty() {
        let finding = Finding::required(ips.clone(), "a pool without addresses gives out none");
        context.deny(finding.help("Write addresses, prefixes or ranges, as in 10.0.0.10..10.0.0.20."));
    }
    let (mut seen, mut families) = (BTreeSet::new(), BTreeSet::new());
    for (at, text) in pool.ips.iter().enumerate() {
        match range(text) {
            Err((fault, help)) => {
                let harm = match fault.as_str() {
                    TOO_MANY => READ_IN_PART,
                    MAPPED => IN_NO_SUBNET,
                    _ => HARM,
                };
                let detail = format!("{fault}: {harm}");
                context.deny(Finding::invalid(ips.clone().index(at), text, detail).help(help));
            }
            Ok(range) => {
                families.insert(range.0.is_ipv4());
                if !seen.insert(range) {
                    let finding = Finding::duplicate(ips.clone().index(at), text, "stands twice");
                    context.warn(finding.help("Write it once."));
                }
            }
        }
    }
    if pool.has_address_set && families.len() > 1 {
        let detail = "an address set of OVN holds one family, and Kube-OVN v1.16.2 does not set the pool up";
        let finding = Finding::forbidden(FieldPath::of("spec.enableAddressSet"), "true", detail);
        context.warn(finding.help("Make a pool for each family, or leave enableAddressSet out."));
    }
    if pool.has_address_set && pool.meta.name.starts_with(|first: char| first.is_ascii_digit()) {
        let detail =
            "no address set of OVN has a name that begins with a digit, and Kube-OVN v1.16.2 does not set the pool up";
        let finding = Finding::forbidden(FieldPath::of("spec.enableAddressSet"), "true", detail);
        context.warn(finding.help("Call the pool by a name that begins with a letter, or leave enableAddressSet out."));
    }
    Ok(())
}

/// The first and the last address of an entry, or what is wrong with it and how to write it.
fn range(text: &str) -> Result<(IpAddr, IpAddr), (String, String)> {
    const FORM: &str =
        "Write an address, a prefix, or two addresses with two dots between, as in 10.0.0.10..10.0.0.20.";
    let trimmed = text.trim();
    if trimmed != text && range(trimmed).is_ok() {
        return Err(("has blanks around it".to_owned(), format!("Write {}.", quoted(trimmed))));
    }
    if text.split("..").any(|part| is_mapped(part.split_once('/').map_or(part, |(address, _)| address))) {
        return Err((MAPPED.to_owned(), "Write it as IPv4, as in 10.0.0.10..10.0.0.20.".to_owned()));
    }
    if text.split("..").count() > 2 && text.split("..").all(|part| parse_ip(part).is_some()) {
        return Err((TOO_MANY.to_owned(), FORM.to_owned()));
    }
    if let Some((first, last)) = text.split_once("..") {
        let (Some(first), Some(last)) = (parse_ip(first), parse_ip(last)) else {
            return Err(("is not two addresses with two dots between".to_owned(), FORM.to_owned()));
        };
        return if Family::of(first) != Family::of(last) {
            Err(("begins and ends in different families".to_owned(), FORM.to_owned()))
        } else if first > last {
            Err(("ends before it begins".to_owned(), format!("Write {last}..{first}.")))
        } else {
            Ok((first, last))
        };
    }
    if text.contains('/') {
        let network = Cidr::parse(text).map(|cidr| cidr.network());
        let whole = network.map(|network| (network.network(), network.broadcast()));
        return whole.map_err(|error| ("is no prefix".to_owned(), corrections::prefix(text, error)));
    }
    let address = parse_ip(text).map(|address| (address, address));
    address.ok_or_else(|| ("is no address, prefix or range".to_owned(), FORM.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{HARM, IN_NO_SUBNET, MAPPED, READ_IN_PART, RULE, TOO_MANY};
    use crate::rules::support::testing::Cluster;

    fn pool(spec: Value) -> Value {
        json!({"kind": "IPPool", "spec": spec})
    }

    fn of(ips: &[&str]) -> Value {
        pool(json!({"subnet": "s", "ips": ips}))
    }

    #[test]
    fn every_form_of_both_families_is_accepted() {
        for ips in [
            &["10.0.0.5"][..],
            &["10.0.0.5..10.0.0.5"],
            &["10.0.0.0/24", "10.0.1.5..10.0.1.9", "fd00::5", "fd00::/120", "fd01::1..fd01::ff"],
            &["10.0.0.7/24"],
            &["FD00::5"],
        ] {
            Cluster::of(RULE.id).accepts(&of(ips));
        }
        Cluster::of(RULE.id).accepts(&pool(json!({"subnet": "s", "ips": ["10.0.0.5"], "enableAddressSet": true})));
    }

    #[test]
    fn each_fault_of_an_entry_is_named() {
        for (text, fault) in [
            (" 10.0.0.5", "has blanks around it"),
            ("10.0.0.5..10.0.0.9 ", "has blanks around it"),
            ("10.0.0.5 .. 10.0.0.9", "is not two addresses with two dots between"),
            ("10.0.0.5...10.0.0.9", "is not two addresses with two dots between"),
            ("10.0.0.5..9", "is not two addresses with two dots between"),
            ("10.0.0.5..fd00::9", "begins and ends in different families"),
            ("10.0.0.9..10.0.0.5", "ends before it begins"),
            ("10.0.0.0/33", "is no prefix"),
            ("10.0.0.5-10.0.0.9", "is no address, prefix or range"),
            ("10.0.0.05", "is no address, prefix or range"),
            ("10.0.0.5,10.0.0.6", "is no address, prefix or range"),
            ("", "is no address, prefix or range"),
        ] {
            let wanted = format!("spec.ips[1]: Invalid value: {text:?}: {fault}: {HARM} [{}]", RULE.id);
            Cluster::of(RULE.id).refuses(&of(&["10.0.0.1", text]), &[&wanted]);
        }
    }

    #[test]
    fn ipv4_is_written_as_ipv4() {
        for text in
            ["::ffff:10.0.0.5", "::ffff:10.0.0.5..::ffff:10.0.0.9", "10.0.0.5..::ffff:10.0.0.9", "::ffff:10.0.0.0/120"]
        {
            let wanted = format!("spec.ips[0]: Invalid value: {text:?}: {MAPPED}: {IN_NO_SUBNET} [{}]", RULE.id);
            Cluster::of(RULE.id).refuses(&of(&[text]), &[&wanted]);
        }
    }

    #[test]
    fn of_more_than_two_addresses_two_are_read() {
        let text = "10.0.0.5..10.0.0.9..10.0.0.12";
        let wanted = format!("spec.ips[0]: Invalid value: {text:?}: {TOO_MANY}: {READ_IN_PART} [{}]", RULE.id);
        Cluster::of(RULE.id).refuses(&of(&[text]), &[&wanted]);
    }

    #[test]
    fn an_address_set_has_a_name_that_begins_with_no_digit() {
        let named = |name: &str, is_set: bool| {
            let spec = json!({"subnet": "s", "ips": ["10.0.0.5"], "enableAddressSet": is_set});
            json!({"kind": "IPPool", "name": name, "spec": spec})
        };
        for accepted in [named("1st", false), named("pool-1.a", true)] {
            Cluster::of(RULE.id).accepts(&accepted);
        }
        let wanted = "spec.enableAddressSet: no address set of OVN has a name that begins with a digit, and Kube-OVN v1.16.2 does not set the pool up [ip-pool-syntax]";
        Cluster::of(RULE.id).warns(&named("1st", true), &[wanted]);
    }

    #[test]
    fn a_pool_is_of_a_subnet_and_has_addresses() {
        let wanted = [
            "spec.ips: Required value: a pool without addresses gives out none [ip-pool-syntax]",
            "spec.subnet: Required value: without a Subnet there are no addresses [ip-pool-syntax]",
        ];
        Cluster::of(RULE.id).refuses(&pool(json!({})), &wanted);
        Cluster::of(RULE.id).refuses(&pool(json!({"subnet": "s", "ips": []})), &wanted[..1]);
    }

    #[test]
    fn what_is_written_twice_and_a_set_of_both_families_are_told_of() {
        let wanted = r#"spec.ips[1]: "10.0.0.0..10.0.0.255": stands twice [ip-pool-syntax]"#;
        Cluster::of(RULE.id).warns(&of(&["10.0.0.0/24", "10.0.0.0..10.0.0.255"]), &[wanted]);
        let both = pool(json!({"subnet": "s", "ips": ["10.0.0.5", "fd00::5"], "enableAddressSet": true}));
        let wanted = "spec.enableAddressSet: an address set of OVN holds one family, and Kube-OVN v1.16.2 does not set the pool up [ip-pool-syntax]";
        Cluster::of(RULE.id).warns(&both, &[wanted]);
    }
}
