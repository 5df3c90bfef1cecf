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

pub mod address_index;
mod answer;
mod attach;
mod context;
mod explain;
pub mod field;
pub mod finding;
mod findings;
pub mod gather;
mod inject;
mod inventory;
pub mod json;
pub mod kinds;
pub mod net;
mod policy;
mod policy_response;
mod reads;
mod request;
mod review;
pub mod rules;
pub mod settings;
pub mod text;
mod unjudged;
mod verdict;
mod version;
mod view;
mod waiting;
mod wanted;

pub use answer::{Status, admit_unjudged, answer, decline};
pub use context::Context;
pub use explain::{Attached, Choice, Explanation, Network, Primary, explain};
pub use inject::mutate;
pub use inventory::{Inventory, Stored};
pub use kinds::{AddressSpace, Kind, ObjectRef};
pub use policy::Policy;
pub use policy_response::PolicyResponse;
pub use reads::Read;
pub use request::{About, Asked, Head, Operation, Request, ReviewError, sub_resources};
pub use review::{admit, admit_after, review, review_by};
pub use settings::Settings;
pub use unjudged::{Question, needs_verdict};
pub use verdict::{Injection, MOST_FINDINGS, NotEvaluated, Verdict};
pub use version::Version;
pub use view::{Answer, Attended, ClusterView, Held, Known, Sight, ViewError};
pub use waiting::{Awaited, MOST_WAITING};
pub use wanted::Wanted;
