//! The scenarios: which requests there are, and which of them a replica decides together.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use vpcguard_policies::Kind;
use vpcguard_policies::kinds::Sort;

use crate::item::{Item, Items};
use crate::store::{Subnet, held_in};

/// X holds Y, and V holds W. Else they have nothing in common.
const X: Item = prefix(0, 15);
const Y: Item = prefix(1, 16);
const Z: Item = prefix(2, 16);
const V: Item = prefix(4, 15);
const W: Item = prefix(5, 16);

const fn prefix(second: u8, length: u8) -> Item {
    Item::Prefix(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, second, 0, 0), length)))
}

/// Two addresses.
const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];

/// What is asked of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

/// A request on a Subnet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) space: usize,
    pub(crate) items: Items,
    /// What it takes of the next address space as well.
    pub(crate) beside: Items,
}

impl Request {
    /// What it takes of an address space.
    pub(crate) fn held_in(&self, space: usize) -> Items {
        held_in(space, self.space, self.items, self.beside)
    }

    /// What of it the object that it replaces does not hold already.
    pub(crate) fn added(&self, space: usize, old: Option<&Subnet>) -> Vec<Item> {
        let held = old.map_or(&[][..], |old| old.held_in(space));
        self.held_in(space).iter().copied().filter(|item| !held.contains(item)).collect()
    }

    /// Whether it takes anything that the object that it replaces does not hold already.
    pub(crate) fn asks(&self, old: Option<&Subnet>) -> bool {
        [self.space, self.space + 1].into_iter().any(|space| !self.added(space, old).is_empty())
    }
}

/// What happens, in any order.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What is stored when it begins.
    pub(crate) stored: Vec<Subnet>,
    pub(crate) requests: Vec<Request>,
    /// Which of the requests share a write.
    pub(crate) batches: Vec<Vec<usize>>,
    /// Whether the VPCs come and go at any moment, and replicas are wrong about them: no address space has a ledger at first,
    /// and each request is claimed in its own or in the common one, as somebody believes.
    pub(crate) is_unsure: bool,
    /// How many ledgers are removed, at most.
    pub(crate) removals: usize,
    /// What is claimed, where it is in ledgers that many share.
    pub(crate) sort: Option<Sort>,
}

impl Scenario {
    fn new(name: &'static str) -> Self {
        let (stored, requests, batches) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, stored, requests, batches, is_unsure: false, removals: 0, sort: None }
    }

    /// One of a sort of which many share a ledger.
    fn shared(name: &'static str, sort: Sort) -> Self {
        Self { sort: Some(sort), ..Self::new(name) }
    }

    /// One in which VPCs come and go.
    fn unsure(name: &'static str, removals: usize) -> Self {
        Self { is_unsure: true, removals, ..Self::new(name) }
    }

    /// How many address spaces there are.
    pub(crate) fn spaces(&self) -> usize {
        let last = |request: &Request| request.space + usize::from(!request.beside.is_empty());
        1 + self.requests.iter().map(last).max().unwrap_or_default()
    }

    /// The kinds of all objects.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let stored = self.stored.iter().map(|subnet| subnet.kind);
        let mut kinds: Vec<_> = stored.chain(self.requests.iter().map(|request| request.kind)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// A Subnet that is stored from the beginning.
    fn stored(self, name: &'static str, items: Items) -> Self {
        self.stored_of(Kind::VpcNatGateway, name, items)
    }

    fn stored_of(mut self, kind: Kind, name: &'static str, items: Items) -> Self {
        // The uid of a Subnet that is created is the number of its request.
        let uid = 100 + self.stored.len();
        self.stored.push(Subnet { kind, name, uid, generation: 1, space: 0, items, beside: &[] });
        self
    }

    fn alone(self, request: Request) -> Self {
        self.together(&[request])
    }

    fn together(mut self, requests: &[Request]) -> Self {
        let first = self.requests.len();
        self.requests.extend(requests);
        self.batches.push((first..self.requests.len()).collect());
        self
    }
}

fn create(name: &'static str, items: Items) -> Request {
    of(Kind::VpcNatGateway, name, items)
}

/// A create of a kind.
fn of(kind: Kind, name: &'static str, items: Items) -> Request {
    Request { operation: Operation::Create, kind, name, space: 0, items, beside: &[] }
}

/// The same as an update.
fn change(request: Request) -> Request {
    Request { operation: Operation::Update, ..request }
}

/// The same, with something of the next address space.
fn and(beside: Items, request: Request) -> Request {
    Request { beside, ..request }
}

fn update(name: &'static str, items: Items) -> Request {
    Request { operation: Operation::Update, ..create(name, items) }
}

fn delete(name: &'static str) -> Request {
    Request { operation: Operation::Delete, ..create(name, &[]) }
}

fn elsewhere(request: Request) -> Request {
    Request { space: 1, ..request }
}

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    [of_own(), of_many()].concat()
}

/// Those of ledgers that an address space has to itself, or has not got.
pub(crate) fn of_own() -> Vec<Scenario> {
    [creates(), updates(), batches(), moves(), unsure()].concat()
}

/// Those of ledgers that many share.
pub(crate) fn of_many() -> Vec<Scenario> {
    [nat(), addresses(), names(), two_ledgers()].concat()
}

fn creates() -> Vec<Scenario> {
    vec![
        Scenario::new("two creates").alone(create("a", &[X])).alone(create("b", &[Y])),
        Scenario::new("four creates")
            .alone(create("a", &[X]))
            .alone(create("b", &[Y]))
            .alone(create("c", &[X]))
            .alone(create("d", &[Z])),
        Scenario::new("one name, two prefixes")
            .alone(create("a", &[X]))
            .alone(create("a", &[Z]))
            .alone(create("b", &[Y])),
        Scenario::new("a create is lost and made again")
            .alone(create("a", &[X]))
            .alone(create("a", &[X]))
            .alone(create("b", &[Y])),
        Scenario::new("delete and create again")
            .alone(create("a", &[X]))
            .alone(delete("a"))
            .alone(create("a", &[X]))
            .alone(create("b", &[Y])),
    ]
}

fn updates() -> Vec<Scenario> {
    vec![
        Scenario::new("an update and a create")
            .alone(create("a", &[Z]))
            .alone(update("a", &[X]))
            .alone(create("b", &[Y])),
        Scenario::new("an update away and one back")
            .alone(create("a", &[X]))
            .alone(update("a", &[Z]))
            .alone(update("a", &[X]))
            .alone(create("b", &[Y])),
        Scenario::new("an unchanged update and an update away")
            .stored("a", &[X])
            .alone(update("a", &[X]))
            .alone(update("a", &[Z]))
            .alone(create("b", &[Y])),
        Scenario::new("two updates of one generation")
            .stored("a", &[Z])
            .alone(update("a", &[X]))
            .alone(update("a", &[W]))
            .alone(create("b", &[Y])),
        Scenario::new("an update of what is deleted and created again")
            .stored("a", &[Z])
            .alone(update("a", &[X]))
            .alone(delete("a"))
            .alone(create("a", &[Z]))
            .alone(create("b", &[Y])),
        Scenario::new("one prefix kept and one added")
            .stored("a", &[X])
            .alone(update("a", &[X, V]))
            .alone(update("a", &[Z]))
            .alone(create("b", &[Y]))
            .alone(create("c", &[W])),
        Scenario::new("two Subnets go and come back")
            .stored("a", &[X])
            .stored("b", &[Z])
            .alone(update("a", &[W]))
            .alone(update("a", &[X]))
            .alone(update("b", &[Y]))
            .alone(update("b", &[Z])),
        Scenario::new("a Subnet leaves its prefix in each way there is")
            .stored("a", &[X])
            .alone(update("a", &[Z]))
            .alone(update("a", &[X]))
            .alone(delete("a"))
            .alone(create("a", &[X]))
            .alone(create("b", &[Y])),
    ]
}

fn batches() -> Vec<Scenario> {
    vec![
        Scenario::new("three creates in a batch")
            .together(&[create("a", &[X]), create("b", &[Z]), create("c", &[Y])])
            .alone(create("d", &[X]))
            .alone(update("b", &[Y])),
        Scenario::new("two batches")
            .together(&[create("a", &[X]), create("b", &[W])])
            .together(&[create("c", &[V]), create("d", &[Y])]),
        Scenario::new("two batches with updates")
            .stored("a", &[Z])
            .together(&[update("a", &[X]), create("b", &[W])])
            .together(&[update("a", &[V]), create("c", &[Y])])
            .alone(delete("a")),
    ]
}

fn moves() -> Vec<Scenario> {
    vec![
        Scenario::new("a move and a create on both sides")
            .stored("a", &[X])
            .alone(elsewhere(update("a", &[X])))
            .alone(elsewhere(create("b", &[Y])))
            .alone(create("c", &[Y])),
        Scenario::new("a move there and back")
            .stored("a", &[X])
            .alone(elsewhere(update("a", &[X])))
            .alone(update("a", &[X]))
            .alone(create("b", &[Y]))
            .alone(elsewhere(create("c", &[Y])))
            .alone(delete("b")),
        Scenario::new("two moves to one place")
            .stored("a", &[X])
            .stored("b", &[W])
            .alone(elsewhere(update("a", &[X])))
            .alone(elsewhere(update("b", &[Y])))
            .alone(update("b", &[Y]))
            .alone(create("c", &[X])),
    ]
}

/// Of VPCs that may be there or not.
fn unsure() -> Vec<Scenario> {
    vec![
        Scenario::unsure("two creates in a VPC that comes and goes", 2)
            .alone(create("a", &[X]))
            .alone(create("b", &[Y])),
        Scenario::unsure("three creates in a VPC that comes", 0)
            .alone(create("a", &[X]))
            .alone(create("b", &[Y]))
            .alone(create("c", &[X])),
        Scenario::unsure("delete and create again in a VPC that comes and goes", 1)
            .stored("a", &[X])
            .alone(delete("a"))
            .alone(create("b", &[Y]))
            .alone(create("c", &[X])),
        Scenario::unsure("an update away in a VPC that comes and goes", 1)
            .stored("a", &[X])
            .alone(update("a", &[Z]))
            .alone(create("b", &[Y])),
        Scenario::unsure("a batch in a VPC that comes and goes", 1)
            .together(&[create("a", &[X]), create("b", &[Y])])
            .alone(create("c", &[Y])),
        Scenario::unsure("two VPCs that come", 0)
            .alone(create("a", &[X]))
            .alone(create("b", &[Y]))
            .alone(elsewhere(create("c", &[X]))),
        Scenario::unsure("a move between VPCs that come and go", 1)
            .stored("a", &[X])
            .alone(elsewhere(update("a", &[X])))
            .alone(elsewhere(create("b", &[Y]))),
    ]
}

/// EIPs and their ports.
fn nat() -> Vec<Scenario> {
    const DNAT: Kind = Kind::IptablesDnatRule;
    const FIP: Kind = Kind::IptablesFipRule;
    vec![
        Scenario::shared("two rules on one port, and one that shares it", Sort::Nat)
            .alone(of(DNAT, "a", &[Item::Port(80, "tcp")]))
            .alone(of(DNAT, "b", &[Item::Port(80, "tcp")]))
            .alone(of(DNAT, "c", &[Item::SharedPort(80, "tcp")])),
        Scenario::shared("a floating IP and rules on ports of its EIP", Sort::Nat)
            .alone(of(DNAT, "a", &[Item::Port(80, "tcp")]))
            .alone(of(FIP, "b", &[Item::Floating]))
            .alone(of(DNAT, "c", &[Item::SharedPort(53, "udp")])),
        Scenario::shared("a rule goes to another port and a floating IP comes", Sort::Nat)
            .stored_of(DNAT, "a", &[Item::Port(80, "tcp")])
            .alone(change(of(DNAT, "a", &[Item::Port(81, "tcp")])))
            .alone(of(DNAT, "b", &[Item::Port(80, "tcp")]))
            .alone(of(FIP, "c", &[Item::Floating])),
        Scenario::shared("rules and floating IPs of OVN", Sort::Nat)
            .together(&[of(Kind::OvnDnatRule, "a", &[Item::OvnPort(80)]), of(Kind::OvnFip, "b", &[Item::OvnFloating])])
            .alone(of(Kind::RouterLbRule, "c", &[Item::OvnPort(80), Item::OvnPort(81)]))
            .alone(of(Kind::OvnFip, "d", &[Item::OvnFloating])),
    ]
}

/// Addresses and ranges of a Subnet.
fn addresses() -> Vec<Scenario> {
    vec![
        Scenario::shared("an address of three kinds", Sort::Addresses)
            .alone(of(Kind::IptablesEip, "a", &[Item::Address(A)]))
            .alone(of(Kind::VpcNatGateway, "b", &[Item::LanIp(A)]))
            .alone(of(Kind::Vip, "c", &[Item::Address(A)])),
        Scenario::shared("two lanIps and an EIP", Sort::Addresses)
            .alone(of(Kind::VpcNatGateway, "a", &[Item::LanIp(A), Item::OfGateway(A)]))
            .alone(of(Kind::VpcNatGateway, "b", &[Item::LanIp(A), Item::OfGateway(A)]))
            .alone(of(Kind::IptablesEip, "c", &[Item::Address(A)])),
        Scenario::shared("an EIP moves, and another comes", Sort::Addresses)
            .stored_of(Kind::IptablesEip, "a", &[Item::Address(A)])
            .alone(change(of(Kind::IptablesEip, "a", &[Item::Address(B)])))
            .alone(of(Kind::OvnEip, "b", &[Item::Address(A)]))
            .alone(of(Kind::Vip, "c", &[Item::Address(A), Item::Address(B)])),
        Scenario::shared("pools, and an address inside", Sort::Addresses)
            .alone(of(Kind::IpPool, "a", &[Item::Range(A, B)]))
            .alone(of(Kind::IpPool, "b", &[Item::Range(B, B)]))
            .alone(of(Kind::IptablesEip, "c", &[Item::Address(B)])),
    ]
}

/// Names that Kube-OVN joins.
fn names() -> Vec<Scenario> {
    vec![
        Scenario::shared("one name of a Vpc and of Subnets", Sort::Names)
            .alone(of(Kind::Subnet, "e-w", &[Item::Name("p", "e-w")]))
            .alone(of(Kind::Subnet, "w", &[Item::Name("p-e", "w")]))
            .alone(of(Kind::Vpc, "p", &[Item::Name("p", "e-w"), Item::Name("p", "x")])),
        Scenario::shared("a Subnet goes to another router, and what it was called after comes", Sort::Names)
            .stored_of(Kind::Subnet, "e-w", &[Item::Name("p", "e-w")])
            .alone(change(of(Kind::Subnet, "e-w", &[Item::Name("q", "e-w")])))
            .alone(of(Kind::Subnet, "w", &[Item::Name("p-e", "w")]))
            .alone(of(Kind::Vpc, "p-e", &[Item::Name("p-e", "w")])),
        Scenario::shared("two groups that are one", Sort::Names)
            .alone(of(Kind::SecurityGroup, "g-w", &[Item::Group("g.w")]))
            .alone(of(Kind::SecurityGroup, "g.w", &[Item::Group("g.w")]))
            .alone(of(Kind::Subnet, "w", &[Item::Name("g", "w")])),
    ]
}

/// Who takes something of two ledgers.
fn two_ledgers() -> Vec<Scenario> {
    const EGRESS: Kind = Kind::VpcEgressGateway;
    vec![
        Scenario::shared("two gateways between the same two Subnets", Sort::Addresses)
            .alone(and(&[Item::Address(B)], of(EGRESS, "a", &[Item::Address(A)])))
            .alone(and(&[Item::Address(B)], of(EGRESS, "b", &[Item::Address(A)]))),
        Scenario::shared("a gateway between two Subnets, and an EIP in each", Sort::Addresses)
            .alone(and(&[Item::Address(B)], of(EGRESS, "a", &[Item::Address(A)])))
            .alone(of(Kind::IptablesEip, "b", &[Item::Address(A)]))
            .alone(elsewhere(of(Kind::IptablesEip, "c", &[Item::Address(B)]))),
        // The first ledger is that of older replicas, which know no other; the second is all that is claimed once there are none.
        Scenario::shared("a lanIp of both ledgers between one of the old and one of the new", Sort::Addresses)
            .alone(of(Kind::VpcNatGateway, "a", &[Item::OfGateway(A)]))
            .alone(and(&[Item::OfGateway(A)], of(Kind::VpcNatGateway, "b", &[Item::OfGateway(A)])))
            .alone(elsewhere(of(Kind::VpcNatGateway, "c", &[Item::OfGateway(A)]))),
        Scenario::shared("a gateway is asked for again, and an EIP in the second Subnet", Sort::Addresses)
            .alone(and(&[Item::Address(B)], of(EGRESS, "a", &[Item::Address(A)])))
            .alone(and(&[Item::Address(A)], of(EGRESS, "a", &[Item::Address(A)])))
            .alone(elsewhere(of(Kind::IptablesEip, "c", &[Item::Address(B)]))),
    ]
}
