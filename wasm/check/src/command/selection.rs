//! Which rules report: `--select` and `--ignore`.

use vpcguard_policies::{Settings, rules};

use crate::report::Report;

/// The rules that report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these, unless there are none.
    select: Vec<&'static str>,
    /// Not these.
    ignore: Vec<&'static str>,
}

impl Selection {
    /// The rules of these ids. An element may be a list that is separated by commas.
    ///
    /// # Errors
    ///
    /// A line for each id that no rule has.
    pub fn of(select: &[String], ignore: &[String]) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut named = |flag: &str, given: &[String]| -> Vec<&'static str> {
            let ids = given.iter().flat_map(|list| list.split(',')).map(str::trim);
            let ids = ids.map(|id| rules::id_named(id).map_err(|error| format!("{flag}: {error}")));
            ids.filter_map(|id| id.map_err(|error| errors.push(error)).ok()).collect()
        };
        let selection = Self { select: named("--select", select), ignore: named("--ignore", ignore) };
        if errors.is_empty() { Ok(selection) } else { Err(errors) }
    }

    /// Whether the rule of this id reports.
    pub fn has(&self, id: &str) -> bool {
        (self.select.is_empty() || self.select.contains(&id)) && !self.ignore.contains(&id)
    }

    /// Switches the other rules off. What is injected is injected all the same, for rules build on it.
    pub fn apply(&self, settings: &mut Settings) {
        if *self != Self::default() {
            settings.switch_off(|id| !self.has(id));
        }
    }

    /// Takes what the other rules inject out of a report.
    pub(crate) fn leave_selected(&self, report: &mut Report) {
        report.mutations.retain(|mutation| self.has(mutation.injection.rule));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(select: &[&str], ignore: &[&str]) -> Result<Selection, Vec<String>> {
        let strings = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        Selection::of(&strings(select), &strings(ignore))
    }

    #[test]
    fn what_is_selected_and_not_ignored_reports() {
        let all = of(&[], &[]).unwrap();
        assert!(all.has("subnet-syntax") && all.has("inject-vpc-lb"));
        let some = of(&["subnet-syntax, subnet-hygiene", "inject-vpc-lb"], &["subnet-hygiene"]).unwrap();
        let selected: Vec<_> = rules::ids().filter(|id| some.has(id)).collect();
        assert_eq!(selected, ["subnet-syntax", "inject-vpc-lb"]);
        assert!(!of(&[], &["subnet-syntax"]).unwrap().has("subnet-syntax"));
    }

    #[test]
    fn each_unknown_rule_is_an_error_with_a_guess() {
        assert_eq!(
            of(&["subnet-sintax,"], &["zzz"]).unwrap_err(),
            [
                r#"--select: unknown rule "subnet-sintax": did you mean "subnet-syntax"?"#,
                r#"--select: unknown rule "": `vpcguard rules` lists them all"#,
                r#"--ignore: unknown rule "zzz": `vpcguard rules` lists them all"#,
            ]
        );
    }
}
