//! The calls of a policy server.

use kubewarden_policy_sdk::settings::SettingsValidationResponse;
use kubewarden_policy_sdk::wapc_guest::CallResult;
use serde_json::{Map, Value};
use vpcguard_policies::settings::SettingsErrors;
use vpcguard_policies::{
    ClusterView, Policy, PolicyResponse, Request, ReviewError, Settings, Verdict, ViewError, mutate, review_by,
};

use crate::view::{Freshness, HostView};

/// Judges a request.
///
/// # Errors
///
/// None: what goes wrong is a rejection.
pub fn validate(policy: Policy, payload: &[u8]) -> CallResult {
    let response = response(policy, payload).unwrap_or_else(|failure| failure.rejection());
    Ok(response.to_json().into_bytes())
}

/// Says whether settings can be used; in the words of all other runners if they cannot.
///
/// # Errors
///
/// None: settings that cannot be read are not valid.
pub fn validate_settings(payload: &[u8]) -> CallResult {
    let settings = serde_json::from_slice(payload).map_err(Failure::Unreadable);
    let wrong = settings.and_then(parsed).err().map(|failure| failure.to_string());
    Ok(serde_json::to_vec(&SettingsValidationResponse { valid: wrong.is_none(), message: wrong })?)
}

/// Why a request gets no verdict.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Request(#[from] ReviewError),
    #[error("the settings cannot be read: {0}")]
    Unreadable(serde_json::Error),
    #[error("{0}")]
    Settings(#[from] SettingsErrors),
    #[error("{0}")]
    Cluster(#[from] ViewError),
}

impl Failure {
    fn rejection(&self) -> PolicyResponse {
        match self {
            Failure::Request(_) => PolicyResponse::rejection(400, self.to_string()),
            Failure::Settings(_) | Failure::Unreadable(_) => {
                PolicyResponse::rejection(500, format!("the policy's settings: {self}"))
            }
            Failure::Cluster(_) => PolicyResponse::rejection(500, self.to_string()),
        }
    }
}

fn response(policy: Policy, payload: &[u8]) -> Result<PolicyResponse, Failure> {
    let (request, settings) = Request::from_policy_server(payload)?;
    let settings = parsed(settings)?;
    let verdict = match policy {
        Policy::SubnetOverlap => judged::<true, false>(policy, &request, &settings)?,
        Policy::SubnetAddresses => judged::<false, true>(policy, &request, &settings)?,
        _ => judged::<false, false>(policy, &request, &settings)?,
    };
    Ok(PolicyResponse::of(&request, &verdict, &settings))
}

fn judged<const PREFIXES: bool, const ADDRESSES: bool>(
    policy: Policy,
    request: &Request,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    let cluster = HostView::<PREFIXES, ADDRESSES>::new(settings, Freshness::Cached);
    let verdict = judge(policy, request, &cluster, settings)?;
    if verdict.allowed || !cluster.is_perhaps_old() {
        return Ok(verdict);
    }
    // What the policy server has cached may be a few seconds old: nobody is refused for what is no longer so.
    judge(policy, request, &HostView::<PREFIXES, ADDRESSES>::new(settings, Freshness::Live), settings)
}

/// Of a policy that the compiler knows only its own rules are linked: so it is an argument all the way down.
fn judge(
    policy: Policy,
    request: &Request,
    cluster: &dyn ClusterView,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    if policy.is_mutating() {
        mutate(request, cluster, settings)
    } else {
        review_by(policy, request, cluster, settings)
    }
}

fn parsed(settings: Value) -> Result<Settings, Failure> {
    let settings = if settings.is_null() { Map::new().into() } else { settings };
    Ok(Settings::parse(&settings)?)
}
