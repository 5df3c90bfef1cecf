//! The explanation of a match for people.

use std::fmt;

use super::{MatchExplanation, Said};
use crate::explain::text::{line, plain};

/// How much of a line is shown before and behind a place, in characters.
const AROUND: usize = 60;

impl fmt::Display for MatchExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plain(f, &format!("match {}", crate::text::shortened(&self.text)))?;
        if let Some(means) = &self.means {
            line(f, "means", means)?;
        }
        if let Some(ovn) = self.ovn {
            line(f, "OVN", ovn)?;
        }
        for (label, each) in [("error", &self.faults), ("never", &self.never), ("warning", &self.lints)] {
            for said in each {
                self.said(f, label, said)?;
            }
        }
        Ok(())
    }
}

impl MatchExplanation {
    fn said(&self, f: &mut fmt::Formatter<'_>, label: &str, said: &Said) -> fmt::Result {
        let suggestion = said.suggestion.iter().map(|suggestion| format!("; {suggestion}"));
        line(f, label, &[said.message.clone()].into_iter().chain(suggestion).collect::<String>())?;
        let (shown, before, length) = self.place(said);
        if shown.is_empty() {
            return Ok(());
        }
        plain(f, &format!("              {shown}"))?;
        plain(f, &format!("              {}{}", " ".repeat(before), "^".repeat(length)))
    }

    /// The line of a place, or what is around the place in a long one; how much of it stands before the place, and how long the
    /// place is, in characters.
    fn place(&self, said: &Said) -> (String, usize, usize) {
        let (before, from) = self.text.split_at_checked(said.start).unwrap_or_default();
        let before: Vec<char> = before.rsplit('\n').next().unwrap_or_default().chars().collect();
        let part: Vec<char> = said.part.split('\n').next().unwrap_or_default().chars().collect();
        let line: Vec<char> = from.split('\n').next().unwrap_or_default().chars().collect();
        let cut = before.len().saturating_sub(AROUND);
        let shown = before.iter().skip(cut).chain(line.iter().take(2 * AROUND));
        // A tab would move what stands below it.
        let shown = shown.map(|character| if character.is_control() { ' ' } else { *character });
        let (head, tail) = (if cut > 0 { "…" } else { "" }, if line.len() > 2 * AROUND { "…" } else { "" });
        let shown = format!("{head}{}{tail}", shown.collect::<String>());
        (shown.trim_end().to_owned(), before.len() - cut + usize::from(cut > 0), part.len().clamp(1, 2 * AROUND))
    }
}
