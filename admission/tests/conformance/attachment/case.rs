//! A case: requests of a tenant, one after the other. Its objects are called `case0`, and get a number of their own when it is run.

use std::path::Path;

use serde_json::{Map, Value, json};
use vpcguard_check::{Source, parse_value};
use vpcguard_tests::isolation::Step;

use super::oracle::class;

/// See the module.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Case {
    pub(super) steps: Vec<Step>,
}

impl Case {
    /// One that creates an object.
    pub(super) fn of(object: Value) -> Self {
        Self { steps: vec![Step::Create(vec![object])] }
    }

    /// The pinned cases, by class: the smallest by which somebody got in, one file a class.
    pub(super) fn pinned() -> Vec<(String, Self)> {
        Self::of_folder("attachment")
    }

    /// Those whose interfaces were once not where it is said.
    pub(super) fn landings() -> impl Iterator<Item = Self> {
        Self::of_folder("landings").into_iter().map(|(_, case)| case)
    }

    fn of_folder(name: &str) -> Vec<(String, Self)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance").join(name);
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let read = |file: &std::path::PathBuf| {
            let source = Source { bytes: std::fs::read(file).unwrap(), name: file.display().to_string() };
            let value = parse_value(&source).unwrap_or_else(|errors| panic!("{errors:?}"));
            let steps =
                value["steps"].as_array().expect("a case has steps").iter().map(Step::read).collect::<Result<_, _>>();
            let steps = steps.unwrap();
            (file.file_stem().unwrap().to_string_lossy().into_owned(), Self { steps })
        };
        files.iter().map(read).collect()
    }

    /// As it is written in a file.
    pub(super) fn yaml(&self) -> String {
        let steps: Vec<Value> = self.steps.iter().map(Step::written).collect();
        serde_saphyr::to_string(&json!({"steps": steps})).unwrap()
    }

    /// With names of its own.
    pub(super) fn numbered(&self, number: usize) -> Self {
        let rename = |step: &Step| step.renamed(&format!("case{number}")).unwrap();
        Self { steps: self.steps.iter().map(rename).collect() }
    }

    /// The first object.
    pub(super) fn object(&self) -> &Value {
        match self.steps.first() {
            Some(Step::Create(objects) | Step::Make(objects)) => &objects[0],
            _ => panic!("a case begins by creating something"),
        }
    }

    pub(super) fn object_mut(&mut self) -> &mut Value {
        match self.steps.first_mut() {
            Some(Step::Create(objects) | Step::Make(objects)) => &mut objects[0],
            _ => panic!("a case begins by creating something"),
        }
    }

    /// All that it creates.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Value> {
        self.steps.iter().flat_map(Step::objects)
    }

    /// Where annotations are: those of a Pod, or of a workload's template.
    pub(super) fn place(object: &Value) -> &'static str {
        if object.pointer("/spec/template/spec").is_some() { "/spec/template/metadata" } else { "/metadata" }
    }

    /// Whether it is created, and then comes up at home.
    pub(super) fn is_sound(&self) -> bool {
        let is_doubtful = |key: &String| key.ends_with("ip_pool") || key.ends_with("vip") || key.ends_with("allocated");
        let Some(pod) = self.final_pod().filter(|_| self.objects().count() == 1 && self.steps.len() == 1) else {
            return false;
        };
        let mut annotations = pod["metadata"]["annotations"].as_object().into_iter().flatten();
        // An address that is asked for may be none of its Subnet's, or somebody's.
        class(&pod) == "own"
            && !annotations
                .any(|(key, value)| is_doubtful(key) || value.as_str().is_some_and(|text| text.contains("ips")))
    }

    /// The Pod after each of its requests.
    pub(super) fn stages_of_pod(&self) -> Vec<Value> {
        let upto = |end: usize| Self { steps: self.steps[..end].to_vec() }.final_pod();
        (1..=self.steps.len()).filter_map(upto).collect()
    }

    /// Whether it writes annotations by way of the status.
    pub(super) fn uses_status(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Status(_)))
    }

    /// Whether it binds its Pod to the node, which is done for it as a rule.
    pub(super) fn is_bound_later(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Binding(_)))
            || self.objects().any(|object| object["kind"] == "Binding")
    }

    /// The first object as the requests leave it, as a Pod, if it is one or makes one.
    pub(super) fn final_pod(&self) -> Option<Value> {
        let object = self.object();
        if object["kind"] != "Pod" && object.pointer("/spec/template/spec").is_none() {
            return self.objects().find(|object| object["kind"] == "Pod").cloned();
        }
        let metadata = object.pointer(Self::place(object))?;
        let mut annotations = metadata.get("annotations").and_then(Value::as_object).cloned().unwrap_or_default();
        for step in &self.steps {
            match step {
                Step::Merge(patch) | Step::Status(patch) => merge(&mut annotations, &patch["metadata"]["annotations"]),
                Step::Replace(new) => annotations = new.as_object().cloned().unwrap_or_default(),
                _ => {}
            }
        }
        let spec = object.pointer("/spec/template/spec").or_else(|| object.get("spec"))?;
        let metadata = json!({
            "name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"], "annotations": annotations,
        });
        Some(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
    }
}

fn merge(annotations: &mut Map<String, Value>, patch: &Value) {
    for (key, value) in patch.as_object().into_iter().flatten() {
        if value.is_null() {
            annotations.remove(key);
        } else {
            annotations.insert(key.clone(), value.clone());
        }
    }
}
