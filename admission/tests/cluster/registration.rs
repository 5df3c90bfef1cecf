//! Whether anybody asks is seen: an entry that is gone, or changed, is counted and told.

use vpcguard_tests::control_plane::User;

use super::world::World;

const PODS: &str =
    r#"vpcguard_webhook_registered{configuration="ValidatingWebhookConfiguration",webhook="pods.vpcguard.io"}"#;
const SUBNETS: &str =
    r#"vpcguard_webhook_registered{configuration="ValidatingWebhookConfiguration",webhook="addresses.vpcguard.io"}"#;

fn patch(world: &World, patch: &str) {
    let args = ["patch", "validatingwebhookconfiguration", "vpcguard", "-p", patch];
    world.plane.kubectl(User::Admin, &args, None).unwrap().success().unwrap();
}

fn is_registered(world: &World, metric: &str) -> bool {
    world.metric(0, metric) > 0.0
}

#[test]
fn a_webhook_that_is_no_longer_asked_is_noticed() {
    let Some(world) = World::start() else { return };
    world.until("all are there", |world| is_registered(world, PODS) && is_registered(world, SUBNETS));
    assert!(!world.page(0, "/readyz?verbose").contains("webhook"));

    patch(&world, r#"{"webhooks": [{"name": "pods.vpcguard.io", "$patch": "delete"}]}"#);
    world.until("one is gone", |world| !is_registered(world, PODS));
    assert!(is_registered(&world, SUBNETS));
    let page = world.page(0, "/readyz?verbose");
    let note =
        "note: ValidatingWebhookConfiguration has no webhook pods.vpcguard.io: what it is for passes unreviewed\n";
    assert!(page.contains(note) && page.ends_with("readyz check passed\n"), "{page}");

    let selector = r#"{"matchLabels": {"reviewed": "yes"}}"#;
    patch(&world, &format!(r#"{{"webhooks": [{{"name": "addresses.vpcguard.io", "objectSelector": {selector}}}]}}"#));
    world.until("one asks about less", |world| !is_registered(world, SUBNETS));
    world.until("it is logged", |world| {
        world.replicas[0]
            .log()
            .contains("webhook addresses.vpcguard.io of ValidatingWebhookConfiguration has an objectSelector")
    });

    let args = ["delete", "validatingwebhookconfiguration", "vpcguard"];
    world.plane.kubectl(User::Admin, &args, None).unwrap().success().unwrap();
    let note = "note: no webhook of ValidatingWebhookConfiguration is there: what they are for passes unreviewed\n";
    world.until("all are gone", |world| world.page(0, "/readyz?verbose").contains(note));
}
