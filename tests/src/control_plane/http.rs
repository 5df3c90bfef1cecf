//! Requests as they are, for what clients hide.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::user::User;

/// More than the API server takes for any request that is not a watch.
const LIMIT: Duration = Duration::from_secs(90);

pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) body: &'a str,
    /// In whose name the user asks, if not in its own.
    pub(super) name: Option<(&'a str, &'a [&'a str])>,
}

/// An answer of the API server.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields, as they came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Response {
    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

pub(super) fn request(
    address: SocketAddr,
    ca: CertificateDer<'static>,
    user: User,
    request: &Request<'_>,
) -> Result<Response> {
    let mut roots = RootCertStore::empty();
    roots.add(ca)?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(LIMIT))?;
    // The parts of a request would wait for each other's acknowledgement.
    tcp.set_nodelay(true)?;
    let tls = ClientConnection::new(Arc::new(config), ServerName::from(address.ip()))?;
    let mut stream = StreamOwned::new(tls, tcp);
    let Request { method, path, body, name } = request;
    let impersonated = name.map_or_else(String::new, |(name, groups)| {
        let groups = groups.iter().map(|group| format!("Impersonate-Group: {group}\r\n"));
        format!("Impersonate-User: {name}\r\n{}", groups.collect::<String>())
    });
    let content = if *method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    // HTTP/1.0: the answer is neither chunked nor kept open.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\n{impersonated}\
         Content-Type: {content}\r\nContent-Length: {}\r\n\r\n{body}",
        user.token(),
        body.len(),
    )?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // It may close the connection without a word.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(error.into()),
        _ => parse(&String::from_utf8_lossy(&answer)),
    }
}

fn parse(answer: &str) -> Result<Response> {
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).context("no status code")?;
    Ok(Response { status, head: head.to_owned(), body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_its_parts() {
        let answer = parse("HTTP/1.0 429 Too Many Requests\r\nRetry-After: 3\r\n\r\n{}").unwrap();
        assert_eq!((answer.status, answer.header("retry-after"), answer.body.as_str()), (429, Some("3"), "{}"));
        assert!(parse("").is_err());
    }
}
