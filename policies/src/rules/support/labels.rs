//! Labels that are written into one text, as Kube-OVN takes them apart, and selectors of labels, as Kubernetes reads them.

use super::corrections;
use crate::kinds::{LabelSelector, is_name};
use crate::rule::prelude::*;

/// The longest name of a label without what stands before its slash, and the longest value.
const LONGEST: usize = 63;

/// A key and its value, where these are what a text is with a colon between. A label may have an empty value.
pub(crate) fn pair(entry: &str) -> Option<(&str, &str)> {
    let mut parts = entry.split(':').map(str::trim);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(key), Some(value), None) if !key.is_empty() => Some((key, value)),
        _ => None,
    }
}

/// Whether a text is such a pair.
pub(crate) fn is_pair(entry: &str) -> bool {
    pair(entry).is_some()
}

/// Whether Kubernetes takes a text for the key of a label: a name, with a domain and a slash before it or without.
pub(crate) fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, name)) => is_name(domain) && is_word(name),
        None => is_word(key),
    }
}

/// Whether Kubernetes takes a text for the value of a label.
pub(crate) fn is_value(value: &str) -> bool {
    value.is_empty() || is_word(value)
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= LONGEST
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// What a selector does with the values of a label.
const OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist"];

const KEY_HELP: &str = "Write the key of a label, as in app or kubernetes.io/os.";
const VALUE_HELP: &str =
    "Write letters, digits, hyphens, underscores and dots, 63 at most, a letter or digit first and last.";

/// Refuses what keeps Kubernetes from reading a selector, and says what comes of that.
pub(crate) fn conditions(selector: &LabelSelector, path: &FieldPath, harm: &str, context: &mut Context<'_>) {
    let list = path.clone().field("matchLabels");
    for (key, value) in &selector.match_labels {
        label(key, [value], || list.clone().key(key), harm, context);
    }
    let list = path.clone().field("matchExpressions");
    for (at, requirement) in selector.match_expressions.iter().enumerate() {
        let (operator, place) = (requirement.operator.as_str(), list.clone().index(at));
        let takes_values = matches!(operator, "In" | "NotIn");
        label(&requirement.key, requirement.values.iter().filter(|_| takes_values), || place.clone(), harm, context);
        if !OPERATORS.contains(&operator) {
            let finding = Finding::not_supported(place.field("operator"), operator, OPERATORS);
            context.deny(finding.help(corrections::choice(operator, OPERATORS)));
        } else if takes_values && requirement.values.is_empty() {
            let finding = Finding::required(place.field("values"), harm);
            context.deny(finding.help("Write the values of the label."));
        } else if !takes_values && !requirement.values.is_empty() {
            let finding = Finding::forbidden(place.field("values"), operator, harm);
            context.deny(finding.help(format!("Leave them out, for {operator} has none, or write In or NotIn.")));
        }
    }
}

/// Refuses a key and values that no label has.
pub(crate) fn label<'v>(
    key: &str,
    values: impl IntoIterator<Item = &'v String>,
    place: impl Fn() -> FieldPath,
    harm: &str,
    context: &mut Context<'_>,
) {
    if !is_key(key) {
        context.deny(Finding::invalid(place(), key, format!("is no key that a label has: {harm}")).help(KEY_HELP));
    }
    for value in values.into_iter().filter(|value| !is_value(value)) {
        let finding = Finding::invalid(place(), value, format!("is no value that a label has: {harm}"));
        context.deny(finding.help(VALUE_HELP));
    }
}

/// Refuses what Kube-OVN drops of `spec.selector`.
pub(crate) fn selector(entries: &[String], context: &mut Context<'_>) {
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !is_pair(entry)) {
        let detail = r#"is not of the form "key:value", so Kube-OVN drops it"#;
        let finding = Finding::invalid(FieldPath::of("spec.selector").index(at), entry, detail);
        context.deny(finding.help(r#"Write it as one quoted string, "key:value"."#));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_kubernetes() {
        let long = "x".repeat(LONGEST);
        for key in ["a", "A_b.c-9", "kubernetes.io/os", "node-role.kubernetes.io/control-plane", &long] {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "",
            "a b",
            "kubernetes.io/os/x",
            "KUBERNETES.IO/os",
            "/os",
            "kubernetes.io/",
            "-a",
            "a.",
            "é",
            &format!("{long}x"),
        ] {
            assert!(!is_key(key), "{key}");
        }
        for value in ["", "linux", "v1.2_3-A", &long] {
            assert!(is_value(value), "{value}");
        }
        for value in ["li nux", "\"linux\"", "a/b", "-a", "a,b", &format!("{long}x")] {
            assert!(!is_value(value), "{value}");
        }
    }
}
