//! SIGHUP on a cluster: it is watched anew by the new settings, and claims go on.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use vpcguard_tests::control_plane::User;

use super::client::{Clients, subnet, vpc};
use super::world::World;

#[test]
fn settings_are_read_again() {
    let Some(mut world) = World::start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    let create = |plural: &str, object| clients.at_once([clients.create(plural, object)]).remove(0);
    assert!(create("vpcs", vpc("v")).is_accepted());
    assert!(create("subnets", subnet("a", "v", "10.0.0.0/24")).is_accepted());
    let mut invalid = subnet("b", "v", "10.0.1.0/24");
    invalid["spec"]["gateway"] = json!("10.9.9.9");
    assert_eq!(create("subnets", invalid.clone()).code, 422);

    let process = i32::try_from(world.replicas[0].process().id()).unwrap();
    let hang_up = || kill(Pid::from_raw(process), Signal::SIGHUP).unwrap();
    world.file("settings.json", r#"{"rules": {"subnet-syntx": "warn"}}"#);
    hang_up();
    world
        .until("the mistake is in the log", |world| world.replicas[0].log().contains("the settings stay as they were"));
    assert_eq!(create("subnets", invalid.clone()).code, 422);

    world.file("settings.json", r#"{"rules": {"subnet-syntax": "warn"}}"#);
    hang_up();
    world.until("it is a warning", |_| create("subnets", invalid.clone()).is_accepted());
    // The new view has all that the old one had, and so has the ledger.
    let overlapping = create("subnets", subnet("c", "v", "10.0.0.0/16"));
    assert!(overlapping.message().contains("overlaps Subnet \"a\""), "{overlapping:?}");
    assert!(create("subnets", subnet("d", "v", "10.0.2.0/24")).is_accepted());
}
