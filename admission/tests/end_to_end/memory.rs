//! The worst that can be sent, by many clients at once: it takes less memory than the chart allows, and each of them is
//! answered.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use vpcguard_check::{Source, parse_value};

use crate::abuse::Asked;
use crate::running::PATIENCE;
use crate::serving::{sent, subnet};

const CLIENTS: usize = 48;

/// What the view of a large cluster takes, in MiB (docs/figures.md).
const VIEW: u64 = 111;

/// The largest object that an API server takes.
const OBJECT: usize = 3 << 20;

/// A little less than the values that an object may hold.
const MOST_VALUES: usize = 480_000;

/// What the chart allows, in MiB.
fn allowed() -> u64 {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/vpcguard/values.yaml");
    let values = parse_value(&Source { name: file.to_owned(), bytes: std::fs::read(file).unwrap() }).unwrap();
    let limit = values["resources"]["limits"]["memory"].as_str().unwrap();
    limit.strip_suffix("Mi").unwrap().parse().unwrap()
}

/// A body that takes a lot of what a body may take.
struct Worst {
    what: &'static str,
    request: Vec<u8>,
}

impl Worst {
    fn new(what: &'static str, path: &'static str, operation: &str, object: &Value) -> Self {
        let body = sent(operation, object).concat();
        let head = format!("POST {path}?timeout=30s HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        Self { what, request: (head + &body).into_bytes() }
    }
}

/// An object of the largest size, about, whose text at a place is made of parts.
fn filled(mut object: Value, place: &str, part: impl Fn(usize) -> String, close: &str) -> Value {
    let mut text = String::new();
    let mut at = 0;
    while text.len() < OBJECT {
        text += &part(at);
        at += 1;
    }
    let text = text.trim_end_matches(',');
    object.pointer_mut(place).unwrap().clone_from(&format!("{text}{close}").into());
    object
}

/// An object with as many items in a list as make the largest size, about.
fn full(mut object: Value, place: &str, item: impl Fn(usize) -> Value) -> Value {
    let values = 5 + 3 * item(0).as_object().map_or(0, serde_json::Map::len);
    let count = (OBJECT / (item(0).to_string().len() + 1)).min(MOST_VALUES / values);
    object.pointer_mut(place).unwrap().clone_from(&(0..count).map(item).collect());
    object
}

fn worst() -> Vec<Worst> {
    let pod = |key: &str| {
        let annotations = json!({key: ""});
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": "ns", "annotations": annotations},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        })
    };
    let networks = || pod("k8s.v1.cni.cncf.io/networks");
    let place = "/metadata/annotations/k8s.v1.cni.cncf.io~1networks";
    let of_commas = filled(networks(), place, |at| format!("n{at:x},"), "");
    let the_same = filled(networks(), place, |_| "a,".to_owned(), "");
    let of_objects =
        filled(networks(), place, |at| format!("{}{{\"name\":\"n{at:x}\"}},", if at == 0 { "[" } else { "" }), "]");
    let mut vpc =
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "v"}, "spec": {"staticRoutes": []}});
    let routes = full(
        vpc.clone(),
        "/spec/staticRoutes",
        |at| json!({"cidr": format!("10.{}.{}.0/24", (at >> 8) & 255, at & 255), "nextHopIP": "10.0.0.1", "policy": "policyDst"}),
    );
    vpc["spec"] = json!({"namespaces": []});
    let namespaces = full(vpc, "/spec/namespaces", |at| format!("{at:x}").into());
    let mut with_list = subnet("b", "10.2.0.0/16");
    with_list["spec"]["excludeIps"] = json!([]);
    let excluded = full(with_list, "/spec/excludeIps", |at| format!("10.2.{}.{}", (at >> 8) & 255, at & 255).into());
    // A little less than the most values, and as many bytes as there may be.
    let mut numbers = subnet("b", "10.2.0.0/16");
    numbers["spec"]["values"] = vec![0; 499_000].into();
    numbers["spec"]["text"] = "x".repeat(17 << 20).into();
    let mut objects = numbers.clone();
    objects["spec"]["values"] = vec![json!({"": 0}); 60_000].into();
    vec![
        Worst::new("numbers", "/validate", "UPDATE", &numbers),
        Worst::new("objects", "/validate", "UPDATE", &objects),
        Worst::new("networks", "/validate", "UPDATE", &of_commas),
        Worst::new("networks to inject", "/mutate", "UPDATE", &of_commas),
        Worst::new("networks, the same", "/validate", "UPDATE", &the_same),
        Worst::new("networks, objects", "/validate", "UPDATE", &of_objects),
        Worst::new("routes", "/validate", "CREATE", &routes),
        Worst::new("namespaces", "/validate", "CREATE", &namespaces),
        Worst::new("addresses", "/validate", "CREATE", &excluded),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worst_bodies_of_many_at_once_stay_below_the_limit_of_the_chart() {
    let (most, mut found) = (allowed() - VIEW, String::new());
    let mut is_too_much = false;
    for worst in worst() {
        let mut asked = Asked::new().await;
        let worst = Arc::new(worst);
        let mut requests = JoinSet::new();
        for _ in 0..CLIENTS {
            let (stream, worst) = (asked.connect().await, Arc::clone(&worst));
            requests.spawn(async move { timeout(PATIENCE, post(stream, &worst.request)).await });
        }
        let (mut judged, mut sent_away) = (0, 0);
        for answer in requests.join_all().await {
            let response = answer.expect("an answer in time").expect("an answer");
            assert_eq!(response["uid"], "the-uid");
            // What has waited for too long, or had to go, is told to come again.
            match response["status"]["code"].as_u64() {
                None | Some(403 | 422) => judged += 1,
                Some(429) => sent_away += 1,
                Some(_) => panic!("{}: {response}", worst.what),
            }
        }
        asked.is_answered().await;
        let took = asked.server.most_memory();
        let mib = worst.request.len() >> 20;
        writeln!(found, "{} ({mib} MiB): {judged} judged, {sent_away} sent away, {took} MiB at most", worst.what)
            .unwrap();
        is_too_much |= took >= most || judged == 0;
    }
    println!("{found}");
    assert!(!is_too_much, "{most} MiB are allowed:\n{found}");
}

/// Posts a body, and reads while it writes, as an API server does: who has to go is answered before he has said all.
async fn post(mut stream: TlsStream<TcpStream>, request: &[u8]) -> io::Result<Value> {
    let (mut written, mut answer) = (0, Vec::new());
    poll_fn(|context| {
        let mut stream = Pin::new(&mut stream);
        while written < request.len() {
            match stream.as_mut().poll_write(context, &request[written..]) {
                Poll::Ready(Ok(bytes)) => written += bytes,
                // The answer may have come all the same.
                Poll::Ready(Err(_)) => written = request.len(),
                Poll::Pending => break,
            }
        }
        if written == request.len() {
            let _ = stream.as_mut().poll_flush(context);
        }
        read(stream, context, &mut answer)
    })
    .await
}

/// Reads on until there is a whole response.
fn read(
    mut stream: Pin<&mut TlsStream<TcpStream>>,
    context: &mut Context<'_>,
    answer: &mut Vec<u8>,
) -> Poll<io::Result<Value>> {
    loop {
        let mut room = [0; 8192];
        let mut buffer = ReadBuf::new(&mut room);
        match stream.as_mut().poll_read(context, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            Poll::Ready(Ok(())) => answer.extend_from_slice(buffer.filled()),
        }
        let text = String::from_utf8_lossy(answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str::<Value>(body)
        {
            assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
            return Poll::Ready(Ok(body["response"].clone()));
        }
    }
}
