//! Which rules report: `--select` and `--ignore`.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Args, Command};
use vpcguard_check::Selection;
use vpcguard_policies::rules;

/// The rules that report.
#[derive(Debug, Args)]
pub(crate) struct Selected {
    /// Only these rules report; any number of times, or separated by commas.
    #[arg(long, value_name = "RULE", value_parser = RuleParser, hide_possible_values = true)]
    pub(crate) select: Vec<String>,
    /// These rules do not report.
    #[arg(long, value_name = "RULE", value_parser = RuleParser, hide_possible_values = true)]
    pub(crate) ignore: Vec<String>,
}

impl Selected {
    /// What is selected, or which rules there are not.
    pub(crate) fn selection(&self) -> Result<Selection, String> {
        Selection::of(&self.select, &self.ignore).map_err(|errors| errors.join("\n"))
    }
}

/// Takes any text, and knows the rules for completions: an unknown one is said in the words of the command in Node.
#[derive(Clone, Debug)]
struct RuleParser;

impl TypedValueParser for RuleParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &std::ffi::OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(rules::ids().map(PossibleValue::new)))
    }
}
