//! A rule that is broken on purpose is noticed: symptoms, written by hand as a world would tell them, held against the verdicts of a
//! rule that is silent, and of one that refuses everything.

use serde_json::{Value, json};
use vpcguard_tests::Case;

use super::expectation::{Expectation, Seen};
use super::{Claim, Says, claim, defaults};

/// A case that its rule refuses, with what is wrong then, and one that it accepts, with which nothing is.
const SEEN: &[(&str, &str, &str)] = &[
    (
        "subnet/subnet-cidr-overlap/refuses-the-same-prefix",
        "no switch",
        "subnet/subnet-cidr-overlap/accepts-neighbours",
    ),
    (
        "subnet/subnet-syntax/refuses-a-gateway-outside-the-prefix",
        "condition Ready=False ValidateLogicalSwitchFailed: gateway 10.67.0.1 is not in cidr 10.66.0.0/16",
        "subnet/subnet-syntax/accepts-an-ipv4-subnet",
    ),
    (
        "subnet/subnet-vpc-namespaces/refuses-namespaces-outside-the-list",
        "no switch",
        "subnet/subnet-vpc-namespaces/accepts-namespaces-of-the-list",
    ),
    (
        "vpc/static-route-syntax/refuses-a-word-as-cidr",
        "no route default via 10.0.1.254",
        "vpc/static-route-syntax/accepts-bare-addresses",
    ),
    (
        "vpc/policy-route-syntax/refuses-other-actions",
        "no policy 1000 ip4.src == 10.0.1.0/24 deny",
        "vpc/policy-route-syntax/accepts-every-action",
    ),
    (
        "vpc/vpc-peering/refuses-an-empty-local-connect-ip",
        "no peering with red",
        "vpc/vpc-peering/accepts-a-symmetrical-peering",
    ),
    (
        "nat_gateway/lan-ip-in-subnet/refuses-an-address-outside",
        "port without an address",
        "nat_gateway/lan-ip-in-subnet/accepts-an-ipv6-address",
    ),
];

#[test]
fn a_broken_rule_is_noticed() {
    let (cases, defaults) = (Case::all(), defaults());
    for (bad, symptom, good) in SEEN {
        let case = |name: &str| {
            cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no case {name}")).clone()
        };
        let (bad, good) = (case(bad), case(good));
        let rule = bad.subject().to_owned();
        let broken = Seen { symptoms: vec![(*symptom).to_owned()], ..Seen::default() };
        let works = Seen::default();
        assert!(claim(bad.clone(), &defaults).unwrap().expectation.is_seen(&broken), "{rule}");
        assert!(
            claim(good.clone(), &defaults)
                .unwrap_or_else(|| panic!("{} claims nothing", good.name))
                .expectation
                .is_seen(&works),
            "{rule}"
        );
        let mut off = bad;
        off.settings = json!({"rules": {&rule: "off"}});
        let silent = claim(off, &defaults).unwrap();
        assert_eq!(silent.says, Says::Accepts);
        assert!(!silent.expectation.is_seen(&broken), "{rule} is silent, and nobody notices");
        assert!(!refused(good, &defaults).expectation.is_seen(&works), "{rule} refuses everything, and nobody notices");
    }
}

/// The claim of a rule that refuses a case.
fn refused(case: Case, defaults: &Value) -> Claim {
    let expectation = Expectation::read(&defaults[case.subject()][Says::Refuses.key()]);
    Claim { case, says: Says::Refuses, expectation }
}
