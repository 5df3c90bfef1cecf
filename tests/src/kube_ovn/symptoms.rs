//! What is wrong with an object, by what there is to see.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::mirror::Id;
use super::northbound::PodPort;
use super::observation::Observation;

impl Observation {
    /// What is wrong with an object as things stand, each as a line; none if it works as far as can be seen.
    pub fn symptoms(&self, object: &Value) -> Vec<String> {
        let id = Id::of(object);
        let mut symptoms = Vec::new();
        let Some(stored) = self.objects.get(&id) else { return vec!["not stored".to_owned()] };
        match id.kind.as_str() {
            "Vpc" => self.vpc(&id.name, stored, &mut symptoms),
            "Subnet" => self.subnet(&id.name, stored, &mut symptoms),
            "Pod" => self.pod(&id, stored, &mut symptoms),
            "SecurityGroup" => self.security_group(&id.name, stored, &mut symptoms),
            "VpcNatGateway" => self.nat_gateway(&id, stored, &mut symptoms),
            "IptablesEIP" => self.iptables_eip(object, stored, &mut symptoms),
            "IptablesFIPRule" | "IptablesDnatRule" | "IptablesSnatRule" => {
                self.iptables_rule(&id.kind, stored, &mut symptoms);
            }
            "OvnEip" => self.ovn_eip(&id, object, stored, &mut symptoms),
            "OvnFip" | "OvnDnatRule" | "OvnSnatRule" => self.ovn_rule(&id, stored, &mut symptoms),
            "Vip" => self.vip(&id, object, stored, &mut symptoms),
            "IPPool" => Self::ip_pool(stored, &mut symptoms),
            "SwitchLBRule" => self.switch_lb_rule(&id, stored, &mut symptoms),
            "QoSPolicy" => Self::qos_policy(object, stored, &mut symptoms),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "CronJob" => {
                let pod = id.made_pod();
                match self.objects.get(&pod) {
                    Some(stored) => self.pod(&pod, stored, &mut symptoms),
                    None => symptoms.push("no Pod".to_owned()),
                }
            }
            _ => ready(stored, &mut symptoms),
        }
        conditions(stored, &mut symptoms);
        let dropped = self.dropped.iter().filter(|line| id.kind != "Vpc" && has_word(line, &id.name));
        symptoms.extend(dropped.map(|line| format!("dropped {line}")));
        let unparsed = self.unparsed.iter().filter(|(expression, _)| has_word(expression, &id.name));
        symptoms.extend(unparsed.map(|(expression, reason)| format!("unparsed {expression}: {reason}")));
        symptoms
    }

    /// What was said against an object on the way: warnings, and errors in the controller's log, which are told by the name. What
    /// came right in the end has some too.
    pub fn said(&self, object: &Value) -> Vec<String> {
        let id = Id::of(object);
        // The Pods of a gateway and of a workload are called after it.
        let speaks = |line: &&String| has_word(line, &id.name);
        let events = self.events.iter().filter(speaks).map(|line| format!("event {line}"));
        events.chain(self.errors.iter().filter(speaks).map(|line| format!("error {line}"))).collect()
    }

    fn vpc(&self, name: &str, stored: &Value, symptoms: &mut Vec<String>) {
        if !self.northbound.has_router(name) {
            symptoms.push("no router".to_owned());
            return;
        }
        let of_router = format!("router {name} ");
        let lines = self.northbound.lines();
        let lines: Vec<&String> = lines.iter().filter(|line| line.starts_with(&of_router)).collect();
        let list = |key: &str| stored.pointer(&format!("/spec/{key}")).and_then(Value::as_array).into_iter().flatten();
        for route in list("staticRoutes") {
            let (to, via) = (text(route, "cidr"), text(route, "nextHopIP"));
            let by = if text(route, "policy") == "policySrc" { "src-ip" } else { "dst-ip" };
            // Kube-OVN leaves what a prefix says of hosts; OVN keeps it too.
            let row = format!(" {by} {to} via {via}");
            if !lines.iter().any(|line| line.contains(" route ") && line.ends_with(&row)) {
                symptoms.push(format!("no route {to} via {via}"));
            }
            self.dropped_for(name, [to, via], symptoms);
        }
        for policy in list("policyRoutes") {
            let (priority, is_match, action) = (
                policy.get("priority").and_then(Value::as_i64).unwrap_or_default(),
                text(policy, "match"),
                text(policy, "action"),
            );
            let mut hops: Vec<&str> =
                text(policy, "nextHopIP").split(',').map(str::trim).filter(|hop| !hop.is_empty()).collect();
            hops.sort_unstable();
            // OVN's column is a set.
            hops.dedup();
            let end = if hops.is_empty() { String::new() } else { format!(" {}", hops.join(",")) };
            if !lines.iter().any(|line| line.ends_with(&format!(" policy {priority} {is_match} {action}{end}"))) {
                symptoms.push(format!("no policy {priority} {is_match} {action}{end}"));
            }
            self.dropped_for(name, hops, symptoms);
            self.unparsed_match(is_match, symptoms);
        }
        self.vpc_outside(name, stored, symptoms);
        for peering in list("vpcPeerings") {
            let port = format!("router {name} port {name}-{} networks ", text(peering, "remoteVpc"));
            let row = lines.iter().find_map(|line| line.strip_prefix(&port));
            match row.and_then(|row| row.split_once(" peer ")) {
                None => symptoms.push(format!("no peering with {}", text(peering, "remoteVpc"))),
                Some((networks, _)) => {
                    let wanted = text(peering, "localConnectIP").split(',');
                    let missing = wanted.filter(|link| !networks.split(' ').any(|network| network == *link));
                    symptoms.extend(missing.map(|link| format!("the peering has not {link}")));
                }
            }
        }
    }

    /// Where a Vpc sends packets to nobody: a next hop in one of its Subnets that is the router's own address, or that no port has.
    pub fn black_holes(&self, vpc: &Value) -> Vec<String> {
        let name = Id::of(vpc).name;
        let mut found = Vec::new();
        let Some(stored) = self.objects.get(&Id::of(vpc)) else { return found };
        let list = |key: &str| stored.pointer(&format!("/spec/{key}")).and_then(Value::as_array).into_iter().flatten();
        let routes = list("staticRoutes").map(|route| (text(route, "cidr"), text(route, "nextHopIP")));
        let policies = list("policyRoutes").map(|policy| (text(policy, "match"), text(policy, "nextHopIP")));
        for (of, hop) in routes.chain(policies).filter(|(_, hop)| !hop.is_empty()) {
            let Ok(address) = hop.trim().parse::<IpAddr>() else { continue };
            let Some(subnet) = self.subnet_that_holds(&name, address) else { continue };
            if self.is_of_a_router(subnet, &address.to_string()) {
                found.push(format!("{of} via {hop}, which is the router's own"));
            } else if !self.ports_in(subnet).any(|had| is_same_address(had, hop)) {
                found.push(format!("{of} via {hop}, which nobody has"));
            }
        }
        found
    }

    /// The Subnet of a VPC in whose range an address is.
    fn subnet_that_holds(&self, vpc: &str, address: IpAddr) -> Option<&str> {
        let of_vpc = self
            .objects
            .iter()
            .filter(|(id, subnet)| id.kind == "Subnet" && subnet.pointer("/spec/vpc").is_some_and(|of| of == vpc));
        let mut holding = of_vpc.filter(|(_, subnet)| {
            let prefixes = subnet.pointer("/spec/cidrBlock").and_then(Value::as_str).unwrap_or_default().split(',');
            prefixes.filter_map(|prefix| prefix.trim().parse::<IpNet>().ok()).any(|prefix| prefix.contains(&address))
        });
        holding.next().map(|(id, _)| id.name.as_str())
    }

    /// The addresses that ports of Pods have in a switch.
    fn ports_in(&self, switch: &str) -> impl Iterator<Item = &String> {
        self.ports.iter().filter(move |port| port.switch == switch).flat_map(|port| &port.addresses)
    }

    /// What ovn-northd drops on a router, of what has one of these prefixes, next hops or priorities. What Kube-OVN adds by itself for
    /// a network that the router is not in is dropped too, and does no harm.
    fn dropped_for<'a>(&self, router: &str, words: impl IntoIterator<Item = &'a str>, symptoms: &mut Vec<String>) {
        let words: Vec<&str> = words.into_iter().collect();
        let on_router = |line: &str| !line.contains(" on router ") || has_word(line, router);
        // A part of an address is another address.
        let has = |line: &str, word: &str| line.split([' ', ';', ',']).any(|part| part == word);
        let speaks = |line: &&String| on_router(line) && words.iter().any(|word| has(line, word));
        let dropped = self.dropped.iter().filter(speaks).map(|line| format!("dropped {line}"));
        symptoms.extend(dropped.collect::<BTreeSet<_>>());
    }

    fn subnet(&self, name: &str, stored: &Value, symptoms: &mut Vec<String>) {
        let provider = stored.pointer("/spec/provider").and_then(Value::as_str).unwrap_or_default();
        if !(provider.is_empty() || provider.rsplit('.').next() == Some("ovn")) {
            return;
        }
        if !self.northbound.has_switch(name) {
            symptoms.push("no switch".to_owned());
            return;
        }
        let routers = self.northbound.routers_of_switch(name);
        let is_underlay = stored.pointer("/spec/vlan").and_then(Value::as_str).is_some_and(|vlan| !vlan.is_empty());
        if routers.is_empty() && !is_underlay {
            symptoms.push("no router port".to_owned());
        }
        if routers.len() > 1 {
            symptoms.push(format!("on several routers: {}", routers.into_iter().collect::<Vec<_>>().join(", ")));
        }
        let lines = self.northbound.lines();
        self.router_port(stored, &lines, symptoms);
        for vip in
            stored.pointer("/spec/vips").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            // Its port stands for nothing.
            if vip.parse::<IpAddr>().is_err() {
                symptoms.push(format!("the virtual address {vip:?} is none"));
            }
        }
        for acl in stored.pointer("/spec/acls").and_then(Value::as_array).into_iter().flatten() {
            let (direction, is_match, action) = (text(acl, "direction"), text(acl, "match"), text(acl, "action"));
            let of_subnet = |line: &&String| {
                line.starts_with(&format!("acl {name} {direction} ")) && line.ends_with(&format!(" {action}"))
            };
            if !lines.iter().filter(of_subnet).any(|line| line.contains(is_match)) {
                symptoms.push(format!("no ACL {direction} {is_match} {action}"));
            }
            self.unparsed_match(is_match, symptoms);
        }
    }

    /// Whether the router has the gateways of a Subnet, which Kube-OVN has completed.
    fn router_port(&self, stored: &Value, lines: &BTreeSet<String>, symptoms: &mut Vec<String>) {
        let (subnet, spec) = (Id::of(stored).name, stored.get("spec").unwrap_or(&Value::Null));
        let is_on_router = text(spec, "vlan").is_empty() || spec.get("logicalGateway") == Some(&Value::Bool(true));
        if !is_on_router || self.northbound.routers_of_switch(&subnet).is_empty() {
            return;
        }
        let port = format!(" port {}-{subnet} networks ", text(spec, "vpc"));
        let networks = lines
            .iter()
            .filter_map(|line| line.split_once(&port))
            .flat_map(|(_, networks)| networks.split_whitespace());
        let addresses: BTreeSet<IpAddr> =
            networks.filter_map(|network| network.split_once('/')?.0.parse().ok()).collect();
        let gateways = text(spec, "gateway").split(',').filter(|gateway| !gateway.is_empty());
        for gateway in gateways {
            if !gateway.parse().is_ok_and(|gateway: IpAddr| addresses.contains(&gateway)) {
                symptoms.push(format!("the router has not {gateway}"));
            }
        }
        for prefix in prefixes(spec) {
            if !addresses.iter().any(|address| prefix.contains(address)) {
                symptoms.push(format!("the router is not in {prefix}"));
            }
        }
    }

    /// Whether an expression of OVN does not parse, alone or in what Kube-OVN and ovn-northd make of it.
    fn unparsed_match(&self, is_match: &str, symptoms: &mut Vec<String>) {
        for (expression, reason) in &self.unparsed {
            let is_within = || !is_match.is_empty() && expression.contains(&format!("({is_match})"));
            if expression == is_match || is_within() {
                symptoms.push(format!("unparsed {is_match}: {reason}"));
            }
        }
    }

    fn pod(&self, id: &Id, stored: &Value, symptoms: &mut Vec<String>) {
        if stored.pointer("/spec/hostNetwork") == Some(&Value::Bool(true)) {
            return;
        }
        let ports: Vec<&PodPort> = self.ports_of(id).collect();
        if ports.is_empty() {
            symptoms.push("no port".to_owned());
        }
        symptoms.extend(
            ports.iter().filter(|port| port.addresses.is_empty()).map(|_| "port without an address".to_owned()),
        );
        let annotations = stored.pointer("/metadata/annotations").and_then(Value::as_object);
        if !annotations.is_some_and(|all| all.keys().any(|key| key.ends_with(".kubernetes.io/allocated"))) {
            symptoms.push("not allocated".to_owned());
        }
        for port in ports {
            let subnet = self.objects.get(&Id::cluster("Subnet", &port.switch)).and_then(|subnet| subnet.get("spec"));
            let addresses: Vec<IpAddr> = port.addresses.iter().filter_map(|address| address.parse().ok()).collect();
            let without = subnet.map(prefixes).unwrap_or_default();
            let without =
                without.into_iter().filter(|prefix| !addresses.iter().any(|address| prefix.contains(address)));
            symptoms
                .extend(without.filter(|_| !port.addresses.is_empty()).map(|prefix| format!("no address of {prefix}")));
            symptoms.extend(
                port.addresses
                    .iter()
                    .filter(|address| self.is_of_a_router(&port.switch, address))
                    .map(|address| format!("{address} is also the router's")),
            );
        }
    }

    /// Whether a router of a switch has this address.
    fn is_of_a_router(&self, switch: &str, address: &str) -> bool {
        let routers = self.northbound.routers_of_switch(switch);
        let has = |line: &String| {
            routers.iter().any(|router| line.starts_with(&format!("router {router} port {router}-{switch} "))) && {
                line.split_whitespace().any(|word| word.split('/').next() == Some(address) && word.contains('/'))
            }
        };
        self.northbound.lines().iter().any(has)
    }

    fn nat_gateway(&self, id: &Id, stored: &Value, symptoms: &mut Vec<String>) {
        let workload = self.objects.iter().find(|(of, _)| {
            (of.kind == "StatefulSet" || of.kind == "Deployment") && of.name.ends_with(&format!("-{}", id.name))
        });
        let Some((workload, made)) = workload else {
            symptoms.push("no workload".to_owned());
            return;
        };
        let pod = workload.made_pod();
        match self.objects.get(&pod) {
            Some(of) => self.pod(&pod, of, symptoms),
            None => symptoms.push("no Pod".to_owned()),
        }
        let spec = stored.get("spec").unwrap_or(&Value::Null);
        for wanted in text(spec, "lanIp").split(',').map(str::trim).filter(|address| !address.is_empty()) {
            let had: Vec<&String> = self.ports_of(&pod).flat_map(|port| &port.addresses).collect();
            if let Some(address) = had.first().filter(|_| !had.iter().any(|address| is_same_address(address, wanted))) {
                symptoms.push(format!("has {address}, not {wanted}"));
            }
        }
        Self::gateway_policy(stored, symptoms);
        for port in self.ports_of(&pod) {
            let vpc = self.vpc_of(&port.switch);
            if self.objects.contains_key(&Id::cluster("Subnet", &port.switch)) && vpc != text(spec, "vpc") {
                symptoms.push(format!("is in {} of {vpc}, not of {}", port.switch, text(spec, "vpc")));
            }
        }
        let nodes = made.pointer("/spec/template/spec/nodeSelector").and_then(Value::as_object);
        for entry in spec.get("selector").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let (key, value) = entry.split_once(':').unwrap_or((entry, ""));
            if nodes.and_then(|nodes| nodes.get(key.trim())).and_then(Value::as_str) != Some(value.trim()) {
                symptoms.push(format!("does not select nodes by {entry}"));
            }
        }
    }

    /// The ports of a Pod.
    pub fn ports_of(&self, pod: &Id) -> impl Iterator<Item = &PodPort> {
        let name = format!("{}/{}", pod.namespace, pod.name);
        self.ports.iter().filter(move |port| port.pod == name)
    }

    /// The VPC of a Subnet, as it is stored.
    pub fn vpc_of(&self, subnet: &str) -> String {
        let stored = self.objects.get(&Id::cluster("Subnet", subnet));
        let vpc = stored.and_then(|stored| stored.pointer("/spec/vpc")).and_then(Value::as_str).unwrap_or_default();
        vpc.to_owned()
    }
}

/// The prefixes of a Subnet's spec that can be read.
fn prefixes(spec: &Value) -> Vec<IpNet> {
    text(spec, "cidrBlock")
        .split(',')
        .filter_map(|prefix| prefix.trim().parse::<IpNet>().ok())
        .map(|prefix| prefix.trunc())
        .collect()
}

pub(super) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether two addresses are one, in whatever spelling.
pub(super) fn is_same_address(one: &str, other: &str) -> bool {
    let parsed = |text: &str| text.parse::<IpAddr>().map(|address| address.to_canonical());
    match (parsed(one), parsed(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Conditions that say that something is wrong: `Error` where it is true, the others where they are false.
fn conditions(stored: &Value, symptoms: &mut Vec<String>) {
    for condition in stored.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten() {
        let (of, status) = (text(condition, "type"), text(condition, "status"));
        let bad = if of == "Error" { "True" } else { "False" };
        if status == bad {
            symptoms.push(format!(
                "condition {of}={status} {}: {}",
                text(condition, "reason"),
                text(condition, "message")
            ));
        }
    }
}

/// Of a kind that has `status.ready`.
fn ready(stored: &Value, symptoms: &mut Vec<String>) {
    if stored.pointer("/status/ready") == Some(&Value::Bool(false)) {
        symptoms.push("not ready".to_owned());
    }
}

/// Whether a name stands in a line, and not as a part of a longer one.
pub(crate) fn has_word(line: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric();
    !name.is_empty()
        && line.match_indices(name).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at + name.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_a_word() {
        assert!(has_word("subnet a-1 is bad", "a-1"));
        assert!(has_word("default/a-1: bad", "a-1"));
        assert!(!has_word("subnet ba-1", "a-1"));
        assert!(!has_word("anything", ""));
    }

    #[test]
    fn what_is_not_stored_says_so() {
        let object = json!({"kind": "Vpc", "metadata": {"name": "a"}});
        assert_eq!(Observation::default().symptoms(&object), ["not stored"]);
    }

    #[test]
    fn conditions_are_bad_where_they_say_so() {
        let mut symptoms = Vec::new();
        let stored = json!({"status": {"conditions": [
            {"type": "Ready", "status": "False", "reason": "R", "message": "m"},
            {"type": "Validated", "status": "True"},
            {"type": "Error", "status": "True", "reason": "E", "message": "e"},
        ]}});
        conditions(&stored, &mut symptoms);
        assert_eq!(symptoms, ["condition Ready=False R: m", "condition Error=True E: e"]);
    }
}
