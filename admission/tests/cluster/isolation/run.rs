//! Requests of a tenant about objects of one name.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vpcguard_tests::control_plane::{Response, User};
use vpcguard_tests::isolation::{Step, Way};
use vpcguard_tests::kube_ovn::Resource;

use super::super::world::World;
use super::is_success;

/// How long vpcguard may take to hear of an object.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(30);

/// See the module.
pub(super) struct Run<'w> {
    world: &'w World,
    pub(super) steps: Vec<Step>,
    patience: Duration,
}

impl<'w> Run<'w> {
    pub(super) fn new(world: &'w World, way: &Way, steps: &[Step], name: &str) -> Self {
        let names_others =
            |object: &Value| ["Namespace", "NetworkAttachmentDefinition"].iter().any(|kind| object["kind"] == *kind);
        let waits = steps.iter().any(|step| matches!(step, Step::Make(_)) || step.objects().iter().any(names_others));
        let patience = if waits && way.until.is_none() { PATIENCE } else { Duration::ZERO };
        Self { world, steps: steps.iter().map(|step| step.renamed(name).unwrap()).collect(), patience }
    }

    /// The object that later requests are about.
    fn first(&self) -> &Value {
        &self.steps[0].objects()[0]
    }

    fn request(&self, user: User, method: &str, path: &str, body: &Value) -> Response {
        self.world.plane.request(user, method, path, &body.to_string()).unwrap()
    }

    /// Asks for it, without storing anything, until the answer is as it is wanted: vpcguard hears a moment later of what was stored
    /// just before.
    fn rehearse(&self, method: &str, path: &str, body: &Value, is_wanted: &dyn Fn(&Response) -> bool) {
        let begun = Instant::now();
        while begun.elapsed() < self.patience
            && !is_wanted(&self.request(User::Tenant, method, &format!("{path}?dryRun=All"), body))
        {
            sleep(PAUSE);
        }
    }

    pub(super) fn get(&self, object: &Value) -> Response {
        self.request(User::KubeOvn, "GET", &path(object), &Value::Null)
    }

    /// The object that later requests are about, as it is stored.
    pub(super) fn stored(&self) -> Value {
        let answer = self.get(self.first());
        if is_success(&answer) { serde_json::from_str(&answer.body).unwrap() } else { Value::Null }
    }

    /// Sends a request, or one for each object until one is refused.
    pub(super) fn send(&self, step: &Step, is_wanted: &dyn Fn(&Response) -> bool) -> Vec<Response> {
        let user = if matches!(step, Step::Make(_)) { User::KubeOvn } else { User::Tenant };
        let object = path(self.first());
        let send = |method, path: &str, body: &Value| {
            if user == User::Tenant {
                self.rehearse(method, path, body, is_wanted);
            }
            self.request(user, method, path, body)
        };
        let one = |method, path: &str, body: &Value| vec![send(method, path, body)];
        match step {
            Step::Create(objects) | Step::Make(objects) => {
                let mut answers = Vec::new();
                for object in objects {
                    answers.push(send("POST", &collection(object), object));
                    if !answers.last().is_some_and(is_success) {
                        break;
                    }
                }
                answers
            }
            Step::Merge(patch) => one("PATCH", &object, patch),
            Step::Status(patch) => one("PATCH", &format!("{object}/status"), patch),
            Step::Finalize(patch) => {
                let mut stored = self.stored();
                merge(&mut stored, patch);
                one("PUT", &format!("{object}/finalize"), &stored)
            }
            Step::Replace(annotations) => {
                let mut stored = self.stored();
                stored["metadata"]["annotations"] = annotations.clone();
                one("PUT", &object, &stored)
            }
            Step::Binding(annotations) => {
                let metadata = &self.first()["metadata"];
                let binding = json!({
                    "apiVersion": "v1", "kind": "Binding", "target": {"apiVersion": "v1", "kind": "Node", "name": "n1"},
                    "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "annotations": annotations},
                });
                one("POST", &format!("{object}/binding"), &binding)
            }
            Step::Unmake => vec![self.request(User::KubeOvn, "DELETE", &object, &json!({}))],
            Step::Delete(grace) => vec![self.request(user, "DELETE", &object, &json!({"gracePeriodSeconds": grace}))],
        }
    }

    /// Removes all that it made.
    pub(super) fn clear(&self) {
        for object in self.steps.iter().flat_map(Step::objects).rev() {
            let path = path(object);
            if object["metadata"].get("finalizers").is_some() {
                self.request(User::KubeOvn, "PATCH", &path, &json!({"metadata": {"finalizers": null}}));
            }
            self.request(User::KubeOvn, "DELETE", &path, &json!({"gracePeriodSeconds": 0}));
        }
    }
}

fn collection(object: &Value) -> String {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    Resource::of(object).unwrap().path(namespace, None)
}

pub(super) fn path(object: &Value) -> String {
    format!("{}/{}", collection(object), object["metadata"]["name"].as_str().unwrap())
}

/// RFC 7386.
fn merge(object: &mut Value, patch: &Value) {
    for (key, value) in patch.as_object().into_iter().flatten() {
        if value.is_object() {
            if !object[key].is_object() {
                object[key] = json!({});
            }
            merge(&mut object[key], value);
        } else {
            object[key] = value.clone();
        }
    }
}
