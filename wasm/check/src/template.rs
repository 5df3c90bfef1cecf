//! The templates that `helm template` names before each document: `# Source: chart/templates/subnet.yaml`.

use std::sync::Arc;

use crate::text::Text;

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
