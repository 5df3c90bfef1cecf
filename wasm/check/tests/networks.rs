//! Networks after documented features of Kube-OVN, in `tests/networks`, are right: nothing is refused, and little is said.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use vpcguard_check::{Folder, Source, check, parse_value};
use vpcguard_policies::{Inventory, Kind, Request, Settings, admit};

/// How many warnings one of them may have.
const MOST_WARNINGS: usize = 1;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/networks")
}

/// One of the files.
struct Network {
    name: String,
    source: Source,
    settings: Settings,
}

impl Network {
    fn all() -> Vec<Self> {
        let mut paths: Vec<_> = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let source = Source { name: name.clone(), bytes: fs::read(path).unwrap() };
        let text = str::from_utf8(&source.bytes).unwrap();
        let written = text.lines().find_map(|line| line.strip_prefix("# settings: "));
        let written = written.map_or(Value::Object(Map::new()), |text| {
            parse_value(&Source { name: name.clone(), bytes: text.as_bytes().to_vec() }).unwrap()
        });
        Self { name, source, settings: Settings::parse(&written).unwrap() }
    }

    fn parsed(&self) -> Folder {
        let folder = Folder::parse(std::slice::from_ref(&self.source));
        assert!(folder.errors.is_empty(), "{}: {:?}", self.name, folder.errors);
        assert!(!folder.documents.is_empty(), "{}", self.name);
        folder
    }

    /// What the first line says that it is about.
    fn feature(&self) -> &str {
        let text = str::from_utf8(&self.source.bytes).unwrap();
        text.lines().next().unwrap().strip_prefix("# ").unwrap().strip_suffix('.').unwrap()
    }
}

/// What Kube-OVN and Kubernetes have made before a user comes.
fn beginning(settings: &Settings) -> Inventory {
    let mut cluster = Inventory::new(settings.kube_ovn.clone()).watching(Kind::ALL.iter().copied());
    for (kind, name, spec) in [
        ("Vpc", "ovn-cluster", json!({})),
        ("Subnet", "ovn-default", json!({"vpc": "ovn-cluster", "cidrBlock": "10.16.0.0/16", "default": true})),
        ("Subnet", "join", json!({"vpc": "ovn-cluster", "cidrBlock": "100.64.0.0/16"})),
    ] {
        let object = json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
        cluster.apply(Kind::of(&object).unwrap(), &object);
    }
    for name in ["default", "kube-system"] {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        cluster.apply(Kind::Namespace, &object);
    }
    // Who uses external networks has Nodes for them.
    let labels = json!({"ovn.kubernetes.io/external-gw": "true"});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "edge", "labels": labels}});
    cluster.apply(Kind::Node, &node);
    let services = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"},
        "spec": {"cidrs": ["10.96.0.0/12"]},
    });
    cluster.apply(Kind::ServiceCidr, &services);
    cluster
}

#[test]
fn a_folder_with_one_of_them_is_right() {
    for network in Network::all() {
        let report = check(&network.parsed(), &[], &network.settings).unwrap();
        let summary = report.summary();
        assert_eq!(summary.denied, 0, "{}:\n{}", network.name, report.to_human());
        assert!(report.findings().len() <= MOST_WARNINGS, "{}:\n{}", network.name, report.to_human());
    }
}

#[test]
fn a_cluster_admits_their_objects_one_after_the_other() {
    for network in Network::all() {
        let mut cluster = beginning(&network.settings);
        let mut warnings = Vec::new();
        for document in network.parsed().documents {
            let Some(kind) = Kind::of(&document.object) else { continue };
            let request = Request::of_object(document.object, None);
            let verdict = admit(&request, &cluster, &network.settings).unwrap();
            assert!(verdict.allowed, "{}: {:#?}", network.name, verdict.findings);
            warnings.extend(verdict.warnings.iter().map(|warning| format!("{} {}", request.name, warning.message())));
            cluster.apply(kind, verdict.mutated_object.as_ref().unwrap_or(&request.object));
        }
        assert!(warnings.len() <= MOST_WARNINGS, "{}: {warnings:#?}", network.name);
    }
}

#[test]
fn the_list_has_each_of_them_with_its_feature_and_a_link() {
    let networks = Network::all();
    assert!(networks.len() >= 60);
    let list = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows: Vec<_> = list.lines().filter(|line| line.starts_with("| [")).collect();
    assert_eq!(rows.len(), networks.len());
    for (row, network) in rows.iter().zip(&networks) {
        let cells: Vec<_> = row.split(" | ").collect();
        assert_eq!(cells[0], format!("| [{0}]({0})", network.name));
        assert_eq!(cells[1], network.feature(), "{}", network.name);
        assert!(cells[2].contains("](https://"), "{}", network.name);
    }
}
