//! The two annotations that name networks, read as Kube-OVN reads them: members in the order of the text, the last that is not null
//! wins in whatever spelling.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

pub(super) const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
pub(super) const DEFAULT_NETWORK: &str = "v1.multus-cni.io/default-network";

/// A network that a Pod names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) interface: String,
    /// How it is written, where a reader could be misled: `json-null`, `json-folded`, `json-doubled`.
    pub(super) trick: Option<&'static str>,
}

/// Why a text is not a list of networks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// Kube-OVN says so.
    Malformed,
    /// Kube-OVN ends.
    Null,
}

/// The elements of a text, in the namespace of its Pod.
pub(super) fn elements(text: &str, namespace: &str) -> Result<Vec<Element>, Fault> {
    let mut elements = if text.contains(['[', '{', '"']) { of_json(text)? } else { of_list(text)? };
    for element in elements.iter_mut().filter(|element| element.namespace.is_empty()) {
        namespace.clone_into(&mut element.namespace);
    }
    Ok(elements)
}

fn of_list(text: &str) -> Result<Vec<Element>, Fault> {
    let element = |item: &str| {
        let (namespace, rest) = item.trim().split_once('/').unwrap_or(("", item.trim()));
        let (name, interface) = rest.split_once('@').unwrap_or((rest, ""));
        let texts = [namespace, name, interface].map(str::trim);
        let is_label = |text: &&str| {
            let inner = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            inner && !text.starts_with('-') && !text.ends_with('-')
        };
        let [namespace, name, interface] = texts.map(str::to_owned);
        texts
            .iter()
            .all(is_label)
            .then_some(Element { name, namespace, interface, trick: None })
            .ok_or(Fault::Malformed)
    };
    text.split(',').map(element).collect()
}

/// The members of an object as they come: a map would have lost some.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

fn of_json(text: &str) -> Result<Vec<Element>, Fault> {
    let list: Vec<Option<Members>> = serde_json::from_str(text).map_err(|_| Fault::Malformed)?;
    let decoded = list.iter().flatten().map(element).collect::<Result<Vec<_>, _>>()?;
    if list.iter().any(Option::is_none) { Err(Fault::Null) } else { Ok(decoded) }
}

fn element(members: &Members) -> Result<Element, Fault> {
    let mut element = Element::default();
    for (spelled, value) in &members.0 {
        let folded: String = spelled
            .chars()
            .map(|character| if character == 'ſ' { 's' } else { character.to_ascii_lowercase() })
            .collect();
        let field = match folded.as_str() {
            "name" => &mut element.name,
            "namespace" => &mut element.namespace,
            "interface" => &mut element.interface,
            "mac" | "infiniband-guid" | "ipam-claim-reference" if !value.is_string() && !value.is_null() => {
                return Err(Fault::Malformed);
            }
            "ips" if !value.is_array() && !value.is_null() => return Err(Fault::Malformed),
            _ => continue,
        };
        let was_empty = field.is_empty();
        match value {
            Value::Null => element.trick = Some("json-null"),
            Value::String(text) => text.clone_into(field),
            _ => return Err(Fault::Malformed),
        }
        if *spelled != folded {
            element.trick = element.trick.or(Some("json-folded"));
        } else if !was_empty {
            element.trick = element.trick.or(Some("json-doubled"));
        }
    }
    Ok(element)
}

#[test]
fn the_last_that_is_not_null_wins() {
    let read = |text| elements(text, "n");
    let element = |name: &str, namespace: &str, trick| Element {
        name: name.into(),
        namespace: namespace.into(),
        interface: String::new(),
        trick,
    };
    assert_eq!(read(r#"[{"name":"a","NAME":null}]"#), Ok(vec![element("a", "n", Some("json-null"))]));
    assert_eq!(
        read(r#"[{"NAMEſPACE":"x","nameſpace":"b","name":"a"}]"#),
        Ok(vec![element("a", "b", Some("json-folded"))])
    );
    assert_eq!(read("b/a , c").unwrap().len(), 2);
    assert_eq!(read("a.b"), Err(Fault::Malformed));
    assert_eq!(read("[null]"), Err(Fault::Null));
    assert_eq!(read(r#"[null,{"name":5}]"#), Err(Fault::Malformed));
}
