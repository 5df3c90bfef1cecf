//! What a finding says in words alone, for formats that show no source.

use vpcguard_policies::ObjectRef;

use super::words::{at, escaped, name};
use super::{LocatedFinding, Location};
use crate::source::{ParseError, STDIN};

/// What is wrong, in a line.
pub(super) fn title(located: &LocatedFinding) -> String {
    escaped(&format!("{}: {}", located.finding.field(), located.finding.message()))
}

/// What is wrong, how to fix it, and what else it rests on: a line each.
pub(super) fn lines(located: &LocatedFinding) -> Vec<String> {
    let mut lines = vec![title(located)];
    lines.extend(help(located));
    for (label, place) in others(located) {
        let place = place.map(|place| format!(" ({})", at(place))).unwrap_or_default();
        lines.push(escaped(&format!("related: {label}{place}")));
    }
    lines.extend(cluster(located));
    let template = located.place.as_ref().and_then(|place| place.template.as_deref());
    lines.extend(template.map(|template| escaped(&format!("source: {template}"))));
    lines
}

/// How to fix it, if the message does not say it all.
pub(super) fn help(located: &LocatedFinding) -> Option<String> {
    let help = located.finding.help_text();
    (!help.is_empty()).then(|| escaped(&format!("help: {help}")))
}

/// The cluster, where several are told apart.
pub(super) fn cluster(located: &LocatedFinding) -> Option<String> {
    located.cluster.as_ref().map(|cluster| escaped(&format!("cluster: {cluster}")))
}

/// What is said of the place of a version that was replaced.
pub(super) const EARLIER: &str = "an earlier version of this object";

/// The other objects that a finding names, and where they are; and where an earlier version of its own is.
pub(super) fn others(located: &LocatedFinding) -> impl Iterator<Item = (String, Option<&Location>)> {
    let places = located.related.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    let others = located.finding.disclosed_objects().iter().zip(places).map(|(related, place)| {
        let field = related.field.as_ref().map(|field| format!(" {field}")).unwrap_or_default();
        (format!("{}{field}", name(&related.object)), place)
    });
    others.chain(located.earlier.iter().map(|place| (EARLIER.to_owned(), Some(place))))
}

/// A file as repositories name it; none for standard input.
pub(super) fn path(file: &str) -> Option<&str> {
    (file != STDIN).then(|| file.strip_prefix("./").unwrap_or(file))
}

/// The file of a place as repositories name it: of the output of a template the template.
pub(super) fn file(place: &Location) -> &str {
    place.rendered().or_else(|| path(&place.file)).unwrap_or(&place.file)
}

/// The file of what cannot be read, as repositories name it: of the output of a template the template.
pub(super) fn file_of_error(error: &ParseError) -> &str {
    error.rendered().or_else(|| path(&error.file)).unwrap_or(&error.file)
}

/// Where something cannot be read, in a line of its own.
pub(super) fn at_error(error: &ParseError) -> String {
    format!("at: {}:{}:{}", error.file, error.line, error.column)
}

/// An object's name with all that tells it from others: `kubeovn.io/v1/Subnet/a`.
pub(super) fn qualified(object: &ObjectRef) -> String {
    let namespace = object.namespace.iter().map(String::as_str);
    let parts: Vec<_> =
        [&*object.api_version, &*object.kind].into_iter().chain(namespace).chain([&*object.name]).collect();
    parts.join("/")
}
