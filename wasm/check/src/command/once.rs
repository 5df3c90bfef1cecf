//! Files that are one: by two names, or for a report as well.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Inputs;
use super::networks::ClusterOf;
use crate::document::{Parsed, parse};
use crate::source::Source;

/// The files without those that another of the same cluster is, under the name that came first. Of a link that stands in the
/// folders of two clusters each has its own.
pub(super) fn once<'a>(files: &'a [Source], same: &[Vec<String>], cluster_of: ClusterOf<'_>) -> Cow<'a, [Source]> {
    if same.is_empty() {
        return files.into();
    }
    // The number of the group by name, then by cluster and group which file has it: of types that there are already, for each
    // other one makes the WebAssembly larger.
    let mut groups = BTreeMap::<String, usize>::new();
    for (group, names) in same.iter().enumerate() {
        for name in names {
            groups.insert(name.clone(), group);
        }
    }
    let mut taken = BTreeMap::<String, usize>::new();
    let mut left = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let first = groups.get(&file.name).map(|group| {
            let cluster = cluster_of(&file.name).unwrap_or_default();
            *taken.entry(format!("{group} {cluster}")).or_insert(at)
        });
        if first.is_none_or(|first| first == at) {
            left.push(file.clone());
        }
    }
    left.into()
}

/// What is said of a file that is to be written, and is read.
pub(super) fn overwriting(inputs: &Inputs<'_>) -> Vec<String> {
    let read =
        || inputs.files.iter().chain(inputs.state).chain(inputs.deleted).chain(inputs.before.into_iter().flatten());
    let is_kept = |name: &str| read().any(|source| source.name == name && !is_report(source));
    let kept = inputs.overwritten.iter().filter(|(name, _)| is_kept(name));
    kept.map(|(name, flag)| format!("{flag}: {name} is read here, and would be overwritten: name another file"))
        .collect()
}

/// Whether this may be a report or a baseline of an earlier run, which lies among the manifests and is none of them.
fn is_report(source: &Source) -> bool {
    let Parsed { documents, errors, .. } = parse(source);
    source.is_json() && documents.is_empty() && errors.is_empty()
}
