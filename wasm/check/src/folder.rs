//! A folder as one network: its objects are reviewed in order, as if each were applied in turn.
//!
//! Names and prerequisites are looked up among all objects, so references work in any order. Conflicts count only with
//! what was admitted before, so a pair that cannot both stand is one finding, on the later of the two.

mod again;
mod gone;
mod history;
mod mended;
mod object;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use vpcguard_policies::field::FieldPath;
use vpcguard_policies::finding::{Related, Reported};
use vpcguard_policies::rules::is_reviewed;
use vpcguard_policies::settings::RuleAction;
use vpcguard_policies::{
    Attributes, Committed, Inventory, Kind, ObjectRef, Settings, TypedObject, Verdict, ViewError, admit_after,
    of_comment, review_unread, rules,
};

use crate::allow::Allow;
use crate::convert;
use crate::document::{Document, parse};
use crate::report::{LocatedFinding, Location, Mutation, Report, Seen, Unevaluated};
use crate::source::{ParseError, Source};
use crate::yaml::Position;
use history::Histories;
use mended::Doubt;
use object::{Manifest, ManifestReader};

/// What the sources hold, in their order.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// How many sources there were.
    pub files: usize,
    /// Their objects.
    pub documents: Vec<Document>,
    /// What could not be read.
    pub errors: Vec<ParseError>,
    /// What is not meant as a Kubernetes object, and why not.
    pub foreign: Vec<ParseError>,
    /// The comments that excuse findings.
    pub allows: Vec<Arc<Allow>>,
    /// What was there, and goes with this change.
    pub gone: Vec<Document>,
}

impl Folder {
    /// Reads sources; a broken one does not stop the others.
    pub fn parse(sources: &[Source]) -> Self {
        let mut folder = Self { files: sources.len(), ..Self::default() };
        for parsed in sources.iter().map(parse) {
            folder.documents.extend(parsed.documents);
            folder.errors.extend(parsed.errors);
            folder.foreign.extend(parsed.foreign);
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
    let mut report = check_uncut(folder, state, kinds, settings)?;
    report.cut();
    Ok(report)
}

/// [`check_knowing`], with all that was found, for those who pick some of it: a report lists 20 findings of an object.
pub(crate) fn check_uncut<'a>(
    folder: &'a Folder,
    state: impl IntoIterator<Item = &'a Document>,
    kinds: &[Kind],
    settings: &Settings,
) -> Result<Report, ViewError> {
    let mut reader = ManifestReader::new(settings);
    let state: Vec<_> = state.into_iter().filter_map(|document| reader.read(document)).collect();
    let objects: Vec<_> = folder.documents.iter().map(|document| reader.read(document)).collect();
    let gone: Vec<_> = folder.gone.iter().map(|document| reader.read(document)).collect();
    let mut report = Simulation::new(settings, kinds).report(&state, folder, &objects, &gone)?;
    report.summary.reviewed = objects.iter().flatten().filter(|object| is_reviewed(object.kind())).count();
    report.notes.extend(again::notes(objects.iter().flatten()));
    report.notes.extend(again::notes_of_state(&state));
    report.notes.extend(convert::notes(&folder.documents));
    let seen = |(document, object): (&Document, Option<Manifest<'_>>)| {
        Seen::of(document, object.as_ref().map(|object| &object.name))
    };
    report.objects = folder.documents.iter().zip(objects).chain(folder.gone.iter().zip(gone)).map(seen).collect();
    report.advice = settings.advice.clone();
    report.errors.clone_from(&folder.errors);
    report.summary.files = folder.files;
    report.summary.objects = folder.documents.len();
    report.summary.deleted = folder.gone.len();
    Ok(report)
}

struct Simulation<'a> {
    settings: &'a Settings,
    /// What was admitted so far, and the state: what a new object may be in conflict with. Beside it, as planned, every
    /// object of the folder that is not among them yet: names are looked up among them too.
    inventory: Inventory,
    histories: Histories<'a>,
    /// The comments that excuse something.
    useful: BTreeSet<*const Allow>,
    doubts: Vec<Doubt<'a>>,
    report: Report,
}

impl<'a> Simulation<'a> {
    fn new(settings: &'a Settings, kinds: &[Kind]) -> Self {
        Self {
            settings,
            inventory: Inventory::new(settings.kube_ovn.clone()).watching(kinds.iter().copied()),
            histories: Histories::default(),
            useful: BTreeSet::new(),
            doubts: Vec::new(),
            report: Report::default(),
        }
    }

    fn report(
        mut self,
        state: &'a [Manifest<'a>],
        folder: &'a Folder,
        objects: &'a [Option<Manifest<'a>>],
        gone: &'a [Option<Manifest<'a>>],
    ) -> Result<Report, ViewError> {
        for object in state {
            let history = self.histories.begin(&object.name);
            self.store(history, object, Cow::Borrowed(object.kept()));
        }
        let announced: Vec<_> =
            objects.iter().map(|object| object.as_ref().map(|object| (self.announce(object), object))).collect();
        for (index, (document, object)) in folder.documents.iter().zip(announced).enumerate() {
            match object {
                Some((history, object)) => self.review(index, history, object)?,
                None => self.review_unread(index, document),
            }
        }
        self.drop_mended()?;
        self.delete(folder.documents.len(), gone)?;
        self.drop_other_sides();
        self.note_useless(&folder.allows);
        Ok(self.report)
    }

    /// Takes a version as stored, in place of an earlier one.
    fn store(&mut self, history: usize, object: &Manifest<'a>, version: Cow<'a, TypedObject<'a>>) {
        self.inventory.store(version.object());
        if let Some(history) = self.histories.get_mut(history) {
            history.visible = Some(object.document);
            history.admitted = Some(version);
        }
    }

    /// Makes an object known before its review, by its first version. Says which life it has.
    fn announce(&mut self, object: &'a Manifest<'a>) -> usize {
        let number = self.histories.begin(&object.name);
        if let Some(history) = self.histories.get_mut(number) {
            history.waiting.push_back(object);
            if history.waiting.len() == 1 && history.admitted.is_none() {
                history.visible = Some(object.document);
                self.inventory.plan(object.kept().object());
            }
        }
        number
    }

    fn review(&mut self, index: usize, number: usize, object: &'a Manifest<'a>) -> Result<(), ViewError> {
        if let Some(history) = self.histories.get_mut(number) {
            history.waiting.pop_front();
        }
        let Some(history) = self.histories.get(number) else { return Ok(()) };
        let old = history.admitted.as_deref();
        let is_new = old.is_none();
        let replaced = history.visible.filter(|_| !is_new && history.is_reviewed);
        if is_new {
            // An object does not exist while it is asked whether it may.
            self.inventory.hide(object.kept().object());
        }
        let (mut verdict, mutated) = self.judge(object, old)?;
        self.suppress(object.document, &mut verdict);
        let is_admitted = verdict.allowed;
        self.doubt(index, number, object, &verdict);
        if let Some(history) = self.histories.get_mut(number) {
            history.denied_by.extend(verdict.findings.iter().map(Reported::rule));
        }
        self.note(index, &object.subject(), object.document, replaced, verdict);
        if is_admitted {
            let version = mutated.map(|mutated| Cow::Owned(object.kept_as(mutated, self.settings)));
            self.store(number, object, version.unwrap_or(Cow::Borrowed(object.kept())));
            if let Some(history) = self.histories.get_mut(number) {
                history.is_reviewed = true;
            }
        } else if is_new {
            self.show_next(number, object);
        }
        Ok(())
    }

    /// Asks about an object, as of now.
    fn judge(
        &self,
        object: &Manifest<'a>,
        old: Option<&TypedObject<'a>>,
    ) -> Result<(Verdict, Option<TypedObject<'static>>), ViewError> {
        let (all, earlier) = (&self.inventory, Committed(&self.inventory));
        // Everything is read before anything is judged.
        let asked = Attributes { settled: true, ..object.asked(old.is_none()) };
        let (mut verdict, mutated) = admit_after(asked, &object.version, old, all, &earlier, self.settings)?;
        verdict.omitted -= verdict.unlisted_findings.len() + verdict.unlisted_warnings.len();
        verdict.findings.append(&mut verdict.unlisted_findings);
        verdict.warnings.append(&mut verdict.unlisted_warnings);
        Ok((verdict, mutated))
    }

    /// Judges an object that no rule can read: nobody refers to it.
    fn review_unread(&mut self, index: usize, document: &'a Document) {
        let mut verdict = review_unread(&document.object, self.settings);
        self.suppress(document, &mut verdict);
        if !verdict.findings.is_empty() || !verdict.warnings.is_empty() || !document.mistaken.is_empty() {
            self.note(index, &Seen::of(document, None).object, document, None, verdict);
        }
    }

    /// Keeps an object known of which a version was denied: others may refer to it all the same, or its one fault would be
    /// reported once for each of them.
    fn show_next(&mut self, history: usize, denied: &'a Manifest<'a>) {
        let Some(history) = self.histories.get_mut(history) else { return };
        let visible = history.waiting.front().copied().unwrap_or(denied);
        history.visible = Some(visible.document);
        self.inventory.plan(visible.kept().object());
    }

    /// Turns denials that comments suppress into warnings, as the annotation `vpcguard.io/allow` does.
    fn suppress(&mut self, document: &'a Document, verdict: &mut Verdict) {
        if document.allows.is_empty() {
            return;
        }
        // A denial that was not kept may be one that no comment suppresses.
        let is_complete = verdict.omitted == 0;
        let (denials, mut warnings) = (std::mem::take(&mut verdict.findings), std::mem::take(&mut verdict.warnings));
        for mut denial in denials {
            if self.is_suppressed(document, &denial) && is_complete {
                denial.suppress();
                verdict.warnings.push(denial);
            } else {
                verdict.findings.push(denial);
            }
        }
        for warning in &mut warnings {
            if self.is_suppressed(document, warning) {
                warning.suppress();
            }
        }
        verdict.warnings.append(&mut warnings);
        verdict.allowed = verdict.findings.is_empty();
    }

    fn is_suppressed(&mut self, document: &'a Document, finding: &Reported) -> bool {
        let span = document.place(finding.field()).and_then(|place| place.span);
        let covers = |allow: &&Arc<Allow>| allow.covers(finding.rule(), span);
        let allows: Vec<_> = document.allows.iter().filter(covers).map(Arc::as_ptr).collect();
        let is_suppressed = !allows.is_empty();
        self.useful.extend(allows);
        is_suppressed
    }

    fn note_useless(&mut self, allows: &[Arc<Allow>]) {
        // What does not look finds nothing anywhere.
        let looks = |rule: &str| rules::named(rule).is_ok_and(|rule| rule.action(self.settings) != RuleAction::Off);
        let useless = allows.iter().filter(|allow| !self.useful.contains(&Arc::as_ptr(allow)));
        for allow in useless.filter(|allow| looks(allow.rule)) {
            let Allow { file, position: Position { line, column }, rule, .. } = &**allow;
            let text = format!("{file}:{line}:{column}: this comment allows nothing: {rule} finds nothing there");
            self.report.notes.push(text);
        }
    }

    /// `replaced` is the document of which this is an update.
    fn note(
        &mut self,
        index: usize,
        object: &ObjectRef,
        document: &'a Document,
        replaced: Option<&Document>,
        verdict: Verdict,
    ) {
        if verdict.allowed && !verdict.injected.is_empty() {
            self.report.mutations.extend(Mutation::all(object, document, &verdict.injected));
        }
        for finding in verdict.findings.into_iter().chain(verdict.warnings) {
            let located = LocatedFinding {
                object: object.clone(),
                place: document.place_of(&finding),
                related: finding.related_objects().iter().map(|related| self.place(related)).collect(),
                earlier: replaced.and_then(|replaced| replaced.place(finding.field())),
                cluster: None,
                finding,
                index,
            };
            self.report.findings.push(located);
        }
        for comment in &document.mistaken {
            let Some(finding) = of_comment(&comment.text, self.settings) else { continue };
            let place = Some(document.location(Some(comment.span), comment.line.clone()));
            self.report.findings.push(LocatedFinding {
                object: object.clone(),
                place,
                related: Vec::new(),
                earlier: None,
                cluster: None,
                finding,
                index,
            });
        }
        for missing in verdict.not_evaluated {
            self.report.not_evaluated.push(Unevaluated { object: object.clone(), missing });
        }
        self.report.omitted += verdict.omitted;
    }

    /// Where the field of another object was read, or its name where no field of it matters.
    fn place(&self, related: &Related) -> Option<Location> {
        let document = self.histories.of(&related.object)?.visible?;
        let name = || FieldPath::of("metadata.name");
        document.place(&related.field.clone().unwrap_or_else(name))
    }

    /// Where both sides of a pair were reviewed, and one was denied and the other only warned, the denial says it all.
    fn drop_other_sides(&mut self) {
        let is_denied_there = |located: &LocatedFinding| {
            let mut related =
                located.finding.related_objects().iter().filter_map(|related| self.histories.of(&related.object));
            related.any(|history| history.denied_by.contains(&located.finding.rule()))
        };
        self.report.findings.retain(|located| located.is_denial() || !is_denied_there(located));
        self.report.count();
    }
}

#[cfg(test)]
mod tests;
