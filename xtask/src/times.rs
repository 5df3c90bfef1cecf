//! How long the steps of a task take.

use std::fmt;
use std::time::{Duration, Instant};

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<(&'static str, Duration)>);

impl Times {
    /// Does a step, and notes how long it took, also if it fails.
    pub(crate) fn step<T>(&mut self, name: &'static str, step: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = step();
        self.0.push((name, start.elapsed()));
        done
    }
}

impl fmt::Display for Times {
    /// A line a step, and one for all of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum: Duration = self.0.iter().map(|(_, time)| time).sum();
        for (name, time) in self.0.iter().chain([&("all", sum)]) {
            writeln!(f, "{name:<13} {:>7.1} s", time.as_secs_f64())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_step_and_one_for_all() {
        let times = Times(vec![("wasm", Duration::from_millis(61_230)), ("control plane", Duration::from_secs(2))]);
        let table = "wasm             61.2 s\ncontrol plane     2.0 s\nall              63.2 s\n";
        assert_eq!(times.to_string(), table);
    }

    #[test]
    fn a_step_that_fails_is_noted() {
        let mut times = Times::default();
        assert!(times.step("build", || Err::<(), _>("no")).is_err());
        assert!(times.to_string().starts_with("build "));
    }
}
