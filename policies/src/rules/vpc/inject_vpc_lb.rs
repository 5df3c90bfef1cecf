//! Switches the load balancer of a VPC on, and spells the switch as Kube-OVN does.
//!
//! Adds `ovn.kubernetes.io/vpc_lb: "on"` to the custom Vpcs that the settings name: all of them with
//! `inject.vpcLb.all: true`, else those that `inject.vpcLb.selector` selects, by default with the label
//! `vpcguard.io/vpc-lb: "on"`. A Vpc that has the annotation keeps it, also an explicit `off`.
//!
//! On every custom Vpc, selected or not, other spellings become `on` or `off`: `true`, `yes`, `enabled`, `false`, `no`, in
//! any case and with whitespace around them. Kube-OVN takes all of them for off. Vpcs that are labelled
//! `ovn.kubernetes.io/vpc_external: "true"` are left alone, for Kube-OVN leaves them alone too.
//!
//! ```yaml before
//! # before
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata:
//!   name: blue
//!   labels: {vpcguard.io/vpc-lb: "on"}
//! ```
//!
//! ```yaml after
//! # after
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata:
//!   name: blue
//!   labels: {vpcguard.io/vpc-lb: "on"}
//!   annotations: {ovn.kubernetes.io/vpc_lb: "on"}
//! ```

use crate::inventory::Answer;
use crate::kinds::{Kind, Object, VPC_LB};
use crate::rule::{Annotation, InjectContext, Injector};

/// The rule.
pub const RULE: Injector = Injector {
    id: "inject-vpc-lb",
    summary: "adds ovn.kubernetes.io/vpc_lb to the Vpcs that the settings name, and normalises its spelling",
    kind: Kind::Vpc,
    isolates: false,
    asks: &[],
    inject,
};

fn inject(object: &Object, context: &InjectContext<'_>) -> Answer<Option<Annotation>> {
    let settings = &context.settings.inject.vpc_lb;
    let Object::Vpc(vpc) = object else { return Ok(None) };
    if !settings.enabled || !context.settings.kube_ovn.is_custom_vpc(&vpc.meta.name) || vpc.is_external() {
        return Ok(None);
    }
    let (value, because) = match vpc.meta.annotation(VPC_LB) {
        Some(written) => match normalised(written) {
            Some(value) => (value, format!("Kube-OVN takes {written:?} for off, whatever it means")),
            None => return Ok(None),
        },
        None if settings.all => ("on", "the settings switch it on for all custom Vpcs".to_owned()),
        None if settings.selector.matches(&vpc.meta.labels) => {
            ("on", "the settings switch it on for Vpcs with these labels".to_owned())
        }
        None => return Ok(None),
    };
    Ok(Some(Annotation { key: VPC_LB, value: value.to_owned(), because }))
}

/// What a spelling means that Kube-OVN does not know; none for its own two, and for what means nothing.
pub fn normalised(written: &str) -> Option<&'static str> {
    if written.eq_ignore_ascii_case("on") || written.eq_ignore_ascii_case("off") {
        return None;
    }
    match written.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "enabled" => Some("on"),
        "off" | "false" | "no" => Some("off"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::support::testing::Cluster;

    fn injected(settings: &Value, vpc: &Value) -> Option<Value> {
        let mut vpc = vpc.clone();
        vpc["kind"] = json!("Vpc");
        let mutated = Cluster::new().settings(settings).admit(&vpc).mutated_object?;
        Some(mutated["metadata"]["annotations"][VPC_LB].clone())
    }

    #[test]
    fn it_is_added_to_the_vpcs_that_the_settings_name() {
        let labelled = json!({"labels": {"vpcguard.io/vpc-lb": "on"}});
        let all = json!({"inject": {"vpcLb": {"all": true}}});
        assert_eq!(injected(&json!({}), &labelled), Some(json!("on")));
        assert_eq!(injected(&json!({}), &json!({})), None);
        assert_eq!(injected(&all, &json!({})), Some(json!("on")));
        assert_eq!(injected(&all, &json!({"name": "ovn-cluster"})), None);
        assert_eq!(injected(&all, &json!({"labels": {"ovn.kubernetes.io/vpc_external": "true"}})), None);
        assert_eq!(injected(&json!({"inject": {"vpcLb": {"enabled": false}}}), &labelled), None);
    }

    #[test]
    fn a_spelling_is_normalised_and_a_switch_is_left_alone() {
        for (written, value) in [
            ("true", Some("on")),
            ("YES", Some("on")),
            (" enabled ", Some("on")),
            ("on ", Some("on")),
            ("false", Some("off")),
            ("no", Some("off")),
            ("off", None),
            ("ON", None),
            ("perhaps", None),
            ("", None),
        ] {
            let vpc = json!({"annotations": {VPC_LB: written}, "labels": {"vpcguard.io/vpc-lb": "on"}});
            assert_eq!(injected(&json!({}), &vpc), value.map(Value::from), "{written:?}");
        }
    }
}
