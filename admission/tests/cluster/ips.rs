//! IPs, one for each port of each Pod: they are watched where the settings say so, and by the role that is made for that.

use serde_json::json;
use vpcguard_tests::control_plane::User;

use super::world::World;

const WEB: &str = "
{apiVersion: kubeovn.io/v1, kind: Vpc, metadata: {name: v}, spec: {namespaces: [shop]}}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: s}
spec: {vpc: v, protocol: IPv4, cidrBlock: 10.0.0.0/24, gateway: 10.0.0.1}
---
apiVersion: kubeovn.io/v1
kind: IP
metadata: {name: web-0.shop}
spec: {podName: web-0, namespace: shop, podType: StatefulSet, subnet: s, v4IpAddress: 10.0.0.5}
";

const VIP: &str = "{apiVersion: kubeovn.io/v1, kind: Vip, metadata: {name: door}, spec: {subnet: s, v4ip: 10.0.0.5}}";

fn fip(ip: &str) -> String {
    json!({
        "apiVersion": "kubeovn.io/v1", "kind": "OvnFip", "metadata": {"name": "fip"},
        "spec": {"ovnEip": "gone", "ipName": ip},
    })
    .to_string()
}

fn warning(world: &World, manifest: &str) -> String {
    let output = world.plane.kubectl(User::Admin, &["apply", "--dry-run=server", "-f", "-"], Some(manifest)).unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stderr
}

#[test]
fn ips_are_watched_where_the_settings_say_so() {
    let Some(world) = World::builder().settings(json!({"readIPs": true})).start() else { return };
    world.accepts(User::Admin, WEB);
    world.until("the IP is seen", |world| world.metric(0, "vpcguard_inventory_objects{kind=\"IP\"}") > 0.5);
    let wanted = r#"spec.v4ip: "10.0.0.5": IP "web-0.shop" in Subnet "s" has it"#;
    assert!(warning(&world, VIP).contains(wanted), "{}", warning(&world, VIP));
    let missing = r#"spec.ipName: "web-1.shop": there is no IP of this name"#;
    assert!(warning(&world, &fip("web-1.shop")).contains(missing), "{}", warning(&world, &fip("web-1.shop")));
    // Its Subnet is known by it, and so the VPC.
    let found = warning(&world, &fip("web-0.shop"));
    let outside = r#"spec.ipName: "web-0.shop": VPC "v" has no enableExternal"#;
    assert!(found.contains(outside) && !found.contains("no IP of this name"), "{found}");
    world.plane.kubectl(User::Admin, &["delete", "ips", "web-0.shop"], None).unwrap().success().unwrap();
    world.until("it is gone", |world| world.metric(0, "vpcguard_inventory_objects{kind=\"IP\"}") < 0.5);
    world.accepts(User::Admin, VIP);
}

#[test]
fn ips_are_not_watched_otherwise() {
    let Some(world) = World::start() else { return };
    world.accepts(User::Admin, WEB);
    world.until("the Subnet is seen", |world| world.metric(0, "vpcguard_inventory_objects{kind=\"Subnet\"}") > 0.5);
    assert!(!world.page(0, "/metrics").contains("vpcguard_inventory_objects{kind=\"IP\"}"));
    assert!(!warning(&world, &fip("web-1.shop")).contains("spec.ipName"));
    world.accepts(User::Admin, VIP);
}
