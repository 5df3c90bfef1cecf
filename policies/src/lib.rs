//! The rules of vpcguard: admission policies for Kube-OVN virtual networks.
//!
//! [`review()`] judges a [`Request`] against a [`ClusterView`] by [`Settings`], [`mutate`] injects what is absent, [`admit`]
//! does one after the other as the API server does. All are pure: no clock, no I/O, no randomness; the same request, view
//! and settings give the same [`Verdict`], to the byte, in every runner and on every platform.
//!
//! ```
//! use serde_json::json;
//! use vpcguard_policies::{Inventory, Kind, Request, Settings, review};
//!
//! let mut cluster = Inventory::default();
//! cluster.apply(Kind::Subnet, &json!({"metadata": {"name": "b"}, "spec": {"cidrBlock": "10.0.4.0/24"}}));
//! let subnet = json!({
//!     "apiVersion": "kubeovn.io/v1",
//!     "kind": "Subnet",
//!     "metadata": {"name": "a"},
//!     "spec": {"cidrBlock": "10.0.0.0/16"},
//! });
//! let verdict = review(&Request::of_object(subnet, None), &cluster, &Settings::default())?;
//! assert!(!verdict.allowed);
//! assert_eq!(
//!     verdict.findings[0].to_string(),
//!     r#"spec.cidrBlock: Invalid value: "10.0.0.0/16": overlaps Subnet "b" (10.0.4.0/24) in VPC "ovn-cluster" [subnet-cidr-overlap]"#,
//! );
//! # Ok::<(), vpcguard_policies::ViewError>(())
//! ```

mod advice;
mod answer;
mod attach;
pub mod capacity;
mod explain;
pub mod field;
pub mod finding;
pub mod gather;
mod inventory;
pub mod json;
pub mod kinds;
pub mod net;
pub mod ovn_match;
mod request;
mod review;
pub mod rule;
pub mod rules;
pub mod settings;
pub mod text;

pub use answer::{LONGEST_WARNING, PolicyResponse, Status, admit_unjudged, answer, decline};
pub use explain::{
    Address, Attached, Choice, Chosen, DeletionExplanation, DeletionStep, Explanation, FreePrefix, Ignored,
    MatchExplanation, Missing, NamespaceExplanation, Network, OwnNetwork, Plugin, PoolOfSubnet, Primary, Said,
    Standing, SubnetExplanation, Surroundings, UsableVpc, Who, explain, explain_delete, explain_match,
    explain_namespace, explain_subnet,
};
pub use finding::{Injection, MOST_FINDINGS, NotEvaluated, Verdict};
pub use inventory::{
    Answer, Attended, ClusterView, Committed, Held, Inventory, Known, Sight, ViewError, address_index,
};
pub use kinds::{AddressSpace, ClaimKey, Holder, Kind, ObjectRef};
pub use request::{
    About, Attributes, Awaited, Head, MOST_WAITING, Operation, Request, ReviewError, TypedObject, TypedRequest, Using,
    sub_resources,
};
pub use review::{
    AddressClaim, Question, admit, admit_after, mutate, needs_verdict, of_comment, review, review_by, review_typed,
    review_unread,
};
pub use rule::{Context, Policy, Read};
pub use settings::Settings;
