//! Warns of a Subnet, an IPPool or a Vip that Pods are waiting for which may not have it.
//!
//! Kube-OVN tries again with each Pod whose networks name something that does not exist, and attaches it within seconds once that
//! is there. A Pod that named a foreign Subnet before the Subnet was made, when nobody could tell whose it would be, comes in
//! with it, and whoever makes the Subnet sees nothing of that. So does a Service that names a Subnet and its router, and so do the
//! Pods of a Namespace whose annotation names the Subnet.
//!
//! The webhook reads the Pods, Services and Namespaces of the cluster when such an object is made, or a Subnet changes its provider or VPC.
//! Elsewhere, in files and in a policy server, nobody sees them, and the rule says nothing. At `deny` the object is refused.
//!
//! ```yaml bad
//! # bad: a Pod of namespace green waits for a Subnet of this name
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: green
//!   annotations: {ovn.kubernetes.io/logical_switch: apps}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! ```yaml good
//! # good: under a name that no such Pod has
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: green
//!   annotations: {ovn.kubernetes.io/logical_switch: apps}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Delete those Pods first, or let the Vpc invite their namespace in the annotation `vpcguard.io/guest-namespaces`.

use crate::attach::{Attachments, IP_POOL, Primary, pool_name};
use crate::inventory::Answer;
use crate::kinds::{IpPool, LOGICAL_ROUTER, Object, PodTemplate, Service, Subnet, VIP, Vip};
use crate::request::Operation;
use crate::rule::prelude::*;
use crate::rules::support::listed::closed_vpc;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-joins-waiting",
    summary: "Pods, Services or Namespaces wait for a Subnet, an IPPool or a Vip that they may not have",
    default: RuleAction::Warn,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway],
    checks: &[
        Check::Subnet(&[Read::Field("spec.provider"), Read::Field("spec.vpc")], subnet),
        Check::IpPool(&[Read::Field("spec.subnet")], ip_pool),
        Check::Vip(&[Read::Field("spec.subnet"), Read::Field("spec.namespace")], vip),
    ],
};

/// How many of those that wait are named.
const MOST_NAMED: usize = 5;

fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let name = subnet.meta.name.as_str();
    let joins = |object: &Object, context: &Context<'_>| match object {
        Object::Pod(pod) => pod_joins(pod, subnet, context),
        Object::Service(service) => service_joins(service, name),
        Object::Namespace(namespace) => namespace.logical_switches().any(|switch| switch == name),
        _ => false,
    };
    judge(name, &joins, &|namespace, context| is_closed(subnet, namespace, context), context)
}

fn ip_pool(pool: &IpPool, context: &mut Context<'_>) -> Outcome {
    let Some(subnet) = context.cluster.subnet_until_gone(&pool.subnet)? else { return Ok(()) };
    let name = pool.meta.name.as_str();
    let joins = |object: &Object, context: &Context<'_>| {
        let Object::Pod(pod) = object else { return false };
        let asked = Attachments::by(pod, &pod.meta.namespace, context.kube_ovn());
        let of_networks = || asked.networks.iter().flat_map(|network| &network.pools).any(|(_, pool)| *pool == name);
        of_networks() || pod.pod.annotation(IP_POOL).and_then(pool_name) == Some(name)
    };
    judge(name, &joins, &|namespace, context| is_closed(&subnet, namespace, context), context)
}

fn vip(vip: &Vip, context: &mut Context<'_>) -> Outcome {
    let name = vip.meta.name.as_str();
    let subnet = context.cluster.subnet_until_gone(&vip.subnet)?;
    let joins = |object: &Object, _: &Context<'_>| matches!(object, Object::Pod(pod) if !pod.host_network && pod.pod.annotation(VIP) == Some(name));
    let is_anothers = |namespace: &str, context: &Context<'_>| {
        if !vip.namespace.is_empty() && vip.namespace != namespace {
            return Ok(true);
        }
        subnet.as_ref().map_or(Ok(false), |subnet| is_closed(subnet, namespace, context))
    };
    judge(name, &joins, &is_anothers, context)
}

fn is_closed(subnet: &Subnet, namespace: &str, context: &Context<'_>) -> Answer<bool> {
    Ok(closed_vpc(context.cluster, context.kube_ovn(), subnet, namespace)?.is_some())
}

/// Whether a Pod names the Subnet, or a network that the Subnet is the provider of.
fn pod_joins(pod: &PodTemplate, subnet: &Subnet, context: &Context<'_>) -> bool {
    let name = subnet.meta.name.as_str();
    let asked = Attachments::by(pod, &pod.meta.namespace, context.kube_ovn());
    let by_network = |network: &crate::attach::Network<'_>| match &network.switch {
        Some((_, switch)) => *switch == name,
        None => network.subnet_provider() == subnet.provider,
    };
    (!pod.host_network && Primary::chosen(pod) == Primary::Switch(name) && asked.primary == Primary::Switch(name))
        || (!pod.host_network && asked.networks.iter().any(by_network))
}

/// The Subnet and the router together decide where a Service goes.
fn service_joins(service: &Service, name: &str) -> bool {
    service.meta.annotation(LOGICAL_ROUTER).is_some_and(|router| !router.is_empty())
        && service.subnet().is_some_and(|(_, subnet)| subnet == name)
}

/// Names those that wait and may not have what is made.
fn judge(
    name: &str,
    joins: &dyn Fn(&Object, &Context<'_>) -> bool,
    is_closed: &dyn Fn(&str, &Context<'_>) -> Answer<bool>,
    context: &mut Context<'_>,
) -> Outcome {
    if !matches!(context.operation, Operation::Create | Operation::Update) {
        return Ok(());
    }
    let mut named = Vec::new();
    for object in context.cluster.waiting() {
        let meta = object.meta();
        let namespace = if matches!(object, Object::Namespace(_)) { &meta.name } else { &meta.namespace };
        let is_judged = !meta.deleting && !context.settings.exempts_namespace(namespace);
        if is_judged && joins(object, context) && is_closed(namespace, context)? {
            named.push(match object {
                Object::Namespace(_) => format!("Namespace {}", meta.name),
                Object::Service(_) => format!("Service {}/{}", meta.namespace, meta.name),
                _ => format!("Pod {}/{}", meta.namespace, meta.name),
            });
        }
    }
    if named.is_empty() {
        return Ok(());
    }
    let count = named.len();
    let more = count.saturating_sub(MOST_NAMED);
    named.truncate(MOST_NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    // A warning is cut after some hundred characters: who it is comes first.
    let who = if context.settings.disclose_names {
        format!("{}{rest}", named.join(", "))
    } else {
        format!("{count} Pods, Services or Namespaces")
    };
    let (wait, get) = if count == 1 { ("waits", "gets") } else { ("wait", "get") };
    let detail = format!("{who} {wait} for it and may not have it, but {get} it once it is there");
    context.deny(Finding::forbidden(FieldPath::of("metadata.name"), name, detail).help(
        "Delete them first, or let the Vpc invite their namespace in its annotation vpcguard.io/guest-namespaces.",
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::inventory::{Attended, Inventory};
    use crate::kinds::{Kind, Object};
    use crate::request::Awaited;
    use crate::review::review;
    use crate::rules::support::testing::create;
    use crate::settings::Settings;

    fn waiting() -> Vec<Object> {
        let pod = |namespace: &str, name: &str, annotations: Value| {
            let metadata = json!({"name": name, "namespace": namespace, "annotations": annotations});
            (Kind::Pod, json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}))
        };
        let service = json!({"metadata": {"name": "s", "namespace": "ns2", "annotations": {
            "ovn.kubernetes.io/logical_router": "v", "ovn.kubernetes.io/logical_switch": "net1"}}});
        let namespace =
            json!({"metadata": {"name": "ns3", "annotations": {"ovn.kubernetes.io/logical_switch": "a, net1"}}});
        [
            (Kind::Namespace, namespace),
            pod("ns2", "switch", json!({"ovn.kubernetes.io/logical_switch": "net1"})),
            pod("ns1", "own", json!({"ovn.kubernetes.io/logical_switch": "net1"})),
            pod("kube-system", "exempt", json!({"ovn.kubernetes.io/logical_switch": "net1"})),
            pod("ns2", "other", json!({"ovn.kubernetes.io/logical_switch": "net2"})),
            pod("ns2", "network", json!({"k8s.v1.cni.cncf.io/networks": "ns1/nad"})),
            pod("ns2", "pool", json!({"ovn.kubernetes.io/ip_pool": "pool"})),
            pod("ns2", "vip", json!({"ovn.kubernetes.io/vip": "vip"})),
            (Kind::Service, service),
        ]
        .map(|(kind, object)| Object::read(kind, &object, &Settings::default().kube_ovn).0)
        .to_vec()
    }

    fn said(object: &Value) -> Vec<String> {
        let mut inventory = Inventory::default().watching([Kind::Vpc]);
        inventory.apply(Kind::Vpc, &json!({"metadata": {"name": "v"}, "spec": {"namespaces": ["ns1"]}}));
        inventory.apply(Kind::Subnet, &json!({"metadata": {"name": "there"}, "spec": {"vpc": "v"}}));
        let request = create(object);
        assert!(Awaited::by(&request).is_some());
        let waiting = waiting();
        let view = Attended { cluster: &inventory, waiting: &waiting };
        let verdict = review(&request, &view, &Settings::default()).unwrap();
        let warnings = verdict.warnings.iter().filter(|warning| warning.rule() == super::RULE.id);
        warnings.map(ToString::to_string).collect()
    }

    fn warning(who: &str) -> String {
        let (wait, get) = if who.contains(',') { ("wait", "get") } else { ("waits", "gets") };
        format!(
            "metadata.name: {who} {wait} for it and may not have it, but {get} it once it is there [subnet-joins-waiting]"
        )
    }

    #[test]
    fn those_that_wait_are_named() {
        let subnet = |name: &str, spec: Value| json!({"kind": "Subnet", "name": name, "spec": spec});
        let cidr = "10.0.0.0/24";
        let wanted = warning("Namespace ns3, Pod ns2/switch, Service ns2/s");
        assert_eq!(said(&subnet("net1", json!({"vpc": "v", "cidrBlock": cidr}))), [wanted]);
        let provider = json!({"vpc": "v", "cidrBlock": cidr, "provider": "nad.ns1.ovn"});
        assert_eq!(said(&subnet("db", provider)), [warning("Pod ns2/network")]);
        assert!(said(&subnet("net1", json!({"cidrBlock": cidr}))).is_empty());
        assert!(said(&subnet("net3", json!({"vpc": "v", "cidrBlock": cidr}))).is_empty());
    }

    #[test]
    fn a_pool_and_a_vip_are_waited_for_too() {
        let pool = json!({"kind": "IPPool", "name": "pool", "spec": {"subnet": "there"}});
        assert_eq!(said(&pool), [warning("Pod ns2/pool")]);
        for spec in [json!({"subnet": "there"}), json!({"namespace": "ns1"})] {
            let vip = json!({"kind": "Vip", "name": "vip", "spec": spec});
            assert_eq!(said(&vip), [warning("Pod ns2/vip")]);
        }
        assert!(said(&json!({"kind": "Vip", "name": "vip", "spec": {"namespace": "ns2"}})).is_empty());
    }

    #[test]
    fn only_what_may_wait_is_kept() {
        let awaited = |object: &Value| Awaited::by(&create(object)).unwrap();
        let with = |key: &str, value: &str| json!({"metadata": {"annotations": {key: value}}});
        let subnet = awaited(&json!({"kind": "Subnet", "name": "net1", "spec": {"provider": "nad.ns1.ovn"}}));
        assert!(subnet.may_be_named_by(&with("ovn.kubernetes.io/logical_switch", "net1")));
        assert!(subnet.may_be_named_by(&with("k8s.v1.cni.cncf.io/networks", r#"[{"name":"nad"}]"#)));
        assert!(subnet.may_be_named_by(&with("k8s.v1.cni.cncf.io/networks", r#"[{"name":"n\u0061d"}]"#)));
        assert!(subnet.may_be_named_by(&with("ovn.kubernetes.io/logical_switch", "a, net1")));
        assert!(!subnet.may_be_named_by(&with("ovn.kubernetes.io/logical_switch", "net2")));
        assert!(!subnet.may_be_named_by(&with("note", "net1")));
        assert!(!subnet.may_be_named_by(&json!({"metadata": {}})));
        assert!(Awaited::by(&create(&json!({"kind": "Vpc", "name": "v"}))).is_none());
    }
}
