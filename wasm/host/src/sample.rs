//! Objects as a cluster has them, in any number.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

/// A custom VPC.
pub fn vpc(name: &str) -> Value {
    json!({
        "apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": metadata(name, 0),
        "spec": {"namespaces": [], "staticRoutes": [], "policyRoutes": [], "vpcPeerings": []},
        "status": {"conditions": [], "default": false, "router": name, "standby": true, "subnets": []},
    })
}

/// So many Subnets of a VPC, of 16 addresses each, with all that Kube-OVN and the API server write into them.
pub fn subnets(vpc: &str, count: u32) -> impl Iterator<Item = Value> {
    (0..count).map(move |number| {
        let address = |offset: u32| Ipv4Addr::from_bits((10 << 24) + number * 16 + offset).to_string();
        let mut subnet = subnet(&format!("tenant-{number}-subnet"), vpc, &format!("{}/28", address(0)));
        subnet["metadata"] = metadata(&format!("tenant-{number}-subnet"), number);
        let spec = &mut subnet["spec"];
        spec["gateway"] = json!(address(1));
        spec["excludeIps"] = json!([address(1)]);
        spec["namespaces"] = json!([format!("tenant-{number}")]);
        spec["private"] = json!(true);
        spec["allowSubnets"] = json!(["10.255.0.0/16"]);
        spec["acls"] = json!([
            {"action": "allow-related", "direction": "to-lport", "priority": 1001, "match": "ip4.src == 10.255.0.0/16 && ip"},
        ]);
        subnet["status"] = json!({
            "activateGateway": "", "dhcpV4OptionsUUID": "", "dhcpV6OptionsUUID": "", "natOutgoingPolicyRules": [],
            "u2oInterconnectionIP": "", "u2oInterconnectionMAC": "", "u2oInterconnectionVPC": "",
            "v4availableIPs": 12, "v4availableIPrange": format!("{}-{}", address(3), address(14)),
            "v4usingIPs": 1, "v4usingIPrange": address(2),
            "v6availableIPs": 0, "v6availableIPrange": "", "v6usingIPs": 0, "v6usingIPrange": "",
            "conditions": [
                {"type": "Validated", "status": "True", "reason": "ValidateLogicalSwitchSuccess", "lastUpdateTime": TIME, "lastTransitionTime": TIME},
                {"type": "Ready", "status": "True", "reason": "ResetLogicalSwitchAclSuccess", "lastUpdateTime": TIME, "lastTransitionTime": TIME},
            ],
        });
        subnet
    })
}

/// A Subnet as a user writes it.
pub fn subnet(name: &str, vpc: &str, cidr_block: &str) -> Value {
    json!({
        "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name},
        "spec": {
            "vpc": vpc, "cidrBlock": cidr_block, "protocol": "IPv4", "provider": "ovn", "default": false,
            "gatewayType": "distributed", "natOutgoing": false, "enableLb": true,
        },
    })
}

const TIME: &str = "2026-11-23T12:00:00Z";

fn metadata(name: &str, number: u32) -> Value {
    let fields = |names: &[&str]| -> Value { names.iter().map(|name| (format!("f:{name}"), json!({}))).collect() };
    let spec = fields(&[
        "acls",
        "allowSubnets",
        "cidrBlock",
        "default",
        "enableLb",
        "excludeIps",
        "gateway",
        "gatewayType",
        "namespaces",
        "natOutgoing",
        "private",
        "protocol",
        "provider",
        "vpc",
    ]);
    let status = fields(&[
        "activateGateway",
        "conditions",
        "dhcpV4OptionsUUID",
        "dhcpV6OptionsUUID",
        "natOutgoingPolicyRules",
        "u2oInterconnectionIP",
        "u2oInterconnectionMAC",
        "u2oInterconnectionVPC",
        "v4availableIPrange",
        "v4availableIPs",
        "v4usingIPrange",
        "v4usingIPs",
        "v6availableIPrange",
        "v6availableIPs",
        "v6usingIPrange",
        "v6usingIPs",
    ]);
    let managed = |manager: &str, field: &str, fields: Value| {
        json!({
            "apiVersion": "kubeovn.io/v1", "fieldsType": "FieldsV1", "fieldsV1": {field: fields}, "manager": manager,
            "operation": "Update", "time": TIME,
        })
    };
    json!({
        "name": name, "uid": format!("{number:08x}-5b5e-4d0c-8b8e-0a6f8f8f7c11"), "generation": 2,
        "resourceVersion": format!("{}", 100_000 + number), "creationTimestamp": TIME,
        "finalizers": ["kubeovn.io/kube-ovn-controller"],
        "labels": {"app.kubernetes.io/managed-by": "argocd", "tenant": format!("tenant-{number}")},
        "annotations": {
            "argocd.argoproj.io/tracking-id": format!("networks:kubeovn.io/Subnet:/{name}"),
            "kubectl.kubernetes.io/last-applied-configuration": "{\"apiVersion\":\"kubeovn.io/v1\",\"kind\":\"Subnet\"}\n",
        },
        "managedFields": [managed("argocd-controller", "f:spec", spec), managed("kube-ovn-controller", "f:status", status)],
    })
}
