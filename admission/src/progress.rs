//! How far a long command is, on a terminal.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line on standard error, while nobody but a person at a terminal looks.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// One that counts what has been done, in these words.
    pub(crate) fn new(is_wanted: bool, counted: &str) -> Self {
        if !is_wanted || !stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {{msg}} ({{pos}} {counted})")) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Says what is being done.
    pub(crate) fn say(&self, what: String) {
        self.0.set_message(what);
    }

    /// Counts one more.
    pub(crate) fn count(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
