//! The ways by which a Pod may come to a Subnet that is closed to its namespace.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Attachments, IP_POOL, Network, OVN, Place, Primary, Providers, pool_name, subnets_of_namespace};
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{LOGICAL_SWITCH, PodTemplate, Subnet};

/// A way into a Subnet.
#[derive(Clone, Debug)]
pub(crate) struct Way<'p> {
    /// The network of the Pod that it is for.
    pub(crate) provider: String,
    /// Where it leads.
    pub(crate) subnet: Arc<Subnet>,
    /// What leads there.
    pub(crate) by: By<'p>,
}

/// What leads to a Subnet.
#[derive(Clone, Debug)]
pub(crate) enum By<'p> {
    /// The annotation of this key, which names it.
    Switch(Cow<'p, str>),
    /// The annotation of this key, which names an IPPool of it.
    Pool(Cow<'p, str>, &'p str),
    /// A network, listed here, that the Subnet is the provider of.
    Provider(Place, String),
    /// A network, listed here, that no Subnet is the provider of: v1.16 takes the Pod's default one.
    Default(Place, String),
    /// The annotation of the Pod's namespace.
    Namespace,
}

impl Way<'_> {
    /// What makes it the same way in another version of the Pod. An IPPool may be of another Subnet by now, which concerns
    /// the Pod once its address is given out anew.
    pub(crate) fn identity(&self, pod: &PodTemplate) -> String {
        let Self { provider, subnet, by } = self;
        let takes = match by {
            By::Pool(key, _) if pod.keeps_address(key) => "pool",
            By::Pool(..) => "new address of pool",
            _ => "port",
        };
        format!("{takes} {provider} {}", subnet.meta.name)
    }
}

/// What is needed to find them.
pub(crate) struct Ways<'p, 'v> {
    pub(crate) pod: &'p PodTemplate,
    pub(crate) namespace: &'p str,
    pub(crate) cluster: &'v dyn ClusterView,
    pub(crate) is_closed: &'v mut dyn FnMut(&Subnet) -> Answer<bool>,
}

impl<'p> Ways<'p, '_> {
    /// All of them, whichever of its Subnets Kube-OVN may choose. Where several networks lead to one set of Subnets, the first
    /// has a way for each of the set, any other one way: the work is that of the text and of the set, and not of both.
    pub(crate) fn find(mut self, asked: &Attachments<'p>) -> Answer<Vec<Way<'p>>> {
        let mut ways = Vec::new();
        let chosen = Primary::chosen(self.pod);
        let is_primary = asked.primary == chosen;
        let by_namespace = is_primary && !matches!(chosen, Primary::Switch(_));
        let takes_any = asked.networks.iter().any(|network| network.switch.is_none());
        let listed = if by_namespace || takes_any { self.of_namespace()? } else { Vec::new() };
        let default =
            if is_primary || !asked.networks.is_empty() { self.default(chosen, &listed)? } else { Vec::new() };
        if is_primary {
            ways.extend(default.iter().map(|(by, subnet)| Way::new(OVN, subnet, by.clone())));
            if let (Primary::Switch(_), Some(pool)) = (chosen, self.pod.pod.annotation(IP_POOL).and_then(pool_name)) {
                ways.extend(self.pool(IP_POOL, pool)?.map(|(by, subnet)| Way::new(OVN, &subnet, by)));
            }
        }
        self.networks(asked, &default, &mut ways)?;
        // A static address may be taken in any Subnet of the namespace, for each network that no annotation gives another.
        if let Some(network) = asked.networks.iter().find(|network| network.switch.is_none() && !by_namespace) {
            ways.extend(listed.iter().map(|subnet| Way::new(&network.provider, subnet, By::Namespace)));
        }
        Ok(ways)
    }

    fn networks(
        &mut self,
        asked: &Attachments<'p>,
        default: &[(By<'p>, Arc<Subnet>)],
        ways: &mut Vec<Way<'p>>,
    ) -> Answer<()> {
        let (mut seen, mut sets) = (BTreeSet::new(), Sets::new(self.cluster));
        for network in &asked.networks {
            // Two networks of one provider can lead to different Subnets: there is an interface in it, or there is not.
            if !seen.insert((&*network.provider, network.subnet_provider(), &*network.namespace, &*network.name)) {
                continue;
            }
            let by = |by: fn(Place, String) -> By<'p>| by(network.place, network.reference());
            if let Some((key, name)) = &network.switch {
                let subnet = self.closed(self.cluster.subnet_until_gone(name)?)?;
                ways.extend(subnet.map(|subnet| Way::new(&network.provider, &subnet, By::Switch(key.clone().into()))));
            } else {
                let (closed, is_served) = sets.take(network.subnet_provider(), self.is_closed)?;
                ways.extend(closed.iter().map(|subnet| Way::new(&network.provider, subnet, by(By::Provider))));
                if let (false, Some((_, subnet))) = (is_served, default.first()) {
                    ways.push(Way::new(&network.provider, subnet, by(By::Default)));
                }
            }
            // Where the network only has its addresses of Kube-OVN, this is its provider, and may be that of another network.
            let provider = network.address_provider();
            if network.switch.is_some() || provider != network.subnet_provider() {
                let (closed, _) = sets.take(&provider, self.is_closed)?;
                ways.extend(closed.iter().map(|subnet| Way::new(&provider, subnet, by(By::Provider))));
            }
            self.pools(network, ways)?;
        }
        Ok(())
    }

    fn pools(&mut self, network: &Network<'p>, ways: &mut Vec<Way<'p>>) -> Answer<()> {
        for (key, name) in &network.pools {
            let pool = self.pool(key, name)?;
            ways.extend(pool.map(|(by, subnet)| Way::new(&network.provider, &subnet, by)));
        }
        Ok(())
    }

    /// The closed ones of the Subnets that the Pod's primary network may be in. With an IPPool one version takes the pool's
    /// Subnet, the other the address from the pool and the port in the namespace's Subnet.
    fn default(&mut self, chosen: Primary<'p>, listed: &[Arc<Subnet>]) -> Answer<Vec<(By<'p>, Arc<Subnet>)>> {
        let mut all = Vec::new();
        match chosen {
            Primary::Switch(name) => {
                let subnet = self.closed(self.cluster.subnet_until_gone(name)?)?;
                all.extend(subnet.map(|subnet| (By::Switch(LOGICAL_SWITCH.into()), subnet)));
            }
            Primary::Pool(name) => all.extend(self.pool(IP_POOL, name)?),
            _ => {}
        }
        if !matches!(chosen, Primary::Switch(_)) {
            all.extend(listed.iter().map(|subnet| (By::Namespace, Arc::clone(subnet))));
        }
        Ok(all)
    }

    fn of_namespace(&mut self) -> Answer<Vec<Arc<Subnet>>> {
        let mut closed = Vec::new();
        for subnet in subnets_of_namespace(self.namespace, self.cluster)? {
            closed.extend(self.closed(Some(subnet))?);
        }
        Ok(closed)
    }

    /// The Subnet of an IPPool, if it is closed.
    fn pool(&mut self, key: &str, name: &'p str) -> Answer<Option<(By<'p>, Arc<Subnet>)>> {
        let Some(pool) = self.cluster.ip_pool_until_gone(name)? else { return Ok(None) };
        let subnet = self.closed(self.cluster.subnet_until_gone(&pool.subnet)?)?;
        Ok(subnet.map(|subnet| (By::Pool(key.to_owned().into(), name), subnet)))
    }

    fn closed(&mut self, subnet: Option<Arc<Subnet>>) -> Answer<Option<Arc<Subnet>>> {
        let Some(subnet) = subnet else { return Ok(None) };
        Ok((self.is_closed)(&subnet)?.then_some(subnet))
    }
}

/// The Subnets of each provider, and which of them are closed.
struct Sets<'v> {
    providers: Providers<'v>,
    /// One that is closed, of the providers that were taken already.
    taken: BTreeMap<String, (Option<Arc<Subnet>>, bool)>,
}

impl<'v> Sets<'v> {
    fn new(cluster: &'v dyn ClusterView) -> Self {
        Self { providers: Providers::new(cluster), taken: BTreeMap::new() }
    }

    /// The closed ones, all of them for the first who asks, and whether there are Subnets of the provider at all.
    fn take(
        &mut self,
        provider: &str,
        is_closed: &mut dyn FnMut(&Subnet) -> Answer<bool>,
    ) -> Answer<(Vec<Arc<Subnet>>, bool)> {
        if let Some((first, is_served)) = self.taken.get(provider) {
            return Ok((first.iter().cloned().collect(), *is_served));
        }
        let subnets = self.providers.with(provider)?;
        let mut closed = Vec::new();
        for subnet in subnets.iter() {
            if is_closed(subnet)? {
                closed.push(Arc::clone(subnet));
            }
        }
        self.taken.insert(provider.to_owned(), (closed.first().cloned(), !subnets.is_empty()));
        Ok((closed, !subnets.is_empty()))
    }
}

impl<'p> Way<'p> {
    fn new(provider: &str, subnet: &Arc<Subnet>, by: By<'p>) -> Self {
        Self { provider: provider.to_owned(), subnet: Arc::clone(subnet), by }
    }
}
