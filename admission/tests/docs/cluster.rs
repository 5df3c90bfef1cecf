//! The commands of the pages that need a cluster, on a real API server.
//!
//! It has Kube-OVN's kinds, what `vpcguard manifests` prints, a replica with the rights of that, and two Subnets that overlap.
//! Nothing schedules Pods there, and no webhook is reached: what these do is for the tests of the cluster and of the chart.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use vpcguard_tests::control_plane::{ControlPlane, User, control_plane_or_skip};
use vpcguard_tests::replica::Replica;

use super::block::{Block, Place};
use super::help::BINARY;
use super::page::pages;
use super::run::run;
use super::scratch::Scratch;

/// Time enough on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// What Kube-OVN stored before there was a vpcguard.
const STORED: &str = "\
apiVersion: kubeovn.io/v1
kind: Vpc
metadata: {name: v}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: a}
spec: {vpc: v, cidrBlock: 10.0.0.0/16, gateway: 10.0.0.1}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: b}
spec: {vpc: v, cidrBlock: 10.0.4.0/24, gateway: 10.0.4.1}
";

/// A ledger, as replicas leave it.
const LEDGER: &str = "\
apiVersion: vpcguard.io/v1alpha1
kind: AddressLedger
metadata: {name: vpc.v}
spec: {format: 1, space: {vpc: v}, floor: \"1\", claims: []}
";

/// What the chart makes besides.
const SECRET: &str = "{apiVersion: v1, kind: Secret, metadata: {name: vpcguard-ca, namespace: vpcguard-system}}";

fn apply(plane: &ControlPlane, manifests: &str) {
    let args = ["apply", "--server-side", "--force-conflicts", "--filename", "-"];
    // A kind whose definition has only just come is not known yet.
    until("everything is stored", || plane.kubectl(User::Admin, &args, Some(manifests)).unwrap().status.success());
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether the replica has made a CA and put it into all webhooks.
fn is_well(kubeconfig: &Path) -> bool {
    let status = Command::new(BINARY).args(["certs", "status"]).env("KUBECONFIG", kubeconfig).output();
    status.unwrap().status.success()
}

#[test]
fn every_command_that_needs_a_cluster_works_on_one() {
    let Some(mut plane) = control_plane_or_skip() else { return };
    plane.install_crds().unwrap();
    apply(&plane, STORED);
    let manifests = Command::new(BINARY).arg("manifests").output().unwrap();
    let manifests = String::from_utf8(manifests.stdout).unwrap();
    apply(&plane, &manifests);
    apply(&plane, LEDGER);
    let (admin, own) = (plane.kubeconfig(User::Admin), plane.kubeconfig(User::Vpcguard));
    let replica = Replica::start(Path::new(BINARY), &["serve"], &[("KUBECONFIG", own.to_str().unwrap())]).unwrap();

    let is_ours = |block: &Block| matches!(block.usage.place(), Some(Place::Cluster | Place::Sample));
    let mut seen = 0;
    for page in pages().iter().filter(|page| page.blocks.iter().any(is_ours)) {
        // What the page before has deleted is back.
        apply(&plane, &format!("{manifests}\n---\n{SECRET}"));
        until("the certificates are in place", || is_well(&admin));
        let mut scratch = Scratch::new();
        // kubectl keeps what it knows of an API server beside it.
        let kubeconfig = scratch.logs().join("kubeconfig");
        fs::copy(&admin, &kubeconfig).unwrap();
        scratch.set("KUBECONFIG", kubeconfig);
        seen += run(page, &scratch, &[Place::Cluster, Place::Sample]);
    }
    assert!(seen >= 10, "{seen}");
    drop(replica);
}
