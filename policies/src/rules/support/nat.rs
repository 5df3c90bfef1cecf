//! Where NAT by OVN takes place: the VPC of a rule follows from one of several fields.

use crate::inventory::Answer;
use crate::kinds::{OvnSnatRule, OvnTarget};
use crate::rule::{Context, Read};

/// What is read of a rule to know its VPC, and what else it says.
pub(crate) const RULE_FIELDS: &[Read] = &[Read::Field("spec"), Read::Field("status.vpc")];

/// The help for what stands inside a gateway, where Kube-OVN reads it up to v1.9 alone.
pub(crate) fn with_convert(help: &str) -> String {
    format!("{help} Since v1.10 it is an object of its own: vpcguard convert writes today's objects.")
}

/// The VPC of a rule, and the field that it follows from.
pub(crate) struct Place {
    /// The effective VPC.
    pub(crate) vpc: String,
    /// The field, and what it says.
    pub(crate) from: (&'static str, String),
}

impl Place {
    /// That of a floating IP or a destination NAT rule: a name goes before what is written beside it. Of an IP that is not
    /// seen, what Kube-OVN reports.
    pub(crate) fn of_target(target: &OvnTarget, context: &Context<'_>) -> Answer<Option<Self>> {
        if target.ip_name.is_empty() {
            return Ok(Self::named(&target.vpc));
        }
        if !target.is_vip() {
            return Self::of_ip(&target.ip_name, &target.status_vpc, context);
        }
        let Some(vip) = context.cluster.vip(&target.ip_name)? else { return Ok(None) };
        Self::of_subnet(&vip.subnet, "spec.ipName", &target.ip_name, context)
    }

    /// That of a source NAT rule: an IPv4 prefix goes before the Subnet, and that before the name.
    pub(crate) fn of_snat_rule(rule: &OvnSnatRule, context: &Context<'_>) -> Answer<Option<Self>> {
        if !rule.v4_ip_cidr.is_empty() || (rule.vpc_subnet.is_empty() && rule.ip_name.is_empty()) {
            return Ok(Self::named(&rule.vpc));
        }
        if rule.vpc_subnet.is_empty() {
            return Self::of_ip(&rule.ip_name, &rule.status_vpc, context);
        }
        Self::of_subnet(&rule.vpc_subnet, "spec.vpcSubnet", &rule.vpc_subnet, context)
    }

    /// The one that is written.
    pub(crate) fn named(vpc: &str) -> Option<Self> {
        Self::new(vpc, "spec.vpc", vpc)
    }

    fn of_ip(name: &str, reported: &str, context: &Context<'_>) -> Answer<Option<Self>> {
        let ip = if context.sees_ips() { context.cluster.ip(name)? } else { None };
        let seen = match ip {
            Some(ip) => Self::of_subnet(&ip.subnet, "spec.ipName", name, context)?,
            None => None,
        };
        Ok(seen.or_else(|| Self::reported(reported, name)))
    }

    fn reported(vpc: &str, name: &str) -> Option<Self> {
        Self::new(vpc, "spec.ipName", name)
    }

    fn of_subnet(subnet: &str, field: &'static str, value: &str, context: &Context<'_>) -> Answer<Option<Self>> {
        let subnet = context.cluster.subnet(subnet)?;
        Ok(subnet.and_then(|subnet| Self::new(subnet.vpc.as_deref()?, field, value)))
    }

    fn new(vpc: &str, field: &'static str, value: &str) -> Option<Self> {
        (!vpc.is_empty()).then(|| Self { vpc: vpc.to_owned(), from: (field, value.to_owned()) })
    }
}
