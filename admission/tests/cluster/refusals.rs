//! What `kubectl apply` prints, to the letter.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::world::World;

const VPC: &str = "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: v}\nspec: {namespaces: [ns1]}\n";

fn subnet(name: &str, spec: &str) -> String {
    format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{protocol: IPv4, {spec}}}\n")
}

/// May work with Pods in the namespace of somebody else, as far as RBAC goes.
const TENANT: &str = r#"
{apiVersion: v1, kind: Namespace, metadata: {name: ns1}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ns2}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: tenant}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, create, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: tenant, namespace: ns2}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: tenant}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: tenant}]
"#;

fn pod(namespace: &str, annotations: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {namespace}, annotations: {{{annotations}}}}}\n\
         spec: {{containers: [{{name: c, image: i}}]}}\n"
    )
}

#[test]
fn kubectl_says_it_to_the_letter() {
    let settings = json!({"contact": "ask #net", "docsUrl": "https://example.org/r#{rule}"});
    let Some(world) = World::builder().settings(settings).start() else { return };
    world.accepts(User::Admin, VPC);
    world.accepts(User::Admin, &subnet("b", "vpc: v, cidrBlock: 10.0.4.0/24, gateway: 10.0.4.1"));
    world.accepts(User::Admin, TENANT);
    refusals(&world);
    dry_runs(&world);
    warnings(&world);
    injections(&world);
}

fn refusals(world: &World) {
    assert_eq!(
        world.refusal(User::Admin, &subnet("a", "vpc: v, cidrBlock: 10.0.0.0/16, gateway: 10.1.0.1")),
        "The Subnet \"a\" is invalid: \n\
         * spec.cidrBlock: Invalid value: \"10.0.0.0/16\": overlaps Subnet \"b\" (10.0.4.0/24) in VPC \"v\"; help: 10.1.0.0/16, \
         10.2.0.0/16 and 10.3.0.0/16 are free in VPC \"v\"; ask #net; see https://example.org/r#subnet-cidr-overlap [vpcguard subnet-cidr-overlap]\n\
         * spec.gateway: Invalid value: \"10.1.0.1\": not in spec.cidrBlock 10.0.0.0/16; help: Choose an address in 10.0.0.0/16; ask #net; see \
         https://example.org/r#subnet-syntax [vpcguard subnet-syntax]\n"
    );
    // One cause stays on the line.
    assert_eq!(
        world.refusal(User::Admin, &subnet("a", "vpc: v, cidrBlock: 10.0.5.0/24, gateway: 10.1.0.1")),
        "The Subnet \"a\" is invalid: spec.gateway: Invalid value: \"10.1.0.1\": not in spec.cidrBlock 10.0.5.0/24; \
         help: Choose an address in 10.0.5.0/24; ask #net; see https://example.org/r#subnet-syntax [vpcguard subnet-syntax]\n"
    );
    // A tenant where it may not be is forbidden.
    let foreign = pod("ns2", "ovn.kubernetes.io/logical_switch: b");
    assert_eq!(
        world.refusal(User::Tenant, &foreign),
        "Error from server (Forbidden): error when creating \"STDIN\": admission webhook \"pods.vpcguard.io\" denied the \
         request: pods \"p\" is forbidden: metadata.annotations[ovn.kubernetes.io/logical_switch]: Forbidden: Subnet \"b\" is \
         in VPC \"v\", which namespace \"ns2\" may not use; help: Use a Subnet of a VPC that is open to the namespace, or ask an \
         administrator to invite the namespace in the Vpc's annotation vpcguard.io/guest-namespaces, or to list it in spec.namespaces, \
         which binds it; ask #net; see https://example.org/r#pod-vpc-namespace [vpcguard pod-vpc-namespace]\n"
    );
}

fn dry_runs(world: &World) {
    let dry = |manifest: &str| {
        let args = ["create", "--dry-run=server", "-f", "-"];
        world.plane.kubectl(User::Admin, &args, Some(manifest)).unwrap()
    };
    let passing = dry(&subnet("a", "vpc: v, cidrBlock: 10.0.5.0/24, gateway: 10.0.5.1"));
    assert_eq!(
        (passing.stdout.as_str(), passing.stderr.as_str()),
        ("subnet.kubeovn.io/a created (server dry run)\n", "")
    );
    let refused = dry(&subnet("a", "vpc: v, cidrBlock: 10.0.4.0/30, gateway: 10.0.4.1"));
    assert_eq!(
        refused.stderr,
        "The Subnet \"a\" is invalid: spec.cidrBlock: Invalid value: \"10.0.4.0/30\": overlaps Subnet \"b\" (10.0.4.0/24) in \
         VPC \"v\"; help: 10.0.3.252/30, 10.0.3.248/30 and 10.0.3.244/30 are free in VPC \"v\"; ask #net; see \
         https://example.org/r#subnet-cidr-overlap [vpcguard subnet-cidr-overlap]\n"
    );
    assert!(world.get("subnet", "a").is_null());
}

fn warnings(world: &World) {
    let warned = world.apply(User::Admin, &subnet("w", "vpc: nowhere, cidrBlock: 10.0.6.0/24, gateway: 10.0.6.1"));
    assert!(warned.status.success());
    assert_eq!(warned.stdout, "subnet.kubeovn.io/w created\n");
    assert_eq!(
        warned.stderr,
        "Warning: spec.vpc: \"nowhere\": there is no Vpc of this name; help: Create the Vpc first, or correct the name; \
         see https://example.org/r#missing-reference; ask #net [vpcguard missing-reference]\n"
    );
}

fn injections(world: &World) {
    // A Pod gets the one Subnet of its namespace's VPC.
    world.accepts(User::Admin, &subnet("c", "vpc: v, cidrBlock: 10.0.7.0/24, gateway: 10.0.7.1, namespaces: [ns1]"));
    world.until("the Subnet is seen", |world| {
        let args = ["apply", "--dry-run=server", "-o", "json", "-f", "-"];
        let created = world.plane.kubectl(User::Admin, &args, Some(&pod("ns1", ""))).unwrap().success().unwrap();
        created.contains("logical_switch")
    });
    let vpc =
        "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: lb, labels: {vpcguard.io/vpc-lb: \"on\"}}\nspec: {}\n";
    for (manifest, object, annotation, value) in [
        (pod("ns1", ""), "pod/p", "ovn.kubernetes.io/logical_switch", "c"),
        (vpc.to_owned(), "vpc.kubeovn.io/lb", "ovn.kubernetes.io/vpc_lb", "on"),
    ] {
        let stored = || {
            let args = ["get", object, "--namespace=ns1", "-o", "json"];
            let stored = world.plane.kubectl(User::Admin, &args, None).unwrap().success().unwrap();
            let stored: Value = serde_json::from_str(&stored).unwrap();
            assert_eq!(stored["metadata"]["annotations"][annotation], value);
            stored["metadata"]["resourceVersion"].clone()
        };
        assert_eq!(world.apply(User::Admin, &manifest).stdout, format!("{object} created\n"));
        let version = stored();
        assert_eq!(world.apply(User::Admin, &manifest).stdout, format!("{object} unchanged\n"));
        assert_eq!(stored(), version);
        // On the server, whoever applies again does not take away what he has not written himself.
        let args = ["apply", "--server-side", "--field-manager=other", "-f", "-"];
        let apply = || world.plane.kubectl(User::Admin, &args, Some(&manifest)).unwrap().success().unwrap();
        apply();
        let version = stored();
        apply();
        assert_eq!(stored(), version);
    }
}
