//! Pods with addresses of a Subnet that is to go: found by the runner at that moment, and by nobody else.

use crate::kinds::{Object, Subnet};
use crate::request::Operation;
use crate::rule::prelude::*;

/// How many of them are named.
const MOST_NAMED: usize = 5;

const HELP: &str = "End the Pods first, or delete what makes them; an IP without a Pod goes by kubectl delete ip NAME. If it has to be, annotate the Subnet with vpcguard.io/allow: subnet-in-use first.";

/// Refuses the deletion where there are some, and says whether there are.
pub(super) fn found(subnet: &Subnet, context: &mut Context<'_>) -> bool {
    if context.operation != Operation::Delete {
        return false;
    }
    let mut named: Vec<_> = context.cluster.waiting().iter().filter_map(shown).collect();
    if named.is_empty() {
        return false;
    }
    let count = named.len();
    named.truncate(MOST_NAMED);
    let who = if context.settings.disclose_names {
        let more = count.saturating_sub(named.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", named.join(", "))
    } else {
        format!("{count} Pods or IPs")
    };
    let (have, they) = if count == 1 { ("has an address", "it is") } else { ("have addresses", "they are") };
    let detail = format!("{who} {have} of it: it hangs half dead until {they} gone, and cannot be called back");
    context.deny(Finding::forbidden(FieldPath::of("metadata.name"), &subnet.meta.name, detail).help(HELP));
    true
}

fn shown(object: &Object) -> Option<String> {
    let meta = object.meta();
    match object {
        _ if meta.deleting => None,
        Object::Pod(_) => Some(format!("Pod {}/{}", meta.namespace, meta.name)),
        Object::Ip(_) => Some(format!("IP {}", meta.name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::inventory::{Attended, Inventory};
    use crate::kinds::{Kind, KubeOvn, Object};
    use crate::review::review;
    use crate::rules::support::testing::delete;
    use crate::settings::Settings;

    fn said(found: &[(Kind, Value)], settings: &Value) -> (Vec<String>, usize) {
        let waiting: Vec<_> =
            found.iter().map(|(kind, object)| Object::read(*kind, object, &KubeOvn::default()).0).collect();
        let inventory = Inventory::default();
        let view = Attended { cluster: &inventory, waiting: &waiting };
        let subnet = json!({"kind": "Subnet", "name": "s", "status": {"v4usingIPs": 9}});
        let verdict = review(&delete(&subnet), &view, &Settings::parse(settings).unwrap()).unwrap();
        (verdict.findings.iter().map(ToString::to_string).collect(), verdict.warnings.len())
    }

    fn pod(name: &str) -> (Kind, Value) {
        (Kind::Pod, json!({"metadata": {"name": name, "namespace": "ns"}}))
    }

    #[test]
    fn those_that_were_found_are_named() {
        let ip = (Kind::Ip, json!({"metadata": {"name": "old.ns"}}));
        let wanted = |who: &str| {
            format!(
                "metadata.name: Forbidden: {who} of it: it hangs half dead until they are gone, and cannot be called back [subnet-in-use]"
            )
        };
        let both = wanted("Pod ns/web, IP old.ns have addresses");
        assert_eq!(said(&[pod("web"), ip], &json!({})), (vec![both], 0));
        let many: Vec<_> = (0..7).map(|n| pod(&n.to_string())).collect();
        let who = "Pod ns/0, Pod ns/1, Pod ns/2, Pod ns/3, Pod ns/4 and 2 more have addresses";
        assert_eq!(said(&many, &json!({})), (vec![wanted(who)], 0));
        let hidden = wanted("7 Pods or IPs have addresses");
        assert_eq!(said(&many, &json!({"disclose": "none"})), (vec![hidden], 0));
    }

    #[test]
    fn a_pod_that_goes_is_nobody() {
        let mut going = pod("web");
        going.1["metadata"]["deletionTimestamp"] = json!("2026-04-02T09:00:00Z");
        assert_eq!(said(&[going], &json!({})), (vec![], 1));
    }
}
