//! The explanation for people.

use std::fmt;

use super::{Address, Attached, Choice, Chosen, Explanation, Network, Primary};
use crate::finding::Reported;
use crate::kinds::ObjectRef;
use crate::text::legible;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        let name = match &object.namespace {
            Some(namespace) => format!("{namespace}/{}", object.name),
            None => object.name.clone(),
        };
        plain(f, &format!("{} {name:?}", object.kind))?;
        line(f, "Subnet", &primary_text(&self.primary))?;
        line(f, "because", &self.primary.because)?;
        if let Some(provider) = self.primary.provider {
            line(f, "network", &format!("{}, provider {provider}", self.primary.interface.unwrap_or_default()))?;
        }
        if let Some(address) = &self.primary.address {
            line(f, "address", &address.to_string())?;
        }
        self.attached.iter().try_for_each(|network| network.lines(f))?;
        for blocked in &self.blocked {
            line(f, "blocked", &format!("Kube-OVN attaches the Pod to nothing: {blocked}"))?;
        }
        for ignored in &self.ignored {
            line(f, "ignored", &format!("{}={:?}: {}", ignored.key, ignored.value, ignored.because))?;
        }
        for missing in &self.missing {
            line(f, "missing", &format!("{}: {}", named(&missing.object), missing.because))?;
        }
        for injection in &self.injected {
            let text = format!("{}={:?}: {}", injection.field, injection.value, injection.because);
            line(f, "injected", &format!("{text}; the Pod then names its Subnet itself"))?;
        }
        // What blocks is said already.
        for note in self.notes.iter().filter(|note| !self.blocked.contains(note)) {
            line(f, "note", note)?;
        }
        self.verdict_lines(f)
    }
}

impl Explanation {
    fn verdict_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = &self.verdict;
        line(f, "verdict", if verdict.allowed { "admitted" } else { "refused" })?;
        let each = |word: &'static str, findings: &[Reported]| -> Vec<String> {
            findings.iter().map(|finding| format!("    {word}: {finding}")).collect()
        };
        for text in each("error", &verdict.findings).iter().chain(&each("warning", &verdict.warnings)) {
            plain(f, text)?;
        }
        for unseen in &verdict.not_evaluated {
            plain(f, &format!("    note: {} was not evaluated: it needs {}", unseen.rule, unseen.needs))?;
        }
        Ok(())
    }
}

impl Attached {
    /// A block of its own, for there may be several.
    fn lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interface = if self.interface.is_empty() { String::new() } else { format!(" as {}", self.interface) };
        let provider = self.provider.as_ref().map_or_else(String::new, |provider| format!(", provider {provider}"));
        line(f, "attached", &format!("{:?}{interface}{provider}", self.network))?;
        let subnets = match self.subnets.as_slice() {
            [] => "none".to_owned(),
            [one] => one.to_string(),
            several => format!("one of {}", list(several)),
        };
        inner(f, "Subnet", &subnets)?;
        inner(f, "because", &self.because)?;
        self.address.iter().try_for_each(|address| inner(f, "address", &address.to_string()))
    }
}

/// `10.0.1.5: the annotation … asks for it`
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from: Vec<_> = self.from.iter().map(named).collect();
        let (from, all) = (from.join(" or "), some(&self.addresses));
        match self.chosen {
            Chosen::Given | Chosen::Fixed => f.write_str(&all)?,
            Chosen::FirstFree => write!(f, "the first that is free of {all}")?,
            Chosen::ByNumber => f.write_str(&by_number(&self.addresses))?,
            Chosen::Pool if all.is_empty() => write!(f, "a free one of {from}")?,
            Chosen::Pool => write!(f, "a free one of {from} ({all})")?,
            Chosen::Vip if all.is_empty() => write!(f, "that of {from}, which Kube-OVN has yet to draw")?,
            Chosen::Vip => write!(f, "{all}, that of {from}")?,
            Chosen::Any => return f.write_str("any that is free"),
            Chosen::Nothing => f.write_str("none")?,
        }
        write!(f, ": {}", self.because)
    }
}

/// How many addresses are written out.
const MOST: usize = 6;

fn some(addresses: &[String]) -> String {
    let shown = addresses
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(if addresses.iter().any(|one| one.contains(',')) { "; " } else { ", " });
    match addresses.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn by_number(addresses: &[String]) -> String {
    if let [one] = addresses {
        return one.clone();
    }
    let each = addresses.iter().enumerate().map(|(number, address)| format!("{address} for Pod {number}"));
    some(&each.collect::<Vec<_>>())
}

/// `Subnet "a"`
pub(super) fn named(object: &ObjectRef) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {:?}", object.kind, format!("{namespace}/{}", object.name)),
        None => format!("{} {:?}", object.kind, object.name),
    }
}

/// `net1 (10.0.1.0/24), VPC v`
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.missing {
            return write!(f, "{}, which does not exist", self.name);
        }
        f.write_str(&self.name)?;
        if !self.cidr.is_empty() {
            write!(f, " ({})", self.cidr)?;
        }
        match &self.vpc {
            Some(vpc) => write!(f, ", VPC {vpc}"),
            None => f.write_str(", no VPC"),
        }
    }
}

/// The Subnet of the primary network.
pub(super) fn primary_text(primary: &Primary) -> String {
    let subnets = &primary.subnets;
    match primary.network {
        Network::Node => "none: the Pod uses its node's network".to_owned(),
        Network::Other => "none of Kube-OVN's choice".to_owned(),
        Network::Subnet => list(subnets),
        Network::OneOf => format!("one of {}", list(subnets)),
        Network::Nowhere if subnets.is_empty() => "none: Kube-OVN cannot start the Pod".to_owned(),
        Network::Nowhere => format!("{}: Kube-OVN cannot start the Pod", list(subnets)),
        Network::Unknown => "not known".to_owned(),
    }
}

pub(super) fn list(choices: &[Choice]) -> String {
    choices.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

pub(super) fn line(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    plain(f, &format!("  {:<9} {text}", format!("{label}:")))
}

/// A line of a block within.
fn inner(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    plain(f, &format!("    {:<8} {text}", format!("{label}:")))
}

/// Writes a line; what cannot be seen is escaped, for names and keys are whatever an object says.
pub(super) fn plain(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(f, "{}", legible(text))
}
