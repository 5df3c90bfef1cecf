//! The networks that a VPC's router has a port in: what a next hop must lie in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::field::FieldPath;
use crate::finding::{Action, Finding};
use crate::inventory::Answer;
use crate::kinds::{Kind, KubeOvn, Peering, Subnet, VPC_EXTERNAL, Vpc};
use crate::net::{Cidr, PrefixSet, parse_ip};
use crate::rule::{Context, Read};
use crate::text::quoted;

/// How many external Subnets that do not exist are named.
const MOST_NAMED: usize = 3;

/// The networks of a VPC's router, gathered once for all of its routes.
pub(crate) struct Networks {
    prefixes: PrefixSet,
    /// The router's own addresses, each with the first Subnet that has it as its gateway.
    own: BTreeMap<IpAddr, Arc<Subnet>>,
    bfd_port: Option<IpAddr>,
    /// Whether the VPC has Subnets.
    begun: bool,
    /// Whether what Kube-OVN makes is not among them, as in most folders: in the default VPC a Node is a next hop too.
    is_partial: bool,
    /// The external Subnets that do not exist, and whether the settings alone name one.
    unknown: Vec<(String, bool)>,
}

impl Networks {
    /// What a rule reads of a Vpc that looks where the next hops in `routes` lie.
    pub(crate) const fn reads(routes: &'static str) -> [Read; 6] {
        [
            Read::Field(routes),
            Read::Field("spec.vpcPeerings"),
            Read::Field("spec.enableExternal"),
            Read::Field("spec.extraExternalSubnets"),
            Read::Field("spec.bfdPort"),
            Read::Label(VPC_EXTERNAL),
        ]
    }

    /// Finds them.
    pub(crate) fn of(vpc: &Vpc, context: &Context<'_>) -> Answer<Self> {
        let subnets = context.cluster.subnets_of_vpc(&vpc.meta.name)?;
        let configured = Some(&context.kube_ovn().external_subnet).filter(|_| vpc.enable_external);
        let (mut prefixes, mut own): (Vec<IpNet>, BTreeMap<_, _>) = Default::default();
        let mut unknown = Vec::new();
        let mut seen = BTreeSet::new();
        for name in configured.into_iter().chain(&vpc.extra_external_subnets) {
            if !seen.insert(name) {
                continue;
            }
            if let Some(subnet) = context.cluster.subnet(name)? {
                prefixes.extend(networks(&subnet));
            } else if unknown.len() < MOST_NAMED {
                let is_written = vpc.extra_external_subnets.contains(name);
                unknown.push((name.clone(), !is_written));
            }
        }
        prefixes.extend(subnets.iter().filter(|subnet| subnet.is_on_router()).flat_map(networks));
        prefixes.extend(vpc.peerings.iter().flat_map(Peering::links).map(|link| link.network()));
        for subnet in subnets.iter().filter(|subnet| subnet.is_overlay()) {
            for gateway in &subnet.gateways {
                own.entry(*gateway).or_insert_with(|| Arc::clone(subnet));
            }
        }
        let bfd_port = parse_ip(vpc.bfd_port_ip.trim());
        let kube_ovn = context.kube_ovn();
        let is_partial =
            !kube_ovn.is_custom_vpc(&vpc.meta.name) && context.cluster.subnet(&kube_ovn.node_switch)?.is_none();
        Ok(Self { prefixes: PrefixSet::of(prefixes), own, bfd_port, begun: !subnets.is_empty(), is_partial, unknown })
    }

    /// What a next hop outside deserves. It is only a warning where not all networks are known (the VPC has no Subnets
    /// yet, or an external one does not exist), and where others than the user have a say in the router.
    pub(crate) fn action(&self, vpc: &Vpc, kube_ovn: &KubeOvn) -> Action {
        let is_complete = self.begun && self.unknown.is_empty();
        let certain = is_complete && kube_ovn.is_custom_vpc(&vpc.meta.name) && !vpc.is_external();
        if certain { Action::Deny } else { Action::Warn }
    }

    /// What is wrong with a next hop in none of them, and how to fix it: `what` is dropped.
    pub(crate) fn outside(&self, what: &str) -> (String, String) {
        let fault = format!("in none of the networks of the VPC's router, so OVN drops the {what}");
        let Some(((name, is_default), others)) = self.unknown.split_first() else {
            let detail = format!("{fault}; create the Subnet first if that is what is missing");
            return (detail, "Use an address in one of the VPC's networks.".to_owned());
        };
        let mut named = quoted(name);
        for (other, _) in others {
            named = format!("{named}, {}", quoted(other));
        }
        let detail = format!("{fault}, unless an external Subnet that does not exist has it: {named}");
        let is_default = *is_default || others.iter().any(|(_, is_default)| *is_default);
        let help = if is_default {
            "Name the Subnet of spec.enableExternal in the setting kubeOvn.externalSubnet, or create it."
        } else {
            "Correct the name in spec.extraExternalSubnets, or create the Subnet."
        };
        (detail, help.to_owned())
    }

    /// Whether one of them holds an address, or may.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.is_partial || self.prefixes.holds(address) || self.bfd_port == Some(address)
    }

    /// The Subnet in which an address is the router's own.
    pub(crate) fn own_port(&self, address: IpAddr) -> Option<&Subnet> {
        self.own.get(&address).map(AsRef::as_ref)
    }
}

/// A next hop that is the router's own address.
pub(crate) fn black_hole(field: FieldPath, written: &str, subnet: &Subnet, context: &Context<'_>) -> Finding {
    let mentioned = context.mention(Kind::Subnet, &subnet.meta.name);
    let detail = format!("is the gateway of {mentioned}, the router's own port: the packets go nowhere");
    Finding::invalid(field, written, detail)
        .related(subnet.reference(), Some(FieldPath::of("spec.gateway")))
        .help("Use the lanIp of a NAT gateway, or the address of another router.")
}

fn networks(subnet: &Arc<Subnet>) -> impl Iterator<Item = IpNet> {
    subnet.cidrs.iter().map(Cidr::network)
}
