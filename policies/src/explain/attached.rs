//! What Multus attaches besides.

use serde::Serialize;

use super::{Choice, Explainer};
use crate::kinds::{Attachment, LOGICAL_SWITCH_SUFFIX, Unreadable};
use crate::view::Answer;

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
        for attachment in self.pod.attachments(self.namespace) {
            match attachment {
                Ok(attachment) => attached.push(self.attachment(attachment)?),
                Err(Unreadable(key)) => {
                    self.notes.push(format!("the annotation {key} cannot be read, so where it leads is not known"));
                }
            }
        }
        Ok(attached)
    }

    fn attachment(&mut self, attachment: Attachment) -> Answer<Attached> {
        let Attachment { annotation, namespace, name, interface } = &attachment;
        let (network, provider) = (format!("{namespace}/{name}"), attachment.provider());
        if self.cluster.attachment_definition(namespace, name)?.is_none() {
            self.notes.push(format!("there is no NetworkAttachmentDefinition {network:?}"));
        }
        let middle = if interface.is_empty() { String::new() } else { format!(".{interface}") };
        let key = format!("{provider}{middle}{LOGICAL_SWITCH_SUFFIX}");
        let (subnets, because) = match self.pod.pod.annotation(&key).filter(|value| !value.trim().is_empty()) {
            Some(subnet) => (vec![Choice::find(subnet, self.cluster)?], format!("the Pod's annotation {key} names it")),
            None => {
                let subnets = self.cluster.subnets_with_provider(&provider)?;
                let because = if subnets.is_empty() {
                    format!("no Subnet has the provider {provider:?}")
                } else {
                    format!("its provider is {provider:?}")
                };
                (subnets.iter().map(|subnet| Choice::of(subnet)).collect(), because)
            }
        };
        Ok(Attached { network, interface: interface.clone(), annotation, subnets, because })
    }
}
