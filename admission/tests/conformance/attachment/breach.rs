//! What must never be: something of a namespace in a VPC that is closed to it.

use std::collections::BTreeMap;

use serde_json::Value;
use vpcguard_tests::kube_ovn::{Id, Northbound, World};

use vpcguard_tests::isolation::Step;

use super::case::Case;
use super::facts::{SUBNETS, pod};
use super::oracle::{Reading, class, read};
use super::site::is_closed_to;

/// How somebody got in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    /// A port in the switch of a closed VPC's Subnet.
    Port,
    /// An address of such a Subnet.
    Address,
    /// A Vip of such a Subnet.
    Vip,
    /// An entry in a load balancer of a closed VPC.
    Balancer,
    /// A port of somebody in the VPC that is now elsewhere.
    Taken,
}

/// Somebody who got in.
#[derive(Clone, Debug)]
pub(super) struct Breach {
    pub(super) kind: Kind,
    /// The network, for ports and addresses.
    provider: String,
    pub(super) seen: String,
}

/// Whose an object is: the index of its case.
#[derive(Default)]
pub(super) struct Owners(BTreeMap<Id, usize>);

impl Owners {
    pub(super) fn extend(&mut self, ids: impl Iterator<Item = (Id, usize)>) {
        self.0.extend(ids);
    }

    /// By `NAMESPACE/NAME`.
    pub(super) fn of_pod(&self, pod: &str) -> Option<usize> {
        let (namespace, name) = pod.split_once('/')?;
        self.0.get(&Id { kind: "Pod".to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }).copied()
    }

    fn pods(&self) -> impl Iterator<Item = (&Id, usize)> {
        self.0.iter().filter(|(id, _)| id.kind == "Pod").map(|(id, index)| (id, *index))
    }

    fn services(&self) -> impl Iterator<Item = (&Id, usize)> {
        self.0.iter().filter(|(id, _)| id.kind == "Service").map(|(id, index)| (id, *index))
    }
}

/// All breaches, by case.
pub(super) fn breaches(
    world: &World,
    northbound: &Northbound,
    owners: &Owners,
    homes: &BTreeMap<String, String>,
) -> BTreeMap<usize, Vec<Breach>> {
    let mut found: BTreeMap<usize, Vec<Breach>> = BTreeMap::new();
    let mut add = |index: usize, kind, provider: &str, seen| {
        found.entry(index).or_default().push(Breach { kind, provider: provider.to_owned(), seen });
    };
    let ports = northbound.pods();
    for port in &ports {
        let (Some(index), Some((namespace, name))) = (owners.of_pod(&port.pod), port.pod.split_once('/')) else {
            continue;
        };
        let rest = port.port.strip_prefix(&format!("{name}.{namespace}")).unwrap_or_default();
        let provider = rest.strip_prefix('.').unwrap_or("ovn");
        let seen = format!("port {} in {} with {}", port.port, port.switch, port.addresses.join(" "));
        if is_closed_to(world, &port.switch, namespace) {
            add(index, Kind::Port, provider, seen);
        } else if port
            .addresses
            .iter()
            .filter_map(|address| subnet_of(address))
            .any(|subnet| is_closed_to(world, subnet, namespace))
        {
            add(index, Kind::Address, provider, seen);
        }
    }
    for vip in world.stored_of_kind("Vip") {
        let text = |pointer| vip.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let reserved = text("/metadata/labels/ovn.kubernetes.io~1ip_reserved");
        let holder = owners.pods().find(|(id, _)| format!("{}.{}", id.name, id.namespace) == reserved);
        if let Some((id, index)) = holder.filter(|(id, _)| is_closed_to(world, text("/spec/subnet"), &id.namespace)) {
            add(
                index,
                Kind::Vip,
                "",
                format!("Vip {} reserved for {}/{}", text("/metadata/name"), id.namespace, id.name),
            );
        }
    }
    let lines = northbound.lines();
    for (id, index) in owners.services() {
        let stored = world.stored(id).unwrap_or_default();
        let address = stored.pointer("/spec/clusterIP").and_then(Value::as_str).unwrap_or("none");
        let is_foreign = |line: &&String| {
            let vpc = line.strip_prefix("load balancer vpc-").and_then(|rest| rest.split_once('-')).map(|(vpc, _)| vpc);
            vpc.is_some_and(|vpc| super::facts::is_closed(vpc, &id.namespace)) && line.contains(&format!(" {address}:"))
        };
        // An address that it names itself is whose it may be.
        let named = stored.pointer("/metadata/annotations/ovn.kubernetes.io~1switch_lb_vip").and_then(Value::as_str);
        let is_named = |line: &&String| {
            line.starts_with("load balancer ") && named.is_some_and(|vip| line.contains(&format!(" {vip}:")))
        };
        if let Some(line) = lines.iter().find(|line| is_foreign(line) || is_named(line)) {
            add(index, Kind::Balancer, "", line.clone());
        }
    }
    for (home, switch) in homes {
        let now = ports.iter().find(|port| port.port == *home);
        if now.is_none_or(|port| port.switch != *switch) {
            let is_namesake = |(id, _): &(&Id, usize)| home.starts_with(&format!("{}.{}", id.name, id.namespace));
            let by = now
                .and_then(|port| owners.of_pod(&port.pod))
                .or_else(|| owners.pods().find(is_namesake).map(|(_, index)| index));
            if let Some(index) = by {
                add(index, Kind::Taken, "", format!("port {home} is no longer in {switch}"));
            }
        }
    }
    found
}

fn subnet_of(address: &str) -> Option<&'static str> {
    let number: u8 = address.strip_prefix("172.")?.split('.').next()?.parse().ok()?;
    SUBNETS.iter().find(|(_, _, _, of, _)| *of == number).map(|(name, ..)| *name)
}

/// A stable name of the way by which somebody got in. `admits` says whether vpcguard would admit a new object.
pub(super) fn way(case: &Case, breach: &Breach, admits: impl Fn(&Value) -> bool) -> &'static str {
    // A way of its own, whatever is written there.
    if case.uses_status() {
        return "pods-status";
    }
    match breach.kind {
        Kind::Taken => return "port-name-taken",
        Kind::Vip => return "vip",
        Kind::Balancer => return balancer(case),
        Kind::Port | Kind::Address => {}
    }
    let did = |what: fn(&Step) -> bool| case.steps.iter().skip(1).any(what);
    let Some(pod) = case.final_pod() else { return "unforeseen" };
    if case.object()["kind"] == "Namespace" {
        return "namespace-list";
    }
    if did(|step| matches!(step, Step::Make(_))) {
        return "unresolvable-then-made";
    }
    if did(|step| matches!(step, Step::Delete(_))) {
        return "deleting-pod";
    }
    if did(|step| matches!(step, Step::Merge(_) | Step::Replace(_))) && !admits(&pod_alone(&pod)) {
        return "update-of-admitted";
    }
    let Reading::Nets(nets) = read(&pod) else { return "unforeseen" };
    if breach.kind == Kind::Address {
        return match class(&pod) {
            way @ ("vip" | "pool") => way,
            _ if pod.pointer("/metadata/annotations/ovn.kubernetes.io~1vip").is_some() => "vip",
            _ => "unforeseen",
        };
    }
    nets.iter().find(|net| net.provider == breach.provider).map_or("unforeseen", |net| net.way)
}

fn pod_alone(of: &Value) -> Value {
    let namespace = of["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut alone = pod(namespace, "case0", &of["metadata"]["annotations"]);
    vpcguard_tests::kube_ovn::bind(&mut alone);
    alone
}

fn balancer(case: &Case) -> &'static str {
    let of_kind = |kind: &str| case.objects().filter(move |object| object["kind"] == kind).collect::<Vec<_>>();
    let leads_away = |slice: &&Value| {
        let endpoints = slice["endpoints"].as_array().into_iter().flatten();
        endpoints.into_iter().any(|endpoint| {
            endpoint["targetRef"]["namespace"].as_str().is_some_and(|of| of != slice["metadata"]["namespace"])
        })
    };
    if of_kind("EndpointSlice").iter().any(leads_away) {
        "slice-target"
    } else if of_kind("Service").iter().any(|service| service["metadata"].get("annotations").is_some()) {
        "service-annotation"
    } else if of_kind("Pod").iter().any(|pod| pod["spec"]["hostNetwork"] == true) {
        "hostnetwork-router"
    } else {
        "pod-router"
    }
}
