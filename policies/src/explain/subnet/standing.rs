//! What stands in a Subnet: whatever takes addresses of it that is not a Pod, and the Pods.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::Surroundings;
use super::super::namespace::Standing;
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{
    EgressGateway, Ip, IptablesEip, Kind, KubeOvn, NatGateway, Object, ObjectRef, OvnEip, Subnet, SwitchLbRule, Typed,
    Vip, Vpc, VpcDns,
};
use crate::net::parse_ip;
use crate::text::quoted;

/// Gateways, addresses outside, Vips, name servers, load balancers and routers, in this order.
pub(super) fn of(subnet: &Subnet, cluster: &dyn ClusterView, kube_ovn: &KubeOvn) -> Answer<Vec<Standing>> {
    let name = &subnet.meta.name;
    let mut standing = Vec::new();
    let mut add = |object: ObjectRef, addresses: Vec<String>, what: String| {
        standing.push(Standing { object, addresses, what });
    };
    for object in cluster.all(Kind::VpcNatGateway)? {
        let Some(gateway) = NatGateway::of(&object) else { continue };
        if gateway.subnet == *name {
            add(
                gateway.reference(),
                addresses(&object, name),
                format!("NAT gateway of VPC {}, inside", quoted(&gateway.vpc)),
            );
        }
        if gateway.external_subnet() == name {
            add(gateway.reference(), Vec::new(), format!("NAT gateway of VPC {}, outside", quoted(&gateway.vpc)));
        }
    }
    for object in cluster.all(Kind::VpcEgressGateway)? {
        let Some(gateway) = EgressGateway::of(&object) else { continue };
        let vpc = kube_ovn.vpc_or_default(&gateway.vpc);
        let is_inside = gateway.effective_internal_subnet == *name
            || (gateway.effective_internal_subnet.is_empty()
                && cluster.vpc_until_gone(vpc)?.is_some_and(|vpc| vpc.default_subnet == *name));
        for (_, side) in [(is_inside, "inside"), (gateway.external_subnet == *name, "outside")]
            .into_iter()
            .filter(|(is_here, _)| *is_here)
        {
            add(
                gateway.reference(),
                addresses(&object, name),
                format!("egress gateway of VPC {}, {side}", quoted(vpc)),
            );
        }
    }
    for object in cluster.all(Kind::IptablesEip)? {
        let Some(eip) = IptablesEip::of(&object).filter(|eip| eip.external_subnet == *name) else { continue };
        add(eip.reference(), addresses(&object, name), format!("EIP of NAT gateway {}", quoted(&eip.nat_gateway)));
    }
    for object in cluster.all(Kind::OvnEip)? {
        let Some(eip) = OvnEip::of(&object).filter(|eip| eip.external_subnet == *name) else { continue };
        let what = match eip.usage.as_str() {
            "lrp" => "port of a VPC's router",
            "lsp" => "port of a gateway node",
            _ => "EIP by OVN",
        };
        add(eip.reference(), addresses(&object, name), what.to_owned());
    }
    for object in cluster.all(Kind::Vip)? {
        let Some(vip) = Vip::of(&object).filter(|vip| vip.subnet == *name) else { continue };
        let what = match (vip.taken_by(), vip.namespace.as_str()) {
            (Some(port), _) => format!("taken by the port {}", quoted(port)),
            (None, "") => "an address that is kept".to_owned(),
            (None, namespace) => format!("an address that is kept, for namespace {}", quoted(namespace)),
        };
        add(vip.reference(), addresses(&object, name), what);
    }
    for object in cluster.all(Kind::VpcDns)? {
        let Some(dns) = VpcDns::of(&object).filter(|dns| dns.subnet == *name) else { continue };
        add(dns.reference(), Vec::new(), format!("name servers of VPC {}", quoted(&dns.vpc)));
    }
    for object in cluster.all(Kind::SwitchLbRule)? {
        let Some(rule) = SwitchLbRule::of(&object) else { continue };
        // Where no annotation says, the VPC follows from the backends.
        if rule.network().is_some_and(|(_, switch)| switch == name) {
            let own = rule.vips.iter().filter(|vip| subnet.contains(**vip)).map(ToString::to_string);
            add(rule.reference(), own.collect(), "load balancer".to_owned());
        }
    }
    for object in cluster.all(Kind::Vpc)? {
        let Some(vpc) = Vpc::of(&object).filter(|vpc| vpc.external_subnets.contains(name)) else { continue };
        add(vpc.reference(), Vec::new(), "its router has a port here (spec.enableExternal)".to_owned());
    }
    Ok(standing)
}

/// The addresses that an object has of a Subnet, each once.
fn addresses(object: &Object, subnet: &str) -> Vec<String> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for claimed in object.claimed().into_iter().filter(|claimed| claimed.subnet == subnet) {
        if !addresses.contains(&claimed.first) {
            addresses.push(claimed.first);
        }
    }
    addresses.iter().map(ToString::to_string).collect()
}

/// The Pods, as they are found in manifests and as Kube-OVN has given them addresses: each network of one once.
pub(super) fn pods(subnet: &Subnet, surroundings: &Surroundings) -> Answer<Vec<Standing>> {
    let is_here = |text: &String| text.split(',').filter_map(parse_ip).any(|address| subnet.contains(address));
    let (mut pods, mut by_port) = (Vec::new(), BTreeMap::new());
    for mut pod in surroundings.pods_in(&subnet.meta.name)? {
        pod.addresses.retain(is_here);
        let what = match &pod.network {
            None => "primary network".to_owned(),
            Some((network, interface)) if interface.is_empty() => format!("network {}", quoted(network)),
            Some((network, interface)) => format!("network {} as {interface}", quoted(network)),
        };
        for port in pod.ports {
            // A port is the Pod's rather than that of the machine which makes the Pod.
            if pod.object.kind == Kind::Pod.name() || !by_port.contains_key(&port) {
                by_port.insert(port, pods.len());
            }
        }
        pods.push(Standing { object: pod.object, addresses: pod.addresses, what });
    }
    for ip in surroundings.ips.get(&subnet.meta.name).into_iter().flatten() {
        let addresses = addresses_of(ip);
        match by_port.get(&ip.meta.name).and_then(|at| pods.get_mut(*at)) {
            // Of several that it may take, it has this one.
            Some(known) if !addresses.is_empty() => known.addresses = addresses,
            Some(_) => {}
            None => {
                let object = if ip.pod_name.is_empty() || ip.namespace.is_empty() {
                    ip.reference()
                } else {
                    ObjectRef::namespaced(Kind::Pod, &ip.namespace, &ip.pod_name)
                };
                pods.push(Standing { object, addresses, what: format!("IP {}", quoted(&ip.meta.name)) });
            }
        }
    }
    pods.sort_by_cached_key(|pod| (called(&pod.object), pod.what.clone()));
    Ok(pods)
}

fn called(object: &ObjectRef) -> String {
    format!("{}/{}", object.namespace.as_deref().unwrap_or_default(), object.name)
}

fn addresses_of(ip: &Ip) -> Vec<String> {
    [&ip.v4_ip, &ip.v6_ip].into_iter().filter(|text| parse_ip(text).is_some()).cloned().collect()
}
