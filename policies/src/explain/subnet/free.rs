//! What is free of a Subnet: of what Kube-OVN gives out, whatever nobody is known to have.

use std::net::IpAddr;

use serde::Serialize;

use super::super::Surroundings;
use super::super::namespace::Standing;
use crate::capacity::spans::{self, Span};
use crate::capacity::{kept_back, spans_of};
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{ObjectRef, Subnet};
use crate::net::{Cidr, parse_ip};

/// A prefix, and what is free of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FreePrefix {
    /// The prefix.
    pub cidr: String,
    /// The gateway in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// How many addresses it has, but for the first and the last.
    pub addresses: u128,
    /// How many of these Kube-OVN gives to nobody who does not ask for them.
    pub excluded: u128,
    /// How many of the rest somebody is known to have.
    pub taken: u128,
    /// How many of the rest are in IPPools.
    pub pooled: u128,
    /// How many are left.
    pub free: u128,
    /// The first ranges of what is left.
    pub ranges: Vec<String>,
    /// How many more ranges there are.
    pub more: usize,
    /// How many Kube-OVN says are in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<u128>,
    /// How many Kube-OVN says are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<u128>,
}

/// An IPPool of a Subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PoolOfSubnet {
    /// The IPPool.
    pub object: ObjectRef,
    /// Its ranges, as they are written.
    pub ranges: Vec<String>,
    /// The namespaces that it is for; for whoever names it where there is none.
    pub namespaces: Vec<String>,
    /// How many of its addresses nobody is known to have.
    pub free: u128,
}

/// The prefixes and the IPPools of a Subnet.
pub(super) fn of(
    subnet: &Subnet,
    surroundings: &Surroundings,
    standing: &[Standing],
    pods: &[Standing],
    most: usize,
) -> Answer<(Vec<FreePrefix>, Vec<PoolOfSubnet>)> {
    let cluster: &dyn ClusterView = &surroundings.cluster;
    let pools = cluster.ip_pools_of_subnet_until_gone(&subnet.meta.name)?;
    let texts = standing.iter().chain(pods).flat_map(|one| &one.addresses).flat_map(|text| text.split(','));
    let router = subnet.u2o_interconnection_ip.split(',');
    let taken: Vec<IpAddr> = texts.chain(router).filter_map(|text| parse_ip(text.trim())).collect();
    let taken_of = |cidr: &Cidr| spans_of(taken.iter().map(|address| (*address, *address)), cidr);
    let rows = surroundings.capacity.rows(subnet);
    let prefix = |(cidr, (_, row)): (&Cidr, (_, crate::capacity::Row))| {
        let whole = spans::usable(cidr);
        let excluded = kept_back(subnet, cidr);
        let with =
            |before: &[Span], more: Vec<Span>| spans::joined(before.iter().copied().chain(more).collect(), whole);
        let with_taken = with(&excluded, taken_of(cidr));
        let with_pools = with(&with_taken, spans_of(pools.iter().flat_map(|pool| pool.ranges.iter().copied()), cidr));
        let left = spans::without(whole, &with_pools);
        let count = spans::count;
        FreePrefix {
            cidr: row.cidr,
            gateway: row.gateway,
            addresses: row.addresses,
            excluded: row.excluded,
            taken: count(&with_taken) - count(&excluded),
            pooled: count(&with_pools) - count(&with_taken),
            free: count(&left),
            ranges: left.iter().take(most).map(|span| spans::text(*span, cidr.family())).collect(),
            more: left.len().saturating_sub(most),
            used: row.used,
            available: row.available,
        }
    };
    let prefixes = subnet.distinct_cidrs().zip(rows).map(prefix).collect();
    let free_of = |ranges: &[(IpAddr, IpAddr)], cidr: &Cidr| {
        let own = spans_of(ranges.iter().copied(), cidr);
        let gone =
            spans::joined(taken_of(cidr).into_iter().chain(kept_back(subnet, cidr)).collect(), spans::usable(cidr));
        own.iter().map(|span| spans::count(&spans::without(*span, &spans::joined(gone.clone(), *span)))).sum::<u128>()
    };
    let pool = |pool: &std::sync::Arc<crate::kinds::IpPool>| PoolOfSubnet {
        object: pool.reference(),
        ranges: pool.ips.clone(),
        namespaces: pool.namespaces.clone(),
        free: subnet.distinct_cidrs().map(|cidr| free_of(&pool.ranges, cidr)).fold(0, u128::saturating_add),
    };
    Ok((prefixes, pools.iter().map(pool).collect()))
}
