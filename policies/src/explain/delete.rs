//! Explains in which order to delete what stands on an object, and the object: users first.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::inventory::{Answer, ClusterView};
use crate::kinds::{Kind, Object, ObjectRef, key};
use crate::rules::subnet::builtin_protected;
use crate::rules::support::in_use::{Tie, User, users};
use crate::settings::Settings;
use crate::text::quoted;

/// In which order to delete an object, and what stands on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionExplanation {
    /// The object.
    pub object: ObjectRef,
    /// What is to be deleted, in this order: the object itself is the last.
    pub steps: Vec<DeletionStep>,
    /// What names something of it, and need not go.
    pub left: Vec<ObjectRef>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

/// One object that is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionStep {
    /// The object.
    pub object: ObjectRef,
    /// How it is deleted. kubectl waits until it is gone.
    pub command: String,
    /// What it is in the way of; nothing for the object that is asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Explains in which order to delete an object of a kind; nothing where there is none of this name.
///
/// # Errors
///
/// A read of the cluster that failed.
pub fn explain_delete(
    kind: Kind,
    (namespace, name): (&str, &str),
    cluster: &dyn ClusterView,
    settings: &Settings,
) -> Answer<Option<DeletionExplanation>> {
    let Some(object) = cluster.get(kind, namespace, name)? else { return Ok(None) };
    let mut walk =
        Walk { cluster, settings, seen: BTreeSet::new(), steps: Vec::new(), left: Vec::new(), notes: Vec::new() };
    walk.visit(kind, &object, None)?;
    let Walk { steps, mut left, mut notes, .. } = walk;
    left.retain(|left| !steps.iter().any(|step| step.object == *left));
    if object.meta().deleting {
        notes.insert(0, format!("{kind} {} is being deleted already", quoted(name)));
    }
    if let Some(role) = builtin_protected::role(&object, &settings.kube_ovn) {
        notes.insert(0, format!("Kube-OVN needs {role}, and makes it anew only when it starts"));
    }
    Ok(Some(DeletionExplanation { object: reference(kind, &object), steps, left, notes }))
}

/// A walk from an object to all that stands on it.
struct Walk<'a> {
    cluster: &'a dyn ClusterView,
    settings: &'a Settings,
    seen: BTreeSet<(Kind, String)>,
    steps: Vec<DeletionStep>,
    left: Vec<ObjectRef>,
    notes: Vec<String>,
}

impl Walk<'_> {
    /// An object's users come before it, and each object once.
    fn visit(&mut self, kind: Kind, object: &Object, because: Option<String>) -> Answer<()> {
        let meta = object.meta();
        if !self.seen.insert((kind, key(&meta.namespace, &meta.name))) {
            return Ok(());
        }
        for user in users(object, self.cluster, &self.settings.kube_ovn)? {
            if user.tie == Tie::Names {
                if !self.left.contains(&user.object) {
                    self.left.push(user.object);
                }
                continue;
            }
            let namespace = user.object.namespace.as_deref().unwrap_or_default();
            let Some(found) = self.cluster.get(user.kind, namespace, &user.object.name)? else { continue };
            let because = because_of(kind, object, &user);
            self.visit(user.kind, &found, Some(because))?;
        }
        if let Object::Subnet(subnet) = object
            && subnet.used_addresses > 0
        {
            let name = &subnet.meta.name;
            self.notes.push(format!(
                "{} addresses of Subnet {} are in use: end those Pods before it; kubectl get ips -l ovn.kubernetes.io/subnet={name} shows them",
                subnet.used_addresses,
                quoted(name)
            ));
        }
        self.steps.push(DeletionStep { object: reference(kind, object), command: command(kind, object), because });
        Ok(())
    }
}

fn because_of(kind: Kind, object: &Object, user: &User) -> String {
    let what = format!("{kind} {}", quoted(&object.meta().name));
    match (kind, user.tie) {
        (Kind::Vpc, Tie::Hangs) if user.kind == Kind::Subnet => format!("{what} hangs until it is gone"),
        (Kind::Vpc, Tie::Hangs) => format!("its router goes with {what}"),
        (_, Tie::Hangs) => format!("it loses its network with {what}"),
        (Kind::Subnet | Kind::IptablesEip | Kind::OvnEip, _) => format!("{what} stays until it is gone"),
        _ => format!("it stands on {what}"),
    }
}

fn reference(kind: Kind, object: &Object) -> ObjectRef {
    let meta = object.meta();
    if kind.is_namespaced() {
        ObjectRef::namespaced(kind, &meta.namespace, &meta.name)
    } else {
        ObjectRef::new(kind, &meta.name)
    }
}

/// With the group, for other groups have resources of such names too.
fn command(kind: Kind, object: &Object) -> String {
    let meta = object.meta();
    let resource =
        if kind.group().is_empty() { kind.plural().to_owned() } else { format!("{}.{}", kind.plural(), kind.group()) };
    let namespace = if kind.is_namespaced() { format!(" --namespace {}", meta.namespace) } else { String::new() };
    format!("kubectl delete {resource} {}{namespace}", meta.name)
}

/// A script: what is no command is a comment.
impl fmt::Display for DeletionExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = key(self.object.namespace.as_deref().unwrap_or_default(), &self.object.name);
        writeln!(f, "# {} {}, in this order:", self.object.kind, quoted(&name))?;
        for step in &self.steps {
            match &step.because {
                Some(because) => writeln!(f, "{}  # {because}", step.command)?,
                None => writeln!(f, "{}", step.command)?,
            }
        }
        for left in &self.left {
            let name = key(left.namespace.as_deref().unwrap_or_default(), &left.name);
            writeln!(f, "# left: {} {} names what is gone then", left.kind, quoted(&name))?;
        }
        for note in &self.notes {
            writeln!(f, "# note: {note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Inventory;

    fn cluster() -> Inventory {
        let mut inventory = Inventory::default();
        let of = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
        let mut used = of("Subnet", "apps", json!({"vpc": "blue", "cidrBlock": "10.0.1.0/24"}));
        used["status"] = json!({"v4usingIPs": 3});
        let mut eg =
            of("VpcEgressGateway", "eg", json!({"vpc": "blue", "internalSubnet": "apps", "externalSubnet": "x"}));
        eg["metadata"]["namespace"] = json!("ns");
        let mut going = of("Subnet", "old", json!({"vpc": "blue"}));
        going["metadata"]["deletionTimestamp"] = json!("2026-04-02T09:00:00Z");
        for object in [
            of("Vpc", "blue", json!({"defaultSubnet": "apps"})),
            of("Vpc", "red", json!({"vpcPeerings": [{"remoteVpc": "blue"}]})),
            used,
            going,
            eg,
            of("VpcNatGateway", "gw", json!({"vpc": "blue", "subnet": "apps"})),
            of("IptablesEIP", "eip", json!({"natGwDp": "gw"})),
            of("IptablesDnatRule", "web", json!({"eip": "eip"})),
            of("IPPool", "few", json!({"subnet": "apps", "ips": ["10.0.1.9"]})),
        ] {
            inventory.apply(Kind::of(&object).unwrap(), &object);
        }
        inventory
    }

    fn explained(kind: Kind, name: (&str, &str)) -> Option<String> {
        let explanation = explain_delete(kind, name, &cluster(), &Settings::default()).unwrap();
        explanation.map(|explanation| explanation.to_string())
    }

    #[test]
    fn users_come_first_and_each_once() {
        assert_eq!(
            explained(Kind::Vpc, ("", "blue")).unwrap(),
            r#"# Vpc "blue", in this order:
kubectl delete iptables-dnat-rules.kubeovn.io web  # IptablesEIP "eip" stays until it is gone
kubectl delete iptables-eips.kubeovn.io eip  # it stands on VpcNatGateway "gw"
kubectl delete vpc-nat-gateways.kubeovn.io gw  # Subnet "apps" stays until it is gone
kubectl delete vpc-egress-gateways.kubeovn.io eg --namespace ns  # Subnet "apps" stays until it is gone
kubectl delete subnets.kubeovn.io apps  # Vpc "blue" hangs until it is gone
kubectl delete vpcs.kubeovn.io blue
# left: IPPool "few" names what is gone then
# left: Vpc "red" names what is gone then
# note: 3 addresses of Subnet "apps" are in use: end those Pods before it; kubectl get ips -l ovn.kubernetes.io/subnet=apps shows them
"#
        );
    }

    #[test]
    fn what_nobody_uses_goes_alone_and_what_is_not_there_is_not_explained() {
        let alone = explained(Kind::IptablesDnatRule, ("", "web")).unwrap();
        assert_eq!(
            alone,
            "# IptablesDnatRule \"web\", in this order:\nkubectl delete iptables-dnat-rules.kubeovn.io web\n"
        );
        assert_eq!(explained(Kind::Vpc, ("", "green")), None);
    }

    #[test]
    fn what_goes_already_and_what_kube_ovn_needs_is_said() {
        assert!(explained(Kind::Subnet, ("", "old")).unwrap().contains("is being deleted already"));
        let mut cluster = cluster();
        let join = json!({"metadata": {"name": "join"}});
        cluster.apply(Kind::Subnet, &join);
        let explanation = explain_delete(Kind::Subnet, ("", "join"), &cluster, &Settings::default()).unwrap().unwrap();
        assert!(explanation.notes[0].contains("the Subnet between nodes and Pods"), "{explanation}");
    }
}
