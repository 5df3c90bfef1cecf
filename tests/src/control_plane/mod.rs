//! A real control plane: etcd and kube-apiserver as child processes on 127.0.0.1, with kubectl and clients.
//!
//! There is no controller manager and no scheduler: Pods stay pending, and no `ServiceAccount` is made for a namespace,
//! nor asked for when a Pod is created. The binaries come from `cargo xtask assets`.

mod assets;
mod crds;
mod http;
mod kubectl;
mod start;
mod user;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

pub use assets::Missing;
pub use http::Response;
pub use kubectl::Output;
pub use start::Builder;
pub use user::User;

use crate::pki::Pki;
use crate::process::Process;
use assets::Assets;

/// It lets requests finish that run, for as long as `--request-timeout` says: a minute unless given.
const STOP: Duration = Duration::from_secs(90);

/// A running control plane, which ends when this is dropped.
pub struct ControlPlane {
    // In the order in which they are to end: the API server before etcd, and both before their directory.
    api_server: Process,
    etcd: Process,
    etcd_address: SocketAddr,
    address: SocketAddr,
    flags: Vec<String>,
    assets: Assets,
    pki: Pki,
    directory: TempDir,
}

/// A control plane with no flags of its own, or none: see [`Builder::start_or_skip`].
///
/// # Panics
///
/// In CI if the binaries are missing, and if it does not start.
pub fn control_plane_or_skip() -> Option<ControlPlane> {
    ControlPlane::builder().start_or_skip()
}

impl ControlPlane {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// [`Missing`] binaries, or a process that does not become ready; the message has the end of its log.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// One with flags of its own.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where the API server listens. It stays the same when it is started again.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CA of the API server's certificate.
    pub fn ca_pem(&self) -> String {
        self.pki.ca_pem()
    }

    /// A directory for the test's own files, which is removed with the control plane.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What the API server has logged, in all its starts.
    pub fn log(&self) -> String {
        self.api_server.stderr()
    }

    /// Sends a request as it is, in JSON (a PATCH as a merge patch). kubectl and client-go try again by themselves when
    /// the answer says so; this does not.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn request(&self, user: User, method: &str, path: &str, body: &str) -> Result<Response> {
        http::request(self.address, self.pki.ca_der(), user, &http::Request { method, path, body, name: None })
    }

    /// The same in the name of somebody who has no token here, such as a part of Kubernetes that does not run. What it may do is
    /// what RBAC says of it and of its groups.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn request_as(&self, name: &str, groups: &[&str], method: &str, path: &str, body: &str) -> Result<Response> {
        let request = http::Request { method, path, body, name: Some((name, groups)) };
        http::request(self.address, self.pki.ca_der(), User::Admin, &request)
    }

    /// Ends the API server as a crash would.
    ///
    /// # Errors
    ///
    /// If it cannot be killed.
    pub fn kill_api_server(&mut self) -> Result<()> {
        self.api_server.kill()
    }

    /// Ends the API server as the kubelet would: requests that run are finished.
    ///
    /// # Errors
    ///
    /// If it does not end.
    pub fn stop_api_server(&mut self) -> Result<()> {
        self.api_server.terminate(STOP)?;
        Ok(())
    }

    /// Starts the API server again, on the same port and with the same etcd, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// If it does not become ready.
    pub fn start_api_server(&mut self) -> Result<()> {
        self.api_server.kill()?;
        self.api_server =
            start::api_server(&self.assets, &self.directory, &self.pki, self.address, self.etcd_address, &self.flags)?;
        self.wait_until_ready()
    }

    /// Crashes the API server, and starts it again.
    ///
    /// # Errors
    ///
    /// If it does not become ready.
    pub fn restart_api_server(&mut self) -> Result<()> {
        self.start_api_server()
    }

    /// The process of etcd, to disturb it.
    pub fn etcd(&mut self) -> &mut Process {
        &mut self.etcd
    }
}
