//! Custom resources.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::ControlPlane;
use super::user::User;

const SERVED: Duration = Duration::from_mins(1);

impl ControlPlane {
    /// Installs the kinds of Kube-OVN that vpcguard reads, and waits until they are served.
    ///
    /// # Errors
    ///
    /// If they are not.
    pub fn install_crds(&mut self) -> Result<()> {
        self.apply_crds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crds"))
    }

    /// Installs `CustomResourceDefinitions` of version v1 from a file or a folder, and waits until they are served.
    ///
    /// # Errors
    ///
    /// If they are not.
    pub fn apply_crds(&mut self, manifests: &Path) -> Result<()> {
        let manifests = manifests.to_str().context("a path that is not UTF-8")?;
        let applied =
            self.kubectl(User::Admin, &["apply", "--output=name", "--filename", manifests], None)?.success()?;
        let wait = ["wait", "--for=condition=Established", "--timeout=60s", "--filename", manifests];
        self.kubectl(User::Admin, &wait, None)?.success()?;
        for line in applied.lines() {
            let name = line.strip_prefix("customresourcedefinition.apiextensions.k8s.io/").unwrap_or(line);
            let (plural, group) = name.split_once('.').with_context(|| format!("{line} is not a CRD"))?;
            self.wait_until_served(&format!("/apis/{group}/v1/{plural}"))?;
        }
        Ok(())
    }

    /// Established is what etcd says; the handler hears of it a moment later.
    fn wait_until_served(&mut self, path: &str) -> Result<()> {
        let (address, ca) = (self.address, self.pki.ca_der());
        self.api_server.wait_for(path, SERVED, || {
            let request = super::http::Request { method: "GET", path, body: "", name: None };
            let answer = super::http::request(address, ca.clone(), User::Admin, &request);
            answer.is_ok_and(|response| response.status == 200).then_some(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use vpcguard_policies::Kind;
    use vpcguard_policies::kinds::is_built_in;

    use super::*;

    #[test]
    fn every_kind_is_built_in_or_has_a_definition() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
        let files = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        let definitions = files.collect::<String>();
        for kind in Kind::ALL.iter().filter(|kind| !is_built_in(kind.group())) {
            let name = format!("\n  name: {}.{}\n", kind.plural(), kind.group());
            assert!(definitions.contains(&name), "tests/crds has no {kind}");
        }
    }
}
