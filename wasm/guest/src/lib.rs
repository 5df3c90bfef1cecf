//! The plumbing of the Kubewarden policies: each is a WebAssembly module that a policy server calls.
//!
//! A policy is one line: the [`policy!`] macro exports what a policy server calls by the waPC protocol. [`validate`] judges a
//! request by the rules of a policy, or injects what it injects; [`validate_settings`] checks settings when the policy is
//! deployed. What rules ask about the cluster is asked from the policy server, and only when a rule asks.
//!
//! Whatever goes wrong is an answer that rejects the request and says why. Nothing traps, nothing is let through.

mod call;
mod host;
mod list;
mod view;

pub use call::{validate, validate_settings};
pub use kubewarden_policy_sdk::{protocol_version_guest as protocol_version, wapc_guest};
pub use vpcguard_policies::Policy;

/// Makes the crate in which it stands the policy of this name: `policy!(SubnetOverlap);`.
#[macro_export]
macro_rules! policy {
    ($policy:ident) => {
        fn validate(payload: &[u8]) -> $crate::wapc_guest::CallResult {
            $crate::validate($crate::Policy::$policy, payload)
        }

        /// What a waPC host calls first.
        #[unsafe(no_mangle)]
        pub extern "C" fn wapc_init() {
            $crate::wapc_guest::register_function("validate", validate);
            $crate::wapc_guest::register_function("validate_settings", $crate::validate_settings);
            $crate::wapc_guest::register_function("protocol_version", $crate::protocol_version);
        }
    };
}
