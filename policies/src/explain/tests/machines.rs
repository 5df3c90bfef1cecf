//! Virtual machines.

use serde_json::{Value, json};

use super::explained;

fn machine(annotations: &Value) -> Value {
    let network = |name: &str, of: &str| json!({"name": name, "multus": {"networkName": of}});
    let networks = [json!({"name": "first", "pod": {}}), network("default", "nad"), network("test1", "ns1/nad")];
    let spec = json!({"template": {"metadata": {"annotations": annotations}, "spec": {"networks": networks}}});
    json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
           "metadata": {"name": "vm", "namespace": "ns1"}, "spec": spec})
}

#[test]
fn the_networks_of_a_machine_have_kube_virts_interfaces() {
    let explanation = explained(machine(&json!({})), &[]);
    let attached: Vec<_> = explanation
        .attached
        .iter()
        .map(|network| (network.network.as_str(), network.interface.as_str(), network.provider.as_deref().unwrap()))
        .collect();
    let wanted = [
        ("ns1/nad", "pod37a8eec1ce1", "nad.ns1.ovn.pod37a8eec1ce1"),
        ("ns1/nad", "pod1b4f0e98519", "nad.ns1.ovn.pod1b4f0e98519"),
    ];
    assert_eq!(attached, wanted);
}

#[test]
fn the_key_of_an_interface_has_its_name() {
    let asked = explained(machine(&json!({"nad.ns1.kubernetes.io/ip_address.pod1b4f0e98519": "10.0.9.5"})), &[]);
    let address = asked.attached[1].address.as_ref().unwrap();
    assert_eq!(address.addresses, ["10.0.9.5"]);
    let ignored = explained(machine(&json!({"nad.ns1.kubernetes.io/ip_address.net1": "10.0.9.5"})), &[]);
    let because = r#"no network "nad.ns1" of the Pod has the interface "net1""#;
    assert_eq!(ignored.ignored[0].because, because);
}
