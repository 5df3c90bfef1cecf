//! The formats of a report, by their names.

use std::fmt;
use std::str::FromStr;

use vpcguard_policies::text::did_you_mean;

use super::{Report, github, gitlab, junit, sarif};

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs, in the published shape.
    Json,
    /// SARIF 2.1.0, as code scanning services take it.
    Sarif,
    /// `JUnit` XML, as CI servers take the results of tests.
    Junit,
    /// Workflow commands, which GitHub shows as annotations.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [Self::Human, Self::Json, Self::Sarif, Self::Junit, Self::Github, Self::Gitlab];

    /// The name by which it is chosen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|format| format.name() == name);
        named.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// The name of no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {0:?}: {hint}", hint = self.hint())]
pub struct UnknownFormat(String);

impl UnknownFormat {
    fn hint(&self) -> String {
        let names = Format::ALL.map(Format::name);
        let all = names.join(", ");
        // A question ends a sentence, and a colon does not.
        did_you_mean(&self.0, &names)
            .map_or_else(|| format!("it is one of {all}"), |question| format!("{question} It is one of {all}"))
    }
}

impl Report {
    /// The report in a format. Only what is for people has colours.
    pub fn render(&self, format: Format, colored: bool) -> String {
        match format {
            Format::Human if colored => self.to_human_in_colour(),
            Format::Human => self.to_human(),
            Format::Json => self.to_json(),
            Format::Sarif => sarif::render(self),
            Format::Junit => junit::render(self),
            Format::Github => github::render(self),
            Format::Gitlab => gitlab::render(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
    }

    #[test]
    fn an_unknown_format_says_which_there_are() {
        let error = |name: &str| name.parse::<Format>().unwrap_err().to_string();
        let all = "t is one of human, json, sarif, junit, github, gitlab";
        assert_eq!(error("JSON"), format!(r#"unknown format "JSON": did you mean "json"? I{all}"#));
        assert_eq!(error("git\nhub"), format!(r#"unknown format "git\nhub": did you mean "github"? I{all}"#));
        assert_eq!(error("xml"), format!(r#"unknown format "xml": i{all}"#));
        assert_eq!(error(""), format!(r#"unknown format "": i{all}"#));
    }
}
