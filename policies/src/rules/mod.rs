//! The rules, a file each, and the table of all of them.
//!
//! A rule's `//!` text is its page in the user's manual: what it refuses, why, a bad and a good example, how to mend it.

pub mod attachment_definition;
pub mod common;
pub mod egress_gateway;
pub mod endpoint_slice;
pub mod ip_pool;
pub mod namespace;
pub mod nat_gateway;
pub mod pod;
pub mod service;
pub mod subnet;
pub(crate) mod support;
pub mod vpc;

use crate::context::Context;
use crate::kinds::{
    AttachmentDefinition, Binding, ConfigMap, EgressGateway, EndpointSlice, IpPool, IptablesEip, IptablesRule, Kind,
    Namespace, NatGateway, Node, Object, PodTemplate, Service, ServiceCidr, Subnet, Typed, Vip, Vpc, for_each_kind,
};
use crate::policy::Policy;
use crate::reads::Read;
use crate::settings::RuleAction;
use crate::text::{did_you_mean, quoted};
use crate::view::ViewError;

/// All rules that review objects, in the order of their findings.
pub const TABLE: &[&Rule] = &[
    &common::missing_reference::RULE,
    &common::field_type::RULE,
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
    &pod::ovn_name_conflict::RULE,
    &attachment_definition::provider::RULE,
    &subnet::cidr_overlap::RULE,
    &subnet::cidr_reserved::RULE,
    &subnet::cidr_routed_overlap::RULE,
    &vpc::subnet_name::RULE,
    &subnet::vpc_immutable::RULE,
    &subnet::builtin_protected::RULE,
    &subnet::syntax::RULE,
    &subnet::hygiene::RULE,
    &nat_gateway::lan_ip_in_subnet::RULE,
    &nat_gateway::lan_ip_unique::RULE,
    &nat_gateway::subnet_in_vpc::RULE,
    &nat_gateway::immutable::RULE,
    &nat_gateway::selector::RULE,
    &nat_gateway::config::RULE,
    &vpc::static_route_lan_ip::RULE,
    &vpc::static_route_next_hop::RULE,
    &vpc::static_route_syntax::RULE,
    &vpc::static_route_duplicate::RULE,
    &nat_gateway::default_route::RULE,
    &vpc::policy_route_syntax::RULE,
    &vpc::policy_route_next_hop::RULE,
    &vpc::peering::RULE,
    &vpc::default_subnet::RULE,
    &vpc::lb_value::RULE,
    &vpc::lb_prerequisites::RULE,
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

/// All rules that inject something.
pub const INJECTIONS: &[Injector] = &[pod::inject_logical_switch::RULE, vpc::inject_vpc_lb::RULE];

/// The rule of this id.
///
/// # Errors
///
/// That there is none, and which one may be meant.
pub fn named(id: &str) -> Result<&'static Rule, String> {
    let unknown = || {
        let hint = did_you_mean(id, &IDS).unwrap_or_else(|| "`vpcguard rules` lists them all".to_owned());
        format!("unknown rule {}: {hint}", quoted(id))
    };
    TABLE.iter().copied().find(|rule| rule.id == id).ok_or_else(unknown)
}

/// Whether a rule has a check for objects of this kind. That a field has the right type is no reason to be asked about
/// every Node.
pub fn is_reviewed(kind: Kind) -> bool {
    TABLE.iter().any(|rule| rule.reads_of(kind))
}

/// A rule that reviews objects.
#[derive(Debug)]
pub struct Rule {
    /// The public name, which never changes meaning.
    pub id: &'static str,
    /// What it refuses, in a line.
    pub summary: &'static str,
    /// What it does unless the settings say otherwise.
    pub default: RuleAction,
    /// Whether it keeps a tenant out of where it may not be: such a denial is a 403, and no annotation spares it.
    pub isolates: bool,
    /// Whether no annotation spares it, and it judges what is being deleted too: what it refuses harms others. So it is with
    /// every rule that isolates.
    pub firm: bool,
    /// The part of the rules that it is deployed with.
    pub policy: Policy,
    /// The kinds of which it looks up other objects.
    pub asks: &'static [Kind],
    /// What it looks at.
    pub checks: &'static [Check],
}

impl Rule {
    /// Whether it judges an UPDATE of an object that is being deleted: Kube-OVN serves a Pod or a Subnet until it is gone, and a
    /// Pod still moves.
    pub fn judges_what_is_deleted(&self) -> bool {
        self.firm
    }

    /// Whether it has a check for objects of this kind, and not only for those of every kind.
    pub(crate) fn reads_of(&self, kind: Kind) -> bool {
        self.checks.iter().any(|check| check.reads().is_some() && !check.is_deletion() && check.concerns(kind))
    }

    /// The kinds of which it judges the deletion.
    pub fn deletions(&self) -> impl Iterator<Item = Kind> + '_ {
        let judges = |kind: Kind| self.checks.iter().any(|check| check.is_deletion() && check.concerns(kind));
        Kind::ALL.iter().copied().filter(move |kind| judges(*kind))
    }

    /// The kinds that it reviews.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        Kind::ALL.iter().copied().filter(|kind| self.checks.iter().any(|check| check.concerns(*kind)))
    }
}

/// A rule that injects something.
#[derive(Debug)]
pub struct Injector {
    /// The public name.
    pub id: &'static str,
    /// What it injects, in a line.
    pub summary: &'static str,
    /// The kind that it injects into.
    pub kind: Kind,
    /// Whether a rule that isolates builds on it: without it, the object is not what that rule judges.
    pub isolates: bool,
    /// The kinds of which it looks up other objects.
    pub asks: &'static [Kind],
    pub(crate) inject: crate::inject::Inject,
}

/// What a check says: nothing beyond its findings, or that the view could not be read.
pub type Outcome = Result<(), ViewError>;

type CheckOf<T> = fn(&T, &mut Context<'_>) -> Outcome;

macro_rules! checks {
    ($($variant:ident($type:ident) {
        $($(#[$doc:meta])* $kind:ident: $group:literal $version:literal $name:literal $plural:literal $scope:ident;)+
    })+) => {
        /// A rule's look at one type of objects: the fields that it reads there, and what it does with them.
        #[derive(Debug)]
        pub enum Check {
            /// Objects of every kind, all of their fields.
            Any(fn(&mut Context<'_>) -> Outcome),
            /// Pods themselves, and no templates.
            BarePod(&'static [Read], CheckOf<PodTemplate>),
            /// What goes, of these kinds.
            Deletion(&'static [Kind], CheckOf<Object>),
            $(
                #[doc = concat!("Whatever is read as [`", stringify!($type), "`].")]
                $variant(&'static [Read], CheckOf<$type>),
            )+
        }

        impl Check {
            /// Whether it looks at a kind.
            pub fn concerns(&self, kind: Kind) -> bool {
                match self {
                    Check::Any(_) => true,
                    Check::BarePod(..) => kind == Kind::Pod,
                    Check::Deletion(kinds, _) => kinds.contains(&kind),
                    $(Check::$variant(..) => $type::KINDS.contains(&kind),)+
                }
            }

            /// Whether it looks at what is to be removed, and never at what is to be stored.
            pub fn is_deletion(&self) -> bool {
                matches!(self, Check::Deletion(..))
            }

            /// The fields of which it reads a change; none for [`Check::Any`], which reads all.
            pub fn reads(&self) -> Option<&'static [Read]> {
                match self {
                    Check::Any(_) => None,
                    Check::Deletion(..) => Some(&[]),
                    Check::BarePod(reads, _) $(| Check::$variant(reads, _))+ => Some(reads),
                }
            }

            /// Looks at an object, if it is one of those that it looks at.
            pub(crate) fn run(&self, object: &Object, context: &mut Context<'_>) -> Outcome {
                match (self, object) {
                    (Check::Any(check), _) => check(context),
                    (Check::BarePod(_, check), Object::Pod(pod)) if pod.kind == Kind::Pod => check(pod, context),
                    (Check::Deletion(_, check), object) => check(object, context),
                    $((Check::$variant(_, check), Object::$variant(object)) => check(object, context),)+
                    _ => Ok(()),
                }
            }
        }
    };
}

for_each_kind!(checks);

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            only(Check::IptablesRule(&[], |_, _| Ok(()))),
            [Kind::IptablesFipRule, Kind::IptablesDnatRule, Kind::IptablesSnatRule]
        );
        assert_eq!(only(Check::IpPool(&[], |_, _| Ok(()))), [Kind::IpPool]);
        assert_eq!(only(Check::Namespace(&[], |_, _| Ok(()))), [Kind::Namespace]);
        assert_eq!(only(Check::Service(&[], |_, _| Ok(()))), [Kind::Service]);
        assert_eq!(kinds(&common::field_type::RULE), Kind::ALL);
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
