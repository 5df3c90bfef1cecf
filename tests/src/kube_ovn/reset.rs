//! A world as it was at the beginning.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::client::path;
use super::kinds;
use super::mirror::Id;
use super::world::{PAUSE, World};

/// How long Kube-OVN may take to let go of what is deleted.
const PATIENCE: Duration = Duration::from_secs(3);

/// When waiting for that ends.
const LIMIT: Duration = Duration::from_secs(90);

impl World {
    /// Deletes all Pods, `EndpointSlices` and networks that were not there at the beginning, by force: what ends the controller ends it
    /// at each start until it is gone.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn forget(&self) -> Result<()> {
        for id in ["Pod", "EndpointSlice", "NetworkAttachmentDefinition"].into_iter().flat_map(|kind| self.added(kind))
        {
            self.admin.patch(&id, &json!({"metadata": {"finalizers": null}}))?;
            self.delete(&id)?;
        }
        Ok(())
    }

    /// Deletes all that was not there at the beginning by force, while the controller does not run: what ends it may be any object.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn forget_all(&self) -> Result<()> {
        for id in kinds::ALL
            .iter()
            .rev()
            .filter(|resource| resource.kind != "Namespace")
            .flat_map(|resource| self.added(resource.kind))
        {
            self.admin.patch(&id, &json!({"metadata": {"finalizers": null}}))?;
            self.delete(&id)?;
        }
        Ok(())
    }

    /// Deletes all that was not there at the beginning, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// If something stays although its finalizers were taken.
    pub fn reset(&mut self) -> Result<()> {
        for stage in kinds::DELETED {
            self.delete_all(stage)?;
        }
        self.finalize(&self.added("Namespace"))?;
        self.settle()?;
        self.told_before = self.marks().1;
        Ok(())
    }

    /// Deletes what was added of these kinds. What a controller makes again is deleted again.
    fn delete_all(&self, stage: &[&str]) -> Result<()> {
        let start = Instant::now();
        loop {
            let ids: Vec<Id> = stage.iter().flat_map(|kind| self.added(kind)).collect();
            if ids.is_empty() {
                return Ok(());
            }
            ensure!(start.elapsed() < LIMIT, "{ids:?} stay");
            for id in &ids {
                let deleting =
                    self.mirror.get(id).is_none_or(|object| object.pointer("/metadata/deletionTimestamp").is_some());
                if deleting && start.elapsed() > PATIENCE {
                    self.admin.patch(id, &json!({"metadata": {"finalizers": null}}))?;
                } else if !deleting || id.kind == "Pod" {
                    self.delete(id)?;
                }
            }
            sleep(PAUSE);
        }
    }

    /// What was added of a kind.
    fn added(&self, kind: &str) -> Vec<Id> {
        let ids = self.mirror.of_kind(kind).iter().map(Id::of).collect::<Vec<_>>();
        ids.into_iter().filter(|id| !self.baseline.contains(id)).collect()
    }

    /// Ends Namespaces, as their controller would.
    pub(super) fn finalize(&self, namespaces: &[Id]) -> Result<()> {
        for id in namespaces {
            let answer = self.admin.get(id)?;
            if answer.is_success() {
                let mut namespace = answer.body;
                if let Some(spec) = namespace.get_mut("spec").and_then(Value::as_object_mut) {
                    spec.insert("finalizers".to_owned(), json!([]));
                }
                self.admin.send("PUT", &format!("{}/finalize", path(id)?), "application/json", Some(&namespace))?;
            }
        }
        Ok(())
    }
}
