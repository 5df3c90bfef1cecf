//! The corpus: cases of one request each, with the state of the cluster, the settings, and the verdict that is wanted.
//!
//! A case is a file `corpus/<kind>/<rule>/<case>.yaml`. What is wanted is written by hand from what Kube-OVN does, and never
//! copied from the output. The same cases run through every runner, whose verdicts must be the same to the byte.

pub mod balancer;
pub mod control_plane;
pub mod hostile;
pub mod isolation;
pub mod kube_ovn;
pub mod matches;
pub mod pki;
pub mod ports;
pub mod process;
pub mod recorder;
pub mod replica;
pub mod repository;
pub mod webhooks;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use vpcguard_check::{Source, parse_value};
use vpcguard_policies::{Inventory, Kind, Operation, Request, Settings, Verdict, admit};

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// `<kind>/<rule>/<case>`.
    pub name: String,
    /// The settings, as a user writes them.
    pub settings: Value,
    /// The other objects of the cluster, and the version that the object replaces.
    pub state: Vec<Value>,
    /// The request.
    pub request: Request,
    /// What Kube-OVN itself is to show of it, where the rule's own expectation is not meant.
    pub observed: Option<Value>,
    want: Value,
    /// What is wanted where all objects are seen, if that is something else.
    want_seeing_all: Option<Value>,
}

impl Case {
    /// All cases, in the order of their names.
    ///
    /// # Panics
    ///
    /// If a case cannot be read: it is fixed, not passed over.
    pub fn all() -> Vec<Self> {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        let mut files = Vec::new();
        collect(&corpus, &mut files);
        files.sort();
        files.iter().map(|file| Self::read(&corpus, file)).collect()
    }

    #[expect(clippy::panic, clippy::expect_used, reason = "a broken case ends the test")]
    fn read(corpus: &Path, file: &Path) -> Self {
        let bytes = fs::read(file).expect("a case can be read");
        let source = Source { name: file.display().to_string(), bytes };
        let case = parse_value(&source).unwrap_or_else(|errors| panic!("{errors:?}"));
        let known = ["settings", "user", "operation", "state", "old", "object", "want", "wantSeeingAll", "observed"];
        let odd = case.as_object().into_iter().flat_map(Map::keys).find(|key| !known.contains(&key.as_str()));
        assert_eq!(odd, None, "{} has a key that no case has", source.name);
        let field = |name: &str| case.get(name).cloned().filter(|value| !value.is_null());
        let old = field("old");
        let object = field("object").expect("a case has an object");
        let operation = case.get("operation").and_then(Value::as_str).unwrap_or_default();
        let mut request = match operation {
            "Delete" => Request::to_delete(object),
            _ => Request::of_object(object, old.clone()),
        };
        "the-uid".clone_into(&mut request.uid);
        if let Some(user) = case.get("user").and_then(Value::as_str) {
            user.clone_into(&mut request.user);
        }
        if operation == "AtRest" {
            request.operation = Operation::AtRest;
        }
        let state = field("state").and_then(|state| state.as_array().cloned()).unwrap_or_default();
        let name = file.strip_prefix(corpus).unwrap_or(file).with_extension("").display().to_string();
        Self {
            name,
            settings: field("settings").unwrap_or_else(|| json!({})),
            state: state.into_iter().chain(old).collect(),
            request,
            observed: field("observed"),
            want: field("want").expect("a case says what is wanted"),
            want_seeing_all: field("wantSeeingAll"),
        }
    }

    /// The same, where all that belongs to the object is there already, as in a folder.
    #[must_use]
    pub fn settled(&self) -> Self {
        Self { request: Request { settled: true, ..self.request.clone() }, ..self.clone() }
    }

    /// The rule, or the common behaviour, that the case is about.
    pub fn subject(&self) -> &str {
        self.name.split('/').nth(1).unwrap_or_default()
    }

    /// The settings, parsed.
    ///
    /// # Panics
    ///
    /// If they are wrong.
    #[expect(clippy::panic, reason = "a broken case ends the test")]
    pub fn parsed_settings(&self) -> Settings {
        Settings::parse(&self.settings).unwrap_or_else(|errors| panic!("{}: {errors}", self.name))
    }

    /// The cluster.
    pub fn cluster(&self) -> Inventory {
        let mut cluster = Inventory::new(self.parsed_settings().kube_ovn);
        for object in &self.state {
            if let Some(kind) = Kind::of(object) {
                cluster.apply(kind, object);
            }
        }
        cluster
    }

    /// What the library says, after injection.
    ///
    /// # Panics
    ///
    /// Never: reading an inventory does not fail.
    #[expect(clippy::expect_used, reason = "reading an inventory does not fail")]
    pub fn verdict(&self) -> Verdict {
        admit(&self.request, &self.cluster(), &self.parsed_settings()).expect("an inventory can be read")
    }

    /// The same where all objects are seen, as in a live cluster, and not only those of a folder. Of Nodes and ServiceCIDRs no
    /// runner but the webhook knows whether there are any.
    ///
    /// # Panics
    ///
    /// Never: reading an inventory does not fail.
    #[expect(clippy::expect_used, reason = "reading an inventory does not fail")]
    pub fn verdict_seeing_all(&self) -> Verdict {
        let seen = Kind::ALL.iter().copied().filter(|kind| !matches!(kind, Kind::Node | Kind::ServiceCidr));
        let cluster = self.cluster().watching(seen);
        admit(&self.request, &cluster, &self.parsed_settings()).expect("an inventory can be read")
    }

    /// How the library's verdict differs from what is wanted; none if it does not.
    pub fn difference(&self) -> Option<String> {
        self.difference_from(&self.want, &self.verdict())
    }

    /// The same where all objects are seen.
    pub fn difference_seeing_all(&self) -> Option<String> {
        let want = self.want_seeing_all.as_ref().unwrap_or(&self.want);
        self.difference_from(want, &self.verdict_seeing_all())
    }

    /// How a verdict differs from what is wanted; none if it does not.
    ///
    /// Of the findings that other rules make besides, those that refuse the object must be named in the case; warnings
    /// need not be, so that a new rule does not change the cases of others.
    fn difference_from(&self, want: &Value, verdict: &Verdict) -> Option<String> {
        let verdict: Value = serde_json::from_str(&verdict.to_json()).unwrap_or_default();
        let finding = ["rule", "reason", "field", "message"];
        let listed_in = |key| listed(want.get(key), &finding);
        let named: Vec<Value> = ["findings", "warnings"].into_iter().flat_map(listed_in).collect();
        let concerns = |found: &Value| {
            let rule = found.get("rule");
            rule.is_some_and(|rule| rule == self.subject() || named.iter().any(|named| named.get("rule") == Some(rule)))
        };
        let mut warnings = listed(verdict.get("warnings"), &finding);
        warnings.retain(concerns);
        let injection = ["rule", "field", "value"];
        let number = |of: &Value, key| of.get(key).cloned().unwrap_or_else(|| json!(0));
        let unseen = ["rule", "needs"];
        let wants_unseen = want.get("notEvaluated").is_some();
        let wanted = json!({
            "allowed": want.get("allowed"), "code": want.get("code"), "omitted": number(want, "omitted"),
            "findings": listed_in("findings"), "warnings": listed_in("warnings"),
            "injected": listed(want.get("injected"), &injection),
            "notEvaluated": listed(want.get("notEvaluated"), &unseen),
        });
        let got = json!({
            "allowed": verdict.get("allowed"), "code": verdict.get("code"), "omitted": number(&verdict, "omitted"),
            "findings": listed(verdict.get("findings"), &finding), "warnings": warnings,
            "injected": listed(verdict.get("injected"), &injection),
            "notEvaluated": listed(verdict.get("notEvaluated").filter(|_| wants_unseen), &unseen),
        });
        (wanted != got).then(|| format!("{}\n  wanted {wanted}\n  got    {got}", self.name))
    }
}

/// These keys of each element of a list.
fn listed(list: Option<&Value>, keys: &[&str]) -> Vec<Value> {
    let pick = |element: &Value| {
        keys.iter().map(|key| ((*key).to_owned(), element.get(key).cloned().unwrap_or_default())).collect()
    };
    list.and_then(Value::as_array).into_iter().flatten().map(pick).collect()
}

#[expect(clippy::expect_used, reason = "a corpus that cannot be read ends the test")]
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the corpus can be read") {
        let path = entry.expect("the corpus can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
