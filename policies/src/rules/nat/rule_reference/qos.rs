//! Which QoSPolicy an address or a gateway may have.

use crate::kinds::{IptablesEip, NatGateway};
use crate::rule::prelude::*;
use crate::text::quoted;

/// What a policy for the addresses of gateways says that it is for.
const EIPS: &str = "EIP";
/// What one for whole gateways says.
const GATEWAYS: &str = "NATGW";

/// What limits a gateway is for gateways, and is shared.
pub(super) fn of_gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let Some(policy) = context.cluster.qos_policy(&gateway.qos_policy)? else { return Ok(()) };
    if policy.binding_type == GATEWAYS && policy.shared {
        return Ok(());
    }
    let detail = if policy.binding_type == GATEWAYS {
        "is not shared, so Kube-OVN does not apply it to a NAT gateway"
    } else {
        "is not for NAT gateways, so Kube-OVN does not apply it to one"
    };
    let field = if policy.binding_type == GATEWAYS { "spec.shared" } else { "spec.bindingType" };
    let finding = Finding::invalid(FieldPath::of("spec.qosPolicy"), &gateway.qos_policy, detail)
        .related(policy.reference(), Some(FieldPath::of(field)));
    context.deny(finding.help("Name a QoSPolicy with bindingType NATGW and shared true."));
    Ok(())
}

/// What limits an address is for addresses, and one alone has it where it is not shared.
pub(super) fn of_eip(eip: &IptablesEip, context: &mut Context<'_>) -> Outcome {
    let Some(policy) = context.cluster.qos_policy(&eip.qos_policy)? else { return Ok(()) };
    let field = FieldPath::of("spec.qosPolicy");
    if policy.binding_type != EIPS {
        let detail = format!(
            "has bindingType {}, not EIP: Kube-OVN limits the EIP by it all the same, but passes no change of it on to the EIP",
            quoted(&policy.binding_type)
        );
        let finding = Finding::invalid(field.clone(), &eip.qos_policy, detail)
            .related(policy.reference(), Some(FieldPath::of("spec.bindingType")));
        context.warn(finding.help("Name a QoSPolicy with bindingType EIP."));
    }
    if policy.shared {
        return Ok(());
    }
    let others = context.admitted.iptables_eips_of_qos_policy(&eip.qos_policy)?;
    if let Some(other) = others.iter().find(|other| other.meta.name != eip.meta.name) {
        let mentioned = context.mention(Kind::IptablesEip, &other.meta.name);
        let detail = format!("is not shared, and {mentioned} has it already");
        let finding = Finding::invalid(field, &eip.qos_policy, detail)
            .related(other.reference(), Some(FieldPath::of("spec.qosPolicy")))
            .related(policy.reference(), Some(FieldPath::of("spec.shared")))
            .in_conflict_with(&other.meta.name);
        context.deny(finding.help("Make a QoSPolicy for each EIP, or one that is shared."));
    }
    Ok(())
}
