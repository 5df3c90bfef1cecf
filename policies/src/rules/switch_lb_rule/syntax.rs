//! Refuses a SwitchLBRule of which Kube-OVN makes nothing, or less than it says.
//!
//! Kube-OVN makes a Service of it, `slr-` and its name, and an entry of the load balancers of the VPC of that Service's Pods. Up to v1.15
//! the API server looked at the numbers of ports; since v1.16 at nothing. These never balance anything, and a line in a log says so at
//! most:
//!
//! | field | must be |
//! |---|---|
//! | its name | 59 characters at most, without dots, or there is no Service of it; looked at when it is created |
//! | `vip` | an address, without a prefix length or blanks, IPv4 not in the form of IPv6 |
//! | `namespace` | there: that of the Pods |
//! | `ports` | at least one; of several, each with a name of its own, and no port of a protocol twice |
//! | `ports[].port` | 1 to 65535 |
//! | `ports[].targetPort` | 1 to 65535; 0, or left out, is the `port`, but not beside `endpoints` |
//! | `ports[].protocol` | TCP, UDP, SCTP, or left out for TCP |
//! | `ports[].name` | lower case letters, digits and hyphens |
//! | `selector` | texts of the form `key:value`, as labels have them: others are dropped, and what is left selects more than is meant |
//! | `endpoints` | addresses, and not of loopback or link-local ones |
//! | `sessionAffinity` | `None`, `ClientIP`, or left out |
//!
//! It warns of a rule with neither a selector nor endpoints, which has no backends until somebody else writes some; of both at once,
//! where the endpoints win; of a key with two values, of which the last one counts; of endpoints of another family than the `vip`, which serve nothing;
//! and of an IPv4 and an IPv6 address in `vip`: v1.16.2 takes both, and looks for backends with both, of which there are none.
//!
//! Kube-OVN's manual writes `- app: nginx` in a `selector`, which is an object and no text: the API server refuses it (`field-type`). Write `- "app:nginx"`.
//!
//! ```yaml bad
//! # bad: no colon, so the selector is dropped
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: shop}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: SwitchLBRule
//! metadata: {name: web}
//! spec:
//!   vip: 172.31.0.10
//!   namespace: shop
//!   selector: [app=web]
//!   ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP}]
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: shop}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: SwitchLBRule
//! metadata: {name: web}
//! spec:
//!   vip: 172.31.0.10
//!   namespace: shop
//!   selector: ["app:web"]
//!   ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP}]
//! ```
//!
//! Correct the field that the message names.

use std::collections::BTreeSet;

use crate::kinds::{BalancerPort, SwitchLbRule, is_label};
use crate::net::{Family, is_mapped, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::{corrections, service_name};

use super::backends;

/// The rule.
pub const RULE: Rule = Rule {
    id: "switch-lb-rule-syntax",
    summary: "Kube-OVN makes no load balancer of a SwitchLBRule, or of less than it says",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::LoadBalancers,
    asks: &[],
    checks: &[Check::SwitchLbRule(&[Read::Field("spec")], check)],
};

const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];
const AFFINITIES: &[&str] = &["None", "ClientIP"];

/// What becomes of a Service that Kubernetes refuses.
pub(super) const REFUSED: &str = "the API server refuses the Service that Kube-OVN makes of it";

/// The longest name of a port.
const LONGEST_LABEL: usize = 63;

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn check(rule: &SwitchLbRule, context: &mut Context<'_>) -> Outcome {
    service_name::check("slr-", &rule.meta.name, context);
    vip(rule, context);
    if rule.namespace.is_empty() {
        let detail = "without one Kube-OVN makes no Service, and no load balancer";
        let finding = Finding::required(FieldPath::of("spec.namespace"), detail);
        context.deny(finding.help("Name the namespace of the Pods that serve it."));
    }
    let affinity = rule.session_affinity.as_str();
    if !affinity.is_empty() && !AFFINITIES.contains(&affinity) {
        let finding = Finding::not_supported(FieldPath::of("spec.sessionAffinity"), affinity, AFFINITIES);
        context.deny(finding.help(corrections::choice(affinity, AFFINITIES)));
    }
    ports(rule, context);
    backends::check(rule, context);
    Ok(())
}

fn vip(rule: &SwitchLbRule, context: &mut Context<'_>) {
    let field = FieldPath::of("spec.vip");
    let text = rule.vip.as_str();
    if text.is_empty() {
        let finding = Finding::required(field, "Kube-OVN passes a rule without an address over");
        context.deny(finding.help("Write the address that is to be served."));
        return;
    }
    let parts: Vec<_> = text.split(',').map(parse_ip).collect();
    match parts.as_slice() {
        [Some(_)] if is_mapped(text) => {
            let detail = "must be written as the IPv4 address that it is: OVN takes it for IPv6";
            context.deny(Finding::invalid(field, text, detail).help(corrections::address(text)));
        }
        [Some(_)] => {}
        [Some(first), Some(second)] if Family::of(*first) != Family::of(*second) => {
            let detail = "Kube-OVN v1.16.2 looks for backends with both addresses, and finds none";
            let finding = Finding::invalid(field, text, detail);
            context.warn(finding.help("Write a SwitchLBRule for each address."));
        }
        _ => {
            let detail = "must be one address: OVN serves nothing else";
            context.deny(Finding::invalid(field, text, detail).help(corrections::address(text)));
        }
    }
}

fn ports(rule: &SwitchLbRule, context: &mut Context<'_>) {
    let field = FieldPath::of("spec.ports");
    if rule.ports.is_empty() {
        let finding = Finding::required(field.clone(), "without a port nothing is balanced");
        context.deny(finding.help("Write a port, as in {name: http, port: 80, targetPort: 8080, protocol: TCP}."));
    }
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (at, port) in rule.ports.iter().enumerate() {
        let place = field.clone().index(at);
        number(rule, port, &place, context);
        name(port, rule.ports.len() > 1, !names.insert(port.name.as_str()), &place, context);
        let protocol = port.protocol.as_str();
        if !protocol.is_empty() && !PROTOCOLS.contains(&protocol) {
            let finding = Finding::not_supported(place.clone().field("protocol"), protocol, PROTOCOLS);
            context.deny(finding.help(corrections::choice(protocol, PROTOCOLS)));
        }
        if !numbers.insert((port.port, port.effective_protocol())) {
            let detail = format!("stands twice with protocol {}: {REFUSED}", port.effective_protocol());
            let finding = Finding::duplicate(place.field("port"), &port.port.to_string(), detail);
            context.deny(finding.help("Write each port of a protocol once."));
        }
    }
}

fn number(rule: &SwitchLbRule, port: &BalancerPort, place: &FieldPath, context: &mut Context<'_>) {
    // The Service's port stands in for a target port that is not there; those of Endpoints must be.
    let least_target = i64::from(!rule.endpoints.is_empty());
    for (field, number, least) in [("port", port.port, 1), ("targetPort", port.target_port, least_target)] {
        if !(least..=65535).contains(&number) {
            let of = if field == "targetPort" && number == 0 { "the Endpoints" } else { "the Service" };
            let detail =
                format!("must be a port from 1 to 65535: the API server refuses {of} that Kube-OVN makes of it");
            let finding = Finding::invalid_number(place.clone().field(field), number, detail);
            context.deny(finding.help("Write a number from 1 to 65535."));
        }
    }
}

fn name(port: &BalancerPort, is_one_of_many: bool, is_there: bool, place: &FieldPath, context: &mut Context<'_>) {
    const HELP: &str = "Write a name of lower case letters, digits and hyphens, as in http.";
    let field = place.clone().field("name");
    let text = port.name.as_str();
    if text.is_empty() {
        if is_one_of_many {
            let finding = Finding::required(field, format!("each of several ports has a name: {REFUSED}"));
            context.deny(finding.help(HELP));
        }
    } else if !is_port_name(text) {
        context.deny(Finding::invalid(field, text, format!("is no name of a port: {REFUSED}")).help(HELP));
    } else if is_there {
        let finding = Finding::duplicate(field, text, format!("is the name of another port too: {REFUSED}"));
        context.deny(finding.help("Give each port a name of its own."));
    }
}

/// A label of DNS.
fn is_port_name(text: &str) -> bool {
    text.len() <= LONGEST_LABEL && is_label(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{REFUSED, RULE};
    use crate::rules::support::testing::{Cluster, update};

    /// A rule that is right, but for some fields.
    fn rule(changed: Value) -> Value {
        let mut spec = json!({"vip": "172.31.0.10", "namespace": "shop", "selector": ["app:web"],
                              "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]});
        for (field, value) in changed.as_object().unwrap() {
            spec[field] = value.clone();
        }
        json!({"kind": "SwitchLBRule", "spec": spec})
    }

    fn refuses(changed: Value, wanted: &[&str]) {
        let wanted: Vec<_> = wanted.iter().map(|wanted| format!("{wanted} [{}]", RULE.id)).collect();
        let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
        Cluster::of(RULE.id).refuses(&rule(changed), &wanted);
    }

    #[test]
    fn what_works_is_accepted() {
        for changed in [
            json!({}),
            json!({"vip": "fd00::10"}),
            json!({"selector": [], "endpoints": ["10.0.0.5", "10.0.0.6"]}),
            json!({"selector": ["app : web", " tier: ", "k8s-app:x"]}),
            json!({"ports": [{"port": 80}], "sessionAffinity": ""}),
            json!({"ports": [{"port": 80, "targetPort": 0}], "sessionAffinity": "None"}),
            json!({"ports": [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53}],
                   "sessionAffinity": "ClientIP"}),
            json!({"ports": [{"port": 65535, "protocol": "SCTP", "targetPort": 65535}]}),
        ] {
            Cluster::of(RULE.id).accepts(&rule(changed));
        }
    }

    #[test]
    fn an_address_is_served_and_nothing_else() {
        refuses(json!({"vip": ""}), &["spec.vip: Required value: Kube-OVN passes a rule without an address over"]);
        for text in ["172.31.0.10/32", " 172.31.0.10", "web", "10.0.0.1,10.0.0.2", "10.0.0.1, fd00::1", "10.0.0.1,"] {
            let fault = "must be one address: OVN serves nothing else";
            refuses(json!({"vip": text}), &[&format!("spec.vip: Invalid value: {text:?}: {fault}")]);
        }
        let fault = "must be written as the IPv4 address that it is: OVN takes it for IPv6";
        let mapped = "::ffff:172.31.0.10";
        refuses(json!({"vip": mapped}), &[&format!("spec.vip: Invalid value: {mapped:?}: {fault}")]);
        let both = rule(json!({"vip": "10.0.0.1,fd00::1"}));
        let wanted = r#"spec.vip: "10.0.0.1,fd00::1": Kube-OVN v1.16.2 looks for backends with both addresses, and finds none [switch-lb-rule-syntax]"#;
        Cluster::of(RULE.id).warns(&both, &[wanted]);
    }

    #[test]
    fn a_namespace_and_a_port_are_there() {
        let wanted = "spec.namespace: Required value: without one Kube-OVN makes no Service, and no load balancer";
        refuses(json!({"namespace": ""}), &[wanted]);
        refuses(json!({"ports": []}), &["spec.ports: Required value: without a port nothing is balanced"]);
    }

    #[test]
    fn each_fault_of_a_port_is_named() {
        let range =
            |of: &str| format!("must be a port from 1 to 65535: the API server refuses {of} that Kube-OVN makes of it");
        let service = range("the Service");
        for (port, wanted) in [
            (json!({"port": 0}), format!("port: Invalid value: 0: {service}")),
            (json!({}), format!("port: Invalid value: 0: {service}")),
            (json!({"port": 65536}), format!("port: Invalid value: 65536: {service}")),
            (json!({"port": 80, "targetPort": -1}), format!("targetPort: Invalid value: -1: {service}")),
            (
                json!({"port": 80, "protocol": "tcp"}),
                r#"protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP""#.to_owned(),
            ),
            (
                json!({"port": 80, "name": "My.Port"}),
                format!(r#"name: Invalid value: "My.Port": is no name of a port: {REFUSED}"#),
            ),
        ] {
            refuses(json!({"ports": [port]}), &[&format!("spec.ports[0].{wanted}")]);
        }
        // The API server fills in the port of a Service alone.
        let changed = json!({"selector": [], "endpoints": ["10.0.0.5"], "ports": [{"port": 80}]});
        refuses(changed, &[&format!("spec.ports[0].targetPort: Invalid value: 0: {}", range("the Endpoints"))]);
    }

    #[test]
    fn several_ports_are_told_apart() {
        let ports =
            json!([{"name": "a", "port": 80}, {"port": 81}, {"name": "a", "port": 82}, {"name": "b", "port": 80}]);
        let wanted = [
            format!("spec.ports[1].name: Required value: each of several ports has a name: {REFUSED}"),
            format!(r#"spec.ports[2].name: Duplicate value: "a": is the name of another port too: {REFUSED}"#),
            format!(r#"spec.ports[3].port: Duplicate value: "80": stands twice with protocol TCP: {REFUSED}"#),
        ];
        refuses(json!({"ports": ports}), &[&wanted[0], &wanted[1], &wanted[2]]);
    }

    #[test]
    fn backends_are_selected_or_named() {
        for entry in ["app=web", "a:b:c", ":web", ""] {
            let wanted = format!(
                r#"spec.selector[1]: Invalid value: "{entry}": is not of the form "key:value", so Kube-OVN drops it"#
            );
            refuses(json!({"selector": ["tier:front", entry]}), &[&wanted]);
        }
        let wanted =
            r#"spec.endpoints[1]: Invalid value: "web": must be one address: Kube-OVN makes no Endpoints with it"#;
        refuses(json!({"selector": [], "endpoints": ["10.0.0.5", "web"]}), &[wanted]);
        let wanted = r#"spec.endpoints[0]: Invalid value: "::ffff:10.0.0.5": must be written as the IPv4 address that it is: nobody serves it in this form"#;
        refuses(json!({"selector": [], "endpoints": ["::ffff:10.0.0.5"]}), &[wanted]);
        let neither = rule(json!({"selector": []}));
        let wanted =
            "spec.selector: without a selector or endpoints there is nobody to serve it [switch-lb-rule-syntax]";
        Cluster::of(RULE.id).warns(&neither, &[wanted]);
        let both = rule(json!({"selector": ["app=web"], "endpoints": ["10.0.0.5"]}));
        let wanted = "spec.selector: Kube-OVN passes it over, for endpoints are there [switch-lb-rule-syntax]";
        Cluster::of(RULE.id).warns(&both, &[wanted]);
    }

    #[test]
    fn labels_are_such_as_pods_have_and_each_key_has_one_value() {
        for entry in ["app:my web", "my app:web", "example.org/a/b:c"] {
            let wanted =
                format!(r#"spec.selector[0]: Invalid value: "{entry}": is no label that a Pod can have: {REFUSED}"#);
            refuses(json!({"selector": [entry]}), &[&wanted]);
        }
        let twice = rule(json!({"selector": ["app:web", "app:web", "app : api"]}));
        let wanted = r#"spec.selector[2]: "app : api": has another value of this key than "web", and of two the last one counts [switch-lb-rule-syntax]"#;
        Cluster::of(RULE.id).warns(&twice, &[wanted]);
    }

    #[test]
    fn endpoints_are_of_pods_and_of_the_family_of_the_vip() {
        for address in ["0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.9", "::1", "fe80::5", "ff02::1"] {
            let wanted = format!(
                r#"spec.endpoints[0]: Invalid value: "{address}": is an address that no other node reaches: the API server refuses the Endpoints that Kube-OVN makes of it"#
            );
            refuses(json!({"selector": [], "endpoints": [address]}), &[&wanted]);
        }
        let mixed = json!({"selector": [], "endpoints": ["10.0.0.5", "fd00::5"]});
        let wanted = r#"spec.endpoints[1]: "fd00::5": is of another family than "172.31.0.10", and Kube-OVN passes it over [switch-lb-rule-syntax]"#;
        Cluster::of(RULE.id).warns(&rule(mixed), &[wanted]);
        Cluster::of(RULE.id).accepts(&rule(json!({"vip": "fd00::10", "selector": [], "endpoints": ["fd00::5"]})));
    }

    #[test]
    fn its_name_makes_the_name_of_a_service() {
        let named = |name: &str| {
            let mut rule = rule(json!({}));
            rule["name"] = json!(name);
            rule
        };
        let long = "a".repeat(59);
        Cluster::of(RULE.id).accepts(&named(&long));
        for (name, fault) in
            [("web.shop".to_owned(), "has a dot"), (format!("{long}a"), "is longer than 59 characters")]
        {
            let wanted = format!(
                r#"metadata.name: Invalid value: "{name}": {fault}: the API server refuses the Service "slr-{name}" that Kube-OVN makes of it [switch-lb-rule-syntax]"#
            );
            Cluster::of(RULE.id).refuses(&named(&name), &[&wanted]);
            let mut other = named(&name);
            other["spec"]["vip"] = json!("172.31.0.11");
            assert!(Cluster::of(RULE.id).verdict(&update(&named(&name), &other)).findings.is_empty());
        }
    }

    #[test]
    fn a_client_is_kept_by_its_address_or_not_at_all() {
        let wanted = r#"spec.sessionAffinity: Unsupported value: "clientIP": supported values: "None", "ClientIP""#;
        refuses(json!({"sessionAffinity": "clientIP"}), &[wanted]);
    }
}
