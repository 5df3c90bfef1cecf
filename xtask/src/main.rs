//! The tasks of this repository.

mod assets;
mod chart;
mod cluster;
mod conformance;
mod docs;
mod extras;
mod go;
mod image;
mod kube_ovn;
mod kubelet;
mod kubewarden;
mod lint;
mod machine;
mod mutants;
mod npm;
mod ovn;
mod parts;
mod races;
mod scaffold;
mod sources;
mod survey;
mod test;
mod times;
mod wasm;
mod yaml;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Parser, Subcommand};
use xshell::Shell;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The tasks of this repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs all tests, after setting up what they need.
    Test,
    /// Runs what tests a rule and its pages, without setting anything up (half a minute, once it is built).
    Quick,
    /// Writes the files of a new rule and its rows, and prints what is left to write.
    NewRule(scaffold::NewRule),
    /// Writes the files of a new kind and its rows, and prints what is left to write.
    NewKind(scaffold::NewKind),
    /// Finds or makes what tests run against, and prints where it is: etcd, kube-apiserver and kubectl, Kube-OVN's controller, OVN.
    Assets,
    /// Checks format, lints and dependencies.
    Lint,
    /// Writes what follows from the table of rules: docs/rules.md, and what stands around the code of the Kubewarden policies.
    Docs,
    /// Tests the chart with Helm 3, Helm 4 and a real API server, after setting them up.
    Chart {
        /// Write what of it is made from the program instead: templates, schema, README.
        #[arg(long)]
        write: bool,
    },
    /// Builds the image, and the list of what it is made of, in target/image.
    Image {
        /// Pack it a second time, which must make the same image, and run its program.
        #[arg(long)]
        check: bool,
        /// Compile the program once more in another folder, and compare the bytes.
        #[arg(long)]
        check_reproducible: bool,
    },
    /// Writes the completions and manual pages of a program that is built, for the archives of a release.
    Extras(extras::Extras),
    /// Builds the npm package, for Node and browsers, in target/npm.
    Npm,
    /// Prints, as ratios, what a review costs among many Subnets, a check of many documents, and the first check in Node.
    Bench,
    /// Prints what a Kubewarden policy costs in the policy server's engine.
    BenchKubewarden,
    /// Prints, as ratios, what many Subnets at once cost on a real API server.
    BenchCluster,
    /// Has Subnets race for the same addresses on a real API server, also while replicas and the API server crash.
    Races {
        /// How many rounds of each kind.
        #[arg(long, default_value_t = 1000)]
        rounds: usize,
        /// Has one of three replicas be of another version, which is built first: this commit, or with `last` the newest tag.
        #[arg(long, value_name = "COMMIT")]
        with_release: Option<String>,
    },
    /// Replaces the CA and all leaves of three replicas under load, also while replicas are killed and Secrets destroyed.
    Rotation {
        /// How many rotations in a row; three, so that each replica is killed in each phase.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Holds what the rules say of Kube-OVN against its controller and OVN, after setting them up (minutes to hours).
    Conformance(conformance::Scope),
    /// Prints how long a replica takes to see a large cluster, and its memory (several minutes).
    BenchStartup,
    /// Writes tests/reviews/ anew: what a real API server sends for each kind and operation.
    RecordReviews,
    /// Prints what `vpcguard check .` says in repositories that are there already, and what it takes.
    Survey(survey::Survey),
    /// Changes the rules one line at a time and lists the changes that no test notices (about an hour).
    Mutants {
        /// Only these files, as `cargo mutants --file` takes them.
        files: Vec<String>,
    },
    /// Sets up the WebAssembly target, builds what must build for it, and puts the Kubewarden policies into target/kubewarden.
    Wasm {
        /// Builds the policies once more in another folder, and compares the bytes.
        #[arg(long)]
        check_reproducible: bool,
    },
}

fn main() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    match Cli::parse().task {
        Task::Test => test::run(&shell),
        Task::Quick => test::quick(&shell),
        Task::NewRule(asked) => scaffold::new_rule(&shell, &asked),
        Task::NewKind(asked) => scaffold::new_kind(&shell, &asked),
        Task::Assets => parts::run(&shell),
        Task::Lint => lint::run(&shell),
        Task::Docs => docs::write(&shell),
        Task::Chart { write } => chart::run(&shell, write),
        Task::Image { check, check_reproducible } => {
            image::run(&shell, image::Checks { program: check, bytes: check_reproducible })
        }
        Task::Extras(extras) => extras.write(&shell),
        Task::Npm => npm::run(&shell),
        Task::Bench => test::bench(&shell),
        Task::BenchKubewarden => test::bench_kubewarden(&shell),
        Task::BenchCluster => races::bench(&shell),
        Task::Races { rounds, with_release: Some(version) } => races::side_by_side(&shell, rounds, &version),
        Task::Races { rounds, with_release: None } => races::run(&shell, rounds),
        Task::Rotation { rounds } => races::rotation(&shell, rounds),
        Task::Conformance(scope) => conformance::run(&shell, &scope),
        Task::BenchStartup => cluster::bench_startup(&shell),
        Task::RecordReviews => cluster::record_reviews(&shell),
        Task::Survey(asked) => survey::run(&shell, &asked),
        Task::Mutants { files } => mutants::run(&shell, &files),
        Task::Wasm { check_reproducible } => wasm::run(&shell, check_reproducible),
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
