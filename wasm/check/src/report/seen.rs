//! What was looked at, whatever came of it.

use std::sync::Arc;

use serde_json::Value;
use vpcguard_policies::ObjectRef;

use crate::document::Document;
use crate::source::STDIN;

/// An object that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The object.
    pub object: ObjectRef,
    /// The name of the source that it was read in; none for an object of a cluster.
    pub file: Option<String>,
    /// The template that it was made from, where only its output was read.
    pub(crate) rendered: Option<Arc<str>>,
}

impl Seen {
    /// An object of a source, under the name by which the rules know it, if they know its kind.
    pub(crate) fn of(document: &Document, name: Option<&ObjectRef>) -> Self {
        let text = |path: &str| document.object.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let generated = || text("/metadata/generateName").map(|prefix| format!("{prefix}*"));
        let unknown = || ObjectRef {
            api_version: text("/apiVersion").unwrap_or_default(),
            kind: text("/kind").unwrap_or_default(),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name").or_else(generated).unwrap_or_default(),
        };
        let rendered = document.template.clone().filter(|_| document.file == STDIN);
        Self { object: name.cloned().unwrap_or_else(unknown), file: Some(document.file.clone()), rendered }
    }
}
