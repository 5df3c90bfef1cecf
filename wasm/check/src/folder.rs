//! A folder as one network: its objects are reviewed in order, as if each were applied in turn.
//!
//! Names and prerequisites are looked up among all objects, so references work in any order. Conflicts count only with
//! what was admitted before, so a pair that cannot both stand is one finding, on the later of the two.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;
use vpcguard_policies::field::FieldPath;
use vpcguard_policies::finding::{Finding, Related};
use vpcguard_policies::{Inventory, Kind, ObjectRef, Request, Settings, Verdict, ViewError, admit_after};

use crate::allow::Allow;
use crate::document::{Document, parse};
use crate::report::{Located, Mutation, Place, Report, Seen, Unevaluated};
use crate::source::{ParseError, Source};
use crate::yaml::Position;

/// What the sources hold, in their order.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// How many sources there were.
    pub files: usize,
    /// Their objects.
    pub documents: Vec<Document>,
    /// What could not be read.
    pub errors: Vec<ParseError>,
    /// The comments that excuse findings.
    pub allows: Vec<Arc<Allow>>,
}

impl Folder {
    /// Reads sources; a broken one does not stop the others.
    pub fn parse(sources: &[Source]) -> Self {
        let mut folder = Self { files: sources.len(), ..Self::default() };
        for parsed in sources.iter().map(parse) {
            folder.documents.extend(parsed.documents);
            folder.errors.extend(parsed.errors);
            folder.allows.extend(parsed.allows);
        }
        folder
    }
}

/// Reviews the objects of a folder in their order, against each other and against `state`, which is loaded unreviewed.
///
/// # Errors
///
/// Only if looking something up failed, which it does not here.
pub fn check(folder: &Folder, state: &[Document], settings: &Settings) -> Result<Report, ViewError> {
    check_knowing(folder, state, &[], settings)
}

/// [`check`], where the state has all objects that there are of these kinds, as a live cluster has: where it holds no Node,
/// there is none.
///
/// # Errors
///
/// Only if looking something up failed, which it does not here.
pub fn check_knowing<'a>(
    folder: &'a Folder,
    state: impl IntoIterator<Item = &'a Document>,
    kinds: &[Kind],
    settings: &Settings,
) -> Result<Report, ViewError> {
    let mut walk = Walk::new(settings, kinds);
    for document in state {
        if let Some(object) = walk.name(document) {
            walk.store(&object, Cow::Borrowed(&document.object));
        }
    }
    let objects: Vec<_> = folder.documents.iter().map(|document| walk.name(document)).collect();
    for object in objects.iter().flatten() {
        walk.announce(object);
    }
    for (index, object) in objects.iter().enumerate() {
        if let Some(object) = object {
            walk.review(index, object)?;
        }
    }
    walk.drop_other_sides();
    walk.note_useless(&folder.allows);
    let mut report = walk.report;
    let named = folder.documents.iter().zip(objects.iter().map(|object| object.as_ref().map(|object| &object.name)));
    report.objects = named.map(|(document, name)| Seen::of(document, name)).collect();
    report.errors.clone_from(&folder.errors);
    report.summary.files = folder.files;
    report.summary.objects = folder.documents.len();
    Ok(report)
}

/// An object of a kind that rules know.
struct Object<'a> {
    kind: Kind,
    /// Its name here; an object whose name the cluster is to generate gets one that no other has.
    name: ObjectRef,
    is_generated: bool,
    document: &'a Document,
}

impl<'a> Object<'a> {
    /// A version of this object as the inventory keeps it: under the name that it has here.
    fn named(&self, version: Cow<'a, Value>) -> Cow<'a, Value> {
        if !self.is_generated {
            return version;
        }
        let mut version = version.into_owned();
        if let Some(metadata) = version.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("name".to_owned(), self.name.name.clone().into());
        }
        Cow::Owned(version)
    }
}

struct Walk<'a> {
    settings: &'a Settings,
    /// What was admitted so far, and the state: what a new object may be in conflict with.
    earlier: Inventory,
    /// The same, and beside it every object of the folder that is not among them yet: where names are looked up.
    all: Inventory,
    /// The last admitted version of each object.
    admitted: BTreeMap<ObjectRef, Cow<'a, Value>>,
    /// The document with the version that `all` has.
    shown: BTreeMap<ObjectRef, &'a Document>,
    /// The versions of each object that are to be reviewed still.
    waiting: BTreeMap<ObjectRef, VecDeque<&'a Document>>,
    /// Which objects were denied, and by which rules.
    denied: BTreeSet<(ObjectRef, &'static str)>,
    generated: BTreeMap<ObjectRef, usize>,
    /// The comments that excuse something.
    useful: BTreeSet<*const Allow>,
    report: Report,
}

impl<'a> Walk<'a> {
    fn new(settings: &'a Settings, kinds: &[Kind]) -> Self {
        let inventory = Inventory::new(settings.kube_ovn.clone()).watching(kinds.iter().copied());
        Self {
            settings,
            earlier: inventory.clone(),
            all: inventory,
            admitted: BTreeMap::new(),
            shown: BTreeMap::new(),
            waiting: BTreeMap::new(),
            denied: BTreeSet::new(),
            generated: BTreeMap::new(),
            useful: BTreeSet::new(),
            report: Report::default(),
        }
    }

    /// Names an object; none if no rule knows its kind.
    fn name(&mut self, document: &'a Document) -> Option<Object<'a>> {
        let kind = Kind::of(&document.object)?;
        // The name does not depend on the rest, which is large.
        let metadata = document.object.get("metadata");
        let field = |field| metadata.and_then(|metadata| metadata.get(field)).cloned().unwrap_or_default();
        let head = serde_json::json!({
            "apiVersion": document.object.get("apiVersion"),
            "kind": kind.name(),
            "metadata": {"name": field("name"), "generateName": field("generateName"), "namespace": field("namespace")},
        });
        let mut name = Request::of_object(head, None).object_ref()?;
        let is_generated = field("name").as_str().is_none_or(str::is_empty);
        if is_generated {
            let count = self.generated.entry(name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                name.name = format!("{} ({count})", name.name);
            }
        }
        Some(Object { kind, name, is_generated, document })
    }

    /// Takes a version as stored, in place of an earlier one.
    fn store(&mut self, object: &Object<'a>, version: Cow<'a, Value>) {
        let version = object.named(version);
        self.earlier.apply(object.kind, &version);
        self.all.apply(object.kind, &version);
        self.shown.insert(object.name.clone(), object.document);
        self.admitted.insert(object.name.clone(), version);
    }

    /// Makes an object known before its review, by its first version.
    fn announce(&mut self, object: &Object<'a>) {
        let waiting = self.waiting.entry(object.name.clone()).or_default();
        waiting.push_back(object.document);
        if waiting.len() == 1 && !self.admitted.contains_key(&object.name) {
            self.show(object);
        }
    }

    fn show(&mut self, object: &Object<'a>) {
        self.all.apply(object.kind, &object.named(Cow::Borrowed(&object.document.object)));
        self.shown.insert(object.name.clone(), object.document);
    }

    fn review(&mut self, index: usize, object: &Object<'a>) -> Result<(), ViewError> {
        let old = self.admitted.get(&object.name).map(|old| old.clone().into_owned());
        let is_new = old.is_none();
        if is_new {
            // An object does not exist while it is asked whether it may.
            self.all.remove(object.kind, object.name.namespace.as_deref().unwrap_or_default(), &object.name.name);
        }
        let request = Request::of_object(object.document.object.clone(), old);
        let mut verdict = admit_after(&request, &self.all, &self.earlier, self.settings)?;
        self.spare(object.document, &mut verdict);
        self.note(index, object, &request, &verdict);
        let next = self.waiting.get_mut(&object.name).and_then(|waiting| {
            waiting.pop_front();
            waiting.front().copied()
        });
        if verdict.allowed {
            let version = verdict.mutated_object.map_or(Cow::Borrowed(&object.document.object), Cow::Owned);
            self.store(object, version);
        } else if is_new {
            // Others may refer to it all the same, or its one fault would be reported once for each of them.
            let shown = next.unwrap_or(object.document);
            self.show(&Object { document: shown, name: object.name.clone(), ..*object });
        }
        Ok(())
    }

    /// Turns denials that comments excuse into warnings, as the annotation `vpcguard.io/allow` does.
    fn spare(&mut self, document: &'a Document, verdict: &mut Verdict) {
        if document.allows.is_empty() {
            return;
        }
        // A denial that is not listed may be one that no comment excuses.
        let is_complete = verdict.omitted == 0;
        let (denials, mut warnings) = (std::mem::take(&mut verdict.findings), std::mem::take(&mut verdict.warnings));
        for mut denial in denials {
            if self.is_excused(document, &denial) && is_complete {
                denial.spare();
                verdict.warnings.push(denial);
            } else {
                verdict.findings.push(denial);
            }
        }
        for warning in &mut warnings {
            if self.is_excused(document, warning) {
                warning.spare();
            }
        }
        verdict.warnings.append(&mut warnings);
        verdict.allowed = verdict.findings.is_empty();
    }

    fn is_excused(&mut self, document: &'a Document, finding: &Finding) -> bool {
        let span = document.place(finding.field()).and_then(|place| place.span);
        let covers = |allow: &&Arc<Allow>| allow.covers(finding.rule(), span);
        let allows: Vec<_> = document.allows.iter().filter(covers).map(Arc::as_ptr).collect();
        let is_excused = !allows.is_empty();
        self.useful.extend(allows);
        is_excused
    }

    fn note_useless(&mut self, allows: &[Arc<Allow>]) {
        for allow in allows.iter().filter(|allow| !self.useful.contains(&Arc::as_ptr(allow))) {
            let Allow { file, position: Position { line, column }, rule, .. } = &**allow;
            let text = format!("{file}:{line}:{column}: this comment allows nothing: {rule} finds nothing there");
            self.report.notes.push(text);
        }
    }

    fn note(&mut self, index: usize, object: &Object<'a>, request: &Request, verdict: &Verdict) {
        let Some(subject) = request.object_ref() else { return };
        for finding in &verdict.findings {
            self.denied.insert((object.name.clone(), finding.rule()));
        }
        for finding in verdict.findings.iter().chain(&verdict.warnings) {
            let located = Located {
                finding: finding.clone(),
                object: subject.clone(),
                place: object.document.place(finding.field()),
                related: finding.related_objects().iter().map(|related| self.place(related)).collect(),
                index,
            };
            self.report.findings.push(located);
        }
        for missing in &verdict.not_evaluated {
            self.report.not_evaluated.push(Unevaluated { object: subject.clone(), missing: missing.clone() });
        }
        if verdict.allowed {
            self.report.mutations.extend(Mutation::all(&subject, object.document, &verdict.injected));
        }
        self.report.omitted += verdict.omitted;
    }

    /// Where the field of another object was read, or its name where no field of it matters.
    fn place(&self, related: &Related) -> Option<Place> {
        let document = self.shown.get(&related.object)?;
        let name = || FieldPath::of("metadata.name");
        document.place(&related.field.clone().unwrap_or_else(name))
    }

    /// Where both sides of a pair were reviewed, and one was denied and the other only warned, the denial says it all.
    fn drop_other_sides(&mut self) {
        let denied = &self.denied;
        let is_denied_there = |located: &Located| {
            let rule = located.finding.rule();
            let mut related = located.finding.related_objects().iter();
            related.any(|related| denied.contains(&(related.object.clone(), rule)))
        };
        self.report.findings.retain(|located| located.is_denial() || !is_denied_there(located));
        self.report.count();
    }
}

#[cfg(test)]
mod tests;
