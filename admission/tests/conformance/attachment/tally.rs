//! What came of all cases, in numbers.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::case::Case;
use super::lands::Landing;
use super::oracle::class;
use super::site::{Outcome, Verdict, rule};

#[derive(Default)]
struct Row {
    tried: usize,
    admitted: usize,
    refused: usize,
    invalid: usize,
    without_port: usize,
}

/// See the module.
#[derive(Default)]
pub(super) struct Tally {
    /// By what would come of a Pod.
    rows: BTreeMap<&'static str, Row>,
    /// By the way.
    got_in: BTreeMap<&'static str, usize>,
    /// What was refused, then made anyway, by rule and by what would come of it: how many, and how many of them got in.
    anyway: BTreeMap<(String, &'static str), (usize, usize)>,
    pinned: BTreeMap<String, &'static str>,
    /// Of how many interfaces this came.
    landings: BTreeMap<Landing, usize>,
}

impl Tally {
    pub(super) fn tried(&mut self, case: &Case, outcome: &Outcome) {
        let row = self.rows.entry(class_of(case)).or_default();
        row.tried += 1;
        match outcome.verdict {
            Verdict::Admitted => row.admitted += 1,
            Verdict::Refused(_) => row.refused += 1,
            Verdict::Invalid(_) => row.invalid += 1,
        }
        row.without_port += usize::from(outcome.verdict == Verdict::Admitted && outcome.ports == 0);
    }

    pub(super) fn landed(&mut self, landings: &[(Landing, String)]) {
        for (landing, _) in landings {
            *self.landings.entry(*landing).or_default() += 1;
        }
    }

    pub(super) fn got_in(&mut self, way: &'static str) {
        *self.got_in.entry(way).or_default() += 1;
    }

    pub(super) fn made_anyway(&mut self, case: &Case, message: &str, outcome: &Outcome) {
        let (tried, got_in) = self.anyway.entry((named(message), class_of(case))).or_default();
        *tried += 1;
        *got_in += usize::from(!outcome.breaches.is_empty());
    }

    pub(super) fn pinned(&mut self, class: &str, verdict: &Verdict, got_in: bool) {
        let came = match verdict {
            Verdict::Admitted if got_in => "got in",
            Verdict::Admitted => "admitted, and did not get in",
            Verdict::Refused(_) if got_in => "refused too late",
            Verdict::Refused(_) => "refused",
            Verdict::Invalid(_) => "the API server refused it",
        };
        self.pinned.insert(class.to_owned(), came);
    }

    /// As tables.
    pub(super) fn table(&self) -> String {
        let mut text = "| what it would come to | tried | refused | admitted | of these without a port | not valid |\n|---|---|---|---|---|---|\n".to_owned();
        for (class, row) in &self.rows {
            let Row { tried, admitted, refused, invalid, without_port } = row;
            let _ = writeln!(text, "| {class} | {tried} | {refused} | {admitted} | {without_port} | {invalid} |");
        }
        text.push_str("\n| an interface of an admitted Pod is | interfaces |\n|---|---|\n");
        for (landing, number) in &self.landings {
            let _ = writeln!(text, "| {} | {number} |", landing.text());
        }
        text.push_str("\n| way in | got in | pinned case |\n|---|---|---|\n");
        let ways: std::collections::BTreeSet<&str> =
            self.got_in.keys().copied().chain(self.pinned.keys().map(String::as_str)).collect();
        for way in ways {
            let got_in = self.got_in.get(way).copied().unwrap_or_default();
            let _ = writeln!(text, "| {way} | {got_in} | {} |", self.pinned.get(way).unwrap_or(&"none"));
        }
        text.push_str(
            "\n| refused by | what it would come to | made anyway | in no foreign VPC |\n|---|---|---|---|\n",
        );
        for ((rule, class), (tried, got_in)) in &self.anyway {
            let _ = writeln!(text, "| {rule} | {class} | {tried} | {} |", tried - got_in);
        }
        text
    }
}

/// What would come of a case.
pub(super) fn class_of(case: &Case) -> &'static str {
    match case.object()["kind"].as_str() {
        Some("Namespace") => "a Namespace",
        Some("IPPool") => "an IPPool",
        Some("Vip") => "a Vip",
        Some("Subnet") => "a Subnet",
        Some("NetworkAttachmentDefinition") => "a network",
        Some("EndpointSlice") => "an EndpointSlice",
        _ if case.objects().any(|object| object["kind"] == "Service") => "a Service",
        _ => case.final_pod().map_or("nothing", |pod| class(&pod)),
    }
}

fn named(message: &str) -> String {
    rule(message).map_or_else(|| message.to_owned(), |rule| format!("`{rule}`"))
}
