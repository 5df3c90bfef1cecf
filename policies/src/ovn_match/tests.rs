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
        ("ip.proto == \"TCP\"", "\"TCP\"", "the field ip.proto is compared with numbers, not with strings", "write 6"),
        ("ip.proto == udp", "udp", "`udp` stands where a number, an address or a string should", "write 17"),
        (
            "inport == v-s",
            "v",
            "`v` stands where a number, an address or a string should",
            "names of ports stand in \"…\"",
        ),
        ("tcp.dst => 80", "=>", "`=>` stands where an operator should", "write `>=`"),
        ("ip4.src =! 10.0.0.1", "=!", "`=!` stands where an operator should", "write `!=`"),
        ("ip4.src = !10.0.0.1", "=", "`=` stands where an operator should", "write `==`"),
        (
            "tcp.dst === 80",
            "=",
            "`=` stands where a number, an address or a string should",
            "leave it out: `==` has two",
        ),
        ("tcp.dst == 80, 443", ",", "`,` stands where the end should", "a set stands in braces: `{…, …}`"),
        (
            "ip4.src == $db-pool",
            "-",
            "`-` stands where the end should",
            "such a name has no hyphens: Kube-OVN writes a dot for each",
        ),
        ("not tcp", "not", "`not` stands where the name of a field should", "write `!`"),
        (
            "ip4.src < $as",
            "ip4.src < $as",
            "ordering against an address set can stop ovn-controller on every node",
            "ask for the set by `==`, or write the address itself",
        ),
        (
            "tcp.dst",
            "tcp.dst",
            "the field tcp.dst has more than one bit and is compared with nothing",
            "write `tcp.dst != 0`",
        ),
    ] {
        is_meant(text, place, problem, meant);
    }
}

#[test]
fn what_other_languages_write_is_understood() {
    for (text, place, problem, meant) in [
        ("", "", "the end stands where a number, an address or a string should", "a match of every packet is `1`"),
        ("true", "true", "there is no field \"true\"", "write 1, which takes every packet"),
        ("ip4.src ≠ 10.0.0.1", "≠", "'≠' may not stand outside a string", "write `!=`"),
        ("ip4 # all", "#", "'#' may not stand outside a string", "leave the comment out"),
        ("ip4\u{200b}", "\u{200b}", "'\\u{200b}' may not stand outside a string", "leave it out: it cannot be seen"),
        ("tcp.dst == 80,443", ",", "`,` stands where the end should", "a set stands in braces: `{…, …}`"),
        ("(tcp.dst == 80,443)", ",", "`,` stands where `)` should", "a set stands in braces: `{…, …}`"),
        ("ip4.src == !10.0.0.1", "!", "`!` stands where a number, an address or a string should", "write `!=`"),
        (
            "!!tcp",
            "!",
            "`!` stands where a number, an address or a string should",
            "write `!(!(…))`, or leave both out",
        ),
        (
            "inport == eth0",
            "eth0",
            "`eth0` stands where a number, an address or a string should",
            "names of ports stand in \"…\"",
        ),
        ("ip.proto == TCP", "TCP", "`TCP` stands where a number, an address or a string should", "write 6"),
        (
            "ip4.src == ip4.dst",
            "ip4.dst",
            "`ip4.dst` stands where a number, an address or a string should",
            "a field is compared with constants, not with another field",
        ),
        (
            "ip4.src == 10.0.0.0 / 8",
            "/",
            "a single `/` means nothing here",
            "a prefix length stands behind its address without a space",
        ),
        (
            "ip4.src == 10.0.0.0/33",
            "10.0.0.0/33",
            "this mask does not fit this value",
            "a prefix of IPv4 has at most 32 bits",
        ),
        (
            "ip6.src == fd00::/129",
            "fd00::/129",
            "this mask does not fit this value",
            "a prefix of IPv6 has at most 128 bits",
        ),
        (
            "eth.src == 00:00:00:00:00:00/24",
            "00:00:00:00:00:00/24",
            "this mask does not fit this value",
            "the mask of an Ethernet address is written as one, as ff:ff:ff:00:00:00",
        ),
        (
            "ip4.dst == fd00::1",
            "fd00::1",
            "the field ip4.dst has 32 bits, and this constant 128",
            "an IPv6 address is compared with ip6.dst",
        ),
    ] {
        is_meant(text, place, problem, meant);
    }
}

/// The first fault of a text, and what was meant.
fn is_meant(text: &str, place: &str, problem: &str, meant: &str) {
    let parsed = Match::parse(text, Version::V25);
    let first = &parsed.faults()[0];
    assert_eq!(first.span.of(text), place, "{text}");
    assert_eq!(first.to_string(), problem, "{text}");
    assert_eq!(first.suggestion.as_deref(), Some(meant), "{text}");
}

#[test]
fn nothing_is_advised_that_is_no_match_either() {
    // Of the field without an order `!=` is refused too.
    assert_eq!(faults("ip.ttl < 2"), ["the field ip.ttl has no order, and is compared by `==`"]);
    // No `!` stands before this one, these are no constants without quotes either, and fields are in no set.
    for text in ["ip4 ! tcp", "ip4.src == \"10.0.0.0/33\"", "ip4, ip6"] {
        assert_eq!(Match::parse(text, Version::V25).faults()[0].suggestion, None, "{text}");
    }
    let advice = |text: &str| {
        let parsed = Match::parse(text, Version::V25);
        parsed.faults().iter().map(|fault| fault.suggestion.clone()).collect::<Vec<_>>()
    };
    // `ip.proto != 6` and `!(ip.proto == 6)` are refused.
    let other = "exclude 6 by another policy of a higher priority".to_owned();
    assert_eq!(advice("!ip.proto == 6"), [None, Some(other)]);
    assert_eq!(advice("!ip.proto != 6"), [Some("write `!(ip.proto != 6)`".to_owned())]);
    assert_eq!(advice("ip.ttl"), [Some("compare it with a number by `==`".to_owned())]);
    let quoted = Match::parse("ip4.src == \"10.0.0.0/8\"", Version::V25);
    assert_eq!(quoted.faults()[0].suggestion.as_deref(), Some("write 10.0.0.0/8 without quotes"));
}

#[test]
fn what_means_nothing_does_not_end_the_reading() {
    let text = "ip4.src == fd00::1 && tcp.dst == 70000 && !tcp && ip.proto < 6";
    let spans: Vec<_> = Match::parse(text, Version::V25).faults().iter().map(|fault| fault.span.of(text)).collect();
    assert_eq!(spans, ["fd00::1", "70000", "tcp", "ip.proto < 6"]);
}

#[test]
fn what_stands_behind_a_field_that_is_none_must_be_right() {
    for (text, wanted) in [
        ("ip.src == 1 && ip.dst[200..2] < {1, \"a\"}", vec!["ip.src", "ip.dst", "\"a\""]),
        ("ip.src == \"a\" && !x && (y || !ip6.proto == 1)", vec!["ip.src", "x", "y", "!ip6.proto == 1", "ip6.proto"]),
        ("1 < x < 2 && tcp.dst == 70000", vec!["x", "70000"]),
        ("ip.src == 1 and tcp", vec!["ip.src", "and"]),
        ("http traffic", vec!["http", "traffic"]),
        ("t\u{441}p && ip4", vec!["\u{441}"]),
    ] {
        let parsed = Match::parse(text, Version::V25);
        let spans: Vec<_> = parsed.faults().iter().map(|fault| fault.span.of(text)).collect();
        assert_eq!(spans, wanted, "{text}");
    }
}

#[test]
fn many_comments_in_a_line_are_read_once() {
    // By the square of them it would take minutes.
    let text = format!("tcp {}", "/**/".repeat(50_000));
    assert!(Match::parse_in_acl(&text, Version::V25).is_valid());
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

fn lints(text: &str) -> Vec<(&str, String)> {
    let said = Match::parse(text, Version::V25).lints();
    said.iter().map(|lint| (lint.span.of(text), lint.to_string())).collect()
}

#[test]
fn what_ovn_takes_and_nobody_means() {
    for (text, place, said) in [
        ("ip4.src == 10 && tcp", "10", "the field ip4.src holds an IPv4 address, and this is taken for 0.0.0.10"),
        ("ip6.src == 10.0.0.1", "10.0.0.1", "the field ip6.src holds an IPv6 address, and this is taken for ::a00:1"),
        (
            "eth.src == {10.0.0.1}",
            "10.0.0.1",
            "the field eth.src holds an Ethernet address, and this is taken for 00:00:0a:00:00:01",
        ),
        ("ip4.src == ::/0", "::/0", "the field ip4.src holds an IPv4 address, and this is taken for 0.0.0.0"),
        ("ip4.src == 10/8", "10/8", "8 is a mask of bits here, and not the length of a prefix"),
        ("ip4.src == 10.0.0.0/4294967320", "10.0.0.0/4294967320", "OVN cuts the prefix length 4294967320 to 24"),
        ("ip4.src[0..7] == 300", "300", "of this constant only the lowest 8 bits count, which are 44"),
        ("ip4.src[8..15] == 10.0.0.0", "10.0.0.0", "of this constant only the lowest 8 bits count, which are 0"),
        ("ip4.src == 10.0.0.0/0", "10.0.0.0/0", "the mask leaves nothing of this value"),
        (
            "ip4.src == $as",
            "$as",
            "whether OVN has an address set \"as\" is not known here; without it the match is left out",
        ),
        (
            "inport == @pg",
            "@pg",
            "whether OVN has a port group \"pg\" is not known here; without it the match is left out",
        ),
        ("ip4 && ip6", "ip4 && ip6", "no packet can match this"),
        ("ip4.src == 10.0.0.1 && ip6", "ip4.src == 10.0.0.1 && ip6", "no packet can match this"),
        ("tcp || (tcp.dst == 80 && udp)", "tcp.dst == 80 && udp", "no packet can match this"),
        ("10.0.0.9 <= ip4.src <= 10.0.0.1", "10.0.0.9 <= ip4.src <= 10.0.0.1", "no packet can match this"),
        ("ip && (ip4.src < 0.0.0.0 || tcp)", "ip4.src < 0.0.0.0", "no packet can match this"),
        ("ip4.dst != 0.0.0.0/0", "ip4.dst != 0.0.0.0/0", "no packet can match this"),
    ] {
        assert_eq!(lints(text), [(place, said.to_owned())], "{text}");
    }
}

#[test]
fn nothing_is_said_of_what_is_meant() {
    let many: Vec<_> = (0..200).map(|at| format!("10.0.{at}.1")).collect();
    let beyond = format!("ip4.src == {{{0}}} && ip4.dst == {{{0}}}", many.join(","));
    for text in [
        "0",
        "1",
        "ip4.src == 10.0.0.5/24",
        "ip4.src == 0.0.0.0/0",
        "ip4.src == 167772161",
        "ip4.src == 0xa",
        "ip4.src[0..7] == 5",
        "ip6.dst == fd00::/8",
        "eth.dst == 00:00:00:00:00:01",
        "eth.mcast",
        "arp && ip4",
        "arp.op == 1",
        "!ip4.src",
        "ip.ttl == 1 && icmp4",
        "ip4.src != {10.0.0.1, 10.0.0.2} && tcp.dst == 80",
        "is_chassis_resident(\"cr\")",
        "0 && tcp",
        &beyond,
    ] {
        assert_eq!(lints(text), [], "{text}");
    }
}

#[test]
fn what_says_nothing_on_a_router() {
    let on_router = |text: &str| {
        let said = Match::parse(text, Version::V25).lints_on_router();
        said.iter().map(|lint| lint.span.of(text).to_owned()).collect::<Vec<_>>()
    };
    let text =
        "outport == \"a\" && eth.src == 00:00:00:00:00:01 && vlan.vid == 5 && ct.new && reg0 == 1 && flags.loopback";
    assert_eq!(on_router(text), ["outport", "eth.src", "vlan.vid", "ct.new", "reg0", "flags.loopback"]);
    assert_eq!(on_router("arp || nd_ns || rarp.op == 1"), ["arp", "nd_ns", "rarp.op"]);
    let useful =
        "eth.type == 0x800 && inport == \"a\" && ip4.src == 10.0.0.1 && tcp.flags == 2 && pkt.mark == 1 && ip4.mcast";
    assert_eq!(on_router(useful), Vec::<String>::new());
}

#[test]
fn the_parentheses_of_an_acl_heal_nothing_and_break_what_is_known() {
    let deep = |levels: usize| format!("{}tcp{}", "(".repeat(levels), ")".repeat(levels));
    for (text, place) in [
        ("tcp) && (udp".to_owned(), ")".to_owned()),
        ("tcp // the web".to_owned(), "// the web".to_owned()),
        ("tcp /* a */ // b /* c".to_owned(), "// b /* c".to_owned()),
        ("tcp\n&& ip4 //".to_owned(), "//".to_owned()),
        (deep(100), deep(100)),
    ] {
        let parsed = Match::parse_in_acl(&text, Version::V25);
        let places: Vec<_> = parsed.faults().iter().map(|fault| fault.span.of(&text)).collect();
        assert_eq!(places, [place], "{text}");
    }
    for text in ["tcp // the web\n && ip4", "tcp /* // */", "inport == \"//\"", "tcp //\n", &deep(99)] {
        assert_eq!(Match::parse_in_acl(text, Version::V25).faults(), [], "{text}");
    }
}
