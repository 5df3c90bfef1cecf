//! What Pods, Services and Namespaces may be waiting for: a runner that can read them looks for those that name it, when it is made.

use serde_json::Value;

use crate::kinds::{DEFAULT_NETWORK, IP_POOL_SUFFIX, Kind, LOGICAL_SWITCH_SUFFIX, NETWORKS, VIP};
use crate::net::list_items;
use crate::request::{Operation, Request};

/// How many that may wait are looked at.
pub const MOST_WAITING: usize = 1000;

/// An object that Pods and Services may be waiting for.
#[derive(Clone, Debug)]
pub struct Awaited {
    kind: Kind,
    name: String,
    /// Whether a network that Multus attaches may lead to it.
    by_network: bool,
}

impl Awaited {
    /// What a request makes that may be waited for; nothing where it makes no such thing.
    pub fn by(request: &Request) -> Option<Self> {
        let kind = request.kind.filter(|kind| matches!(kind, Kind::Subnet | Kind::IpPool | Kind::Vip))?;
        let text = |object: &Value, pointer: &str| {
            object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let changed = |pointer: &str| {
            let old = request.old_object.as_ref().map(|old| text(old, pointer));
            old.is_none_or(|old| old != text(&request.object, pointer))
        };
        let is_new = match request.operation {
            Operation::Create => true,
            Operation::Update => changed("/spec/provider") || changed("/spec/vpc") || changed("/spec/subnet"),
            _ => false,
        };
        let name = text(&request.object, "/metadata/name");
        let provider = text(&request.object, "/spec/provider");
        let by_network = kind == Kind::Subnet && !matches!(provider.as_str(), "" | "ovn");
        (is_new && !name.is_empty()).then_some(Self { kind, name, by_network })
    }

    /// Whether a Pod, a Service or a Namespace may name it, by its annotations alone.
    pub fn may_be_named_by(&self, object: &Value) -> bool {
        let annotations = object.pointer("/metadata/annotations").and_then(Value::as_object);
        annotations.into_iter().flatten().any(|(key, value)| {
            // A Namespace may list several.
            let names_it = || value.as_str().is_some_and(|value| list_items(value).any(|name| name == self.name));
            match self.kind {
                // Which network a list means is told by reading all of it.
                _ if key == NETWORKS || key == DEFAULT_NETWORK => self.by_network,
                Kind::Subnet => key.ends_with(LOGICAL_SWITCH_SUFFIX) && names_it(),
                Kind::IpPool => key.ends_with(IP_POOL_SUFFIX) && names_it(),
                _ => key == VIP && names_it(),
            }
        })
    }
}
