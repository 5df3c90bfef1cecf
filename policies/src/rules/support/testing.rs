//! Short words for the rules' own tests: a cluster of a few objects, and what it says to another one.

use std::cell::Cell;
use std::sync::Arc;

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::finding::Verdict;
use crate::inventory::{Answer, ClusterView, Held, Inventory, Sight, ViewError};
use crate::kinds::{Kind, LabelSelector, Namespace, Object, Shard, Subnet};
use crate::net::PrefixSet;
use crate::request::Request;
use crate::review::{admit, judge};
use crate::rule::Rule;
use crate::rules::{TABLE, named};
use crate::settings::Settings;

/// A cluster for one test.
#[derive(Default)]
pub(crate) struct Cluster {
    objects: Vec<Value>,
    settings: Settings,
    /// The one rule that judges; all of them where none is given.
    rule: Option<&'static Rule>,
    sees_all: bool,
    /// Whether all that belongs to an object is there already.
    settled: bool,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A cluster in which one rule judges alone. To leave out the findings of others afterwards would not do: a verdict lists 20.
    pub(crate) fn of(rule: &str) -> Self {
        Self { rule: Some(named(rule).unwrap()), ..Self::default() }
    }

    /// The same, as a live one: what is not found does not exist.
    pub(crate) fn seeing_all(self) -> Self {
        Self { sees_all: true, ..self }
    }

    /// The same, where all that belongs to an object is there already, as in a folder.
    pub(crate) fn settled(self) -> Self {
        Self { settled: true, ..self }
    }

    /// Adds an object; `{"kind", "name", "spec"}` will do.
    pub(crate) fn with(mut self, object: Value) -> Self {
        self.objects.push(whole(&object));
        self
    }

    pub(crate) fn settings(mut self, settings: &Value) -> Self {
        self.settings = Settings::parse(settings).unwrap();
        self
    }

    fn inventory(&self) -> Inventory {
        let watched = Kind::ALL.iter().copied().filter(|_| self.sees_all);
        let mut inventory = Inventory::new(self.settings.kube_ovn.clone()).watching(watched);
        for object in &self.objects {
            inventory.apply(Kind::of(object).unwrap(), object);
        }
        inventory
    }

    pub(crate) fn verdict(&self, request: &Request) -> Verdict {
        let request = Request { settled: self.settled, ..request.clone() };
        judge(self.rules(), &request, &self.inventory(), &self.settings).unwrap()
    }

    fn rules(&self) -> &[&'static Rule] {
        self.rule.as_ref().map_or(TABLE, std::slice::from_ref)
    }

    /// How many objects the rules take out of the cluster, or have looked at there, to judge the creation of an object.
    pub(crate) fn entries(&self, object: &Value) -> usize {
        let counting = Counting { inventory: self.inventory(), entries: Cell::new(0) };
        judge(self.rules(), &create(object), &counting, &self.settings).unwrap();
        counting.entries.get()
    }

    /// The verdict after injection.
    pub(crate) fn admit(&self, object: &Value) -> Verdict {
        admit(&create(object), &self.inventory(), &self.settings).unwrap()
    }

    #[track_caller]
    pub(crate) fn accepts(&self, object: &Value) {
        let verdict = self.verdict(&create(object));
        assert_eq!((lines(&verdict.findings), lines(&verdict.warnings)), (vec![], vec![]));
    }

    #[track_caller]
    pub(crate) fn warns(&self, object: &Value, wanted: &[&str]) {
        let verdict = self.verdict(&create(object));
        assert_eq!(lines(&verdict.findings), Vec::<String>::new());
        assert_eq!(lines(&verdict.warnings), wanted);
    }

    #[track_caller]
    pub(crate) fn refuses(&self, object: &Value, wanted: &[&str]) {
        assert_eq!(lines(&self.verdict(&create(object)).findings), wanted);
    }
}

/// A view that counts.
struct Counting {
    inventory: Inventory,
    entries: Cell<usize>,
}

impl Counting {
    fn count<T>(&self, found: Answer<Vec<T>>) -> Answer<Vec<T>> {
        self.entries.set(self.entries.get() + 1 + found.as_ref().map_or(0, Vec::len));
        found
    }
}

impl ClusterView for Counting {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Answer<Option<Object>> {
        self.entries.set(self.entries.get() + 1);
        self.inventory.get(kind, namespace, name)
    }

    fn by(&self, kind: Kind, index: &'static str, word: &str) -> Answer<Vec<Object>> {
        self.count(self.inventory.by(kind, index, word))
    }

    fn all(&self, kind: Kind) -> Answer<Vec<Object>> {
        self.count(self.inventory.all(kind))
    }

    fn around(&self, kind: Kind, name: &str, most: usize) -> Vec<Object> {
        let around = self.inventory.around(kind, name, most);
        self.entries.set(self.entries.get() + 1 + around.len());
        around
    }

    fn sight(&self, kind: Kind) -> Sight {
        self.inventory.sight(kind)
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        self.count(self.inventory.overlapping(shard, prefix))
    }

    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        self.count(self.inventory.overlapping_in_vpc(vpc, prefix))
    }

    fn nearest_free(&self, shard: &Shard, wanted: IpNet, avoid: &PrefixSet, most: usize) -> Answer<Vec<IpNet>> {
        self.count(self.inventory.nearest_free(shard, wanted, avoid, most))
    }

    /// All of them are looked at.
    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        self.all(Kind::Namespace)?;
        self.inventory.namespaces_matching(selector)
    }
}

/// A view of which nothing can be read.
pub(crate) struct Unreadable;

impl Unreadable {
    fn failed<T>(kind: Kind) -> Answer<T> {
        Err(ViewError { kind: kind.name().to_owned(), name: String::new(), cause: "forbidden".to_owned() })
    }
}

impl ClusterView for Unreadable {
    fn get(&self, kind: Kind, _: &str, _: &str) -> Answer<Option<Object>> {
        Self::failed(kind)
    }

    fn by(&self, kind: Kind, _: &'static str, _: &str) -> Answer<Vec<Object>> {
        Self::failed(kind)
    }

    fn all(&self, kind: Kind) -> Answer<Vec<Object>> {
        Self::failed(kind)
    }

    fn sight(&self, _: Kind) -> Sight {
        Sight::All
    }

    fn overlapping(&self, _: &Shard, _: IpNet) -> Answer<Vec<Held>> {
        Self::failed(Kind::Subnet)
    }

    fn overlapping_in_vpc(&self, _: &str, _: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        Self::failed(Kind::Subnet)
    }

    fn nearest_free(&self, _: &Shard, _: IpNet, _: &PrefixSet, _: usize) -> Answer<Vec<IpNet>> {
        Self::failed(Kind::Subnet)
    }

    fn namespaces_matching(&self, _: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        Self::failed(Kind::Namespace)
    }
}

/// What a refusal says of an object that is admitted all the same.
pub(crate) fn as_warning(refusal: &str) -> String {
    const WORDS: &[&str] = &[
        "Invalid value: ",
        "Required value: ",
        "Duplicate value: ",
        "Unsupported value: ",
        "Not found: ",
        "Forbidden: ",
    ];
    let (field, words) = WORDS.iter().find_map(|words| Some((refusal.split_once(words)?.0, words))).unwrap();
    format!("{field}{}", &refusal[field.len() + words.len()..])
}

/// A request to create an object.
pub(crate) fn create(object: &Value) -> Request {
    Request::of_object(whole(object), None)
}

/// A request to replace an object.
pub(crate) fn update(old: &Value, new: &Value) -> Request {
    Request::of_object(whole(new), Some(whole(old)))
}

/// A request to delete an object.
pub(crate) fn delete(object: &Value) -> Request {
    Request::to_delete(whole(object))
}

/// Completes `{"kind", "name", "spec"}` to an object; its name is `new` where none is given.
fn whole(short: &Value) -> Value {
    let mut object = short.clone();
    let kind = short["kind"].as_str().unwrap();
    let kind = Kind::ALL.iter().find(|known| known.name() == kind).unwrap();
    object["apiVersion"] = json!(kind.api_version());
    if object.get("metadata").is_none() {
        object["metadata"] = json!({});
    }
    for field in ["name", "namespace", "labels", "annotations"] {
        if let Some(value) = object.as_object_mut().unwrap().remove(field) {
            object["metadata"][field] = value;
        }
    }
    if object["metadata"].get("name").is_none() {
        object["metadata"]["name"] = json!("new");
    }
    object
}

fn lines(findings: &[crate::finding::Reported]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
