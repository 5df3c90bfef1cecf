//! Webhook configurations that a test's API server can use: by URL, where a cluster has a Service.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Points every webhook of a configuration, whose `clientConfig` names a Service, at the same path of an address.
///
/// It takes a `ValidatingWebhookConfiguration` or a `MutatingWebhookConfiguration`; whatever else is left alone, so that
/// a whole list of manifests can be passed through.
pub fn point_at(configuration: &mut Value, address: SocketAddr, ca_pem: &str) {
    let webhooks = configuration.get_mut("webhooks").and_then(Value::as_array_mut);
    for config in webhooks.into_iter().flatten().filter_map(|webhook| webhook.get_mut("clientConfig")) {
        if let Some(service) = config.get("service") {
            let path = service.get("path").and_then(Value::as_str).unwrap_or_default();
            *config = json!({"url": format!("https://{address}{path}"), "caBundle": STANDARD.encode(ca_pem)});
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_becomes_a_url() {
        let service = json!({"name": "vpcguard", "namespace": "vpcguard-system", "path": "/validate", "port": 443});
        let mut configuration = json!({"kind": "ValidatingWebhookConfiguration", "webhooks": [
            {"name": "a", "clientConfig": {"service": service}, "failurePolicy": "Fail"},
            {"name": "b", "clientConfig": {"url": "https://elsewhere"}},
        ]});
        point_at(&mut configuration, "127.0.0.1:8443".parse().unwrap(), "pem");
        assert_eq!(
            configuration["webhooks"],
            json!([
                {
                    "name": "a", "failurePolicy": "Fail",
                    "clientConfig": {"url": "https://127.0.0.1:8443/validate", "caBundle": "cGVt"},
                },
                {"name": "b", "clientConfig": {"url": "https://elsewhere"}},
            ])
        );
    }

    #[test]
    fn other_objects_are_left_alone() {
        let mut object = json!({"kind": "Service", "spec": {"ports": []}});
        point_at(&mut object, "127.0.0.1:8443".parse().unwrap(), "pem");
        assert_eq!(object, json!({"kind": "Service", "spec": {"ports": []}}));
    }
}
