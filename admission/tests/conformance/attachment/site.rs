//! The place of the attack: the witness with the world of [`super::facts`], and vpcguard before it.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vpcguard_policies::rules::TABLE;
use vpcguard_tests::control_plane::User;
use vpcguard_tests::kube_ovn::{Answer, Client, Id, PodPort, World, bind};

use super::breach::{Breach, Owners, breaches};
use vpcguard_tests::isolation::Step;

use super::case::Case;
use super::facts::{DELETED, SUBNETS, is_closed, owners, stages, vpc_of};
use super::guard::Guard;
use super::lands::{Landing, Seen};

/// How long an object may take that others need.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it may take until nothing changes: what Kube-OVN tries again for ever is then left.
const REST: Duration = Duration::from_secs(4);

/// How long what is sound may take to come up.
const COMING_UP: Duration = Duration::from_secs(15);

/// Who sends a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    Tenant,
    /// Who is exempt from vpcguard.
    Administrator,
}

/// What was said to a case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Admitted,
    /// By vpcguard.
    Refused(String),
    /// By the API server itself.
    Invalid(String),
}

/// What came of a case.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) breaches: Vec<Breach>,
    /// How many ports its Pods have.
    pub(super) ports: usize,
    /// What came of each interface that was said, of a Pod that was admitted.
    pub(super) landings: Vec<(Landing, String)>,
}

/// What came of some cases together.
pub(super) struct Round {
    pub(super) outcomes: Vec<Outcome>,
    /// Why Kube-OVN ended.
    pub(super) crash: Option<String>,
}

/// See the module. What is dropped first ends first.
pub(super) struct Site {
    guard: Option<Guard>,
    tenant: Client,
    exempt: Client,
    world: World,
    number: usize,
    /// Whether there are no more cases after this one, so that Kube-OVN need not be started again.
    pub(super) is_over: bool,
    /// The ports of those who are attacked, and their switches.
    homes: BTreeMap<String, String>,
}

impl Site {
    /// The world with nothing before it.
    pub(super) fn start() -> Option<Self> {
        let mut world = World::start_or_skip()?;
        for stage in stages() {
            for object in stage {
                let answer = world.apply(&object).unwrap();
                assert!(answer.is_success(), "{object}: {}", answer.message());
            }
            world.settle().unwrap();
        }
        let northbound = world.northbound().unwrap();
        for (subnet, ..) in SUBNETS.iter().filter(|(_, vpc, ..)| !vpc.is_empty()) {
            assert!(northbound.has_switch(subnet), "{subnet} has no switch");
        }
        let rights = tenants();
        let answer = world.plane().kubectl(User::Admin, &["apply", "-f", "-"], Some(&rights.to_string())).unwrap();
        answer.success().unwrap();
        let (tenant, exempt) = (world.client(User::Tenant).unwrap(), world.client(User::KubeOvn).unwrap());
        let mut site = Self { guard: None, tenant, exempt, world, number: 0, is_over: false, homes: BTreeMap::new() };
        site.homes = site.ports_of_owners();
        assert_eq!(site.homes.len(), 5, "not all of cobalt's Pods came up: {:?}", site.homes);
        for (kind, name) in DELETED {
            // Their finalizers are Kube-OVN's own, which wait for the Pods in them.
            site.exempt.delete(&Id::cluster(kind, name), &json!({})).unwrap();
        }
        site.world.settle().unwrap();
        site.world.keep();
        Some(site)
    }

    /// Puts vpcguard before it.
    pub(super) fn guard(&mut self) {
        self.guard = Some(Guard::start(self.world.plane()).unwrap());
    }

    pub(super) fn versions(&self) -> (String, String) {
        self.world.versions().unwrap()
    }

    /// Whether a tenant could create it as it is.
    pub(super) fn admits(&self, object: &Value) -> bool {
        self.tenant.try_to_create(object).unwrap().is_success()
    }

    /// Runs cases together: each step of all, then the next, with rest in between; removes what they made.
    pub(super) fn run(&mut self, cases: &[Case], by: By) -> Round {
        self.run_and_wait(cases, by, Duration::ZERO)
    }

    /// The same, and waits some more before it looks: what Kube-OVN tries again, it tries after ever longer pauses.
    pub(super) fn run_and_wait(&mut self, cases: &[Case], by: By, wait: Duration) -> Round {
        let numbered: Vec<Case> = cases.iter().map(|case| self.numbered(case)).collect();
        let mut verdicts = vec![Verdict::Admitted; cases.len()];
        let mut crash = None;
        let mut next = vec![0; cases.len()];
        while crash.is_none()
            && numbered.iter().zip(&verdicts).zip(&next).any(|((case, verdict), next)| is_going(case, verdict, *next))
        {
            for deletes in [false, true] {
                for ((case, verdict), next) in numbered.iter().zip(&mut verdicts).zip(&mut next) {
                    // What is deleted is changed at once: it is still in Kube-OVN's queue.
                    while is_going(case, verdict, *next) && (!deletes || after_deletion(case, *next)) {
                        *verdict = self.send(case, &case.steps[*next], by);
                        *next += 1;
                        if !deletes {
                            break;
                        }
                    }
                }
            }
            self.settle(&numbered, &verdicts);
            crash = self.world.crash().unwrap();
        }
        sleep(wait);
        let outcomes = self.outcomes(&numbered, verdicts);
        let made: Vec<Id> = numbered.iter().flat_map(Case::objects).flat_map(ids).collect();
        let made: Vec<Id> = made.into_iter().filter(|id| self.world.stored(id).is_some()).collect();
        self.world.remove(&self.exempt, &made).unwrap();
        if crash.is_some() {
            self.recover();
        } else {
            self.restore();
        }
        Round { outcomes, crash }
    }

    /// The same, and sees whether Kube-OVN ends by the deletion.
    pub(super) fn run_to_the_end(&mut self, cases: &[Case], by: By) -> Round {
        let mut round = self.run(cases, by);
        self.world.settle().unwrap();
        if let Some(crash) = self.world.crash().unwrap() {
            round.crash = Some(crash);
            self.recover();
        }
        round
    }

    /// Waits for rest, and until all that is sound has come up: on a busy machine Kube-OVN has not yet looked at the others either.
    fn settle(&mut self, numbered: &[Case], verdicts: &[Verdict]) {
        let start = Instant::now();
        let both = numbered.iter().zip(verdicts);
        let sound = both.filter(|(case, verdict)| **verdict == Verdict::Admitted && case.is_sound());
        let ids = sound.flat_map(|(case, _)| ids(case.object()).into_iter().map(move |id| (id, case)));
        let pods: Vec<(Id, &Case)> = ids.filter(|(id, _)| id.kind == "Pod").collect();
        loop {
            self.world.settle_within(REST).unwrap();
            let ports = self.world.northbound().unwrap().pods();
            let up: BTreeSet<String> = ports.into_iter().map(|port| port.pod).collect();
            let is_down = |(id, _): &&(Id, &Case)| !up.contains(&format!("{}/{}", id.namespace, id.name));
            let down: Vec<_> = pods.iter().filter(is_down).collect();
            if down.is_empty() || self.world.crash().unwrap().is_some() {
                break;
            }
            if start.elapsed() > COMING_UP {
                for (id, case) in down {
                    let stored = self.world.stored(id).map(|pod| pod["metadata"]["annotations"].to_string());
                    println!("does not come up: {}now {}", case.yaml(), stored.unwrap_or_default());
                }
                break;
            }
        }
    }

    fn numbered(&mut self, case: &Case) -> Case {
        self.number += 1;
        case.numbered(self.number)
    }

    fn recover(&mut self) {
        if self.is_over {
            return;
        }
        self.world.forget().unwrap();
        self.world.restart_controller().unwrap();
        self.world.settle().unwrap();
        self.restore();
    }

    fn send(&self, case: &Case, step: &Step, by: By) -> Verdict {
        let client = if by == By::Tenant { &self.tenant } else { &self.exempt };
        let id = Id::of(case.object());
        let patch = |patch: &Value, status: bool| {
            if status { client.patch_status(&id, patch) } else { client.patch(&id, patch) }.unwrap()
        };
        match step {
            Step::Create(objects) => all(client, objects, !case.is_bound_later()),
            Step::Make(objects) => all(&self.exempt, objects, !case.is_bound_later()),
            Step::Merge(body) => verdict(&patch(body, false)),
            Step::Status(body) => verdict(&patch(body, true)),
            Step::Unmake => verdict(&self.exempt.delete(&id, &json!({})).unwrap()),
            Step::Finalize(_) => panic!("the witness ends no namespaces"),
            Step::Binding(annotations) => verdict(&client.bind(&id, annotations).unwrap()),
            Step::Replace(annotations) => loop {
                let mut object = client.get(&id).unwrap().body;
                if object.get("metadata").is_none() {
                    break Verdict::Invalid("it is gone".to_owned());
                }
                object["metadata"]["annotations"] = annotations.clone();
                let answer = client.replace(&object).unwrap();
                // Kube-OVN has written in between.
                if answer.code != 409 {
                    break verdict(&answer);
                }
            },
            Step::Delete(grace) => verdict(&client.delete(&id, &json!({"gracePeriodSeconds": grace})).unwrap()),
        }
    }

    fn outcomes(&mut self, numbered: &[Case], verdicts: Vec<Verdict>) -> Vec<Outcome> {
        let mut owners = Owners::default();
        for (index, case) in numbered.iter().enumerate() {
            owners.extend(case.objects().flat_map(ids).map(|id| (id, index)));
        }
        let northbound = self.world.northbound().unwrap();
        let pods = northbound.pods();
        let mut ports: BTreeMap<usize, Vec<&PodPort>> = BTreeMap::new();
        for port in &pods {
            if let Some(index) = owners.of_pod(&port.pod) {
                ports.entry(index).or_default().push(port);
            }
        }
        let seen = Seen::of(&self.world);
        let mut found = breaches(&self.world, &northbound, &owners, &self.homes);
        let outcome = |(index, verdict)| {
            let breaches = found.remove(&index).unwrap_or_default();
            let ports = ports.remove(&index).unwrap_or_default();
            let landings = match (numbered.get(index), &verdict) {
                (Some(case), Verdict::Admitted) => seen.landings(case, &ports),
                _ => Vec::new(),
            };
            Outcome { verdict, breaches, ports: ports.len(), landings }
        };
        verdicts.into_iter().enumerate().map(outcome).collect()
    }

    fn ports_of_owners(&mut self) -> BTreeMap<String, String> {
        let pods: BTreeSet<String> =
            owners().iter().map(Id::of).map(|id| format!("{}/{}", id.namespace, id.name)).collect();
        let ports = self.world.northbound().unwrap().pods().into_iter();
        ports.filter(|port| pods.contains(&port.pod)).map(|port| (port.port, port.switch)).collect()
    }

    /// Gives those who were attacked what is theirs.
    fn restore(&mut self) {
        let start = Instant::now();
        loop {
            let now = self.ports_of_owners();
            if now == self.homes {
                return;
            }
            let lost = |pod: &Value| {
                let port = format!(
                    "{}.{}",
                    pod["metadata"]["name"].as_str().unwrap(),
                    pod["metadata"]["namespace"].as_str().unwrap()
                );
                self.homes.iter().any(|(home, switch)| home.starts_with(&port) && now.get(home) != Some(switch))
            };
            let lost: Vec<Value> = owners().into_iter().filter(lost).collect();
            self.world.remove(&self.exempt, &lost.iter().map(Id::of).collect::<Vec<_>>()).unwrap();
            self.world.settle().unwrap();
            all(&self.exempt, &lost, true);
            self.world.settle().unwrap();
            assert!(start.elapsed() < PATIENCE, "what is cobalt's does not come back: {:?}", self.ports_of_owners());
        }
    }
}

fn all(client: &Client, objects: &[Value], bound: bool) -> Verdict {
    for object in objects {
        let mut object = object.clone();
        if bound && object["kind"] == "Pod" {
            bind(&mut object);
        }
        match verdict(&client.create(&object).unwrap()) {
            Verdict::Admitted => {}
            other => return other,
        }
    }
    Verdict::Admitted
}

fn verdict(answer: &Answer) -> Verdict {
    let message = answer.message();
    assert!(!message.contains("failed calling webhook"), "{message}");
    match () {
        () if answer.is_success() => Verdict::Admitted,
        () if rule(message).is_some() || message.contains("denied the request") => Verdict::Refused(message.to_owned()),
        () => Verdict::Invalid(message.to_owned()),
    }
}

fn is_going(case: &Case, verdict: &Verdict, next: usize) -> bool {
    *verdict == Verdict::Admitted && next < case.steps.len()
}

/// Whether a step is a deletion, or comes after one.
fn after_deletion(case: &Case, step: usize) -> bool {
    case.steps[..=step].iter().any(|step| matches!(step, Step::Delete(_)))
}

/// The rule that refused, which is said in brackets.
pub(super) fn rule(message: &str) -> Option<&'static str> {
    TABLE.iter().map(|rule| rule.id).find(|id| message.contains(&format!("[vpcguard {id}]")))
}

/// An object, and the Pod that is made of it.
fn ids(object: &Value) -> Vec<Id> {
    let id = Id::of(object);
    let pod = id.made_pod();
    let makes_one = object.pointer("/spec/template/spec").is_some() || id.kind == "VpcEgressGateway";
    if makes_one { vec![id, pod] } else { vec![id] }
}

/// What tenants may do: more than most let them, so that vpcguard is what stands in the way.
fn tenants() -> Value {
    let rule = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["*"]});
    let name = json!({"name": "tenants"});
    let group = "rbac.authorization.k8s.io";
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": name, "rules": [
            rule("", &["pods", "pods/status", "pods/binding", "bindings", "replicationcontrollers", "endpoints", "services", "services/status", "namespaces", "namespaces/status"]),
            rule("apps", &["deployments", "statefulsets", "daemonsets", "replicasets"]),
            rule("batch", &["jobs"]),
            rule("discovery.k8s.io", &["endpointslices"]),
            rule("k8s.cni.cncf.io", &["network-attachment-definitions"]),
            rule("kubeovn.io", &["ippools", "vpc-egress-gateways"]),
        ]},
        {"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": name,
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "tenants"},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": "tenants"}]},
    ]})
}

/// Whether the VPC of a Subnet, as it stands, is closed to a namespace.
pub(super) fn is_closed_to(world: &World, subnet: &str, namespace: &str) -> bool {
    let stored = world.stored(&Id::cluster("Subnet", subnet));
    let vpc =
        stored.as_ref().and_then(|subnet| subnet.pointer("/spec/vpc")?.as_str()).unwrap_or_else(|| vpc_of(subnet));
    is_closed(vpc, namespace)
}
