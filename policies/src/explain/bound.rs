//! What the namespace of a Pod leads to.

use std::collections::BTreeSet;

use super::{Choice, Explainer, Network, Primary};
use crate::gather::gathered;
use crate::inventory::{Answer, Sight};
use crate::kinds::{Kind, LOGICAL_SWITCH, Namespace, Subnet};
use crate::rules::support::binding::Binding;
use crate::text::quoted;

/// The Subnets that Kube-OVN computes for a namespace, and why.
struct Computed {
    network: Network,
    /// In the order in which Kube-OVN takes them.
    names: Vec<String>,
    because: String,
}

impl Explainer<'_> {
    /// The Subnet that vpcguard injects, which is the one that Kube-OVN computes.
    pub(super) fn injected(&mut self, name: &str) -> Answer<Primary> {
        let namespace = self.cluster.namespace(self.namespace)?;
        let because = self.computed(namespace.as_deref())?.because;
        self.one(name, because)
    }

    /// The Subnets in the annotation of the namespace; without one, those that Kube-OVN will write there.
    pub(super) fn by_namespace(&mut self) -> Answer<Primary> {
        let namespace = self.cluster.namespace(self.namespace)?;
        let computed = self.computed(namespace.as_deref())?;
        // Where no namespace at all was given, their absence says nothing.
        let is_telling = computed.network == Network::Unknown || self.cluster.sight(Kind::Namespace) != Sight::Nothing;
        if namespace.is_none() && is_telling {
            self.note(format!("there is no Namespace {:?} yet, so its labels are not known", self.namespace));
        }
        let written = namespace.iter().flat_map(|namespace| namespace.logical_switches().map(str::to_owned));
        let written: Vec<_> = written.collect();
        let as_computed = gathered::<BTreeSet<_>, _>(&written) == gathered(&computed.names);
        if written.is_empty() || as_computed {
            return self.primary_of(computed);
        }
        let names = computed.names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        self.note(format!(
            "Kube-OVN computes {} now ({}), and writes that to the namespace when it next looks at it",
            if names.is_empty() { "something else" } else { &names },
            computed.because
        ));
        let network = if written.len() == 1 { Network::Subnet } else { Network::OneOf };
        let because = format!("the annotation {LOGICAL_SWITCH} of namespace {:?} names it", self.namespace);
        self.primary_of(Computed { network, names: written, because })
    }

    fn primary_of(&mut self, computed: Computed) -> Answer<Primary> {
        let Computed { mut network, names, mut because } = computed;
        let subnets = names.iter().map(|name| self.choice(name, &because)).collect::<Answer<Vec<Choice>>>()?;
        if !subnets.is_empty() && subnets.iter().all(|choice| choice.missing) {
            network = Network::Nowhere;
        }
        if let Some(first) = subnets.first().filter(|choice| choice.missing) {
            self.blocked_by(format!("there is no Subnet {}", quoted(&first.name)));
        }
        if network == Network::OneOf {
            because.push_str("; Kube-OVN takes the first with free addresses");
        }
        Ok(Primary::new(network, subnets, because))
    }

    fn computed(&self, namespace: Option<&Namespace>) -> Answer<Computed> {
        let kube_ovn = &self.settings.kube_ovn;
        Ok(match Binding::of(self.namespace, namespace, self.cluster, kube_ovn)? {
            Binding::One(subnet, _) => Computed {
                network: Network::Subnet,
                because: self.because(&subnet, namespace),
                names: vec![subnet.meta.name.clone()],
            },
            Binding::Several => Computed {
                network: Network::OneOf,
                names: self.candidates(namespace)?.into_iter().collect(),
                because: format!("several Subnets are for namespace {:?}", self.namespace),
            },
            Binding::Fallback => Computed {
                network: Network::Subnet,
                names: vec![kube_ovn.default_subnet.clone()],
                because: self.fallback()?,
            },
            Binding::Unknown => Computed {
                network: Network::Unknown,
                names: Vec::new(),
                because: "Subnets select namespaces by label, and those of this one are not known".to_owned(),
            },
        })
    }

    /// Why a Subnet is the namespace's.
    fn because(&self, subnet: &Subnet, namespace: Option<&Namespace>) -> String {
        let (subnet_name, name) = (&subnet.meta.name, self.namespace);
        let selects = |namespace: &Namespace| {
            subnet.namespace_selectors.iter().any(|selector| selector.matches(&namespace.meta.labels))
        };
        if subnet.namespaces.iter().any(|listed| listed == name) {
            format!("Subnet {subnet_name:?} lists namespace {name:?} (Kube-OVN: spec.namespaces)")
        } else if namespace.is_some_and(selects) {
            format!("Subnet {subnet_name:?} selects namespace {name:?} (Kube-OVN: spec.namespaceSelectors)")
        } else {
            let vpc = subnet.vpc.as_deref().unwrap_or_default();
            format!("VPC {vpc:?} lists namespace {name:?}, and Subnet {subnet_name:?} is its default")
        }
    }

    /// The Subnets of which Kube-OVN takes one.
    fn candidates(&self, namespace: Option<&Namespace>) -> Answer<BTreeSet<String>> {
        let labels = namespace.map(|namespace| &namespace.meta.labels);
        let binding = self.cluster.subnets_binding(self.namespace, labels)?;
        let mut names: BTreeSet<_> = binding.iter().map(|subnet| subnet.meta.name.clone()).collect();
        let vpcs = self.cluster.vpcs_binding(self.namespace)?;
        let custom: Vec<_> = vpcs.iter().filter(|vpc| self.settings.kube_ovn.is_custom_vpc(&vpc.meta.name)).collect();
        for vpc in &custom {
            let subnet = self.cluster.subnet(&vpc.default_subnet)?;
            if subnet.is_some_and(|subnet| subnet.vpc.as_ref() == Some(&vpc.meta.name)) {
                names.insert(vpc.default_subnet.clone());
            }
        }
        if names.is_empty() {
            for vpc in &custom {
                let defaults = self.cluster.default_subnets_of_vpc(&vpc.meta.name)?;
                names.extend(defaults.iter().map(|subnet| subnet.meta.name.clone()));
            }
        }
        Ok(names)
    }

    fn fallback(&self) -> Answer<String> {
        let vpcs = self.cluster.vpcs_binding(self.namespace)?;
        let custom = vpcs.iter().find(|vpc| self.settings.kube_ovn.is_custom_vpc(&vpc.meta.name));
        Ok(match custom {
            Some(vpc) => format!(
                "VPC {:?} lists namespace {:?} but has no Subnet for it, so Kube-OVN falls back to the default Subnet",
                vpc.meta.name, self.namespace
            ),
            None => format!("nothing is bound to namespace {:?}, so it gets the default Subnet", self.namespace),
        })
    }
}
