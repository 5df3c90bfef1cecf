//! What breaks while Subnets race.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, sleep};
use std::time::Duration;

use vpcguard_tests::control_plane::ControlPlane;
use vpcguard_tests::replica::Replica;

use crate::client::{Clients, vpc};
use crate::world::{Builder, World};

/// One in which addresses that were claimed for nobody are free again before clients run out of patience: the hold is
/// longer than the request timeout by the 15 s that the manual asks for.
pub(super) fn world() -> Builder {
    World::builder().serve("--claim-hold=20s").api_server("--request-timeout=5s")
}

/// Has replicas killed while something goes on that is told how often that was, and says how often in all.
pub(super) fn while_killing<T>(replicas: &mut [Replica], go_on: impl FnOnce(&AtomicUsize) -> T) -> (T, usize) {
    let kills = AtomicUsize::new(0);
    let done = thread::scope(|scope| {
        // It goes when this closure ends, also when an assertion ends it, and with it the killing.
        let (_alive, stop) = channel();
        let kills = &kills;
        scope.spawn(move || kill_in_turn(replicas, &stop, kills));
        go_on(kills)
    });
    (done, kills.into_inner())
}

/// Kills a replica each second and starts it again, one after the other, until whoever holds the channel's other end goes.
fn kill_in_turn(replicas: &mut [Replica], stop: &Receiver<()>, kills: &AtomicUsize) {
    let count = replicas.len();
    while stop.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
        replicas[kills.load(Ordering::Relaxed) % count].restart().unwrap();
        kills.fetch_add(1, Ordering::Relaxed);
    }
}

/// Kills the API server and starts it again each time it is asked to, until nobody can ask any more.
pub(super) fn restart_api_server(plane: &mut ControlPlane, asked: &Receiver<()>) {
    for () in asked {
        // The requests of a round take about this long: they are to be hit anywhere.
        sleep(Duration::from_millis(fastrand::u64(..50)));
        plane.restart_api_server().unwrap();
    }
}

/// Deletes a VPC and creates it again, until whoever holds the channel's other end goes. Its Subnets stay.
pub(super) fn have_vpc_come_and_go(clients: &Clients, name: impl Fn() -> String, stop: &Receiver<()>) {
    let pause = || stop.recv_timeout(Duration::from_millis(fastrand::u64(..400)));
    while pause() == Err(RecvTimeoutError::Timeout) {
        let name = name();
        let deleted = clients.at_once([clients.delete("vpcs", &name)]).remove(0);
        assert!(deleted.is_accepted(), "{deleted:?}");
        let _ = pause();
        let created = clients.at_once([clients.create("vpcs", vpc(&name))]).remove(0);
        assert!(created.is_accepted(), "{created:?}");
    }
}
