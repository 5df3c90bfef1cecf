//! What a walk has left out that somebody may look for, in notes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How many names a note has.
const MOST_NAMED: usize = 5;

/// What was left out, and why.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    /// Helm charts whose templates were.
    charts: BTreeSet<String>,
    /// Directories of which git could not say what it tracks and ignores, and why.
    unasked: BTreeMap<String, String>,
}

impl LeftOut {
    pub(super) fn chart(&mut self, chart: &Path) {
        self.charts.insert(chart.display().to_string());
    }

    pub(super) fn unasked(&mut self, directory: &Path, why: String) {
        self.unasked.insert(directory.display().to_string(), why);
    }

    /// A line for each reason.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.note_of_charts().into_iter().chain(self.note_of_git()).collect()
    }

    fn note_of_charts(&self) -> Option<String> {
        // Who renders a chart renders its subcharts.
        let is_within = |chart: &str, other: &String| {
            chart.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with("/charts/"))
        };
        let charts = self.charts.iter().map(String::as_str);
        let charts: Vec<_> = charts.filter(|chart| !self.charts.iter().any(|other| is_within(chart, other))).collect();
        match charts.as_slice() {
            [] => None,
            [chart] => Some(format!(
                "{chart}/templates is a Helm chart's and was left out: render it (helm template {chart} | vpcguard check -)"
            )),
            several => Some(format!(
                "the templates of {} Helm charts were left out: {}: render each (helm template CHART | vpcguard check -)",
                several.len(),
                named(several)
            )),
        }
    }

    fn note_of_git(&self) -> Option<String> {
        let directories: Vec<_> = self.unasked.keys().map(String::as_str).collect();
        let why = self.unasked.values().next()?;
        Some(format!(
            "git does not say what it tracks and ignores in {} ({why}): no .gitignore counts there, and hidden files and node_modules are left out even if they are tracked",
            named(&directories)
        ))
    }
}

/// The first of some names, and how many more there are.
fn named(names: &[&str]) -> String {
    let first = names.get(..MOST_NAMED).unwrap_or(names).join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(charts: &[&str]) -> Vec<String> {
        let mut left_out = LeftOut::default();
        for chart in charts {
            left_out.chart(Path::new(chart));
        }
        left_out.notes()
    }

    #[test]
    fn a_chart_is_named_with_the_command_that_renders_it() {
        assert!(notes(&[]).is_empty());
        let one = "c/templates is a Helm chart's and was left out: render it (helm template c | vpcguard check -)";
        assert_eq!(notes(&["c"]), [one]);
        // It is rendered with the chart that it is in.
        assert_eq!(notes(&["c", "c/charts/d"]), [one]);
        let many = notes(&["a", "a-b", "a/charts/x", "b", "c", "d", "e", "f"]);
        assert_eq!(
            many,
            [
                "the templates of 7 Helm charts were left out: a, a-b, b, c, d and 2 more: render each (helm template CHART | vpcguard check -)"
            ]
        );
    }

    #[test]
    fn a_repository_of_which_nothing_is_known_is_named_with_the_reason() {
        let mut left_out = LeftOut::default();
        left_out.unasked(Path::new("b"), "later".to_owned());
        left_out.unasked(Path::new("a"), "there is no program git".to_owned());
        let [note] = left_out.notes().try_into().unwrap();
        assert!(note.starts_with("git does not say what it tracks and ignores in a, b (there is no program git): no"));
    }
}
