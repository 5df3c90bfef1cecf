//! Whether the Subnets of a Pod have what it asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::Choice;
use super::asked::Asked;
use crate::attach::{Network, Providers};
use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{LOGICAL_SWITCH, PodTemplate, Subnet};
use crate::rule::prelude::*;
use crate::text::quoted;

/// The Subnets of which a network of a Pod gets one.
pub(in crate::rules::pod) struct Candidates {
    subnets: Vec<Arc<Subnet>>,
    /// What is said where none of them has an address.
    outside: Action,
    /// What is said where none of them is that of an `IPPool`.
    foreign: Action,
}

/// Whether a gateway's own Pod may have an address of a Subnet.
type Gateways = BTreeMap<(String, IpAddr), bool>;
/// What is wrong with an address in a Subnet.
type Fault = (Action, String);

const HELP: &str = "Choose a free address of the Subnet, neither its first nor its last, and not its gateway; or leave it out, and \
     Kube-OVN draws one.";

impl Candidates {
    /// Those of the primary network, where all of them are known.
    pub(in crate::rules::pod) fn of_primary(pod: &PodTemplate, context: &Context<'_>) -> Answer<Option<Self>> {
        if let Some(name) = pod.pod.annotation(LOGICAL_SWITCH).filter(|name| !name.is_empty()) {
            return Self::named(name, context);
        }
        // v1.16 takes the address of an IPPool, and the network of the namespace; later releases take both of the IPPool.
        let of = |subnets| Self { subnets, outside: Action::Deny, foreign: Action::Warn };
        Ok(of_namespace(pod, context)?.map(of))
    }

    /// Those of a network that is attached besides.
    pub(in crate::rules::pod) fn of_network(
        pod: &PodTemplate,
        network: &Network<'_>,
        providers: &mut Providers<'_>,
        context: &Context<'_>,
    ) -> Answer<Option<Self>> {
        if let Some((_, name)) = &network.switch {
            return Self::named(name, context);
        }
        if pod.meta.namespace.is_empty() && network.namespace == context.namespace {
            return Ok(None);
        }
        let mut subnets = providers.of(network)?.to_vec();
        subnets.extend(providers.with(&network.address_provider())?.iter().cloned());
        if subnets.is_empty() {
            return Ok(None);
        }
        let is_certain = subnets.len() == 1;
        // An address may be one of the namespace's Subnets too.
        let of_namespace = of_namespace(pod, context)?;
        let action = |is_certain: bool| if is_certain { Action::Deny } else { Action::Warn };
        let (outside, foreign) = (action(is_certain && of_namespace.is_some()), action(is_certain));
        subnets.extend(of_namespace.into_iter().flatten());
        Ok(Some(Self { subnets, outside, foreign }))
    }

    fn named(name: &str, context: &Context<'_>) -> Answer<Option<Self>> {
        let subnet = context.cluster.subnet_until_gone(name)?;
        Ok(subnet.map(|subnet| Self { subnets: vec![subnet], outside: Action::Deny, foreign: Action::Deny }))
    }

    /// Whether none of them has an address, of all that are known to have any.
    pub(in crate::rules::pod) fn lack(&self, address: IpAddr) -> bool {
        !self.subnets.iter().any(|subnet| subnet.cidrs.is_empty() || subnet.contains(address))
    }

    /// Judges addresses of which the Pod takes one choice.
    pub(super) fn addresses(&self, asked: &Asked, choices: &[Choice], context: &mut Context<'_>) -> Outcome {
        // Others give out the addresses of a Subnet without prefixes.
        if self.subnets.iter().any(|subnet| subnet.cidrs.is_empty()) {
            return Ok(());
        }
        let (mut faults, mut gateways) = (Vec::new(), Gateways::new());
        for choice in choices {
            faults.extend(self.fault(choice, &mut gateways, context)?);
        }
        let are_all = faults.len() == choices.len();
        let Some((action, subnet, detail)) = faults.into_iter().next() else { return Ok(()) };
        let action = if are_all { action } else { Action::Warn };
        let finding = asked.finding(&detail).related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
        context.report(action, finding.help(HELP));
        Ok(())
    }

    /// What is wrong with a choice in each of the Subnets, said of the one that comes closest.
    fn fault(
        &self,
        choice: &Choice,
        gateways: &mut Gateways,
        context: &Context<'_>,
    ) -> Answer<Option<(Action, Arc<Subnet>, String)>> {
        let mut nearest = None;
        for subnet in &self.subnets {
            if let Some(outside) = choice.iter().find(|address| !subnet.contains(**address)) {
                nearest.get_or_insert_with(|| (self.outside, Arc::clone(subnet), self.outside(*outside)));
                continue;
            }
            match inside(subnet, choice, gateways, context)? {
                Some((action, detail)) => nearest = Some((action, Arc::clone(subnet), detail)),
                None => return Ok(None),
            }
        }
        Ok(nearest)
    }

    fn outside(&self, address: IpAddr) -> String {
        match self.subnets.as_slice() {
            [subnet] => {
                let Subnet { cidr_block, .. } = &**subnet;
                let name = quoted(&subnet.meta.name);
                format!("{address} is not in Subnet {name} ({cidr_block}), so that Kube-OVN gives the Pod no address")
            }
            all => {
                let names: Vec<_> = all.iter().take(5).map(|subnet| quoted(&subnet.meta.name)).collect();
                let more = if all.len() > names.len() { ", …" } else { "" };
                let names = names.join(", ");
                format!(
                    "{address} is in none of the Subnets that the Pod can get ({names}{more}), so that Kube-OVN gives it no address"
                )
            }
        }
    }

    /// Judges the name of an `IPPool`.
    pub(super) fn pool(&self, asked: &Asked, name: &str, context: &mut Context<'_>) -> Outcome {
        let Some(pool) = context.cluster.ip_pool_until_gone(name)? else { return Ok(()) };
        if pool.subnet.is_empty() || self.subnets.iter().any(|subnet| subnet.meta.name == pool.subnet) {
            return Ok(());
        }
        let own = match self.subnets.as_slice() {
            [subnet] => format!("Subnet {}", quoted(&subnet.meta.name)),
            _ => "one of its own Subnets".to_owned(),
        };
        let aside = context.aside(&quoted(&pool.subnet));
        let detail = format!(
            "is an IPPool of another Subnet{aside}: the Pod is to be in {own}, where such an address reaches nothing"
        );
        let finding = asked.finding(&detail).related(pool.reference(), Some(FieldPath::of("spec.subnet")));
        context.report(
            self.foreign,
            finding.help("Name an IPPool of that Subnet, or the IPPool's Subnet as logical_switch."),
        );
        Ok(())
    }
}

/// What is wrong with addresses that lie in a Subnet.
fn inside(subnet: &Subnet, choice: &Choice, gateways: &mut Gateways, context: &Context<'_>) -> Answer<Option<Fault>> {
    let name = quoted(&subnet.meta.name);
    for address in choice {
        if subnet.gateways.contains(address) && !is_for_a_gateway(subnet, *address, gateways, context)? {
            // Outside of the cluster, a Pod may be that router.
            let is_ports = subnet.vpc.is_some() && subnet.is_overlay();
            let action = if is_ports { Action::Deny } else { Action::Warn };
            return Ok(Some((action, format!("{address} is the gateway of Subnet {name}, whose router has it"))));
        }
        let is_edge = subnet.cidrs.iter().find_map(|cidr| {
            let is_first = cidr.is_network_address(*address).then_some("network");
            is_first.or_else(|| cidr.is_last(*address).then_some("broadcast"))
        });
        if let Some(edge) = is_edge {
            return Ok(Some((
                Action::Deny,
                format!("{address} is the {edge} address of Subnet {name}, which no Pod gets"),
            )));
        }
    }
    Ok(None)
}

/// Whether the Pod may be one of a `VpcNatGateway` that is the gateway of the Subnet. A list may have its address often.
fn is_for_a_gateway(subnet: &Subnet, address: IpAddr, known: &mut Gateways, context: &Context<'_>) -> Answer<bool> {
    let key = (subnet.meta.name.clone(), address);
    if let Some(known) = known.get(&key) {
        return Ok(*known);
    }
    let gateways = context.cluster.nat_gateways_of_subnet_until_gone(&subnet.meta.name)?;
    let own = &context.kube_ovn().namespace;
    let is_one = gateways.iter().any(|gateway| {
        let namespace = if gateway.namespace.is_empty() { own } else { &gateway.namespace };
        namespace == context.namespace && gateway.lan_ips().any(|lan_ip| lan_ip == address)
    });
    known.insert(key, is_one);
    Ok(is_one)
}

/// The Subnets of the Pod's namespace as Kube-OVN has written them there, if all of them are there. In a folder an object may get its
/// namespace later.
fn of_namespace(pod: &PodTemplate, context: &Context<'_>) -> Answer<Option<Vec<Arc<Subnet>>>> {
    if pod.meta.namespace.is_empty() {
        return Ok(None);
    }
    let Some(namespace) = context.cluster.namespace(context.namespace)? else { return Ok(None) };
    let mut subnets = Vec::new();
    for name in namespace.logical_switches() {
        let Some(subnet) = context.cluster.subnet_until_gone(name)? else { return Ok(None) };
        subnets.push(subnet);
    }
    if subnets.is_empty() {
        return Ok(None);
    }
    // What was listed a moment ago, or in a folder, is not written there yet.
    subnets.extend(context.cluster.subnets_listing(context.namespace)?);
    let mut known = BTreeSet::new();
    subnets.retain(|subnet| known.insert(subnet.meta.name.clone()));
    Ok(Some(subnets))
}
