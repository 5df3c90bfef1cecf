//! Keeps two Subnets from leaving by one table of a node's routes.
//!
//! A Subnet with `externalEgressGateway` leaves by a router outside the cluster: on each of its gateway nodes Kube-OVN writes the way there into
//! the table of routes that `policyRoutingTableID` names. Of two such Subnets of one VPC and VLAN with one table Kube-OVN refuses
//! the second, after it was stored, in a condition: it gets no logical switch, and at its next reconcile the first is no longer ready
//! either. Where no number is written it is 0 for both.
//!
//! One table in two VPCs, or on two VLANs, is not refused; neither is a table without `externalEgressGateway`, which nobody uses.
//!
//! ```yaml bad
//! # bad: both leave by table 100
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24, externalEgressGateway: 192.168.0.1, policyRoutingTableID: 100, policyRoutingPriority: 1000}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: db}
//! spec: {cidrBlock: 10.17.1.0/24, externalEgressGateway: 192.168.0.2, policyRoutingTableID: 100, policyRoutingPriority: 1001}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24, externalEgressGateway: 192.168.0.1, policyRoutingTableID: 100, policyRoutingPriority: 1000}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: db}
//! spec: {cidrBlock: 10.17.1.0/24, externalEgressGateway: 192.168.0.2, policyRoutingTableID: 101, policyRoutingPriority: 1001}
//! ```
//!
//! Give it a number that no other Subnet of its VPC has.

use crate::finding::Action;
use crate::kinds::Subnet;
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-policy-routing-table",
    summary: "two Subnets of one VPC and VLAN leave by one table of a node's routes",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetOverlap,
    asks: &[Kind::Subnet],
    checks: &[Check::Subnet(
        &[
            Read::Field("spec.policyRoutingTableID"),
            Read::Field("spec.externalEgressGateway"),
            Read::Field("spec.vpc"),
            Read::Field("spec.vlan"),
            Read::Field("spec.provider"),
        ],
        check,
    )],
};

const FIELD: &str = "spec.policyRoutingTableID";

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(table) = subnet.egress_table() else { return Ok(()) };
    for other in context.admitted.subnets_of_egress_table(&table)? {
        if other.meta.name == subnet.meta.name {
            continue;
        }
        if context.has_enough(Action::Deny) {
            break;
        }
        let mention = context.mention(Kind::Subnet, &other.meta.name);
        let finding = match subnet.policy_routing_table_id {
            0 => Finding::required(
                FieldPath::of(FIELD),
                format!("without one it is table 0, by which {mention} leaves too"),
            ),
            table => Finding::invalid_number(
                FieldPath::of(FIELD),
                table,
                format!("is the table by which {mention} leaves too"),
            ),
        };
        let finding = finding
            .identified_by(format!("{table} {}", other.meta.name))
            .related(other.reference(), Some(FieldPath::of(FIELD)))
            .help("Give it a number that no other Subnet of the VPC has.");
        context.deny(finding);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn subnet(name: &str, more: &Value) -> Value {
        let mut spec =
            json!({"cidrBlock": "10.0.0.0/24", "externalEgressGateway": "192.168.0.1", "policyRoutingTableID": 100});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"kind": "Subnet", "name": name, "spec": spec})
    }

    fn cluster() -> Cluster {
        let deleting = json!({"kind": "Subnet", "metadata": {"name": "d", "deletionTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"externalEgressGateway": "192.168.0.1", "policyRoutingTableID": 103}});
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v"}))
            .with(subnet("b", &json!({})))
            .with(subnet("c", &json!({"policyRoutingTableID": null})))
            .with(subnet("e", &json!({"policyRoutingTableID": 104, "externalEgressGateway": ""})))
            .with(deleting)
    }

    #[test]
    fn the_table_of_another_subnet_is_refused() {
        let wanted = r#"spec.policyRoutingTableID: Invalid value: 100: is the table by which Subnet "b" leaves too [subnet-policy-routing-table]"#;
        cluster().refuses(&subnet("a", &json!({})), &[wanted]);
        cluster().refuses(&subnet("a", &json!({"vpc": "ovn-cluster", "provider": "ovn"})), &[wanted]);
        let wanted = r#"spec.policyRoutingTableID: Required value: without one it is table 0, by which Subnet "c" leaves too [subnet-policy-routing-table]"#;
        cluster().refuses(&subnet("a", &json!({"policyRoutingTableID": null})), &[wanted]);
    }

    #[test]
    fn other_vpcs_vlans_and_tables_are_nobodys_business() {
        for other in [
            json!({"vpc": "v"}),
            json!({"vlan": "vlan7"}),
            json!({"provider": "net.ns"}),
            json!({"policyRoutingTableID": 101}),
            json!({"policyRoutingTableID": 103}),
            json!({"policyRoutingTableID": 104}),
            json!({"externalEgressGateway": ""}),
        ] {
            cluster().accepts(&subnet("a", &other));
        }
        cluster().accepts(&subnet("b", &json!({})));
    }

    #[test]
    fn what_was_so_before_is_a_warning() {
        let old = subnet("a", &json!({}));
        let same = subnet("a", &json!({"externalEgressGateway": "192.168.0.9"}));
        assert!(cluster().verdict(&update(&old, &same)).allowed);
        let other = subnet("a", &json!({"policyRoutingTableID": 101}));
        assert!(!cluster().verdict(&update(&other, &old)).allowed);
    }
}
