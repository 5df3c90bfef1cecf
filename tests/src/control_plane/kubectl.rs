//! kubectl and Rust clients.

use std::fs;
use std::io::{Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use rustls::crypto::aws_lc_rs;
use serde_json::json;

use super::ControlPlane;
use super::user::User;
use crate::pki::Pki;

/// What a command has said.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// Its standard output if it succeeded.
    ///
    /// # Errors
    ///
    /// Its standard error if it did not.
    pub fn success(self) -> Result<String> {
        ensure!(self.status.success(), "{}: {}", self.status, self.stderr);
        Ok(self.stdout)
    }
}

impl ControlPlane {
    /// The kubeconfig of a user.
    pub fn kubeconfig(&self, user: User) -> PathBuf {
        kubeconfig(self.directory.path(), user)
    }

    /// Runs kubectl as a user, with nothing of the machine's own configuration.
    ///
    /// # Errors
    ///
    /// If it does not run. A refusal of the API server is not an error here.
    pub fn kubectl(&self, user: User, args: &[&str], stdin: Option<&str>) -> Result<Output> {
        let directory = self.directory.path();
        // A file: a pipe could fill up while kubectl's own output does.
        let mut input = tempfile::tempfile_in(directory)?;
        input.write_all(stdin.unwrap_or_default().as_bytes())?;
        input.rewind()?;
        let output = Command::new(&self.assets.kubectl)
            .arg(format!("--cache-dir={}", directory.join("cache").display()))
            .args(args)
            .env("KUBECONFIG", self.kubeconfig(user))
            .env("HOME", directory)
            .stdin(Stdio::from(input))
            .output()
            .with_context(|| format!("{} does not run: `cargo xtask assets`", self.assets.kubectl.display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Output { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }

    /// A client of a user, which tries nothing again by itself.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub async fn client(&self, user: User) -> Result<kube::Client> {
        // It has one already when this is not the first client.
        let _ = aws_lc_rs::default_provider().install_default();
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig(user))?;
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        // Whatever the environment says: the API server is on this machine.
        config.proxy_url = None;
        config.default_retry = false;
        Ok(kube::Client::try_from(config)?)
    }
}

fn kubeconfig(directory: &Path, user: User) -> PathBuf {
    directory.join(format!("{}.kubeconfig", user.token()))
}

pub(super) fn write_kubeconfig(directory: &Path, user: User, pki: &Pki, address: SocketAddr) -> Result<()> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "test",
            "cluster": {"server": format!("https://{address}"), "certificate-authority": pki.ca_file()},
        }],
        "users": [{"name": "test", "user": {"token": user.token()}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    });
    Ok(fs::write(kubeconfig(directory, user), config.to_string())?)
}
