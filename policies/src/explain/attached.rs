//! What Multus attaches besides.

use serde::Serialize;

use super::address::Net;
use super::{Address, Choice, Explainer};
use crate::attach::{self, Attachments, Definition, Network, Place, Providers, Unreadable, read_definition};
use crate::inventory::{Answer, Sight};
use crate::kinds::{Kind, NETWORKS, ObjectRef};
use crate::text::quoted;

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
    /// Who makes it.
    pub plugin: Plugin,
    /// What tells it from the Pod's other networks, in the keys of annotations; none where Kube-OVN has no part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The Subnets that it leads to; none where it is not a network of Kube-OVN.
    pub subnets: Vec<Choice>,
    /// Why.
    pub because: String,
    /// Which address the Pod gets there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// Who makes a network, by its NetworkAttachmentDefinition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Plugin {
    /// Kube-OVN.
    KubeOvn,
    /// Another plug-in, with addresses of Kube-OVN.
    Addresses,
    /// Another plug-in.
    Other,
    /// A file on each node says.
    Elsewhere,
    /// Nobody: Kube-OVN cannot read the configuration.
    Broken,
    /// Nobody knows: it is not there, or not among what was given.
    Unknown,
}

impl Explainer<'_> {
    pub(super) fn attached(&mut self, asked: &Attachments<'_>) -> Answer<Vec<Attached>> {
        let mut attached = Vec::new();
        if self.pod.host_network {
            return Ok(attached);
        }
        for (key, unreadable) in &asked.unreadable {
            let why = match unreadable {
                Unreadable::Malformed(why) => format!("cannot be read: it {why}"),
                Unreadable::Null(at) => format!("ends Kube-OVN's controller: element {at} is null"),
            };
            self.note(format!("the annotation {key} {why}"));
            self.blocked_by(format!("the annotation {key} {why}"));
        }
        for (key, at) in &asked.nameless {
            self.blocked_by(format!("element {at} of the annotation {key} has no name"));
        }
        let mut providers = Providers::new(self.cluster);
        for network in &asked.networks {
            attached.push(self.network(network, &mut providers)?);
        }
        Ok(attached)
    }

    fn network(&mut self, network: &Network<'_>, providers: &mut Providers<'_>) -> Answer<Attached> {
        let reference = network.reference();
        let (plugin, broken) = self.plugin(network)?;
        let (subnets, because) = match plugin {
            Plugin::KubeOvn | Plugin::Unknown => self.made_by_kube_ovn(network, plugin, providers)?,
            Plugin::Addresses | Plugin::Other => self.made_by_another(network, plugin, providers)?,
            Plugin::Elsewhere => {
                let because = "its NetworkAttachmentDefinition has no spec.config: a file on each node has it, and Kube-OVN skips it";
                (Vec::new(), because.to_owned())
            }
            Plugin::Broken => {
                self.blocked_by(format!("network {}: {broken}", quoted(&reference)));
                (Vec::new(), broken)
            }
        };
        let provider = match plugin {
            Plugin::KubeOvn | Plugin::Unknown => Some(network.provider.clone()),
            Plugin::Addresses => Some(network.address_provider()),
            Plugin::Other => Some(network.address_provider()).filter(|_| !subnets.is_empty()),
            Plugin::Elsewhere | Plugin::Broken => None,
        };
        let address = match &provider {
            Some(provider) if !subnets.is_empty() => {
                let of = Some((network.address_provider(), &*network.interface));
                let requested = Some(network.ips.clone()).filter(|ips| !ips.is_empty());
                Some(self.address(&Net { provider, of, requested, subnets: &subnets })?)
            }
            _ => None,
        };
        let annotation = match network.place {
            Place::Annotation(key) => key,
            Place::Machine(_) => NETWORKS,
        };
        let interface = network.interface.clone().into_owned();
        Ok(Attached { network: reference, interface, annotation, plugin, provider, subnets, because, address })
    }

    /// Who makes a network; where nobody can, what is wrong.
    fn plugin(&mut self, network: &Network<'_>) -> Answer<(Plugin, String)> {
        let (namespace, name) = (&*network.namespace, &*network.name);
        let Some(definition) = self.cluster.attachment_definition_until_gone(namespace, name)? else {
            let place = match network.place {
                Place::Annotation(key) => format!("the annotation {key} lists it"),
                Place::Machine(at) => format!("the virtual machine's network {at} names it"),
            };
            self.lacks(Kind::AttachmentDefinition, namespace, name, &place);
            if self.cluster.sight(Kind::AttachmentDefinition) != Sight::Nothing {
                self.blocked_by(format!("there is no NetworkAttachmentDefinition {}", quoted(&network.reference())));
            }
            return Ok((Plugin::Unknown, String::new()));
        };
        Ok(match read_definition(&definition.config) {
            Definition::KubeOvn => (Plugin::KubeOvn, String::new()),
            Definition::Addresses => (Plugin::Addresses, String::new()),
            Definition::Other => (Plugin::Other, String::new()),
            Definition::Elsewhere => (Plugin::Elsewhere, String::new()),
            Definition::Broken(why) => {
                let because = format!("spec.config of its NetworkAttachmentDefinition {why}");
                (Plugin::Broken, because)
            }
            Definition::EndsController(why) => {
                let because =
                    format!("spec.config of its NetworkAttachmentDefinition {why}, which ends Kube-OVN's controller");
                (Plugin::Broken, because)
            }
        })
    }

    fn made_by_kube_ovn(
        &mut self,
        network: &Network<'_>,
        plugin: Plugin,
        providers: &mut Providers<'_>,
    ) -> Answer<(Vec<Choice>, String)> {
        if let Some((key, subnet)) = &network.switch {
            let because = format!("the Pod's annotation {key} names it");
            let choice = self.choice(subnet, &because)?;
            if choice.missing {
                self.blocked_by(format!("there is no Subnet {}", quoted(subnet)));
            }
            return Ok((vec![choice], because));
        }
        let (subnets, provider) = (providers.of(network)?, network.subnet_provider());
        let choices = subnets.iter().map(|subnet| self.choice(&subnet.meta.name, "")).collect::<Answer<Vec<_>>>()?;
        match choices.len() {
            0 => {}
            1 => return Ok((choices, format!("its provider is {provider:?}"))),
            number => {
                let because = format!(
                    "its provider is {provider:?}, and so is that of {number} Subnets: Kube-OVN takes any of them"
                );
                return Ok((choices, because));
            }
        }
        let mut because = format!("no Subnet has the provider {provider:?}");
        // What is not there leads nowhere, and of what was not given nobody knows whether Kube-OVN makes it.
        if plugin == Plugin::Unknown {
            return Ok((Vec::new(), because));
        }
        if self.cluster.sight(Kind::Subnet) == Sight::Nothing {
            because.push_str(", and none at all is among what was given");
            return Ok((Vec::new(), because));
        }
        // Of an IPPool v1.16 takes the address only.
        let default = match attach::Primary::chosen(self.pod) {
            attach::Primary::Switch(name) => self.by_switch(name)?,
            _ => self.by_namespace()?,
        };
        because.push_str(
            ": Kube-OVN v1.16 takes the Pod's own Subnet in its place, later releases attach the Pod to nothing",
        );
        if let Some(meant) = self.provider_meant(network, provider) {
            because.push_str(&meant);
        }
        Ok((default.subnets, because))
    }

    /// A Subnet whose provider is nearly the one that is looked for.
    fn provider_meant(&self, network: &Network<'_>, provider: &str) -> Option<String> {
        let near = [network.address_provider(), format!("{}.ovn", network.name), network.name.clone().into_owned()];
        let found = near.iter().find_map(|near| {
            let subnets = self.cluster.subnets_with_provider(near).ok()?;
            Some((near, subnets.into_iter().next()?))
        });
        found.map(|(near, subnet)| {
            format!("; Subnet {} has the provider {near:?}: write {provider:?}", quoted(&subnet.meta.name))
        })
    }

    /// Another plug-in makes the network. Of it Kube-OVN at most gives out the addresses.
    fn made_by_another(
        &mut self,
        network: &Network<'_>,
        plugin: Plugin,
        providers: &mut Providers<'_>,
    ) -> Answer<(Vec<Choice>, String)> {
        let provider = network.address_provider();
        let subnets = providers.with(&provider)?;
        let choices = subnets.iter().map(|subnet| self.choice(&subnet.meta.name, "")).collect::<Answer<Vec<_>>>()?;
        let because = match (plugin, choices.is_empty()) {
            (Plugin::Addresses, false) => {
                format!(
                    "another plug-in makes it, with addresses of Kube-OVN: the Subnet has its provider, {provider:?}"
                )
            }
            (Plugin::Addresses, true) => format!(
                "another plug-in makes it, with addresses of Kube-OVN, but no Subnet has the provider {provider:?}, so it gets none"
            ),
            (_, false) => format!(
                "another plug-in makes it; a Subnet has its provider, {provider:?}, of which Kube-OVN v1.16 keeps an address for it"
            ),
            (_, true) => "another plug-in makes it, and Kube-OVN has no part in it".to_owned(),
        };
        Ok((choices, because))
    }
}

impl Attached {
    /// The NetworkAttachmentDefinition.
    pub fn definition(&self) -> ObjectRef {
        let (namespace, name) = self.network.split_once('/').unwrap_or(("", &self.network));
        ObjectRef::namespaced(Kind::AttachmentDefinition, namespace, name)
    }
}
