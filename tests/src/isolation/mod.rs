//! The ways by which a tenant could get into another's VPC, or harm others: what is tried, who refuses it, and what the honest
//! user writes instead.
//!
//! A way is a file `isolation/<name>.yaml`. Its objects are called `case0`, and stand in the world of [`facts`].

pub mod facts;
mod step;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use vpcguard_check::{Source, parse_value};

pub use step::Step;

/// See the module.
#[derive(Clone, Debug)]
pub struct Way {
    /// The name of its file.
    pub name: String,
    /// What is protected from what.
    pub what: String,
    /// The rule that refuses it.
    pub rule: String,
    /// What Kube-OVN does where nobody refuses it: `port`, `address`, `vip`, `balancer`, `taken`, `ends`; empty if nothing is attached.
    pub without: String,
    /// The request that is refused, counted from 1.
    pub step: usize,
    /// What it waits for, as long as it is not held.
    pub until: Option<String>,
    /// The requests of the tenant.
    pub steps: Vec<Step>,
    /// What is admitted.
    pub neighbour: Vec<Step>,
    /// The rules that may warn of what is admitted.
    pub warns: Vec<String>,
}

const KEYS: &[&str] = &["what", "rule", "without", "step", "until", "way", "neighbour", "warns", "left"];

impl Way {
    /// All of them, by name.
    ///
    /// # Errors
    ///
    /// If one cannot be read.
    pub fn all() -> Result<Vec<Self>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("isolation");
        let mut files: Vec<PathBuf> =
            fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        files.sort();
        files.iter().map(|file| Self::read(file).with_context(|| file.display().to_string())).collect()
    }

    fn read(file: &Path) -> Result<Self> {
        let source = Source { bytes: fs::read(file)?, name: file.display().to_string() };
        let value = match parse_value(&source) {
            Ok(value) => value,
            Err(errors) => bail!("{errors:?}"),
        };
        let members = value.as_object().context("a way is an object")?;
        if let Some(key) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
            bail!("{key} is not a part of a way");
        }
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let steps = |key: &str| -> Result<Vec<Step>> {
            let list = value.get(key).and_then(Value::as_array).with_context(|| format!("{key} is not a list"))?;
            list.iter().map(Step::read).collect()
        };
        let way = steps("way")?;
        let step = value.get("step").and_then(Value::as_u64).map(usize::try_from).transpose()?;
        let warns = value.get("warns").and_then(Value::as_array).into_iter().flatten();
        Ok(Self {
            name: file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            what: text("what").context("it does not say what")?,
            rule: text("rule").context("it names no rule")?,
            without: text("without").unwrap_or_default(),
            step: step.unwrap_or(way.len()),
            until: text("until"),
            steps: way,
            neighbour: steps("neighbour")?,
            warns: warns.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}
