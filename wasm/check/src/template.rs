//! The templates that `helm template` names before each document: `# Source: chart/templates/subnet.yaml`. And those that it
//! was not asked to render.

use std::sync::Arc;

use crate::text::Text;
use crate::yaml::{Part, Position};

/// What is said of one that is not rendered.
pub(crate) const MESSAGE: &str = "a Helm template, not YAML: render it first (helm template CHART | vpcguard check -)";

/// What a template does something with begins so.
const ACTION: &str = "{{";

/// Where a document with faults in it is a template: one that is no YAML, or has its faults in the lines of actions.
pub(crate) fn place(part: &Part<'_>, is_broken: bool, mut faults: impl Iterator<Item = usize>) -> Option<Position> {
    let first = part.text.find(ACTION)?;
    let text = Text::new(part.text);
    let has_action = |line: usize| text.line(line - part.line + 1).is_some_and(|line| line.contains(ACTION));
    (is_broken || faults.any(has_action)).then(|| part.place(first))
}

/// How such a comment begins.
const MARK: &str = "# Source: ";

/// Which template each part of a text comes from.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    /// The lines from which on this is so, in order.
    changes: Vec<(usize, Option<Arc<str>>)>,
}

impl Templates {
    pub(crate) fn of(text: &Text) -> Self {
        let mut templates = Self::default();
        // Most texts name none, and need no second look.
        if !text.as_str().contains(MARK) {
            return templates;
        }
        for (number, line) in (1..).zip(text.lines()) {
            if line.starts_with("---") {
                templates.changes.push((number, None));
            } else if let Some(name) = line.strip_prefix(MARK).map(str::trim).filter(|name| !name.is_empty()) {
                templates.changes.push((number, Some(name.into())));
            }
        }
        templates
    }

    /// The template of a document that begins in this line.
    pub(crate) fn at(&self, line: usize) -> Option<Arc<str>> {
        let before = self.changes.partition_point(|(number, _)| *number <= line);
        self.changes.get(before.checked_sub(1)?)?.1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::load;

    #[test]
    fn a_template_that_is_not_rendered_is_named() {
        for (text, wanted) in [
            ("{{- if .Values.a }}\na: 1\n{{- end }}\n", (1, 1)),
            ("a: 1\nb: {{ .Values.b }}\n", (2, 4)),
            ("a: 1\nb:\n  {{- toYaml .Values.b | nindent 2 }}\n", (3, 3)),
            ("a: '{{ .Values.a }}'\nb: [\n", (1, 5)),
        ] {
            let faults = load(text).faults;
            assert_eq!((faults.len(), &*faults[0].message), (1, MESSAGE), "{text}");
            assert_eq!((faults[0].position.line, faults[0].position.column), wanted, "{text}");
        }
        // The rest is judged, and what a template is only talked of in is YAML.
        let text = "a: '{{ $labels.a }}'\n---\nb: '{{ c }}'\nd: 1\nd: 2\n---\ne: {{ f }}\n";
        let stream = load(text);
        assert_eq!(stream.documents.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1]);
        let messages: Vec<_> = stream.faults.iter().map(|fault| (fault.document, &*fault.message)).collect();
        assert_eq!(messages, [(2, "the key \"d\" stands twice, first in line 4"), (3, MESSAGE)]);
    }

    #[test]
    fn a_template_is_that_of_the_document_that_follows() {
        let text =
            "---\n# Source: c/a.yaml\n# nothing\n---\n# Source: c/b.yaml\r\na: 1\n---\nb: 1\n---\n# Source:  \nc: 1\n";
        let templates = Templates::of(&Text::new(text));
        let names: Vec<_> = [1, 3, 6, 8, 11].map(|line| templates.at(line)).into_iter().collect();
        let name = |name: &str| Some(Arc::from(name));
        assert_eq!(names, [None, name("c/a.yaml"), name("c/b.yaml"), None, None]);
        assert_eq!(Templates::of(&Text::new("a: 1\n")).at(1), None);
    }
}
