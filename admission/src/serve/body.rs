//! Reads a request's body, within bounds.

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::Semaphore;

use super::failure::Failure;

/// The largest body that is looked at. The API server stores objects of up to 1.5 MiB, and an UPDATE holds two.
pub(super) const LIMIT: usize = 8 << 20;

/// What is read of a larger one, and thrown away: a client that writes all before it reads learns from the answer what
/// was wrong, where it would otherwise see its connection break.
const THROWN_AWAY: usize = 4 * LIMIT;

/// What most bodies are smaller than.
const SMALL: u64 = 256 << 10;

/// How many large bodies are read at the same time. The others wait, and small ones go past them: with all connections
/// taken the worst is some 512 MiB.
const MOST_LARGE: usize = 32;

/// Room for large bodies.
#[derive(Debug)]
pub(super) struct Room(Semaphore);

impl Default for Room {
    fn default() -> Self {
        Self(Semaphore::new(MOST_LARGE))
    }
}

/// The whole body.
pub(super) async fn read(mut body: Body, room: &Room) -> Result<Vec<u8>, Failure> {
    let is_small = body.size_hint().upper().is_some_and(|size| size <= SMALL);
    // Nobody closes the semaphore.
    let _room = if is_small { None } else { room.0.acquire().await.ok() };
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
    async fn small_bodies_go_past_large_ones_that_wait() {
        let room = Room(Semaphore::new(0));
        assert_eq!(read(Body::from("{}"), &room).await.unwrap(), b"{}");
        let mut large = std::pin::pin!(read(Body::from(vec![b' '; LIMIT]), &room));
        assert!(futures_util::poll!(large.as_mut()).is_pending());
        room.0.add_permits(1);
        assert_eq!(large.await.unwrap().len(), LIMIT);
    }

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        let room = Room::default();
        assert_eq!(read(Body::from(vec![b' '; LIMIT]), &room).await.unwrap().len(), LIMIT);
        for length in [LIMIT + 1, THROWN_AWAY + 1] {
            assert!(matches!(read(Body::from(vec![b' '; length]), &room).await, Err(Failure::TooLarge { .. })));
        }
    }
}
