//! Subresources by which an object's own annotations and labels are written.

use crate::kinds::Kind;

/// The subresources of a kind by whose requests all of its metadata is stored too, so that rules judge them as the object.
///
/// The status of a workload holds no template of a Pod, and that of a custom resource no metadata; what scales, evicts or
/// resizes changes no annotation. A test walks through what a real API server has.
pub fn sub_resources(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod | Kind::Service => &["status"],
        Kind::Namespace => &["status", "finalize"],
        // Of the Pod that it is called as.
        Kind::Binding => &["binding"],
        _ => &[],
    }
}

/// The kind that rules judge a request as: none for a kind that no rule knows, and for a subresource that changes nothing
/// that a rule reads.
pub(super) fn judged_as(group: &str, kind: &str, sub_resource: &str) -> Option<Kind> {
    let writes = |kind: &Kind| sub_resource.is_empty() || sub_resources(*kind).contains(&sub_resource);
    Kind::find(group, kind).filter(writes)
}
