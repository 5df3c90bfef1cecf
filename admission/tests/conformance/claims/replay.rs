//! Replaying cases: as many together as do not disturb each other.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde_json::{Value, json};
use vpcguard_tests::Case;
use vpcguard_tests::kube_ovn::{Id, Resource, World};

use super::Claim;
use super::expectation::Seen;
use super::outside::{self, Moved};
use super::renamed::Renamed;

/// How many cases share a reset.
const BATCH: usize = 24;

/// What all cases of a world share and the world has: a case that only names it is content with it, and one that changes it has
/// the world alone.
const SHARED: &[(&str, &str)] = &[
    ("Vpc", "ovn-cluster"),
    ("Subnet", "ovn-default"),
    ("Subnet", "join"),
    ("ConfigMap", "ovn-vpc-nat-gw-config"),
    ("ConfigMap", "ovn-vpc-nat-config"),
];

/// The rules whose cases have networks outside, or addresses of the default VPC, and get their own.
const OUTSIDE: &[&str] = &[
    "spec-immutable",
    "subnet-address-range",
    "subnet-address-unique",
    "vip-syntax",
    "gateway-syntax",
    "qos-policy-syntax",
    "nat-rule-syntax",
    "nat-rule-conflict",
    "nat-rule-reference",
    "vpc-external-subnets",
];

/// What no other case is to see.
const ALONE: &[&str] = &["Node", "ServiceCIDR"];

/// A case with its own names, ready to be applied.
struct Prepared<'a> {
    claim: &'a Claim,
    renamed: Renamed,
    moved: Moved,
    state: Vec<Value>,
    old: Option<Value>,
    object: Value,
    /// What it takes of the world that others could want too.
    takes: Takes,
}

impl Prepared<'_> {
    fn tells_a_gateway(&self) -> bool {
        let is_told = |object: &Value| object["kind"].as_str().is_some_and(|kind| kind.starts_with("Iptables"));
        self.state.iter().chain(&self.old).chain([&self.object]).any(is_told)
    }
}

/// The parts of the world that are one for all.
#[derive(Default)]
struct Takes {
    everything: bool,
    prefixes: Vec<IpNet>,
    /// Built-in names that the case gives to objects of its own.
    names: BTreeSet<String>,
}

impl Takes {
    fn disturbs(&self, other: &Self) -> bool {
        let overlaps = |a: &IpNet| other.prefixes.iter().any(|b| a.contains(b) || b.contains(a));
        let takes_names = !self.names.is_disjoint(&other.names);
        self.everything || other.everything || takes_names || self.prefixes.iter().any(overlaps)
    }
}

/// Replays claims, and tells for each what was seen.
pub(super) fn all<'a>(
    world: &mut World,
    claims: impl IntoIterator<Item = &'a Claim>,
    mut tell: impl FnMut(&'a Claim, &Seen),
) {
    let mut waiting: Vec<Prepared<'a>> =
        claims.into_iter().enumerate().map(|(number, claim)| prepare(claim, number)).collect();
    // A gateway takes its time to be told something, and all of a batch wait for it.
    waiting.sort_by_key(Prepared::tells_a_gateway);
    let total = waiting.len();
    while !waiting.is_empty() {
        let mut batch: Vec<Prepared<'a>> = Vec::new();
        let mut later = Vec::new();
        for case in waiting {
            let fits = batch.len() < BATCH && batch.iter().all(|other| !case.takes.disturbs(&other.takes));
            if fits { batch.push(case) } else { later.push(case) }
        }
        waiting = later;
        for (claim, seen) in replay(world, &batch) {
            tell(claim, &seen);
        }
        eprintln!("{} of {total} cases", total - waiting.len());
    }
}

fn replay<'a>(world: &mut World, batch: &[Prepared<'a>]) -> Vec<(&'a Claim, Seen)> {
    for kind in order() {
        for object in
            batch.iter().flat_map(|case| case.state.iter().chain(&case.old)).filter(|object| object["kind"] == kind)
        {
            let answer = world.apply(object).unwrap();
            if !answer.is_success() {
                println!("state {object}: {}", answer.message());
            }
        }
        // Kube-OVN takes what is there: a Subnet before its Vpc waits for its turn.
        // A gateway runs before it is told anything.
        let waits = ["Vpc", "Subnet"].contains(&kind)
            || batch
                .iter()
                .flat_map(|case| &case.state)
                .any(|object| object["kind"] == kind && ["VpcNatGateway", "IptablesEIP"].contains(&kind));
        if waits {
            world.settle().unwrap();
        }
    }
    world.settle().unwrap();
    for namespace in
        batch.iter().flat_map(|case| case.state.iter().chain(&case.old)).filter(|object| object["kind"] == "Namespace")
    {
        if let Some(patch) = annotated(namespace) {
            world.change_to(&Id::of(namespace), &patch).unwrap();
        }
    }
    let before = world.before().unwrap();
    let mut answers = Vec::new();
    for case in batch {
        let answer = match &case.old {
            Some(old) => world.change(old, &case.object),
            None => world.apply(&case.object),
        };
        answers.push(answer.unwrap());
    }
    world.settle().unwrap();
    // A change of a Vpc's list does not make Kube-OVN look at its Subnets; any change of theirs does.
    let with_changed_vpc = batch.iter().filter(|case| {
        case.object["kind"] == "Vpc" && (case.old.is_some() || case.claim.rule() == "vpc-namespaces-in-use")
    });
    let subnets: Vec<&Value> =
        with_changed_vpc.flat_map(|case| &case.state).filter(|object| object["kind"] == "Subnet").collect();
    if !subnets.is_empty() {
        for subnet in subnets {
            world.change_to(&Id::of(subnet), &json!({"spec": {"mtu": 1399}})).unwrap();
        }
        world.settle().unwrap();
    }
    let visitors: Vec<Value> = batch.iter().flat_map(|case| visitors(&case.object, &case.state)).collect();
    if !visitors.is_empty() {
        for visitor in &visitors {
            world.apply(visitor).unwrap();
        }
        world.settle().unwrap();
    }
    let observation = world.look(&before).unwrap();
    let seen = batch.iter().zip(answers).map(|(case, answer)| {
        let restore = |line: &str| case.moved.restore(&case.renamed.restore(line));
        let mine = |line: &str| batch.len() == 1 || restore(line) != line;
        let mut seen = Seen::of(&observation, &case.object, &case.state, &mine, &restore);
        if !answer.is_success() {
            seen.refused = Some(answer.message().to_owned());
        }
        (case.claim, seen)
    });
    let seen = seen.collect();
    recover(world);
    world.reset().unwrap();
    // What is deleted can end it too.
    recover(world);
    seen
}

/// Brings the controller back after its end. What made it end must go first.
fn recover(world: &mut World) {
    if world.crash().unwrap().is_some() {
        world.forget().unwrap();
        world.restart_controller().unwrap();
    }
}

/// The kinds in the order in which they are made.
fn order() -> impl Iterator<Item = &'static str> {
    Resource::all().iter().map(|resource| resource.kind)
}

fn prepare(claim: &Claim, number: usize) -> Prepared<'_> {
    let case: &Case = &claim.case;
    // The old version is in the state too.
    let others = case.state.iter().filter(|other| case.request.old_object.as_ref() != Some(*other));
    let mut objects: Vec<Value> =
        [&case.request.object].into_iter().chain(&case.request.old_object).chain(others).cloned().collect();
    let is_outside = OUTSIDE.contains(&case.subject());
    let own = if is_outside { outside::named(&mut objects) } else { Vec::new() };
    let renamed = Renamed::new(case, number).with(&own);
    let moved = Moved::new(&if is_outside { objects.iter().collect() } else { Vec::new() }, number);
    let mut objects = objects.iter().map(|object| renamed.apply(&moved.apply(object)));
    let object = objects.next().unwrap();
    let old = case.request.old_object.as_ref().and_then(|_| objects.next());
    let mut state: Vec<Value> = objects.filter(|other| !is_shared(other)).collect();
    let with_references = case.subject() != "missing-reference";
    let mut missing = completed(&state, old.as_ref().unwrap_or(&object), with_references, number);
    if is_outside {
        let objects = state.iter().chain([old.as_ref().unwrap_or(&object)]);
        missing.extend(objects.filter_map(provider_network).map(|id| made(&id, false, number)));
    }
    state.extend(missing);
    let everything =
        state.iter().any(|other| ALONE.contains(&other["kind"].as_str().unwrap_or_default())) || is_shared(&object);
    let prefixes = state.iter().chain(&old).chain([&object]).flat_map(prefixes_of_default_vpc).collect();
    let names =
        state.iter().chain([&object]).filter(|other| other["kind"] == "Subnet").map(|subnet| Id::of(subnet).name);
    let names = names.filter(|name| ["external", "ovn-vpc-external-network"].contains(&name.as_str())).collect();
    Prepared { claim, renamed, moved, state, old, object, takes: Takes { everything, prefixes, names } }
}

/// Who shows what an object does to others: a Pod in a Namespace, or in those that a Subnet could take, and something behind a Service.
fn visitors(object: &Value, state: &[Value]) -> Vec<Value> {
    let id = Id::of(object);
    match id.kind.as_str() {
        "Namespace" => vec![visitor(object)],
        "Subnet" if object.pointer("/spec/namespaceSelectors").is_some() => {
            state.iter().filter(|other| other["kind"] == "Namespace").map(visitor).collect()
        }
        "Service" => {
            let ports = object.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
            let ports: Vec<Value> = ports
                .map(|port| json!({"name": port.get("name").cloned().unwrap_or_else(|| "".into()), "port": 80, "protocol": "TCP"}))
                .collect();
            vec![json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": ports,
                "metadata": {"name": format!("{}-1", id.name), "namespace": id.namespace, "labels": {"kubernetes.io/service-name": id.name}},
                "endpoints": [{"addresses": ["10.16.0.77"], "conditions": {"ready": true}}],
            })]
        }
        _ => Vec::new(),
    }
}

fn visitor(namespace: &Value) -> Value {
    let metadata = json!({"name": "visitor", "namespace": Id::of(namespace).name});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}})
}

/// The annotation of a Namespace, once more: Kube-OVN replaces that of a new one, and leaves an edit for a while.
fn annotated(namespace: &Value) -> Option<Value> {
    let switches = namespace.pointer("/metadata/annotations/ovn.kubernetes.io~1logical_switch")?;
    Some(json!({"metadata": {"annotations": {"ovn.kubernetes.io/logical_switch": switches}}}))
}

/// What a case leaves to the imagination: the namespaces that its objects are in, the Vpcs of its Subnets and gateways, and the
/// networks that its Subnets provide for.
fn completed(state: &[Value], object: &Value, with_references: bool, number: usize) -> Vec<Value> {
    let there: BTreeSet<Id> = state.iter().chain([object]).map(Id::of).collect();
    let mut missing: BTreeSet<Id> = BTreeSet::new();
    for object in state.iter().chain([object]) {
        let id = Id::of(object);
        if !id.namespace.is_empty() && !["default", "kube-system"].contains(&id.namespace.as_str()) {
            missing.insert(Id::cluster("Namespace", &id.namespace));
        }
        missing.extend(
            network(object)
                .filter(|network| network.namespace != "kube-system")
                .map(|network| Id::cluster("Namespace", &network.namespace)),
        );
        let vpc =
            object.pointer("/spec/vpc").and_then(Value::as_str).filter(|vpc| !vpc.is_empty() && *vpc != "ovn-cluster");
        if with_references {
            missing.extend(vpc.map(|vpc| Id::cluster("Vpc", vpc)));
        }
        let vlan = object.pointer("/spec/vlan").and_then(Value::as_str).filter(|vlan| !vlan.is_empty());
        missing.extend(vlan.map(|vlan| Id::cluster("Vlan", vlan)));
        missing.extend(network(object));
    }
    let missing = missing.difference(&there);
    let of_ovn: BTreeSet<Id> =
        state.iter().chain([object]).filter(|subnet| is_ovn(subnet)).filter_map(network).collect();
    missing.enumerate().map(|(at, id)| made(id, of_ovn.contains(id), number + 900 * at)).collect()
}

/// The network of a Vlan, without which it is on no switch.
fn provider_network(vlan: &Value) -> Option<Id> {
    let provider = vlan.pointer("/spec/provider").and_then(Value::as_str).filter(|_| vlan["kind"] == "Vlan")?;
    Some(Id::cluster("ProviderNetwork", provider))
}

/// The NetworkAttachmentDefinition of a Subnet's provider.
fn network(subnet: &Value) -> Option<Id> {
    let provider = subnet.pointer("/spec/provider").and_then(Value::as_str).filter(|_| subnet["kind"] == "Subnet")?;
    let (name, namespace) = provider.strip_suffix(".ovn").unwrap_or(provider).split_once('.')?;
    Some(Id { kind: "NetworkAttachmentDefinition".to_owned(), namespace: namespace.to_owned(), name: name.to_owned() })
}

fn is_ovn(subnet: &Value) -> bool {
    subnet
        .pointer("/spec/provider")
        .and_then(Value::as_str)
        .is_some_and(|provider| provider.rsplit('.').next() == Some("ovn"))
}

/// An object with nothing in it but what it needs.
fn made(id: &Id, of_ovn: bool, number: usize) -> Value {
    let version = Resource::named(&id.kind).unwrap().api_version;
    let mut object =
        json!({"apiVersion": version, "kind": id.kind, "metadata": {"name": id.name, "namespace": id.namespace}});
    if id.kind == "Vlan" {
        // One layer 2 for each, of those that there are.
        object["spec"] = json!({"id": 1 + number % 4000, "provider": "provider"});
    }
    if id.kind == "ProviderNetwork" {
        object["spec"] = json!({"defaultInterface": "eth1"});
    }
    if id.kind == "NetworkAttachmentDefinition" {
        let config = if of_ovn {
            json!({"cniVersion": "0.3.0", "type": "kube-ovn", "provider": format!("{}.{}.ovn", id.name, id.namespace)})
        } else {
            json!({"cniVersion": "0.3.0", "type": "macvlan", "ipam": {"type": "kube-ovn"}})
        };
        object["spec"] = json!({"config": config.to_string()});
    }
    object
}

fn is_shared(object: &Value) -> bool {
    let id = Id::of(object);
    SHARED.iter().any(|(kind, name)| id.kind == *kind && id.name == *name)
}

/// Overlap is looked for in one VPC, and the default one is everybody's.
fn prefixes_of_default_vpc(object: &Value) -> Vec<IpNet> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let is_default = text("/kind") == "Subnet" && ["", "ovn-cluster"].contains(&text("/spec/vpc"));
    let prefixes = text("/spec/cidrBlock").split(',').filter_map(|prefix| prefix.trim().parse().ok());
    if is_default { prefixes.collect() } else { Vec::new() }
}
