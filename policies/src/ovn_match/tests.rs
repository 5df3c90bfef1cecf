use serde_json::Value;

use super::*;

/// Matches, and what OVN 25.03 says of them: null where it takes them.
const CASES: &str = include_str!("../../../tests/ovn_match/cases.json");

fn faults(text: &str) -> Vec<String> {
    let parsed = Match::parse(text, Version::V25);
    parsed.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn ovn_takes_the_same_matches() {
    let cases: Vec<(String, Value)> = serde_json::from_str(CASES).unwrap();
    // What is in a set of that name, and that there is none, is not known here; and one match ends the controller.
    let is_known = |text: &str| !text.contains(['$', '@']);
    let differ: Vec<_> = cases
        .iter()
        .filter(|(text, said)| Match::parse(text, Version::V25).is_valid() != said.is_null() && is_known(text))
        .map(|(text, said)| format!("{text:?}: OVN {said}, here {:?}", faults(text)))
        .collect();
    assert!(differ.is_empty(), "{} of {}:\n{}", differ.len(), cases.len(), differ.join("\n"));
    assert!(cases.len() > 300);
}

#[test]
fn a_fault_has_its_place_and_what_was_meant() {
    for (text, place, problem, meant) in [
        ("ip4.src = 10.0.0.1", "=", "`=` stands where an operator should", "write `==`"),
        ("tcp and udp", "and", "`and` stands where an operator should", "write `&&`"),
        ("ip4.src in {10.0.0.1}", "in", "`in` stands where an operator should", "write `==`"),
        ("tcp & udp", "&", "a single `&` means nothing here", "write `&&`"),
        ("ip.src == 10.0.0.1", "ip.src", "there is no field \"ip.src\"", "write ip4.src or ip6.src"),
        ("TCP", "TCP", "there is no field \"TCP\"", "write tcp: names have small letters"),
        ("ip4.scr == 10.0.0.1", "ip4.scr", "there is no field \"ip4.scr\"", "did you mean \"ip4.src\"?"),
        (
            "ip4.src == {10.0.0.1; 10.0.0.2}",
            ";",
            "`;` stands where a number, an address or a string should",
            "write `,`",
        ),
        (
            "tcp && udp || sctp",
            "||",
            "`&&` and `||` need parentheses where they stand together",
            "write `(tcp && udp) || …` or `tcp && (udp || …)`",
        ),
        (
            "!ip4.src == 10.0.0.1",
            "!ip4.src == 10.0.0.1",
            "what `!` negates must stand in parentheses",
            "write `ip4.src != 10.0.0.1` or `!(ip4.src == 10.0.0.1)`",
        ),
        (
            "ip4.src == \"10.0.0.1\"",
            "\"10.0.0.1\"",
            "the field ip4.src is compared with numbers, not with strings",
            "write 10.0.0.1 without quotes",
        ),
        ("inport == 'a'", "'", "'\\'' may not stand outside a string", "strings stand in \"…\""),
        (
            "tcp.dst",
            "tcp.dst",
            "the field tcp.dst has more than one bit and is compared with nothing",
            "write `tcp.dst != 0`",
        ),
    ] {
        let parsed = Match::parse(text, Version::V25);
        let first = &parsed.faults()[0];
        assert_eq!(first.span.of(text), place, "{text}");
        assert_eq!(first.to_string(), problem, "{text}");
        assert_eq!(first.suggestion.as_deref(), Some(meant), "{text}");
    }
}

#[test]
fn what_means_nothing_does_not_end_the_reading() {
    let text = "ip4.src == fd00::1 && tcp.dst == 70000 && !tcp && ip.proto < 6";
    let spans: Vec<_> = Match::parse(text, Version::V25).faults().iter().map(|fault| fault.span.of(text)).collect();
    assert_eq!(spans, ["fd00::1", "70000", "tcp", "ip.proto < 6"]);
}

#[test]
fn each_version_has_its_fields() {
    for (text, takes) in [
        ("ct_label.natted == 1", [true, true, false]),
        ("ct_label.acl_id == 1", [false, false, true]),
        ("flags.network_id == 1", [false, true, false]),
        ("nd_ns_mcast", [false, true, true]),
    ] {
        let taken = [Version::V23, Version::V24, Version::V25].map(|version| Match::parse(text, version).is_valid());
        assert_eq!(taken, takes, "{text}");
    }
}
