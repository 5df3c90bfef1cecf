//! The way to the API server.

use kube::{Client, Config};
use rustls::crypto::aws_lc_rs;

use super::place::PlaceError;

/// Why there is no way to an API server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Neither a kubeconfig nor a service account.
    #[error("no cluster to talk to: {0}; set KUBECONFIG, or run in a Pod with a service account")]
    Config(#[from] kube::config::InferConfigError),
    /// A kubeconfig that was named, or a context of it.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A configuration that makes no client.
    #[error("the cluster's configuration cannot be used: {0}")]
    Client(#[from] kube::Error),
}

/// The client that kubectl would use here, or a Pod's own. What the API server is too busy for is tried again.
pub(crate) async fn connect() -> Result<Client, ConnectError> {
    Ok(Client::try_from(config().await?)?)
}

/// A client that tries nothing again: for writes with somebody waiting who can do that himself.
pub(crate) async fn connect_once() -> Result<Client, ConnectError> {
    let mut config = config().await?;
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

async fn config() -> Result<Config, ConnectError> {
    install_crypto();
    Ok(Config::infer().await?)
}

/// No client is made before this.
pub(super) fn install_crypto() {
    // An error means that a provider is there already, and there is only one to choose from.
    let _ = aws_lc_rs::default_provider().install_default();
}

/// What the API server says, or that nothing could be asked of it, in one line.
pub(crate) fn reason(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.message.is_empty() => format!("HTTP status {}", status.code),
        kube::Error::Api(status) => status.message.clone(),
        other => causes(other),
    }
}

/// An error and what it comes from, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        // Most of these errors repeat their cause.
        let cause_text = cause.to_string();
        if !causes.iter().any(|known| known.contains(&cause_text)) {
            causes.push(cause_text);
        }
        source = cause.source();
    }
    causes.join(": ").replace('\n', " ")
}

/// The HTTP status code of an answer of the API server; none where there was no answer.
pub(crate) fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}
