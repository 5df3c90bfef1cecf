//! What is wrong with a rule of a load balancer, as far as it shows without Pods that serve it: by the Service that Kube-OVN
//! makes of it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::mirror::Id;
use super::observation::Observation;
use super::symptoms::text;

/// Where Kube-OVN writes the address that is served.
const ADDRESS: &str = "/metadata/annotations/ovn.kubernetes.io~1switch_lb_vip";

impl Observation {
    pub(super) fn switch_lb_rule(&self, id: &Id, stored: &Value, symptoms: &mut Vec<String>) {
        let spec = stored.get("spec").unwrap_or(&Value::Null);
        let service = Id {
            kind: "Service".to_owned(),
            namespace: text(spec, "namespace").to_owned(),
            name: format!("slr-{}", id.name),
        };
        let said = stored.pointer("/status/service").and_then(Value::as_str).unwrap_or_default();
        let Some(made) = self.objects.get(&service).filter(|_| !said.is_empty()) else {
            symptoms.push("no Service".to_owned());
            return;
        };
        if made.pointer(ADDRESS).and_then(Value::as_str) != Some(text(spec, "vip")) {
            symptoms.push(format!("its Service does not serve {}", text(spec, "vip")));
        }
        let ports = |of: &Value| -> BTreeSet<(i64, String)> {
            let all = of.get("ports").and_then(Value::as_array).into_iter().flatten();
            all.map(|port| {
                let protocol = Some(text(port, "protocol")).filter(|protocol| !protocol.is_empty()).unwrap_or("TCP");
                (port.get("port").and_then(Value::as_i64).unwrap_or_default(), protocol.to_owned())
            })
            .collect()
        };
        let (wanted, had) = (ports(spec), made.get("spec").map(ports).unwrap_or_default());
        if wanted.is_empty() {
            symptoms.push("its Service has no port at all".to_owned());
        }
        symptoms.extend(
            wanted.difference(&had).map(|(port, protocol)| format!("its Service has no port {port} {protocol}")),
        );
        if spec.get("endpoints").and_then(Value::as_array).is_some_and(|endpoints| !endpoints.is_empty()) {
            return;
        }
        let selector = made.pointer("/spec/selector").and_then(Value::as_object);
        for entry in spec.get("selector").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let (key, value) = entry.split_once(':').unwrap_or((entry, ""));
            if selector.and_then(|all| all.get(key.trim())).and_then(Value::as_str) != Some(value.trim()) {
                symptoms.push(format!("its Service does not select by {entry}"));
            }
        }
    }
}
