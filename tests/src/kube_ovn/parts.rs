//! The programs: Kube-OVN's controller, OVN, the stand-in for the kubelet.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// Where programs may be in a root.
const FOLDERS: [&str; 3] = ["usr/bin", "usr/sbin", "usr/lib/openvswitch-switch"];

/// What of OVN and Open vSwitch is run.
const OVN_PROGRAMS: [&str; 6] = ["ovsdb-server", "ovsdb-tool", "ovn-northd", "ovn-nbctl", "ovn-sbctl", "ovn-trace"];

/// What runs the programs of a root with the libraries of that root, and the folder of these, for each kind of machine.
const LOADERS: [(&str, &str); 2] = [
    ("usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu"),
    ("usr/lib/ld-linux-aarch64.so.1", "usr/lib/aarch64-linux-gnu"),
];

/// All that Kube-OVN is run with, but for the control plane.
#[derive(Clone, Debug)]
pub struct Parts {
    /// kube-ovn-controller.
    pub controller: PathBuf,
    /// The definitions of its kinds, a file in YAML.
    pub crds: PathBuf,
    /// The stand-in for the kubelet.
    pub kubelet: PathBuf,
    /// OVN.
    pub ovn: OvnPrograms,
    /// Which version the controller says that it is.
    pub version: String,
}

/// There is no Kube-OVN to test with.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// A file is not where it is looked for.
    #[error("{} is not there: run `cargo xtask assets`{otherwise}", .file.display())]
    File {
        /// Where it was looked for.
        file: PathBuf,
        /// What else helps.
        otherwise: &'static str,
    },
    /// The controller has a name by which it does not know that it is the controller.
    #[error("KUBE_OVN_CONTROLLER={} must be called kube-ovn-controller: by its name it knows which program it is", .0.display())]
    Name(PathBuf),
    /// The controller cannot be asked for its version.
    #[error("{} does not say which version it is: {reason}", .controller.display())]
    Version {
        /// The controller.
        controller: PathBuf,
        /// What it says, or why it does not run.
        reason: String,
    },
}

impl Parts {
    /// Those of `KUBE_OVN_CONTROLLER`, `KUBE_OVN_CRDS` and `OVN_ROOT`, else those that `cargo xtask assets` made.
    ///
    /// # Errors
    ///
    /// If one is missing.
    pub fn find() -> Result<Self, Missing> {
        let controller =
            file(find("KUBE_OVN_CONTROLLER", "kube-ovn/kube-ovn-controller"), ", or set KUBE_OVN_CONTROLLER")?;
        if controller.file_name().is_none_or(|name| name != "kube-ovn-controller") {
            return Err(Missing::Name(controller));
        }
        let crds = file(find("KUBE_OVN_CRDS", "kube-ovn/crds.yaml"), ", or set KUBE_OVN_CRDS")?;
        let kubelet = file(built().join("kubelet/kubelet-stand-in"), "")?;
        let ovn = OvnPrograms::find()?;
        let version = version(&controller)?;
        Ok(Self { controller, crds, kubelet, ovn, version })
    }
}

/// OVN and Open vSwitch in a root: `/`, or a folder where their packages are unpacked.
#[derive(Clone, Debug)]
pub struct OvnPrograms {
    root: PathBuf,
    // A program of a folder is run by the folder's own loader: the machine's may be too old for its libraries.
    loader: Option<(PathBuf, PathBuf)>,
}

impl OvnPrograms {
    /// Those of `OVN_ROOT`, else those that `cargo xtask assets` unpacked.
    ///
    /// # Errors
    ///
    /// If one is missing.
    pub fn find() -> Result<Self, Missing> {
        Self::of(find("OVN_ROOT", "ovn/root"))
    }

    fn of(root: PathBuf) -> Result<Self, Missing> {
        let found = LOADERS.map(|(loader, libraries)| (root.join(loader), root.join(libraries))).into_iter();
        let loader = found.into_iter().find(|(loader, _)| root != Path::new("/") && loader.is_file());
        let programs = Self { root, loader };
        for program in OVN_PROGRAMS {
            if programs.path(program).is_none() {
                let file = programs.root.join("usr/bin").join(program);
                return Err(Missing::File {
                    file,
                    otherwise: ", or set OVN_ROOT to the root of an OVN, which may be /",
                });
            }
        }
        Ok(programs)
    }

    /// A program, without arguments.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub fn command(&self, program: &str) -> Result<Command> {
        let path = self.path(program).with_context(|| format!("{} has no {program}", self.root.display()))?;
        let Some((loader, libraries)) = &self.loader else { return Ok(Command::new(path)) };
        let mut command = Command::new(loader);
        command.arg("--library-path").arg(libraries).arg(path);
        Ok(command)
    }

    /// The schema of a database of OVN: `ovn-nb.ovsschema`, `ovn-sb.ovsschema`.
    pub fn schema(&self, name: &str) -> PathBuf {
        self.root.join("usr/share/ovn").join(name)
    }

    fn path(&self, program: &str) -> Option<PathBuf> {
        FOLDERS.map(|folder| self.root.join(folder).join(program)).into_iter().find(|path| path.is_file())
    }
}

/// Where `cargo xtask assets` puts what it makes.
fn built() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")
}

fn find(variable: &str, file: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| built().join(file), PathBuf::from)
}

fn file(file: PathBuf, otherwise: &'static str) -> Result<PathBuf, Missing> {
    if file.is_file() { Ok(file) } else { Err(Missing::File { file, otherwise }) }
}

/// Which version a controller says that it is, before its usage.
fn version(controller: &Path) -> Result<String, Missing> {
    let missing = |reason| Missing::Version { controller: controller.to_owned(), reason };
    let output = Command::new(controller).arg("--help").output().map_err(|error| missing(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    version_in(&said).map(str::to_owned).ok_or_else(|| missing(said.lines().take(20).collect::<Vec<_>>().join("\n")))
}

fn version_in(said: &str) -> Option<&str> {
    said.lines().find_map(|line| line.trim().strip_prefix("Version:")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A root with these empty files.
    fn root(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        root
    }

    const BINARIES: [&str; 6] = [
        "usr/sbin/ovsdb-server",
        "usr/bin/ovsdb-tool",
        "usr/bin/ovn-northd",
        "usr/bin/ovn-nbctl",
        "usr/bin/ovn-sbctl",
        "usr/bin/ovn-trace",
    ];

    #[test]
    fn what_is_missing_says_what_to_run() {
        let missing = file("/nowhere/x".into(), ", or set X").unwrap_err().to_string();
        assert_eq!(missing, "/nowhere/x is not there: run `cargo xtask assets`, or set X");
        let empty = root(&[]);
        let missing = OvnPrograms::of(empty.path().to_owned()).unwrap_err().to_string();
        assert!(missing.contains("usr/bin/ovsdb-server is not there") && missing.contains("OVN_ROOT"), "{missing}");
    }

    #[test]
    fn a_root_without_a_loader_is_run_by_the_machines() {
        let root = root(&BINARIES);
        let ovn = OvnPrograms::of(root.path().to_owned()).unwrap();
        let command = ovn.command("ovsdb-server").unwrap();
        assert_eq!(Path::new(command.get_program()), root.path().join("usr/sbin/ovsdb-server"));
        assert_eq!(command.get_args().count(), 0);
        assert_eq!(ovn.schema("ovn-nb.ovsschema"), root.path().join("usr/share/ovn/ovn-nb.ovsschema"));
        assert!(ovn.command("ovn-ofctl").unwrap_err().to_string().ends_with(" has no ovn-ofctl"));
    }

    #[test]
    fn a_root_with_a_loader_is_run_by_it() {
        for (loader, libraries) in LOADERS {
            let root = root(&[&BINARIES[..], &[loader]].concat());
            let command = OvnPrograms::of(root.path().to_owned()).unwrap().command("ovn-northd").unwrap();
            assert_eq!(Path::new(command.get_program()), root.path().join(loader));
            let (libraries, program) = (root.path().join(libraries), root.path().join("usr/bin/ovn-northd"));
            let wanted = [Path::new("--library-path"), &libraries, &program];
            assert!(command.get_args().map(Path::new).eq(wanted), "{command:?}");
        }
    }

    #[test]
    fn the_version_is_not_that_of_go() {
        let said =
            "I1128 controller.go:42] \n----\nKube-OVN: \n  Version:       v1.2.3\n  Go Version:    go1.4\n----\n";
        assert_eq!(version_in(said), Some("v1.2.3"));
        assert_eq!(version_in("  Go Version:    go1.4\n"), None);
    }

    #[test]
    fn a_controller_that_does_not_say_its_version_is_quoted() {
        let error = version(Path::new("/bin/cat")).unwrap_err().to_string();
        assert!(error.starts_with("/bin/cat does not say which version it is"), "{error}");
    }
}
