//! A replica that begins before there is an API server to get a certificate from, as when all of a cluster starts again.

use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use vpcguard_tests::replica::Replica;

use super::world::{PATIENCE, World, answer, wait_until_ready};

#[test]
fn probes_are_answered_while_the_api_server_is_away() {
    let Some(mut world) = World::builder().by_service().start() else { return };
    world.plane.kill_api_server().unwrap();
    let replica = &mut world.replicas[0];
    begin(replica);
    // It listens for no request, lives, and says what it waits for.
    assert!(TcpStream::connect(replica.address()).is_err());
    assert_eq!(answer(replica, "/healthz").unwrap(), (200, "ok\n".to_owned()));
    let (status, page) = answer(replica, "/readyz?verbose").unwrap();
    assert_eq!(status, 503);
    assert!(page.starts_with("[-]listening failed: waiting for a certificate: cannot get "), "{page}");
    assert!(answer(replica, "/metrics").unwrap().1.contains("vpcguard_build_info{"));
    // Told to end, it does so, for nobody was promised anything.
    assert!(replica.terminate().unwrap().success());

    begin(replica);
    world.plane.start_api_server().unwrap();
    replica.wait_until_listening().unwrap();
    wait_until_ready(replica).unwrap();
}

/// Starts it, and waits until it has asked for the first time.
fn begin(replica: &mut Replica) {
    let asked = |replica: &Replica| replica.log().matches("no certificate yet").count();
    let (before, begun) = (asked(replica), Instant::now());
    replica.begin_again().unwrap();
    while asked(replica) == before {
        assert!(begun.elapsed() < PATIENCE, "{}", replica.log());
        sleep(Duration::from_millis(20));
    }
}
