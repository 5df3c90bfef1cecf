//! Where Kube-OVN would attach a Pod, and by which way: a small reading of its code, which names what the witness shows. It decides
//! nothing: who got in is read from the ports.

use std::collections::BTreeMap;

use serde_json::Value;

use super::elements::{DEFAULT_NETWORK, Element, Fault, NETWORKS as NETWORKS_KEY, elements};
use super::facts::{NETWORKS, SUBNETS, default_of, is_closed, subnet_of_pool, vip, vpc_of};

/// A network of a Pod.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub(super) provider: String,
    /// Where its port may be.
    pub(super) subnets: Vec<String>,
    /// A stable name of how it is chosen.
    pub(super) way: &'static str,
}

/// What would come of a Pod.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    /// Kube-OVN ends.
    Ends(&'static str),
    /// The Pod gets nothing.
    Unresolvable,
    Nets(Vec<Net>),
}

/// What a name of nobody is resolved to: an error, as a rule.
struct Unresolved;

type Annotations = BTreeMap<String, String>;

/// Reads a Pod.
pub(super) fn read(pod: &Value) -> Reading {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let annotations = annotations(pod);
    let list = match both(&annotations, namespace) {
        Ok(list) => list,
        Err(Fault::Null) => return Reading::Ends("null-element-crash"),
        Err(Fault::Malformed) => return Reading::Unresolvable,
    };
    let missing = primary(&annotations, namespace).is_err();
    let leads_nowhere = list.iter().any(|(_, element)| {
        let is_known = NETWORKS
            .iter()
            .any(|(of, name, kind)| *of == element.namespace && *name == element.name && *kind == "kube-ovn");
        is_known && candidates(&cut(&provider(element, &list), &element.interface)).is_empty()
    });
    if missing && leads_nowhere {
        return Reading::Ends("unresolvable-deleted-crash");
    }
    nets(&annotations, namespace, &list).map_or(Reading::Unresolvable, Reading::Nets)
}

/// A name for what would come of a Pod: the way by which it gets into what is closed to it, or that it does not.
pub(super) fn class(pod: &Value) -> &'static str {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    match read(pod) {
        Reading::Ends(class) => class,
        Reading::Unresolvable => "unresolvable",
        Reading::Nets(_) if pod["spec"]["hostNetwork"] == true => "host-network",
        Reading::Nets(nets) => {
            let annotations = annotations(pod);
            let is_foreign = |net: &&Net| net.subnets.iter().any(|subnet| is_closed(vpc_of(subnet), namespace));
            nets.iter()
                .find(is_foreign)
                .map(|net| net.way)
                .or_else(|| taken(&annotations, namespace, &nets))
                .unwrap_or("own")
        }
    }
}

/// The address of another: by a Vip or a pool.
fn taken(annotations: &Annotations, namespace: &str, nets: &[Net]) -> Option<&'static str> {
    let is_foreign = |subnet: &str| is_closed(vpc_of(subnet), namespace);
    if vip(text(annotations, "ovn.kubernetes.io/vip")).is_some_and(|(_, subnet)| is_foreign(subnet)) {
        return Some("vip");
    }
    let pools = nets.iter().map(|net| text(annotations, &format!("{}.kubernetes.io/ip_pool", net.provider)).trim());
    pools.filter_map(subnet_of_pool).any(is_foreign).then_some("pool")
}

fn annotations(pod: &Value) -> Annotations {
    let members = pod["metadata"]["annotations"].as_object().into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn text<'a>(annotations: &'a Annotations, key: &str) -> &'a str {
    annotations.get(key).map(String::as_str).unwrap_or_default()
}

/// The elements of both annotations, each with the key that it is from.
fn both(annotations: &Annotations, namespace: &str) -> Result<Vec<(&'static str, Element)>, Fault> {
    let mut list = Vec::new();
    for key in [DEFAULT_NETWORK, NETWORKS_KEY] {
        let value = text(annotations, key);
        if !value.is_empty() {
            list.extend(elements(value, namespace)?.into_iter().map(|element| (key, element)));
        }
    }
    Ok(list)
}

fn count(element: &Element, list: &[(&str, Element)]) -> usize {
    list.iter().filter(|(_, other)| other.name == element.name && other.namespace == element.namespace).count()
}

fn provider(element: &Element, list: &[(&str, Element)]) -> String {
    let plain = format!("{}.{}.ovn", element.name, element.namespace);
    let is_one = count(element, list) < 2 || element.interface.is_empty();
    if is_one { plain } else { format!("{plain}.{}", element.interface) }
}

fn cut(provider: &str, interface: &str) -> String {
    let end = format!(".{interface}");
    let cut = if interface.is_empty() { None } else { provider.strip_suffix(&end) };
    cut.unwrap_or(provider).to_owned()
}

fn candidates(provider: &str) -> Vec<String> {
    SUBNETS.iter().filter(|(_, _, of, ..)| *of == provider).map(|(name, ..)| (*name).to_owned()).collect()
}

fn exists(subnet: &str) -> bool {
    subnet == "ovn-default" || SUBNETS.iter().any(|(name, ..)| *name == subnet)
}

fn primary(annotations: &Annotations, namespace: &str) -> Result<String, Unresolved> {
    let named = text(annotations, "ovn.kubernetes.io/logical_switch");
    let subnet = if named.is_empty() { default_of(namespace) } else { named };
    if exists(subnet) { Ok(subnet.to_owned()) } else { Err(Unresolved) }
}

fn nets(annotations: &Annotations, namespace: &str, list: &[(&'static str, Element)]) -> Result<Vec<Net>, Unresolved> {
    let mut nets = Vec::new();
    for (from, element) in list {
        let is_it = |(of, name, _): &&(&str, &str, &str)| *of == element.namespace && *name == element.name;
        let (_, _, kind) = NETWORKS.iter().find(is_it).ok_or(Unresolved)?;
        if *kind == "kube-ovn" {
            nets.push(net(annotations, namespace, list, from, element)?);
        }
    }
    let default = primary(annotations, namespace)?;
    if !annotations.contains_key(DEFAULT_NETWORK) {
        let way = if dying(&default) { "deleting-subnet" } else { "primary-key" };
        nets.push(Net { provider: "ovn".to_owned(), subnets: vec![default], way });
    }
    Ok(nets)
}

fn net(
    annotations: &Annotations,
    namespace: &str,
    list: &[(&'static str, Element)],
    from: &str,
    element: &Element,
) -> Result<Net, Unresolved> {
    let provider = provider(element, list);
    let plain = format!("{}.{}.ovn", element.name, element.namespace);
    let key = text(annotations, &format!("{provider}.kubernetes.io/logical_switch"));
    if !key.is_empty() {
        let way = match () {
            () if !exists(key) => return Err(Unresolved),
            () if dying(key) => "deleting-subnet",
            () if provider == plain => "plain-key",
            () => "interface-key",
        };
        return Ok(Net { provider, subnets: vec![key.to_owned()], way });
    }
    let meant = cut(&provider, &element.interface);
    let mut subnets = candidates(&meant);
    let way = match subnets.as_slice() {
        [] => "no-subnet",
        [_, _, ..] if meant != "ovn" => "shared-provider",
        _ if meant != plain => "provider-suffix",
        [one] if dying(one) => "deleting-subnet",
        _ => element.trick.unwrap_or_else(|| misled(annotations, &plain, from)),
    };
    if subnets.is_empty() {
        subnets.push(primary(annotations, namespace)?);
    }
    Ok(Net { provider, subnets, way })
}

/// Whether a key that is not read makes believe that the network leads elsewhere.
fn misled(annotations: &Annotations, plain: &str, from: &str) -> &'static str {
    let suffix = ".kubernetes.io/logical_switch";
    let unread = annotations.keys().filter_map(|key| key.strip_suffix(suffix)?.strip_prefix(plain));
    match unread.max() {
        Some("") => "plain-key-unread",
        Some(_) => "interface-key-unread",
        None if from == DEFAULT_NETWORK => "default-network",
        None => "network",
    }
}

fn dying(subnet: &str) -> bool {
    subnet == "cobalt-dying" || vpc_of(subnet) == "dying"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::attachment::facts::pod;

    #[track_caller]
    fn is(annotations: &Value, want: &str) {
        assert_eq!(class(&pod("amber", "p", annotations)), want);
    }

    #[test]
    fn ways_have_names() {
        is(&json!({}), "own");
        is(
            &json!({NETWORKS_KEY: "db@n1, cobalt/db@n2", "db.cobalt.ovn.n2.kubernetes.io/logical_switch": "amber-db"}),
            "interface-key-unread",
        );
        is(&json!({NETWORKS_KEY: "cobalt/db@n2", "db.cobalt.ovn.kubernetes.io/logical_switch": "amber-db"}), "own");
        is(&json!({NETWORKS_KEY: "db@n1,db@n2", "db.amber.ovn.kubernetes.io/logical_switch": "cobalt-db"}), "own");
        is(
            &json!({DEFAULT_NETWORK: "db@n1", NETWORKS_KEY: "db@n2", "db.amber.ovn.n2.kubernetes.io/logical_switch": "cobalt-db"}),
            "interface-key",
        );
        is(&json!({NETWORKS_KEY: r#"[{"name":"db.cobalt","namespace":"ovn","interface":"ovn"}]"#}), "provider-suffix");
        is(&json!({NETWORKS_KEY: "two"}), "shared-provider");
        is(&json!({NETWORKS_KEY: "cobalt/old"}), "deleting-subnet");
        is(&json!({"ovn.kubernetes.io/vip": "cobalt-vip"}), "vip");
        is(&json!({"ovn.kubernetes.io/logical_switch": "cobalt-next"}), "unresolvable");
        is(
            &json!({"ovn.kubernetes.io/logical_switch": "cobalt-next", NETWORKS_KEY: "lost"}),
            "unresolvable-deleted-crash",
        );
    }
}
