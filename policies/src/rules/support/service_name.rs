//! Names of the Services that Kube-OVN makes, which may have less in them than those of its own objects.

use crate::request::Operation;
use crate::rule::prelude::*;
use crate::text::quoted;

/// The longest name of a Service.
const LONGEST: usize = 63;

/// Refuses a new object of whose name Kube-OVN makes no name of a Service, by this prefix.
pub(crate) fn check(prefix: &str, name: &str, context: &mut Context<'_>) {
    let longest = LONGEST.saturating_sub(prefix.len());
    if context.operation != Operation::Create || name.len() <= longest && !name.contains('.') {
        return;
    }
    let fault =
        if name.contains('.') { "has a dot".to_owned() } else { format!("is longer than {longest} characters") };
    let service = quoted(&format!("{prefix}{name}"));
    let detail = format!("{fault}: the API server refuses the Service {service} that Kube-OVN makes of it");
    let finding = Finding::invalid(FieldPath::of("metadata.name"), name, detail);
    context.deny(finding.help(format!("Choose a name of {longest} characters at most, without dots.")));
}
