//! Warns where NAT gateways are not configured.
//!
//! Kube-OVN makes a gateway only if two ConfigMaps in its own namespace say so: `ovn-vpc-nat-gw-config`, whose
//! `enable-vpc-nat-gw` must not be "false", and `ovn-vpc-nat-config`, which names the `image`. Where they are missing,
//! the gateway waits, with a line in the log. Up to v1.9 the image stood in the former, and the latter is not needed
//! then; v1.16.2 makes no gateway of that form.
//!
//! The data of a ConfigMap are strings. A bare `true` is a boolean, and the API server refuses the ConfigMap.
//!
//! ```yaml bad
//! # bad: a boolean
//! apiVersion: v1
//! kind: ConfigMap
//! metadata: {name: ovn-vpc-nat-gw-config, namespace: kube-system}
//! data:
//!   enable-vpc-nat-gw: true
//! ```
//!
//! ```yaml good
//! # good: a string
//! apiVersion: v1
//! kind: ConfigMap
//! metadata: {name: ovn-vpc-nat-gw-config, namespace: kube-system}
//! data:
//!   enable-vpc-nat-gw: "true"
//! ```
//!
//! Create both ConfigMaps in Kube-OVN's namespace, with every value in quotes.

use crate::kinds::{ConfigMap, NAT_CONFIG, NAT_GW_CONFIG, NatGateway, ObjectRef};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "gateway-config",
    summary: "the ConfigMaps of NAT gateways are missing, switch them off, or hold something else than texts",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::NatGatewayLanIp,
    asks: &[Kind::ConfigMap],
    checks: &[
        Check::NatGateway(&[Read::Field("metadata.name")], nat_gateway),
        Check::ConfigMap(&[Read::Field("data")], config_map),
    ],
};

const SWITCH: &str = "enable-vpc-nat-gw";

fn nat_gateway(_: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let namespace = context.kube_ovn().namespace.as_str();
    let switch = context.cluster.config_map(namespace, NAT_GW_CONFIG)?;
    let images = context.cluster.config_map(namespace, NAT_CONFIG)?;
    match &switch {
        None => missing(context, namespace, NAT_GW_CONFIG),
        Some(switch) if switch.text(SWITCH) == Some("false") => {
            let detail = format!("ConfigMap {namespace}/{NAT_GW_CONFIG} switches NAT gateways off");
            let object = ObjectRef::namespaced(Kind::ConfigMap, namespace, NAT_GW_CONFIG);
            let finding = Finding::forbidden(FieldPath::of("spec"), NAT_GW_CONFIG, detail)
                .related(object, Some(FieldPath::of("data").key(SWITCH)));
            context.deny(finding.help("Set enable-vpc-nat-gw to \"true\"."));
        }
        Some(_) => {}
    }
    // Up to v1.9 the image stood in the other one.
    if switch.is_some_and(|switch| switch.has_image()) {
        return Ok(());
    }
    match images {
        None => missing(context, namespace, NAT_CONFIG),
        Some(images) if !images.has_image() => {
            let detail = format!("ConfigMap {namespace}/{NAT_CONFIG} names no image");
            let object = ObjectRef::namespaced(Kind::ConfigMap, namespace, NAT_CONFIG);
            let finding = Finding::forbidden(FieldPath::of("spec"), NAT_CONFIG, detail)
                .related(object, Some(FieldPath::of("data").key("image")));
            context.deny(finding.help("Set image to that of vpc-nat-gateway, in the version of Kube-OVN."));
        }
        Some(_) => {}
    }
    Ok(())
}

fn missing(context: &mut Context<'_>, namespace: &str, name: &str) {
    let detail = "Kube-OVN makes no NAT gateway without this ConfigMap";
    let finding = Finding::not_found(FieldPath::of("spec"), &format!("{namespace}/{name}"), detail)
        .missing(ObjectRef::namespaced(Kind::ConfigMap, namespace, name));
    context.deny(finding.help("Create the ConfigMap in Kube-OVN's namespace."));
}

fn config_map(map: &ConfigMap, context: &mut Context<'_>) -> Outcome {
    let is_read = [NAT_CONFIG, NAT_GW_CONFIG].contains(&map.meta.name.as_str());
    if !is_read || context.namespace != context.kube_ovn().namespace {
        return Ok(());
    }
    for (key, value) in map.data.iter().filter(|(_, value)| !value.is_string()) {
        let finding =
            Finding::type_invalid(FieldPath::of("data").key(key), value, "must be a string: put it in quotes");
        context.deny(finding.help("Put the value in quotes."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create};

    fn config(name: &str, data: Value) -> Value {
        json!({"kind": "ConfigMap", "namespace": "kube-system", "name": name, "data": data})
    }

    fn warnings(maps: &[Value], object: &Value) -> Vec<String> {
        let cluster = maps.iter().fold(Cluster::of(super::RULE.id), |cluster, map| cluster.with(map.clone()));
        let verdict = cluster.verdict(&create(object));
        let own = verdict.warnings.iter().filter(|finding| finding.rule() == RULE.id);
        own.map(ToString::to_string).collect()
    }

    #[test]
    fn a_gateway_needs_both_config_maps() {
        let gateway = json!({"kind": "VpcNatGateway"});
        let on = config("ovn-vpc-nat-gw-config", json!({"enable-vpc-nat-gw": "true"}));
        let off = config("ovn-vpc-nat-gw-config", json!({"enable-vpc-nat-gw": "false"}));
        let old = config("ovn-vpc-nat-gw-config", json!({"enable-vpc-nat-gw": "true", "image": "x"}));
        let image = config("ovn-vpc-nat-config", json!({"image": "x"}));
        let blank = config("ovn-vpc-nat-config", json!({"image": " "}));
        let missing = |name: &str| {
            format!(
                r#"spec: Not found: "kube-system/{name}": Kube-OVN makes no NAT gateway without this ConfigMap [gateway-config]"#
            )
        };
        let (no_switch, no_images) = (missing("ovn-vpc-nat-gw-config"), missing("ovn-vpc-nat-config"));
        assert!(warnings(&[on.clone(), image.clone()], &gateway).is_empty());
        assert!(warnings(&[old], &gateway).is_empty());
        assert_eq!(warnings(&[], &gateway), [no_switch.as_str(), no_images.as_str()]);
        assert_eq!(warnings(std::slice::from_ref(&on), &gateway), [no_images]);
        assert_eq!(warnings(std::slice::from_ref(&image), &gateway), [no_switch]);
        assert_eq!(
            warnings(&[off, image], &gateway),
            ["spec: Forbidden: ConfigMap kube-system/ovn-vpc-nat-gw-config switches NAT gateways off [gateway-config]"]
        );
        assert_eq!(
            warnings(&[on, blank], &gateway),
            ["spec: Forbidden: ConfigMap kube-system/ovn-vpc-nat-config names no image [gateway-config]"]
        );
    }

    #[test]
    fn the_data_of_the_two_are_texts() {
        let wrong = json!({"enable-vpc-nat-gw": true, "image": "x"});
        assert_eq!(
            warnings(&[], &config("ovn-vpc-nat-gw-config", wrong.clone())),
            ["data[enable-vpc-nat-gw]: Invalid value: true: must be a string: put it in quotes [gateway-config]"]
        );
        assert!(warnings(&[], &config("other", wrong.clone())).is_empty());
        let elsewhere = json!({"kind": "ConfigMap", "namespace": "a", "name": "ovn-vpc-nat-config", "data": wrong});
        assert!(warnings(&[], &elsewhere).is_empty());
    }
}
