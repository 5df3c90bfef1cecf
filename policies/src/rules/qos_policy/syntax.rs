//! Refuses a limit that Kube-OVN cannot set, or that would be more than a limit.
//!
//! Up to v1.15 Kube-OVN hands `rateMax`, `burstMax`, `interface` and `direction` to a shell in the privileged Pod of the NAT gateway as
//! they are written: whoever writes a QoSPolicy runs commands there. Since v1.16 it looks at them, and leaves a policy that it cannot
//! read alone, with a line in its log: nothing is limited. So these are refused in every release:
//!
//! - a `rateMax` or `burstMax` that is no decimal number;
//! - an `interface` that is none of Linux: up to 15 letters, digits, `_` and `-`;
//! - a `direction` other than `ingress` and `egress`;
//! - a `matchType` other than `ip`, and with it a `matchValue` that is not `src` or `dst`, one blank and a prefix;
//! - a name that two limits have, which Kube-OVN takes for one;
//! - `bindingType: NATGW` without `shared: true`.
//!
//! What is empty is left to Kube-OVN. It warns of a `bindingType` other than `EIP` and `NATGW`, with which a policy has no effect, and
//! of a `matchValue` without `matchType: ip`, which is ignored.
//!
//! ```yaml bad
//! # bad: a unit, which a shell is to make sense of
//! apiVersion: kubeovn.io/v1
//! kind: QoSPolicy
//! metadata: {name: slow}
//! spec:
//!   bindingType: EIP
//!   shared: true
//!   bandwidthLimitRules:
//!   - {name: in, interface: net1, rateMax: 10mbit, burstMax: "10", priority: 1, direction: ingress}
//! ```
//!
//! ```yaml good
//! # good: Mbit/s
//! apiVersion: kubeovn.io/v1
//! kind: QoSPolicy
//! metadata: {name: slow}
//! spec:
//!   bindingType: EIP
//!   shared: true
//!   bandwidthLimitRules:
//!   - {name: in, interface: net1, rateMax: "10", burstMax: "10", priority: 1, direction: ingress}
//! ```
//!
//! Correct the field that the message names.

use std::collections::BTreeMap;

use crate::kinds::{BandwidthLimit, QosPolicy};
use crate::net::Cidr;
use crate::rule::prelude::*;
use crate::rules::support::corrections;

/// The rule.
pub const RULE: Rule = Rule {
    id: "qos-policy-syntax",
    summary: "a QoSPolicy's limit is not what Kube-OVN can set, or what a shell would run",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::NatRules,
    asks: &[],
    checks: &[Check::QosPolicy(
        &[Read::Field("spec.bandwidthLimitRules"), Read::Field("spec.bindingType"), Read::Field("spec.shared")],
        check,
    )],
};

const GATEWAY: &str = "NATGW";
const BINDINGS: &[&str] = &["EIP", GATEWAY];
const DIRECTIONS: &[&str] = &["ingress", "egress"];
const MATCHES: &[&str] = &["ip"];

/// How long the name of an interface may be.
const LONGEST_INTERFACE: usize = 15;

/// What becomes of a text that is not what it should be.
const HARM: &str = "Kube-OVN hands it to a shell up to v1.15, and sets no limit later";

fn check(policy: &QosPolicy, context: &mut Context<'_>) -> Outcome {
    binding(policy, context);
    let mut names = BTreeMap::new();
    for (at, limit) in policy.limits.iter().enumerate() {
        judge(limit, &QosPolicy::path(at), context);
        if let Some(first) = names.insert(limit.name.as_str(), at) {
            let detail = format!("bandwidthLimitRules[{first}] has this name too: Kube-OVN takes both for one");
            let finding = Finding::duplicate(QosPolicy::path(at).field("name"), &limit.name, detail);
            context.deny(finding.help("Give each limit a name of its own."));
        }
    }
    Ok(())
}

fn binding(policy: &QosPolicy, context: &mut Context<'_>) {
    let field = || FieldPath::of("spec.bindingType");
    let kind = policy.binding_type.as_str();
    if kind.is_empty() {
        let finding = Finding::required(field(), "Kube-OVN sets limits of EIP and NATGW policies only");
        context.warn(finding.help("Write EIP for addresses, or NATGW for NAT gateways."));
    } else if !BINDINGS.contains(&kind) {
        let detail = "is neither EIP nor NATGW: Kube-OVN sets no limit";
        context.warn(Finding::invalid(field(), kind, detail).help(corrections::choice(kind, BINDINGS)));
    }
    if kind == GATEWAY && !policy.shared {
        let detail = "is refused by Kube-OVN for a policy that is not shared, with a line in its log";
        context.deny(Finding::invalid(field(), kind, detail).help("Set shared to true."));
    }
}

fn judge(limit: &BandwidthLimit, path: &FieldPath, context: &mut Context<'_>) {
    for (field, text) in [("rateMax", &limit.rate_max), ("burstMax", &limit.burst_max)] {
        if !text.is_empty() && !is_decimal(text) {
            let finding = Finding::invalid(path.clone().field(field), text, format!("is no decimal number: {HARM}"));
            context.deny(finding.help("Write digits alone, as in 100 or 0.5, without a unit."));
        }
    }
    if !limit.interface.is_empty() && !is_interface(&limit.interface) {
        let detail = format!("is no name of an interface: {HARM}");
        let finding = Finding::invalid(path.clone().field("interface"), &limit.interface, detail);
        context.deny(finding.help("Write up to 15 letters, digits, `_` and `-`, as in eth0 or net1."));
    }
    let choices = [("direction", &limit.direction, DIRECTIONS), ("matchType", &limit.match_type, MATCHES)];
    for (field, text, supported) in choices {
        if !text.is_empty() && !supported.contains(&text.as_str()) {
            let finding = Finding::not_supported(path.clone().field(field), text, supported);
            context.deny(finding.help(corrections::choice(text, supported)));
        }
    }
    let (field, value) = (path.clone().field("matchValue"), limit.match_value.as_str());
    match limit.match_type.as_str() {
        "ip" if !is_match(value) => {
            let detail = format!("is not src or dst, one blank and a prefix: {HARM}");
            let finding = Finding::invalid(field, value, detail);
            context.deny(finding.help("Write which end and a prefix, as in dst 10.0.0.0/8."));
        }
        "" if !value.is_empty() => {
            let detail = "is ignored without matchType: ip, so that all traffic is limited";
            context.warn(Finding::invalid(field, value, detail).help("Set matchType to ip, or leave matchValue out."));
        }
        _ => {}
    }
}

/// Digits, and perhaps a point with digits behind.
fn is_decimal(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    is_number(whole) && is_number(rest)
}

fn is_interface(text: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.len() <= LONGEST_INTERFACE && text.bytes().all(is_of_it)
}

fn is_match(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(end, prefix)| matches!(end, "src" | "dst") && Cidr::parse(prefix).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{HARM, RULE};
    use crate::rules::support::testing::{Cluster, create};

    fn policy(limit: Value) -> Value {
        json!({"kind": "QoSPolicy", "spec": {"bindingType": "EIP", "bandwidthLimitRules": [limit]}})
    }

    fn field(name: &str) -> String {
        format!("spec.bandwidthLimitRules[0].{name}")
    }

    /// What a shell makes more of than a text.
    const SHELL: &[&str] = &[
        "1;reboot",
        "$(reboot)",
        "`reboot`",
        "1|reboot",
        "1&",
        "1\nreboot",
        "1>x",
        "1 reboot",
        "1'",
        "1\"",
        "\\",
        "1,2",
        "1#",
    ];

    #[test]
    fn nothing_for_a_shell_gets_through() {
        for text in SHELL {
            for name in ["rateMax", "burstMax", "interface", "direction", "matchType"] {
                let verdict = Cluster::of(RULE.id).verdict(&create(&policy(json!({name: text}))));
                assert!(!verdict.allowed, "{name}: {text:?}");
            }
            for value in [format!("src {text}"), format!("{text} 10.0.0.0/8"), format!("src 10.0.0.0/8{text}")] {
                let limit = json!({"matchType": "ip", "matchValue": value});
                let verdict = Cluster::of(RULE.id).verdict(&create(&policy(limit)));
                assert!(!verdict.allowed, "{value:?}");
            }
        }
    }

    #[test]
    fn each_fault_of_a_limit_is_named() {
        for (limit, name, wanted) in [
            (json!({"rateMax": "10M"}), "rateMax", format!(r#"Invalid value: "10M": is no decimal number: {HARM}"#)),
            (json!({"burstMax": ".5"}), "burstMax", format!(r#"Invalid value: ".5": is no decimal number: {HARM}"#)),
            (
                json!({"interface": "a-very-long-name"}),
                "interface",
                format!(r#"Invalid value: "a-very-long-name": is no name of an interface: {HARM}"#),
            ),
            (
                json!({"direction": "Ingress"}),
                "direction",
                r#"Unsupported value: "Ingress": supported values: "ingress", "egress""#.to_owned(),
            ),
            (
                json!({"matchType": "mac"}),
                "matchType",
                r#"Unsupported value: "mac": supported values: "ip""#.to_owned(),
            ),
            (
                json!({"matchType": "ip", "matchValue": "10.0.0.0/8"}),
                "matchValue",
                format!(r#"Invalid value: "10.0.0.0/8": is not src or dst, one blank and a prefix: {HARM}"#),
            ),
        ] {
            let wanted = format!("{}: {wanted} [qos-policy-syntax]", field(name));
            Cluster::of(RULE.id).refuses(&policy(limit), &[&wanted]);
        }
    }

    #[test]
    fn empty_values_and_decimals_are_taken() {
        for limit in [
            json!({}),
            json!({"rateMax": "", "burstMax": "", "interface": "", "direction": "", "matchType": "", "matchValue": ""}),
            json!({"rateMax": "0.5", "burstMax": "10", "interface": "veth-abc_0", "direction": "egress"}),
            json!({"matchType": "ip", "matchValue": "dst 10.0.0.0/8"}),
            json!({"matchType": "ip", "matchValue": "src fd00::/8"}),
        ] {
            Cluster::of(RULE.id).accepts(&policy(limit));
        }
    }

    #[test]
    fn a_name_stands_once() {
        let limits = json!([{"name": "a"}, {"name": "b"}, {"name": "a"}]);
        let twice = json!({"kind": "QoSPolicy", "spec": {"bindingType": "EIP", "bandwidthLimitRules": limits}});
        let wanted = r#"spec.bandwidthLimitRules[2].name: Duplicate value: "a": bandwidthLimitRules[0] has this name too: Kube-OVN takes both for one [qos-policy-syntax]"#;
        Cluster::of(RULE.id).refuses(&twice, &[wanted]);
    }

    #[test]
    fn a_policy_is_of_addresses_or_of_gateways_that_share_it() {
        let bound = |spec: Value| json!({"kind": "QoSPolicy", "spec": spec});
        let cluster = || Cluster::of(RULE.id);
        cluster().accepts(&bound(json!({"bindingType": "NATGW", "shared": true})));
        cluster().accepts(&bound(json!({"bindingType": "EIP"})));
        let wanted = r#"spec.bindingType: Invalid value: "NATGW": is refused by Kube-OVN for a policy that is not shared, with a line in its log [qos-policy-syntax]"#;
        cluster().refuses(&bound(json!({"bindingType": "NATGW"})), &[wanted]);
        let wanted = r#"spec.bindingType: "eip": is neither EIP nor NATGW: Kube-OVN sets no limit [qos-policy-syntax]"#;
        cluster().warns(&bound(json!({"bindingType": "eip"})), &[wanted]);
        let wanted = "spec.bindingType: Kube-OVN sets limits of EIP and NATGW policies only [qos-policy-syntax]";
        cluster().warns(&bound(json!({})), &[wanted]);
    }

    #[test]
    fn a_value_without_its_type_is_pointed_out() {
        let wanted = format!(
            r#"{}: "dst 10.0.0.0/8": is ignored without matchType: ip, so that all traffic is limited [qos-policy-syntax]"#,
            field("matchValue")
        );
        Cluster::of(RULE.id).warns(&policy(json!({"matchValue": "dst 10.0.0.0/8"})), &[&wanted]);
    }
}
