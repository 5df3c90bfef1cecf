//! A client of the API server, whose requests wait for their answers.

use anyhow::{Context, Result};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::change::{begin_deletion, difference};
use super::kinds::Resource;
use super::mirror::Id;
use super::ovn::NODE;
use super::stand_ins;
use crate::control_plane::{ControlPlane, User};

/// How often the API server is asked again that says that a write came between.
const CONFLICTS: usize = 10;

/// What the API server said to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The code: 200, 201, 422 …
    pub code: u16,
    /// What is stored now, or the Status.
    pub body: Value,
}

impl Answer {
    /// Whether it was taken.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The message of a refusal.
    pub fn message(&self) -> &str {
        self.body.get("message").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A client of one user, whose requests wait for their answers.
pub struct Client {
    runtime: tokio::runtime::Handle,
    client: kube::Client,
}

impl Client {
    pub(super) fn of(user: User, plane: &ControlPlane, runtime: &Runtime) -> Result<Self> {
        Ok(Self { runtime: runtime.handle().clone(), client: runtime.block_on(plane.client(user))? })
    }

    /// One whose requests are awaited.
    pub(super) fn inner(&self) -> &kube::Client {
        &self.client
    }

    pub(super) fn send(&self, method: &str, path: &str, content: &str, body: Option<&Value>) -> Result<Answer> {
        let bytes = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content)
            .header("accept", "application/json");
        let request = request.body(Body::from(bytes))?;
        self.runtime.block_on(async {
            let answer = self.client.send(request).await?;
            let code = answer.status().as_u16();
            let bytes = answer.into_body().collect_bytes().await?;
            Ok(Answer { code, body: serde_json::from_slice(&bytes).unwrap_or_default() })
        })
    }

    /// An object as it is stored.
    ///
    /// # Errors
    ///
    /// If there is no answer, here and below. A refusal is an answer.
    pub fn get(&self, id: &Id) -> Result<Answer> {
        self.send("GET", &path(id)?, "application/json", None)
    }

    /// Creates an object as it is.
    ///
    /// # Errors
    ///
    /// See [`Self::get`].
    pub fn create(&self, object: &Value) -> Result<Answer> {
        let resource = Resource::of(object)?;
        self.send("POST", &resource.path(&Id::of(object).namespace, None), "application/json", Some(object))
    }

    /// What would be said to it.
    ///
    /// # Errors
    ///
    /// See [`Self::get`].
    pub fn try_to_create(&self, object: &Value) -> Result<Answer> {
        let collection = Resource::of(object)?.path(&Id::of(object).namespace, None);
        self.send("POST", &format!("{collection}?dryRun=All"), "application/json", Some(object))
    }

    /// Replaces an object.
    ///
    /// # Errors
    ///
    /// See [`Self::get`].
    pub fn replace(&self, object: &Value) -> Result<Answer> {
        self.send("PUT", &path(&Id::of(object))?, "application/json", Some(object))
    }

    /// Merges into an object.
    ///
    /// # Errors
    ///
    /// See [`Self::get`].
    pub fn patch(&self, id: &Id, patch: &Value) -> Result<Answer> {
        self.send("PATCH", &path(id)?, "application/merge-patch+json", Some(patch))
    }

    /// Merges into an object by its status, which takes metadata too.
    ///
    /// # Errors
    ///
    /// See [`Self::get`].
    pub fn patch_status(&self, id: &Id, patch: &Value) -> Result<Answer> {
        self.send("PATCH", &format!("{}/status", path(id)?), "application/merge-patch+json", Some(patch))
    }

    /// Binds a Pod to the node, with annotations.
    ///
    /// # Errors
    ///
    /// See [`Self::get`].
    pub fn bind(&self, pod: &Id, annotations: &Value) -> Result<Answer> {
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": pod.name, "namespace": pod.namespace, "annotations": annotations},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
        });
        self.send("POST", &format!("{}/binding", path(pod)?), "application/json", Some(&binding))
    }

    /// Deletes an object.
    ///
    /// # Errors
    ///
    /// See [`Self::get`].
    pub fn delete(&self, id: &Id, options: &Value) -> Result<Answer> {
        self.send("DELETE", &path(id)?, "application/json", Some(options))
    }

    /// Creates an object, or changes the one of its name. Pods are bound to the node; what is to be deleting is deleted, and held by a
    /// finalizer.
    ///
    /// # Errors
    ///
    /// If there is no answer. A refusal is an answer.
    pub fn apply(&self, object: &Value) -> Result<Answer> {
        let mut object = object.clone();
        if object.get("kind").is_some_and(|kind| kind == "Pod") {
            stand_ins::bind(&mut object);
        }
        let deleting = begin_deletion(&mut object);
        let id = Id::of(&object);
        let mut answer = self.create(&object)?;
        for _ in 0..CONFLICTS {
            if answer.code != 409 {
                break;
            }
            let stored = self.get(&id)?;
            answer = self.patch(&id, &difference(&stored.body, &object))?;
        }
        if id.kind == "Node" && object.get("status").is_some() {
            // Its addresses are there, and only the status can have them.
            self.patch_status(&id, &json!({"status": object.get("status")}))?;
        }
        if deleting && answer.is_success() {
            let options = if id.kind == "Pod" { json!({"gracePeriodSeconds": 3600}) } else { json!({}) };
            return self.delete(&id, &options);
        }
        Ok(answer)
    }
}

pub(super) fn path(id: &Id) -> Result<String> {
    let resource =
        Resource::named(&id.kind).with_context(|| format!("the witness does not know the kind {}", id.kind))?;
    Ok(resource.path(&id.namespace, Some(&id.name)))
}
