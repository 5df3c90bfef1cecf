//! What `kubectl apply` prints, to the letter.

use vpcguard_tests::control_plane::User;

use super::world::World;

const VPC: &str = "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: v}\nspec: {namespaces: [ns1]}\n";

fn subnet(name: &str, spec: &str) -> String {
    format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{protocol: IPv4, {spec}}}\n")
}

#[test]
fn a_refusal_reads_as_kubernetes_own() {
    let Some(world) = World::start() else { return };
    world.accepts(User::Admin, VPC);
    world.accepts(User::Admin, &subnet("b", "vpc: v, cidrBlock: 10.0.4.0/24, gateway: 10.0.4.1"));
    assert_eq!(
        world.refusal(User::Admin, &subnet("a", "vpc: v, cidrBlock: 10.0.0.0/16, gateway: 10.1.0.1")),
        "The Subnet \"a\" is invalid: \n\
         * spec.cidrBlock: Invalid value: \"10.0.0.0/16\": overlaps Subnet \"b\" (10.0.4.0/24) in VPC \"v\" [subnet-cidr-overlap]\n\
         * spec.gateway: Invalid value: \"10.1.0.1\": not in spec.cidrBlock 10.0.0.0/16 [subnet-syntax]\n"
    );
}
