//! The world: everything started, objects applied, waiting until Kube-OVN has settled.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use kube::client::Body;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::controller::Controller;
use super::kinds::{self, Resource};
use super::kubelet::Kubelet;
use super::mirror::{Id, Mirror};
use super::northbound::Northbound;
use super::ovn::{CHASSIS, NODE, Ovn};
use super::ovsdb::Rpc;
use super::parts::Parts;
use super::stand_ins;
use crate::control_plane::{ControlPlane, User};

/// How long nothing may change until Kube-OVN counts as settled.
const QUIET: Duration = Duration::from_millis(800);

/// When waiting for it ends: a broken object is tried again for ever.
const RESTLESS: Duration = Duration::from_secs(10);

/// How often it is looked.
const PAUSE: Duration = Duration::from_millis(50);

/// How long Kube-OVN may take to let go of what is deleted.
const PATIENCE: Duration = Duration::from_secs(3);

const START: Duration = Duration::from_secs(90);

/// How long the controller may take to begin its work. What is later than this was not going to come.
const CONTROLLER: Duration = Duration::from_secs(60);

/// How often the API server is asked again that says that a write came between.
const CONFLICTS: usize = 10;

/// The Multus kind, which is not Kube-OVN's.
const ATTACHMENTS: &str = include_str!("../../crds/network-attachment-definitions.yaml");

/// The external network of NAT gateways that name none.
const EXTERNAL: &str = "ovn-vpc-external-network";

/// Where rights are given.
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

/// What the API server said to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The code: 200, 201, 422 …
    pub code: u16,
    /// What is stored now, or the Status.
    pub body: Value,
}

impl Answer {
    /// Whether it was taken.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The message of a refusal.
    pub fn message(&self) -> &str {
        self.body.get("message").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A client of one user, whose requests wait for their answers.
pub(super) struct Client {
    runtime: tokio::runtime::Handle,
    client: kube::Client,
}

impl Client {
    fn send(&self, method: &str, path: &str, content: &str, body: Option<&Value>) -> Result<Answer> {
        let bytes = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content)
            .header("accept", "application/json");
        let request = request.body(Body::from(bytes))?;
        self.runtime.block_on(async {
            let answer = self.client.send(request).await?;
            let code = answer.status().as_u16();
            let bytes = answer.into_body().collect_bytes().await?;
            Ok(Answer { code, body: serde_json::from_slice(&bytes).unwrap_or_default() })
        })
    }

    pub(super) fn get(&self, id: &Id) -> Result<Answer> {
        self.send("GET", &path(id)?, "application/json", None)
    }

    pub(super) fn create(&self, object: &Value) -> Result<Answer> {
        let resource = Resource::of(object)?;
        self.send("POST", &resource.path(&Id::of(object).namespace, None), "application/json", Some(object))
    }

    pub(super) fn patch(&self, id: &Id, patch: &Value) -> Result<Answer> {
        self.send("PATCH", &path(id)?, "application/merge-patch+json", Some(patch))
    }

    pub(super) fn patch_status(&self, id: &Id, patch: &Value) -> Result<Answer> {
        self.send("PATCH", &format!("{}/status", path(id)?), "application/merge-patch+json", Some(patch))
    }

    fn delete(&self, id: &Id, options: &Value) -> Result<Answer> {
        self.send("DELETE", &path(id)?, "application/json", Some(options))
    }
}

fn path(id: &Id) -> Result<String> {
    let resource =
        Resource::named(&id.kind).with_context(|| format!("the witness does not know the kind {}", id.kind))?;
    Ok(resource.path(&id.namespace, Some(&id.name)))
}

/// See the module. What is dropped first ends first.
pub struct World {
    mirror: Mirror,
    controller: Controller,
    northbound: Rpc,
    ovn: Ovn,
    kubelet: Kubelet,
    admin: Client,
    plane: ControlPlane,
    parts: Parts,
    baseline: BTreeSet<Id>,
    // After the processes that write into it.
    directory: TempDir,
    runtime: Runtime,
}

impl World {
    /// Starts everything, and waits until Kube-OVN works.
    ///
    /// # Errors
    ///
    /// [`super::Missing`] parts, or what does not start.
    pub fn start() -> Result<Self> {
        let parts = Parts::find()?;
        let directory = TempDir::new()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let ovn = Ovn::start(&parts.ovn, directory.path())?;
        let mut plane = ControlPlane::builder()
            .flag("--max-requests-inflight=2000")
            .flag("--kubelet-preferred-address-types=ExternalIP")
            .start()?;
        plane.apply_crds(&parts.crds)?;
        let attachments = directory.path().join("attachments.yaml");
        std::fs::write(&attachments, ATTACHMENTS)?;
        plane.apply_crds(&attachments)?;
        let client = |user| {
            anyhow::Ok(Client { runtime: runtime.handle().clone(), client: runtime.block_on(plane.client(user))? })
        };
        let admin = client(User::Admin)?;
        let kubelet = Kubelet::start(&parts, directory.path())?;
        let rights = admin.send("POST", BINDINGS, "application/json", Some(&rights()))?;
        ensure!(rights.is_success(), "{}", rights.message());
        for object in beginnings(kubelet.port()) {
            let answer = admin.create(&object)?;
            if !answer.is_success() && answer.code != 409 {
                bail!("{}: {}", object, answer.message());
            }
            if object.get("status").is_some() {
                let patch = json!({"status": object.get("status")});
                admin.patch_status(&Id::of(&object), &patch)?;
            }
        }
        let mirror = Mirror::start(runtime.handle(), &admin.client);
        let controller = Controller::start(&parts, &plane, &ovn, directory.path())?;
        let northbound = ovn.northbound()?;
        let baseline = BTreeSet::new();
        let mut world =
            Self { mirror, controller, northbound, ovn, kubelet, admin, plane, parts, baseline, directory, runtime };
        if let Err(error) = world.wait_until_ready() {
            // Seen once in forty starts: it waits for a row that came before its monitor.
            eprintln!("kube-ovn-controller is started again: {error:#}");
            world.restart_controller()?;
        }
        world.settle()?;
        world.baseline = world.mirror.all().into_keys().collect();
        Ok(world)
    }

    /// The same, or none where parts are missing. In CI nothing may be missing.
    ///
    /// # Panics
    ///
    /// In CI if parts are missing, and if it does not start.
    #[expect(clippy::panic, reason = "a test ends so")]
    pub fn start_or_skip() -> Option<Self> {
        let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        let missing =
            |error: &anyhow::Error| error.is::<super::Missing>() || error.is::<crate::control_plane::Missing>();
        match Self::start() {
            Ok(world) => Some(world),
            Err(error) if missing(&error) && !in_ci => {
                eprintln!("skipped: {error}");
                None
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The version of Kube-OVN, and that of OVN.
    ///
    /// # Errors
    ///
    /// If OVN does not say.
    pub fn versions(&self) -> Result<(String, String)> {
        let output = self.parts.ovn.command("ovn-northd")?.arg("--version").output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let ovn = said.lines().next().and_then(|line| line.rsplit(' ').next()).unwrap_or_default();
        Ok((self.parts.version.clone(), ovn.to_owned()))
    }

    /// The control plane, to put webhooks before it.
    pub fn plane(&mut self) -> &mut ControlPlane {
        &mut self.plane
    }

    /// A live copy of an object.
    pub fn stored(&self, id: &Id) -> Option<Value> {
        self.mirror.get(id)
    }

    /// Live copies of all objects of a kind.
    pub fn stored_of_kind(&self, kind: &str) -> Vec<Value> {
        self.mirror.of_kind(kind)
    }

    /// Live copies of all objects.
    pub(super) fn objects(&self) -> BTreeMap<Id, Value> {
        self.mirror.all()
    }

    /// Creates an object as a user, or replaces the one of its name. Pods are bound to the node; what is to be deleting
    /// is deleted, and held by a finalizer.
    ///
    /// # Errors
    ///
    /// If there is no answer. A refusal is an answer.
    pub fn apply(&self, object: &Value) -> Result<Answer> {
        self.apply_with(&self.admin, object)
    }

    /// The same as somebody else.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn apply_as(&self, user: User, object: &Value) -> Result<Answer> {
        let client =
            Client { runtime: self.runtime.handle().clone(), client: self.runtime.block_on(self.plane.client(user))? };
        self.apply_with(&client, object)
    }

    fn apply_with(&self, client: &Client, object: &Value) -> Result<Answer> {
        let mut object = object.clone();
        if object.get("kind").is_some_and(|kind| kind == "Pod") {
            stand_ins::bind(&mut object);
        }
        let deleting = begin_deletion(&mut object);
        let id = Id::of(&object);
        let mut answer = client.create(&object)?;
        for _ in 0..CONFLICTS {
            if answer.code != 409 {
                break;
            }
            let stored = client.get(&id)?;
            answer = client.patch(&id, &difference(&stored.body, &object))?;
        }
        if deleting && answer.is_success() {
            let options = if id.kind == "Pod" { json!({"gracePeriodSeconds": 3600}) } else { json!({}) };
            return client.delete(&id, &options);
        }
        Ok(answer)
    }

    /// Changes what differs between two versions of an object, as `kubectl apply` does, and leaves alone what Kube-OVN added.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn change(&self, old: &Value, new: &Value) -> Result<Answer> {
        self.admin.patch(&Id::of(new), &difference(old, new))
    }

    /// Changes an object by a merge patch.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn change_to(&self, id: &Id, patch: &Value) -> Result<Answer> {
        self.admin.patch(id, patch)
    }

    /// Deletes an object at once.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn delete(&self, id: &Id) -> Result<Answer> {
        self.admin.delete(id, &json!({"gracePeriodSeconds": 0}))
    }

    /// Waits until nothing changes any more, playing what a cluster would play in between. What never rests is left after a
    /// while.
    ///
    /// # Errors
    ///
    /// If a part is gone. That the controller ended is no error: see [`Self::crash`].
    pub fn settle(&mut self) -> Result<()> {
        let start = Instant::now();
        let mut quiet_since = Instant::now();
        let (mut lines, mut errors) = (BTreeSet::new(), BTreeSet::new());
        let mark = self.controller.mark();
        while start.elapsed() < RESTLESS && self.controller.exited()?.is_none() {
            sleep(PAUSE);
            let acted = stand_ins::step(&self.admin, &self.mirror)?;
            let now_lines = self.northbound()?.lines();
            self.controller.listen()?;
            let now_errors = self.controller.errors(mark);
            if acted || now_lines != lines || now_errors != errors {
                quiet_since = Instant::now();
                (lines, errors) = (now_lines, now_errors);
            }
            if quiet_since.max(self.mirror.changed()).elapsed() > QUIET && !stand_ins::is_pending(&self.mirror) {
                break;
            }
        }
        self.ovn.sync()
    }

    /// OVN's northbound database as it stands.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn northbound(&mut self) -> Result<Northbound> {
        Northbound::read(&mut self.northbound)
    }

    /// What ovn-northd leaves out of the network as it stands.
    ///
    /// # Errors
    ///
    /// If it cannot be asked.
    pub fn dropped(&self) -> Result<Vec<String>> {
        self.ovn.dropped()
    }

    /// The matches in the southbound database that do not parse, with the reason.
    ///
    /// # Errors
    ///
    /// If ovn-trace does not read it.
    pub fn unparsed(&mut self) -> Result<Vec<(String, String)>> {
        self.ovn.unparsed()
    }

    /// What becomes of a packet, as ovn-trace tells it.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn trace(&self, switch: &str, flow: &str) -> Result<String> {
        self.ovn.trace(switch, flow)
    }

    /// Where the controller's log and the kubelet's stand now.
    pub(super) fn marks(&self) -> (usize, usize) {
        (self.controller.mark(), self.kubelet.mark())
    }

    /// The controller's errors since a mark.
    pub(super) fn errors(&self, mark: usize) -> BTreeSet<String> {
        self.controller.errors(mark)
    }

    /// The commands that the kubelet was told since a mark.
    pub(super) fn commands(&self, mark: usize) -> Result<Vec<String>> {
        self.kubelet.commands(mark)
    }

    /// Why the controller ended, if it did.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn crash(&mut self) -> Result<Option<String>> {
        let Some(status) = self.controller.exited()? else { return Ok(None) };
        self.controller.listen()?;
        Ok(Some(self.controller.panic().unwrap_or_else(|| format!("it ended with {status}"))))
    }

    /// Starts the controller once more, after its end.
    ///
    /// # Errors
    ///
    /// If it does not become ready.
    pub fn restart_controller(&mut self) -> Result<()> {
        if self.controller.exited()?.is_none() {
            self.controller.process().kill()?;
        }
        // The Lease of one that was killed would have to run out first.
        let lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-ovn-controller";
        self.admin.send("DELETE", lease, "application/json", None)?;
        self.controller = Controller::start(&self.parts, &self.plane, &self.ovn, self.directory.path())?;
        self.wait_until_ready()
    }

    /// Deletes all Pods, EndpointSlices and networks that were not there at the beginning, by force: what ends the controller ends it
    /// at each start until it is gone.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn forget(&self) -> Result<()> {
        for id in ["Pod", "EndpointSlice", "NetworkAttachmentDefinition"].into_iter().flat_map(|kind| self.added(kind))
        {
            self.admin.patch(&id, &json!({"metadata": {"finalizers": null}}))?;
            self.delete(&id)?;
        }
        Ok(())
    }

    /// Deletes all that was not there at the beginning, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// If something stays although its finalizers were taken.
    pub fn reset(&mut self) -> Result<()> {
        for stage in kinds::DELETED {
            self.delete_all(stage)?;
        }
        self.finalize(&self.added("Namespace"))?;
        self.settle()
    }

    /// Deletes what was added of these kinds. What a controller makes again is deleted again.
    fn delete_all(&self, stage: &[&str]) -> Result<()> {
        let start = Instant::now();
        loop {
            let ids: Vec<Id> = stage.iter().flat_map(|kind| self.added(kind)).collect();
            if ids.is_empty() {
                return Ok(());
            }
            ensure!(start.elapsed() < START, "{ids:?} stay");
            for id in &ids {
                let deleting =
                    self.mirror.get(id).is_none_or(|object| object.pointer("/metadata/deletionTimestamp").is_some());
                if deleting && start.elapsed() > PATIENCE {
                    self.admin.patch(id, &json!({"metadata": {"finalizers": null}}))?;
                } else if !deleting || id.kind == "Pod" {
                    self.delete(id)?;
                }
            }
            sleep(PAUSE);
        }
    }

    /// What was added of a kind.
    fn added(&self, kind: &str) -> Vec<Id> {
        let ids = self.mirror.of_kind(kind).iter().map(Id::of).collect::<Vec<_>>();
        ids.into_iter().filter(|id| !self.baseline.contains(id)).collect()
    }

    /// Ends Namespaces, as their controller would.
    fn finalize(&self, namespaces: &[Id]) -> Result<()> {
        for id in namespaces {
            let answer = self.admin.get(id)?;
            if answer.is_success() {
                let mut namespace = answer.body;
                if let Some(spec) = namespace.get_mut("spec").and_then(Value::as_object_mut) {
                    spec.insert("finalizers".to_owned(), json!([]));
                }
                self.admin.send("PUT", &format!("{}/finalize", path(id)?), "application/json", Some(&namespace))?;
            }
        }
        Ok(())
    }

    /// "Starting workers" in the log is too early: it looks at Pods once the node has its address.
    fn wait_until_ready(&mut self) -> Result<()> {
        let probe = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "i"}]},
        });
        self.apply(&probe)?;
        let allocated = |mirror: &Mirror, id: &Id| {
            let object = mirror.get(id)?;
            let annotation = object.pointer("/metadata/annotations/ovn.kubernetes.io~1allocated")?;
            (annotation == "true").then_some(())
        };
        let (node, probe) = (Id::cluster("Node", NODE), Id::of(&probe));
        let mirror = &self.mirror;
        let ready = || {
            allocated(mirror, &node)?;
            allocated(mirror, &probe)?;
            mirror.is_complete().then_some(())
        };
        self.controller.process().wait_for("the node and a Pod had addresses", CONTROLLER, ready)?;
        self.delete(&probe).map(drop)
    }
}

/// The merge patch that makes one version of an object into another. What the first has from others stays: finalizers and
/// what is not in the second's metadata.
fn difference(old: &Value, new: &Value) -> Value {
    let mut patch = Map::new();
    let (old, new) = (old.as_object(), new.as_object());
    let keys = old.into_iter().chain(new).flat_map(Map::keys).collect::<BTreeSet<_>>();
    for key in keys.into_iter().filter(|key| !["status", "apiVersion", "kind"].contains(&key.as_str())) {
        let (before, after) = (old.and_then(|old| old.get(key)), new.and_then(|new| new.get(key)));
        if key == "metadata" {
            patch.insert(key.clone(), metadata_difference(before, after));
        } else if before != after {
            patch.insert(key.clone(), merge_patch(before, after));
        }
    }
    Value::Object(patch)
}

/// Of metadata only labels and annotations change hands.
fn metadata_difference(old: Option<&Value>, new: Option<&Value>) -> Value {
    let mut patch = Map::new();
    for key in ["labels", "annotations"] {
        let of = |metadata: Option<&Value>| metadata.and_then(|metadata| metadata.get(key)).cloned();
        let (before, after) = (of(old), of(new));
        if before != after {
            patch.insert(key.to_owned(), merge_patch(before.as_ref(), after.as_ref()));
        }
    }
    Value::Object(patch)
}

/// RFC 7386.
fn merge_patch(old: Option<&Value>, new: Option<&Value>) -> Value {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys = old.keys().chain(new.keys()).collect::<BTreeSet<_>>();
            let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
            Value::Object(changed.map(|key| (key.clone(), merge_patch(old.get(key), new.get(key)))).collect())
        }
        (_, new) => new.cloned().unwrap_or_default(),
    }
}

/// Takes from an object what only the API server may write. Whether it is to be deleting, which a finalizer then holds up.
fn begin_deletion(object: &mut Value) -> bool {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return false };
    for key in
        ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionGracePeriodSeconds"]
    {
        metadata.remove(key);
    }
    let deleting = metadata.remove("deletionTimestamp").is_some();
    if deleting {
        metadata.insert("finalizers".to_owned(), json!(["vpcguard.io/witness"]));
    }
    deleting
}

/// The controller may do everything.
fn rights() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "kube-ovn"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": User::KubeOvn.name()}],
    })
}

/// What must be there before the controller starts: the node, the configuration of NAT gateways, which it
/// keeps in memory, and their external network.
fn beginnings(kubelet: u16) -> Vec<Value> {
    let config = |name: &str, data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "kube-system"}, "data": data});
    vec![
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {
                "name": NODE,
                "annotations": {"ovn.kubernetes.io/chassis": CHASSIS, "ovn.kubernetes.io/tunnel_interface": "eth0"},
                "labels": {
                    "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kube-ovn/role": "master",
                    "ovn.kubernetes.io/external-gw": "true",
                },
            },
            "status": {
                // An address in no range that a case uses.
                "addresses": [{"type": "InternalIP", "address": "192.168.255.1"}, {"type": "ExternalIP", "address": "127.0.0.1"}],
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "played"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet}},
            },
        }),
        config("ovn-vpc-nat-gw-config", json!({"enable-vpc-nat-gw": "true"})),
        config("ovn-vpc-nat-config", json!({"image": "vpc-nat-gateway:test"})),
        json!({
            "apiVersion": "kubeovn.io/v1", "kind": "ProviderNetwork", "metadata": {"name": "provider"}, "spec": {"defaultInterface": "eth1"},
        }),
        json!({
            "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": EXTERNAL, "namespace": "kube-system"},
            "spec": {"config": r#"{"cniVersion": "0.3.0", "type": "macvlan", "ipam": {"type": "kube-ovn", "server_socket": "/run/openvswitch/kube-ovn-daemon.sock"}}"#},
        }),
        json!({
            "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": EXTERNAL},
            // A range that no case uses.
            "spec": {"protocol": "IPv4", "provider": format!("{EXTERNAL}.kube-system"), "cidrBlock": "172.31.252.0/22", "gateway": "172.31.252.1"},
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_leaves_alone_what_others_added() {
        let old = json!({"metadata": {"name": "a", "finalizers": ["f"], "annotations": {"x": "1", "y": "2"}}, "spec": {"a": 1, "b": {"c": 1}}, "status": {}});
        let new = json!({"metadata": {"name": "a", "annotations": {"x": "1"}}, "spec": {"a": 2, "b": {"d": 1}}});
        let patch = json!({"metadata": {"annotations": {"y": null}}, "spec": {"a": 2, "b": {"c": null, "d": 1}}});
        assert_eq!(difference(&old, &new), patch);
    }

    #[test]
    fn what_is_to_be_deleting_is_held() {
        let mut object = json!({"metadata": {"name": "a", "uid": "u", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert!(begin_deletion(&mut object));
        assert_eq!(object, json!({"metadata": {"name": "a", "finalizers": ["vpcguard.io/witness"]}}));
        assert!(!begin_deletion(&mut json!({"metadata": {}})));
    }
}
