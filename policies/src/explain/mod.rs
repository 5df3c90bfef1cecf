//! Explains which Subnet and VPC a Pod gets, by which of Kube-OVN's rules; what is injected into it, and what is said to it.
//!
//! Kube-OVN decides in this order: the node's network; another plug-in, or the default network of Multus; the Pod's own
//! annotation; its IPPool; the annotation of its namespace, which Kube-OVN computes; the default Subnet.

mod address;
mod attached;
mod bound;
mod delete;
mod ignored;
mod machine;
mod matches;
mod missing;
mod namespace;
mod places;
mod subnet;
mod surroundings;
mod text;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::attach::{self, Attachments, IP_POOL};
use crate::finding::{Injection, Verdict};
use crate::inventory::{Answer, ClusterView};
use crate::json::{Reader, TypeErrors};
use crate::kinds::{DEFAULT_NETWORK, Kind, KubeOvn, LOGICAL_SWITCH, Object, ObjectRef, PodTemplate, Resource, Subnet};
use crate::request::Request;
use crate::review::admit;
use crate::rules::pod::inject_logical_switch;
use crate::settings::Settings;
use crate::text::{listed, quoted};
use address::{Net, Numbered};

pub use address::{Address, Chosen};
pub use attached::{Attached, Plugin};
pub use delete::{DeletionExplanation, DeletionStep, explain_delete};
pub use ignored::Ignored;
pub use matches::{MatchExplanation, Said, explain_match};
pub use missing::Missing;
pub use namespace::{NamespaceExplanation, OwnNetwork, Standing, UsableVpc, explain_namespace};
pub use subnet::{FreePrefix, PoolOfSubnet, SubnetExplanation, Who, explain_subnet};
pub use surroundings::Surroundings;

/// What Kube-OVN writes into a Pod that it has attached.
const ALLOCATED: &str = "ovn.kubernetes.io/allocated";

/// What becomes of a Pod, or of the Pods that a workload makes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The Pod or the workload.
    pub object: ObjectRef,
    /// Its primary network.
    pub primary: Primary,
    /// What Multus attaches.
    pub attached: Vec<Attached>,
    /// What keeps Kube-OVN from attaching the Pod to anything; it tries again until that is mended.
    pub blocked: Vec<String>,
    /// The keys that Kube-OVN does not read, or not for this Pod.
    pub ignored: Vec<Ignored>,
    /// What is named and not there.
    pub missing: Vec<Missing>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// What vpcguard injects into the Pod.
    pub injected: Vec<Injection>,
    /// What vpcguard says to it; of a workload, to the workload if that is refused, else to its Pod.
    pub verdict: Verdict,
}

/// The primary network of a Pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Primary {
    /// What it is.
    pub network: Network,
    /// Its interface in the Pod; none where Kube-OVN makes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<&'static str>,
    /// What tells it from the Pod's other networks, in the keys of annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'static str>,
    /// The Subnet, or those of which it is one, or the one that ought to be there.
    pub subnets: Vec<Choice>,
    /// Why.
    pub because: String,
    /// Which address the Pod gets there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

impl Primary {
    fn new(network: Network, subnets: Vec<Choice>, because: impl Into<String>) -> Self {
        let is_made = !matches!(network, Network::Node | Network::Other);
        let (interface, provider) = (is_made.then_some("eth0"), is_made.then_some(attach::OVN));
        Self { network, interface, provider, subnets, because: because.into(), address: None }
    }
}

/// What sort of network a Pod gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Network {
    /// Its node's; Kube-OVN attaches it to nothing.
    Node,
    /// One that Kube-OVN does not choose.
    Other,
    /// A Subnet.
    Subnet,
    /// One of several Subnets: the first with free addresses.
    OneOf,
    /// None: Kube-OVN cannot start the Pod.
    Nowhere,
    /// It depends on what is not known.
    Unknown,
}

/// A Subnet as an explanation names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The name.
    pub name: String,
    /// The prefixes, as they were written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cidr: String,
    /// The VPC; none without an OVN provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// Whether there is no such Subnet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

impl Choice {
    fn of(subnet: &Subnet) -> Self {
        let (name, cidr) = (subnet.meta.name.clone(), subnet.cidr_block.clone());
        Self { name, cidr, vpc: subnet.vpc.clone(), missing: false }
    }

    fn missing(name: &str) -> Self {
        Self { name: name.to_owned(), cidr: String::new(), vpc: None, missing: true }
    }
}

/// Explains what becomes of a Pod, or of the Pods of a workload; nothing where the object is neither. A Pod at rest is one
/// that exists: nothing is injected into it any more.
///
/// # Errors
///
/// A read of the cluster that failed.
pub fn explain(request: &Request, cluster: &dyn ClusterView, settings: &Settings) -> Answer<Option<Explanation>> {
    let (Some(kind), Some(object)) = (request.kind, request.object_ref()) else { return Ok(None) };
    if !kind.has_pod_template() {
        return Ok(None);
    }
    let pod_request = pod_of(kind, request);
    let (Object::Pod(pod), _) = Object::read(Kind::Pod, &pod_request.object, &settings.kube_ovn) else {
        return Ok(None);
    };
    let mut verdict = admit(&pod_request, cluster, settings)?;
    verdict.mutated_object = None;
    let injected = std::mem::take(&mut verdict.injected);
    if kind != Kind::Pod {
        let own = admit(request, cluster, settings)?;
        if !own.allowed {
            verdict = Verdict { mutated_object: None, ..own };
        }
    }
    let mut explainer = Explainer::new(&pod, &pod_request.namespace, cluster, settings);
    explainer.numbered = Numbered::of(kind, &request.object);
    let switch = injected.iter().find(|injection| injection.rule == inject_logical_switch::RULE.id);
    let Networks { primary, attached } = explainer.networks(switch.map(|injection| injection.value.as_str()))?;
    if kind != Kind::Pod {
        explainer.misplaced(kind, &request.object);
    }
    let Explainer { notes, blocked, ignored, missing, .. } = explainer;
    Ok(Some(Explanation { object, primary, attached, blocked, ignored, missing, notes, injected, verdict }))
}

/// All networks of a Pod.
struct Networks {
    primary: Primary,
    attached: Vec<Attached>,
}

/// The request that creates the Pod of a workload; of a Pod, the request itself.
fn pod_of(kind: Kind, request: &Request) -> Request {
    if kind == Kind::Pod {
        return request.clone();
    }
    let mut template = Some(&request.object);
    for field in kind.pod_path().split('.').filter(|field| !field.is_empty()) {
        template = template.and_then(|value| value.get(field));
    }
    let part = |field| template.and_then(|template| template.get(field)).and_then(Value::as_object).cloned();
    let mut metadata: Map<_, _> = part("metadata").unwrap_or_default();
    metadata.remove("name");
    metadata.insert("generateName".to_owned(), format!("{}-", request.name).into());
    metadata.insert("namespace".to_owned(), request.namespace.clone().into());
    let spec = part("spec").unwrap_or_default();
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.extend(machine::annotations(kind, &request.namespace, &spec));
    }
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    Request { operation: request.operation, user: request.user.clone(), ..Request::of_object(pod, None) }
}

/// What Kube-OVN calls the port of a Pod in a network.
fn port(pod: &str, namespace: &str, provider: &str) -> String {
    if provider == attach::OVN { format!("{pod}.{namespace}") } else { format!("{pod}.{namespace}.{provider}") }
}

/// A Pod of a namespace that asks for nothing.
fn plain_pod(namespace: &str) -> PodTemplate {
    let object = json!({"metadata": {"namespace": namespace}});
    PodTemplate::read(Kind::Pod, &Reader::new(&object, &TypeErrors::default()), &KubeOvn::default())
}

/// A Pod that is being explained.
struct Explainer<'a> {
    pod: &'a PodTemplate,
    namespace: &'a str,
    cluster: &'a dyn ClusterView,
    settings: &'a Settings,
    /// Whether a StatefulSet counts it.
    numbered: Numbered,
    notes: Vec<String>,
    blocked: Vec<String>,
    ignored: Vec<Ignored>,
    missing: Vec<Missing>,
}

impl<'a> Explainer<'a> {
    fn new(pod: &'a PodTemplate, namespace: &'a str, cluster: &'a dyn ClusterView, settings: &'a Settings) -> Self {
        let numbered = Numbered::No;
        Self {
            pod,
            namespace,
            cluster,
            settings,
            numbered,
            notes: vec![],
            blocked: vec![],
            ignored: vec![],
            missing: vec![],
        }
    }

    /// All of it. Where vpcguard injects the Subnet, it is this one.
    fn networks(&mut self, injected: Option<&str>) -> Answer<Networks> {
        let mut primary = match injected {
            Some(name) => self.injected(name)?,
            None => self.primary()?,
        };
        let asked = Attachments::by(self.pod, self.namespace, &self.settings.kube_ovn);
        if primary.provider.is_some() {
            primary.address = Some(self.address(&Net::primary(&primary.subnets))?);
        }
        let attached = self.attached(&asked)?;
        self.shared_vip(&primary, &attached);
        self.ignored_keys(&asked, &attached);
        let choices = primary.subnets.iter().chain(attached.iter().flat_map(|network| &network.subnets));
        self.named_besides(&choices.map(|choice| choice.name.as_str()).collect())?;
        Ok(Networks { primary, attached })
    }

    /// Says something once, however many ways lead to it.
    fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Says that something keeps Kube-OVN from attaching the Pod to anything.
    fn blocked_by(&mut self, text: String) {
        if !self.blocked.contains(&text) {
            self.blocked.push(text);
        }
    }

    /// The ports that the Pod may have in a network; none where its name is to be made. After a virtual machine that owns it
    /// Kube-OVN calls it unless it is told not to.
    fn ports(&self, provider: &str) -> Vec<String> {
        let names = [&self.pod.meta.name].into_iter().chain(&self.pod.virtual_machines);
        names.filter(|name| !name.is_empty()).map(|name| port(name, self.namespace, provider)).collect()
    }

    fn primary(&mut self) -> Answer<Primary> {
        let without = |network, because: &str| Primary::new(network, Vec::new(), because);
        match attach::Primary::of(self.pod, &self.settings.kube_ovn) {
            attach::Primary::Node => {
                let because = "spec.hostNetwork is true, so Kube-OVN attaches the Pod to nothing";
                Ok(without(Network::Node, because))
            }
            attach::Primary::OtherPlugin => {
                let because = "another plug-in makes the primary network of Pods (kubeOvn.nonPrimaryCNI)";
                Ok(without(Network::Other, because))
            }
            attach::Primary::Multus => {
                let because = format!("the annotation {DEFAULT_NETWORK} names the primary network");
                Ok(without(Network::Other, &because))
            }
            attach::Primary::Switch(name) => self.by_switch(name),
            attach::Primary::Pool(name) => self.by_pool(name),
            attach::Primary::Namespace => self.by_namespace(),
        }
    }

    fn by_switch(&mut self, name: &str) -> Answer<Primary> {
        if name.contains(',') {
            let because = format!("the annotation {LOGICAL_SWITCH} is a list, and Kube-OVN takes one name only");
            self.blocked_by(because.clone());
            return Ok(Primary::new(Network::Nowhere, Vec::new(), because));
        }
        let attached = self.pod.pod.annotation(ALLOCATED) == Some("true");
        let because = if attached {
            "the Pod's annotation names it: Kube-OVN wrote it when it attached the Pod".to_owned()
        } else {
            format!("the Pod's own annotation {LOGICAL_SWITCH} names it")
        };
        self.one(name, because)
    }

    fn by_pool(&mut self, name: &str) -> Answer<Primary> {
        let because = format!("the annotation {IP_POOL} names IPPool {name:?}");
        let Some(pool) = self.cluster.ip_pool(name)? else {
            self.lacks(Kind::IpPool, "", name, &format!("the annotation {IP_POOL} names it"));
            self.blocked_by(format!("there is no IPPool {}", quoted(name)));
            return Ok(Primary::new(Network::Nowhere, Vec::new(), format!("{because}, which does not exist")));
        };
        let primary = self.one(&pool.subnet, format!("{because}, which is of this Subnet"))?;
        let of_namespace = self.by_namespace()?;
        let elsewhere = of_namespace.subnets.iter().filter(|choice| choice.name != pool.subnet);
        if let Some(others) = listed(&elsewhere.map(|choice| quoted(&choice.name)).collect::<Vec<_>>()) {
            self.note(format!(
                "Kube-OVN v1.16 takes the address from IPPool {name:?}, but makes the Pod's port in the namespace's Subnet, {others}; \
                 name Subnet {:?} in the annotation {LOGICAL_SWITCH} too",
                pool.subnet
            ));
        }
        Ok(primary)
    }

    /// A Subnet that is named, and may not be there.
    fn one(&mut self, name: &str, because: String) -> Answer<Primary> {
        let choice = self.choice(name, &because)?;
        let network = if choice.missing { Network::Nowhere } else { Network::Subnet };
        if choice.missing {
            self.blocked_by(format!("there is no Subnet {}", quoted(name)));
        }
        Ok(Primary::new(network, vec![choice], because))
    }
}

#[cfg(test)]
mod tests;
