//! `vpcguard explain namespace` and `vpcguard explain subnet`: whose they are, who may be in them, and what is free.

use std::path::Path;

use clap::Args;
use vpcguard_check::LiveCluster;
use vpcguard_policies::kinds::is_name;
use vpcguard_policies::{Inventory, Kind, Settings, Surroundings, explain_namespace, explain_subnet};

use super::{ExplainError, Given, Result, documents, meant};
use crate::cluster::collection::Collection;
use crate::live::{self, Live};
use crate::snapshot::{block_on, kinds_looked_up};
use crate::{console, files};

/// What the Pods of a namespace get that ask for nothing, which VPCs they may be in, and what runs there.
#[derive(Debug, Args)]
pub(super) struct ExplainNamespace {
    #[command(flatten)]
    given: Given,
    /// The namespace.
    #[arg(value_name = "NAME")]
    name: String,
}

/// Who is bound to a Subnet, who may have Pods in it, what stands in it, and which addresses are free.
#[derive(Debug, Args)]
pub(super) struct ExplainSubnet {
    #[command(flatten)]
    given: Given,
    /// How many free ranges of a prefix to print.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = crate::capacity::at_least_one)]
    limit: usize,
    /// The Subnet.
    #[arg(value_name = "NAME")]
    name: String,
}

/// What is read beside what rules look up.
const OF_SUBNETS: &[Kind] = &[Kind::Ip];

impl ExplainNamespace {
    pub(super) fn run(&self) -> Result<()> {
        let (surroundings, about) = self.given.surroundings("Namespace", &self.name, &[])?;
        let Some(explanation) = explain_namespace(&self.name, &surroundings)? else {
            let known: Vec<_> = surroundings.namespaces()?.into_iter().collect();
            return Err(self.given.nothing("Namespace", &self.name, &known).into());
        };
        Ok(console::print(&self.given.render(about.as_ref(), &[explanation])?)?)
    }
}

impl ExplainSubnet {
    pub(super) fn run(&self) -> Result<()> {
        let (surroundings, about) = self.given.surroundings("Subnet", &self.name, OF_SUBNETS)?;
        let Some(explanation) = explain_subnet(&self.name, &surroundings, self.limit)? else {
            return Err(self.given.nothing("Subnet", &self.name, &surroundings.subnets()).into());
        };
        Ok(console::print(&self.given.render(about.as_ref(), &[explanation])?)?)
    }
}

impl Given {
    fn nothing(&self, what: &'static str, name: &str, known: &[String]) -> ExplainError {
        ExplainError::Nothing { what, name: format!("{name:?}"), place: self.called(), hint: meant(name, known) }
    }

    /// All that an explanation needs, of a cluster or of files, after a look at the name.
    fn surroundings(
        &self,
        what: &'static str,
        name: &str,
        more: &[Kind],
    ) -> Result<(Surroundings, Option<LiveCluster>)> {
        self.check(0)?;
        if !is_name(name) {
            let hint = if Path::new(name).exists() {
                "name files by --state, and behind them what is to be explained"
            } else {
                "it has lower case letters, digits, hyphens and dots"
            };
            return Err(ExplainError::NoName { what, name: name.to_owned(), hint }.into());
        }
        if self.state.is_empty() { block_on(self.live(more))? } else { self.offline() }
    }

    async fn live(&self, more: &[Kind]) -> Result<(Surroundings, Option<LiveCluster>)> {
        let given = self.settings.as_deref().map(files::source).transpose()?.map(live::Given::File);
        let live = Live::find(&self.place, given).await?;
        let cluster = live.snapshot()?;
        let inventory = Inventory::new(live.settings.kube_ovn.clone()).watching(kinds_looked_up(&live.settings));
        let mut surroundings = Surroundings::new(inventory, &live.settings);
        cluster.looked_up(&live.settings, |_, object| surroundings.add(&object)).await?;
        for kind in more {
            cluster.each(&Collection::all(*kind), |object| surroundings.add(&object)).await?;
        }
        Ok((surroundings, Some(live.about)))
    }

    fn offline(&self) -> Result<(Surroundings, Option<LiveCluster>)> {
        let settings = self.settings.as_deref().map_or_else(|| Ok(Settings::default()), files::settings)?;
        let mut surroundings = Surroundings::new(Inventory::new(settings.kube_ovn.clone()), &settings);
        for document in documents(&self.state)? {
            surroundings.add(&document.object);
        }
        Ok((surroundings, None))
    }
}
