//! Many requests at once, as they are: no client here tries anything again by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use kube::Client;
use kube::core::Request;
use kube::core::params::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use vpcguard_tests::control_plane::User;

use super::world::{PATIENCE, World};

/// A client with the runtime that it needs.
pub(crate) struct Clients {
    pub(crate) runtime: Runtime,
    pub(crate) client: Client,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn is_accepted(&self) -> bool {
        (200..300).contains(&self.code)
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl Clients {
    pub(crate) fn new(world: &World, user: User) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let client = runtime.block_on(world.plane.client(user))?;
        Ok(Self { runtime, client })
    }

    /// Does all of these at once, and answers in their order.
    pub(crate) fn at_once<F>(&self, requests: impl IntoIterator<Item = F>) -> Vec<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let mut all = JoinSet::new();
        self.runtime.block_on(async {
            for (at, request) in requests.into_iter().enumerate() {
                all.spawn(async move { (at, request.await) });
            }
            let mut answers = all.join_all().await;
            answers.sort_by_key(|(at, _)| *at);
            answers.into_iter().map(|(_, answer)| answer).collect()
        })
    }

    pub(crate) fn create(&self, plural: &str, object: Value) -> impl Future<Output = Answer> + Send + 'static {
        let request = Request::new(url(plural)).create(&PostParams::default(), object.to_string().into_bytes());
        send(self.client.clone(), request)
    }

    pub(crate) fn merge(
        &self,
        plural: &str,
        name: &str,
        patch: &Value,
    ) -> impl Future<Output = Answer> + Send + 'static {
        let request = Request::new(url(plural)).patch(name, &PatchParams::default(), &Patch::Merge(patch));
        send(self.client.clone(), request)
    }

    pub(crate) fn delete(&self, plural: &str, name: &str) -> impl Future<Output = Answer> + Send + 'static {
        send(self.client.clone(), Request::new(url(plural)).delete(name, &DeleteParams::default()))
    }

    /// All objects as they are stored.
    pub(crate) fn list(&self, plural: &str) -> Vec<Value> {
        let begun = Instant::now();
        let answer = loop {
            let request = Request::new(url(plural)).list(&ListParams::default());
            let answer = self.runtime.block_on(send(self.client.clone(), request));
            // "storage is (re)initializing": so it is with a kind that is new.
            if answer.code != 429 || begun.elapsed() > PATIENCE {
                break answer;
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        assert!(answer.is_accepted(), "{answer:?}");
        answer.body["items"].as_array().cloned().unwrap_or_default()
    }
}

/// The URL of a cluster-scoped resource.
fn url(plural: &str) -> String {
    match plural {
        "addressledgers" | "addressindices" => format!("/apis/vpcguard.io/v1alpha1/{plural}"),
        _ => format!("/apis/kubeovn.io/v1/{plural}"),
    }
}

async fn send(client: Client, request: Result<http::Request<Vec<u8>>, kube::core::request::Error>) -> Answer {
    let lost = |error: &dyn std::fmt::Display| Answer { code: 0, body: json!({"message": error.to_string()}) };
    let request = match request {
        Ok(request) => request,
        Err(error) => return lost(&error),
    };
    match client.request::<Value>(request).await {
        Ok(body) => Answer { code: 200, body },
        Err(kube::Error::Api(status)) => {
            Answer { code: status.code, body: serde_json::to_value(status).unwrap_or_default() }
        }
        // The API server is away, or the connection broke.
        Err(error) => lost(&error),
    }
}

/// A Subnet of a VPC.
pub(crate) fn subnet(name: &str, vpc: &str, cidr: &str) -> Value {
    let gateway = cidr.split('/').next().unwrap_or_default().trim_end_matches('0').to_owned() + "1";
    json!({
        "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name},
        "spec": {"vpc": vpc, "protocol": "IPv4", "cidrBlock": cidr, "gateway": gateway},
    })
}

/// A VPC that may go while its Subnets stay.
pub(crate) fn vpc(name: &str) -> Value {
    let metadata = json!({"name": name, "annotations": {"vpcguard.io/allow": "vpc-in-use"}});
    json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": metadata, "spec": {}})
}

/// Something to share between requests.
pub(crate) fn shared<T>(value: T) -> Arc<T> {
    Arc::new(value)
}
