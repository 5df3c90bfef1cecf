//! Whether requests should come here.

use std::fmt::Write;

use tokio_util::sync::CancellationToken;

/// What `/readyz` asks.
#[derive(Clone, Debug)]
pub(super) struct Readiness {
    /// Cancelled once the process is told to end.
    pub(super) stopping: CancellationToken,
}

impl Readiness {
    /// Each condition, and whether it is met. There is no answer at all before both ports listen.
    fn conditions(&self) -> [(&'static str, bool); 2] {
        [("listening", true), ("not stopping", !self.stopping.is_cancelled())]
    }

    pub(super) fn is_ready(&self) -> bool {
        self.conditions().iter().all(|(_, met)| *met)
    }

    /// The conditions as the API server's own `/readyz?verbose` words them.
    pub(super) fn verbose(&self) -> String {
        let mut lines = String::new();
        for (condition, met) in self.conditions() {
            let (mark, word) = if met { ('+', "ok") } else { ('-', "failed") };
            // Writing to a string does not fail.
            let _ = writeln!(lines, "[{mark}]{condition} {word}");
        }
        lines + if self.is_ready() { "readyz check passed\n" } else { "readyz check failed\n" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_announced() {
        let readiness = Readiness { stopping: CancellationToken::new() };
        assert!(readiness.is_ready());
        assert_eq!(readiness.verbose(), "[+]listening ok\n[+]not stopping ok\nreadyz check passed\n");
        readiness.stopping.cancel();
        assert!(!readiness.is_ready());
        assert_eq!(readiness.verbose(), "[+]listening ok\n[-]not stopping failed\nreadyz check failed\n");
    }
}
