//! Keeps a Subnet in its VPC.
//!
//! Kube-OVN does not move a Subnet (kube-ovn issue 1190). It gives the logical switch of an overlay Subnet a second
//! router port, on the router of the new VPC, and leaves the first: the Subnet hangs on both routers, with the load
//! balancers of both VPCs, and joins them. A change of `provider` that takes the Subnet out of a VPC is refused as well.
//! Naming the default VPC where nothing was named changes nothing, and a Subnet that is and stays on a VLAN may move, unless
//! the router is its gateway: its port is made anew. A Subnet of a custom VPC without a VLAN gets none, for the port that it
//! has then stays if the VLAN is not there, or if the next change comes before Kube-OVN has looked.
//!
//! ```yaml bad
//! # bad: an update moves Subnet apps to VPC green
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {vpc: green, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! ```yaml good
//! # good: a new Subnet in VPC green
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: green-apps}
//! spec: {vpc: green, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Create a new Subnet in the other VPC, and delete this one.

use crate::kinds::{Object, Subnet};
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-vpc-immutable",
    summary: "a Subnet's VPC changes",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Subnet(FIELDS, check)],
};

const FIELDS: &[Read] = &[
    Read::Field("spec.vpc"),
    Read::Field("spec.provider"),
    Read::Field("spec.vlan"),
    Read::Field("spec.logicalGateway"),
];

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(Object::Subnet(old)) = context.old else { return Ok(()) };
    let Some(before) = old.vpc.as_deref() else { return Ok(()) };
    if subnet.vpc.as_deref() == Some(before) {
        leave_its_port(subnet, old, before, context);
        return Ok(());
    }
    // Of an underlay Subnet the router's port, if it has one, is taken away and made anew.
    if !old.is_overlay() && (subnet.vpc.is_none() || !subnet.is_overlay()) {
        return Ok(());
    }
    let detail = format!("may not change: Kube-OVN leaves the Subnet in VPC {}", quoted(before));
    let finding = match subnet.vpc.as_deref() {
        Some(after) => {
            let written = if subnet.names_vpc { after } else { "" };
            Finding::invalid(FieldPath::of("spec.vpc"), written, detail)
                .help("Create a new Subnet in the other VPC, and delete this one.")
        }
        None => Finding::invalid(FieldPath::of("spec.provider"), &subnet.provider, detail)
            .help("Create a new Subnet with this provider, and delete this one."),
    };
    context.deny(finding);
    Ok(())
}

/// Refuses what would let an overlay Subnet go on to another VPC by way of a VLAN.
fn leave_its_port(subnet: &Subnet, old: &Subnet, vpc: &str, context: &mut Context<'_>) {
    if context.kube_ovn().is_custom_vpc(vpc) && old.vlan.is_empty() && !subnet.vlan.is_empty() {
        let detail = format!("may not be added: the router of VPC {} may keep the Subnet's port", quoted(vpc));
        context.deny(
            Finding::invalid(FieldPath::of("spec.vlan"), &subnet.vlan, detail)
                .help("Create a new Subnet with this vlan, and delete this one."),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn change(old: Value, new: Value) -> Vec<String> {
        let subnet = |mut spec: Value| {
            spec["cidrBlock"] = json!("10.0.0.0/24");
            json!({"kind": "Subnet", "spec": spec})
        };
        let cluster = Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v"}))
            .with(json!({"kind": "Vpc", "name": "w"}));
        let verdict = cluster.verdict(&update(&subnet(old), &subnet(new)));
        verdict.findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_has_no_port_that_stays_may_move() {
        let underlay = |vpc: &str, u2o: bool| json!({"vpc": vpc, "vlan": "l", "u2oInterconnection": u2o});
        assert!(change(underlay("v", false), underlay("w", false)).is_empty());
        assert!(change(underlay("v", true), underlay("w", true)).is_empty());
        assert!(change(json!({"provider": "nad.ns"}), json!({"provider": "ovn", "vpc": "v"})).is_empty());
        assert!(change(json!({"vlan": ""}), json!({"vlan": "l"})).is_empty());
    }

    #[test]
    fn no_way_leads_round_by_a_vlan() {
        let wanted = r#"spec.vlan: Invalid value: "l": may not be added: the router of VPC "v" may keep the Subnet's port [subnet-vpc-immutable]"#;
        assert_eq!(change(json!({"vpc": "v"}), json!({"vpc": "v", "vlan": "l"})), [wanted]);
        assert_eq!(change(json!({"vpc": "v", "vlan": "l"}), json!({"vpc": "w"})).len(), 1);
        assert_eq!(change(json!({"vpc": "v"}), json!({"vpc": "w", "vlan": "l"})).len(), 1);
    }

    #[test]
    fn the_vpc_stays() {
        let wanted = r#"spec.vpc: Invalid value: "w": may not change: Kube-OVN leaves the Subnet in VPC "v" [subnet-vpc-immutable]"#;
        assert_eq!(change(json!({"vpc": "v"}), json!({"vpc": "w"})), [wanted]);
        assert!(change(json!({}), json!({"vpc": "ovn-cluster"})).is_empty());
        assert!(change(json!({"vpc": "v"}), json!({"vpc": "v", "provider": "ovn"})).is_empty());
        let wanted = r#"spec.vpc: Invalid value: "": may not change: Kube-OVN leaves the Subnet in VPC "v" [subnet-vpc-immutable]"#;
        assert_eq!(change(json!({"vpc": "v"}), json!({})), [wanted]);
        let wanted = r#"spec.provider: Invalid value: "nad.ns": may not change: Kube-OVN leaves the Subnet in VPC "v" [subnet-vpc-immutable]"#;
        assert_eq!(change(json!({"vpc": "v"}), json!({"vpc": "v", "provider": "nad.ns"})), [wanted]);
        let logical = json!({"vpc": "v", "vlan": "l", "logicalGateway": true});
        assert_eq!(change(logical, json!({"vpc": "w", "vlan": "l", "logicalGateway": true})).len(), 1);
    }
}
