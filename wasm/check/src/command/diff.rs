//! What fixing would change, as `diff --unified` shows it.

use similar::TextDiff;

use crate::source::Source;

/// How many lines are shown around a change.
const CONTEXT: usize = 3;

/// The difference between a source and what is to become of it, as `patch` takes it.
pub(super) fn unified(before: &Source, after: &Source) -> String {
    let (old, new) = (String::from_utf8_lossy(&before.bytes), String::from_utf8_lossy(&after.bytes));
    let diff = TextDiff::from_lines(old.as_ref(), new.as_ref());
    diff.unified_diff().context_radius(CONTEXT).header(&before.name, &after.name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(before: &str, after: &str) -> String {
        let source = |text: &str| Source { name: "m/a.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
        unified(&source(before), &source(after))
    }

    #[test]
    fn the_changed_lines_are_shown_with_those_around_them() {
        let text = |field: &str| format!("a: 1\nb: 2\nc: 3\nd: 4\n{field}\nf: 6\n");
        assert_eq!(
            diff(&text("e: ' x'"), &text("e: 'x'")),
            "--- m/a.yaml\n+++ m/a.yaml\n@@ -2,5 +2,5 @@\n b: 2\n c: 3\n d: 4\n-e: ' x'\n+e: 'x'\n f: 6\n"
        );
        assert_eq!(diff("a", "a"), "");
    }

    #[test]
    fn line_ends_are_kept_and_a_missing_one_is_said() {
        assert_eq!(
            diff("a: 1\r\nb: 2", "a: 3\r\nb: 2"),
            "--- m/a.yaml\n+++ m/a.yaml\n@@ -1,2 +1,2 @@\n-a: 1\r\n+a: 3\r\n b: 2\n\\ No newline at end of file\n"
        );
    }
}
