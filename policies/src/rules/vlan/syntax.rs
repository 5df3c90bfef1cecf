//! Refuses Vlans and ProviderNetworks that the nodes cannot set up.
//!
//! A ProviderNetwork is a bridge on the nodes, `br-` and its name, with an interface of theirs in it; a Vlan is a number on it. Up to
//! v1.15 the API server looked at most of this; since v1.16 at the names of interfaces alone:
//!
//! | field | must be |
//! |---|---|
//! | `id` of a Vlan | 0 to 4095; 0 is the network without a tag |
//! | the name of a ProviderNetwork | 12 characters at most, or the bridge has a name that Linux does not take; looked at when it is created |
//! | `defaultInterface`, `customInterfaces[].interface` | 1 to 15 characters, without `/`, `:` and blanks |
//! | `customInterfaces[].nodes` | nodes of no other entry: the first one counts |
//! | `vlanInterfaces` | of the form `eth0.10`: others are passed over |
//! | `nodeSelector` | labels of Kubernetes, with the operators `In` and `NotIn`, which have values, `Exists` and `DoesNotExist`, which have none: or no node sets it up |
//!
//! It warns of `vlanId` and `providerInterfaceName` of a Vlan, which Kube-OVN reads only when its controller starts, of a node that is in `customInterfaces` and in
//! `excludeNodes`, where the latter wins, or twice with one interface, of `excludeNodes` beside a `nodeSelector`, which alone counts, and of
//! `vlanInterfaces` for each of which v1.16.2 makes a port `br-office-vlan10`: longer than 15 characters, it fails, and the node does not get ready.
//!
//! ```yaml bad
//! # bad: br-office-uplinks is longer than the 15 characters of an interface
//! apiVersion: kubeovn.io/v1
//! kind: ProviderNetwork
//! metadata: {name: office-uplinks}
//! spec: {defaultInterface: eth1}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: ProviderNetwork
//! metadata: {name: office}
//! spec: {defaultInterface: eth1}
//! ```
//!
//! Correct the field that the message names; under a shorter name it is another ProviderNetwork.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::{ProviderNetwork, Vlan};
use crate::request::Operation;
use crate::rule::prelude::*;
use crate::rules::support::labels;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vlan-syntax",
    summary: "a Vlan or a ProviderNetwork that the nodes cannot set up",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::Attachments,
    asks: &[],
    checks: &[
        Check::Vlan(
            &[Read::Field("spec.id"), Read::Field("spec.vlanId"), Read::Field("spec.providerInterfaceName")],
            vlan,
        ),
        Check::ProviderNetwork(
            &[
                Read::Field("spec.defaultInterface"),
                Read::Field("spec.customInterfaces"),
                Read::Field("spec.excludeNodes"),
                Read::Field("spec.nodeSelector"),
                Read::Field("spec.vlanInterfaces"),
                Read::Field("spec.exchangeLinkName"),
            ],
            provider_network,
        ),
    ],
};

/// The highest number of 12 bits.
const MOST_ID: i64 = 4095;

/// The longest name of an interface in Linux, and what Kube-OVN puts before that of a bridge.
const LONGEST_INTERFACE: usize = 15;
const BRIDGE: &str = "br-";

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn vlan(vlan: &Vlan, context: &mut Context<'_>) -> Outcome {
    if !(0..=MOST_ID).contains(&vlan.id) {
        let detail = format!("must be from 0 to {MOST_ID}: with another number Kube-OVN makes a port without a tag");
        let finding = Finding::invalid_number(FieldPath::of("spec.id"), vlan.id, detail);
        context.deny(finding.help("Write the number of the VLAN, or 0 for frames without a tag."));
    }
    if vlan.old_id != 0 {
        let detail = "Kube-OVN reads it only when its controller starts, and where there is no id";
        let finding = Finding::invalid_number(FieldPath::of("spec.vlanId"), vlan.old_id, detail);
        context.warn(finding.help("Write it as id, and leave vlanId out."));
    }
    if !vlan.old_provider.is_empty() {
        let detail = "Kube-OVN reads it only when its controller starts, and where there is no provider";
        let finding = Finding::invalid(FieldPath::of("spec.providerInterfaceName"), &vlan.old_provider, detail);
        context.warn(finding.help("Name the ProviderNetwork as provider, and leave providerInterfaceName out."));
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn provider_network(network: &ProviderNetwork, context: &mut Context<'_>) -> Outcome {
    let (name, longest) = (network.meta.name.as_str(), LONGEST_INTERFACE - BRIDGE.len());
    if context.operation == Operation::Create && name.chars().count() > longest {
        let detail = format!("is longer than {longest} characters, and Linux takes no bridge {BRIDGE}{name}");
        let finding = Finding::invalid(FieldPath::of("metadata.name"), name, detail);
        context.deny(finding.help(format!("Choose a name of {longest} characters at most.")));
    }
    let default = FieldPath::of("spec.defaultInterface");
    if network.default_interface.is_empty() {
        let finding = Finding::required(default, "the API server takes no ProviderNetwork without one");
        context.deny(finding.help("Name the interface of the nodes, as in eth1."));
    } else {
        interface(&network.default_interface, default, context);
    }
    let custom = FieldPath::of("spec.customInterfaces");
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let excluded: BTreeSet<&str> = network.exclude_nodes.iter().map(String::as_str).collect();
    for (at, entry) in network.custom_interfaces.iter().enumerate() {
        let place = custom.clone().index(at);
        interface(&entry.interface, place.clone().field("interface"), context);
        for (at, node) in entry.nodes.iter().enumerate() {
            let field = place.clone().field("nodes").index(at);
            if seen.get(node.as_str()) == Some(&entry.interface.as_str()) {
                context.warn(Finding::duplicate(field, node, "stands twice").help("Write each node once."));
                continue;
            }
            if let Some(first) = seen.get(node.as_str()).copied() {
                let detail = format!("has interface {} already, which is the one that counts", quoted(first));
                let finding = Finding::duplicate(field, node, detail);
                context.deny(finding.help("Write each node once."));
                continue;
            }
            seen.insert(node, &entry.interface);
            // What labels select, no list leaves out.
            if !network.selects_nodes && excluded.contains(node.as_str()) {
                let detail = "is in excludeNodes too, and Kube-OVN leaves the node out";
                context.warn(Finding::invalid(field, node, detail).help("Leave it out of one of both."));
            }
        }
    }
    node_selector(network, context);
    let bridge = if network.exchanges_names { network.default_interface.clone() } else { format!("{BRIDGE}{name}") };
    for (at, text) in network.vlan_interfaces.iter().enumerate() {
        if let Some(number) = tag_of(text) {
            // What no bridge can be called is told of already.
            let port = format!("{bridge}-vlan{number}");
            if port.len() > LONGEST_INTERFACE && bridge.len() <= LONGEST_INTERFACE {
                let detail = format!("Kube-OVN v1.16.2 makes a port {port} for it, which Linux does not take");
                let finding = Finding::invalid(FieldPath::of("spec.vlanInterfaces").index(at), text, detail);
                context.warn(finding.help(shorter(network, number)));
            }
            continue;
        }
        let detail = "is not of the form eth0.10, and Kube-OVN passes it over";
        let finding = Finding::invalid(FieldPath::of("spec.vlanInterfaces").index(at), text, detail);
        context.deny(finding.help("Write the interface, a dot and the number of the VLAN."));
    }
    Ok(())
}

fn node_selector(network: &ProviderNetwork, context: &mut Context<'_>) {
    const NOWHERE: &str = "no node sets up a ProviderNetwork with a selector that cannot be read";
    labels::conditions(&network.node_selector, &FieldPath::of("spec.nodeSelector"), NOWHERE, context);
    if network.selects_nodes && !network.exclude_nodes.is_empty() {
        let detail = "Kube-OVN passes it over, for nodeSelector is there";
        let finding = Finding::forbidden(FieldPath::of("spec.excludeNodes"), &network.exclude_nodes.join(","), detail);
        context.warn(finding.help("Leave one of both out, and have the labels leave these nodes out."));
    }
}

fn interface(text: &str, field: FieldPath, context: &mut Context<'_>) {
    let is_one = (1..=LONGEST_INTERFACE).contains(&text.chars().count())
        && !text.chars().any(|character| character == '/' || character.is_whitespace());
    if !is_one {
        let detail = format!("is no name of an interface: 1 to {LONGEST_INTERFACE} characters without `/` and blanks");
        let finding = Finding::invalid(field, text, detail);
        context.deny(finding.help("Write the name that `ip link` shows on the nodes, as in eth1."));
    } else if let Some((name, _)) = text.split_once(':') {
        let detail = "has a colon, and is a label of an address and no interface: no node finds it";
        context.deny(Finding::invalid(field, text, detail).help(corrected(name)));
    }
}

/// What was meant by an interface with a colon.
fn corrected(name: &str) -> String {
    if name.is_empty() {
        "Write the name that `ip link` shows on the nodes.".to_owned()
    } else {
        format!("Write {name}.")
    }
}

/// How to make the name of a port short enough.
fn shorter(network: &ProviderNetwork, number: u16) -> String {
    if network.exchanges_names {
        return "Leave it out, or rename the interface of the nodes.".to_owned();
    }
    let room = LONGEST_INTERFACE.saturating_sub(format!("{BRIDGE}-vlan{number}").len());
    format!("Leave it out, or make a ProviderNetwork with a name of {room} characters at most.")
}

/// The number of `eth0.10`.
fn tag_of(text: &str) -> Option<u16> {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let (name, number) = text.split_once('.')?;
    let is_one = !name.is_empty()
        && name.bytes().all(is_of_name)
        && (1..=4).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_one)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create, update};

    fn vlan(spec: Value) -> Value {
        json!({"kind": "Vlan", "spec": spec})
    }

    fn network(changed: Value) -> Value {
        let mut spec = json!({"defaultInterface": "eth1"});
        for (field, value) in changed.as_object().unwrap() {
            spec[field] = value.clone();
        }
        json!({"kind": "ProviderNetwork", "spec": spec})
    }

    fn refuses(object: &Value, wanted: &[&str]) {
        let wanted: Vec<_> = wanted.iter().map(|wanted| format!("{wanted} [{}]", RULE.id)).collect();
        let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
        Cluster::of(RULE.id).refuses(object, &wanted);
    }

    #[test]
    fn a_number_has_twelve_bits() {
        for id in [0, 1, 4095] {
            Cluster::of(RULE.id).accepts(&vlan(json!({"id": id, "provider": "p"})));
        }
        Cluster::of(RULE.id).accepts(&vlan(json!({})));
        for id in [-1, 4096] {
            let fault = "must be from 0 to 4095: with another number Kube-OVN makes a port without a tag";
            refuses(&vlan(json!({"id": id, "provider": "p"})), &[&format!("spec.id: Invalid value: {id}: {fault}")]);
        }
    }

    #[test]
    fn what_is_read_at_a_start_alone_is_told_of() {
        let wanted = [
            r#"spec.providerInterfaceName: "eth1": Kube-OVN reads it only when its controller starts, and where there is no provider [vlan-syntax]"#,
            "spec.vlanId: 7: Kube-OVN reads it only when its controller starts, and where there is no id [vlan-syntax]",
        ];
        Cluster::of(RULE.id).warns(&vlan(json!({"vlanId": 7, "providerInterfaceName": "eth1"})), &wanted);
    }

    #[test]
    fn a_bridge_has_a_name_that_linux_takes() {
        let named = |name: &str| {
            let mut network = network(json!({}));
            network["name"] = json!(name);
            network
        };
        Cluster::of(RULE.id).accepts(&named("twelve-chars"));
        let wanted = r#"metadata.name: Invalid value: "thirteen-char": is longer than 12 characters, and Linux takes no bridge br-thirteen-char"#;
        refuses(&named("thirteen-char"), &[wanted]);
        let mut other = named("thirteen-char");
        other["spec"]["defaultInterface"] = json!("eth2");
        assert!(Cluster::of(RULE.id).verdict(&update(&named("thirteen-char"), &other)).findings.is_empty());
    }

    #[test]
    fn an_interface_has_a_name() {
        for name in ["bond0", "eth0.10", "enp129s0f0np0v1", "br_lan-1"] {
            Cluster::of(RULE.id).accepts(&network(json!({"defaultInterface": name})));
        }
        let required = "spec.defaultInterface: Required value: the API server takes no ProviderNetwork without one";
        refuses(&network(json!({"defaultInterface": ""})), &[required]);
        for name in ["a/b", "eth 1", "enp129s0f0np0v12"] {
            let fault = "is no name of an interface: 1 to 15 characters without `/` and blanks";
            refuses(
                &network(json!({"defaultInterface": name})),
                &[&format!("spec.defaultInterface: Invalid value: {name:?}: {fault}")],
            );
            refuses(
                &network(json!({"customInterfaces": [{"interface": name, "nodes": ["n1"]}]})),
                &[&format!("spec.customInterfaces[0].interface: Invalid value: {name:?}: {fault}")],
            );
        }
    }

    #[test]
    fn a_label_of_an_address_is_no_interface() {
        let fault = "has a colon, and is a label of an address and no interface: no node finds it";
        for name in ["eth0:1", ":"] {
            let wanted = format!("spec.defaultInterface: Invalid value: {name:?}: {fault}");
            refuses(&network(json!({"defaultInterface": name})), &[&wanted]);
        }
    }

    #[test]
    fn a_node_has_one_interface() {
        let custom =
            json!([{"interface": "eth2", "nodes": ["n1", "n2"]}, {"interface": "eth3", "nodes": ["n3", "n1"]}]);
        let wanted = r#"spec.customInterfaces[1].nodes[1]: Duplicate value: "n1": has interface "eth2" already, which is the one that counts"#;
        refuses(&network(json!({"customInterfaces": custom})), &[wanted]);
        let excluded = json!({"customInterfaces": [{"interface": "eth2", "nodes": ["n1"]}], "excludeNodes": ["n1"]});
        let wanted = r#"spec.customInterfaces[0].nodes[0]: "n1": is in excludeNodes too, and Kube-OVN leaves the node out [vlan-syntax]"#;
        Cluster::of(RULE.id).warns(&network(excluded.clone()), &[wanted]);
        let mut selecting = excluded;
        selecting["nodeSelector"] = json!({"matchLabels": {"a": "b"}});
        let wanted = "spec.excludeNodes: Kube-OVN passes it over, for nodeSelector is there [vlan-syntax]";
        Cluster::of(RULE.id).warns(&network(selecting), &[wanted]);
        let twice = json!({"customInterfaces": [{"interface": "eth2", "nodes": ["n1", "n1"]}]});
        let wanted = r#"spec.customInterfaces[0].nodes[1]: "n1": stands twice [vlan-syntax]"#;
        Cluster::of(RULE.id).warns(&network(twice), &[wanted]);
    }

    #[test]
    fn nodes_are_selected_by_what_can_be_read() {
        let selecting = |expression: Value| network(json!({"nodeSelector": {"matchExpressions": [expression]}}));
        for expression in [
            json!({"key": "rack", "operator": "In", "values": ["a"]}),
            json!({"key": "rack", "operator": "NotIn", "values": ["a", "b"]}),
            json!({"key": "rack", "operator": "Exists"}),
            json!({"key": "rack", "operator": "DoesNotExist", "values": []}),
        ] {
            Cluster::of(RULE.id).accepts(&selecting(expression));
        }
        Cluster::of(RULE.id).accepts(&network(json!({"nodeSelector": {}})));
        let place = "spec.nodeSelector.matchExpressions[0]";
        let nowhere = "no node sets up a ProviderNetwork with a selector that cannot be read";
        for (expression, wanted) in [
            (
                json!({"key": "rack", "operator": "in", "values": ["a"]}),
                format!(
                    r#"{place}.operator: Unsupported value: "in": supported values: "In", "NotIn", "Exists", "DoesNotExist""#
                ),
            ),
            (json!({"key": "rack", "operator": "In"}), format!("{place}.values: Required value: {nowhere}")),
            (
                json!({"key": "rack", "operator": "Exists", "values": ["a"]}),
                format!("{place}.values: Forbidden: {nowhere}"),
            ),
            (
                json!({"key": "rack 1", "operator": "Exists"}),
                format!(r#"{place}: Invalid value: "rack 1": is no key that a label has: {nowhere}"#),
            ),
            (
                json!({"key": "rack", "operator": "In", "values": ["a b"]}),
                format!(r#"{place}: Invalid value: "a b": is no value that a label has: {nowhere}"#),
            ),
        ] {
            refuses(&selecting(expression), &[&wanted]);
        }
    }

    #[test]
    fn an_interface_for_tagged_frames_says_its_number() {
        Cluster::of(RULE.id).accepts(&network(json!({"vlanInterfaces": ["eth0.10", "bond-0_a.4094"]})));
        let named = |name: &str, is_exchanged: bool| {
            let mut network = network(json!({"vlanInterfaces": ["eth1.10"], "exchangeLinkName": is_exchanged}));
            network["name"] = json!(name);
            network
        };
        for accepted in [named("short", false), named("office", true)] {
            Cluster::of(RULE.id).accepts(&accepted);
        }
        let wanted = r#"spec.vlanInterfaces[0]: "eth1.10": Kube-OVN v1.16.2 makes a port br-office-vlan10 for it, which Linux does not take [vlan-syntax]"#;
        Cluster::of(RULE.id).warns(&named("office", false), &[wanted]);
        let help = Cluster::of(RULE.id).verdict(&create(&named("office", false))).warnings[0].help_text().to_owned();
        assert_eq!(help, "Leave it out, or make a ProviderNetwork with a name of 5 characters at most.");
        for name in ["eth0", "eth0.", "eth0.10000", "eth0.x", ".10", "eth0.1.2", "eth:0.10"] {
            let fault = "is not of the form eth0.10, and Kube-OVN passes it over";
            refuses(
                &network(json!({"vlanInterfaces": [name]})),
                &[&format!("spec.vlanInterfaces[0]: Invalid value: {name:?}: {fault}")],
            );
        }
    }
}
