//! Warns of a Pod that takes an address of another namespace's IPPool.
//!
//! An IPPool that lists namespaces is theirs by default; Kube-OVN lets any Pod of the Subnet take its addresses nonetheless, by
//! the pool's name or by an address that lies in it. The namespaces that it was made for run out of addresses.
//!
//! ```yaml
//! # bad: the namespaces of IPPool web are [ns1]
//! kind: Pod
//! metadata:
//!   namespace: ns2
//!   annotations: {ovn.kubernetes.io/ip_pool: web}
//! # good: the same in namespace ns1
//! ```
//!
//! Take an address that is in no IPPool of others, or have the namespace listed in the IPPool.

use std::net::IpAddr;
use std::sync::Arc;

use crate::attach::{Asked, Primary, Providers};
use crate::context::Context;
use crate::finding::Finding;
use crate::kinds::{
    DEFAULT_NETWORK, IP_POOL_SUFFIX, IpPool, Kind, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, NETWORKS, PodTemplate, Subnet,
};
use crate::net::parse_ip;
use crate::policy::Policy;
use crate::reads::Read;
use crate::rules::support::listed::closed_vpc;
use crate::rules::{Check, Outcome, Rule};
use crate::settings::RuleAction;
use crate::view::Answer;

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-ip-pool-namespace",
    summary: "a Pod takes an address of an IPPool that is for other namespaces",
    default: RuleAction::Warn,
    isolates: true,
    firm: true,
    policy: Policy::PodAttachmentBinding,
    asks: &[Kind::Subnet, Kind::IpPool, Kind::Namespace, Kind::Vpc, Kind::VpcNatGateway],
    checks: &[Check::Pod(
        &[
            Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
            Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
            Read::PodAnnotationsEnding(IP_ADDRESS_SUFFIX),
            Read::PodAnnotation(NETWORKS),
            Read::PodAnnotation(DEFAULT_NETWORK),
            Read::PodField("spec.hostNetwork"),
        ],
        check,
    )],
};

const IP_ADDRESS_SUFFIX: &str = ".kubernetes.io/ip_address";
const HELP: &str = "Take an address that is in no IPPool of others, or have the namespace listed in the IPPool.";

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let takes = |key: &String| key.ends_with(IP_POOL_SUFFIX) || key.ends_with(IP_ADDRESS_SUFFIX);
    if pod.host_network || !pod.pod.annotations.keys().any(takes) {
        return Ok(());
    }
    let asked = Asked::by(pod, context.namespace, context.kube_ovn());
    if matches!(asked.primary, Primary::Switch(_) | Primary::Pool(_) | Primary::Namespace) {
        let subnets = match pod.pod.annotation(LOGICAL_SWITCH).filter(|name| !name.is_empty()) {
            Some(name) => context.cluster.subnet_until_gone(name)?.into_iter().collect(),
            None => of_namespace(context)?,
        };
        network(pod, "ovn", &subnets, context)?;
    }
    let mut providers = Providers::new(context.cluster);
    for listed in &asked.networks {
        let subnets: Vec<_> = match &listed.switch {
            Some((_, name)) => context.cluster.subnet_until_gone(name)?.into_iter().collect(),
            None => providers.of(listed)?.to_vec(),
        };
        network(pod, &listed.provider, &subnets, context)?;
    }
    Ok(())
}

/// The Subnets of the Pod's namespace, as Kube-OVN has written them there.
fn of_namespace(context: &Context<'_>) -> Answer<Vec<Arc<Subnet>>> {
    let mut subnets = Vec::new();
    if let Some(namespace) = context.cluster.namespace(context.namespace)? {
        for name in namespace.logical_switches() {
            subnets.extend(context.cluster.subnet_until_gone(name)?);
        }
    }
    Ok(subnets)
}

/// What one network of the Pod takes: by the name of a pool, or an address that one of the Subnets' pools holds.
fn network(pod: &PodTemplate, provider: &str, subnets: &[Arc<Subnet>], context: &mut Context<'_>) -> Outcome {
    for suffix in [IP_POOL_SUFFIX, IP_ADDRESS_SUFFIX] {
        let key = format!("{provider}{suffix}");
        let Some(value) = pod.pod.annotation(&key).map(str::trim).filter(|value| !value.is_empty()) else { continue };
        let addresses: Vec<IpAddr> = value.split([',', ';']).filter_map(|part| parse_ip(part.trim())).collect();
        if !addresses.is_empty() {
            for subnet in subnets {
                for pool in context.cluster.ip_pools_of_subnet(&subnet.meta.name)? {
                    if addresses.iter().any(|address| pool.holds(*address)) {
                        judge(pod, &key, value, &pool, context)?;
                    }
                }
            }
        } else if suffix == IP_POOL_SUFFIX
            && let Some(pool) = context.cluster.ip_pool_until_gone(value)?
        {
            judge(pod, &key, value, &pool, context)?;
        }
    }
    Ok(())
}

fn judge(pod: &PodTemplate, key: &str, value: &str, pool: &Arc<IpPool>, context: &mut Context<'_>) -> Outcome {
    if pool.namespaces.is_empty() || pool.namespaces.iter().any(|namespace| namespace == context.namespace) {
        return Ok(());
    }
    // A Subnet that is closed to the namespace is `pod-vpc-namespace`'s.
    let Some(subnet) = context.cluster.subnet_until_gone(&pool.subnet)? else { return Ok(()) };
    if closed_vpc(context.cluster, context.kube_ovn(), &subnet, context.namespace)?.is_some() {
        return Ok(());
    }
    let mentioned = context.mention(Kind::IpPool, &pool.meta.name);
    let listed = context.aside(&pool.namespaces.join(", "));
    let detail = format!("{mentioned} is for other namespaces than {:?}{listed}", context.namespace);
    let finding = Finding::forbidden(pod.annotation_path(key), value, detail)
        .identified_by(format!("{key} {}", pool.meta.name))
        .related(pool.reference(), None);
    context.deny(finding.help(HELP));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    const WEB: &str = r#"IPPool "web" is for other namespaces than "ns2" (ns1) [pod-ip-pool-namespace]"#;

    fn cluster() -> Cluster {
        let pool = |name: &str, ips: &str, namespaces: &[&str]| json!({"kind": "IPPool", "name": name, "spec": {"subnet": "net1", "ips": [ips], "namespaces": namespaces}});
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"cidrBlock": "10.0.0.0/24"}}))
            .with(pool("web", "10.0.0.10..10.0.0.20", &["ns1"]))
            .with(pool("all", "10.0.0.30..10.0.0.40", &[]))
    }

    fn pod(namespace: &str, annotations: &Value) -> Value {
        json!({"kind": "Pod", "namespace": namespace, "annotations": annotations})
    }

    #[test]
    fn anothers_pool_is_a_warning() {
        for (key, value) in [("ip_pool", "web"), ("ip_pool", "10.0.0.9,10.0.0.15"), ("ip_address", "10.0.0.20")] {
            let key = format!("ovn.kubernetes.io/{key}");
            let annotations = json!({"ovn.kubernetes.io/logical_switch": "net1", &key: value});
            cluster().warns(&pod("ns2", &annotations), &[&format!("metadata.annotations[{key}]: Forbidden: {WEB}")]);
            cluster().accepts(&pod("ns1", &annotations));
        }
        for (key, value) in [("ip_pool", "all"), ("ip_pool", "nowhere"), ("ip_address", "10.0.0.9")] {
            let key = format!("ovn.kubernetes.io/{key}");
            cluster().accepts(&pod("ns2", &json!({"ovn.kubernetes.io/logical_switch": "net1", key: value})));
        }
    }

    #[test]
    fn a_subnet_of_the_namespace_counts_without_one_of_the_pod() {
        let annotations = json!({"ovn.kubernetes.io/logical_switch": "net1"});
        let bound = cluster().with(json!({"kind": "Namespace", "name": "ns2", "annotations": annotations}));
        let wanted = format!("metadata.annotations[ovn.kubernetes.io/ip_address]: Forbidden: {WEB}");
        let asking = json!({"ovn.kubernetes.io/ip_address": "10.0.0.12"});
        bound.warns(&pod("ns2", &asking), &[&wanted]);
        cluster().accepts(&pod("ns2", &asking));
    }
}
