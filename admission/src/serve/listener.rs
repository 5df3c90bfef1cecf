//! Takes connections, speaks TLS where it should, and HTTP/1.1 with keep-alive.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vpcguard_certs::explain_refusal;

use super::connections::{ConnectionLimiter, ConnectionPermit, TrackedBody};

/// A client that takes longer has other plans.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// For a client whose handshake failed to read why.
const ALERT_LINGER: Duration = Duration::from_secs(1);

/// How long a connection may go without a whole request head, between requests too. The API server drops its idle
/// connections after 90 s; it should be the one to do so, for a request may be under way to a server that closes.
const HEAD: Duration = Duration::from_mins(2);

/// What is read of a connection ahead of who takes it. A head must fit, and what is in hand counts for nobody's room.
const IN_HAND: usize = 64 << 10;

/// For a connection beyond these another one that asks nothing has to go.
const MOST_CONNECTIONS: usize = 1024;

/// After an accept that failed, most likely for want of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(200);

/// File descriptors for all that is not a connection.
const OTHER_FILES: usize = 64;

/// Connections at each of the two ports. A connection that finds no file descriptor could not make another one go, so
/// there are fewer where a process may have few of them open.
fn most_connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    let files = soft.and_then(|files| files.parse().ok()).unwrap_or(usize::MAX);
    (files.saturating_sub(OTHER_FILES) / 2).clamp(16, MOST_CONNECTIONS)
}

/// Who has sent a request, as far as its connection says: an IPv4 address also where it came in by IPv6.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self(address.ip().to_canonical())
    }
}

/// A port and what answers there.
pub(super) struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    limiter: Arc<ConnectionLimiter>,
}

impl Listener {
    pub(super) fn new(tcp: TcpListener, tls: Option<TlsAcceptor>, router: Router) -> Self {
        Self { tcp, tls, router, limiter: ConnectionLimiter::new(most_connections()) }
    }

    /// Where it listens, with the real port.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves until stopped; then takes no more connections, and ends when all requests in flight are answered. Once it
    /// is closing, each answer is the last one on its connection, so that clients move on to another server in time.
    pub(super) async fn serve(self, closing: CancellationToken, stop: CancellationToken) {
        let connections = TaskTracker::new();
        loop {
            match stop.run_until_cancelled(self.tcp.accept()).await {
                Some(Ok((stream, peer))) => {
                    let Some(Some(permit)) = stop.run_until_cancelled(self.limiter.take()).await else { break };
                    let (tls, router) = (self.tls.clone(), self.router.clone());
                    let (closing, stop) = (closing.clone(), stop.clone());
                    connections.spawn(async move {
                        let permit = Arc::new(permit);
                        tokio::select! {
                            () = connection(stream, peer, tls, router, [closing, stop], &permit) => {}
                            () = permit.evicted() => tracing::debug!(%peer, "made room for another connection"),
                        }
                    });
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
                None => break,
            }
        }
        drop(self.tcp);
        connections.close();
        connections.wait().await;
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    [closing, stop]: [CancellationToken; 2],
    permit: &Arc<ConnectionPermit>,
) {
    // An answer is one small write: it should not wait for more.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return http(stream, peer, router, [closing, stop], permit).await };
    match stop.run_until_cancelled(timeout(HANDSHAKE, tls.accept(stream).into_fallible())).await {
        Some(Ok(Ok(stream))) => http(stream, peer, router, [closing, stop], permit).await,
        Some(Ok(Err((error, stream)))) => {
            let reason = error.get_ref().and_then(|error| error.downcast_ref()).and_then(explain_refusal);
            match reason {
                Some(reason) => tracing::info!(%peer, reason, "a client is refused"),
                None => tracing::debug!(%peer, %error, "no TLS handshake"),
            }
            let _ = timeout(ALERT_LINGER, hear_out(stream)).await;
        }
        Some(Err(_)) => tracing::debug!(%peer, "no TLS handshake in time"),
        None => {}
    }
}

/// Closes a connection so that what was written arrives: where something is left unread, a close is a reset, which
/// overtakes the alert that says what was wrong.
async fn hear_out(mut stream: TcpStream) -> io::Result<()> {
    poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context)).await?;
    let mut thrown_away = [0; 1024];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut thrown_away) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    [closing, stop]: [CancellationToken; 2],
    permit: &Arc<ConnectionPermit>,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(|body| TrackedBody::new(body, Arc::clone(permit)));
        request.extensions_mut().insert(Peer::from(peer));
        let (answer, closing) = (Service::call(&router, request), &closing);
        async move {
            let mut answer = answer.await;
            if let (Ok(answer), true) = (&mut answer, closing.is_cancelled()) {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            permit.answered();
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(IN_HAND)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            // What is in flight is answered with `Connection: close`; an idle connection ends here.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_however_it_comes_in() {
        let peer = |address: &str| Peer::from(address.parse::<SocketAddr>().unwrap()).0.to_string();
        assert_eq!(peer("[::ffff:192.0.2.1]:4000"), peer("192.0.2.1:5000"));
        assert_eq!(peer("[2001:db8::1]:4000"), "2001:db8::1");
    }
}
