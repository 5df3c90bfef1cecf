//! Warns of what Kube-OVN takes, but not as it was meant.
//!
//! - IPv6 before IPv4 in `cidrBlock`: its address management takes the first for IPv4 (kube-ovn issue 1657).
//! - Host bits in `cidrBlock`: Kube-OVN masks them, and the object differs from the manifest from then on.
//! - `excludeIps` outside the `cidrBlock`: they exclude nothing.
//! - `natOutgoing`, `gatewayType: centralized` and `gatewayNode` in a custom VPC: they do nothing there.
//! - `allowSubnets` without `private`: they protect nothing (kube-ovn issue 3408).
//! - `private` with `natOutgoing`, and no `allowSubnets` outside its VPC: nothing comes back from there.
//! - A name that begins with a digit: OVN takes no address set of such a name (kube-ovn issue 3939).
//! - A second Subnet with `default: true` in a VPC: which one is the default changes from time to time.
//!
//! ```yaml bad
//! # bad: host bits, and natOutgoing in a custom VPC
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.5/24, natOutgoing: true}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Write what Kube-OVN makes of it, or leave out what does nothing.

use crate::kinds::Subnet;
use crate::net::{Cidr, Family, parse_ip};
use crate::rule::prelude::*;
use crate::text::{quoted, shortened};

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-hygiene",
    summary: "a Subnet's field does nothing, or something else than was meant",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetOverlap,
    asks: &[Kind::Subnet],
    checks: &[Check::Subnet(
        &[
            Read::Field("spec.cidrBlock"),
            Read::Field("spec.vpc"),
            Read::Field("spec.provider"),
            Read::Field("spec.excludeIps"),
            Read::Field("spec.natOutgoing"),
            Read::Field("spec.gatewayType"),
            Read::Field("spec.gatewayNode"),
            Read::Field("spec.default"),
            Read::Field("spec.private"),
            Read::Field("spec.allowSubnets"),
        ],
        check,
    )],
};

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    cidr_block(subnet, context);
    exclude_ips(subnet, context);
    let Some(vpc) = subnet.vpc.as_deref() else { return Ok(()) };
    name(subnet, context);
    if context.kube_ovn().is_custom_vpc(vpc) {
        does_nothing(subnet, context);
    }
    isolation(subnet, vpc, context)?;
    second_default(subnet, vpc, context)
}

fn cidr_block(subnet: &Subnet, context: &mut Context<'_>) {
    let field = || FieldPath::of("spec.cidrBlock");
    if let [first, .., last] = subnet.cidrs.as_slice()
        && (first.family(), last.family()) == (Family::V6, Family::V4)
    {
        let finding = Finding::invalid(field(), &subnet.cidr_block, "Kube-OVN takes the first prefix for IPv4");
        context.deny(finding.help("Write the IPv4 prefix first."));
    }
    for cidr in subnet.cidrs.iter().filter(|cidr| cidr.has_host_bits()) {
        let written = format!("{}/{}", cidr.address(), cidr.network().prefix_len());
        let finding = Finding::invalid(field(), &written, format!("has host bits; Kube-OVN makes it {cidr}"));
        context.deny(finding.help(format!("Write {cidr}.")));
    }
}

fn exclude_ips(subnet: &Subnet, context: &mut Context<'_>) {
    if subnet.cidrs.is_empty() {
        return;
    }
    let prefixes = subnet.prefix_set();
    let outside = |end: &str| parse_ip(end.trim()).is_some_and(|address| !prefixes.holds(address));
    for (at, text) in subnet.exclude_ips.iter().enumerate().filter(|(_, text)| text.split("..").any(outside)) {
        let detail = format!("excludes nothing outside spec.cidrBlock {}", shortened(&subnet.cidr_block));
        let finding = Finding::invalid(FieldPath::of("spec.excludeIps").index(at), text, detail);
        context.deny(finding.help("Exclude addresses of the Subnet."));
    }
}

/// A name is for ever, so that it is said once.
fn name(subnet: &Subnet, context: &mut Context<'_>) {
    let name = &subnet.meta.name;
    if name.starts_with(|first: char| first.is_ascii_digit()) && context.old.is_none() {
        let detail = "begins with a digit, which OVN takes in no name of an address set: NetworkPolicies then fail";
        let finding = Finding::invalid(FieldPath::of("metadata.name"), name, detail);
        context.deny(finding.help("Choose a name that begins with a letter."));
    }
}

/// What `private` and `allowSubnets` do without each other.
fn isolation(subnet: &Subnet, vpc: &str, context: &mut Context<'_>) -> Outcome {
    if !subnet.private {
        if !subnet.allow_subnets.is_empty() {
            let detail = "protects nothing without spec.private";
            let finding =
                Finding::forbidden(FieldPath::of("spec.allowSubnets"), &subnet.allow_subnets.join(","), detail);
            context.deny(finding.help("Set spec.private to true, or leave it out."));
        }
        return Ok(());
    }
    if !subnet.nat_outgoing || context.kube_ovn().is_custom_vpc(vpc) {
        return Ok(());
    }
    for allowed in subnet.allow_subnets.iter().filter_map(|text| Cidr::parse_trimmed(text)) {
        let held = context.cluster.overlapping_in_vpc(vpc, allowed.network())?;
        let is_own = subnet.cidrs.iter().any(|cidr| cidr.network().contains(&allowed.network()));
        if !is_own && !held.iter().any(|(_, prefix)| prefix.contains(&allowed.network())) {
            return Ok(());
        }
    }
    let detail = "drops what comes back from outside the VPC: spec.allowSubnets has nothing of there";
    let finding = Finding::forbidden(FieldPath::of("spec.private"), "true", detail);
    context.deny(finding.help("Add the networks outside that Pods talk to, or leave out spec.natOutgoing."));
    Ok(())
}

const NOTHING: &str = "does nothing in a custom VPC";

fn does_nothing(subnet: &Subnet, context: &mut Context<'_>) {
    // With another primary plug-in it is written by habit, and distributed is the default.
    let nat_outgoing = subnet.nat_outgoing && !context.kube_ovn().non_primary_cni;
    let fields = [
        ("spec.natOutgoing", if nat_outgoing { "true" } else { "" }, "does nothing in a custom VPC, and no harm"),
        (
            "spec.gatewayType",
            Some("centralized").filter(|kind| *kind == subnet.gateway_type).unwrap_or_default(),
            NOTHING,
        ),
        ("spec.gatewayNode", subnet.gateway_node.as_str(), NOTHING),
    ];
    for (field, value, detail) in fields.into_iter().filter(|(_, value, _)| !value.is_empty()) {
        let finding = Finding::forbidden(FieldPath::of(field), value, detail);
        context.deny(finding.help("Leave it out; a custom VPC gets out through a NAT or egress gateway."));
    }
}

fn second_default(subnet: &Subnet, vpc: &str, context: &mut Context<'_>) -> Outcome {
    // Kube-OVN takes the flag away from every Subnet of the default VPC but the one it was told of.
    if !subnet.default || !context.kube_ovn().is_custom_vpc(vpc) {
        return Ok(());
    }
    for other in context.admitted.default_subnets_of_vpc(vpc)? {
        if other.meta.name != subnet.meta.name {
            let mentioned = context.mention(Kind::Subnet, &other.meta.name);
            let detail = format!("{mentioned} is the default of VPC {} already", quoted(vpc));
            let finding = Finding::forbidden(FieldPath::of("spec.default"), "true", detail)
                .related(other.reference(), Some(FieldPath::of("spec.default")))
                .in_conflict_with(&other.meta.name)
                .help("Leave one default in the VPC, or name it in spec.defaultSubnet of the Vpc.");
            context.deny(finding);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn subnet(fields: &Value) -> Value {
        let mut spec = json!({"vpc": "v", "cidrBlock": "10.0.0.0/24"});
        for (field, value) in fields.as_object().unwrap() {
            spec[field] = value.clone();
        }
        json!({"kind": "Subnet", "spec": spec})
    }

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id).with(json!({"kind": "Vpc", "name": "v"}))
    }

    #[test]
    fn each_oddity_is_named() {
        for (fields, wanted) in [
            (
                json!({"cidrBlock": "fd00::/64,10.0.0.0/24"}),
                r#"spec.cidrBlock: "fd00::/64,10.0.0.0/24": Kube-OVN takes the first prefix for IPv4"#,
            ),
            (
                json!({"cidrBlock": "10.0.0.5/24"}),
                r#"spec.cidrBlock: "10.0.0.5/24": has host bits; Kube-OVN makes it 10.0.0.0/24"#,
            ),
            (
                json!({"excludeIps": ["10.0.0.5", "10.0.0.250..10.0.1.5"]}),
                r#"spec.excludeIps[1]: "10.0.0.250..10.0.1.5": excludes nothing outside spec.cidrBlock 10.0.0.0/24"#,
            ),
            (json!({"natOutgoing": true}), "spec.natOutgoing: does nothing in a custom VPC, and no harm"),
            (json!({"gatewayType": "centralized"}), "spec.gatewayType: does nothing in a custom VPC"),
            (json!({"gatewayNode": "n1"}), "spec.gatewayNode: does nothing in a custom VPC"),
            (json!({"allowSubnets": ["10.1.0.0/16"]}), "spec.allowSubnets: protects nothing without spec.private"),
        ] {
            cluster().warns(&subnet(&fields), &[&format!("{wanted} [subnet-hygiene]")]);
        }
    }

    #[test]
    fn what_is_the_default_or_written_by_habit_is_no_finding() {
        cluster().accepts(&subnet(&json!({"gatewayType": "distributed"})));
        cluster().accepts(&subnet(&json!({"private": true, "allowSubnets": ["10.1.0.0/16"]})));
        let other = json!({"kubeOvn": {"nonPrimaryCNI": true}});
        cluster().settings(&other).accepts(&subnet(&json!({"natOutgoing": true})));
    }

    #[test]
    fn a_name_that_begins_with_a_digit_is_said_once() {
        let named = |fields: &Value| {
            let mut subnet = subnet(fields);
            subnet["name"] = json!("5g");
            subnet
        };
        let wanted = r#"metadata.name: "5g": begins with a digit, which OVN takes in no name of an address set: NetworkPolicies then fail [subnet-hygiene]"#;
        cluster().warns(&named(&json!({})), &[wanted]);
        let changed = update(&named(&json!({})), &named(&json!({"cidrBlock": "10.0.1.0/24"})));
        assert!(cluster().verdict(&changed).warnings.is_empty());
    }

    #[test]
    fn a_private_subnet_that_goes_out_lets_somebody_in() {
        let of_default = |allowed: &[&str]| {
            let spec =
                json!({"cidrBlock": "10.20.0.0/16", "private": true, "natOutgoing": true, "allowSubnets": allowed});
            json!({"kind": "Subnet", "spec": spec})
        };
        let cluster =
            || cluster().with(json!({"kind": "Subnet", "name": "other", "spec": {"cidrBlock": "10.16.0.0/16"}}));
        let wanted = "spec.private: drops what comes back from outside the VPC: spec.allowSubnets has nothing of there [subnet-hygiene]";
        for inside in [&[][..], &["10.16.3.0/24"], &["10.20.3.0/24", "10.16.0.0/16"]] {
            cluster().warns(&of_default(inside), &[wanted]);
        }
        for outside in [&["192.168.0.0/16"][..], &["10.16.3.0/24", "0.0.0.0/0"]] {
            cluster().accepts(&of_default(outside));
        }
    }

    #[test]
    fn gateways_do_something_in_the_default_vpc() {
        let settings = json!({"kubeOvn": {"serviceCidrs": ["10.96.0.0/12"]}});
        let fields = json!({"vpc": "", "natOutgoing": true, "gatewayType": "centralized", "default": true});
        cluster().settings(&settings).accepts(&subnet(&fields));
    }

    #[test]
    fn a_vpc_has_one_default() {
        let other =
            json!({"kind": "Subnet", "name": "b", "spec": {"vpc": "v", "default": true, "cidrBlock": "10.1.0.0/24"}});
        let wanted = r#"spec.default: Subnet "b" is the default of VPC "v" already [subnet-hygiene]"#;
        cluster().with(other.clone()).warns(&subnet(&json!({"default": true})), &[wanted]);
        cluster().with(other).accepts(&subnet(&json!({"default": false})));
        cluster().accepts(&subnet(&json!({"default": true})));
    }
}
