//! Log lines, on standard error; standard output is for the ready lines.

use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::LogFormat;

/// Begins to log, as `RUST_LOG` says.
pub(super) fn init(format: LogFormat) {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // An error means that something logs already, which is as good.
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // A panic is a line like any other, and not text between JSON.
    panic::set_hook(Box::new(|info| {
        let at = info.location().map(ToString::to_string).unwrap_or_default();
        let what = info.payload_as_str().unwrap_or("a panic without a message");
        tracing::error!(at, what, "panic");
    }));
}

/// A user's text as a log line holds it: not longer than any name that Kubernetes takes.
pub(super) fn shortened(text: &str) -> &str {
    const LONGEST_NAME: usize = 253;
    text.char_indices().nth(LONGEST_NAME).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
