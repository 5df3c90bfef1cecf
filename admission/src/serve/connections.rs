//! How many clients there is room for, and who has to go when there is none.
//!
//! Whoever waits for an answer keeps its connection. Of the others, those that never asked anything go first, then those that
//! have been silent longest: a thousand open connections keep nobody from asking. A request is asked when all of it is
//! there, for it costs nothing to begin one.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Lets in so many connections at a time.
#[derive(Debug)]
pub(super) struct ConnectionLimiter {
    room: Arc<Semaphore>,
    silent: Mutex<Silent>,
}

/// Connections without a request, in the order in which they have to go.
#[derive(Debug, Default)]
struct Silent {
    tickets: BTreeMap<Ticket, CancellationToken>,
    last: u64,
    /// Somebody came while all were waiting for answers: the first to get one has to go.
    is_wanted: bool,
}

/// Whether anything was ever asked, and how long ago that was.
type Ticket = (bool, u64);

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    limiter: Arc<ConnectionLimiter>,
    ticket: Mutex<Option<Ticket>>,
    evicted: CancellationToken,
    _room: OwnedSemaphorePermit,
}

impl ConnectionLimiter {
    pub(super) fn new(number: usize) -> Arc<Self> {
        Arc::new(Self { room: Arc::new(Semaphore::new(number)), silent: Mutex::default() })
    }

    /// A permit, for which another connection may have to go. Where all wait for answers, so does whoever comes.
    pub(super) async fn take(self: &Arc<Self>) -> Option<ConnectionPermit> {
        if self.room.available_permits() == 0 {
            let mut silent = self.silent();
            match silent.tickets.pop_first() {
                Some((_, evicted)) => evicted.cancel(),
                None => silent.is_wanted = true,
            }
        }
        // Nobody closes the semaphore.
        let room = Arc::clone(&self.room).acquire_owned().await.ok()?;
        self.silent().is_wanted = false;
        let permit = ConnectionPermit {
            limiter: Arc::clone(self),
            ticket: Mutex::default(),
            evicted: CancellationToken::new(),
            _room: room,
        };
        permit.wait(false);
        Some(permit)
    }

    fn silent(&self) -> MutexGuard<'_, Silent> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPermit {
    /// Ends when somebody else needs the place.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// All of a request has come: the permit is kept until it is answered.
    pub(super) fn ask(&self) {
        // The lock is let go before the other one is taken.
        let ticket = self.ticket().take();
        if let Some(ticket) = ticket {
            self.limiter.silent().tickets.remove(&ticket);
        }
    }

    /// The request is answered.
    pub(super) fn answered(&self) {
        self.wait(true);
    }

    fn wait(&self, has_asked: bool) {
        // Not all of what is answered has come.
        self.ask();
        let mut silent = self.limiter.silent();
        if std::mem::take(&mut silent.is_wanted) {
            // Its answer is on the way before the connection looks whether it has to go.
            self.evicted.cancel();
            return;
        }
        silent.last += 1;
        let ticket = (has_asked, silent.last);
        silent.tickets.insert(ticket, self.evicted.clone());
        *self.ticket() = Some(ticket);
    }

    fn ticket(&self) -> MutexGuard<'_, Option<Ticket>> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.ask();
    }
}

/// The body of a request, which is asked at its end.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: Incoming,
    permit: Arc<ConnectionPermit>,
}

impl TrackedBody {
    pub(super) fn new(body: Incoming, permit: Arc<ConnectionPermit>) -> Self {
        if body.is_end_stream() {
            permit.ask();
        }
        Self { body, permit }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let tracked = self.get_mut();
        let frame = Pin::new(&mut tracked.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || tracked.body.is_end_stream() {
            tracked.permit.ask();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_never_asked_goes_first_and_who_waits_stays() {
        let limiter = ConnectionLimiter::new(3);
        let waiting = limiter.take().await.unwrap();
        let asked_once = limiter.take().await.unwrap();
        let never_asked = limiter.take().await.unwrap();
        waiting.ask();
        asked_once.ask();
        asked_once.answered();

        let mut next = Box::pin(limiter.take());
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        never_asked.evicted().await;
        drop(never_asked);
        let next = next.await.unwrap();
        next.ask();

        let mut last = Box::pin(limiter.take());
        assert!(futures_util::poll!(last.as_mut()).is_pending());
        asked_once.evicted().await;
        drop(asked_once);
        let last = last.await.unwrap();
        last.ask();

        let mut none = Box::pin(limiter.take());
        assert!(futures_util::poll!(none.as_mut()).is_pending());
        assert!(!waiting.evicted.is_cancelled() && !next.evicted.is_cancelled());
        waiting.answered();
        waiting.evicted().await;
        assert!(futures_util::poll!(none.as_mut()).is_pending());
        drop(waiting);
        let one = none.await.unwrap();
        next.answered();
        assert!(!one.evicted.is_cancelled() && !next.evicted.is_cancelled());
    }
}
