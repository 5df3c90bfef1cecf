//! Every rule by its public id, written out: it has a file, a page, a place in the table, and a case for each condition.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use vpcguard_policies::Verdict;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_tests::Case;

/// Each id, and words of what it says in each of its conditions.
const RULES: &[(&str, &[&str])] = &[
    ("missing-reference", &["no Vpc of", "no Subnet of", "no IPPool of", "no VpcNatGateway of", "no IptablesEIP of"]),
    ("field-type", &["a string", "a boolean", "an integer", "a list", "an object"]),
    (
        "pod-vpc-namespace",
        &[
            "Subnet \"",
            "IPPool \"",
            "network \"",
            "has no Subnet, so Kube-OVN v1.16 takes",
            "the namespace's own annotation",
            "is null, which ends",
            "so the Pods get no network",
            "a Binding gives it",
        ],
    ),
    (
        "pod-network-unresolvable",
        &[
            "is not well-formed JSON",
            "must be a string, not a number",
            "has no name",
            "has a part that is not",
            "no Subnet of this name",
            "no IPPool of this name",
            "no Vip of this name",
            "is of a Subnet that does not exist",
            "no NetworkAttachmentDefinition of this name",
            "no Subnet has the provider",
            "whose config is not well-formed",
            "has an empty list of plugins, which ends",
            "has a null among its plugins, which ends",
        ],
    ),
    (
        "pod-network-state",
        &[
            "into whose load balancer",
            "says that it is attached already",
            "says that it has them",
            "is for Kube-OVN alone",
            "keeps its port as it is",
            "is not the VPC of",
            "without a virtual machine",
            "has an address of Subnet \"",
            "is for Pods of another namespace",
            "is taken by a Pod of",
            "a Binding gives it",
        ],
    ),
    (
        "namespace-vpc-binding",
        &[
            "Subnet \"",
            "the labels are selected",
            "ports of its Pods",
            "an entry of the list",
            "has whitespace around it",
        ],
    ),
    ("subnet-vpc-namespaces", &["not in spec.namespaces", "selects Namespace", "and this Subnet to the default VPC"]),
    ("subnet-vpc-unrestricted", &["lists no namespaces", "must list the namespaces"]),
    ("vpc-namespaces-in-use", &["leaves out", "of the default VPC lists it"]),
    ("vpc-namespace-shared", &["lists it too"]),
    (
        "egress-gateway-vpc-namespace",
        &["may not be used by", "is in VPC", "IPPool \"", "which namespace", "takes none of its traffic"],
    ),
    ("egress-gateway-image", &["would run as root"]),
    (
        "egress-gateway-scope",
        &[
            "takes the traffic of Subnet",
            "lists no namespace",
            "\" has addresses of",
            "is neither an address",
            "is held by no Subnet",
            "selects Pods of",
            "may select Pods of",
            "not judged: too many",
        ],
    ),
    (
        "service-vpc-binding",
        &[
            "may not be used by",
            "is in VPC",
            "is for Kube-OVN alone",
            "network \"",
            "makes a privileged Pod",
            "no Vpc of this name",
            "no Subnet of this name",
        ],
    ),
    (
        "endpoint-slice-vpc-binding",
        &["its Pods may be in VPC", "its Pods are exempted", "is not the namespace of the EndpointSlice"],
    ),
    ("endpoint-slice-syntax", &["a port without a number"]),
    (
        "ip-pool-vpc-namespaces",
        &[
            "which the pool's Subnet is in",
            "lists it too",
            "leaves out",
            "in a pool of another VPC",
            "moves the pool into",
        ],
    ),
    ("pod-ip-pool-namespace", &["is for other namespaces than"]),
    ("subnet-joins-waiting", &[]),
    ("pod-vpc-default", &["runs the Pod in the default VPC"]),
    ("logical-switch-name", &["must name one Subnet"]),
    ("ovn-name-conflict", &["is the port of a Pod of"]),
    (
        "attachment-provider",
        &["has an empty list of plugins", "has a null among its plugins", "so that no Pod that names it"],
    ),
    ("subnet-cidr-overlap", &["overlaps Subnet", "on VLAN"]),
    ("subnet-cidr-reserved", &["the range of Services", "the network between nodes", "of Node", "the usual range"]),
    ("subnet-cidr-routed-overlap", &["also has", "a peering link", "which is peered"]),
    ("vpc-subnet-name", &["a Vpc has", "a Subnet has"]),
    ("subnet-vpc-immutable", &["may not change"]),
    ("builtin-protected", &["may not be deleted", "may not change in"]),
    (
        "subnet-syntax",
        &[
            "needs a prefix length",
            "no valid address before the slash",
            "must not have blanks",
            "holds a single address",
            "which is multicast",
            "which is loopback",
            "which is link-local",
            "which is the unspecified address",
            "which is the broadcast address",
            "is in upper case",
            "one of each",
            "without a vlan needs",
            "must be empty without",
            "is not an IP address",
            "must be in lower case",
            "not in spec.cidrBlock",
            "is the network address",
            "is the broadcast address of",
            "is a second",
            "is neither an address nor a range",
            "two address families",
            "ends before it begins",
            "is the gateway of the Subnet",
            "together with spec.natOutgoing",
            "at most two addresses",
            "which spec.cidrBlock is not",
            "\"centralized\"",
            "\"Dual\"",
            "1280 bytes",
            "must not be negative",
            "together with spec.u2oInterconnection",
            "needs spec.u2oInterconnection",
            "is neither an address nor a prefix",
            "must be of one address family",
            "but srcIPs is",
        ],
    ),
    (
        "subnet-hygiene",
        &["the first prefix for IPv4", "has host bits", "excludes nothing", "does nothing in", "is the default of"],
    ),
    (
        "lan-ip-in-subnet",
        &[
            "not in Subnet",
            "is the gateway",
            "is the network address",
            "is the broadcast address",
            "exactly one IP address",
            "must not have blanks",
            "Kube-OVN picks an address",
        ],
    ),
    ("lan-ip-unique", &["has it"]),
    ("gateway-subnet-in-vpc", &["belongs to", "has the provider"]),
    ("gateway-immutable", &["Kube-OVN ignores the change"]),
    ("gateway-selector", &["is not of the form"]),
    ("gateway-config", &["without this ConfigMap", "switches NAT gateways off", "names no image", "must be a string"]),
    ("static-route-lan-ip", &["but the lanIp of no", "lanIp yet", "passes the gateways by", "pointing at nobody"]),
    ("static-route-next-hop", &["in none of the networks", "the router's own port"]),
    (
        "static-route-syntax",
        &[
            "a route needs a prefix",
            "is neither an address",
            "needs a prefix length",
            "the address of a next hop",
            "must not have blanks",
            "exactly one IP address",
            "but the cidr is",
            "\"policySrc\"",
        ],
    ),
    ("static-route-duplicate", &["Kube-OVN keeps one of them"]),
    ("gateway-default-route", &["has no default route to it", "without a default route"]),
    (
        "policy-route-syntax",
        &["from 0 to 32767", "\"reroute\"", "a reroute needs", "is not an IP address", "OVN keeps the first"],
    ),
    ("policy-route-next-hop", &["in none of the networks"]),
    (
        "vpc-peering",
        &[
            "an empty one keeps",
            "needs a prefix length",
            "is this VPC itself",
            "no peering back",
            "is not on one link",
            "overlaps Subnet",
            "neither reaches the other",
        ],
    ),
    ("vpc-default-subnet", &["belongs to VPC", "has no OVN provider"]),
    ("vpc-lb-value", &["Unsupported value"]),
    (
        "vpc-lb-prerequisites",
        &[
            "needs a Subnet of",
            "a default Subnet",
            "the NetworkAttachmentDefinition",
            "with the provider",
            "an image in",
        ],
    ),
];

const INJECTED: &[&str] = &["inject-logical-switch", "inject-vpc-lb"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files of the rules, together.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all += &if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap() };
    }
    all
}

#[test]
fn the_table_has_these_rules_in_this_order() {
    assert_eq!(
        TABLE.iter().map(|rule| rule.id).collect::<Vec<_>>(),
        RULES.iter().map(|(id, _)| *id).collect::<Vec<_>>()
    );
    assert_eq!(INJECTIONS.iter().map(|rule| rule.id).collect::<Vec<_>>(), INJECTED);
}

#[test]
fn every_rule_has_a_file_and_a_page() {
    let sources = sources(&root().join("policies/src/rules"));
    let manual = fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let why = fs::read_to_string(root().join("docs/why.md")).unwrap();
    for id in RULES.iter().map(|(id, _)| id).chain(INJECTED) {
        assert_eq!(sources.matches(&format!("id: \"{id}\",")).count(), 1, "{id}");
        assert!(manual.contains(&format!("\n## {id}\n")), "{id} has no page");
        assert!(why.contains(&format!("`{id}`")), "docs/why.md does not speak of {id}");
    }
}

#[test]
fn every_condition_has_a_case() {
    let verdicts = |case: Case| [case.verdict(), case.verdict_seeing_all()].map(|verdict| (case.clone(), verdict));
    let cases: Vec<(Case, Verdict)> = Case::all().into_iter().flat_map(verdicts).collect();
    for (id, conditions) in RULES {
        let of_rule = || cases.iter().filter(|(case, _)| case.subject() == *id);
        let said: Vec<String> = of_rule()
            .flat_map(|(_, verdict)| verdict.findings.iter().chain(&verdict.warnings))
            .filter(|finding| finding.rule() == *id)
            .map(vpcguard_policies::finding::Finding::message)
            .collect();
        for condition in *conditions {
            assert!(said.iter().any(|message| message.contains(condition)), "{id}: no case says {condition:?}");
        }
        let silent = |verdict: &Verdict| !verdict.findings.iter().chain(&verdict.warnings).any(|f| f.rule() == *id);
        assert!(of_rule().any(|(_, verdict)| silent(verdict)), "{id}: no case is accepted");
    }
}
