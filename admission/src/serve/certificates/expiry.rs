//! Says that a certificate expires soon, where nobody has renewed it.

use std::time::{Duration, SystemTime};

use kube::Client;

use crate::cluster::authority::Place;
use crate::cluster::events::Events;

/// How long before its end somebody should hear at the latest that a certificate is not being renewed.
const WARNING: Duration = Duration::from_hours(14 * 24);

/// How often that is said again.
const SAY_AGAIN: Duration = Duration::from_hours(24);

/// See the module.
#[derive(Default)]
pub(super) struct Expiry {
    /// Where events go, and the configuration that they are about.
    events: Option<(Events, String)>,
    said: Option<SystemTime>,
}

/// How long something lives, and when it should be renewed.
pub(super) struct Life {
    pub(super) what: &'static str,
    pub(super) renew_at: SystemTime,
    pub(super) not_after: SystemTime,
}

impl Expiry {
    /// Tells a cluster too.
    pub(super) fn tell(&mut self, client: Client, place: &Place) {
        self.events = Some((Events::new(client), place.configurations.clone()));
    }

    pub(super) async fn look(&mut self, Life { what, renew_at, not_after }: Life, now: SystemTime) {
        let left = not_after.duration_since(now).unwrap_or_default();
        // Whoever renews it has the first half of this.
        let overdue = not_after.duration_since(renew_at).unwrap_or_default() / 2;
        let said_lately = |said: SystemTime| now.duration_since(said).is_ok_and(|since| since < SAY_AGAIN);
        if left >= WARNING.min(overdue) || self.said.is_some_and(said_lately) {
            return;
        }
        self.said = Some(now);
        let note = format!("the {what} expires in {} days and has not been renewed", left.as_secs() / 86_400);
        tracing::warn!("{note}");
        if let Some((events, configuration)) = &self.events {
            events.certificate_expires(configuration, note).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn life(renew_at: SystemTime, not_after: SystemTime) -> Life {
        Life { what: "certificate", renew_at, not_after }
    }

    #[tokio::test]
    async fn what_expires_soon_is_said_once_a_day() {
        let (mut expiry, now) = (Expiry::default(), SystemTime::now());
        let mut says = async |left: u32, at: SystemTime| {
            let before = expiry.said;
            expiry.look(life(at - 1000 * DAY, at + left * DAY), at).await;
            expiry.said != before
        };
        assert!(!says(15, now).await);
        assert!(says(13, now).await);
        assert!(!says(13, now + DAY / 2).await);
        assert!(says(12, now + DAY).await);
        // A clock that was set back does not silence it.
        assert!(says(12, now - DAY).await);
    }

    #[tokio::test]
    async fn what_lives_shortly_is_given_time_to_be_renewed() {
        let begin = SystemTime::now();
        // It is renewed after 20 days, or should have been.
        for (day, says) in [(17, false), (24, false), (26, true)] {
            let mut expiry = Expiry::default();
            expiry.look(life(begin + 20 * DAY, begin + 30 * DAY), begin + day * DAY).await;
            assert_eq!(expiry.said.is_some(), says, "day {day}");
        }
    }
}
