//! What became of objects: facts, and the symptoms of what does not work.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::Value;

use super::mirror::Id;
use super::northbound::{Northbound, PodPort};
use super::world::World;

/// A moment before objects are applied, from which an observation is counted.
#[derive(Clone, Debug)]
pub struct Before {
    lines: BTreeSet<String>,
    errors: usize,
    commands: usize,
    events: BTreeSet<Id>,
    dropped: BTreeSet<String>,
}

/// What there is to see after objects were applied.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// OVN's northbound database.
    pub northbound: Northbound,
    /// Its lines that are new.
    pub added: BTreeSet<String>,
    /// Its lines that are gone.
    pub removed: BTreeSet<String>,
    /// The controller's errors.
    pub errors: BTreeSet<String>,
    /// `KIND NAMESPACE/NAME REASON: MESSAGE` of warnings.
    pub events: BTreeSet<String>,
    /// The commands that NAT gateways were told.
    pub commands: Vec<String>,
    /// Those that they were told since the last reset.
    pub told: Vec<String>,
    /// What ovn-northd leaves out.
    pub dropped: Vec<String>,
    /// Matches that do not parse, with the reason.
    pub unparsed: Vec<(String, String)>,
    /// The ports of Pods.
    pub ports: Vec<PodPort>,
    /// All objects.
    pub objects: BTreeMap<Id, Value>,
    /// Why the controller ended.
    pub crash: Option<String>,
}

impl World {
    /// The moment before something is applied.
    ///
    /// # Errors
    ///
    /// If it cannot be seen.
    pub fn before(&mut self) -> Result<Before> {
        let lines = self.northbound()?.lines();
        let (errors, commands) = self.marks();
        let events = self.stored_of_kind("Event").iter().map(Id::of).collect();
        Ok(Before { lines, errors, commands, events, dropped: self.dropped()?.into_iter().collect() })
    }

    /// What there is to see once the world has settled.
    ///
    /// # Errors
    ///
    /// If a part does not answer.
    pub fn look(&mut self, before: &Before) -> Result<Observation> {
        let northbound = self.northbound()?;
        let lines = northbound.lines();
        let objects = self.objects();
        let events = objects.iter().filter(|(id, _)| id.kind == "Event" && !before.events.contains(id));
        let dropped = self.dropped()?.into_iter().filter(|line| !before.dropped.contains(line)).collect();
        Ok(Observation {
            added: lines.difference(&before.lines).cloned().collect(),
            removed: before.lines.difference(&lines).cloned().collect(),
            ports: northbound.pods(),
            northbound,
            errors: self.errors(before.errors),
            events: events.filter_map(|(_, event)| warning(event)).collect(),
            commands: self.commands(before.commands)?,
            told: self.commands(self.told_before)?,
            dropped,
            unparsed: self.unparsed()?,
            crash: self.crash()?,
            objects,
        })
    }
}

/// A warning as a line; other events are none.
fn warning(event: &Value) -> Option<String> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let of = "/involvedObject";
    let object =
        format!("{} {}/{}", text(&format!("{of}/kind")), text(&format!("{of}/namespace")), text(&format!("{of}/name")));
    (text("/type") == "Warning").then(|| format!("{object} {}: {}", text("/reason"), text("/message")))
}
