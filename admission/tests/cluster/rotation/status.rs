//! What `vpcguard certs` prints, and what it ends with.

use vpcguard_tests::control_plane::User;
use vpcguard_tests::replica::Replica;

use super::heals::set_bundles;
use super::{ask_for_rotation, certs, secret, stable, world};
use crate::client::Clients;
use crate::world::wait_until_ready;

#[test]
fn status_says_who_trusts_the_ca() {
    let Some(mut world) = world().start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    stable(&world, &clients);
    world.until("all trust it", |world| certs(world, "status").0 == Some(0));
    let (code, good, errors) = certs(&world, "status");
    println!("{good}");
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(good.starts_with("phase: stable\nsigns: "), "{good}");
    let validating = "ValidatingWebhookConfiguration addresses.vpcguard.io: trusts it\n";
    let mutating = "MutatingWebhookConfiguration vpcs.vpcguard.io: trusts it\n";
    assert!(good.contains(validating) && good.contains(mutating) && !good.contains("trusted:"), "{good}");

    // Half-way, and from here on nobody goes on or repairs what is to be seen.
    let before = stable(&world, &clients);
    ask_for_rotation(&world);
    secret::follow(&clients, &before, |secret| secret.phase == "switched");
    world.replicas.iter_mut().try_for_each(Replica::kill).unwrap();
    let (code, out, _) = certs(&world, "status");
    println!("{out}");
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("phase: switched since 2"), "{out}");
    assert!(out.contains("\nsigns: ") && out.contains("\ntrusted: ") && out.contains(validating), "{out}");

    set_bundles(&world, "validatingwebhookconfiguration", "");
    let (code, out, _) = certs(&world, "status");
    println!("{out}");
    assert_eq!(code, Some(1));
    assert!(out.contains("addresses.vpcguard.io: lacks 2 of its certificates\n") && out.contains(mutating), "{out}");

    let delete = ["delete", "secret", "vpcguard-ca", "--namespace=vpcguard-system"];
    world.plane.kubectl(User::Admin, &delete, None).unwrap().success().unwrap();
    for command in ["status", "rotate"] {
        let (code, out, errors) = certs(&world, command);
        println!("{errors}");
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(errors.contains("there is no Secret \"vpcguard-ca\" in namespace \"vpcguard-system\""), "{errors}");
    }

    // Replicas that begin when all is gone make it anew, and no CA of the past is trusted: the manual's emergency.
    set_bundles(&world, "mutatingwebhookconfiguration", "");
    for replica in &mut world.replicas {
        replica.restart().unwrap();
        wait_until_ready(replica).unwrap();
    }
    world.until("all trust the new one", |world| certs(world, "status").0 == Some(0));
    let (_, out, _) = certs(&world, "status");
    assert!(out.starts_with("phase: stable\n") && !out.contains("trusted:"), "{out}");

    // As after an emergency: what is not there trusts nobody, but is not well.
    let delete = ["delete", "validatingwebhookconfiguration", "vpcguard"];
    world.plane.kubectl(User::Admin, &delete, None).unwrap().success().unwrap();
    let (code, out, _) = certs(&world, "status");
    assert_eq!(code, Some(1), "{out}");
    let missing = "ValidatingWebhookConfiguration \"vpcguard\": missing, so vpcguard is not asked\n";
    assert!(out.contains(missing) && out.contains(mutating), "{out}");
}
