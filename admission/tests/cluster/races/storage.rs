//! What the API server has stored, and whether any of it overlaps, without anything of vpcguard's.

use std::thread::sleep;
use std::time::{Duration, Instant};

use ipnet::Ipv4Net;
use kube::core::Request;
use kube::core::params::ListParams;
use serde_json::Value;

use super::plan::{Round, Want};
use crate::client::Clients;
use crate::world::PATIENCE;

/// A Subnet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stored {
    vpc: String,
    net: Ipv4Net,
    name: String,
}

impl Stored {
    pub(super) fn is_in(&self, round: &Round) -> bool {
        self.vpc == round.vpc && overlap(self.net, round.range)
    }

    pub(super) fn is_what(&self, want: &Want) -> bool {
        self.name == want.subnet && self.net == want.net
    }
}

/// All Subnets.
pub(super) fn read(clients: &Clients) -> Vec<Stored> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let stored = |object: &Value| Stored {
        vpc: text(&object["spec"]["vpc"]),
        net: text(&object["spec"]["cidrBlock"]).parse::<Ipv4Net>().unwrap().trunc(),
        name: text(&object["metadata"]["name"]),
    };
    list(clients, "/apis/kubeovn.io/v1/subnets").iter().map(stored).collect()
}

/// The claims of all ledgers, each with its ledger's name.
pub(crate) fn claims(clients: &Clients) -> Vec<(Value, Value)> {
    let claims = |ledger: Value| {
        let claims = ledger["spec"]["claims"].as_array().cloned().unwrap_or_default();
        claims.into_iter().map(move |claim| (ledger["metadata"]["name"].clone(), claim))
    };
    list(clients, "/apis/vpcguard.io/v1alpha1/addressledgers").into_iter().flat_map(claims).collect()
}

/// All objects of a kind, as soon as there is an API server to ask.
fn list(clients: &Clients, url: &str) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let request = Request::new(url).list(&ListParams::default()).unwrap();
        match clients.runtime.block_on(clients.client.request::<Value>(request)) {
            Ok(mut listed) => match listed["items"].take() {
                Value::Array(items) => return items,
                other => panic!("no list but {other}"),
            },
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
        }
        sleep(Duration::from_millis(100));
    }
}

/// Pairs of one VPC that overlap: at least one of each heap of them.
pub(super) fn overlaps(mut stored: Vec<Stored>) -> Vec<(Stored, Stored)> {
    // Prefixes are apart or one is in the other, and what comes next after a prefix is in it if anything is.
    stored.sort();
    let pairs = stored.windows(2).filter(|pair| pair[0].vpc == pair[1].vpc && overlap(pair[0].net, pair[1].net));
    pairs.map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

/// The checker itself is checked: what finds nothing proves nothing.
#[test]
fn overlaps_are_found() {
    let of = |given: &[(&str, &str)]| {
        let stored = |(vpc, net): &(&str, &str)| Stored {
            vpc: (*vpc).to_owned(),
            net: net.parse().unwrap(),
            name: (*net).to_owned(),
        };
        overlaps(given.iter().map(stored).collect()).len()
    };
    assert_eq!(of(&[("v", "10.0.0.0/16"), ("v", "10.1.0.0/16"), ("w", "10.0.0.0/8")]), 0);
    assert_eq!(of(&[("v", "10.0.0.0/24"), ("v", "10.0.1.0/24"), ("v", "10.0.0.0/16")]), 1);
    assert_eq!(of(&[("v", "10.0.7.0/24"), ("v", "10.0.7.0/24")]), 1);
}
