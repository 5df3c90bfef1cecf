//! Ports of Pods.

use crate::kinds::{ObjectRef, PodTemplate};
use crate::rule::prelude::*;

pub(super) fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
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
