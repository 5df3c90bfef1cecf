//! The Kubewarden policies in the policy server's own engine.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod abuse;
mod corpus;
mod lookups;
mod memory;
mod modules;
mod recorded;
mod session;

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use vpcguard_host::{Cluster, Guest, INDEX_KIND, INDEX_VERSION, Policies, asked, indexes};
use vpcguard_policies::{Inventory, Kind, Operation, Policy, PolicyResponse, Request, Settings, mutate, review_by};
use vpcguard_tests::Case;

/// The policies; none where they were not built, which is said.
fn policies() -> Option<&'static Policies> {
    static POLICIES: OnceLock<Option<Policies>> = OnceLock::new();
    POLICIES.get_or_init(|| Policies::load_if_built().unwrap()).as_ref()
}

/// The state of a case, with and without the indexes that vpcguard's webhook keeps.
fn clusters(case: &Case) -> [Arc<Cluster>; 2] {
    let kube_ovn = case.parsed_settings().kube_ovn;
    let indexed = Cluster::new(case.state.clone()).with_kind(INDEX_VERSION, INDEX_KIND, indexes(&case.state, kube_ovn));
    [Arc::new(Cluster::new(case.state.clone())), Arc::new(indexed)]
}

/// The same objects as the library sees them. A policy server can list all kinds, so where it shows none there
/// are none; and it is asked for no list of names only to tell which one was meant.
fn inventory<'o>(objects: impl IntoIterator<Item = &'o Value>, settings: &Settings) -> Inventory {
    let inventory = Inventory::new(settings.kube_ovn.clone()).watching(Kind::ALL.iter().copied());
    let mut inventory = inventory.keeping_names_to_itself();
    for object in objects {
        if let Some(kind) = Kind::of(object) {
            inventory.apply(kind, object);
        }
    }
    inventory
}

/// A request as a guest gets to see it: whatever is stored has a uid.
fn as_sent(request: &Request) -> Request {
    let mut request = request.clone();
    if request.operation == Operation::AtRest {
        request.object = asked(&request)["object"].clone();
    }
    request
}

/// What the library says to a request, in the words of a guest.
fn wanted(policy: Policy, request: &Request, cluster: &Inventory, settings: &Settings) -> String {
    let verdict = if policy.is_mutating() {
        mutate(request, cluster, settings)
    } else {
        review_by(policy, request, cluster, settings)
    };
    PolicyResponse::of(request, &verdict.unwrap(), settings).to_json()
}

/// What a guest says to a request.
fn said(guest: &Guest, cluster: &Arc<Cluster>, request: &Request, settings: &Value) -> String {
    let payload = json!({"request": asked(request), "settings": settings}).to_string();
    String::from_utf8(guest.call(cluster, "validate", payload.as_bytes()).unwrap()).unwrap()
}
