//! Asking Kube-OVN: dozens of mutated objects together, each with names of its own.

use std::time::{Duration, Instant};

use serde_json::Value;
use vpcguard_tests::kube_ovn::{Resource, World};

use super::case::Case;
use super::field::{Class, Scene};
use super::ground::{Ground, Shape};
use super::judged::Seen;

/// How long the right objects that come last may take to work.
const PATIENCE: Duration = Duration::from_mins(1);

/// No case has a number that is so high: those of the right objects go down from here.
const HIGHEST: u32 = (1 << 15) - 1;

/// A world in which some were asked before.
pub(crate) struct Witness<'a> {
    pub(crate) world: &'a mut World,
    used: bool,
    right: u32,
}

impl<'a> Witness<'a> {
    pub(crate) fn new(world: &'a mut World) -> Self {
        Self { world, used: false, right: 0 }
    }

    /// What became of each.
    pub(crate) fn ask(&mut self, cases: &[Case]) -> Vec<Seen> {
        // The last ones need no cleaning up.
        if std::mem::replace(&mut self.used, true) {
            self.world.reset().unwrap();
        }
        let mut seen = Vec::new();
        let last = self.right_ones(cases);
        let crashed = once(self.world, cases, &last, &mut seen);
        if !crashed || cases.len() < 2 {
            return seen;
        }
        // One of them ended the controller, so nothing was seen of the others.
        let (first, second) = cases.split_at(cases.len() / 2);
        let mut seen = self.ask(first);
        seen.extend(self.ask(second));
        seen
    }

    /// A right object for each scene. Kube-OVN takes one after the other, so once these work it has looked at all others.
    fn right_ones(&mut self, cases: &[Case]) -> Vec<Case> {
        let scenes = Scene::ALL.into_iter().filter(|scene| cases.iter().any(|case| case.class.scene == *scene));
        let one = |scene| {
            self.right += 1;
            let mut random = fastrand::Rng::with_seed(self.right.into());
            let ground = Ground::new(HIGHEST - self.right, Shape::V4, &mut random);
            Case::new(&Class::unchanged(scene), ground)
        };
        scenes.filter_map(one).collect()
    }
}

/// Whether the controller ended.
fn once(world: &mut World, cases: &[Case], last: &[Case], seen: &mut Vec<Seen>) -> bool {
    let all = || cases.iter().chain(last);
    let state: Vec<&Value> = all().flat_map(|case| &case.state).collect();
    for resource in Resource::all() {
        for object in state.iter().filter(|object| object["kind"] == resource.kind) {
            let answer = world.apply(object).unwrap();
            assert!(answer.is_success(), "{object}: {}", answer.message());
        }
    }
    world.settle().unwrap();
    let before = world.before().unwrap();
    let mut refusals = Vec::new();
    for case in all() {
        let answer = match &case.old {
            Some(old) => world.change(old, &case.object),
            None => world.apply(&case.object),
        };
        let answer = answer.unwrap();
        refusals.push((!answer.is_success()).then(|| answer.message().to_owned()));
    }
    world.settle().unwrap();
    let pods = all().zip(&refusals).filter(|(_, refused)| refused.is_none()).filter_map(|(case, _)| case.pod.as_ref());
    let mut any = false;
    for pod in pods {
        let answer = world.apply(pod).unwrap();
        assert!(answer.is_success(), "{pod}: {}", answer.message());
        any = true;
    }
    if any {
        world.settle().unwrap();
    }
    let start = Instant::now();
    let observation = loop {
        let observation = world.look(&before).unwrap();
        let works = |case: &Case| Seen::of(&observation, case, None).symptoms.is_empty();
        if observation.crash.is_some() || last.iter().all(works) || start.elapsed() > PATIENCE {
            break observation;
        }
        world.settle().unwrap();
    };
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
