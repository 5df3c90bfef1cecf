//! The cluster that guests see, with the policy server between.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fastrand::Rng;
use serde_json::{Value, json};
use vpcguard_policies::Kind;

use crate::calls::{Call, Exchange, Question, What};
use crate::fault::{Fault, no_group};
use crate::grants::Grants;
use crate::mask::Mask;
use crate::store::{Store, lightened};

/// A cluster of these objects.
#[derive(Debug)]
pub struct Cluster {
    /// The kinds that the API server has, and whether their objects are in namespaces.
    kinds: BTreeMap<(String, String), bool>,
    present: Store,
    /// What the policy server's cache still holds; the present where it is up to date.
    past: Option<Store>,
    faults: Vec<(String, Fault)>,
    masks: bool,
    order: Mutex<Rng>,
    calls: Mutex<Vec<Call>>,
    /// What was said, where it is to be kept.
    exchanges: Option<Mutex<Vec<Exchange>>>,
    /// Answers that are ready, where there are to be any.
    ready: Option<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>,
}

impl Cluster {
    /// With all kinds that rules know; of two objects with the same name the later one stays.
    pub fn new(objects: impl IntoIterator<Item = Value>) -> Self {
        let kinds = Kind::ALL.iter().map(|kind| ((kind.api_version(), kind.name().to_owned()), kind.is_namespaced()));
        Self {
            kinds: kinds.collect(),
            present: Store::of(objects),
            past: None,
            faults: Vec::new(),
            masks: true,
            order: Mutex::new(Rng::with_seed(0)),
            calls: Mutex::default(),
            exchanges: None,
            ready: None,
        }
    }

    /// With objects of a cluster-scoped kind of another sort.
    #[must_use]
    pub fn with_kind(mut self, api_version: &str, kind: &str, objects: impl IntoIterator<Item = Value>) -> Self {
        self.kinds.insert((api_version.to_owned(), kind.to_owned()), false);
        objects.into_iter().for_each(|object| self.present.put(object));
        self
    }

    /// Without a kind, as before its definition is there.
    #[must_use]
    pub fn without_kind(mut self, kind: &str) -> Self {
        self.kinds.retain(|(_, known), _| known != kind);
        self
    }

    /// Without a version of a group, and so without its kinds.
    #[must_use]
    pub fn without_group(mut self, api_version: &str) -> Self {
        self.kinds.retain(|(known, _), _| known != api_version);
        self
    }

    /// With a policy server that has single objects in its cache from when the cluster was like this. Lists are kept up to
    /// date by a watch, and what is read past the cache is as it is.
    #[must_use]
    pub fn seen_as(mut self, objects: impl IntoIterator<Item = Value>) -> Self {
        self.past = Some(Store::of(objects));
        self
    }

    /// With reads of a kind that fail.
    #[must_use]
    pub fn failing(mut self, kind: &str, fault: Fault) -> Self {
        self.faults.push((kind.to_owned(), fault));
        self
    }

    /// With lists in another order.
    #[must_use]
    pub fn in_order(mut self, seed: u64) -> Self {
        self.order = Mutex::new(Rng::with_seed(seed));
        self
    }

    /// With a policy server that does not know of masks: those before 1.33.
    #[must_use]
    pub fn without_masks(mut self) -> Self {
        self.masks = false;
        self
    }

    /// With everything kept that is asked and answered.
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.exchanges = Some(Mutex::default());
        self
    }

    /// With each answer made once and then kept, so that a measurement has the guest's part alone.
    #[must_use]
    pub fn with_ready_answers(mut self) -> Self {
        self.ready = Some(Mutex::default());
        self
    }

    /// All objects.
    pub fn objects(&self) -> impl Iterator<Item = &Value> {
        self.present.all()
    }

    /// What was asked so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked and answered, where that is kept.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let exchanges = self.exchanges.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone());
        exchanges.unwrap_or_default()
    }

    /// Forgets what was asked.
    pub fn forget_calls(&self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Answers a host call, in the policy server's words.
    pub(crate) fn answer(
        &self,
        grants: &Grants,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        if binding != "kubewarden" {
            return Err(format!("unknown binding: {binding}"));
        }
        grants.must_allow(namespace, operation)?;
        if namespace != "kubernetes" {
            return Err(format!("unknown namespace: {namespace}"));
        }
        let question = Question::parse(operation, payload)?;
        let answer = grants.must_show(&question).and_then(|()| self.ready_answer(payload, || self.look_up(&question)));
        if let Some(kept) = &self.exchanges {
            let exchange =
                Exchange { operation: operation.to_owned(), question: payload.to_owned(), answer: answer.clone() };
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
        }
        let answer = answer.map_err(|error| format!("Callback evaluation failure: {error}"));
        let call = question.note(operation, answer.as_ref().ok().map(Vec::len));
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        answer
    }

    fn ready_answer(&self, payload: &[u8], make: impl FnOnce() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
        let Some(ready) = &self.ready else { return make() };
        let mut ready = ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = ready.get(payload) {
            return Ok(answer.clone());
        }
        let answer = make()?;
        ready.insert(payload.to_owned(), answer.clone());
        Ok(answer)
    }

    fn look_up(&self, question: &Question) -> Result<Vec<u8>, String> {
        let Question { api_version, kind, namespace, what, masks } = question;
        let namespaced = self.is_namespaced(api_version, kind)?;
        if let Some((_, fault)) = self.faults.iter().find(|(failing, _)| failing == kind || failing == "*") {
            return fault.answer(&kind.to_lowercase());
        }
        let mask = masks.as_ref().filter(|_| self.masks).map(Mask::new);
        let answer = match what {
            What::List { selects: true } => return Err("selectors are not played here".to_owned()),
            What::List { .. } if namespace.is_some() && !namespaced => {
                return Err(format!(
                    "resource {api_version}/{kind} is cluster wide. Cannot search for it inside of a namespace"
                ));
            }
            What::List { .. } => {
                let mut items: Vec<_> = self.present.list(api_version, kind, namespace.as_deref());
                self.order.lock().unwrap_or_else(PoisonError::into_inner).shuffle(&mut items);
                let items: Vec<_> = items.into_iter().map(|object| masked(lightened(object), mask.as_ref())).collect();
                json!({"apiVersion": api_version, "kind": format!("{kind}List"), "metadata": {}, "items": items})
            }
            What::One { .. } if namespaced && namespace.is_none() => {
                return Err(format!("Resource {api_version}/{kind} is namespaced, but no namespace was provided"));
            }
            What::One { name, live } => {
                let cached = self.past.as_ref().filter(|_| !live).unwrap_or(&self.present);
                let within = namespace.as_deref().filter(|_| namespaced).unwrap_or_default();
                let found = cached.get(api_version, kind, within, name).ok_or_else(|| {
                    format!("Cannot find {api_version}/{kind} named '{name}' inside of namespace '{namespace:?}'")
                })?;
                masked(found.clone(), mask.as_ref())
            }
        };
        serde_json::to_vec(&answer).map_err(|error| error.to_string())
    }

    fn is_namespaced(&self, api_version: &str, kind: &str) -> Result<bool, String> {
        if let Some(namespaced) = self.kinds.get(&(api_version.to_owned(), kind.to_owned())) {
            return Ok(*namespaced);
        }
        if self.kinds.keys().any(|(known, _)| known == api_version) {
            return Err(format!("Cannot find resource {api_version}/{kind}"));
        }
        Err(no_group(api_version, kind))
    }
}

fn masked(mut object: Value, mask: Option<&Mask>) -> Value {
    if let Some(mask) = mask {
        mask.apply(&mut object);
    }
    object
}

#[cfg(test)]
mod tests;
