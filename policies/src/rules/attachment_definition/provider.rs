//! Refuses a NetworkAttachmentDefinition that Kube-OVN cannot read.
//!
//! Kube-OVN reads the configuration of each NetworkAttachmentDefinition that a Pod names. An empty list of `plugins`, or a `null`
//! in it, ends Kube-OVN's controller as soon as a Pod names the definition, and again at each start. A configuration that is not
//! a JSON object of the right types is an error: no Pod that names it gets a network, from Multus either.
//!
//! One that is empty passes: its configuration is in a file on the nodes. One that does not load is a warning where nothing says
//! that it is Kube-OVN's: no Subnet has it as its provider, and it does not speak of `kube-ovn`.
//!
//! ```yaml bad
//! # bad: an empty list of plugins
//! apiVersion: k8s.cni.cncf.io/v1
//! kind: NetworkAttachmentDefinition
//! metadata: {name: db, namespace: blue}
//! spec:
//!   config: '{"cniVersion": "0.3.1", "plugins": []}'
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: k8s.cni.cncf.io/v1
//! kind: NetworkAttachmentDefinition
//! metadata: {name: db, namespace: blue}
//! spec:
//!   config: |
//!     {
//!       "cniVersion": "0.3.1",
//!       "type": "kube-ovn",
//!       "server_socket": "/run/openvswitch/kube-ovn-daemon.sock",
//!       "provider": "db.blue.ovn"
//!     }
//! ```
//!
//! Write `spec.config` as a JSON object with a `type`, or with `plugins` that each have one.

use crate::attach::{Definition, read_definition};
use crate::finding::Action;
use crate::kinds::AttachmentDefinition;
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "attachment-provider",
    summary: "a NetworkAttachmentDefinition ends Kube-OVN's controller, or does not load",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::Attachments,
    asks: &[Kind::Subnet],
    checks: &[Check::AttachmentDefinition(&[Read::Field("spec.config")], check)],
};

const HELP: &str = "Write a JSON object with a type, or with plugins that each have one.";

fn check(definition: &AttachmentDefinition, context: &mut Context<'_>) -> Outcome {
    let config = &definition.config;
    let (action, detail) = match read_definition(config) {
        Definition::EndsController(why) => {
            (Action::Deny, format!("{why}: as soon as a Pod names it, Kube-OVN's controller ends, again at each start"))
        }
        Definition::Broken(why) => {
            let action = if is_of_kube_ovn(definition, context)? { Action::Deny } else { Action::Warn };
            (action, format!("{why}, so that no Pod that names it gets a network"))
        }
        _ => return Ok(()),
    };
    context.report(action, Finding::invalid(FieldPath::of("spec.config"), config, detail).help(HELP));
    Ok(())
}

/// Whether a definition that does not load is meant for Kube-OVN.
fn is_of_kube_ovn(definition: &AttachmentDefinition, context: &Context<'_>) -> crate::inventory::Answer<bool> {
    let provider = format!("{}.{}", definition.meta.name, context.namespace);
    Ok(definition.config.contains("kube-ovn")
        || !context.cluster.subnets_with_provider_until_gone(&format!("{provider}.ovn"))?.is_empty()
        || !context.cluster.subnets_with_provider_until_gone(&provider)?.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, as_warning};

    fn definition(name: &str, config: &str) -> Value {
        json!({"kind": "NetworkAttachmentDefinition", "namespace": "ns1", "name": name, "spec": {"config": config}})
    }

    fn finding(config: &str, detail: &str) -> String {
        format!("spec.config: Invalid value: {config:?}: {detail} [attachment-provider]")
    }

    const ENDS: &str = "as soon as a Pod names it, Kube-OVN's controller ends, again at each start";
    const LOST: &str = "so that no Pod that names it gets a network";

    #[test]
    fn what_ends_the_controller_is_refused() {
        let cluster = Cluster::of(super::RULE.id);
        for (config, why) in [
            (r#"{"plugins":[]}"#, "has an empty list of plugins"),
            (r#"{"plugins":[null]}"#, "has a null among its plugins"),
            (r#"{"plugins":[{"type":"bridge"},null]}"#, "has a null among its plugins"),
        ] {
            cluster.refuses(&definition("x", config), &[&finding(config, &format!("{why}: {ENDS}"))]);
        }
        for config in ["", r#"{"type":"kube-ovn"}"#, r#"{"type":"macvlan"}"#, r#"{"plugins":[{"type":"bridge"}]}"#] {
            cluster.accepts(&definition("x", config));
        }
        cluster.accepts(&json!({"kind": "NetworkAttachmentDefinition", "namespace": "ns1", "name": "x"}));
    }

    #[test]
    fn what_does_not_load_is_refused_where_it_is_kube_ovns() {
        let cluster = Cluster::of(super::RULE.id)
            .with(json!({"kind": "Subnet", "name": "a", "spec": {"provider": "net.ns1.ovn"}}))
            .with(json!({"kind": "Subnet", "name": "b", "spec": {"provider": "addresses.ns1"}}));
        let broken = finding("{", &format!("is not well-formed JSON, {LOST}"));
        cluster.warns(&definition("x", "{"), &[&as_warning(&broken)]);
        for name in ["net", "addresses"] {
            cluster.refuses(&definition(name, "{"), &[&broken]);
        }
        let config = r#"{"type":["kube-ovn"]}"#;
        cluster
            .refuses(&definition("x", config), &[&finding(config, &format!("has a field of the wrong type, {LOST}"))]);
    }
}
