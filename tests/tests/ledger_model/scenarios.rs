//! The scenarios: which requests there are, and which of them a replica decides together.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use crate::store::{Prefixes, Subnet};

/// X holds Y, and V holds W. Else they have nothing in common.
const X: IpNet = prefix(0, 15);
const Y: IpNet = prefix(1, 16);
const Z: IpNet = prefix(2, 16);
const V: IpNet = prefix(4, 15);
const W: IpNet = prefix(5, 16);

const fn prefix(second: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, second, 0, 0), length))
}

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
    pub(crate) name: &'static str,
    pub(crate) space: usize,
    pub(crate) prefixes: Prefixes,
}

impl Request {
    /// The prefixes that the Subnet that it replaces does not hold already.
    pub(crate) fn added(&self, old: Option<&Subnet>) -> Vec<IpNet> {
        let held = old.filter(|old| old.space == self.space).map_or(&[][..], |old| old.prefixes);
        self.prefixes.iter().copied().filter(|prefix| !held.contains(prefix)).collect()
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
}

impl Scenario {
    fn new(name: &'static str) -> Self {
        Self { name, stored: Vec::new(), requests: Vec::new(), batches: Vec::new(), is_unsure: false, removals: 0 }
    }

    /// One in which VPCs come and go.
    fn unsure(name: &'static str, removals: usize) -> Self {
        Self { is_unsure: true, removals, ..Self::new(name) }
    }

    /// How many address spaces there are.
    pub(crate) fn spaces(&self) -> usize {
        1 + self.requests.iter().map(|request| request.space).max().unwrap_or_default()
    }

    /// A Subnet that is stored from the beginning.
    fn stored(mut self, name: &'static str, prefixes: Prefixes) -> Self {
        // The uid of a Subnet that is created is the number of its request.
        let uid = 100 + self.stored.len();
        self.stored.push(Subnet { name, uid, generation: 1, space: 0, prefixes });
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

fn create(name: &'static str, prefixes: Prefixes) -> Request {
    Request { operation: Operation::Create, name, space: 0, prefixes }
}

fn update(name: &'static str, prefixes: Prefixes) -> Request {
    Request { operation: Operation::Update, name, space: 0, prefixes }
}

fn delete(name: &'static str) -> Request {
    Request { operation: Operation::Delete, name, space: 0, prefixes: &[] }
}

fn elsewhere(request: Request) -> Request {
    Request { space: 1, ..request }
}

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    [creates(), updates(), batches(), moves(), unsure()].concat()
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
