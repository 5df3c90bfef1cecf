//! `vpcguard convert`: the gateway of Kube-OVN's guide, of v1.7 to v1.9, and what cannot be converted.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use vpcguard_check::{Source, parse};

use crate::explain::vpcguard;

/// The gateway of the guide, where its VPC and Subnet are right.
const OLD: &str = "examples/guide-fixed/07-nat-gateway.yaml";

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn old() -> String {
    fs::read_to_string(root().join(OLD)).unwrap()
}

/// The objects of a text.
fn objects(text: &str) -> Vec<Value> {
    let parsed = parse(&Source { name: "out.yaml".to_owned(), bytes: text.as_bytes().to_vec() });
    assert_eq!(parsed.errors, []);
    parsed.documents.into_iter().map(|document| document.object).collect()
}

fn names(objects: &[Value]) -> Vec<String> {
    let name = |object: &Value| {
        format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
    };
    objects.iter().map(name).collect()
}

#[test]
fn what_is_printed_passes_check_beside_the_rest_of_the_guide() {
    let (code, out, err) = vpcguard(&["convert", "examples/guide-fixed"], "");
    assert_eq!(code, Some(0), "{err}");
    assert!(err.starts_with("note: not printed, for there is nothing to convert in it: "), "{err}");
    assert_eq!(
        names(&objects(&out)),
        [
            "VpcNatGateway ngw",
            "IptablesEIP ngw-eip-192-168-0-111",
            "IptablesEIP ngw-eip-192-168-0-112",
            "IptablesFIPRule ngw-fip-192-168-0-111",
            "IptablesDnatRule ngw-dnat-192-168-0-112-8888-tcp",
            "IptablesSnatRule ngw-snat-192-168-0-112-10-0-1-0-24",
        ]
    );
    assert!(out.contains("cidrBlock: 192.168.0.0/24, gateway: 192.168.0.254\n"), "{out}");

    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(root().join("examples/guide-fixed")).unwrap() {
        let file = file.unwrap();
        if file.file_name() != "07-nat-gateway.yaml" {
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
    }
    // What the comment asks for.
    let subnet = json!({
        "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "ovn-vpc-external-network"},
        "spec": {"protocol": "IPv4", "provider": "ovn-vpc-external-network.kube-system", "cidrBlock": "192.168.0.0/24",
                 "gateway": "192.168.0.254"},
    });
    let nad = json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "ovn-vpc-external-network", "namespace": "kube-system"},
        "spec": {"config": json!({
            "cniVersion": "0.3.0", "type": "macvlan", "master": "eth1", "mode": "bridge",
            "ipam": {"type": "kube-ovn", "server_socket": "/run/openvswitch/kube-ovn-daemon.sock",
                     "provider": "ovn-vpc-external-network.kube-system"},
        }).to_string()},
    });
    fs::write(folder.path().join("05-external.json"), format!("{subnet}\n{nad}")).unwrap();
    fs::write(folder.path().join("07-new.yaml"), &out).unwrap();
    let path = folder.path().to_str().unwrap();
    let (code, report, err) = vpcguard(&["check", "--format", "json", "--fail-on", "warning", path], "");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((code, &report["findings"]), (Some(0), &json!([])), "{err}{report:#}");
    assert!(!report["notes"].to_string().contains("vpcguard convert"), "{report:#}");
}

#[test]
fn what_is_printed_alone_has_no_finding_but_missing_references() {
    let (_, out, err) = vpcguard(&["convert", "-"], &old());
    assert_eq!(err, "");
    let (_, report, _) = vpcguard(&["check", "--format", "json", "-"], &out);
    let report: Value = serde_json::from_str(&report).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    for finding in findings {
        assert_eq!((&finding["rule"], &finding["action"]), (&json!("missing-reference"), &json!("warn")), "{finding}");
    }
    let (code, again, err) = vpcguard(&["convert", "-"], &out);
    assert_eq!((code, again.as_str()), (Some(0), ""));
    assert!(err.starts_with("note: there is nothing to convert: "), "{err}");
}

#[test]
fn what_would_take_the_place_of_another_object_is_told() {
    let taken = "---\napiVersion: kubeovn.io/v1\nkind: IptablesEIP\nmetadata: {name: ngw-eip-192-168-0-111}\nspec: {natGwDp: other}\n";
    let (code, out, err) = vpcguard(&["convert", "-"], &format!("{}{taken}", old()));
    let wanted = "note: IptablesEIP \"ngw-eip-192-168-0-111\" stands in <stdin>:";
    assert!(code == Some(0) && err.contains(wanted) && err.contains("rename one of the two"), "{err}");
    assert_eq!(out, vpcguard(&["convert", OLD], "").1);
}

#[test]
fn programs_get_a_list_and_the_comments_apart() {
    let (_, yaml, _) = vpcguard(&["convert", OLD], "");
    let (code, out, err) = vpcguard(&["convert", "--format", "json", OLD], "");
    let list: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &list["kind"], list["items"].as_array()), (Some(0), &json!("List"), Some(&objects(&yaml))));
    assert!(err.contains("note: IptablesEIP \"ngw-eip-192-168-0-111\": spec.eips[0] was 192.168.0.111/24"), "{err}");
}

#[test]
fn what_kubectl_lists_of_a_newer_cluster_is_recovered() {
    let mut stored = objects(&old()).swap_remove(0);
    let applied = stored.to_string();
    for field in ["eips", "floatingIpRules", "dnatRules", "snatRules"] {
        stored["spec"].as_object_mut().unwrap().remove(field);
    }
    stored["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": applied});
    stored["metadata"]["resourceVersion"] = json!("7");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [stored]}).to_string();
    let (code, out, err) = vpcguard(&["convert", "-"], &list);
    let (_, whole, _) = vpcguard(&["convert", OLD], "");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("the API server has dropped them"), "{out}");
    assert_eq!(objects(&out), objects(&whole));
    let (_, report, _) = vpcguard(&["check", "-"], &list);
    assert!(report.contains("in what was applied last"), "{report}");
}

#[test]
fn what_cannot_be_converted_is_said_with_its_place_and_nothing_is_printed() {
    let wrong = old()
        .replace("externalPort: '8888'", "externalPort: http")
        .replace("- eip: 192.168.0.111", "- eip: 192.168.0.9");
    let (code, out, err) = vpcguard(&["convert", "-"], &wrong);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    let lines: Vec<_> = err.lines().collect();
    let [eip, port] = lines.as_slice() else { panic!("{err}") };
    let eip_said = "VpcNatGateway \"ngw\": spec.floatingIpRules[0].eip: Invalid value: \"192.168.0.9\": no entry of spec.eips has this address";
    assert!(eip.starts_with("error: <stdin>:") && eip.contains(eip_said), "{eip}");
    assert!(port.contains("spec.dnatRules[0].externalPort: Invalid value: \"http\": must be a port"), "{port}");
}

#[test]
fn what_cannot_be_read_is_an_error() {
    for (args, stdin, said) in [
        (["-", "-"], "", "standard input (-) can be read only once"),
        (["-", "/nonexistent.yaml"], "kind: [", "<stdin>:"),
        (["-", "examples/guide-fixed/nowhere.yaml"], "", "nowhere.yaml"),
        (["-", "--no-ignore"], "a: b", "no object was found"),
    ] {
        let (code, out, err) = vpcguard(&[&["convert"], args.as_slice()].concat(), stdin);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.starts_with("error: ") && err.contains(said), "{err}");
    }
    assert_eq!(vpcguard(&["convert"], "").0, Some(2));
}

#[test]
fn check_points_to_it() {
    let (code, report, _) = vpcguard(&["check", "examples/guide-fixed"], "");
    let note = "note: examples/guide-fixed/07-nat-gateway.yaml:2:1: VpcNatGateway \"ngw\" has eips, floatingIpRules, dnatRules, snatRules \
        in its spec, which Kube-OVN reads up to v1.9 alone: `vpcguard convert` writes today's objects\n";
    assert!(code == Some(0) && report.contains(note), "{report}");
}
