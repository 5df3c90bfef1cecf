//! What vpcguard says, held against what was seen.

use std::net::IpAddr;

use serde_json::Value;
use vpcguard_policies::Verdict;
use vpcguard_tests::kube_ovn::{Id, Observation};

use super::case::Case;

/// What became of a mutated object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What the API server said, if it refused it.
    pub(crate) refused: Option<String>,
    /// What is wrong with it, and with its Pod.
    pub(crate) symptoms: Vec<String>,
}

/// What came of the two.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Judged {
    /// Refused and broken, or admitted and working.
    Agreed,
    /// Admitted with a warning: it may be either.
    Warned,
    /// Admitted, and refused by the API server.
    LeftToTheApiServer,
    /// Refused by this rule, and it works.
    FalseRefusal(String),
    /// Admitted, and it does not work.
    Miss,
}

impl Judged {
    pub(crate) fn of(verdict: &Verdict, seen: &Seen) -> Self {
        let works = seen.refused.is_none() && seen.symptoms.is_empty();
        match verdict.findings.first() {
            Some(finding) if works => Self::FalseRefusal(finding.rule().to_owned()),
            Some(_) => Self::Agreed,
            None if !verdict.warnings.is_empty() => Self::Warned,
            None if seen.refused.is_some() => Self::LeftToTheApiServer,
            None if works => Self::Agreed,
            None => Self::Miss,
        }
    }

    /// What it is called in known.yaml, if it is a disagreement.
    pub(crate) fn id(&self, case: &Case) -> Option<String> {
        match self {
            Self::FalseRefusal(rule) => Some(format!("{rule}/{}", case.class.id())),
            Self::Miss => Some(format!("miss/{}", case.class.id())),
            Self::Agreed | Self::Warned | Self::LeftToTheApiServer => None,
        }
    }
}

impl Seen {
    /// Of a case, among all that there is to see.
    pub(crate) fn of(observation: &Observation, case: &Case, refused: Option<String>) -> Self {
        if refused.is_some() {
            return Self { refused, symptoms: Vec::new() };
        }
        let mut symptoms = observation.symptoms(&case.object);
        if let Some(pod) = &case.pod {
            symptoms.extend(observation.symptoms(pod).into_iter().map(|symptom| format!("Pod: {symptom}")));
            symptoms.extend(excluded(observation, &Id::of(pod), &Id::of(&case.object)));
        }
        symptoms.extend(observation.crash.iter().map(|crash| format!("the controller ended: {crash}")));
        Self { refused, symptoms }
    }
}

/// The addresses of a Pod, which asked for none, that its Subnet excludes.
fn excluded(observation: &Observation, pod: &Id, subnet: &Id) -> Vec<String> {
    let stored = observation.objects.get(subnet);
    let ranges = stored.and_then(|stored| stored.pointer("/spec/excludeIps")).and_then(Value::as_array);
    let ranges = ranges.into_iter().flatten().filter_map(Value::as_str).filter_map(|range| {
        let (first, last) = range.split_once("..").unwrap_or((range, range));
        Some((first.parse::<IpAddr>().ok()?, last.parse::<IpAddr>().ok()?))
    });
    let ranges: Vec<_> = ranges.collect();
    let within = |address: IpAddr, (first, last): &(IpAddr, IpAddr)| {
        first.is_ipv4() == address.is_ipv4()
            && last.is_ipv4() == address.is_ipv4()
            && *first <= address
            && address <= *last
    };
    let addresses = observation.ports_of(pod).flat_map(|port| &port.addresses);
    let bad =
        addresses.filter(|text| text.parse().is_ok_and(|address| ranges.iter().any(|range| within(address, range))));
    bad.map(|address| format!("Pod: {address} is excluded")).collect()
}
