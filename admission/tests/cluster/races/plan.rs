//! Who wants which addresses in a round.

use ipnet::Ipv4Net;
use serde_json::json;

use crate::client::{subnet, vpc};
use crate::retry::Write;

const CREATES: usize = 6;
const MOVES: usize = 2;

/// How many rounds take place in one VPC; each has the second octet of its addresses to itself.
const ROUNDS_OF_A_VPC: usize = 200;

/// Writes that are to be sent at once.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) vpc: String,
    /// All that is wanted is in here, and nothing else is.
    pub(super) range: Ipv4Net,
    pub(super) wants: Vec<Want>,
}

/// A write, and what would be stored after it.
#[derive(Debug)]
pub(super) struct Want {
    pub(super) subnet: String,
    pub(super) net: Ipv4Net,
    pub(super) write: Write,
}

/// What has to be there before a round: its VPC, and in it the Subnets that every round moves.
pub(super) fn prerequisites(round: usize) -> Vec<Write> {
    if !round.is_multiple_of(ROUNDS_OF_A_VPC) {
        return Vec::new();
    }
    let name = vpc_of(round);
    let mut writes = vec![Write::Create { plural: "vpcs", object: vpc(&name) }];
    writes.extend((0..MOVES).map(|at| {
        let object = subnet(&moved(&name, at), &name, &format!("172.16.{at}.0/24"));
        Write::Create { plural: "subnets", object }
    }));
    writes
}

impl Round {
    /// The same for the same number, whoever runs it.
    pub(super) fn new(number: usize) -> Self {
        let vpc = vpc_of(number);
        let range: Ipv4Net = format!("10.{}.0.0/16", number % ROUNDS_OF_A_VPC).parse().unwrap();
        let mut random = fastrand::Rng::with_seed(number as u64);
        let creates = (0..CREATES).map(|at| {
            let net = part(range, &mut random);
            let name = format!("r-{number}-{at}");
            let object = subnet(&name, &vpc, &net.to_string());
            Want { subnet: name, net, write: Write::Create { plural: "subnets", object } }
        });
        let mut wants: Vec<_> = creates.collect();
        wants.extend((0..MOVES).map(|at| {
            let net = part(range, &mut random);
            let name = moved(&vpc, at);
            let object = subnet(&name, &vpc, &net.to_string());
            let patch =
                json!({"spec": {"cidrBlock": object["spec"]["cidrBlock"], "gateway": object["spec"]["gateway"]}});
            Want { subnet: name.clone(), net, write: Write::Merge { plural: "subnets", name, patch } }
        }));
        // Who is sent first differs from round to round.
        random.shuffle(&mut wants);
        Self { vpc, range, wants }
    }
}

pub(super) fn vpc_of(round: usize) -> String {
    format!("v-{}", round / ROUNDS_OF_A_VPC)
}

fn moved(vpc: &str, at: usize) -> String {
    format!("{vpc}-moved-{at}")
}

/// All of a range, or down to a sixteenth of it: most of two such parts overlap.
fn part(range: Ipv4Net, random: &mut fastrand::Rng) -> Ipv4Net {
    let parts: Vec<_> = range.subnets(random.u8(16..=20)).unwrap().collect();
    parts[random.usize(..parts.len())]
}
