//! Warns where a VPC's load balancer is switched on, and something that it needs is missing.
//!
//! With `ovn.kubernetes.io/vpc_lb: "on"` Kube-OVN makes a Deployment for the VPC, if it finds, in this order: a Subnet
//! of the VPC; a default Subnet of it; a Subnet with the provider `ovn-vpc-lb.<namespace of Kube-OVN>`; the image in
//! ConfigMap `ovn-vpc-nat-config`. Without the first there is one line in the log, and the rest of the Vpc is made. Any
//! of the other three stops the reconciliation of the Vpc there, in the log: routes and policies are made by then.
//! Without the NetworkAttachmentDefinition `ovn-vpc-lb` the Pod does not start.
//!
//! ```yaml bad
//! # bad: no Subnet has the provider ovn-vpc-lb.kube-system
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata:
//!   name: blue
//!   annotations: {ovn.kubernetes.io/vpc_lb: "on"}
//! spec: {defaultSubnet: blue-apps}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! ```yaml good
//! # good: all is there
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata:
//!   name: blue
//!   annotations: {ovn.kubernetes.io/vpc_lb: "on"}
//! spec: {defaultSubnet: blue-apps}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: ovn-vpc-lb}
//! spec: {provider: ovn-vpc-lb.kube-system, cidrBlock: 192.168.101.0/24}
//! ---
//! apiVersion: k8s.cni.cncf.io/v1
//! kind: NetworkAttachmentDefinition
//! metadata: {name: ovn-vpc-lb, namespace: kube-system}
//! ---
//! apiVersion: v1
//! kind: ConfigMap
//! metadata: {name: ovn-vpc-nat-config, namespace: kube-system}
//! data: {image: docker.io/kubeovn/vpc-nat-gateway}
//! ```
//!
//! Create what is missing. A new Vpc is not told of the Subnets, which come after it.

use crate::inventory::Answer;
use crate::kinds::{NAT_CONFIG, NAT_GW_CONFIG, ObjectRef, VPC_LB, Vpc};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-lb-prerequisites",
    summary: "a VPC's load balancer is switched on, and something that it needs is missing",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::StaticRouteLanIp,
    asks: &[Kind::Subnet, Kind::ConfigMap, Kind::AttachmentDefinition],
    checks: &[Check::Vpc(&[Read::Annotation(VPC_LB), Read::Field("spec.defaultSubnet")], check)],
};

/// The name of the network of load balancers.
const NETWORK: &str = "ovn-vpc-lb";

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if !vpc.meta.annotation(VPC_LB).is_some_and(|value| value.eq_ignore_ascii_case("on")) {
        return Ok(());
    }
    let namespace = context.kube_ovn().namespace.as_str();
    let mut missing = Missing::default();
    if !context.precedes_its_subnets(vpc)? {
        subnets(vpc, namespace, &mut missing, context)?;
    }
    if context.cluster.attachment_definition(namespace, NETWORK)?.is_none() {
        let network = ObjectRef::namespaced(Kind::AttachmentDefinition, namespace, NETWORK);
        missing.objects.push(network);
        missing.named.push(format!("the NetworkAttachmentDefinition {namespace}/{NETWORK}"));
    }
    let mut images = [NAT_CONFIG, NAT_GW_CONFIG].iter();
    let has_image = images.try_fold(false, |found, name| {
        let map = context.cluster.config_map(namespace, name)?;
        Ok(found || map.is_some_and(|map| map.has_image()))
    })?;
    if !has_image {
        let maps = [NAT_CONFIG, NAT_GW_CONFIG].map(|name| ObjectRef::namespaced(Kind::ConfigMap, namespace, name));
        missing.objects.extend(maps);
        missing.named.push(format!("an image in the ConfigMap {namespace}/{NAT_CONFIG}"));
    }
    if let Some(finding) = missing.finding() {
        context.deny(finding);
    }
    Ok(())
}

/// The Subnets that Kube-OVN looks for. A Vpc is made before them.
fn subnets(vpc: &Vpc, namespace: &str, missing: &mut Missing, context: &Context<'_>) -> Outcome {
    let mut needs = |what: String| {
        missing.named.push(what);
        missing.is_subnet = true;
    };
    if context.cluster.subnets_of_vpc(&vpc.meta.name)?.is_empty() {
        needs("a Subnet of this VPC".to_owned());
    } else if !has_default_subnet(vpc, context)? {
        needs("a default Subnet of this VPC (spec.defaultSubnet, or one with default: true)".to_owned());
    }
    let provider = format!("{NETWORK}.{namespace}");
    if context.cluster.subnets_with_provider(&provider)?.is_empty() {
        needs(format!("a Subnet with the provider {provider}"));
    }
    Ok(())
}

fn has_default_subnet(vpc: &Vpc, context: &Context<'_>) -> Answer<bool> {
    let named = context.cluster.subnet(&vpc.default_subnet)?;
    let own = named.is_some_and(|subnet| subnet.vpc.as_ref() == Some(&vpc.meta.name));
    Ok(own || !context.cluster.default_subnets_of_vpc(&vpc.meta.name)?.is_empty())
}

/// What is not there: one cause, however much it is.
#[derive(Default)]
struct Missing {
    named: Vec<String>,
    /// What would have to be there for it not to be missing.
    objects: Vec<ObjectRef>,
    /// Whether a Subnet is among it, which may have any name.
    is_subnet: bool,
}

impl Missing {
    fn finding(self) -> Option<Finding> {
        let (last, others) = self.named.split_last()?;
        let listed = if others.is_empty() { last.clone() } else { format!("{}, and {last}", others.join(", ")) };
        let detail = format!("the load balancer needs {listed}");
        let finding = Finding::invalid(FieldPath::annotation(VPC_LB), "on", detail);
        let finding = self.objects.into_iter().fold(finding, Finding::missing);
        let finding = if self.is_subnet { finding.unless_any(Kind::Subnet) } else { finding };
        Some(finding.help("Create what is missing; until then Kube-OVN makes no load balancer."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn config(name: &str) -> Value {
        json!({"kind": "ConfigMap", "namespace": "kube-system", "name": name, "data": {"image": "x"}})
    }

    fn prerequisites() -> Vec<Value> {
        vec![
            json!({"kind": "Subnet", "name": "a", "spec": {"vpc": "v", "default": true}}),
            json!({"kind": "NetworkAttachmentDefinition", "namespace": "kube-system", "name": "ovn-vpc-lb"}),
            json!({"kind": "Subnet", "name": "ovn-vpc-lb", "spec": {"provider": "ovn-vpc-lb.kube-system"}}),
            config("ovn-vpc-nat-config"),
        ]
    }

    fn cluster(objects: Vec<Value>) -> Cluster {
        objects.into_iter().fold(Cluster::of(super::RULE.id), Cluster::with)
    }

    fn vpc(value: &str) -> Value {
        json!({"kind": "Vpc", "name": "v", "annotations": {"ovn.kubernetes.io/vpc_lb": value}})
    }

    fn wanted(needs: &str) -> String {
        format!(
            r#"metadata.annotations[ovn.kubernetes.io/vpc_lb]: "on": the load balancer needs {needs} [vpc-lb-prerequisites]"#
        )
    }

    const NEEDS: [&str; 4] = [
        "a Subnet of this VPC",
        "the NetworkAttachmentDefinition kube-system/ovn-vpc-lb",
        "a Subnet with the provider ovn-vpc-lb.kube-system",
        "an image in the ConfigMap kube-system/ovn-vpc-nat-config",
    ];

    /// What is said of a Vpc that is there already.
    fn said(objects: Vec<Value>, vpc: &Value) -> Vec<String> {
        let verdict = cluster(objects).verdict(&update(&json!({"kind": "Vpc", "name": "v"}), vpc));
        verdict.warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_missing_prerequisite_is_named() {
        cluster(prerequisites()).accepts(&vpc("On").as_object().map(|vpc| json!(vpc)).unwrap());
        for (missing, needed) in NEEDS.iter().enumerate() {
            let mut objects = prerequisites();
            objects.remove(missing);
            assert_eq!(said(objects, &vpc("on")), [wanted(needed)]);
        }
        let mut objects = prerequisites();
        objects[0]["spec"]["default"] = json!(false);
        let needed = wanted("a default Subnet of this VPC (spec.defaultSubnet, or one with default: true)");
        cluster(objects.clone()).warns(&vpc("on"), &[&needed]);
        let mut named = vpc("on");
        named["spec"] = json!({"defaultSubnet": "a"});
        cluster(objects).accepts(&named);
        Cluster::of(super::RULE.id).accepts(&vpc("off"));
    }

    #[test]
    fn what_is_missing_is_one_finding() {
        let [subnet, network, provider, image] = NEEDS;
        let all = wanted(&format!("{subnet}, {provider}, {network}, and {image}"));
        assert_eq!(said(Vec::new(), &vpc("on")), [all]);
    }

    #[test]
    fn a_new_vpc_is_not_told_of_the_subnets_that_come_after_it() {
        let [_, network, _, image] = NEEDS;
        cluster(Vec::new()).warns(&vpc("on"), &[&wanted(&format!("{network}, and {image}"))]);
        let [_, network, _, image]: [Value; 4] = prerequisites().try_into().unwrap();
        cluster(vec![network, image]).accepts(&vpc("on"));
    }

    #[test]
    fn the_image_may_stand_where_it_did_up_to_v1_9() {
        let mut objects = prerequisites();
        objects[3] = config("ovn-vpc-nat-gw-config");
        cluster(objects).accepts(&vpc("on"));
    }
}
