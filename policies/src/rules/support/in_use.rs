//! Who uses an object, and what becomes of a deletion while somebody does.
//!
//! Users count by their specs, by the names that Kube-OVN completes them to, and not by labels, which it writes later. What is being
//! deleted itself is no user. A kind of which nothing can be seen has none, so that nothing is said of it.

mod gateways;
mod nodes;
mod subnet;
mod vpc;

use crate::finding::Action;
use crate::gather::sort_by;
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{Kind, KubeOvn, Meta, Object, ObjectRef, Typed, key};
use crate::rule::prelude::*;

/// How many users a message names.
const MOST_NAMED: usize = 5;

/// How many users are read live by their names before a deletion is refused: of more, their kinds are listed.
const MOST_READ: usize = 3;

/// What becomes of an object that is deleted while it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tie {
    /// It hangs half dead until the user is gone, or breaks the user at once; and cannot be called back.
    Hangs,
    /// It goes once the user has gone, which is the usual order; or comes back when it is made again.
    Waits,
    /// It goes, and the user names what is not there.
    Names,
}

/// An object that uses another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) kind: Kind,
    pub(crate) object: ObjectRef,
    pub(crate) tie: Tie,
}

impl User {
    fn new<T: Typed>(user: &T, tie: Tie) -> Self {
        Self::of_meta(T::KIND, user.meta(), tie)
    }

    fn of_meta(kind: Kind, meta: &Meta, tie: Tie) -> Self {
        let object = if kind.is_namespaced() {
            ObjectRef::namespaced(kind, &meta.namespace, &meta.name)
        } else {
            ObjectRef::new(kind, &meta.name)
        };
        Self { kind, object, tie }
    }

    fn shown(&self) -> String {
        let namespace = self.object.namespace.as_deref().unwrap_or_default();
        format!("{} {}", self.kind, key(namespace, &self.object.name))
    }
}

/// Who uses an object, those first without which it hangs, in the order of their kinds and names; nobody for kinds that nothing
/// depends on.
pub(crate) fn users(object: &Object, cluster: &dyn ClusterView, kube_ovn: &KubeOvn) -> Answer<Vec<User>> {
    let mut users = Vec::new();
    match object {
        Object::Vpc(vpc) => vpc::of_vpc(vpc, cluster, &mut users)?,
        Object::Subnet(subnet) => subnet::of_subnet(subnet, cluster, kube_ovn, &mut users)?,
        Object::IptablesEip(eip) => gateways::of_iptables_eip(eip, cluster, &mut users)?,
        Object::OvnEip(eip) => gateways::of_ovn_eip(eip, cluster, &mut users)?,
        Object::NatGateway(gateway) => gateways::of_nat_gateway(gateway, cluster, &mut users)?,
        Object::QosPolicy(policy) => gateways::of_qos_policy(policy, cluster, &mut users)?,
        Object::BgpConf(conf) => gateways::of_bgp_conf(conf, cluster, &mut users)?,
        Object::EvpnConf(conf) => gateways::of_evpn_conf(conf, cluster, &mut users)?,
        Object::IpPool(pool) => subnet::of_ip_pool(pool, cluster, &mut users)?,
        Object::Vip(vip) => subnet::of_vip(vip, cluster, &mut users)?,
        Object::Vlan(vlan) => nodes::of_vlan(vlan, cluster, &mut users)?,
        Object::ProviderNetwork(network) => nodes::of_provider_network(network, cluster, &mut users)?,
        Object::AttachmentDefinition(definition) => nodes::of_definition(definition, cluster, &mut users)?,
        Object::SecurityGroup(group) => nodes::of_security_group(group, cluster, &mut users)?,
        _ => {}
    }
    sort_by(&mut users, |a, b| (a.tie, a.kind, &a.object).cmp(&(b.tie, b.kind, &b.object)));
    users.dedup_by(|a, b| a.kind == b.kind && a.object == b.object);
    Ok(users)
}

/// Some users as a message names them: up to five, and how many more there are.
fn named(users: &[&User], context: &Context<'_>) -> String {
    if !context.settings.disclose_names {
        let objects = if users.len() == 1 { "object" } else { "objects" };
        return format!("{} {objects}", users.len());
    }
    let names: Vec<_> = users.iter().take(MOST_NAMED).map(|user| user.shown()).collect();
    match (users.len().saturating_sub(MOST_NAMED), names.as_slice()) {
        (0, [names @ .., last]) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        (0, _) => names.join(", "),
        (more, _) => format!("{} and {more} more", names.join(", ")),
    }
}

/// In which order to delete, and how that is done all the same.
fn order(users: &[&User], what: Kind, name: &str, rule: &str) -> String {
    let mut kinds: Vec<_> = users.iter().map(|user| user.kind).collect();
    // What stands on others goes first: that is the order of their kinds, turned round.
    sort_by(&mut kinds, |a, b| b.cmp(a));
    kinds.dedup();
    let kinds: Vec<_> = kinds.into_iter().map(Kind::name).collect();
    let first = match kinds.as_slice() {
        [kinds @ .., last] if !kinds.is_empty() => format!("{} and {last}", kinds.join(", ")),
        kinds => kinds.join(", "),
    };
    let allow = if what.may_be_excepted() {
        format!(" If it has to be, annotate the object with vpcguard.io/allow: {rule} first.")
    } else {
        String::new()
    };
    format!("Delete {first} first: vpcguard explain delete {what} {name} prints the commands in their order.{allow}")
}

/// Makes a finding rest on its users, which are read live before anything is refused: by name, or by a list of their kinds
/// where they are many.
fn resting_on(mut finding: Finding, users: &[&User]) -> Finding {
    for user in users.iter().take(MOST_READ) {
        finding = finding.related(user.object.clone(), None);
    }
    if users.len() > MOST_READ {
        let mut kinds: Vec<_> = users.iter().map(|user| user.kind).collect();
        kinds.dedup();
        for kind in kinds {
            finding = finding.unless_any(kind);
        }
    }
    finding
}

/// What is said of an object that is used.
pub(crate) struct Saying<'s> {
    pub(crate) rule: &'static str,
    pub(crate) action: Action,
    pub(crate) object: &'s Object,
    /// Kinds beside those of the users that it rests on.
    pub(crate) rests_on: &'static [Kind],
}

impl Saying<'_> {
    /// Says it of some users, if there are any.
    pub(crate) fn of(self, users: &[&User], context: &mut Context<'_>, words: impl FnOnce(&str, bool) -> String) {
        if users.is_empty() {
            return;
        }
        let Self { rule, action, object, rests_on } = self;
        let name = object.meta().name.as_str();
        let detail = words(&named(users, context), users.len() == 1);
        let finding = Finding::forbidden(FieldPath::of("metadata.name"), name, detail);
        let finding = finding.help(order(users, context.kind, &key(context.namespace, name), rule));
        let finding = rests_on.iter().fold(resting_on(finding, users), |finding, kind| finding.unless_any(*kind));
        context.report(action, finding);
    }
}

/// The users with some ties.
pub(crate) fn tied(users: &[User], is_meant: impl Fn(Tie) -> bool) -> Vec<&User> {
    users.iter().filter(|user| is_meant(user.tie)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Inventory;

    fn users_of(object: &serde_json::Value, others: &[serde_json::Value]) -> Vec<String> {
        let kube_ovn = KubeOvn::default();
        let mut cluster = Inventory::new(kube_ovn.clone());
        let kind = |object: &serde_json::Value| Kind::of(object).unwrap();
        for other in others {
            cluster.apply(kind(other), other);
        }
        let object = Object::read(kind(object), object, &kube_ovn).0;
        let users = users(&object, &cluster, &kube_ovn).unwrap();
        users.iter().map(|user| format!("{:?} {}", user.tie, user.shown())).collect()
    }

    fn object(kind: &str, name: &str, spec: serde_json::Value) -> serde_json::Value {
        json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    }

    #[test]
    fn users_are_those_of_effective_names() {
        let external = object("Subnet", "ovn-vpc-external-network", json!({"provider": "net.ns"}));
        let gateway = object("VpcNatGateway", "gw", json!({"vpc": "v", "subnet": "s"}));
        let eip = object("IptablesEIP", "eip", json!({"natGwDp": "gw"}));
        assert_eq!(
            users_of(&external, &[gateway.clone(), eip.clone()]),
            ["Waits VpcNatGateway gw", "Waits IptablesEIP eip"]
        );
        assert_eq!(users_of(&gateway, &[eip]), ["Waits IptablesEIP eip"]);
        let outside = object("Subnet", "external", json!({}));
        let eip = object("OvnEip", "oeip", json!({}));
        assert_eq!(users_of(&outside, std::slice::from_ref(&eip)), ["Waits OvnEip oeip"]);
        let fip = object("OvnFip", "fip", json!({"ovnEip": "oeip", "vpc": "v"}));
        assert_eq!(users_of(&eip, std::slice::from_ref(&fip)), ["Waits OvnFip fip"]);
        let subnet = object("Subnet", "s", json!({"vpc": "v"}));
        let vpc = object("Vpc", "v", json!({}));
        let peer = object("Vpc", "w", json!({"vpcPeerings": [{"remoteVpc": "v"}]}));
        assert_eq!(
            users_of(&vpc, &[peer, gateway, fip, subnet]),
            ["Hangs Subnet s", "Hangs OvnFip fip", "Waits VpcNatGateway gw", "Names Vpc w"]
        );
    }

    #[test]
    fn what_is_being_deleted_uses_nothing() {
        let mut subnet = object("Subnet", "s", json!({"vpc": "v"}));
        subnet["metadata"]["deletionTimestamp"] = json!("2026-04-02T09:00:00Z");
        assert!(users_of(&object("Vpc", "v", json!({})), &[subnet]).is_empty());
    }

    #[test]
    fn a_gateway_of_v1_7_has_no_network_outside() {
        let old =
            object("VpcNatGateway", "gw", json!({"vpc": "v", "subnet": "s", "eips": [{"eipCIDR": "192.0.2.9/24"}]}));
        assert!(users_of(&object("Subnet", "ovn-vpc-external-network", json!({})), &[old]).is_empty());
    }

    #[test]
    fn a_network_of_nodes_hangs_where_addresses_are_in_use() {
        let network = object("ProviderNetwork", "net", json!({}));
        let vlan = object("Vlan", "v7", json!({"provider": "net"}));
        let mut subnet = object("Subnet", "office", json!({"vlan": "v7"}));
        assert_eq!(users_of(&network, &[vlan.clone(), subnet.clone()]), ["Waits Vlan v7"]);
        subnet["status"] = json!({"v4usingIPs": 1});
        assert_eq!(users_of(&network, &[vlan.clone(), subnet.clone()]), ["Hangs Vlan v7"]);
        assert_eq!(users_of(&vlan, &[subnet]), ["Waits Subnet office"]);
    }
}
