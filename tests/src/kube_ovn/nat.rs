//! What is wrong with addresses outside, the rules that translate to them, and limits: by rows of OVN, by what NAT gateways were told,
//! and by what Kube-OVN says is ready.

use serde_json::Value;

use super::mirror::Id;
use super::observation::Observation;
use super::symptoms::{is_same_address, text};

impl Observation {
    /// Whether the router is in the Subnets outside, and has its port for BFD.
    pub(super) fn vpc_outside(&self, name: &str, stored: &Value, symptoms: &mut Vec<String>) {
        let lines = self.northbound.lines();
        let has = |port: &str| {
            let port = format!("router {name} port {port} networks ");
            lines
                .iter()
                .find_map(|line| line.strip_prefix(&port))
                .map(|rest| rest.split(" peer ").next().unwrap_or(rest))
        };
        let spec = stored.get("spec").unwrap_or(&Value::Null);
        if spec.get("enableExternal") == Some(&Value::Bool(true)) {
            let named = spec.get("extraExternalSubnets").and_then(Value::as_array);
            let named = named.map_or_else(|| vec!["external"], |all| all.iter().filter_map(Value::as_str).collect());
            let there = named.iter().filter(|subnet| self.objects.contains_key(&Id::cluster("Subnet", subnet)));
            let without = there.filter(|subnet| has(&format!("{name}-{subnet}")).is_none());
            symptoms.extend(without.map(|subnet| format!("no port in {subnet}")));
        }
        if let Some(bfd) = spec.get("bfdPort").filter(|bfd| bfd.get("enabled") == Some(&Value::Bool(true))) {
            let networks = has(&format!("bfd@{name}")).unwrap_or_default();
            let had: Vec<&str> = networks.split_whitespace().filter_map(|network| network.split('/').next()).collect();
            let asked = text(bfd, "ip").split(',').map(str::trim);
            symptoms.extend(
                asked
                    .filter(|ip| !had.iter().any(|address| is_same_address(address, ip)))
                    .map(|ip| format!("no port for BFD with {ip:?}")),
            );
        }
    }

    /// Whether a NAT gateway has the limits of its policy.
    pub(super) fn gateway_policy(stored: &Value, symptoms: &mut Vec<String>) {
        let of = |part: &str| stored.get(part).map(|part| text(part, "qosPolicy")).unwrap_or_default();
        if of("spec") != of("status") {
            symptoms.push(format!("policy {:?} is not in use, but {:?}", of("spec"), of("status")));
        }
    }

    /// Whether an EIP of a NAT gateway has the address that was asked for, and its gateway was told of it.
    pub(super) fn iptables_eip(&self, object: &Value, stored: &Value, symptoms: &mut Vec<String>) {
        is_ready(stored, symptoms);
        let has = stored.pointer("/status/ip").and_then(Value::as_str).unwrap_or_default();
        asked_for(object, &[("v4ip", has)], symptoms);
        let spec = stored.get("spec").unwrap_or(&Value::Null);
        self.told(text(spec, "natGwDp"), &format!("eip-add {has}/"), symptoms);
        // What gives no limit is told to nobody.
        let policy = self.objects.get(&Id::cluster("QoSPolicy", text(spec, "qosPolicy")));
        for limit in
            policy.and_then(|policy| policy.pointer("/spec/bandwidthLimitRules")?.as_array()).into_iter().flatten()
        {
            self.told(text(spec, "natGwDp"), &format!("eip-{}-qos-add {has},", text(limit, "direction")), symptoms);
        }
    }

    /// Whether a rule of a NAT gateway was told to it, with the address of its EIP.
    pub(super) fn iptables_rule(&self, kind: &str, stored: &Value, symptoms: &mut Vec<String>) {
        is_ready(stored, symptoms);
        let spec = stored.get("spec").unwrap_or(&Value::Null);
        let field = |key| text(spec, key);
        let eip = self.objects.get(&Id::cluster("IptablesEIP", field("eip"))).unwrap_or(&Value::Null);
        let outside = eip.pointer("/status/ip").and_then(Value::as_str).unwrap_or_default();
        let command = match kind {
            "IptablesFIPRule" => format!("floating-ip-add {outside},{}", field("internalIp")),
            "IptablesDnatRule" => format!(
                "dnat-add {outside},{},{},{},{}",
                field("externalPort"),
                field("protocol"),
                field("internalIp"),
                field("internalPort")
            ),
            _ => format!("snat-add {outside},{}", field("internalCIDR")),
        };
        self.told(eip.pointer("/spec/natGwDp").and_then(Value::as_str).unwrap_or_default(), &command, symptoms);
    }

    /// Whether a NAT gateway was told such a command.
    pub(super) fn told(&self, gateway: &str, command: &str, symptoms: &mut Vec<String>) {
        let pod = format!("vpc-nat-gw-{gateway}-0 {command}");
        if !self.told.iter().any(|line| line.contains(&pod)) {
            symptoms.push(format!("nobody told the gateway {command}"));
        }
    }

    /// Whether an OvnEip has the addresses that were asked for.
    pub(super) fn ovn_eip(&self, id: &Id, object: &Value, stored: &Value, symptoms: &mut Vec<String>) {
        let status = stored.get("status").unwrap_or(&Value::Null);
        if text(status, "macAddress").is_empty() {
            symptoms.push("no address".to_owned());
        }
        asked_for(object, &[("v4Ip", text(status, "v4Ip")), ("v6Ip", text(status, "v6Ip"))], symptoms);
        let port = format!(" port {} ", id.name);
        let spec = stored.get("spec").unwrap_or(&Value::Null);
        if text(spec, "type") == "lsp" && !self.northbound.lines().iter().any(|line| line.contains(&port)) {
            symptoms.push("no port".to_owned());
        }
    }

    /// Whether a rule of OVN has its rows, with all addresses of its `OvnEip`.
    pub(super) fn ovn_rule(&self, id: &Id, stored: &Value, symptoms: &mut Vec<String>) {
        is_ready(stored, symptoms);
        let spec = stored.get("spec").unwrap_or(&Value::Null);
        let eip = self.objects.get(&Id::cluster("OvnEip", text(spec, "ovnEip"))).unwrap_or(&Value::Null);
        let lines = self.northbound.lines();
        let mut families = 0;
        for (family, key) in ["v4Ip", "v6Ip"].into_iter().enumerate() {
            let outside = eip.pointer(&format!("/status/{key}")).and_then(Value::as_str).unwrap_or_default();
            let inside = self.inside(&id.kind, spec, family).filter(|_| !outside.is_empty());
            let Some(inside) = inside else { continue };
            families += 1;
            let row = match id.kind.as_str() {
                "OvnFip" => format!(" nat dnat_and_snat {outside} {inside}"),
                "OvnSnatRule" => format!(" nat snat {outside} {inside}"),
                _ => {
                    let at = |address: &str, port: &str| match family {
                        0 => format!("{address}:{}", text(spec, port)),
                        _ => format!("[{address}]:{}", text(spec, port)),
                    };
                    let (from, to) = (at(outside, "externalPort"), at(&inside, "internalPort"));
                    format!("load balancer {} {from} to {to} on {}", id.name, text(spec, "vpc"))
                }
            };
            if !lines.iter().any(|line| line.contains(&row)) {
                symptoms.push(format!("no row {}", row.trim_start()));
            }
        }
        if families == 0 {
            symptoms.push("no address outside for any inside".to_owned());
        }
    }

    /// What a rule of OVN leads to, or what it is for, in a family: by itself, by a Subnet, a Vip or an IP, which is called as the port
    /// of its Pod.
    fn inside(&self, kind: &str, spec: &Value, family: usize) -> Option<String> {
        let of_family = |all: &str| {
            let mut parts = all.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.find(|part| part.contains(':') == (family == 1)).map(str::to_owned)
        };
        let written = |key: &str| Some(text(spec, key)).filter(|written| !written.is_empty()).map(str::to_owned);
        let name = text(spec, "ipName");
        let named = || {
            let vip = self.objects.get(&Id::cluster("Vip", name)).filter(|_| text(spec, "ipType") == "vip");
            match vip.and_then(|vip| vip.get("status")) {
                Some(status) => of_family(&format!("{},{}", text(status, "v4ip"), text(status, "v6ip"))),
                None => of_family(&self.ports.iter().find(|port| port.port == name)?.addresses.join(",")),
            }
        };
        let (address, prefix) = if family == 0 { ("v4Ip", "v4IpCidr") } else { ("v6Ip", "v6IpCidr") };
        match kind {
            "OvnSnatRule" if !text(spec, "v4IpCidr").is_empty() => written(prefix),
            "OvnSnatRule" => {
                let subnet = self.objects.get(&Id::cluster("Subnet", text(spec, "vpcSubnet")));
                subnet.and_then(|subnet| of_family(text(subnet.get("spec")?, "cidrBlock"))).or_else(named)
            }
            _ if !name.is_empty() => named(),
            _ => written(address),
        }
    }

    /// Whether a Vip has the addresses that were asked for, and one of a load balancer its port.
    pub(super) fn vip(&self, id: &Id, object: &Value, stored: &Value, symptoms: &mut Vec<String>) {
        let status = stored.get("status").unwrap_or(&Value::Null);
        if text(status, "mac").is_empty() {
            symptoms.push("no address".to_owned());
        }
        let had = [("v4ip", text(status, "v4ip")), ("v6ip", text(status, "v6ip")), ("macAddress", text(status, "mac"))];
        asked_for(object, &had, symptoms);
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let switch = format!("switch {} port {}", text(spec, "subnet"), id.name);
        let has_port = || self.northbound.lines().iter().any(|line| line.starts_with(&switch));
        if !["", "switch_lb_vip", "kube_host_vm_vip"].contains(&text(spec, "type")) {
            symptoms.push(format!("{:?} is no type that makes a port", text(spec, "type")));
        } else if !text(spec, "type").is_empty() && !has_port() {
            symptoms.push("no port".to_owned());
        }
    }

    /// Whether there are addresses in a pool.
    pub(super) fn ip_pool(stored: &Value, symptoms: &mut Vec<String>) {
        let counts = ["v4AvailableIPs", "v4UsingIPs", "v6AvailableIPs", "v6UsingIPs"];
        let is_some = |key: &&str| {
            let count = stored.get("status").and_then(|status| status.get(*key));
            count.is_some_and(|count| !count.is_null() && *count != 0 && *count != "0")
        };
        if !counts.iter().any(is_some) {
            symptoms.push("no address is in it".to_owned());
        }
    }

    /// Whether Kube-OVN has taken a policy as it is written.
    pub(super) fn qos_policy(object: &Value, stored: &Value, symptoms: &mut Vec<String>) {
        for key in ["shared", "bindingType", "bandwidthLimitRules"] {
            let of = |object: &Value, part: &str| {
                let value = object.get(part).and_then(|part| part.get(key)).cloned().unwrap_or(Value::Null);
                if [Value::Bool(false), "".into(), Value::Array(Vec::new())].contains(&value) {
                    Value::Null
                } else {
                    value
                }
            };
            let (asked, taken) = (plainly(of(object, "spec")), plainly(of(stored, "status")));
            if asked != taken {
                symptoms.push(format!("{key} {asked} is not taken"));
            }
        }
    }
}

/// Without fields that say nothing, in the order of names.
fn plainly(value: Value) -> Value {
    let says_nothing = |value: &Value| value.is_null() || *value == "" || *value == 0;
    match value {
        Value::Array(mut limits) => {
            limits.sort_by_key(|limit| text(limit, "name").to_owned());
            limits.into_iter().map(plainly).collect()
        }
        Value::Object(fields) => Value::Object(fields.into_iter().filter(|(_, value)| !says_nothing(value)).collect()),
        other => other,
    }
}

/// A rule that is not said to be ready.
fn is_ready(stored: &Value, symptoms: &mut Vec<String>) {
    if stored.pointer("/status/ready") != Some(&Value::Bool(true)) {
        symptoms.push("not ready".to_owned());
    }
}

/// Addresses of a spec that are not the ones that are had.
fn asked_for(object: &Value, had: &[(&str, &str)], symptoms: &mut Vec<String>) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    for (key, has) in had {
        let asked = text(spec, key);
        if !asked.is_empty() && !has.is_empty() && !is_same_address(asked, has) {
            symptoms.push(format!("has {has}, not {asked}"));
        } else if !asked.is_empty() && has.is_empty() {
            symptoms.push(format!("has not {asked}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_is_taken_as_it_is_written() {
        let policy = |limits: Value| json!({"spec": {"bindingType": "EIP", "bandwidthLimitRules": limits}});
        let written = policy(json!([{"name": "b", "rateMax": "1", "matchType": ""}, {"name": "a"}]));
        let stored = json!({"status": {"shared": false, "bindingType": "EIP", "bandwidthLimitRules": [{"name": "a", "priority": 0}, {"name": "b", "rateMax": "1"}]}});
        let mut symptoms = Vec::new();
        Observation::qos_policy(&written, &stored, &mut symptoms);
        assert!(symptoms.is_empty(), "{symptoms:?}");
        Observation::qos_policy(&written, &json!({"status": {"bindingType": "EIP"}}), &mut symptoms);
        assert_eq!(symptoms.len(), 1);
    }

    #[test]
    fn an_eip_has_what_it_asks_for() {
        let object = json!({"spec": {"natGwDp": "g", "v4ip": "192.0.2.9"}});
        let stored = json!({"spec": {"natGwDp": "g"}, "status": {"ready": true, "ip": "192.0.2.9"}});
        let told = |command: &str| Observation { told: vec![command.to_owned()], ..Observation::default() };
        let mut symptoms = Vec::new();
        told("kube-system/vpc-nat-gw-g-0 eip-add 192.0.2.9/24").iptables_eip(&object, &stored, &mut symptoms);
        assert!(symptoms.is_empty(), "{symptoms:?}");
        told("kube-system/vpc-nat-gw-g-0 eip-add 192.0.2.90/24").iptables_eip(&object, &stored, &mut symptoms);
        assert_eq!(symptoms, ["nobody told the gateway eip-add 192.0.2.9/"]);
    }
}
