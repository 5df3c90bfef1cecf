//! `vpcguard convert`: NAT gateways of Kube-OVN v1.7 to v1.9 as the objects of today.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use vpcguard_check::{ConvertError, Converted, Document, Folder, Position, convert};
use vpcguard_policies::Kind;
use vpcguard_policies::field::FieldPath;

use crate::files::{Files, WalkArgs};
use crate::{console, yaml};

/// What `--help` says below the options.
const HELP: &str = "\
Exit codes:
  0  what there was to convert is printed, or there was nothing
  1  a gateway cannot be converted, and nothing is printed
  2  wrong usage, no object, or something could not be read

Examples:
  vpcguard convert old/ > new.yaml
  kubectl get vpc-nat-gateway --output yaml | vpcguard convert -";

/// How many objects are named that are left as they are.
const MOST_NAMED: usize = 5;

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A document for each object, below comments.
    Yaml,
    /// A List; what would be comments goes to standard error.
    Json,
}

/// Print the objects of today in place of NAT gateways of Kube-OVN v1.7 to v1.9.
///
/// These had their addresses and rules inside; since v1.10 each is an object of its own: an `IptablesEIP`, `IptablesFIPRule`,
/// `IptablesDnatRule` or `IptablesSnatRule`. Comments say where a meaning changes. Other objects are not printed. What a newer API
/// server has dropped of a gateway is taken from the annotation of kubectl.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Convert {
    /// How to write the objects.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Yaml)]
    format: Format,
    #[command(flatten)]
    walk: WalkArgs,
    /// Files, directories, patterns such as 'manifests/**/*.yaml', or - for standard input.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

/// Why nothing is printed.
enum Refusal {
    /// What there is cannot be converted, a line each.
    Faults(Vec<String>),
    /// What there is could not be found or read.
    Unread(String),
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Unread(error.to_string())
    }
}

/// What became of documents.
#[derive(Default)]
struct Outcome {
    converted: Vec<Converted>,
    /// What is not printed.
    left: Vec<String>,
    /// Names of what is printed that something else has already.
    taken: Vec<String>,
    faults: Vec<String>,
}

impl Convert {
    pub(crate) fn run(&self) -> ExitCode {
        match self.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(Refusal::Faults(faults)) => {
                for fault in &faults {
                    console::error(fault);
                }
                ExitCode::from(1)
            }
            Err(Refusal::Unread(complaint)) => {
                console::error(&complaint);
                ExitCode::from(2)
            }
        }
    }

    fn print(&self) -> Result<(), Refusal> {
        if self.paths.iter().filter(|path| *path == "-").count() > 1 {
            return Err(Refusal::Unread("standard input (-) can be read only once".to_owned()));
        }
        let mut files = Files::new(&self.walk, None)?;
        let (sources, problems) = files.collect(&self.paths);
        let folder = Folder::parse(&sources);
        let unread: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let unread: Vec<_> = unread.into_iter().chain(folder.errors.iter().map(ToString::to_string)).collect();
        if !unread.is_empty() {
            return Err(Refusal::Unread(unread.join("\n")));
        }
        if folder.documents.is_empty() {
            return Err(Refusal::Unread("no object was found: name files with VpcNatGateways".to_owned()));
        }
        let Outcome { converted, left, taken, faults } = Outcome::of(&folder.documents);
        if !faults.is_empty() {
            return Err(Refusal::Faults(faults));
        }
        console::print(&self.render(&converted)?)?;
        for note in files.notes() {
            console::note(&note);
        }
        for note in notes(&converted, &left, folder.foreign.len()).iter().chain(&taken) {
            console::note(note);
        }
        if self.format == Format::Json {
            for Converted { object, comments } in &converted {
                for comment in comments {
                    console::note(&format!("{}: {comment}", named(object)));
                }
            }
        }
        Ok(())
    }

    fn render(&self, converted: &[Converted]) -> Result<String, Refusal> {
        let objects = converted.iter().map(|converted| (&converted.object, converted.comments.as_slice()));
        Ok(match self.format {
            Format::Yaml => yaml::commented(objects)?,
            Format::Json => {
                let items: Vec<_> = objects.map(|(object, _)| object).collect();
                format!("{:#}\n", json!({"apiVersion": "v1", "kind": "List", "items": items}))
            }
        })
    }
}

impl Outcome {
    fn of(documents: &[Document]) -> Self {
        let mut outcome = Self::default();
        let mut known: BTreeMap<String, &Document> = BTreeMap::new();
        for document in documents {
            let name = named(&document.object);
            let Some(converted) = convert(&document.object) else {
                outcome.left.push(name);
                continue;
            };
            match known.get(&name) {
                // A folder and a link to it, or a file that was copied.
                Some(first) if first.object == document.object => continue,
                Some(first) => outcome.faults.push(format!(
                    "{}: {name} stands in {} with another content: convert them apart",
                    place(document, None),
                    place(first, None)
                )),
                None => {}
            }
            match converted {
                Ok(converted) => outcome.converted.extend(converted),
                Err(errors) => outcome.faults.extend(errors.iter().map(|error| fault(document, &name, error))),
            }
            known.insert(name, document);
        }
        outcome.taken = taken(&outcome.converted, documents);
        outcome
    }
}

/// What is printed is applied later, and would take the place of an object that has its name.
fn taken(converted: &[Converted], documents: &[Document]) -> Vec<String> {
    let made: BTreeMap<_, _> = converted.iter().map(|made| (identity(&made.object), &made.object)).collect();
    let mut taken: BTreeMap<_, &Document> = BTreeMap::new();
    for document in documents.iter().filter(|document| convert(&document.object).is_none()) {
        let identity = identity(&document.object);
        if made.contains_key(&identity) {
            taken.entry(identity).or_insert(document);
        }
    }
    let spec = |object: &Value| object.get("spec").cloned();
    let told = |(identity, document): (&(Option<Kind>, &str), &&Document)| {
        let object = made.get(identity)?;
        let (name, at) = (named(object), place(document, None));
        Some(if spec(object) == spec(&document.object) {
            format!("{name} stands in {at} with the same spec: keep one of the two")
        } else {
            format!(
                "{name} stands in {at} with another spec, which what is printed would replace: rename one of the two, and what names it, before you apply them"
            )
        })
    };
    let all: Vec<_> = taken.iter().filter_map(told).collect();
    let more = all.len().saturating_sub(MOST_NAMED);
    let more = (more > 0).then(|| format!("and {more} more names of what is printed are taken"));
    all.into_iter().take(MOST_NAMED).chain(more).collect()
}

/// What a cluster has once: all of these kinds are cluster-scoped, whatever namespace a manifest says.
fn identity(object: &Value) -> (Option<Kind>, &str) {
    (Kind::of(object), object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default())
}

fn fault(document: &Document, name: &str, error: &ConvertError) -> String {
    format!("{}: {name}: {error}", place(document, Some(&error.place())))
}

/// Where a field is written, or where the document begins.
fn place(document: &Document, field: Option<&FieldPath>) -> String {
    let of_field = field.and_then(|field| document.place(field)?.span).map(|span| span.start);
    let start = of_field.or_else(|| Some(document.node()?.span().start));
    let at = start.map(|Position { line, column }| format!(":{line}:{column}")).unwrap_or_default();
    format!("{}{at}", document.file)
}

/// `VpcNatGateway "a"`.
fn named(object: &Value) -> String {
    let text = |path| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let namespace = Some(text("/metadata/namespace")).filter(|namespace| !namespace.is_empty());
    let namespace = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{} \"{namespace}{}\"", text("/kind"), text("/metadata/name"))
}

/// What is said of that which is not printed.
fn notes(converted: &[Converted], left: &[String], foreign: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if converted.is_empty() {
        notes.push("there is nothing to convert: no VpcNatGateway has addresses or rules of v1.7 to v1.9".to_owned());
    } else if !left.is_empty() {
        let named = left.get(..MOST_NAMED).unwrap_or(left).join(", ");
        let more = match left.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        notes.push(format!("not printed, for there is nothing to convert in it: {named}{more}"));
    }
    let (are, were) = if foreign == 1 { ("document is", "was") } else { ("documents are", "were") };
    notes.extend((foreign > 0).then(|| format!("{foreign} {are} no Kubernetes object and {were} left out")));
    notes
}

#[cfg(test)]
mod tests {
    use vpcguard_check::{Source, parse};

    use super::*;

    fn of(text: &str) -> Outcome {
        Outcome::of(&parse(&Source { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() }).documents)
    }

    const OLD: &str = "
apiVersion: kubeovn.io/v1
kind: VpcNatGateway
metadata: {name: a}
spec:
  vpc: a
  eips:
    - {eipCIDR: 192.168.0.9/24, gateway: 192.168.0.1}
";

    #[test]
    fn a_gateway_that_stands_twice_is_converted_once() {
        assert_eq!(of(&format!("{OLD}---{OLD}")).converted.len(), 2);
        let other = OLD.replace("192.168.0.9", "192.168.0.8");
        let faults = of(&format!("{OLD}---{other}")).faults;
        let wanted = r#"a.yaml:10:1: VpcNatGateway "a" stands in a.yaml:2:1 with another content: convert them apart"#;
        assert_eq!(faults, [wanted]);
    }

    #[test]
    fn a_fault_is_said_where_it_stands() {
        let faults = of(&OLD.replace("192.168.0.9/24", "192.168.0.9")).faults;
        let wanted = r#"a.yaml:8:17: VpcNatGateway "a": spec.eips[0].eipCIDR: Invalid value: "192.168.0.9": needs a prefix length"#;
        assert!(faults.len() == 1 && faults[0].starts_with(wanted), "{faults:?}");
    }

    #[test]
    fn a_name_that_is_taken_is_told() {
        let eip = |spec: &str| {
            format!(
                "apiVersion: kubeovn.io/v1\nkind: IptablesEIP\nmetadata: {{name: a-eip-192-168-0-9}}\nspec: {spec}\n"
            )
        };
        let taken = |other: &str| of(&format!("{OLD}---\n{other}")).taken;
        let wanted = r#"IptablesEIP "a-eip-192-168-0-9" stands in a.yaml:10:1 with another spec, which what is printed would replace: rename one of the two, and what names it, before you apply them"#;
        assert_eq!(taken(&eip("{natGwDp: b, v4ip: 192.168.0.9}")), [wanted]);
        let wanted = r#"IptablesEIP "a-eip-192-168-0-9" stands in a.yaml:10:1 with the same spec: keep one of the two"#;
        assert_eq!(taken(&eip("{v4ip: 192.168.0.9, natGwDp: a}")), [wanted]);
        // The gateway itself, as it is today, and what has the name and is something else.
        let today = "apiVersion: kubeovn.io/v1\nkind: VpcNatGateway\nmetadata: {name: a}\nspec: {vpc: b}\n";
        assert!(taken(today)[0].starts_with(r#"VpcNatGateway "a" stands in a.yaml:10:1 with another spec"#));
        assert_eq!(taken(&eip("{natGwDp: b}").replace("IptablesEIP", "IptablesFIPRule")), [""; 0]);
        assert_eq!(taken(OLD), [""; 0]);
    }

    #[test]
    fn what_is_left_is_named_up_to_a_bound() {
        let left: Vec<_> = (0..7).map(|number| format!("Vpc \"{number}\"")).collect();
        let converted = of(OLD).converted;
        let wanted = r#"not printed, for there is nothing to convert in it: Vpc "0", Vpc "1", Vpc "2", Vpc "3", Vpc "4" and 2 more"#;
        assert_eq!(notes(&converted, &left, 1), [wanted, "1 document is no Kubernetes object and was left out"]);
        assert_eq!(notes(&converted, &[], 0), [""; 0]);
        assert!(notes(&[], &left, 0)[0].starts_with("there is nothing to convert"));
    }
}
