//! Free ports.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use rustls::crypto::aws_lc_rs;

/// Below the ephemeral ports of Linux (from 32768): an outgoing connection could take one of those between this choice and
/// the server's start, or while a server is down to be started again.
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;

/// An address on 127.0.0.1 with a port that was free a moment ago.
///
/// # Errors
///
/// If none is found.
pub fn free_address() -> Result<SocketAddr> {
    for _ in 0..100 {
        let mut random = [0; 2];
        // At random, so that tests that run at the same time do not all want the same one.
        aws_lc_rs::default_provider().secure_random.fill(&mut random).ok().context("no random bytes")?;
        let port = FIRST + u16::from_le_bytes(random) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    anyhow::bail!("no free port between {FIRST} and {}", FIRST + COUNT)
}
