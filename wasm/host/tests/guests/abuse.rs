//! Whatever comes in, a guest answers: it rejects, says why, and does not trap.

use std::sync::Arc;

use serde_json::{Value, json};
use vpcguard_host::{Cluster, Fault, Guest, Reply, asked, sample};
use vpcguard_policies::{Operation, Policy, Request, Settings};
use vpcguard_tests::Case;

use crate::{as_sent, policies};

fn empty() -> Arc<Cluster> {
    Arc::new(Cluster::new([]))
}

/// The answer to any payload, which has to be one.
fn reply(guest: &Guest, cluster: &Arc<Cluster>, payload: &[u8]) -> Reply {
    serde_json::from_slice(&guest.call(cluster, "validate", payload).unwrap()).unwrap()
}

fn must_reject(policy: Policy, guest: &Guest, payload: &[u8]) -> Reply {
    let reply = reply(guest, &empty(), payload);
    let shown = || String::from_utf8_lossy(&payload[..payload.len().min(200)]).into_owned();
    assert!(!reply.accepted, "{policy} accepts {}", shown());
    assert!(reply.message.as_ref().is_some_and(|message| !message.is_empty()), "{policy}: {}", shown());
    assert!(reply.code.is_some_and(|code| code >= 400), "{policy}: {}", shown());
    reply
}

fn a_request() -> Value {
    let request = Request::of_object(sample::subnet("a", "v", "10.0.0.0/24"), None);
    asked(&Request { uid: "u".to_owned(), user: "me".to_owned(), ..request })
}

#[test]
fn bad_settings_are_refused_in_the_words_of_all_runners() {
    let Some(policies) = policies() else { return };
    for settings in [
        json!({"rules": {"pod-vpc-namespac": "deny"}}),
        json!({"rules": {"pod-vpc-namespace": "allow"}, "strictReference": true}),
        json!({"kubeOvn": {"serviceCidrs": ["10.0.0.0/33"]}}),
        json!({"exempt": {"users": "me"}}),
        json!({"rules": []}),
        json!([]),
        json!("x"),
        json!(5),
    ] {
        let wanted = Settings::parse(&settings).unwrap_err().to_string();
        for (policy, guest) in policies.all() {
            let answer = guest.validate_settings(&settings).unwrap();
            assert!(!answer.valid, "{policy}: {settings}");
            assert_eq!(answer.message.as_ref(), Some(&wanted), "{policy}: {settings}");
            let reply = must_reject(
                policy,
                guest,
                json!({"request": a_request(), "settings": settings}).to_string().as_bytes(),
            );
            assert_eq!(reply.code, Some(500), "{policy}: {settings}");
            assert!(reply.message.unwrap().contains(&wanted), "{policy}: {settings}");
        }
    }
}

#[test]
fn settings_that_can_be_used_are_valid() {
    let Some(policies) = policies() else { return };
    for case in Case::all() {
        for (policy, guest) in policies.all() {
            let answer = guest.validate_settings(&case.settings).unwrap();
            assert!(answer.valid && answer.message.is_none(), "{}, {policy}: {answer:?}", case.name);
        }
    }
}

#[test]
fn settings_that_are_no_json_are_not_valid() {
    let Some(policies) = policies() else { return };
    for (policy, guest) in policies.all() {
        for payload in [&b""[..], b"{", b"\xff", b"{\"rules\": {}} x"] {
            let answer = guest.call(&empty(), "validate_settings", payload).unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer["valid"], false, "{policy}");
            assert!(!answer["message"].as_str().unwrap().is_empty(), "{policy}");
        }
    }
}

#[test]
fn a_read_that_fails_is_a_rejection_that_names_it() {
    let Some(policies) = policies() else { return };
    let mut failed = 0;
    for case in Case::all() {
        let request = as_sent(&case.request);
        for (policy, guest) in policies.all() {
            let cluster = Arc::new(Cluster::new(case.state.clone()));
            let payload = json!({"request": asked(&request), "settings": case.settings}).to_string();
            reply(guest, &cluster, payload.as_bytes());
            if cluster.calls().is_empty() {
                continue;
            }
            for fault in Fault::ALL.iter().copied() {
                let broken = Arc::new(Cluster::new(case.state.clone()).failing("*", fault));
                let reply = reply(guest, &broken, payload.as_bytes());
                if matches!(request.operation, Operation::Delete) {
                    // What is to go never waits for what cannot be read.
                    assert!(reply.accepted, "{}, {policy}, {fault:?}: {:?}", case.name, reply.message);
                    continue;
                }
                let message = reply.message.unwrap_or_default();
                let kind = broken.calls().last().unwrap().kind.clone();
                let named = [format!("cannot read {kind} "), format!("cannot list objects of kind {kind}: ")];
                assert!(!reply.accepted, "{}, {policy}, {fault:?}", case.name);
                assert_eq!(reply.code, Some(500), "{}, {policy}, {fault:?}: {message}", case.name);
                let is_named = named.iter().any(|named| message.starts_with(named));
                assert!(is_named && !message.contains('\n'), "{}, {policy}, {fault:?}: {message}", case.name);
                failed += 1;
            }
        }
    }
    assert!(failed > 0);
}

#[test]
fn what_was_not_granted_is_a_failed_read() {
    let Some(policies) = policies() else { return };
    for (policy, guest) in policies.all().filter(|(policy, _)| !policy.asks().is_empty()) {
        let guest = guest.granted_nothing();
        let case = Case::all().into_iter().find_map(|case| {
            let cluster = Arc::new(Cluster::new(case.state.clone()));
            let request = asked(&as_sent(&case.request));
            let reply = guest.validate(&cluster, &request, &case.settings).unwrap();
            Some(reply).filter(|reply| reply.code == Some(500))
        });
        let message = case.and_then(|reply| reply.message).unwrap_or_default();
        assert!(message.contains("has not been granted access"), "{policy}: {message}");
    }
}

#[test]
fn a_request_that_breaks_off_is_rejected() {
    let Some(policies) = policies() else { return };
    let whole = json!({"request": a_request(), "settings": {"rules": {"subnet-syntax": "warn"}}}).to_string();
    for (policy, guest) in policies.all() {
        for end in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            let reply = must_reject(policy, guest, &whole.as_bytes()[..end]);
            assert_eq!(reply.code, Some(400), "{policy}: {:?}", reply.message);
        }
    }
}

#[test]
fn what_is_no_request_is_rejected() {
    let Some(policies) = policies() else { return };
    let request = a_request();
    let with = |field: &str, value: Value| {
        let mut request = request.clone();
        request[field] = value;
        json!({"request": request, "settings": {}}).to_string().into_bytes()
    };
    let mut not_text = with("name", json!("XX"));
    let at = not_text.windows(2).position(|pair| pair == b"XX").unwrap();
    not_text[at] = 0xff;
    let payloads = [
        not_text,
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"\"x\"".to_vec(),
        br#"{"request": null}"#.to_vec(),
        br#"{"request": {}}"#.to_vec(),
        "[".repeat(100_000).into_bytes(),
        format!(r#"{{"request": {{"object": {}{}}}}}"#, "{\"a\":[".repeat(50_000), "]}".repeat(50_000)).into_bytes(),
        with("uid", json!("")),
        with("uid", json!(5)),
        with("operation", json!("PATCH")),
        with("operation", Value::Null),
        with("object", Value::Null),
        with("object", json!([])),
        with("kind", json!("Subnet")),
        with("kind", json!({"group": "kubeovn.io", "version": "v1", "kind": "Vpc"})),
        with("dryRun", json!("yes")),
        with("userInfo", json!([1])),
    ];
    for (policy, guest) in policies.all() {
        for payload in &payloads {
            must_reject(policy, guest, payload);
        }
    }
}

#[test]
fn a_request_of_any_size_is_answered() {
    let Some(policies) = policies() else { return };
    let long = "x".repeat(3_000_000);
    let mut huge = sample::subnet("a", "v", "10.0.0.0/24");
    huge["metadata"]["annotations"] = json!({"note": long});
    let mut odd = sample::subnet("a", &long, &long);
    odd["spec"]["gateway"] = json!(long);
    odd["spec"]["excludeIps"] = json!(vec!["10.0.0.1..10.0.0.9"; 50_000]);
    let mut vpc = sample::vpc("a");
    vpc["spec"]["staticRoutes"] =
        (0..20_000_u32).map(|n| json!({"cidr": format!("10.{n}.0.0/16"), "nextHopIP": "x"})).collect();
    vpc["spec"]["namespaces"] = (0..20_000_u32).map(|n| json!(format!("n{n}"))).collect();
    for object in [huge, odd, vpc] {
        let request = asked(&Request { uid: "u".to_owned(), ..Request::of_object(object, None) });
        for (policy, guest) in policies.all() {
            let reply = guest.validate(&empty(), &request, &json!({})).unwrap();
            assert!(reply.accepted || reply.message.is_some(), "{policy}");
        }
    }
}

#[test]
fn an_operation_that_policies_do_not_have_is_an_error_and_no_trap() {
    let Some(policies) = policies() else { return };
    for (policy, guest) in policies.all() {
        let error = guest.call(&empty(), "mutate", b"{}").unwrap_err().to_string();
        assert!(!error.contains("wasm"), "{policy}: {error}");
        assert!(error.contains("mutate"), "{policy}: {error}");
    }
}
