//! Refuses a second Vlan of one number, and warns of networks of the nodes that are in each other's way.
//!
//! Of two Vlans with one `provider` and one `id` Kube-OVN marks one as in conflict, and no Subnet on that one is made. Nothing is said of `id: 0`, the
//! network without a tag, nor of one number on two ProviderNetworks.
//!
//! It warns of:
//!
//! - a ProviderNetwork on an interface such as `eth0.10`, with a Vlan of this number on it: frames get the tag twice (kube-ovn issue 1302);
//! - an interface of a ProviderNetwork that is `external-gw-nic` in the ConfigMap `ovn-external-gw-config` too: it can be in one bridge only (issue 3126).
//!   A ProviderNetwork that is called like the external Subnet has the bridge of the external gateway, and both may have one interface;
//! - two ProviderNetworks that want one interface on one node. Where labels select the nodes, or lists leave some out on both sides, nothing is
//!   known of that, and nothing said.
//!
//! ```yaml bad
//! # bad: one number twice
//! apiVersion: kubeovn.io/v1
//! kind: ProviderNetwork
//! metadata: {name: office}
//! spec: {defaultInterface: eth1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: blue-lan}
//! spec: {id: 30, provider: office}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: green-lan}
//! spec: {id: 30, provider: office}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: ProviderNetwork
//! metadata: {name: office}
//! spec: {defaultInterface: eth1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: blue-lan}
//! spec: {id: 30, provider: office}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: green-lan}
//! spec: {id: 31, provider: office}
//! ```
//!
//! Give each Vlan a number of its own, or let the Subnets name one Vlan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::inventory::Answer;
use crate::kinds::{ConfigMap, EXTERNAL_GW_CONFIG, ObjectRef, ProviderNetwork, Vlan};
use crate::rule::prelude::*;
use crate::rules::support::MOST_PAIRED;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vlan-conflict",
    summary: "two Vlans have one number, or networks of the nodes want one interface",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::Attachments,
    asks: &[Kind::Vlan, Kind::ProviderNetwork, Kind::ConfigMap, Kind::Subnet],
    checks: &[
        Check::Vlan(&[Read::Field("spec.id"), Read::Field("spec.provider")], vlan),
        Check::ProviderNetwork(
            &[
                Read::Field("spec.defaultInterface"),
                Read::Field("spec.customInterfaces"),
                Read::Field("spec.excludeNodes"),
                Read::Field("spec.nodeSelector"),
            ],
            provider_network,
        ),
        Check::ConfigMap(&[Read::Field("data")], config_map),
    ],
};

/// What of the ConfigMap names an interface, and what switches all of it off.
const NIC: &str = "external-gw-nic";
const SWITCH: &str = "enable-external-gw";

fn vlan(vlan: &Vlan, context: &mut Context<'_>) -> Outcome {
    if vlan.id == 0 {
        return Ok(());
    }
    let twins = context.admitted.vlans_tagged(&vlan.tag())?;
    if let Some(twin) = twins.iter().find(|twin| twin.meta.name != vlan.meta.name) {
        let mentioned = context.mention(Kind::Vlan, &twin.meta.name);
        let detail = format!(
            "{mentioned} has this number on {} already, and Kube-OVN makes no Subnet on the second one",
            quoted(&vlan.provider)
        );
        let finding = Finding::duplicate(FieldPath::of("spec.id"), &vlan.id.to_string(), detail)
            .related(twin.reference(), Some(FieldPath::of("spec.id")))
            .in_conflict_with(&twin.meta.name);
        context.deny(finding.help("Give it a number of its own, or name the other Vlan in the Subnets."));
    }
    let network = context.cluster.provider_network(&vlan.provider)?;
    let Some((network, place)) =
        network.and_then(|network| Some((Arc::clone(&network), place_of_tag(&network, vlan.id)?)))
    else {
        return Ok(());
    };
    let mentioned = context.mention(Kind::ProviderNetwork, &network.meta.name);
    let detail = format!("{mentioned} is on an interface with this tag already, and frames get it twice");
    let finding =
        Finding::invalid_number(FieldPath::of("spec.id"), vlan.id, detail).related(network.reference(), Some(place));
    context.warn(finding.help("Write id: 0, for the interface adds the tag."));
    Ok(())
}

fn provider_network(network: &ProviderNetwork, context: &mut Context<'_>) -> Outcome {
    tagged_twice(network, context)?;
    let Some(nic) = external_nic(context)? else { return others(network, context) };
    if network.interfaces().contains(nic.as_str()) && !has_external_bridge(network, context)? {
        let namespace = context.kube_ovn().namespace.as_str();
        let map = ObjectRef::namespaced(Kind::ConfigMap, namespace, EXTERNAL_GW_CONFIG);
        let detail = format!(
            "takes {}, which is {NIC} in ConfigMap {namespace}/{EXTERNAL_GW_CONFIG} too: an interface is in one bridge only",
            quoted(&nic)
        );
        let finding =
            Finding::forbidden(network.field_of(&nic), &nic, detail).related(map, Some(FieldPath::of("data").key(NIC)));
        context.warn(finding.help(help_of_nic(context)));
    }
    others(network, context)
}

/// Whether its bridge is that of the external gateway, which is called like the external Subnet. Folders do not say how Kube-OVN is
/// started: one with a Subnet of its own name is taken for the external one, as its manual has it.
fn has_external_bridge(network: &ProviderNetwork, context: &Context<'_>) -> Answer<bool> {
    let name = network.meta.name.as_str();
    if name == context.kube_ovn().external_subnet {
        return Ok(true);
    }
    Ok(context.cluster.subnet(name)?.is_some_and(|subnet| !subnet.vlan.is_empty()))
}

fn help_of_nic(context: &Context<'_>) -> String {
    let name = quoted(&context.kube_ovn().external_subnet);
    format!("Take another interface, or call the ProviderNetwork and its Subnet {name}, so that both are one bridge.")
}

/// A Vlan with the number of the interface.
fn tagged_twice(network: &ProviderNetwork, context: &mut Context<'_>) -> Outcome {
    let tagged = network.interfaces().into_iter().filter_map(|interface| Some((tag_of(interface)?, interface)));
    let tags: BTreeMap<_, _> = tagged.filter(|(tag, _)| *tag != 0).collect();
    for (tag, interface) in tags {
        let word = Vlan { provider: network.meta.name.clone(), id: tag, ..Vlan::default() }.tag();
        let vlans = context.admitted.vlans_tagged(&word)?;
        let Some(vlan) = vlans.first() else { continue };
        let mentioned = context.mention(Kind::Vlan, &vlan.meta.name);
        let detail = format!("an interface has the tag {tag} already, and with {mentioned} frames get it twice");
        let finding = Finding::forbidden(network.field_of(interface), &tag.to_string(), detail)
            .related(vlan.reference(), Some(FieldPath::of("spec.id")));
        context.warn(finding.help("Name the interface without the tag, or write id: 0 in the Vlan."));
    }
    Ok(())
}

/// Other ProviderNetworks with an interface of it.
fn others(network: &ProviderNetwork, context: &mut Context<'_>) -> Outcome {
    // Each is compared once, however many interfaces they share.
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for interface in network.interfaces() {
        let mut others = context.admitted.provider_networks_on(interface)?;
        others.retain(|other| other.meta.name != network.meta.name);
        let other = others.iter().take(MOST_PAIRED).find(|other| {
            known.entry(other.meta.name.clone()).or_insert_with(|| shared(network, other)).contains(interface)
        });
        if let Some(other) = other {
            let mentioned = context.mention(Kind::ProviderNetwork, &other.meta.name);
            let detail =
                format!("{mentioned} takes {} of a node too: an interface is in one bridge only", quoted(interface));
            let finding = Finding::forbidden(network.field_of(interface), interface, detail)
                .related(other.reference(), Some(other.field_of(interface)))
                .in_conflict_with(&other.meta.name);
            context.warn(finding.help("Give each node to one of both, by excludeNodes, or take another interface."));
        }
    }
    Ok(())
}

/// The interfaces that two of them take of some node: of one that either names, or of the others, where one of them is on all nodes.
fn shared(one: &ProviderNetwork, other: &ProviderNetwork) -> BTreeSet<String> {
    let mut shared = BTreeSet::new();
    if one.selects_nodes || other.selects_nodes {
        return shared;
    }
    let is_on_all = one.exclude_nodes.is_empty() || other.exclude_nodes.is_empty();
    if is_on_all && one.default_interface == other.default_interface {
        shared.insert(one.default_interface.clone());
    }
    let (ours, theirs) = (one.named_nodes(), other.named_nodes());
    for node in ours.keys().chain(theirs.keys()) {
        let mine = ours.get(node).copied().unwrap_or(Some(&one.default_interface));
        let its = theirs.get(node).copied().unwrap_or(Some(&other.default_interface));
        shared.extend(mine.filter(|_| mine == its).map(str::to_owned));
    }
    shared
}

/// The number behind the dot of an interface.
fn tag_of(interface: &str) -> Option<i64> {
    interface.rsplit_once('.')?.1.parse().ok()
}

/// Where it names an interface that adds this tag.
fn place_of_tag(network: &ProviderNetwork, id: i64) -> Option<FieldPath> {
    let interface = network.interfaces().into_iter().find(|interface| tag_of(interface) == Some(id))?;
    Some(network.field_of(interface))
}

/// The interface of the external gateway, where the ConfigMap names one.
fn external_nic(context: &Context<'_>) -> Answer<Option<String>> {
    let map = context.cluster.config_map(&context.kube_ovn().namespace, EXTERNAL_GW_CONFIG)?;
    Ok(map.and_then(|map| nic_of(&map).map(str::to_owned)))
}

fn nic_of(map: &ConfigMap) -> Option<&str> {
    let is_off = map.text(SWITCH) == Some("false");
    map.text(NIC).filter(|nic| !nic.is_empty() && !is_off)
}

fn config_map(map: &ConfigMap, context: &mut Context<'_>) -> Outcome {
    let is_read = map.meta.name == EXTERNAL_GW_CONFIG && context.namespace == context.kube_ovn().namespace;
    let Some(nic) = nic_of(map).filter(|_| is_read) else { return Ok(()) };
    for network in context.admitted.provider_networks_on(nic)?.iter().take(MOST_PAIRED) {
        if !has_external_bridge(network, context)? {
            tell_of_network(nic, network, context);
            break;
        }
    }
    Ok(())
}

fn tell_of_network(nic: &str, network: &ProviderNetwork, context: &mut Context<'_>) {
    let mentioned = context.mention(Kind::ProviderNetwork, &network.meta.name);
    let detail = format!("is an interface of {mentioned} too, and is in one bridge only");
    let finding = Finding::invalid(FieldPath::of("data").key(NIC), nic, detail)
        .related(network.reference(), Some(network.field_of(nic)));
    context.warn(finding.help(help_of_nic(context)));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create};

    fn vlan(name: &str, id: i64, provider: &str) -> Value {
        json!({"kind": "Vlan", "name": name, "spec": {"id": id, "provider": provider}})
    }

    fn network(name: &str, spec: Value) -> Value {
        json!({"kind": "ProviderNetwork", "name": name, "spec": spec})
    }

    fn config(data: Value) -> Value {
        json!({"kind": "ConfigMap", "namespace": "kube-system", "name": "ovn-external-gw-config", "data": data})
    }

    #[test]
    fn one_number_is_one_vlan_on_a_network() {
        let cluster = || Cluster::of(RULE.id).with(vlan("first", 30, "office"));
        let wanted = r#"spec.id: Duplicate value: "30": Vlan "first" has this number on "office" already, and Kube-OVN makes no Subnet on the second one [vlan-conflict]"#;
        cluster().refuses(&vlan("new", 30, "office"), &[wanted]);
        // The network of the settings.
        let unnamed = json!({"kind": "Vlan", "name": "first", "spec": {"id": 30}});
        let verdict = Cluster::of(RULE.id).with(unnamed).verdict(&create(&vlan("new", 30, "provider")));
        assert!(!verdict.allowed);
        for other in [vlan("new", 31, "office"), vlan("new", 30, "lab"), vlan("first", 30, "office")] {
            cluster().accepts(&other);
        }
        Cluster::of(RULE.id).with(vlan("first", 0, "office")).accepts(&vlan("new", 0, "office"));
    }

    #[test]
    fn a_tag_is_added_once() {
        let on = |interface: &str| network("office", json!({"defaultInterface": interface}));
        let wanted = r#"spec.id: 10: ProviderNetwork "office" is on an interface with this tag already, and frames get it twice [vlan-conflict]"#;
        Cluster::of(RULE.id).with(on("eth0.10")).warns(&vlan("new", 10, "office"), &[wanted]);
        for (interface, id) in [("eth0.10", 11), ("eth0.10", 0), ("eth0", 10)] {
            Cluster::of(RULE.id).with(on(interface)).accepts(&vlan("new", id, "office"));
        }
        let wanted = r#"spec.defaultInterface: an interface has the tag 10 already, and with Vlan "ten" frames get it twice [vlan-conflict]"#;
        Cluster::of(RULE.id).with(vlan("ten", 10, "office")).warns(&on("eth0.10"), &[wanted]);
        Cluster::of(RULE.id).with(vlan("ten", 10, "lab")).accepts(&on("eth0.10"));
        Cluster::of(RULE.id).with(vlan("none", 0, "office")).accepts(&on("eth0.0"));
    }

    #[test]
    fn an_interface_is_not_that_of_the_external_gateway() {
        let on = network("office", json!({"defaultInterface": "eth1"}));
        let wanted = r#"spec.defaultInterface: takes "eth1", which is external-gw-nic in ConfigMap kube-system/ovn-external-gw-config too: an interface is in one bridge only [vlan-conflict]"#;
        let both = json!({"external-gw-nic": "eth1", "enable-external-gw": "true"});
        Cluster::of(RULE.id).with(config(both.clone())).warns(&on, &[wanted]);
        let wanted = r#"data[external-gw-nic]: "eth1": is an interface of ProviderNetwork "office" too, and is in one bridge only [vlan-conflict]"#;
        Cluster::of(RULE.id).with(on.clone()).warns(&config(both.clone()), &[wanted]);
        for data in [
            json!({"external-gw-nic": "eth2"}),
            json!({"external-gw-nic": "eth1", "enable-external-gw": "false"}),
            json!({"enable-external-gw": "true"}),
        ] {
            Cluster::of(RULE.id).with(config(data.clone())).accepts(&on);
            Cluster::of(RULE.id).with(on.clone()).accepts(&config(data));
        }
        let mut elsewhere = config(both.clone());
        elsewhere["namespace"] = json!("shop");
        Cluster::of(RULE.id).with(on.clone()).accepts(&elsewhere);
        // Its bridge is that of the gateway, as in Kube-OVN's own tests.
        let external = network("external", json!({"defaultInterface": "eth1"}));
        Cluster::of(RULE.id).with(config(both.clone())).accepts(&external);
        Cluster::of(RULE.id).with(external.clone()).accepts(&config(both.clone()));
        Cluster::of(RULE.id).with(external).with(on.clone()).warns(&config(both.clone()), &[wanted]);
        // As in its manual.
        let subnet = |vlan: &str| json!({"kind": "Subnet", "name": "office", "spec": {"cidrBlock": "10.5.0.0/24", "vlan": vlan}});
        Cluster::of(RULE.id).with(config(both.clone())).with(subnet("v")).accepts(&on);
        Cluster::of(RULE.id).with(on.clone()).with(subnet("v")).accepts(&config(both.clone()));
        Cluster::of(RULE.id).with(on).with(subnet("")).warns(&config(both), &[wanted]);
    }

    #[test]
    fn an_interface_of_a_node_is_of_one_network() {
        let custom = |nodes: &[&str]| json!([{"interface": "eth1", "nodes": nodes}]);
        let meets = |one: Value, other: Value| {
            let cluster = || Cluster::of(RULE.id).with(network("first", one.clone()));
            let is_default = other["defaultInterface"] == "eth1";
            let field = if is_default { "spec.defaultInterface" } else { "spec.customInterfaces[0].interface" };
            let wanted = format!(
                r#"{field}: ProviderNetwork "first" takes "eth1" of a node too: an interface is in one bridge only [vlan-conflict]"#
            );
            cluster().warns(&network("new", other.clone()), &[&wanted]);
        };
        meets(json!({"defaultInterface": "eth1"}), json!({"defaultInterface": "eth1"}));
        meets(json!({"defaultInterface": "eth1"}), json!({"defaultInterface": "eth1", "excludeNodes": ["n1"]}));
        meets(
            json!({"defaultInterface": "eth1"}),
            json!({"defaultInterface": "eth2", "customInterfaces": custom(&["n1"])}),
        );
        meets(
            json!({"defaultInterface": "eth0", "customInterfaces": custom(&["n1", "n2"])}),
            json!({"defaultInterface": "eth2", "customInterfaces": custom(&["n2"])}),
        );
        meets(
            json!({"defaultInterface": "eth1", "excludeNodes": ["n1"]}),
            json!({"defaultInterface": "eth1", "excludeNodes": ["n3"], "customInterfaces": custom(&["n2"])}),
        );
    }

    /// Not each of the nodes of one with each of the other, and that for each interface.
    #[test]
    fn of_many_nodes_each_is_looked_at_once() {
        let spread = |offset: usize| {
            let custom =
                |at: usize| json!({"interface": format!("eth{}", at % 500), "nodes": [format!("n{}", at + offset)]});
            let custom: Vec<_> = (0..10_000).map(custom).collect();
            json!({"defaultInterface": format!("default{offset}"), "customInterfaces": custom})
        };
        let first = network("first", spread(0));
        Cluster::of(RULE.id).with(first.clone()).accepts(&network("new", spread(10_000)));
        let mut last = spread(20_000);
        last["customInterfaces"][9_999]["nodes"] = json!(["n499"]);
        let verdict = Cluster::of(RULE.id).with(first).verdict(&create(&network("new", last)));
        let fields: Vec<_> = verdict.warnings.iter().map(|warning| warning.field().to_string()).collect();
        assert_eq!(fields, ["spec.customInterfaces[499].interface"]);
    }

    #[test]
    fn nodes_that_are_disjoint_meet_nowhere() {
        let custom = |nodes: &[&str]| json!([{"interface": "eth1", "nodes": nodes}]);
        let label = json!({"matchLabels": {"rack": "a"}});
        for (one, other) in [
            (json!({"defaultInterface": "eth1"}), json!({"defaultInterface": "eth2"})),
            (
                json!({"defaultInterface": "eth1", "excludeNodes": ["n1", "n2"]}),
                json!({"defaultInterface": "eth1", "excludeNodes": ["n3", "n4"]}),
            ),
            (
                json!({"defaultInterface": "eth0", "customInterfaces": custom(&["n1"])}),
                json!({"defaultInterface": "eth2", "customInterfaces": custom(&["n2"])}),
            ),
            (
                json!({"defaultInterface": "eth1", "excludeNodes": ["n1"]}),
                json!({"defaultInterface": "eth2", "customInterfaces": custom(&["n1"])}),
            ),
            (json!({"defaultInterface": "eth1"}), json!({"defaultInterface": "eth1", "nodeSelector": label})),
        ] {
            let cluster = |spec: &Value| Cluster::of(RULE.id).with(network("first", spec.clone()));
            cluster(&one).accepts(&network("new", other.clone()));
            cluster(&other).accepts(&network("new", one));
        }
    }
}
