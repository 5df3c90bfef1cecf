//! The certificates of vpcguard's webhook: a CA, the leaves that it signs, and the TLS configuration that serves them.
//!
//! A CA lives for ten years and signs leaves of seven days, in memory. [`Authorities`] are the CAs of a cluster as a
//! Secret holds them, and the steps by which one follows the other. Nothing here reads a clock: each call that needs
//! the time is given it. All cryptography is that of aws-lc-rs, named explicitly, so that no other provider that some
//! dependency brings along is ever asked.
//!
//! ```
//! use std::time::SystemTime;
//! use vpcguard_certs::{Ca, CurrentLeaf, server_config};
//!
//! let now = SystemTime::now();
//! let ca = Ca::generate(now)?;
//! let leaf = CurrentLeaf::new(&ca.sign(&["localhost", "127.0.0.1"], now)?);
//! let config = server_config(leaf.clone())?;
//! // Later: connections from here on get the new leaf, those that exist are left alone.
//! leaf.replace(&ca.sign(&["localhost", "127.0.0.1"], now)?);
//! # assert_eq!(config.alpn_protocols, [b"http/1.1"]);
//! # Ok::<(), vpcguard_certs::CertError>(())
//! ```

mod authorities;
mod bundle;
mod ca;
mod client;
mod clock;
mod describe;
mod error;
mod leaf;
mod lifetimes;
mod names;
mod pem;
mod phase;
mod secret;
mod server;

pub use authorities::Authorities;
pub use bundle::{bundle_trusts, missing_from};
pub use ca::Ca;
pub use client::{ClientCa, ClientCaError, explain_refusal};
pub use describe::{CertificateInfo, describe};
pub use error::CertError;
pub use leaf::Leaf;
pub use lifetimes::{DEFAULT_CA_LIFE, DEFAULT_LEAF_LIFE, DEFAULT_PROPAGATION, Lifetimes, LifetimesError};
pub use names::service_names;
pub use phase::Phase;
pub use secret::SecretError;
pub use server::{CurrentLeaf, ServerOptions, server_config, server_config_with};
