//! Clients that are slow, or many, or say too much: whoever asks in earnest is answered all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

use crate::running::{PATIENCE, Peer, Running, ask, files, read, write};
use crate::serving::{create, sent, subnet};

/// How often is asked while something goes on.
const TIMES: usize = 20;

/// A record of a handshake, and a `ClientHello`, that say they are longer than what comes.
const HALF_A_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03half of what the client has to say";

/// A server, and somebody who asks it in earnest: with a connection that is kept, and with new ones.
pub(super) struct Asked {
    pub(super) server: Running,
    peer: Arc<Peer>,
    kept: TlsStream<TcpStream>,
}

impl Asked {
    pub(super) async fn new() -> Self {
        Self::of(Running::start(files(), &["--ca-out", "ca.pem"])).await
    }

    async fn of(server: Running) -> Self {
        let peer = Arc::new(Peer::trusting(&server.files().join("ca.pem")));
        let mut asked = Self { kept: peer.connect(server.address).await.unwrap(), peer, server };
        asked.is_answered().await;
        asked
    }

    /// Asks again and again.
    pub(super) async fn is_answered(&mut self) {
        let review = create(&subnet("c", "10.3.0.0/16"));
        for time in 0..TIMES {
            let kept = timeout(PATIENCE, ask(&mut self.kept, &review)).await;
            assert_eq!(kept.expect("an answer").unwrap()["allowed"], true, "{time}");
            let new = timeout(PATIENCE, self.peer.ask(self.server.address)).await;
            assert_eq!(new.expect("an answer").unwrap()["allowed"], true, "{time}");
        }
        assert_eq!(self.server.probe("/healthz").unwrap(), "HTTP/1.1 200 OK\r\n");
    }

    pub(super) async fn connect(&self) -> TlsStream<TcpStream> {
        timeout(PATIENCE, self.peer.connect(self.server.address)).await.expect("a handshake").unwrap()
    }
}

/// Whether this process, and the server that inherits it, may have so many files open. If not the test is skipped, which
/// a line on standard error says; not in CI.
fn may_open(files: u64) -> bool {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if soft < files && hard >= files {
        setrlimit(Resource::RLIMIT_NOFILE, files, hard).unwrap();
    }
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(hard >= files || !in_ci, "RLIMIT_NOFILE is {hard}, and {files} are needed");
    if hard < files {
        eprintln!("skipped: RLIMIT_NOFILE is {hard}, and {files} are needed");
    }
    hard >= files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_and_bodies_byte_by_byte() {
    let mut asked = Asked::new().await;
    let mut slow = JoinSet::new();
    for number in 0..200 {
        let mut stream = asked.connect().await;
        slow.spawn(async move {
            if number % 4 == 0 {
                write(&mut stream, b"POST /validate?timeout=30s HTTP/1.1\r\nContent-Length: 100000\r\n\r\n").await?;
            } else {
                write(&mut stream, b"POST /validate HTTP/1.1\r\nX: ").await?;
            }
            loop {
                write(&mut stream, b" ").await?;
                sleep(Duration::from_millis(100)).await;
            }
            #[expect(unreachable_code, reason = "says what the errors are")]
            std::io::Result::Ok(())
        });
    }
    asked.is_answered().await;
    assert!(slow.try_join_next().is_none(), "it was cut off while there was room");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections() {
    const IDLE: usize = 10_000;
    const IDLE_WITH_TLS: usize = 300;
    if !may_open(12_000) {
        return;
    }
    let mut asked = Asked::new().await;
    let mut with_tls = Vec::new();
    for _ in 0..IDLE_WITH_TLS {
        with_tls.push(asked.connect().await);
    }
    asked.is_answered().await;
    let mut idle = Vec::new();
    for number in 0..IDLE {
        idle.push(timeout(PATIENCE, TcpStream::connect(asked.server.address)).await.expect("a connection").unwrap());
        if number % 1000 == 0 {
            asked.is_answered().await;
        }
    }
    asked.is_answered().await;
    // Those that never asked anything, and that longest, had to go.
    for stream in &mut with_tls {
        let end = timeout(PATIENCE, read(stream)).await.expect("an end");
        assert!(end.is_err() || end.is_ok_and(|last| last.is_empty()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_files_that_may_be_open() {
    let server = Running::start_with_few_files(files(), 256, &["--ca-out", "ca.pem"]);
    let mut asked = Asked::of(server).await;
    let mut idle = Vec::new();
    for number in 0..600 {
        idle.push(asked.connect().await);
        if number % 200 == 0 {
            asked.is_answered().await;
        }
    }
    asked.is_answered().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_that_do_not_go_on() {
    let mut asked = Asked::new().await;
    let mut halves = Vec::new();
    for _ in 0..200 {
        let stream = TcpStream::connect(asked.server.address).await.unwrap();
        stream.writable().await.unwrap();
        assert_eq!(stream.try_write(HALF_A_HELLO).unwrap(), HALF_A_HELLO.len());
        halves.push(stream);
    }
    asked.is_answered().await;
    // They are not waited for either.
    for stream in &halves {
        timeout(PATIENCE, async {
            while !matches!(stream.try_read(&mut [0; 64]), Ok(0)) {
                stream.readable().await.unwrap();
            }
        })
        .await
        .expect("an end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_do_not_end() {
    let mut asked = Asked::new().await;
    let filler = "x".repeat(1 << 20);
    let many = "X: y\r\n".repeat(10_000);
    for header in [format!("X: {filler}"), format!("{filler}: x"), many] {
        let mut stream = asked.connect().await;
        let head = format!("POST /validate HTTP/1.1\r\nHost: localhost\r\n{header}\r\nContent-Length: 0\r\n\r\n");
        // It need not read all of that.
        let _ = timeout(PATIENCE, write(&mut stream, head.as_bytes())).await.expect("an end");
        if let Ok(answer) = timeout(PATIENCE, read(&mut stream)).await.expect("an answer or an end") {
            let answer = String::from_utf8(answer).unwrap();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
        }
        asked.is_answered().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_on_every_connection_that_there_is_room_for() {
    if !may_open(12_000) {
        return;
    }
    let mut asked = Asked::new().await;
    let mut stalled = Vec::new();
    for _ in 0..1100 {
        let mut stream = asked.connect().await;
        write(&mut stream, b"POST /validate?timeout=30s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
            .await
            .unwrap();
        stalled.push(stream);
    }
    asked.is_answered().await;
    // The first ones had to go, and not for want of time.
    let end = timeout(PATIENCE, read(&mut stalled[0])).await.expect("an end");
    assert!(end.is_err() || end.is_ok_and(|last| last.is_empty()));
}

/// The largest body that is read.
const LARGEST: usize = 37 << 20;

/// Asks, whatever becomes of the writing: who has to go is answered before it has said all. The response, if there is one.
async fn say(mut stream: TlsStream<TcpStream>, body: &[u8]) -> Option<Value> {
    let _ = write(&mut stream, head_of(body.len()).as_bytes()).await;
    let _ = write(&mut stream, body).await;
    timeout(PATIENCE, response(&mut stream)).await.expect("an answer")
}

fn head_of(length: usize) -> String {
    format!("POST /validate?timeout=30s HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
}

async fn response(stream: &mut TlsStream<TcpStream>) -> Option<Value> {
    let answer = String::from_utf8(read(stream).await.ok()?).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    Some(serde_json::from_str::<Value>(body).unwrap()["response"].take())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_body_is_read_while_others_stall() {
    const STALLED: usize = 17;
    let mut asked = Asked::new().await;
    let (mut stalled, written) = (JoinSet::new(), Arc::<AtomicUsize>::default());
    for number in 0..STALLED {
        let (mut stream, written) = (asked.connect().await, Arc::clone(&written));
        stalled.spawn(async move {
            write(&mut stream, head_of(LARGEST).as_bytes()).await.unwrap();
            write(&mut stream, sent("CREATE", &subnet("s", "10.9.0.0/16"))[0].as_bytes()).await.unwrap();
            // All of them together are what there is room for, and none has its end.
            let part = vec![b' '; 1 << 20];
            for _ in 0..7 {
                write(&mut stream, &part).await.unwrap();
            }
            written.fetch_add(1, Ordering::Relaxed);
            if number % 2 == 0 {
                return response(&mut stream).await;
            }
            while write(&mut stream, b" ").await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
            None
        });
    }
    let begun = Instant::now();
    while written.load(Ordering::Relaxed) < STALLED {
        assert!(begun.elapsed() < PATIENCE, "{written:?} are written");
        sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..3 {
        let mut honest = sent("CREATE", &subnet("c", "10.3.0.0/16")).concat().into_bytes();
        honest.resize(LARGEST, b' ');
        let response = say(asked.connect().await, &honest).await.expect("an answer");
        assert_eq!((&response["uid"], &response["allowed"]), (&"the-uid".into(), &true.into()), "{response}");
    }
    // Who had to go for it knows.
    let gone = loop {
        let ended = timeout(PATIENCE, stalled.join_next()).await.expect("an answer").unwrap().unwrap();
        let Some(gone) = ended else { continue };
        break gone;
    };
    assert_eq!((&gone["uid"], &gone["allowed"]), (&"the-uid".into(), &false.into()), "{gone}");
    let message = gone["status"]["message"].as_str().unwrap();
    assert!(message.starts_with("more is sent than there is room for"), "{gone}");
    asked.is_answered().await;
}
