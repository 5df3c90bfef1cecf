//! Reads a request's body, within bounds.

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use vpcguard_policies::Head;

use super::failure::Failure;
use super::values;

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

/// The whole body, as soon as there is room to judge it. How it begins is known before that, and whatever becomes of it.
pub(super) async fn read<'room>(
    body: Body,
    room: &'room Room,
    beginning: &mut Vec<u8>,
) -> Result<Whole<'room>, Failure> {
    let is_small = body.size_hint().upper().is_some_and(|size| size <= SMALL);
    let mut coming = Coming { body, bytes: Vec::new(), length: 0, beginning };
    while coming.beginning.len() < Head::SOUGHT_IN && coming.goes_on().await? {}
    if is_small {
        return Ok(Whole { bytes: coming.whole().await?, _places: None });
    }
    // Nobody closes a semaphore.
    let place = room.read.acquire().await.ok();
    let bytes = coming.whole().await?;
    values::count(&bytes)?;
    let judged = room.judged.acquire().await.ok();
    Ok(Whole { bytes, _places: place.zip(judged).map(<[_; 2]>::from) })
}

/// A body of which not all has come.
struct Coming<'b> {
    body: Body,
    bytes: Vec<u8>,
    /// How much has come, of which not all may be kept.
    length: usize,
    beginning: &'b mut Vec<u8>,
}

impl Coming<'_> {
    /// Takes what comes next; whether there may be more.
    async fn goes_on(&mut self) -> Result<bool, Failure> {
        let Some(frame) = self.body.frame().await else { return Ok(false) };
        let frame = frame.map_err(|error| Failure::Unreadable(error.to_string()))?;
        let Ok(data) = frame.into_data() else { return Ok(true) };
        let sought = Head::SOUGHT_IN.saturating_sub(self.beginning.len());
        self.beginning.extend_from_slice(data.get(..sought).unwrap_or(&data));
        if self.bytes.is_empty() {
            // Growing would take up to twice its size.
            let announced = self.body.size_hint().upper().and_then(|size| usize::try_from(size).ok());
            let announced = announced.unwrap_or_default().saturating_add(data.len());
            self.bytes.reserve(announced.min(LIMIT));
        }
        self.length = self.length.saturating_add(data.len());
        if self.length <= LIMIT {
            self.bytes.extend_from_slice(&data);
        } else {
            self.bytes = Vec::new();
        }
        Ok(self.length <= THROWN_AWAY)
    }

    async fn whole(mut self) -> Result<Vec<u8>, Failure> {
        while self.goes_on().await? {}
        if self.length > LIMIT { Err(Failure::TooLarge { limit: LIMIT }) } else { Ok(self.bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn length(body: Vec<u8>, room: &Room) -> usize {
        read(Body::from(body), room, &mut Vec::new()).await.unwrap().bytes.len()
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
        let first = read(Body::from(vec![b' '; LIMIT]), &room, &mut Vec::new()).await.unwrap();
        let mut second = std::pin::pin!(length(vec![b' '; LIMIT], &room));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        drop(first);
        assert_eq!(second.await, LIMIT);
    }

    #[tokio::test]
    async fn how_a_body_begins_is_known_before_there_is_room() {
        let room = Room { read: Semaphore::new(0), judged: Semaphore::new(0) };
        let (body, mut beginning) = (Body::from(vec![b' '; LIMIT]), Vec::new());
        assert!(futures_util::poll!(Box::pin(read(body, &room, &mut beginning))).is_pending());
        assert_eq!(beginning, [b' '; Head::SOUGHT_IN]);
    }

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        let room = Room::default();
        assert_eq!(length(vec![b' '; LIMIT], &room).await, LIMIT);
        let values = read(Body::from(vec![b','; LIMIT]), &room, &mut Vec::new()).await;
        assert!(matches!(values, Err(Failure::TooManyValues { .. })));
        for length in [LIMIT + 1, THROWN_AWAY + 1] {
            let read = read(Body::from(vec![b' '; length]), &room, &mut Vec::new()).await;
            assert!(matches!(read, Err(Failure::TooLarge { .. })));
        }
    }
}
