//! Objects as YAML that means the same to every reader, also to those of YAML 1.1, as kubectl is.

use serde_json::Value;
use serde_saphyr::{SerializerOptions, ser, ser_options};
use vpcguard_check::printable;

/// A document for each object.
pub(crate) fn documents(objects: &[Value]) -> Result<String, ser::Error> {
    commented(objects.iter().map(|object| (object, [].as_slice())))
}

/// A document for each object, below its comments, a line each.
pub(crate) fn commented<'a>(objects: impl Iterator<Item = (&'a Value, &'a [String])>) -> Result<String, ser::Error> {
    let mut text = String::new();
    for (object, comments) in objects {
        text.push_str("---\n");
        for comment in comments {
            text.push_str("# ");
            // One that went on in the next line would be a part of the object.
            text.push_str(&printable(comment));
            text.push('\n');
        }
        serde_saphyr::to_fmt_writer_with_options(&mut text, object, options())?;
    }
    Ok(text)
}

/// Lines are broken only where a text has them: an expression is copied as it stands.
fn options() -> SerializerOptions {
    ser_options! { folded_wrap_chars: usize::MAX }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;
    use vpcguard_check::{Source, parse};

    use super::*;

    #[track_caller]
    pub(crate) fn survives(objects: &[Value]) {
        let text = documents(objects).unwrap();
        let parsed = parse(&Source { name: "manifests.yaml".to_owned(), bytes: text.clone().into_bytes() });
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        assert_eq!(parsed.documents.len(), objects.len());
        for (document, object) in parsed.documents.iter().zip(objects) {
            assert_eq!(document.object, whole_numbers(object.clone()), "{text}");
        }
    }

    /// As kubectl reads numbers: 0.0 is 0.
    fn whole_numbers(value: Value) -> Value {
        match value {
            Value::Number(number) if number.as_f64() == Some(0.0) => json!(0),
            Value::Array(items) => items.into_iter().map(whole_numbers).collect(),
            Value::Object(map) => map.into_iter().map(|(key, value)| (key, whole_numbers(value))).collect(),
            other => other,
        }
    }

    #[test]
    fn a_text_stays_a_text() {
        let texts = [
            "",
            " ",
            "a ",
            " a",
            "\ta",
            "a\n",
            "\n a\n",
            "a\n\nb\n\n",
            "a: b",
            "a #b",
            "on",
            "Off",
            "y",
            "N",
            "yes",
            "no",
            "true",
            "NULL",
            "~",
            "1",
            "-1",
            "+1",
            "1_000",
            "0777",
            "0o7",
            "0x1",
            "0b1",
            "1.",
            ".5",
            "1e3",
            ".inf",
            ".NaN",
            "1:30",
            "1:30:00.5",
            "2026-11-23",
            "2026-11-23T10:00:00Z",
            "<<",
            "=",
            "-",
            "- a",
            "?",
            "[a]",
            "{a}",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a`",
            "'a'",
            "\"a\"",
            "\\",
            "a\\nb",
            "---",
            "...",
            "a\r\nb",
            "\u{85}",
            "\u{feff}a",
            "\u{7f}",
            "é",
            "😀",
            "a,b",
            "a]",
            "#",
        ];
        let more = ["a ||\nb: c ||\n  d", "x == 'y' ||\n\"z\".exists(k, k != '')"];
        let texts: Vec<_> = texts.iter().chain(&more).collect();
        survives(&[
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "list": texts, "nested": {
                "texts": texts.iter().map(|text| json!({"text": text})).collect::<Vec<_>>(),
                "long": "word ".repeat(100),
                "others": [1, -1, 1.5, true, null, [], {}],
            }}),
        ]);
    }

    #[test]
    fn an_expression_keeps_its_lines() {
        let text = documents(&[json!({"expression": "a == \"b\" ||\n  c: d"})]).unwrap();
        assert_eq!(text, "---\nexpression: |-\n  a == \"b\" ||\n    c: d\n");
    }

    #[test]
    fn a_comment_stays_one() {
        let object = json!({"kind": "A"});
        let comments = ["one".to_owned(), "two\nkind: B\u{2028}\r".to_owned()];
        let text = commented([(&object, comments.as_slice())].into_iter()).unwrap();
        assert_eq!(text, "---\n# one\n# two\u{fffd}kind: B\u{fffd}\u{fffd}\nkind: A\n");
    }
}
