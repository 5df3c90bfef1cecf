//! Warns of networks of a Pod that nobody serves, and of annotations about its networks that nobody reads.
//!
//! Multus attaches the networks that a Pod lists; a virtual machine lists them in `spec.networks` too. Where a
//! NetworkAttachmentDefinition is Kube-OVN's, the Pod's annotations about it begin with its provider: `<name>.<namespace>.ovn` for
//! one of the type `kube-ovn`, and `<name>.<namespace>` where another plug-in has its addresses of Kube-OVN. Kube-OVN reads these
//! keys and no others. Pointed out are
//!
//! - a network of Kube-OVN that no Subnet has the provider of, in a template (of a Pod, `pod-network-unresolvable` says so),
//! - a `name` in a JSON list that has the namespace in it,
//! - a key of a network that the Pod does not list, without `.ovn` where it belongs or with it where it does not, or with an
//!   interface though the network is listed once,
//! - a route through a gateway that is in no Subnet of the interface: the node does not set it,
//! - more than one network in `v1.multus-cni.io/default-network`: Multus takes one,
//! - a Vip beside a second network of Kube-OVN: it is given to one of them, and refused to the next for ever,
//! - keys of `ovn.kubernetes.io` beside `v1.multus-cni.io/default-network`, which takes the place of that network.
//!
//! Nothing is said of networks of other plug-ins. In a manifest without a namespace, what depends on that is not judged.
//!
//! ```yaml bad
//! # bad: the key lacks .ovn
//! apiVersion: k8s.cni.cncf.io/v1
//! kind: NetworkAttachmentDefinition
//! metadata: {name: db, namespace: blue}
//! spec:
//!   config: |
//!     {
//!       "cniVersion": "0.3.1",
//!       "type": "kube-ovn",
//!       "server_socket": "/run/openvswitch/kube-ovn-daemon.sock",
//!       "provider": "db.blue.ovn"
//!     }
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: db}
//! spec: {cidrBlock: 10.18.0.0/16, provider: db.blue.ovn}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations:
//!     k8s.v1.cni.cncf.io/networks: db
//!     db.blue.kubernetes.io/ip_address: 10.18.0.5
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: k8s.cni.cncf.io/v1
//! kind: NetworkAttachmentDefinition
//! metadata: {name: db, namespace: blue}
//! spec:
//!   config: |
//!     {
//!       "cniVersion": "0.3.1",
//!       "type": "kube-ovn",
//!       "server_socket": "/run/openvswitch/kube-ovn-daemon.sock",
//!       "provider": "db.blue.ovn"
//!     }
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: db}
//! spec: {cidrBlock: 10.18.0.0/16, provider: db.blue.ovn}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations:
//!     k8s.v1.cni.cncf.io/networks: db
//!     db.blue.ovn.kubernetes.io/ip_address: 10.18.0.5
//! ```
//!
//! Write the key that the message names, list the network, or leave the key out.

mod read;
mod routes;
#[cfg(test)]
mod tests;

use crate::attach::keys::Key;
use crate::attach::{Attachments, Definition, Network, OVN, Place, Primary, Providers};
use crate::inventory::{Answer, Sight};
use crate::kinds::{
    ALLOCATED_SUFFIX, DEFAULT_NETWORK, IP_ADDRESS_SUFFIX, IP_POOL_SUFFIX, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX,
    NETWORKS, PodTemplate, SECURITY_GROUPS_SUFFIX, VIP,
};
use crate::rule::prelude::*;
use crate::rules::pod::network_unresolvable;
use crate::text::quoted;
use read::{Index, Known, Reading};

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-attachment",
    summary: "a network of a Pod is served by no Subnet, or an annotation about its networks is read by nobody",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::Attachments,
    asks: &[Kind::Subnet, Kind::AttachmentDefinition, Kind::Namespace],
    checks: &[Check::Pod(
        &[
            Read::PodAnnotation(NETWORKS),
            Read::PodAnnotation(DEFAULT_NETWORK),
            Read::PodAnnotation(VIP),
            Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
            Read::PodAnnotationsEnding(IP_ADDRESS_SUFFIX),
            Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
            Read::PodAnnotationsEnding(SECURITY_GROUPS_SUFFIX),
            Read::PodAnnotationsEnding(ALLOCATED_SUFFIX),
            Read::PodAnnotationsEnding(".kubernetes.io/mac_address"),
            Read::PodAnnotationsEnding(".kubernetes.io/ip_family"),
            Read::PodAnnotationsEnding(".kubernetes.io/port_security"),
            Read::PodAnnotationsEnding(".kubernetes.io/port_vips"),
            Read::PodAnnotationsEnding(".kubernetes.io/layer2_forward"),
            Read::PodAnnotationsEnding(".kubernetes.io/ingress_rate"),
            Read::PodAnnotationsEnding(".kubernetes.io/egress_rate"),
            Read::PodAnnotationsEnding(".kubernetes.io/ingress_burst"),
            Read::PodAnnotationsEnding(".kubernetes.io/egress_burst"),
            Read::PodAnnotationsEnding(".kubernetes.io/default_route"),
            Read::PodAnnotationsEnding(".kubernetes.io/routes"),
            Read::PodAnnotationsHolding(".kubernetes.io/ip_address."),
            Read::PodAnnotationsHolding(".kubernetes.io/mac_address."),
            Read::PodField("spec.hostNetwork"),
            Read::MachineNetworks,
        ],
        check,
    )],
};

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    // What cannot be read is for other rules, and nobody knows then what is asked for.
    if pod.host_network || !asked.unreadable.is_empty() {
        return Ok(());
    }
    let mut providers = Providers::new(context.cluster);
    let mut known = Vec::new();
    let mut is_one_unserved = false;
    // In a folder an object may get its namespace later.
    let own = context.namespace;
    let is_given = |network: &Network<'_>| !pod.meta.namespace.is_empty() || network.namespace != own;
    for network in &asked.networks {
        let network = Known::of(network, is_given(network), context)?;
        slash(pod, network.network, context);
        is_one_unserved |= is_unserved(&network, &mut providers)?;
        unserved(pod, &network, &mut providers, context)?;
        known.push(network);
    }
    shared_vip(pod, &asked, &known, &mut providers, context)?;
    ignored(pod, &known, context);
    defaults(pod, &asked, context);
    if asked.primary == Primary::Multus {
        beside(pod, is_one_unserved, context);
    }
    routes::check(pod, &asked, &known, &mut providers, context)
}

/// A JSON list has the namespace in a field of its own.
fn slash(pod: &PodTemplate, network: &Network<'_>, context: &mut Context<'_>) {
    let Place::Annotation(key) = network.place else { return };
    let Some((namespace, name)) = network.name.split_once('/') else { return };
    let text = pod.pod.annotation(key).unwrap_or_default();
    let detail =
        format!("{} is no name of a NetworkAttachmentDefinition, so that the Pod waits for it", quoted(&network.name));
    let help = format!(r#"Write {{"namespace": {}, "name": {}}}."#, quoted(namespace), quoted(name));
    context
        .deny(Finding::invalid(pod.annotation_path(key), text, detail).identified_by(network.reference()).help(help));
}

/// Multus has one network in place of the primary one.
fn defaults(pod: &PodTemplate, asked: &Attachments<'_>, context: &mut Context<'_>) {
    let of_all = asked.networks.iter().filter(|network| network.place == Place::Annotation(DEFAULT_NETWORK));
    let names: Vec<_> = of_all.map(Network::reference).collect();
    if let [first, _, ..] = names.as_slice() {
        let text = pod.pod.annotation(DEFAULT_NETWORK).unwrap_or_default();
        let detail =
            format!("names {} networks, of which Multus takes one alone: it does not set up the Pod", names.len());
        let finding = Finding::invalid(pod.annotation_path(DEFAULT_NETWORK), text, detail);
        context.deny(finding.help(format!("Keep {}, and list the others in {NETWORKS}.", quoted(first))));
    }
}

/// Whether no Subnet serves a network, if it is of the type `kube-ovn`.
fn is_unserved(network: &Known<'_, '_>, providers: &mut Providers<'_>) -> Answer<bool> {
    Ok(network.network.switch.is_none() && providers.of(network.network)?.is_empty())
}

/// A Vip counts for each network of Kube-OVN, and may be given to one of them.
fn shared_vip(
    pod: &PodTemplate,
    asked: &Attachments<'_>,
    known: &[Known<'_, '_>],
    providers: &mut Providers<'_>,
    context: &mut Context<'_>,
) -> Outcome {
    let Some(vip) = pod.pod.annotation(VIP).filter(|vip| !vip.is_empty() && !is_allocated(pod, OVN)) else {
        return Ok(());
    };
    let mut number = usize::from(asked.primary.is_kube_ovns());
    for network in known {
        number += usize::from(is_served(network, providers)?);
    }
    if number > 1 {
        let detail = format!(
            "counts for each of the Pod's {number} networks of Kube-OVN, which gives it to one and refuses it to the next: the Pod stays in ContainerCreating"
        );
        let finding = Finding::invalid(pod.annotation_path(VIP), vip, detail);
        context.deny(finding.help("Name an address for each network by its own key in place of the Vip."));
    }
    Ok(())
}

/// Whether a network is seen to have addresses of Kube-OVN.
fn is_served(known: &Known<'_, '_>, providers: &mut Providers<'_>) -> Answer<bool> {
    match known.subnet_provider() {
        Some(provider) => Ok(!providers.with(&provider)?.is_empty()),
        None => Ok(false),
    }
}

/// A network of Kube-OVN without a Subnet.
fn unserved(
    pod: &PodTemplate,
    known: &Known<'_, '_>,
    providers: &mut Providers<'_>,
    context: &mut Context<'_>,
) -> Outcome {
    let is_said = pod.kind == Kind::Pod && network_unresolvable::RULE.action(context.settings) != RuleAction::Off;
    if is_said || !known.is_given || context.cluster.sight(Kind::Subnet) == Sight::Nothing {
        return Ok(());
    }
    let network = known.network;
    let Some(provider) = known.subnet_provider() else { return Ok(()) };
    let effect = match known.definition {
        Some(Definition::KubeOvn) if network.switch.is_some() => return Ok(()),
        Some(Definition::KubeOvn) => "releases after v1.16 cannot attach the Pod, v1.16 may use its default Subnet",
        _ => "the Pod stays in ContainerCreating",
    };
    if is_served(known, providers)? {
        return Ok(());
    }
    let detail = format!("no Subnet has the provider {}: {effect}", quoted(&provider));
    let finding = Finding::not_found(network.place.path(pod), &network.reference(), detail);
    context.deny(finding.help(format!("Create a Subnet with the provider {provider}.")));
    Ok(())
}

/// The keys that are about no network of the Pod, as they are written.
fn ignored(pod: &PodTemplate, known: &[Known<'_, '_>], context: &mut Context<'_>) {
    let index = Index::of(known);
    for (key, value) in &pod.pod.annotations {
        let Some(parts) = Key::of_network(key).filter(|parts| parts.provider != OVN) else { continue };
        if is_allocated(pod, parts.provider) {
            continue;
        }
        let (detail, help) = match index.reading(parts.provider, parts.what) {
            Reading::Read => continue,
            // Other networks of the folder's namespace may be meant.
            Reading::Stranger if pod.meta.namespace.is_empty() => continue,
            Reading::Stranger => {
                let detail = "is of a network that the Pod does not list, and Kube-OVN does not read it".to_owned();
                (detail, format!("List the network in {NETWORKS}, correct the name, or leave the key out."))
            }
            Reading::Instead(right) => {
                (format!("Kube-OVN reads {right} instead of this key"), format!("Write {right}."))
            }
        };
        let finding = Finding::invalid(pod.annotation_path(key), value, detail).identified_by(key.clone());
        context.deny(finding.help(help));
    }
}

/// Kube-OVN wrote it, for a network that was there.
fn is_allocated(pod: &PodTemplate, provider: &str) -> bool {
    pod.pod.annotation(&format!("{provider}{ALLOCATED_SUFFIX}")) == Some("true")
}

/// Keys of the primary network, whose place another has taken.
fn beside(pod: &PodTemplate, is_one_unserved: bool, context: &mut Context<'_>) {
    if is_allocated(pod, OVN) {
        return;
    }
    for (key, value) in &pod.pod.annotations {
        // v1.16 takes this Subnet for a network that has none.
        let is_used = key == LOGICAL_SWITCH && is_one_unserved;
        if is_used || Key::of_network(key).is_none_or(|parts| parts.provider != OVN) {
            continue;
        }
        let detail = format!(
            "{DEFAULT_NETWORK} takes the place of the network that this is about, and Kube-OVN does not read it"
        );
        let finding = Finding::invalid(pod.annotation_path(key), value, detail).identified_by(key.clone());
        context.deny(finding.help(
            "Write it under the provider of that network, <name>.<namespace>.ovn.kubernetes.io, or leave it out.",
        ));
    }
}
