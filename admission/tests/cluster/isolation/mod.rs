//! Every way into another tenant's VPC, tried with the rights of an ordinary tenant: it is refused and not stored, and what an
//! honest tenant writes instead is stored without a word.
//!
//! What a way attaches where nobody refuses it is held against Kube-OVN itself in the test of conformance.

mod ground;

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vpcguard_policies::rules::TABLE;
use vpcguard_tests::control_plane::{Response, User};
use vpcguard_tests::isolation::{Step, Way};
use vpcguard_tests::kube_ovn::Resource;

use super::world::World;

/// How long vpcguard may take to hear of an object.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(30);

#[test]
fn nobody_gets_in() {
    let ways = Way::all().unwrap();
    for way in &ways {
        for rule in way.warns.iter().chain([&way.rule]) {
            assert!(way.until.is_some() || is_rule(rule), "{}: there is no rule {rule}", way.name);
        }
    }
    let Some(mut world) = World::start() else { return };
    ground::lay(&mut world);
    let (mut wrong, mut waiting) = (Vec::new(), 0);
    for (number, way) in ways.iter().enumerate() {
        let mut found: Vec<String> =
            [tried(&world, way, number), honest(&world, way, number)].into_iter().flatten().collect();
        match &way.until {
            Some(_) if !found.is_empty() => {
                waiting += 1;
                eprintln!("{} waits: {}", way.name, found.join("; "));
                found.clear();
            }
            Some(until) => found.push(format!("is held now, and need not wait for {until}")),
            None => {}
        }
        wrong.extend(found.iter().map(|found| format!("{}: {found}", way.name)));
    }
    eprintln!("{} ways, of which {waiting} wait for a rule", ways.len());
    assert!(wrong.is_empty(), "{} of {} ways:\n{}", wrong.len(), ways.len(), wrong.join("\n"));
}

fn is_rule(id: &str) -> bool {
    TABLE.iter().any(|rule| rule.id == id)
}

/// What came of a way, if it is not what is wanted.
fn tried(world: &World, way: &Way, number: usize) -> Option<String> {
    let run = Run::new(world, way, &way.steps, &format!("way{number}"));
    let outcome = (|| {
        for (at, step) in run.steps.iter().enumerate().take(way.step) {
            let is_refusal = |answer: &Response| says(answer, &way.rule);
            let is_last = at + 1 == way.step;
            let (before, answers) = (run.stored(), run.send(step, if is_last { &is_refusal } else { &is_success }));
            let refused = answers.iter().find(|answer| !is_success(answer));
            match refused {
                None if is_last => return Some("is admitted".to_owned()),
                None => {}
                Some(answer) if !is_last => return Some(format!("request {} is refused: {}", at + 1, answer.body)),
                Some(answer) if !says(answer, &way.rule) => {
                    return Some(format!("is refused with {}: {}", answer.status, answer.body));
                }
                Some(_) if !matches!(step, Step::Create(_)) && run.stored() != before => {
                    return Some("is refused, and something is stored".to_owned());
                }
                Some(_) => {
                    let refused = step.objects().get(answers.len().saturating_sub(1));
                    let is_stored = refused.is_some_and(|object| is_success(&run.get(object)));
                    return is_stored.then(|| "is refused, and stored".to_owned());
                }
            }
        }
        None
    })();
    run.clear();
    outcome
}

/// What came of what the honest tenant writes, if it is not what is wanted.
fn honest(world: &World, way: &Way, number: usize) -> Option<String> {
    let run = Run::new(world, way, &way.neighbour, &format!("honest{number}"));
    let mut warned = BTreeSet::new();
    let outcome = (|| {
        for step in &run.steps {
            let is_wanted =
                |answer: &Response| is_success(answer) && warnings(answer).iter().all(|rule| way.warns.contains(rule));
            for answer in run.send(step, &is_wanted) {
                if !is_success(&answer) {
                    return Some(format!("its neighbour is refused: {}", answer.body));
                }
                let rules = warnings(&answer);
                if let Some(other) = rules.iter().find(|rule| !way.warns.contains(rule)) {
                    return Some(format!("its neighbour is warned of {other}: {}", answer.head));
                }
                warned.extend(rules);
            }
        }
        let silent = way.warns.iter().find(|rule| !warned.contains(*rule));
        silent.map(|rule| format!("its neighbour is not warned of {rule}"))
    })();
    run.clear();
    outcome
}

/// Whether a rule speaks, in a refusal or in a warning.
fn says(answer: &Response, rule: &str) -> bool {
    answer.body.contains(&format!("[{rule}]")) || warnings(answer).iter().any(|said| said == rule)
}

fn is_success(answer: &Response) -> bool {
    (200..300).contains(&answer.status)
}

/// The rules that warn.
fn warnings(answer: &Response) -> Vec<String> {
    let lines = answer.head.lines().filter(|line| line.to_ascii_lowercase().starts_with("warning:"));
    // The API server's own have no rule, and are none of ours.
    let rule =
        |line: &str| line.rsplit_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(rule, _)| rule.to_owned());
    lines.filter_map(rule).filter(|rule| is_rule(rule)).collect()
}

/// Requests about objects of one name.
struct Run<'w> {
    world: &'w World,
    steps: Vec<Step>,
    patience: Duration,
}

impl<'w> Run<'w> {
    fn new(world: &'w World, way: &Way, steps: &[Step], name: &str) -> Self {
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

    fn get(&self, object: &Value) -> Response {
        self.request(User::KubeOvn, "GET", &path(object), &Value::Null)
    }

    /// The object that later requests are about, as it is stored.
    fn stored(&self) -> Value {
        let answer = self.get(self.first());
        if is_success(&answer) { serde_json::from_str(&answer.body).unwrap() } else { Value::Null }
    }

    /// Sends a request, or one for each object until one is refused.
    fn send(&self, step: &Step, is_wanted: &dyn Fn(&Response) -> bool) -> Vec<Response> {
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
    fn clear(&self) {
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

fn path(object: &Value) -> String {
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
