//! Keeps an egress gateway out of a VPC that its namespace may not use.
//!
//! Whoever may create a VpcEgressGateway in some namespace opens a way out of any VPC: Kube-OVN checks that the VPC,
//! the Subnets and the network of the external Subnet exist, and compares no namespace. The gateway's own namespace
//! must be open to the VPC, its port inside must be of that VPC, and the Subnet outside must not be of a VPC that is
//! closed to the namespace; an IPPool counts with its Subnet, also one whose name stands alone in `internalIPs` or
//! `externalIPs`, which Kube-OVN hands to the gateway's Pods as it is. What is being deleted counts until it is gone, and a VPC
//! that does not exist is open to nobody; it is a warning for `exempt.restorers`, who bring gateways back before their VPC.
//! Kube-OVN itself refuses a Subnet outside whose provider is `ovn`, in a condition.
//!
//! A Subnet of another VPC in `policies` is a warning, unless the two are peered: the gateway takes nothing from there. If
//! it has addresses of others in the gateway's own VPC, see `egress-gateway-scope`.
//!
//! A platform's own namespace, whose gateways serve the VPCs of tenants, is named in the annotation
//! `vpcguard.io/egress-namespaces` of each Vpc. That opens the VPC to the egress gateways of the namespace and, while there
//! is one, to its Pods, which are the gateway's; to list the namespace would bind all its Pods to the VPC.
//!
//! ```yaml bad
//! # bad: VPC blue is for namespace blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: green}
//! spec: {vpc: blue, externalSubnet: external, policies: [{snat: true, ipBlocks: [10.0.1.0/24]}]}
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
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec: {vpc: blue, externalSubnet: external, policies: [{snat: true, ipBlocks: [10.0.1.0/24]}]}
//! ```
//!
//! Name a VPC that is open to the namespace and Subnets of that VPC, or ask an administrator to name the namespace in the
//! Vpc's annotation `vpcguard.io/egress-namespaces`.

use std::collections::BTreeSet;

use crate::attach::pool_name;
use crate::kinds::{AddressList, EgressGateway, Subnet};
use crate::rule::prelude::*;
use crate::rules::support::listed::{Closed, closed_to_egress};

/// The rule.
pub const RULE: Rule = Rule {
    id: "egress-gateway-vpc-namespace",
    summary: "an egress gateway is of a VPC that its namespace may not use, or its Subnets are of another VPC",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::IpPool],
    checks: &[Check::EgressGateway(
        &[
            Read::Field("spec.vpc"),
            Read::Field("spec.internalSubnet"),
            Read::Field("spec.externalSubnet"),
            Read::Field("spec.internalIPPool"),
            Read::Field("spec.externalIPPool"),
            Read::Field("spec.internalIPs"),
            Read::Field("spec.externalIPs"),
            Read::Field("spec.policies"),
        ],
        check,
    )],
};

const HELP: &str = "Name a VPC that is open to the namespace, or ask an administrator to name the namespace in the Vpc's \
                    annotation vpcguard.io/egress-namespaces.";

fn check(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    own_namespace(gateway, context)?;
    for (field, name) in
        [("spec.internalSubnet", &gateway.internal_subnet), ("spec.externalSubnet", &gateway.external_subnet)]
    {
        if let Some(subnet) = context.cluster.subnet_until_gone(name)? {
            let way = format!("Subnet {name:?} is");
            judge(gateway, &Place { field, name, way, subnet: &subnet }, context)?;
        }
    }
    for (field, name) in [
        ("spec.internalIPPool", &gateway.internal_ip_pool),
        ("spec.externalIPPool", &gateway.external_ip_pool),
        ("spec.internalIPs", &lone_pool(&gateway.internal_ips)),
        ("spec.externalIPs", &lone_pool(&gateway.external_ips)),
    ] {
        if let Some(pool) = context.cluster.ip_pool_until_gone(name)?
            && let Some(subnet) = context.cluster.subnet_until_gone(&pool.subnet)?
        {
            // The name of a Subnet that a pool leads to was not written by the requester.
            let way = format!("IPPool {name:?} is of {}", context.mention(Kind::Subnet, &pool.subnet));
            judge(gateway, &Place { field, name, way, subnet: &subnet }, context)?;
        }
    }
    policies(gateway, context)
}

/// The IPPool that addresses are, as Kube-OVN writes them into `ip_pool` of the Pods; empty for addresses.
fn lone_pool(addresses: &[AddressList]) -> String {
    let texts: Vec<&str> = addresses.iter().map(|entry| entry.text.as_str()).collect();
    pool_name(&texts.join(";")).unwrap_or_default().to_owned()
}

fn own_namespace(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    let (name, namespace) = (context.kube_ovn().vpc_or_default(&gateway.vpc), context.namespace);
    let Some(closed) = closed_to_egress(context.cluster, context.kube_ovn(), name, namespace)? else { return Ok(()) };
    let detail = match closed {
        Closed::Listing(_) | Closed::LettingOut(_) => {
            format!("VPC {name:?} may not be used by namespace {namespace:?}")
        }
        Closed::Unknown(_) => {
            let meant = context.did_you_mean(Kind::Vpc, name, "");
            format!("VPC {name:?} does not exist, so that no namespace may use it{meant}")
        }
    };
    let action = closed.action(context);
    context.report(action, closed.evidence(Finding::forbidden(FieldPath::of("spec.vpc"), name, detail)).help(HELP));
    Ok(())
}

/// A Subnet that the gateway stands in, and the field that leads there.
struct Place<'a> {
    field: &'static str,
    name: &'a str,
    way: String,
    subnet: &'a Subnet,
}

impl Place<'_> {
    /// The same field with the same name was wrong before, and not the same name in another field.
    fn identified(&self, finding: Finding) -> Finding {
        finding.identified_by(format!("{} {} {}", self.field, self.name, self.subnet.meta.name))
    }
}

/// Refuses a Subnet inside that is of another VPC, and one outside that is of a closed one.
fn judge(gateway: &EgressGateway, place: &Place<'_>, context: &mut Context<'_>) -> Outcome {
    let Some(other) = place.subnet.vpc.as_deref() else { return Ok(()) };
    let field = FieldPath::of(place.field);
    if place.field.starts_with("spec.external") {
        let closed = closed_to_egress(context.cluster, context.kube_ovn(), other, context.namespace)?;
        if let Some(closed) = closed {
            let finding = place.identified(closed.refusal(context, field, place.subnet, &place.way));
            let help = "Use an external Subnet of the default VPC, or of one that is open to the namespace.";
            context.report(closed.action(context), finding.help(help));
        }
        return Ok(());
    }
    let vpc = context.kube_ovn().vpc_or_default(&gateway.vpc);
    if other != vpc {
        let detail = format!("{} in {}, not in VPC {vpc:?}", place.way, context.mention(Kind::Vpc, other));
        let finding = Finding::forbidden(field, &place.subnet.meta.name, detail)
            .related(place.subnet.reference(), Some(FieldPath::of("spec.vpc")))
            .help("Use a Subnet of the gateway's own VPC.");
        context.deny(place.identified(finding));
    }
    Ok(())
}

/// Warns of Subnets whose traffic never comes to the gateway's VPC.
fn policies(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    let name = context.kube_ovn().vpc_or_default(&gateway.vpc);
    let vpc = context.cluster.vpc_until_gone(name)?;
    let peerings = vpc.iter().flat_map(|vpc| &vpc.peerings);
    let peers: BTreeSet<&str> = peerings.map(|peering| peering.remote_vpc.as_str()).collect();
    for (field, subnet) in gateway.subnets() {
        let Some(subnet) = context.cluster.subnet_until_gone(subnet)? else { continue };
        let Some(other) = subnet.vpc.as_deref().filter(|other| *other != name && !peers.contains(other)) else {
            continue;
        };
        let of_vpc = context.mention(Kind::Vpc, other);
        let detail = format!("is in {of_vpc}, not in VPC {name:?}: the gateway takes none of its traffic");
        let finding = Finding::invalid(field, &subnet.meta.name, detail)
            .related(subnet.reference(), Some(FieldPath::of("spec.vpc")))
            .help("Name Subnets of the gateway's own VPC, or peer the two VPCs.");
        context.warn(finding);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::inventory::Inventory;
    use crate::kinds::Kind;
    use crate::request::Request;
    use crate::review::review;
    use crate::rules::support::testing::{Cluster, create, update};
    use crate::settings::Settings;

    fn cluster() -> Cluster {
        let annotations = json!({"vpcguard.io/egress-namespaces": "platform, other"});
        let peerings = json!([{"remoteVpc": "peer", "localConnectIP": "169.254.0.1/30"}]);
        let v = json!({"namespaces": ["ns1"], "vpcPeerings": peerings});
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": v, "annotations": annotations}))
            .with(json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns2"]}}))
            .with(json!({"kind": "Vpc", "name": "peer", "spec": {"namespaces": ["ns2"]}}))
            .with(json!({"kind": "Subnet", "name": "in-v", "spec": {"vpc": "v"}}))
            .with(json!({"kind": "Subnet", "name": "in-w", "spec": {"vpc": "w"}}))
            .with(json!({"kind": "Subnet", "name": "in-peer", "spec": {"vpc": "peer"}}))
            .with(json!({"kind": "Subnet", "name": "external"}))
            .with(json!({"kind": "IPPool", "name": "pool-v", "spec": {"subnet": "in-v"}}))
            .with(json!({"kind": "IPPool", "name": "pool-w", "spec": {"subnet": "in-w"}}))
    }

    fn gateway_in(namespace: &str, fields: &Value) -> Value {
        let mut spec = json!({"vpc": "v", "externalSubnet": "external"});
        for (field, value) in fields.as_object().unwrap() {
            spec[field] = value.clone();
        }
        json!({"kind": "VpcEgressGateway", "namespace": namespace, "spec": spec})
    }

    fn gateway(fields: &Value) -> Value {
        gateway_in("ns1", fields)
    }

    #[test]
    fn the_gateway_stands_in_a_vpc_that_is_open_to_it() {
        let whole = json!({"internalSubnet": "in-v", "internalIPPool": "pool-v", "policies": [{"subnets": ["in-v"]}]});
        cluster().accepts(&gateway(&whole));
        cluster().accepts(&gateway(&json!({"vpc": ""})));
        let wanted =
            r#"spec.vpc: Forbidden: VPC "w" may not be used by namespace "ns1" [egress-gateway-vpc-namespace]"#;
        cluster().refuses(&gateway(&json!({"vpc": "w"})), &[wanted]);
    }

    #[test]
    fn a_platform_has_gateways_where_an_administrator_says_so() {
        cluster().accepts(&gateway_in("platform", &json!({"internalSubnet": "in-v"})));
        cluster().accepts(&gateway_in("other", &json!({"vpc": "", "externalSubnet": "in-v"})));
        assert!(!cluster().verdict(&create(&gateway_in("platform", &json!({"vpc": "w"})))).allowed);
        let pod = json!({"kind": "Pod", "namespace": "platform", "annotations": {"ovn.kubernetes.io/logical_switch": "in-v"}});
        let found = cluster_of("pod-vpc-namespace").verdict(&create(&pod));
        assert_eq!(found.findings.len(), 1, "the annotation is for egress gateways alone");
    }

    fn cluster_of(rule: &'static str) -> Cluster {
        let annotations = json!({"vpcguard.io/egress-namespaces": "platform"});
        Cluster::of(rule)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}, "annotations": annotations}))
            .with(json!({"kind": "Subnet", "name": "in-v", "spec": {"vpc": "v"}}))
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
                json!({"externalSubnet": "in-w"}),
                r#"spec.externalSubnet: Forbidden: Subnet "in-w" is in VPC "w", which namespace "ns1" may not use"#,
            ),
            (
                json!({"externalIPPool": "pool-w"}),
                r#"spec.externalIPPool: Forbidden: IPPool "pool-w" is of Subnet "in-w" in VPC "w", which namespace "ns1" may not use"#,
            ),
            (
                json!({"internalIPs": [" pool-w"]}),
                r#"spec.internalIPs: Forbidden: IPPool "pool-w" is of Subnet "in-w" in VPC "w", not in VPC "v""#,
            ),
            (
                json!({"externalIPs": ["pool-w"]}),
                r#"spec.externalIPs: Forbidden: IPPool "pool-w" is of Subnet "in-w" in VPC "w", which namespace "ns1" may not use"#,
            ),
        ] {
            cluster().refuses(&gateway(&fields), &[&format!("{wanted} [egress-gateway-vpc-namespace]")]);
        }
    }

    #[test]
    fn addresses_are_no_pool() {
        for addresses in
            [json!(["10.0.0.5"]), json!(["10.0.0.5,fd00::5"]), json!(["pool-v"]), json!(["pool-w", "10.0.0.5"])]
        {
            cluster().accepts(&gateway(&json!({"internalIPs": addresses})));
        }
    }

    #[test]
    fn a_policy_for_another_vpc_is_a_warning_unless_the_two_are_peered() {
        cluster().accepts(&gateway(&json!({"policies": [{"subnets": ["in-peer"]}]})));
        let wanted = r#"spec.policies[1].subnets[1]: "in-w": is in VPC "w", not in VPC "v": the gateway takes none of its traffic [egress-gateway-vpc-namespace]"#;
        cluster().warns(&gateway(&json!({"policies": [{}, {"subnets": ["in-v", "in-w"]}]})), &[wanted]);
    }

    #[test]
    fn what_was_wrong_in_one_field_is_new_in_another() {
        let old = gateway(&json!({"internalSubnet": "in-w", "policies": [{"subnets": ["in-w"]}]}));
        let allowed = |fields: &Value| cluster().verdict(&update(&old, &gateway(fields))).allowed;
        assert!(allowed(&json!({"internalSubnet": "in-w"})));
        assert!(!allowed(&json!({"externalSubnet": "in-w"})));
        assert!(!allowed(&json!({"internalIPPool": "pool-w"})));
        let old = gateway(&json!({"policies": [{"subnets": ["in-w"]}]}));
        assert!(!cluster().verdict(&update(&old, &gateway(&json!({"internalSubnet": "in-w"})))).allowed);
    }

    #[test]
    fn what_is_being_deleted_counts_until_it_is_gone() {
        let deleting = |kind: &str, name: &str, spec: Value| json!({"kind": kind, "spec": spec, "metadata": {"name": name, "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let cluster = Cluster::of(super::RULE.id)
            .with(deleting("Vpc", "w", json!({"namespaces": ["ns2"]})))
            .with(deleting("Subnet", "in-w", json!({"vpc": "w"})))
            .with(deleting("IPPool", "pool-w", json!({"subnet": "in-w"})));
        for fields in [json!({"vpc": "w"}), json!({"internalSubnet": "in-w"}), json!({"externalIPPool": "pool-w"})] {
            assert_eq!(cluster.verdict(&create(&gateway(&fields))).findings.len(), 1, "{fields}");
        }
    }

    #[test]
    fn a_vpc_that_does_not_exist_is_open_to_nobody_where_all_are_seen() {
        let policies = json!([{"ipBlocks": ["10.0.0.0/24"]}]);
        let request = create(&gateway(&json!({"vpc": "gone", "policies": policies})));
        let found = |cluster: &Inventory| {
            let verdict = review(&request, cluster, &Settings::default()).unwrap();
            verdict.findings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let wanted = r#"spec.vpc: Forbidden: VPC "gone" does not exist, so that no namespace may use it [egress-gateway-vpc-namespace]"#;
        assert_eq!(found(&Inventory::default().watching([Kind::Vpc])), [wanted]);
        assert!(found(&Inventory::default()).is_empty());
    }

    #[test]
    fn a_backup_brings_a_gateway_before_its_vpc() {
        let cluster = cluster().with(json!({"kind": "Subnet", "name": "lost", "spec": {"vpc": "gone"}})).seeing_all();
        let restored = |fields: Value, user: &str| {
            let verdict = cluster.verdict(&Request { user: user.to_owned(), ..create(&gateway(&fields)) });
            (verdict.allowed, verdict.warnings.len())
        };
        let velero = "system:serviceaccount:velero:velero";
        for early in [json!({"vpc": "gone"}), json!({"externalSubnet": "lost"})] {
            assert_eq!(restored(early.clone(), velero), (true, 1), "{early}");
            assert_eq!(restored(early, "jane"), (false, 0));
        }
        assert_eq!(restored(json!({"vpc": "w"}), velero), (false, 0));
    }
}
