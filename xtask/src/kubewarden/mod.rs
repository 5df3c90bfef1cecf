//! What stands around the code of each Kubewarden policy: generated from the table of rules, so that a policy cannot ask to
//! be asked about less than it judges.

mod artifact_hub;
mod e2e;
mod examples;
mod metadata;
mod questions;
mod readme;
mod requests;
mod tables;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use vpcguard_policies::{Kind, Policy};

use crate::yaml;

pub(crate) use metadata::Metadata;
pub(crate) use tables::{permissions, policies};

/// The folder of the policies, one in each folder of its own.
const FOLDER: &str = "wasm/kubewarden";

/// The version of all policies.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// When this version was made. It changes with the version.
const CREATED: &str = "2026-11-23T00:00:00Z";

/// Where the sources are.
pub(crate) const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The operations by which something is stored.
const REVIEWED: &[&str] = &["CREATE", "UPDATE"];

/// The operation by which something goes.
const DELETED: &[&str] = &["DELETE"];

/// All files, by their paths from the root. `pages` are those of the rules, by the rule's id.
pub(crate) fn files(pages: &BTreeMap<String, String>) -> Result<Vec<(PathBuf, String)>> {
    let mut files = examples::shared()?;
    for policy in Policy::ALL {
        files.extend(
            [
                ("metadata.yml".into(), yaml::with_heading(&Metadata::of(*policy))?),
                ("questions-ui.yml".into(), yaml::with_heading(&questions::of(*policy))?),
                ("artifacthub-pkg.yml".into(), yaml::with_heading(&artifact_hub::of(*policy)?)?),
                ("README.md".into(), readme::of(*policy, pages)?),
                ("e2e.bats".into(), e2e::of(*policy)?),
            ]
            .map(|(file, text): (PathBuf, String)| (folder(*policy).join(file), text)),
        );
        files.extend(examples::of(*policy)?);
        files.extend(requests::of(*policy)?);
    }
    Ok(files)
}

fn folder(policy: Policy) -> PathBuf {
    PathBuf::from(FOLDER).join(policy.name())
}

/// The image that the policy is pushed as.
pub(crate) fn image(policy: Policy) -> String {
    format!("ghcr.io/vpcguard/policies/{policy}")
}

/// The name as people write it.
fn title(policy: Policy) -> &'static str {
    match policy {
        Policy::VpcNamespaceBinding => "VPC namespace binding",
        Policy::PodAttachmentBinding => "Pod attachment binding",
        Policy::NetworkReferences => "Network references",
        Policy::SubnetOverlap => "Subnet overlap",
        Policy::SubnetAddresses => "Subnet addresses",
        Policy::LoadBalancers => "Load balancers",
        Policy::NatGatewayLanIp => "NAT gateway lanIp",
        Policy::NatRules => "NAT rules",
        Policy::EgressGateway => "Egress gateway",
        Policy::StaticRouteLanIp => "VPC routes",
        Policy::OvnMatch => "OVN matches",
        Policy::Attachments => "Attachments",
        Policy::InUse => "Objects in use",
        Policy::VpcSyntax => "VPC syntax",
        Policy::VpcInjector => "VPC injector",
    }
}

/// The operations of a kind.
fn operations(policy: Policy, kind: Kind) -> &'static [&'static str] {
    // A Pod's network is chosen once.
    if policy.is_mutating() && kind == Kind::Pod { &["CREATE"] } else { REVIEWED }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use vpcguard_policies::rules::TABLE;

    use super::*;
    use crate::root;

    #[test]
    fn every_kind_with_a_check_is_reviewed_by_the_policies_of_its_rules() {
        for rule in TABLE {
            let reviewed = rule.policy.kinds();
            for kind in rule
                .checks
                .iter()
                .filter(|check| check.reads().is_some() && !check.is_deletion())
                .flat_map(|check| Kind::ALL.iter().copied().filter(|kind| check.concerns(*kind)))
            {
                assert!(reviewed.contains(&kind), "{} reviews {kind}, {} does not", rule.id, rule.policy);
            }
        }
        let nobody = [Kind::Node, Kind::ServiceCidr];
        for policy in Policy::ALL {
            assert!(nobody.iter().all(|kind| !policy.kinds().contains(kind)), "{policy}");
        }
        assert_eq!(Policy::VpcInjector.kinds(), BTreeSet::from([Kind::Vpc, Kind::Pod]));
        let of_config_maps = Policy::ALL.iter().filter(|policy| policy.kinds().contains(&Kind::ConfigMap));
        assert_eq!(of_config_maps.collect::<Vec<_>>(), [&Policy::NatGatewayLanIp, &Policy::Attachments]);
    }

    #[test]
    fn each_policy_has_a_crate_and_each_crate_a_policy() {
        let crates: BTreeSet<_> = fs::read_dir(root().join(FOLDER))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("Cargo.toml").is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        let policies: BTreeSet<_> = Policy::ALL.iter().map(|policy| policy.name().to_owned()).collect();
        assert_eq!(crates, policies);
    }
}
