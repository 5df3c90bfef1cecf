//! Short words for the rules' own tests: a cluster of a few objects, and what it says to another one.

use serde_json::{Value, json};

use crate::inventory::Inventory;
use crate::kinds::Kind;
use crate::request::Request;
use crate::review::{admit, judge};
use crate::rules::{Rule, TABLE, named};
use crate::settings::Settings;
use crate::verdict::Verdict;

/// A cluster for one test.
#[derive(Default)]
pub(crate) struct Cluster {
    objects: Vec<Value>,
    settings: Settings,
    /// The one rule that judges; all of them where none is given.
    rule: Option<&'static Rule>,
    sees_all: bool,
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
        let rules = self.rule.as_ref().map_or(TABLE, std::slice::from_ref);
        judge(rules, request, &self.inventory(), &self.settings).unwrap()
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

/// A request to create an object.
pub(crate) fn create(object: &Value) -> Request {
    Request::of_object(whole(object), None)
}

/// A request to replace an object.
pub(crate) fn update(old: &Value, new: &Value) -> Request {
    Request::of_object(whole(new), Some(whole(old)))
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

fn lines(findings: &[crate::finding::Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
