//! A cluster in memory: replicas that each do one small thing at a time, in any order, and the API servers that call
//! them. Certificates, Secrets and steps are the real ones.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use vpcguard_certs::{Authorities, Leaf, Lifetimes, Phase, bundle_trusts, missing_from};

pub(crate) const REPLICAS: usize = 3;
const CONFIGURATIONS: usize = 2;
const NAMES: [&str; 1] = ["webhook.vpcguard.svc"];

/// What replicas do right. Each test of the model takes one of them away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Switch only from `published`.
    pub(crate) publishes: bool,
    /// Switch only when API servers have heard of the new bundle.
    pub(crate) settles: bool,
    /// Retire only when the leaves of the previous CA have expired.
    pub(crate) outwaits: bool,
    /// Count the life of a leaf from before its Secret was read.
    pub(crate) counts_from_read: bool,
    /// Write a bundle only if the configuration has not changed since before the Secret was read.
    pub(crate) guards_bundles: bool,
    /// Write the Secret only if it is still the one that was read.
    pub(crate) compares: bool,
    /// Give up a write of the Secret that takes too long.
    pub(crate) gives_up: bool,
}

impl Policy {
    pub(crate) const RIGHT: Self = Self {
        publishes: true,
        settles: true,
        outwaits: true,
        counts_from_read: true,
        guards_bundles: true,
        compares: true,
        gives_up: true,
    };

    /// The next state: that of the library, or one that is wrong in the way that a test asks for.
    fn step(
        self,
        state: &Authorities,
        now: SystemTime,
        lifetimes: &Lifetimes,
        ok: bool,
        asked: bool,
    ) -> Option<Authorities> {
        match state.phase() {
            Phase::Prepared if !self.publishes => Some(state.switch(now)),
            Phase::Published if !self.settles => Some(state.switch(now)),
            Phase::Switched if !self.outwaits => Some(state.retire()),
            _ => state.step(now, lifetimes, ok, asked).unwrap(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A replica does its next small thing.
    Act(usize),
    /// A replica does many.
    Run(usize),
    /// A replica stops, wherever it is, and another one is started in its stead.
    Kill(usize),
    /// An operator asks this replica for a rotation.
    Ask(usize),
    /// Time passes.
    Pass(Duration),
}

/// Where a replica is in its round.
#[derive(Clone, Debug)]
enum At {
    Look,
    Read,
    Sign,
    Apply(usize),
    Verify(usize, bool),
    Step(bool),
    Swap(Box<Authorities>, SystemTime),
}

#[derive(Clone, Debug)]
struct Replica {
    at: At,
    /// The versions of the configurations, before the Secret was read.
    seen: [usize; CONFIGURATIONS],
    secret: Option<(usize, Authorities, SystemTime)>,
    leaf: Option<(usize, Leaf)>,
    asked: bool,
}

impl Replica {
    fn started() -> Self {
        Self { at: At::Look, seen: [0; CONFIGURATIONS], secret: None, leaf: None, asked: false }
    }
}

/// A configuration: each bundle that it ever had, and when. API servers may use any that was there not long ago.
type History = Vec<(SystemTime, String)>;

pub(crate) struct Cluster {
    policy: Policy,
    lifetimes: Lifetimes,
    pub(crate) now: SystemTime,
    secret: (usize, BTreeMap<String, Vec<u8>>),
    configurations: [History; CONFIGURATIONS],
    replicas: Vec<Replica>,
    leaves: usize,
    trust: HashMap<(String, usize), bool>,
    /// How often each phase was entered.
    pub(crate) entered: BTreeMap<&'static str, usize>,
}

impl Cluster {
    pub(crate) fn new(policy: Policy, lifetimes: Lifetimes) -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        let first = Authorities::begin(now, &lifetimes).unwrap();
        let history = vec![(now - Duration::from_hours(1), first.bundle_pem())];
        Self {
            policy,
            lifetimes,
            now,
            secret: (0, first.to_secret()),
            configurations: [history.clone(), history],
            replicas: vec![Replica::started(); REPLICAS],
            leaves: 0,
            trust: HashMap::new(),
            entered: BTreeMap::new(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        Authorities::from_secret(&self.secret.1, self.now).unwrap().phase()
    }

    /// Replicas with a leaf that has not expired.
    pub(crate) fn serving(&self) -> usize {
        let leaves = self.replicas.iter().filter_map(|replica| replica.leaf.as_ref());
        leaves.filter(|(_, leaf)| leaf.not_after() > self.now).count()
    }

    pub(crate) fn handle(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Act(replica) => self.act(replica)?,
            Event::Run(replica) => {
                for _ in 0..10 {
                    self.act(replica)?;
                }
            }
            Event::Kill(replica) => self.replicas[replica] = Replica::started(),
            Event::Ask(replica) => self.replicas[replica].asked = true,
            Event::Pass(time) => self.now += time,
        }
        self.check()
    }

    /// Goes on until just before the replica writes the Secret.
    pub(crate) fn act_until_swap(&mut self, index: usize) -> Result<(), String> {
        if matches!(self.replicas[index].at, At::Swap(..)) { Ok(()) } else { self.act(index) }
    }

    fn act(&mut self, index: usize) -> Result<(), String> {
        let (policy, now) = (self.policy, self.now);
        let mut replica = self.replicas[index].clone();
        replica.at = match replica.at {
            At::Look => {
                replica.seen = [0, 1].map(|one| self.configurations[one].len());
                At::Read
            }
            At::Read => {
                let state = Authorities::from_secret(&self.secret.1, now).unwrap();
                // Whoever asked has a rotation now.
                replica.asked &= state.phase() == Phase::Stable;
                replica.secret = Some((self.secret.0, state, now));
                At::Sign
            }
            At::Sign => {
                let (_, state, read_at) = replica.secret.as_ref().unwrap();
                if replica.leaf.as_ref().is_none_or(|(_, leaf)| state.leaf_due(leaf, now)) {
                    let from = if policy.counts_from_read { *read_at } else { now };
                    self.leaves += 1;
                    replica.leaf = Some((self.leaves, state.sign(&NAMES, from, &self.lifetimes).unwrap()));
                }
                At::Apply(0)
            }
            At::Apply(one) => {
                let wanted = replica.secret.as_ref().unwrap().1.bundle_pem();
                let history = &mut self.configurations[one];
                let held = &history.last().unwrap().1;
                let is_same = missing_from(held, &wanted).is_empty() && missing_from(&wanted, held).is_empty();
                let is_current = history.len() == replica.seen[one];
                if is_same || is_current || !policy.guards_bundles {
                    if !is_same {
                        history.push((now, wanted));
                    }
                    if one + 1 < CONFIGURATIONS { At::Apply(one + 1) } else { At::Verify(0, true) }
                } else {
                    At::Look
                }
            }
            At::Verify(one, all) => {
                let wanted = replica.secret.as_ref().unwrap().1.bundle_pem();
                let all = all && missing_from(&self.configurations[one].last().unwrap().1, wanted).is_empty();
                if one + 1 < CONFIGURATIONS { At::Verify(one + 1, all) } else { At::Step(all) }
            }
            At::Step(is_published) => {
                let state = &replica.secret.as_ref().unwrap().1;
                match policy.step(state, now, &self.lifetimes, is_published, replica.asked) {
                    Some(next) => At::Swap(Box::new(next), now),
                    None => At::Look,
                }
            }
            At::Swap(next, since) => {
                let is_in_time = now <= since + self.lifetimes.propagation || !policy.gives_up;
                if is_in_time && (self.secret.0 == replica.secret.as_ref().unwrap().0 || !policy.compares) {
                    *self.entered.entry(next.phase().as_str()).or_default() += 1;
                    self.secret = (self.secret.0 + 1, next.to_secret());
                }
                At::Look
            }
        };
        self.replicas[index] = replica;
        self.check()
    }

    /// Every leaf that is served is trusted by whatever bundle an API server may still use.
    fn check(&mut self) -> Result<(), String> {
        for (number, replica) in self.replicas.iter().enumerate() {
            let Some((id, leaf)) = &replica.leaf else { continue };
            // It answers nobody any more, whatever the bundles are.
            if leaf.not_after() <= self.now {
                continue;
            }
            for history in &self.configurations {
                let replaced_at = history.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
                for ((_, bundle), replaced_at) in history.iter().zip(replaced_at) {
                    if replaced_at.is_some_and(|at| at + self.lifetimes.propagation <= self.now) {
                        continue;
                    }
                    // Neither expires before the leaf does, which was seen to already.
                    let now = self.now;
                    let trusts = || bundle_trusts(bundle, leaf.certificate(), now);
                    if !*self.trust.entry((bundle.clone(), *id)).or_insert_with(trusts) {
                        return Err(format!("an API server does not trust replica {number}, in {}", self.phase()));
                    }
                }
            }
        }
        Ok(())
    }
}
