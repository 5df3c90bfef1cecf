//! `e2e.bats`: a policy in `kwctl`, with its test data. Nothing is asked of a cluster.

use std::fmt::Write;

use anyhow::Result;
use vpcguard_policies::Policy;

/// What is expected of one request.
struct Expected {
    /// A sentence.
    name: &'static str,
    /// The file in `test_data`, without `.json`.
    request: &'static str,
    settings: &'static str,
    /// The recorded exchanges with a cluster, where the policy asks for something.
    session: Option<&'static str>,
    allowed: bool,
    /// A part of the answer.
    says: &'static str,
}

/// The text of a policy's e2e.bats.
pub(super) fn of(policy: Policy) -> Result<String> {
    let mut out = format!(
        "#!/usr/bin/env bats\n# Written by `cargo xtask docs`. Needs kwctl, jq and the module: `cargo xtask wasm`.\n\n\
         setup() {{\n  cd \"$BATS_TEST_DIRNAME\"\n  module=../../../target/kubewarden/{policy}.wasm\n}}\n"
    );
    out.push_str(concat!(
        "\n@test \"unknown settings are refused with what was probably meant\" {\n",
        "  run kwctl run \"$module\" --request-path test_data/REQUEST.json --settings-json '{\"disclos\": \"none\"}'\n",
        "  [ \"$status\" -ne 0 ]\n",
        "  [[ \"$output\" == *'did you mean \"disclose\"'* ]]\n",
        "}\n",
    ).replace("REQUEST", first(policy)).as_str());
    for expected in expected(policy) {
        let Expected { name, request, settings, session, allowed, says } = expected;
        let session = session.map(|session| {
            format!(" \\\n    --allow-context-aware --replay-host-capabilities-interactions test_data/{session}")
        });
        let settings = if settings.is_empty() { String::new() } else { format!(" --settings-json '{settings}'") };
        write!(
            out,
            "\n@test \"{name}\" {{\n  run --separate-stderr kwctl run \"$module\" --request-path test_data/{request}.json{settings}{}\n  \
             [ \"$status\" -eq 0 ]\n  [ \"$(jq .allowed <<<\"$output\")\" = {allowed} ]\n",
            session.unwrap_or_default()
        )?;
        if !says.is_empty() {
            writeln!(out, "  [[ \"$output\" == *'{says}'* ]]")?;
        }
        out.push_str("}\n");
    }
    // `run --separate-stderr` came with 1.5.
    Ok(out.replacen("\nsetup()", "\nbats_require_minimum_version 1.5.0\n\nsetup()", 1))
}

fn first(policy: Policy) -> &'static str {
    expected(policy).first().map_or("", |expected| expected.request)
}

/// Requests that are answered without a question about the cluster, or with a recorded one.
fn expected(policy: Policy) -> Vec<Expected> {
    let plain = |name, request, allowed, says| Expected { name, request, settings: "", session: None, allowed, says };
    let deleting = plain("what is being deleted passes unasked", "being-deleted", true, "");
    match policy {
        Policy::PodAttachmentBinding => vec![Expected {
            settings: r#"{"exempt": {"namespaces": ["team-a"]}}"#,
            ..plain("an exempt namespace passes unasked", "pod-create", true, "")
        }],
        Policy::SubnetOverlap => vec![
            deleting,
            Expected {
                session: Some("session-overlap.yml"),
                ..plain("an overlap is refused", "subnet-create", false, "[vpcguard subnet-cidr-overlap]")
            },
        ],
        Policy::VpcNamespaceBinding
        | Policy::NetworkReferences
        | Policy::SubnetAddresses
        | Policy::LoadBalancers
        | Policy::NatGatewayLanIp
        | Policy::StaticRouteLanIp
        | Policy::InUse => vec![deleting],
        Policy::NatRules => vec![
            deleting,
            Expected {
                settings: r#"{"rules": {"nat-rule-conflict": "off"}}"#,
                ..plain("what a shell would run is refused", "rule-for-a-shell", false, "[vpcguard nat-rule-syntax]")
            },
        ],
        Policy::EgressGateway => vec![
            plain("more replicas are accepted unasked", "egress-gateway-update", true, ""),
            plain(
                "an image of one's own is refused",
                "egress-gateway-with-image",
                false,
                "[vpcguard egress-gateway-image]",
            ),
            Expected {
                settings: r#"{"egressGateway": {"images": ["registry.example/"]}}"#,
                ..plain("an image that the settings name is accepted", "egress-gateway-with-image", true, "")
            },
        ],
        Policy::OvnMatch => vec![
            plain("a Vpc without policy routes is accepted", "vpc-create", true, ""),
            plain(
                "a match that OVN cannot parse is refused",
                "vpc-with-a-bad-match",
                false,
                "[vpcguard policy-route-match]",
            ),
        ],
        Policy::Attachments => vec![
            plain("a network of Kube-OVN's is accepted", "network-create", true, ""),
            plain(
                "what ends the controller is refused",
                "network-without-plugins",
                false,
                "[vpcguard attachment-provider]",
            ),
        ],
        Policy::VpcSyntax => vec![
            plain("a Subnet that Kube-OVN can use is accepted", "subnet-create", true, ""),
            plain("a Vpc that Kube-OVN can use is accepted", "vpc-create", true, ""),
            plain("a Pod is accepted", "pod-create", true, ""),
            plain(
                "a gateway outside of its Subnet is refused",
                "subnet-gateway-outside",
                false,
                "[vpcguard subnet-syntax]",
            ),
            plain(
                "a field of the wrong type is refused",
                "subnet-cidr-block-is-a-list",
                false,
                "[vpcguard field-type]",
            ),
            Expected {
                settings: r#"{"rules": {"subnet-syntax": "warn"}}"#,
                ..plain("a rule at warn admits", "subnet-gateway-outside", true, "[vpcguard subnet-syntax]")
            },
        ],
        Policy::VpcInjector => vec![
            plain("a Vpc without the label stays as it is", "vpc-create", true, ""),
            plain("a Vpc with the label gets a load balancer", "vpc-with-label", true, "JSONPatch"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use vpcguard_policies::{Inventory, Kind, PolicyResponse, Request, Settings, mutate, review_by};

    use super::*;
    use crate::kubewarden::requests::{self, Recorded};

    /// What the session of the test data shows of the cluster.
    fn cluster() -> Inventory {
        let mut cluster = Inventory::default().watching(Kind::ALL.iter().copied());
        cluster.apply(Kind::Vpc, &json!({"metadata": {"name": "vpc-a"}, "spec": {"namespaces": ["team-a"]}}));
        cluster.apply(
            Kind::Subnet,
            &json!({"metadata": {"name": "subnet-b"}, "spec": {"vpc": "vpc-a", "cidrBlock": "10.0.0.0/16"}}),
        );
        cluster
    }

    /// As a policy reads what a policy server sends.
    fn read(recorded: &Recorded, settings: &str) -> (Request, Value) {
        let payload = format!(r#"{{"request": {}, "settings": {settings}}}"#, recorded.request().unwrap());
        Request::from_policy_server(payload.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_expected_of_kwctl_is_the_verdict_of_the_library() {
        for policy in Policy::ALL {
            for expected in expected(*policy) {
                let recorded = requests::all(*policy).into_iter().find(|request| request.name == expected.request);
                let settings = if expected.settings.is_empty() { "{}" } else { expected.settings };
                let (request, settings) = read(&recorded.unwrap(), settings);
                let settings = Settings::parse(&settings).unwrap();
                let cluster = cluster();
                let verdict = if policy.is_mutating() {
                    mutate(&request, &cluster, &settings)
                } else {
                    review_by(*policy, &request, &cluster, &settings)
                }
                .unwrap();
                assert_eq!(verdict.allowed, expected.allowed, "{policy}: {}", expected.name);
                let says = match verdict.mutated_object {
                    Some(_) => "JSONPatch".to_owned(),
                    None => PolicyResponse::of(&request, &verdict, &settings).to_json(),
                };
                assert!(says.contains(expected.says), "{policy}: {}: {says}", expected.name);
                let is_mutated = verdict.mutated_object.is_some();
                assert_eq!(is_mutated, expected.says == "JSONPatch", "{policy}: {}", expected.name);
            }
        }
    }

    #[test]
    fn unknown_settings_are_refused_in_these_words() {
        let error = Settings::parse(&json!({"disclos": "none"})).unwrap_err().to_string();
        assert!(error.contains(r#"did you mean "disclose""#), "{error}");
    }

    #[test]
    fn every_recorded_request_is_of_a_kind_that_its_policy_reviews() {
        for policy in Policy::ALL {
            for recorded in requests::all(*policy) {
                let (request, _) = read(&recorded, "{}");
                assert!(policy.kinds().contains(&request.kind.unwrap()), "{policy}: {}", recorded.name);
            }
        }
    }
}
