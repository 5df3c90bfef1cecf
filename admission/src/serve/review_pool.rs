//! The threads on which bodies are taken apart and judged: not those that accept connections and read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::body::{BufferedBody, Piece, SMALL};
use super::failure::Failure;
use super::values;

/// What a value takes while it is judged, in bytes (docs/figures.md).
const A_VALUE: usize = 100;

/// What judges knows its time limit itself, and says better what it has waited for.
const GRACE: Duration = Duration::from_millis(200);

/// In what memory is reckoned here.
const UNIT: usize = 1 << 10;

/// What all small bodies may take together while they are judged, in units, beside what is read; then all large ones. One that
/// finds no room waits, and small ones go past large ones. They cannot be more than there are connections.
const FOR_SMALL: u32 = 48 << 10;
const FOR_LARGE: u32 = 128 << 10;

/// See the module.
#[derive(Debug)]
pub(super) struct ReviewPool {
    small: Lane,
    large: Lane,
}

/// Threads, and the memory that they may use, for bodies of a size.
#[derive(Debug)]
struct Lane {
    /// None once it is dropped.
    runtime: Option<Runtime>,
    room: Arc<Semaphore>,
    units: u32,
}

impl Lane {
    fn new(name: &str, threads: usize, units: u32) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build()?;
        let permits = usize::try_from(units).unwrap_or(Semaphore::MAX_PERMITS);
        Ok(Self { runtime: Some(runtime), room: Arc::new(Semaphore::new(permits)), units })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // Where threads may not be waited for, a runtime that is just dropped panics.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl ReviewPool {
    pub(super) fn new() -> io::Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        // What a thread has freed is not always there for another one: of several, each would keep what a large body took.
        Ok(Self {
            small: Lane::new("judging", processors, FOR_SMALL)?,
            large: Lane::new("judging-large", 1, FOR_LARGE)?,
        })
    }

    /// Judges a body there, as soon as there is room for its values, by a time limit. A panic costs this body its
    /// verdict: what it shares with others is behind locks, which they take whatever became of their last holder.
    pub(super) async fn run<T, F>(
        &self,
        body: BufferedBody,
        limit: Instant,
        budget: Duration,
        judging: impl FnOnce(Piece) -> F + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send,
    {
        let length = body.length();
        let lane = if length <= SMALL { &self.small } else { &self.large };
        let (room, most) = (Arc::clone(&lane.room), lane.units);
        let judging = async move {
            let values = values::count(body.parts())?;
            let units = values.saturating_mul(A_VALUE).saturating_add(length).div_ceil(UNIT);
            let units = u32::try_from(units).unwrap_or(most).min(most);
            let Ok(_room) = timeout_at(limit, room.acquire_many(units)).await else {
                return Err(Failure::OutOfTime(budget));
            };
            Ok(judging(body.into_piece()).await)
        };
        let Some(runtime) = &lane.runtime else { return Err(Failure::Panic) };
        // Who goes away takes the task along.
        let reviewed = AbortOnDropHandle::new(runtime.spawn(judging));
        // Whatever it is busy with, the answer goes out in time.
        let reviewed = timeout_at(limit + GRACE, reviewed).await;
        reviewed.map_or(Err(Failure::OutOfTime(budget)), |reviewed| reviewed.unwrap_or(Err(Failure::Panic)))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::super::body;
    use super::super::body_budget::BodyBudget;
    use super::*;

    const BUDGET: Duration = Duration::from_secs(9);

    async fn whole(text: String) -> BufferedBody {
        body::read(Body::from(text), &Arc::new(BodyBudget::default()), &mut Vec::new()).await.unwrap()
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_mins(5)
    }

    #[tokio::test]
    async fn small_bodies_go_past_large_ones_that_wait() {
        let pool = ReviewPool::new().unwrap();
        let all = pool.large.room.acquire_many(FOR_LARGE).await.unwrap();
        let length =
            |text| async { pool.run(whole(text).await, later(), BUDGET, async |body: Piece| body.bytes.len()).await };
        let mut large = Box::pin(length(" ".repeat(SMALL + 1)));
        assert_eq!(length("{}".to_owned()).await.unwrap(), 2);
        assert!(futures_util::poll!(large.as_mut()).is_pending());
        drop(all);
        assert_eq!(large.await.unwrap(), SMALL + 1);
    }

    #[tokio::test]
    async fn who_finds_no_room_in_time_is_told_so() {
        let pool = ReviewPool::new().unwrap();
        let _all = pool.small.room.acquire_many(FOR_SMALL).await.unwrap();
        let body = whole("{}".to_owned()).await;
        let reviewed = pool.run(body, Instant::now(), BUDGET, async |_| ()).await;
        assert!(matches!(reviewed, Err(Failure::OutOfTime(BUDGET))));
    }

    #[tokio::test]
    async fn who_is_judged_for_too_long_is_told_so_in_time() {
        let pool = ReviewPool::new().unwrap();
        let (go_on, waits) = std::sync::mpsc::channel::<()>();
        let never_yields = async move |_| waits.recv().is_ok();
        let reviewed = pool.run(whole("{}".to_owned()).await, Instant::now(), BUDGET, never_yields).await;
        assert!(matches!(reviewed, Err(Failure::OutOfTime(BUDGET))));
        drop(go_on);
    }

    #[tokio::test]
    async fn what_could_never_find_room_takes_all_of_it() {
        let pool = ReviewPool::new().unwrap();
        let list = format!("[{}0]", "0,".repeat(values::MOST_VALUES - 50));
        let body = whole(format!(r#"{{"request":{{"object":{list},"oldObject":{list}}}}}"#)).await;
        let length = body.length();
        let reviewed = pool.run(body, later(), BUDGET, async |body: Piece| body.bytes.len()).await;
        assert_eq!(reviewed.unwrap(), length);
    }

    #[tokio::test]
    async fn a_panic_is_one_bodys() {
        let pool = ReviewPool::new().unwrap();
        let panics = async |_| panic!("for the test");
        let reviewed: Result<(), _> = pool.run(whole("{}".to_owned()).await, later(), BUDGET, panics).await;
        assert!(matches!(reviewed, Err(Failure::Panic)));
        let reviewed = pool.run(whole("{}".to_owned()).await, later(), BUDGET, async |_| 1).await;
        assert_eq!(reviewed.unwrap(), 1);
    }
}
