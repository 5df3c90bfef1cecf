//! What a Pod asks for in the networks that are attached besides.

use super::asked::Asked;
use super::place::Candidates;
use super::{Keys, takes_vip};
use crate::attach::{Definition, Network, Providers, Unfit, read_definition};
use crate::inventory::Answer;
use crate::kinds::PodTemplate;
use crate::rule::prelude::*;
use crate::rules::support::corrections;

/// As whose Kube-OVN reads the annotations of a network.
struct Reader {
    provider: String,
    /// Whether OVN makes its port.
    is_ovn: bool,
    /// Whether it takes what the list of networks asks for.
    takes_list: bool,
}

impl Reader {
    /// Kube-OVN makes a network of the type `kube-ovn`, and v1.16 gives addresses to any other that a Subnet is for.
    fn all(
        pod: &PodTemplate,
        listed: &Network<'_>,
        providers: &mut Providers<'_>,
        context: &Context<'_>,
    ) -> Answer<Vec<Self>> {
        let (own, addresses) = (listed.provider.clone(), listed.address_provider());
        // In a folder an object may get its namespace later.
        let is_given = !pod.meta.namespace.is_empty() || listed.namespace != context.namespace;
        let mut known = None;
        if is_given {
            let definition = context.cluster.attachment_definition_until_gone(&listed.namespace, &listed.name)?;
            known = definition.map(|definition| read_definition(&definition.config));
        }
        let is_for_addresses = is_given && !providers.with(&addresses)?.is_empty();
        let ovn = |takes_list| Self { provider: own.clone(), is_ovn: true, takes_list };
        let other = |takes_list| Self { provider: addresses.clone(), is_ovn: false, takes_list };
        Ok(match known {
            Some(Definition::KubeOvn) => vec![ovn(true)],
            Some(Definition::Addresses) => vec![other(true)],
            Some(Definition::Other) if is_for_addresses => vec![other(true)],
            Some(Definition::Other | Definition::Elsewhere) => Vec::new(),
            // Of one that is not known the annotations tell whose it is.
            Some(Definition::Broken(_) | Definition::EndsController(_)) | None => {
                let is_for_ports = is_given && (listed.switch.is_some() || !providers.of(listed)?.is_empty());
                vec![ovn(is_for_ports), other(is_for_addresses && !is_for_ports)]
            }
        })
    }
}

/// The keys of a network, which are others where Kube-OVN only gives out its addresses, and what the list of networks asks for.
pub(super) fn check(
    pod: &PodTemplate,
    listed: &Network<'_>,
    providers: &mut Providers<'_>,
    context: &mut Context<'_>,
) -> Outcome {
    let addresses_only = listed.address_provider();
    let is_asked = |key: &String| key.starts_with(&addresses_only);
    if listed.ips.is_empty() && listed.mac.is_empty() && !pod.pod.annotations.keys().any(is_asked) {
        return Ok(());
    }
    let mut asks = Vec::new();
    let readers = Reader::all(pod, listed, providers, context)?;
    for Reader { provider, is_ovn, takes_list } in &readers {
        let listed = takes_list.then_some(listed);
        let mut network = Keys { pod, provider: provider.clone(), is_ovn: *is_ovn, listed, asks: Vec::new() };
        network.written(context);
        asks.append(&mut network.asks);
    }
    if let ([first, ..], false) = (readers.as_slice(), listed.interface.is_empty()) {
        let mut network = Keys { pod, provider: addresses_only, is_ovn: first.is_ovn, listed: None, asks };
        network.of_interface(&listed.interface, context);
        asks = network.asks;
    }
    // One of them is taken, and the others are not looked at.
    let Some(first) = asks.iter().map(Asked::rank).min() else { return Ok(()) };
    if takes_vip(pod) {
        return Ok(());
    }
    let candidates = Candidates::of_network(pod, listed, providers, context)?;
    for asked in asks.iter().filter(|asked| asked.rank() == first) {
        asked.placed(pod, candidates.as_ref(), context)?;
        asked.counted(pod, context);
    }
    Ok(())
}

/// Multus reads the whole list before it attaches anything, whoever makes the networks.
pub(super) fn unfit(pod: &PodTemplate, key: &str, unfit: &Unfit, context: &mut Context<'_>) {
    let Unfit { at, field, text } = unfit;
    let (wanted, help) = match *field {
        "ips" => ("neither an address nor a prefix", corrections::address(text)),
        "mac" => ("no MAC address", super::MAC_HELP.to_owned()),
        _ => ("no GUID", "Write eight bytes with colons between them, or leave it out.".to_owned()),
    };
    let detail = format!("{field} of element {at} is {wanted}, so that Multus does not set up the Pod");
    let finding = Finding::invalid(pod.annotation_path(key), text, detail);
    context.deny(finding.identified_by(format!("{key} {field} {text}")).help(help));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, as_warning};

    const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
    const SWITCH: &str = "ovn.kubernetes.io/logical_switch";
    const WAITS: &str = "so that Kube-OVN gives the Pod no network";
    const UNREACHED: &str = "has no colons, and OVN reads no other MAC address: nothing reaches the Pod";

    fn cluster() -> Cluster {
        let subnet = |name: &str, provider: &str, cidr_block: &str| json!({"kind": "Subnet", "name": name, "spec": {"provider": provider, "cidrBlock": cidr_block}});
        let definition = |name: &str, config: &str| json!({"kind": "NetworkAttachmentDefinition", "namespace": "ns1", "name": name, "spec": {"config": config}});
        let other = r#"{"type":"macvlan","ipam":{"type":"host-local"}}"#;
        Cluster::of(super::super::RULE.id)
            .with(subnet("s", "ovn", "10.0.1.0/24"))
            .with(json!({"kind": "Namespace", "name": "ns1", "annotations": {SWITCH: "s"}}))
            .with(subnet("n", "net.ns1.ovn", "10.0.7.0/24"))
            .with(definition("net", r#"{"type":"kube-ovn"}"#))
            .with(subnet("m", "mac.ns1", "10.0.8.0/24"))
            .with(definition("mac", r#"{"type":"macvlan","ipam":{"type":"kube-ovn"}}"#))
            .with(subnet("k", "kept.ns1", "10.0.9.0/24"))
            .with(definition("kept", other))
            .with(definition("other", other))
            .with(definition("elsewhere", ""))
            .with(subnet("u", "unknown.ns1.ovn", "10.0.10.0/24"))
    }

    fn pod(annotations: &Value) -> Value {
        json!({"kind": "Pod", "namespace": "ns1", "annotations": annotations})
    }

    fn said(key: &str, value: &str, detail: &str) -> String {
        format!("metadata.annotations[{key}]: Invalid value: {value:?}: {detail} [pod-address-syntax]")
    }

    fn listed(name: &str, mut fields: Value) -> Value {
        fields["name"] = json!(name);
        pod(&json!({NETWORKS: json!([fields]).to_string()}))
    }

    #[test]
    fn what_a_list_asks_for_is_judged_as_the_annotation_that_it_becomes() {
        for (name, ips, fault) in [
            ("net", json!(["10.0.7.5/24"]), format!(r#"ips of "ns1/net": "10.0.7.5/24" has a prefix length, {WAITS}"#)),
            ("mac", json!(["10.0.8.5/24"]), format!(r#"ips of "ns1/mac": "10.0.8.5/24" has a prefix length, {WAITS}"#)),
            ("kept", json!(["10.0.9.5/24"]), format!(r#"ips of "ns1/kept": "10.0.9.5/24" has a prefix length, {WAITS}"#)),
            (
                "unknown",
                json!(["10.0.10.5/24"]),
                format!(r#"ips of "ns1/unknown": "10.0.10.5/24" has a prefix length, {WAITS}"#),
            ),
            (
                "net",
                json!(["10.0.7.5", "10.0.7.6"]),
                r#"ips of "ns1/net": has two IPv4 addresses, and an interface gets one of each family"#.to_owned(),
            ),
            (
                "net",
                json!(["10.0.3.5"]),
                r#"ips of "ns1/net": 10.0.3.5 is in none of the Subnets that the Pod can get ("n", "s"), so that Kube-OVN gives it no address"#.to_owned(),
            ),
            (
                "net",
                json!(["10.0.7.255"]),
                r#"ips of "ns1/net": 10.0.7.255 is the broadcast address of Subnet "n", which no Pod gets"#.to_owned(),
            ),
        ] {
            let text = ips.as_array().unwrap().iter().map(|ip| ip.as_str().unwrap()).collect::<Vec<_>>().join(",");
            cluster().refuses(&listed(name, json!({"ips": ips})), &[&said(NETWORKS, &text, &fault)]);
        }
        for (name, ips) in [
            ("net", json!(["10.0.7.5"])),
            ("net", json!(["10.0.1.5"])),
            ("net", json!([])),
            ("mac", json!(["10.0.8.5"])),
            ("other", json!(["10.0.3.5/24", "10.0.3.6/24"])),
            ("elsewhere", json!(["10.0.3.5/24"])),
            ("missing", json!(["10.0.3.5/24"])),
        ] {
            cluster().accepts(&listed(name, json!({"ips": ips})));
        }
    }

    #[test]
    fn the_list_takes_the_place_of_the_annotation_and_the_interface_that_of_the_list() {
        let list =
            |ips: &str, mac: &str| json!([{"name": "net", "interface": "eth1", "ips": [ips], "mac": mac}]).to_string();
        let of_network = "net.ns1.ovn.kubernetes.io";
        let (address, mac) = (format!("{of_network}/ip_address"), format!("{of_network}/mac_address"));
        cluster().accepts(&pod(&json!({NETWORKS: list("10.0.7.5", "00:00:00:53:6f:a9"), &address: "x", &mac: "x"})));
        let of_interface = json!({NETWORKS: list("10.0.3.5", "00-00-00-53-6f-a9"),
            "net.ns1.kubernetes.io/ip_address.eth1": "10.0.7.5", "net.ns1.kubernetes.io/mac_address.eth1": "00:00:00:53:6f:a9"});
        cluster().accepts(&pod(&of_interface));
        // Listed again, the last one counts.
        let twice = |first: &str, second: &str| {
            pod(
                &json!({NETWORKS: json!([{"name": "net", "ips": [first]}, {"name": "net", "ips": [second]}]).to_string()}),
            )
        };
        cluster().accepts(&twice("10.0.3.5", "10.0.7.5"));
        let fault = r#"ips of "ns1/net": 10.0.7.255 is the broadcast address of Subnet "n", which no Pod gets"#;
        cluster().refuses(&twice("10.0.7.5", "10.0.7.255"), &[&said(NETWORKS, "10.0.7.255", fault)]);
    }

    #[test]
    fn multus_reads_the_lists_of_all() {
        let multus = "so that Multus does not set up the Pod";
        for name in ["net", "other", "missing"] {
            for (field, value, asked) in [
                ("ips", "10.0.7.300/24", json!(["10.0.7.300/24"])),
                ("ips", "10.0.7.300", json!(["10.0.7.300"])),
                ("mac", "xx", json!("xx")),
            ] {
                let is = if field == "ips" { "neither an address nor a prefix" } else { "no MAC address" };
                let fault = format!("{field} of element 0 is {is}, {multus}");
                cluster().refuses(&listed(name, json!({field: asked})), &[&said(NETWORKS, value, &fault)]);
            }
        }
        let fault = format!("infiniband-guid of element 0 is no GUID, {multus}");
        cluster().refuses(&listed("other", json!({"infiniband-guid": "x"})), &[&said(NETWORKS, "x", &fault)]);
    }

    #[test]
    fn ovn_reads_mac_addresses_with_colons_alone() {
        for (text, right) in [("00-00-00-53-6F-A9", "00:00:00:53:6f:a9"), ("0000.0053.6fa9", "00:00:00:53:6f:a9")] {
            for (key, extra) in [
                ("ovn.kubernetes.io/mac_address", json!({})),
                ("net.ns1.ovn.kubernetes.io/mac_address", json!({NETWORKS: "net"})),
                ("net.ns1.kubernetes.io/mac_address.eth1", json!({NETWORKS: "net@eth1"})),
            ] {
                let mut annotations = extra;
                annotations[key] = json!(text);
                cluster().refuses(&pod(&annotations), &[&said(key, text, UNREACHED)]);
                annotations[key] = json!(right);
                cluster().accepts(&pod(&annotations));
            }
            let fault = format!(r#"mac of "ns1/net": {UNREACHED}"#);
            cluster().refuses(&listed("net", json!({"mac": text})), &[&said(NETWORKS, text, &fault)]);
            for name in ["mac", "kept", "other", "missing"] {
                cluster().accepts(&listed(name, json!({"mac": text})));
            }
            for name in ["mac", "kept", "other"] {
                let key = format!("{name}.ns1.kubernetes.io/mac_address");
                cluster().accepts(&pod(&json!({NETWORKS: name, &key: text})));
                let key = format!("{key}.eth1");
                cluster().accepts(&pod(&json!({NETWORKS: format!("{name}@eth1"), &key: text})));
            }
        }
        let (key, long) = ("ovn.kubernetes.io/mac_address", "02:00:5e:10:00:00:00:01");
        let fault = "has more than six bytes, which no interface of a Pod can have";
        cluster().refuses(&pod(&json!({key: long})), &[&said(key, long, fault)]);
    }

    #[test]
    fn the_keys_of_other_plug_ins_are_nobodys() {
        for name in ["other", "elsewhere"] {
            for key in ["kubernetes.io/ip_address", "ovn.kubernetes.io/ip_address", "kubernetes.io/routes"] {
                let key = format!("{name}.ns1.{key}");
                cluster().accepts(&pod(&json!({NETWORKS: name, &key: "x"})));
            }
            let key = format!("{name}.ns1.kubernetes.io/ip_address.eth1");
            cluster().accepts(&pod(&json!({NETWORKS: format!("{name}@eth1"), &key: "x"})));
        }
        // v1.16 gives addresses to a network of whatever plug-in that a Subnet is for.
        let fault = format!(r#""x" is not an address, {WAITS}"#);
        for (name, key) in [("kept", "kept.ns1.kubernetes.io/ip_address"), ("mac", "mac.ns1.kubernetes.io/ip_address")]
        {
            cluster().refuses(&pod(&json!({NETWORKS: name, key: "x"})), &[&said(key, "x", &fault)]);
        }
        // What is not read of a network whose kind is known is for pod-attachment.
        cluster().accepts(&pod(&json!({NETWORKS: "mac", "mac.ns1.ovn.kubernetes.io/ip_address": "x"})));
        cluster().accepts(&pod(&json!({NETWORKS: "net", "net.ns1.kubernetes.io/ip_address": "x"})));
    }

    #[test]
    fn there_is_an_address_for_each_pod() {
        let workload = |kind: &str, count: i64, key: &str, value: &str| {
            let template = json!({"metadata": {"annotations": {SWITCH: "s", NETWORKS: "net", key: value}}});
            let field = if kind == "Job" { "parallelism" } else { "replicas" };
            json!({"kind": kind, "namespace": "ns1", "spec": {field: count, "template": template}})
        };
        let (address, pool) = ("ovn.kubernetes.io/ip_address", "ovn.kubernetes.io/ip_pool");
        let of_net = "net.ns1.ovn.kubernetes.io/ip_pool";
        for (kind, count, key, value, enough) in [
            ("Deployment", 3, address, "10.0.1.5", 1),
            ("StatefulSet", 3, pool, "10.0.1.5,10.0.1.6", 2),
            ("Job", 2, pool, "10.0.1.5", 1),
            ("ReplicaSet", 3, of_net, "10.0.7.5;10.0.7.6", 2),
        ] {
            let fault = format!("is enough for {enough} of {count} Pods: Kube-OVN gives the others no address");
            let warning = as_warning(&said(key, value, &fault));
            cluster().warns(&workload(kind, count, key, value), &[&format!("spec.template.{warning}")]);
            cluster().accepts(&workload(kind, enough, key, value));
        }
        cluster().accepts(&workload("Deployment", 3, pool, "web"));
        cluster().accepts(&workload("DaemonSet", 3, address, "10.0.1.5"));
    }
}
