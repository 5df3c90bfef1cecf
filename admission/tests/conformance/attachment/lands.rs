//! Where each interface of a Pod lands, held against what `vpcguard explain pod` says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;
use vpcguard_policies::{
    Address, Choice, Chosen, ClusterView, Explanation, Inventory, Kind, Plugin, Request, Settings, explain,
};
use vpcguard_tests::isolation::Step;
use vpcguard_tests::kube_ovn::{Id, PodPort, World};

use super::case::Case;

/// What the explanation reads of the world.
const READ: &[&str] = &["Namespace", "Vpc", "Subnet", "NetworkAttachmentDefinition", "IPPool", "Vip"];

/// The provider of a primary network.
const PRIMARY: &str = "ovn";

/// What came of an interface, or of one that is not there.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Landing {
    /// In the one Subnet that is said.
    AsSaid,
    /// In one of several that are said.
    OneOfSeveral,
    /// Not there, where an address is asked for that may not be had, or where the explanation says what keeps it away.
    Doubtful,
    /// Not there, though it is said where it would be.
    Missing,
    /// There, and elsewhere than is said.
    Elsewhere,
}

impl Landing {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::AsSaid => "in the Subnet that is said",
            Self::OneOfSeveral => "in one of several that are said",
            Self::Doubtful => "no port: the Pod is blocked, or an address is asked for that may not be had",
            Self::Missing => "no port, though a Subnet is said",
            Self::Elsewhere => "elsewhere",
        }
    }

    pub(super) fn is_wrong(self) -> bool {
        matches!(self, Self::Missing | Self::Elsewhere)
    }
}

/// What is said of the interfaces of a Pod: by its provider, the Subnets of which one is its.
type Said = BTreeMap<String, BTreeSet<String>>;

/// The world as an explanation sees it.
pub(super) struct Seen(Inventory);

impl Seen {
    pub(super) fn of(world: &World) -> Self {
        Self::of_objects(READ.iter().flat_map(|kind| world.stored_of_kind(kind)))
    }

    fn of_objects(objects: impl IntoIterator<Item = Value>) -> Self {
        let mut inventory = Inventory::default();
        for object in objects {
            if let Some(kind) = Kind::of(&object) {
                inventory.apply(kind, &object);
            }
        }
        Self(inventory)
    }

    /// What came of each interface of a case that makes one Pod and does no more; nothing where it does something else, or says
    /// itself that it is attached.
    pub(super) fn landings(&self, case: &Case, ports: &[&PodPort]) -> Vec<(Landing, String)> {
        let Some(pod) = pod_of(case) else { return Vec::new() };
        // v1.16 does not choose the Subnet by the pool, of which the explanation has a note.
        let unpooled = without_pool(&pod).and_then(|pod| self.explained(pod));
        let Some(explanation) = self.explained(pod) else { return Vec::new() };
        let mut said = self.said(&explanation);
        for (provider, subnets) in unpooled.iter().flat_map(|unpooled| self.said(unpooled)) {
            said.entry(provider).and_modify(|known| known.extend(subnets));
        }
        let mut there = BTreeSet::new();
        let mut landings = Vec::new();
        for port in ports {
            let provider = provider_of(port);
            let of_it = said.get(provider);
            let landing = match of_it {
                Some(subnets) if subnets.contains(&port.switch) && subnets.len() > 1 => Landing::OneOfSeveral,
                Some(subnets) if subnets.contains(&port.switch) => Landing::AsSaid,
                _ => Landing::Elsewhere,
            };
            there.insert(provider);
            landings.push((landing, format!("{provider} is in {}, and is said to be in {of_it:?}", port.switch)));
        }
        // The first that gets no address keeps the others from theirs, and those before it have their ports.
        let landing = if explanation.blocked.is_empty() && takes_any_address(&explanation) {
            Landing::Missing
        } else {
            Landing::Doubtful
        };
        let missing = said.iter().filter(|(provider, _)| !there.contains(provider.as_str()));
        landings.extend(missing.map(|(provider, subnets)| (landing, format!("{provider} is in none of {subnets:?}"))));
        landings
    }

    /// Also of a Pod that never comes up: where its ports would be, and where those are that Kube-OVN makes before it fails.
    fn said(&self, explanation: &Explanation) -> Said {
        let mut said = Said::new();
        if let Some(provider) = explanation.primary.provider {
            let primary = &explanation.primary;
            said.insert(provider.to_owned(), self.subnets(explanation, &primary.subnets, primary.address.as_ref()));
        }
        for network in explanation.attached.iter().filter(|network| network.plugin == Plugin::KubeOvn) {
            if let Some(provider) = &network.provider {
                // Two networks may have one provider.
                let subnets = self.subnets(explanation, &network.subnets, network.address.as_ref());
                said.entry(provider.clone()).or_default().extend(subnets);
            }
        }
        said
    }

    /// The Subnets of an interface: those that are chosen, and where its address is one of another Subnet of the namespace, of
    /// which the explanation has a note, that one.
    fn subnets(&self, explanation: &Explanation, chosen: &[Choice], address: Option<&Address>) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = chosen.iter().map(|choice| choice.name.clone()).collect();
        let is_written =
            |address: &&Address| matches!(address.chosen, Chosen::Fixed | Chosen::FirstFree | Chosen::ByNumber);
        let texts = address.filter(is_written).into_iter().flat_map(|address| &address.addresses);
        let addresses: Vec<IpAddr> =
            texts.flat_map(|list| list.split(',')).filter_map(|text| text.parse().ok()).collect();
        let cluster: &dyn ClusterView = &self.0;
        let namespace = explanation.object.namespace.as_ref().and_then(|name| cluster.namespace(name).unwrap());
        for name in namespace.iter().flat_map(|namespace| namespace.logical_switches()) {
            let subnet = cluster.subnet_until_gone(name).unwrap();
            if subnet.is_some_and(|subnet| addresses.iter().any(|address| subnet.contains(*address))) {
                names.insert(name.to_owned());
            }
        }
        names
    }

    fn explained(&self, pod: Value) -> Option<Explanation> {
        explain(&Request::of_object(pod, None), &self.0, &Settings::default()).ok().flatten()
    }
}

/// The Pod without the pool of its primary network, where it names one.
fn without_pool(pod: &Value) -> Option<Value> {
    let mut without = pod.clone();
    without["metadata"]["annotations"].as_object_mut()?.remove("ovn.kubernetes.io/ip_pool")?;
    Some(without)
}

fn takes_any_address(explanation: &Explanation) -> bool {
    let all = explanation.attached.iter().map(|network| &network.address).chain([&explanation.primary.address]);
    all.flatten().all(|address| address.chosen == Chosen::Any)
}

/// The Pod, where a case creates one, or what makes one, and nothing else.
fn pod_of(case: &Case) -> Option<Value> {
    let [Step::Create(objects)] = case.steps.as_slice() else { return None };
    let [object] = objects.as_slice() else { return None };
    let is_made = object.pointer("/spec/template/spec").is_some();
    let mut pod = case.final_pod().filter(|_| is_made || object["kind"] == "Pod")?;
    if is_made {
        // A Vip says by this name who has it.
        pod["metadata"]["name"] = Id::of(object).made_pod().name.into();
    }
    let annotations = pod["metadata"]["annotations"].as_object()?;
    (!annotations.keys().any(|key| key.ends_with(".kubernetes.io/allocated"))).then_some(pod)
}

/// The provider in the name of a port: `POD.NAMESPACE.PROVIDER`, or without one.
fn provider_of(port: &PodPort) -> &str {
    let (namespace, name) = port.pod.split_once('/').unwrap_or_default();
    let rest = port.port.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')?.strip_prefix(namespace));
    rest.and_then(|rest| rest.strip_prefix('.')).unwrap_or(PRIMARY)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_vip_is_had_by_the_pod_of_a_workload() {
        let objects = [
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "amber"}}),
            json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "app"},
                "spec": {"vpc": "ovn-cluster", "cidrBlock": "10.0.0.0/24", "namespaces": ["amber"]}}),
            json!({"apiVersion": "kubeovn.io/v1", "kind": "Vip",
                "metadata": {"name": "own", "labels": {"ovn.kubernetes.io/ip_reserved": "case0-0.amber"}},
                "spec": {"subnet": "app", "namespace": "amber"}}),
        ];
        let template =
            json!({"metadata": {"annotations": {"ovn.kubernetes.io/vip": "own"}}, "spec": {"containers": []}});
        let case = Case::of(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "case0", "namespace": "amber"}, "spec": {"template": template}}));
        let port = |pod: &str| PodPort {
            port: format!("{pod}.amber"),
            pod: format!("amber/{pod}"),
            switch: "app".to_owned(),
            addresses: Vec::new(),
        };
        let landed = Seen::of_objects(objects).landings(&case, &[&port("case0-0")]);
        assert_eq!(landed.iter().map(|(landing, _)| *landing).collect::<Vec<_>>(), [Landing::AsSaid], "{landed:?}");
    }
}
