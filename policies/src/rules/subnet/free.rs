//! What a Subnet could have in the place of a prefix that it cannot have.

use ipnet::IpNet;

use super::cidr_reserved::reserved;
use crate::inventory::Answer;
use crate::kinds::{Subnet, Typed};
use crate::net::{Cidr, PrefixSet};
use crate::rule::Context;
use crate::text::{listed, quoted};

/// How many prefixes are offered.
const MOST: usize = 3;

/// What is free for a Subnet. Asked for only where something is refused, and for each prefix once.
///
/// It tells no more than a dry run of each prefix would: whether some Subnet has it, and not which.
pub(super) struct FreePrefixes<'s> {
    subnet: &'s Subnet,
    avoid: Option<PrefixSet>,
    said: Vec<(IpNet, Option<String>)>,
}

impl<'s> FreePrefixes<'s> {
    pub(super) fn of(subnet: &'s Subnet) -> Self {
        Self { subnet, avoid: None, said: Vec::new() }
    }

    /// The free prefixes that lie nearest to one of the Subnet's, in a sentence; none where nothing is known to be free, or it
    /// is an underlay, whose addresses are not Kube-OVN's to give.
    pub(super) fn near(&mut self, wanted: IpNet, context: &Context<'_>) -> Answer<Option<String>> {
        let Some(shard) = self.subnet.shard().filter(|shard| shard.vlan.is_empty()) else { return Ok(None) };
        if let Some((_, said)) = self.said.iter().find(|(prefix, _)| *prefix == wanted) {
            return Ok(said.clone());
        }
        let avoid = match &self.avoid {
            Some(avoid) => avoid,
            None => {
                // Neither its own: one that it has before, or has twice, would be no answer.
                let own = context.old.and_then(Subnet::of).into_iter().flat_map(|old| &old.cidrs);
                let own = own.chain(&self.subnet.cidrs).map(Cidr::network);
                let reserved = reserved(&shard.vpc, context.cluster, context.kube_ovn())?;
                self.avoid.insert(PrefixSet::of(own.chain(reserved)))
            }
        };
        let free = context.cluster.nearest_free(&shard, wanted, avoid, MOST)?;
        let free: Vec<_> = free.iter().map(ToString::to_string).collect();
        let said = listed(&free).map(|all| {
            let are = if free.len() == 1 { "is" } else { "are" };
            format!("{all} {are} free in VPC {}.", quoted(&shard.vpc))
        });
        self.said.push((wanted, said.clone()));
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::net::overlap;
    use crate::rules::support::testing::{Cluster, create, update};

    fn subnet(name: &str, spec: Value) -> Value {
        json!({"kind": "Subnet", "name": name, "spec": spec})
    }

    fn cluster() -> Cluster {
        Cluster::new().with(json!({"kind": "Vpc", "name": "v"}))
    }

    /// The helps of the rules that offer what is free.
    fn helps(cluster: &Cluster, request: &crate::Request) -> Vec<String> {
        let verdict = cluster.verdict(request);
        let of_rules = verdict.findings.iter().filter(|finding| finding.rule().starts_with("subnet-cidr-"));
        of_rules.map(|finding| finding.help_text().to_owned()).collect()
    }

    #[test]
    fn up_to_three_are_offered_the_nearest_first() {
        let held = |cidrs: &str| cluster().with(subnet("b", json!({"vpc": "v", "cidrBlock": cidrs})));
        for (has, wants, help) in [
            ("10.0.0.0/22", "10.0.0.0/24", r#"10.0.4.0/24, 10.0.5.0/24 and 10.0.6.0/24 are free in VPC "v"."#),
            ("10.0.4.0/24", "10.0.0.0/16", r#"10.1.0.0/16, 10.2.0.0/16 and 10.3.0.0/16 are free in VPC "v"."#),
            ("192.168.0.0/18", "192.168.0.0/17", r#"192.168.128.0/17 is free in VPC "v"."#),
            ("192.168.0.0/17", "192.168.0.0/18", r#"192.168.128.0/18 and 192.168.192.0/18 are free in VPC "v"."#),
            ("192.168.9.0/24", "192.168.0.0/16", "Choose a range that no other Subnet of the VPC uses."),
            ("8.8.8.0/24", "8.8.8.0/24", "Choose a range that no other Subnet of the VPC uses."),
        ] {
            let asked = create(&subnet("a", json!({"vpc": "v", "cidrBlock": wants})));
            assert_eq!(helps(&held(has), &asked), [help], "{wants}");
        }
    }

    #[test]
    fn each_family_is_answered_for_itself() {
        let cluster = cluster().with(subnet("b", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00:1::/64"})));
        let asked = create(&subnet("a", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00:1::/64"})));
        let wanted = [
            r#"10.0.2.0/24, 10.0.0.0/24 and 10.0.3.0/24 are free in VPC "v"."#,
            r#"fd00:1:0:1::/64, fd00:1:0:2::/64 and fd00:1:0:3::/64 are free in VPC "v"."#,
        ];
        assert_eq!(helps(&cluster, &asked), wanted);
    }

    #[test]
    fn what_is_reserved_is_not_offered() {
        let cluster = Cluster::new()
            .with(json!({"kind": "ServiceCIDR", "name": "kubernetes", "spec": {"cidrs": ["10.1.0.0/16"]}}))
            .with(subnet("join", json!({"cidrBlock": "10.2.0.0/16"})))
            .with(json!({"kind": "Node", "name": "n", "status": {"addresses": [{"type": "InternalIP", "address": "10.3.0.9"}]}}));
        let of_default = create(&subnet("a", json!({"cidrBlock": "10.1.0.0/16"})));
        assert_eq!(
            helps(&cluster, &of_default),
            [r#"10.0.0.0/16, 10.4.0.0/16 and 10.5.0.0/16 are free in VPC "ovn-cluster"."#]
        );
        // It is nobody else's where the routers are others.
        let cluster = cluster
            .with(json!({"kind": "Vpc", "name": "v"}))
            .with(subnet("b", json!({"vpc": "v", "cidrBlock": "10.1.0.0/16"})));
        let of_custom = create(&subnet("a", json!({"vpc": "v", "cidrBlock": "10.1.0.0/16"})));
        assert_eq!(helps(&cluster, &of_custom), [r#"10.2.0.0/16, 10.0.0.0/16 and 10.3.0.0/16 are free in VPC "v"."#]);
    }

    #[test]
    fn the_usual_range_of_services_is_not_offered_where_none_is_known() {
        let cluster = Cluster::new().with(subnet("b", json!({"cidrBlock": "10.95.0.0/16"})));
        let asked = create(&subnet("a", json!({"cidrBlock": "10.95.0.0/16"})));
        assert_eq!(
            helps(&cluster, &asked),
            [r#"10.94.0.0/16, 10.93.0.0/16 and 10.92.0.0/16 are free in VPC "ovn-cluster"."#]
        );
    }

    #[test]
    fn an_underlay_has_its_addresses_from_elsewhere() {
        let cluster = cluster().with(subnet("b", json!({"vpc": "v", "vlan": "x", "cidrBlock": "10.0.1.0/24"})));
        let asked = create(&subnet("a", json!({"vpc": "v", "vlan": "x", "cidrBlock": "10.0.1.0/24"})));
        assert_eq!(helps(&cluster, &asked), ["Choose a range that no other Subnet of the VPC uses."]);
    }

    #[test]
    fn its_own_prefixes_are_not_offered_before_or_after() {
        let cluster = cluster()
            .with(subnet("a", json!({"vpc": "v", "cidrBlock": "10.0.2.0/24"})))
            .with(subnet("b", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24"})));
        let old = subnet("a", json!({"vpc": "v", "cidrBlock": "10.0.2.0/24"}));
        let new = subnet("a", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,10.0.0.0/24"}));
        assert_eq!(
            helps(&cluster, &update(&old, &new)),
            [r#"10.0.3.0/24, 10.0.4.0/24 and 10.0.5.0/24 are free in VPC "v"."#]
        );
    }

    #[test]
    fn names_of_others_are_not_told() {
        let cluster = cluster()
            .settings(&json!({"disclose": "none"}))
            .with(subnet("secret", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24"})));
        let asked = create(&subnet("a", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24"})));
        assert_eq!(helps(&cluster, &asked), [r#"10.0.2.0/24, 10.0.0.0/24 and 10.0.3.0/24 are free in VPC "v"."#]);
    }

    fn prefix() -> impl Strategy<Value = String> {
        let v4 = (0u8..=255, 24u8..=30).prop_map(|(host, length)| format!("192.168.255.{host}/{length}"));
        let v6 = (0u8..=255, 120u8..=126).prop_map(|(host, length)| format!("fd00::ff{host:02x}/{length}"));
        prop_oneof![3 => v4, 1 => v6]
    }

    proptest! {
        /// Whatever is offered is admitted by the rule that has offered it, and overlaps nothing that is there.
        #[test]
        fn what_is_offered_can_be_had(
            held in prop::collection::vec((prefix(), any::<bool>()), 1..24),
            wanted in prefix(),
            is_default in any::<bool>(),
        ) {
            let vpc = if is_default { "ovn-cluster" } else { "v" };
            let services = json!({"kind": "ServiceCIDR", "name": "s", "spec": {"cidrs": ["192.168.255.64/27"]}});
            let node = json!({"kind": "Node", "name": "n", "status": {"addresses": [{"type": "InternalIP", "address": "192.168.255.200"}]}});
            let mut cluster = cluster().with(services).with(node);
            for (at, (cidr, is_ours)) in held.iter().enumerate() {
                let vpc = if *is_ours { vpc } else { "w" };
                cluster = cluster.with(subnet(&format!("s{at}"), json!({"vpc": vpc, "cidrBlock": cidr})));
            }
            let asked = |cidr: &str| create(&subnet("new", json!({"vpc": vpc, "cidrBlock": cidr})));
            for help in helps(&cluster, &asked(&wanted)) {
                let Some(offered) = help.split_once(" free in VPC ").map(|(offered, _)| offered) else { continue };
                let offered: Vec<&str> =
                    offered.split([',', ' ']).filter(|word| word.contains('/')).collect();
                prop_assert!((1..=3).contains(&offered.len()), "{}", help);
                for cidr in offered {
                    prop_assert_eq!(helps(&cluster, &asked(cidr)), Vec::<String>::new(), "{}", cidr);
                    let net: ipnet::IpNet = cidr.parse().unwrap();
                    for (other, _) in held.iter().filter(|(_, is_ours)| *is_ours) {
                        prop_assert!(!overlap(&net, &other.parse().unwrap()));
                    }
                }
            }
        }
    }
}
