//! Reads a request's body, within bounds.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::body::Bytes;
use vpcguard_policies::Head;

use super::body_budget::{BodyBudget, Gone, Held};
use super::failure::Failure;

/// The largest object that an API server takes, as it was sent.
const OBJECT: usize = 3 << 20;

/// What a byte of it may become on its way here: the API server writes `<` as `\u003c`, and so `>`, `&` and all that is no
/// text.
const ESCAPED: usize = 6;

/// What may be around the objects.
const AROUND: usize = 1 << 20;

/// The largest body that is looked at: an UPDATE holds two versions.
pub(super) const LIMIT: usize = 2 * ESCAPED * OBJECT + AROUND;

/// What is read beyond that, and thrown away: a client that writes all before it reads learns from the answer what was wrong,
/// where it would otherwise see its connection break.
const THROWN_AWAY: usize = 32 << 20;

/// How long what has to go is read on for the same reason, if it still comes.
const ALERT_LINGER: Duration = Duration::from_secs(1);

/// What most bodies are smaller than.
pub(super) const SMALL: usize = 256 << 10;

/// In what parts a body is kept until it is taken apart. What a part gave back is there for the next one at once, where the
/// memory of a large body as a whole would lie about for a while (docs/figures.md).
const PART: usize = 64 << 10;

/// A whole body. It takes up room until it is dropped.
#[derive(Debug)]
pub(super) struct BufferedBody {
    parts: Vec<Vec<u8>>,
    held: Held,
}

/// A whole body in one piece.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    _held: Held,
}

impl BufferedBody {
    pub(super) fn length(&self) -> usize {
        self.parts.iter().map(Vec::len).sum()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(Vec::as_slice)
    }

    pub(super) fn into_piece(self) -> Piece {
        let length = self.length();
        let mut parts = self.parts.into_iter();
        let mut bytes = parts.next().unwrap_or_default();
        bytes.reserve_exact(length.saturating_sub(bytes.len()));
        for part in parts {
            bytes.extend_from_slice(&part);
        }
        Piece { bytes, _held: self.held }
    }
}

/// The whole body. How it begins is known before there is room for any of it, and whatever becomes of it.
pub(super) async fn read(body: Body, room: &Arc<BodyBudget>, beginning: &mut Vec<u8>) -> Result<BufferedBody, Failure> {
    let mut coming = Coming { body, length: 0, beginning };
    let read = coming.keep(room.begin()).await;
    match &read {
        Err(Failure::TooLarge { .. }) => coming.throw_away().await,
        // Who is about to send it all should hear what became of it.
        Err(Failure::NoRoom) => drop(tokio::time::timeout(ALERT_LINGER, coming.throw_away()).await),
        _ => {}
    }
    read
}

/// A body of which not all has come.
struct Coming<'b> {
    body: Body,
    /// How much has come, of which not all may be kept.
    length: usize,
    beginning: &'b mut Vec<u8>,
}

impl Coming<'_> {
    /// All of it, as far as there is room.
    async fn keep(&mut self, mut held: Held) -> Result<BufferedBody, Failure> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        loop {
            let next = tokio::select! {
                next = self.next() => next?,
                () = held.gone() => return Err(Failure::NoRoom),
            };
            let Some(mut data) = next else { break };
            if self.length > LIMIT {
                return Err(Failure::TooLarge { limit: LIMIT });
            }
            let lacking = self.rest().saturating_add(data.len()).min(LIMIT);
            held.take(data.len(), lacking).await.map_err(|Gone| Failure::NoRoom)?;
            while !data.is_empty() {
                match parts.last_mut().filter(|part| part.len() < part.capacity()) {
                    Some(part) => {
                        let fits = data.split_to(data.len().min(part.capacity() - part.len()));
                        part.extend_from_slice(&fits);
                    }
                    None => parts.push(Vec::with_capacity(lacking.min(PART))),
                }
            }
        }
        held.complete();
        Ok(BufferedBody { parts, held })
    }

    /// What comes next; nothing at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| Failure::Unreadable(error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            let sought = Head::SOUGHT_IN.saturating_sub(self.beginning.len());
            self.beginning.extend_from_slice(data.get(..sought).unwrap_or(&data));
            self.length = self.length.saturating_add(data.len());
            return Ok(Some(data));
        }
        Ok(None)
    }

    /// How much more is announced.
    fn rest(&self) -> usize {
        let rest = self.body.size_hint().upper().and_then(|size| usize::try_from(size).ok());
        rest.unwrap_or_default()
    }

    /// Goes on to its end, if that is not too far, and keeps nothing.
    async fn throw_away(&mut self) {
        while self.length <= LIMIT + THROWN_AWAY && matches!(self.next().await, Ok(Some(_))) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        let room = Arc::new(BodyBudget::default());
        let whole = read(Body::from(vec![b' '; LIMIT]), &room, &mut Vec::new()).await.unwrap();
        assert_eq!(whole.length(), LIMIT);
        for length in [LIMIT + 1, LIMIT + THROWN_AWAY + 1] {
            let read = read(Body::from(vec![b' '; length]), &room, &mut Vec::new()).await;
            assert!(matches!(read, Err(Failure::TooLarge { .. })));
        }
    }

    #[tokio::test]
    async fn a_body_is_what_was_sent() {
        let room = Arc::new(BodyBudget::default());
        for length in [0, 1, PART - 1, PART, PART + 1, 5 * PART + 7] {
            let sent: Vec<_> = (0_u8..251).cycle().take(length).collect();
            let pieces: Vec<_> = sent.chunks(1 + length / 3).map(<[u8]>::to_vec).collect();
            let pieces = pieces.into_iter().map(Ok::<_, std::convert::Infallible>);
            let streamed = Body::from_stream(futures_util::stream::iter(pieces));
            for body in [Body::from(sent.clone()), streamed] {
                let whole = read(body, &room, &mut Vec::new()).await.unwrap();
                assert_eq!(whole.length(), length);
                assert!(whole.into_piece().bytes == sent, "{length}");
            }
        }
    }

    #[tokio::test]
    async fn how_a_body_begins_is_known_before_there_is_room() {
        let room = Arc::new(BodyBudget::default());
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(read(Body::from(vec![b' '; LIMIT]), &room, &mut Vec::new()).await.unwrap());
        }
        let mut beginning = Vec::new();
        assert!(futures_util::poll!(Box::pin(read(Body::from(vec![b'x'; LIMIT]), &room, &mut beginning))).is_pending());
        assert_eq!(beginning, [b'x'; Head::SOUGHT_IN]);
    }

    #[tokio::test]
    async fn nothing_is_held_once_a_body_is_gone() {
        let room = Arc::new(BodyBudget::default());
        for _ in 0..3 {
            for length in [1, LIMIT, LIMIT + 1] {
                drop(read(Body::from(vec![b' '; length]), &room, &mut Vec::new()).await);
            }
        }
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(read(Body::from(vec![b' '; LIMIT]), &room, &mut Vec::new()).await.unwrap());
        }
    }
}
