//! `vpcguard audit`: every object of a live cluster, at rest.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use vpcguard_check::{Format, Outcome, Report, Selection};
use vpcguard_policies::rules::TABLE;
use vpcguard_policies::settings::RuleAction;
use vpcguard_policies::{Inventory, Kind, Request, Settings, ViewError, review};

use crate::cluster::ClusterArgs;
use crate::cluster::collection::Collection;
use crate::live::{Given, Live};
use crate::progress::Progress;
use crate::report::{Level, Outputs, Selected, Style, exit, note_settings};
use crate::snapshot::{SnapshotError, block_on};
use crate::{console, files};

/// What `--help` says below the options.
const HELP: &str = "\
Exit codes:
  0  no object violates a rule
  1  at least one object does
  2  wrong usage, or something could not be read or written
  3  there are warnings, and --fail-on warning was given

Examples:
  vpcguard audit
  vpcguard audit --quiet --ignore missing-reference,gateway-config
  vpcguard audit --format human --format json=audit.json";

/// Review every object that a live cluster has already.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Audit {
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    style: Style,
    #[command(flatten)]
    selected: Selected,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Settings, in YAML or JSON, or the values of the Helm chart; those of the webhook that runs in the cluster unless given.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Exit with 3 if there are warnings.
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
}

impl Audit {
    pub(crate) fn run(&self) -> ExitCode {
        exit(self.outcome().unwrap_or_else(|complaint| {
            console::error(&complaint.to_string());
            Outcome::Unreadable
        }))
    }

    fn outcome(&self) -> Result<Outcome, Box<dyn std::error::Error>> {
        let destinations = self.outputs.destinations(Format::default())?;
        let wrong = files::overwriting(&destinations.targets(), self.settings.iter().map(PathBuf::as_path));
        if !wrong.is_empty() {
            return Err(wrong.join("\n").into());
        }
        let selection = self.selected.selection()?;
        let is_human = destinations.format == Format::Human;
        let Audited { report, mut unread } = block_on(self.audit(&selection, is_human))??;
        let is_coloured = self.style.is_coloured(destinations.is_file());
        let text = if is_human && self.style.quiet {
            report.to_human_quietly(is_coloured)
        } else {
            report.render(destinations.format, is_coloured)
        };
        let problems = destinations.write(&text, |format| Some(report.render(format, false)))?;
        unread.extend(problems.iter().map(ToString::to_string));
        note_settings(&report, destinations.format);
        for error in &unread {
            console::error(error);
        }
        Ok(Outcome::of(&report, !unread.is_empty(), self.fail_on.is_some()))
    }

    async fn audit(&self, selection: &Selection, shows_progress: bool) -> Result<Audited, Box<dyn std::error::Error>> {
        let progress = Progress::new(shows_progress, "reviewed so far");
        progress.say("reading the settings".to_owned());
        let given = self.settings.as_deref().map(files::source).transpose()?.map(Given::File);
        let mut live = Live::find(&self.cluster, given).await?;
        selection.apply(&mut live.settings);
        Ok(audit(&live, &progress).await?)
    }
}

/// What was found, and what could not be read.
struct Audited {
    report: Report,
    unread: Vec<String>,
}

async fn audit(live: &Live, progress: &Progress) -> Result<Audited, SnapshotError> {
    let settings = &live.settings;
    progress.say("reading what rules look up".to_owned());
    let cluster = live.snapshot()?;
    let inventory = cluster.inventory(settings).await?;
    let report = Report::of_cluster(live.about.clone(), settings);
    let mut audited = Audited { report, unread: Vec::new() };
    for collection in reviewed(settings) {
        progress.say(format!("reviewing {collection}"));
        let Audited { report, unread } = &mut audited;
        let read = cluster.each_to_judge(&collection, |object| {
            progress.count();
            match object {
                Ok(object) => {
                    if let Err(error) = add(report, object, &inventory, settings) {
                        unread.push(error.to_string());
                    }
                }
                Err(too_many) => unread.push(format!("{} {too_many}", collection.kind)),
            }
        });
        if let Err(error) = read.await {
            audited.unread.push(error.to_string());
            if error.is_silence {
                break;
            }
        }
    }
    Ok(audited)
}

/// What there is to review: all objects of the kinds that a rule in force looks at, in the order of the kinds, but of the
/// ConfigMaps only those that rules read.
fn reviewed(settings: &Settings) -> Vec<Collection> {
    let in_force = TABLE.iter().filter(|rule| rule.action(settings) != RuleAction::Off);
    let kinds: BTreeSet<Kind> = in_force.flat_map(|rule| rule.kinds()).filter(|kind| kind.is_stored()).collect();
    Collection::read_by_rules(kinds, settings)
}

fn add(report: &mut Report, object: Value, cluster: &Inventory, settings: &Settings) -> Result<(), ViewError> {
    let request = Request::at_rest(object);
    if let Some(subject) = request.object_ref() {
        report.add(&subject, &review(&request, cluster, settings)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_that_a_rule_in_force_looks_at_is_read() {
        let kinds = |settings: &Settings| -> Vec<_> { reviewed(settings).iter().map(ToString::to_string).collect() };
        let all = kinds(&Settings::default());
        // There are four ConfigMaps, and no Bindings.
        assert_eq!(all.len(), Kind::ALL.len() + 2, "{all:?}");
        assert_eq!(all[..3], ["Vpc", "Subnet", "VpcNatGateway"]);
        assert!(all.contains(&r#"ConfigMap "ovn-vpc-nat-config""#.to_owned()), "{all:?}");
        let only: serde_json::Map<_, _> = TABLE
            .iter()
            .filter(|rule| rule.id != "vpc-lb-value")
            .map(|rule| (rule.id.to_owned(), json!("off")))
            .collect();
        assert_eq!(kinds(&Settings::parse(&json!({"rules": only})).unwrap()), ["Vpc"]);
    }

    #[test]
    fn objects_are_judged_at_rest() {
        let settings = Settings::default();
        let subnet = |name: &str, cidr: &str| {
            let metadata = json!({"name": name});
            json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": metadata, "spec": {"cidrBlock": cidr}})
        };
        let (a, b) = (subnet("a", "10.0.0.0/16"), subnet("b", "10.0.4.0/24"));
        let mut cluster = Inventory::default();
        cluster.apply(Kind::Subnet, &a);
        cluster.apply(Kind::Subnet, &b);
        let mut report = Report::default();
        for object in [a, b] {
            add(&mut report, object, &cluster, &settings).unwrap();
        }
        assert_eq!((report.summary().objects, report.summary().denied), (2, 2));
        assert!(report.mutations().is_empty());
    }

    #[test]
    fn the_role_in_the_manual_may_read_every_kind() {
        let manual = include_str!("../../../docs/audit.md");
        for kind in Kind::ALL.iter().filter(|kind| kind.is_stored()) {
            assert!(manual.contains(&format!("  - {}\n", kind.plural())), "{kind}");
        }
    }
}
