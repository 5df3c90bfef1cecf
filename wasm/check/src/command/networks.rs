//! A folder as several networks, one for each cluster: they are judged apart, and reported as one.

use std::sync::Arc;

use vpcguard_policies::gather::sort_by;

use super::gone::Gone;
use crate::folder::Folder;
use crate::report::{LocatedFinding, Report};

/// What is for one cluster.
pub(super) struct Network {
    /// Its name; none for what is for no cluster that has one.
    pub(super) cluster: Option<Arc<str>>,
    pub(super) folder: Folder,
    /// Which object of the whole folder each is.
    places: Vec<usize>,
}

/// Says for which cluster a file is.
pub(super) type ClusterOf<'a> = &'a dyn Fn(&str) -> Option<Arc<str>>;

/// Takes a folder apart, in the order in which its files name the clusters, and with it what is gone of each cluster. There is always
/// one network at least.
pub(super) fn split(folder: &mut Folder, gone: Vec<Gone>, cluster_of: ClusterOf<'_>) -> Vec<Network> {
    let mut networks: Vec<Network> = Vec::new();
    let of_cluster = |networks: &mut Vec<Network>, cluster: Option<Arc<str>>| {
        let known = networks.iter().position(|network| network.cluster == cluster);
        known.unwrap_or_else(|| {
            networks.push(Network { cluster, folder: Folder::default(), places: Vec::new() });
            networks.len() - 1
        })
    };
    let network = |networks: &mut Vec<Network>, file: &str| of_cluster(networks, cluster_of(file));
    let documents = std::mem::take(&mut folder.documents);
    let (count, mut last) = (documents.len(), None::<(String, usize)>);
    for (place, document) in documents.into_iter().enumerate() {
        let at = match &last {
            Some((file, at)) if *file == document.file => *at,
            _ => {
                let at = network(&mut networks, &document.file);
                last = Some((document.file.clone(), at));
                at
            }
        };
        if let Some(network) = networks.get_mut(at) {
            network.folder.documents.push(document);
            network.places.push(place);
        }
    }
    for (place, Gone { document, cluster }) in gone.into_iter().enumerate() {
        let at = of_cluster(&mut networks, cluster);
        if let Some(network) = networks.get_mut(at) {
            network.folder.gone.push(document);
            network.places.push(count + place);
        }
    }
    for allow in std::mem::take(&mut folder.allows) {
        let at = network(&mut networks, &allow.file);
        networks.get_mut(at).into_iter().for_each(|network| network.folder.allows.push(Arc::clone(&allow)));
    }
    if networks.is_empty() {
        network(&mut networks, "");
    }
    networks
}

impl Network {
    /// Whether a file of the state is about this cluster: it is its own, or no cluster's.
    pub(super) fn has(&self, named: Option<&Arc<str>>) -> bool {
        named.is_none() || named == self.cluster.as_ref()
    }
}

/// Puts the reports on networks together, in the order of the whole folder.
pub(super) fn join(reports: Vec<(Network, Report)>) -> Report {
    let mut whole = Report::default();
    let mut objects = Vec::new();
    for (Network { cluster, places, .. }, report) in reports {
        let place = |at: usize| places.get(at).copied().unwrap_or_default();
        objects.extend(report.objects.into_iter().enumerate().map(|(at, seen)| (place(at), seen)));
        whole.findings.extend(report.findings.into_iter().map(|located| LocatedFinding {
            index: place(located.index),
            cluster: cluster.clone(),
            ..located
        }));
        whole.mutations.extend(report.mutations);
        whole.not_evaluated.extend(report.not_evaluated);
        // What is said of the state of all clusters is said once.
        let new: Vec<_> = report.notes.into_iter().filter(|note| !whole.notes.contains(note)).collect();
        whole.notes.extend(new);
        whole.omitted += report.omitted;
        whole.summary.reviewed += report.summary.reviewed;
        whole.summary.deleted += report.summary.deleted;
        // One run has one set of settings, and asks one cluster at most.
        whole.advice = report.advice;
        whole.live_cluster = report.live_cluster;
    }
    sort_by(&mut objects, |(a, _), (b, _)| a.cmp(b));
    sort_by(&mut whole.findings, |a, b| a.index.cmp(&b.index));
    whole.summary.objects = objects.len() - whole.summary.deleted;
    whole.objects = objects.into_iter().map(|(_, seen)| seen).collect();
    whole.count();
    whole
}

/// What is judged apart, in a line; nothing of one network alone.
pub(super) fn note(networks: &[Network]) -> Option<String> {
    (networks.len() > 1).then(|| format!("{} networks are judged apart: {}", networks.len(), names(networks)))
}

/// The clusters, in a line.
pub(super) fn names(networks: &[Network]) -> String {
    let named: Vec<_> = networks.iter().filter_map(|network| network.cluster.as_deref()).collect();
    let rest = if named.len() == networks.len() { "" } else { " and what is for none of these" };
    named.join(", ") + rest
}
