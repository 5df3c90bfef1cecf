//! The network outside, in which a gateway's Pods get an interface of their own.

use serde_json::Value;

use crate::attach::{Definition, read_definition};
use crate::inventory::Sight;
use crate::rule::prelude::*;
use crate::text::quoted;

/// A Subnet outside, the field that names it, and whether its network must give out addresses.
pub(super) struct Outside<'a> {
    pub(super) field: FieldPath,
    pub(super) subnet: &'a str,
    pub(super) needs_address: bool,
}

/// Warns of one by which no Pod gets an interface, or none with an address. Without a network by its provider, that of its name in the
/// namespace of a `fallback` is taken, if there is one.
pub(super) fn judge(outside: Outside<'_>, fallback: Option<&str>, context: &mut Context<'_>) -> Outcome {
    let Outside { field, subnet: name, needs_address } = outside;
    let Some(subnet) = context.cluster.subnet(name)? else { return Ok(()) };
    let provider = FieldPath::of("spec.provider");
    let by_provider = subnet.definition();
    let named = by_provider.map(|named| (named.name, named.namespace));
    let network = named.or_else(|| Some((subnet.meta.name.as_str(), fallback?)));
    if network.is_some() && context.cluster.sight(Kind::AttachmentDefinition) == Sight::Nothing {
        context.cannot_see(Kind::AttachmentDefinition);
        return Ok(());
    }
    let definition = match network {
        Some((network, namespace)) => context.cluster.attachment_definition(namespace, network)?,
        None => None,
    };
    let aside = match by_provider {
        Some(named) => context.aside(&named.reference()),
        None => context.aside(&quoted(if subnet.provider.is_empty() { "ovn" } else { &subnet.provider })),
    };
    let (detail, help) = match (definition, by_provider) {
        (Some(definition), _)
            if needs_address
                && read_definition(&definition.config) == Definition::Other
                && !gives_addresses(&definition.config) =>
        {
            let detail = "is a Subnet whose network has no ipam: no Pod gets an address there".to_owned();
            (detail, "Write an ipam of type kube-ovn into the network's configuration.")
        }
        (Some(_), _) => return Ok(()),
        (None, Some(_)) => (
            format!(
                "is a Subnet whose NetworkAttachmentDefinition{aside} does not exist: no Pod gets an interface there"
            ),
            "Create the network, or correct the Subnet's provider.",
        ),
        (None, None) => (
            format!("is a Subnet whose provider{aside} leads to no network of Multus: no Pod gets an interface there"),
            "Create a NetworkAttachmentDefinition, and write `<name>.<namespace>` of it as the Subnet's provider.",
        ),
    };
    let finding = Finding::invalid(field, name, detail).related(subnet.reference(), Some(provider));
    context.deny(finding.help(help));
    Ok(())
}

/// Whether a configuration, or one of its plug-ins, has something that gives out addresses.
fn gives_addresses(config: &str) -> bool {
    let Ok(config) = serde_json::from_str::<Value>(config) else { return true };
    let has =
        |plugin: &Value| plugin.pointer("/ipam/type").and_then(Value::as_str).is_some_and(|kind| !kind.is_empty());
    let plugins = config.get("plugins").and_then(Value::as_array);
    has(&config) || plugins.into_iter().flatten().any(has)
}
