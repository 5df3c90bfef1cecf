//! The report for programs. Its shape is published and only grows.

use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::Value;
use vpcguard_policies::ObjectRef;

use super::format::pretty;
use super::{Located, Mutation, Place, Report, Summary, Unevaluated};
use crate::source::ParseError;
use crate::yaml::Span;

/// What has written a report: the program, or the npm package, which is the one that runs as WebAssembly.
const PRODUCER: &str = if cfg!(target_family = "wasm") { "vpcguard-js" } else { "vpcguard" };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    version: u32,
    producer: Producer,
    findings: &'a [Located],
    mutations: &'a [Mutation],
    not_evaluated: &'a [Unevaluated],
    errors: &'a [ParseError],
    summary: Summary,
}

#[derive(Serialize)]
struct Producer {
    name: &'static str,
    version: &'static str,
}

pub(super) fn render(report: &Report) -> String {
    let json = Json {
        version: 1,
        producer: Producer { name: PRODUCER, version: env!("CARGO_PKG_VERSION") },
        findings: &report.findings,
        mutations: &report.mutations,
        not_evaluated: &report.not_evaluated,
        errors: &report.errors,
        summary: report.summary,
    };
    pretty(&json)
}

/// The finding as a verdict writes it, with the object and the places put in.
impl Serialize for Located {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(mut fields) = serde_json::to_value(&self.finding).map_err(S::Error::custom)? else {
            return Err(S::Error::custom("a finding is an object"));
        };
        let related = match fields.remove("related") {
            Some(Value::Array(related)) => related,
            _ => Vec::new(),
        };
        let mut out = serializer.serialize_map(None)?;
        for key in ["rule", "action", "reason", "message", "field"] {
            if let Some(value) = fields.remove(key) {
                out.serialize_entry(key, &value)?;
            }
        }
        out.serialize_entry("object", &self.object)?;
        if let Some(place) = &self.place {
            out.serialize_entry("file", &place.file)?;
            out.serialize_entry("document", &place.document)?;
            if let Some(Span { start, end }) = place.span {
                out.serialize_entry("line", &start.line)?;
                out.serialize_entry("column", &start.column)?;
                out.serialize_entry("endLine", &end.line)?;
                out.serialize_entry("endColumn", &end.column)?;
            }
            if let Some(template) = &place.template {
                out.serialize_entry("source", template)?;
            }
        }
        for (key, value) in &fields {
            out.serialize_entry(key, value)?;
        }
        if !related.is_empty() {
            let places = self.related.iter().map(Option::as_ref).chain(std::iter::repeat(None));
            let related: Vec<_> =
                related.into_iter().zip(places).map(|(other, place)| with_place(other, place)).collect();
            out.serialize_entry("related", &related)?;
        }
        out.end()
    }
}

fn with_place(mut related: Value, place: Option<&Place>) -> Value {
    if let (Some(fields), Some(place)) = (related.as_object_mut(), place) {
        fields.insert("file".to_owned(), place.file.clone().into());
        fields.insert("document".to_owned(), place.document.into());
        if let Some(Span { start, .. }) = place.span {
            fields.insert("line".to_owned(), start.line.into());
            fields.insert("column".to_owned(), start.column.into());
        }
        if let Some(template) = &place.template {
            fields.insert("source".to_owned(), template.to_string().into());
        }
    }
    related
}

impl Serialize for Unevaluated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            rule: &'a str,
            object: &'a ObjectRef,
            needs: &'a str,
        }
        Shape { rule: self.missing.rule, object: &self.object, needs: self.missing.needs }.serialize(serializer)
    }
}
