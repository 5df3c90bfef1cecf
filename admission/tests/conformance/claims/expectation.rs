//! What reality is to show of a case.

use serde_json::Value;
use vpcguard_tests::kube_ovn::{Id, Observation};

use crate::trespass;

/// What reality is to show. A text is a part of a line of what was seen, with the names of the case's file; an empty one is
/// any line.
#[derive(Clone, Debug)]
pub(crate) enum Expectation {
    /// Nothing is wrong with the object; and there is such a row in OVN.
    Works(String),
    /// Something is wrong with the object, or the API server refuses it. A text may also be of what was said on the way.
    Broken(String),
    /// The object's Pod has its port in the switch of this Subnet.
    Lands(String),
    /// Somebody of the case has a port, an address or a load balancer's entry in a VPC that is closed to its namespace.
    Trespasses(String),
    /// ovn-northd leaves something out.
    Dropped(String),
    /// Matches of the object do not parse.
    Unparsed,
    /// The object is taken, and there is no such row in OVN; without a text, no new one at all.
    Ignored(String),
    /// There is such a row, or such a symptom of some object of the case, which harms somebody.
    Harms(String),
    /// The Vpc sends packets to an address that nobody has, or that is the router's own.
    BlackHole(String),
    /// A NAT gateway is told such a command.
    Exec(String),
    /// The controller ends.
    Crash,
    /// One of these.
    Any(Vec<Expectation>),
    /// It cannot be seen here, and why.
    NotObservable(String),
}

impl Expectation {
    /// `works`, `{broken: text}`, or a list of such …
    pub(crate) fn read(value: &Value) -> Self {
        let (word, text) = match value {
            Value::Array(any) => return Self::Any(any.iter().map(Self::read).collect()),
            Value::String(word) => (word.as_str(), String::new()),
            Value::Object(fields) => {
                let (word, text) = fields.iter().next().expect("an expectation has a word");
                assert_eq!(fields.len(), 1, "an expectation has one word: {value}");
                (
                    word.as_str(),
                    text.as_str().unwrap_or_else(|| panic!("{value}: what is expected is a string")).to_owned(),
                )
            }
            _ => panic!("{value} is not an expectation"),
        };
        match word {
            "works" => Self::Works(text),
            "broken" => Self::Broken(text),
            "lands" => Self::Lands(text),
            "trespasses" => Self::Trespasses(text),
            "dropped" => Self::Dropped(text),
            "unparsed" => Self::Unparsed,
            "ignored" => Self::Ignored(text),
            "harms" => Self::Harms(text),
            "black-hole" => Self::BlackHole(text),
            "exec" => Self::Exec(text),
            "crash" => Self::Crash,
            "not-observable" => {
                assert!(!text.is_empty(), "not-observable has a reason");
                Self::NotObservable(text)
            }
            _ => panic!("{word} is not a word for what is observed"),
        }
    }

    /// Whether it was seen.
    pub(crate) fn is_seen(&self, seen: &Seen) -> bool {
        let any = |lines: &[String], text: &str| lines.iter().any(|line| line.contains(text));
        match self {
            Self::Works(text) => {
                seen.refused.is_none() && seen.symptoms.is_empty() && (text.is_empty() || any(&seen.rows, text))
            }
            Self::Trespasses(text) => any(&seen.trespasses, text),
            Self::Broken(text) => {
                any(&seen.symptoms, text)
                    || (!text.is_empty() && any(&seen.said, text))
                    || seen.refused.as_ref().is_some_and(|refused| refused.contains(text))
            }
            Self::Lands(subnet) => seen.switches.iter().any(|switch| switch == subnet),
            Self::Dropped(text) => any(&seen.dropped, text),
            Self::Unparsed => seen.symptoms.iter().any(|symptom| symptom.starts_with("unparsed")),
            Self::Ignored(text) if text.is_empty() => seen.refused.is_none() && seen.added.is_empty(),
            Self::Ignored(text) => seen.refused.is_none() && !any(&seen.rows, text),
            Self::Harms(text) => any(&seen.rows, text) || any(&seen.symptoms, text) || any(&seen.others, text),
            Self::BlackHole(text) => any(&seen.black_holes, text),
            Self::Exec(text) => any(&seen.commands, text),
            Self::Crash => seen.crashed,
            Self::Any(any) => any.iter().any(|one| one.is_seen(seen)),
            Self::NotObservable(_) => true,
        }
    }
}

/// What was seen of one case, with the names of its file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What the API server said, if it refused the object.
    pub(crate) refused: Option<String>,
    /// What is wrong with the object.
    pub(crate) symptoms: Vec<String>,
    /// What was said against it on the way.
    pub(crate) said: Vec<String>,
    /// Who is where it may not be.
    pub(crate) trespasses: Vec<String>,
    /// What is wrong with the others.
    pub(crate) others: Vec<String>,
    /// The rows of OVN that speak of the case.
    pub(crate) rows: Vec<String>,
    /// Those of them that are new.
    pub(crate) added: Vec<String>,
    /// The switches that the object's Pod is in.
    pub(crate) switches: Vec<String>,
    /// Where packets go to nobody.
    pub(crate) black_holes: Vec<String>,
    /// What ovn-northd leaves out, of this case.
    pub(crate) dropped: Vec<String>,
    /// What NAT gateways were told.
    pub(crate) commands: Vec<String>,
    /// Whether the controller ended.
    pub(crate) crashed: bool,
}

impl Seen {
    /// Of an object, among all that there is to see. `state` are the others of the case, and `restore` gives the names of its
    /// file.
    pub(crate) fn of(
        observation: &Observation,
        object: &Value,
        state: &[Value],
        mine: &dyn Fn(&str) -> bool,
        restore: &dyn Fn(&str) -> String,
    ) -> Self {
        let restored = |lines: Vec<String>| lines.iter().map(|line| restore(line)).collect::<Vec<_>>();
        let only_mine = |lines: &mut dyn Iterator<Item = &String>| {
            lines.filter(|line| mine(line)).map(|line| restore(line)).collect::<Vec<_>>()
        };
        let others = state.iter().filter(|other| Id::of(other) != Id::of(object)).flat_map(|other| {
            let name = Id::of(other);
            observation
                .symptoms(other)
                .into_iter()
                .map(move |symptom| format!("{} {}: {symptom}", name.kind, name.name))
        });
        let id = Id::of(object);
        let pod = if id.kind == "Pod" { id } else { id.made_pod() };
        Self {
            refused: None,
            symptoms: restored(observation.symptoms(object)),
            said: restored(observation.said(object)),
            trespasses: only_mine(&mut trespass::all(observation).iter()),
            others: restored(others.collect()),
            rows: only_mine(&mut observation.northbound.lines().iter()),
            added: only_mine(&mut observation.added.iter()),
            switches: observation.ports_of(&pod).map(|port| restore(&port.switch)).collect(),
            dropped: only_mine(&mut observation.dropped.iter()),
            black_holes: restored(
                state
                    .iter()
                    .chain([object])
                    .filter(|other| other["kind"] == "Vpc")
                    .flat_map(|vpc| observation.black_holes(vpc))
                    .collect(),
            ),
            commands: only_mine(&mut observation.commands.iter()),
            crashed: observation.crash.is_some(),
        }
    }
}
