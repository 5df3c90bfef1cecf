//! What is made of what was read.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};
use vpcguard_policies::Kind;
use vpcguard_policies::field::FieldPath;
use vpcguard_policies::kinds::{EXTERNAL_NETWORK, is_name};
use vpcguard_policies::text::quoted;

use super::old::{Dnat, Eip, Entry, FloatingIp, Old, Snat};
use super::{ConvertError, Converted};

/// Longest name of a gateway: what is made is named after it, up to `-snat-255.255.255.255-255.255.255.255-32`.
const LONGEST_NAME: usize = 200;

/// The name of a gateway.
pub(super) fn name(object: &Value) -> Result<&str, ConvertError> {
    let wrong =
        |detail: String| Err(ConvertError { field: FieldPath::of("metadata.name"), detail, is_last_applied: false });
    let name = object.get("metadata").and_then(|metadata| metadata.get("name")?.as_str()).unwrap_or_default();
    if name.is_empty() {
        return wrong("Required value: the names of what is made begin with it".to_owned());
    }
    if !is_name(name) {
        return wrong(format!("Invalid value: {}: must be a DNS subdomain, as each object's name", quoted(name)));
    }
    if name.len() > LONGEST_NAME {
        return wrong(format!(
            "Too long: may have at most {LONGEST_NAME} bytes, for the names of what is made begin with it"
        ));
    }
    Ok(name)
}

/// All objects of a gateway, itself first, then in the order in which one needs the other.
pub(super) fn of(name: &str, gateway: Value, old: &Old, is_last_applied: bool) -> Vec<Converted> {
    let external = gateway.pointer("/spec/externalSubnets/0").and_then(Value::as_str);
    let external_subnet = external.filter(|subnet| !subnet.is_empty()).map(str::to_owned);
    let maker = Maker { gateway: name, external_subnet, old, networks: networks(&old.eips) };
    let mut converted = vec![Converted { object: gateway, comments: maker.of_gateway(is_last_applied) }];
    converted.extend(old.eips.iter().map(|eip| maker.eip(eip)));
    converted.extend(old.floating_ips.iter().map(|rule| maker.floating_ip(rule)));
    converted.extend(old.dnats.iter().map(|rule| maker.dnat(rule)));
    converted.extend(old.snats.iter().map(|rule| maker.snat(rule)));
    converted
}

/// An external network, and the routers that were named in it.
struct Network {
    range: ipnet::IpNet,
    routers: Vec<Ipv4Addr>,
}

/// The networks of the addresses, without those that lie in others, in their order.
fn networks(eips: &[Entry<Eip>]) -> Vec<Network> {
    let all: BTreeSet<_> = eips.iter().map(|eip| eip.value.cidr.network()).collect();
    let is_within = |range: &ipnet::IpNet| all.iter().any(|other| other != range && other.contains(range));
    let mut networks: Vec<Network> = Vec::new();
    for eip in eips {
        let range = eip.value.cidr.network();
        if !is_within(&range) && networks.iter().all(|known| known.range != range) {
            networks.push(Network { range, routers: Vec::new() });
        }
    }
    for Entry { value: Eip { gateway, .. }, .. } in eips {
        let network = networks.iter_mut().find(|network| network.range.contains(&IpAddr::V4(*gateway)));
        if let Some(network) = network
            && !network.routers.contains(gateway)
        {
            network.routers.push(*gateway);
        }
    }
    networks
}

struct Maker<'a> {
    gateway: &'a str,
    /// The external Subnet that the gateway names.
    external_subnet: Option<String>,
    old: &'a Old,
    networks: Vec<Network>,
}

impl Maker<'_> {
    fn of_gateway(&self, is_last_applied: bool) -> Vec<String> {
        let mut comments = Vec::new();
        if is_last_applied {
            comments.push(
                "The addresses and rules are those that were applied last; the API server has dropped them.".to_owned(),
            );
        }
        let Some((first, others)) = self.networks.split_first() else { return comments };
        let subnet = self.external_subnet.as_deref().unwrap_or(EXTERNAL_NETWORK);
        comments.push(format!(
            "The length and the router of external addresses are those of a Subnet now, of \"{subnet}\" where no other is named."
        ));
        comments.push(format!("It must be there, with a NetworkAttachmentDefinition, and have: {}", first.fields()));
        if !others.is_empty() {
            let others: Vec<_> = others.iter().map(Network::fields).collect();
            comments.push(format!("Other addresses are in networks of their own: {}", others.join("; ")));
            comments.push("A gateway has an interface in one external Subnet now: those of the others need a gateway of their own.".to_owned());
        }
        if let [.., last] = self.old.eips.as_slice()
            && self.old.eips.iter().any(|eip| eip.value.gateway != last.value.gateway)
        {
            comments.push(format!("Of several routers the last one counted, {}.", last.value.gateway));
        }
        comments
    }

    fn eip(&self, &Entry { index, value: Eip { address, cidr, gateway } }: &Entry<Eip>) -> Converted {
        let mut spec = json!({"natGwDp": self.gateway, "v4ip": address.to_string()});
        if let (Some(subnet), Some(fields)) = (&self.external_subnet, spec.as_object_mut()) {
            fields.insert("externalSubnet".to_owned(), subnet.as_str().into());
        }
        let mut comments = vec![format!(
            "spec.eips[{index}] was {address}/{} with gateway {gateway}: both are the Subnet's now.",
            cidr.network().prefix_len()
        )];
        let is_elsewhere = self.networks.first().is_some_and(|first| !first.range.contains(&IpAddr::V4(address)));
        if is_elsewhere {
            comments.push(format!("spec.externalSubnet must name the Subnet of {}.", cidr.network()));
        }
        made(Kind::IptablesEip, &self.eip_name(address), &spec, comments)
    }

    fn floating_ip(&self, &Entry { value: FloatingIp { eip, internal_ip }, .. }: &Entry<FloatingIp>) -> Converted {
        let spec = json!({"eip": self.eip_name(eip), "internalIp": internal_ip.to_string()});
        made(Kind::IptablesFipRule, &format!("{}-fip-{}", self.gateway, dashed(eip)), &spec, Vec::new())
    }

    fn dnat(&self, &Entry { value: rule, .. }: &Entry<Dnat>) -> Converted {
        let Dnat { eip, external_port, protocol, internal_ip, internal_port } = rule;
        let spec = json!({
            "eip": self.eip_name(eip),
            "externalPort": external_port.to_string(),
            "internalIp": internal_ip.to_string(),
            "internalPort": internal_port.to_string(),
            "protocol": protocol.name(),
        });
        let name = format!("{}-dnat-{}-{external_port}-{}", self.gateway, dashed(eip), protocol.name());
        let taken = self.old.floating_ips.iter().find(|rule| rule.value.eip == eip);
        let comments = taken.map(|Entry { index, .. }| {
            format!(
                "spec.floatingIpRules[{index}] takes all that comes to {eip}, before and now: this rule does nothing, and is refused by Kube-OVN's webhook and vpcguard's (nat-rule-conflict). Leave it out."
            )
        });
        made(Kind::IptablesDnatRule, &name, &spec, comments.into_iter().collect())
    }

    fn snat(&self, &Entry { index, value: rule }: &Entry<Snat>) -> Converted {
        let Snat { eip, internal, is_rewritten } = rule;
        let network = internal.network();
        let spec = json!({"eip": self.eip_name(eip), "internalCIDR": network.to_string()});
        let length = network.prefix_len();
        let name = format!("{}-snat-{}-{}-{length}", self.gateway, dashed(eip), dashed(network.network()));
        let mut comments = Vec::new();
        if is_rewritten {
            comments.push(format!("spec.snatRules[{index}].internalCIDR is written as a network with its length now."));
        }
        // The first that matched counted; today the one that was made first does, and after v1.16.2 the longest prefix.
        let before = self.old.snats.iter().take_while(|other| other.index != index);
        let mut before =
            before.filter(|other| other.value.eip != eip && other.value.internal.network().contains(&network));
        comments.extend(before.next().map(|first| {
            let (first, other) = (first.index, first.value);
            if other.internal.network() == network {
                format!("spec.snatRules[{first}] is for the same range and came first, so that this one did nothing: delete one, for their order is gone.")
            } else {
                format!(
                    "spec.snatRules[{first}] came first, so that this one did nothing. Up to v1.16.2 that stays so where it is made first; after it the longer prefix counts, and {network} leaves by {eip}."
                )
            }
        }));
        made(Kind::IptablesSnatRule, &name, &spec, comments)
    }

    fn eip_name(&self, address: Ipv4Addr) -> String {
        format!("{}-eip-{}", self.gateway, dashed(address))
    }
}

impl Network {
    fn fields(&self) -> String {
        let routers: Vec<_> = self.routers.iter().map(ToString::to_string).collect();
        let router = if routers.is_empty() { String::new() } else { format!(", gateway: {}", routers.join(" or ")) };
        format!("cidrBlock: {}{router}", self.range)
    }
}

/// An address as part of a name.
fn dashed(address: impl ToString) -> String {
    address.to_string().replace('.', "-")
}

fn made(kind: Kind, name: &str, spec: &Value, comments: Vec<String>) -> Converted {
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.name(),
        "metadata": {"name": name},
        "spec": spec,
    });
    Converted { object, comments }
}
