//! What several rules need to know about Kube-OVN.

pub(crate) mod binding;
#[cfg(test)]
mod bounds;
pub(super) mod corrections;
pub(crate) mod in_use;
pub(super) mod inside;
pub(super) mod labels;
pub(super) mod listed;
pub(super) mod matches;
pub(super) mod nat;
pub(super) mod networks;
pub(super) mod pools;
pub(super) mod service_name;
#[cfg(test)]
pub(crate) mod testing;
pub(super) mod tolerations;

/// Of how many elements of a list each is compared with many others. A question over pairs that has more says so.
pub(super) const MOST_PAIRED: usize = 200;
