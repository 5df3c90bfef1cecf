//! Who talks to the API server.

/// A user that the API server knows by a token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum User {
    /// May do everything.
    Admin,
    /// vpcguard's `ServiceAccount`. It may do what RBAC rules of the test let it.
    Vpcguard,
    /// Kube-OVN's `ServiceAccount`. It may do what RBAC rules of the test let it.
    KubeOvn,
    /// Somebody of the group `tenants`, who may do what RBAC rules of the test let them.
    Tenant,
}

impl User {
    pub(super) const ALL: [Self; 4] = [Self::Admin, Self::Vpcguard, Self::KubeOvn, Self::Tenant];

    /// The name that the API server has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Vpcguard => "system:serviceaccount:vpcguard-system:vpcguard",
            Self::KubeOvn => "system:serviceaccount:kube-system:ovn",
            Self::Tenant => "tenant",
        }
    }

    fn groups(self) -> &'static str {
        match self {
            Self::Admin => "system:masters",
            Self::Vpcguard => "system:serviceaccounts,system:serviceaccounts:vpcguard-system",
            Self::KubeOvn => "system:serviceaccounts,system:serviceaccounts:kube-system",
            Self::Tenant => "tenants",
        }
    }

    /// Also the name of its kubeconfig. It is not a secret: who can read the test's directory can read it there.
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Vpcguard => "vpcguard",
            Self::KubeOvn => "kube-ovn",
            Self::Tenant => "tenant",
        }
    }

    /// The file of tokens.
    pub(super) fn token_file() -> String {
        let line = |user: Self| format!("{},{},{},\"{}\"\n", user.token(), user.name(), user.token(), user.groups());
        Self::ALL.map(line).concat()
    }
}
