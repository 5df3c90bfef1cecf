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

    /// The networks that Multus is to attach, in a namespace where they name none. What does not parse is left out:
    /// Multus refuses such a Pod.
    pub fn attachments(&self, namespace: &str) -> Vec<Attachment> {
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
    fn parse_all(annotation: &'static str, networks: &str, pod_namespace: &str) -> Vec<Self> {
        let attachment = |namespace: Option<&str>, name: &str, interface: &str| Self {
            annotation,
            namespace: namespace.filter(|namespace| !namespace.is_empty()).unwrap_or(pod_namespace).to_owned(),
            name: name.to_owned(),
            interface: interface.to_owned(),
        };
        if networks.starts_with('[') {
            let elements: Vec<Value> = serde_json::from_str(networks).unwrap_or_default();
            let text = |element: &'_ Value, field| element.get(field).and_then(Value::as_str).map(str::to_owned);
            let read = |element: &Value| {
                let namespace = text(element, "namespace");
                let interface = text(element, "interface").unwrap_or_default();
                Some(attachment(namespace.as_deref(), &text(element, "name")?, &interface))
            };
            return elements.iter().filter_map(read).collect();
        }
        let read = |element| {
            let (network, interface) = str::split_once(element, '@').unwrap_or((element, ""));
            let (namespace, name) = network.split_once('/').map_or((None, network), |(ns, name)| (Some(ns), name));
            attachment(namespace, name, interface)
        };
        list_items(networks).map(read).collect()
    }
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
        pod(&json!({NETWORKS: networks})).attachments("ns1").iter().map(Attachment::provider).collect()
    }

    #[test]
    fn networks_are_a_comma_list_or_json() {
        assert_eq!(providers("a, other/b@eth1"), ["a.ns1.ovn", "b.other.ovn"]);
        assert_eq!(providers(r#"[{"name": "a"}, {"name": "b", "namespace": "other"}]"#), ["a.ns1.ovn", "b.other.ovn"]);
        assert_eq!(providers(r#"[{"name": "a"}, 5, {"#), Vec::<String>::new());
    }

    #[test]
    fn the_key_of_an_interface_names_the_switch_of_that_interface_only() {
        let with = |key: &str, networks: &str| {
            let pod = pod(&json!({key: "s", NETWORKS: networks}));
            pod.names_switch_of(&pod.attachments("ns1")[0])
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
