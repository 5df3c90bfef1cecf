//! A live cluster that is asked once, and the settings that it is judged by.

use vpcguard_check::{Config, ConfiguredSettings, LiveCluster, Source, parse_settings};
use vpcguard_policies::Settings;

use crate::cluster::webhook::WebhookSettings;
use crate::cluster::{ClusterArgs, ConnectError, Place};
use crate::files::{LoadError, Problem};
use crate::snapshot::Snapshot;

/// See the module.
pub(crate) struct Live {
    place: Place,
    /// What is written of the settings; none where all are at their default.
    pub(crate) source: Option<Source>,
    /// The settings.
    pub(crate) settings: Settings,
    /// What a report says of it.
    pub(crate) about: LiveCluster,
}

/// Settings that were chosen by whoever asks.
pub(crate) enum Given {
    /// In this file.
    File(Source),
    /// In the configuration of this name.
    Configured(String, Box<Settings>),
}

impl Given {
    /// Those that are written in a configuration.
    pub(crate) fn configured(config: &Config) -> Option<Self> {
        match config.settings.as_ref()? {
            ConfiguredSettings::Inline(settings) => Some(Self::Configured(config.name.clone(), settings.clone())),
            ConfiguredSettings::File(_) => None,
        }
    }
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LiveError {
    #[error(transparent)]
    Settings(#[from] LoadError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl Live {
    /// The cluster that is meant, with the settings that were given, or else those of the webhook that runs in it.
    pub(crate) async fn find(args: &ClusterArgs, given: Option<Given>) -> Result<Self, LiveError> {
        // What is wrong with it is said before anybody is asked.
        let given = match given {
            None => None,
            Some(Given::File(file)) => Some((parsed(&file)?, file.name.clone(), Some(file))),
            Some(Given::Configured(whose, settings)) => Some((*settings, whose, None)),
        };
        let place = args.place().await?;
        let (source, settings, whose, note) = if let Some((settings, whose, source)) = given {
            (source, settings, whose, None)
        } else {
            let WebhookSettings { source, whose, note } = WebhookSettings::read(&place.client()?).await;
            let settings = source.as_ref().map_or_else(|| Ok(Settings::default()), parsed)?;
            (source, settings, whose, note)
        };
        let (server, context) = (place.server.clone(), place.context.clone());
        Ok(Self { place, source, settings, about: LiveCluster { server, context, settings: whose, note } })
    }

    /// The cluster as it stands, for whoever runs this.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, ConnectError> {
        Ok(Snapshot::new(self.place.client()?))
    }
}

fn parsed(source: &Source) -> Result<Settings, LoadError> {
    parse_settings(source).map_err(|errors| LoadError(errors.into_iter().map(Problem::Parse).collect()))
}
