//! How long a request may take.

use std::time::Duration;

use jiff::SignedDuration;

/// What the API server waits unless a webhook configuration says otherwise.
const USUAL: Duration = Duration::from_secs(10);

/// What the API server waits at most.
const LONGEST: Duration = Duration::from_secs(30);

/// What is kept back for the way of the answer.
const KEPT_BACK: Duration = Duration::from_secs(1);

/// The time for a request with this query, in which the API server says how long it waits: a second less, but at least
/// half of it.
pub(super) fn of_query(query: Option<&str>) -> Duration {
    let parameters = query.unwrap_or_default().split('&');
    let timeout = parameters.filter_map(|parameter| parameter.strip_prefix("timeout=")).find_map(go_duration);
    let timeout = timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(USUAL);
    let timeout = timeout.min(LONGEST);
    timeout.saturating_sub(KEPT_BACK).max(timeout / 2)
}

/// A duration as Go prints it: `10s`, `1m30s`, `1.5s`, `500ms`.
pub(super) fn go_duration(text: &str) -> Option<Duration> {
    text.parse::<SignedDuration>().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_prints_them() {
        let cases = [("10s", 10_000), ("1m30s", 90_000), ("1.5s", 1_500), ("500ms", 500), ("1h0m0s", 3_600_000)];
        for (text, millis) in cases {
            assert_eq!(go_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["10", "s", "-5s", "1x", "1e999s", "9999999999999999999999h", "1..5s"] {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_second_is_kept_back_but_never_more_than_half() {
        let millis = |query| of_query(query).as_millis();
        assert_eq!(millis(Some("timeout=10s")), 9_000);
        assert_eq!(millis(Some("a=b&timeout=30s")), 29_000);
        assert_eq!(millis(Some("timeout=1h")), 29_000);
        assert_eq!(millis(Some("timeout=1s")), 500);
        assert_eq!(millis(Some("timeout=2s")), 1_000);
        for unclear in [None, Some(""), Some("timeout=0s"), Some("timeout=soon")] {
            assert_eq!(millis(unclear), 9_000, "{unclear:?}");
        }
    }
}
