//! The explanations of namespaces and Subnets for people.

use std::fmt;

use super::Plugin;
use super::namespace::{NamespaceExplanation, Standing, UsableVpc};
use super::subnet::{FreePrefix, PoolOfSubnet, SubnetExplanation, Who};
use super::text::{line, list, named, plain, primary_text};

/// How many of a sort are written out.
const MOST: usize = 20;

impl fmt::Display for NamespaceExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plain(f, &named(&self.object))?;
        line(f, "Subnet", &primary_text(&self.primary))?;
        line(f, "because", &self.primary.because)?;
        if let Some(address) = &self.primary.address {
            line(f, "address", &address.to_string())?;
        }
        each(f, "may use", &self.vpcs, usable)?;
        each(f, "pool", &self.pools, named)?;
        each(f, "network", &self.networks, |network| {
            let leads = match (&network.provider, network.subnets.as_slice()) {
                (None, _) if network.plugin == Plugin::Broken => "its spec.config cannot be read".to_owned(),
                (None, _) => "Kube-OVN has no part in it".to_owned(),
                (Some(provider), []) => format!("no Subnet has its provider, {provider}"),
                (Some(provider), subnets) => format!("{} (provider {provider})", list(subnets)),
            };
            format!("{}: {leads}", named(&network.object))
        })?;
        each(f, "gateway", &self.gateways, standing)?;
        each(f, "vip", &self.vips, named)?;
        each(f, "missing", &self.missing, |missing| format!("{}: {}", named(&missing.object), missing.because))?;
        each(f, "note", &self.notes, Clone::clone)
    }
}

impl fmt::Display for SubnetExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plain(f, &named(&self.object))?;
        line(f, "VPC", self.vpc.as_deref().unwrap_or("none"))?;
        line(f, "network", &format!("{}, provider {}", self.network, self.provider))?;
        for prefix in &self.prefixes {
            line(f, "prefix", &prefix.to_string())?;
            line(f, "free", &ranges(prefix))?;
        }
        each(f, "pool", &self.pools, ToString::to_string)?;
        each(f, "bound", &self.bound, who)?;
        if let Some(why) = &self.open_to_all {
            line(f, "open to", &format!("all: {why}"))?;
        }
        each(f, "open to", &self.open_to, who)?;
        if self.bound.is_empty() && self.open_to.is_empty() && self.open_to_all.is_none() {
            line(f, "open to", "no namespace")?;
        }
        each(f, "network", &self.networks, named)?;
        each(f, "stands", &self.standing, standing)?;
        each(f, "Pod", &self.pods, standing)?;
        each(f, "missing", &self.missing, |missing| format!("{}: {}", named(&missing.object), missing.because))?;
        each(f, "note", &self.notes, Clone::clone)
    }
}

/// A line for each, as far as there is room.
fn each<T>(f: &mut fmt::Formatter<'_>, label: &str, all: &[T], text: impl Fn(&T) -> String) -> fmt::Result {
    for one in all.iter().take(MOST) {
        line(f, label, &text(one))?;
    }
    match all.len().saturating_sub(MOST) {
        0 => Ok(()),
        more => line(f, label, &format!("and {more} more")),
    }
}

fn usable(vpc: &UsableVpc) -> String {
    let shown = vpc.subnets.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    let subnets = match (vpc.subnets.len(), vpc.subnets.len().saturating_sub(MOST)) {
        (0, _) => String::new(),
        (_, 0) => format!(" ({shown})"),
        (_, more) => format!(" ({shown} and {more} more)"),
    };
    format!("VPC {}{subnets}: {}", vpc.name, vpc.because)
}

fn who(who: &Who) -> String {
    format!("namespace {:?}: {}", who.namespace, who.because)
}

fn standing(standing: &Standing) -> String {
    let addresses =
        if standing.addresses.is_empty() { String::new() } else { format!(" {}", standing.addresses.join(", ")) };
    format!("{}{addresses}: {}", named(&standing.object), standing.what)
}

/// `10.0.1.0/24, gateway 10.0.1.1: 254 addresses: 1 excluded, 3 taken, 250 free`
impl fmt::Display for FreePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cidr)?;
        if let Some(gateway) = self.gateway {
            write!(f, ", gateway {gateway}")?;
        }
        write!(f, ": {} addresses, {} excluded, {} taken", self.addresses, self.excluded, self.taken)?;
        if self.pooled > 0 {
            write!(f, ", {} in IPPools", self.pooled)?;
        }
        write!(f, ", {} free", self.free)?;
        match (self.used, self.available) {
            (Some(used), Some(available)) => write!(f, "; Kube-OVN says {used} used, {available} available"),
            _ => Ok(()),
        }
    }
}

fn ranges(prefix: &FreePrefix) -> String {
    let shown = prefix.ranges.join(", ");
    match (prefix.ranges.is_empty(), prefix.more) {
        (true, _) => "none".to_owned(),
        (_, 0) => shown,
        (_, more) => format!("{shown} and {more} more"),
    }
}

impl fmt::Display for PoolOfSubnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespaces: Vec<_> = self.namespaces.iter().map(|name| format!("{name:?}")).collect();
        let whose = if namespaces.is_empty() {
            "for Pods that name it".to_owned()
        } else {
            format!("for namespace {}", namespaces.join(", "))
        };
        write!(f, "{} ({}): {whose}; {} free", named(&self.object), self.ranges.join(", "), self.free)
    }
}
