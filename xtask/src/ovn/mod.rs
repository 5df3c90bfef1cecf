//! OVN, for the tests that ask Kube-OVN itself, of the branch that Kube-OVN builds.
//!
//! Packages of one suite of Debian are unpacked into a folder, with the libraries that they need; nothing is installed.

mod archive;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use self::archive::Archive;
use crate::{machine, root};

/// The suite that has the branch.
const SUITE: &str = "trixie";

/// Changes when packages are to be unpacked anew although the suite is the same.
const FORMAT: u32 = 1;

/// What is wanted. apt knows what it needs.
const PACKAGES: &[&str] = &["ovn-central", "ovn-common"];

/// The schema of OVN's northbound database, and its version in that branch. Kube-OVN refuses a schema that lacks what it knows.
const SCHEMA: &str = "usr/share/ovn/ovn-nb.ovsschema";
const SCHEMA_VERSION: [u32; 2] = [7, 11];

const REMEDY: &str = "install OVN 25.03 or later (Debian's packages ovn-central, ovn-common and openvswitch-switch), \
    or set OVN_ROOT to the folder where these are unpacked";

/// Finds or unpacks it, tells the tests if it is not in target/ovn, and returns the folder in which it has usr/bin.
pub(crate) fn set_up(shell: &Shell) -> Result<Vec<PathBuf>> {
    if let Some(given) = machine::given(shell, "OVN_ROOT")? {
        check_schema(&given).with_context(|| format!("OVN_ROOT={}", given.display()))?;
        return Ok(vec![given]);
    }
    // Not CARGO_TARGET_DIR: the tests look here.
    let folder = root().canonicalize()?.join("target/ovn");
    if let Err(error) = unpack_once(shell, &folder) {
        // The error of what was tried first says more than that the machine has none either.
        let machine = Path::new("/");
        if check_schema(machine).is_err() {
            return Err(error.context(REMEDY));
        }
        eprintln!("the machine's own OVN is taken, since Debian's packages cannot be had: {error:#}");
        shell.set_var("OVN_ROOT", machine);
        return Ok(vec![machine.to_owned()]);
    }
    Ok(vec![folder.join("root")])
}

/// Whether Kube-OVN can do with the OVN that is in a folder.
fn check_schema(root: &Path) -> Result<()> {
    let file = root.join(SCHEMA);
    let schema = std::fs::read_to_string(&file).with_context(|| format!("there is no {}", file.display()))?;
    let schema: Value = serde_json::from_str(&schema)?;
    let version = schema.get("version").and_then(Value::as_str).unwrap_or_default();
    ensure!(is_recent(version), "OVN is too old for Kube-OVN: the schema {} has version {version}", file.display());
    Ok(())
}

fn is_recent(version: &str) -> bool {
    let parts: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
    parts.as_slice() >= SCHEMA_VERSION.as_slice()
}

/// Unpacks it into `root` in a folder, unless that was done. The stamp beside it also lists the packages, for the reader.
fn unpack_once(shell: &Shell, folder: &Path) -> Result<()> {
    let (root, stamp, wanted) = (folder.join("root"), folder.join("stamp"), format!("{SUITE} {FORMAT}"));
    if shell.read_file(&stamp).is_ok_and(|stamp| stamp.lines().next() == Some(&wanted)) && check_schema(&root).is_ok() {
        return Ok(());
    }
    // What is left of another attempt must not be taken for this one.
    shell.remove_path(folder)?;
    shell.create_dir(&root)?;
    let work = folder.join("apt");
    let unpacked = unpack(shell, &work, &root);
    shell.remove_path(work)?;
    let packages = unpacked?;
    check_schema(&root)?;
    shell.write_file(&stamp, format!("{wanted}\n{packages}\n"))?;
    Ok(())
}

/// Has apt fetch the packages of the suite as if the machine had none, and unpacks them. Returns their names with versions, a
/// line each.
fn unpack(shell: &Shell, work: &Path, root: &Path) -> Result<String> {
    let config = configure(shell, work)?;
    let _config = shell.push_env("APT_CONFIG", config);
    cmd!(shell, "apt-get update -qq").quiet().run()?;
    let plan = cmd!(shell, "apt-get install -qq --simulate --no-install-recommends {PACKAGES...}");
    let plan = plan.quiet().read()?;
    let names = to_unpack(&plan);
    let debs = shell.create_dir(work.join("debs"))?;
    let _debs = shell.push_dir(&debs);
    cmd!(shell, "apt-get download -qq {names...}").quiet().run()?;
    let mut packages = Vec::new();
    for deb in shell.read_dir(&debs)? {
        cmd!(shell, "dpkg -x {deb} {root}").quiet().run()?;
        packages.extend(deb.file_stem().map(|name| name.display().to_string()));
    }
    Ok(packages.join("\n"))
}

/// A configuration of apt by which it does not touch what the machine has.
fn configure(shell: &Shell, work: &Path) -> Result<PathBuf> {
    let Archive { uri, keyring } = Archive::find(shell)?;
    for folder in ["lists/partial", "cache/archives/partial", "state"] {
        shell.create_dir(work.join(folder))?;
    }
    // Nothing is installed in an empty file, so that all that is needed is listed, the C library too.
    shell.write_file(work.join("status"), "")?;
    shell.write_file(work.join("sources.list"), format!("deb [signed-by={keyring}] {uri} {SUITE} main\n"))?;
    let folder = work.display();
    // apt gives up root's rights to fetch, and those of its user do not reach into this folder.
    let text = format!(
        r#"Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "{folder}/state";
Dir::State::Lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "root";
"#
    );
    let config = work.join("apt.conf");
    shell.write_file(&config, text)?;
    Ok(config)
}

/// Which of the packages that apt would install are of use: OVN, Open vSwitch, libraries.
fn to_unpack(plan: &str) -> Vec<&str> {
    let names = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next());
    let is_of_use = |name: &&str| {
        name.starts_with("ovn-")
            || name.starts_with("lib")
            || ["openvswitch-common", "openvswitch-switch"].contains(name)
    };
    names.filter(is_of_use).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_users_are_not_unpacked() {
        let plan = "Inst libc6 (2.41 Debian:13/stable [amd64])\nInst adduser (3 Debian)\nInst ovn-common (25 Debian)\n\
            Inst openvswitch-switch (3 Debian)\nInst python3-openvswitch (3 Debian)\nConf libc6 (2.41 Debian)\n";
        assert_eq!(to_unpack(plan), ["libc6", "ovn-common", "openvswitch-switch"]);
    }

    #[test]
    fn an_older_schema_is_refused() {
        assert!(is_recent("7.11.0") && is_recent("7.12.0") && is_recent("8.0.0"));
        assert!(!is_recent("7.3.1") && !is_recent("6.20.0") && !is_recent(""));
    }
}
