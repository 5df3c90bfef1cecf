//! The policies, as they were built.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use vpcguard_policies::Policy;

use crate::guest::{Guest, LoadError};

/// The variable that names the folder of the modules.
const FOLDER: &str = "VPCGUARD_KUBEWARDEN";

/// All policies.
#[derive(Clone)]
pub struct Policies {
    guests: BTreeMap<Policy, Guest>,
}

/// Why the policies cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum BuiltError {
    /// They were not built.
    #[error("{path}: {cause}: run `cargo xtask wasm` first, or name the folder of the modules in {FOLDER}")]
    Missing {
        /// The module that is missing.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// One was built wrong.
    #[error("{path}: {cause}")]
    Refused {
        /// The module.
        path: PathBuf,
        /// Why.
        cause: LoadError,
    },
}

impl Policies {
    /// Loads them from where `cargo xtask wasm` puts them.
    ///
    /// # Errors
    ///
    /// Why one of them cannot be run.
    pub fn load() -> Result<Self, BuiltError> {
        let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/kubewarden");
        let folder = env::var_os(FOLDER).map_or_else(built, PathBuf::from);
        let load = |policy: &Policy| {
            let path = folder.join(format!("{policy}.wasm"));
            let module = match fs::read(&path) {
                Ok(module) => module,
                Err(cause) => return Err(BuiltError::Missing { path, cause }),
            };
            let guest = Guest::load(&module).map_err(|cause| BuiltError::Refused { path, cause })?;
            Ok((*policy, guest))
        };
        Ok(Self { guests: Policy::ALL.iter().map(load).collect::<Result<_, _>>()? })
    }

    /// The same, where not having built them is all right: on a machine of one's own, which is then told so. `CI=true`
    /// makes an error of it.
    ///
    /// # Errors
    ///
    /// Why one of them cannot be run.
    pub fn load_if_built() -> Result<Option<Self>, BuiltError> {
        match Self::load() {
            Ok(policies) => Ok(Some(policies)),
            Err(missing @ BuiltError::Missing { .. }) if env::var("CI").is_ok_and(|ci| ci == "true") => Err(missing),
            #[expect(clippy::print_stderr, reason = "a test that does nothing says so")]
            Err(missing @ BuiltError::Missing { .. }) => {
                eprintln!("skipped: {missing}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// One of them.
    pub fn get(&self, policy: Policy) -> Option<&Guest> {
        self.guests.get(&policy)
    }

    /// All of them, in the order in which they are listed.
    pub fn all(&self) -> impl Iterator<Item = (Policy, &Guest)> {
        self.guests.iter().map(|(policy, guest)| (*policy, guest))
    }
}
