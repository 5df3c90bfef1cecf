//! Adds a line where it belongs in a file that people write.

use anyhow::{Context, Result, ensure};

/// A module, in the order of the alphabet.
pub(super) fn module(text: &str, name: &str, declared: &str) -> Result<String> {
    let of = |line: &str| {
        let (_, rest) = line.split_once("mod ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"))?;
        rest.strip_suffix(';').map(str::to_owned)
    };
    sorted(text, name, declared, of)
}

/// What is exported of a module, in the order of the alphabet.
pub(super) fn export(text: &str, name: &str, declared: &str) -> Result<String> {
    let of = |line: &str| {
        let path = line.strip_prefix("pub use ")?;
        path.split_once("::").map(|(module, _)| module.to_owned())
    };
    sorted(text, name, declared, of)
}

/// A line before the first one whose name comes later, or after the last one that has a name.
fn sorted(text: &str, name: &str, line: &str, name_of: impl Fn(&str) -> Option<String>) -> Result<String> {
    let named = || text.lines().enumerate().filter_map(|(at, line)| Some((at, name_of(line)?)));
    ensure!(named().all(|(_, other)| other != name), "`{name}` is there already");
    let later = named().find(|(_, other)| other.as_str() > name).map(|(at, _)| at);
    let at = later.or_else(|| named().last().map(|(at, _)| at + 1)).context("there is no line like it")?;
    Ok(at_line(text, at, line))
}

/// A row after the last line of what a name's row begins with; none where there is no such row.
pub(super) fn after_row(text: &str, begins: &str, row: &str) -> Option<String> {
    let at = text.lines().position(|line| line.starts_with(begins))?;
    Some(at_line(text, at + 1, row))
}

/// A block after the last one that begins so, each of which begins at the left with `start`; none where there is no such block.
pub(super) fn after_block(text: &str, begins: &str, starts: fn(&str) -> bool, block: &str) -> Option<String> {
    let last = text.lines().enumerate().filter(|(_, line)| *line == begins).map(|(at, _)| at).last()?;
    let next = text.lines().enumerate().skip(last + 1).find(|(_, line)| starts(line)).map(|(at, _)| at);
    Some(at_line(text, next.unwrap_or_else(|| text.lines().count()), block))
}

/// A link after another one; none where that is not there.
pub(super) fn after_link(text: &str, other: &str, link: &str) -> Option<String> {
    text.contains(other).then(|| text.replacen(other, &format!("{other}, {link}"), 1))
}

fn at_line(text: &str, at: usize, added: &str) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    lines.insert(at.min(lines.len()), added.trim_end());
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_stands_in_the_alphabet() {
        let text = "//! Rules.\n\npub mod a;\nmod c;\npub(crate) mod e;\n\nuse x;\n";
        let with = |name: &str| module(text, name, &format!("pub mod {name};")).unwrap();
        assert!(with("b").contains("pub mod a;\npub mod b;\nmod c;\n"));
        assert!(with("d").contains("mod c;\npub mod d;\npub(crate) mod e;\n"));
        assert!(with("f").contains("mod e;\npub mod f;\n\nuse x;\n"));
        assert!(module(text, "c", "pub mod c;").is_err());
    }

    #[test]
    fn what_is_added_stands_after_its_neighbour() {
        let starts = |line: &str| line.starts_with("- ");
        let blocks = "- a\n  1\n- a\n  2\n- b\n";
        assert_eq!(after_block(blocks, "- a", starts, "- n\n").unwrap(), "- a\n  1\n- a\n  2\n- n\n- b\n");
        assert_eq!(after_block(blocks, "- b", starts, "- n\n").unwrap(), "- a\n  1\n- a\n  2\n- b\n- n\n");
        assert_eq!(after_block(blocks, "- c", starts, "- n\n"), None);
        assert_eq!(after_row("| a | 1\n| b | 2\n", "| a |", "| n |").unwrap(), "| a | 1\n| n |\n| b | 2\n");
        assert_eq!(after_link("[a](x), [b](y)", "[a](x)", "[n](z)").unwrap(), "[a](x), [n](z), [b](y)");
    }
}
