//! Short words for the rules' own tests: a cluster of a few objects, and what it says to another one.

use serde_json::{Value, json};

use crate::inventory::Inventory;
use crate::kinds::Kind;
use crate::request::Request;
use crate::review::{admit, review};
use crate::settings::Settings;
use crate::verdict::Verdict;

/// A cluster for one test.
#[derive(Default)]
pub(crate) struct Cluster {
    objects: Vec<Value>,
    settings: Settings,
    /// The one rule whose findings count; all of them where none is given.
    rule: Option<&'static str>,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A cluster in which only the findings of one rule count.
    pub(crate) fn of(rule: &'static str) -> Self {
        Self { rule: Some(rule), ..Self::default() }
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
        let mut inventory = Inventory::new(self.settings.kube_ovn.clone());
        for object in &self.objects {
            inventory.apply(Kind::of(object).unwrap(), object);
        }
        inventory
    }

    pub(crate) fn verdict(&self, request: &Request) -> Verdict {
        let mut verdict = review(request, &self.inventory(), &self.settings).unwrap();
        if let Some(rule) = self.rule {
            verdict.findings.retain(|finding| finding.rule() == rule);
            verdict.warnings.retain(|finding| finding.rule() == rule);
            verdict.not_evaluated.retain(|unseen| unseen.rule == rule);
        }
        verdict
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

fn lines(findings: &[crate::finding::Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
