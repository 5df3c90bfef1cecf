//! The prefixes of a Subnet.

use std::sync::LazyLock;

use ipnet::IpNet;

use super::in_lower_case;
use crate::kinds::Subnet;
use crate::net::{Cidr, Family, has_upper_case, overlap};
use crate::rule::prelude::*;
use crate::rules::support::corrections;

/// Ranges that no Subnet can have, and what they are for.
const SPECIAL: &[(&str, &str)] = &[
    ("255.255.255.255/32", "the broadcast address"),
    ("224.0.0.0/4", "multicast"),
    ("127.0.0.0/8", "loopback"),
    ("0.0.0.0/32", "the unspecified address"),
    ("169.254.0.0/16", "link-local"),
    ("::/128", "the unspecified address"),
    ("::1/128", "loopback"),
    ("ff00::/8", "multicast"),
    ("fe80::/10", "link-local"),
];

static SPECIAL_RANGES: LazyLock<Vec<(IpNet, &str)>> = LazyLock::new(|| {
    let parsed = |(range, purpose): &(&str, &'static str)| Some((range.parse().ok()?, *purpose));
    SPECIAL.iter().filter_map(parsed).collect()
});

const HELP: &str = "Give the Subnet a range that is free in its VPC.";

fn field() -> FieldPath {
    FieldPath::of("spec.cidrBlock")
}

/// A Subnet without prefixes is legal on a VLAN, where it gives out no addresses.
pub(super) fn check_absent(subnet: &Subnet, context: &mut Context<'_>) {
    if subnet.vlan.is_empty() {
        let (mut detail, mut help) =
            ("a Subnet without a vlan needs a prefix, as in 10.0.0.0/16".to_owned(), HELP.to_owned());
        if let Some(key) = subnet.mistaken_for_cidr_block {
            detail = format!("{detail}; Kube-OVN does not read spec.{key}: did you mean cidrBlock?");
            help = format!("Write cidrBlock in place of {key}.");
        }
        context.deny(Finding::required(field(), detail).help(help));
        return;
    }
    let addresses = [
        ("spec.gateway", subnet.gateway.as_str()),
        ("spec.excludeIps", subnet.exclude_ips.first().map_or("", String::as_str)),
        ("spec.vips", subnet.vips.first().map_or("", String::as_str)),
        ("spec.u2oInterconnectionIP", subnet.u2o_interconnection_ip.as_str()),
    ];
    for (field, value) in addresses.into_iter().filter(|(_, value)| !value.is_empty()) {
        let finding = Finding::forbidden(FieldPath::of(field), value, "must be empty without spec.cidrBlock");
        context.deny(finding.help("Leave it out, or give the Subnet a cidrBlock."));
    }
}

pub(super) fn check(subnet: &Subnet, context: &mut Context<'_>) {
    for part in subnet.written_prefixes() {
        match Cidr::parse(part) {
            Ok(cidr) => check_part(part, &cidr, context),
            Err(error) => {
                let finding = Finding::invalid(field(), part, error.to_string());
                context.deny(finding.help(corrections::prefix(part, error)));
            }
        }
    }
    let of = |family| subnet.cidrs.iter().filter(|cidr| cidr.family() == family).count();
    if of(Family::V4) > 1 || of(Family::V6) > 1 {
        let detail = "must be one IPv4 prefix, one IPv6 prefix, or one of each";
        let finding = Finding::invalid(field(), &subnet.cidr_block, detail);
        context.deny(finding.help("Keep one prefix of each address family, and make another Subnet for the others."));
    }
}

fn check_part(part: &str, cidr: &Cidr, context: &mut Context<'_>) {
    if has_upper_case(part) {
        let finding = Finding::invalid(field(), part, "is in upper case, which Kube-OVN turns into lower case");
        context.warn(finding.help(in_lower_case(part)));
    }
    if cidr.is_single() {
        let usual = if cidr.family() == Family::V4 { 24 } else { 64 };
        let finding = Finding::invalid(field(), part, "holds a single address, which leaves none for Pods");
        context.deny(finding.help(format!("Write a smaller number behind the slash, such as {usual}.")));
    }
    for (range, purpose) in SPECIAL_RANGES.iter().filter(|(range, _)| overlap(range, &cidr.network())) {
        let private = if cidr.family() == Family::V4 { "10.0.0.0/8" } else { "fd00::/8" };
        let finding = Finding::invalid(field(), part, format!("overlaps {range}, which is {purpose}"));
        context.deny(finding.help(format!("Choose a range for hosts, such as one within {private}.")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::support::testing::Cluster;

    #[test]
    fn every_special_range_parses() {
        assert_eq!(SPECIAL_RANGES.len(), SPECIAL.len());
    }

    #[test]
    fn each_fault_of_the_prefixes_is_named() {
        for (cidr_block, value, message) in [
            ("10.0.0.0", "10.0.0.0", "needs a prefix length, as in 10.0.0.0/16 or fd00::/64"),
            ("10.0.0.0/24, fd00::/64", " fd00::/64", "must not have whitespace around it"),
            ("010.0.0.0/24", "010.0.0.0/24", "has no valid address before the slash"),
            ("10.0.0.1/32", "10.0.0.1/32", "holds a single address, which leaves none for Pods"),
            ("169.254.1.0/24", "169.254.1.0/24", "overlaps 169.254.0.0/16, which is link-local"),
            (
                "10.0.0.0/24,10.0.1.0/24",
                "10.0.0.0/24,10.0.1.0/24",
                "must be one IPv4 prefix, one IPv6 prefix, or one of each",
            ),
        ] {
            let wanted = format!("spec.cidrBlock: Invalid value: {value:?}: {message} [subnet-syntax]");
            Cluster::of(crate::rules::subnet::syntax::RULE.id)
                .refuses(&json!({"kind": "Subnet", "spec": {"cidrBlock": cidr_block}}), &[&wanted]);
        }
    }

    #[test]
    fn a_vlan_may_do_without_prefixes_but_then_without_addresses_too() {
        Cluster::of(crate::rules::subnet::syntax::RULE.id).accepts(&json!({"kind": "Subnet", "spec": {"vlan": "v"}}));
        Cluster::of(crate::rules::subnet::syntax::RULE.id).refuses(
            &json!({"kind": "Subnet", "spec": {"vlan": "v", "gateway": "10.0.0.1"}}),
            &["spec.gateway: Forbidden: must be empty without spec.cidrBlock [subnet-syntax]"],
        );
        Cluster::of(crate::rules::subnet::syntax::RULE.id).refuses(
            &json!({"kind": "Subnet", "spec": {}}),
            &["spec.cidrBlock: Required value: a Subnet without a vlan needs a prefix, as in 10.0.0.0/16 [subnet-syntax]"],
        );
        for key in ["cidr", "cidrblock", "cidrBlocks"] {
            let wanted = format!(
                "spec.cidrBlock: Required value: a Subnet without a vlan needs a prefix, as in 10.0.0.0/16; Kube-OVN does not read spec.{key}: did you mean cidrBlock? [subnet-syntax]"
            );
            let spec = |also: serde_json::Value| {
                let mut spec = json!({key: "10.0.0.0/16"});
                spec.as_object_mut().unwrap().extend(also.as_object().unwrap().clone());
                json!({"kind": "Subnet", "spec": spec})
            };
            let cluster = || Cluster::of(crate::rules::subnet::syntax::RULE.id);
            cluster().refuses(&spec(json!({})), &[&wanted]);
            cluster().accepts(&spec(json!({"cidrBlock": "10.0.0.0/16"})));
            cluster().accepts(&spec(json!({"vlan": "v"})));
        }
    }
}
