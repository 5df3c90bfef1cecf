//! The world: everything started, objects applied, waiting until Kube-OVN has settled.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::beginnings;
use super::change::difference;
use super::client::{Answer, Client};
use super::controller::Controller;
use super::kubelet::Kubelet;
use super::mirror::{Id, Mirror};
use super::northbound::Northbound;
use super::ovn::{NODE, Ovn};
use super::ovsdb::Rpc;
use super::parts::Parts;
use super::stand_ins;
use crate::control_plane::{ControlPlane, User};

/// How long nothing may change until Kube-OVN counts as settled.
const QUIET: Duration = Duration::from_millis(800);

/// The same while a NAT gateway is not told all of its rules, which Kube-OVN tries again after two seconds.
const LINGERING: Duration = Duration::from_secs(3);

/// When waiting for it ends: a broken object is tried again for ever.
const RESTLESS: Duration = Duration::from_secs(10);

/// How often it is looked.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// How long the controller may take to begin its work. What is later than this was not going to come.
const CONTROLLER: Duration = Duration::from_mins(1);

/// The Multus kind, which is not Kube-OVN's.
const ATTACHMENTS: &str = include_str!("../../crds/network-attachment-definitions.yaml");

/// Where rights are given.
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

/// See the module. What is dropped first ends first.
pub struct World {
    pub(super) mirror: Mirror,
    controller: Controller,
    northbound: Rpc,
    ovn: Ovn,
    kubelet: Kubelet,
    pub(super) admin: Client,
    plane: ControlPlane,
    parts: Parts,
    pub(super) baseline: BTreeSet<Id>,
    /// How many commands NAT gateways had been told at the last reset.
    pub(super) told_before: usize,
    /// Workloads whose Pod was refused, by uid.
    without_pod: BTreeSet<String>,
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
        let admin = Client::of(User::Admin, &plane, &runtime)?;
        let kubelet = Kubelet::start(&parts, directory.path())?;
        let rights = admin.send("POST", BINDINGS, "application/json", Some(&beginnings::rights()))?;
        ensure!(rights.is_success(), "{}", rights.message());
        for object in beginnings::objects(kubelet.port()) {
            let answer = admin.create(&object)?;
            if !answer.is_success() && answer.code != 409 {
                bail!("{}: {}", object, answer.message());
            }
            if object.get("status").is_some() {
                let patch = json!({"status": object.get("status")});
                let answer = admin.patch_status(&Id::of(&object), &patch)?;
                ensure!(answer.is_success(), "{object}: {}", answer.message());
            }
        }
        let mirror = Mirror::start(runtime.handle(), admin.inner());
        let controller = Controller::start(&parts, &plane, &ovn, directory.path())?;
        let northbound = ovn.northbound()?;
        let baseline = BTreeSet::new();
        let mut world = Self {
            mirror,
            controller,
            northbound,
            ovn,
            kubelet,
            admin,
            plane,
            parts,
            baseline,
            told_before: 0,
            without_pod: BTreeSet::new(),
            directory,
            runtime,
        };
        if let Err(error) = world.wait_until_ready() {
            // Nothing is known that would stop it; what it calls an error may have left the end of its log long before.
            world.controller.listen()?;
            let errors = world.controller.errors(0).into_iter().collect::<Vec<_>>().join("\n");
            eprintln!("kube-ovn-controller is started again: {error:#}\nits errors:\n{errors}");
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
        self.admin.apply(object)
    }

    /// The same as somebody else.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn apply_as(&self, user: User, object: &Value) -> Result<Answer> {
        self.client(user)?.apply(object)
    }

    /// A client of a user, for many requests or such as are not made here.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn client(&self, user: User) -> Result<Client> {
        Client::of(user, &self.plane, &self.runtime)
    }

    /// Lets what is there now count as having been there at the beginning, so that it is neither forgotten nor reset.
    pub fn keep(&mut self) {
        self.baseline = self.mirror.all().into_keys().collect();
    }

    /// Deletes objects by force, and does not wait for what Kube-OVN does about it. Whoever does it is to be exempt from webhooks.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn remove(&self, client: &Client, ids: &[Id]) -> Result<()> {
        for id in ids {
            client.patch(id, &json!({"metadata": {"finalizers": null}}))?;
            client.delete(id, &json!({"gracePeriodSeconds": 0}))?;
        }
        let namespaces: Vec<_> = ids.iter().filter(|id| id.kind == "Namespace").cloned().collect();
        self.finalize(&namespaces)
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
    /// If a part is gone. That the controller ended is not an error: see [`Self::crash`].
    pub fn settle(&mut self) -> Result<()> {
        self.settle_within(RESTLESS)
    }

    /// The same with another end.
    ///
    /// # Errors
    ///
    /// See [`Self::settle`].
    pub fn settle_within(&mut self, restless: Duration) -> Result<()> {
        let start = Instant::now();
        let mut quiet_since = Instant::now();
        let (mut lines, mut errors) = (BTreeSet::new(), BTreeSet::new());
        let mark = self.controller.mark();
        while start.elapsed() < restless && self.controller.exited()?.is_none() {
            sleep(PAUSE);
            let acted = stand_ins::step(&self.admin, &self.mirror, &mut self.without_pod)?;
            let now_lines = self.northbound()?.lines();
            self.controller.listen()?;
            let now_errors = self.controller.errors(mark);
            if acted || now_lines != lines || now_errors != errors {
                quiet_since = Instant::now();
                (lines, errors) = (now_lines, now_errors);
            }
            let quiet = quiet_since.max(self.mirror.changed()).elapsed();
            let is_due = if stand_ins::has_unready_rules(&self.mirror) { quiet > LINGERING } else { quiet > QUIET };
            if is_due && !stand_ins::has_pending_gateways(&self.mirror) {
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
        self.serve_externally()?;
        self.delete(&probe).map(drop)
    }

    /// Lets the node serve external gateways. Without their `ConfigMap` the controller says once that none does, soon after its start.
    fn serve_externally(&self) -> Result<()> {
        let node = Id::cluster("Node", NODE);
        let label = |node: &Value| node.pointer("/metadata/labels/ovn.kubernetes.io~1external-gw").cloned();
        let start = Instant::now();
        while self.mirror.get(&node).and_then(|node| label(&node)) == Some("true".into()) && start.elapsed() < RESTLESS
        {
            sleep(PAUSE);
        }
        let labels = json!({"metadata": {"labels": {"ovn.kubernetes.io/external-gw": "true"}}});
        let answer = self.admin.patch(&node, &labels)?;
        ensure!(answer.is_success(), "the node: {}", answer.message());
        Ok(())
    }
}
