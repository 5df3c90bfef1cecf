//! The address indexes: read-only copies of what Subnets hold, for readers that would else have to list all of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::api::{Api, DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Client, ResourceExt};
use vpcguard_policies::address_index::{FORMAT, Holdings, overlaps, to_lines};
use vpcguard_policies::kinds::Shard;
use vpcguard_policies::{AddressSpace, Kind};

use crate::cluster::cache::ClusterCache;
use crate::cluster::client::{code, reason};
use crate::ledger::ResourceVersion;
use crate::ledger::crd::{AddressIndex, AddressIndexSpec, AddressIndexStatus};

/// An index of more Subnets would be too large an object.
const MOST_SUBNETS: usize = 10_000;

/// How many overlapping pairs are reported.
const MOST_PAIRS: usize = 100;

/// The condition that says whether Subnets overlap.
const DISJOINT: &str = "Disjoint";

/// Two Subnets that overlap.
pub(super) type Pair = (String, String);

/// The lines that an index is known to have, and those of its Subnets that overlap.
type Written = (Vec<String>, Vec<Pair>);

/// What is known to be stored.
pub(super) struct Indexes {
    api: Api<AddressIndex>,
    written: BTreeMap<Shard, Written>,
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
        let (version, all) = {
            let state = cache.read();
            (state.version(Kind::Subnet), state.inventory.holdings())
        };
        if !self.is_listed {
            self.remove_others(&all).await?;
            self.is_listed = true;
        }
        let gone: Vec<_> = self.written.keys().filter(|shard| !all.contains_key(*shard)).cloned().collect();
        for shard in gone {
            self.remove(&shard).await?;
            self.written.remove(&shard);
        }
        let (mut pairs, mut is_done) = (Vec::new(), true);
        for (shard, holdings) in &all {
            let found = overlaps(holdings, MOST_PAIRS);
            let found: Vec<_> = found.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            is_done &= self.write_one(shard, holdings, &found, version).await?;
            pairs.extend(found);
        }
        self.behind = !is_done;
        pairs.truncate(MOST_PAIRS);
        Ok(pairs)
    }

    /// Writes one index if it is not as it should be; says whether it is then.
    async fn write_one(
        &mut self,
        shard: &Shard,
        holdings: &Holdings,
        pairs: &[Pair],
        version: ResourceVersion,
    ) -> Result<bool, String> {
        let lines = to_lines(holdings);
        if self.written.get(shard).is_some_and(|(written, overlapping)| *written == lines && overlapping == pairs) {
            return Ok(true);
        }
        if lines.len() > MOST_SUBNETS {
            self.remove(shard).await?;
            self.written.insert(shard.clone(), (lines, pairs.to_vec()));
            return Ok(true);
        }
        let space = AddressSpace::Vpc(shard.clone());
        let spec = AddressIndexSpec {
            format: FORMAT,
            space: (&space).into(),
            version: version.0.to_string(),
            subnets: lines.clone(),
        };
        let Some(stored) = self.put(&space.object_name(), spec, version).await? else { return Ok(false) };
        if !self.set_condition(stored, pairs).await? {
            return Ok(false);
        }
        self.written.insert(shard.clone(), (lines, pairs.to_vec()));
        Ok(true)
    }

    /// Stores an index unless a newer view has written it; none if somebody else was faster.
    async fn put(
        &self,
        name: &str,
        spec: AddressIndexSpec,
        version: ResourceVersion,
    ) -> Result<Option<AddressIndex>, String> {
        let params = PostParams::default();
        let stored = self.api.get_opt(name).await.map_err(|error| failed("get", name, &error))?;
        let written = match stored {
            None => self.api.create(&params, &AddressIndex::new(name, spec)).await,
            Some(stored) if stored.spec.format > FORMAT => return Ok(Some(stored)),
            Some(stored) if stored.spec.subnets == spec.subnets && stored.spec.format == FORMAT => {
                return Ok(Some(stored));
            }
            Some(stored) if ResourceVersion::parse(&stored.spec.version).is_some_and(|newer| newer > version) => {
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

    /// Removes the indexes of address spaces that no Subnet is in.
    async fn remove_others(&self, all: &BTreeMap<Shard, Holdings>) -> Result<(), String> {
        let wanted: BTreeSet<_> = all.keys().map(|shard| AddressSpace::Vpc(shard.clone()).object_name()).collect();
        let stored = self.api.list_metadata(&ListParams::default()).await;
        let stored = stored.map_err(|error| failed("list", "", &error))?;
        for index in stored.items.into_iter().filter(|index| !wanted.contains(&index.name_any())) {
            self.delete(&index.name_any(), index.uid(), index.resource_version()).await?;
        }
        Ok(())
    }

    async fn remove(&self, shard: &Shard) -> Result<(), String> {
        let name = AddressSpace::Vpc(shard.clone()).object_name();
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

fn failed(verb: &str, name: &str, error: &kube::Error) -> String {
    format!("cannot {verb} addressindices.vpcguard.io {name:?}: {}", reason(error))
}
