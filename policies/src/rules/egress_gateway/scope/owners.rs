//! Whose traffic is whose in the VPC of an egress gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;

use super::HELP;
use super::addresses::Addresses;
use crate::field::FieldPath;
use crate::finding::{Action, Finding};
use crate::kinds::{NAME_LABEL, Namespace, Subnet, Vpc};

/// Who is who in the gateway's VPC.
pub(super) struct Scope<'a> {
    /// The gateway's namespace.
    pub(super) namespace: &'a str,
    /// The labels of that, by which Subnets select it.
    pub(super) labels: BTreeMap<String, String>,
    /// The name of the VPC.
    pub(super) name: &'a str,
    /// The VPC, if it exists.
    pub(super) vpc: Option<Arc<Vpc>>,
    pub(super) custom: bool,
    /// Whether only its own is the gateway's.
    pub(super) strict: bool,
}

impl Scope<'_> {
    /// Whether all traffic of the VPC is the gateway's.
    pub(super) fn is_its_own(&self) -> bool {
        let alone = |vpc: &Vpc| self.custom && !vpc.namespaces.is_empty() && !self.lists_others(vpc);
        self.vpc.as_deref().is_some_and(|vpc| vpc.lets_out(self.namespace) || alone(vpc))
    }

    fn lists_others(&self, vpc: &Vpc) -> bool {
        vpc.namespaces.iter().any(|listed| listed != self.namespace)
    }

    /// Whether the VPC says nothing of whom it is for.
    pub(super) fn is_free(&self) -> bool {
        !self.custom || self.vpc.as_deref().is_some_and(|vpc| vpc.namespaces.is_empty())
    }

    /// What taking the traffic of one of its Subnets is; none where that is the gateway's.
    pub(super) fn action(&self, subnet: &Subnet) -> Option<Action> {
        let shared = || self.custom && self.vpc.as_deref().is_some_and(|vpc| self.lists_others(vpc));
        let own = subnet.namespace_selectors.iter().filter(|selector| selector.matches(&self.labels));
        // Labels are the tenants' to write, but for that of the name.
        let by_name = own.clone().any(|selector| selector.match_labels.contains_key(NAME_LABEL));
        match () {
            () if subnet.namespaces.iter().any(|listed| listed == self.namespace) => None,
            () if !subnet.namespaces.is_empty() || self.strict => Some(Action::Deny),
            () if by_name => None,
            () if !subnet.namespace_selectors.is_empty() && own.count() == 0 => Some(Action::Deny),
            () => shared().then_some(Action::Warn),
        }
    }

    /// What taking the traffic of nobody knows whom is.
    pub(super) fn doubt(&self) -> Action {
        if self.strict { Action::Deny } else { Action::Warn }
    }

    /// Why the traffic of a Subnet is not the gateway's.
    pub(super) fn why(&self, action: Action) -> String {
        match action {
            Action::Deny => format!("which does not list namespace {:?}", self.namespace),
            Action::Warn => format!("which lists no namespace, in VPC {:?} of several", self.name),
        }
    }

    /// What an old version of the gateway must have named too, of the same VPC.
    pub(super) fn identity(&self, named: &str) -> String {
        format!("{named} of {}", self.name)
    }

    /// A finding that an old version of the gateway had too if it named the same in the same field of the same VPC.
    pub(super) fn finding(&self, field: FieldPath, value: &str, named: &str, detail: String) -> Finding {
        let finding = Finding::forbidden(field, value, detail).identified_by(self.identity(named)).help(HELP);
        match &self.vpc {
            Some(vpc) => finding.related(vpc.reference(), Some(FieldPath::of("spec.namespaces"))),
            None => finding,
        }
    }
}

/// The addresses of the gateway's VPC.
pub(super) struct Held<'s> {
    foreign: Addresses<'s>,
    shared: Addresses<'s>,
    pub(super) all: Addresses<'s>,
}

impl<'s> Held<'s> {
    pub(super) fn of(subnets: &'s [Arc<Subnet>], scope: &Scope<'_>) -> Self {
        let which = |action| Addresses::of(subnets.iter().filter(|subnet| scope.action(subnet) == action));
        Self {
            foreign: which(Some(Action::Deny)),
            shared: which(Some(Action::Warn)),
            all: Addresses::of(subnets.iter()),
        }
    }

    /// A Subnet that others have there, and what taking its traffic is.
    pub(super) fn touched(&self, prefixes: &[IpNet]) -> Option<(Action, &'s Subnet, IpNet)> {
        let of = |action, held: &Addresses<'s>| {
            prefixes.iter().find_map(|prefix| held.touched(prefix)).map(|(subnet, prefix)| (action, subnet, prefix))
        };
        of(Action::Deny, &self.foreign).or_else(|| of(Action::Warn, &self.shared))
    }
}

/// The namespaces whose Pods are in the VPC and not the gateway's.
pub(super) fn foreign_namespaces<'n>(
    others: &'n [Arc<Namespace>],
    scope: &Scope<'_>,
    subnets: &[Arc<Subnet>],
) -> Vec<&'n Namespace> {
    let of_foreign = subnets.iter().filter(|subnet| !scope.custom && scope.action(subnet) == Some(Action::Deny));
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    listed.extend(of_foreign.flat_map(|subnet| &subnet.namespaces).map(String::as_str));
    let is_foreign = |name: &str| match scope.vpc.as_deref().filter(|_| scope.custom) {
        _ if scope.strict => true,
        Some(vpc) => vpc.binds(name),
        None => listed.contains(name),
    };
    others.iter().map(AsRef::as_ref).filter(|namespace: &&Namespace| is_foreign(&namespace.meta.name)).collect()
}
