//! Reads cases strictly: what is not known is an error that says what was probably meant.

use serde_json::{Map, Value};
use vpcguard_policies::json::{Reader, TypeErrors};
use vpcguard_policies::text::did_you_mean;
use vpcguard_policies::{Kind, Settings, rules};

use super::{Case, CaseFile, CaseOperation, CaseSettings, Said, Wanted};
use crate::source::{ParseError, Source};
use crate::yaml::{Node, Position, Stream, load};

/// What there is in a case.
const KEYS: &[&str] = &["name", "manifests", "state", "settings", "operation", "results"];

/// What there is in a result.
const RESULT_KEYS: &[&str] = &["kind", "namespace", "name", "rule", "result"];

/// The rule that looks at kinds which no rule knows.
const ABOUT_KINDS: &str = "unknown-kind";

const OPERATIONS: &[(&str, CaseOperation)] = &[("apply", CaseOperation::Apply), ("delete", CaseOperation::Delete)];

const RESULTS: &[(&str, Said)] = &[("deny", Said::Deny), ("warn", Said::Warn), ("pass", Said::Pass)];

/// The cases of a file.
pub(super) fn cases(source: &Source) -> CaseFile {
    let error = |document, position, message: String| ParseError::new(&source.name, document, position, message);
    let text = match source.text() {
        Ok(text) => text,
        Err(error) => return CaseFile { errors: vec![error], ..CaseFile::default() },
    };
    let Stream { documents, faults, .. } = load(text);
    let mut errors: Vec<_> =
        faults.into_iter().map(|fault| error(Some(fault.document), fault.position, fault.message)).collect();
    let mut cases = Vec::new();
    for (number, node) in &documents {
        let value = node.to_value();
        let (case, wrong) = case(&source.name, &value, node);
        let wrong = wrong.into_iter().map(|(field, message)| {
            let message =
                if field.is_empty() { format!("not a test: {message}") } else { format!("{field}: {message}") };
            error(Some(*number), node.locate(&field), message)
        });
        let mut wrong: Vec<_> = wrong.collect();
        ParseError::sort(&mut wrong);
        cases.push((case, wrong));
    }
    if errors.is_empty() && cases.is_empty() {
        errors.push(error(None, Position::START, "there is no test in it".to_owned()));
    }
    ParseError::sort(&mut errors);
    CaseFile { cases, errors }
}

/// A field, and what is wrong with it.
type Wrong = (String, String);

/// What a document says, and what is wrong with it.
fn case(file: &str, value: &Value, node: &Node) -> (Case, Vec<Wrong>) {
    let types = TypeErrors::default();
    let top = Reader::new(value, &types);
    let mut parser = Parser { node, wrong: Vec::new() };
    parser.keys(&top, KEYS);
    for needed in ["manifests", "results"] {
        if top.map().is_some() && top.at(needed).items().next().is_none() && parser.is_list(&top.at(needed)) {
            parser.wrong.push((needed.to_owned(), "is missing or empty".to_owned()));
        }
    }
    let case = Case {
        file: file.to_owned(),
        name: top.at("name").string(),
        manifests: top.at("manifests").strings(),
        state: top.at("state").strings(),
        settings: parser.settings(&top, value.get("settings")),
        operation: parser.choice(&top.at("operation"), OPERATIONS).unwrap_or_default(),
        results: top.at("results").items().map(|result| parser.wanted(&result)).collect(),
    };
    let mut wrong = parser.wrong;
    wrong.extend(types.into_sorted().into_iter().map(|wrong| (wrong.field.to_string(), wrong.detail())));
    (case, wrong)
}

struct Parser<'a> {
    node: &'a Node,
    wrong: Vec<Wrong>,
}

impl Parser<'_> {
    fn settings(&mut self, top: &Reader, written: Option<&Value>) -> CaseSettings {
        match written {
            None | Some(Value::Null) => CaseSettings::Default,
            Some(Value::String(path)) => CaseSettings::File(path.clone()),
            Some(value @ Value::Object(_)) => match Settings::parse(value) {
                Ok(settings) => CaseSettings::Here(Box::new(settings)),
                Err(errors) => {
                    let within = |error: vpcguard_policies::settings::SettingsError| {
                        (format!("settings.{}", error.field), error.message)
                    };
                    self.wrong.extend(errors.0.into_iter().map(within));
                    CaseSettings::Default
                }
            },
            Some(_) => {
                self.error(&top.at("settings"), "must be the path of a file, or the settings themselves".to_owned());
                CaseSettings::Default
            }
        }
    }

    fn wanted(&mut self, result: &Reader) -> Wanted {
        self.keys(result, RESULT_KEYS);
        let rule = result.at("rule");
        let named = rule.text().map(rules::named);
        if let Some(Err(unknown)) = &named {
            self.error(&rule, unknown.clone());
        }
        let said = result.at("result");
        if !said.is_present() && result.map().is_some() {
            self.error(result, "result is missing: it must be deny, warn or pass".to_owned());
        }
        Wanted {
            position: self.node.locate(&result.path().to_string()),
            kind: self.kind(result, rule.text() == Some(ABOUT_KINDS)),
            namespace: result.at("namespace").string(),
            name: self.needed(result, "name"),
            rule: named.and_then(Result::ok).map(|rule| rule.id),
            verdict: self.choice(&said, RESULTS).unwrap_or(Said::Pass),
        }
    }

    /// The kind of an object, which must be one that a rule looks at, unless that is what is tested.
    fn kind(&mut self, result: &Reader, may_be_unknown: bool) -> String {
        let kind = self.needed(result, "kind");
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        if !kind.is_empty() && !may_be_unknown && !known.contains(&kind.as_str()) {
            let hint = did_you_mean(&kind, &known).unwrap_or_else(|| "no rule looks at it".to_owned());
            self.error(&result.at("kind"), format!("unknown kind {kind:?}: {hint}"));
        }
        kind
    }

    fn needed(&mut self, object: &Reader, key: &'static str) -> String {
        let field = object.at(key);
        let text = field.text();
        if (!field.is_present() || text == Some("")) && object.map().is_some() {
            self.error(object, format!("{key} is missing"));
        }
        text.unwrap_or_default().to_owned()
    }

    fn is_list(&self, field: &Reader) -> bool {
        // What is of another type is an error already.
        !field.is_present() || self.node.get(&field.path().to_string()).is_some_and(|node| node.items().is_some())
    }

    fn choice<T: Copy>(&mut self, field: &Reader, choices: &[(&str, T)]) -> Option<T> {
        let word = field.text()?;
        let chosen = choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let hint = did_you_mean(word, &names).unwrap_or_else(|| format!("must be one of {}", names.join(", ")));
            self.error(field, format!("unknown value {word:?}: {hint}"));
        }
        chosen
    }

    fn keys(&mut self, object: &Reader, known: &[&str]) {
        for key in object.map().into_iter().flat_map(Map::keys).filter(|key| !known.contains(&key.as_str())) {
            let hint = did_you_mean(key, known).unwrap_or_else(|| format!("known are {}", known.join(", ")));
            let path = object.path().to_string();
            let field = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.wrong.push((field, format!("unknown key {key:?}: {hint}")));
        }
    }

    fn error(&mut self, field: &Reader, message: String) {
        self.wrong.push((field.path().to_string(), message));
    }
}
