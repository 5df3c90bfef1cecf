//! The explanation for people.

use std::fmt;

use super::{Choice, Explanation, Network};
use crate::finding::Reported;
use crate::text::legible;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        let name = match &object.namespace {
            Some(namespace) => format!("{namespace}/{}", object.name),
            None => object.name.clone(),
        };
        plain(f, &format!("{} {name:?}", object.kind))?;
        line(f, "Subnet", &self.primary_text())?;
        line(f, "because", &self.primary.because)?;
        for network in &self.attached {
            let interface = if network.interface.is_empty() { "" } else { &format!(" as {}", network.interface) };
            let subnets = if network.subnets.is_empty() { "no Subnet" } else { &list(&network.subnets) };
            let text = format!("{:?}{interface}: {subnets}: {}", network.network, network.because);
            line(f, "attached", &text)?;
        }
        for injection in &self.injected {
            let text = format!("{}={:?}: {}", injection.field, injection.value, injection.because);
            line(f, "injected", &format!("{text}; the Pod then names its Subnet itself"))?;
        }
        for note in &self.notes {
            line(f, "note", note)?;
        }
        self.verdict_lines(f)
    }
}

impl Explanation {
    fn primary_text(&self) -> String {
        let subnets = &self.primary.subnets;
        match self.primary.network {
            Network::Node => "none: the Pod uses its node's network".to_owned(),
            Network::Other => "none of Kube-OVN's choice".to_owned(),
            Network::Subnet => list(subnets),
            Network::OneOf => format!("one of {}", list(subnets)),
            Network::Nowhere if subnets.is_empty() => "none: Kube-OVN cannot start the Pod".to_owned(),
            Network::Nowhere => format!("{}: Kube-OVN cannot start the Pod", list(subnets)),
            Network::Unknown => "not known".to_owned(),
        }
    }

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

/// `net1 (10.0.1.0/24), VPC v`
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.missing {
            return write!(f, "{}, which does not exist", self.name);
        }
        match &self.vpc {
            Some(vpc) => write!(f, "{} ({}), VPC {vpc}", self.name, self.cidr),
            None => write!(f, "{} ({}), no VPC", self.name, self.cidr),
        }
    }
}

fn list(choices: &[Choice]) -> String {
    choices.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

pub(super) fn line(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    plain(f, &format!("  {:<9} {text}", format!("{label}:")))
}

/// Writes a line; what cannot be seen is escaped, for names and keys are whatever an object says.
pub(super) fn plain(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(f, "{}", legible(text))
}
