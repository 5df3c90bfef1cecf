//! The keys on a Pod that Kube-OVN does not read, and why.

use serde::Serialize;
use serde_json::Value;

use super::{Attached, Explainer, Plugin};
use crate::attach::keys::{self, Key, MIDDLE};
use crate::attach::{self, Attachments, Network, OVN};
use crate::kinds::{DEFAULT_NETWORK, Kind, LOGICAL_SWITCH, NETWORKS};
use crate::text::{did_you_mean, listed, quoted};

/// An annotation that Kube-OVN does not read, or not for this Pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// The key.
    pub key: String,
    /// What it says.
    pub value: String,
    /// Why nobody reads it.
    pub because: String,
}

impl Ignored {
    pub(super) fn new(key: &str, value: &str, because: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned(), because: because.to_owned() }
    }
}

/// How many providers of a Pod are written out behind a key that is of none.
const SHOWN: usize = 8;

impl Explainer<'_> {
    /// Says that a key is not read, once.
    pub(super) fn ignores(&mut self, ignored: Ignored) {
        if !self.ignored.iter().any(|known| known.key == ignored.key) {
            self.ignored.push(ignored);
        }
    }

    /// All of the Pod's keys that lead nowhere.
    pub(super) fn ignored_keys(&mut self, asked: &Attachments<'_>, attached: &[Attached]) {
        let whole = match asked.primary {
            attach::Primary::Node => Some("the Pod uses its node's network (spec.hostNetwork)"),
            _ => None,
        };
        let pod = self.pod;
        for (key, value) in &pod.pod.annotations {
            let because = if key == NETWORKS || key == DEFAULT_NETWORK {
                whole.filter(|_| !value.is_empty()).map(str::to_owned)
            } else if let Some(parts) = Key::of_kube_ovn(key) {
                match whole {
                    Some(because) if parts.is_of_pods() => Some(because.to_owned()),
                    Some(_) => None,
                    None => why(&parts, key, value, asked, attached),
                }
            } else {
                mistyped(key)
            };
            if let Some(because) = because {
                self.ignores(Ignored { key: key.clone(), value: value.clone(), because });
            }
        }
        self.ignored.sort_by(|a, b| a.key.cmp(&b.key));
    }

    /// Keys of Pods on the workload itself.
    pub(super) fn misplaced(&mut self, kind: Kind, object: &Value) {
        let path = kind.pod_path();
        let annotations = object.pointer("/metadata/annotations").and_then(Value::as_object);
        for (key, value) in annotations.into_iter().flatten().filter(|_| !path.is_empty()) {
            let is_of_pods = [NETWORKS, DEFAULT_NETWORK].contains(&key.as_str())
                || Key::of_kube_ovn(key).is_some_and(|parts| parts.is_of_pods());
            if is_of_pods && self.pod.pod.annotation(key).is_none() {
                let because = format!(
                    "it stands on the {kind}, whose Pods do not get it: write it into {path}.metadata.annotations"
                );
                self.ignores(Ignored::new(key, value.as_str().unwrap_or_default(), &because));
            }
        }
    }
}

/// Why a key of Kube-OVN is not read; none if it is.
fn why(parts: &Key<'_>, key: &str, value: &str, asked: &Attachments<'_>, attached: &[Attached]) -> Option<String> {
    if parts.is_later() {
        return Some("Kube-OVN v1.16 does not read it, later releases do".to_owned());
    }
    if parts.is_unknown() {
        let known: Vec<_> = keys::known().collect();
        let meant =
            did_you_mean(&parts.what.replace('-', "_"), &known).map_or_else(String::new, |meant| format!("; {meant}"));
        return Some(format!("Kube-OVN v1.16 reads no such key{meant}"));
    }
    if !parts.is_of_pods() {
        return None;
    }
    if value.is_empty() {
        return Some("it is empty".to_owned());
    }
    if parts.provider == OVN {
        return of_primary(parts, key, asked, attached);
    }
    let named = |network: &Network<'_>| network.address_provider();
    if !parts.interface.is_empty() {
        let is_read = asked.networks.iter().any(|network| {
            named(network) == parts.provider && *network.interface == *parts.interface && parts.may_name_an_interface()
        });
        return (!is_read).then(|| {
            format!("no network {} of the Pod has the interface {}", quoted(parts.provider), quoted(parts.interface))
        });
    }
    let mut pairs = asked.networks.iter().zip(attached);
    if let Some((_, made)) = pairs.clone().find(|(network, made)| read_as(network, made) == Some(parts.provider)) {
        let is_of_kube_ovn = matches!(made.plugin, Plugin::KubeOvn | Plugin::Unknown);
        // Of a network that has only its addresses of Kube-OVN nothing leads elsewhere.
        return (parts.name == "logical_switch" && !is_of_kube_ovn)
            .then(|| "the Subnet of this network follows from its provider alone".to_owned());
    }
    let close = pairs.find(|(network, _)| {
        let name = named(network);
        parts.provider == name
            || parts.provider.strip_prefix(&*name).is_some_and(|rest| rest == ".ovn" || rest.starts_with(".ovn."))
    });
    Some(match close {
        Some((network, made)) => of_network(parts, network, made),
        None => of_none(parts, asked, attached),
    })
}

/// What the keys of a network begin with, as far as they are read.
fn read_as<'n>(network: &'n Network<'_>, made: &'n Attached) -> Option<&'n str> {
    match made.plugin {
        Plugin::KubeOvn | Plugin::Unknown => Some(&network.provider),
        _ => made.provider.as_deref(),
    }
}

fn of_primary(parts: &Key<'_>, key: &str, asked: &Attachments<'_>, attached: &[Attached]) -> Option<String> {
    // These count for all networks of the Pod.
    if parts.is_of_all_networks() {
        return None;
    }
    match asked.primary {
        attach::Primary::OtherPlugin => {
            Some("another plug-in makes the primary network of Pods (kubeOvn.nonPrimaryCNI)".to_owned())
        }
        attach::Primary::Multus if key == LOGICAL_SWITCH => {
            let stands_in =
                attached.iter().any(|made| made.plugin == Plugin::KubeOvn && made.because.starts_with("no Subnet"));
            (!stands_in).then(|| {
                format!("{DEFAULT_NETWORK} names the primary network; Kube-OVN looks the Subnet up all the same, so it must be there")
            })
        }
        attach::Primary::Multus => {
            Some(format!("{DEFAULT_NETWORK} names the primary network, which has another provider"))
        }
        _ => None,
    }
}

/// A key that is nearly that of a network.
fn of_network(parts: &Key<'_>, network: &Network<'_>, made: &Attached) -> String {
    let reference = quoted(&made.network);
    match (read_as(network, made), made.plugin) {
        (Some(read), Plugin::KubeOvn | Plugin::Unknown) => {
            let right = format!("{read}{MIDDLE}{}", parts.what);
            let has_interface = network.provider.len() > network.address_provider().len() + 1 + OVN.len();
            let why = if parts.provider == network.address_provider() {
                format!("it lacks .{OVN} behind the network's name")
            } else if has_interface {
                format!("the Pod lists network {reference} more than once, so that the key has the interface")
            } else {
                format!("the Pod lists network {reference} once, so that the key has no interface")
            };
            format!("{why}: Kube-OVN reads {right}")
        }
        (Some(read), _) => {
            format!("Kube-OVN only gives network {reference} its addresses, and reads {read}{MIDDLE}{}", parts.what)
        }
        (None, Plugin::Broken) => format!("the NetworkAttachmentDefinition of network {reference} cannot be read"),
        (None, _) => format!("another plug-in makes network {reference}"),
    }
}

fn of_none(parts: &Key<'_>, asked: &Attachments<'_>, attached: &[Attached]) -> String {
    let is_primary = !matches!(asked.primary, attach::Primary::OtherPlugin | attach::Primary::Multus);
    let provider = quoted(parts.provider);
    if attached.is_empty() {
        return format!("the Pod has no network of the provider {provider}: the annotation {NETWORKS} lists none");
    }
    let primary = is_primary.then_some(OVN).into_iter();
    let providers: Vec<_> =
        primary.chain(attached.iter().filter_map(|made| made.provider.as_deref())).map(quoted).collect();
    // Of a Pod with many networks all of them would stand behind each key.
    let others = match (providers.len(), listed(&providers)) {
        (0..=SHOWN, Some(providers)) => format!("; there are {providers}"),
        (0, None) => String::new(),
        (many, _) => format!("; there are {many} others"),
    };
    format!("no network of the Pod has the provider {provider}{others}")
}

/// A key that is nearly one of Kube-OVN or Multus.
fn mistyped(key: &str) -> Option<String> {
    let (domain, what) = key.split_once('/')?;
    let right = match domain {
        "kube-ovn.io" | "kubeovn.io" | "ovn.k8s.io" | "kubernetes.ovn.io" | "ovn.kubernetes" => {
            keys::known().any(|known| known == what).then(|| format!("{OVN}{MIDDLE}{what}"))
        }
        "k8s.v1.cni.cncf.io" if what == "network" => Some(NETWORKS.to_owned()),
        _ => None,
    }?;
    Some(format!("Kube-OVN reads no such key; did you mean {right:?}?"))
}

#[cfg(test)]
mod tests {
    use super::mistyped;

    #[test]
    fn keys_of_others_are_not_mistyped() {
        for key in ["app", "kubevirt.io/domain", "some.kubernetes.io/limit", "kube-ovn.io/limits"] {
            assert_eq!(mistyped(key), None, "{key}");
        }
    }
}
