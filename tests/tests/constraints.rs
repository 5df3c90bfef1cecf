//! What the definitions of Kube-OVN v1.12 to v1.15 enforced, against the rules: `tests/constraints.yaml`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vpcguard_check::{Source, parse_value};
use vpcguard_policies::finding::Reported;
use vpcguard_policies::{Inventory, Request, Settings, Verdict, admit};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> Value {
    parse_value(&Source { name: path.display().to_string(), bytes: fs::read(path).unwrap() }).unwrap()
}

/// No object that is named is there.
const MISSING: &str = "missing-reference";

/// A row of the table, with the object that it changes.
struct Row {
    fields: Value,
    spec: Value,
}

/// An object that breaks the constraint, or keeps it, and where.
struct Tried {
    spec: Value,
    at: String,
}

impl Row {
    fn all() -> Vec<Self> {
        let table = read(&folder().join("constraints.yaml"));
        let rows = table["constraints"].as_array().unwrap().clone();
        let known = "kind field constraint releases breaks keeps only with at kept warned works";
        let rows = rows.into_iter().map(|fields| {
            let odd = fields.as_object().unwrap().keys().find(|key| !known.split(' ').any(|known| known == *key));
            assert_eq!(odd, None, "{fields} has a key that no row has");
            let mut spec = table["objects"][fields["kind"].as_str().unwrap()].clone();
            assert!(spec.is_object(), "{fields} has no object");
            for (key, value) in fields.get("with").and_then(Value::as_object).into_iter().flatten() {
                spec[key] = value.clone();
            }
            Self { fields, spec }
        });
        rows.collect()
    }

    fn text(&self, key: &str) -> &str {
        self.fields.get(key).map_or("", |text| text.as_str().unwrap())
    }

    fn list(&self, key: &str) -> Vec<Value> {
        self.fields.get(key).map_or_else(Vec::new, |list| list.as_array().unwrap().clone())
    }

    fn name(&self) -> String {
        format!("{}.{} {}", self.text("kind"), self.text("field"), self.text("constraint"))
    }

    /// The field as a pointer, the first element of each list.
    fn pointer(&self) -> String {
        let field = self.text("field");
        if field.is_empty() { String::new() } else { format!("/{}", field.replace("[]", ".0").replace('.', "/")) }
    }

    /// The field as findings have it.
    fn place(&self) -> String {
        let field = if self.text("at").is_empty() { self.text("field") } else { self.text("at") };
        format!("spec.{}", field.replace("[]", "[0]"))
    }

    /// The object with another value in the field, or without it.
    fn with(&self, value: Option<Value>) -> Tried {
        let (mut spec, pointer) = (self.spec.clone(), self.pointer());
        match value {
            Some(Value::Object(fields)) if pointer.is_empty() => {
                spec.as_object_mut().unwrap().extend(fields);
            }
            Some(value) => {
                if let Some(place) = spec.pointer_mut(&pointer) {
                    *place = value;
                } else {
                    let (parent, key) = pointer.rsplit_once('/').unwrap();
                    spec.pointer_mut(parent).unwrap()[key] = value;
                }
            }
            None => {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                spec.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
            }
        }
        Tried { spec, at: self.place() }
    }

    fn value(&self) -> &Value {
        self.spec.pointer(&self.pointer()).unwrap_or(&Value::Null)
    }

    /// Values beyond the constraint; none is an absent field.
    fn beyond(&self) -> Vec<Option<Value>> {
        let only = self.list("only");
        if !only.is_empty() {
            return only.into_iter().map(Some).collect();
        }
        let (word, rest) = self.constraint();
        let made = match word {
            "minimum" => vec![json!(number(rest) - 1)],
            "maximum" => vec![json!(number(rest) + 1)],
            "enum" => {
                let first = rest.split('|').next().unwrap();
                let folded = if first == first.to_lowercase() { first.to_uppercase() } else { first.to_lowercase() };
                vec![json!("other"), json!(folded)]
            }
            "not" => rest.split('|').map(|value| json!(number(value))).collect(),
            "format" => match integers(rest) {
                Some((least, most)) => vec![json!(least - 1), json!(most + 1)],
                None => vec![],
            },
            "minItems" => vec![json!([])],
            "minLength" => vec![json!("")],
            "maxLength" => vec![json!("e".repeat(usize::try_from(number(rest) + 1).unwrap()))],
            "list-type" => {
                let mut twice = self.value().as_array().unwrap().clone();
                twice.extend(twice.first().cloned());
                vec![twice.into()]
            }
            "required" => return vec![None],
            _ => vec![],
        };
        made.into_iter().chain(self.list("breaks")).map(Some).collect()
    }

    /// Values that the constraint takes.
    fn within(&self) -> Vec<Option<Value>> {
        let (word, rest) = self.constraint();
        let made = match word {
            "minimum" | "maximum" => vec![json!(number(rest))],
            "enum" => rest.split('|').map(Value::from).collect(),
            "not" => {
                let known: Vec<_> = rest.split('|').map(number).collect();
                vec![json!(known.iter().min().unwrap() - 1), json!(known.iter().max().unwrap() + 1)]
            }
            "maxLength" => vec![json!("e".repeat(usize::try_from(number(rest)).unwrap()))],
            "minItems" | "minLength" | "list-type" | "required" | "format" => vec![self.value().clone()],
            _ => vec![],
        };
        let written = self.list("keeps");
        let made = if written.is_empty() { made } else { written };
        made.into_iter().map(Some).collect()
    }

    fn is_kept(&self) -> bool {
        self.fields.get("kept").is_some()
    }

    /// Whether the definition of v1.16.2, as it is in `tests/crds`, has the constraint.
    fn is_in(&self, definitions: &[Value]) -> bool {
        let of_kind = |definition: &&Value| definition["spec"]["names"]["kind"] == self.fields["kind"];
        let definition = definitions.iter().find(of_kind).unwrap();
        let mut schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        let mut parts = self.text("field").split('.').peekable();
        let (word, rest) = self.constraint();
        while let Some(part) = parts.next() {
            let name = part.trim_end_matches("[]");
            if word == "required" && parts.peek().is_none() {
                return schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
            }
            schema = &schema["properties"][name];
            for _ in part.matches("[]") {
                schema = &schema["items"];
            }
        }
        let value = &schema[word];
        value.as_str().map_or_else(|| value.to_string(), str::to_owned) == rest
    }

    fn constraint(&self) -> (&str, &str) {
        self.text("constraint").split_once(' ').unwrap_or((self.text("constraint"), ""))
    }

    fn verdict(&self, spec: &Value) -> Verdict {
        let settings = Settings::parse(&json!({})).unwrap();
        let object = |spec: &Value| {
            let mut metadata = json!({"name": "tried", "uid": "the-uid"});
            if self.text("kind") == "VpcEgressGateway" {
                metadata["namespace"] = json!("shop");
            }
            json!({"apiVersion": "kubeovn.io/v1", "kind": self.text("kind"), "metadata": metadata, "spec": spec})
        };
        let is_fixed = self.text("constraint") == "CEL self == oldSelf";
        let request = Request::of_object(object(spec), is_fixed.then(|| object(&self.spec)));
        admit(&request, &Inventory::new(settings.kube_ovn.clone()), &settings).unwrap()
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap()
}

fn integers(format: &str) -> Option<(i64, i64)> {
    Some(match format {
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        _ => return None,
    })
}

/// The findings of a list at a field, or in it, or around it.
fn at<'a>(findings: &'a [Reported], field: &str) -> Vec<&'a Reported> {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let findings = findings.iter().filter(|finding| finding.rule() != MISSING);
    findings.filter(|finding| within(&finding.field().to_string(), field)).collect()
}

#[test]
fn what_was_refused_is_refused() {
    let mut wrong = Vec::new();
    for row in Row::all() {
        let beyond = row.beyond();
        assert!(!beyond.is_empty() || row.constraint().1 == "int64", "{} makes no value", row.name());
        for value in beyond {
            let shown = value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
            let tried = row.with(value);
            let verdict = row.verdict(&tried.spec);
            let place = &tried.at;
            let (denied, warned) = (at(&verdict.findings, place), at(&verdict.warnings, place));
            let says = match (denied.is_empty(), warned.is_empty()) {
                (false, _) => "denied",
                (true, false) => "warned",
                (true, true) => "works",
            };
            let wants = if row.fields.get("warned").is_some() {
                "warned"
            } else if row.fields.get("works").is_some() {
                "works"
            } else {
                "denied"
            };
            if says != wants && !row.is_kept() {
                wrong.push(format!("{}: {shown} is to be {wants}, and is {says}", row.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_kept_is_in_the_definitions() {
    let files = fs::read_dir(folder().join("crds")).unwrap().map(|entry| entry.unwrap().path());
    // Those of KubeVirt are two in one file.
    let files = files.filter(|file| !file.ends_with("virtual-machines.yaml"));
    let definitions: Vec<_> = files.map(|file| read(&file)).collect();
    let kept: Vec<_> = Row::all().into_iter().filter(Row::is_kept).collect();
    assert!(!kept.is_empty());
    let wrong: Vec<_> = kept.iter().filter(|row| !row.is_in(&definitions)).map(Row::name).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_was_taken_is_taken() {
    let mut wrong = Vec::new();
    for row in Row::all() {
        let within = row.within();
        assert!(!within.is_empty(), "{} makes no value", row.name());
        for value in within {
            let tried = row.with(value);
            let verdict = row.verdict(&tried.spec);
            let found = [at(&verdict.findings, &tried.at), at(&verdict.warnings, &tried.at)].concat();
            if !verdict.allowed || !found.is_empty() {
                let said: Vec<_> = verdict.findings.iter().chain(found).map(ToString::to_string).collect();
                wrong.push(format!("{}: {}: {}", row.name(), tried.spec, said.join("; ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
