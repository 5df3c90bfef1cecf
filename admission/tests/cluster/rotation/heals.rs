//! What somebody breaks, and vpcguard repairs without being told.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;
use vpcguard_tests::pki::Pki;

use super::load::{Load, Plan};
use super::secret::Secret;
use super::{SETTLE, addresses, certs, secret, stable, world_of_leaves};
use crate::client::{Clients, shared};
use crate::world::World;

#[test]
fn it_heals() {
    // When a CA is lost, a leaf of it that was about to be renewed has a third of its life to last until API servers know the
    // next CA: longer than they need, by a second that certificates do not count in parts.
    let Some(world) = world_of_leaves("12s").start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());

    // Whatever happens to the Secret, no request fails.
    let load = Load::start(&clients, &addresses(&world.replicas), Plan { kills: false, propagation: SETTLE });
    let first = stable(&world, &clients);
    kubectl(&world, &["delete", "secret", "vpcguard-ca", "--namespace=vpcguard-system"]);
    let second = repaired(&world, &clients, |secret| secret.ca != first.ca);

    overwrite(&world, "ca.key", "garbage");
    let third = repaired(&world, &clients, |secret| secret.ca != second.ca);

    // The CA is as good as ever.
    overwrite(&world, "phase", "garbage");
    let fourth = repaired(&world, &clients, |secret| secret.phase != "garbage");
    assert_eq!(third.ca, fourth.ca);
    let figures = load.stop();
    println!("a deleted Secret, and one with garbage: {figures}");
    figures.check();

    // As `helm upgrade` does where the chart has a bundle of its own, or none.
    let foreign = BASE64_STANDARD.encode(Pki::new().unwrap().ca_pem());
    for bundle in ["", &foreign] {
        for kind in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
            set_bundles(&world, kind, bundle);
        }
        let last = repaired(&world, &clients, |_| true);
        assert_eq!(last.ca, fourth.ca);
    }
    println!("two overwritten bundles");
}

/// Waits until the CA is stable, vpcguard content, and requests are answered.
#[track_caller]
fn repaired(world: &World, clients: &Clients, is_other: impl Fn(&Secret) -> bool) -> Secret {
    world.until("the Secret is another", |_| secret::read(clients).is_some_and(|secret| is_other(&secret)));
    let secret = stable(world, clients);
    world.until("all trust it", |world| certs(world, "status").0 == Some(0));
    let good = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "good"}, "spec": {}});
    world.until("requests are answered", |world| {
        let args = ["apply", "--dry-run=server", "-f", "-"];
        world.plane.kubectl(User::Admin, &args, Some(&good.to_string())).unwrap().status.success()
    });
    secret
}

fn overwrite(world: &World, key: &str, value: &str) {
    let patch = json!({"stringData": {key: value}}).to_string();
    kubectl(world, &["patch", "secret", "vpcguard-ca", "--namespace=vpcguard-system", "--patch", &patch]);
}

/// Overwrites the caBundle of each webhook of a configuration.
pub(super) fn set_bundles(world: &World, kind: &str, bundle: &str) {
    let webhooks = world.get(kind, "vpcguard")["webhooks"].as_array().map_or(0, Vec::len);
    let field = |at: usize| format!("/webhooks/{at}/clientConfig/caBundle");
    let patch: Value = (0..webhooks).map(|at| json!({"op": "add", "path": field(at), "value": bundle})).collect();
    kubectl(world, &["patch", kind, "vpcguard", "--type=json", "--patch", &patch.to_string()]);
}

fn kubectl(world: &World, args: &[&str]) {
    world.plane.kubectl(User::Admin, args, None).unwrap().success().unwrap();
}
