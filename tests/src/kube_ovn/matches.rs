//! OVN's own parser of matches as a witness: a southbound database that holds nothing but logical flows, and ovn-trace, which reads
//! them. No northbound database, no northd, no Kube-OVN.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::ovn;
use super::parts::OvnPrograms;
use super::trace::{Started, Trace};
use crate::process::Process;

/// The sets of addresses that OVN knows beside the flows, by `$name`. The last has one entry without a mask and one with a mask.
pub const ADDRESS_SETS: [(&str, &[&str]); 3] =
    [("as4", &["10.0.0.1"]), ("as6", &["fd00::1"]), ("mixed", &["10.0.0.1", "10.0.2.0/24"])];

/// The groups of ports that it knows, by `@name`.
pub const PORT_GROUPS: [(&str, &[&str]); 1] = [("pg1", &["p1"])];

/// A match that OVN must refuse: where it does not, nothing is logged, and nothing is known.
const SENTINEL: &str = "sentinel_that_ovn_must_refuse";

/// How many flows a transaction writes.
const ROWS: usize = 10_000;

/// How many tables of a switch hold a match; OVN has room for some more.
pub const TABLES: usize = 20;

/// What OVN says of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is one.
    Taken,
    /// It is none, and why.
    Refused(String),
    /// OVN's own code fails on it.
    Ended(String),
}

/// OVN, to be asked.
#[derive(Clone, Debug)]
pub struct MatchWitness {
    programs: OvnPrograms,
}

impl MatchWitness {
    /// That of these programs.
    pub fn new(programs: OvnPrograms) -> Self {
        Self { programs }
    }

    /// What OVN says of each of some texts. What ends it is found by halving.
    ///
    /// # Errors
    ///
    /// If OVN does not run, or a text cannot be stored: one with NUL.
    pub fn judge(&self, texts: &[String]) -> Result<Vec<Said>> {
        let site = Site::start(&self.programs)?;
        for (number, rows) in texts.chunks(ROWS).enumerate() {
            let flow = |text: &String| flow(0, 1, text);
            site.switch(number + 1, rows.iter().map(flow).chain([flow(&SENTINEL.to_owned())]).collect())?;
        }
        let unparsed = match site.trace()? {
            Started::Ready(_, unparsed) => unparsed,
            Started::Ended(status, said) => {
                let [one, rest @ ..] = texts else { bail!("ovn-trace ends ({status}) on nothing: {said}") };
                if rest.is_empty() {
                    let line = said.lines().find(|line| line.contains("assertion")).unwrap_or(one);
                    return Ok(vec![Said::Ended(format!("{status}: {line}"))]);
                }
                drop(site);
                let (first, second) = texts.split_at(texts.len() / 2);
                return Ok([self.judge(first)?, self.judge(second)?].concat());
            }
        };
        let mut refused: HashMap<_, _> = unparsed.into_iter().collect();
        ensure!(texts.is_empty() || refused.remove(SENTINEL).is_some(), "OVN takes {SENTINEL}, or does not log");
        let said = |text: &String| refused.get(text).map_or(Said::Taken, |reason| Said::Refused(reason.clone()));
        let answers: Vec<_> = texts.iter().map(said).collect();
        let known: HashSet<_> = texts.iter().collect();
        refused.retain(|text, _| !known.contains(text));
        ensure!(refused.is_empty(), "nobody knows which texts these are: {refused:?}");
        Ok(answers)
    }

    /// Which packets each of some matches takes: for each list of matches, [`TABLES`] at most, and each of its packets, as
    /// ovn-trace is told of one, whether each match takes it. None for a match that OVN refuses.
    ///
    /// # Errors
    ///
    /// If OVN does not run, or does not understand a packet.
    pub fn taken(&self, lists: &[(Vec<String>, Vec<String>)]) -> Result<Vec<Vec<Vec<Option<bool>>>>> {
        let site = Site::start(&self.programs)?;
        for (number, (matches, _)) in lists.iter().enumerate() {
            ensure!(matches.len() <= TABLES, "{} matches are too many", matches.len());
            let flows = matches.iter().enumerate();
            let flows = flows.flat_map(|(table, text)| [flow(table, 2, &asked(text)), flow(table, 1, "1")]);
            site.switch(number + 1, flows.collect())?;
        }
        let (mut trace, unparsed) = match site.trace()? {
            Started::Ready(trace, unparsed) => (trace, unparsed),
            Started::Ended(status, said) => bail!("ovn-trace ends ({status}): {said}"),
        };
        let unparsed: HashSet<_> = unparsed.into_iter().map(|(text, _)| text).collect();
        let mut answers = Vec::new();
        for (number, (matches, packets)) in lists.iter().enumerate() {
            let is_taken: Vec<_> = matches.iter().map(|text| !unparsed.contains(&asked(text))).collect();
            let mut of_list = Vec::new();
            for packet in packets {
                let number = number + 1;
                let said = trace.packet(&switch(number), &format!("inport == \"p{number}\" && {packet}"))?;
                let hit = hits(&said, matches.len())?;
                let each = is_taken.iter().enumerate();
                of_list.push(each.map(|(table, is_taken)| is_taken.then(|| hit.contains(&table))).collect());
            }
            answers.push(of_list);
        }
        Ok(answers)
    }

    /// Its version.
    ///
    /// # Errors
    ///
    /// If it does not say.
    pub fn version(&self) -> Result<String> {
        let output = self.programs.command("ovn-trace")?.arg("--version").output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(said.lines().next().and_then(|line| line.rsplit(' ').next()).unwrap_or_default().to_owned())
    }
}

/// How a match is asked: a flow that takes every packet and does nothing is not shown.
fn asked(text: &str) -> String {
    format!("({text}) && eth.src == 00:00:00:00:00:01")
}

/// The tables in which a flow was hit that asks something. Behind the last one that holds any the packet is lost.
fn hits(said: &str, tables: usize) -> Result<Vec<usize>> {
    let table = |line: &str| line.trim_start().split_once(". ").and_then(|(number, _)| number.parse::<usize>().ok());
    let is_whole = said.lines().any(|line| table(line) == Some(tables) && line.contains(". no match"));
    ensure!(is_whole, "ovn-trace does not follow the packet to its end: {said}");
    Ok(said.lines().filter(|line| line.contains(", priority 2, ")).filter_map(table).collect())
}

fn switch(number: usize) -> String {
    format!("dp{number}")
}

fn flow(table: usize, priority: u8, text: &str) -> Value {
    json!({
        "op": "insert",
        "table": "Logical_Flow",
        "row": {
            "logical_datapath": ["named-uuid", "dp"], "pipeline": "ingress", "table_id": table, "priority": priority,
            "match": text, "actions": "next;",
        },
    })
}

/// A southbound database in a directory of its own.
struct Site<'a> {
    // In the order in which they end.
    database: Process,
    programs: &'a OvnPrograms,
    directory: TempDir,
}

impl<'a> Site<'a> {
    fn start(programs: &'a OvnPrograms) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let database = ovn::started_database(programs, directory.path(), "sb")?;
        let site = Self { database, programs, directory };
        let sets = ADDRESS_SETS
            .map(|(name, addresses)| json!({"op": "insert", "table": "Address_Set", "row": {"name": name, "addresses": ["set", addresses]}}));
        site.transact(sets.into_iter().chain([json!({"op": "insert", "table": "SB_Global", "row": {}})]).collect())?;
        Ok(site)
    }

    fn transact(&self, operations: Vec<Value>) -> Result<()> {
        let mut rpc = super::Rpc::connect(&self.directory.path().join("sb.sock"))?;
        rpc.transact("OVN_Southbound", operations).map(drop)
    }

    /// A switch with one port, and these flows.
    fn switch(&self, number: usize, flows: Vec<Value>) -> Result<()> {
        let insert = |table: &str, row: Value| json!({"op": "insert", "table": table, "row": row});
        let ids = json!([
            "map",
            [["name", switch(number)], ["logical-switch", format!("00000000-0000-0000-0000-{number:012}")]]
        ]);
        let row = json!({"tunnel_key": number, "external_ids": ids});
        let datapath = json!({"op": "insert", "table": "Datapath_Binding", "uuid-name": "dp", "row": row});
        let port = json!({"datapath": ["named-uuid", "dp"], "logical_port": format!("p{number}"), "tunnel_key": 1, "type": ""});
        let groups = PORT_GROUPS.map(|(name, ports)| {
            insert("Port_Group", json!({"name": format!("{number}_{name}"), "ports": ["set", ports]}))
        });
        let operations = [datapath, insert("Port_Binding", port)].into_iter().chain(groups).chain(flows);
        self.transact(operations.collect())
    }

    fn trace(&self) -> Result<Started> {
        let directory = self.directory.path();
        let address = format!("unix:{}", directory.join("sb.sock").display());
        let command = ovn::command(self.programs, directory, "ovn-trace")?;
        Trace::start(command, &self.database, &address, directory, "trace")
    }
}
