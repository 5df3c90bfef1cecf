//! The namespaces of which a webhook is asked.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use vpcguard_policies::Settings;

use super::entries::{Entry, Part};
use super::{NAMESPACE, texts};

/// The label that the API server gives every namespace, so that nobody can set it to something else.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Names of namespaces, and whether those are meant or all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names<'a> {
    /// Whether those are meant; all others if not.
    pub(super) are_meant: bool,
    /// The names.
    pub(super) names: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// Those of a part of an entry; none where it is about objects of no namespace. `exempt` are namespaces that are to come
    /// up without vpcguard, beside those that always are.
    pub(super) fn of(entry: Entry, part: Part, settings: &'a Settings, exempt: &'a [String]) -> Option<Self> {
        if entry == Entry::ConfigMaps {
            return Some(Self { are_meant: true, names: vec![&settings.kube_ovn.namespace] });
        }
        if entry.parts().len() == 1 {
            return None;
        }
        let passing: &[String] = if entry.is_exempt_by_namespace() { &settings.exempt.namespaces } else { &[] };
        let passing = || passing.iter().map(String::as_str);
        let first = ["kube-system", &settings.kube_ovn.namespace, NAMESPACE].into_iter();
        let first = first.chain(exempt.iter().map(String::as_str));
        Some(match part {
            Part::Most => Self { are_meant: false, names: once_each(passing().chain(first)) },
            Part::First => {
                let is_sent = |name: &&str| !passing().any(|passing| passing == *name);
                Self { are_meant: true, names: once_each(first.filter(is_sent)) }
            }
        })
    }

    /// Whether no namespace is meant. A selector cannot say so.
    pub(super) fn are_none(&self) -> bool {
        self.are_meant && self.names.is_empty()
    }

    /// By the label that has the name.
    pub(super) fn selector(&self) -> Option<LabelSelector> {
        let requirement = LabelSelectorRequirement {
            key: NAMESPACE_NAME.to_owned(),
            operator: if self.are_meant { "In" } else { "NotIn" }.to_owned(),
            values: Some(texts(&self.names)),
        };
        // A list of no values is not valid.
        (!self.names.is_empty())
            .then(|| LabelSelector { match_expressions: Some(vec![requirement]), ..LabelSelector::default() })
    }
}

fn once_each<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut once: Vec<&str> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The two parts of an entry, as texts.
    fn parts(entry: Entry, settings: serde_json::Value, exempt: &[&str]) -> [String; 2] {
        let (settings, exempt) = (Settings::parse(&settings).unwrap(), texts(exempt));
        [Part::Most, Part::First].map(|part| {
            let names = Names::of(entry, part, &settings, &exempt).unwrap();
            format!("{} {}", if names.are_meant { "in" } else { "not in" }, names.names.join(" "))
        })
    }

    #[test]
    fn every_namespace_is_in_one_part_unless_all_of_it_passes() {
        let settings = json!({"exempt": {"namespaces": ["infra"]}, "kubeOvn": {"namespace": "kube-ovn"}});
        for entry in Entry::ALL.into_iter().filter(|entry| entry.parts().len() == 2) {
            let wanted = if entry.is_exempt_by_namespace() {
                "not in infra kube-system kube-ovn vpcguard-system storage"
            } else {
                "not in kube-system kube-ovn vpcguard-system infra storage"
            };
            let first = if entry.is_exempt_by_namespace() {
                "in kube-system kube-ovn vpcguard-system storage"
            } else {
                "in kube-system kube-ovn vpcguard-system infra storage"
            };
            let exempt = ["infra", "storage", "kube-system"];
            assert_eq!(parts(entry, settings.clone(), &exempt), [wanted, first], "{entry:?}");
        }
        assert_eq!(parts(Entry::Pods, json!({}), &[]), ["not in kube-system vpcguard-system", "in vpcguard-system"]);
    }

    #[test]
    fn where_all_pass_none_is_asked_about() {
        let settings = Settings::parse(&json!({"exempt": {"namespaces": ["kube-system", "vpcguard-system"]}})).unwrap();
        let none = |entry| Names::of(entry, Part::First, &settings, &[]).unwrap();
        assert!(none(Entry::Pods).are_none() && none(Entry::Pods).selector().is_none());
        assert!(!none(Entry::Services).are_none());
    }

    #[test]
    fn cluster_scoped_kinds_are_of_no_namespace() {
        let settings = Settings::default();
        for entry in [Entry::Addresses, Entry::KubeOvn] {
            assert_eq!(Names::of(entry, Part::Most, &settings, &[]), None);
        }
        let names = Names::of(Entry::ConfigMaps, Part::Most, &settings, &[]);
        assert_eq!(names, Some(Names { are_meant: true, names: vec!["kube-system"] }));
    }
}
