//! The fields of a Subnet that do not lie in its prefixes.

use std::ops::RangeInclusive;

use super::refuse_upper_case;
use crate::kinds::Subnet;
use crate::net::{Cidr, Family, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::corrections;

/// The smallest MTU of IPv6, in bytes (RFC 8200, section 5).
const LEAST_IPV6_MTU: i64 = 1280;

/// The least and the most that Linux takes for the MTU of a Pod's interface, in bytes.
const MTUS: (i64, i64) = (68, 65535);

/// The last priority of a routing rule before those that each node has.
const LAST_PRIORITY: i64 = 32765;

/// The routing tables that Linux has for itself.
const OWN_TABLES: RangeInclusive<i64> = 252..=255;

const NAT_ACTIONS: &[&str] = &["nat", "forward"];

pub(super) fn check(subnet: &Subnet, context: &mut Context<'_>) {
    one_of(context, "spec.gatewayType", &subnet.gateway_type, &["distributed", "centralized"]);
    protocol(context, &subnet.protocol);
    allow_subnets(subnet, context);
    mtu(subnet, context);
    policy_routing(subnet, context);
    if subnet.logical_gateway && subnet.u2o_interconnection {
        let detail = "may not be used together with spec.u2oInterconnection";
        let finding = Finding::forbidden(FieldPath::of("spec.logicalGateway"), "true", detail);
        context.deny(finding.help("Leave one of the two out."));
    }
    if subnet.overlay_only_routing && (!subnet.u2o_interconnection || subnet.vlan.is_empty()) {
        let field = FieldPath::of("spec.u2oFeatures.overlayOnlyRouting");
        let finding = Finding::forbidden(field, "true", "needs spec.u2oInterconnection and spec.vlan");
        context.deny(finding.help("Set both, or leave overlayOnlyRouting out."));
    }
    nat_outgoing_rules(subnet, context);
}

/// A number that Kube-OVN cannot read.
fn negative(field: &'static str, value: i64) -> Finding {
    let detail = "must not be negative: Kube-OVN can then read no Subnet at all";
    Finding::invalid_number(FieldPath::of(field), value, detail)
}

fn mtu(subnet: &Subnet, context: &mut Context<'_>) {
    let (field, value, (least, most)) = ("spec.mtu", subnet.mtu, MTUS);
    let finding = |detail: String| Finding::invalid_number(FieldPath::of(field), value, detail);
    if value < 0 {
        context.deny(negative(field, value).help("Leave it out: Kube-OVN then takes its default."));
    } else if value > 0 && !(least..=most).contains(&value) {
        let finding = finding(format!("must be from {least} to {most}, or Pods get no interface"));
        context.deny(finding.help("Write what the network of the nodes can carry, or leave it out."));
    } else if (1..LEAST_IPV6_MTU).contains(&value) && subnet.has_family(Family::V6) {
        let detail = "is less than the 1280 bytes that IPv6 needs, which Kube-OVN's controller does not ask";
        let finding = finding(detail.to_owned());
        context.warn(finding.help("Write 1280 or more, or leave it out: Kube-OVN then takes its default."));
    }
}

/// The rule and the table by which nodes send what leaves the Subnet to its external egress gateway.
fn policy_routing(subnet: &Subnet, context: &mut Context<'_>) {
    let tables = i64::from(i32::MAX);
    for (field, value, most) in [
        ("spec.policyRoutingPriority", subnet.policy_routing_priority, LAST_PRIORITY),
        ("spec.policyRoutingTableID", subnet.policy_routing_table_id, tables),
    ] {
        let finding = |detail: String| Finding::invalid_number(FieldPath::of(field), value, detail);
        if value < 0 {
            context.deny(negative(field, value).help(format!("Write a number from 1 to {most}.")));
        } else if value > most {
            context.deny(finding(format!("must be from 1 to {most}")).help("Write a smaller number."));
        } else if most == tables && OWN_TABLES.contains(&value) {
            let (first, last) = (OWN_TABLES.start(), OWN_TABLES.end());
            let detail = format!("is one of the tables {first} to {last}, in which each node has its own routes");
            context.deny(finding(detail).help("Write another number, such as 1000."));
        }
    }
    no_table(subnet, context);
}

/// A table that is none is that of the node's own routes to the `netlink` that Kube-OVN writes routes by.
fn no_table(subnet: &Subnet, context: &mut Context<'_>) {
    let vpc = subnet.vpc.as_deref().filter(|_| subnet.is_overlay());
    let leaves_by_node = vpc.is_some_and(|vpc| !context.kube_ovn().is_custom_vpc(vpc));
    if leaves_by_node && !subnet.external_egress_gateway.is_empty() && subnet.policy_routing_table_id == 0 {
        let detail = "without one Kube-OVN writes the route to externalEgressGateway into the main table of nodes, as the default of each";
        let finding = Finding::required(FieldPath::of("spec.policyRoutingTableID"), detail);
        context.warn(finding.help("Write a number of its own, such as 1000, and policyRoutingPriority beside it."));
    }
}

fn one_of(context: &mut Context<'_>, field: &'static str, value: &str, supported: &[&str]) {
    if !value.is_empty() && !supported.contains(&value) {
        let finding = Finding::not_supported(FieldPath::of(field), value, supported);
        context.deny(finding.help(corrections::choice(value, supported)));
    }
}

/// Kube-OVN writes the protocol itself, by the prefixes, before it looks at it.
fn protocol(context: &mut Context<'_>, value: &str) {
    const KNOWN: &[&str] = &["IPv4", "IPv6", "Dual", "Mac"];
    if !value.is_empty() && !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        let finding = Finding::not_supported(FieldPath::of("spec.protocol"), value, KNOWN);
        context.warn(finding.help("Leave it out: Kube-OVN writes it by spec.cidrBlock."));
    }
}

fn allow_subnets(subnet: &Subnet, context: &mut Context<'_>) {
    for (at, text) in subnet.allow_subnets.iter().enumerate() {
        let field = FieldPath::of("spec.allowSubnets").index(at);
        refuse_upper_case(context, field.clone(), text);
        if let Err(error) = Cidr::parse(text) {
            context.deny(Finding::invalid(field, text, error.to_string()).help(corrections::prefix(text, error)));
        }
    }
}

fn nat_outgoing_rules(subnet: &Subnet, context: &mut Context<'_>) {
    for (at, rule) in subnet.nat_outgoing_rules.iter().enumerate() {
        let path = FieldPath::of("spec.natOutgoingPolicyRules").index(at);
        nat_action(context, path.clone().field("action"), &rule.action);
        let matched = path.field("match");
        let source = one_family(context, &matched.clone().field("srcIPs"), &rule.src_ips);
        let field = matched.field("dstIPs");
        let destination = one_family(context, &field, &rule.dst_ips);
        if let (Some(source), Some(destination)) = (source, destination)
            && source != destination
        {
            let detail = format!("is {}, but srcIPs is {}", destination.name(), source.name());
            let finding = Finding::invalid(field, &rule.dst_ips, detail);
            context.deny(finding.help(format!("Write {} in both, in a rule for each address family.", source.name())));
        }
    }
}

/// Kube-OVN leaves a rule out that has another action, with a line in its log.
fn nat_action(context: &mut Context<'_>, field: FieldPath, action: &str) {
    if action.is_empty() {
        let finding = Finding::required(field, "without nat or forward Kube-OVN leaves the rule out");
        context.deny(finding.help("Write nat to translate what matches, or forward to leave it as it is."));
    } else if !NAT_ACTIONS.contains(&action) {
        let finding = Finding::not_supported(field, action, NAT_ACTIONS);
        context.deny(finding.help(corrections::choice(action, NAT_ACTIONS)));
    }
}

/// The family of a comma list of addresses and prefixes, if it has one.
fn one_family(context: &mut Context<'_>, field: &FieldPath, list: &str) -> Option<Family> {
    if list.is_empty() {
        return None;
    }
    let mut families = Vec::new();
    for part in list.trim().split(',') {
        match Cidr::parse(part).map(|cidr| cidr.family()).ok().or_else(|| parse_ip(part).map(Family::of)) {
            Some(family) => families.push(family),
            None => {
                let finding = Finding::invalid(field.clone(), part, "is neither an address nor a prefix");
                context.deny(finding.help("Write addresses or prefixes with a comma alone between them."));
            }
        }
    }
    let first = *families.first()?;
    if families.iter().any(|family| *family != first) {
        let finding = Finding::invalid(field.clone(), list, "must be of one address family");
        context.deny(finding.help("Write a rule for each address family."));
        return None;
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn subnet(fields: &Value) -> Value {
        let mut subnet = json!({"kind": "Subnet", "spec": {"cidrBlock": "fd00::/120"}});
        for (field, value) in fields.as_object().unwrap() {
            subnet["spec"][field] = value.clone();
        }
        subnet
    }

    fn nat(src: &str, dst: &str) -> Value {
        subnet(&json!({"natOutgoingPolicyRules": [{"match": {"srcIPs": src, "dstIPs": dst}, "action": "nat"}]}))
    }

    #[test]
    fn each_fault_of_an_option_is_named() {
        for (fields, wanted) in [
            (
                json!({"gatewayType": "central"}),
                r#"spec.gatewayType: Unsupported value: "central": supported values: "distributed", "centralized""#,
            ),
            (
                json!({"mtu": -1}),
                "spec.mtu: Invalid value: -1: must not be negative: Kube-OVN can then read no Subnet at all",
            ),
            (json!({"mtu": 67}), "spec.mtu: Invalid value: 67: must be from 68 to 65535, or Pods get no interface"),
            (
                json!({"mtu": 65536}),
                "spec.mtu: Invalid value: 65536: must be from 68 to 65535, or Pods get no interface",
            ),
            (
                json!({"policyRoutingPriority": -1}),
                "spec.policyRoutingPriority: Invalid value: -1: must not be negative: Kube-OVN can then read no Subnet at all",
            ),
            (
                json!({"policyRoutingPriority": 32766}),
                "spec.policyRoutingPriority: Invalid value: 32766: must be from 1 to 32765",
            ),
            (
                json!({"policyRoutingTableID": 2_147_483_648_i64}),
                "spec.policyRoutingTableID: Invalid value: 2147483648: must be from 1 to 2147483647",
            ),
            (
                json!({"policyRoutingTableID": 254}),
                "spec.policyRoutingTableID: Invalid value: 254: is one of the tables 252 to 255, in which each node has its own routes",
            ),
            (
                json!({"natOutgoingPolicyRules": [{"match": {"srcIPs": "fd00::1"}, "action": "NAT"}]}),
                r#"spec.natOutgoingPolicyRules[0].action: Unsupported value: "NAT": supported values: "nat", "forward""#,
            ),
            (
                json!({"natOutgoingPolicyRules": [{"match": {"srcIPs": "fd00::1"}}]}),
                "spec.natOutgoingPolicyRules[0].action: Required value: without nat or forward Kube-OVN leaves the rule out",
            ),
            (
                json!({"allowSubnets": ["10.0.0.1"]}),
                r#"spec.allowSubnets[0]: Invalid value: "10.0.0.1": needs a prefix length, as in 10.0.0.0/16 or fd00::/64"#,
            ),
            (
                json!({"allowSubnets": ["FD00::/8"]}),
                r#"spec.allowSubnets[0]: Invalid value: "FD00::/8": must be in lower case"#,
            ),
            (
                json!({"logicalGateway": true, "u2oInterconnection": true}),
                "spec.logicalGateway: Forbidden: may not be used together with spec.u2oInterconnection",
            ),
            (
                json!({"u2oFeatures": {"overlayOnlyRouting": true}}),
                "spec.u2oFeatures.overlayOnlyRouting: Forbidden: needs spec.u2oInterconnection and spec.vlan",
            ),
        ] {
            Cluster::of(crate::rules::subnet::syntax::RULE.id)
                .refuses(&subnet(&fields), &[&format!("{wanted} [subnet-syntax]")]);
        }
    }

    #[test]
    fn what_kube_ovn_makes_good_is_a_warning() {
        for (fields, wanted) in [
            (json!({"protocol": "tcp"}), r#"spec.protocol: "tcp": supported values: "IPv4", "IPv6", "Dual", "Mac""#),
            (
                json!({"mtu": 1279}),
                "spec.mtu: 1279: is less than the 1280 bytes that IPv6 needs, which Kube-OVN's controller does not ask",
            ),
        ] {
            Cluster::of(crate::rules::subnet::syntax::RULE.id)
                .warns(&subnet(&fields), &[&format!("{wanted} [subnet-syntax]")]);
        }
    }

    #[test]
    fn a_route_to_an_egress_gateway_has_a_table_of_its_own() {
        let rule = crate::rules::subnet::syntax::RULE.id;
        let wanted = "spec.policyRoutingTableID: without one Kube-OVN writes the route to externalEgressGateway into the main table of nodes, as the default of each [subnet-syntax]";
        let with = |fields: Value| {
            let mut subnet = subnet(&fields);
            subnet["spec"]["externalEgressGateway"] = json!("fd01::1");
            subnet
        };
        Cluster::of(rule).warns(&with(json!({})), &[wanted]);
        Cluster::of(rule)
            .warns(&with(json!({"policyRoutingTableID": 0, "vlan": "v", "logicalGateway": true})), &[wanted]);
        for fields in [
            json!({"policyRoutingTableID": 1000}),
            json!({"vpc": "blue"}),
            json!({"vlan": "v"}),
            json!({"provider": "net.ns1"}),
        ] {
            Cluster::of(rule).accepts(&with(fields));
        }
    }

    #[test]
    fn what_kube_ovn_can_use_is_accepted() {
        for fields in [
            json!({"protocol": "ipv6"}),
            json!({"gatewayType": "centralized", "protocol": "Dual", "mtu": 1280, "allowSubnets": ["10.0.0.0/8"]}),
            json!({"mtu": 0}),
            json!({"mtu": 65535}),
            json!({"policyRoutingPriority": 0, "policyRoutingTableID": 0}),
            json!({"policyRoutingPriority": 1, "policyRoutingTableID": 1}),
            json!({"policyRoutingPriority": 32765, "policyRoutingTableID": 2_147_483_647}),
            json!({"policyRoutingPriority": 254, "policyRoutingTableID": 256}),
            json!({"natOutgoingPolicyRules": [{"match": {"srcIPs": "fd00::1"}, "action": "forward"}]}),
            json!({"vlan": "v", "u2oInterconnection": true, "u2oFeatures": {"overlayOnlyRouting": true}}),
        ] {
            Cluster::of(crate::rules::subnet::syntax::RULE.id).accepts(&subnet(&fields));
        }
    }

    #[test]
    fn nat_rules_are_of_one_family() {
        Cluster::of(crate::rules::subnet::syntax::RULE.id).accepts(&nat("10.0.0.1,10.1.0.0/16", "8.8.8.8"));
        Cluster::of(crate::rules::subnet::syntax::RULE.id).accepts(&nat("", "fd00::1"));
        let at = "spec.natOutgoingPolicyRules[0].match";
        let refuses = |src, dst, wanted: &str| {
            Cluster::of(crate::rules::subnet::syntax::RULE.id)
                .refuses(&nat(src, dst), &[&format!("{at}.{wanted} [subnet-syntax]")]);
        };
        refuses("10.0.0.1,fd00::1", "", r#"srcIPs: Invalid value: "10.0.0.1,fd00::1": must be of one address family"#);
        refuses("10.0.0.1", "fd00::1", r#"dstIPs: Invalid value: "fd00::1": is IPv6, but srcIPs is IPv4"#);
        refuses("10.0.0.1, 10.0.0.2", "", r#"srcIPs: Invalid value: " 10.0.0.2": is neither an address nor a prefix"#);
    }
}
