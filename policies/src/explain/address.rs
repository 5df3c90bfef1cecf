//! Which address a Pod gets in a network, and what decides it.
//!
//! Kube-OVN asks in this order: a Vip, which counts for every network of the Pod; the key of the interface; the addresses in the
//! list of networks, or the key of the network; its pool; for the primary network the pools of the namespace. Else it draws one.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{Attached, Choice, Explainer, Ignored, Primary};
use crate::attach::{OVN, pool_name};
use crate::inventory::Answer;
use crate::kinds::{
    ALLOCATED_SUFFIX, IP_ADDRESS_SUFFIX, IP_POOL_SUFFIX, IpPool, Kind, LOGICAL_SWITCH_SUFFIX, ObjectRef, Subnet, VIP,
};
use crate::net::{list_items, parse_ip};
use crate::text::{listed, quoted};

/// An address, as far as it is known before it is given out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// How it is chosen.
    pub chosen: Chosen,
    /// The addresses of which it is one, or the one, as they are written; one of each family has a comma.
    pub addresses: Vec<String>,
    /// The IPPools or the Vip that it comes from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<ObjectRef>,
    /// Why.
    pub because: String,
}

/// How an address is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Chosen {
    /// Kube-OVN has given it already.
    Given,
    /// It is asked for.
    Fixed,
    /// The first of a list that is free.
    FirstFree,
    /// That of a list at the number of the StatefulSet's Pod.
    ByNumber,
    /// A free one of an IPPool.
    Pool,
    /// That of a Vip.
    Vip,
    /// Any free one of the Subnet.
    Any,
    /// None: what is asked for cannot be had.
    Nothing,
}

/// Whether a StatefulSet counts the Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbered {
    /// It does not.
    No,
    /// It is the template of one.
    Template,
    /// It is the Pod of this number.
    Pod(usize),
}

impl Numbered {
    /// As Kube-OVN tells it: by the owner, and the end of the name.
    pub(super) fn of(kind: Kind, object: &Value) -> Self {
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        let is_set = |owner: &Value| owner.get("kind").and_then(Value::as_str) == Some("StatefulSet");
        if kind == Kind::StatefulSet {
            return Self::Template;
        }
        if kind != Kind::Pod || !owners.is_some_and(|owners| owners.iter().any(is_set)) {
            return Self::No;
        }
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        Self::Pod(name.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default())
    }
}

/// A network whose address is looked for.
pub(super) struct Net<'n> {
    /// What its keys begin with.
    pub(super) provider: &'n str,
    /// `<name>.<namespace>` of its NetworkAttachmentDefinition, and the interface; none of the primary network.
    pub(super) of: Option<(String, &'n str)>,
    /// The addresses that the list of networks asks for.
    pub(super) requested: Option<String>,
    /// The Subnets of which it may be one.
    pub(super) subnets: &'n [Choice],
}

impl<'n> Net<'n> {
    /// The primary network.
    pub(super) fn primary(subnets: &'n [Choice]) -> Self {
        Self { provider: OVN, of: None, requested: None, subnets }
    }
}

impl Address {
    fn new(chosen: Chosen, addresses: Vec<String>, because: impl Into<String>) -> Self {
        Self { chosen, addresses, from: Vec::new(), because: because.into() }
    }

    fn nothing(because: impl Into<String>) -> Self {
        Self::new(Chosen::Nothing, Vec::new(), because)
    }
}

impl Explainer<'_> {
    /// Which address the Pod gets in a network. Where it gets none, it is attached to nothing.
    pub(super) fn address(&mut self, net: &Net<'_>) -> Answer<Address> {
        let address = self.found(net)?;
        if address.chosen == Chosen::Nothing {
            self.blocked_by(address.because.clone());
        }
        Ok(address)
    }

    fn found(&mut self, net: &Net<'_>) -> Answer<Address> {
        let key = |suffix: &str| format!("{}{suffix}", net.provider);
        let value = |key: &str| self.pod.pod.annotation(key).filter(|value| !value.is_empty()).map(str::to_owned);
        let (fixed_key, pool_key) = (key(IP_ADDRESS_SUFFIX), key(IP_POOL_SUFFIX));
        let interface_key = net.of.as_ref().filter(|(_, interface)| !interface.is_empty());
        let interface_key = interface_key.map(|(name, interface)| format!("{name}{IP_ADDRESS_SUFFIX}.{interface}"));
        // Each that stands is a way, of which the first is taken.
        let fixed = value(&fixed_key);
        if let Some(given) = fixed.as_ref().filter(|_| value(&key(ALLOCATED_SUFFIX)).as_deref() == Some("true")) {
            let because = format!("the annotation {fixed_key} has it: Kube-OVN wrote it when it attached the Pod");
            return Ok(Address::new(Chosen::Given, vec![given.clone()], because));
        }
        let by_interface = interface_key.and_then(|key| value(&key).map(|value| (key, value)));
        let pool = value(&pool_key);
        let mut asked: Vec<(String, String)> = by_interface.into_iter().collect();
        match &net.requested {
            Some(requested) => asked.push(("the list of networks (ips)".to_owned(), requested.clone())),
            None => asked.extend(fixed.map(|value| (fixed_key.clone(), value))),
        }
        let is_fixed = asked.first().cloned();
        asked.extend(pool.clone().map(|value| (pool_key.clone(), value)));
        if let Some(vip) = value(VIP) {
            self.outdone(&asked, 0, &format!("the annotation {VIP} goes before it"));
            return self.by_vip(&vip, net);
        }
        if let Some((first, _)) = asked.first() {
            self.outdone(&asked, 1, &format!("{} goes before it", named(first)));
        }
        if pool.is_none()
            && net.of.is_none()
            && let Some(address) = self.by_namespace_pools(net, is_fixed.is_none())?
        {
            return Ok(address);
        }
        match (is_fixed, pool) {
            (Some((key, text)), _) => self.fixed(net, &key, vec![text], Chosen::Fixed),
            (None, Some(text)) => self.by_pool_key(net, &pool_key, &text),
            (None, None) => Ok(Address::new(Chosen::Any, Vec::new(), "no key asks for one")),
        }
    }

    /// Those of the ways that come too late.
    fn outdone(&mut self, asked: &[(String, String)], from: usize, because: &str) {
        for (key, value) in asked.iter().skip(from).filter(|(key, _)| key.contains('/')) {
            self.ignores(Ignored::new(key, value, because));
        }
    }

    fn by_vip(&mut self, name: &str, net: &Net<'_>) -> Answer<Address> {
        let because = format!("the annotation {VIP} names it, for every network of the Pod");
        let Some(vip) = self.cluster.vip_until_gone(name)? else {
            self.lacks(Kind::Vip, "", name, &format!("the annotation {VIP} names it"));
            return Ok(Address::nothing(format!("there is no Vip {}", quoted(name))));
        };
        let (given, spec) = (&vip.given, [&vip.v4_ip, &vip.v6_ip]);
        let reported = [&given.v4_ip, &given.v6_ip];
        let texts = if reported.iter().any(|text| !text.is_empty()) { reported } else { spec };
        let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
        let addresses = if texts.is_empty() { Vec::new() } else { vec![texts.join(",")] };
        if let Some(port) = vip.taken_by() {
            let what = format!("Vip {} is taken by the port {}", quoted(name), quoted(port));
            let own = self.ports(net.provider);
            if own.is_empty() || own.iter().any(|own| own == port) { self.note(what) } else { self.blocked_by(what) }
        }
        Ok(Address { from: vec![vip.reference()], ..Address::new(Chosen::Vip, addresses, because) })
    }

    /// A Vip is for one port: Kube-OVN refuses it to the next one of the Pod, and writes down nothing of the first then.
    pub(super) fn shared_vip(&mut self, primary: &Primary, attached: &[Attached]) {
        let addresses = primary.address.iter().chain(attached.iter().filter_map(|network| network.address.as_ref()));
        let number = addresses.filter(|address| address.chosen == Chosen::Vip).count();
        if number > 1 {
            self.blocked_by(format!(
                "the annotation {VIP} counts for each of the Pod's {number} networks of Kube-OVN, and a Vip is given to one of them only"
            ));
        }
    }

    /// Kube-OVN gives Pods of a namespace with IPPools addresses of these, and of nothing else.
    fn by_namespace_pools(&mut self, net: &Net<'_>, is_free: bool) -> Answer<Option<Address>> {
        let pools = self.namespace_pools()?;
        if pools.is_empty() || net.subnets.is_empty() {
            return Ok(None);
        }
        let is_own = |pool: &&Arc<IpPool>| net.subnets.iter().any(|choice| choice.name == pool.subnet);
        let own: Vec<_> = pools.iter().filter(is_own).cloned().collect();
        let names = |pools: &[Arc<IpPool>]| {
            listed(&pools.iter().map(|pool| quoted(&pool.meta.name)).collect::<Vec<_>>()).unwrap_or_default()
        };
        let of = format!("IPPool {} is for namespace {}", names(&pools), quoted(self.namespace));
        if own.is_empty() {
            return Ok(Some(Address::nothing(format!("{of}, and is of another Subnet"))));
        }
        let addresses = own.iter().flat_map(|pool| pool.ips.iter().cloned()).collect();
        let from = own.iter().map(|pool| pool.reference()).collect();
        let because = format!("IPPool {} is for namespace {}", names(&own), quoted(self.namespace));
        Ok(is_free.then(|| Address { from, ..Address::new(Chosen::Pool, addresses, because) }))
    }

    /// The IPPools of the namespace: those that Kube-OVN has written there, else those that it will write.
    pub(super) fn namespace_pools(&self) -> Answer<Vec<Arc<IpPool>>> {
        let namespace = self.cluster.namespace(self.namespace)?;
        let written = namespace.as_ref().and_then(|namespace| namespace.meta.annotation("ovn.kubernetes.io/ip_pool"));
        match written.filter(|list| !list.is_empty()) {
            Some(list) => {
                let pools = list_items(list).map(|name| self.cluster.ip_pool_until_gone(name));
                Ok(pools.collect::<Answer<Vec<_>>>()?.into_iter().flatten().collect())
            }
            None => self.cluster.ip_pools_listing(self.namespace),
        }
    }

    /// What stands in a pool's key: the name of an IPPool, or addresses.
    fn by_pool_key(&mut self, net: &Net<'_>, key: &str, text: &str) -> Answer<Address> {
        if let Some(name) = pool_name(text) {
            let because = format!("the annotation {key} names it");
            let Some(pool) = self.cluster.ip_pool_until_gone(name)? else {
                self.lacks(Kind::IpPool, "", name, &because);
                return Ok(Address::nothing(format!("there is no IPPool {}", quoted(name))));
            };
            if !net.subnets.is_empty() && net.subnets.iter().all(|choice| choice.name != pool.subnet) {
                self.note(format!(
                    "IPPool {} is of Subnet {}: the address comes from there, and the port is in another Subnet",
                    quoted(name),
                    quoted(&pool.subnet)
                ));
            }
            let from = vec![pool.reference()];
            return Ok(Address { from, ..Address::new(Chosen::Pool, pool.ips.clone(), because) });
        }
        let choices = choices(text);
        match self.numbered {
            Numbered::No => self.fixed(net, key, choices, Chosen::FirstFree),
            Numbered::Template => self.fixed(net, key, choices, Chosen::ByNumber),
            Numbered::Pod(number) => match choices.get(number) {
                Some(address) => self.fixed(net, key, vec![address.clone()], Chosen::ByNumber),
                None => Ok(Address::nothing(format!(
                    "the annotation {key} lists {} addresses, and none for Pod {number} of the StatefulSet",
                    choices.len()
                ))),
            },
        }
    }

    /// Addresses that are written: they must be such, and of one of the Subnets.
    fn fixed(&mut self, net: &Net<'_>, key: &str, texts: Vec<String>, chosen: Chosen) -> Answer<Address> {
        let by = named(key);
        let subnets = self.subnets_of(net)?;
        // Of a list Kube-OVN looks at the first address before all, and of one with `;` at the first of each entry.
        let is_each_looked_at = self.pod.pod.annotation(key).is_some_and(|list| list.contains(';'));
        let is_readable = |text: &str| text.split(',').all(|part| parse_ip(part).is_some());
        let (mut outside, mut spoiled, mut is_hopeless) = (None, None, true);
        for (at, text) in texts.iter().enumerate() {
            if let Some((nth, part)) = text.split(',').enumerate().find(|(_, part)| parse_ip(part).is_none()) {
                let what = format!("{by} asks for {}, which is not an address", quoted(part));
                if texts.len() == 1 || (nth == 0 && (at == 0 || is_each_looked_at)) {
                    return Ok(Address::nothing(what));
                }
                spoiled.get_or_insert(what);
                continue;
            }
            let mut is_had = true;
            for (part, address) in text.split(',').filter_map(|part| Some((part, parse_ip(part)?))) {
                if !subnets.is_empty() && !self.is_in(net, &subnets, address) {
                    outside.get_or_insert(part);
                    is_had = false;
                }
            }
            is_hopeless &= !is_had;
        }
        if let Some(what) = spoiled {
            if !texts.iter().any(|text| is_readable(text)) {
                return Ok(Address::nothing(what));
            }
            self.note(format!("{what}: no Pod gets this entry of the list"));
        }
        if let Some(first) = outside {
            let names: Vec<_> = subnets.iter().map(|subnet| quoted(&subnet.meta.name)).collect();
            let what = format!("{first} is outside of Subnet {}", listed(&names).unwrap_or_default());
            if is_hopeless { self.blocked_by(what) } else { self.note(what) }
        }
        // The Pods of a StatefulSet count the others too.
        let texts: Vec<_> = texts.into_iter().filter(|text| chosen == Chosen::ByNumber || is_readable(text)).collect();
        let because = match (chosen, texts.len()) {
            (Chosen::Fixed, _) => format!("{by} asks for it"),
            (_, 1) => format!("{by} lists it"),
            _ => format!("{by} lists them"),
        };
        Ok(Address::new(chosen, texts, because))
    }

    /// Whether a Subnet has an address; if it is none of the network's own, the port is made there all the same.
    fn is_in(&mut self, net: &Net<'_>, subnets: &[Arc<Subnet>], address: IpAddr) -> bool {
        let is_own = |subnet: &Subnet| net.subnets.iter().any(|choice| choice.name == subnet.meta.name);
        let mut holding: Vec<_> = subnets.iter().filter(|subnet| subnet.contains(address)).collect();
        holding.sort_by_key(|subnet| !is_own(subnet));
        if let Some(first) = holding.first().filter(|subnet| !is_own(subnet)) {
            let name = quoted(&first.meta.name);
            self.note(format!("{address} is of Subnet {name}, which is the namespace's: the Pod's port is made there"));
        }
        !holding.is_empty()
    }

    /// Where a written address may be taken: in the Subnet that a key names; else in the network's, or any of the namespace's.
    fn subnets_of(&self, net: &Net<'_>) -> Answer<Vec<Arc<Subnet>>> {
        let mut names: Vec<String> = net.subnets.iter().map(|choice| choice.name.clone()).collect();
        let switch = format!("{}{LOGICAL_SWITCH_SUFFIX}", net.provider);
        if self.pod.pod.annotation(&switch).is_none_or(str::is_empty)
            && let Some(namespace) = self.cluster.namespace(self.namespace)?
        {
            let more: Vec<_> = namespace
                .logical_switches()
                .filter(|name| !names.iter().any(|known| known == name))
                .map(str::to_owned)
                .collect();
            names.extend(more);
        }
        let subnets = names.iter().map(|name| self.cluster.subnet_until_gone(name));
        Ok(subnets.collect::<Answer<Vec<_>>>()?.into_iter().flatten().collect())
    }
}

/// A way, as it stands in a sentence.
fn named(way: &str) -> String {
    if way.contains('/') { format!("the annotation {way}") } else { way.to_owned() }
}

/// The addresses of which a Pod takes one: `a;b` and `a,b` are choices, one of each family is one.
fn choices(text: &str) -> Vec<String> {
    let trimmed =
        |list: &str, separator: char| list.split(separator).map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    if text.contains(';') {
        return trimmed(text, ';');
    }
    if let [a, b] = text.split(',').collect::<Vec<_>>().as_slice() {
        // Of two that are not of one family, as they stand, Kube-OVN makes one choice; what has whitespace around it is of none.
        let family = |part: &str| parse_ip(part).map(|address| address.is_ipv4());
        if family(a) != family(b) {
            return vec![text.trim().to_owned()];
        }
    }
    trimmed(text, ',')
}
