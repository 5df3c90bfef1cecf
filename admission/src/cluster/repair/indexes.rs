//! The address indexes: read-only copies of what Subnets hold, and of what is held of them, for readers that would else have to
//! list everything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::api::{Api, DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Client, ResourceExt};
use vpcguard_policies::address_index::{Claimants, FORMAT, Holdings, overlaps, to_address_lines, to_lines};
use vpcguard_policies::kinds::{CLAIM_ADDRESSES, Shard};
use vpcguard_policies::{AddressSpace, Kind};

use crate::cluster::cache::ClusterCache;
use crate::cluster::client::{code, reason};
use crate::ledger::crd::{AddressIndex, AddressIndexSpec, AddressIndexStatus};
use crate::ledger::{Floor, ResourceVersion};

/// An index of more lines would be too large an object.
const MOST_LINES: usize = 10_000;

/// How many overlapping pairs are reported.
const MOST_PAIRS: usize = 100;

/// The condition that says whether Subnets overlap.
const DISJOINT: &str = "Disjoint";

/// Two Subnets that overlap.
pub(super) type Pair = (String, String);

/// What an index is to have.
#[derive(PartialEq, Eq)]
struct Wanted {
    lines: Lines,
    /// Those of its Subnets that overlap.
    pairs: Vec<Pair>,
}

/// What an index lists.
#[derive(PartialEq, Eq)]
enum Lines {
    Subnets(Vec<String>),
    Addresses(Vec<String>),
}

/// What had been seen of each kind that an index is of.
struct Seen {
    subnets: Floor,
    addresses: Floor,
}

/// What is known to be stored.
pub(super) struct Indexes {
    api: Api<AddressIndex>,
    written: BTreeMap<AddressSpace, Wanted>,
    /// Whether everything that is stored has been looked at once.
    is_listed: bool,
    behind: bool,
}

impl Indexes {
    pub(super) fn new(client: Client) -> Self {
        Self { api: Api::all(client), written: BTreeMap::new(), is_listed: false, behind: true }
    }

    /// Whether something is still to be written.
    pub(super) fn is_behind(&self) -> bool {
        self.behind
    }

    /// Writes what has changed, and says which stored Subnets overlap.
    pub(super) async fn write(&mut self, cache: &ClusterCache) -> Result<Vec<Pair>, String> {
        self.behind = true;
        // Nobody waits while it is worked out what follows.
        let (seen, holdings, claimants) = {
            let state = cache.read();
            // Of a kind that is not there nothing is seen, whatever somebody else has seen of it before.
            let is_there = |kind: &&Kind| !state.is_absent(**kind);
            let of = |kinds: &[Kind]| kinds.iter().filter(is_there).map(|kind| (*kind, state.version(*kind))).collect();
            let seen = Seen { subnets: of(&[Kind::Subnet]), addresses: of(CLAIM_ADDRESSES) };
            (seen, state.inventory.holdings(), state.inventory.claimants())
        };
        let all = wanted(holdings, claimants);
        if !self.is_listed {
            self.remove_others(&all).await?;
            self.is_listed = true;
        }
        let gone: Vec<_> = self.written.keys().filter(|space| !all.contains_key(*space)).cloned().collect();
        for space in gone {
            self.remove(&space).await?;
            self.written.remove(&space);
        }
        let (mut pairs, mut is_done) = (Vec::new(), true);
        for (space, wanted) in all {
            pairs.extend(wanted.pairs.iter().cloned());
            is_done &= self.write_one(space, wanted, &seen).await?;
        }
        self.behind = !is_done;
        pairs.truncate(MOST_PAIRS);
        Ok(pairs)
    }

    /// Writes one index if it is not as it should be; says whether it is then.
    async fn write_one(&mut self, space: AddressSpace, wanted: Wanted, seen: &Seen) -> Result<bool, String> {
        if self.written.get(&space).is_some_and(|written| *written == wanted) {
            return Ok(true);
        }
        let (lines, (subnets, addresses), seen) = match &wanted.lines {
            Lines::Subnets(lines) => (lines, (lines.clone(), Vec::new()), &seen.subnets),
            Lines::Addresses(lines) => (lines, (Vec::new(), lines.clone()), &seen.addresses),
        };
        if lines.len() > MOST_LINES {
            self.remove(&space).await?;
            self.written.insert(space, wanted);
            return Ok(true);
        }
        let spec = AddressIndexSpec {
            format: FORMAT,
            space: (&space).into(),
            version: version_text(seen),
            subnets,
            addresses,
        };
        let Some(stored) = self.put(&space.object_name(), spec, seen).await? else { return Ok(false) };
        let has_condition = matches!(wanted.lines, Lines::Subnets(_));
        if has_condition && !self.set_condition(stored, &wanted.pairs).await? {
            return Ok(false);
        }
        self.written.insert(space, wanted);
        Ok(true)
    }

    /// Stores an index unless a newer view has written it; none if somebody else was faster.
    async fn put(&self, name: &str, spec: AddressIndexSpec, seen: &Floor) -> Result<Option<AddressIndex>, String> {
        let params = PostParams::default();
        let stored = self.api.get_opt(name).await.map_err(|error| failed("get", name, &error))?;
        let written = match stored {
            None => self.api.create(&params, &AddressIndex::new(name, spec)).await,
            Some(stored) if stored.spec.format > FORMAT => return Ok(Some(stored)),
            Some(stored) if is_as_wanted(&stored.spec, &spec) => return Ok(Some(stored)),
            Some(stored) if seen_by(&stored.spec.version).is_some_and(|other| is_behind(seen, &other)) => {
                return Ok(None);
            }
            Some(mut stored) => {
                stored.spec = spec;
                self.api.replace(name, &params, &stored).await
            }
        };
        match written {
            Ok(stored) => Ok(Some(stored)),
            Err(error) if code(&error) == Some(409) => Ok(None),
            Err(error) => Err(failed("write", name, &error)),
        }
    }

    /// Says in the index whether its Subnets overlap; false if somebody else was faster.
    async fn set_condition(&self, mut stored: AddressIndex, pairs: &[Pair]) -> Result<bool, String> {
        let (status, reason, message) = match pairs {
            [] => ("True", "NoOverlap", String::new()),
            pairs => {
                let pairs: Vec<_> = pairs.iter().take(10).map(|(a, b)| format!("{a:?} and {b:?}")).collect();
                ("False", "SubnetsOverlap", format!("Subnets overlap: {}", pairs.join(", ")))
            }
        };
        let conditions = stored.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let known = conditions.iter().find(|condition| condition.type_ == DISJOINT);
        if known.is_some_and(|known| known.status == status && known.message == message) {
            return Ok(true);
        }
        let since = known.filter(|known| known.status == status).map(|known| known.last_transition_time.clone());
        let name = stored.name_any();
        let condition = Condition {
            type_: DISJOINT.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message,
            observed_generation: stored.metadata.generation,
            last_transition_time: since.unwrap_or_else(|| Time(Timestamp::now())),
        };
        stored.status = Some(AddressIndexStatus { conditions: vec![condition] });
        match self.api.replace_status(&name, &PostParams::default(), &stored).await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(409) => Ok(false),
            Err(error) => Err(failed("update the status of", &name, &error)),
        }
    }

    /// Removes the indexes of address spaces in which nothing is.
    async fn remove_others(&self, all: &BTreeMap<AddressSpace, Wanted>) -> Result<(), String> {
        let wanted: BTreeSet<_> = all.keys().map(AddressSpace::object_name).collect();
        let stored = self.api.list_metadata(&ListParams::default()).await;
        let stored = stored.map_err(|error| failed("list", "", &error))?;
        for index in stored.items.into_iter().filter(|index| !wanted.contains(&index.name_any())) {
            self.delete(&index.name_any(), index.uid(), index.resource_version()).await?;
        }
        Ok(())
    }

    async fn remove(&self, space: &AddressSpace) -> Result<(), String> {
        let name = space.object_name();
        let stored = self.api.get_metadata_opt(&name).await.map_err(|error| failed("get", &name, &error))?;
        match stored {
            Some(stored) => self.delete(&name, stored.uid(), stored.resource_version()).await,
            None => Ok(()),
        }
    }

    async fn delete(&self, name: &str, uid: Option<String>, resource_version: Option<String>) -> Result<(), String> {
        let params = DeleteParams::default().preconditions(Preconditions { uid, resource_version });
        match self.api.delete(name, &params).await {
            Ok(_) => Ok(()),
            // Another replica has removed it, or written it again.
            Err(error) if matches!(code(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(failed("delete", name, &error)),
        }
    }
}

/// What the indexes are to have: of each VPC and VLAN its Subnets, of each Subnet who has an address of it.
fn wanted(
    holdings: BTreeMap<Shard, Holdings>,
    claimants: BTreeMap<String, Claimants>,
) -> BTreeMap<AddressSpace, Wanted> {
    let of_vpcs = holdings.into_iter().map(|(shard, holdings)| {
        let pairs = overlaps(&holdings, MOST_PAIRS).into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        (AddressSpace::Vpc(shard), Wanted { lines: Lines::Subnets(to_lines(&holdings)), pairs })
    });
    let of_subnets = claimants.into_iter().map(|(subnet, claimants)| {
        let lines = Lines::Addresses(to_address_lines(&claimants));
        (AddressSpace::Subnet(subnet), Wanted { lines, pairs: Vec::new() })
    });
    of_vpcs.chain(of_subnets).collect()
}

fn is_as_wanted(stored: &AddressIndexSpec, wanted: &AddressIndexSpec) -> bool {
    stored.format == wanted.format && stored.subnets == wanted.subnets && stored.addresses == wanted.addresses
}

/// Of Subnets alone it is a number, as it has always been.
fn version_text(seen: &Floor) -> String {
    if seen.knows(Kind::Subnet) { seen.version(Kind::Subnet).0.to_string() } else { seen.to_text() }
}

fn is_behind(seen: &Floor, other: &Floor) -> bool {
    seen.iter().any(|(kind, version)| other.version(kind) > version)
}

fn seen_by(version: &str) -> Option<Floor> {
    match ResourceVersion::parse(version) {
        Some(version) => Some(Floor::of(Kind::Subnet, version)),
        None => Floor::of_text(version),
    }
}

fn failed(verb: &str, name: &str, error: &kube::Error) -> String {
    format!("cannot {verb} addressindices.vpcguard.io {name:?}: {}", reason(error))
}
