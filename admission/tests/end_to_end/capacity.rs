//! `vpcguard capacity` of manifests, and what is said where there is nothing to read.

use serde_json::{Value, json};

use crate::explain::vpcguard;

const TENANTS: &str = "examples/two-tenants";

#[test]
fn the_addresses_of_manifests_are_counted() {
    let (code, out, err) = vpcguard(&["capacity", "--limit", "4", TENANTS], "");
    let wanted = r#"VPC "blue"
  SUBNET     CIDR         GATEWAY   ADDRESSES  EXCLUDED  USED  AVAILABLE
  blue-apps  10.0.1.0/24  10.0.1.1        254         2     -          -
  blue-db    10.0.2.0/24  10.0.2.1        254         1     -          -
  free in 10.0.0.0/8: 10.0.0.0/24, 10.0.3.0/24, 10.0.4.0/22, 10.0.8.0/21 and 12 more"#;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let blue = out.split("\n\n").find(|space| space.starts_with("VPC \"blue\"\n")).unwrap();
    assert_eq!(blue, wanted);
}

#[test]
fn free_prefixes_of_a_length_can_be_had() {
    let (code, out, _) = vpcguard(&["capacity", "--prefix-len", "24", "--limit", "3", TENANTS], "");
    assert_eq!(code, Some(0));
    let wanted = "  free /24 in 10.0.0.0/8: 10.0.0.0/24, 10.0.3.0/24, 10.0.4.0/24 and 65531 more\n";
    assert!(out.contains(wanted), "{out}");
}

/// What is offered is what `check` lets in.
#[test]
fn what_is_free_can_be_had() {
    let (_, out, _) = vpcguard(&["capacity", "--format", "json", "--prefix-len", "25", TENANTS], "");
    let report: Value = serde_json::from_str(&out).unwrap();
    let spaces = report["spaces"].as_array().unwrap();
    let blue = spaces.iter().find(|space| space["vpc"] == "blue").unwrap();
    let free = blue["free"][0]["prefixes"].as_array().unwrap();
    assert_eq!(free.len(), 10);
    for cidr in free {
        let subnet = json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "new"},
                            "spec": {"vpc": "blue", "cidrBlock": cidr}});
        let (code, out, _) = vpcguard(&["check", "--state", TENANTS, "-"], &subnet.to_string());
        assert_eq!(code, Some(0), "{out}");
    }
}

#[test]
fn programs_get_what_kube_ovn_says_of_a_subnet() {
    let subnet = json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "a"},
                        "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/9", "gateway": "10.0.0.1"},
                        "status": {"v4usingIPs": 12, "v4availableIPs": 8_388_593}});
    let (code, out, _) = vpcguard(&["capacity", "--format", "json", "-"], &subnet.to_string());
    assert_eq!(code, Some(0));
    let row = json!({"subnet": "a", "cidr": "10.0.0.0/9", "gateway": "10.0.0.1", "addresses": 8_388_606, "excluded": 1,
                     "used": 12, "available": 8_388_593});
    let free = json!({"range": "10.0.0.0/8", "prefixes": ["10.128.0.0/9"], "more": 0});
    let space = json!({"vpc": "v", "subnets": [row], "free": [free]});
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!({"version": 1, "spaces": [space]}));
}

#[test]
fn what_cannot_be_read_is_an_error_that_says_why() {
    for (args, stdin, said) in [
        (vec![], "", "required"),
        (vec!["--cluster", "a.yaml"], "", "cannot be used with"),
        (vec!["--cluster"], "", "error: no cluster to talk to: "),
        (vec!["--prefix-len", "129", "-"], "", "129"),
        (vec!["nowhere.yaml"], "", "error: nowhere.yaml: "),
        (vec!["--settings", "-", "-"], "", "error: standard input (-) can be read only once"),
        (vec!["-"], "kind: [", "error: <stdin>:"),
    ] {
        let (code, out, err) = vpcguard(&[&["capacity"], args.as_slice()].concat(), stdin);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
    let (code, out, _) = vpcguard(&["capacity", "-"], "{apiVersion: v1, kind: Namespace, metadata: {name: a}}");
    assert_eq!((code, out.as_str()), (Some(0), "no VPCs and no Subnets\n"));
}

#[test]
fn what_says_nothing_is_said() {
    let subnet = |cidr: &str| {
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "a"}, "spec": {"cidrBlock": cidr}})
            .to_string()
    };
    let (code, _, err) = vpcguard(&["capacity", "-"], &subnet("10.0.0.0/33"));
    let wanted = "note: Subnet \"a\": \"10.0.0.0/33\" of spec.cidrBlock is left out: it is not a prefix\n";
    assert_eq!((code, err.as_str()), (Some(0), wanted));
    let (code, out, err) = vpcguard(&["capacity", "--prefix-len", "7", "-"], &subnet("10.0.0.0/24"));
    assert_eq!((code, err.as_str()), (Some(0), "note: no prefix of length 7 is in 10.0.0.0/8, in which Subnets are\n"));
    assert!(!out.contains("free"), "{out}");
    let (code, out, err) = vpcguard(&["capacity", "--limit", "0", TENANTS], "");
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.starts_with("error: invalid value '0' for '--limit <NUMBER>': must be at least 1\n"), "{err}");
    let (code, out, err) = vpcguard(&["capacity", "-"], "a: 1\n");
    let wanted = "error: no object was found: name files with Vpcs and Subnets\n";
    assert_eq!((code, out.as_str(), err.as_str()), (Some(2), "", wanted));
    let other = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}).to_string();
    let (code, out, _) = vpcguard(&["capacity", "-"], &other);
    assert_eq!((code, out.as_str()), (Some(0), "no VPCs and no Subnets\n"));
    let (code, _, err) = vpcguard(&["capacity", "--format", "json", "-"], &other);
    assert_eq!((code, err.as_str()), (Some(0), "note: no VPCs and no Subnets\n"));
}
