//! A view of a cluster that remembers what it was asked about.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;
use vpcguard_policies::kinds::{
    AttachmentDefinition, ConfigMap, IpPool, IptablesEip, LabelSelector, Namespace, NatGateway, Node, ServiceCidr,
    Shard, Subnet, Vpc,
};
use vpcguard_policies::{Answer, ClusterView, Held, Inventory, Kind, Known, Sight};

/// An inventory, and the kinds that it was asked about.
#[derive(Debug, Default)]
pub struct Recorder {
    inventory: Inventory,
    asked: RefCell<BTreeSet<Kind>>,
}

impl Recorder {
    /// Of an inventory, asked for nothing yet.
    pub fn new(inventory: Inventory) -> Self {
        Self { inventory, asked: RefCell::default() }
    }

    /// What it was asked about since the last time.
    pub fn take_asked(&self) -> BTreeSet<Kind> {
        self.asked.take()
    }

    fn ask(&self, kind: Kind) -> &Inventory {
        self.asked.borrow_mut().insert(kind);
        &self.inventory
    }
}

impl ClusterView for Recorder {
    fn vpc(&self, name: &str) -> Answer<Option<Arc<Vpc>>> {
        self.ask(Kind::Vpc).vpc(name)
    }

    fn subnet(&self, name: &str) -> Answer<Option<Arc<Subnet>>> {
        self.ask(Kind::Subnet).subnet(name)
    }

    fn nat_gateway(&self, name: &str) -> Answer<Option<Arc<NatGateway>>> {
        self.ask(Kind::VpcNatGateway).nat_gateway(name)
    }

    fn iptables_eip(&self, name: &str) -> Answer<Option<Arc<IptablesEip>>> {
        self.ask(Kind::IptablesEip).iptables_eip(name)
    }

    fn ip_pool(&self, name: &str) -> Answer<Option<Arc<IpPool>>> {
        self.ask(Kind::IpPool).ip_pool(name)
    }

    fn namespace(&self, name: &str) -> Answer<Option<Arc<Namespace>>> {
        self.ask(Kind::Namespace).namespace(name)
    }

    fn config_map(&self, namespace: &str, name: &str) -> Answer<Option<Arc<ConfigMap>>> {
        self.ask(Kind::ConfigMap).config_map(namespace, name)
    }

    fn attachment_definition(&self, namespace: &str, name: &str) -> Answer<Option<Arc<AttachmentDefinition>>> {
        self.ask(Kind::AttachmentDefinition).attachment_definition(namespace, name)
    }

    fn nodes(&self) -> Answer<Known<Vec<Arc<Node>>>> {
        self.ask(Kind::Node).nodes()
    }

    fn service_cidrs(&self) -> Answer<Known<Vec<Arc<ServiceCidr>>>> {
        self.ask(Kind::ServiceCidr).service_cidrs()
    }

    fn subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.ask(Kind::Subnet).subnets_of_vpc(vpc)
    }

    fn default_subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.ask(Kind::Subnet).default_subnets_of_vpc(vpc)
    }

    fn subnets_with_provider(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.ask(Kind::Subnet).subnets_with_provider(provider)
    }

    fn subnets_binding(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Answer<Vec<Arc<Subnet>>> {
        self.ask(Kind::Subnet).subnets_binding(namespace, labels)
    }

    fn nat_gateways_of_subnet(&self, subnet: &str) -> Answer<Vec<Arc<NatGateway>>> {
        self.ask(Kind::VpcNatGateway).nat_gateways_of_subnet(subnet)
    }

    fn nat_gateways_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<NatGateway>>> {
        self.ask(Kind::VpcNatGateway).nat_gateways_of_vpc(vpc)
    }

    fn vpcs_binding(&self, namespace: &str) -> Answer<Vec<Arc<Vpc>>> {
        self.ask(Kind::Vpc).vpcs_binding(namespace)
    }

    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        self.ask(Kind::Namespace).namespaces_matching(selector)
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        self.ask(Kind::Subnet).overlapping(shard, prefix)
    }

    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        self.ask(Kind::Subnet).overlapping_in_vpc(vpc, prefix)
    }

    fn sight(&self, kind: Kind) -> Sight {
        self.inventory.sight(kind)
    }

    fn vpc_until_gone(&self, name: &str) -> Answer<Option<Arc<Vpc>>> {
        self.ask(Kind::Vpc).vpc_until_gone(name)
    }

    fn subnet_until_gone(&self, name: &str) -> Answer<Option<Arc<Subnet>>> {
        self.ask(Kind::Subnet).subnet_until_gone(name)
    }

    fn ip_pool_until_gone(&self, name: &str) -> Answer<Option<Arc<IpPool>>> {
        self.ask(Kind::IpPool).ip_pool_until_gone(name)
    }

    fn attachment_definition_until_gone(
        &self,
        namespace: &str,
        name: &str,
    ) -> Answer<Option<Arc<AttachmentDefinition>>> {
        self.ask(Kind::AttachmentDefinition).attachment_definition_until_gone(namespace, name)
    }

    fn subnets_with_provider_until_gone(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.ask(Kind::Subnet).subnets_with_provider_until_gone(provider)
    }
}
