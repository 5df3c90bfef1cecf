use serde_json::{Value, json};

use super::*;

fn value(text: &str) -> Value {
    let Stream { documents, faults, .. } = load(text);
    assert!(faults.is_empty(), "{text:?}: {}", faults[0].message);
    documents.first().map_or(Value::Null, |(_, node)| node.to_value())
}

/// All faults of a text as `line:column: message`.
fn faults(text: &str) -> Vec<String> {
    let faults = load(text).faults;
    faults.iter().map(|f| format!("{}:{}: {}", f.position.line, f.position.column, f.message)).collect()
}

/// The answers of sigs.k8s.io/yaml 1.6, on which kubectl is built.
#[test]
fn scalars_are_those_of_kubectl() {
    let table: &[(&str, Value)] = &[
        ("y", json!(true)),
        ("Yes", json!(true)),
        ("ON", json!(true)),
        ("True", json!(true)),
        ("n", json!(false)),
        ("NO", json!(false)),
        ("off", json!(false)),
        ("tRue", json!("tRue")),
        ("~", json!(null)),
        ("Null", json!(null)),
        ("", json!(null)),
        ("nUll", json!("nUll")),
        ("0777", json!(511)),
        ("08", json!(8)),
        ("00", json!(0)),
        ("0o17", json!(15)),
        ("0x1F", json!(31)),
        ("-0x10", json!(-16)),
        ("+5", json!(5)),
        ("0b11", json!(3)),
        ("-0b11", json!(-3)),
        ("0b2", json!("0b2")),
        ("0x", json!("0x")),
        ("1_000", json!(1000)),
        ("1__0_", json!(10)),
        ("_1", json!("_1")),
        ("0x_1_F", json!(31)),
        ("1e3", json!(1000)),
        ("1.0", json!(1)),
        ("1.50", json!(1.5)),
        ("5.", json!(5)),
        (".5", json!(0.5)),
        (".5_0", json!(0.5)),
        (".5_", json!(".5_")),
        ("-.5", json!(-0.5)),
        ("-0", json!(0)),
        ("1e-7", json!(1e-7)),
        ("1e400", json!("1e400")),
        (".e3", json!(".e3")),
        ("NaN", json!("NaN")),
        ("inf", json!("inf")),
        ("+", json!("+")),
        ("--1", json!("--1")),
        ("9223372036854775808", json!(9_223_372_036_854_775_808_u64)),
        ("18446744073709551616", json!(18_446_744_073_709_552_000.0)),
        ("-9223372036854775809", json!(-9_223_372_036_854_776_000.0)),
        ("1:30", json!("1:30")),
        ("2001-01-01", json!("2001-01-01")),
        ("10.0.0.0/16", json!("10.0.0.0/16")),
        ("0.0.0.0/0", json!("0.0.0.0/0")),
        ("::/0", json!("::/0")),
        ("1.2.3", json!("1.2.3")),
        ("'yes'", json!("yes")),
        ("\"0777\"", json!("0777")),
        ("!!str 5", json!("5")),
        ("!!str", json!("")),
        ("! 5", json!("5")),
        ("!other 5", json!("5")),
        ("!!int '5'", json!(5)),
        ("!!float 5", json!(5)),
        ("!!bool yes", json!(true)),
        ("!!null ''", json!(null)),
        ("!!timestamp 2001-01-01", json!("2001-01-01")),
        ("<<", json!("<<")),
    ];
    for (text, wanted) in table {
        assert_eq!(value(&format!("a: {text}")), json!({"a": wanted}), "{text}");
    }
}

#[test]
fn what_json_cannot_hold_and_what_belies_its_tag_is_a_fault() {
    let message = ".inf is not a number in JSON, and Kubernetes stores JSON; quote it for a string";
    assert_eq!(faults("a: .inf"), [format!("1:4: {message}")]);
    assert_eq!(faults("a: -.Inf\nb: .nan").len(), 2);
    assert_eq!(value("a: '.inf'"), json!({"a": ".inf"}));
    assert_eq!(faults("a: !!int 5.0"), [r#"1:4: "5.0" is no !!int"#]);
    assert_eq!(faults("a: !!bool '5'").len(), 1);
}

#[test]
fn keys_become_the_strings_of_kubectl() {
    for (text, wanted) in [
        ("true", "true"),
        ("yes", "true"),
        ("1", "1"),
        ("0x10", "16"),
        ("1.20", "1.2"),
        ("1.0", "1"),
        ("100000.0", "100000"),
        ("1000000.0", "1e+06"),
        ("12345678.9", "1.2345679e+07"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("-1e300", "-.inf"),
        ("2001-01-01", "2001-01-01"),
        ("'null'", "null"),
    ] {
        assert_eq!(value(&format!("{text}: a")), json!({wanted: "a"}), "{text}");
    }
    assert_eq!(faults("~: a"), ["1:1: a key must not be null"]);
    assert_eq!(faults("? [a]\n: b"), ["1:3: a key must not be a list or a map"]);
}

#[test]
fn a_key_that_stands_twice_is_a_fault_at_the_second() {
    assert_eq!(faults("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n"), [r#"5:3: the key "c" stands twice, first in line 3"#]);
    assert_eq!(faults("{a: 1, ä: 2, a: 3, a: 4}").len(), 2);
    assert_eq!(
        faults("apiVersion: v1\napiVersion: v1\n"),
        [r#"2:1: the key "apiVersion" stands twice, first in line 1: is "---" missing between two documents?"#]
    );
    assert_eq!(faults("1: a\n'1': b"), [r#"2:1: the key "1" stands twice, first in line 1"#]);
}

#[test]
fn maps_are_merged_as_kubectl_merges_them() {
    let base = "b: &b {x: 1, z: 2}\nd: &d {x: 3, w: 4}\nc:\n";
    let merged = |rest: &str| value(&format!("{base}{rest}"))["c"].clone();
    assert_eq!(merged("  <<: *b\n  x: 9"), json!({"x": 9, "z": 2}));
    assert_eq!(merged("  x: 9\n  <<: *b"), json!({"x": 1, "z": 2}));
    assert_eq!(merged("  <<: [*b, *d]"), json!({"x": 1, "z": 2, "w": 4}));
    assert_eq!(merged("  '<<': *b"), json!({"<<": {"x": 1, "z": 2}}));
    assert_eq!(merged("  !!merge <<: {x: 5}"), json!({"x": 5}));
    assert_eq!(faults("a:\n  <<: 5"), ["2:7: what is merged must be a map or a list of maps"]);
    assert_eq!(faults(&format!("{base}  <<: *b\n  x: 1\n  x: 2")).len(), 1);
}

#[test]
fn aliases_stand_for_what_is_anchored_before_them_in_the_document() {
    assert_eq!(value("a: &x [1, {b: 2}]\nc: *x"), json!({"a": [1, {"b": 2}], "c": [1, {"b": 2}]}));
    assert_eq!(value("a: &x k\n*x : v"), json!({"a": "k", "k": "v"}));
    assert_eq!(faults("a: *x").len(), 1);
    assert_eq!(faults("a: &x [*x]").len(), 1);
    let Stream { documents, faults, .. } = load("a: &x 1\n---\nb: *x\n---\nc: 1\n");
    assert_eq!((documents.len(), faults.len(), faults[0].document), (2, 1, 2));
}

#[test]
fn aliases_cannot_blow_a_document_up() {
    let level = |level: usize| format!("a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 9].join(", "));
    let first = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]".to_owned();
    let laughs = std::iter::once(first).chain((1..10).map(level)).collect::<Vec<_>>().join("\n");
    assert!(laughs.len() < 1024);
    let message = "the aliases of this file expand to more than 4 MiB";
    assert!(faults(&laughs)[0].ends_with(message), "{:?}", faults(&laughs));
    let merges = format!("a: &a {{x: {}}}\nb: {{<<: [{}]}}", "y".repeat(10_000), vec!["*a"; 10_000].join(","));
    assert!(faults(&merges)[0].ends_with(message), "{:?}", faults(&merges));
}

#[test]
fn aliases_cannot_nest_deeper_than_brackets() {
    let level = |level: usize| format!("a{level}: &a{level} [[[[[[[[[*a{}]]]]]]]]]", level - 1);
    let first = "a0: &a0 [[[[[[[[[[1]]]]]]]]]]".to_owned();
    let chain = std::iter::once(first).chain((1..20).map(level)).collect::<Vec<_>>().join("\n");
    assert!(faults(&chain)[0].ends_with("nested more than 127 levels deep"), "{:?}", faults(&chain));
}

#[test]
fn depth_is_bounded() {
    for open in ["[", "{a: ", "- ", "? ", "[{a: "] {
        assert_eq!(faults(&open.repeat(100_000)).len(), 1, "{open}");
    }
    let blocks: Vec<_> = (0..1000).map(|depth| format!("{}a:", " ".repeat(depth))).collect();
    assert_eq!(faults(&blocks.join("\n")), ["128:128: nested more than 127 levels deep"]);
    let deepest = format!("{}1{}", "[".repeat(127), "]".repeat(127));
    assert_eq!(load(&deepest).documents.len(), 1);
}

#[test]
fn what_follows_the_end_of_a_document_is_not_looked_at() {
    // Each directive would be compared with all those before it.
    let directives: Vec<_> = (0..200_000).map(|number| format!("%TAG !a{number}! tag:x")).collect();
    let Stream { documents, faults, .. } = load(&format!("a: 1\n...\n{}\n", directives.join("\n")));
    assert_eq!((documents.len(), faults.len(), faults[0].position.line), (1, 1, 3));
    assert_eq!(load("a: 1\n... # b\n\n# c\n").faults.len(), 0);
}

#[test]
fn places_are_those_of_a_report_behind_rare_ends_of_lines() {
    let at = |text: &str, path: &str| load(text).documents[0].1.locate(path);
    let place = |line, column| Position { line, column };
    assert_eq!(at("a: 1\u{85}b: 2\u{2028}c: 3\nd: 4\n", "c"), place(1, 11));
    assert_eq!(at("a: 1\u{85}b: 2\u{2028}c: 3\nd: 4\n", "d"), place(2, 1));
    assert_eq!(at("x: 0\r\na: 1\rb: 2\u{2029}c: 3\n", "c"), place(3, 6));
    let second = &load("a: 1\n---\n\u{feff}b: 2\nc: 3\n").documents[1].1;
    assert_eq!((second.locate("b"), second.locate("c")), (place(3, 2), place(4, 1)));
}

#[test]
fn documents_are_counted_and_empty_ones_skipped() {
    let text = "# first\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n---\nc: 3\n";
    let numbers: Vec<_> = load(text).documents.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 3, 4]);
    assert!(load("").documents.is_empty());
    assert!(load("# nothing\n").documents.is_empty());
}

#[test]
fn a_fault_costs_its_document_and_no_other() {
    let Stream { documents, faults, .. } = load("a: 1\na: 2\n---\nb: 1\n---\nc: [\n---\nd: 1\n");
    assert_eq!(documents.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 4]);
    let places: Vec<_> = faults.iter().map(|fault| (fault.document, fault.position.line)).collect();
    assert_eq!(places, [(1, 2), (3, 6)]);
}

#[test]
fn every_node_knows_where_it_stands() {
    let text = "spec:\n  list:\n  - name: ä\n    x: y\nlast: [1, 2]\n";
    let root = load(text).documents.remove(0).1;
    let at = |line, column| Position { line, column };
    let list = root.get("spec").unwrap().get("list").unwrap();
    let name = list.items().unwrap()[0].get("name").unwrap();
    assert_eq!(name.span(), Span { start: at(3, 11), end: at(3, 12) });
    assert_eq!(list.items().unwrap()[0].span(), Span { start: at(3, 5), end: at(4, 9) });
    assert_eq!(root.get("last").unwrap().span(), Span { start: at(5, 7), end: at(5, 13) });
    assert_eq!(root.locate("spec.list[0].x"), at(4, 5));
    assert_eq!(root.locate("spec.list[3].x"), at(2, 3));
}

#[test]
fn line_ends_of_windows_are_line_ends() {
    assert_eq!(value("a: 1\r\nb:\r\n  - c\r\n  - |\r\n    x\r\n    y\r\n"), json!({"a": 1, "b": ["c", "x\ny\n"]}));
    assert_eq!(faults("a: 1\r\nb: 2\r\na: 3\r\n"), [r#"3:1: the key "a" stands twice, first in line 1"#]);
}
