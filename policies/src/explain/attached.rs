//! What Multus attaches besides.

use serde::Serialize;

use super::{Choice, Explainer};
use crate::attach::{Attachments, Network, Place, Providers, Unreadable};
use crate::inventory::Answer;
use crate::kinds::NETWORKS;

/// A network that Multus attaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attached {
    /// `<namespace>/<name>` of the NetworkAttachmentDefinition.
    pub network: String,
    /// The name of the interface, where it is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interface: String,
    /// The annotation that asks for it.
    pub annotation: &'static str,
    /// The Subnets that it leads to; none where it is not a network of Kube-OVN.
    pub subnets: Vec<Choice>,
    /// Why.
    pub because: String,
}

impl Explainer<'_> {
    pub(super) fn attached(&mut self) -> Answer<Vec<Attached>> {
        let mut attached = Vec::new();
        if self.pod.host_network {
            return Ok(attached);
        }
        let asked = Attachments::by(self.pod, self.namespace, &self.settings.kube_ovn);
        for (key, unreadable) in &asked.unreadable {
            let why = match unreadable {
                Unreadable::Malformed(why) => format!("cannot be read: it {why}"),
                Unreadable::Null(at) => format!("ends Kube-OVN's controller: element {at} is null"),
            };
            self.notes.push(format!("the annotation {key} {why}"));
        }
        let mut providers = Providers::new(self.cluster);
        for network in &asked.networks {
            attached.push(self.network(network, &mut providers)?);
        }
        Ok(attached)
    }

    fn network(&mut self, network: &Network<'_>, providers: &mut Providers<'_>) -> Answer<Attached> {
        let reference = network.reference();
        if self.cluster.attachment_definition_until_gone(&network.namespace, &network.name)?.is_none() {
            self.notes.push(format!("there is no NetworkAttachmentDefinition {reference:?}"));
        }
        let (subnets, because) = match &network.switch {
            Some((key, subnet)) => {
                (vec![Choice::find(subnet, self.cluster)?], format!("the Pod's annotation {key} names it"))
            }
            None => {
                let (subnets, provider) = (providers.of(network)?, network.subnet_provider());
                let because = if subnets.is_empty() {
                    format!("no Subnet has the provider {provider:?}")
                } else {
                    format!("its provider is {provider:?}")
                };
                (subnets.iter().map(|subnet| Choice::of(subnet)).collect(), because)
            }
        };
        let annotation = match network.place {
            Place::Annotation(key) => key,
            Place::Machine(_) => NETWORKS,
        };
        let interface = network.interface.clone().into_owned();
        Ok(Attached { network: reference, interface, annotation, subnets, because })
    }
}
