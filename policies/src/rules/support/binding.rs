//! Which Subnet Kube-OVN gives the Pods of a namespace that name none.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::inventory::{Answer, ClusterView};
use crate::kinds::{KubeOvn, Namespace, Subnet, Vpc};

/// What Kube-OVN computes for a namespace.
#[derive(Debug)]
pub(crate) enum Binding {
    /// Exactly one Subnet, and why.
    One(Arc<Subnet>, &'static str),
    /// One of several Subnets: which one depends on chance, or on what is free.
    Several,
    /// None, so the default Subnet of the default VPC.
    Fallback,
    /// It depends on labels of the namespace that are not known.
    Unknown,
}

impl Binding {
    /// Computes as Kube-OVN's controller does when it writes the namespace's annotation.
    pub(crate) fn of(
        name: &str,
        namespace: Option<&Namespace>,
        cluster: &dyn ClusterView,
        kube_ovn: &KubeOvn,
    ) -> Answer<Self> {
        let mut candidates: BTreeMap<String, (Arc<Subnet>, &'static str)> = BTreeMap::new();
        for subnet in cluster.subnets_binding(name, namespace.map(|namespace| &namespace.meta.labels))? {
            let listed = subnet.namespaces.iter().any(|listed| listed == name);
            if !listed && namespace.is_none() {
                return Ok(Binding::Unknown);
            }
            let because = if listed { "it lists the namespace" } else { "it selects the namespace" };
            candidates.insert(subnet.meta.name.clone(), (subnet, because));
        }
        let vpcs = cluster.vpcs_binding(name)?;
        let custom: Vec<_> = vpcs.iter().filter(|vpc| kube_ovn.is_custom_vpc(&vpc.meta.name)).collect();
        for vpc in &custom {
            if let Some(subnet) = own_default_subnet(vpc, cluster)? {
                candidates
                    .entry(subnet.meta.name.clone())
                    .or_insert((subnet, "it is the default of the namespace's VPC"));
            }
        }
        if candidates.is_empty() {
            return Self::by_default_flag(&custom, cluster);
        }
        let mut found = candidates.into_values();
        Ok(match (found.next(), found.next()) {
            (Some((subnet, because)), None) => Binding::One(subnet, because),
            _ => Binding::Several,
        })
    }

    /// The Subnet with `default: true` of the one custom VPC that lists the namespace.
    fn by_default_flag(vpcs: &[&Arc<Vpc>], cluster: &dyn ClusterView) -> Answer<Self> {
        let vpc = match vpcs {
            [] => return Ok(Binding::Fallback),
            [vpc] => vpc,
            _ => return Ok(Binding::Several),
        };
        let subnets = cluster.subnets_of_vpc(&vpc.meta.name)?;
        let mut defaults = subnets.into_iter().filter(|subnet| subnet.default);
        Ok(match (defaults.next(), defaults.next()) {
            (None, _) => Binding::Fallback,
            (Some(subnet), None) => Binding::One(subnet, "it is the default of the namespace's VPC"),
            _ => Binding::Several,
        })
    }
}

/// The Subnet in `spec.defaultSubnet`, which Kube-OVN ignores if it is of another VPC.
fn own_default_subnet(vpc: &Vpc, cluster: &dyn ClusterView) -> Answer<Option<Arc<Subnet>>> {
    let subnet = cluster.subnet(&vpc.default_subnet)?;
    Ok(subnet.filter(|subnet| subnet.vpc.as_ref() == Some(&vpc.meta.name)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Inventory;
    use crate::kinds::Kind;

    /// What is computed for namespace ns1, in short; with no Namespace object where no labels are given.
    fn binding(labels: Option<Value>, vpc: Value, subnets: &[(&str, Value)]) -> String {
        let mut cluster = Inventory::default();
        cluster.apply(Kind::Vpc, &json!({"metadata": {"name": "v"}, "spec": vpc}));
        for (name, spec) in subnets {
            cluster.apply(Kind::Subnet, &json!({"metadata": {"name": name}, "spec": spec}));
        }
        if let Some(labels) = labels {
            cluster.apply(Kind::Namespace, &json!({"metadata": {"name": "ns1", "labels": labels}}));
        }
        let cluster: &dyn ClusterView = &cluster;
        let namespace = cluster.namespace("ns1").unwrap();
        match Binding::of("ns1", namespace.as_deref(), cluster, &KubeOvn::default()).unwrap() {
            Binding::One(subnet, because) => format!("{} because {because}", subnet.meta.name),
            other => format!("{other:?}"),
        }
    }

    fn listing() -> Value {
        json!({"namespaces": ["ns1"]})
    }

    #[test]
    fn a_subnet_is_bound_by_name_by_label_or_by_default() {
        let selecting = json!({"vpc": "v", "namespaceSelectors": [{"matchLabels": {"team": "a"}}]});
        let listed = json!({"vpc": "v", "namespaces": ["ns1"]});
        let team = || Some(json!({"team": "a"}));
        assert_eq!(binding(team(), listing(), &[("s", listed.clone())]), "s because it lists the namespace");
        assert_eq!(binding(None, listing(), &[("s", listed.clone())]), "s because it lists the namespace");
        assert_eq!(binding(team(), listing(), &[("s", selecting.clone())]), "s because it selects the namespace");
        assert_eq!(binding(None, listing(), &[("s", selecting.clone())]), "Unknown");
        assert_eq!(binding(team(), listing(), &[("s", listed), ("t", selecting)]), "Several");
        let by_default = "s because it is the default of the namespace's VPC";
        let flagged = json!({"vpc": "v", "default": true});
        assert_eq!(binding(None, listing(), &[("s", flagged.clone())]), by_default);
        assert_eq!(binding(None, listing(), &[("s", flagged.clone()), ("t", flagged)]), "Several");
        let named = json!({"namespaces": ["ns1"], "defaultSubnet": "s"});
        assert_eq!(binding(None, named.clone(), &[("s", json!({"vpc": "v"}))]), by_default);
        assert_eq!(binding(None, named, &[("s", json!({"vpc": "w"}))]), "Fallback");
    }

    #[test]
    fn nothing_bound_is_the_default_vpc() {
        assert_eq!(binding(None, listing(), &[("s", json!({"vpc": "v"}))]), "Fallback");
        assert_eq!(binding(None, json!({}), &[("s", json!({"vpc": "v", "default": true}))]), "Fallback");
    }
}
