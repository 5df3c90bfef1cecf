//! What changes in a Subnet under the Pods that have its addresses.

use std::net::IpAddr;

use crate::finding::Finding;
use crate::inventory::Answer;
use crate::kinds::{BY_CLAIMED_ADDRESS, Object, ObjectRef, Subnet, claimed_word, key};
use crate::net::Cidr;
use crate::rule::prelude::*;
use crate::text::quoted;

/// What may have an address. That of a NAT gateway may be the gateway of its Subnet.
const HOLDERS: [Kind; 4] = [Kind::Vip, Kind::IptablesEip, Kind::OvnEip, Kind::VpcEgressGateway];

pub(super) fn change(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(Object::Subnet(old)) = context.old else { return Ok(()) };
    if old.used_addresses == 0 {
        return Ok(());
    }
    gateway(subnet, old, context)?;
    block(subnet, old, context);
    Ok(())
}

fn gateway(subnet: &Subnet, old: &Subnet, context: &mut Context<'_>) -> Outcome {
    let is_moved = !is_alike(&subnet.cidrs, &old.cidrs);
    let changed: Vec<_> = subnet.gateways.iter().copied().filter(|gateway| !old.gateways.contains(gateway)).collect();
    let mut is_refused = false;
    for gateway in &changed {
        let Some((kind, holder)) = holder(subnet, *gateway, context)? else { continue };
        let namespace = holder.namespace.as_deref().unwrap_or_default();
        let who = context.mention(kind, &key(namespace, &holder.name));
        let detail = format!("{who} has {gateway}, and would be the gateway of running Pods");
        let finding = Finding::invalid(FieldPath::of("spec.gateway"), &subnet.gateway, detail);
        let help = "Choose an address that nobody has, or delete what has it first.";
        context.deny(finding.help(help).related(holder, None));
        is_refused = true;
    }
    // Together with the prefixes it is the documented way to another range.
    let is_documented = is_moved && changed.iter().all(|gateway| subnet.contains(*gateway));
    if !changed.is_empty() && !is_refused && !is_documented {
        let detail = format!(
            "{} addresses are in use, and those Pods keep the old gateway{} until they are made anew",
            old.used_addresses,
            old_gateway(old)
        );
        let finding = Finding::invalid(FieldPath::of("spec.gateway"), &subnet.gateway, detail);
        context.warn(finding.help("Make the Pods anew afterwards, and keep the old gateway in service until then."));
    }
    Ok(())
}

fn old_gateway(old: &Subnet) -> String {
    if old.gateway.is_empty() { String::new() } else { format!(" {}", quoted(&old.gateway)) }
}

/// Who has an address of the Subnet.
fn holder(subnet: &Subnet, address: IpAddr, context: &Context<'_>) -> Answer<Option<(Kind, ObjectRef)>> {
    let word = claimed_word(&subnet.meta.name, address);
    let ips = context.sees_ips().then_some(Kind::Ip);
    for kind in HOLDERS.into_iter().chain(ips) {
        let found = context.cluster.by(kind, BY_CLAIMED_ADDRESS, &word)?;
        let living = found.iter().map(Object::meta).find(|meta| !meta.deleting);
        if let Some(meta) = living {
            let named = if kind.is_namespaced() {
                ObjectRef::namespaced(kind, &meta.namespace, &meta.name)
            } else {
                ObjectRef::new(kind, &meta.name)
            };
            return Ok(Some((kind, named)));
        }
    }
    Ok(None)
}

fn block(subnet: &Subnet, old: &Subnet, context: &mut Context<'_>) {
    let field = || FieldPath::of("spec.cidrBlock");
    let is_on_vlan = !subnet.vlan.is_empty() && !old.vlan.is_empty();
    if is_on_vlan && subnet.cidr_block.is_empty() != old.cidr_block.is_empty() {
        let (does, what) = if subnet.cidr_block.is_empty() { ("loses", "its") } else { ("gets", "a") };
        let detail =
            format!("a Subnet on a VLAN {does} {what} cidrBlock while {} addresses are in use", old.used_addresses);
        let help = "End its Pods first, or make another Subnet.";
        context.deny(Finding::invalid(field(), &subnet.cidr_block, detail).help(help));
        return;
    }
    let is_held = |cidr: &Cidr| subnet.cidrs.iter().any(|new| new.network().contains(&cidr.network()));
    // What does not parse has a rule of its own.
    let Some(lost) = old.cidrs.iter().find(|cidr| !subnet.cidrs.is_empty() && !is_held(cidr)) else { return };
    let detail = format!("does not hold {}, of which running Pods keep their addresses", lost.network());
    context.warn(
        Finding::invalid(field(), &subnet.cidr_block, detail)
            .help("Make all Pods of the Subnet anew afterwards: Kube-OVN changes no address of a running Pod."),
    );
}

/// Whether two lists have the same prefixes.
fn is_alike(new: &[Cidr], old: &[Cidr]) -> bool {
    let has = |list: &[Cidr], cidr: &Cidr| list.iter().any(|other| other.network() == cidr.network());
    new.iter().all(|cidr| has(old, cidr)) && old.iter().all(|cidr| has(new, cidr))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn said(used: u64, old: Value, new: Value) -> (Vec<String>, Vec<String>) {
        let subnet = |spec: Value| json!({"kind": "Subnet", "name": "s", "spec": spec, "status": {"v4usingIPs": used}});
        let verdict = Cluster::of("subnet-in-use")
            .with(json!({"kind": "Vip", "name": "v", "spec": {"subnet": "s", "v4ip": "10.0.0.9"}}))
            .with(
                json!({"kind": "VpcNatGateway", "name": "g", "spec": {"vpc": "w", "subnet": "s", "lanIp": "10.0.0.8"}}),
            )
            .verdict(&update(&subnet(old), &subnet(new)));
        let lines = |all: &[crate::finding::Reported]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        (lines(&verdict.findings), lines(&verdict.warnings))
    }

    fn spec(block: &str, gateway: &str) -> Value {
        json!({"cidrBlock": block, "gateway": gateway})
    }

    #[test]
    fn another_gateway_is_a_warning_and_a_taken_one_is_refused() {
        let old = || spec("10.0.0.0/24", "10.0.0.1");
        let (denials, warnings) = said(2, old(), spec("10.0.0.0/24", "10.0.0.254"));
        assert!(denials.is_empty());
        assert_eq!(
            warnings,
            [
                r#"spec.gateway: "10.0.0.254": 2 addresses are in use, and those Pods keep the old gateway "10.0.0.1" until they are made anew [subnet-in-use]"#
            ]
        );
        let (denials, warnings) = said(2, old(), spec("10.0.0.0/24", "10.0.0.9"));
        assert_eq!(
            denials,
            [
                r#"spec.gateway: Invalid value: "10.0.0.9": Vip "v" has 10.0.0.9, and would be the gateway of running Pods [subnet-in-use]"#
            ]
        );
        assert!(warnings.is_empty());
        // A NAT gateway may be the gateway of its Subnet.
        assert!(said(2, old(), spec("10.0.0.0/24", "10.0.0.8")).0.is_empty());
    }

    #[test]
    fn nothing_is_said_of_what_is_filled_in_unused_or_documented() {
        let nothing = (vec![], vec![]);
        assert_eq!(said(2, spec("10.0.0.0/24", ""), spec("10.0.0.0/24", "10.0.0.1")), nothing);
        assert_eq!(said(0, spec("10.0.0.0/24", "10.0.0.1"), spec("10.0.0.0/24", "10.0.0.9")), nothing);
        assert_eq!(said(2, spec("10.0.0.0/24", "10.0.0.1"), spec("10.0.0.0/16", "10.0.255.1")), nothing);
    }

    #[test]
    fn prefixes_under_pods() {
        let (denials, warnings) = said(2, spec("10.0.0.0/24", "10.0.0.1"), spec("10.1.0.0/24", "10.1.0.1"));
        assert!(denials.is_empty());
        assert_eq!(
            warnings,
            [
                r#"spec.cidrBlock: "10.1.0.0/24": does not hold 10.0.0.0/24, of which running Pods keep their addresses [subnet-in-use]"#
            ]
        );
        let on_vlan = |block: &str| json!({"vlan": "v", "cidrBlock": block});
        assert_eq!(said(2, on_vlan("10.0.0.0/24"), on_vlan("")).0.len(), 1);
        assert_eq!(said(2, on_vlan(""), on_vlan("10.0.0.0/24")).0.len(), 1);
        assert_eq!(said(0, on_vlan(""), on_vlan("10.0.0.0/24")).0.len(), 0);
    }
}
