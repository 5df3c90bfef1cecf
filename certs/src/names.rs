//! The names that a Service of Kubernetes is reached by.

/// All names of a Service, the shortest first: what its certificate must be valid for.
///
/// ```
/// let names = vpcguard_certs::service_names("webhook", "vpcguard", "cluster.local");
/// assert_eq!(names[2], "webhook.vpcguard.svc");
/// assert_eq!(names[3], "webhook.vpcguard.svc.cluster.local");
/// ```
pub fn service_names(service: &str, namespace: &str, cluster_domain: &str) -> Vec<String> {
    let qualified = format!("{service}.{namespace}.svc");
    let mut names = vec![service.to_owned(), format!("{service}.{namespace}"), qualified.clone()];
    // Some write the domain with the root's dot, which no certificate has.
    let domain = cluster_domain.trim_matches('.');
    if !domain.is_empty() {
        names.push(format!("{qualified}.{domain}"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_four_names_where_the_cluster_has_a_domain() {
        let four = ["w", "w.ns", "w.ns.svc", "w.ns.svc.cluster.local"];
        assert_eq!(service_names("w", "ns", "cluster.local"), four);
        assert_eq!(service_names("w", "ns", "cluster.local."), four);
        assert_eq!(service_names("w", "ns", ""), four[..3]);
    }
}
