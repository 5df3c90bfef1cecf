//! The live cluster that a report is about.

use std::fmt;

use serde::Serialize;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveCluster {
    /// The address of its API server.
    pub server: String,
    /// The context of the kubeconfig; none where the command ran in a Pod of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Whose settings its objects are judged by: those of a file, of a Pod of the webhook, or the defaults.
    pub settings: String,
    /// What is to be known of the choice of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl fmt::Display for LiveCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, context, settings, .. } = self;
        let context = context.as_ref().map(|context| format!(", context: {context}")).unwrap_or_default();
        write!(f, "cluster: {server}{context}, settings: {settings}")
    }
}
