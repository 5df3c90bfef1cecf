//! What a configuration says to kube-ovn-cni, which reads other fields of it than Kube-OVN's controller.

use serde_json::{Map, Value};

const KUBE_OVN: &str = "kube-ovn";
const ROUTES: &str = r#"a list of routes, as in [{"dst": "10.0.0.0/8", "gw": "10.17.0.1"}]"#;
/// The strings of a plug-in that kube-ovn-cni reads.
const STRINGS: &[&str] = &[
    "provider",
    "server_socket",
    "deviceID",
    "vf_driver",
    "vhost_user_socket_volume_name",
    "vhost_user_socket_name",
    "vhost_user_socket_consumption",
];
/// Those of its `ipam`.
const OF_IPAM: &[&str] = &["provider", "server_socket"];

/// A field of the plug-in that is Kube-OVN's, or of the `ipam` of one that has its addresses of it; empty where it has none.
pub(super) fn of(config: &str, field: &str) -> Option<String> {
    let top = serde_json::from_str::<Value>(config).ok()?;
    let plugin = of_kube_ovn(&top)?;
    let said_in = if text(plugin, "type") == KUBE_OVN { plugin } else { member(plugin, "ipam")?.as_object()? };
    Some(text(said_in, field).to_owned())
}

/// A field of that plug-in which kube-ovn-cni cannot read, and what it wants there. The controller looks at none of them.
pub(super) fn misread(config: &str) -> Option<(String, &'static str)> {
    let top = serde_json::from_str::<Value>(config).ok()?;
    let plugin = of_kube_ovn(&top)?;
    let no_string = |fields: &Map<String, Value>, names: &[&'static str]| {
        let is_wrong = |name: &&&str| all_of(fields, name).any(|value| !value.is_string() && !value.is_null());
        names.iter().find(is_wrong).copied()
    };
    if let Some(field) = no_string(plugin, STRINGS) {
        return Some((field.to_owned(), "a string"));
    }
    if has_wrong_routes(plugin) {
        return Some(("routes".to_owned(), ROUTES));
    }
    // The type of it has been looked at before.
    let ipam = member(plugin, "ipam").and_then(Value::as_object)?;
    if let Some(field) = no_string(ipam, OF_IPAM) {
        return Some((format!("ipam.{field}"), "a string"));
    }
    has_wrong_routes(ipam).then(|| ("ipam.routes".to_owned(), ROUTES))
}

fn has_wrong_routes(fields: &Map<String, Value>) -> bool {
    let is_text = |value: &Value| value.is_string() || value.is_null();
    let is_route = |route: &Value| match route {
        Value::Object(route) => ["dst", "gw"].iter().all(|name| all_of(route, name).all(is_text)),
        other => other.is_null(),
    };
    all_of(fields, "routes").any(|routes| match routes {
        Value::Array(routes) => !routes.iter().all(is_route),
        other => !other.is_null(),
    })
}

/// The plug-in that is Kube-OVN's, or else the one that has its addresses of it.
fn of_kube_ovn(top: &Value) -> Option<&Map<String, Value>> {
    let all = plugins(top);
    let own = all.iter().find(|plugin| text(plugin, "type") == KUBE_OVN);
    own.or_else(|| all.iter().find(|plugin| has_addresses_of_it(plugin))).copied()
}

/// Whether a plug-in has its addresses of somebody else: without any, whoever runs the Pod gives it one.
pub(super) fn has_addresses(config: &str) -> bool {
    let Ok(top) = serde_json::from_str::<Value>(config) else { return false };
    let mut ipams = plugins(&top).into_iter().filter_map(|plugin| member(plugin, "ipam")?.as_object());
    ipams.any(|ipam| !text(ipam, "type").is_empty())
}

fn has_addresses_of_it(plugin: &Map<String, Value>) -> bool {
    member(plugin, "ipam").and_then(Value::as_object).is_some_and(|ipam| text(ipam, "type") == KUBE_OVN)
}

/// The plug-ins of a configuration. A list counts where there is no type beside it.
fn plugins(top: &Value) -> Vec<&Map<String, Value>> {
    let Some(top) = top.as_object() else { return Vec::new() };
    if !text(top, "type").is_empty() {
        return vec![top];
    }
    let listed = member(top, "plugins").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_object).collect()
}

/// Each member of a name, which Go takes in any case.
fn all_of<'v>(fields: &'v Map<String, Value>, name: &'v str) -> impl Iterator<Item = &'v Value> {
    fields.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Go takes any case.
fn member<'v>(fields: &'v Map<String, Value>, name: &'v str) -> Option<&'v Value> {
    all_of(fields, name).next()
}

fn text<'v>(fields: &'v Map<String, Value>, name: &'v str) -> &'v str {
    member(fields, name).and_then(Value::as_str).unwrap_or_default()
}
