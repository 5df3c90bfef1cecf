//! A cluster or a folder as an explanation of a Subnet or a namespace needs it: with what no rule looks up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::{Chosen, Explainer, Networks, Numbered, pod_of, port};
use crate::capacity::Capacity;
use crate::inventory::{Answer, ClusterView, Inventory};
use crate::kinds::{Ip, Kind, Namespace, NatGateway, Object, ObjectRef, Subnet, Typed, Vpc, key};
use crate::request::Request;
use crate::settings::Settings;

/// See the module.
#[derive(Debug)]
pub struct Surroundings {
    pub(super) cluster: Inventory,
    pub(super) capacity: Capacity,
    pub(super) settings: Settings,
    /// The addresses that Kube-OVN has given to ports, by their Subnets.
    pub(super) ips: BTreeMap<String, Vec<Arc<Ip>>>,
    /// Pods, and what makes Pods; of several versions of one object the last.
    pods: BTreeMap<(Kind, String), Value>,
}

/// A Pod, or what makes Pods, in a Subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InSubnet {
    pub(super) object: ObjectRef,
    /// The network of the Pod, and its interface where that is given; none for the primary one.
    pub(super) network: Option<(String, String)>,
    /// Its addresses, as far as they are known before they are given out.
    pub(super) addresses: Vec<String>,
    /// What Kube-OVN may call its port there, and the IP of that; nothing where the Pod's name is not known.
    pub(super) ports: Vec<String>,
}

impl Surroundings {
    /// With an inventory that knows what it has all objects of.
    pub fn new(cluster: Inventory, settings: &Settings) -> Self {
        Self {
            cluster,
            capacity: Capacity::new(settings),
            settings: settings.clone(),
            ips: BTreeMap::new(),
            pods: BTreeMap::new(),
        }
    }

    /// Takes an object in.
    pub fn add(&mut self, object: &Value) {
        let Some(kind) = Kind::of(object) else { return };
        self.cluster.apply(kind, object);
        self.capacity.add(object);
        if kind == Kind::Ip {
            if let (Object::Ip(ip), _) = Object::read(kind, object, &self.settings.kube_ovn) {
                self.ips.entry(ip.subnet.clone()).or_default().push(ip);
            }
        } else if kind.has_pod_template() {
            let request = Request::of_object(object.clone(), None);
            self.pods.insert((kind, key(&request.namespace, &request.name)), request.object);
        }
    }

    /// The names of all Subnets.
    pub fn subnets(&self) -> Vec<String> {
        self.cluster.stored_subnets().map(|subnet| subnet.meta.name.clone()).collect()
    }

    /// The names of all namespaces that anything speaks of.
    ///
    /// # Errors
    ///
    /// None: what is asked is in memory.
    pub fn namespaces(&self) -> Answer<BTreeSet<String>> {
        let cluster: &dyn ClusterView = &self.cluster;
        let mut names: BTreeSet<String> = BTreeSet::new();
        names.extend(cluster.all(Kind::Namespace)?.iter().filter_map(Namespace::of).map(|own| own.meta.name.clone()));
        for vpc in cluster.all(Kind::Vpc)?.iter().filter_map(Vpc::of) {
            let others = vpc.guests().chain(vpc.egress_namespaces());
            names.extend(vpc.namespaces.iter().map(String::as_str).chain(others).map(str::to_owned));
        }
        names.extend(cluster.all(Kind::Subnet)?.iter().filter_map(Subnet::of).flat_map(|one| one.namespaces.clone()));
        names.extend(
            cluster.all(Kind::VpcNatGateway)?.iter().filter_map(NatGateway::of).map(|one| one.namespace.clone()),
        );
        for kind in [Kind::AttachmentDefinition, Kind::VpcEgressGateway] {
            names.extend(cluster.all(kind)?.iter().map(|object| object.meta().namespace.clone()));
        }
        names.extend(
            self.pods.keys().filter_map(|(_, key)| key.split_once('/')).map(|(namespace, _)| namespace.to_owned()),
        );
        names.remove("");
        Ok(names)
    }

    /// The Pods that are in a Subnet, or would be.
    pub(super) fn pods_in(&self, subnet: &str) -> Answer<Vec<InSubnet>> {
        let mut found = Vec::new();
        for ((kind, _), object) in &self.pods {
            let request = Request::of_object(object.clone(), None);
            let Some(reference) = request.object_ref() else { continue };
            let request_of_pod = pod_of(*kind, &request);
            let read = Object::read(Kind::Pod, &request_of_pod.object, &self.settings.kube_ovn).0;
            let Object::Pod(pod) = read else { continue };
            let mut explainer = Explainer::new(&pod, &request_of_pod.namespace, &self.cluster, &self.settings);
            explainer.numbered = Numbered::of(*kind, &request.object);
            let Networks { primary, attached } = explainer.networks(None)?;
            let own_name = matches!(kind, Kind::VirtualMachine | Kind::VirtualMachineInstance).then_some(&request.name);
            let primary = [(None, primary.provider.map(str::to_owned), primary.subnets, primary.address)];
            let attached = attached
                .into_iter()
                .map(|one| (Some((one.network, one.interface)), one.provider, one.subnets, one.address));
            for (network, provider, subnets, address) in primary.into_iter().chain(attached) {
                let Some(address) = address.filter(|_| subnets.iter().any(|choice| choice.name == subnet)) else {
                    continue;
                };
                let is_known = !matches!(address.chosen, Chosen::Pool | Chosen::Vip | Chosen::Any | Chosen::Nothing);
                let addresses = if is_known { address.addresses } else { Vec::new() };
                let provider = provider.unwrap_or_default();
                let ports = match own_name {
                    Some(machine) => vec![port(machine, &request.namespace, &provider)],
                    None => explainer.ports(&provider),
                };
                found.push(InSubnet { object: reference.clone(), network, addresses, ports });
            }
        }
        Ok(found)
    }
}
