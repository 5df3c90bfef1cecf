//! `vpcguard serve --standalone` as its clients see it: the built binary, over TLS.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

use crate::serving::{Server, create, sent, serve, subnet};
use axum::body::{Body, Bytes};
use http_body_util::channel::Channel;
use hyper::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

#[tokio::test]
async fn a_malformed_review_is_a_bad_request_that_says_why() {
    let server = Server::start("");
    let with = |path: &str, value: Value| {
        let mut review = create(&subnet("a", "10.1.0.0/16"));
        *review.pointer_mut(path).unwrap() = value;
        review.to_string().into_bytes()
    };
    let nested = "[".repeat(100_000) + &"]".repeat(100_000);
    let deep = create(&subnet("a", "here")).to_string().replace(r#""here""#, &nested);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".into(), "not an AdmissionReview in JSON"),
        (b"hello".into(), "not an AdmissionReview in JSON"),
        (b"{\"kind\": \"\xff\"}".into(), "not UTF-8"),
        (b"[]".into(), "not an AdmissionReview in JSON"),
        (b"{}".into(), "the body is not an AdmissionReview"),
        (subnet("a", "10.1.0.0/16").to_string().into(), r#"kind is "Subnet""#),
        (with("/apiVersion", json!("admission.k8s.io/v1beta1")), "admissionReviewVersions"),
        (with("/request", Value::Null), "no request"),
        (with("/request/uid", json!(5)), "request.uid must be a string, not a number"),
        (with("/request/uid", json!("")), "request.uid is missing"),
        (with("/request/operation", json!("PATCH".repeat(1_000_000))), "request.operation is"),
        (with("/request/object", Value::Null), "request.object is missing"),
        (with("/request/kind/kind", json!("Vpc")), "request.kind is kubeovn.io/v1 Vpc, but the object is"),
        (deep.into(), "recursion limit"),
    ];
    for (body, message) in cases {
        for path in ["/validate", "/mutate"] {
            let reply = server.post(path, body.clone()).await;
            let (code, failure) = match reply.json()["response"]["uid"].as_str() {
                // It is told at the end, by a client that is not an API server, but in the first KiB all the same.
                Some(uid) => {
                    assert_eq!(uid, "the-uid");
                    let response = reply.response();
                    let refusal = &response["status"];
                    let said = refusal["message"].as_str().or(response["auditAnnotations"]["unjudged"].as_str());
                    assert_eq!(response["allowed"], path == "/mutate", "{response}");
                    (200, said.unwrap().to_owned())
                }
                None => (reply.code(), reply.failure()),
            };
            assert!(matches!(code, 200 | 400) && failure.contains(message), "{path}: {code} {failure}");
            assert!(failure.len() < 2000);
        }
    }
    assert_eq!(server.probe("/healthz").await.code(), 200);
    assert_eq!(server.validate(&create(&subnet("a", "10.1.0.0/16"))).await["allowed"], true);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_unread() {
    let server = Server::start("");
    for length in [(37 << 20) + 1, 60 << 20] {
        let reply = server.post("/validate", vec![b' '; length]).await;
        assert_eq!((reply.code(), reply.failure()), (413, "the body is larger than 38797312 bytes".to_owned()));
    }
    // The limit itself is not over it.
    let mut review = create(&subnet("a", "10.1.0.0/16")).to_string().into_bytes();
    review.resize(37 << 20, b' ');
    assert_eq!(server.post("/validate", review).await.response()["allowed"], true);
}

#[tokio::test]
async fn what_an_api_server_can_send_is_judged() {
    let server = Server::start("");
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns", "annotations": {"a": "VALUE"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    for (value, bytes) in [("\\u003c", 3 << 20), (",:[{", 3 << 18), ("\\\",:[{}", 3 << 18)] {
        let text = value.repeat(bytes);
        for operation in ["CREATE", "UPDATE"] {
            let [head, rest] = sent(operation, &pod);
            let response = server.post("/validate", head + &rest.replace("VALUE", &text)).await.response();
            assert_eq!(response, json!({"uid": "the-uid", "allowed": true}), "{operation} {value}");
        }
    }
    // What could be created can be updated.
    pod["spec"]["numbers"] = vec![0; 300_000].into();
    for operation in ["CREATE", "UPDATE"] {
        let response = server.post("/validate", sent(operation, &pod).concat()).await.response();
        assert_eq!(response["allowed"], true, "{operation}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_as_kubernetes_does() {
    let server = Server::start("");
    let mut client = server.connect().await;
    let reply = client.send(Method::POST, "/", "{}").await;
    assert_eq!(reply.code(), 404);
    assert!(reply.failure().contains("/validate"));
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let reply = client.send(method, "/validate", Body::empty()).await;
        assert_eq!((reply.code(), &reply.head.headers["allow"]), (405, &"POST".parse().unwrap()));
        reply.failure();
    }
}

#[tokio::test]
async fn strange_objects_get_a_verdict() {
    let server = Server::start("");
    let mut number = subnet("a", "");
    number["spec"]["cidrBlock"] = json!(10);
    let wrong_type = server.validate(&create(&number)).await;
    assert_eq!((&wrong_type["allowed"], &wrong_type["status"]["code"]), (&json!(false), &json!(422)));
    let cause = &wrong_type["status"]["details"]["causes"][0];
    assert_eq!((&cause["reason"], &cause["field"]), (&json!("FieldValueTypeInvalid"), &json!("spec.cidrBlock")));

    let namespaces: Vec<_> = (0..20_000).map(|number| format!("ns-{number}")).collect();
    let vpc = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "v"},
                     "spec": {"namespaces": namespaces}});
    assert_eq!(server.validate(&create(&vpc)).await["allowed"], true);
    for cidr in ["999.0.0.0/8", "10.0.0.0/99", "10.0.0.256/24", "1::::/64", "10.0.0.0/16\0", &",".repeat(1000)] {
        let response = server.validate(&create(&subnet("strange", cidr))).await;
        assert_eq!(response["allowed"], false, "{cidr:?}: {response}");
        assert_eq!(response["uid"], "the-uid");
    }
    let edge = server.validate(&create(&subnet("edge", "255.255.255.255/32,ffff:ffff::/128"))).await;
    assert!(edge["allowed"].is_boolean());

    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": 5});
    assert_eq!(server.validate(&create(&unknown)).await, json!({"uid": "the-uid", "allowed": true}));
}

#[tokio::test]
async fn the_later_of_two_documents_wins_and_none_is_reviewed() {
    let server = Server::start(
        "{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: a}, spec: {cidrBlock: 10.1.0.0/16}}\n---\n\
         {apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: a}, spec: {cidrBlock: 10.2.0.0/16}}\n---\n\
         {apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: b}, spec: {cidrBlock: 10.2.0.0/16}}\n",
    );
    assert_eq!(server.validate(&create(&subnet("c", "10.1.0.0/16"))).await["allowed"], true);
    let refused = server.validate(&create(&subnet("d", "10.2.0.0/24"))).await;
    let message = refused["status"]["message"].as_str().unwrap();
    assert!(message.contains(r#"Subnet "a""#) && message.contains(r#"Subnet "b""#), "{message}");
    let log: Value = serde_json::from_str(server.log().lines().last().unwrap()).unwrap();
    assert_eq!(
        json!([log["message"], log["uid"], log["kind"], log["name"], log["user"], log["rules"]]),
        json!(["refused", "the-uid", "Subnet", "d", "somebody", "subnet-cidr-overlap"])
    );
}

#[tokio::test]
async fn mutate_answers_with_a_patch_and_changes_nothing() {
    let server = Server::start("");
    let vpc = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc",
                     "metadata": {"name": "v", "labels": {"vpcguard.io/vpc-lb": "on"}}});
    let response = server.post("/mutate?timeout=10s", create(&vpc).to_string()).await.response();
    assert_eq!(response["patchType"], "JSONPatch");
    // [{"op":"add","path":"/metadata/annotations","value":{"ovn.kubernetes.io/vpc_lb":"on"}}]
    let patch = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL21ldGFkYXRhL2Fubm90YXRpb25zIiwidmFsdWUiOnsib3ZuLmt1YmVybmV0ZXMuaW8vdnBj\
                 X2xiIjoib24ifX1d";
    assert_eq!(response["patch"], patch);
    let response = server.post("/mutate", create(&subnet("a", "10.1.0.0/16")).to_string()).await.response();
    assert_eq!(response, json!({"uid": "the-uid", "allowed": true}));
    let metrics = server.probe("/metrics").await;
    assert!(metrics.text().contains(r#"vpcguard_inventory_objects{kind="Subnet"} 0"#), "{}", metrics.text());
}

#[tokio::test]
async fn a_dry_run_claims_nothing_and_a_deletion_gives_back() {
    let server = Server::start("");
    let (a, b) = (create(&subnet("a", "10.1.0.0/16")), create(&subnet("b", "10.1.0.0/24")));
    let mut dry = a.clone();
    dry["request"]["dryRun"] = json!(true);
    assert_eq!(server.validate(&dry).await["allowed"], true);
    assert_eq!(server.validate(&b).await["allowed"], true);
    assert_eq!(server.validate(&a).await["allowed"], false);
    assert_eq!(server.validate(&dry).await["allowed"], false);
    let mut delete = create(&subnet("b", "10.1.0.0/24"));
    delete["request"]["operation"] = json!("DELETE");
    delete["request"]["oldObject"] = delete["request"]["object"].take();
    assert_eq!(server.validate(&delete).await["allowed"], true);
    assert_eq!(server.validate(&a).await["allowed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_overlapping_subnets_created_at_once_one_is_admitted() {
    const CLIENTS: u8 = 16;
    const RANGES: usize = 13;
    let server = Server::start("");
    let together = Arc::new(Barrier::new(CLIENTS.into()));
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let mut client = server.connect().await;
        let together = Arc::clone(&together);
        clients.spawn(async move {
            let mut admitted = Vec::new();
            for range in 0..RANGES {
                // The prefixes of the clients lie one in the other, from /8 to /23. A long list takes a while to judge.
                let mut subnet =
                    subnet(&format!("s-{range}-{number}"), &format!("{}.0.0.0/{}", range + 20, number + 8));
                subnet["spec"]["excludeIps"] =
                    (1..1000).map(|host| format!("{}.0.0.{}", range + 20, host % 254)).collect();
                let review = create(&subnet).to_string();
                together.wait().await;
                if client.send(Method::POST, "/validate", review).await.response()["allowed"] == true {
                    admitted.push(range);
                }
            }
            admitted
        });
    }
    let mut admitted: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    admitted.sort_unstable();
    assert_eq!(admitted, (0..RANGES).collect::<Vec<_>>());
    let metrics = server.probe("/metrics").await;
    assert!(metrics.text().contains(r#"vpcguard_inventory_objects{kind="Subnet"} 13"#), "{}", metrics.text());
    assert!(metrics.text().contains(r#"vpcguard_violations_total{rule="subnet-cidr-overlap",action="deny"} 195"#));
}

#[tokio::test]
async fn a_connection_serves_many_requests_under_each_name_of_the_certificate() {
    let server = Server::start("");
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut client = server.connect_as(name).await;
        for _ in 0..3 {
            let review = create(&subnet("a", "10.1.0.0/16")).to_string();
            assert_eq!(client.send(Method::POST, "/validate", review).await.response()["allowed"], true);
            assert_eq!(client.send(Method::POST, "/validate", "{").await.code(), 400);
        }
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_end() {
    let mut server = Server::start("");
    let idle = server.connect().await;
    let mut client = server.connect().await;
    let (mut more, body) = Channel::<Bytes>::new(1);
    let review = create(&subnet("a", "10.1.0.0/16")).to_string();
    let (first, rest) = review.split_at(review.len() / 2);
    more.send_data(first.to_owned().into()).await.unwrap();
    let reply = tokio::spawn(async move { client.send(Method::POST, "/validate", Body::new(body)).await });
    server.wait_until("/metrics", |metrics| metrics.text().contains("vpcguard_requests_in_flight 1")).await;
    assert_eq!(server.probe("/readyz").await.code(), 200);

    server.terminate();
    server.wait_until("/readyz?verbose", |readyz| readyz.code() == 503).await;
    assert!(server.probe("/readyz?verbose").await.text().contains("[-]not stopping failed"));
    assert_eq!(server.probe("/healthz").await.code(), 200);

    more.send_data(rest.to_owned().into()).await.unwrap();
    drop(more);
    let reply = reply.await.unwrap();
    assert_eq!(reply.response()["allowed"], true);
    assert_eq!(reply.head.headers["connection"], "close");
    assert_eq!(server.wait().code(), Some(0));
    drop(idle);
}

#[tokio::test]
async fn a_request_that_does_not_end_is_answered_in_time() {
    let server = Server::start("");
    let (mut more, body) = Channel::<Bytes>::new(1);
    more.send_data("{".into()).await.unwrap();
    let reply = server.post("/validate?timeout=100ms", Body::new(body)).await;
    assert_eq!((reply.code(), &reply.head.headers["retry-after"]), (429, &"1".parse().unwrap()));
    assert!(reply.failure().contains("within 50 ms"), "{}", reply.text());
}

#[test]
fn what_keeps_it_from_starting_is_said_in_a_line_and_code_2() {
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let (good, broken) = (path("good"), path("broken"));
    for dir in [&good, &broken] {
        fs::create_dir(dir).unwrap();
    }
    fs::write(path("broken/a.yaml"), "kind: Vpc\nmetadata: [\n").unwrap();
    fs::write(path("settings.yaml"), "rules:\n  subnet-cidr-overlp: deny\nstrictReference: true\n").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let said = |args: &[&str]| {
        let output = serve(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(output.stdout.is_empty());
        said
    };
    let ports = ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
    let with = |args: &[&str]| said(&[&ports[..], args].concat());

    let message = with(&[]);
    assert!(message.contains("no cluster to talk to"), "{message}");
    assert!(message.contains("set KUBECONFIG, or run in a Pod with a service account"), "{message}");
    assert!(said(&["--claim-hold", "15s"]).contains("must exceed the API server's --request-timeout by 15 s"));
    assert!(said(&["--tls", "files"]).contains("--tls-cert <FILE>"));
    let missing = path("missing");
    let message = with(&["--standalone", &missing]);
    assert!(message.contains(&format!("{missing}: no such directory")) && message.lines().count() == 1, "{message}");
    let message = with(&["--standalone", &broken]);
    assert!(message.contains("a.yaml:") && message.lines().count() == 1, "{message}");
    let message = with(&["--standalone", &good, "--settings", &path("settings.yaml")]);
    assert!(message.contains("settings.yaml:2:3: rules.subnet-cidr-overlp: unknown rule"), "{message}");
    assert!(message.contains(r#"did you mean "strictReferences"?"#) && message.lines().count() == 2, "{message}");
    let message = with(&["--standalone", &good, "--settings", &missing]);
    assert!(message.contains(&missing), "{message}");
    let message = with(&["--standalone", &good, "--ca-out", &path("missing/ca.pem")]);
    assert!(message.contains("cannot write the CA certificate to"), "{message}");
    for option in ["--listen", "--metrics-listen"] {
        let other = if option == "--listen" { "--metrics-listen" } else { "--listen" };
        let message = said(&["--standalone", &good, option, &taken, other, "127.0.0.1:0"]);
        assert!(message.contains(&format!("cannot listen on {taken}: ")), "{message}");
        assert!(message.contains(&format!("choose another address with {option}")), "{message}");
    }
    let message = with(&["--standalone", &good, "--probes-listen", &taken]);
    assert!(message.contains("choose another address with --probes-listen"), "{message}");
}
