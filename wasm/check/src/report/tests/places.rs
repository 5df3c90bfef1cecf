//! What reports say of places in files.

use serde_json::{Value, json};

use super::{FILES, report};
use crate::{Document, Folder, Source, check};

const SUBNET: &str = "apiVersion: kubeovn.io/v1\nkind: Subnet\n";

#[test]
fn a_terminal_is_shown_no_control_characters() {
    let written =
        "{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: \"a\\e[2J\"}, spec: {cidrBlock: \"\\e[31m\"}}";
    let raw = format!(
        "{SUBNET}metadata: {{name: a}}\nspec: {{cidrBlock: 10.0.0.0/33}} # \u{85}\u{7f}\u{202e}\u{8}\u{9b}31m\r\n"
    );
    let broken = "a: [ # \u{9b}2J\n}";
    for text in [written, &raw, broken] {
        let plain = report(&[("a\u{1b}\u{9b}.yaml", text)]).to_human();
        let moves = |character: char| (character.is_control() && character != '\n') || character == '\u{202e}';
        assert!(plain.contains("a\\u{1b}\\u{9b}.yaml:") && !plain.contains(moves), "{plain:?}");
    }
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let report = report(FILES);
    let coloured = report.to_human_in_colour();
    assert!(coloured.contains("\u{1b}[1m\u{1b}[91merror[subnet-cidr-overlap]"), "{coloured:?}");
    let mut parts = coloured.split('\u{1b}');
    let mut plain = parts.next().unwrap().to_owned();
    plain.extend(parts.map(|part| part.split_once('m').unwrap().1));
    assert_eq!(plain, report.to_human());
}

#[test]
fn a_long_line_is_cut_and_a_longer_one_is_not_shown() {
    let subnet = |before: usize, range: &str| {
        let labels: Vec<_> = (0..before).map(|at| format!("ä{at}: y")).collect();
        let (labels, more) = (labels.join(", "), "b".repeat(5000));
        format!(
            "{{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {{name: a, x-labels: {{{labels}}}}}, \
             spec: {{cidrBlock: {range}, x-more: {more}}}}}"
        )
    };
    let text = report(&[("a.yaml", &subnet(100, "10.0.0.0/33"))]).to_human();
    let line = subnet(100, "10.0.0.0/33");
    let column = line[..line.find("10.0.0.0/33").unwrap()].chars().count() + 1;
    assert!(text.contains(&format!(" --> a.yaml:1:{column}\n")), "{text}");
    assert!(
        text.contains("cidrBlock: 10.0.0.0/33, x-more: bb") && text.contains("^^^^^^^^^^^ Subnet \"a\"\n"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");

    let text = report(&[("a.yaml", &subnet(100, &"1".repeat(4000)))]).to_human();
    assert!(text.contains(&"^".repeat(90)), "{text}");
    assert!(text.len() < 3000, "{text}");

    let text = report(&[("a.yaml", &subnet(2000, "10.0.0.0/33"))]).to_human();
    assert!(text.contains("\n  --> a.yaml:1:18984, Subnet \"a\"\n  = help: "), "{text}");
}

#[test]
fn the_template_of_helm_is_named_beside_the_place() {
    let text = "---\n# Source: net/templates/a.yaml\napiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: a}\n\
                spec: {cidrBlock: 10.0.4.0/24}\n---\n# Source: net/templates/b.yaml\napiVersion: kubeovn.io/v1\n\
                kind: Subnet\nmetadata: {name: b}\nspec: {cidrBlock: 10.0.0.0/16}\n";
    let report = report(&[("<stdin>", text)]);
    let human = report.to_human();
    assert!(human.contains("  --> <stdin>:12:19\n"), "{human}");
    assert!(human.contains("\n   = source: net/templates/b.yaml\n   = help: "), "{human}");
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    let finding = &json["findings"][0];
    assert_eq!((&finding["line"], &finding["source"]), (&json!(12), &json!("net/templates/b.yaml")));
    let related = &finding["related"][0];
    assert_eq!((&related["line"], &related["source"]), (&json!(6), &json!("net/templates/a.yaml")));
}

#[test]
fn columns_count_characters_and_neither_a_byte_order_mark_nor_the_line_end_shifts_them() {
    let place = |name: &str, text: &str| {
        let json: Value = serde_json::from_str(&report(&[(name, text)]).to_json()).unwrap();
        let finding = &json["findings"][0];
        ["line", "column", "endLine", "endColumn"].map(|key| finding[key].as_u64().unwrap())
    };
    let yaml = format!("{SUBNET}metadata: {{name: a}}\nspec: {{x-ä: 漢字😀,\tcidrBlock: 10.0.0.0/33}}\n");
    let wanted = [4, 29, 4, 40];
    assert_eq!(place("a.yaml", &yaml), wanted);
    assert_eq!(place("a.yaml", &yaml.replace('\n', "\r\n")), wanted);
    assert_eq!(place("a.yaml", &format!("\u{feff}{yaml}")), wanted);
    let first = "{spec: {cidrBlock: 10.0.0.0/33}, apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: a}}";
    assert_eq!(place("a.yaml", first), [1, 20, 1, 31]);
    assert_eq!(place("a.yaml", &format!("\u{feff}{first}")), [1, 20, 1, 31]);

    let json = "{\"apiVersion\": \"kubeovn.io/v1\", \"kind\": \"Subnet\",\n\t\"metadata\": {\"name\": \"a\"},\n \
                \"spec\": {\"x-ä\": \"\\ud83d\\ude00\",\t\"cidrBlock\": \"10.0.0.0/33\"}}\n";
    let wanted = [3, 47, 3, 60];
    assert_eq!(place("a.json", json), wanted);
    assert_eq!(place("a.json", &json.replace('\n', "\r\n")), wanted);
    assert_eq!(place("a.json", &format!("\u{feff}{json}")), wanted);
}

#[test]
fn the_items_of_a_list_in_json_have_their_places() {
    let item = |name: &str| json!({"metadata": {"name": name}, "spec": {"cidrBlock": "10.0.0.0/33"}});
    let list = |items: Value| json!({"apiVersion": "kubeovn.io/v1", "kind": "SubnetList", "items": items});
    let inner = json!([list(json!([item("a"), item("b")]))]);
    let outer = json!({"apiVersion": "v1", "kind": "List", "items": inner});
    let text = format!("{{}}\n{}\n", serde_json::to_string_pretty(&outer).unwrap());
    let report = report(&[("a.json", &text)]);
    let lines: Vec<_> = report.findings().iter().map(|found| found.place.as_ref().unwrap().line.as_deref()).collect();
    assert_eq!(lines, [Some("            \"cidrBlock\": \"10.0.0.0/33\""); 2]);
    let spans: Vec<_> =
        report.findings().iter().map(|found| found.place.as_ref().unwrap().span.unwrap().start).collect();
    assert!(spans[0].line + 8 <= spans[1].line && spans[0].column == 26, "{spans:?}");
}

#[test]
fn a_place_in_a_file_and_another_in_a_cluster() {
    let subnet = |name: &str, cidr: &str| format!("{SUBNET}metadata: {{name: {name}}}\nspec: {{cidrBlock: {cidr}}}\n");
    let source = Source { name: "a.yaml".to_owned(), bytes: subnet("b", "10.0.0.0/16").into_bytes() };
    let stored = json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "a"}, "spec": {"cidrBlock": "10.0.4.0/24"}});
    let settings = crate::testing::settings(&json!({}));
    let report = check(&Folder::parse(&[source]), &[Document::live(stored)], &settings).unwrap();
    let human = report.to_human();
    assert!(
        human.contains("4 | spec: {cidrBlock: 10.0.0.0/16}\n  |                   ^^^^^^^^^^^ Subnet \"b\"\n"),
        "{human}"
    );
    assert!(human.contains("  = related: Subnet \"a\" spec.cidrBlock\n"), "{human}");
}
