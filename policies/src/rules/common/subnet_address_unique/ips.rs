//! IPs: what Kube-OVN has given to Pods. There are as many as Pods, so that they are looked at where they are seen.

use std::collections::BTreeSet;

use super::HELP;
use crate::gather::gathered;
use crate::kinds::{Claimed, Ip, PodTemplate};
use crate::rule::prelude::*;
use crate::text::quoted;

/// Warns of an address that a Pod has, when something else asks for it. Pods come and go.
pub(super) fn given(claimed: &Claimed<'_>, is_own: &dyn Fn(&Ip) -> bool, context: &mut Context<'_>) -> Outcome {
    if !context.sees_ips() {
        return Ok(());
    }
    let others = context.cluster.ips_with_until_gone(claimed.subnet, claimed.first)?;
    let Some(other) = others.iter().find(|ip| !is_own(ip)) else { return Ok(()) };
    let mentioned = context.mention(Kind::Ip, &other.meta.name);
    let detail = format!(
        "{mentioned} in Subnet {} has it, and Kube-OVN gives it to nobody else until that is gone",
        quoted(claimed.subnet)
    );
    let is_v4 = claimed.first.is_ipv4();
    let field = FieldPath::of(if is_v4 { "spec.v4IpAddress" } else { "spec.v6IpAddress" });
    let finding = Finding::duplicate(claimed.field.clone(), claimed.text, detail)
        .related(other.reference(), Some(field))
        .in_conflict_with(&format!("{} {}", Kind::Ip, other.meta.name));
    context.warn(finding.help(HELP));
    Ok(())
}

/// Whether an IP is that of a Pod of this name, which Kube-OVN runs for a gateway and calls after it.
pub(super) fn is_of_gateway(ip: &Ip, gateway: &str) -> bool {
    format!("-{}-", ip.pod_name).contains(&format!("-{gateway}-"))
}

/// Whether an IP is that of this Pod, or perhaps of one that the same workload has made: while one takes the place of another, both
/// are there.
pub(super) fn is_of_pod(ip: &Ip, pod: &PodTemplate, context: &Context<'_>) -> bool {
    let (name, other) = (pod.meta.name.as_str(), ip.pod_name.as_str());
    if ip.namespace != context.namespace {
        return false;
    }
    // A Pod that is to be called later may be called anything.
    let is_named = name.is_empty() || name == other || pod.virtual_machines.iter().any(|machine| machine == other);
    let is_made = || match pod.kind {
        Kind::Pod => !makers(name).is_disjoint(&makers(other)),
        _ => other.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')),
    };
    is_named || is_made()
}

/// What may have made a Pod, by its name: a workload, or a ReplicaSet or a Job of one.
fn makers(pod: &str) -> BTreeSet<&str> {
    let nearest = pod.rsplit_once('-').map(|(maker, _)| maker);
    let next = nearest.and_then(|maker| maker.rsplit_once('-')).map(|(maker, _)| maker);
    gathered(nearest.into_iter().chain(next))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::RULE;
    use crate::rules::support::testing::Cluster;

    fn cluster() -> Cluster {
        let ip = |pod: &str, namespace: &str, v4: &str, v6: &str| {
            json!({"kind": "IP", "name": format!("{pod}.{namespace}"), "spec": {
                "podName": pod, "namespace": namespace, "subnet": "s", "v4IpAddress": v4, "v6IpAddress": v6}})
        };
        let subnet =
            |name: &str| json!({"kind": "Subnet", "name": name, "spec": {"cidrBlock": "10.0.1.0/24,fd00::/120"}});
        Cluster::of(RULE.id)
            .with(subnet("s"))
            .with(subnet("t"))
            .with(ip("web-0", "shop", "10.0.1.5", "fd00::5"))
            .with(ip("vpc-nat-gw-gate-0", "kube-system", "10.0.1.6", ""))
            .with(ip("gate-5d9-x2", "shop", "10.0.1.7", ""))
    }

    fn found(field: &str, address: &str, ip: &str) -> String {
        format!(
            r#"{field}: "{address}": IP "{ip}" in Subnet "s" has it, and Kube-OVN gives it to nobody else until that is gone [subnet-address-unique]"#
        )
    }

    #[test]
    fn what_a_pod_has_is_a_warning() {
        let eip = |v4: &str| json!({"kind": "OvnEip", "spec": {"externalSubnet": "s", "v4Ip": v4}});
        cluster().warns(&eip("10.0.1.5"), &[&found("spec.v4Ip", "10.0.1.5", "web-0.shop")]);
        cluster().warns(&eip("fd00:0::5"), &[&found("spec.v4Ip", "fd00:0::5", "web-0.shop")]);
        cluster().accepts(&eip("10.0.1.8"));
        let elsewhere = json!({"kind": "OvnEip", "spec": {"externalSubnet": "t", "v4Ip": "10.0.1.5"}});
        cluster().accepts(&elsewhere);
        let hidden = json!({"disclose": "none"});
        let wanted = r#"spec.v4Ip: "10.0.1.5": another IP in Subnet "s" has it, and Kube-OVN gives it to nobody else until that is gone [subnet-address-unique]"#;
        cluster().settings(&hidden).warns(&eip("10.0.1.5"), &[wanted]);
    }

    #[test]
    fn from_a_cluster_they_are_read_where_the_settings_say_so() {
        let vip = json!({"kind": "Vip", "name": "v", "spec": {"subnet": "s", "v4ip": "10.0.1.5"}});
        cluster().seeing_all().accepts(&vip);
        let wanted = found("spec.v4ip", "10.0.1.5", "web-0.shop");
        cluster().seeing_all().settings(&json!({"readIPs": true})).warns(&vip, &[&wanted]);
    }

    #[test]
    fn a_gateways_own_pod_may_have_it() {
        let gateway = |name: &str, lan_ip: &str| json!({"kind": "VpcNatGateway", "name": name, "spec": {"vpc": "v", "subnet": "s", "lanIp": lan_ip}});
        cluster().accepts(&gateway("gate", "10.0.1.6"));
        cluster()
            .warns(&gateway("ate", "10.0.1.6"), &[&found("spec.lanIp", "10.0.1.6", "vpc-nat-gw-gate-0.kube-system")]);
        let egress = |namespace: &str| {
            json!({"kind": "VpcEgressGateway", "namespace": namespace, "name": "gate", "spec": {
                "vpc": "v", "internalSubnet": "s", "externalSubnet": "t", "internalIPs": ["10.0.1.7"]}})
        };
        cluster().accepts(&egress("shop"));
        cluster().warns(&egress("mail"), &[&found("spec.internalIPs[0]", "10.0.1.7", "gate-5d9-x2.shop")]);
    }

    #[test]
    fn a_pod_that_has_taken_a_vip_has_its_address() {
        let vip = |port: &str| {
            json!({"kind": "Vip", "name": "v", "labels": {"ovn.kubernetes.io/ip_reserved": port},
                   "spec": {"subnet": "s", "v4ip": "10.0.1.5"}})
        };
        cluster().accepts(&vip("web-0.shop"));
        cluster().warns(&vip("web-1.shop"), &[&found("spec.v4ip", "10.0.1.5", "web-0.shop")]);
    }

    fn pod(namespace: &str, name: &str, address: &str) -> Value {
        json!({"kind": "Pod", "namespace": namespace, "name": name, "annotations": {
            "ovn.kubernetes.io/logical_switch": "s", "ovn.kubernetes.io/ip_address": address}})
    }

    const KEY: &str = "metadata.annotations[ovn.kubernetes.io/ip_address]";

    fn taken(key: &str) -> String {
        format!(
            r#"{key}: "10.0.1.5": IP "web-0.shop" has 10.0.1.5 in Subnet "s", and Kube-OVN does not give it to a Pod then [subnet-address-unique]"#
        )
    }

    #[test]
    fn another_pod_has_it() {
        for pod in
            [pod("shop", "mail", "10.0.1.5"), pod("shop", "mail-0", "10.0.1.5"), pod("mail", "web-0", "10.0.1.5")]
        {
            cluster().warns(&pod, &[&taken(KEY)]);
        }
        cluster().accepts(&pod("shop", "mail", "10.0.1.8"));
    }

    #[test]
    fn one_that_takes_its_place_may_have_it() {
        for name in ["web-0", "web-1", "web-6d4c-abcde", "web-x"] {
            cluster().accepts(&pod("shop", name, "10.0.1.5"));
        }
        // Its name is to be made.
        cluster().accepts(&pod("shop", "", "10.0.1.5"));
        let mut allocated = pod("shop", "mail", "10.0.1.5");
        allocated["annotations"]["ovn.kubernetes.io/allocated"] = json!("true");
        cluster().accepts(&allocated);
        let workload = |name: &str| {
            json!({"kind": "StatefulSet", "namespace": "shop", "name": name, "spec": {"template": {"metadata": {"annotations": {
                "ovn.kubernetes.io/logical_switch": "s", "ovn.kubernetes.io/ip_pool": "10.0.1.5;10.0.1.8"}}}, "replicas": 2}})
        };
        cluster().accepts(&workload("web"));
        let key = "spec.template.metadata.annotations[ovn.kubernetes.io/ip_pool]";
        let wanted = taken(key).replace(r#""10.0.1.5":"#, r#""10.0.1.5;10.0.1.8":"#);
        cluster().warns(&workload("we"), &[&wanted]);
    }
}
