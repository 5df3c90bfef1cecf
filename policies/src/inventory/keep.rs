//! Objects come, change their standing and go, and the indexes with them.

use std::sync::Arc;

use super::Inventory;
use super::table::{Before, Standing};
use crate::kinds::{Kind, NatGateway, Object, Subnet, Vpc};

impl Inventory {
    pub(super) fn keep(&mut self, object: &Object, standing: Standing) {
        match object {
            Object::Vpc(vpc) => self.keep_vpc(vpc, standing),
            Object::Subnet(subnet) => self.keep_subnet(subnet, standing),
            Object::NatGateway(gateway) => self.keep_nat_gateway(gateway, standing),
            Object::IptablesEip(eip) => self.iptables_eips.insert(eip, standing),
            Object::IpPool(pool) => self.ip_pools.insert(pool, standing),
            Object::Namespace(namespace) => self.namespaces.insert(namespace, standing),
            Object::ConfigMap(map) => self.config_maps.insert(map, standing),
            Object::AttachmentDefinition(definition) => self.attachment_definitions.insert(definition, standing),
            Object::Node(node) => self.nodes.insert(node, standing),
            Object::ServiceCidr(range) => self.service_cidrs.insert(range, standing),
            Object::EgressGateway(_) | Object::IptablesRule(_) | Object::Service(_) | Object::Pod(_) => {}
        }
    }

    pub(super) fn remove_key(&mut self, kind: Kind, key: &str) {
        match kind {
            Kind::Vpc => self.remove_vpc(key),
            Kind::Subnet => self.remove_subnet(key),
            Kind::VpcNatGateway => self.remove_nat_gateway(key),
            Kind::IptablesEip => drop(self.iptables_eips.remove(key)),
            Kind::IpPool => drop(self.ip_pools.remove(key)),
            Kind::Namespace => drop(self.namespaces.remove(key)),
            Kind::ConfigMap => drop(self.config_maps.remove(key)),
            Kind::AttachmentDefinition => drop(self.attachment_definitions.remove(key)),
            Kind::Node => drop(self.nodes.remove(key)),
            Kind::ServiceCidr => drop(self.service_cidrs.remove(key)),
            _ => {}
        }
    }

    fn keep_vpc(&mut self, vpc: &Arc<Vpc>, standing: Standing) {
        let name: Arc<str> = vpc.meta.name.as_str().into();
        match self.vpcs.replace(Arc::clone(&name), vpc, standing) {
            Before::Nothing => {}
            Before::Itself(_) => return,
            Before::Another(before, _) => self.forget_vpc(&before),
        }
        for namespace in &vpc.namespaces {
            self.vpcs_by_namespace.add(namespace, &name);
        }
    }

    fn remove_vpc(&mut self, name: &str) {
        if let Some((vpc, _)) = self.vpcs.remove(name) {
            self.forget_vpc(&vpc);
        }
    }

    fn forget_vpc(&mut self, vpc: &Vpc) {
        for namespace in &vpc.namespaces {
            self.vpcs_by_namespace.remove(namespace, &vpc.meta.name);
        }
    }

    fn keep_subnet(&mut self, subnet: &Arc<Subnet>, standing: Standing) {
        let name: Arc<str> = subnet.meta.name.as_str().into();
        match self.subnets.replace(Arc::clone(&name), subnet, standing) {
            Before::Nothing => self.index_subnet(subnet, &name),
            Before::Itself(was) => self.release_prefixes(subnet, was),
            Before::Another(before, was) => {
                self.forget_subnet(&before, was);
                self.index_subnet(subnet, &name);
            }
        }
        if standing == Standing::Stored {
            self.hold_prefixes(subnet, &name);
        }
    }

    fn remove_subnet(&mut self, name: &str) {
        if let Some((subnet, was)) = self.subnets.remove(name) {
            self.forget_subnet(&subnet, was);
        }
    }

    fn forget_subnet(&mut self, subnet: &Subnet, was: Standing) {
        let name = &subnet.meta.name;
        self.release_prefixes(subnet, was);
        if let Some(vpc) = &subnet.vpc {
            self.subnets_by_vpc.remove(vpc, name);
            self.default_subnets_by_vpc.remove(vpc, name);
        }
        self.subnets_by_provider.remove(&subnet.provider, name);
        for namespace in &subnet.namespaces {
            self.subnets_by_namespace.remove(namespace, name);
        }
        self.selecting_subnets.remove(name.as_str());
    }

    fn index_subnet(&mut self, subnet: &Subnet, name: &Arc<str>) {
        if let Some(vpc) = &subnet.vpc {
            self.subnets_by_vpc.add(vpc, name);
            if subnet.default {
                self.default_subnets_by_vpc.add(vpc, name);
            }
        }
        self.subnets_by_provider.add(&subnet.provider, name);
        for namespace in &subnet.namespaces {
            self.subnets_by_namespace.add(namespace, name);
        }
        if !subnet.namespace_selectors.is_empty() {
            self.selecting_subnets.insert(Arc::clone(name));
        }
    }

    fn hold_prefixes(&mut self, subnet: &Subnet, name: &Arc<str>) {
        let Some(shard) = subnet.shard() else { return };
        let prefixes = self.shards.entry(shard).or_default();
        for cidr in &subnet.cidrs {
            prefixes.insert(cidr.network(), name);
        }
    }

    /// A Subnet that was only planned holds none.
    fn release_prefixes(&mut self, subnet: &Subnet, was: Standing) {
        if was != Standing::Stored {
            return;
        }
        let Some(shard) = subnet.shard() else { return };
        let Some(prefixes) = self.shards.get_mut(&shard) else { return };
        for cidr in &subnet.cidrs {
            prefixes.remove(cidr.network(), &subnet.meta.name);
        }
        if prefixes.is_empty() {
            self.shards.remove(&shard);
        }
    }

    fn keep_nat_gateway(&mut self, gateway: &Arc<NatGateway>, standing: Standing) {
        let name: Arc<str> = gateway.meta.name.as_str().into();
        match self.nat_gateways.replace(Arc::clone(&name), gateway, standing) {
            Before::Nothing => {}
            Before::Itself(_) => return,
            Before::Another(before, _) => self.forget_nat_gateway(&before),
        }
        self.nat_gateways_by_vpc.add(&gateway.vpc, &name);
        self.nat_gateways_by_subnet.add(&gateway.subnet, &name);
    }

    fn remove_nat_gateway(&mut self, name: &str) {
        if let Some((gateway, _)) = self.nat_gateways.remove(name) {
            self.forget_nat_gateway(&gateway);
        }
    }

    fn forget_nat_gateway(&mut self, gateway: &NatGateway) {
        self.nat_gateways_by_vpc.remove(&gateway.vpc, &gateway.meta.name);
        self.nat_gateways_by_subnet.remove(&gateway.subnet, &gateway.meta.name);
    }
}
