//! The report for programs. Its shape is published and only grows.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use vpcguard_policies::ObjectRef;
use vpcguard_policies::finding::Related;

use super::words::pretty;
use super::{LiveCluster, LocatedFinding, Location, Mutation, Report, Summary, Unevaluated};
use crate::source::ParseError;
use crate::yaml::Span;

/// What has written a report: the program, or the npm package, which is the one that runs as WebAssembly.
const PRODUCER: &str = if cfg!(target_family = "wasm") { "vpcguard-js" } else { "vpcguard" };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    version: u32,
    producer: Producer,
    findings: &'a [LocatedFinding],
    mutations: &'a [Mutation],
    not_evaluated: &'a [Unevaluated],
    errors: &'a [ParseError],
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    live_cluster: Option<&'a LiveCluster>,
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
        live_cluster: report.live_cluster.as_ref(),
    };
    pretty(&json)
}

/// The finding as a verdict writes it, with the object and the places put in.
impl Serialize for LocatedFinding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { finding, object, place, related, earlier, cluster, .. } = self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("rule", finding.rule())?;
        out.serialize_entry("action", &finding.action())?;
        out.serialize_entry("reason", &finding.reason())?;
        out.serialize_entry("message", &finding.message())?;
        out.serialize_entry("field", finding.field())?;
        out.serialize_entry("object", object)?;
        if let Some(cluster) = cluster {
            out.serialize_entry("cluster", &**cluster)?;
        }
        if let Some(place) = place {
            start(&mut out, place)?;
            if let Some(Span { end, .. }) = place.span {
                out.serialize_entry("endLine", &end.line)?;
                out.serialize_entry("endColumn", &end.column)?;
            }
            template(&mut out, place)?;
        }
        if !finding.help_text().is_empty() {
            out.serialize_entry("help", finding.help_text())?;
        }
        if finding.is_suppressed() {
            out.serialize_entry("spared", &true)?;
        }
        let others = finding.disclosed_objects();
        if !others.is_empty() {
            let places = related.iter().map(Option::as_ref).chain(std::iter::repeat(None));
            let others: Vec<_> = others.iter().zip(places).map(|(other, place)| Other(other, place)).collect();
            out.serialize_entry("related", &others)?;
        }
        if let Some(earlier) = earlier {
            out.serialize_entry("earlier", &At(earlier))?;
        }
        out.end()
    }
}

/// Where something is, by itself.
struct At<'a>(&'a Location);

impl Serialize for At<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        start(&mut out, self.0)?;
        template(&mut out, self.0)?;
        out.end()
    }
}

/// Another object, and where it is.
struct Other<'a>(&'a Related, Option<&'a Location>);

impl Serialize for Other<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(Related { object, field }, place) = self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("object", object)?;
        if let Some(field) = field {
            out.serialize_entry("field", field)?;
        }
        if let Some(place) = place {
            start(&mut out, place)?;
            template(&mut out, place)?;
        }
        out.end()
    }
}

fn start<M: SerializeMap>(out: &mut M, place: &Location) -> Result<(), M::Error> {
    out.serialize_entry("file", &place.file)?;
    out.serialize_entry("document", &place.document)?;
    if let Some(Span { start, .. }) = place.span {
        out.serialize_entry("line", &start.line)?;
        out.serialize_entry("column", &start.column)?;
    }
    Ok(())
}

fn template<M: SerializeMap>(out: &mut M, place: &Location) -> Result<(), M::Error> {
    place.template.as_ref().map_or(Ok(()), |template| out.serialize_entry("source", &**template))
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
