//! What hostile bodies are made of: objects that are in use in other tests, and texts that have caused trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use vpcguard_check::{Source, parse_value};
use vpcguard_policies::{Inventory, Kind};

use super::node::Node;
use crate::Case;

/// Keys that an object of any kind may have.
const KEYS: &[&str] = &[
    "metadata",
    "name",
    "namespace",
    "annotations",
    "labels",
    "finalizers",
    "deletionTimestamp",
    "generateName",
    "ownerReferences",
    "spec",
    "status",
    "template",
    "kind",
    "apiVersion",
    "uid",
    "",
    "hostNetwork",
    "NAME",
    "Namespace",
    "name\u{17f}",
];

/// Texts that nobody means well with.
const TEXTS: &[&str] = &[
    "",
    " ",
    ",",
    "/",
    "@",
    ".",
    "..",
    "a/b/c@d",
    "@,@,@",
    "[]",
    "[null]",
    "[{}]",
    "{",
    "[{\"name\":",
    "\0",
    "\u{feff}",
    "\u{1f600}",
    "\u{202e}",
    "K",
    "ſ",
    "<script>",
    "-1",
    "1e999",
    "0x10",
    "true",
    "null",
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/33",
    "010.1.1.1",
    "::ffff:10.0.0.1",
    "fe80::1%eth0",
    "10.0.0.1..10.255.255.255",
    "10.0.0.9..10.0.0.1",
    "10.0.0.1,10.0.0.2,,",
    "255.255.255.255",
    "10.16.0.0/16,fd00:10:16::/112",
    "ovn",
    "ovn-cluster",
    "ovn-default",
    "join",
    "kube-system",
    "default",
    "a.b.ovn",
    "..ovn",
    "[{\"name\":\"a\",\"name\":null,\"NAME\":\"b\",\"namespace\":[]}]",
    "ip4.dst == 10.0.0.1 && (((((",
    "ip4.dst == $a || !",
    "CREATE",
    "2026-01-01T00:00:00Z",
];

/// See the module.
#[derive(Debug)]
pub struct Ground {
    /// Whole objects, each with the version that it replaces in its test.
    pub(super) objects: Vec<(Node, Option<Node>)>,
    /// The kinds that are refused where there is no verdict.
    pub(super) refused: BTreeSet<String>,
    /// Keys, and texts that stand somewhere as a value.
    pub(super) keys: Vec<String>,
    pub(super) texts: Vec<String>,
    stored: Vec<Value>,
}

impl Ground {
    /// Gathers it from the tests' folders.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read.
    pub fn gather() -> Result<Self> {
        let (cases, samples) = (Case::all(), samples()?);
        let recorded = recorded()?;
        let stored = samples.iter().chain(cases.iter().flat_map(|case| &case.state));
        // Of two of one name the last counts.
        let stored: BTreeMap<_, _> = stored
            .filter_map(|object| {
                let metadata = |key| object.pointer(key).and_then(Value::as_str).unwrap_or_default();
                Some(((Kind::of(object)?, metadata("/metadata/namespace"), metadata("/metadata/name")), object))
            })
            .collect();
        let stored = stored.into_values().cloned().collect();
        let of_cases = cases.iter().map(|case| (&case.request.object, case.request.old_object.as_ref()));
        let of_recorded = recorded.iter().filter_map(|review| {
            let old = review.pointer("/request/oldObject").filter(|old| !old.is_null());
            Some((review.pointer("/request/object")?, old))
        });
        let (mut keys, mut texts) = (BTreeSet::new(), BTreeSet::new());
        let all = of_cases.chain(samples.iter().map(|sample| (sample, None))).chain(of_recorded);
        let objects = all.map(|(object, old)| {
            tell(object, &mut keys, &mut texts);
            (Node::from(object), old.map(Node::from))
        });
        let objects = objects.collect();
        keys.extend(KEYS.iter().copied());
        texts.extend(TEXTS.iter().copied());
        let owned = |texts: BTreeSet<&str>| texts.into_iter().map(str::to_owned).collect();
        Ok(Self { objects, refused: refused()?, keys: owned(keys), texts: owned(texts), stored })
    }

    /// The cluster that bodies are judged against: all that stands in any case.
    pub fn stored(&self) -> &[Value] {
        &self.stored
    }

    /// The same, as it is judged by.
    pub fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::default();
        for object in &self.stored {
            if let Some(kind) = Kind::of(object) {
                inventory.apply(kind, object);
            }
        }
        inventory
    }
}

/// The keys of annotations and maps, and all texts.
fn tell<'v>(value: &'v Value, keys: &mut BTreeSet<&'v str>, texts: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => drop(texts.insert(text)),
        Value::Array(items) => items.iter().for_each(|item| tell(item, keys, texts)),
        Value::Object(fields) => {
            for (key, value) in fields {
                keys.insert(key);
                tell(value, keys, texts);
            }
        }
        _ => {}
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An object of each kind.
fn samples() -> Result<Vec<Value>> {
    let file = root().join("../admission/tests/cluster/samples.yaml");
    let source = Source { bytes: fs::read(&file)?, name: file.display().to_string() };
    let samples = parse_value(&source).map_err(|errors| anyhow!("{errors:?}"))?;
    let samples = samples.as_array().context("samples.yaml is a list")?;
    Ok(samples.iter().filter_map(|sample| sample.get("object").cloned()).collect())
}

/// What a real API server sends.
fn recorded() -> Result<Vec<Value>> {
    let mut files: Vec<_> = fs::read_dir(root().join("reviews"))?.collect::<std::io::Result<_>>()?;
    files.sort_by_key(fs::DirEntry::path);
    files.iter().map(|file| Ok(serde_json::from_slice(&fs::read(file.path())?)?)).collect()
}

/// The kinds of which the manual says that they are refused without a verdict.
fn refused() -> Result<BTreeSet<String>> {
    let page = fs::read_to_string(root().join("../docs/webhook.md"))?;
    let row = page
        .lines()
        .find(|line| line.starts_with("| `/validate`, CREATE and UPDATE |") && line.ends_with("| refused |"));
    let kinds = row.and_then(|row| row.split('|').nth(2)).context("docs/webhook.md has no row of what is refused")?;
    Ok(kinds.split(',').map(|kind| kind.trim().to_owned()).collect())
}
