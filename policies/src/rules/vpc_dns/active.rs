//! Refuses a VpcDns that never becomes active, and warns of what keeps it from that.
//!
//! Kube-OVN runs name servers for a VPC in its own namespace, and gives them an address inside. It refuses a VpcDns without a `vpc` or a
//! `subnet`, and up to v1.15 the API server takes 1 to 3 `replicas` only; 0, or nothing, is two. Of a new one with a name of more than 51 characters, or
//! with a dot in it, there is no Service, and no address. A `corefile` is the name of a ConfigMap, or left out for `vpc-dns-corefile`.
//!
//! It warns of:
//!
//! - a Subnet of another VPC: the servers are there, and not where the VPC's Pods ask for them;
//! - a second VpcDns of one VPC, which stands by until the first is gone;
//! - a ConfigMap `vpc-dns-config` in Kube-OVN's namespace that is missing, whose `enable-vpc-dns` is "false" or no boolean, or that lacks
//!   `coredns-vip`, which must be an address, `nad-name` or `nad-provider`. The image may be left out, for there is one in the cluster.
//!
//! Where no such ConfigMap is among the files that are checked, nothing is said of it: it seldom stands beside a VpcDns.
//!
//! ```yaml bad
//! # bad: five
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcDns
//! metadata: {name: blue-dns}
//! spec: {vpc: blue, subnet: blue-apps, replicas: 5}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcDns
//! metadata: {name: blue-dns}
//! spec: {vpc: blue, subnet: blue-apps, replicas: 2}
//! ```
//!
//! Name the VPC and a Subnet of it, and set the feature up with the ConfigMap.

use crate::inventory::Sight;
use crate::kinds::{ConfigMap, ObjectRef, VPC_DNS_CONFIG, VpcDns, is_name};
use crate::net::parse_ip;
use crate::rule::prelude::*;
use crate::rules::support::{corrections, service_name};
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-dns-active",
    summary: "a VpcDns would never become active, or serve another VPC",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::LoadBalancers,
    asks: &[Kind::Subnet, Kind::VpcDns, Kind::ConfigMap],
    checks: &[Check::VpcDns(
        &[
            Read::Field("spec.vpc"),
            Read::Field("spec.subnet"),
            Read::Field("spec.replicas"),
            Read::Field("spec.corefile"),
            Read::Field("metadata.name"),
        ],
        check,
    )],
};

const MOST_REPLICAS: i64 = 3;

const ADDRESS: &str = "coredns-vip";

const SWITCH: &str = "enable-vpc-dns";

/// What the ConfigMap must say, and what it is.
const NEEDED: &[(&str, &str)] = &[
    (ADDRESS, "the address by which Pods ask"),
    ("nad-name", "the NetworkAttachmentDefinition, in namespace default, by which the servers reach the API server"),
    ("nad-provider", "the provider of that NetworkAttachmentDefinition, as in ovn-nad.default.ovn"),
];

/// What YAML reads as something else than a text.
const NO_TEXT: &[&str] = &["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// What Go takes for true.
const TRUE: &[&str] = &["1", "t", "T", "true", "TRUE", "True"];

fn check(dns: &VpcDns, context: &mut Context<'_>) -> Outcome {
    for (field, name, what) in [("spec.vpc", &dns.vpc, "VPC"), ("spec.subnet", &dns.subnet, "Subnet")] {
        if name.is_empty() {
            let finding =
                Finding::required(FieldPath::of(field), format!("without a {what} there are no name servers"));
            context.deny(finding.help(format!("Name the {what} of those who are to ask.")));
        }
    }
    if !(0..=MOST_REPLICAS).contains(&dns.replicas) {
        let detail = format!(
            "must be from 1 to {MOST_REPLICAS}, or left out for two: the API server takes no other up to v1.15"
        );
        let finding = Finding::invalid_number(FieldPath::of("spec.replicas"), dns.replicas, detail);
        context.deny(finding.help(format!("Write a number from 1 to {MOST_REPLICAS}.")));
    }
    if let Some(corefile) = &dns.corefile {
        named_map(corefile, context);
    }
    service_name::check("slr-vpc-dns-", &dns.meta.name, context);
    subnet(dns, context)?;
    second(dns, context)?;
    configured(context)
}

/// Kube-OVN puts the name into YAML, so that one of digits is a number there.
fn named_map(corefile: &str, context: &mut Context<'_>) {
    const HELP: &str = "Leave it out for vpc-dns-corefile, or name a ConfigMap in Kube-OVN's namespace.";
    let field = FieldPath::of("spec.corefile");
    if corefile.is_empty() {
        let detail = "the API server refuses name servers without a ConfigMap of this name";
        context.deny(Finding::required(field, detail).help(HELP));
    } else if !is_name(corefile) || NO_TEXT.contains(&corefile) || is_number(corefile) {
        let detail = "is no name of a ConfigMap that Kube-OVN can write, and there are no name servers without one";
        context.deny(Finding::invalid(field, corefile, detail).help(HELP));
    }
}

/// What YAML reads as a number.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && text.matches('.').count() < 2
}

fn subnet(dns: &VpcDns, context: &mut Context<'_>) -> Outcome {
    let Some(subnet) = context.cluster.subnet(&dns.subnet)?.filter(|_| !dns.vpc.is_empty()) else { return Ok(()) };
    if subnet.vpc.as_ref() != Some(&dns.vpc) {
        let place = match &subnet.vpc {
            Some(vpc) => format!("is of VPC {}", quoted(vpc)),
            None => "is of no VPC".to_owned(),
        };
        let detail = format!("{place}, and not of VPC {}, whose Pods ask in vain", quoted(&dns.vpc));
        let finding = Finding::invalid(FieldPath::of("spec.subnet"), &dns.subnet, detail)
            .related(subnet.reference(), Some(FieldPath::of("spec.vpc")));
        context.warn(finding.help(format!("Name a Subnet of VPC {}.", quoted(&dns.vpc))));
    }
    Ok(())
}

fn second(dns: &VpcDns, context: &mut Context<'_>) -> Outcome {
    if dns.vpc.is_empty() {
        return Ok(());
    }
    let others = context.admitted.vpc_dnses_of_vpc(&dns.vpc)?;
    if let Some(other) = others.iter().find(|other| other.meta.name != dns.meta.name) {
        let mentioned = context.mention(Kind::VpcDns, &other.meta.name);
        let detail = format!("{mentioned} serves it, and of two the one that comes later stands by");
        let finding = Finding::duplicate(FieldPath::of("spec.vpc"), &dns.vpc, detail)
            .related(other.reference(), Some(FieldPath::of("spec.vpc")));
        context.warn(finding.help("Delete one of both, unless it is to stand by."));
    }
    Ok(())
}

fn configured(context: &mut Context<'_>) -> Outcome {
    let namespace = context.kube_ovn().namespace.as_str();
    let spec = || FieldPath::of("spec");
    let map = || ObjectRef::namespaced(Kind::ConfigMap, namespace, VPC_DNS_CONFIG);
    let Some(config) = context.cluster.config_map(namespace, VPC_DNS_CONFIG)? else {
        if context.cluster.sight(Kind::ConfigMap) == Sight::All {
            let detail = "Kube-OVN makes no name servers without this ConfigMap";
            let finding = Finding::not_found(spec(), &format!("{namespace}/{VPC_DNS_CONFIG}"), detail).missing(map());
            context
                .warn(finding.help(
                    "Create the ConfigMap in Kube-OVN's namespace, with coredns-vip, nad-name and nad-provider.",
                ));
        } else {
            // Folders seldom hold what was installed with Kube-OVN.
            context.cannot_see(Kind::ConfigMap);
        }
        return Ok(());
    };
    if !is_on(&config) {
        let written = config.text(SWITCH).unwrap_or_default();
        let detail = format!(
            "ConfigMap {namespace}/{VPC_DNS_CONFIG} does not switch name servers on: {SWITCH} is {}",
            quoted(written)
        );
        let finding =
            Finding::forbidden(spec(), VPC_DNS_CONFIG, detail).related(map(), Some(FieldPath::of("data").key(SWITCH)));
        context.warn(finding.help("Set enable-vpc-dns to \"true\", or leave it out."));
    }
    for (key, what) in NEEDED.iter().filter(|(key, _)| config.text(key).is_none_or(str::is_empty)) {
        let detail = format!(
            "ConfigMap {namespace}/{VPC_DNS_CONFIG} has no {key}, without which Kube-OVN makes no name servers"
        );
        let finding =
            Finding::forbidden(spec(), VPC_DNS_CONFIG, detail).related(map(), Some(FieldPath::of("data").key(key)));
        context.warn(finding.help(format!("Set {key}: {what}.")));
    }
    if let Some(address) = config.text(ADDRESS).filter(|text| !text.is_empty() && parse_ip(text).is_none()) {
        let detail =
            format!("{ADDRESS} of ConfigMap {namespace}/{VPC_DNS_CONFIG} is no address, so that no Pod reaches them");
        let finding =
            Finding::forbidden(spec(), address, detail).related(map(), Some(FieldPath::of("data").key(ADDRESS)));
        context.warn(finding.help(corrections::address(address)));
    }
    Ok(())
}

/// Whether the feature is on, as it is where nothing is said of it.
fn is_on(config: &ConfigMap) -> bool {
    config.text(SWITCH).is_none_or(|text| TRUE.contains(&text))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create};

    fn dns(spec: Value) -> Value {
        json!({"kind": "VpcDns", "spec": spec})
    }

    fn config(data: Value) -> Value {
        json!({"kind": "ConfigMap", "namespace": "kube-system", "name": "vpc-dns-config", "data": data})
    }

    /// A cluster in which the feature is set up.
    fn cluster() -> Cluster {
        let subnet = |name: &str, vpc: &str| json!({"kind": "Subnet", "name": name, "spec": {"vpc": vpc, "cidrBlock": "10.0.0.0/24"}});
        Cluster::of(RULE.id)
            .with(subnet("apps", "blue"))
            .with(subnet("others", "green"))
            .with(subnet("pods", ""))
            .with(json!({"kind": "Subnet", "name": "outside", "spec": {"provider": "n.ns"}}))
            .with(config(json!({"coredns-vip": "10.96.0.3", "nad-name": "dns", "nad-provider": "dns.default.ovn"})))
    }

    #[test]
    fn what_becomes_active_is_accepted() {
        for spec in [
            json!({"vpc": "blue", "subnet": "apps"}),
            json!({"vpc": "blue", "subnet": "apps", "replicas": 0}),
            json!({"vpc": "blue", "subnet": "apps", "replicas": 3, "corefile": "own"}),
            json!({"vpc": "ovn-cluster", "subnet": "pods", "replicas": 1}),
            json!({"vpc": "blue", "subnet": "unknown"}),
        ] {
            cluster().accepts(&dns(spec));
        }
        let same = json!({"kind": "VpcDns", "name": "new", "spec": {"vpc": "blue", "subnet": "apps"}});
        cluster().with(same.clone()).accepts(&same);
    }

    #[test]
    fn a_vpc_and_a_subnet_are_named() {
        let wanted = |what: &str| {
            format!(
                "spec.{}: Required value: without a {what} there are no name servers [vpc-dns-active]",
                what.to_lowercase()
            )
        };
        cluster().refuses(&dns(json!({"subnet": "apps"})), &[&wanted("VPC")]);
        cluster().refuses(&dns(json!({"vpc": "blue"})), &[&wanted("Subnet")]);
    }

    #[test]
    fn there_are_few_of_them() {
        for replicas in [-1, 4, 100] {
            let wanted = format!(
                "spec.replicas: Invalid value: {replicas}: must be from 1 to 3, or left out for two: the API server takes no other up to v1.15 [vpc-dns-active]"
            );
            cluster().refuses(&dns(json!({"vpc": "blue", "subnet": "apps", "replicas": replicas})), &[&wanted]);
        }
    }

    #[test]
    fn a_corefile_is_the_name_of_a_config_map() {
        let told = |corefile: &str| dns(json!({"vpc": "blue", "subnet": "apps", "corefile": corefile}));
        for name in ["own", "own-1.2", "1.2.3", "v1"] {
            cluster().accepts(&told(name));
        }
        let wanted = "spec.corefile: Required value: the API server refuses name servers without a ConfigMap of this name [vpc-dns-active]";
        cluster().refuses(&told(""), &[wanted]);
        for name in ["Own", "a: b", ".:53 { forward . 8.8.8.8 }", "12", "1.5", "true"] {
            let detail = "is no name of a ConfigMap that Kube-OVN can write, and there are no name servers without one";
            let wanted = format!("spec.corefile: Invalid value: {name:?}: {detail} [vpc-dns-active]");
            cluster().refuses(&told(name), &[&wanted]);
        }
    }

    #[test]
    fn its_name_makes_the_name_of_a_service() {
        let named = |name: &str| json!({"kind": "VpcDns", "name": name, "spec": {"vpc": "blue", "subnet": "apps"}});
        let long = "a".repeat(51);
        cluster().accepts(&named(&long));
        for (name, fault) in
            [("blue.dns".to_owned(), "has a dot"), (format!("{long}a"), "is longer than 51 characters")]
        {
            let wanted = format!(
                r#"metadata.name: Invalid value: "{name}": {fault}: the API server refuses the Service "slr-vpc-dns-{name}" that Kube-OVN makes of it [vpc-dns-active]"#
            );
            cluster().refuses(&named(&name), &[&wanted]);
        }
    }

    #[test]
    fn a_subnet_of_another_vpc_and_a_second_one_are_told_of() {
        let wanted = |subnet: &str, of: &str| {
            format!(
                r#"spec.subnet: "{subnet}": is of {of}, and not of VPC "blue", whose Pods ask in vain [vpc-dns-active]"#
            )
        };
        let in_subnet = |subnet: &str| dns(json!({"vpc": "blue", "subnet": subnet}));
        cluster().warns(&in_subnet("others"), &[&wanted("others", r#"VPC "green""#)]);
        cluster().warns(&in_subnet("outside"), &[&wanted("outside", "no VPC")]);
        let first = json!({"kind": "VpcDns", "name": "first", "spec": {"vpc": "blue", "subnet": "apps"}});
        let wanted = r#"spec.vpc: "blue": VpcDns "first" serves it, and of two the one that comes later stands by [vpc-dns-active]"#;
        cluster().with(first.clone()).warns(&in_subnet("apps"), &[wanted]);
        cluster().with(first).accepts(&dns(json!({"vpc": "green", "subnet": "others"})));
    }

    #[test]
    fn the_feature_is_set_up() {
        let named = dns(json!({"vpc": "blue", "subnet": "unknown"}));
        let said = |data: Value| {
            let verdict = Cluster::of(RULE.id).with(config(data)).verdict(&create(&named));
            assert!(verdict.allowed && verdict.not_evaluated.is_empty());
            verdict.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let off = |text: &str| {
            format!(
                r#"spec: ConfigMap kube-system/vpc-dns-config does not switch name servers on: enable-vpc-dns is "{text}" [vpc-dns-active]"#
            )
        };
        for text in ["false", "0", "off", "yes", ""] {
            let data = json!({"enable-vpc-dns": text, "coredns-vip": "10.96.0.3", "nad-name": "dns", "nad-provider": "dns.default.ovn"});
            assert_eq!(said(data), [off(text)]);
        }
        for text in ["true", "1", "True"] {
            let data = json!({"enable-vpc-dns": text, "coredns-vip": "10.96.0.3", "nad-name": "dns", "nad-provider": "dns.default.ovn"});
            assert!(said(data).is_empty());
        }
        let lacks = |key: &str| {
            format!(
                "spec: ConfigMap kube-system/vpc-dns-config has no {key}, without which Kube-OVN makes no name servers [vpc-dns-active]"
            )
        };
        assert_eq!(said(json!({"coredns-vip": ""})), [lacks("coredns-vip"), lacks("nad-name"), lacks("nad-provider")]);
        let data = json!({"coredns-vip": "10.96.0.3/32", "nad-name": "dns", "nad-provider": "dns.default.ovn"});
        let wanted = "spec: coredns-vip of ConfigMap kube-system/vpc-dns-config is no address, so that no Pod reaches them [vpc-dns-active]";
        assert_eq!(said(data), [wanted]);
    }

    #[test]
    fn a_folder_need_not_hold_what_came_with_kube_ovn() {
        let named = dns(json!({"vpc": "blue", "subnet": "unknown"}));
        let unseen = Cluster::of(RULE.id).verdict(&create(&named));
        assert_eq!((unseen.warnings.len(), unseen.not_evaluated.len()), (0, 1));
        let wanted = r#"spec: "kube-system/vpc-dns-config": Kube-OVN makes no name servers without this ConfigMap [vpc-dns-active]"#;
        Cluster::of(RULE.id).seeing_all().warns(&named, &[wanted]);
    }
}
