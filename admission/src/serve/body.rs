//! Reads a request's body, within bounds.

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::failure::Failure;

/// The largest body that is looked at. The API server stores objects of up to 1.5 MiB, and an UPDATE holds two.
pub(super) const LIMIT: usize = 8 << 20;

/// What is read of a larger one, and thrown away: a client that writes all before it reads learns from the answer what
/// was wrong, where it would otherwise see its connection break.
const THROWN_AWAY: usize = 4 * LIMIT;

/// What most bodies are smaller than.
const SMALL: u64 = 256 << 10;

/// How many large bodies are read at the same time, of some of which nothing more may ever come. The others wait, and small
/// ones go past them.
const MOST_READ: usize = 16;

/// How many values a large body may hold, give or take those separators that stand in texts. A value may have two bytes in
/// the body, and takes some hundred of memory while it is judged (docs/figures.md).
const MOST_VALUES: usize = 500_000;

/// How many large bodies are judged at the same time.
const MOST_JUDGED: usize = 2;

/// Room for large bodies.
#[derive(Debug)]
pub(super) struct Room {
    read: Semaphore,
    judged: Semaphore,
}

impl Default for Room {
    fn default() -> Self {
        Self { read: Semaphore::new(MOST_READ), judged: Semaphore::new(MOST_JUDGED) }
    }
}

/// A whole body. A large one takes up room until it is dropped.
#[derive(Debug)]
pub(super) struct Whole<'room> {
    pub(super) bytes: Vec<u8>,
    _places: Option<[SemaphorePermit<'room>; 2]>,
}

/// The whole body, as soon as there is room to judge it.
pub(super) async fn read(body: Body, room: &Room) -> Result<Whole<'_>, Failure> {
    let is_small = body.size_hint().upper().is_some_and(|size| size <= SMALL);
    if is_small {
        return Ok(Whole { bytes: bytes(body).await?, _places: None });
    }
    // Nobody closes a semaphore.
    let place = room.read.acquire().await.ok();
    let bytes = bytes(body).await?;
    let separators = bytes.iter().filter(|byte| matches!(byte, b',' | b':' | b'[')).count();
    if separators > MOST_VALUES {
        return Err(Failure::TooManyValues { limit: MOST_VALUES });
    }
    let judged = room.judged.acquire().await.ok();
    Ok(Whole { bytes, _places: place.zip(judged).map(<[_; 2]>::from) })
}

async fn bytes(mut body: Body) -> Result<Vec<u8>, Failure> {
    // Growing would take up to twice its size.
    let announced = body.size_hint().upper().and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(announced.min(LIMIT));
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

    async fn length(body: Vec<u8>, room: &Room) -> usize {
        read(Body::from(body), room).await.unwrap().bytes.len()
    }

    #[tokio::test]
    async fn small_bodies_go_past_large_ones_that_wait() {
        for (reads, judges) in [(0, 1), (1, 0)] {
            let room = Room { read: Semaphore::new(reads), judged: Semaphore::new(judges) };
            assert_eq!(length(b"{}".into(), &room).await, 2);
            let mut large = std::pin::pin!(length(vec![b' '; LIMIT], &room));
            assert!(futures_util::poll!(large.as_mut()).is_pending());
            room.read.add_permits(1 - reads);
            room.judged.add_permits(1 - judges);
            assert_eq!(large.await, LIMIT);
        }
    }

    #[tokio::test]
    async fn a_large_body_takes_up_room_until_it_is_answered() {
        let room = Room { read: Semaphore::new(2), judged: Semaphore::new(1) };
        let first = read(Body::from(vec![b' '; LIMIT]), &room).await.unwrap();
        let mut second = std::pin::pin!(length(vec![b' '; LIMIT], &room));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        drop(first);
        assert_eq!(second.await, LIMIT);
    }

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        let room = Room::default();
        assert_eq!(length(vec![b' '; LIMIT], &room).await, LIMIT);
        let values = read(Body::from(vec![b','; LIMIT]), &room).await;
        assert!(matches!(values, Err(Failure::TooManyValues { .. })));
        for length in [LIMIT + 1, THROWN_AWAY + 1] {
            let read = read(Body::from(vec![b' '; length]), &room).await;
            assert!(matches!(read, Err(Failure::TooLarge { .. })));
        }
    }
}
