//! Wants a Vip, and an IP that a user writes, to be one that Kube-OVN can read.
//!
//! Kube-OVN takes any text. A Vip without a Subnet never gets an address, and only the controller's log says so; in place of an
//! address that does not parse Kube-OVN draws another, without a word; an entry of `selector` that is not `key:value` is dropped
//! without a word. An IPv6 address must be in lower case, or Kube-OVN gives none.
//!
//! A `type` that Kube-OVN does not know makes an address that nothing uses, and `attachSubnets` nobody reads: both are warnings.
//!
//! IP objects are Kube-OVN's own, one for each port of a Pod. Who writes one to keep an address for a Pod has to write what Kube-OVN
//! would: the Subnet, addresses that parse, and a `podType` that it knows.
//!
//! ```yaml bad
//! # bad: the address has a prefix length
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vip
//! metadata: {name: web}
//! spec: {subnet: apps, v4ip: 10.17.0.100/16}
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
//! kind: Vip
//! metadata: {name: web}
//! spec: {subnet: apps, v4ip: 10.17.0.100}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IP
//! metadata: {name: web-0.shop}
//! spec: {subnet: apps, v4IpAddress: 10.17.0.101, podType: StatefulSet}
//! ```
//!
//! Write one address of the field's family, or none at all: Kube-OVN draws one then.

use crate::kinds::{Ip, Vip};
use crate::net::{Family, has_upper_case, is_mac_address, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::{corrections, labels};

/// The rule.
pub const RULE: Rule = Rule {
    id: "vip-syntax",
    summary: "a Vip or an IP that Kube-OVN cannot read",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetAddresses,
    asks: &[],
    checks: &[
        Check::Vip(
            &[
                Read::Field("spec.subnet"),
                Read::Field("spec.v4ip"),
                Read::Field("spec.v6ip"),
                Read::Field("spec.macAddress"),
                Read::Field("spec.type"),
                Read::Field("spec.selector"),
                Read::Field("spec.attachSubnets"),
            ],
            vip,
        ),
        Check::Ip(
            &[
                Read::Field("spec.subnet"),
                Read::Field("spec.v4IpAddress"),
                Read::Field("spec.v6IpAddress"),
                Read::Field("spec.macAddress"),
                Read::Field("spec.podType"),
            ],
            ip,
        ),
    ],
};

/// What a Vip may be for.
const TYPES: &[&str] = &["switch_lb_vip", "kube_host_vm_vip"];
/// What makes Pods whose addresses Kube-OVN keeps.
const POD_TYPES: &[&str] = &["StatefulSet", "VirtualMachine"];

fn vip(vip: &Vip, context: &mut Context<'_>) -> Outcome {
    subnet(&vip.subnet, context);
    address("spec.v4ip", &vip.v4_ip, Family::V4, context);
    address("spec.v6ip", &vip.v6_ip, Family::V6, context);
    mac_address(&vip.mac_address, context);
    if !vip.kind.is_empty() && !TYPES.contains(&vip.kind.as_str()) {
        let detail = "Kube-OVN knows no such type, so that nothing uses the address";
        let finding = Finding::invalid(FieldPath::of("spec.type"), &vip.kind, detail);
        context.warn(finding.help(corrections::choice(&vip.kind, TYPES)));
    }
    if !vip.attach_subnets.is_empty() {
        let detail = "Kube-OVN does not read it, so that there is no address in those Subnets";
        let finding = Finding::forbidden(FieldPath::of("spec.attachSubnets"), &vip.attach_subnets.join(","), detail);
        context.warn(finding.help("Leave it out, and write a Vip for each Subnet."));
    }
    labels::selector(&vip.selector, context);
    Ok(())
}

fn ip(ip: &Ip, context: &mut Context<'_>) -> Outcome {
    subnet(&ip.subnet, context);
    address("spec.v4IpAddress", &ip.v4_ip, Family::V4, context);
    address("spec.v6IpAddress", &ip.v6_ip, Family::V6, context);
    mac_address(&ip.mac_address, context);
    if !ip.pod_type.is_empty() && !POD_TYPES.contains(&ip.pod_type.as_str()) {
        let finding = Finding::not_supported(FieldPath::of("spec.podType"), &ip.pod_type, POD_TYPES);
        context.deny(finding.help(corrections::choice(&ip.pod_type, POD_TYPES)));
    }
    Ok(())
}

fn subnet(name: &str, context: &mut Context<'_>) {
    if name.is_empty() {
        let finding = Finding::required(FieldPath::of("spec.subnet"), "without a Subnet there is no address to be had");
        context.deny(finding.help("Name the Subnet that the address is of."));
    }
}

fn address(field: &'static str, text: &str, family: Family, context: &mut Context<'_>) {
    if text.is_empty() {
        return;
    }
    let wanted = family.name();
    let (fault, help) = match parse_ip(text) {
        None => {
            (format!("must be one {wanted} address: Kube-OVN draws another in its place"), corrections::address(text))
        }
        Some(address) if Family::of(address) != family => {
            let other = if family == Family::V4 { "the field for IPv6" } else { "the field for IPv4" };
            (format!("must be an {wanted} address"), format!("Write {address} into {other}."))
        }
        Some(address) if has_upper_case(text) => {
            ("must be in lower case, or Kube-OVN gives none".to_owned(), format!("Write {address}."))
        }
        Some(_) => return,
    };
    context.deny(Finding::invalid(FieldPath::of(field), text, fault).help(help));
}

fn mac_address(text: &str, context: &mut Context<'_>) {
    if !text.is_empty() && !is_mac_address(text) {
        let detail = "is no MAC address, so that Kube-OVN never gives the address";
        let finding = Finding::invalid(FieldPath::of("spec.macAddress"), text, detail);
        context.deny(finding.help("Write six bytes, as in 00:00:00:53:6f:a9, or leave it out."));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::is_mac_address;
    use crate::rules::support::testing::Cluster;

    fn refuses(object: &Value, wanted: &[&str]) {
        let wanted: Vec<_> = wanted.iter().map(|wanted| format!("{wanted} [vip-syntax]")).collect();
        let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
        Cluster::of(super::RULE.id).refuses(object, &wanted);
    }

    fn vip(spec: &Value) -> Value {
        json!({"kind": "Vip", "spec": spec})
    }

    fn ip(spec: &Value) -> Value {
        json!({"kind": "IP", "spec": spec})
    }

    #[test]
    fn without_a_subnet_there_is_no_address() {
        let wanted = "spec.subnet: Required value: without a Subnet there is no address to be had";
        refuses(&vip(&json!({})), &[wanted]);
        refuses(&ip(&json!({"v4IpAddress": "10.0.0.5"})), &[wanted]);
    }

    #[test]
    fn an_address_is_one_of_its_family() {
        for (own, text, fault) in [
            ("v4", "10.0.0.5/24", "must be one IPv4 address: Kube-OVN draws another in its place"),
            ("v4", " 10.0.0.5", "must be one IPv4 address: Kube-OVN draws another in its place"),
            ("v4", "10.0.0.5,fd00::5", "must be one IPv4 address: Kube-OVN draws another in its place"),
            ("v4", "10.0.0.05", "must be one IPv4 address: Kube-OVN draws another in its place"),
            ("v4", "fd00::5", "must be an IPv4 address"),
            ("v6", "10.0.0.5", "must be an IPv6 address"),
            ("v6", "FD00::5", "must be in lower case, or Kube-OVN gives none"),
            ("v6", "nonsense", "must be one IPv6 address: Kube-OVN draws another in its place"),
        ] {
            for (object, field) in [
                (vip(&json!({"subnet": "s", format!("{own}ip"): text})), format!("spec.{own}ip")),
                (ip(&json!({"subnet": "s", format!("{own}IpAddress"): text})), format!("spec.{own}IpAddress")),
            ] {
                refuses(&object, &[&format!("{field}: Invalid value: {text:?}: {fault}")]);
            }
        }
    }

    /// Kube-OVN draws what is not written.
    #[test]
    fn what_is_left_out_is_drawn() {
        let cluster = Cluster::of(super::RULE.id);
        for spec in [
            json!({"subnet": "s"}),
            json!({"subnet": "s", "macAddress": "00:00:00:53:6f:a9"}),
            json!({"subnet": "s", "v4ip": "10.0.0.5", "v6ip": "fd00::5", "type": "switch_lb_vip", "selector": ["a:b", "c: "]}),
        ] {
            cluster.accepts(&vip(&spec));
        }
        for kind in ["", "StatefulSet", "VirtualMachine"] {
            cluster.accepts(&ip(&json!({"subnet": "s", "v4IpAddress": "10.0.0.5", "podType": kind})));
        }
        let wanted =
            r#"spec.podType: Unsupported value: "Deployment": supported values: "StatefulSet", "VirtualMachine""#;
        refuses(&ip(&json!({"subnet": "s", "podType": "Deployment"})), &[wanted]);
    }

    #[test]
    fn an_entry_of_the_selector_has_a_key_and_a_value() {
        for entry in ["app=web", "a:b:c", ":b", ""] {
            let wanted = format!(
                r#"spec.selector[1]: Invalid value: "{entry}": is not of the form "key:value", so Kube-OVN drops it"#
            );
            refuses(&vip(&json!({"subnet": "s", "selector": ["app:web", entry]})), &[&wanted]);
        }
    }

    #[test]
    fn what_nobody_reads_is_a_warning() {
        let wanted = [
            "spec.attachSubnets: Kube-OVN does not read it, so that there is no address in those Subnets [vip-syntax]",
            r#"spec.type: "lb": Kube-OVN knows no such type, so that nothing uses the address [vip-syntax]"#,
        ];
        let spec = json!({"subnet": "s", "type": "lb", "attachSubnets": ["a", "b"]});
        Cluster::of(super::RULE.id).warns(&vip(&spec), &wanted);
    }

    #[test]
    fn a_mac_address_has_six_bytes() {
        for text in ["00:00:00:53:6F:a9", "00-00-00-53-6f-a9", "0000.0053.6fa9"] {
            assert!(is_mac_address(text), "{text}");
        }
        for text in ["00:00:00:53:6f", "00:00:00:53:6f:a9:01:02", "00:00:00:53:6f:g9", "000000536fa9", "0:0:0:53:6f:a9"]
        {
            assert!(!is_mac_address(text), "{text}");
        }
        let wanted =
            r#"spec.macAddress: Invalid value: "x": is no MAC address, so that Kube-OVN never gives the address"#;
        refuses(&vip(&json!({"subnet": "s", "macAddress": "x"})), &[wanted]);
        refuses(&ip(&json!({"subnet": "s", "macAddress": "x"})), &[wanted]);
    }
}
