//! Which namespaces a VPC is open to.

use std::sync::Arc;

use crate::context::Context;
use crate::field::FieldPath;
use crate::finding::Finding;
use crate::kinds::{Kind, Subnet, Vpc};
use crate::settings::KubeOvn;
use crate::view::{Answer, ClusterView};

/// Whether a namespace may use a custom VPC: the VPC lists it, invites it as a guest, has a NAT gateway whose Pods run in
/// it, or lists none, which is no limit.
pub(crate) fn is_listed(cluster: &dyn ClusterView, vpc: &Vpc, namespace: &str) -> Answer<bool> {
    if vpc.namespaces.is_empty() || vpc.binds(namespace) || vpc.invites(namespace) {
        return Ok(true);
    }
    let gateways = cluster.nat_gateways_of_vpc(&vpc.meta.name)?;
    Ok(gateways.iter().any(|gateway| gateway.namespace == namespace))
}

/// The refusal of a way to a Subnet, if the namespace of the object may not use the Subnet's VPC.
pub(crate) fn refusal(context: &Context<'_>, field: FieldPath, subnet: &Subnet, way: &str) -> Answer<Option<Finding>> {
    let namespace = context.namespace;
    let closed = closed_vpc(context.cluster, context.kube_ovn(), subnet, namespace)?;
    Ok(closed.map(|vpc| {
        let in_vpc = context.mention(Kind::Vpc, &vpc.meta.name);
        let detail = format!("{way} in {in_vpc}, which namespace {namespace:?} may not use");
        Finding::forbidden(field, &subnet.meta.name, detail)
            .related(subnet.reference(), Some(FieldPath::of("spec.vpc")))
            .related(vpc.reference(), Some(FieldPath::of("spec.namespaces")))
            .unless_any(Kind::VpcNatGateway)
    }))
}

/// The custom VPC of a Subnet, if it has one that a namespace may not use.
pub(crate) fn closed_vpc(
    cluster: &dyn ClusterView,
    kube_ovn: &KubeOvn,
    subnet: &Subnet,
    namespace: &str,
) -> Answer<Option<Arc<Vpc>>> {
    let Some(name) = subnet.vpc.as_deref().filter(|vpc| kube_ovn.is_custom_vpc(vpc)) else { return Ok(None) };
    let Some(vpc) = cluster.vpc(name)? else { return Ok(None) };
    Ok(if is_listed(cluster, &vpc, namespace)? { None } else { Some(vpc) })
}
