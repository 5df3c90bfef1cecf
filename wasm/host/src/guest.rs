//! A policy in the policy server's engine.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wapc::WapcHost;
use wasmtime_provider::wasmtime::{Config, Engine, Module};
use wasmtime_provider::{EpochDeadlines, ResourceLimits, WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

use crate::cluster::Cluster;
use crate::grants::Grants;
use crate::metadata::{Metadata, MetadataError};
use crate::reply::{Reply, SettingsReply};

/// A page of a module's memory, in bytes.
pub const PAGE: usize = 65_536;

/// The server interrupts a guest after so many ticks. Nobody ticks here: a guest takes as long as it takes.
const DEADLINES: EpochDeadlines = EpochDeadlines { wapc_init: 1, wapc_func: 1 };

/// Why a module cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not a policy.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The engine does not take it.
    #[error("the engine refuses it: {0}")]
    Engine(String),
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The guest trapped, or gave an error instead of an answer. A policy server makes a 500 of it.
    #[error("{operation} failed: {cause}")]
    Failed {
        /// What was called.
        operation: String,
        /// What the engine says.
        cause: String,
    },
    /// A policy server cannot read it.
    #[error("the answer to {operation} cannot be read: {cause}: {answer}")]
    Unreadable {
        /// What was called.
        operation: String,
        /// What is wrong.
        cause: serde_json::Error,
        /// What it answered.
        answer: String,
    },
}

/// A policy that is loaded.
#[derive(Clone)]
pub struct Guest {
    engine: Engine,
    module: Module,
    ready: WasmtimeEngineProviderPre,
    metadata: Metadata,
    grants: Arc<Grants>,
}

impl Guest {
    /// Compiles a module, with no limit to its memory, as the policy server does.
    ///
    /// # Errors
    ///
    /// Why the policy server would refuse it.
    pub fn load(module: &[u8]) -> Result<Self, LoadError> {
        let metadata = Metadata::of(module)?;
        let mut config = Config::new();
        config.epoch_interruption(true);
        let engine = Engine::new(&config).map_err(|error| LoadError::Engine(format!("{error:?}")))?;
        let module = Module::new(&engine, module).map_err(|error| LoadError::Engine(format!("{error:?}")))?;
        let ready = prepare(&engine, &module, None)?;
        let grants = Arc::new(Grants::of(&metadata));
        Ok(Self { engine, module, ready, metadata, grants })
    }

    /// The same, with at most so many bytes of memory.
    ///
    /// # Errors
    ///
    /// None that loading it did not have.
    pub fn within(&self, bytes: usize) -> Result<Self, LoadError> {
        let ready = prepare(&self.engine, &self.module, Some(bytes))?;
        Ok(Self { ready, ..self.clone() })
    }

    /// The same, deployed by an administrator who granted it nothing.
    #[must_use]
    pub fn granted_nothing(&self) -> Self {
        Self { grants: Arc::default(), ..self.clone() }
    }

    /// What it says of itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The modules that it imports functions from.
    pub fn imports(&self) -> Vec<String> {
        self.module.imports().map(|import| import.module().to_owned()).collect()
    }

    /// Starts it, as the policy server does for each request.
    ///
    /// # Errors
    ///
    /// Why it did not start.
    pub fn start(&self, cluster: &Arc<Cluster>) -> Result<WapcHost, CallError> {
        let failed = |cause: String| CallError::Failed { operation: "start".to_owned(), cause };
        let instance = self.ready.rehydrate(Some(DEADLINES)).map_err(|error| failed(error.to_string()))?;
        let (cluster, grants) = (Arc::clone(cluster), Arc::clone(&self.grants));
        let callback = move |_, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
            cluster.answer(&grants, binding, namespace, operation, payload).map_err(Into::into)
        };
        WapcHost::new(Box::new(instance), Some(Box::new(callback))).map_err(|error| failed(error.to_string()))
    }

    /// Calls an operation, in an instance of its own.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub fn call(&self, cluster: &Arc<Cluster>, operation: &str, payload: &[u8]) -> Result<Vec<u8>, CallError> {
        let failed = |cause: wapc::errors::Error| CallError::Failed {
            operation: operation.to_owned(),
            cause: cause.to_string(),
        };
        self.start(cluster)?.call(operation, payload).map_err(failed)
    }

    /// Asks about a request.
    ///
    /// # Errors
    ///
    /// Why there is no answer that a policy server can read.
    pub fn validate(&self, cluster: &Arc<Cluster>, request: &Value, settings: &Value) -> Result<Reply, CallError> {
        self.ask(cluster, "validate", &json!({"request": request, "settings": settings}))
    }

    /// Asks about settings, as the policy server does when it starts.
    ///
    /// # Errors
    ///
    /// Why there is no answer that a policy server can read.
    pub fn validate_settings(&self, settings: &Value) -> Result<SettingsReply, CallError> {
        self.ask(&Arc::new(Cluster::new([])), "validate_settings", settings)
    }

    /// How many bytes of memory a call takes at its height: with a page less it fails.
    ///
    /// # Errors
    ///
    /// Why it fails with as much memory as there is.
    pub fn memory_of(&self, cluster: &Arc<Cluster>, operation: &str, payload: &[u8]) -> Result<usize, CallError> {
        self.call(cluster, operation, payload)?;
        let suffices =
            |pages: usize| self.within(pages * PAGE).is_ok_and(|guest| guest.call(cluster, operation, payload).is_ok());
        // Between what is too little and what is enough.
        let (mut little, mut enough) = (0, 1);
        while !suffices(enough) {
            little = enough;
            enough *= 2;
        }
        while enough - little > 1 {
            let middle = usize::midpoint(little, enough);
            if suffices(middle) { enough = middle } else { little = middle }
        }
        Ok(enough * PAGE)
    }

    fn ask<R: DeserializeOwned>(
        &self,
        cluster: &Arc<Cluster>,
        operation: &str,
        payload: &Value,
    ) -> Result<R, CallError> {
        let answer = self.call(cluster, operation, payload.to_string().as_bytes())?;
        serde_json::from_slice(&answer).map_err(|cause| CallError::Unreadable {
            operation: operation.to_owned(),
            cause,
            answer: String::from_utf8_lossy(&answer).into_owned(),
        })
    }
}

fn prepare(engine: &Engine, module: &Module, memory: Option<usize>) -> Result<WasmtimeEngineProviderPre, LoadError> {
    let mut builder = WasmtimeEngineProviderBuilder::new()
        .engine(engine.clone())
        .module(module.clone())
        .enable_epoch_interruptions(DEADLINES);
    if memory.is_some() {
        builder = builder.enable_resource_limits(ResourceLimits { max_memory_size: memory, max_table_elements: None });
    }
    builder.build_pre().map_err(|error| LoadError::Engine(error.to_string()))
}
