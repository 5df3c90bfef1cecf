//! Admission requests, answered as the webhook answers them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use vpcguard_check::{Folder, Source, parse_settings};
use vpcguard_policies::{ClusterView, Inventory, Kind, Request, Settings, Verdict, ViewError, answer};

use crate::input::Wrong;

/// A request, and what it is judged by.
#[derive(Debug)]
pub(crate) struct Admission {
    request: Request,
    cluster: Inventory,
    settings: Settings,
}

/// What is said to a request, as JSON.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The canonical verdict.
    pub(crate) verdict: String,
    /// The AdmissionReview that answers.
    pub(crate) answer: String,
}

impl Admission {
    pub(crate) fn read(review: &[u8], state: &[Source], settings: Option<&Source>) -> Result<Self, Wrong> {
        let request = Request::from_review(review)?;
        let settings = settings.map_or_else(|| Ok(Settings::default()), parse_settings).map_err(Wrong::Unreadable)?;
        let folder = Folder::parse(state);
        if !folder.errors.is_empty() {
            return Err(Wrong::Unreadable(folder.errors));
        }
        let mut cluster = Inventory::new(settings.kube_ovn.clone());
        for document in &folder.documents {
            if let Some(kind) = Kind::of(&document.object) {
                cluster.apply(kind, &document.object);
            }
        }
        Ok(Self { request, cluster, settings })
    }

    pub(crate) fn answer(
        &self,
        judge: impl FnOnce(&Request, &dyn ClusterView, &Settings) -> Result<Verdict, ViewError>,
    ) -> Result<Reply, Wrong> {
        let verdict = judge(&self.request, &self.cluster, &self.settings)?;
        let answer = answer(&self.request, &verdict, &self.settings, self.patch(&verdict)).to_json();
        Ok(Reply { verdict: verdict.to_json(), answer })
    }

    /// The JSON patch to the mutated object, in base64 as the API server wants it.
    fn patch(&self, verdict: &Verdict) -> Option<String> {
        let mutated = verdict.mutated_object.as_ref()?;
        let patch = serde_json::to_vec(&json_patch::diff(&self.request.object, mutated)).ok()?;
        Some(BASE64_STANDARD.encode(patch))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use vpcguard_policies::{mutate, review};

    use super::*;

    fn asked(object: Value) -> Vec<u8> {
        let kind = json!({"group": "kubeovn.io", "version": "v1", "kind": object["kind"]});
        let request = json!({"uid": "u", "operation": "CREATE", "kind": kind, "object": object});
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
            .to_string()
            .into_bytes()
    }

    fn subnet(name: &str, cidr: &str) -> Value {
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name}, "spec": {"cidrBlock": cidr}})
    }

    fn source(name: &str, value: Value) -> Source {
        Source { name: name.to_owned(), bytes: value.to_string().into_bytes() }
    }

    #[test]
    fn a_refusal_names_what_the_state_holds() {
        let state = [source("state.json", subnet("b", "10.0.4.0/24"))];
        let admission = Admission::read(&asked(subnet("a", "10.0.0.0/16")), &state, None).unwrap();
        let answer: Value = serde_json::from_str(&admission.answer(review).unwrap().answer).unwrap();
        assert_eq!(answer["response"]["allowed"], false);
        assert!(answer["response"]["status"]["message"].as_str().unwrap().contains("overlaps Subnet \"b\""));
    }

    #[test]
    fn a_patch_is_in_base64() {
        let vpc = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "v"}, "spec": {}});
        let settings = source("s.json", json!({"inject": {"vpcLb": {"all": true}}}));
        let admission = Admission::read(&asked(vpc), &[], Some(&settings)).unwrap();
        let answer: Value = serde_json::from_str(&admission.answer(mutate).unwrap().answer).unwrap();
        let patch = BASE64_STANDARD.decode(answer["response"]["patch"].as_str().unwrap()).unwrap();
        let patch: Value = serde_json::from_slice(&patch).unwrap();
        assert_eq!(patch[0]["op"], "add");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = |review: &[u8], state: &[Source]| Admission::read(review, state, None).unwrap_err().to_string();
        assert_eq!(error(b"[]", &[]).split(": ").next(), Some("admissionReview"));
        let broken = Source { name: "state.yaml".to_owned(), bytes: b"a: [".to_vec() };
        assert!(error(&asked(subnet("a", "10.0.0.0/16")), &[broken]).starts_with("state.yaml:1:4:"));
    }
}
