//! What several rules say of a match in OVN's language.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;

use crate::field::FieldPath;
use crate::finding::{Action, Finding};
use crate::ovn_match::packets::{Dimension, PacketBox, Packets, Version};
use crate::ovn_match::{Fault, Lint, Problem};
use crate::rule::Context;

/// Where a match is, and what happens to one that OVN cannot read.
pub(crate) struct Place<'a> {
    pub(crate) field: FieldPath,
    pub(crate) text: &'a str,
    /// What OVN leaves out, as `policy`.
    pub(crate) what: &'static str,
}

impl Place<'_> {
    /// Says each thing for which OVN does not take a match, under what is wrong. A name that no known version of OVN has is a
    /// warning: a later one may have it.
    pub(crate) fn report(&self, faults: &[Fault], context: &mut Context<'_>) {
        for fault in faults {
            let action = match fault.problem {
                Problem::UnknownField(_) | Problem::Template => Action::Warn,
                _ => Action::Deny,
            };
            if context.has_enough(action) {
                return;
            }
            let detail = match fault.problem {
                Problem::OrderOfAddressSet => fault.to_string(),
                _ => format!("{fault}, so OVN leaves the {} out", self.what),
            };
            let finding = Finding::invalid(self.field.clone(), self.text, detail).part(fault.span.range());
            let help = fault.suggestion.as_deref().map_or_else(|| MANUAL.to_owned(), sentence);
            context.report(action, finding.help(help));
        }
    }

    /// Says what OVN takes and nobody means.
    pub(crate) fn report_lints(&self, lints: &[Lint], action: impl Fn(&Lint) -> Action, context: &mut Context<'_>) {
        for lint in lints {
            let action = action(lint);
            if context.has_enough(action) {
                return;
            }
            let finding = Finding::invalid(self.field.clone(), self.text, lint.to_string()).part(lint.span.range());
            context.report(action, finding.help(sentence(&lint.advice())));
        }
    }
}

const MANUAL: &str = "The language is that of matches in ovn-sb(5), table Logical_Flow.";

/// A few words as a sentence.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let sentence: String = first.into_iter().chain(characters).collect();
    if sentence.ends_with(['.', '?']) { sentence } else { sentence + "." }
}

/// The packets of a prefix's family whose addresses on one side are in it.
pub(crate) fn packets_of(dimension: Dimension, prefix: IpNet) -> PacketBox {
    PacketBox::of(version(prefix.addr())).with(dimension, number(prefix.network())..=number(prefix.broadcast()))
}

/// All packets of an address's family.
pub(crate) fn packets_like(address: IpAddr) -> Packets {
    Packets::new(vec![PacketBox::of(version(address))])
}

/// An address as it is compared.
pub(crate) fn only(address: IpAddr) -> RangeInclusive<u128> {
    number(address)..=number(address)
}

fn version(address: IpAddr) -> Version {
    if address.is_ipv4() { Version::V4 } else { Version::V6 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}
