//! Keeps images of a tenant's own from running as root on a node.
//!
//! Kube-OVN runs `spec.image` of a VpcEgressGateway as a privileged container, in the gateway's own namespace: whoever may
//! create one there runs what they like on a node. The image must begin with one of the references that the setting
//! `egressGateway.images` lists. That list is empty unless an administrator writes it, and then no image may be named at
//! all: Kube-OVN takes its own. An image that a gateway has already passes.
//!
//! A reference in the list is cut at `/`, `:` or `@`: `registry.example/kubeovn` stands for `registry.example/kubeovn:v1` and
//! `registry.example/kubeovn/gateway:v1`, and not for `registry.example/kubeovn-2:v1`, nor for the port of a registry. Without
//! a slash, `registry:2` is an image with a tag, and `registry.example:5000` a registry, as its name has a dot. Strings
//! are compared as they are written: `kubeovn/kube-ovn` is another string than `docker.io/kubeovn/kube-ovn`. To let users name
//! Kube-OVN's own image, list its repository, which the Deployment of its controller names. A tag in the list does not fix
//! what runs: `@` and a digest may follow.
//!
//! ```yaml bad
//! # bad: the settings allow no image
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec: {vpc: blue, externalSubnet: external, image: registry.example/anything, policies: [{snat: true, ipBlocks: [10.0.1.0/24]}]}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec: {vpc: blue, externalSubnet: external, policies: [{snat: true, ipBlocks: [10.0.1.0/24]}]}
//! ```
//!
//! Leave `spec.image` out, or ask an administrator to list the image's repository in the setting `egressGateway.images`.

use crate::kinds::EgressGateway;
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "egress-gateway-image",
    summary: "an egress gateway's image, which runs as root on a node, is none of those that the settings name",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::EgressGateway,
    asks: &[],
    checks: &[Check::EgressGateway(&[Read::Field("spec.image")], check)],
};

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn check(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    let (image, listed) = (&gateway.image, &context.settings.egress_gateway.images);
    if !image.is_empty() && !listed.iter().any(|reference| begins_with(image, reference)) {
        let detail = format!(
            "{} would run as root on a node, and the setting egressGateway.images has no beginning of it",
            quoted(image)
        );
        context.deny(Finding::forbidden(FieldPath::of("spec.image"), image, detail).help(
            "Leave it out for Kube-OVN's own image, or ask an administrator to list its repository in the setting \
             egressGateway.images.",
        ));
    }
    Ok(())
}

/// Whether an image is a listed one, or of a listed repository or registry.
fn begins_with(image: &str, reference: &str) -> bool {
    let Some(rest) = image.strip_prefix(reference) else { return false };
    match rest.chars().next() {
        None | Some('@') => true,
        Some('/') => !is_tagged(reference),
        // What a slash follows is not a tag but the port of another registry.
        Some(':') => !rest.contains('/'),
        Some(_) => reference.ends_with(['/', ':', '@']),
    }
}

/// Whether a reference without a slash is an image with a tag, and not a registry with a port: those have a dot in their name.
fn is_tagged(reference: &str) -> bool {
    let host = reference.split_once(':').map(|(host, _)| host).filter(|host| !host.contains(['/', '.']));
    host.is_some_and(|host| host != "localhost")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::support::testing::{Cluster, create, update};

    fn cluster(images: &[&str]) -> Cluster {
        Cluster::of(super::RULE.id).settings(&json!({"egressGateway": {"images": images}}))
    }

    fn gateway(namespace: &str, image: &str) -> Value {
        json!({"kind": "VpcEgressGateway", "namespace": namespace, "spec": {"externalSubnet": "external", "image": image}})
    }

    #[test]
    fn an_image_of_ones_own_is_refused() {
        let wanted = r#"spec.image: Forbidden: "registry.example/a:1" would run as root on a node, and the setting egressGateway.images has no beginning of it [egress-gateway-image]"#;
        for images in [&[][..], &["registry.example/b"], &["docker.io/registry.example/a"]] {
            cluster(images).refuses(&gateway("ns1", "registry.example/a:1"), &[wanted]);
        }
        cluster(&[]).accepts(&gateway("ns1", ""));
        cluster(&[]).accepts(&json!({"kind": "VpcEgressGateway", "namespace": "ns1", "spec": {"externalSubnet": "x"}}));
        cluster(&["registry.example/b", "registry.example/a"]).accepts(&gateway("ns1", "registry.example/a:1"));
        cluster(&[]).accepts(&gateway("kube-system", "registry.example/a:1"));
        assert_eq!(cluster(&[]).verdict(&create(&gateway("ns1", "a"))).code, 403);
    }

    #[test]
    fn an_image_that_is_there_stays_and_may_not_become_another() {
        let old = gateway("ns1", "registry.example/a:1");
        let mut scaled = old.clone();
        scaled["spec"]["replicas"] = json!(2);
        assert!(cluster(&[]).verdict(&update(&old, &scaled)).allowed);
        assert!(cluster(&[]).verdict(&update(&old, &gateway("ns1", ""))).allowed);
        assert!(!cluster(&[]).verdict(&update(&old, &gateway("ns1", "registry.example/a:2"))).allowed);
    }

    #[test]
    fn a_reference_is_cut_where_its_parts_end() {
        for (reference, image, begins) in [
            ("registry.example/kubeovn", "registry.example/kubeovn", true),
            ("registry.example/kubeovn", "registry.example/kubeovn:v1", true),
            ("registry.example/kubeovn", "registry.example/kubeovn/gateway:v1", true),
            ("registry.example/kubeovn", "registry.example/kubeovn@sha256:0", true),
            ("registry.example/kubeovn", "registry.example/kubeovn-evil:v1", false),
            ("registry.example/kubeovn", "registry.example/kubeovn.evil", false),
            ("registry.example/kubeovn", "registry.example/kubeov", false),
            ("registry.example/kubeovn", "evil.example/registry.example/kubeovn", false),
            ("registry.example/kubeovn", " registry.example/kubeovn", false),
            ("registry.example", "registry.example.evil/kubeovn", false),
            ("registry.example", "registry.example/any:1", true),
            ("registry.example", "registry.example:5000/any:1", false),
            ("registry.example:5000", "registry.example:5000/any:1", true),
            ("localhost:5000", "localhost:5000/any:1", true),
            ("registry:2", "registry:2", true),
            ("registry:2", "registry:2/any:1", false),
            ("registry:", "registry:2/any:1", true),
            ("registry.example:", "registry.example:5000/any:1", true),
            ("registry.example/kubeovn/", "registry.example/kubeovn/any", true),
            ("registry.example/kubeovn/", "registry.example/kubeovn", false),
            ("registry.example/kubeovn:v1", "registry.example/kubeovn:v1", true),
            ("registry.example/kubeovn:v1", "registry.example/kubeovn:v1@sha256:0", true),
            ("registry.example/kubeovn:v1", "registry.example/kubeovn:v1.evil", false),
            ("registry.example/kubeovn@sha256:a", "registry.example/kubeovn@sha256:ab", false),
        ] {
            assert_eq!(begins_with(image, reference), begins, "{image} of {reference}");
        }
    }
}
