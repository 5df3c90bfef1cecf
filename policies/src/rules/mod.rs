//! The rules, a file each, and the table of all of them.
//!
//! A rule's `//!` text is its page in the user's manual: what it refuses, why, a bad and a good example, how to fix it. The
//! examples are whole: the one gives the rule, the other not.

pub mod attachment_definition;
pub mod common;
pub mod egress_gateway;
pub mod endpoint_slice;
pub mod ip_pool;
pub mod namespace;
pub mod nat;
pub mod nat_gateway;
pub mod pod;
mod policies;
pub mod qos_policy;
pub mod security_group;
pub mod service;
pub mod subnet;
pub(crate) mod support;
pub mod switch_lb_rule;
pub mod vip;
pub mod vlan;
pub mod vpc;
pub mod vpc_dns;
pub mod workload;

use crate::kinds::Kind;
use crate::rule::{Injector, Rule};
use crate::text::{did_you_mean, quoted};

/// All rules that review objects, in the order of their findings.
pub const TABLE: &[&Rule] = &[
    &common::missing_reference::RULE,
    &common::field_type::RULE,
    &common::unknown_kind::RULE,
    &common::allow_annotation::RULE,
    &common::spec_immutable::RULE,
    &pod::vpc_namespace::RULE,
    &pod::network_unresolvable::RULE,
    &pod::network_state::RULE,
    &namespace::vpc_binding::RULE,
    &subnet::vpc_namespaces::RULE,
    &subnet::vpc_unrestricted::RULE,
    &vpc::namespaces_in_use::RULE,
    &vpc::namespace_shared::RULE,
    &egress_gateway::vpc_namespace::RULE,
    &egress_gateway::image::RULE,
    &egress_gateway::scope::RULE,
    &service::vpc_binding::RULE,
    &endpoint_slice::vpc_binding::RULE,
    &endpoint_slice::syntax::RULE,
    &ip_pool::vpc_namespaces::RULE,
    &pod::ip_pool_namespace::RULE,
    &subnet::joins_waiting::RULE,
    &pod::vpc_default::RULE,
    &pod::logical_switch_name::RULE,
    &common::ovn_name_conflict::RULE,
    &attachment_definition::provider::RULE,
    &pod::attachment::RULE,
    &workload::annotation_place::RULE,
    &subnet::cidr_overlap::RULE,
    &subnet::cidr_reserved::RULE,
    &subnet::cidr_routed_overlap::RULE,
    &vpc::subnet_name::RULE,
    &subnet::vpc_immutable::RULE,
    &subnet::builtin_protected::RULE,
    &subnet::syntax::RULE,
    &subnet::hygiene::RULE,
    &subnet::acl_syntax::RULE,
    &subnet::policy_routing_table::RULE,
    &subnet::vlan_shared::RULE,
    &vlan::syntax::RULE,
    &vlan::conflict::RULE,
    &common::subnet_address_range::RULE,
    &common::subnet_address_unique::RULE,
    &pod::address_syntax::RULE,
    &ip_pool::syntax::RULE,
    &vip::syntax::RULE,
    &switch_lb_rule::syntax::RULE,
    &switch_lb_rule::vip::RULE,
    &vpc_dns::active::RULE,
    &nat_gateway::lan_ip_in_subnet::RULE,
    &nat_gateway::lan_ip_unique::RULE,
    &nat_gateway::subnet_in_vpc::RULE,
    &nat_gateway::immutable::RULE,
    &nat_gateway::selector::RULE,
    &nat_gateway::config::RULE,
    &nat_gateway::syntax::RULE,
    &egress_gateway::syntax::RULE,
    &common::gateway_prerequisites::RULE,
    &nat::rule_syntax::RULE,
    &nat::rule_reference::RULE,
    &nat::rule_conflict::RULE,
    &qos_policy::syntax::RULE,
    &vpc::static_route_lan_ip::RULE,
    &vpc::static_route_next_hop::RULE,
    &vpc::static_route_syntax::RULE,
    &vpc::static_route_duplicate::RULE,
    &nat_gateway::default_route::RULE,
    &vpc::policy_route_syntax::RULE,
    &vpc::policy_route_next_hop::RULE,
    &vpc::policy_route_match::RULE,
    &vpc::policy_route_priority::RULE,
    &security_group::syntax::RULE,
    &vpc::peering::RULE,
    &vpc::default_subnet::RULE,
    &vpc::lb_value::RULE,
    &vpc::lb_prerequisites::RULE,
    &vpc::external_subnets::RULE,
    &vpc::in_use::RULE,
    &subnet::in_use::RULE,
    &nat::eip_in_use::RULE,
    &common::object_in_use::RULE,
];

/// The ids of all rules, without the rules.
#[expect(clippy::indexing_slicing, reason = "an index out of bounds would not compile")]
pub(crate) const IDS: [&str; TABLE.len()] = {
    let (mut ids, mut at) = ([""; TABLE.len()], 0);
    while at < ids.len() {
        ids[at] = TABLE[at].id;
        at += 1;
    }
    ids
};

/// What an exception from a rule needs to know of it.
pub(crate) struct Exception {
    pub(crate) id: &'static str,
    pub(crate) firm: bool,
    /// A bit for each kind that it judges.
    kinds: u64,
}

impl Exception {
    const fn of(rule: &Rule) -> Self {
        let (mut kinds, mut left) = (0, Kind::ALL);
        while let [kind, rest @ ..] = left {
            let mut checks = rule.checks;
            while let [check, more @ ..] = checks {
                if check.concerns(*kind) {
                    kinds |= bit(*kind);
                }
                checks = more;
            }
            left = rest;
        }
        Self { id: rule.id, firm: rule.firm, kinds }
    }

    /// Whether the rule judges objects of a kind.
    pub(crate) fn judges(&self, kind: Kind) -> bool {
        self.kinds & bit(kind) != 0
    }
}

const fn bit(kind: Kind) -> u64 {
    1 << kind as u8
}

/// The same of all rules, without the rules: what has one of them has no code of the others.
#[expect(clippy::indexing_slicing, reason = "an index out of bounds would not compile")]
pub(crate) static EXCEPTIONS: [Exception; TABLE.len()] = {
    let (mut all, mut at) = ([const { Exception { id: "", firm: false, kinds: 0 } }; TABLE.len()], 0);
    while at < all.len() {
        all[at] = Exception::of(TABLE[at]);
        at += 1;
    }
    all
};

/// All rules that inject something.
pub const INJECTIONS: &[Injector] = &[pod::inject_logical_switch::RULE, vpc::inject_vpc_lb::RULE];

/// The rule of this id.
///
/// # Errors
///
/// That there is none, and which one may be meant.
pub fn named(id: &str) -> Result<&'static Rule, String> {
    TABLE.iter().copied().find(|rule| rule.id == id).ok_or_else(|| unknown(id, &IDS))
}

/// The id of a rule that reviews or injects.
///
/// # Errors
///
/// That there is none, and which one may be meant.
pub fn id_named(id: &str) -> Result<&'static str, String> {
    ids().find(|known| *known == id).ok_or_else(|| unknown(id, &ids().collect::<Vec<_>>()))
}

/// The ids of all rules that review or inject, in their order.
pub fn ids() -> impl Iterator<Item = &'static str> {
    IDS.into_iter().chain(INJECTIONS.iter().map(|rule| rule.id))
}

fn unknown(id: &str, known: &[&str]) -> String {
    let hint = did_you_mean(id, known).unwrap_or_else(|| "`vpcguard rules` lists them all".to_owned());
    format!("unknown rule {}: {hint}", quoted(id))
}

/// Whether a rule has a check for objects of this kind. That a field has the right type is not a reason to be asked about
/// every Node.
pub fn is_reviewed(kind: Kind) -> bool {
    TABLE.iter().any(|rule| rule.reads_of(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Check;

    #[test]
    fn a_rule_reviews_the_kinds_of_its_checks() {
        let kinds = |rule: &Rule| rule.kinds().collect::<Vec<_>>();
        assert_eq!(kinds(&vpc::lb_value::RULE), [Kind::Vpc]);
        assert_eq!(kinds(&subnet::syntax::RULE), [Kind::Subnet]);
        assert_eq!(kinds(&vpc::static_route_lan_ip::RULE), [Kind::Vpc, Kind::VpcNatGateway]);
        assert_eq!(
            kinds(&pod::vpc_namespace::RULE),
            [
                Kind::Binding,
                Kind::Pod,
                Kind::Deployment,
                Kind::StatefulSet,
                Kind::DaemonSet,
                Kind::ReplicaSet,
                Kind::ReplicationController,
                Kind::Job,
                Kind::CronJob,
                Kind::VirtualMachine,
                Kind::VirtualMachineInstance,
            ]
        );
        assert_eq!(kinds(&pod::vpc_default::RULE), [Kind::Pod]);
        let only = |check| kinds(&Rule { checks: Box::leak(Box::new([check])), ..vpc::lb_value::RULE });
        assert_eq!(only(Check::EgressGateway(&[], |_, _| Ok(()))), [Kind::VpcEgressGateway]);
        assert_eq!(only(Check::IptablesEip(&[], |_, _| Ok(()))), [Kind::IptablesEip]);
        assert_eq!(only(Check::PodOf(&[Kind::Job], &[], |_, _| Ok(()))), [Kind::Job]);
        assert_eq!(only(Check::IpPool(&[], |_, _| Ok(()))), [Kind::IpPool]);
        assert_eq!(only(Check::Namespace(&[], |_, _| Ok(()))), [Kind::Namespace]);
        assert_eq!(only(Check::Service(&[], |_, _| Ok(()))), [Kind::Service]);
        assert_eq!(kinds(&common::field_type::RULE), Kind::ALL);
    }

    #[test]
    fn an_id_is_known_whether_it_reviews_or_injects() {
        assert_eq!(id_named("inject-vpc-lb"), Ok("inject-vpc-lb"));
        assert_eq!(id_named("field-type"), Ok("field-type"));
        assert_eq!(
            id_named("inject-vpclb").unwrap_err(),
            r#"unknown rule "inject-vpclb": did you mean "inject-vpc-lb"?"#
        );
        assert_eq!(id_named("x").unwrap_err(), r#"unknown rule "x": `vpcguard rules` lists them all"#);
        assert_eq!(ids().count(), TABLE.len() + INJECTIONS.len());
    }

    #[test]
    fn every_id_stands_once() {
        let mut ids: Vec<_> = TABLE.iter().map(|rule| rule.id).chain(INJECTIONS.iter().map(|rule| rule.id)).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
