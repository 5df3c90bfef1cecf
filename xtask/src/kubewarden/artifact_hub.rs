//! `artifacthub-pkg.yml`: what Artifact Hub shows of a policy.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};
use vpcguard_policies::Policy;

use super::metadata::{capitalised, context, keywords, kinds, rules};
use super::{CREATED, REPOSITORY, VERSION, image, questions, title};
use crate::yaml;

/// The content of an artifacthub-pkg.yml.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package {
    version: &'static str,
    name: &'static str,
    display_name: &'static str,
    created_at: &'static str,
    description: String,
    license: &'static str,
    #[serde(rename = "homeURL")]
    home_url: &'static str,
    containers_images: [Value; 1],
    keywords: Vec<&'static str>,
    links: [Value; 1],
    provider: Value,
    recommendations: [Value; 1],
    annotations: BTreeMap<&'static str, String>,
}

/// The package of a policy.
pub(super) fn of(policy: Policy) -> Result<Package> {
    let annotations = BTreeMap::from([
        ("kubewarden/resources", kinds(policy)),
        ("kubewarden/mutation", policy.is_mutating().to_string()),
        ("kubewarden/contextAwareResources", yaml::text(&context(policy))?),
        ("kubewarden/rules", yaml::text(&rules(policy))?),
        ("kubewarden/questions-ui", yaml::text(&questions::of(policy))?),
    ]);
    Ok(Package {
        version: VERSION,
        name: policy.name(),
        display_name: title(policy),
        created_at: CREATED,
        description: format!("{}.", capitalised(policy.summary())),
        license: env!("CARGO_PKG_LICENSE"),
        home_url: REPOSITORY,
        containers_images: [json!({"name": "policy", "image": format!("{}:v{VERSION}", image(policy))})],
        keywords: keywords(policy),
        links: [json!({"name": "source", "url": REPOSITORY})],
        provider: json!({"name": "vpcguard"}),
        recommendations: [json!({"url": "https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller"})],
        annotations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubewarden::Metadata;

    #[test]
    fn the_rules_and_the_context_are_those_of_the_metadata() {
        for policy in Policy::ALL {
            let package = yaml::tests::read(&yaml::text(&of(*policy).unwrap()).unwrap());
            let metadata = serde_json::to_value(Metadata::of(*policy)).unwrap();
            let annotation = |key: &str| package[0]["annotations"][key].as_str().unwrap().to_owned();
            let listed = |key: &str| yaml::tests::read(&annotation(key)).remove(0);
            assert_eq!(listed("kubewarden/rules"), metadata["rules"]);
            assert_eq!(listed("kubewarden/contextAwareResources"), metadata["contextAwareResources"]);
            assert_eq!(annotation("kubewarden/mutation"), metadata["mutating"].to_string());
        }
    }
}
