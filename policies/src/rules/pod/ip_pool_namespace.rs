//! Warns of a Pod that takes an address of another namespace's IPPool.
//!
//! An IPPool that lists namespaces is theirs by default; Kube-OVN lets any Pod of the Subnet take its addresses nonetheless, by
//! the pool's name or by an address that lies in it. The namespaces that it was made for run out of addresses.
//!
//! ```yaml bad
//! # bad: IPPool web is for namespace blue
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: web}
//! spec: {subnet: apps, ips: [10.17.0.10..10.17.0.20], namespaces: [blue]}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: green
//!   annotations: {ovn.kubernetes.io/ip_pool: web}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IPPool
//! metadata: {name: web}
//! spec: {subnet: apps, ips: [10.17.0.10..10.17.0.20], namespaces: [blue]}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/ip_pool: web}
//! ```
//!
//! Take an address that is in no IPPool of others, or have the namespace listed in the IPPool.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::attach::{Attachments, Providers, subnets_of_namespace};
use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{
    DEFAULT_NETWORK, IP_ADDRESS_SUFFIX, IP_POOL_SUFFIX, IpPool, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, NETWORKS,
    PodTemplate, Subnet,
};
use crate::net::parse_ip;
use crate::rule::prelude::*;
use crate::rules::support::listed::ClosedVpcs;
use crate::rules::support::pools::Pools;
use crate::text::{quoted, shortened};

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-ip-pool-namespace",
    summary: "a Pod takes an address of an IPPool that is for other namespaces",
    default: RuleAction::Warn,
    isolates: true,
    firm: true,
    strict: false,
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

/// How many namespaces of an IPPool a message lists.
const MOST_LISTED: usize = 10;

const HELP: &str = "Take an address that is in no IPPool of others, or have the namespace listed in the IPPool.";

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let takes = |key: &String| key.ends_with(IP_POOL_SUFFIX) || key.ends_with(IP_ADDRESS_SUFFIX);
    if pod.host_network || !pod.pod.annotations.keys().any(takes) {
        return Ok(());
    }
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    let mut taking = Taking { pod, pools: BTreeMap::new(), foreign: BTreeMap::new(), vpcs: ClosedVpcs::new(context) };
    if asked.primary.is_kube_ovns() {
        let switch = pod.pod.annotation(LOGICAL_SWITCH).filter(|name| !name.is_empty());
        taking.network("ovn", switch.map_or(Source::Namespace, Source::Switch), context, of_namespace)?;
    }
    let mut providers = Providers::new(context.cluster);
    for listed in &asked.networks {
        let from = match &listed.switch {
            Some((_, name)) => Source::Switch(name),
            None => Source::Provider(listed.subnet_provider()),
        };
        taking.network(&listed.provider, from, context, |_| providers.of(listed))?;
    }
    Ok(())
}

fn of_namespace(context: &Context<'_>) -> Answer<Arc<[Arc<Subnet>]>> {
    Ok(subnets_of_namespace(context.namespace, context.cluster)?.into())
}

/// What says from which Subnets a network is served.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source<'p> {
    Namespace,
    Switch(&'p str),
    Provider(&'p str),
}

/// What a Pod takes of IPPools, and what is known of those.
struct Taking<'p, 'a> {
    pod: &'p PodTemplate,
    /// The IPPools of the Subnets that a network may be served from.
    pools: BTreeMap<Source<'p>, Pools>,
    /// Whether an IPPool is for others, each looked at once.
    foreign: BTreeMap<String, bool>,
    vpcs: ClosedVpcs<'a>,
}

impl<'p, 'a> Taking<'p, 'a> {
    /// What one network of the Pod takes: by the name of a pool, or an address that one of the Subnets' pools holds.
    fn network(
        &mut self,
        provider: &str,
        from: Source<'p>,
        context: &mut Context<'a>,
        others: impl FnOnce(&Context<'a>) -> Answer<Arc<[Arc<Subnet>]>>,
    ) -> Outcome {
        let taken = [IP_POOL_SUFFIX, IP_ADDRESS_SUFFIX].map(|suffix| {
            let key = format!("{provider}{suffix}");
            let value = self.pod.pod.annotation(&key).map(str::trim).filter(|value| !value.is_empty());
            value.map(|value| (suffix, key, value))
        });
        let taken: Vec<_> = taken.into_iter().flatten().collect();
        if taken.is_empty() {
            return Ok(());
        }
        if let Entry::Vacant(vacant) = self.pools.entry(from) {
            let subnets = match from {
                Source::Switch(name) => context.cluster.subnet_until_gone(name)?.into_iter().collect(),
                Source::Namespace | Source::Provider(_) => others(context)?,
            };
            let mut pools = Vec::new();
            for subnet in subnets.iter() {
                pools.extend(context.cluster.ip_pools_of_subnet(&subnet.meta.name)?);
            }
            vacant.insert(Pools::of(&pools));
        }
        for (suffix, key, value) in taken {
            let mut taken_of = BTreeMap::new();
            let mut are_addresses = false;
            for address in value.split([',', ';']).filter_map(|part| parse_ip(part.trim())) {
                are_addresses = true;
                self.pools.get(&from).into_iter().for_each(|pools| pools.holding(address, &mut taken_of));
            }
            let mut pools: Vec<_> = taken_of.into_values().cloned().collect();
            if !are_addresses && suffix == IP_POOL_SUFFIX {
                pools.extend(context.cluster.ip_pool_until_gone(value)?);
            }
            for pool in &pools {
                self.judge(&key, value, pool, context)?;
            }
        }
        Ok(())
    }

    fn judge(&mut self, key: &str, value: &str, pool: &Arc<IpPool>, context: &mut Context<'_>) -> Outcome {
        let name = &pool.meta.name;
        let is_foreign = match self.foreign.get(name) {
            Some(known) => *known,
            None => *self.foreign.entry(name.clone()).or_insert(is_foreign(pool, &mut self.vpcs, context)?),
        };
        if !is_foreign || context.has_enough(Action::Deny) {
            return Ok(());
        }
        let mentioned = context.mention(Kind::IpPool, name);
        let mut listed: Vec<_> =
            pool.namespaces.iter().take(MOST_LISTED).map(|namespace| shortened(namespace)).collect();
        if pool.namespaces.len() > MOST_LISTED {
            listed.push(format!("and {} more", pool.namespaces.len() - MOST_LISTED));
        }
        let listed = context.aside(&listed.join(", "));
        let detail = format!("{mentioned} is for other namespaces than {}{listed}", quoted(context.namespace));
        let finding = Finding::forbidden(self.pod.annotation_path(key), value, detail)
            .identified_by(format!("{key} {name}"))
            .related(pool.reference(), None);
        context.deny(finding.help(HELP));
        Ok(())
    }
}

/// Whether an IPPool is for other namespaces than the Pod's. A Subnet that is closed to it is `pod-vpc-namespace`'s.
fn is_foreign(pool: &IpPool, vpcs: &mut ClosedVpcs<'_>, context: &Context<'_>) -> Answer<bool> {
    if pool.namespaces.is_empty() || pool.namespaces.iter().any(|namespace| namespace == context.namespace) {
        return Ok(false);
    }
    let Some(subnet) = context.cluster.subnet_until_gone(&pool.subnet)? else { return Ok(false) };
    Ok(vpcs.of(&subnet)?.is_none())
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
            cluster().warns(&pod("ns2", &annotations), &[&format!("metadata.annotations[{key}]: {WEB}")]);
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
        let wanted = format!("metadata.annotations[ovn.kubernetes.io/ip_address]: {WEB}");
        let asking = json!({"ovn.kubernetes.io/ip_address": "10.0.0.12"});
        bound.warns(&pod("ns2", &asking), &[&wanted]);
        cluster().accepts(&pod("ns2", &asking));
    }
}
