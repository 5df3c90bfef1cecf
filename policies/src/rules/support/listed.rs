//! Which namespaces a VPC is open to.

use std::sync::Arc;

use crate::context::Context;
use crate::field::FieldPath;
use crate::finding::Finding;
use crate::kinds::{Kind, ObjectRef, Subnet, Vpc};
use crate::settings::KubeOvn;
use crate::view::{Answer, ClusterView, Sight};

/// Whether a namespace may use a custom VPC: the VPC lists it, invites it as a guest, has a NAT gateway whose Pods run in
/// it, or lists none, which is no limit.
pub(crate) fn is_listed(cluster: &dyn ClusterView, vpc: &Vpc, namespace: &str) -> Answer<bool> {
    if vpc.namespaces.is_empty() || vpc.binds(namespace) || vpc.invites(namespace) {
        return Ok(true);
    }
    let gateways = cluster.nat_gateways_of_vpc(&vpc.meta.name)?;
    Ok(gateways.iter().any(|gateway| gateway.namespace == namespace))
}

/// A custom VPC that a namespace may not use.
#[derive(Clone, Debug)]
pub(crate) enum Closed {
    /// It lists others.
    Listing(Arc<Vpc>),
    /// There is none of this name, so that nobody knows whom it is for.
    Unknown(String),
}

/// The refusal of a way to a Subnet, if the namespace of the object may not use the Subnet's VPC.
pub(crate) fn refusal(context: &Context<'_>, field: FieldPath, subnet: &Subnet, way: &str) -> Answer<Option<Finding>> {
    let closed = closed_vpc(context.cluster, context.kube_ovn(), subnet, context.namespace)?;
    Ok(closed.map(|closed| closed.refusal(context, field, subnet, way)))
}

impl Closed {
    /// The refusal of a way to a Subnet of it.
    pub(crate) fn refusal(&self, context: &Context<'_>, field: FieldPath, subnet: &Subnet, way: &str) -> Finding {
        let (namespace, subnet_vpc) = (context.namespace, Some(FieldPath::of("spec.vpc")));
        match self {
            Closed::Listing(vpc) => {
                let in_vpc = context.mention(Kind::Vpc, &vpc.meta.name);
                let detail = format!("{way} in {in_vpc}, which namespace {namespace:?} may not use");
                Finding::forbidden(field, &subnet.meta.name, detail)
                    .related(subnet.reference(), subnet_vpc)
                    .related(vpc.reference(), Some(FieldPath::of("spec.namespaces")))
                    .unless_any(Kind::VpcNatGateway)
            }
            Closed::Unknown(vpc) => {
                let in_vpc = context.mention(Kind::Vpc, vpc);
                let detail = format!("{way} in {in_vpc}, which does not exist, so that no namespace may use it");
                Finding::forbidden(field, &subnet.meta.name, detail)
                    .related(subnet.reference(), subnet_vpc)
                    .missing(ObjectRef::new(Kind::Vpc, vpc))
            }
        }
    }
}

/// The custom VPC of a Subnet, if it has one that a namespace may not use. Kube-OVN serves a VPC until it is gone. One that does
/// not exist lists nobody; where not all are seen, it may be elsewhere.
pub(crate) fn closed_vpc(
    cluster: &dyn ClusterView,
    kube_ovn: &KubeOvn,
    subnet: &Subnet,
    namespace: &str,
) -> Answer<Option<Closed>> {
    let Some(name) = subnet.vpc.as_deref().filter(|vpc| kube_ovn.is_custom_vpc(vpc)) else { return Ok(None) };
    Ok(match cluster.vpc_until_gone(name)? {
        Some(vpc) if is_listed(cluster, &vpc, namespace)? => None,
        Some(vpc) => Some(Closed::Listing(vpc)),
        None if cluster.sight(Kind::Vpc) == Sight::All => Some(Closed::Unknown(name.to_owned())),
        None => None,
    })
}
