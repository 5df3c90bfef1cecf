//! The life of a release on a real API server: install, refuse, upgrade, rotate, uninstall, install again.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;
use vpcguard_tests::replica::Replica;

use super::manifests::values_of;
use super::world::{NAMESPACE, World, until, vpcguard};

/// Everything of a release, but for what stays.
const KINDS: &str = "deployments,replicasets,pods,services,configmaps,secrets,serviceaccounts,roles,rolebindings,\
                     networkpolicies,poddisruptionbudgets,clusterroles,clusterrolebindings,flowschemas,\
                     prioritylevelconfigurations,validatingwebhookconfigurations,mutatingwebhookconfigurations";

fn vpc() -> Value {
    json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "blue"}, "spec": {}})
}

fn subnet(name: &str, cidr: &str) -> Value {
    json!({
        "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name},
        "spec": {"vpc": "blue", "cidrBlock": cidr, "gateway": cidr.replace(".0/24", ".1"), "protocol": "IPv4"},
    })
}

/// Short lives, so that a rotation is over while somebody waits.
fn values() -> Value {
    json!({"tls": {"settle": "1s", "leafLife": "6s", "caLife": "1h"}})
}

impl World {
    #[track_caller]
    fn accepts(&self, object: &Value) {
        let output = self.apply(object);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }

    #[track_caller]
    fn refuses(&self, object: &Value, why: &str) {
        let output = self.apply(object);
        assert!(!output.status.success() && output.stderr.contains(why), "{output:?}");
    }

    /// The bundles that webhooks have: one, but while it changes.
    fn bundles(&self) -> Vec<String> {
        let mut bundles = Vec::new();
        for kind in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
            for webhook in self.get(&[kind, "vpcguard"])["webhooks"].as_array().unwrap() {
                bundles.push(webhook["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned());
            }
        }
        bundles.sort_unstable();
        bundles.dedup();
        bundles
    }

    fn certificates(&self) -> String {
        String::from_utf8(vpcguard(&self.account(), &["certs", "status"]).stdout).unwrap()
    }

    /// Waits until the API server knows the webhooks, their address and their CA.
    pub(crate) fn until_asked(&self) {
        until("the API server asks vpcguard", || {
            let output = self.apply(&subnet("nowhere", "10.0.0.0/240"));
            output.stderr.contains("subnet-syntax")
        });
    }
}

/// Ends replicas as the kubelet does, all at once, which takes as long as they drain.
fn end(replicas: Vec<Replica>) {
    std::thread::scope(|scope| {
        for mut replica in replicas {
            scope.spawn(move || replica.terminate().unwrap());
        }
    });
}

fn a_release_lives_and_goes(helm: &str) {
    let Some(mut world) = World::start(helm) else { return };

    // Install. Until somebody answers, what must not be wrong is refused.
    let notes = world.release(&["install", "--create-namespace"], &values());
    assert!(
        notes.contains("kubectl delete validatingwebhookconfiguration,mutatingwebhookconfiguration vpcguard"),
        "{notes}"
    );
    assert!(
        notes.contains("namespaces kube-system, vpcguard-system\n") && notes.contains("networkPolicy.nodes"),
        "{notes}"
    );
    assert!(!notes.contains("NAMESPACES IN NO LIST"), "{notes}");
    until("nobody answers", || world.apply(&vpc()).stderr.contains("failed calling webhook"));
    let first = world.start_replicas();
    world.lead_to(first);
    world.until_asked();
    world.helm_test();

    // Refuse.
    world.accepts(&vpc());
    world.accepts(&subnet("a", "10.0.0.0/24"));
    world.refuses(&subnet("b", "10.0.0.0/24"), r#"overlaps Subnet "a""#);
    assert_eq!(world.get(&["addressledgers"])["items"].as_array().unwrap().len(), 1);

    // Upgrade: other settings, for the replicas and for the conditions of the webhooks.
    let bundles = world.bundles();
    let mut changed = values();
    changed["settings"] = json!({
        "disclose": "none", "inject": {"logicalSwitch": false}, "exempt": {"namespaces": ["kube-system", "infra"]},
    });
    changed["webhooks"] = json!({"failurePolicy": {"services": "Ignore"}, "failurePolicyExempt": ["critical"]});
    what_nodes_need(&world);
    let notes = world.release(&["upgrade"], &changed);
    assert!(notes.contains("NAMESPACES IN NO LIST"), "{notes}");
    assert!(notes.contains("\n  hooked, nodes\n"), "{notes}");
    assert_eq!(world.bundles(), bundles, "an upgrade leaves the caBundle alone");
    let mutating = world.get(&["mutatingwebhookconfiguration", "vpcguard"]);
    let asking = |webhook: &&Value| webhook["rules"].as_array().is_some_and(|rules| !rules.is_empty());
    let asking: Vec<_> =
        mutating["webhooks"].as_array().unwrap().iter().filter(asking).map(|webhook| &webhook["name"]).collect();
    assert_eq!(asking, ["vpcs.vpcguard.io"]);
    let validating = world.get(&["validatingwebhookconfiguration", "vpcguard"]);
    let pods = validating["webhooks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|webhook| webhook["name"] == "pods.vpcguard.io")
        .unwrap();
    assert_eq!(pods["failurePolicy"], "Fail");
    let left_out = &pods["namespaceSelector"]["matchExpressions"][0]["values"];
    assert_eq!(*left_out, json!(["kube-system", "infra", "vpcguard-system", "critical"]));
    // Those of the old settings answer until those of the new ones are ready.
    world.refuses(&subnet("b", "10.0.0.0/24"), r#"overlaps Subnet "a""#);
    let second = world.start_replicas();
    end(world.lead_to(second));
    world.refuses(&subnet("b", "10.0.0.0/24"), "overlaps another Subnet");

    // Rotate.
    let before = world.certificates();
    assert!(before.starts_with("phase: stable"), "{before}");
    let asked = vpcguard(&world.plane.kubeconfig(User::Admin), &["certs", "rotate"]);
    assert!(asked.status.success(), "{asked:?}");
    until("the CA is another", || {
        let now = world.bundles();
        world.certificates().starts_with("phase: stable") && now.len() == 1 && now != bundles
    });
    world.refuses(&subnet("b", "10.0.0.0/24"), "overlaps another Subnet");
    let bundles = world.bundles();
    world.release(&["upgrade"], &changed);
    assert_eq!(world.bundles(), bundles, "an upgrade leaves the rotated caBundle alone");
    world.until_asked();
    world.helm_test();

    // In an emergency nobody is asked any more, until an upgrade brings the configurations back.
    world.kubectl(&["delete", "validatingwebhookconfiguration,mutatingwebhookconfiguration", "vpcguard"]);
    until("nobody is asked", || world.apply(&subnet("nowhere", "10.0.0.0/240")).status.success());
    world.kubectl(&["delete", "subnet", "nowhere"]);
    world.release(&["upgrade"], &changed);
    world.until_asked();
    another_mode_and_back(&world, &changed);
    let earlier = world.deletions().len();

    // Uninstall, while replicas still run.
    world.helm(&["uninstall", "vpcguard"]);
    let deletions = world.deletions().split_off(earlier);
    let at =
        |what: &str| deletions.iter().position(|deleted| deleted == what).unwrap_or_else(|| panic!("{deletions:?}"));
    for configuration in ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"] {
        assert!(at(&format!("{configuration} vpcguard")) < at("deployments vpcguard"), "{deletions:?}");
    }
    assert!(at("rolebindings vpcguard-ca") < at("secrets vpcguard-ca"), "no replica may make the Secret again");
    end(std::mem::take(&mut world.replicas));
    let left = world.kubectl(&["get", KINDS, "--all-namespaces", "--output=name"]);
    let left: Vec<_> = left.lines().filter(|name| name.contains("vpcguard")).collect();
    assert!(left.is_empty(), "{left:?}");
    world.accepts(&subnet("b", "10.0.0.0/24"));
    assert_eq!(
        world.get(&["addressledgers"])["items"].as_array().unwrap().len(),
        1,
        "the kinds and their objects stay"
    );

    // Install again, over what stayed.
    world.release(&["install"], &values());
    let third = world.start_replicas();
    world.lead_to(third);
    world.until_asked();
    world.refuses(&subnet("c", "10.0.0.0/24"), "overlaps Subnet");
}

/// Pods that a cluster may need to come up, each in a namespace of its own, and one that it does not need.
fn what_nodes_need(world: &World) {
    let service = json!({"service": {"name": "hook", "namespace": "hooked"}});
    let rule =
        json!({"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["none"]});
    let webhook = json!({
        "name": "hook.example.com", "clientConfig": service, "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"],
    });
    world.accepts(&json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hook"}, "webhooks": [webhook],
    }));
    let pod = |namespace: &str, field: &str, value: Value| {
        world.accepts(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        world.accepts(&json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace},
            "spec": {"containers": [{"name": "c", "image": "i"}], field: value},
        }));
    };
    pod("nodes", "hostNetwork", json!(true));
    pod("critical", "priorityClassName", json!("system-node-critical"));
    pod("plain", "hostNetwork", json!(false));
}

/// The configurations go first, as in an emergency: Helm 4 would not take over a field that vpcguard has written.
fn another_mode_and_back(world: &World, values: &Value) {
    let mut files = values.clone();
    files["tls"] = json!({"mode": "files", "files": {"secretName": "x", "caBundle": world.plane.ca_pem()}});
    for values in [&files, values] {
        world.kubectl(&["delete", "validatingwebhookconfiguration,mutatingwebhookconfiguration", "vpcguard"]);
        world.release(&["upgrade"], values);
        let given = values["tls"]["files"]["caBundle"].as_str().map(|pem| vec![BASE64_STANDARD.encode(pem)]);
        until("the caBundle is that of the mode", || given.as_ref().is_none_or(|given| world.bundles() == *given));
    }
    world.until_asked();
}

/// As when all of a cluster starts again and vpcguard is away: what it needs to come up starts, and no tenant gets in.
fn a_cluster_comes_up_and_nobody_slips_in(values: &Value) {
    let Some(world) = World::start("helm4") else { return };
    world.release(&["install", "--create-namespace"], values);
    let pod = |namespace: &str| {
        let metadata = json!({"name": "p", "namespace": namespace});
        let spec = json!({"containers": [{"name": "c", "image": "i"}]});
        world.apply(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
    };
    until("Pods of tenants are refused", || pod("default").stderr.contains("failed calling webhook"));
    for namespace in ["kube-system", NAMESPACE] {
        let output = pod(namespace);
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn with_the_defaults_a_cluster_comes_up_and_nobody_slips_in() {
    a_cluster_comes_up_and_nobody_slips_in(&json!({}));
}

#[test]
fn with_the_values_for_production_a_cluster_comes_up_and_nobody_slips_in() {
    a_cluster_comes_up_and_nobody_slips_in(&values_of("values-production.yaml"));
}

#[test]
fn a_release_of_helm_3_lives_and_goes() {
    a_release_lives_and_goes("helm3");
}

#[test]
fn a_release_of_helm_4_lives_and_goes() {
    a_release_lives_and_goes("helm4");
}
