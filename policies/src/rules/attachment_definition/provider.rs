//! Refuses a NetworkAttachmentDefinition that Kube-OVN cannot read, and a Subnet that is not for the one that it names.
//!
//! Kube-OVN reads the configuration of each NetworkAttachmentDefinition that a Pod names. An empty list of `plugins`, or a `null`
//! in it, ends Kube-OVN's controller as soon as a Pod names the definition, and again at each start. A configuration that is not
//! a JSON object of the right types is an error: no Pod that names it gets a network, from Multus either. Of a network of
//! Kube-OVN, or one that has its addresses of it, kube-ovn-cni reads more on the node, such as `provider` and `server_socket`, which are
//! strings, and `routes`. Without `server_socket` it sets up no Pod, which is a warning.
//!
//! One that is empty passes: its configuration is in a file on the nodes. One that does not load is a warning where nothing says
//! that it is Kube-OVN's: no Subnet has it as its provider, and it does not speak of `kube-ovn`.
//!
//! A NetworkAttachmentDefinition has one right provider: `<name>.<namespace>.ovn` if its type is `kube-ovn`, and
//! `<name>.<namespace>` if another plug-in has its addresses of Kube-OVN. Kube-OVN's controller goes by that, and the node by what the
//! configuration says, in `provider` or `ipam.provider`: another one, or none, is a warning. (`ovn` is the primary network.) A Subnet
//! without `.ovn` where it belongs, or with it where it does not, is refused: it leaves a VPC or joins one by that, and the Pods
//! find no Subnet. A provider of more than three parts is a warning, and so is the NetworkAttachmentDefinition of another plug-in
//! that a Subnet names but that has its addresses of somebody else, unless a VpcNatGateway with `noDefaultEIP` stands in that
//! Subnet. Of other NetworkAttachmentDefinitions nothing is said, nor of one in a manifest without a namespace.
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

#[cfg(test)]
mod tests;
mod written;

use crate::attach::{Definition, read_definition};
use crate::finding::Action;
use crate::kinds::{AttachmentDefinition, NamedDefinition, Subnet};
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "attachment-provider",
    summary: "a NetworkAttachmentDefinition ends Kube-OVN's controller, does not load, or is not that of its Subnet",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::Attachments,
    asks: &[Kind::Subnet, Kind::AttachmentDefinition, Kind::VpcNatGateway],
    checks: &[
        Check::AttachmentDefinition(&[Read::Field("spec.config")], check),
        Check::Subnet(&[Read::Field("spec.provider")], subnet),
    ],
};

const HELP: &str = "Write a JSON object with a type, or with plugins that each have one.";

fn check(definition: &AttachmentDefinition, context: &mut Context<'_>) -> Outcome {
    let config = &definition.config;
    let read = read_definition(config);
    if matches!(read, Definition::KubeOvn | Definition::Addresses) && misread(definition, context) {
        return Ok(());
    }
    let (action, detail) = match read {
        Definition::EndsController(why) => {
            (Action::Deny, format!("{why}: as soon as a Pod names it, Kube-OVN's controller ends, again at each start"))
        }
        Definition::Broken(why) => {
            let action = if is_of_kube_ovn(definition, context)? { Action::Deny } else { Action::Warn };
            (action, format!("{why}, so that no Pod that names it gets a network"))
        }
        Definition::KubeOvn => return of_kube_ovn(definition, "", ".ovn", context),
        Definition::Addresses => return of_kube_ovn(definition, "ipam.", "", context),
        Definition::Other => return without_addresses(definition, context),
        Definition::Elsewhere => return Ok(()),
    };
    context.report(action, Finding::invalid(FieldPath::of("spec.config"), config, detail).help(HELP));
    Ok(())
}

/// Whether the node cannot read a field, where the controller can read all that it looks at.
fn misread(definition: &AttachmentDefinition, context: &mut Context<'_>) -> bool {
    let config = &definition.config;
    let Some((field, wanted)) = written::misread(config) else { return false };
    let detail = format!("the {field} in it is not {wanted}, so that kube-ovn-cni sets up no Pod that names it");
    let help = if wanted == "a string" { "Write it in quotes.".to_owned() } else { format!("Write {wanted}.") };
    context.deny(Finding::invalid(FieldPath::of("spec.config"), config, detail).help(help));
    true
}

/// Warns of what the node needs and does not find.
fn of_kube_ovn(definition: &AttachmentDefinition, place: &str, end: &str, context: &mut Context<'_>) -> Outcome {
    let config = &definition.config;
    if written::of(config, "server_socket").is_some_and(|written| written.is_empty()) {
        let detail = format!("has no {place}server_socket, without which kube-ovn-cni sets up no Pod that names it");
        let finding = Finding::invalid(FieldPath::of("spec.config"), config, detail);
        let help = format!(r#"Write "server_socket": "/run/openvswitch/kube-ovn-daemon.sock" beside {place}type."#);
        context.warn(finding.identified_by("no server_socket".to_owned()).help(help));
    }
    if !definition.meta.namespace.is_empty() {
        provider(definition, &format!("{place}provider"), end, context);
    }
    Ok(())
}

/// Warns of another provider than the right one.
fn provider(definition: &AttachmentDefinition, field: &str, end: &str, context: &mut Context<'_>) {
    let config = &definition.config;
    let right = format!("{}.{}{end}", definition.meta.name, context.namespace);
    let Some(written) = written::of(config, "provider").filter(|written| *written != right && written != "ovn") else {
        return;
    };
    let detail = if written.is_empty() {
        format!(
            "has no {field}, and the node takes the network for that of \"ovn\"; Kube-OVN's controller sets up {}",
            quoted(&right)
        )
    } else {
        format!(
            "has the {field} {}, and Kube-OVN's controller sets up {}: Pods wait for it",
            quoted(&written),
            quoted(&right)
        )
    };
    let finding = Finding::invalid(FieldPath::of("spec.config"), config, detail).identified_by(written);
    context.warn(finding.help(format!("Write {} as its {field}.", quoted(&right))));
}

/// Warns of a network of another plug-in that a Subnet is for.
fn without_addresses(definition: &AttachmentDefinition, context: &mut Context<'_>) -> Outcome {
    // Without any, the Pods of a Service's load balancer and of some gateways set their addresses themselves.
    if definition.meta.namespace.is_empty() || !written::has_addresses(&definition.config) {
        return Ok(());
    }
    let own = format!("{}.{}", definition.meta.name, context.namespace);
    for subnet in context.cluster.subnets_with_provider(&own)? {
        let gateways = context.cluster.nat_gateways_outside_in(&subnet.meta.name)?;
        if gateways.iter().any(|gateway| gateway.has_no_default_eip()) {
            continue;
        }
        let mentioned = context.mention(Kind::Subnet, &subnet.meta.name);
        let detail = format!(
            "{mentioned} is for it, but its ipam is not kube-ovn: Pods get other addresses than those of the Subnet"
        );
        let finding = Finding::invalid(FieldPath::of("spec.config"), &definition.config, detail)
            .related(subnet.reference(), Some(FieldPath::of("spec.provider")))
            .identified_by("no addresses of Kube-OVN".to_owned());
        let help = format!(
            r#"Write "ipam": {{"type": "kube-ovn", "server_socket": "/run/openvswitch/kube-ovn-daemon.sock", "provider": "{own}"}}."#
        );
        context.warn(finding.help(help));
        break;
    }
    Ok(())
}

/// Judges the provider of a Subnet by the definition that it names.
fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(named) = subnet.definition() else {
        let has_many_parts = subnet.provider.matches('.').count() > 2;
        return if has_many_parts { of_many_parts(subnet, context) } else { Ok(()) };
    };
    let NamedDefinition { name, namespace, is_ovn } = named;
    let (wrong, right) = if is_ovn {
        (Definition::Addresses, format!("{name}.{namespace}"))
    } else {
        (Definition::KubeOvn, format!("{name}.{namespace}.ovn"))
    };
    let Some(definition) = context.cluster.attachment_definition_until_gone(namespace, name)? else { return Ok(()) };
    if read_definition(&definition.config) != wrong {
        return Ok(());
    }
    let what = match wrong {
        Definition::KubeOvn => "is of the type kube-ovn: without .ovn the Subnet is in no VPC",
        _ => "has only its addresses of Kube-OVN: with .ovn the Subnet is in a VPC",
    };
    let detail = format!("NetworkAttachmentDefinition {} {what}, and Pods do not find it", quoted(&named.reference()));
    let finding = Finding::invalid(FieldPath::of("spec.provider"), &subnet.provider, detail)
        .related(named.object(), Some(FieldPath::of("spec.config")));
    context.deny(finding.help(format!("Write {right}.")));
    Ok(())
}

/// Only what gives out addresses alone may have dots in its name.
fn of_many_parts(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    if let Some((name, namespace)) = subnet.provider.rsplit_once('.') {
        let definition = context.cluster.attachment_definition_until_gone(namespace, name)?;
        if definition.is_some_and(|definition| read_definition(&definition.config) == Definition::Addresses) {
            return Ok(());
        }
    }
    let detail = "has more than three parts, so that it is that of no network of OVN";
    let finding = Finding::invalid(FieldPath::of("spec.provider"), &subnet.provider, detail);
    context
        .warn(finding.help("Write <name>.<namespace>.ovn, of a NetworkAttachmentDefinition whose name has no dots."));
    Ok(())
}

/// Whether a definition that does not load is meant for Kube-OVN.
fn is_of_kube_ovn(definition: &AttachmentDefinition, context: &Context<'_>) -> crate::inventory::Answer<bool> {
    let provider = format!("{}.{}", definition.meta.name, context.namespace);
    Ok(definition.config.contains("kube-ovn")
        || !context.cluster.subnets_with_provider_until_gone(&format!("{provider}.ovn"))?.is_empty()
        || !context.cluster.subnets_with_provider_until_gone(&provider)?.is_empty())
}
