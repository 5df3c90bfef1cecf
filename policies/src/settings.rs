//! The settings, one schema for every runner: a file of the webhook and the CLI, values of the chart, settings of the
//! Kubewarden policies.

use std::fmt;

pub use crate::advice::Advice;
use crate::gather::gathered;
pub use crate::kinds::KubeOvn;
use crate::kinds::{Kind, LabelSelector};

/// What stands for all rules that are not named.
pub const ALL_RULES: &str = "*";

/// What a rule does when it finds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// Refuse, where the rule does not itself call the finding a warning.
    Deny,
    /// Warn.
    Warn,
    /// Do not look.
    Off,
}

/// What an egress gateway may be and do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressGateways {
    /// What the reference of an image may begin with; whatever is not listed may not be run.
    pub images: Vec<String>,
    /// Whose traffic it may take.
    pub scope: EgressScope,
}

/// Whose traffic an egress gateway may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EgressScope {
    /// That of everything which is not declared to be for other namespaces.
    #[default]
    Declared,
    /// That of its own namespace.
    Own,
}

/// Who passes without review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exempt {
    /// Full user names.
    pub users: Vec<String>,
    /// Namespaces whose Pods, workloads, egress gateways and Namespace object pass.
    pub namespaces: Vec<String>,
    /// Full names of users who bring objects back in any order: to them a name that does not exist yet is a warning.
    pub restorers: Vec<String>,
    /// Full names of users whose deletions pass: what removes a namespace or a cascade must not hang.
    pub deleters: Vec<String>,
}

/// What removes objects for others.
const DELETERS: [&str; 3] = [
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:kube-controller-manager",
];

impl Exempt {
    /// The accounts of Kube-OVN, and the namespaces in which its own Pods run.
    pub(crate) fn defaults(kube_ovn: &KubeOvn) -> Self {
        let account = |name: &str| format!("system:serviceaccount:{}:{name}", kube_ovn.namespace);
        let mut namespaces = vec!["kube-system".to_owned(), kube_ovn.namespace.clone()];
        namespaces.dedup();
        let users = ["ovn", "kube-ovn-cni", "kube-ovn-app", "ovn-ovs"].map(account).into();
        let restorers = vec!["system:serviceaccount:velero:velero".to_owned()];
        Self { users, namespaces, restorers, deleters: DELETERS.map(str::to_owned).into() }
    }
}

/// Which Vpcs get a load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectVpcLb {
    /// Whether anything is injected or normalised.
    pub enabled: bool,
    /// Every custom Vpc.
    pub all: bool,
    /// The custom Vpcs with these labels.
    pub selector: LabelSelector,
}

/// What is injected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inject {
    /// The annotation `logical_switch` of Pods.
    pub logical_switch: bool,
    /// The annotation `vpc_lb` of Vpcs.
    pub vpc_lb: InjectVpcLb,
}

/// The settings, checked and with their defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Those that were written.
    pub(crate) rules: Vec<(&'static str, RuleAction)>,
    /// Whether a reference to something that does not exist is refused.
    pub strict_references: bool,
    /// Whether IPs are read from a cluster.
    pub read_ips: bool,
    /// Whether a refusal may name other tenants' objects.
    pub disclose_names: bool,
    /// Where whoever is refused learns more.
    pub advice: Advice,
    /// How Kube-OVN was configured.
    pub kube_ovn: KubeOvn,
    /// What an egress gateway may be and do.
    pub egress_gateway: EgressGateways,
    /// Who passes without review.
    pub exempt: Exempt,
    /// What is injected.
    pub inject: Inject,
}

impl Default for Settings {
    fn default() -> Self {
        let kube_ovn = KubeOvn::default();
        let selector = LabelSelector {
            match_labels: gathered([("vpcguard.io/vpc-lb".to_owned(), "on".to_owned())]),
            match_expressions: Vec::new(),
        };
        Self {
            rules: Vec::new(),
            strict_references: false,
            read_ips: false,
            disclose_names: true,
            advice: Advice::default(),
            exempt: Exempt::defaults(&kube_ovn),
            kube_ovn,
            egress_gateway: EgressGateways::default(),
            inject: Inject { logical_switch: true, vpc_lb: InjectVpcLb { enabled: true, all: false, selector } },
        }
    }
}

impl Settings {
    /// The keys that they may have at the top.
    pub const KEYS: &'static [&'static str] = &[
        "rules",
        "strictReferences",
        "readIPs",
        "disclose",
        "docsUrl",
        "contact",
        "kubeOvn",
        "egressGateway",
        "exempt",
        "inject",
    ];

    /// Whether all objects of a kind are read from a cluster, so that rules can look them up. Of IPs there are as many as Pods.
    pub fn looks_up(&self, kind: Kind) -> bool {
        kind.looked_up().is_some() && (kind != Kind::Ip || self.read_ips)
    }

    /// What was written for the rule of this id.
    pub(crate) fn written(&self, id: &str) -> Option<RuleAction> {
        self.rules.iter().find(|(written, _)| *written == id).map(|(_, action)| *action)
    }

    /// Whether a namespace's Pods, workloads, egress gateways and the namespace itself pass without review.
    pub fn exempts_namespace(&self, namespace: &str) -> bool {
        self.exempt.namespaces.iter().any(|exempt| exempt == namespace)
    }

    /// Whether a user brings objects back in any order.
    pub fn is_restorer(&self, user: &str) -> bool {
        self.exempt.restorers.iter().any(|restorer| restorer == user)
    }

    /// Whether a user's deletions pass without review.
    pub fn exempts_deleter(&self, user: &str) -> bool {
        self.exempt.deleters.iter().any(|deleter| deleter == user)
    }

    /// Whether a user's requests pass without review.
    pub fn exempts_user(&self, user: &str) -> bool {
        self.exempt.users.iter().any(|exempt| exempt == user)
    }
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SettingsError {
    /// Where it stands.
    pub field: String,
    /// What is wrong, and how to fix it.
    pub message: String,
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsErrors(pub Vec<SettingsError>);

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
