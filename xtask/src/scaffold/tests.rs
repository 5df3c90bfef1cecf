//! What is written can be read, stands once, and is written once.

use vpcguard_policies::Kind;
use vpcguard_policies::rules::TABLE;
use xshell::Shell;

use super::kind::Scope;
use super::tree::{Tree, is_rust};
use super::{NewKind, NewRule, kind, rule};
use crate::root;

fn tree() -> Tree {
    Tree::of(root())
}

fn new_rule(kind: &str, id: &str) -> NewRule {
    NewRule { kind: kind.to_owned(), id: id.to_owned(), policy: None, summary: None, field: None }
}

fn new_kind(api_version: &str, kind: &str, plural: &str, scope: Scope) -> NewKind {
    NewKind { api_version: api_version.to_owned(), kind: kind.to_owned(), plural: plural.to_owned(), scope }
}

/// Formats, and holds what is Rust against the formatter's own rules, which leave a line alone that they cannot break.
fn is_written_well(tree: &mut Tree) {
    tree.format(&Shell::new().unwrap()).unwrap();
    for (path, text) in tree.written() {
        assert!(!text.contains("@@") && !text.contains("\n\n\n") && text.ends_with('\n'), "{path}");
        if is_rust(path) {
            syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
            let is_comment = |line: &&str| line.trim_start().starts_with("// ");
            let long: Vec<_> = text.lines().filter(is_comment).filter(|line| line.chars().count() > 130).collect();
            assert!(long.is_empty(), "{path}: {long:?}");
        }
    }
}

#[track_caller]
fn stands_once(tree: &Tree, path: &str, what: &str) {
    let text = tree.written().get(path).unwrap_or_else(|| panic!("{path} is not written"));
    assert_eq!(text.matches(what).count(), 1, "{path}: {what}");
}

#[test]
fn a_rule_is_written_wherever_one_is_wanted() {
    for (kind, id, folder, module) in [
        ("Subnet", "subnet-made-up", "subnet", "made_up"),
        (
            "VpcNatGateway",
            "gateway-made-up-names-break-the-lines-of-the-template",
            "nat_gateway",
            "made_up_names_break_the_lines_of_the_template",
        ),
        ("Vip", "vip-made-up", "vip", "made_up"),
        ("Pod", "pod-made-up", "pod", "made_up"),
    ] {
        let mut tree = tree();
        let left = rule::plan(&mut tree, &new_rule(kind, id)).unwrap();
        is_written_well(&mut tree);
        let file = format!("policies/src/rules/{folder}/{module}.rs");
        stands_once(&tree, &file, &format!("id: \"{id}\","));
        assert_eq!(tree.written()[&file].matches("TODO").count(), 2);
        stands_once(&tree, &format!("policies/src/rules/{folder}/mod.rs"), &format!("pub mod {module};"));
        stands_once(&tree, "policies/src/rules/mod.rs", &format!("    &{folder}::{module}::RULE,\n"));
        stands_once(&tree, &format!("tests/corpus/{folder}/{id}/accepts-the-good-example.yaml"), "allowed: true");
        stands_once(
            &tree,
            &format!("tests/corpus/{folder}/{id}/refuses-the-bad-example.yaml"),
            &format!("rule: {id}\n"),
        );
        stands_once(&tree, &format!("wasm/check/tests/spans/manifests/{id}.yaml"), ": bad\n");
        stands_once(&tree, "wasm/check/tests/spans/wanted.yaml", &format!("\n- rule: {id}\n"));
        stands_once(&tree, "tests/conformance/observed.yaml", &format!("\n{id}:\n"));
        stands_once(&tree, "docs/why.md", &format!("\n| [`{id}`](rules.md#{id}) |"));
        stands_once(&tree, "README.md", &format!(", [`{id}`](docs/rules.md#{id})"));
        assert!(left.contains(&file) && left.contains("cargo xtask quick") && !left.contains('@'), "{left}");
        let again = rule::plan(&mut tree, &new_rule(kind, id)).unwrap_err().to_string();
        assert_eq!(again, format!("there is a rule {id:?} already"));
    }
}

#[test]
fn a_rule_about_a_field_has_it_everywhere() {
    let mut tree = tree();
    let asked = NewRule {
        policy: Some("subnet-overlap".to_owned()),
        summary: Some("an MTU that no node has".to_owned()),
        field: Some("spec.mtu".to_owned()),
        ..new_rule("Subnet", "subnet-made-up")
    };
    rule::plan(&mut tree, &asked).unwrap();
    is_written_well(&mut tree);
    let source = &tree.written()["policies/src/rules/subnet/made_up.rs"];
    for part in [
        "summary: \"an MTU that no node has\"",
        "Policy::SubnetOverlap",
        "Read::Field(\"spec.mtu\")",
        "FieldPath::of(\"spec.mtu\")",
        "//!   mtu: bad\n",
        "//!   mtu: good\n",
        "\"spec\": {\"mtu\": value}",
    ] {
        assert!(source.contains(part), "{part}\n{source}");
    }
    stands_once(&tree, "tests/corpus/subnet/subnet-made-up/refuses-the-bad-example.yaml", "field: spec.mtu\n");
}

#[test]
fn a_rule_that_cannot_be_is_refused_and_nothing_is_written() {
    let policy = |policy: &str| NewRule { policy: Some(policy.to_owned()), ..new_rule("Subnet", "subnet-made-up") };
    for (asked, wanted) in [
        (new_rule("subnet", "subnet-made-up"), "no rule can look at a \"subnet\": did you mean \"Subnet\"?"),
        (new_rule("Secret", "secret-x"), "no rule can look at a \"Secret\": "),
        (new_rule("Deployment", "deployment-x"), "Deployment is read as PodTemplate: make a rule about Pod"),
        (new_rule("Subnet", "Subnet_MTU"), "\"Subnet_MTU\" is not a rule's id: small letters and digits"),
        (new_rule("Subnet", "subnet-syntax"), "there is a rule \"subnet-syntax\" already"),
        (new_rule("Vpc", "inject-vpc-lb"), "there is a rule \"inject-vpc-lb\" already"),
        (policy("vpc-sintax"), "there is no policy \"vpc-sintax\" of rules that review: did you mean \"vpc-syntax\"?"),
        (policy("vpc-injector"), "there is no policy \"vpc-injector\" of rules that review"),
        (NewRule { field: Some("mtu".to_owned()), ..new_rule("Subnet", "subnet-made-up") }, "\"mtu\" is not a field"),
        (NewRule { summary: Some(String::new()), ..new_rule("Subnet", "subnet-made-up") }, "\"\" is no summary"),
    ] {
        let mut tree = tree();
        let error = rule::plan(&mut tree, &asked).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
        assert!(tree.written().is_empty());
    }
}

#[test]
fn a_kind_is_written_wherever_one_is_wanted() {
    for (api_version, kind_name, plural, scope, file, name) in [
        ("kubeovn.io/v1", "MadeUpGroup", "made-up-groups", Scope::Cluster, "made_up_group", "MadeUpGroup"),
        (
            "example.com/v1",
            "VPCMadeUpNamesBreakTheLines",
            "vpc-made-up-names-break-the-lines",
            Scope::Namespaced,
            "vpc_made_up_names_break_the_lines",
            "VpcMadeUpNamesBreakTheLines",
        ),
        ("networking.k8s.io/v1", "MadeUpPolicy", "madeuppolicies", Scope::Namespaced, "made_up_policy", "MadeUpPolicy"),
    ] {
        let mut tree = tree();
        let asked = new_kind(api_version, kind_name, plural, scope);
        let left = kind::plan(&mut tree, &asked).unwrap();
        is_written_well(&mut tree);
        stands_once(&tree, &format!("policies/src/kinds/{file}.rs"), &format!("pub struct {name} {{"));
        stands_once(&tree, "clippy.toml", &format!("[\"{kind_name}\", "));
        stands_once(&tree, "policies/src/kinds/mod.rs", &format!("\nmod {file};\n"));
        stands_once(&tree, "policies/src/kinds/mod.rs", &format!("pub use {file}::{name};"));
        stands_once(&tree, "policies/src/kinds/table.rs", &format!("            {name}({name}) {{\n"));
        let table = &tree.written()["policies/src/kinds/table.rs"];
        assert!(table.lines().all(|line| line.len() <= 120 || line.starts_with("//!")));
        let rows = super::rows::kinds(table);
        assert_eq!(
            rows.len(),
            super::rows::kinds(&super::tests::tree().read("policies/src/kinds/table.rs").unwrap()).len() + 1
        );
        stands_once(&tree, "admission/tests/cluster/samples.yaml", &format!("    kind: {kind_name}\n"));
        let definition = format!("tests/crds/{plural}.yaml");
        assert_eq!(tree.written().contains_key(&definition), !api_version.contains("k8s.io"), "{kind_name}");
        assert!(left.contains("cargo xtask record-reviews") && !left.contains('@'), "{left}");
        assert!(kind::plan(&mut tree, &asked).unwrap_err().to_string().ends_with("is there already"));
    }
}

#[test]
fn a_kind_that_cannot_be_is_refused() {
    for (asked, wanted) in [
        (("kubeovn.io/v1", "Subnet", "subnets"), "Subnet of kubeovn.io/v1 is known already"),
        (("kubeovn.io/v1", "made-up-group", "made-up-groups"), "\"made-up-group\" is not the name of a kind"),
        (("kubeovn.io", "MadeUpGroup", "made-up-groups"), "\"kubeovn.io\" is no API version"),
        (("/v1", "MadeUpGroup", "made-up-groups"), "\"/v1\" is no API version"),
        (("kubeovn.io/v2", "MadeUpGroup", "made-up-groups"), "kubeovn.io/v2: tests wait for v1"),
        (("kubeovn.io/v1", "MadeUpGroup", "MadeUpGroups"), "\"MadeUpGroups\" is not a resource"),
    ] {
        let (api_version, kind_name, plural) = asked;
        let mut tree = tree();
        let asked = new_kind(api_version, kind_name, plural, Scope::Cluster);
        let error = kind::plan(&mut tree, &asked).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
}

/// A kind that no rule has looked at: its row in the manual, and what else is left.
#[test]
fn the_first_rule_about_a_kind_says_what_that_takes() {
    let left = |kind: Kind| {
        let mut tree = tree();
        let left = rule::plan(&mut tree, &new_rule(kind.name(), "made-up")).unwrap();
        let page = tree.read("docs/webhook.md").unwrap();
        let row = page.lines().find(|line| line.ends_with("| refused |")).unwrap();
        assert!(row.contains(&format!(" {}", kind.name())), "{row}");
        left.contains("is asked about for the first time")
    };
    let is_first = |kind: &Kind| !TABLE.iter().any(|rule| rule.reads_of(*kind));
    assert!(!left(Kind::Subnet));
    for kind in Kind::ALL.iter().filter(|kind| is_first(kind) && !kind.has_pod_template()) {
        assert!(left(*kind), "{kind}");
    }
}
