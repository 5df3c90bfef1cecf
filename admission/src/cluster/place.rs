//! Which cluster a command asks: that of a kubeconfig, of one of its contexts, or the one that it runs in.

use std::path::PathBuf;

use axum::http::Uri;
use clap::Args;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use vpcguard_policies::text::did_you_mean;

use super::client::{ConnectError, causes, install_crypto};

/// How many contexts are named to whoever named another.
const MOST_NAMED: usize = 10;

/// The cluster that is asked.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ClusterArgs {
    /// The context to use, in place of the current one of the kubeconfig.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig to use, in place of KUBECONFIG and ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// A cluster, and how to get there.
pub(crate) struct Place {
    config: Config,
    /// The address of its API server, without a user's name or password.
    pub(crate) server: String,
    /// None in a Pod of the cluster.
    pub(crate) context: Option<String>,
}

/// Why a kubeconfig leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error("{file}: {cause}")]
    Kubeconfig { file: String, cause: String },
    #[error("{file} has no context {name:?}: {hint}")]
    NoContext { file: String, name: String, hint: String },
    #[error("{file} has no current context: choose one with --context; {known}")]
    NoCurrentContext { file: String, known: String },
}

impl ClusterArgs {
    /// One of the flags, if any is given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let context = self.context.as_ref().map(|_| "--context");
        context.or_else(|| self.kubeconfig.as_ref().map(|_| "--kubeconfig"))
    }

    /// The cluster that is meant.
    pub(crate) async fn place(&self) -> Result<Place, ConnectError> {
        install_crypto();
        let read = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        match read {
            Ok(kubeconfig) => match self.of(kubeconfig).await {
                // Whoever said nothing may mean the cluster that this runs in.
                Err(_) if self.given().is_none() => Place::inferred().await,
                place => Ok(place?),
            },
            Err(_) if self.given().is_none() => Place::inferred().await,
            Err(error) => Err(self.unusable(&error).into()),
        }
    }

    async fn of(&self, kubeconfig: Kubeconfig) -> Result<Place, PlaceError> {
        let known: Vec<_> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
        let known: Vec<_> = known.iter().map(String::as_str).collect();
        let chosen = self.context.clone().or_else(|| kubeconfig.current_context.clone());
        let Some(context) = chosen.filter(|context| !context.is_empty()) else {
            return Err(PlaceError::NoCurrentContext { file: self.file(), known: list(&known) });
        };
        if !known.contains(&context.as_str()) {
            let guess = did_you_mean(&context, &known).map(|guess| guess + " ").unwrap_or_default();
            let hint = guess + &list(&known);
            return Err(PlaceError::NoContext { file: self.file(), name: context, hint });
        }
        let options = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let mut config = config.map_err(|error| self.unusable(&error))?;
        // As where nothing is chosen.
        config.apply_debug_overrides();
        Ok(Place::new(config, Some(context)))
    }

    fn unusable(&self, error: &KubeconfigError) -> PlaceError {
        match error {
            KubeconfigError::ReadConfig(cause, path) => {
                PlaceError::Kubeconfig { file: path.display().to_string(), cause: cause.to_string() }
            }
            other => PlaceError::Kubeconfig { file: self.file(), cause: causes(other) },
        }
    }

    fn file(&self) -> String {
        self.kubeconfig.as_ref().map_or_else(|| "the kubeconfig".to_owned(), |path| path.display().to_string())
    }
}

impl Place {
    /// That of the kubeconfig's current context, else the one that this runs in.
    async fn inferred() -> Result<Self, ConnectError> {
        Ok(Self::new(Config::infer().await?, None))
    }

    fn new(config: Config, context: Option<String>) -> Self {
        Self { server: address(&config.cluster_url), config, context }
    }

    /// A client of it, for the runtime that this is called in.
    pub(crate) fn client(&self) -> Result<Client, ConnectError> {
        Ok(Client::try_from(self.config.clone())?)
    }
}

/// A URL as everybody may see it.
fn address(url: &Uri) -> String {
    let host = url.host().unwrap_or_default();
    let port = url.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme_str().unwrap_or("https"), url.path().trim_end_matches('/'))
}

/// What there is to choose from.
fn list(known: &[&str]) -> String {
    let more = match known.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match known.get(..MOST_NAMED).unwrap_or(known) {
        [] => "it has none".to_owned(),
        named => format!("it has {}{more}", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
current-context: dev
clusters:
- {name: one, cluster: {server: 'https://one.example:6443'}}
- {name: two, cluster: {server: 'https://me:secret@two.example/prefix/'}}
contexts:
- {name: dev, context: {cluster: one, user: me}}
- {name: prod, context: {cluster: two, user: me}}
- {name: lost, context: {cluster: none, user: me}}
users:
- {name: me, user: {token: t}}
";

    async fn place(text: &str, context: Option<&str>) -> Result<(String, Option<String>), String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kubeconfig");
        fs::write(&path, text).unwrap();
        let args = ClusterArgs { context: context.map(str::to_owned), kubeconfig: Some(path) };
        let place = args.place().await.map_err(|error| error.to_string());
        let shown = |error: String| error.replace(&format!("{}/", directory.path().display()), "");
        place.map(|place| (place.server, place.context)).map_err(shown)
    }

    #[tokio::test]
    async fn the_context_says_which_cluster_is_asked() {
        let named = |server: &str, context: &str| Ok((server.to_owned(), Some(context.to_owned())));
        assert_eq!(place(KUBECONFIG, None).await, named("https://one.example:6443", "dev"));
        // A password stays where it is.
        assert_eq!(place(KUBECONFIG, Some("prod")).await, named("https://two.example/prefix", "prod"));
    }

    #[tokio::test]
    async fn a_wrong_context_is_answered_with_those_that_there_are() {
        let error = async |text: &str, context| place(text, context).await.unwrap_err();
        assert_eq!(
            error(KUBECONFIG, Some("prd")).await,
            r#"kubeconfig has no context "prd": did you mean "prod"? it has dev, prod, lost"#
        );
        let without = KUBECONFIG.replace("current-context: dev\n", "");
        assert_eq!(
            error(&without, None).await,
            "kubeconfig has no current context: choose one with --context; it has dev, prod, lost"
        );
        assert!(error(KUBECONFIG, Some("lost")).await.starts_with("kubeconfig: failed to load the cluster of context"));
        assert!(error("a: [", None).await.starts_with("kubeconfig: failed to parse"));
        let args = ClusterArgs { context: None, kubeconfig: Some("nowhere".into()) };
        let error = args.place().await.map(|place| place.server).unwrap_err().to_string();
        assert!(error.starts_with("nowhere: ") && error.contains("No such file"), "{error}");
    }

    #[test]
    fn of_many_contexts_ten_are_named() {
        let names: Vec<_> = (0..12).map(|at| format!("c{at}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert!(list(&names).ends_with("c8, c9 and 2 more"));
        assert_eq!(list(&[]), "it has none");
    }
}
