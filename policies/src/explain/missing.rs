//! What a Pod's keys name, and what is not there.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Choice, Explainer};
use crate::gather::sort_and_dedup;
use crate::inventory::{Answer, Sight};
use crate::kinds::{Kind, Object, ObjectRef};
use crate::net::list_items;
use crate::text::{nearest, quoted};

/// The Vips whose addresses a Pod may send from beside its own.
const ADDRESS_PAIRS: &str = "ovn.kubernetes.io/aaps";

/// An object that is named, and not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The object.
    pub object: ObjectRef,
    /// What names it, and which one may be meant.
    pub because: String,
}

impl Explainer<'_> {
    /// Says that an object is missing, once.
    pub(super) fn lacks(&mut self, kind: Kind, namespace: &str, name: &str, because: &str) {
        let object = match namespace {
            "" => ObjectRef::new(kind, name),
            namespace => ObjectRef::namespaced(kind, namespace, name),
        };
        if self.missing.iter().any(|missing| missing.object == object) {
            return;
        }
        let mut because = because.to_owned();
        // An explanation is for whoever may read the cluster, or has written the files.
        let known = self.cluster.all(kind).unwrap_or_default();
        let of_namespace =
            known.iter().map(Object::meta).filter(|meta| namespace.is_empty() || meta.namespace == namespace);
        if let Some(meant) = nearest(name, of_namespace.map(|meta| meta.name.as_str())) {
            because = format!("{because}; did you mean {}?", quoted(meant));
        } else if self.cluster.sight(kind) == Sight::Nothing {
            because = format!("{because}; no {kind} at all is among what was given, so it may be elsewhere");
        }
        self.missing.push(Missing { object, because });
    }

    /// A Subnet by its name, and its VPC: either may be missing.
    pub(super) fn choice(&mut self, name: &str, because: &str) -> Answer<Choice> {
        let Some(subnet) = self.cluster.subnet_until_gone(name)? else {
            let kube_ovn = &self.settings.kube_ovn;
            // In files it is mostly not written down: Kube-OVN makes it.
            if name == kube_ovn.default_subnet && self.cluster.sight(Kind::Subnet) != Sight::All {
                return Ok(Choice { vpc: Some(kube_ovn.default_vpc.clone()), missing: false, ..Choice::missing(name) });
            }
            self.lacks(Kind::Subnet, "", name, because);
            return Ok(Choice::missing(name));
        };
        if subnet.meta.deleting {
            self.note(format!("Subnet {name:?} is being deleted: Kube-OVN serves it until it is gone"));
        }
        if let Some(vpc) = subnet.vpc.as_deref().filter(|vpc| self.settings.kube_ovn.is_custom_vpc(vpc))
            && self.cluster.vpc_until_gone(vpc)?.is_none()
        {
            self.lacks(Kind::Vpc, "", vpc, &format!("Subnet {name:?} names it in spec.vpc"));
        }
        Ok(Choice::of(&subnet))
    }

    /// Security groups, and Vips that are no addresses of the Pod's own.
    pub(super) fn named_besides(&mut self, subnets: &BTreeSet<&str>) -> Answer<()> {
        if self.pod.host_network {
            return Ok(());
        }
        let pod = self.pod;
        for (key, groups) in pod.security_groups() {
            for group in groups {
                if !self.cluster.has(Kind::SecurityGroup, group)? {
                    self.lacks(Kind::SecurityGroup, "", group, &format!("the annotation {key} names it"));
                }
            }
        }
        for name in list_items(pod.pod.annotation(ADDRESS_PAIRS).unwrap_or_default()) {
            match self.cluster.vip_until_gone(name)? {
                None => self.lacks(Kind::Vip, "", name, &format!("the annotation {ADDRESS_PAIRS} names it")),
                Some(vip) if vip.namespace != self.namespace => self.note(format!(
                    "Vip {} in the annotation {ADDRESS_PAIRS} is ignored: its spec.namespace is {}, not the Pod's namespace",
                    quoted(name),
                    quoted(&vip.namespace)
                )),
                Some(vip) if !subnets.contains(vip.subnet.as_str()) => self.note(format!(
                    "Vip {} in the annotation {ADDRESS_PAIRS} is ignored: it is of Subnet {}, which the Pod is not in",
                    quoted(name),
                    quoted(&vip.subnet)
                )),
                Some(vip) => {
                    let texts = [&vip.given.v4_ip, &vip.given.v6_ip, &vip.v4_ip, &vip.v6_ip];
                    let mut texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
                    sort_and_dedup(&mut texts);
                    let of = if texts.is_empty() { String::new() } else { format!(" ({})", texts.join(", ")) };
                    self.note(format!("the Pod may also send from Vip {}{of} (annotation {ADDRESS_PAIRS})", quoted(name)));
                }
            }
        }
        Ok(())
    }
}
