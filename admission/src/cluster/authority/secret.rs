//! The Secret that holds the CA, written only over what was read.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::json;
use vpcguard_certs::Authorities;

use super::{AuthorityError, Place};
use crate::cluster::client::{code, reason};

/// By this annotation an operator asks for a rotation. The one who begins it takes it away.
pub(crate) const ROTATE: &str = "vpcguard.io/rotate";

/// The Secret of a CA.
pub(crate) struct Secrets {
    api: Api<Secret>,
    name: String,
}

/// The Secret as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) data: BTreeMap<String, Vec<u8>>,
    metadata: ObjectMeta,
}

/// Authorities, and the version of the Secret that they were read from.
#[derive(Clone, Debug)]
pub(crate) struct StoredSecret {
    pub(crate) authorities: Authorities,
    pub(crate) is_asked: bool,
    metadata: ObjectMeta,
}

impl Read {
    pub(crate) fn stored(&self, authorities: Authorities) -> StoredSecret {
        let annotations = self.metadata.annotations.as_ref();
        let is_asked = annotations.is_some_and(|annotations| annotations.contains_key(ROTATE));
        StoredSecret { authorities, is_asked, metadata: self.metadata.clone() }
    }
}

impl Secrets {
    pub(crate) fn new(client: &Client, place: &Place) -> Self {
        Self { api: Api::namespaced(client.clone(), &place.namespace), name: place.secret.clone() }
    }

    /// The Secret; none if there is none.
    pub(crate) async fn read(&self) -> Result<Option<Read>, AuthorityError> {
        let secret = self.api.get_opt(&self.name).await.map_err(|error| self.failed("get", &error))?;
        Ok(secret.map(|secret| Read {
            data: secret.data.unwrap_or_default().into_iter().map(|(key, bytes)| (key, bytes.0)).collect(),
            metadata: secret.metadata,
        }))
    }

    /// Stores authorities in place of what was read, or where nothing was; none if somebody else was faster.
    pub(crate) async fn put(
        &self,
        read: Option<&Read>,
        authorities: &Authorities,
    ) -> Result<Option<StoredSecret>, AuthorityError> {
        let params = PostParams::default();
        let written = match read {
            None => {
                let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
                self.api.create(&params, &secret(metadata, authorities)).await
            }
            Some(read) => self.api.replace(&self.name, &params, &secret(read.metadata.clone(), authorities)).await,
        };
        match written {
            Ok(secret) => {
                let metadata = secret.metadata;
                Ok(Some(StoredSecret { authorities: authorities.clone(), is_asked: false, metadata }))
            }
            Err(error) if matches!(code(&error), Some(404 | 409)) => Ok(None),
            Err(error) => Err(self.failed(if read.is_some() { "update" } else { "create" }, &error)),
        }
    }

    /// Stores the next authorities; false if somebody else was faster.
    pub(crate) async fn replace(&self, stored: &StoredSecret, next: &Authorities) -> Result<bool, AuthorityError> {
        let mut metadata = stored.metadata.clone();
        // Whatever follows a wish is its fulfilment, or was under way already.
        metadata.annotations.get_or_insert_default().remove(ROTATE);
        let read = Read { data: BTreeMap::new(), metadata };
        Ok(self.put(Some(&read), next).await?.is_some())
    }

    /// Asks for a rotation.
    pub(crate) async fn ask(&self, when: &str) -> Result<(), AuthorityError> {
        let patch = json!({"metadata": {"annotations": {ROTATE: when}}});
        let patched = self.api.patch(&self.name, &PatchParams::default(), &Patch::Merge(&patch)).await;
        patched.map(drop).map_err(|error| self.failed("patch", &error))
    }

    fn failed(&self, verb: &str, error: &kube::Error) -> AuthorityError {
        AuthorityError::Api(format!("cannot {verb} Secret {:?}: {}", self.name, reason(error)))
    }
}

fn secret(metadata: ObjectMeta, authorities: &Authorities) -> Secret {
    let data = authorities.to_secret().into_iter().map(|(key, bytes)| (key, ByteString(bytes))).collect();
    let metadata = ObjectMeta { managed_fields: None, ..metadata };
    Secret { metadata, data: Some(data), type_: Some("Opaque".to_owned()), ..Secret::default() }
}
