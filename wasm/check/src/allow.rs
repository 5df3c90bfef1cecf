//! Comments that excuse a finding: `# vpcguard: allow subnet-cidr-overlap moved next week`.
//!
//! The parser drops comments, so they are looked for beside it. What tells a comment from a text with a `#` in it is where
//! the parser saw quoted texts and blocks.

use std::ops::Range;
use std::sync::Arc;

use libyaml_safer::{EventData, ScalarStyle};
use vpcguard_policies::rules;

use crate::lookalike;
use crate::source::ParseError;
use crate::text::Text;
use crate::yaml::{Event, Events, Part, Position, Span, parts};

/// How such a comment begins, behind its `#`.
const MARK: &str = "vpcguard:";

/// What is wrong with one that says anything else.
const USAGE: &str = "a comment for vpcguard reads `# vpcguard: allow RULE REASON`";

/// A comment that excuses what one rule finds in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The name of the source.
    pub file: String,
    /// Where the comment begins.
    pub position: Position,
    /// The rule.
    pub rule: &'static str,
    /// Why, as somebody wrote it.
    pub reason: String,
    /// Which document of the source it is about, from 1.
    document: usize,
    target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Document,
    Line(usize),
}

impl Allow {
    /// Whether it excuses what a rule finds at a place of its document.
    pub(crate) fn covers(&self, rule: &str, span: Option<Span>) -> bool {
        let is_there = match self.target {
            Target::Document => true,
            Target::Line(line) => span.is_some_and(|span| span.start.line == line),
        };
        self.rule == rule && is_there
    }

    /// Whether it is about this document of its source.
    pub(crate) fn is_about(&self, document: usize) -> bool {
        self.document == document
    }
}

/// A comment that only looks as if it excused something.
#[derive(Clone, Debug)]
pub(crate) struct Mistaken {
    /// Which document of the source it is about, from 1; 0 where it stands before the first.
    pub(crate) document: usize,
    pub(crate) span: Span,
    pub(crate) text: String,
    /// Its line, if it is not too long to be shown.
    pub(crate) line: Option<Arc<str>>,
}

/// What the comments of a source say.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    pub(crate) allows: Vec<Arc<Allow>>,
    pub(crate) mistaken: Vec<Mistaken>,
    pub(crate) errors: Vec<ParseError>,
}

impl Comments {
    /// Those of a YAML text.
    pub(crate) fn of(file: &str, text: &Text) -> Self {
        let mut found = Self::default();
        // Most texts have none, and need no second look.
        if !text.as_str().contains(MARK) && !lookalike::are_in(text.as_str()) {
            return found;
        }
        let layout = Layout::of(text);
        let lines: Vec<_> = text.lines().collect();
        for ((number, line), next) in (1..).zip(&lines).zip(layout.contents_behind(&lines)) {
            if layout.is_unknown(number) {
                continue;
            }
            let Some(comment) = layout.comment(number, line) else { continue };
            let said = comment.text.trim_start_matches('#').trim();
            let position = Position { line: number, column: comment.column };
            let (document, target) = layout.target(number, &comment, next.unwrap_or(number));
            let Some(said) = said.strip_prefix(MARK) else {
                if lookalike::is_one(comment.text) {
                    let text_of_it = comment.text.trim_end().to_owned();
                    let end = Position { line: number, column: comment.column + text_of_it.chars().count() };
                    let (span, line) = (Span { start: position, end }, text.shown_line(number));
                    found.mistaken.push(Mistaken { document, span, text: text_of_it, line });
                }
                continue;
            };
            match read(said) {
                Ok((rule, reason)) => {
                    let (file, reason) = (file.to_owned(), reason.to_owned());
                    found.allows.push(Arc::new(Allow { file, position, rule, reason, document, target }));
                }
                Err(message) => {
                    let mut error = ParseError::new(file, Some(document), position, message);
                    error.text = text.shown_line(number);
                    found.errors.push(error);
                }
            }
        }
        found
    }
}

/// The rule and the reason of what is said behind the mark.
fn read(said: &str) -> Result<(&'static str, &str), String> {
    let mut words = said.trim().splitn(3, char::is_whitespace).map(str::trim);
    if words.next() != Some("allow") {
        return Err(USAGE.to_owned());
    }
    let id = words.next().filter(|id| !id.is_empty()).ok_or(USAGE)?;
    let rule = rules::named(id)?;
    if rule.isolates {
        return Err(format!("{id} keeps tenants apart, so no comment excuses what it finds"));
    }
    let reason = words.next().filter(|reason| !reason.is_empty());
    let reason = reason.ok_or_else(|| format!("the reason is missing: {USAGE}"))?;
    Ok((rule.id, reason))
}

/// A comment, from its `#` on.
struct Comment<'a> {
    text: &'a str,
    column: usize,
    /// Whether nothing stands before it.
    is_alone: bool,
}

/// Where the documents of a text are, and the texts in it.
struct Layout<'a> {
    text: &'a Text,
    documents: Vec<Extent>,
    /// Quoted texts and blocks, in order, in bytes.
    texts: Vec<Range<usize>>,
}

/// Where a document is.
struct Extent {
    start: usize,
    /// The line where its content begins.
    content: usize,
    /// Whether it cannot be read, so that nothing is known of its comments.
    is_broken: bool,
}

impl<'a> Layout<'a> {
    fn of(text: &'a Text) -> Self {
        let mut layout = Self { text, documents: Vec::new(), texts: Vec::new() };
        for part in parts(text.as_str()) {
            layout.read(part);
        }
        layout
    }

    fn read(&mut self, part: Part<'_>) {
        let (mut content, mut is_ended, mut is_broken) = (None, false, false);
        for event in Events::of(part) {
            let Ok(Event { data, span, range }) = event else {
                is_broken = !is_ended;
                break;
            };
            match data {
                EventData::StreamStart { .. } | EventData::DocumentStart { .. } => continue,
                EventData::DocumentEnd { .. } => is_ended = true,
                EventData::Scalar { style, .. } => self.texts.extend(extent(part, style, range)),
                _ => {}
            }
            content.get_or_insert(span.start.line);
        }
        self.documents.push(Extent { start: part.start, content: content.unwrap_or(usize::MAX), is_broken });
    }

    /// The number of the document that a line belongs to, and where it is; 0 before the first.
    fn document(&self, line: usize) -> (usize, Option<&Extent>) {
        let number = self.documents.partition_point(|extent| extent.start <= line);
        (number, number.checked_sub(1).and_then(|at| self.documents.get(at)))
    }

    /// Whether a line is of a document that cannot be read.
    fn is_unknown(&self, line: usize) -> bool {
        self.document(line).1.is_some_and(|extent| extent.is_broken)
    }

    /// The comment of a line.
    fn comment<'l>(&self, number: usize, line: &'l str) -> Option<Comment<'l>> {
        let start = self.text.offset(Position { line: number, column: 1 })?;
        let mut before = None;
        for (count, (at, character)) in line.char_indices().enumerate() {
            let column = count + 1;
            if character == '#'
                && before.is_none_or(|before: char| before == ' ' || before == '\t')
                && !self.is_in_a_text(start + at)
            {
                let (head, text) = line.split_at_checked(at)?;
                return Some(Comment { text, column, is_alone: head.trim().is_empty() });
            }
            before = Some(character);
        }
        None
    }

    fn is_in_a_text(&self, byte: usize) -> bool {
        let after = self.texts.partition_point(|text| text.start <= byte);
        after.checked_sub(1).and_then(|last| self.texts.get(last)).is_some_and(|text| byte < text.end)
    }

    /// Which document a comment is about, and what of it. `next` is the next line that has content.
    fn target(&self, number: usize, comment: &Comment<'_>, next: usize) -> (usize, Target) {
        let (document, extent) = self.document(number);
        let content = extent.map_or(number, |extent| extent.content);
        let target = if number < content {
            Target::Document
        } else if comment.is_alone {
            Target::Line(next)
        } else {
            Target::Line(number)
        };
        (document, target)
    }

    /// Of each line, the next one that is neither empty nor a comment.
    fn contents_behind(&self, lines: &[&str]) -> Vec<Option<usize>> {
        let mut next = None;
        let behind = lines.iter().enumerate().rev().map(|(at, line)| {
            let number = at + 1;
            let is_comment = || self.comment(number, line).is_some_and(|comment| comment.is_alone);
            let is_content = !line.trim().is_empty() && !is_comment();
            let found = next;
            next = if is_content { Some(number) } else { next };
            found
        });
        let mut behind: Vec<_> = behind.collect();
        behind.reverse();
        behind
    }
}

/// Where in the whole text that of a scalar is, in which a `#` begins no comment.
fn extent(part: Part<'_>, style: ScalarStyle, range: Range<usize>) -> Option<Range<usize>> {
    let written = part.text.get(range.clone())?;
    let mut value = without_properties(written);
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        // The line on which it begins may have a comment.
        value = value.get(value.find(['\n', '\r'])?..)?;
    } else if !matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
        return None;
    }
    let end = part.offset + range.end;
    Some(end - value.len()..end)
}

/// A value without what may stand before it: an anchor, a tag, comments.
fn without_properties(mut value: &str) -> &str {
    loop {
        value = value.trim_start();
        let end = match value.chars().next() {
            Some('&' | '!') => value.find(char::is_whitespace),
            Some('#') => value.find(['\n', '\r']),
            _ => return value,
        };
        value = end.and_then(|end| value.get(end..)).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Comments {
        Comments::of("a.yaml", &Text::new(text))
    }

    /// The target of each comment: its document, and the line if it is not all of it.
    fn targets(text: &str) -> Vec<(usize, Option<usize>)> {
        let allows = scan(text);
        assert!(allows.errors.is_empty(), "{:?}", allows.errors);
        let target = |allow: &Arc<Allow>| match allow.target {
            Target::Document => (allow.document, None),
            Target::Line(line) => (allow.document, Some(line)),
        };
        allows.allows.iter().map(target).collect()
    }

    const ALLOW: &str = "# vpcguard: allow subnet-syntax for now";

    #[test]
    fn a_comment_is_about_its_line_the_next_one_or_the_document() {
        for (text, wanted) in [
            (format!("a: 1 {ALLOW}\nb: 2\n"), (1, Some(1))),
            (format!("a: 1\n  {ALLOW}\n# more\n\n  # more\nb: 2\n"), (1, Some(6))),
            (format!("{ALLOW}\na: 1\n"), (1, None)),
            (format!("{ALLOW}\n---\n# b\na: 1\n"), (0, Some(2))),
            (format!("a: 1\n---\n# x\n{ALLOW}\n\nb: 1\n"), (2, None)),
            (format!("a: 1\n--- {ALLOW}\nb: 1\n"), (2, None)),
            (format!("a: 1\n...\n---\n{ALLOW}\nb: 1\n"), (2, None)),
            (format!("a: 1\r\n---\r\nb: 'x' {ALLOW}\r\n"), (2, Some(3))),
            (format!("a: [1, {ALLOW}\n  2]\n"), (1, Some(1))),
            (format!("a: | {ALLOW}\n  text\n"), (1, Some(1))),
            (format!("a: |\n  text\n{ALLOW}\nb: 1\n"), (1, Some(4))),
            (format!("a: 'it''s # not' {ALLOW}\n"), (1, Some(1))),
            (format!("a: b#c {ALLOW}\n"), (1, Some(1))),
            (format!("a: !!str &b # x\n  'c # d' {ALLOW}\n"), (1, Some(2))),
            (format!("a: 'b\n  c' {ALLOW}\nd: 1\n"), (1, Some(2))),
        ] {
            assert_eq!(targets(&text), [wanted], "{text}");
        }
    }

    #[test]
    fn what_stands_in_a_text_is_no_comment() {
        for text in [
            format!("a: |\n  {ALLOW}\n  {ALLOW}\n\n  {ALLOW}\nb: 1\n"),
            format!("- >-\n   {ALLOW}\n- \"a\n  {ALLOW}\"\n"),
            format!("a: 'b {ALLOW}'\n"),
            format!("a: \"ä\\\" {ALLOW}\" # b\n"),
            format!("? |\n  {ALLOW}\n: b\n"),
            format!("a: b{ALLOW}\n"),
            "a: 1 # see vpcguard: allow\n".to_owned(),
        ] {
            assert_eq!(targets(&text), [], "{text}");
        }
    }

    #[test]
    fn a_comment_has_a_rule_and_a_reason() {
        let allows = scan(&format!("##  vpcguard:  allow\tsubnet-syntax  for  now \na: 1\n  {ALLOW}\nb: 1\n"));
        let [first, second] = &allows.allows[..] else { panic!("{allows:?}") };
        assert_eq!((first.rule, &*first.reason), ("subnet-syntax", "for  now"));
        assert_eq!(second.position, Position { line: 3, column: 3 });
    }

    #[test]
    fn a_comment_that_says_anything_else_is_an_error() {
        for (said, wanted) in [
            ("allow", USAGE),
            ("ignore subnet-syntax x", USAGE),
            (
                "allow subnet-syntax",
                "the reason is missing: a comment for vpcguard reads `# vpcguard: allow RULE REASON`",
            ),
            ("allow subnet-sintax x", "unknown rule \"subnet-sintax\": did you mean \"subnet-syntax\"?"),
            ("allow zzz x", "unknown rule \"zzz\": `vpcguard rules` lists them all"),
            ("allow pod-vpc-namespace x", "pod-vpc-namespace keeps tenants apart, so no comment excuses what it finds"),
        ] {
            let allows = scan(&format!("a: 1\nb: 2 # vpcguard: {said}\n"));
            let errors: Vec<_> = allows.errors.iter().map(ToString::to_string).collect();
            assert_eq!(errors, [format!("a.yaml:2:6: {wanted}")]);
            assert!(allows.allows.is_empty());
        }
    }

    #[test]
    fn what_only_looks_like_a_comment_for_vpcguard_is_told_apart() {
        let lookalike = "# vpcguard allow subnet-syntax x";
        let text = format!(
            "{lookalike}\n---\na: '{lookalike}'\nb: |\n  {lookalike}\nc: 1  {lookalike} \n---\nd: [ {lookalike}\n"
        );
        let allows = scan(&text);
        assert!(allows.allows.is_empty() && allows.errors.is_empty(), "{allows:?}");
        let places: Vec<_> =
            allows.mistaken.iter().map(|found| (found.document, found.span.start, &*found.text)).collect();
        let at = |line, column| Position { line, column };
        assert_eq!(places, [(0, at(1, 1), lookalike), (1, at(6, 7), lookalike)]);
    }

    #[test]
    fn in_a_document_that_cannot_be_read_nothing_is_a_comment() {
        assert_eq!(targets(&format!("a: 1 {ALLOW}\nb: [\n---\nc: 1 {ALLOW}\n")), [(2, Some(4))]);
    }
}
