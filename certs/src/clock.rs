//! Times as certificates and Secrets write them. None of this reads a clock.

use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::CertError;

/// The second that this time is in.
pub(crate) fn whole_second(at: SystemTime) -> Result<OffsetDateTime, CertError> {
    let seconds = i64::try_from(since_epoch(at)?.as_secs()).map_err(|_| CertError::Clock)?;
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| CertError::Clock)
}

/// This time, or the next whole second: a wait that begins there is never too short.
pub(crate) fn rounded_up(at: SystemTime) -> SystemTime {
    let part = since_epoch(at).map(|since| since.subsec_nanos()).unwrap_or_default();
    if part == 0 { at } else { later(at, Duration::from_nanos(u64::from(1_000_000_000 - part))) }
}

/// A time before 1970 is taken for its begin: nothing of ours is older.
pub(crate) fn from_unix(seconds: i64) -> Result<SystemTime, CertError> {
    let seconds = u64::try_from(seconds).unwrap_or_default();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or(CertError::Clock)
}

/// For what verifies certificates.
pub(crate) fn unix(at: SystemTime) -> Result<UnixTime, CertError> {
    Ok(UnixTime::since_unix_epoch(since_epoch(at)?))
}

/// As people read it.
pub(crate) fn to_rfc3339(at: SystemTime) -> Option<String> {
    whole_second(at).ok()?.format(&Rfc3339).ok()
}

pub(crate) fn from_rfc3339(text: &str) -> Option<SystemTime> {
    from_unix(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp()).ok()
}

/// Later by this, or at the end of time.
pub(crate) fn later(at: SystemTime, by: Duration) -> SystemTime {
    at.checked_add(by).unwrap_or(at)
}

fn since_epoch(at: SystemTime) -> Result<Duration, CertError> {
    at.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| CertError::Clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_its_text_and_is_rounded_up() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_000_000_001);
        let next = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_001);
        assert_eq!(rounded_up(at), next);
        assert_eq!(rounded_up(next), next);
        assert_eq!(to_rfc3339(next).as_deref(), Some("2026-11-18T11:06:41Z"));
        assert_eq!(from_rfc3339("2026-11-18T11:06:41Z"), Some(next));
        assert_eq!(from_rfc3339("2026-11-18T12:06:41+01:00"), Some(next));
        assert_eq!(from_rfc3339("soon"), None);
    }
}
