//! From manifests to findings: files to objects, a folder as one network, reports.
//!
//! [`Folder::parse`] reads sources, [`check`] reviews their objects in order as if each were applied in turn, and the
//! [`Report`] is rendered for people or for programs. Nothing here touches a file or a clock, so the same sources give the
//! same report natively and in WebAssembly.
//!
//! ```
//! use vpcguard_check::{Folder, Source, check};
//! use vpcguard_policies::Settings;
//!
//! let subnet = |name: &str, cidr: &str| Source {
//!     name: format!("{name}.yaml"),
//!     bytes: format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{cidrBlock: {cidr}}}")
//!         .into_bytes(),
//! };
//! let folder = Folder::parse(&[subnet("a", "10.0.4.0/24"), subnet("b", "10.0.0.0/16")]);
//! let report = check(&folder, &[], &Settings::default())?;
//! assert_eq!(report.summary().denied, 1);
//! assert!(report.to_human().starts_with("error[subnet-cidr-overlap]: spec.cidrBlock: Invalid value"));
//! # Ok::<(), vpcguard_policies::ViewError>(())
//! ```

mod allow;
mod baseline;
mod cases;
mod clusters;
mod command;
mod config;
mod convert;
mod document;
mod fingerprint;
mod fix;
mod folder;
mod foreign;
mod json;
mod lookalike;
mod report;
mod settings;
mod source;
mod template;
#[cfg(test)]
mod testing;
mod text;
mod yaml;

pub use allow::Allow;
pub use cases::{Case, CaseFile, CaseOperation, CaseSettings, CasesReport, Compared, Given, Judged, Said, Wanted};
pub use clusters::Places;
pub use command::{ClusterState, Command, Done, Inputs, Outcome, Selection};
pub use config::{CONFIG, Config, ConfiguredSettings};
pub use convert::{ConvertError, Converted, convert};
pub use document::{Document, Parsed, parse};
pub use fix::{Change, Fixed, fix};
pub use folder::{Folder, check, check_knowing};
pub use report::{
    Format, LiveCluster, LocatedFinding, Location, Mutation, Report, Seen, Summary, Unevaluated, UnknownFormat,
    printable,
};
pub use settings::{parse_settings, parse_value};
pub use source::{ParseError, STDIN, Source};
pub use yaml::{Content, Entry, Node, Position, Scalar, Span};
