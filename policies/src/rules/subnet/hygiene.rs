//! Warns of what Kube-OVN takes, but not as it was meant.
//!
//! - IPv6 before IPv4 in `cidrBlock`: its address management takes the first for IPv4 (kube-ovn issue 1657).
//! - Host bits in `cidrBlock`: Kube-OVN masks them, and the object differs from the manifest from then on.
//! - `excludeIps` outside the `cidrBlock`: they exclude nothing.
//! - `natOutgoing`, `gatewayType` and `gatewayNode` in a custom VPC: they do nothing there.
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
use crate::net::{Family, parse_ip};
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
        ],
        check,
    )],
};

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    cidr_block(subnet, context);
    exclude_ips(subnet, context);
    let Some(vpc) = subnet.vpc.as_deref() else { return Ok(()) };
    if context.kube_ovn().is_custom_vpc(vpc) {
        does_nothing(subnet, context);
    }
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

fn does_nothing(subnet: &Subnet, context: &mut Context<'_>) {
    let fields = [
        ("spec.natOutgoing", if subnet.nat_outgoing { "true" } else { "" }),
        ("spec.gatewayType", subnet.gateway_type.as_str()),
        ("spec.gatewayNode", subnet.gateway_node.as_str()),
    ];
    for (field, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        let finding = Finding::forbidden(FieldPath::of(field), value, "does nothing in a custom VPC");
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

    use crate::rules::support::testing::Cluster;

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
                r#"spec.cidrBlock: Invalid value: "fd00::/64,10.0.0.0/24": Kube-OVN takes the first prefix for IPv4"#,
            ),
            (
                json!({"cidrBlock": "10.0.0.5/24"}),
                r#"spec.cidrBlock: Invalid value: "10.0.0.5/24": has host bits; Kube-OVN makes it 10.0.0.0/24"#,
            ),
            (
                json!({"excludeIps": ["10.0.0.5", "10.0.0.250..10.0.1.5"]}),
                r#"spec.excludeIps[1]: Invalid value: "10.0.0.250..10.0.1.5": excludes nothing outside spec.cidrBlock 10.0.0.0/24"#,
            ),
            (json!({"natOutgoing": true}), "spec.natOutgoing: Forbidden: does nothing in a custom VPC"),
            (json!({"gatewayType": "distributed"}), "spec.gatewayType: Forbidden: does nothing in a custom VPC"),
            (json!({"gatewayNode": "n1"}), "spec.gatewayNode: Forbidden: does nothing in a custom VPC"),
        ] {
            cluster().warns(&subnet(&fields), &[&format!("{wanted} [subnet-hygiene]")]);
        }
    }

    #[test]
    fn gateways_do_something_in_the_default_vpc() {
        let settings = json!({"kubeOvn": {"serviceCidrs": ["10.96.0.0/12"]}});
        let fields = json!({"vpc": "", "natOutgoing": true, "gatewayType": "distributed", "default": true});
        cluster().settings(&settings).accepts(&subnet(&fields));
    }

    #[test]
    fn a_vpc_has_one_default() {
        let other =
            json!({"kind": "Subnet", "name": "b", "spec": {"vpc": "v", "default": true, "cidrBlock": "10.1.0.0/24"}});
        let wanted = r#"spec.default: Forbidden: Subnet "b" is the default of VPC "v" already [subnet-hygiene]"#;
        cluster().with(other.clone()).warns(&subnet(&json!({"default": true})), &[wanted]);
        cluster().with(other).accepts(&subnet(&json!({"default": false})));
        cluster().accepts(&subnet(&json!({"default": true})));
    }
}
