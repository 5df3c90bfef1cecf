//! Writes that are tried again, as people and their tools do when the answer says so.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::client::{Answer, Clients};

/// More than the API server takes for any answer; who waits longer would wait for ever.
const HANG: Duration = Duration::from_secs(90);

/// A write of an object.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// A new object.
    Create { plural: &'static str, object: Value },
    /// Changes of one.
    Merge { plural: &'static str, name: String, patch: Value },
}

/// What became of a write in the end.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The last answer.
    pub(crate) answer: Answer,
    /// The codes of all answers, the last one too.
    pub(crate) codes: Vec<u16>,
}

impl Outcome {
    /// Whether it was stored. An answer may get lost on its way; who creates again is then told that it is there already.
    pub(crate) fn is_accepted(&self) -> bool {
        self.answer.is_accepted() || (self.answer.code == 409 && self.codes.len() > 1)
    }
}

impl Write {
    /// Sends it, and again for as long as the patience lasts while nothing final is said.
    pub(crate) async fn patiently(self, clients: Arc<Clients>, patience: Duration) -> Outcome {
        let begun = Instant::now();
        let mut codes = Vec::new();
        loop {
            let Ok(answer) = timeout(HANG, self.once(&clients)).await else { panic!("no answer to {self:?}") };
            codes.push(answer.code);
            if !is_worth_another(answer.code) || begun.elapsed() >= patience {
                return Outcome { answer, codes };
            }
            sleep(Duration::from_millis(fastrand::u64(50..250))).await;
        }
    }

    async fn once(&self, clients: &Clients) -> Answer {
        match self {
            Self::Create { plural, object } => clients.create(plural, object.clone()).await,
            Self::Merge { plural, name, patch } => clients.merge(plural, name, patch).await,
        }
    }
}

/// Whether the same write may get another answer. 0 is none at all, and an API server that has just begun answers 404
/// until it has seen the definitions.
fn is_worth_another(code: u16) -> bool {
    matches!(code, 0 | 404 | 429 | 500..)
}
