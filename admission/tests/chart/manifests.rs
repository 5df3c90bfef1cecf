//! What `vpcguard manifests` prints.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use vpcguard_check::{Source, parse};

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_vpcguard");

/// The folder of the chart.
pub(crate) fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/vpcguard")
}

/// The objects that it prints with these settings.
pub(crate) fn manifests(settings: &Value) -> Vec<Value> {
    print(&settings.to_string(), &[])
}

/// The objects that it prints with the settings of this text.
pub(crate) fn print(settings: &str, args: &[&str]) -> Vec<Value> {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("settings.yaml");
    std::fs::write(&file, settings).unwrap();
    let output = Command::new(BINARY).arg("manifests").arg("--settings").arg(file).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    objects("vpcguard manifests", output.stdout)
}

/// The objects of a YAML text.
pub(crate) fn objects(name: &str, bytes: impl Into<Vec<u8>>) -> Vec<Value> {
    let parsed = parse(&Source { name: name.to_owned(), bytes: bytes.into() });
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.documents.into_iter().map(|document| document.object).collect()
}

/// The default values of the chart.
pub(crate) fn values() -> Value {
    values_of("values.yaml")
}

/// The values of a file of the chart.
pub(crate) fn values_of(file: &str) -> Value {
    let text = std::fs::read_to_string(chart().join(file)).unwrap();
    // The reader of YAML wants objects of Kubernetes.
    let head = "apiVersion: v1\nkind: Values\nmetadata: {name: values}\n";
    let mut values = objects(file, format!("{head}{text}")).remove(0);
    for field in ["apiVersion", "kind", "metadata"] {
        values.as_object_mut().unwrap().remove(field);
    }
    values
}

/// `Kind name`, which tells objects apart, with the namespace where there are two of them.
pub(crate) fn identity(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    let place = metadata["namespace"].as_str().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{} {place}{}", text(&object["kind"]), text(&metadata["name"]))
}
