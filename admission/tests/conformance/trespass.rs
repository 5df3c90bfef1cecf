//! Who is in a VPC that is closed to its namespace, by what OVN and Kube-OVN hold.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;
use vpcguard_tests::kube_ovn::{Id, Observation};

/// A line for each: whose port, address or entry it is, and in which VPC.
pub(crate) fn all(observation: &Observation) -> Vec<String> {
    let closed = Closed::of(observation);
    let mut found = Vec::new();
    for port in &observation.ports {
        let namespace = port.pod.split('/').next().unwrap_or_default();
        if let Some(vpc) = closed.vpc_of_subnet(&port.switch, namespace) {
            found.push(format!("Pod {} has a port in {} of {vpc}", port.pod, port.switch));
        }
    }
    // An address may be of another Subnet than the port.
    for (id, pod) in observation.objects.iter().filter(|(id, _)| id.kind == "Pod") {
        for (subnet, address) in closed.addresses(observation, pod) {
            if let Some(vpc) = closed.vpc_of_subnet(subnet, &id.namespace) {
                found.push(format!("Pod {}/{} has the address {address} in {subnet} of {vpc}", id.namespace, id.name));
            }
        }
    }
    let lines = observation.northbound.lines();
    for (id, service) in observation.objects.iter().filter(|(id, _)| id.kind == "Service") {
        for line in lines
            .iter()
            .filter(|line| addresses_of(service).iter().any(|address| line.contains(&format!(" {address}:"))))
        {
            let balancer = line.split_whitespace().nth(2).unwrap_or_default();
            let vpc = closed.names().find(|vpc| balancer.starts_with(&format!("vpc-{vpc}-")));
            if let Some(vpc) = vpc.filter(|vpc| closed.is_closed(vpc, &id.namespace)) {
                found.push(format!("Service {}/{} is in the load balancer {balancer} of {vpc}", id.namespace, id.name));
            }
        }
    }
    found
}

/// The Vpcs with a list, and the Subnets, as they are stored.
struct Closed {
    open_to: BTreeMap<String, BTreeSet<String>>,
    subnets: BTreeMap<String, (String, Vec<IpNet>)>,
}

impl Closed {
    fn of(observation: &Observation) -> Self {
        let of_kind = |kind: &'static str| observation.objects.iter().filter(move |(id, _)| id.kind == kind);
        let mut open_to = BTreeMap::new();
        for (id, vpc) in of_kind("Vpc").filter(|(id, _)| id.name != "ovn-cluster") {
            let mut listed: BTreeSet<String> = strings(vpc.pointer("/spec/namespaces"));
            if listed.is_empty() {
                continue;
            }
            let guests = text(vpc, "/metadata/annotations/vpcguard.io~1guest-namespaces");
            listed.extend(guests.split(',').map(|guest| guest.trim().to_owned()));
            let gateways = of_kind("VpcNatGateway").filter(|(_, gateway)| text(gateway, "/spec/vpc") == id.name);
            listed.extend(gateways.map(|(_, gateway)| text(gateway, "/spec/namespace").to_owned()));
            // Kube-OVN makes its own Pods there.
            listed.insert("kube-system".to_owned());
            open_to.insert(id.name.clone(), listed);
        }
        let subnet = |(id, subnet): (&Id, &Value)| {
            let prefixes =
                text(subnet, "/spec/cidrBlock").split(',').filter_map(|prefix| prefix.trim().parse().ok()).collect();
            (id.name.clone(), (text(subnet, "/spec/vpc").to_owned(), prefixes))
        };
        Self { open_to, subnets: of_kind("Subnet").map(subnet).collect() }
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        self.open_to.keys()
    }

    fn is_closed(&self, vpc: &str, namespace: &str) -> bool {
        self.open_to.get(vpc).is_some_and(|listed| !listed.contains(namespace))
    }

    /// The VPC of a Subnet, if it is closed to a namespace.
    fn vpc_of_subnet(&self, subnet: &str, namespace: &str) -> Option<&str> {
        let (vpc, _) = self.subnets.get(subnet)?;
        self.is_closed(vpc, namespace).then_some(vpc)
    }

    /// The Subnets that a Pod has an address of, by the pools and the Vip that its annotations name: a pool, and its Subnet.
    fn addresses<'a>(&self, observation: &'a Observation, pod: &'a Value) -> Vec<(&'a str, &'a str)> {
        let annotations = pod.pointer("/metadata/annotations").and_then(Value::as_object);
        let mut found = Vec::new();
        for (key, value) in annotations.into_iter().flatten() {
            let kind = match key.rsplit('/').next() {
                Some("ip_pool") => "IPPool",
                Some("vip") => "Vip",
                _ => continue,
            };
            let provider = key.rsplit_once(".kubernetes.io/").map_or("", |(provider, _)| provider);
            let Some(had) = annotations
                .and_then(|all| all.get(&format!("{provider}.kubernetes.io/ip_address")))
                .and_then(Value::as_str)
            else {
                continue;
            };
            let named = observation.objects.get(&Id::cluster(kind, value.as_str().unwrap_or_default().trim()));
            let Some(subnet) = named.map(|named| text(named, "/spec/subnet")) else { continue };
            let Some((_, prefixes)) = self.subnets.get(subnet) else { continue };
            let holds = |address: &str| {
                address
                    .trim()
                    .parse::<IpAddr>()
                    .is_ok_and(|address| prefixes.iter().any(|prefix| prefix.contains(&address)))
            };
            found.extend(had.split(',').filter(|address| holds(address)).map(|address| (subnet, address)));
        }
        found
    }
}

/// The addresses at which a Service answers.
fn addresses_of(service: &Value) -> Vec<&str> {
    let of_cluster = text(service, "/spec/clusterIP");
    let by_annotation = text(service, "/metadata/annotations/ovn.kubernetes.io~1switch_lb_vip");
    by_annotation.split(',').chain([of_cluster]).filter(|address| !address.is_empty() && *address != "None").collect()
}

fn strings(list: Option<&Value>) -> BTreeSet<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
