//! The examples of a new rule: a network of the manual in which nothing is wrong, with the rule's field in it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use vpcguard_check::{Folder, LocatedFinding, Source, check};
use vpcguard_policies::{Inventory, Kind, Request, Settings, admit};

use super::field::Field;
use crate::yaml;

/// The values of the field in the two examples.
pub(super) const BAD: &str = "bad";
const GOOD: &str = "good";

/// The rules about what a cluster is set up with, which the examples of the manual leave out.
const SETUP: &[&str] = &["gateway-config", "vpc-lb-prerequisites"];

/// Objects that the last of them needs, and that one.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) others: Vec<Value>,
    pub(super) object: Value,
}

impl Network {
    /// The smallest network of the manual with an object of this kind, in which nothing is found.
    pub(super) fn with(kind: Kind, pages: &BTreeMap<String, String>) -> Result<Self> {
        let mut all: Vec<_> =
            pages.values().flat_map(|page| fences(page)).filter_map(|text| Self::of(kind, text)).collect();
        all.push(Self { others: Vec::new(), object: smallest(kind) });
        all.sort_by_key(|network| network.others.len());
        let clean = all.into_iter().find(Self::is_clean);
        clean.with_context(|| format!("no example of the manual has {kind} and nothing wrong with it"))
    }

    /// A network in which one object of this kind comes after the others.
    fn of(kind: Kind, text: &str) -> Option<Self> {
        let folder = Folder::parse(&[source(text)]);
        let mut objects: Vec<Value> = folder.documents.iter().map(|document| document.object.clone()).collect();
        let names: BTreeSet<_> =
            objects.iter().map(|object| (object["kind"].to_string(), object["metadata"].to_string())).collect();
        let at = objects.iter().position(|object| Kind::of(object) == Some(kind))?;
        let is_read = folder.errors.is_empty() && names.len() == objects.len();
        let object = is_read.then(|| objects.remove(at))?;
        Some(Self { others: objects, object })
    }

    /// Whether nothing is found in it but that a cluster is not set up, and nothing is injected: in a folder and in a cluster.
    fn is_clean(&self) -> bool {
        let settings = Settings::default();
        let request = Request::of_object(self.object.clone(), None);
        let admits = |seen: &[Kind]| {
            let mut inventory = Inventory::new(settings.kube_ovn.clone()).watching(seen.iter().copied());
            for object in &self.others {
                if let Some(kind) = Kind::of(object) {
                    inventory.apply(kind, object);
                }
            }
            let verdict = admit(&request, &inventory, &settings);
            verdict.is_ok_and(|verdict| verdict.findings.is_empty() && verdict.injected.is_empty())
        };
        let report = self.manifest().map(|text| check(&Folder::parse(&[source(&text)]), &[], &settings));
        let is_setup = |found: &LocatedFinding| SETUP.contains(&found.finding.rule());
        let passes = report.is_ok_and(|report| report.is_ok_and(|report| report.findings().iter().all(is_setup)));
        passes && admits(&[]) && admits(Kind::ALL)
    }

    /// The same with the field, as it may be.
    pub(super) fn good(&self, field: &Field) -> Self {
        let mut network = self.clone();
        if !field.is_in(&network.object) {
            field.set(&mut network.object, GOOD);
        }
        network
    }

    /// The same with the field, as it may not be.
    pub(super) fn bad(&self, field: &Field) -> Self {
        let mut network = self.clone();
        field.set(&mut network.object, BAD);
        network
    }

    /// As a manifest.
    pub(super) fn manifest(&self) -> Result<String> {
        let documents: Vec<_> = self.others.iter().chain([&self.object]).map(yaml::text).collect::<Result<_>>()?;
        Ok(documents.join("---\n"))
    }

    /// As the beginning of a case.
    pub(super) fn case(&self) -> Result<String> {
        let object = yaml::text(&json!({"object": self.object}))?;
        let state = if self.others.is_empty() { String::new() } else { yaml::text(&json!({"state": self.others}))? };
        Ok(state + &object)
    }
}

fn source(text: &str) -> Source {
    Source { name: "example.yaml".to_owned(), bytes: text.to_owned().into_bytes() }
}

/// The good examples of a page.
fn fences(page: &str) -> impl Iterator<Item = &str> {
    page.split("\n```yaml good\n").skip(1).filter_map(|rest| rest.split_once("\n```").map(|(fence, _)| fence))
}

/// An object of a kind that has no example.
fn smallest(kind: Kind) -> Value {
    let mut object = json!({"apiVersion": kind.api_version(), "kind": kind.name(), "metadata": {"name": "a"}});
    if let Some(namespace) = kind.is_namespaced().then(|| object.get_mut("metadata")).flatten() {
        *namespace = json!({"name": "a", "namespace": "shop"});
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::pages;

    /// What is copied out of the manual must stay clean, whatever its pages say by then.
    #[test]
    fn every_kind_has_an_example() {
        let pages = pages().unwrap();
        let has_none = |kind: &&Kind| {
            let network = Network::with(**kind, &pages).ok();
            network.is_none_or(|network| Kind::of(&network.object) != Some(**kind))
        };
        assert_eq!(Kind::ALL.iter().filter(has_none).collect::<Vec<_>>(), [&Kind::Vpc; 0]);
    }
}
