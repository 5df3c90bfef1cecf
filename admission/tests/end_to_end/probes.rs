//! Health and readiness on a port of their own, apart from metrics.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use super::serving::serve;

/// The status code of a page.
fn status(address: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    match answer.split_whitespace().nth(1).unwrap().parse().unwrap() {
        // It says where it listens a moment before it is ready.
        503 => status(address, path),
        status => status,
    }
}

/// What each port answers to `/healthz`, `/readyz` and `/metrics`, by the line that says where it is.
fn answers(args: &[&str]) -> Vec<(String, [u16; 3])> {
    let manifests = tempfile::tempdir().unwrap();
    let ports = ["--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0"];
    let mut child = serve(&[&ports[..], args].concat())
        .arg("--standalone")
        .arg(manifests.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).skip(1);
    let ask = |line: String| {
        let (what, address) = line.split_once(" on http://").unwrap();
        (what.to_owned(), ["/healthz", "/readyz", "/metrics"].map(|path| status(address, path)))
    };
    let answers = lines.take(1 + args.len()).map(ask).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    answers
}

#[test]
fn probes_have_a_port_of_their_own_where_that_is_asked_for() {
    assert_eq!(answers(&[]), [("metrics".to_owned(), [200, 200, 200])]);
    let apart = [("metrics".to_owned(), [404, 404, 200]), ("probes".to_owned(), [200, 200, 404])];
    assert_eq!(answers(&["--probes-listen=127.0.0.1:0"]), apart);
}
