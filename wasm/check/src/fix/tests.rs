use proptest::prelude::*;
use serde_json::json;

use super::*;

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

/// A text after fixing; the text itself where there was nothing to fix.
fn fixed(name: &str, text: &str) -> String {
    let source = source(name, text);
    let fixed = fix(&source).map_or(source, |fixed| fixed.source);
    String::from_utf8(fixed.bytes).unwrap()
}

const SUBNET: &str = "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: a}\n";

#[test]
fn nothing_but_the_value_is_touched() {
    for (before, after) in [
        (
            "spec: {cidrBlock: 10.0.0.5/24 , vpc: v} # 10.0.0.5/24\n",
            "spec: {cidrBlock: 10.0.0.0/24 , vpc: v} # 10.0.0.5/24\n",
        ),
        ("spec:\n  cidrBlock:   '10.0.0.5/24'   # x\n", "spec:\n  cidrBlock:   '10.0.0.0/24'   # x\n"),
        ("spec:\n  cidrBlock: \"10.0.0.0/24, fd00::/64\"\n", "spec:\n  cidrBlock: \"10.0.0.0/24,fd00::/64\"\n"),
        ("spec:\n  cidrBlock: 10.0.0.0/24, FD00::/64\n", "spec:\n  cidrBlock: 10.0.0.0/24,fd00::/64\n"),
        ("spec:\n  cidrBlock: !!str &c 10.0.0.5/24\n", "spec:\n  cidrBlock: !!str &c 10.0.0.0/24\n"),
        ("spec:\n  cidrBlock:\n    10.0.0.5/24\n", "spec:\n  cidrBlock:\n    10.0.0.0/24\n"),
        (
            "spec:\n  gateway: \" 10.0.0.1\"\n  cidrBlock: 10.0.0.5/24\n",
            "spec:\n  gateway: \"10.0.0.1\"\n  cidrBlock: 10.0.0.0/24\n",
        ),
    ] {
        let (before, after) = (format!("{SUBNET}{before}"), format!("{SUBNET}{after}"));
        assert_eq!(fixed("a.yaml", &before), after);
        let (windows, wanted) = (before.replace('\n', "\r\n"), after.replace('\n', "\r\n"));
        assert_eq!(fixed("a.yaml", &format!("\u{feff}{windows}")), format!("\u{feff}{wanted}"));
        // In a text with characters of several bytes before it, too.
        assert_eq!(fixed("a.yaml", &format!("# ä😀\n{before}")), format!("# ä😀\n{after}"));
    }
}

#[test]
fn json_is_mended_too() {
    let text = |cidr: &str, lb: &str| {
        format!(
            "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[\n\
             {{\"apiVersion\":\"kubeovn.io/v1\",\"kind\":\"Subnet\",\"metadata\":{{\"name\":\"ä\"}},\"spec\":{{\"cidrBlock\" : \"{cidr}\"}}}},\n\
             {{\"apiVersion\":\"kubeovn.io/v1\",\"kind\":\"Vpc\",\"metadata\":{{\"name\":\"v\",\"annotations\":{{\"ovn.kubernetes.io/vpc_lb\":{lb}}}}}}}]}}\r\n"
        )
    };
    assert_eq!(fixed("a.json", &text("10.0.0.5/24", "true")), text("10.0.0.0/24", "\"on\""));
}

#[test]
fn a_switch_is_quoted_where_it_must_be() {
    for (written, wanted) in [
        ("on", "\"on\""),
        ("yes", "\"on\""),
        ("enabled", "\"on\""),
        ("'no'", "'off'"),
        ("\"true\"", "\"on\""),
        ("\"off \"", "\"off\""),
    ] {
        let vpc = |value: &str| {
            format!(
                "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata:\n  name: v\n  annotations:\n    ovn.kubernetes.io/vpc_lb: {value} # lb\n"
            )
        };
        assert_eq!(fixed("a.yaml", &vpc(written)), vpc(wanted));
    }
}

#[test]
fn what_is_written_in_another_way_is_left_alone() {
    for spec in [
        "cidrBlock: |\n    10.0.0.5/24\n",
        "cidrBlock: '10.0.0.5/24,\n    fd00::/64'\n",
        "cidrBlock: \"10.0.0\\x2e5/24\"\n",
        "cidrBlock: 10.0.0.5/24,\n    fd00::1/64\n",
        "cidrBlock: 10.0.0.5/33\n",
    ] {
        let text = format!("{SUBNET}spec:\n  {spec}");
        assert_eq!(fixed("a.yaml", &text), text);
    }
}

#[test]
fn a_value_that_others_share_is_mended_only_if_all_want_it() {
    let shared =
        format!("{SUBNET}spec:\n  cidrBlock: &range 10.0.0.5/24\n  allowSubnets: [*range]\n  gateway: ' 10.0.0.1'\n");
    assert_eq!(fixed("a.yaml", &shared), shared.replace("' 10.0.0.1'", "'10.0.0.1'"));
    let subnet = |range: &str| {
        format!("{{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {{name: a}}, spec: {{cidrBlock: {range}}}}}")
    };
    let both = format!("kind: List\napiVersion: v1\nitems:\n- {}\n- {}\n", subnet("&c 10.0.0.5/24"), subnet("*c"));
    assert_eq!(fixed("a.yaml", &both), both.replace("10.0.0.5", "10.0.0.0"));
}

#[test]
fn what_was_mended_is_said() {
    let text = format!("{SUBNET}spec: {{cidrBlock: '10.0.0.5/24'}}\n");
    let Fixed { changes, .. } = fix(&source("a.yaml", &text)).unwrap();
    let said: Vec<_> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["4:19: spec.cidrBlock: '10.0.0.5/24' is fixed to '10.0.0.0/24'"]);
    assert!(fix(&source("a.yaml", "kind: [")).is_none());
}

/// A value as somebody may write it, right or wrong.
fn value() -> impl Strategy<Value = String> {
    let element = prop_oneof![
        "(10|172)\\.[0-9]{1,3}\\.0\\.[0-9]{1,3}/[0-9]{1,2}",
        "10\\.0\\.0\\.[0-9]{1,2}",
        "[Ff][Dd]00:[0-9A-Fa-f]{1,4}::[0-9A-F]{0,2}/(64|48|120)",
        "[Ff][Dd]00::[0-9A-Fa-f]{1,2}",
        Just("x".to_owned()),
    ];
    let blank = prop_oneof![Just(""), Just(" "), Just("  ")];
    prop::collection::vec((blank.clone(), element, blank), 1..3).prop_map(|parts| {
        parts
            .into_iter()
            .map(|(before, element, after)| format!("{before}{element}{after}"))
            .collect::<Vec<_>>()
            .join(",")
    })
}

/// A value in one of the ways of YAML to write it.
fn written() -> impl Strategy<Value = String> {
    (value(), 0..6).prop_map(|(value, style)| match style {
        0 => value,
        1 => format!("'{value}'  # '{value}'"),
        2 => format!("\"{value}\""),
        3 => format!("!!str {value}"),
        4 => format!("|-\n    {value}"),
        _ => format!(">-\n    {value}\n    # {value}"),
    })
}

proptest! {
    #[test]
    fn a_mended_file_says_the_same_but_for_the_mended_fields(
        (cidr, gateway, hop, link) in (written(), written(), written(), written()),
        switch in prop_oneof!["(on|off|yes|no|true|enabled|perhaps|'true'|\"NO\"|' on'|~)", Just(String::new())],
        (breaks, mark) in (any::<bool>(), any::<bool>()),
    ) {
        let text = format!(
            "# a\n{SUBNET}spec:\n  cidrBlock: {cidr}\n  gateway: {gateway}\n  excludeIps: [10.0.0.9 , 10.0.0.3]\n---\n\
             apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata:\n  name: v\n  annotations:\n    ovn.kubernetes.io/vpc_lb: {switch}\n\
             spec:\n  staticRoutes:\n  - cidr: 10.0.0.1/0\n    nextHopIP: {hop}\n  vpcPeerings:\n  - localConnectIP: {link}\n"
        );
        let text = if breaks { text.replace('\n', "\r\n") } else { text };
        let before = source("a.yaml", &if mark { format!("\u{feff}{text}") } else { text });
        let Some(Fixed { source: after, changes }) = fix(&before) else { return Ok(()) };
        prop_assert!(fix(&after).is_none());
        let (old, new) = (parse(&before).documents, parse(&after).documents);
        let objects = |documents: &[Document]| documents.iter().map(|document| document.object.clone()).collect::<Vec<_>>();
        let (mut old, mut new) = (objects(&old), objects(&new));
        prop_assert_ne!(&old, &new);
        for objects in [&mut old, &mut new] {
            for pointer in ["/spec/cidrBlock", "/spec/gateway", "/spec/staticRoutes/0/nextHopIP",
                            "/spec/vpcPeerings/0/localConnectIP", "/metadata/annotations/ovn.kubernetes.io~1vpc_lb"] {
                objects.iter_mut().filter_map(|object| object.pointer_mut(pointer)).for_each(|slot| *slot = json!(0));
            }
        }
        prop_assert_eq!(old, new);
        // Taking the changes back gives every byte of the file.
        let mut lines: Vec<String> = String::from_utf8(after.bytes).unwrap().split('\n').map(str::to_owned).collect();
        for change in changes.iter().rev() {
            let line = &mut lines[change.position.line - 1];
            let skipped = usize::from(mark && change.position.line == 1) + change.position.column - 1;
            let at = line.char_indices().nth(skipped).unwrap().0;
            prop_assert!(line[at..].starts_with(&change.after));
            line.replace_range(at..at + change.after.len(), &change.before);
        }
        prop_assert_eq!(lines.join("\n").into_bytes(), before.bytes);
    }
}
