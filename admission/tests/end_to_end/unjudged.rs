//! Requests that get no verdict: each is answered with its uid, and refused where a rule would have had to look at it.

use axum::body::{Body, Bytes};
use http_body_util::channel::Channel;
use hyper::Method;
use serde_json::{Value, json};

use crate::serving::{Server, sent, subnet};

/// Larger than any body that is read.
const TOO_LARGE: usize = 38 << 20;

/// More values than are judged.
const TOO_MANY: usize = 600_000;

/// What is asked, of which kind it is, and whether it is refused without a verdict.
type Case = (&'static str, &'static str, Value, bool);

fn cases() -> Vec<Case> {
    let object = |api_version: &str, kind: &str, namespace: Option<&str>| json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": namespace}});
    let kube_ovn = |kind| object("kubeovn.io/v1", kind, None);
    let namespaced = |api_version, kind| object(api_version, kind, Some("ns"));
    vec![
        ("/validate", "CREATE", subnet("a", "10.1.0.0/16"), true),
        ("/validate", "UPDATE", subnet("a", "10.1.0.0/16"), true),
        ("/validate", "DELETE", subnet("a", "10.1.0.0/16"), false),
        ("/validate", "CREATE", kube_ovn("Vpc"), true),
        ("/validate", "UPDATE", namespaced("v1", "ConfigMap"), false),
        ("/validate", "CREATE", namespaced("v1", "Pod"), true),
        ("/validate", "UPDATE", namespaced("v1", "Service"), true),
        ("/validate", "DELETE", namespaced("v1", "Pod"), false),
        ("/validate", "CREATE", namespaced("apps/v1", "Deployment"), true),
        ("/validate", "CREATE", namespaced("v1", "ConfigMap"), false),
        ("/validate", "CREATE", namespaced("example.com/v1", "Thing"), false),
        ("/mutate", "CREATE", namespaced("v1", "Pod"), true),
        ("/mutate", "UPDATE", kube_ovn("Vpc"), false),
    ]
}

/// Holds an answer against what the manual says of its case.
#[track_caller]
fn is_answered(response: &Value, (path, operation, object, refused): &Case, code: u16) {
    let case = format!("{path} {operation} {}: {response}", object["kind"]);
    assert_eq!((&response["uid"], &response["allowed"]), (&json!("the-uid"), &json!(!refused)), "{case}");
    if *refused {
        assert_eq!(
            (&response["status"]["status"], &response["status"]["code"]),
            (&json!("Failure"), &json!(code)),
            "{case}"
        );
        assert!(response["status"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{case}");
    } else {
        assert!(response.get("status").is_none() && response["auditAnnotations"]["unjudged"].is_string(), "{case}");
        assert!(response["warnings"][0].as_str().unwrap().starts_with("admitted without review: "), "{case}");
    }
}

/// Asks of each case, with a body that is made of its two halves, and finds all of them counted.
async fn each_is_answered(server: &Server, cause: &str, code: u16, body: impl Fn([String; 2]) -> Vec<u8>) {
    let mut client = server.connect().await;
    for case in cases() {
        let reply = client.send(Method::POST, case.0, body(sent(case.1, &case.2))).await;
        is_answered(&reply.response(), &case, code);
    }
    let metrics = server.probe("/metrics").await;
    for (path, operation, object, refused) in cases() {
        let kind = Some(object["kind"].as_str().unwrap()).filter(|kind| *kind != "Thing").unwrap_or("other");
        let answer = if refused { "refused" } else { "admitted" };
        let line = format!(
            r#"vpcguard_unjudged_requests_total{{path="{}",kind="{kind}",operation="{operation}",cause="{cause}",answer="{answer}"}} 1"#,
            &path[1..]
        );
        assert!(metrics.text().contains(&line), "{line} is not in\n{}", metrics.text());
    }
}

#[tokio::test]
async fn what_is_too_large() {
    let server = Server::start("");
    each_is_answered(&server, "too_large", 413, |[head, rest]| {
        let mut body = (head + &rest).into_bytes();
        body.resize(TOO_LARGE, b' ');
        body
    })
    .await;
}

#[tokio::test]
async fn what_holds_too_many_values() {
    let server = Server::start("");
    each_is_answered(&server, "too_many_values", 413, |[head, rest]| {
        format!(r#"{head}"options":[{}0],{rest}"#, "0,".repeat(TOO_MANY)).into_bytes()
    })
    .await;
}

#[tokio::test]
async fn what_is_malformed_after_its_uid() {
    let server = Server::start("");
    each_is_answered(&server, "malformed", 400, |[head, _]| (head + r#""object":{"#).into_bytes()).await;
    // As far as the answer goes it does not matter in which way.
    let case = ("/validate", "CREATE", subnet("a", "10.1.0.0/16"), true);
    let [head, rest] = sent(case.1, &case.2);
    for body in [
        [head.as_bytes(), b"\xff"].concat(),
        (head.clone() + &rest.replace("Subnet", "Vpc")).into_bytes(),
        (head.clone() + r#""object":null}}"#).into_bytes(),
        (head + "\"object\":" + &"[".repeat(100_000)).into_bytes(),
    ] {
        is_answered(&server.post("/validate", body).await.response(), &case, 400);
    }
}

#[tokio::test]
async fn what_does_not_end_in_time() {
    let server = Server::start("");
    for case in cases() {
        let [head, _] = sent(case.1, &case.2);
        let (mut more, body) = Channel::<Bytes>::new(1);
        more.send_data(head.into()).await.unwrap();
        let reply = server.post(&format!("{}?timeout=100ms", case.0), Body::new(body)).await;
        is_answered(&reply.response(), &case, 429);
    }
    let metrics = server.probe("/metrics").await;
    assert!(metrics.text().contains(r#"kind="Pod",operation="CREATE",cause="out_of_time",answer="refused"} 1"#));
}

#[tokio::test]
async fn what_does_not_say_what_it_is_is_refused() {
    let server = Server::start("");
    for beginning in [
        r#"{"request":{"uid":"the-uid","operation":"CREATE""#.to_owned(),
        r#"{"request":{"uid":"the-uid","kind":{"group":"","version":"v1","kind":"Po"#.to_owned(),
        format!(
            r#"{{"request":{{"uid":"the-uid","kind":{{"group":"","kind":"Pod"}},"name":"{}","operation":"DELETE"#,
            "x".repeat(1024)
        ),
    ] {
        let response = server.post("/validate", beginning).await.response();
        assert_eq!((&response["uid"], &response["allowed"]), (&json!("the-uid"), &json!(false)), "{response}");
    }
}
