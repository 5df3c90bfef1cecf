//! The memory that all bodies share, complete or not.
//!
//! It is given out as bytes come, for whoever announces much may never send it. Where there is none left, bodies wait with
//! what they have in hand. After a while those have to go that have least in hand, as many as it takes for all of another one
//! to fit: a body that comes is read, however many there are that do not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What all bodies hold together, at most: some three of the largest (docs/figures.md).
const MOST_HELD: usize = 128 << 20;

/// For how long nobody has to go for want of room.
const PATIENCE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct BodyBudget {
    state: Mutex<State>,
    freed: Notify,
    patience: Duration,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Those of which not all has come.
    coming: BTreeMap<u64, Coming>,
    /// Counts bodies and what they take.
    last: u64,
    /// When somebody last had to go.
    cleared: Option<Instant>,
}

/// A body of which not all has come.
#[derive(Debug)]
struct Coming {
    held: usize,
    /// What has come, and there is no room for yet.
    in_hand: usize,
    /// When it last took something.
    took: u64,
    gone: CancellationToken,
}

impl Coming {
    /// Who has the least has to go first: nothing in hand, and that longest; then little in hand, and little beside that.
    fn advanced(&self) -> (usize, usize, u64) {
        (self.in_hand, if self.in_hand == 0 { 0 } else { self.held }, self.took)
    }
}

/// What one body holds, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    room: Arc<BodyBudget>,
    number: u64,
    bytes: usize,
    gone: CancellationToken,
}

/// Another body needed the room more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

impl Default for BodyBudget {
    fn default() -> Self {
        Self::of(MOST_HELD, PATIENCE)
    }
}

impl BodyBudget {
    fn of(bytes: usize, patience: Duration) -> Self {
        let state = State { free: bytes, coming: BTreeMap::new(), last: 0, cleared: None };
        Self { state: Mutex::new(state), freed: Notify::new(), patience }
    }

    /// Room for a body of which nothing has come yet.
    pub(super) fn begin(self: &Arc<Self>) -> Held {
        let (mut state, gone) = (self.state(), CancellationToken::new());
        state.last += 1;
        let number = state.last;
        state.coming.insert(number, Coming { held: 0, in_hand: 0, took: number, gone: gone.clone() });
        Held { room: Arc::clone(self), number, bytes: 0, gone }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a body got so many bytes more.
    fn take(&mut self, number: u64, bytes: usize) -> bool {
        let Some(coming) = self.coming.get_mut(&number) else { return false };
        if bytes > self.free {
            coming.in_hand = bytes;
            return false;
        }
        self.last += 1;
        self.free -= bytes;
        *coming = Coming { held: coming.held + bytes, in_hand: 0, took: self.last, gone: coming.gone.clone() };
        true
    }

    /// Makes room for a body that lacks so many bytes: those that have advanced less than it have to go, the least first.
    fn clear(&mut self, number: u64, lacking: usize, patience: Duration) {
        // What somebody made room for a moment ago may not be free yet.
        if self.cleared.is_some_and(|cleared| cleared.elapsed() < patience) {
            return;
        }
        let Some(advanced) = self.coming.get(&number).map(Coming::advanced) else { return };
        let mut others: Vec<_> = self.coming.iter().map(|(other, coming)| (coming.advanced(), *other)).collect();
        others.retain(|(other, _)| *other < advanced);
        others.sort_unstable();
        let mut room = self.free;
        for (_, other) in others {
            if room >= lacking {
                break;
            }
            if let Some(gone) = self.coming.remove(&other) {
                room += gone.held;
                gone.gone.cancel();
                self.cleared = Some(Instant::now());
            }
        }
    }
}

impl Held {
    /// Takes so many bytes more, as soon as there is room for them. So many are still to come, these among them.
    pub(super) async fn take(&mut self, bytes: usize, lacking: usize) -> Result<(), Gone> {
        let patience = self.room.patience;
        let mut until = Instant::now() + patience;
        loop {
            // It hears of whatever is freed from now on.
            let freed = self.room.freed.notified();
            if self.room.state().take(self.number, bytes) {
                self.bytes += bytes;
                return Ok(());
            }
            tokio::select! {
                () = self.gone.cancelled() => return Err(Gone),
                () = freed => {}
                () = sleep_until(until) => {
                    self.room.state().clear(self.number, lacking.max(bytes), patience);
                    until = Instant::now() + patience;
                }
            }
        }
    }

    /// Ends when the body has to go.
    pub(super) async fn gone(&self) {
        self.gone.cancelled().await;
    }

    /// All of it has come: it stays for as long as it is needed.
    pub(super) fn complete(&self) {
        self.room.state().coming.remove(&self.number);
    }

    /// Gives everything back.
    pub(super) fn give_back(&mut self) {
        let mut state = self.room.state();
        state.coming.remove(&self.number);
        state.free += std::mem::take(&mut self.bytes);
        drop(state);
        self.room.freed.notify_waiters();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(bytes: usize) -> Arc<BodyBudget> {
        Arc::new(BodyBudget::of(bytes, Duration::from_millis(5)))
    }

    #[tokio::test]
    async fn what_is_given_back_is_given_out_again() {
        let room = room(10);
        let (mut first, mut second) = (room.begin(), room.begin());
        first.take(10, 10).await.unwrap();
        first.complete();
        let mut waiting = Box::pin(second.take(1, 1));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        drop(first);
        waiting.await.unwrap();
        drop(second);
        assert_eq!(room.state().free, 10);
        assert!(room.state().coming.is_empty());
    }

    #[tokio::test]
    async fn the_largest_is_read_while_others_stall_or_trickle() {
        let room = room(128);
        let mut others: Vec<_> = (0..17).map(|_| room.begin()).collect();
        for other in &mut others {
            other.take(7, 36).await.unwrap();
        }
        for (number, mut other) in others.into_iter().enumerate() {
            tokio::spawn(async move {
                if number % 2 == 0 {
                    return other.gone().await;
                }
                while other.take(1, 29).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            });
        }
        let mut honest = room.begin();
        for part in 0..9 {
            honest.take(4, 36 - part * 4).await.unwrap();
        }
        honest.complete();
        assert_eq!(honest.bytes, 36);
    }

    #[tokio::test]
    async fn of_two_that_come_the_one_that_is_further_goes_on() {
        let room = room(10);
        let (mut first, mut second) = (room.begin(), room.begin());
        first.take(6, 10).await.unwrap();
        second.take(4, 10).await.unwrap();
        let (first, second) = tokio::join!(async { first.take(4, 4).await.inspect(|()| first.complete()) }, async {
            second.take(4, 6).await.inspect_err(|_| second.give_back())
        },);
        assert_eq!((first, second), (Ok(()), Err(Gone)));
    }

    #[tokio::test]
    async fn what_is_complete_stays() {
        let room = room(10);
        let (mut complete, mut stalled, mut coming) = (room.begin(), room.begin(), room.begin());
        complete.take(5, 5).await.unwrap();
        complete.complete();
        stalled.take(5, 10).await.unwrap();
        let goes = async {
            stalled.gone().await;
            drop(stalled);
        };
        let (taken, ()) = tokio::join!(coming.take(5, 5), goes);
        assert_eq!(taken, Ok(()));
        assert!(!complete.gone.is_cancelled());
    }
}
