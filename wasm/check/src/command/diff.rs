//! What fixing would change, as `diff --unified` shows it.
//!
//! A fix changes values within their lines, and adds and removes none, so the lines are compared one by one. A library that compares
//! any texts has 330 KB of WebAssembly.

use std::fmt::Write;
use std::ops::Range;

use crate::source::Source;

/// How many lines are shown around a change.
const CONTEXT: usize = 3;

/// The difference between a source and what is to become of it, as `patch` takes it.
pub(super) fn unified(before: &Source, after: &Source) -> String {
    let (old, new) = (String::from_utf8_lossy(&before.bytes), String::from_utf8_lossy(&after.bytes));
    let (old, new): (Vec<_>, Vec<_>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let mut out = String::new();
    for hunk in hunks(&old, &new) {
        if out.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(out, "--- {}\n+++ {}\n", before.name, after.name);
        }
        let lines = format!("{},{}", hunk.start + 1, hunk.len());
        let _ = writeln!(out, "@@ -{lines} +{lines} @@");
        let pairs = old.iter().zip(&new).skip(hunk.start).take(hunk.len());
        write_lines(&mut out, pairs.map(|(old, new)| (*old, *new)));
    }
    out
}

/// The lines to be shown, from 0: those that differ with the lines around them.
fn hunks(old: &[&str], new: &[&str]) -> Vec<Range<usize>> {
    let mut hunks = Vec::<Range<usize>>::new();
    let changed = old.iter().zip(new).enumerate().filter(|(_, (old, new))| old != new);
    for (at, _) in changed {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(old.len()));
        match hunks.last_mut().filter(|last| last.end >= start) {
            Some(last) => last.end = end,
            None => hunks.push(start..end),
        }
    }
    hunks
}

/// Lines that differ stand below each other, first all as they were.
fn write_lines<'a>(out: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut added = Vec::new();
    for (old, new) in pairs {
        if old == new {
            for line in added.drain(..) {
                write_line(out, '+', line);
            }
            write_line(out, ' ', old);
        } else {
            write_line(out, '-', old);
            added.push(new);
        }
    }
    for line in added {
        write_line(out, '+', line);
    }
}

fn write_line(out: &mut String, mark: char, line: &str) {
    out.push(mark);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(before: &str, after: &str) -> String {
        let source = |text: &str| Source { name: "m/a.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
        let text = unified(&source(before), &source(after));
        assert_eq!(text.is_empty(), before == after);
        text.strip_prefix("--- m/a.yaml\n+++ m/a.yaml\n").unwrap_or_default().to_owned()
    }

    #[test]
    fn the_changed_lines_are_shown_with_those_around_them() {
        let text = |field: &str| format!("a: 1\nb: 2\nc: 3\nd: 4\n{field}\nf: 6\n");
        assert_eq!(
            diff(&text("e: ' x'"), &text("e: 'x'")),
            "@@ -2,5 +2,5 @@\n b: 2\n c: 3\n d: 4\n-e: ' x'\n+e: 'x'\n f: 6\n"
        );
        assert_eq!(diff("a", "a"), "");
    }

    #[test]
    fn changes_that_are_near_each_other_are_shown_together() {
        let lines = |changed: &[usize]| -> String {
            (1..=20)
                .map(|at| format!("{}{at}\n", if changed.contains(&at) { "x" } else { "" }))
                .collect::<Vec<_>>()
                .concat()
        };
        assert_eq!(
            diff(&lines(&[]), &lines(&[1, 2, 7, 20])),
            "@@ -1,10 +1,10 @@\n-1\n-2\n+x1\n+x2\n 3\n 4\n 5\n 6\n-7\n+x7\n 8\n 9\n 10\n\
             @@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+x20\n"
        );
    }

    #[test]
    fn line_ends_are_kept_and_a_missing_one_is_said() {
        assert_eq!(
            diff("a: 1\r\nb: 2", "a: 3\r\nb: 2"),
            "@@ -1,2 +1,2 @@\n-a: 1\r\n+a: 3\r\n b: 2\n\\ No newline at end of file\n"
        );
    }
}
