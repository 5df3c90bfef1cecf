use serde_json::{Value, json};

use super::*;

const SUBNET: &str = "apiVersion: kubeovn.io/v1\nkind: Subnet\n";

fn source(at: usize, text: &str) -> Source {
    Source { name: format!("{at}.yaml"), bytes: text.as_bytes().to_vec() }
}

fn folder(texts: &[String]) -> Folder {
    let sources: Vec<_> = texts.iter().enumerate().map(|(at, text)| source(at, text)).collect();
    let folder = Folder::parse(&sources);
    assert!(folder.errors.is_empty(), "{:?}", folder.errors);
    folder
}

fn subnet(name: &str, spec: &str) -> String {
    format!("{SUBNET}metadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

fn vpc(name: &str, spec: &str) -> String {
    format!("apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

fn gateway(name: &str, lan_ip: &str) -> String {
    format!(
        "apiVersion: kubeovn.io/v1\nkind: VpcNatGateway\nmetadata: {{name: {name}}}\n\
         spec: {{vpc: v, subnet: sn, lanIp: {lan_ip}}}\n"
    )
}

fn lines_with(texts: &[String], state: &[String], settings: &Value) -> Vec<String> {
    let settings = crate::testing::settings(settings);
    let report = check(&folder(texts), &folder(state).documents, &settings).unwrap();
    let line = |located: &LocatedFinding| {
        let word = if located.is_denial() { "denied" } else { "warned" };
        let related = located.related.iter().flatten().map(|place| format!(" <{}", place.file));
        let related: String = related.collect();
        format!(
            "{} {} {word} {}{related}",
            located.place.as_ref().unwrap().file,
            located.object.name,
            located.finding.rule()
        )
    };
    report.findings.iter().map(line).collect()
}

/// A line for each finding: file, name, what, by which rule, and where the related objects are.
fn lines(texts: &[String], state: &[String]) -> Vec<String> {
    lines_with(texts, state, &json!({}))
}

/// All orders of three texts.
fn orders(texts: [String; 3]) -> Vec<Vec<String>> {
    let [a, b, c] = [0, 1, 2];
    let orders = [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]];
    orders.iter().map(|order| order.iter().map(|at| texts[*at].clone()).collect()).collect()
}

#[test]
fn references_work_in_any_order() {
    let texts = [vpc("v", ""), subnet("sn", "vpc: v, cidrBlock: 10.0.1.0/24"), gateway("ngw", "10.0.1.254")];
    for texts in orders(texts) {
        assert_eq!(lines(&texts, &[]), Vec::<String>::new(), "{texts:?}");
    }
    let alone = [gateway("ngw", "10.0.1.254")];
    assert_eq!(lines(&alone, &[]), ["0.yaml ngw warned missing-reference", "0.yaml ngw warned missing-reference"]);
}

#[test]
fn a_conflict_is_one_finding_on_the_later_object() {
    let (a, b) = (subnet("a", "cidrBlock: 10.0.4.0/24"), subnet("b", "cidrBlock: 10.0.0.0/16"));
    assert_eq!(lines(&[a.clone(), b.clone()], &[]), ["1.yaml b denied subnet-cidr-overlap <0.yaml"]);
    assert_eq!(lines(&[b, a], &[]), ["1.yaml a denied subnet-cidr-overlap <0.yaml"]);
}

#[test]
fn a_repeated_object_is_an_update_of_the_last_admitted_version() {
    let grows = [
        subnet("a", "cidrBlock: 10.0.4.0/24"),
        subnet("b", "cidrBlock: 10.1.0.0/16"),
        // Denied, so the first version stands.
        subnet("a", "cidrBlock: 10.1.4.0/24"),
        subnet("c", "cidrBlock: 10.1.4.0/24"),
        subnet("d", "cidrBlock: 10.0.0.0/16"),
    ];
    assert_eq!(
        lines(&grows, &[]),
        [
            "2.yaml a denied subnet-cidr-overlap <1.yaml",
            "3.yaml c denied subnet-cidr-overlap <1.yaml",
            "4.yaml d denied subnet-cidr-overlap <0.yaml",
        ]
    );
}

#[test]
fn a_denied_object_changes_nothing() {
    let texts = [
        subnet("a", "cidrBlock: 10.0.0.0/16"),
        subnet("b", "cidrBlock: 10.0.0.0/8"),
        // It overlaps only what was denied.
        subnet("c", "cidrBlock: 10.1.0.0/16"),
    ];
    assert_eq!(lines(&texts, &[]), ["1.yaml b denied subnet-cidr-overlap <0.yaml"]);
}

#[test]
fn a_denied_object_is_still_found_by_its_name() {
    let texts = [vpc("v", ""), subnet("sn", "vpc: v, cidrBlock: 10.0.1.0/33"), gateway("ngw", "10.0.1.254")];
    for texts in orders(texts) {
        let rules: Vec<_> = lines(&texts, &[]).iter().map(|line| line[7..].to_owned()).collect();
        assert_eq!(rules, ["sn denied subnet-syntax"], "{texts:?}");
    }
}

#[test]
fn a_second_version_of_a_denied_object_is_a_create() {
    let texts = [
        subnet("a", "cidrBlock: 10.0.0.0/33"),
        subnet("a", "cidrBlock: 10.0.0.0/16"),
        subnet("b", "cidrBlock: 10.0.0.0/16"),
    ];
    assert_eq!(lines(&texts, &[]), ["0.yaml a denied subnet-syntax", "2.yaml b denied subnet-cidr-overlap <1.yaml"]);
}

#[test]
fn state_is_loaded_unreviewed_and_the_later_version_wins() {
    let state = [
        subnet("a", "cidrBlock: 10.0.0.0/16"),
        subnet("b", "cidrBlock: 10.0.0.0/16"),
        subnet("a", "cidrBlock: 10.5.0.0/16"),
    ];
    assert_eq!(lines(&[], &state), Vec::<String>::new());
    let texts = [subnet("c", "cidrBlock: 10.5.0.0/24")];
    assert_eq!(lines(&texts, &state), ["0.yaml c denied subnet-cidr-overlap <2.yaml"]);
    // An object of the state is updated: what was wrong before is not a denial.
    let texts = [subnet("b", "cidrBlock: 10.0.0.0/16, gateway: 10.0.0.9")];
    assert_eq!(lines(&texts, &state), Vec::<String>::new());
    let texts = [subnet("b", "cidrBlock: 10.5.0.0/16")];
    assert_eq!(lines(&texts, &state), ["0.yaml b denied subnet-cidr-overlap <2.yaml"]);
}

#[test]
fn a_pair_of_a_denial_and_a_warning_is_the_denial_in_any_order() {
    let route = "staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.253, policy: policyDst}]";
    let texts = [vpc("v", route), subnet("sn", "vpc: v, cidrBlock: 10.0.1.0/24"), gateway("ngw", "10.0.1.254")];
    for texts in orders(texts.clone()) {
        let found = lines(&texts, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("v denied static-route-lan-ip"), "{found:?}");
    }
    // The Vpc is not among the inputs: the gateway's side is the one to tell.
    let [vpc, subnet, gateway] = texts;
    let state = [vpc, subnet];
    assert_eq!(lines(&[gateway], &state), ["0.yaml ngw warned static-route-lan-ip <0.yaml"]);
}

#[test]
fn objects_without_a_name_are_objects_of_their_own() {
    let generated = |cidr: &str| format!("{SUBNET}metadata: {{generateName: a-}}\nspec: {{cidrBlock: {cidr}}}\n");
    let texts = [generated("10.0.0.0/16"), generated("10.1.0.0/16"), generated("10.1.0.0/24")];
    assert_eq!(lines(&texts, &[]), ["2.yaml a-* denied subnet-cidr-overlap <1.yaml"]);
}

#[test]
fn settings_apply() {
    let texts = [subnet("a", "cidrBlock: 10.0.4.0/24"), subnet("b", "cidrBlock: 10.0.0.0/16")];
    let lines = |settings| lines_with(&texts, &[], &settings);
    assert_eq!(
        lines(json!({"rules": {"subnet-cidr-overlap": "warn"}})),
        ["1.yaml b warned subnet-cidr-overlap <0.yaml"]
    );
    assert!(lines(json!({"rules": {"subnet-cidr-overlap": "off"}})).is_empty());
}

#[test]
fn an_admitted_object_counts_with_what_was_injected() {
    let labelled = "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: v, labels: {vpcguard.io/vpc-lb: 'on'}}\n";
    let again = format!("{labelled}spec: {{}}\n");
    let report = check(&folder(&[labelled.to_owned(), again]), &[], &crate::testing::settings(&json!({}))).unwrap();
    assert_eq!(report.mutations().len(), 2);
    assert!(report.findings().is_empty());
}

#[test]
fn unknown_kinds_are_counted_and_admitted() {
    let text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: x/v1\nkind: Vpc\nmetadata: {name: a}\n";
    let report = check(&folder(&[text.to_owned()]), &[], &crate::testing::settings(&json!({}))).unwrap();
    let wanted = crate::Summary { files: 1, objects: 2, reviewed: 1, deleted: 0, denied: 0, warned: 0 };
    assert_eq!(report.summary(), wanted);
}

#[test]
fn the_objects_of_a_cluster_have_no_place_and_its_kinds_are_known() {
    let settings = Settings::default();
    let object =
        |kind, spec| json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec});
    let state = [Document::live(object("Subnet", json!({"cidrBlock": "10.0.4.0/24"})))];
    let texts = [subnet("b", "cidrBlock: 10.0.0.0/16"), subnet("a", "vpc: v, cidrBlock: 10.0.4.0/24")];
    let offline = check(&folder(&texts), &state, &settings).unwrap();
    assert!(offline.not_evaluated().iter().any(|unseen| unseen.missing.needs == "Node"));
    let report = check_knowing(&folder(&texts), &state, &[Kind::Node, Kind::ServiceCidr], &settings).unwrap();
    assert!(report.not_evaluated().is_empty(), "{:?}", report.not_evaluated());
    let overlap = report.findings().iter().find(|found| found.finding.rule() == "subnet-cidr-overlap").unwrap();
    assert_eq!(overlap.related, [None]);
    assert!(report.to_human().contains("  = related: Subnet \"a\" spec.cidrBlock\n"), "{}", report.to_human());
}

/// What is said by all rules, or by those that the settings leave on, a line each with its place.
fn said(text: &str, settings: &Value) -> Vec<String> {
    let folder = folder(&[text.to_owned()]);
    let report = check(&folder, &[], &Settings::parse(settings).unwrap()).unwrap();
    let line = |located: &LocatedFinding| {
        let start = located.place.as_ref().unwrap().span.unwrap().start;
        let word = if located.is_denial() { "denied" } else { "warned" };
        let (rule, name) = (located.finding.rule(), &located.object.name);
        format!("{}:{} {name} {word} {rule} {}", start.line, start.column, located.finding.field())
    };
    report.findings.iter().filter(|located| located.finding.rule() != "missing-reference").map(line).collect()
}

#[test]
fn a_kind_that_there_is_not_is_found() {
    let text = "apiVersion: kubeovn.io/v1\nkind: SubNet\nmetadata: {name: a}\n---\n\
                apiVersion: kubeovn.io/v2\nkind: BgpConf\nmetadata: {name: b}\n---\n\
                apiVersion: kubeovn.io/v1\nkind: BgpConf\nmetadata: {name: c}\n---\n\
                apiVersion: kubeovn.io/v2\nkind: Vpc\nmetadata: {generateName: d-}\n---\n\
                apiVersion: v1\nkind: SubNet\nmetadata: {name: e}\n";
    let wanted = |word: &str| {
        [
            format!("2:7 a {word} unknown-kind kind"),
            format!("5:13 b {word} unknown-kind apiVersion"),
            format!("13:13 d-* {word} unknown-kind apiVersion"),
        ]
    };
    assert_eq!(said(text, &json!({})), wanted("warned"));
    assert_eq!(said(text, &json!({"rules": {"unknown-kind": "deny"}})), wanted("denied"));
    assert_eq!(said(text, &json!({"rules": {"unknown-kind": "off"}})), Vec::<String>::new());
    let excused = text.replacen("SubNet\n", "SubNet # vpcguard: allow unknown-kind ours\n", 1);
    let folder = folder(&[excused]);
    let settings = Settings::parse(&json!({"rules": {"unknown-kind": "deny"}})).unwrap();
    let report = check(&folder, &[], &settings).unwrap();
    assert_eq!((report.summary().denied, report.summary().warned, report.notes.len()), (2, 1, 0));
}

#[test]
fn a_comment_that_excuses_nothing_is_a_finding() {
    let text = "# vpcguard allow subnet-syntax x\napiVersion: v1\nkind: List\nitems:\n\
                - {apiVersion: v1, kind: Secret, metadata: {name: a}}\n\
                - {apiVersion: v1, kind: Secret, metadata: {name: b}} # VPCguard: allow subnet-syntax x\n---\n\
                apiVersion: kubeovn.io/v1\nkind: Subnet # vpcguard: allow subnet-syntax x\nmetadata:\n  name: c\n  annotations: {vpcguard.io/allow: zzz}\n\
                spec: {cidrBlock: 10.0.0.0/16} # vpcguard-ignore: subnet-syntax\n";
    let wanted = |word: &str| {
        [
            format!("1:1 a {word} allow-annotation comment"),
            format!("6:55 a {word} allow-annotation comment"),
            format!("12:36 c {word} allow-annotation metadata.annotations[vpcguard.io/allow]"),
            format!("13:32 c {word} allow-annotation comment"),
        ]
    };
    assert_eq!(said(text, &json!({})), wanted("warned"));
    assert_eq!(said(text, &json!({"rules": {"allow-annotation": "deny"}})), wanted("denied"));
    assert_eq!(said(text, &json!({"rules": {"allow-annotation": "off"}})), Vec::<String>::new());
}

/// Kube-OVN makes them, and must not be kept from that; a user's file changes them.
#[test]
fn what_kube_ovn_makes_itself_is_judged() {
    let texts = |vpc_spec: &str, gateway: &str| {
        let all = "vpc: ovn-cluster, cidrBlock: 10.16.0.0/16, default: true, gateway: ";
        [
            vpc("ovn-cluster", vpc_spec),
            subnet("join", "vpc: ovn-cluster, cidrBlock: 100.64.0.0/16"),
            subnet("ovn-default", &format!("{all}{gateway}")),
        ]
    };
    assert_eq!(lines(&texts("", "10.16.0.1"), &[]), Vec::<String>::new());
    let found = ["0.yaml ovn-cluster warned missing-reference", "2.yaml ovn-default denied subnet-syntax"];
    assert_eq!(lines(&texts("defaultSubnet: nope", "10.99.0.1"), &[]), found);
}
