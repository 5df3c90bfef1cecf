//! The requests of a case.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// What objects of a case are called; each case gets a name of its own when it is run.
const NAME: &str = "case0";

/// A request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Creates objects.
    Create(Vec<Value>),
    /// Creates them as an administrator who is exempt.
    Make(Vec<Value>),
    /// Merges into the first object.
    Merge(Value),
    /// The same by its status.
    Status(Value),
    /// The same by the subresource that ends a namespace.
    Finalize(Value),
    /// Replaces the annotations of the first object.
    Replace(Value),
    /// Binds the first object, a Pod, to the node, with annotations.
    Binding(Value),
    /// Deletes the first object, with so many seconds of grace.
    Delete(i64),
    /// Deletes the first object as an administrator who is exempt.
    Unmake,
}

impl Step {
    /// Reads one: an object whose only member has the name of the verb.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn read(step: &Value) -> Result<Self> {
        let (verb, body) =
            step.as_object().and_then(|step| step.iter().next()).with_context(|| format!("{step} has no verb"))?;
        let list = || body.as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
        Ok(match verb.as_str() {
            "create" => Self::Create(list()),
            "make" => Self::Make(list()),
            "merge" => Self::Merge(body.clone()),
            "status" => Self::Status(body.clone()),
            "finalize" => Self::Finalize(body.clone()),
            "replace" => Self::Replace(body.clone()),
            "binding" => Self::Binding(body.clone()),
            "delete" => Self::Delete(body.as_i64().with_context(|| format!("{body} is no time of grace"))?),
            "unmake" => Self::Unmake,
            other => bail!("{other} is not a verb"),
        })
    }

    /// The same as it is read.
    pub fn written(&self) -> Value {
        match self {
            Self::Create(objects) => json!({"create": objects}),
            Self::Make(objects) => json!({"make": objects}),
            Self::Merge(patch) => json!({"merge": patch}),
            Self::Status(patch) => json!({"status": patch}),
            Self::Finalize(patch) => json!({"finalize": patch}),
            Self::Replace(annotations) => json!({"replace": annotations}),
            Self::Binding(annotations) => json!({"binding": annotations}),
            Self::Delete(grace) => json!({"delete": grace}),
            Self::Unmake => json!({"unmake": null}),
        }
    }

    /// The same about objects of another name.
    ///
    /// # Errors
    ///
    /// If the name is not a part of a JSON string.
    pub fn renamed(&self, name: &str) -> Result<Self> {
        Self::read(&serde_json::from_str(&self.written().to_string().replace(NAME, name))?)
    }

    /// The objects that it makes.
    pub fn objects(&self) -> &[Value] {
        match self {
            Self::Create(objects) | Self::Make(objects) => objects,
            _ => &[],
        }
    }
}
