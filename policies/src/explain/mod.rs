//! Explains which Subnet and VPC a Pod gets, by which of Kube-OVN's rules; what is injected into it, and what is said to it.
//!
//! Kube-OVN decides in this order: the node's network; another plug-in, or the default network of Multus; the Pod's own
//! annotation; its IPPool; the annotation of its namespace, which Kube-OVN computes; the default Subnet.

mod attached;
mod bound;
mod matches;
mod text;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::attach::{self, IP_POOL};
use crate::finding::{Injection, Verdict};
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{DEFAULT_NETWORK, Kind, KubeOvn, LOGICAL_SWITCH, NETWORKS, Object, ObjectRef, PodTemplate, Subnet};
use crate::request::Request;
use crate::review::admit;
use crate::rules::pod::inject_logical_switch;
use crate::settings::Settings;

pub use attached::Attached;
pub use matches::{MatchExplanation, Said, explain_match};

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
    /// The Subnet, or those of which it is one, or the one that ought to be there.
    pub subnets: Vec<Choice>,
    /// Why.
    pub because: String,
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

    fn find(name: &str, cluster: &dyn ClusterView) -> Answer<Self> {
        let missing = || Self { name: name.to_owned(), cidr: String::new(), vpc: None, missing: true };
        Ok(cluster.subnet_until_gone(name)?.map_or_else(missing, |subnet| Self::of(&subnet)))
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
    let mut explainer =
        Explainer { pod: &pod, namespace: &pod_request.namespace, cluster, settings, notes: Vec::new() };
    let switch = injected.iter().find(|injection| injection.rule == inject_logical_switch::RULE.id);
    let primary = match switch {
        Some(injection) => explainer.injected(&injection.value)?,
        None => explainer.primary()?,
    };
    let attached = explainer.attached()?;
    let notes = explainer.notes;
    Ok(Some(Explanation { object, primary, attached, notes, injected, verdict }))
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
    if let (Object::Pod(machine), _) = Object::read(kind, &request.object, &KubeOvn::default()) {
        let names: Vec<_> = machine.machine_networks.iter().map(|(_, name)| name.as_str()).collect();
        if !names.is_empty() {
            // What `KubeVirt` writes there, whatever stood there before.
            let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.insert(NETWORKS.to_owned(), names.join(",").into());
            }
        }
    }
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    Request { operation: request.operation, user: request.user.clone(), ..Request::of_object(pod, None) }
}

/// A Pod that is being explained.
struct Explainer<'a> {
    pod: &'a PodTemplate,
    namespace: &'a str,
    cluster: &'a dyn ClusterView,
    settings: &'a Settings,
    notes: Vec<String>,
}

impl Explainer<'_> {
    fn primary(&mut self) -> Answer<Primary> {
        let without = |network, because: &str| Primary { network, subnets: Vec::new(), because: because.to_owned() };
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

    fn by_switch(&self, name: &str) -> Answer<Primary> {
        if name.contains(',') {
            let because = format!("the annotation {LOGICAL_SWITCH} is a list, and Kube-OVN takes one name only");
            return Ok(Primary { network: Network::Nowhere, subnets: Vec::new(), because });
        }
        let attached = self.pod.pod.annotation(ALLOCATED) == Some("true");
        let because = if attached {
            "the Pod's annotation names it: Kube-OVN wrote it when it attached the Pod".to_owned()
        } else {
            format!("the Pod's own annotation {LOGICAL_SWITCH} names it")
        };
        self.one(name, because)
    }

    fn by_pool(&self, name: &str) -> Answer<Primary> {
        let because = format!("the annotation {IP_POOL} names IPPool {name:?}");
        match self.cluster.ip_pool(name)? {
            Some(pool) => self.one(&pool.subnet, format!("{because}, which is of this Subnet")),
            None => {
                let because = format!("{because}, which does not exist");
                Ok(Primary { network: Network::Nowhere, subnets: Vec::new(), because })
            }
        }
    }

    /// A Subnet that is named, and may not be there.
    fn one(&self, name: &str, because: String) -> Answer<Primary> {
        let choice = Choice::find(name, self.cluster)?;
        let network = if choice.missing { Network::Nowhere } else { Network::Subnet };
        Ok(Primary { network, subnets: vec![choice], because })
    }
}

#[cfg(test)]
mod tests;
