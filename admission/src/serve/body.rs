//! Reads a request's body, within bounds.

use axum::body::Body;
use http_body_util::BodyExt;

use super::failure::Failure;

/// The largest body that is looked at. The API server stores objects of up to 1.5 MiB, and an UPDATE holds two.
pub(super) const LIMIT: usize = 8 << 20;

/// What is read of a larger one, and thrown away: a client that writes all before it reads learns from the answer what
/// was wrong, where it would otherwise see its connection break.
const THROWN_AWAY: usize = 4 * LIMIT;

/// The whole body.
pub(super) async fn read(mut body: Body) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::Unreadable(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= LIMIT {
            bytes.extend_from_slice(&data);
        } else if length <= THROWN_AWAY {
            bytes = Vec::new();
        } else {
            break;
        }
    }
    if length > LIMIT { Err(Failure::TooLarge { limit: LIMIT }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        assert_eq!(read(Body::from(vec![b' '; LIMIT])).await.unwrap().len(), LIMIT);
        for length in [LIMIT + 1, THROWN_AWAY + 1] {
            assert!(matches!(read(Body::from(vec![b' '; length])).await, Err(Failure::TooLarge { .. })));
        }
    }
}
