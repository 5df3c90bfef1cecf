//! The signals that end the process.

use std::io;

/// The end, once it is asked for. Whoever made this can be sure that from now on a signal does not kill at once.
#[cfg(unix)]
pub(super) fn end() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The end, once it is asked for.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(super) fn end() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        // An error means that nobody can ever ask.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
