//! The modules themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use vpcguard_host::{Cluster, INDEX_KIND, INDEX_VERSION};
use vpcguard_policies::{Kind, Policy};

use crate::policies;

#[test]
fn a_module_imports_nothing_but_the_protocol() {
    let Some(policies) = policies() else { return };
    for (policy, guest) in policies.all() {
        let imports: BTreeSet<_> = guest.imports().into_iter().collect();
        assert_eq!(imports, BTreeSet::from(["wapc".to_owned()]), "{policy}");
        let version = guest.call(&Arc::new(Cluster::new([])), "protocol_version", b"").unwrap();
        assert_eq!(version, br#""v1""#, "{policy}");
    }
}

#[test]
fn the_metadata_name_what_the_rules_are_about_and_what_they_look_up() {
    let Some(policies) = policies() else { return };
    for (policy, guest) in policies.all() {
        let metadata = guest.metadata();
        assert_eq!(metadata.mutating, policy.is_mutating(), "{policy}");
        for kind in policy.kinds() {
            // A Pod's network is chosen once.
            let is_chosen_once = policy.is_mutating() && kind == Kind::Pod;
            let operations = if is_chosen_once { &["CREATE"][..] } else { &["CREATE", "UPDATE"] };
            for operation in operations {
                assert!(
                    metadata.is_asked(kind.group(), kind.version(), kind.plural(), operation),
                    "{policy}: {operation} of {kind}"
                );
            }
        }
        let name = |kind: &Kind| (kind.api_version(), kind.name().to_owned());
        let mut wanted: BTreeSet<_> = policy.asks().iter().map(name).collect();
        if matches!(policy, Policy::SubnetOverlap | Policy::SubnetAddresses) {
            wanted.insert((INDEX_VERSION.to_owned(), INDEX_KIND.to_owned()));
        }
        let listed = metadata.context_aware_resources.iter();
        let listed: BTreeSet<_> = listed.map(|one| (one.api_version.clone(), one.kind.clone())).collect();
        assert_eq!(listed, wanted, "{policy}");
    }
}
