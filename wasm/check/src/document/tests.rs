use serde_json::json;

use super::*;

fn read(name: &str, text: &str) -> Parsed {
    parse(&Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() })
}

/// Kinds and names of all objects, each with the number of its document.
fn objects(parsed: &Parsed) -> Vec<String> {
    let line = |document: &Document| {
        let text = |path| document.object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        format!("{} {} {}", document.number, text("/kind"), text("/metadata/name"))
    };
    parsed.documents.iter().map(line).collect()
}

fn errors(parsed: &Parsed) -> Vec<String> {
    parsed.errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let parsed = read("a.yaml", "\u{feff}apiVersion: v1\r\nkind: Pod\r\nmetadata: {name: p}\r\nkind: Pod\r\n");
    assert_eq!(errors(&parsed), [r#"a.yaml:4:1: the key "kind" stands twice, first in line 2"#]);
    let parsed = read("a.yaml", "\u{feff}a: 1\na: 2");
    assert_eq!(errors(&parsed), [r#"a.yaml:2:1: the key "a" stands twice, first in line 1"#]);
    let parsed = read("a.json", "\u{feff}{\"kind\": \"Pod\"}");
    assert_eq!(parsed.errors[0].column, 1);
}

#[test]
fn lists_are_taken_apart() {
    let text = "\
kind: List
apiVersion: v1
items:
- {apiVersion: v1, kind: Pod, metadata: {name: a}}
- kind: List
  apiVersion: v1
  items: [{apiVersion: v1, kind: Pod, metadata: {name: b}}]
- {apiVersion: v1, kind: Pod}
---
apiVersion: kubeovn.io/v1
kind: SubnetList
items: [{metadata: {name: c}}]
---
{apiVersion: v1, kind: PodList, items: }
---
{apiVersion: x/v1, kind: AllowList, metadata: {name: d}}
";
    let parsed = read("a.yaml", text);
    assert_eq!(objects(&parsed), ["1 Pod a", "1 Pod b", "2 Subnet c", "4 AllowList d"]);
    assert_eq!(parsed.documents[2].object["apiVersion"], "kubeovn.io/v1");
    assert_eq!(parsed.documents[1].node().unwrap().span().start, Position { line: 7, column: 11 });
    assert_eq!(errors(&parsed), ["a.yaml:8:3: not a Kubernetes object: it needs metadata.name (a string)"]);
}

#[test]
fn what_was_not_meant_as_an_object_is_left_out_and_costs_nothing_else() {
    let text = "- a\n---\nfoo: bar\n---\napiVersion: v1\nkind: Pod\nmetadata: {generateName: p-}\n---\n5\n";
    let parsed = read("a.yaml", text);
    assert_eq!(objects(&parsed), ["3 Pod "]);
    assert_eq!(errors(&parsed), [""; 0]);
    assert_eq!(
        parsed.foreign.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "a.yaml:1:1: not a Kubernetes object: it is a list",
            "a.yaml:3:1: not a Kubernetes object: it has no apiVersion, kind and name",
            "a.yaml:9:1: not a Kubernetes object: it is a number",
        ]
    );
    // What stands in a list of objects was meant as one.
    let parsed = read("a.yaml", "kind: List\napiVersion: v1\nitems: [5]\n");
    assert_eq!(errors(&parsed), ["a.yaml:3:9: not a Kubernetes object: it is a number"]);
}

#[test]
fn errors_are_in_the_order_of_the_text() {
    let parsed = read("a.yaml", "a: 1\na: 2\n---\nkind: Pod\n---\nb: [\n");
    let places: Vec<_> = parsed.errors.iter().map(|error| (error.document, error.line)).collect();
    assert_eq!(places, [(Some(1), 2), (Some(2), 4), (Some(3), 6)]);
}

#[test]
fn json_is_read_as_json() {
    let parsed = read(
        "a.json",
        "{\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}\n{\"kind\": \"Pod\"}\n{",
    );
    assert_eq!(objects(&parsed), ["1 Pod a"]);
    assert_eq!(
        errors(&parsed),
        [
            "a.json:3:1: not a Kubernetes object: it needs apiVersion, metadata.name (a string)",
            "a.json:4:1: EOF while parsing an object",
        ]
    );
    let list = read("a.json", r#"{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "b"}}]}"#);
    assert_eq!(list.documents[0].object, json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}));
    // The same text as YAML.
    let yaml = read("a.yaml", "{\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}\n");
    assert_eq!(objects(&yaml), ["1 Pod a"]);
}

#[test]
fn what_tools_write_in_their_own_way_was_not_meant_as_an_object() {
    let left = |name: &str, text: &str| {
        let Parsed { documents, errors, foreign, .. } = read(name, text);
        (documents.len(), errors.len(), foreign.len())
    };
    assert_eq!(left("tsconfig.json", "{\n  // for the editor\n  \"a\": 1\n}"), (0, 0, 1));
    assert_eq!(left("files/proxy.yaml", "listen: {{ .Values.port }}\n"), (0, 0, 1));
    // Here somebody meant one, or nobody knows.
    assert_eq!(left("a.json", "{\"apiVersion\": \"v1\", // the first\n}"), (0, 1, 0));
    assert_eq!(left("a.yaml", "apiVersion: {{ .Values.version }}\n"), (0, 1, 0));
    assert_eq!(left("a.yaml", "a: ["), (0, 1, 0));
}

#[test]
fn what_needs_quotes_is_named_where_it_stands() {
    let error = |name: &str, text: &str| {
        let parsed = parse(&Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() });
        assert!(parsed.documents.is_empty() && parsed.foreign.is_empty(), "{parsed:?}");
        let [error] = parsed.errors.try_into().unwrap();
        error.to_string()
    };
    let said = |at: &str, field: &str, written: &str, kind: &str| {
        format!(
            "{at}: not a Kubernetes object: {field} must be a string, and {written} is read as a {kind}: write it in quotes, \"{written}\""
        )
    };
    let named = |name: &str| error("a.yaml", &format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"));
    for (name, kind) in [("y", "boolean"), ("No", "boolean"), ("123", "number"), ("0x1F", "number"), ("1e3", "number")]
    {
        assert_eq!(named(name), said("a.yaml:4:9", "metadata.name", name, kind));
    }
    let needed = "a.yaml:1:1: not a Kubernetes object: it needs metadata.name (a string)";
    for name in ["~", "[a]", "", "''"] {
        assert_eq!(named(name), needed);
    }
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {generateName: on}}\n";
    assert_eq!(error("a.yaml", list), said("a.yaml:4:56", "metadata.generateName", "on", "boolean"));
    let json = "{\"apiVersion\": 1, \"kind\": \"Subnet\", \"metadata\": {\"name\": \"a\"}}";
    assert_eq!(error("a.json", json), said("a.json:1:16", "apiVersion", "1", "number"));
}
