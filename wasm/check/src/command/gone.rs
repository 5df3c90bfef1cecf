//! What is no longer among the manifests, or is named as what goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use vpcguard_policies::{Attributes, Kind, ObjectRef, Operation};

use super::networks::ClusterOf;
use crate::document::Document;
use crate::folder::Folder;

/// An object that goes, and the cluster that it is of.
pub(super) struct Gone {
    pub(super) document: Document,
    pub(super) cluster: Option<Arc<str>>,
}

/// Where to look for what goes.
pub(super) struct Leaving<'a> {
    /// The manifests as they were before the change.
    pub(super) before: Option<&'a Folder>,
    /// For which cluster a file of these is.
    pub(super) cluster_of_before: ClusterOf<'a>,
    /// What is named.
    pub(super) deleted: &'a [Document],
}

impl Leaving<'_> {
    /// What goes, each object once, by its last version. What stays in the folder does not, wherever it stands.
    pub(super) fn of(&self, folder: &Folder, cluster_of: ClusterOf<'_>) -> Vec<Gone> {
        let of_folder = folder.documents.iter().filter_map(|document| name(document, cluster_of(&document.file)));
        let mut kept: BTreeSet<_> = of_folder.collect();
        let named = self.deleted.iter().rev().map(|document| (document, cluster_of(&document.file)));
        let before = self.before.iter().flat_map(|before| before.documents.iter().rev());
        let before = before.map(|document| (document, (self.cluster_of_before)(&document.file)));
        let mut gone = Vec::new();
        for (document, cluster) in named.chain(before) {
            if name(document, cluster.clone()).is_some_and(|name| kept.insert(name)) {
                gone.push(Gone { document: document.clone(), cluster });
            }
        }
        gone.reverse();
        gone
    }
}

/// By what an object is told from others; nothing of one whose name the cluster makes up, or that no rule knows.
fn name(document: &Document, cluster: Option<Arc<str>>) -> Option<(Option<Arc<str>>, ObjectRef)> {
    let json = &document.object;
    let object = Attributes::of_object(Kind::of(json)?, json, Operation::Create).object_ref(json);
    (!object.name.is_empty()).then_some((cluster, object))
}
