//! `cargo xtask image`: the image, which holds one static binary, and the list of what it is made of.
//!
//! It is built by buildah, which needs no daemon. The same files make the same image: whatever time it has is that of the last
//! commit.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::{machine, root, sources};

const CARGO_CYCLONEDX: &str = "0.5.9";

/// Where the image is built from, and where it is put, as an OCI layout.
const CONTEXT: &str = "target/image/context";
const LAYOUT: &str = "target/image/oci";

/// What it is made of, in the format of `CycloneDX`.
const SBOM: &str = "target/image/vpcguard.cdx.json";

/// What is to be found out about the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checks {
    /// Whether the same files make the same image, and its program runs.
    pub(crate) program: bool,
    /// Whether the same sources make the same program in another folder.
    pub(crate) bytes: bool,
}

/// Builds it, and looks into what is asked.
pub(crate) fn run(shell: &Shell, checks: Checks) -> Result<()> {
    install_tools(shell)?;
    if !machine::is_root(shell)? {
        return as_root(shell, checks);
    }
    let version = version(shell)?;
    let libc = Libc::find(shell);
    let built = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let binary = build_binary(shell, libc, &root().canonicalize()?, &built)?;
    if checks.bytes {
        check_bytes(shell, libc, &binary)?;
    }
    shell.remove_path(CONTEXT)?;
    shell.create_dir(CONTEXT)?;
    shell.copy_file(binary, CONTEXT)?;
    shell.copy_file("LICENSE", CONTEXT)?;
    write_sbom(shell, libc)?;
    let digest = build_image(shell, &version)?;
    println!("{LAYOUT}: vpcguard:{version} {digest}");
    if checks.program {
        ensure!(build_image(shell, &version)? == digest, "the same files made another image");
        check_program(shell, &version)?;
        println!("the same files make the same image, and its program runs");
    }
    Ok(())
}

/// Sees that the tools are there. CI gets them.
fn install_tools(shell: &Shell) -> Result<()> {
    const REMEDY: &str = "install Debian's packages buildah and musl-tools";
    if machine::has(shell, "buildah") && machine::has(shell, "musl-gcc") {
        return Ok(());
    }
    ensure!(machine::is_ci(), REMEDY);
    machine::install(shell, &["buildah", "musl-tools"]).context(REMEDY)
}

/// Does all of it as root of a user namespace, because buildah mounts what it has built.
fn as_root(shell: &Shell, checks: Checks) -> Result<()> {
    let xtask = env::current_exe()?;
    let checks = [checks.program.then_some("--check"), checks.bytes.then_some("--check-reproducible")];
    let checks = checks.into_iter().flatten();
    cmd!(shell, "buildah unshare {xtask} image {checks...}").run()?;
    Ok(())
}

/// The version of the program.
fn version(shell: &Shell) -> Result<String> {
    let package = cmd!(shell, "cargo pkgid --package vpcguard --locked").quiet().read()?;
    let version = package.rsplit(['@', '#']).next().context("cargo pkgid says no version")?;
    Ok(version.to_owned())
}

/// What a static binary is linked with.
#[derive(Clone, Copy, Debug)]
enum Libc {
    /// What is published is.
    Musl,
    /// Where rustup cannot get the other, to see that all else works.
    Glibc,
}

impl Libc {
    fn find(shell: &Shell) -> Self {
        let target = Libc::Musl.target();
        if cmd!(shell, "rustup target add {target}").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
            return Libc::Musl;
        }
        eprintln!("rustup cannot add {target}: this image is not one to be published, its binary is linked with glibc");
        Libc::Glibc
    }

    /// Rust's name for a machine of this kind with it.
    fn target(self) -> String {
        let libc = match self {
            Libc::Musl => "musl",
            Libc::Glibc => "gnu",
        };
        format!("{}-unknown-linux-{libc}", env::consts::ARCH)
    }

    fn compiler(self) -> &'static str {
        match self {
            Libc::Musl => "musl-gcc",
            Libc::Glibc => "gcc",
        }
    }
}

/// Compiles the static binary of these sources.
fn build_binary(shell: &Shell, libc: Libc, sources: &Path, built: &Path) -> Result<PathBuf> {
    let target = libc.target();
    // Paths of this machine would stand in messages, and make another binary on another one.
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")).unwrap_or_default();
    let cargo = env::var_os("CARGO_HOME").map_or(home, PathBuf::from);
    let elsewhere = [(cargo.as_path(), "/cargo"), (built, "/vpcguard/target"), (sources, "/vpcguard")];
    let option = |flag: &str| elsewhere.map(|(here, there)| format!("{flag}={}={there}", here.display())).join(" ");
    let flags = format!("-Ctarget-feature=+crt-static {}", option("--remap-path-prefix"));
    // mimalloc would say when it was compiled.
    let no_time = r#"-Wno-builtin-macro-redefined -D__DATE__="" -D__TIME__="""#;
    let c_flags = format!("{} {no_time}", option("-ffile-prefix-map"));
    let _sources = shell.push_dir(sources);
    cmd!(shell, "cargo build --release --package vpcguard --target {target} --locked")
        .env("RUSTFLAGS", flags)
        .env(format!("CC_{}", target.replace('-', "_")), libc.compiler())
        .env(format!("CFLAGS_{}", target.replace('-', "_")), c_flags)
        .env("CARGO_TARGET_DIR", built)
        .run()?;
    Ok(built.join(target).join("release/vpcguard"))
}

/// Fails if the binary differs from the one that is compiled of a copy.
fn check_bytes(shell: &Shell, libc: Libc, binary: &Path) -> Result<()> {
    let folder = shell.create_temp_dir()?;
    let copy = sources::copy(shell, folder.path())?;
    let again = build_binary(shell, libc, &copy, &folder.path().join("target"))?;
    ensure!(std::fs::read(binary)? == std::fs::read(again)?, "the program comes out differently in another folder");
    println!("the same sources make the same program in another folder");
    Ok(())
}

/// Writes what the binary is made of.
fn write_sbom(shell: &Shell, libc: Libc) -> Result<()> {
    // It is not a program of its own that could be asked by its name.
    if cmd!(shell, "cargo cyclonedx --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        cmd!(shell, "cargo install cargo-cyclonedx --version {CARGO_CYCLONEDX} --locked").run()?;
    }
    let (target, epoch) = (libc.target(), epoch(shell));
    cmd!(
        shell,
        "cargo cyclonedx --quiet --format json --spec-version 1.5 --target {target} --override-filename vpcguard.cdx
         --manifest-path admission/Cargo.toml"
    )
    .env("SOURCE_DATE_EPOCH", epoch)
    .run()?;
    let root = root().canonicalize()?;
    let sbom = shell.read_file("admission/vpcguard.cdx.json")?.replace(&root.display().to_string(), "/vpcguard");
    shell.write_file(SBOM, sbom)?;
    // It writes one beside each Cargo.toml of the workspace.
    let metadata = cmd!(shell, "cargo metadata --no-deps --format-version 1 --locked").quiet().read()?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
        let manifest = package.get("manifest_path").and_then(Value::as_str).context("a package without a manifest")?;
        shell.remove_path(Path::new(manifest).with_file_name("vpcguard.cdx.json"))?;
    }
    Ok(())
}

/// When the last commit was made: the time of everything in the image.
fn epoch(shell: &Shell) -> String {
    cmd!(shell, "git log -1 --format=%ct").quiet().ignore_stderr().read().unwrap_or_else(|_| "0".to_owned())
}

/// buildah with a storage of its own, which needs no kernel module and no daemon.
const BUILDAH: [&str; 6] =
    ["--storage-driver", "vfs", "--root", "target/image/storage", "--runroot", "target/image/run"];

/// Builds the image from nothing, and returns the digest of its manifest.
fn build_image(shell: &Shell, version: &str) -> Result<String> {
    for left in [LAYOUT, "target/image/storage", "target/image/run"] {
        shell.remove_path(left)?;
    }
    let revision = cmd!(shell, "git rev-parse HEAD").quiet().ignore_stderr().read().unwrap_or_default();
    let (epoch, tag) = (epoch(shell), format!("vpcguard:{version}"));
    cmd!(
        shell,
        "buildah {BUILDAH...} build --quiet --no-cache --isolation chroot --timestamp {epoch} --build-arg VERSION={version}
         --build-arg REVISION={revision} --file Containerfile --tag {tag} {CONTEXT}"
    )
    .run()?;
    cmd!(shell, "buildah {BUILDAH...} push --quiet --digestfile target/image/digest {tag} oci:{LAYOUT}:{version}")
        .run()?;
    Ok(shell.read_file("target/image/digest")?.trim().to_owned())
}

/// Runs the program as the image has it: alone in its root, and as a server.
fn check_program(shell: &Shell, version: &str) -> Result<()> {
    let container = cmd!(shell, "buildah {BUILDAH...} from vpcguard:{version}").quiet().read()?;
    let said = cmd!(shell, "buildah {BUILDAH...} run --isolation chroot {container} -- /vpcguard --version").read();
    let root = cmd!(shell, "buildah {BUILDAH...} mount {container}").quiet().read();
    let served = root.map_err(Into::into).and_then(|root| serves(&Path::new(&root).join("vpcguard")));
    cmd!(shell, "buildah {BUILDAH...} rm {container}").quiet().ignore_stdout().run()?;
    ensure!(said? == format!("vpcguard {version}"), "the image holds another program");
    served
}

/// Whether a binary serves: it says where, and that it is ready.
fn serves(binary: &Path) -> Result<()> {
    let mut command = Command::new(binary);
    command.args(["serve", "--standalone", "examples/two-tenants", "--listen=127.0.0.1:0"]);
    let mut process = command.arg("--metrics-listen=127.0.0.1:0").stdout(Stdio::piped()).spawn()?;
    let stdout = process.stdout.take();
    let ready = || -> Result<String> {
        let lines = BufReader::new(stdout.context("no standard output")?).lines();
        let metrics =
            lines.map_while(Result::ok).find_map(|line| Some(line.strip_prefix("metrics on http://")?.to_owned()));
        let mut stream = TcpStream::connect(metrics.context("it does not serve")?)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ready();
    process.kill()?;
    process.wait()?;
    let answer = answer?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "/readyz of the image's program says {answer}");
    Ok(())
}
