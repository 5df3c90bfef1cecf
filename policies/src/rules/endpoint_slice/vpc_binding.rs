//! Keeps a Service out of the VPC of another namespace's Pods.
//!
//! Kube-OVN serves a Service in the VPC of the Pods that its EndpointSlices name in `targetRef`. It asks neither whether such a
//! Pod is of the Service's own namespace, nor whether that namespace may use the Pod's VPC: the Service's address is put into
//! the load balancer of a tenant who knows nothing of it, with whatever backends the EndpointSlice lists.
//!
//! Kubernetes' own controllers, the mirroring of Endpoints and Kube-OVN name Pods of the Service's namespace or none. A Pod of
//! another namespace is refused where a VPC lists that namespace, invites it or has gateways in it, and is not open to the
//! EndpointSlice's own; where the namespace is exempted, as what Kube-OVN runs for a VPC is there; and where there is no
//! such namespace. Where all that is the default VPC's, it is a warning. A Pod that the EndpointSlice named before is one too; it
//! excuses no other Pod of its namespace.
//!
//! ```yaml bad
//! # bad: VPC blue is for namespace blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: discovery.k8s.io/v1
//! kind: EndpointSlice
//! metadata:
//!   name: web
//!   namespace: green
//!   labels: {kubernetes.io/service-name: web}
//! addressType: IPv4
//! endpoints:
//! - addresses: [10.0.1.5]
//!   targetRef: {kind: Pod, namespace: blue, name: web-0}
//! ```
//!
//! ```yaml good
//! # good: without targetRef
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: discovery.k8s.io/v1
//! kind: EndpointSlice
//! metadata:
//!   name: web
//!   namespace: green
//!   labels: {kubernetes.io/service-name: web}
//! addressType: IPv4
//! endpoints:
//! - addresses: [10.0.1.5]
//! ```
//!
//! Leave `targetRef` out, or name Pods of the EndpointSlice's own namespace.

use std::collections::BTreeMap;

use crate::finding::Action;
use crate::inventory::{Answer, Sight};
use crate::kinds::{EndpointSlice, ObjectRef, SERVICE_NAME, Target};
use crate::rule::prelude::*;
use crate::rules::support::listed::{Closed, ClosedVpcs};

/// The rule.
pub const RULE: Rule = Rule {
    id: "endpoint-slice-vpc-binding",
    summary: "an EndpointSlice names a Pod of another namespace, whose VPC its own may not use",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::VpcNatGateway, Kind::Namespace],
    checks: &[Check::EndpointSlice(&[Read::Field("endpoints"), Read::Label(SERVICE_NAME)], check)],
};

const HELP: &str = "Leave targetRef out, or name Pods of the EndpointSlice's own namespace.";

fn check(slice: &EndpointSlice, context: &mut Context<'_>) -> Outcome {
    // What is not named wholly leads to no Pod.
    let foreign = |target: &&Target| {
        !target.name.is_empty() && !target.namespace.is_empty() && target.namespace != context.namespace
    };
    let mut named: BTreeMap<&str, BTreeMap<&str, &Target>> = BTreeMap::new();
    for target in slice.targets.iter().filter(foreign) {
        named.entry(&target.namespace).or_default().entry(&target.name).or_insert(target);
    }
    let mut vpcs = ClosedVpcs::new(context);
    for (namespace, targets) in named {
        judge(namespace, &targets, slice.service(), &mut vpcs, context)?;
    }
    Ok(())
}

/// Judges the Pods of another namespace. Each is a fault of its own: one that was named before, or is not there, excuses no other.
fn judge(
    namespace: &str,
    targets: &BTreeMap<&str, &Target>,
    service: &str,
    vpcs: &mut ClosedVpcs<'_>,
    context: &mut Context<'_>,
) -> Outcome {
    let own = context.namespace;
    let refused: &dyn Fn(FieldPath) -> Finding = if let Some(closed) = closed_vpc_of(namespace, vpcs, context)? {
        let vpc = context.mention(Kind::Vpc, closed.name());
        let detail = format!("its Pods may be in {vpc}, which namespace {own:?} may not use");
        &move |field| closed.evidence(Finding::forbidden(field, namespace, &detail))
    } else if context.settings.exempts_namespace(namespace) && !context.settings.exempts_namespace(own) {
        // Kube-OVN's own Pods, as those of the DNS of a VPC, are in custom VPCs and in no list.
        let detail = format!("its Pods are exempted, and may be in a VPC which namespace {own:?} may not use");
        &move |field| Finding::forbidden(field, namespace, &detail)
    } else if context.cluster.namespace(namespace)?.is_none() && context.cluster.sight(Kind::Namespace) == Sight::All {
        let detail = "there is no such namespace, so that nobody knows the VPC of its Pods";
        let missing = ObjectRef::new(Kind::Namespace, namespace);
        &move |field| Finding::not_found(field, namespace, detail).missing(missing.clone())
    } else {
        let detail =
            format!("is not the namespace of the EndpointSlice, {own:?}: Kube-OVN puts the Service where that Pod is");
        if let Some(first) = targets.values().min_by_key(|target| target.endpoint) {
            context.warn(Finding::invalid(first.path(), namespace, detail).help(HELP));
        }
        return Ok(());
    };
    for (name, target) in targets {
        if context.has_enough(Action::Deny) {
            break;
        }
        context.deny(refused(target.path()).identified_by(format!("{namespace}/{name} of {service}")).help(HELP));
    }
    Ok(())
}

/// The first of the VPCs that are for a namespace which the EndpointSlice's own may not use.
fn closed_vpc_of(namespace: &str, closed: &mut ClosedVpcs<'_>, context: &Context<'_>) -> Answer<Option<Closed>> {
    let cluster = context.cluster;
    let mut vpcs: Vec<String> =
        cluster.vpcs_admitting_until_gone(namespace)?.iter().map(|vpc| vpc.meta.name.clone()).collect();
    vpcs.extend(cluster.nat_gateways_running_in(namespace)?.iter().map(|gateway| gateway.vpc.clone()));
    for vpc in vpcs {
        if let Some(closed) = closed.named(&vpc)? {
            return Ok(Some(closed.clone()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Inventory;
    use crate::rules::support::testing::{Cluster, create, update};

    fn slice(namespace: &str, targets: &[(&str, &str)]) -> Value {
        let endpoint = |(namespace, name): &(&str, &str)| json!({"addresses": ["10.0.0.5"], "targetRef": {"kind": "Pod", "namespace": namespace, "name": name}});
        let endpoints: Vec<_> = targets.iter().map(endpoint).collect();
        json!({"kind": "EndpointSlice", "namespace": namespace, "addressType": "IPv4", "endpoints": endpoints})
    }

    fn cluster() -> Cluster {
        let annotations =
            json!({"vpcguard.io/guest-namespaces": "guest", "vpcguard.io/egress-namespaces": "ns1, guest, platform"});
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}, "annotations": annotations}))
            .with(json!({"kind": "Vpc", "name": "open", "spec": {}}))
            .with(json!({"kind": "VpcNatGateway", "name": "gw", "spec": {"vpc": "v", "namespace": "gateways"}}))
            .with(json!({"kind": "Namespace", "name": "ns1"}))
            .with(json!({"kind": "Namespace", "name": "plain"}))
    }

    #[test]
    fn the_pods_of_a_closed_vpc_are_refused() {
        for namespace in ["ns1", "guest", "platform", "gateways"] {
            let wanted = |at: usize| {
                format!(
                    r#"endpoints[{at}].targetRef.namespace: Forbidden: its Pods may be in VPC "v", which namespace "ns2" may not use [endpoint-slice-vpc-binding]"#
                )
            };
            let targets = [("ns2", "own"), (namespace, "p"), (namespace, "q"), (namespace, "p")];
            cluster().refuses(&slice("ns2", &targets), &[&wanted(1), &wanted(2)]);
        }
        cluster().accepts(&slice("ns1", &[("ns1", "p")]));
        cluster().accepts(&slice("ns2", &[("ns1", ""), ("", "p")]));
        cluster().accepts(&json!({"kind": "EndpointSlice", "namespace": "ns2", "endpoints": null}));
        cluster()
            .accepts(&json!({"kind": "EndpointSlice", "namespace": "ns2", "endpoints": [{"addresses": ["10.0.0.5"]}]}));
    }

    #[test]
    fn the_pods_of_the_default_vpc_are_a_warning() {
        let warning = |from: &str, to: &str| {
            format!(
                "endpoints[0].targetRef.namespace: {to:?}: is not the namespace of the EndpointSlice, {from:?}: Kube-OVN puts the Service where that Pod is [endpoint-slice-vpc-binding]"
            )
        };
        cluster().warns(&slice("ns2", &[("plain", "p")]), &[&warning("ns2", "plain")]);
        // The VPC of both.
        cluster().warns(&slice("guest", &[("ns1", "p")]), &[&warning("guest", "ns1")]);
    }

    #[test]
    fn the_pods_of_an_exempted_namespace_may_be_anywhere() {
        let wanted = r#"endpoints[0].targetRef.namespace: Forbidden: its Pods are exempted, and may be in a VPC which namespace "ns2" may not use [endpoint-slice-vpc-binding]"#;
        cluster().refuses(&slice("ns2", &[("kube-system", "vpc-dns-v")]), &[wanted]);
        cluster().accepts(&slice("kube-system", &[("kube-system", "coredns")]));
        assert!(cluster().verdict(&create(&slice("kube-system", &[("ovn-system", "p")]))).allowed);
    }

    #[test]
    fn a_namespace_that_does_not_exist_is_refused_where_all_are_seen() {
        let verdict = |inventory: &Inventory| {
            let settings = crate::settings::Settings::default();
            crate::review::review(&create(&slice("ns2", &[("gone", "p")])), inventory, &settings).unwrap()
        };
        assert!(verdict(&Inventory::default()).allowed);
        let refused = verdict(&Inventory::default().watching([Kind::Namespace]));
        let wanted = r#"endpoints[0].targetRef.namespace: Not found: "gone": there is no such namespace, so that nobody knows the VPC of its Pods [endpoint-slice-vpc-binding]"#;
        assert_eq!(refused.findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [wanted]);
    }

    #[test]
    fn another_pod_is_a_new_sin() {
        let old = slice("ns2", &[("ns1", "p")]);
        let allowed = |new: &Value| cluster().verdict(&update(&old, new)).allowed;
        assert!(allowed(&slice("ns2", &[("ns2", "own"), ("ns1", "p")])));
        assert!(!allowed(&slice("ns2", &[("ns1", "p"), ("ns1", "q")])));
        assert!(!allowed(&slice("ns2", &[("guest", "p"), ("ns1", "p")])));
        let mut of_another = old.clone();
        of_another["labels"] = json!({SERVICE_NAME: "web"});
        assert!(!allowed(&of_another));
    }
}
