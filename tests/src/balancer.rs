//! A balancer of TCP connections, as a Kubernetes Service is one: it knows nothing of what goes through.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use anyhow::Result;

use crate::ports::free_address;

/// Spreads connections over backends, round robin; a backend that refuses one is passed over.
///
/// A connection stays with its backend, also when the list changes. Without any backend a connection is closed. Dropping
/// the balancer closes its port; connections that exist live as long as their two ends.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    backends: RwLock<Vec<SocketAddr>>,
    next: AtomicUsize,
    stopping: AtomicBool,
}

impl Balancer {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// If no port is free.
    pub fn start(backends: &[SocketAddr]) -> Result<Self> {
        let listener = TcpListener::bind(free_address()?)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        let balancer = Self { address, shared, thread: Some(thread) };
        balancer.set_backends(backends);
        Ok(balancer)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where new connections go from now on.
    pub fn set_backends(&self, backends: &[SocketAddr]) {
        let mut current = self.shared.backends.write().unwrap_or_else(PoisonError::into_inner);
        backends.clone_into(&mut current);
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The thread waits for a connection: here is one.
        if TcpStream::connect(self.address).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Shared) {
    for client in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        // A client that is gone again, or meets no backend, is not a reason to stop.
        if let (Ok(client), Some(backend)) = (client, connect(shared)) {
            let _ = join(client, backend);
        }
    }
}

fn connect(shared: &Shared) -> Option<TcpStream> {
    let backends = shared.backends.read().unwrap_or_else(PoisonError::into_inner).clone();
    let first = shared.next.fetch_add(1, Ordering::Relaxed);
    let turns = backends.iter().cycle().skip(first.checked_rem(backends.len())?).take(backends.len());
    turns.copied().find_map(|backend| TcpStream::connect(backend).ok())
}

/// Copies both ways, each in a thread that ends with its direction.
fn join(client: TcpStream, backend: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    backend.set_nodelay(true)?;
    let (client_in, backend_in) = (client.try_clone()?, backend.try_clone()?);
    thread::spawn(move || copy(client_in, backend));
    thread::spawn(move || copy(backend_in, client));
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    // An end is passed on as an end, and a broken connection breaks the other.
    let how = if io::copy(&mut from, &mut to).is_ok() { Shutdown::Write } else { Shutdown::Both };
    let _ = to.shutdown(how);
    if how == Shutdown::Both {
        let _ = from.shutdown(how);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// A server that answers every connection with what it got and its name, until the client has said all.
    fn server(name: &'static str) -> SocketAddr {
        let listener = TcpListener::bind(free_address().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut said = String::new();
                client.read_to_string(&mut said).unwrap();
                client.write_all(format!("{said} {name}").as_bytes()).unwrap();
            }
        });
        address
    }

    fn ask(balancer: &Balancer) -> String {
        let mut client = TcpStream::connect(balancer.address()).unwrap();
        client.write_all(b"hello").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn takes_turns_and_passes_over_what_refuses() {
        let (a, b, nobody) = (server("a"), server("b"), free_address().unwrap());
        let balancer = Balancer::start(&[a, b]).unwrap();
        assert_eq!([ask(&balancer), ask(&balancer), ask(&balancer)], ["hello a", "hello b", "hello a"]);
        balancer.set_backends(&[nobody, b]);
        assert_eq!([ask(&balancer), ask(&balancer)], ["hello b", "hello b"]);
    }

    #[test]
    fn closes_its_port_when_dropped() {
        let balancer = Balancer::start(&[]).unwrap();
        let address = balancer.address();
        drop(balancer);
        assert!(TcpStream::connect(address).is_err());
    }
}
