//! `.vpcguard.yaml`, the configuration of a repository: where it is, and which of several counts.

use std::env;
use std::path::{Path, PathBuf};

use clap::Args;
use vpcguard_check::{CONFIG, Config};

use crate::files::{self, LoadError, Problem, WrittenPatterns};

/// What stands in the folder at which a work tree of git begins.
const GIT: &str = ".git";

/// What says where files belong.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration, in place of the .vpcguard.yaml that is found from the working directory upward.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(crate) config: Option<PathBuf>,
    /// Where the globs of the configuration begin, in place of its folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) config_root: Option<PathBuf>,
    /// Take no configuration.
    #[arg(long)]
    no_config: bool,
    /// Judge the files that match apart, as those of a cluster of this name; repeat it, and the first that matches counts.
    #[arg(long, value_name = "GLOB=NAME")]
    pub(crate) cluster_of: Vec<String>,
}

impl ConfigArgs {
    /// The configuration that counts, if there is any.
    pub(crate) fn read(&self) -> Result<Option<Config>, LoadError> {
        let found = if self.no_config { None } else { self.config.clone().or_else(find) };
        let Some(path) = found else { return Ok(None) };
        let config = Config::parse(&files::source(&path)?);
        let config = config.map_err(|errors| LoadError(errors.into_iter().map(Problem::Parse).collect()))?;
        Ok(Some(config))
    }

    /// What a configuration leaves out.
    pub(crate) fn excluded<'a>(&'a self, config: &'a Config) -> WrittenPatterns<'a> {
        let folder = Path::new(config.folder());
        WrittenPatterns {
            place: &config.name,
            base: self.config_root.as_deref().unwrap_or(folder),
            patterns: &config.exclude,
        }
    }
}

/// The nearest one, from the working directory up to where its work tree begins. What is above is of no business to those below,
/// and may be anybody's: in no work tree only the working directory itself counts.
fn find() -> Option<PathBuf> {
    let (mut folder, mut above) = (env::current_dir().ok()?, PathBuf::new());
    let mut found = None;
    loop {
        let config = above.join(CONFIG);
        if found.is_none() && config.symlink_metadata().is_ok() {
            found = Some(config);
        }
        if above.join(GIT).symlink_metadata().is_ok() {
            return found;
        }
        if !folder.pop() {
            return found.filter(|found| found.as_os_str() == CONFIG);
        }
        above.push("..");
    }
}

/// The working directory; empty where it is gone.
pub(crate) fn directory() -> String {
    env::current_dir().map(|directory| directory.display().to_string()).unwrap_or_default()
}
