//! Keeps a Service out of a VPC that its namespace may not use.
//!
//! Kube-OVN serves a Service in the VPC of its backends. The annotations `ovn.kubernetes.io/logical_router` and
//! `logical_switch` together, not one of them alone, put it into the VPC and the Subnet that they name, and `vpc` does
//! where no backend Pod tells the VPC. Nothing asks whether the Service's namespace may use that VPC, so a tenant can
//! place an address of its own in another tenant's network.
//!
//! `switch_lb_vip` and, in newer releases than v1.16.2, `router_lb_vip` are Kube-OVN's notes to itself: the Service
//! gets that address in the VPC of its backends. Written by a user they are a warning.
//!
//! ```yaml
//! # bad: the namespaces of VPC blue are [blue]
//! kind: Service
//! metadata:
//!   namespace: green
//!   annotations:
//!     ovn.kubernetes.io/vpc: blue
//! # good
//! metadata:
//!   namespace: blue
//!   annotations:
//!     ovn.kubernetes.io/vpc: blue
//! ```
//!
//! Name a VPC that is open to the namespace, or ask an administrator to list the namespace in the Vpc.

use crate::context::Context;
use crate::field::FieldPath;
use crate::finding::Finding;
use crate::kinds::{Kind, LOGICAL_ROUTER, LOGICAL_SWITCH, ROUTER_LB_VIP, SERVICE_VPC, SWITCH_LB_VIP, Service};
use crate::policy::Policy;
use crate::reads::Read;
use crate::request::Operation;
use crate::rules::support::listed::{is_listed, refusal};
use crate::rules::{Check, Outcome, Rule};
use crate::settings::RuleAction;

/// The rule.
pub const RULE: Rule = Rule {
    id: "service-vpc-binding",
    summary: "a Service's annotations lead to a VPC that its namespace may not use",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway],
    checks: &[Check::Service(
        &[
            Read::Annotation(SERVICE_VPC),
            Read::Annotation(LOGICAL_ROUTER),
            Read::Annotation(LOGICAL_SWITCH),
            Read::Annotation(SWITCH_LB_VIP),
            Read::Annotation(ROUTER_LB_VIP),
        ],
        check,
    )],
};

const HELP: &str =
    "Name a VPC that is open to the namespace, or ask an administrator to list the namespace in the Vpc.";

fn check(service: &Service, context: &mut Context<'_>) -> Outcome {
    let namespace = context.namespace;
    for (key, name) in service.vpcs() {
        let custom = context.kube_ovn().is_custom_vpc(name);
        let Some(vpc) = context.cluster.vpc(name)?.filter(|_| custom) else { continue };
        if !is_listed(context.cluster, &vpc, namespace)? {
            let detail = format!("VPC {name:?} may not be used by namespace {namespace:?}");
            let finding = Finding::forbidden(FieldPath::annotation(key), name, detail)
                .related(vpc.reference(), Some(FieldPath::of("spec.namespaces")))
                .unless_any(Kind::VpcNatGateway);
            context.deny(finding.help(HELP));
        }
    }
    if let Some((key, name)) = service.subnet()
        && let Some(subnet) = context.cluster.subnet(name)?
        && let Some(finding) = refusal(context, FieldPath::annotation(key), &subnet, &format!("Subnet {name:?} is"))?
    {
        context.deny(finding.help(HELP));
    }
    // At rest nobody knows who wrote them, and on most Services it was Kube-OVN.
    if context.operation != Operation::AtRest {
        for key in [SWITCH_LB_VIP, ROUTER_LB_VIP] {
            if let Some(value) = service.meta.annotation(key) {
                let finding = Finding::forbidden(FieldPath::annotation(key), value, "is for Kube-OVN alone to write");
                context
                    .warn(finding.help("Leave it out: Kube-OVN writes it when it has given the Service an address."));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::support::testing::Cluster;

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"vpc": "v"}}))
    }

    fn service(namespace: &str, key: &str, value: &str) -> Value {
        json!({"kind": "Service", "namespace": namespace, "annotations": {key: value}})
    }

    #[test]
    fn every_way_into_a_closed_vpc_is_refused() {
        for (key, value, detail) in [
            (SERVICE_VPC, "v", r#"VPC "v" may not be used by namespace "ns2""#),
            (LOGICAL_ROUTER, "v", r#"VPC "v" may not be used by namespace "ns2""#),
            (LOGICAL_SWITCH, "net1", r#"Subnet "net1" is in VPC "v", which namespace "ns2" may not use"#),
        ] {
            let wanted = format!("metadata.annotations[{key}]: Forbidden: {detail} [service-vpc-binding]");
            cluster().refuses(&service("ns2", key, value), &[&wanted]);
            cluster().accepts(&service("ns1", key, value));
        }
        cluster().accepts(&service("ns2", SERVICE_VPC, "ovn-cluster"));
    }

    #[test]
    fn a_users_vip_is_a_warning() {
        let wanted = "metadata.annotations[ovn.kubernetes.io/switch_lb_vip]: Forbidden: is for Kube-OVN alone to write [service-vpc-binding]";
        cluster().warns(&service("ns1", SWITCH_LB_VIP, "10.0.0.9"), &[wanted]);
    }
}
