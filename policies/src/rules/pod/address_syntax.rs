//! Refuses addresses, rates and routes of a Pod that Kube-OVN cannot read, or cannot give.
//!
//! Kube-OVN reads them from the annotations of the Pod, for each of its networks under a key of its own, and says what is wrong
//! with them in its log and in events of the Pod, which stays in ContainerCreating. Looked at are the keys of the networks that the
//! Pod has and Kube-OVN serves:
//!
//! - `ip_address`: one address, or one of each family, without whitespace and without a prefix length. `mac_address`: six bytes
//!   with colons between them. Kube-OVN takes hyphens and dots too, but OVN does not, and nothing reaches the Pod then.
//! - `ips` and `mac` in a JSON list of networks, which Kube-OVN puts into these two annotations; for networks of other plug-ins
//!   `ips` may have prefix lengths. What Multus cannot read in them keeps it from setting up the Pod at all.
//! - `ip_pool`: the name of an IPPool, or addresses of which the Pod takes one: `a,b,c`, or `a;b` where each may be an address of
//!   either family, as in `10.17.0.5,fd00::5;10.17.0.6,fd00::6`.
//! - `ingress_rate`, `egress_rate` and, after v1.16, `ingress_burst`, `egress_burst`: whole numbers, 0 or more. `ip_family`, after
//!   v1.16: `ipv4` or `ipv6`, as the addresses are. `routes`: a JSON list of `{"dst": …, "gw": …}`.
//! - an address must lie in the Subnet that `logical_switch` names, or in one of those that the Pod can get; it is neither the
//!   gateway nor the first or last of that. Of a list of addresses one must be so, and the others are warned of. An IPPool is one of
//!   that Subnet. Where the Subnets of the Pod are not known nothing is said of this, as in a manifest without a namespace, nor of
//!   addresses that Kube-OVN has given, nor beside `ovn.kubernetes.io/vip`, which goes before all of them.
//! - fewer addresses than a workload is to have Pods are a warning: the others get none.
//! - `port_security` and `layer2_forward` are `true` or `false`: anything else is a warning, and counts as `false`.
//!
//! ```yaml bad
//! # bad: 10.18.0.5 is in another network
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations:
//!     ovn.kubernetes.io/logical_switch: apps
//!     ovn.kubernetes.io/ip_address: 10.18.0.5
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations:
//!     ovn.kubernetes.io/logical_switch: apps
//!     ovn.kubernetes.io/ip_address: 10.17.0.5
//! ```
//!
//! Write an address of the Pod's Subnet, or leave it out, and Kube-OVN draws one.

mod asked;
mod attached;
pub(super) mod place;
#[cfg(test)]
mod tests;
mod text;

use std::net::IpAddr;

use crate::attach::{Attachments, Network, Providers};
use crate::kinds::{
    ALLOCATED_SUFFIX, DEFAULT_NETWORK, IP_ADDRESS_SUFFIX, IP_POOL_SUFFIX, LOGICAL_SWITCH_SUFFIX, MIGRATION, NETWORKS,
    PodTemplate, VIP,
};
use crate::net::{Cidr, Family, hardware_address};
use crate::rule::prelude::*;
use crate::text::quoted;
use asked::{Ask, Asked};
use place::Candidates;

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-address-syntax",
    summary: "a Pod asks for addresses, rates or routes that Kube-OVN cannot read or give",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetAddresses,
    asks: &[Kind::Subnet, Kind::Namespace, Kind::IpPool, Kind::VpcNatGateway, Kind::AttachmentDefinition],
    checks: &[Check::Pod(
        &[
            Read::PodAnnotationsEnding(IP_ADDRESS_SUFFIX),
            Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
            Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
            Read::PodAnnotationsEnding(ALLOCATED_SUFFIX),
            Read::PodAnnotationsEnding(".kubernetes.io/mac_address"),
            Read::PodAnnotationsEnding(".kubernetes.io/cidr"),
            Read::PodAnnotationsEnding(".kubernetes.io/ip_family"),
            Read::PodAnnotationsEnding(".kubernetes.io/ingress_rate"),
            Read::PodAnnotationsEnding(".kubernetes.io/egress_rate"),
            Read::PodAnnotationsEnding(".kubernetes.io/ingress_burst"),
            Read::PodAnnotationsEnding(".kubernetes.io/egress_burst"),
            Read::PodAnnotationsEnding(".kubernetes.io/routes"),
            Read::PodAnnotationsEnding(".kubernetes.io/port_security"),
            Read::PodAnnotationsEnding(".kubernetes.io/layer2_forward"),
            Read::PodAnnotationsHolding(".kubernetes.io/ip_address."),
            Read::PodAnnotationsHolding(".kubernetes.io/mac_address."),
            Read::PodAnnotation(NETWORKS),
            Read::PodAnnotation(DEFAULT_NETWORK),
            Read::PodAnnotation(MIGRATION),
            Read::PodAnnotation(VIP),
            Read::PodField("spec.hostNetwork"),
            Read::MachineNetworks,
            Read::Field("spec.replicas"),
            Read::Field("spec.parallelism"),
        ],
        check,
    )],
};

const RATES: [&str; 4] = ["ingress_rate", "egress_rate", "ingress_burst", "egress_burst"];
const MAC_HELP: &str = "Write six bytes, as in 00:00:00:53:6f:a9, or leave it out.";
const SWITCHES: [&str; 2] = ["port_security", "layer2_forward"];

/// Addresses that a Pod takes together: one, or one of each family.
type Choice = Vec<IpAddr>;

/// What is wrong with a value, and how to fix it.
struct Fault {
    detail: String,
    help: String,
}

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let is_of_kube_ovn =
        |key: &String| key.contains(".kubernetes.io/") || matches!(key.as_str(), NETWORKS | DEFAULT_NETWORK);
    if pod.host_network || !pod.pod.annotations.keys().any(is_of_kube_ovn) {
        return Ok(());
    }
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    if !context.kube_ovn().non_primary_cni {
        let is_used = asked.primary.is_kube_ovns();
        let mut network = Keys { pod, provider: "ovn".to_owned(), is_ovn: true, listed: None, asks: Vec::new() };
        network.written(context);
        network.given_prefix(context);
        if !network.asks.is_empty() && is_used && !takes_vip(pod) {
            let candidates = Candidates::of_primary(pod, context)?;
            for asked in &network.asks {
                asked.placed(pod, candidates.as_ref(), context)?;
            }
            // Addresses go before a pool.
            network.asks.first().into_iter().for_each(|asked| asked.counted(pod, context));
        }
    }
    for (key, unfit) in &asked.unfit {
        attached::unfit(pod, key, unfit, context);
    }
    let mut providers = Providers::new(context.cluster);
    for listed in &asked.networks {
        attached::check(pod, listed, &mut providers, context)?;
    }
    Ok(())
}

/// Whether the Pod has the address of a Vip in each of its networks, whatever else it asks for.
fn takes_vip(pod: &PodTemplate) -> bool {
    pod.pod.annotation(VIP).is_some_and(|name| !name.is_empty())
}

/// The annotations of one network.
struct Keys<'p> {
    pod: &'p PodTemplate,
    provider: String,
    /// Whether OVN makes its port.
    is_ovn: bool,
    /// The network as it is listed, where Kube-OVN puts what the list asks for into the annotations.
    listed: Option<&'p Network<'p>>,
    asks: Vec<Asked>,
}

impl<'p> Keys<'p> {
    fn key(&self, name: &str) -> String {
        format!("{}.kubernetes.io/{name}", self.provider)
    }

    fn value(&self, key: &str) -> Option<&'p str> {
        self.pod.pod.annotation(key).filter(|value| !value.is_empty())
    }

    fn fault(&self, key: &str, value: &str, fault: Fault, context: &mut Context<'_>) {
        let finding = Finding::invalid(self.pod.annotation_path(key), value, fault.detail);
        context.deny(finding.identified_by(format!("{key} {value}")).help(fault.help));
    }

    /// All that can be judged by the annotations alone.
    fn written(&mut self, context: &mut Context<'_>) {
        match self.listed.filter(|listed| !listed.ips.is_empty()) {
            Some(listed) => self.listed_addresses(listed, context),
            None => self.addresses(&self.key("ip_address"), context),
        }
        match self.listed.filter(|listed| !listed.mac.is_empty()) {
            Some(listed) => self.listed_mac_address(listed, context),
            None if self.is_ovn => self.mac_address(&self.key("mac_address"), context),
            None => {}
        }
        let key = self.key("ip_pool");
        if let Some(value) = self.value(&key) {
            match text::pool(value) {
                Ok((ask, spoiled)) => {
                    if let Some(Fault { detail, help }) = spoiled {
                        let finding = Finding::invalid(self.pod.annotation_path(&key), value, detail);
                        context.warn(finding.identified_by(format!("{key} {value}")).help(help));
                    }
                    self.ask(key, value, ask);
                }
                Err(fault) => self.fault(&key, value, fault, context),
            }
        }
        for key in RATES.map(|name| self.key(name)) {
            let Some(value) = self.value(&key) else { continue };
            if value.parse::<i64>().is_ok_and(|rate| rate >= 0) {
                continue;
            }
            let detail = "must be a whole number, 0 or more: Kube-OVN sets no other limit".to_owned();
            let help = "Write megabits per second, as in 100, or 0 for no limit.".to_owned();
            self.fault(&key, value, Fault { detail, help }, context);
        }
        self.family(context);
        let key = self.key("routes");
        if let Some((value, fault)) = self.value(&key).and_then(|value| Some((value, text::routes(value)?))) {
            self.fault(&key, value, fault, context);
        }
        for key in SWITCHES.map(|name| self.key(name)) {
            let Some(value) = self.value(&key).filter(|value| !matches!(*value, "true" | "false")) else { continue };
            let detail = "is neither true nor false, and Kube-OVN takes it for false";
            let finding = Finding::invalid(self.pod.annotation_path(&key), value, detail);
            context.warn(finding.identified_by(format!("{key} {value}")).help("Write \"true\" or \"false\"."));
        }
    }

    fn ask(&mut self, key: String, value: &str, ask: Ask) {
        let field = self.pod.annotation_path(&key);
        self.asks.push(Asked { key, field, value: value.to_owned(), part: String::new(), ask });
    }

    fn addresses(&mut self, key: &str, context: &mut Context<'_>) {
        let Some(value) = self.value(key) else { return };
        match text::addresses(value) {
            Ok(choice) => self.ask(key.to_owned(), value, Ask::Addresses(vec![choice])),
            Err(fault) => self.fault(key, value, fault, context),
        }
    }

    /// Kube-OVN puts these into `ip_address`, whatever stands there.
    fn listed_addresses(&mut self, listed: &Network<'_>, context: &mut Context<'_>) {
        let (key, field, value) = (self.key("ip_address"), listed.place.path(self.pod), listed.ips.clone());
        let part = format!("ips of {}: ", quoted(&listed.reference()));
        match text::addresses(&value) {
            Ok(choice) => self.asks.push(Asked { key, field, value, part, ask: Ask::Addresses(vec![choice]) }),
            // What Multus cannot read either is said once.
            Err(_) if value.split(',').any(|part| Cidr::parse_or_address(part).is_none()) => {}
            Err(Fault { detail, help }) => {
                let finding = Finding::invalid(field, &value, format!("{part}{detail}"));
                context.deny(finding.identified_by(format!("{key} {value}")).help(help));
            }
        }
    }

    fn listed_mac_address(&self, listed: &Network<'_>, context: &mut Context<'_>) {
        let of_interface = format!("{}.kubernetes.io/mac_address.{}", listed.address_provider(), listed.interface);
        if !self.is_ovn || self.value(&of_interface).is_some() {
            return;
        }
        let Some(Fault { detail, help }) = text::mac_address(&listed.mac) else { return };
        // What Multus cannot read either is said once.
        if hardware_address(&listed.mac).is_some() {
            let part = format!("mac of {}: ", quoted(&listed.reference()));
            let finding = Finding::invalid(listed.place.path(self.pod), &listed.mac, format!("{part}{detail}"));
            context.deny(finding.identified_by(format!("{part}{}", listed.mac)).help(help));
        }
    }

    fn mac_address(&self, key: &str, context: &mut Context<'_>) {
        let Some(value) = self.value(key) else { return };
        // Only OVN wants more of it than that Kube-OVN can read it.
        if let Some(fault) = text::mac_address(value).filter(|_| self.is_ovn || hardware_address(value).is_none()) {
            self.fault(key, value, fault, context);
        }
    }

    /// The keys that have the interface behind them.
    fn of_interface(&mut self, interface: &str, context: &mut Context<'_>) {
        self.addresses(&self.key(&format!("ip_address.{interface}")), context);
        self.mac_address(&self.key(&format!("mac_address.{interface}")), context);
    }

    /// Releases after v1.16 read it.
    fn family(&self, context: &mut Context<'_>) {
        let key = self.key("ip_family");
        let Some(value) = self.value(&key) else { return };
        let family = match value {
            "ipv4" => Family::V4,
            "ipv6" => Family::V6,
            _ => {
                let detail = "must be ipv4 or ipv6: releases after v1.16 set up no Pod with another".to_owned();
                let help = crate::rules::support::corrections::choice(value, &["ipv4", "ipv6"]);
                return self.fault(&key, value, Fault { detail, help }, context);
            }
        };
        let own = self.key("ip_address");
        let others = self.asks.iter().filter(|asked| asked.key == own).flat_map(|asked| match &asked.ask {
            Ask::Addresses(choices) => choices.as_slice(),
            Ask::Pool(_) => &[],
        });
        if let Some(other) = others.flatten().find(|address| Family::of(**address) != family) {
            let detail = format!("the Pod asks for {other} too, which is of the other family");
            let help =
                format!("Leave out the address, or write {}.", if family == Family::V4 { "ipv6" } else { "ipv4" });
            self.fault(&key, value, Fault { detail, help }, context);
        }
    }

    /// Of the primary network Kube-OVN compares the address with what it wrote into `cidr`, whoever wrote that.
    fn given_prefix(&self, context: &mut Context<'_>) {
        let (key, own) = (self.key("cidr"), self.key("ip_address"));
        let Some(value) = self.value(&key) else { return };
        let Some(Asked { ask: Ask::Addresses(choices), .. }) = self.asks.iter().find(|asked| asked.key == own) else {
            return;
        };
        if let Some(fault) = text::given_prefix(value, choices) {
            self.fault(&key, value, fault, context);
        }
    }
}
