//! A server with arguments of its own, and clients that know certificates of their own.

use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{self, BufRead, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::serving::{create, serve, subnet};

/// Time enough on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A server with arguments of its own, in a process that runs where its files are.
pub(super) struct Running {
    child: Child,
    pub(super) address: SocketAddr,
    probes: SocketAddr,
    files: TempDir,
    /// How many lines of its log are known.
    read: usize,
}

impl Running {
    /// Starts one without a cluster, on the folder `manifests` among these files.
    pub(super) fn start(files: TempDir, args: &[&str]) -> Self {
        Self::run(files, serve(args))
    }

    /// Starts one that may have only so many files open.
    pub(super) fn start_with_few_files(files: TempDir, number: usize, args: &[&str]) -> Self {
        let server = serve(args);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {number} && exec \"$@\""), "sh"]).arg(server.get_program());
        shell.args(server.get_args());
        Self::run(files, shell)
    }

    fn run(files: TempDir, mut command: Command) -> Self {
        let mut child = command
            .args(["--standalone", "manifests", "--log-format", "json"])
            .args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"])
            .current_dir(files.path())
            .stdout(Stdio::piped())
            .stderr(File::create(files.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut ready = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address_after = |words: &str| {
            let line =
                ready.next().unwrap_or_else(|| panic!("{}", fs::read_to_string(files.path().join("log")).unwrap()));
            line.unwrap().strip_prefix(words).unwrap().parse().unwrap()
        };
        let (address, probes) = (address_after("listening on https://"), address_after("metrics on http://"));
        Self { child, address, probes, files, read: 0 }
    }

    /// What a probe gets: the line with the status.
    pub(super) fn probe(&self, path: &str) -> io::Result<String> {
        let mut stream = std::net::TcpStream::connect(self.probes)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line)
    }

    /// Writes one of its files.
    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.files.path().join(name), text).unwrap();
    }

    /// Where its files are.
    pub(super) fn files(&self) -> &Path {
        self.files.path()
    }

    /// Waits for the next line of the log with this message, and says why it was logged.
    pub(super) async fn logged(&mut self, message: &str) -> String {
        let begun = Instant::now();
        loop {
            let log = fs::read_to_string(self.files.path().join("log")).unwrap();
            for line in log.split_inclusive('\n').skip(self.read) {
                // The last one may be half written.
                let Ok(line) = serde_json::from_str::<Value>(line) else { break };
                self.read += 1;
                if line["message"] == message {
                    return line["error"].as_str().or(line["reason"].as_str()).unwrap_or_default().to_owned();
                }
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {message:?}:\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The most memory that it has had, in MiB.
    #[cfg(target_os = "linux")]
    pub(super) fn most_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    pub(super) fn hang_up(&self) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGHUP).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Files with a cluster that has one Subnet.
pub(super) fn files() -> TempDir {
    let files = tempfile::tempdir().unwrap();
    fs::create_dir(files.path().join("manifests")).unwrap();
    fs::write(files.path().join("manifests/a.json"), subnet("a", "10.1.0.0/16").to_string()).unwrap();
    files
}

/// A certificate and its key, in PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// A client, by the certificates that it knows.
pub(super) struct Peer(TlsConnector);

impl Peer {
    /// One that trusts the CA in this file.
    pub(super) fn trusting(ca: &Path) -> Self {
        Self::new(&fs::read_to_string(ca).unwrap(), &[&TLS13], None)
    }

    pub(super) fn new(ca: &str, versions: &[&'static SupportedProtocolVersion], own: Option<&Pair>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match own {
            Some(own) => {
                let chain = vec![CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap()];
                config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap()).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        Self(TlsConnector::from(Arc::new(config)))
    }

    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        self.0.connect("localhost".try_into().unwrap(), TcpStream::connect(address).await?).await
    }

    /// The certificate that a new connection is shown.
    pub(super) async fn shown(&self, address: SocketAddr) -> io::Result<Vec<u8>> {
        let stream = self.connect(address).await?;
        Ok(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
    }

    /// What a new connection is answered; by TLS 1.3 a client is refused only after it has said its first words.
    pub(super) async fn ask(&self, address: SocketAddr) -> io::Result<Value> {
        ask(&mut self.connect(address).await?, &create(&subnet("c", "10.3.0.0/16"))).await
    }

    pub(super) async fn is_refused_at_tls(&self, address: SocketAddr) -> String {
        let error = self.ask(address).await.unwrap_err().to_string();
        assert!(error.contains("received fatal alert"), "{error}");
        error
    }
}

/// The response to a review, over a connection that is kept.
pub(super) async fn ask(stream: &mut TlsStream<TcpStream>, review: &Value) -> io::Result<Value> {
    let review = review.to_string();
    let length = review.len();
    let request = format!("POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{review}");
    write(stream, request.as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        let next = read(stream).await?;
        if next.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend(next);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str::<Value>(body)
        {
            assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
            return Ok(body["response"].clone());
        }
    }
}

/// Writes all of it, now.
pub(super) async fn write(stream: &mut TlsStream<TcpStream>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = poll_fn(|context| Pin::new(&mut *stream).poll_write(context, bytes)).await?;
        bytes = &bytes[written..];
    }
    poll_fn(|context| Pin::new(&mut *stream).poll_flush(context)).await
}

/// What comes next; nothing at the end.
pub(super) async fn read(stream: &mut TlsStream<TcpStream>) -> io::Result<Vec<u8>> {
    let mut room = [0; 8192];
    let mut buffer = ReadBuf::new(&mut room);
    poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut buffer)).await?;
    Ok(buffer.filled().to_vec())
}
