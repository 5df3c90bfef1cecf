//! Keeps an egress gateway out of a VPC that its namespace may not use.
//!
//! Whoever may create a VpcEgressGateway in some namespace opens a way out of any VPC: Kube-OVN checks that the VPC,
//! the Subnets and the network of the external Subnet exist, and compares no namespace. The gateway's own namespace
//! must be open to the VPC, everything inside must be of that VPC, and the Subnet outside must not be of a VPC that is
//! closed to the namespace. Kube-OVN itself refuses a Subnet outside whose provider is `ovn`, in a condition; a foreign
//! Subnet in `policies` leaves no trace in its VPC.
//!
//! ```yaml
//! # bad: the namespaces of VPC blue are [blue]
//! kind: VpcEgressGateway
//! metadata: {namespace: green}
//! spec: {vpc: blue, externalSubnet: external}
//! # good
//! metadata: {namespace: blue}
//! spec: {vpc: blue, externalSubnet: external}
//! ```
//!
//! Name a VPC that is open to the namespace and Subnets of that VPC, or ask an administrator to list the namespace.

use crate::context::Context;
use crate::field::FieldPath;
use crate::finding::Finding;
use crate::kinds::{EgressGateway, Kind};
use crate::policy::Policy;
use crate::reads::Read;
use crate::rules::support::listed::{is_listed, refusal};
use crate::rules::{Check, Outcome, Rule};
use crate::settings::RuleAction;

/// The rule.
pub const RULE: Rule = Rule {
    id: "egress-gateway-vpc-namespace",
    summary: "an egress gateway is of a VPC that its namespace may not use, or its Subnets are of another VPC",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::IpPool],
    checks: &[Check::EgressGateway(
        &[
            Read::Field("spec.vpc"),
            Read::Field("spec.internalSubnet"),
            Read::Field("spec.externalSubnet"),
            Read::Field("spec.internalIPPool"),
            Read::Field("spec.policies"),
        ],
        check,
    )],
};

fn check(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    own_namespace(gateway, context)?;
    inside(context, gateway, FieldPath::of("spec.internalSubnet"), &gateway.internal_subnet, "")?;
    if let Some(pool) = context.cluster.ip_pool(&gateway.internal_ip_pool)? {
        let way = format!("IPPool {:?} is of ", gateway.internal_ip_pool);
        inside(context, gateway, FieldPath::of("spec.internalIPPool"), &pool.subnet, &way)?;
    }
    for (at, subnets) in gateway.policy_subnets.iter().enumerate() {
        for (number, name) in subnets.iter().enumerate() {
            let field = FieldPath::of("spec.policies").index(at).field("subnets").index(number);
            inside(context, gateway, field, name, "")?;
        }
    }
    outside(gateway, context)
}

fn own_namespace(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    let (name, namespace) = (context.kube_ovn().vpc_or_default(&gateway.vpc), context.namespace);
    let custom = context.kube_ovn().is_custom_vpc(name);
    let Some(vpc) = context.cluster.vpc(name)?.filter(|_| custom) else { return Ok(()) };
    if !is_listed(context.cluster, &vpc, namespace)? {
        let detail = format!("VPC {name:?} may not be used by namespace {namespace:?}");
        let finding = Finding::forbidden(FieldPath::of("spec.vpc"), name, detail)
            .related(vpc.reference(), Some(FieldPath::of("spec.namespaces")))
            .unless_any(Kind::VpcNatGateway)
            .help(
                "Name a VPC that is open to the namespace, or ask an administrator to list the namespace in the Vpc.",
            );
        context.deny(finding);
    }
    Ok(())
}

/// Refuses a Subnet inside that is of another VPC.
fn inside(context: &mut Context<'_>, gateway: &EgressGateway, field: FieldPath, name: &str, way: &str) -> Outcome {
    let vpc = context.kube_ovn().vpc_or_default(&gateway.vpc);
    let Some(subnet) = context.cluster.subnet(name)? else { return Ok(()) };
    let Some(other) = subnet.vpc.as_deref().filter(|other| *other != vpc) else { return Ok(()) };
    // The name of a Subnet that a pool leads to was not written by the requester.
    let named = if way.is_empty() { format!("Subnet {name:?}") } else { context.mention(Kind::Subnet, name) };
    let of_vpc = context.mention(Kind::Vpc, other);
    let detail = format!("{way}{named} {} {of_vpc}, not in VPC {vpc:?}", if way.is_empty() { "is in" } else { "in" });
    let finding = Finding::forbidden(field, name, detail)
        .related(subnet.reference(), Some(FieldPath::of("spec.vpc")))
        .help("Use a Subnet of the gateway's own VPC.");
    context.deny(finding);
    Ok(())
}

fn outside(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    let Some(subnet) = context.cluster.subnet(&gateway.external_subnet)? else { return Ok(()) };
    let way = format!("Subnet {:?} is", gateway.external_subnet);
    if let Some(finding) = refusal(context, FieldPath::of("spec.externalSubnet"), &subnet, &way)? {
        context
            .deny(finding.help("Use an external Subnet of the default VPC, or of one that is open to the namespace."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns2"]}}))
            .with(json!({"kind": "Subnet", "name": "in-v", "spec": {"vpc": "v"}}))
            .with(json!({"kind": "Subnet", "name": "in-w", "spec": {"vpc": "w"}}))
            .with(json!({"kind": "Subnet", "name": "external"}))
            .with(json!({"kind": "IPPool", "name": "pool-w", "spec": {"subnet": "in-w"}}))
    }

    fn gateway(fields: &Value) -> Value {
        let mut spec = json!({"vpc": "v", "externalSubnet": "external"});
        for (field, value) in fields.as_object().unwrap() {
            spec[field] = value.clone();
        }
        json!({"kind": "VpcEgressGateway", "namespace": "ns1", "spec": spec})
    }

    #[test]
    fn the_gateway_stands_in_a_vpc_that_is_open_to_it() {
        cluster().accepts(&gateway(&json!({"internalSubnet": "in-v", "policies": [{"subnets": ["in-v"]}]})));
        cluster().accepts(&gateway(&json!({"vpc": ""})));
        let wanted =
            r#"spec.vpc: Forbidden: VPC "w" may not be used by namespace "ns1" [egress-gateway-vpc-namespace]"#;
        cluster().refuses(&gateway(&json!({"vpc": "w"})), &[wanted]);
    }

    #[test]
    fn everything_inside_is_of_its_vpc_and_the_outside_is_open() {
        for (fields, wanted) in [
            (
                json!({"internalSubnet": "in-w"}),
                r#"spec.internalSubnet: Forbidden: Subnet "in-w" is in VPC "w", not in VPC "v""#,
            ),
            (
                json!({"internalIPPool": "pool-w"}),
                r#"spec.internalIPPool: Forbidden: IPPool "pool-w" is of Subnet "in-w" in VPC "w", not in VPC "v""#,
            ),
            (
                json!({"policies": [{}, {"subnets": ["in-v", "in-w"]}]}),
                r#"spec.policies[1].subnets[1]: Forbidden: Subnet "in-w" is in VPC "w", not in VPC "v""#,
            ),
            (
                json!({"externalSubnet": "in-w"}),
                r#"spec.externalSubnet: Forbidden: Subnet "in-w" is in VPC "w", which namespace "ns1" may not use"#,
            ),
        ] {
            cluster().refuses(&gateway(&fields), &[&format!("{wanted} [egress-gateway-vpc-namespace]")]);
        }
    }
}
