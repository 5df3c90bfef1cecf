//! What several rules need to know about Kube-OVN.

#[cfg(test)]
pub(super) mod testing;
