//! What several rules need to know about Kube-OVN.

pub(crate) mod binding;
pub(super) mod listed;
pub(super) mod networks;
#[cfg(test)]
pub(crate) mod testing;
