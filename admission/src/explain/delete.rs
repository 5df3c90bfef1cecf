//! `vpcguard explain delete`: in which order to delete an object and what stands on it.

use clap::Args;
use vpcguard_check::LiveCluster;
use vpcguard_policies::kinds::is_name;
use vpcguard_policies::{ClusterView, Inventory, Kind, Settings, explain_delete};

use super::{ExplainError, Format, Given, Result, documents, json_of, meant};
use crate::live::{self, Live};
use crate::snapshot::block_on;
use crate::{console, files};

/// In which order to delete an object and all that stands on it, as commands.
#[derive(Debug, Args)]
pub(super) struct ExplainDelete {
    #[command(flatten)]
    given: Given,
    /// The kind, or its plural: vpc, subnets, iptables-eip.
    #[arg(value_name = "KIND")]
    kind: String,
    /// The object, after its namespace if it has one.
    #[arg(value_name = "NAME | NAMESPACE/NAME")]
    name: String,
}

impl ExplainDelete {
    pub(super) fn run(&self) -> Result<()> {
        self.given.check(0)?;
        let kind = named(&self.kind)?;
        let (namespace, name) = self.name.split_once('/').unwrap_or(("", &self.name));
        let is_whole = is_name(name) && kind.is_namespaced() == is_name(namespace);
        if !is_whole {
            let hint = if kind.is_namespaced() {
                "write NAMESPACE/NAME"
            } else {
                "it has lower case letters, digits, hyphens and dots"
            };
            return Err(ExplainError::NoName { what: kind.name(), name: self.name.clone(), hint }.into());
        }
        let (cluster, settings, about) =
            if self.given.state.is_empty() { block_on(self.live())?? } else { self.offline()? };
        let Some(explanation) = explain_delete(kind, (namespace, name), &cluster, &settings)? else {
            let known: Vec<_> = cluster.all(kind)?.iter().map(|object| object.meta().name.clone()).collect();
            let (hint, place) = (meant(name, &known), self.given.called());
            return Err(
                ExplainError::Nothing { what: kind.name(), name: format!("{:?}", self.name), place, hint }.into()
            );
        };
        let shown = match self.given.format {
            // A script, so that whatever is said of the cluster is a comment.
            Format::Human => {
                let about = about.as_ref().map(|about| {
                    let note = about.note.as_ref().map(|note| format!("note: {note}\n")).unwrap_or_default();
                    format!("{about}\n{note}")
                });
                let about: Vec<_> =
                    about.iter().flat_map(|about| about.lines()).map(|line| format!("# {line}\n")).collect();
                let about = about.concat();
                format!("{about}{explanation}")
            }
            Format::Json => json_of(about.as_ref(), &[explanation])?,
        };
        Ok(console::print(&shown)?)
    }

    async fn live(&self) -> Result<(Inventory, Settings, Option<LiveCluster>)> {
        let given = self.given.settings.as_deref().map(files::source).transpose()?.map(live::Given::File);
        let live = Live::find(&self.given.place, given).await?;
        let inventory = live.snapshot()?.inventory(&live.settings).await?;
        Ok((inventory, live.settings, Some(live.about)))
    }

    fn offline(&self) -> Result<(Inventory, Settings, Option<LiveCluster>)> {
        let settings = self.given.settings.as_deref().map_or_else(|| Ok(Settings::default()), files::settings)?;
        let mut inventory = Inventory::new(settings.kube_ovn.clone());
        for document in documents(&self.given.state)? {
            if let Some(kind) = Kind::of(&document.object) {
                inventory.apply(kind, &document.object);
            }
        }
        Ok((inventory, settings, None))
    }
}

/// The kind of this name, in any case, singular or plural, with the group behind it or without.
fn named(name: &str) -> Result<Kind> {
    let folded = |name: &str| name.to_lowercase().replace('-', "");
    let wanted = folded(name);
    let is_it = |kind: &Kind| {
        let (plural, group) = (kind.plural(), kind.group());
        [kind.name(), plural, &format!("{plural}.{group}")].into_iter().any(|known| {
            let known = folded(known);
            known == wanted || known.strip_suffix('s') == Some(wanted.as_str())
        })
    };
    let mut kinds = Kind::ALL.iter().copied().filter(|kind| Inventory::keeps(*kind));
    kinds.find(is_it).ok_or_else(|| {
        let known = Kind::ALL.iter().filter(|kind| Inventory::keeps(**kind)).map(|kind| kind.name().to_owned());
        ExplainError::NoKind { name: name.to_owned(), hint: meant(name, &known.collect::<Vec<_>>()) }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_as_kubectl_takes_it() {
        for (name, kind) in [
            ("vpc", Kind::Vpc),
            ("Vpc", Kind::Vpc),
            ("vpcs", Kind::Vpc),
            ("subnets.kubeovn.io", Kind::Subnet),
            ("iptables-eip", Kind::IptablesEip),
            ("IptablesEIP", Kind::IptablesEip),
            ("vpc-nat-gateways", Kind::VpcNatGateway),
            ("provider-network", Kind::ProviderNetwork),
            ("networkattachmentdefinition", Kind::AttachmentDefinition),
        ] {
            assert_eq!(named(name).unwrap(), kind, "{name}");
        }
        let error = named("subnat").unwrap_err().to_string();
        assert!(error.contains("subnat") && error.contains("Subnet"), "{error}");
    }
}
