//! Who serves a SwitchLBRule: its selector and its endpoints.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::syntax::REFUSED;
use crate::kinds::SwitchLbRule;
use crate::net::{Family, is_mapped, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::{corrections, labels};
use crate::text::quoted;

const LABEL_HELP: &str =
    "Write letters, digits, hyphens, underscores and dots, 63 at most, a letter or digit first and last.";

/// Looks at both.
pub(super) fn check(rule: &SwitchLbRule, context: &mut Context<'_>) {
    let (selector, endpoints) = (FieldPath::of("spec.selector"), FieldPath::of("spec.endpoints"));
    for (at, text) in rule.endpoints.iter().enumerate() {
        endpoint(rule, text, endpoints.clone().index(at), context);
    }
    match (rule.selector.is_empty(), rule.endpoints.is_empty()) {
        (true, true) => {
            let detail = "without a selector or endpoints there is nobody to serve it";
            let finding = Finding::required(selector, detail);
            context.warn(
                finding.help(r#"Write the labels of the Pods, as in "app:web", or their addresses as endpoints."#),
            );
        }
        (false, false) => {
            let detail = "Kube-OVN passes it over, for endpoints are there";
            let finding = Finding::forbidden(selector, &rule.selector.join(","), detail);
            context.warn(finding.help("Leave one of both out."));
        }
        (false, true) => {
            labels::selector(&rule.selector, context);
            pairs(rule, &selector, context);
        }
        (true, false) => {}
    }
}

fn endpoint(rule: &SwitchLbRule, text: &str, field: FieldPath, context: &mut Context<'_>) {
    let Some(address) = parse_ip(text) else {
        let detail = "must be one address: Kube-OVN makes no Endpoints with it";
        return context.deny(Finding::invalid(field, text, detail).help(corrections::address(text)));
    };
    if is_mapped(text) {
        let detail = "must be written as the IPv4 address that it is: nobody serves it in this form";
        return context.deny(Finding::invalid(field, text, detail).help(corrections::address(text)));
    }
    if is_special(address) {
        let detail =
            "is an address that no other node reaches: the API server refuses the Endpoints that Kube-OVN makes of it";
        return context.deny(Finding::invalid(field, text, detail).help("Write the address of a Pod."));
    }
    let is_other = |vip: &IpAddr| Family::of(*vip) != Family::of(address);
    if !rule.vips.is_empty() && rule.vips.iter().all(is_other) {
        let detail = format!("is of another family than {}, and Kube-OVN passes it over", quoted(&rule.vip));
        context.warn(Finding::invalid(field, text, detail).help("Write an address of the family of the vip."));
    }
}

/// What the API server takes in no Endpoints.
fn is_special(address: IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(address) => address.is_link_local() || address.octets().starts_with(&[224, 0, 0]),
        IpAddr::V6(address) => {
            let first = address.segments().first().copied().unwrap_or_default();
            first & 0xffc0 == 0xfe80 || first & 0xff0f == 0xff02
        }
    };
    address.is_unspecified() || address.is_loopback() || is_link_local
}

/// Labels that the Service cannot select by, and those that another one stands in for.
fn pairs(rule: &SwitchLbRule, field: &FieldPath, context: &mut Context<'_>) {
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    for (at, entry) in rule.selector.iter().enumerate() {
        let Some((key, value)) = labels::pair(entry) else { continue };
        let place = field.clone().index(at);
        if !labels::is_key(key) || !labels::is_value(value) {
            let detail = format!("is no label that a Pod can have: {REFUSED}");
            context.deny(Finding::invalid(place, entry, detail).help(LABEL_HELP));
        } else if let Some(first) = values.insert(key, value).filter(|first| *first != value) {
            let detail =
                format!("has another value of this key than {}, and of two the last one counts", quoted(first));
            context.warn(Finding::duplicate(place, entry, detail).help("Write each key once."));
        }
    }
}
