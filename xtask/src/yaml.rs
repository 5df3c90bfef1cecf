//! Objects as YAML that means the same to every reader, also to those of YAML 1.1, as kubectl and kwctl are.

use anyhow::Result;
use serde::Serialize;
use serde_saphyr::ser_options;

/// Says who wrote a file.
pub(crate) const HEADING: &str = "# Written by `cargo xtask docs` from the table of rules.\n";

/// One document. Lines are broken only where a text has them.
pub(crate) fn text(value: &impl Serialize) -> Result<String> {
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, value, ser_options! { folded_wrap_chars: usize::MAX })?;
    Ok(text)
}

/// One document, with the heading.
pub(crate) fn with_heading(value: &impl Serialize) -> Result<String> {
    Ok(format!("{HEADING}{}", text(value)?))
}

/// Several documents of one file, with the heading.
pub(crate) fn documents(values: &[serde_json::Value]) -> Result<String> {
    let documents: Vec<_> = values.iter().map(text).collect::<Result<_>>()?;
    Ok(format!("{HEADING}{}", documents.join("---\n")))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};
    use vpcguard_check::{Source, parse_value};

    use super::*;

    /// What kubectl reads in a text.
    #[track_caller]
    pub(crate) fn read(text: &str) -> Vec<Value> {
        let source = |text: &str| Source { name: "policy.yml".to_owned(), bytes: text.to_owned().into_bytes() };
        text.split("\n---\n").map(|document| parse_value(&source(document)).unwrap()).collect()
    }

    #[test]
    fn documents_survive() {
        let all = [
            json!({"apiVersion": "v1", "kind": "A", "on": "yes", "long": "word ".repeat(60)}),
            json!({"apiVersion": "v1", "kind": "B"}),
        ];
        assert_eq!(read(&documents(&all).unwrap()), all);
    }
}
