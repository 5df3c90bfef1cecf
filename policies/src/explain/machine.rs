//! What `KubeVirt` writes into the Pod of a virtual machine, by the machine's networks.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::kinds::{DEFAULT_NETWORK, Kind, NETWORKS};

/// What the names of interfaces begin with.
const PREFIX: &str = "pod";
/// How many digits of a hash stand behind that.
const DIGITS: usize = 11;

/// The annotations in which the networks stand, whatever stood there before; none for other kinds.
pub(super) fn annotations(kind: Kind, namespace: &str, spec: &Map<String, Value>) -> Map<String, Value> {
    let mut annotations = Map::new();
    if !matches!(kind, Kind::VirtualMachine | Kind::VirtualMachineInstance) {
        return annotations;
    }
    let networks = spec.get("networks").and_then(Value::as_array);
    let networks = networks.into_iter().flatten().filter_map(Network::of);
    let (defaults, listed): (Vec<_>, Vec<_>) =
        networks.filter(|network| !is_unplugged(network, spec)).partition(|network| network.is_default);
    if let Some(default) = defaults.first() {
        annotations.insert(DEFAULT_NETWORK.to_owned(), default.reference.into());
    }
    if !listed.is_empty() {
        let elements: Value = listed.iter().map(|network| network.element(namespace)).collect();
        annotations.insert(NETWORKS.to_owned(), elements.to_string().into());
    }
    annotations
}

/// A network of a machine that Multus attaches.
struct Network<'m> {
    /// What the machine calls it.
    name: &'m str,
    /// `[<namespace>/]<name>` of its NetworkAttachmentDefinition.
    reference: &'m str,
    /// Whether it stands in the place of the primary one.
    is_default: bool,
}

impl<'m> Network<'m> {
    fn of(network: &'m Value) -> Option<Self> {
        let multus = network.get("multus")?;
        let reference = text(multus, "networkName");
        let is_default = multus.get("default").and_then(Value::as_bool).unwrap_or_default();
        (!reference.is_empty()).then(|| Self { name: text(network, "name"), reference, is_default })
    }

    /// As an element of the list.
    fn element(&self, namespace: &str) -> Value {
        let (namespace, name) = self.reference.split_once('/').unwrap_or((namespace, self.reference));
        json!({"name": name, "namespace": namespace, "interface": interface(self.name)})
    }
}

/// Whether the machine's interface in a network was taken away.
fn is_unplugged(network: &Network<'_>, spec: &Map<String, Value>) -> bool {
    let interfaces = spec.get("domain").and_then(|domain| domain.pointer("/devices/interfaces"));
    let mut interfaces = interfaces.and_then(Value::as_array).into_iter().flatten();
    interfaces.any(|own| text(own, "name") == network.name && text(own, "state") == "absent")
}

/// What the interface in the Pod is called: `pod`, and the begin of a hash of the network's name. Older releases count them: `net1`, `net2`.
fn interface(network: &str) -> String {
    let mut name = Sha256::digest(network).iter().fold(PREFIX.to_owned(), |name, byte| format!("{name}{byte:02x}"));
    name.truncate(PREFIX.len() + DIGITS);
    name
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(spec: &Value) -> Value {
        annotations(Kind::VirtualMachine, "ns1", spec.as_object().unwrap()).into()
    }

    #[test]
    fn the_interfaces_have_kube_virts_names() {
        assert_eq!(interface("default"), "pod37a8eec1ce1");
        assert_eq!(interface("test1"), "pod1b4f0e98519");
    }

    #[test]
    fn networks_become_annotations() {
        let network = |name: &str, multus: Value| json!({"name": name, "multus": multus});
        let spec = json!({
            "domain": {"devices": {"interfaces": [{"name": "gone", "state": "absent"}, {"name": "test1"}]}},
            "networks": [
                {"name": "first", "pod": {}},
                network("test1", json!({"networkName": "nad"})),
                network("default", json!({"networkName": "ns2/nad"})),
                network("gone", json!({"networkName": "other"})),
            ],
        });
        let list = r#"[{"interface":"pod1b4f0e98519","name":"nad","namespace":"ns1"},{"interface":"pod37a8eec1ce1","name":"nad","namespace":"ns2"}]"#;
        assert_eq!(annotated(&spec), json!({NETWORKS: list}));
        let spec = json!({"networks": [network("net", json!({"networkName": "ns2/nad", "default": true}))]});
        assert_eq!(annotated(&spec), json!({DEFAULT_NETWORK: "ns2/nad"}));
        assert_eq!(annotated(&json!({})), json!({}));
    }
}
