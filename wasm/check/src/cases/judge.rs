//! What the rules say to the objects of a case, and whether it is what is wanted.

use vpcguard_policies::finding::{Action, Reported};
use vpcguard_policies::text::did_you_mean;
use vpcguard_policies::{Inventory, Kind, ObjectRef, Request, Settings, review};

use super::{Case, CaseOperation, CaseSettings, Given, Said, Wanted};
use crate::document::Document;
use crate::folder::{Folder, check_uncut};
use crate::settings::parse_settings;
use crate::source::ParseError;
use crate::yaml::Position;

/// Whether an object is judged as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Where it is wanted; none of an object of which nothing is.
    pub position: Option<Position>,
    /// What is looked at: the object, what is wanted of it, and by which rule.
    pub what: String,
    /// How it is.
    pub outcome: Compared,
    /// What was found, a line each.
    pub found: Vec<String>,
}

/// How an object is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// As it is wanted.
    AsWanted,
    /// Otherwise, and how.
    Otherwise(String),
}

/// An object, and what the rules found in it.
struct Verdict {
    object: ObjectRef,
    findings: Vec<Reported>,
}

pub(super) fn run(case: &Case, given: &Given) -> Result<Vec<Judged>, Vec<String>> {
    let settings = settings(case, given)?;
    let (folder, state) = (Folder::parse(&given.manifests), Folder::parse(&given.state));
    let errors: Vec<_> = state.errors.iter().chain(&folder.errors).map(ToString::to_string).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    if folder.documents.is_empty() {
        return Err(vec![format!("{}: there is no object in its manifests", case.file)]);
    }
    let verdicts = match case.operation {
        CaseOperation::Apply => applied(&folder, &state, &settings)?,
        CaseOperation::Delete => deleted(&folder, &state, &settings)?,
    };
    let wanted = case.results.iter().map(|wanted| judge(wanted, &verdicts));
    let unasked = verdicts.iter().filter(|verdict| !case.results.iter().any(|wanted| wanted.is_of(&verdict.object)));
    Ok(wanted.chain(unasked.filter_map(refused)).collect())
}

fn settings(case: &Case, given: &Given) -> Result<Settings, Vec<String>> {
    let lines = |errors: Vec<ParseError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
    match (&case.settings, &given.settings) {
        (CaseSettings::Here(settings), _) => Ok((**settings).clone()),
        (CaseSettings::File(_), Some(source)) => parse_settings(source).map_err(lines),
        (CaseSettings::File(_) | CaseSettings::Default, _) => Ok(Settings::default()),
    }
}

/// The objects applied one after the other; of one that stands twice the last version.
fn applied(folder: &Folder, state: &Folder, settings: &Settings) -> Result<Vec<Verdict>, Vec<String>> {
    let report = check_uncut(folder, &state.documents, &[], settings).map_err(|error| vec![error.to_string()])?;
    let mut verdicts: Vec<Verdict> = Vec::new();
    for (index, seen) in report.objects().iter().enumerate() {
        let of_object = report.findings().iter().filter(|located| located.index == index);
        let findings = of_object.map(|located| located.finding.clone()).collect();
        verdicts.retain(|verdict| verdict.object != seen.object);
        verdicts.push(Verdict { object: seen.object.clone(), findings });
    }
    Ok(verdicts)
}

/// The objects deleted, each while all are there.
fn deleted(folder: &Folder, state: &Folder, settings: &Settings) -> Result<Vec<Verdict>, Vec<String>> {
    let mut cluster = Inventory::new(settings.kube_ovn.clone());
    for Document { object, .. } in state.documents.iter().chain(&folder.documents) {
        if let Some(kind) = Kind::of(object) {
            cluster.apply(kind, object);
        }
    }
    let mut verdicts = Vec::new();
    for document in &folder.documents {
        let request = Request::to_delete(document.object.clone());
        let Some(object) = request.object_ref() else { continue };
        let verdict = review(&request, &cluster, settings).map_err(|error| vec![error.to_string()])?;
        let findings = verdict.findings.into_iter().chain(verdict.warnings).collect();
        verdicts.push(Verdict { object, findings });
    }
    Ok(verdicts)
}

fn judge(wanted: &Wanted, verdicts: &[Verdict]) -> Judged {
    let what = wanted.to_string();
    let position = Some(wanted.position);
    let Some(verdict) = verdicts.iter().find(|verdict| wanted.is_of(&verdict.object)) else {
        let outcome = Compared::Otherwise(wanted.missing(verdicts));
        return Judged { position, what, outcome, found: Vec::new() };
    };
    let by = |finding: &&Reported| wanted.rule.is_none_or(|rule| finding.rule() == rule);
    let said = said(verdict.findings.iter().filter(by));
    let outcome =
        if said == wanted.verdict { Compared::AsWanted } else { Compared::Otherwise(said.of_it().to_owned()) };
    Judged { position, what, outcome, found: verdict.lines() }
}

/// What findings come to.
fn said<'a>(findings: impl Iterator<Item = &'a Reported>) -> Said {
    let actions: Vec<_> = findings.map(Reported::action).collect();
    match actions.as_slice() {
        [] => Said::Pass,
        actions if actions.contains(&Action::Deny) => Said::Deny,
        _ => Said::Warn,
    }
}

/// An object that is refused although nobody says what is wanted of it: what is not applied, others do not find.
fn refused(verdict: &Verdict) -> Option<Judged> {
    let denial = verdict.findings.iter().find(|finding| finding.action() == Action::Deny)?;
    Some(Judged {
        position: None,
        what: format!("{}: nothing is wanted of it", named(&verdict.object)),
        outcome: Compared::Otherwise(format!("{} by {}", Said::Deny.of_it(), denial.rule())),
        found: verdict.lines(),
    })
}

impl Verdict {
    fn lines(&self) -> Vec<String> {
        let word = |finding: &Reported| if finding.action() == Action::Deny { "error" } else { "warning" };
        let line = |finding: &Reported| {
            format!("{}[{}]: {}: {}", word(finding), finding.rule(), finding.field(), finding.message())
        };
        self.findings.iter().map(line).collect()
    }
}

impl Wanted {
    fn is_of(&self, object: &ObjectRef) -> bool {
        self.kind == object.kind && self.name == object.name && self.is_in(object.namespace.as_deref())
    }

    /// A namespaced object that names none is in `default`; of one that has none, none is to be named.
    fn is_in(&self, namespace: Option<&str>) -> bool {
        match namespace {
            Some(namespace) if self.namespace.is_empty() => namespace == "default",
            Some(namespace) => namespace == self.namespace,
            None => self.namespace.is_empty(),
        }
    }

    fn missing(&self, verdicts: &[Verdict]) -> String {
        let of_kind = verdicts.iter().map(|verdict| &verdict.object).filter(|object| object.kind == self.kind);
        let names: Vec<_> = of_kind.map(qualified).collect();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let wanted =
            if self.namespace.is_empty() { self.name.clone() } else { format!("{}/{}", self.namespace, self.name) };
        let hint = did_you_mean(&wanted, &known).map(|hint| format!(": {hint}")).unwrap_or_default();
        format!("there is no such object in the manifests{hint}")
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let namespace = if self.namespace.is_empty() { String::new() } else { format!("{}/", self.namespace) };
        write!(f, "{} {:?}: {}", self.kind, format!("{namespace}{}", self.name), self.verdict.word())?;
        self.rule.map_or(Ok(()), |rule| write!(f, " by {rule}"))
    }
}

fn qualified(object: &ObjectRef) -> String {
    let namespace = object.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{namespace}{}", object.name)
}

fn named(object: &ObjectRef) -> String {
    format!("{} {:?}", object.kind, qualified(object))
}
