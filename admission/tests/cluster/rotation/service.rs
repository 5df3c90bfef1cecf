//! Webhooks that are called by their Service, as in a cluster, so that the API server asks for the Service's name.

use serde_json::{Value, json};

/// Has configurations call the Service on this port, leaves the caBundle to vpcguard, and adds the Service: another name
/// for this machine, for there is nobody here to make a cluster's address lead anywhere.
pub(crate) fn call_on(configurations: &mut Vec<Value>, port: u16) {
    let webhooks = configurations.iter_mut().filter_map(|configuration| configuration["webhooks"].as_array_mut());
    for webhook in webhooks.flatten() {
        webhook["clientConfig"]["service"]["port"] = json!(port);
    }
    configurations.push(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "vpcguard", "namespace": "vpcguard-system"},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    }));
}
