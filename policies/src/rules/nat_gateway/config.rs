//! Warns where NAT gateways are not configured.
//!
//! Kube-OVN makes a gateway only if two ConfigMaps in its own namespace say so: `ovn-vpc-nat-gw-config`, whose
//! `enable-vpc-nat-gw` must not be "false", and `ovn-vpc-nat-config`, which names the `image`. Where they are missing,
//! the gateway waits, with a line in the log. Up to v1.9 the image stood in the former, and the latter was not needed; later
//! releases do not look for it there, and make no gateway of that form.
//!
//! Where no such ConfigMap is among the files that are checked, nothing is said of them: they seldom stand beside a gateway.
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

use crate::inventory::Sight;
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
    if switch.is_none() && images.is_none() && context.cluster.sight(Kind::ConfigMap) != Sight::All {
        // Folders seldom hold what was installed with Kube-OVN.
        context.cannot_see(Kind::ConfigMap);
        return Ok(());
    }
    if switch.as_ref().is_some_and(|switch| switch.text(SWITCH) == Some("false")) {
        let detail = format!("ConfigMap {namespace}/{NAT_GW_CONFIG} switches NAT gateways off");
        let object = ObjectRef::namespaced(Kind::ConfigMap, namespace, NAT_GW_CONFIG);
        let finding = Finding::forbidden(FieldPath::of("spec"), NAT_GW_CONFIG, detail)
            .related(object, Some(FieldPath::of("data").key(SWITCH)));
        context.deny(finding.help("Set enable-vpc-nat-gw to \"true\"."));
    }
    let has_image = images.as_ref().is_some_and(|map| map.has_image());
    let has_old_image = !has_image && switch.as_ref().is_some_and(|map| map.has_image());
    let mut missing = Vec::new();
    missing.extend(switch.is_none().then_some(NAT_GW_CONFIG));
    missing.extend((images.is_none() && !has_old_image).then_some(NAT_CONFIG));
    if !missing.is_empty() {
        context.deny(absent(namespace, &missing));
    }
    if has_old_image {
        let detail = format!(
            "the image stands in ConfigMap {namespace}/{NAT_GW_CONFIG} alone, where Kube-OVN looks for it up to v1.9 only"
        );
        let object = ObjectRef::namespaced(Kind::ConfigMap, namespace, NAT_GW_CONFIG);
        let finding = Finding::forbidden(FieldPath::of("spec"), NAT_GW_CONFIG, detail)
            .related(object, Some(FieldPath::of("data").key("image")));
        context.warn(finding.help(format!("Write the image into ConfigMap {NAT_CONFIG} too.")));
    } else if images.is_some() && !has_image {
        let detail = format!("ConfigMap {namespace}/{NAT_CONFIG} names no image");
        let object = ObjectRef::namespaced(Kind::ConfigMap, namespace, NAT_CONFIG);
        let finding = Finding::forbidden(FieldPath::of("spec"), NAT_CONFIG, detail)
            .related(object, Some(FieldPath::of("data").key("image")));
        context.deny(finding.help("Set image to that of vpc-nat-gateway, in the version of Kube-OVN."));
    }
    Ok(())
}

/// One finding, whether one or both are missing.
fn absent(namespace: &str, names: &[&str]) -> Finding {
    let (which, create) = match names {
        [_] => ("this ConfigMap", "the ConfigMap"),
        _ => ("these ConfigMaps", "both ConfigMaps"),
    };
    let missing: Vec<_> = names.iter().map(|name| format!("{namespace}/{name}")).collect();
    let detail = format!("Kube-OVN makes no NAT gateway without {which}");
    let finding = Finding::not_found(FieldPath::of("spec"), &missing.join(", "), detail)
        .help(format!("Create {create} in Kube-OVN's namespace: enable-vpc-nat-gw: \"true\" in {NAT_GW_CONFIG}, the image in {NAT_CONFIG}."));
    let map = |name: &&str| ObjectRef::namespaced(Kind::ConfigMap, namespace, name);
    names.iter().map(map).fold(finding, Finding::missing)
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

    fn cluster(maps: &[Value]) -> Cluster {
        maps.iter().fold(Cluster::of(RULE.id), |cluster, map| cluster.with(map.clone()))
    }

    fn warnings(maps: &[Value], object: &Value) -> Vec<String> {
        let verdict = cluster(maps).seeing_all().verdict(&create(object));
        verdict.warnings.iter().map(ToString::to_string).collect()
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
                r#"spec: "kube-system/{name}": Kube-OVN makes no NAT gateway without this ConfigMap [gateway-config]"#
            )
        };
        let neither = r#"spec: "kube-system/ovn-vpc-nat-gw-config, kube-system/ovn-vpc-nat-config": Kube-OVN makes no NAT gateway without these ConfigMaps [gateway-config]"#;
        let (no_switch, no_images) = (missing("ovn-vpc-nat-gw-config"), missing("ovn-vpc-nat-config"));
        assert!(warnings(&[on.clone(), image.clone()], &gateway).is_empty());
        let old_form = "spec: the image stands in ConfigMap kube-system/ovn-vpc-nat-gw-config alone, where Kube-OVN looks for it up to v1.9 only [gateway-config]";
        assert_eq!(warnings(std::slice::from_ref(&old), &gateway), [old_form]);
        assert_eq!(warnings(&[old.clone(), blank.clone()], &gateway), [old_form]);
        assert!(warnings(&[old.clone(), image.clone()], &gateway).is_empty());
        let deny = json!({"rules": {"gateway-config": "deny"}});
        assert!(cluster(&[old]).settings(&deny).verdict(&create(&gateway)).allowed);
        assert_eq!(warnings(&[], &gateway), [neither]);
        assert_eq!(warnings(std::slice::from_ref(&on), &gateway), [no_images]);
        assert_eq!(warnings(std::slice::from_ref(&image), &gateway), [no_switch]);
        assert_eq!(
            warnings(&[off, image], &gateway),
            ["spec: ConfigMap kube-system/ovn-vpc-nat-gw-config switches NAT gateways off [gateway-config]"]
        );
        assert_eq!(
            warnings(&[on, blank], &gateway),
            ["spec: ConfigMap kube-system/ovn-vpc-nat-config names no image [gateway-config]"]
        );
    }

    #[test]
    fn a_folder_need_not_hold_what_came_with_kube_ovn() {
        let gateway = json!({"kind": "VpcNatGateway"});
        let verdict = |maps: &[Value]| cluster(maps).verdict(&create(&gateway));
        let unseen = verdict(&[]);
        assert_eq!((unseen.warnings.len(), unseen.not_evaluated.len()), (0, 1));
        let other = json!({"kind": "ConfigMap", "namespace": "a", "name": "b", "data": {}});
        assert_eq!(verdict(&[other]).not_evaluated, unseen.not_evaluated);
        let one = verdict(&[config("ovn-vpc-nat-config", json!({"image": "x"}))]);
        assert_eq!((one.warnings.len(), one.not_evaluated.len()), (1, 0));
    }

    #[test]
    fn the_data_of_the_two_are_texts() {
        let wrong = json!({"enable-vpc-nat-gw": true, "image": "x"});
        assert_eq!(
            warnings(&[], &config("ovn-vpc-nat-gw-config", wrong.clone())),
            ["data[enable-vpc-nat-gw]: true: must be a string: put it in quotes [gateway-config]"]
        );
        assert!(warnings(&[], &config("other", wrong.clone())).is_empty());
        let elsewhere = json!({"kind": "ConfigMap", "namespace": "a", "name": "ovn-vpc-nat-config", "data": wrong});
        assert!(warnings(&[], &elsewhere).is_empty());
    }
}
