//! Asking Kube-OVN: dozens of mutated objects together, each with names of its own.

use serde_json::Value;
use vpcguard_tests::kube_ovn::{Resource, World};

use super::case::Case;
use super::judged::Seen;

/// A world in which some were asked before.
pub(crate) struct Witness<'a> {
    pub(crate) world: &'a mut World,
    used: bool,
}

impl<'a> Witness<'a> {
    pub(crate) fn new(world: &'a mut World) -> Self {
        Self { world, used: false }
    }

    /// What became of each.
    pub(crate) fn ask(&mut self, cases: &[Case]) -> Vec<Seen> {
        // The last ones need no cleaning up.
        if std::mem::replace(&mut self.used, true) {
            self.world.reset().unwrap();
        }
        let mut seen = Vec::new();
        let crashed = once(self.world, cases, &mut seen);
        if !crashed || cases.len() < 2 {
            return seen;
        }
        // One of them ended the controller, so nothing was seen of the others.
        let (first, second) = cases.split_at(cases.len() / 2);
        let mut seen = self.ask(first);
        seen.extend(self.ask(second));
        seen
    }
}

/// Whether the controller ended.
fn once(world: &mut World, cases: &[Case], seen: &mut Vec<Seen>) -> bool {
    let state: Vec<&Value> = cases.iter().flat_map(|case| &case.state).collect();
    for resource in Resource::all() {
        for object in state.iter().filter(|object| object["kind"] == resource.kind) {
            let answer = world.apply(object).unwrap();
            assert!(answer.is_success(), "{object}: {}", answer.message());
        }
    }
    world.settle().unwrap();
    let before = world.before().unwrap();
    let mut refusals = Vec::new();
    for case in cases {
        let answer = match &case.old {
            Some(old) => world.change(old, &case.object),
            None => world.apply(&case.object),
        };
        let answer = answer.unwrap();
        refusals.push((!answer.is_success()).then(|| answer.message().to_owned()));
    }
    world.settle().unwrap();
    let pods =
        cases.iter().zip(&refusals).filter(|(_, refused)| refused.is_none()).filter_map(|(case, _)| case.pod.as_ref());
    let mut any = false;
    for pod in pods {
        let answer = world.apply(pod).unwrap();
        assert!(answer.is_success(), "{pod}: {}", answer.message());
        any = true;
    }
    if any {
        world.settle().unwrap();
    }
    let observation = world.look(&before).unwrap();
    *seen = cases.iter().zip(refusals).map(|(case, refused)| Seen::of(&observation, case, refused)).collect();
    let crashed = observation.crash.is_some();
    if crashed {
        // What made it end must go first.
        world.forget_all().unwrap();
        world.restart_controller().unwrap();
    }
    if cases.iter().any(|case| case.class.alone) {
        // It would try to read the kind again only after a while.
        world.reset().unwrap();
        world.restart_controller().unwrap();
    }
    crashed
}
