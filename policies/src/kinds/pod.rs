//! Pods, and the templates of the workloads that make them: what their annotations ask of Kube-OVN.

use serde_json::Value;

use super::{Kind, Meta};
use crate::field::FieldPath;
use crate::json::Reader;
use crate::net::{list_items, parse_ip};

/// The Subnet of a Pod or a Namespace.
pub const LOGICAL_SWITCH: &str = "ovn.kubernetes.io/logical_switch";
/// How the keys of all such annotations end, one for each network of a Pod.
pub const LOGICAL_SWITCH_SUFFIX: &str = ".kubernetes.io/logical_switch";
/// How the keys of the annotations end that name an IPPool or list addresses.
pub const IP_POOL_SUFFIX: &str = ".kubernetes.io/ip_pool";
/// The networks that Multus attaches besides the primary one.
pub const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
/// The network that Multus attaches in place of the primary one.
pub const DEFAULT_NETWORK: &str = "v1.multus-cni.io/default-network";

/// A Pod, or the template of a workload.
#[derive(Clone, Debug)]
pub struct PodTemplate {
    /// The kind of the whole object.
    pub kind: Kind,
    /// The metadata of the whole object.
    pub meta: Meta,
    /// The metadata of the Pod: the object's own, or the template's.
    pub pod: Meta,
    /// Whether the Pod uses its node's network, so that Kube-OVN attaches it to nothing.
    pub host_network: bool,
    /// Where the Pod's metadata stand in the object.
    metadata: FieldPath,
}

/// A network that Multus is to attach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The key of the annotation that asks for it.
    pub annotation: &'static str,
    /// The namespace of the NetworkAttachmentDefinition.
    pub namespace: String,
    /// The name of the NetworkAttachmentDefinition.
    pub name: String,
    /// The name of the interface; empty where it is not given.
    pub interface: String,
}

/// An annotation whose networks cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable(pub &'static str);

impl PodTemplate {
    pub(crate) fn read(kind: Kind, object: &Reader) -> Self {
        let read = |pod: &Reader| Self {
            kind,
            meta: Meta::read(object),
            pod: Meta::read(pod),
            host_network: pod.at("spec").at("hostNetwork").flag(),
            metadata: pod.at("metadata").path(),
        };
        let spec = object.at("spec");
        match kind {
            Kind::Pod => read(object),
            Kind::CronJob => read(&spec.at("jobTemplate").at("spec").at("template")),
            _ => read(&spec.at("template")),
        }
    }

    /// The path of one of the Pod's annotations.
    pub fn annotation_path(&self, key: &str) -> FieldPath {
        self.metadata.clone().field("annotations").key(key)
    }

    /// The Subnets that its annotations name, each with the annotation's key. One name is legal, a list is not.
    pub fn logical_switches(&self) -> impl Iterator<Item = (&str, &str)> {
        let switches = self.pod.annotations.iter().filter(|(key, _)| key.ends_with(LOGICAL_SWITCH_SUFFIX));
        switches.flat_map(|(key, value)| list_items(value).map(|name| (key.as_str(), name)))
    }

    /// The IPPools that its annotations name, each with the annotation's key. Addresses name none.
    pub fn ip_pools(&self) -> impl Iterator<Item = (&str, &str)> {
        let pools = self.pod.annotations.iter().filter(|(key, _)| key.ends_with(IP_POOL_SUFFIX));
        pools.map(|(key, value)| (key.as_str(), value.trim())).filter(|(_, name)| is_pool_name(name))
    }

    /// Whether it leaves the choice of its primary Subnet to Kube-OVN.
    pub fn leaves_the_choice(&self) -> bool {
        let chosen = [LOGICAL_SWITCH, DEFAULT_NETWORK].iter().any(|key| self.pod.annotations.contains_key(*key));
        !chosen && !self.host_network && self.ip_pools().next().is_none()
    }

    /// The networks that Multus is to attach, in a namespace where they name none.
    pub fn attachments(&self, namespace: &str) -> Vec<Result<Attachment, Unreadable>> {
        [NETWORKS, DEFAULT_NETWORK]
            .into_iter()
            .filter_map(|key| Some((key, self.pod.annotation(key)?.trim())))
            .flat_map(|(key, networks)| Attachment::parse_all(key, networks, namespace))
            .collect()
    }

    /// Whether one of its annotations names the Subnet of this attachment, so that its provider does not choose it.
    pub fn names_switch_of(&self, attachment: &Attachment) -> bool {
        let named = |key: String| self.pod.annotation(&key).is_some_and(|value| !value.trim().is_empty());
        let provider = attachment.provider();
        if attachment.interface.is_empty() {
            named(format!("{provider}{LOGICAL_SWITCH_SUFFIX}"))
        } else {
            named(format!("{provider}.{}{LOGICAL_SWITCH_SUFFIX}", attachment.interface))
        }
    }
}

impl Attachment {
    /// The provider of the Subnets that serve this attachment.
    pub fn provider(&self) -> String {
        format!("{}.{}.ovn", self.name, self.namespace)
    }

    /// `[<namespace>/]<name>[@<interface>]` in a comma list, or a JSON list of objects.
    fn parse_all(annotation: &'static str, networks: &str, namespace: &str) -> Vec<Result<Self, Unreadable>> {
        if !networks.contains(['[', '{', '"']) {
            return list_items(networks).map(|element| Ok(Self::parse(annotation, element, namespace))).collect();
        }
        match serde_json::from_str(networks) {
            Ok(Value::Array(elements)) => {
                elements.iter().flat_map(|element| Self::of_json(annotation, element, namespace)).map(Ok).collect()
            }
            _ => vec![Err(Unreadable(annotation))],
        }
    }

    fn parse(annotation: &'static str, element: &str, pod_namespace: &str) -> Self {
        let (network, interface) = element.split_once('@').unwrap_or((element, ""));
        let (namespace, name) = network.split_once('/').unwrap_or(("", network));
        Self::new(annotation, namespace.trim(), name.trim(), interface.trim(), pod_namespace)
    }

    /// Go takes the key of a field in any case, and of several the last. Which one that is cannot be told any more, so
    /// each of them counts.
    fn of_json(annotation: &'static str, element: &Value, pod_namespace: &str) -> Vec<Self> {
        let texts = |field: &str| -> Vec<&str> {
            let entries = element.as_object().into_iter().flatten();
            entries.filter(|(key, _)| folded(key) == folded(field)).filter_map(|(_, value)| value.as_str()).collect()
        };
        let or_empty = |texts: Vec<&'_ str>| {
            if texts.is_empty() { vec![String::new()] } else { texts.into_iter().map(str::to_owned).collect() }
        };
        let (namespaces, interfaces) = (or_empty(texts("namespace")), or_empty(texts("interface")));
        let mut all = Vec::new();
        for name in texts("name") {
            for namespace in &namespaces {
                for interface in &interfaces {
                    all.push(Self::new(annotation, namespace, name, interface, pod_namespace));
                }
            }
        }
        all
    }

    fn new(annotation: &'static str, namespace: &str, name: &str, interface: &str, pod_namespace: &str) -> Self {
        Self {
            annotation,
            namespace: if namespace.is_empty() { pod_namespace } else { namespace }.to_owned(),
            name: name.to_owned(),
            interface: interface.to_owned(),
        }
    }
}

/// A key without its case, as Go's encoding/json compares it with those of its fields, which are in ASCII: the long s is an s,
/// the Kelvin sign a k.
fn folded(key: &str) -> String {
    let fold = |letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(fold).collect()
}

fn is_pool_name(value: &str) -> bool {
    !value.is_empty() && !value.contains([',', ';']) && parse_ip(value).is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::TypeErrors;

    fn pod(annotations: &Value) -> PodTemplate {
        let object = json!({"metadata": {"name": "p", "namespace": "ns1", "annotations": annotations}});
        PodTemplate::read(Kind::Pod, &Reader::new(&object, &TypeErrors::default()))
    }

    fn providers(networks: &str) -> Vec<String> {
        let attachments = pod(&json!({NETWORKS: networks})).attachments("ns1");
        attachments.iter().map(|network| network.as_ref().map_or("?".to_owned(), Attachment::provider)).collect()
    }

    #[test]
    fn networks_are_a_comma_list_or_json() {
        assert_eq!(providers("a, other/b@eth1"), ["a.ns1.ovn", "b.other.ovn"]);
        assert_eq!(providers(r#"[{"name": "a"}, {"name": "b", "namespace": "other"}]"#), ["a.ns1.ovn", "b.other.ovn"]);
        assert_eq!(providers(" other / b @ eth1 "), ["b.other.ovn"]);
        assert_eq!(providers(r#"[{"name": "a"}, 5, {}]"#), ["a.ns1.ovn"]);
    }

    #[test]
    fn keys_are_compared_as_go_compares_them() {
        assert_eq!(providers(r#"[{"NAME": "a", "nameſpace": "x"}]"#), ["a.x.ovn"]);
        assert_eq!(providers(r#"[{"name": "a", "Name": "b"}]"#), ["b.ns1.ovn", "a.ns1.ovn"]);
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over() {
        // Go reads the last two: it ignores fields that it does not know.
        for networks in [
            "[",
            r#"{"name": "a"}"#,
            r#"a, "b""#,
            r#"[{"name": "a", "x": "\ud800"}]"#,
            r#"[{"name": "a", "x": 1e999}]"#,
        ] {
            assert_eq!(providers(networks), ["?"], "{networks}");
        }
    }

    #[test]
    fn the_key_of_an_interface_names_the_switch_of_that_interface_only() {
        let with = |key: &str, networks: &str| {
            let pod = pod(&json!({key: "s", NETWORKS: networks}));
            pod.names_switch_of(pod.attachments("ns1")[0].as_ref().unwrap())
        };
        assert!(with("a.ns1.ovn.kubernetes.io/logical_switch", "a"));
        assert!(with("a.ns1.ovn.eth1.kubernetes.io/logical_switch", "a@eth1"));
        assert!(!with("a.ns1.ovn.kubernetes.io/logical_switch", "a@eth1"));
        assert!(!with("a.ns1.ovn.eth1.kubernetes.io/logical_switch", "a"));
    }

    #[test]
    fn addresses_name_no_pool() {
        for (value, names) in
            [("pool", true), (" pool ", true), ("10.0.0.1", false), ("a;b", false), ("a,b", false), ("", false)]
        {
            assert_eq!(
                pod(&json!({"ovn.kubernetes.io/ip_pool": value})).ip_pools().count(),
                usize::from(names),
                "{value}"
            );
        }
    }

    #[test]
    fn a_template_is_found_in_every_workload() {
        let template = json!({"metadata": {"annotations": {LOGICAL_SWITCH: "s"}}, "spec": {"hostNetwork": true}});
        for (kind, spec, path) in [
            (Kind::Deployment, json!({"template": template}), "spec.template"),
            (Kind::VirtualMachine, json!({"template": template}), "spec.template"),
            (Kind::CronJob, json!({"jobTemplate": {"spec": {"template": template}}}), "spec.jobTemplate.spec.template"),
        ] {
            let object = json!({"metadata": {"name": "w"}, "spec": spec});
            let workload = PodTemplate::read(kind, &Reader::new(&object, &TypeErrors::default()));
            assert!(workload.host_network);
            assert_eq!(workload.logical_switches().collect::<Vec<_>>(), [(LOGICAL_SWITCH, "s")]);
            let wanted = format!("{path}.metadata.annotations[{LOGICAL_SWITCH}]");
            assert_eq!(workload.annotation_path(LOGICAL_SWITCH).to_string(), wanted);
        }
    }
}
