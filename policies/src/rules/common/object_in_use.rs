//! Warns of the deletion of an object that others name, and refuses that of a network of the nodes with addresses in use.
//!
//! | what is deleted | what names it |
//! |---|---|
//! | VpcNatGateway | its IptablesEIPs |
//! | QoSPolicy | IptablesEIPs and VpcNatGateways |
//! | IPPool | Namespaces, by the annotation `ovn.kubernetes.io/ip_pool`, and a VpcEgressGateway |
//! | Vip | the Pod that has taken its address; SwitchLBRules |
//! | Vlan, NetworkAttachmentDefinition | Subnets |
//! | ProviderNetwork | Vlans |
//! | SecurityGroup | rules of other groups |
//! | BgpConf, EvpnConf | a VpcEgressGateway |
//!
//! All of these come back when they are made again, and to delete and make again is how a gateway is mended: a warning. But a
//! ProviderNetwork with a Vlan whose Subnet has addresses in use is refused: all nodes take its bridge apart at once, and the Pods on
//! it lose their network. What is being deleted names nothing any more.
//!
//! ```yaml bad
//! # bad: the network of the nodes is deleted while a Pod has an address on it
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: office}
//! spec: {provider: lan, id: 7}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: office}
//! spec: {vlan: office, cidrBlock: 192.168.7.0/24, gateway: 192.168.7.1}
//! status: {v4usingIPs: 1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: ProviderNetwork
//! metadata: {name: lan}
//! spec: {defaultInterface: eth1}
//! ```
//!
//! ```yaml good
//! # good: nothing stands on it
//! apiVersion: kubeovn.io/v1
//! kind: ProviderNetwork
//! metadata: {name: lan}
//! spec: {defaultInterface: eth1}
//! ```
//!
//! End the Pods and delete the Subnets and Vlans first: `vpcguard explain delete provider-network lan` prints the order.

use crate::finding::Action;
use crate::kinds::Object;
use crate::rule::prelude::*;
use crate::rules::support::in_use::{Saying, Tie, tied, users};

/// The rule.
pub const RULE: Rule = Rule {
    id: "object-in-use",
    summary: "an object is deleted that others name",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::InUse,
    asks: &[
        Kind::Subnet,
        Kind::VpcNatGateway,
        Kind::VpcEgressGateway,
        Kind::IptablesEip,
        Kind::SwitchLbRule,
        Kind::Vlan,
        Kind::SecurityGroup,
        Kind::Namespace,
    ],
    checks: &[Check::Deletion(
        &[
            Kind::VpcNatGateway,
            Kind::IpPool,
            Kind::Vip,
            Kind::Vlan,
            Kind::ProviderNetwork,
            Kind::SecurityGroup,
            Kind::QosPolicy,
            Kind::BgpConf,
            Kind::EvpnConf,
            Kind::AttachmentDefinition,
        ],
        deletion,
    )],
};

fn deletion(object: &Object, context: &mut Context<'_>) -> Outcome {
    let users = users(object, context.cluster, context.kube_ovn())?;
    let saying = |action, rests_on| Saying { rule: RULE.id, action, object, rests_on };
    saying(Action::Deny, &[Kind::Subnet]).of(&tied(&users, |tie| tie == Tie::Hangs), context, |who, is_one| {
        let (are, them) = if is_one { ("is", "it") } else { ("are", "them") };
        format!(
            "{who} {are} on it, and addresses in Subnets of {them} are in use: all nodes take its bridge apart at once"
        )
    });
    saying(Action::Warn, &[]).of(&tied(&users, |tie| tie != Tie::Hangs), context, |who, is_one| {
        let (name, are) = if is_one { ("names", "is") } else { ("name", "are") };
        format!("{who} {name} it, and {are} without it until it is made again")
    });
    if let Object::Vip(vip) = object
        && let Some(port) = vip.taken_by()
    {
        let who = if context.settings.disclose_names { format!("Pod port {port}") } else { "a Pod".to_owned() };
        let detail = format!("{who} has its address, which Kube-OVN may give to another one then");
        let finding = Finding::forbidden(FieldPath::of("metadata.name"), &vip.meta.name, detail);
        context.warn(finding.help("End the Pod first."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, delete};

    fn said(others: &[Value], object: &Value) -> (Vec<String>, Vec<String>) {
        let cluster = others.iter().cloned().fold(Cluster::of(super::RULE.id), Cluster::with);
        let verdict = cluster.verdict(&delete(object));
        let lines = |all: &[crate::finding::Reported]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        (lines(&verdict.findings), lines(&verdict.warnings))
    }

    fn of(kind: &str, name: &str, spec: Value) -> Value {
        json!({"kind": kind, "name": name, "spec": spec})
    }

    #[test]
    fn who_names_it_is_a_warning() {
        let warning = |who: &str| {
            format!("metadata.name: {who} names it, and is without it until it is made again [object-in-use]")
        };
        let pooled = json!({"kind": "Namespace", "name": "ns", "annotations": {"ovn.kubernetes.io/ip_pool": "x"}});
        let speaking = json!({"kind": "VpcEgressGateway", "name": "eg", "namespace": "ns", "spec": {"bgpConf": "x"}});
        let remote = json!({"ingressRules": [{"remoteType": "securityGroup", "remoteSecurityGroup": "x"}]});
        for (kind, user, who) in [
            ("VpcNatGateway", of("IptablesEIP", "e", json!({"natGwDp": "x"})), "IptablesEIP e"),
            ("QoSPolicy", of("IptablesEIP", "e", json!({"qosPolicy": "x"})), "IptablesEIP e"),
            ("QoSPolicy", of("VpcNatGateway", "g", json!({"qosPolicy": "x"})), "VpcNatGateway g"),
            ("IPPool", pooled, "Namespace ns"),
            ("Vlan", of("Subnet", "s", json!({"vlan": "x"})), "Subnet s"),
            ("ProviderNetwork", of("Vlan", "v", json!({"provider": "x"})), "Vlan v"),
            ("SecurityGroup", of("SecurityGroup", "y", remote), "SecurityGroup y"),
            ("BgpConf", speaking, "VpcEgressGateway ns/eg"),
        ] {
            let object = of(kind, "x", json!({}));
            assert_eq!(said(&[user], &object), (vec![], vec![warning(who)]), "{kind}");
            assert_eq!(said(&[], &object), (vec![], vec![]), "{kind}");
        }
        let definition = json!({"kind": "NetworkAttachmentDefinition", "name": "net", "namespace": "ns"});
        let subnet = |provider: &str| of("Subnet", "s", json!({"provider": provider}));
        assert_eq!(said(&[subnet("net.ns.ovn")], &definition).1, [warning("Subnet s")]);
        assert_eq!(said(&[subnet("net.other.ovn")], &definition).1, Vec::<String>::new());
    }

    #[test]
    fn a_vip_is_had_by_a_pod_or_a_balancer() {
        let taken = json!({"kind": "Vip", "name": "v", "labels": {"ovn.kubernetes.io/ip_reserved": "web.ns"}, "spec": {"subnet": "s"}});
        assert_eq!(
            said(&[], &taken).1,
            [
                "metadata.name: Pod port web.ns has its address, which Kube-OVN may give to another one then [object-in-use]"
            ]
        );
        let balancer = of("SwitchLBRule", "b", json!({"vip": "10.0.0.9"}));
        let vip = |kind: &str| of("Vip", "v", json!({"subnet": "s", "type": kind, "v4ip": "10.0.0.9"}));
        assert_eq!(said(std::slice::from_ref(&balancer), &vip("switch_lb_vip")).1.len(), 1);
        assert!(said(&[balancer], &vip("")).1.is_empty());
    }

    #[test]
    fn a_network_of_nodes_with_addresses_in_use_is_kept() {
        let vlan = of("Vlan", "v", json!({"provider": "x"}));
        let mut subnet = of("Subnet", "s", json!({"vlan": "v"}));
        subnet["status"] = json!({"v4usingIPs": 3});
        let network = of("ProviderNetwork", "x", json!({}));
        let (denials, warnings) = said(&[vlan.clone(), subnet], &network);
        assert_eq!(
            denials,
            [
                "metadata.name: Forbidden: Vlan v is on it, and addresses in Subnets of it are in use: all nodes take its bridge apart at once [object-in-use]"
            ]
        );
        assert!(warnings.is_empty());
    }
}
