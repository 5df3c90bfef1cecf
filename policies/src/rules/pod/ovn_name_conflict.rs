//! Refuses a Pod that would take the port of another namespace's Pod.
//!
//! Kube-OVN calls the port of a Pod `<pod>.<namespace>`, and in an attached network
//! `<pod>.<namespace>.<network>.<its namespace>.ovn`, with `.<interface>` behind it where the network is attached twice. Names of
//! Pods may have dots. So Pod `p.blue.db.blue` of a namespace called `ovn` has the port that Pod `p` of namespace `blue` has in
//! network `blue/db`: Kube-OVN moves that port to the Subnet of the newcomer. The same holds for a namespace that is called like an
//! interface, and for the name of a KubeVirt virtual machine, which stands for that of its Pods.
//!
//! ```yaml bad
//! # bad: Pod p of namespace blue has this port in network blue/db
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: blue}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: p.blue.db.blue, namespace: ovn}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: blue}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: p-blue-db-blue, namespace: ovn}
//! ```
//!
//! Take another name, without dots.

use crate::kinds::{ObjectRef, PodTemplate};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "ovn-name-conflict",
    summary: "a Pod's name makes the name of another namespace's port",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::SubnetOverlap,
    asks: &[Kind::Namespace],
    checks: &[Check::PodOf(
        &[Kind::Pod],
        &[Read::Field("metadata.name"), Read::Field("metadata.ownerReferences")],
        check,
    )],
};

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let (meta, field) = (&pod.meta, FieldPath::of);
    let own = if meta.name.is_empty() {
        (&meta.generate_name, field("metadata.generateName"))
    } else {
        (&meta.name, field("metadata.name"))
    };
    let owners = pod.virtual_machines.iter().map(|name| (name, field("metadata.ownerReferences")));
    for (name, field) in [own].into_iter().chain(owners) {
        // Few names have so many dots.
        if name.matches('.').count() < 3 {
            continue;
        }
        let port = format!("{name}.{}", context.namespace);
        for namespace in others(&port, context.namespace) {
            if context.cluster.namespace(namespace)?.is_none() {
                continue;
            }
            let other = context.mention(Kind::Namespace, namespace);
            let detail = format!("makes {port:?}, which is the port of a Pod of {other} in an attached network");
            let finding = Finding::forbidden(field.clone(), name, detail)
                .related(ObjectRef::new(Kind::Namespace, namespace), None)
                .help("Take a name without dots.");
            context.deny(finding);
            break;
        }
    }
    Ok(())
}

/// The namespaces for whose Pods a port may be: a, b, c and d of `a.b.c.d.ovn` or `a.b.c.d.ovn.<interface>` are a Pod, its
/// namespace, a network and the namespace of that. Pods, networks and interfaces may have dots.
fn others<'p>(port: &'p str, own: &str) -> impl Iterator<Item = &'p str> {
    let parts: Vec<&str> = port.split('.').collect();
    let last = parts.iter().rposition(|part| *part == "ovn").unwrap_or_default();
    let mut namespaces: Vec<_> = parts.get(1..last.saturating_sub(2)).unwrap_or_default().to_vec();
    namespaces.retain(|namespace| *namespace != own);
    namespaces.dedup();
    namespaces.into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, create};

    fn cluster() -> Cluster {
        let namespace = |name: &str| json!({"kind": "Namespace", "name": name});
        Cluster::of(super::RULE.id).with(namespace("blue")).with(namespace("ovn")).with(namespace("n1"))
    }

    fn pod(namespace: &str, name: &str) -> Value {
        json!({"kind": "Pod", "metadata": {"name": name, "namespace": namespace}})
    }

    #[test]
    fn a_name_that_is_anothers_port_is_refused() {
        let wanted = r#"metadata.name: Forbidden: makes "p.blue.db.blue.ovn", which is the port of a Pod of Namespace "blue" in an attached network [ovn-name-conflict]"#;
        cluster().refuses(&pod("ovn", "p.blue.db.blue"), &[wanted]);
        for (namespace, name) in
            [("n1", "p.blue.db.blue.ovn"), ("ovn", "p.x.blue.db.y.blue"), ("n1", "p.blue.db.red.ovn.a")]
        {
            assert!(!cluster().verdict(&create(&pod(namespace, name))).allowed, "{namespace} {name}");
        }
        for (namespace, name) in [
            ("ovn", "p"),
            ("ovn", "p.blue.db"),
            ("ovn", "p.red.db.red"),
            ("n1", "p.blue.db.blue"),
            ("n1", "p.blue.ovn"),
            ("n1", "p.n1.db.blue.ovn"),
            ("blue", "p.blue.db.blue.ovn"),
        ] {
            cluster().accepts(&pod(namespace, name));
        }
    }

    #[test]
    fn the_name_of_a_virtual_machine_stands_for_that_of_its_pods() {
        let owned = |kind: &str, version: &str| {
            let owner = json!({"apiVersion": version, "kind": kind, "name": "p.blue.db.blue"});
            let metadata = json!({"name": "virt-launcher", "namespace": "ovn", "ownerReferences": [owner]});
            json!({"kind": "Pod", "metadata": metadata})
        };
        let refused = |object: Value| !cluster().verdict(&create(&object)).allowed;
        assert!(refused(owned("VirtualMachineInstance", "kubevirt.io/v1")));
        assert!(!refused(owned("VirtualMachineInstance", "example.com/v1")));
        assert!(!refused(owned("ReplicaSet", "apps/v1")));
        let generated = json!({"kind": "Pod", "metadata": {"generateName": "p.blue.db.blue-", "namespace": "ovn"}});
        let mut generated_request = create(&generated);
        generated_request.object["metadata"]["name"] = Value::Null;
        assert!(!cluster().verdict(&generated_request).allowed);
    }
}
