use serde_json::json;

use super::*;

fn means(text: &str) -> String {
    let explained = explain_match(text);
    assert!(explained.valid, "{text}: {:?}", explained.faults);
    explained.means.unwrap()
}

#[test]
fn a_match_is_told_in_words() {
    for (text, words) in [
        ("ip4.src == 10.0.0.0/8 && tcp.dst == {80, 443}", "IPv4 packets from 10.0.0.0/8 to TCP port 80 or 443"),
        ("ip4", "IPv4 packets"),
        ("ip && tcp", "TCP packets"),
        ("ip4 && tcp && tcp.dst == 80", "IPv4 packets to TCP port 80"),
        ("1", "every packet"),
        ("0", "no packet"),
        ("ip4 && 0", "no packet"),
        ("ip4 && 1", "IPv4 packets"),
        ("ip4 || 1", "every packet"),
        ("ip4.src == 10.0.0.0/8 || ip4.src == 192.168.0.0/16", "IPv4 packets from 10.0.0.0/8 or from 192.168.0.0/16"),
        ("ip4 && (tcp.dst == 80 || udp.dst == 53)", "IPv4 packets to TCP port 80 or to UDP port 53"),
        (
            "ip4.dst == 10.0.0.1 && (tcp.dst == 80 || udp.dst == 53)",
            "IPv4 packets to 10.0.0.1, either to TCP port 80 or to UDP port 53",
        ),
        ("icmp || tcp.dst == 80", "ICMP packets, or packets to TCP port 80"),
        ("ip4 && (icmp || tcp.dst == 80)", "IPv4 packets that are ICMP packets or packets to TCP port 80"),
        ("80 <= tcp.dst < 90", "packets to the TCP ports 80 to 89"),
        ("10.0.0.1 <= ip4.src <= 10.0.0.9", "IPv4 packets from the addresses 10.0.0.1 to 10.0.0.9"),
        ("inport == \"a-b\" && ip4.dst == 10.0.0.0/8", "IPv4 packets to 10.0.0.0/8 that come in by port \"a-b\""),
        ("ip.proto == {6, 17, 89}", "IP packets whose IP protocol is 6 (TCP), 17 (UDP) or 89 (OSPF)"),
        ("ip4.src[0..7] == 1", "IPv4 packets whose bits 0 to 7 of source are 1"),
        ("ip4.src == 10.0.0.1/255.0.0.255", "IPv4 packets from 10.0.0.1/255.0.0.255"),
        ("ip4.src == 167772161", "IPv4 packets from 10.0.0.1"),
        ("ip6.src == fd00::/64 && ip6.dst == $lan", "IPv6 packets from fd00::/64 to any of $lan"),
        ("nd_ns && nd.target == fd00::1", "neighbour solicitation packets whose target is fd00::1"),
        (
            "tcp.flags == 0x2/0x12 && reg0[3] == 1",
            "TCP packets whose TCP flags are 0x2 in the bits 0x12 and whose bit 3 of reg0 is 1",
        ),
    ] {
        assert_eq!(means(text), words, "{text}");
    }
}

/// What a comparison presupposes is said of its negation too, for OVN keeps it.
#[test]
fn a_negation_is_told_where_it_ends() {
    for (text, words) in [
        ("!(ip4.src == 10.0.0.0/8)", "IPv4 packets not from 10.0.0.0/8"),
        ("ip4.src != {10.0.0.0/8, 192.168.0.0/16} && icmp", "IPv4 ICMP packets not from 10.0.0.0/8 or 192.168.0.0/16"),
        ("!(tcp.dst >= 1024)", "packets to a TCP port below 1024"),
        ("!tcp.dst", "packets to TCP port 0"),
        (
            "!(ip4.src == 1.1.1.1 && tcp.dst == 80)",
            "IPv4 packets not from 1.1.1.1, or packets to a TCP port other than 80",
        ),
        ("!(80 <= tcp.dst <= 90)", "packets to a TCP port below 80 or to a TCP port above 90"),
        ("ct.est && !ct.rel", "packets of an established connection and related to no connection"),
        ("!(!(udp.src != 53))", "packets from a UDP port other than 53"),
        ("!(0)", "every packet"),
    ] {
        assert_eq!(means(text), words, "{text}");
    }
}

#[test]
fn long_lists_are_cut() {
    let list = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    assert!(means(&format!("tcp.dst == {{{}}}", list(100))).ends_with("10, 11 or 88 more"));
    let terms: Vec<_> = (0..100).map(|number| format!("tcp.dst == {number}")).collect();
    assert!(means(&terms.join(" || ")).ends_with("to TCP port 23 or 76 more"));
}

#[test]
fn what_no_packet_can_be_has_its_reason() {
    for (text, part, why) in [
        ("ip4 && ip6", "ip4 && ip6", "no packet can match this: what is `ip4` is not `ip6`"),
        (
            "ip4.src == $a && !(tcp.dst == 80 || udp.dst == 53)",
            "tcp.dst == 80 || udp.dst == 53",
            "no packet can match this: what is `!(tcp.dst == 80)` is not `!(udp.dst == 53)`",
        ),
        (
            "10.0.0.9 <= ip4.src <= 10.0.0.1",
            "10.0.0.9 <= ip4.src <= 10.0.0.1",
            "no packet can match this: what is `10.0.0.9 <= ip4.src` is not `ip4.src <= 10.0.0.1`",
        ),
        (
            "icmp || (tcp.dst == 80 && udp)",
            "tcp.dst == 80 && udp",
            "no packet can match this: what is `tcp.dst == 80` is not `udp`",
        ),
        ("tcp.dst < 0", "tcp.dst < 0", "no packet can match this"),
    ] {
        let explained = explain_match(text);
        let never: Vec<_> = explained.never.iter().map(|said| (said.part.as_str(), said.message.as_str())).collect();
        assert_eq!(never, [(part, why)], "{text}");
    }
    assert_eq!(means("ip4 && ip6"), "no packet: there are no IPv4 IPv6 packets");
}

#[test]
fn people_see_the_place() {
    let wanted = "\
match ip4.src = 10.0.0.1
  OVN:      leaves out what has this match: nothing is dropped, allowed or rerouted by it
  error:    `=` stands where an operator should; write `==`
              ip4.src = 10.0.0.1
                      ^
";
    assert_eq!(explain_match("ip4.src = 10.0.0.1").to_string(), wanted);
    let several = explain_match("ip4 &&\n\ttcp.dst = 80 &&\n1").to_string();
    assert!(several.starts_with("match ip4 &&\\n\\ttcp.dst"), "{several}");
    assert!(several.ends_with("               tcp.dst = 80 &&\n                       ^\n"), "{several}");
    let long = explain_match(&format!("{}ip4.scr == 1 {}", "ip4 && ".repeat(100), "&& ip4 ".repeat(100))).to_string();
    let place = long.lines().rev().take(2).collect::<Vec<_>>();
    assert!(long.lines().all(|line| line.chars().count() < 210), "{long}");
    assert_eq!(place[0].find('^'), place[1].replace('…', ".").find("ip4.scr"), "{long}");
    let empty = "the end stands where a number, an address or a string should; a match of every packet is `1`\n";
    assert!(explain_match("").to_string().ends_with(empty));
}

#[test]
fn what_can_end_ovn_is_not_said_to_be_left_out() {
    let explained = explain_match("ip4.src < $a");
    assert_eq!((explained.valid, explained.ovn), (false, Some(MAY_END)));
}

#[test]
fn programs_read_the_same() {
    assert_eq!(
        serde_json::to_value(explain_match("ip4")).unwrap(),
        json!({"match": "ip4", "valid": true, "means": "IPv4 packets", "faults": [], "never": [], "lints": []})
    );
    let explained = serde_json::to_value(explain_match("ip4 && é")).unwrap();
    assert_eq!(explained["ovn"], LEFT_OUT);
    assert_eq!(explained["faults"][0]["part"], "é");
    assert_eq!((&explained["faults"][0]["start"], &explained["faults"][0]["end"]), (&json!(7), &json!(9)));
}
