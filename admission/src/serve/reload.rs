//! SIGHUP: the settings are read again.
//!
//! A cluster is then watched anew by the new settings, beside the old view, which judges until the new one has seen
//! everything: as if another replica came and this one went. Settings that cannot be read change nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use vpcguard_policies::Settings;

use super::reviewer::Reviewer;
use super::routes::Webhook;
use super::{Serve, signals};
use crate::files;

/// How often a new view is asked whether it has seen everything.
const LOOK: Duration = Duration::from_millis(50);

/// Reads the settings again whenever that is asked for. `watching` are the tasks of the present view; it ends if one of
/// them does.
pub(super) async fn on_hangup(
    args: &Serve,
    webhook: &Webhook,
    mut hangups: signals::Hangups,
    mut watching: JoinSet<()>,
) {
    loop {
        tokio::select! {
            () = hangups.next() => {}
            Some(_) = watching.join_next() => return,
        }
        match reload(args, webhook).await {
            Ok(Some(tasks)) => watching = tasks,
            Ok(None) => {}
            Err(error) => {
                tracing::error!(error, "SIGHUP: the settings stay as they were");
                continue;
            }
        }
        tracing::info!(watching = watching.len(), "SIGHUP: the settings are those of the file now");
    }
}

async fn reload(args: &Serve, webhook: &Webhook) -> Result<Option<JoinSet<()>>, String> {
    let file = args.settings.as_deref().ok_or("there is no file to read them from: start with --settings FILE")?;
    let settings: Settings = files::settings(file).map_err(|error| error.to_string())?;
    if let Reviewer::Standalone(cluster) = &*webhook.reviewer() {
        cluster.replace_settings(settings)?;
        return Ok(None);
    }
    let (reviewer, tasks) =
        Reviewer::cluster(args, settings, Some(&webhook.reviewer())).await.map_err(|error| error.to_string())?;
    if let Reviewer::Cluster { cache, .. } = &reviewer {
        while !cache.waiting().is_empty() {
            sleep(LOOK).await;
        }
    }
    webhook.replace_reviewer(Arc::new(reviewer));
    Ok(Some(tasks))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::standalone::Standalone;
    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        serve: Serve,
    }

    #[tokio::test]
    async fn a_task_of_the_view_that_panics_is_noticed() {
        let files = tempfile::tempdir().unwrap();
        let cluster = Standalone::load(files.path(), Settings::default()).unwrap();
        let webhook = Webhook::new(Reviewer::Standalone(Box::new(cluster))).unwrap();
        let (args, hangups) = (Cli::parse_from(["serve"]).serve, signals::Hangups::new().unwrap());
        let mut watching = JoinSet::new();
        watching.spawn(std::future::pending());
        let mut noticed = std::pin::pin!(on_hangup(&args, &webhook, hangups, watching));
        assert!(futures_util::poll!(noticed.as_mut()).is_pending());

        let mut watching = JoinSet::new();
        watching.spawn(std::future::pending());
        watching.spawn(async { panic!("for the test") });
        let hangups = signals::Hangups::new().unwrap();
        let noticed = on_hangup(&args, &webhook, hangups, watching);
        tokio::time::timeout(Duration::from_mins(1), noticed).await.unwrap();
    }
}
