//! `vpcguard capacity`: how much of their addresses VPCs have given away, and what is free.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vpcguard_policies::capacity::{Capacity as Known, Space};
use vpcguard_policies::{Kind, Settings};

use crate::cluster::ClusterArgs;
use crate::cluster::collection::Collection;
use crate::live::{Given, Live};
use crate::snapshot::block_on;
use crate::{console, files};

/// What is said where nothing has addresses.
const NOTHING: &str = "no VPCs and no Subnets";

/// What says something of addresses.
const READ: [Kind; 4] = [Kind::Vpc, Kind::Subnet, Kind::Node, Kind::ServiceCidr];

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// Print VPCs with their Subnets, how many of their addresses are used, and which ranges are free.
///
/// Free ranges are told of the private ranges that a VPC's overlay Subnets are in: those of RFC 1918 and RFC 6598, and of the unique
/// local ones of IPv6 the /48. In the default VPC they are without the ranges of Services, of nodes, and between both and Pods. How
/// many addresses are used is what Kube-OVN says in the status of a Subnet.
#[derive(Debug, Args)]
pub(crate) struct Capacity {
    /// How to write it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// Take the objects of the cluster.
    #[arg(long, conflicts_with = "paths")]
    cluster: bool,
    #[command(flatten)]
    place: ClusterArgs,
    /// Settings, in YAML or JSON, or the values of the Helm chart; with --cluster those of the webhook that runs there unless given.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Print free prefixes of this length, in place of the fewest that make up what is free.
    #[arg(long, value_name = "LENGTH", value_parser = clap::value_parser!(u8).range(0..=128))]
    prefix_len: Option<u8>,
    /// How many free prefixes of a range to print.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = at_least_one)]
    limit: usize,
    /// Files, directories, patterns such as 'manifests/**/*.yaml', or - for standard input.
    #[arg(value_name = "PATH", required_unless_present = "cluster")]
    paths: Vec<PathBuf>,
}

impl Capacity {
    pub(crate) fn run(&self) -> ExitCode {
        match self.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(complaint) => {
                console::error(&complaint.to_string());
                ExitCode::from(2)
            }
        }
    }

    fn print(&self) -> Result<(), Box<dyn std::error::Error>> {
        if self.paths.iter().chain(&self.settings).filter(|path| *path == "-").count() > 1 {
            return Err("standard input (-) can be read only once".into());
        }
        if let Some(flag) = self.place.given().filter(|_| !self.cluster) {
            return Err(format!("{flag} says which cluster to ask, and none is asked: add --cluster").into());
        }
        let known = if self.cluster { block_on(self.live())?? } else { self.offline()? };
        let spaces = known.spaces(self.prefix_len, self.limit)?;
        console::print(&self.render(&spaces)?)?;
        for note in self.notes(&known, &spaces)? {
            console::note(&note);
        }
        Ok(())
    }

    /// What is in no row, and why, a line each.
    fn notes(&self, known: &Known, spaces: &[Space]) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let mut notes = known.unread();
        if spaces.is_empty() && self.format == Format::Json {
            notes.push(NOTHING.to_owned());
        }
        if let Some(length) = self.prefix_len.filter(|_| spaces.iter().all(|space| space.free.is_empty())) {
            let ranges: BTreeSet<_> =
                known.spaces(None, 1)?.into_iter().flat_map(|space| space.free).map(|free| free.range).collect();
            let ranges: Vec<_> = ranges.into_iter().collect();
            let note = || format!("no prefix of length {length} is in {}, in which Subnets are", ranges.join(", "));
            notes.extend((!ranges.is_empty()).then(note));
        }
        Ok(notes)
    }

    fn offline(&self) -> Result<Known, Box<dyn std::error::Error>> {
        let settings = self.settings.as_deref().map_or_else(|| Ok(Settings::default()), files::settings)?;
        let mut known = Known::new(&settings);
        let loaded = files::load(&self.paths)?;
        loaded.notes.iter().for_each(|note| console::note(note));
        if loaded.documents.is_empty() {
            return Err("no object was found: name files with Vpcs and Subnets".into());
        }
        for document in loaded.documents {
            known.add(&document.object);
        }
        Ok(known)
    }

    async fn live(&self) -> Result<Known, Box<dyn std::error::Error>> {
        let given = self.settings.as_deref().map(files::source).transpose()?.map(Given::File);
        let live = Live::find(&self.place, given).await?;
        live.about.note.iter().for_each(|note| console::note(note));
        let cluster = live.snapshot()?;
        let mut known = Known::new(&live.settings);
        for kind in READ {
            cluster.each(&Collection::all(kind), |object| known.add(&object)).await?;
        }
        Ok(known)
    }

    fn render(&self, spaces: &[Space]) -> serde_json::Result<String> {
        Ok(match self.format {
            Format::Human if spaces.is_empty() => format!("{NOTHING}\n"),
            Format::Human => spaces.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Format::Json => serde_json::to_string_pretty(&Document { version: 1, spaces })? + "\n",
        })
    }
}

pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().map_err(|_| "must be a number")?;
    if number == 0 { Err("must be at least 1".to_owned()) } else { Ok(number) }
}

/// The document for programs. Not a value of JSON in between: that has no room for the numbers of IPv6.
#[derive(serde::Serialize)]
struct Document<'a> {
    version: u32,
    spaces: &'a [Space],
}
