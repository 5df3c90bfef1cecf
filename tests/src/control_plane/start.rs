//! How a control plane is started.

use std::env;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::assets::{Assets, Missing};
use super::user::User;
use super::{ControlPlane, http, kubectl};
use crate::pki::{Pki, write_key_pair};
use crate::ports::free_address;
use crate::process::Process;

/// Seconds on an idle machine; a busy one gets its time.
const READY: Duration = Duration::from_mins(3);

/// A namespace is there a moment after the API server says that it is ready.
const WANTED: &[&str] = &["/readyz", "/api/v1/namespaces/default", "/api/v1/namespaces/kube-system"];

/// How often a port may be lost to somebody else between its choice and its use.
const ATTEMPTS: usize = 3;

/// A control plane to be.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    flags: Vec<String>,
}

impl Builder {
    /// Adds a flag of the API server. It comes after those that are always there, so that it wins.
    #[must_use]
    pub fn flag(mut self, flag: impl Into<String>) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// [`Missing`] binaries, or a process that does not become ready; the message has the end of its log.
    pub fn start(&self) -> Result<ControlPlane> {
        let assets = Assets::find()?;
        let mut started = self.start_once(&assets);
        for _ in 1..ATTEMPTS {
            match started {
                Err(error) if format!("{error:#}").contains("address already in use") => {
                    started = self.start_once(&assets);
                }
                _ => break,
            }
        }
        started
    }

    /// Starts it. Where the binaries are missing the test is skipped, which a line on standard error says; not in CI.
    ///
    /// # Panics
    ///
    /// In CI (`CI=true`) if the binaries are missing, and if it does not start.
    #[expect(clippy::panic, reason = "it ends a test")]
    pub fn start_or_skip(&self) -> Option<ControlPlane> {
        let in_ci = env::var("CI").is_ok_and(|ci| ci == "true");
        match self.start() {
            Ok(control_plane) => Some(control_plane),
            Err(error) if error.is::<Missing>() && !in_ci => {
                eprintln!("skipped: {error}");
                None
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    fn start_once(&self, assets: &Assets) -> Result<ControlPlane> {
        let directory = TempDir::new()?;
        let pki = Pki::new()?;
        let address = free_address()?;
        write_files(directory.path(), &pki, address)?;
        let (etcd, etcd_address) = etcd(assets, &directory)?;
        let api_server = api_server(assets, &directory, &pki, address, etcd_address, &self.flags)?;
        let (assets, flags) = (assets.clone(), self.flags.clone());
        let mut plane = ControlPlane { api_server, etcd, etcd_address, address, flags, assets, pki, directory };
        plane.wait_until_ready()?;
        Ok(plane)
    }
}

impl ControlPlane {
    pub(super) fn wait_until_ready(&mut self) -> Result<()> {
        let (address, ca) = (self.address, self.pki.ca_der());
        let found = |path: &&str| {
            let request = http::Request { method: "GET", path, body: "", name: None };
            http::request(address, ca.clone(), User::Admin, &request).is_ok_and(|response| response.status == 200)
        };
        self.api_server.wait_for("it was ready", READY, || WANTED.iter().all(found).then_some(()))
    }
}

fn write_files(directory: &Path, pki: &Pki, address: SocketAddr) -> Result<()> {
    fs::write(directory.join("tokens.csv"), User::token_file())?;
    write_key_pair(&directory.join("tokens.key"), &directory.join("tokens.pub"))?;
    User::ALL.into_iter().try_for_each(|user| kubectl::write_kubeconfig(directory, user, pki, address))
}

fn etcd(assets: &Assets, directory: &TempDir) -> Result<(Process, SocketAddr)> {
    let (clients, peers) = (free_address()?, free_address()?);
    let mut command = Command::new(&assets.etcd);
    command
        .arg("--name=test")
        .arg(format!("--data-dir={}", directory.path().join("etcd").display()))
        .arg(format!("--listen-client-urls=http://{clients}"))
        .arg(format!("--advertise-client-urls=http://{clients}"))
        .arg(format!("--listen-peer-urls=http://{peers}"))
        .arg(format!("--initial-advertise-peer-urls=http://{peers}"))
        .arg(format!("--initial-cluster=test=http://{peers}"))
        .arg("--log-level=warn")
        // Its data need not outlive the machine; it is several times as fast.
        .arg("--unsafe-no-fsync");
    let mut process = Process::start("etcd", &mut command, directory.path())?;
    process.wait_for("it listened", READY, || TcpStream::connect(clients).ok())?;
    Ok((process, clients))
}

/// Starts the API server, and does not wait for it.
pub(super) fn api_server(
    assets: &Assets,
    directory: &TempDir,
    pki: &Pki,
    address: SocketAddr,
    etcd: SocketAddr,
    flags: &[String],
) -> Result<Process> {
    let leaf = pki.leaf(&["127.0.0.1", "localhost", "kubernetes.default.svc"])?;
    let file = |name: &str| directory.path().join(name).display().to_string();
    let mut command = Command::new(&assets.kube_apiserver);
    command
        .arg(format!("--bind-address={}", address.ip()))
        .arg(format!("--secure-port={}", address.port()))
        .arg(format!("--etcd-servers=http://{etcd}"))
        .arg(format!("--tls-cert-file={}", leaf.certificate.display()))
        .arg(format!("--tls-private-key-file={}", leaf.key.display()))
        .arg(format!("--cert-dir={}", file("certificates")))
        .arg("--authorization-mode=RBAC")
        .arg(format!("--token-auth-file={}", file("tokens.csv")))
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg(format!("--service-account-key-file={}", file("tokens.pub")))
        .arg(format!("--service-account-signing-key-file={}", file("tokens.key")))
        .arg("--service-cluster-ip-range=10.96.0.0/16")
        // It would want a Pod's ServiceAccount, which the controller manager makes.
        .arg("--disable-admission-plugins=ServiceAccount")
        .arg("--allow-privileged=true")
        // The Service `kubernetes` may not lead to a loopback address, and the machine may have no other.
        .arg(format!("--advertise-address={}", address.ip()))
        .arg("--endpoint-reconciler-type=none")
        .arg("--profiling=false")
        .args(flags);
    Process::start("kube-apiserver", &mut command, directory.path())
}
