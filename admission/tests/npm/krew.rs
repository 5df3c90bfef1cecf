//! .krew.yaml, as krew reads it once the release bot has filled it in; and the program as kubectl finds it.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;
use vpcguard_check::{Source, parse_value};

use crate::package::{found, root, success};

/// The manifest with the tag, addresses and sums put in.
fn manifest() -> Value {
    let template = fs::read_to_string(root().join(".krew.yaml")).unwrap();
    let filled: Vec<_> = template
        .lines()
        .map(|line| match line.split_once("{{addURIAndSha \"") {
            Some((indent, rest)) => {
                let uri = rest.strip_suffix("\" .TagName }}").unwrap();
                format!("{indent}uri: {uri}\n{indent}sha256: {}", "0".repeat(64))
            }
            None => line.to_owned(),
        })
        .collect();
    let text = filled.join("\n").replace("{{ .TagName }}", "v1.2.3");
    parse_value(&Source { name: ".krew.yaml".to_owned(), bytes: text.into_bytes() }).unwrap()
}

#[test]
fn the_manifest_has_what_krew_wants() {
    let manifest = manifest();
    assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!((&manifest["kind"], &manifest["metadata"]["name"]), (&"Plugin".into(), &"vpcguard".into()));
    assert_eq!(manifest["spec"]["version"], "v1.2.3");
    // krew's guide for names: at most 50 characters, and no full stop.
    let short = manifest["spec"]["shortDescription"].as_str().unwrap();
    assert!(short.len() <= 50 && !short.ends_with('.'), "{short}");
    assert!(manifest["spec"]["description"].as_str().is_some_and(|text| !text.is_empty()));
    let platforms = manifest["spec"]["platforms"].as_array().unwrap();
    assert_eq!(platforms.len(), 2);
    for platform in platforms {
        let arch = platform["selector"]["matchLabels"]["arch"].as_str().unwrap();
        assert_eq!(platform["selector"]["matchLabels"]["os"], "linux");
        let uri = platform["uri"].as_str().unwrap();
        assert!(uri.ends_with(&format!("/v1.2.3/vpcguard-linux-{arch}.tar.gz")), "{uri}");
        let files: Vec<_> =
            platform["files"].as_array().unwrap().iter().map(|file| file["from"].as_str().unwrap()).collect();
        assert!(files.contains(&platform["bin"].as_str().unwrap()), "{files:?}");
        // What the release has packed.
        let packed = format!("--file \"out/vpcguard-linux-$ARCH.tar.gz\" {} completions man\n", files.join(" "));
        let workflow = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
        assert!(workflow.contains(&packed), "{packed}");
    }
}

#[test]
fn kubectl_finds_the_plugin() {
    let own = env::var_os("KUBEBUILDER_ASSETS").map(|assets| std::path::PathBuf::from(assets).join("kubectl"));
    let kubectl = own.filter(|kubectl| kubectl.is_file()).unwrap_or_else(|| "kubectl".into());
    let is_there = Command::new(&kubectl).args(["version", "--client"]).output().is_ok();
    if !found(is_there, "kubectl is missing: run `cargo xtask assets`, and set KUBEBUILDER_ASSETS") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    symlink(env!("CARGO_BIN_EXE_vpcguard"), folder.path().join("kubectl-vpcguard")).unwrap();
    let path =
        env::join_paths([folder.path().to_owned()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap())));
    let mut plugin = Command::new(kubectl);
    plugin.args(["vpcguard", "rules", "--format", "json"]).env("PATH", path.unwrap());
    assert!(success(&mut plugin).contains("\"subnet-cidr-overlap\""));
}
