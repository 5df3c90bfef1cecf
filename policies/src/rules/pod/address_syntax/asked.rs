//! Addresses that a Pod asks for.

use super::Choice;
use super::place::Candidates;
use crate::kinds::PodTemplate;
use crate::rule::prelude::*;

/// What a Pod asks for in one of its networks.
pub(super) enum Ask {
    /// One of these choices.
    Addresses(Vec<Choice>),
    /// One of an `IPPool`.
    Pool(String),
}

/// Addresses that can be read, and where they stand.
pub(super) struct Asked {
    /// The annotation that Kube-OVN reads.
    pub(super) key: String,
    /// Where they are written, and what stands there.
    pub(super) field: FieldPath,
    pub(super) value: String,
    /// What of it is meant, where it is a list of networks.
    pub(super) part: String,
    pub(super) ask: Ask,
}

impl Asked {
    /// Which of several Kube-OVN takes.
    pub(super) fn rank(&self) -> u8 {
        match self.key.rsplit_once(".kubernetes.io/") {
            Some((_, name)) if name.starts_with("ip_address.") => 0,
            Some((_, "ip_address")) => 1,
            _ => 2,
        }
    }

    /// Whether one of the Subnets has what is asked for.
    pub(super) fn placed(
        &self,
        pod: &PodTemplate,
        candidates: Option<&Candidates>,
        context: &mut Context<'_>,
    ) -> Outcome {
        let Some(candidates) = candidates else { return Ok(()) };
        if pod.keeps_address(&self.key) {
            return Ok(());
        }
        match &self.ask {
            Ask::Addresses(choices) => candidates.addresses(self, choices, context),
            Ask::Pool(name) => candidates.pool(self, name, context),
        }
    }

    /// A finding of it, which is another one once the Pod no longer keeps the address that it has.
    pub(super) fn finding(&self, detail: &str) -> Finding {
        let Self { key, field, value, part, .. } = self;
        Finding::invalid(field.clone(), value, format!("{part}{detail}")).identified_by(format!("{key} {value} false"))
    }

    /// Of a workload with more Pods than addresses some get none.
    pub(super) fn counted(&self, pod: &PodTemplate, context: &mut Context<'_>) {
        let Ask::Addresses(choices) = &self.ask else { return };
        let (count, wanted) = (choices.len(), pod.replicas);
        if i64::try_from(count).is_ok_and(|count| count < wanted) {
            let detail = format!("is enough for {count} of {wanted} Pods: Kube-OVN gives the others no address");
            let Self { key, value, .. } = self;
            let finding = self.finding(&detail).identified_by(format!("{key} {value} for too many"));
            context.warn(finding.help(
                "Write as many addresses as there are to be Pods into ip_pool, with semicolons between them, or name an IPPool there.",
            ));
        }
    }
}
