//! What several rules need to know about Kube-OVN.

pub(super) mod listed;
#[cfg(test)]
pub(super) mod testing;
