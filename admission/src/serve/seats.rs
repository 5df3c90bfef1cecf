//! How many clients there is room for, and who has to go when there is none.
//!
//! Whoever waits for an answer keeps its seat. Of the others, those that never asked anything go first, then those that
//! have been silent longest: a thousand open connections keep nobody from asking.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// All seats.
#[derive(Debug)]
pub(super) struct Seats {
    room: Arc<Semaphore>,
    silent: Mutex<Silent>,
}

/// Connections without a request, in the order in which they have to go.
#[derive(Debug, Default)]
struct Silent {
    tickets: BTreeMap<Ticket, CancellationToken>,
    last: u64,
}

/// Whether anything was ever asked, and how long ago that was.
type Ticket = (bool, u64);

/// The seat of one connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    ticket: Mutex<Option<Ticket>>,
    evicted: CancellationToken,
    _room: OwnedSemaphorePermit,
}

impl Seats {
    pub(super) fn new(number: usize) -> Arc<Self> {
        Arc::new(Self { room: Arc::new(Semaphore::new(number)), silent: Mutex::default() })
    }

    /// A seat, for which another connection may have to go. Where all wait for answers, so does whoever comes.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Seat> {
        if self.room.available_permits() == 0 {
            let longest = self.silent().tickets.pop_first();
            if let Some((_, evicted)) = longest {
                evicted.cancel();
            }
        }
        // Nobody closes the semaphore.
        let room = Arc::clone(&self.room).acquire_owned().await.ok()?;
        let seat =
            Seat { seats: Arc::clone(self), ticket: Mutex::default(), evicted: CancellationToken::new(), _room: room };
        seat.wait(false);
        Some(seat)
    }

    fn silent(&self) -> MutexGuard<'_, Silent> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Ends when somebody else needs the seat.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// A request has come: the seat is kept until it is answered.
    pub(super) fn ask(&self) {
        if let Some(ticket) = self.ticket().take() {
            self.seats.silent().tickets.remove(&ticket);
        }
    }

    /// The request is answered.
    pub(super) fn answered(&self) {
        self.wait(true);
    }

    fn wait(&self, has_asked: bool) {
        let mut silent = self.seats.silent();
        silent.last += 1;
        let ticket = (has_asked, silent.last);
        silent.tickets.insert(ticket, self.evicted.clone());
        *self.ticket() = Some(ticket);
    }

    fn ticket(&self) -> MutexGuard<'_, Option<Ticket>> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.ask();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_never_asked_goes_first_and_who_waits_stays() {
        let seats = Seats::new(3);
        let waiting = seats.take().await.unwrap();
        let asked_once = seats.take().await.unwrap();
        let never_asked = seats.take().await.unwrap();
        waiting.ask();
        asked_once.ask();
        asked_once.answered();

        let mut next = Box::pin(seats.take());
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        never_asked.evicted().await;
        drop(never_asked);
        let next = next.await.unwrap();
        next.ask();

        let mut last = Box::pin(seats.take());
        assert!(futures_util::poll!(last.as_mut()).is_pending());
        asked_once.evicted().await;
        drop(asked_once);
        let last = last.await.unwrap();
        last.ask();

        let mut none = Box::pin(seats.take());
        assert!(futures_util::poll!(none.as_mut()).is_pending());
        assert!(!waiting.evicted.is_cancelled() && !next.evicted.is_cancelled());
        drop(waiting);
        none.await.unwrap();
    }
}
