//! A rule that is broken on purpose is noticed, by symptoms such as [`super::judged::Seen`] has of objects that do not work.

use serde_json::json;
use vpcguard_policies::Settings;

use super::case::Case;
use super::classes;
use super::field::Class;
use super::ground::{Ground, Shape};
use super::judged::{Judged, Seen};

/// Rule, field and class that it refuses, and what is wrong with the object before Kube-OVN.
const SEEN: &[(&str, &str, &str, &str)] = &[
    (
        "subnet-syntax",
        "gateway",
        "outside",
        "condition Ready=False ValidateLogicalSwitchFailed: gateway 11.0.0.1 is not in cidr",
    ),
    ("static-route-syntax", "staticRoutes.nextHopIP", "a-word", "no route 11.128.1.0/24 via x"),
    ("policy-route-syntax", "policyRoutes.action", "deny", "no policy 1000 ip4.src == 12.128.1.4 deny"),
    ("vpc-peering", "vpcPeerings.localConnectIP", "empty", "no peering with pq1"),
    ("gateway-selector", "selector", "equals-sign", "the nodes are not selected by kubernetes.io/os=linux"),
    ("lan-ip-in-subnet", "lanIp", "outside", "port without an address"),
];

#[test]
fn a_broken_rule_is_noticed() {
    let classes = classes();
    for (rule, field, name, symptom) in SEEN {
        let class = classes.iter().find(|class| class.field == *field && class.name == *name).unwrap();
        let case =
            |class: &Class| Case::new(class, Ground::new(1, Shape::V4, &mut fastrand::Rng::with_seed(0))).unwrap();
        let (bad, good) = (case(class), case(&Class::unchanged(class.scene)));
        let broken = Seen { refused: None, symptoms: vec![(*symptom).to_owned()] };
        let works = Seen::default();
        let refusal = bad.verdict(&[], &Settings::default());
        assert_eq!(Judged::of(&refusal, &broken), Judged::Agreed, "{rule}");
        assert_eq!(Judged::of(&good.verdict(&[], &Settings::default()), &works), Judged::Agreed, "{rule}");
        // It is silent.
        let off = Settings::parse(&json!({"rules": {*rule: "off"}})).unwrap();
        assert_eq!(Judged::of(&bad.verdict(&[], &off), &broken), Judged::Miss, "{rule}");
        // It refuses everything.
        assert_eq!(Judged::of(&refusal, &works), Judged::FalseRefusal((*rule).to_owned()), "{rule}");
    }
}
