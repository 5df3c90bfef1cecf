//! The options that say which certificate is shown, and to whom.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use vpcguard_certs::{
    ClientCa, DEFAULT_CA_LIFE, DEFAULT_LEAF_LIFE, DEFAULT_PROPAGATION, Lifetimes, ServerOptions, service_names,
};

use super::budget::go_duration;
use super::error::StartError;
use crate::cluster::authority::Place;

/// Where the certificate of the webhook comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tls {
    /// A CA of its own, made at each start.
    SelfSigned,
    /// --tls-cert and --tls-key, read again when they change.
    Files,
    /// A CA that all replicas share in a Secret; vpcguard renews it, and writes it into the webhook configurations.
    Cluster,
    /// As files, for those of a Secret that cert-manager keeps; cert-manager's injector writes the caBundle.
    CertManager,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Version {
    #[value(name = "1.2")]
    V12,
    #[value(name = "1.3")]
    V13,
}

/// How clients are met.
#[derive(Debug, Args)]
pub(crate) struct TlsArgs {
    /// Where the certificate comes from [default: cluster, with --standalone self-signed].
    #[arg(long = "tls", value_enum)]
    mode: Option<Tls>,
    /// The certificate that the server shows, and what leads from it to its CA, in PEM.
    #[arg(long = "tls-cert", value_name = "FILE", required_if_eq_any([("mode", "files"), ("mode", "cert-manager")]))]
    pub(super) certificate: Option<PathBuf>,
    /// The private key of the certificate, in PEM.
    #[arg(long = "tls-key", value_name = "FILE", required_if_eq_any([("mode", "files"), ("mode", "cert-manager")]))]
    pub(super) key: Option<PathBuf>,
    /// The oldest version of TLS that is spoken.
    #[arg(long = "tls-min-version", value_enum, default_value_t = Version::V13)]
    min_version: Version,
    /// Take requests only from clients with a certificate of these CAs, in PEM; read again when they change.
    #[arg(long = "client-ca", value_name = "FILE", requires = "client_names")]
    pub(super) client_ca: Option<PathBuf>,
    /// A name that clients may have, as the common name or a DNS name of their certificate.
    #[arg(long = "client-name", value_name = "NAME", requires = "client_ca")]
    pub(super) client_names: Vec<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// How long a CA lives; at two thirds of that the next one follows.
    #[arg(long, value_name = "DURATION", default_value_t = Span(DEFAULT_CA_LIFE), value_parser = span)]
    ca_life: Span,
    /// How long the certificate of a replica lives; at two thirds of that it is renewed.
    #[arg(long, value_name = "DURATION", default_value_t = Span(DEFAULT_LEAF_LIFE), value_parser = span)]
    leaf_life: Span,
    /// How long it takes at most until every API server uses a changed webhook configuration.
    #[arg(long = "settle", value_name = "DURATION", default_value_t = Span(DEFAULT_PROPAGATION), value_parser = span)]
    propagation: Span,
}

/// Where the CA of a cluster is kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlaceArgs {
    /// The namespace of vpcguard's Service, and of the Secret with its CA.
    #[arg(long, value_name = "NAMESPACE", default_value = "vpcguard-system")]
    service_namespace: String,
    /// The Service that the API server calls.
    #[arg(long, value_name = "NAME", default_value = "vpcguard")]
    service_name: String,
    /// The domain of the cluster's Services.
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    cluster_domain: String,
    /// The Secret with the CA.
    #[arg(long, value_name = "NAME", default_value = "vpcguard-ca")]
    ca_secret: String,
    /// The name of both webhook configurations.
    #[arg(long, value_name = "NAME", default_value = "vpcguard")]
    webhook_configurations: String,
}

/// A duration as it is written, `168h` or `5m`.
#[derive(Clone, Copy, Debug)]
struct Span(Duration);

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_secs() {
            seconds if seconds > 0 && seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            seconds if seconds > 0 && seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{}ms", self.0.as_millis()),
        }
    }
}

fn span(text: &str) -> Result<Span, String> {
    go_duration(text)
        .filter(|span| !span.is_zero())
        .map(Span)
        .ok_or_else(|| "is not a duration as in 90s or 168h".to_owned())
}

impl TlsArgs {
    pub(super) fn mode(&self, is_standalone: bool) -> Tls {
        self.mode.unwrap_or(if is_standalone { Tls::SelfSigned } else { Tls::Cluster })
    }

    /// The lifetimes of certificates, if they go together.
    pub(super) fn lifetimes(&self) -> Result<Lifetimes, StartError> {
        let lifetimes = Lifetimes { ca: self.ca_life.0, leaf: self.leaf_life.0, propagation: self.propagation.0 };
        lifetimes.check().map_err(StartError::Lifetimes)?;
        Ok(lifetimes)
    }

    /// The names that the Service has.
    pub(super) fn names(&self) -> Vec<String> {
        let PlaceArgs { service_name, service_namespace, cluster_domain, .. } = &self.place;
        service_names(service_name, service_namespace, cluster_domain)
    }

    /// How connections are taken, and who decides about clients.
    pub(super) fn options(&self, clients: Option<Arc<ClientCa>>) -> ServerOptions {
        ServerOptions { tls12: matches!(self.min_version, Version::V12), clients }
    }
}

impl PlaceArgs {
    /// The Service that the API server is to ask.
    pub(crate) fn service(&self) -> &str {
        &self.service_name
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            namespace: self.service_namespace.clone(),
            secret: self.ca_secret.clone(),
            configurations: self.webhook_configurations.clone(),
        }
    }
}
