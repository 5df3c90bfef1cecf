use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::text::{Form, Reader, Text};
use super::{inside, iptables, ovn};
use crate::kinds::LAST_APPLIED;
use crate::rules::support::testing::{Cluster, as_warning, create};

/// What a shell reads as more than a text.
const FOR_A_SHELL: [&str; 12] = [";", "$", "`", "|", "&", ">", "<", "\n", "\"", "'", " ", "\\"];

/// What reaches a shell in some release, as its source has it: kind or list, and field.
const REACHES_A_SHELL: [&str; 18] = [
    "IptablesDnatRule.externalPort",
    "IptablesDnatRule.internalIp",
    "IptablesDnatRule.internalPort",
    "IptablesDnatRule.protocol",
    "IptablesEIP.v4ip",
    "IptablesFIPRule.internalIp",
    "IptablesSnatRule.internalCIDR",
    "dnatRules.eip",
    "dnatRules.externalPort",
    "dnatRules.internalIp",
    "dnatRules.internalPort",
    "dnatRules.protocol",
    "eips.eipCIDR",
    "eips.gateway",
    "floatingIpRules.eip",
    "floatingIpRules.internalIp",
    "snatRules.eip",
    "snatRules.internalCIDR",
];

fn cluster() -> Cluster {
    Cluster::of(super::RULE.id)
}

/// A field of every table, and whether a shell is given it.
struct Field {
    of: &'static str,
    name: &'static str,
    reaches_a_shell: bool,
    is_name: bool,
}

fn fields() -> Vec<Field> {
    fn add<T>(fields: &mut Vec<Field>, of: &'static str, texts: &'static [Text<T>]) {
        fields.extend(texts.iter().map(|text| Field {
            of,
            name: text.field,
            reaches_a_shell: matches!(text.reader, Reader::Shell | Reader::ShellOfV110 | Reader::ShellOfPort),
            is_name: matches!(text.form, Form::Name),
        }));
    }
    let mut fields = Vec::new();
    add(&mut fields, "eips", inside::EIPS);
    add(&mut fields, "floatingIpRules", inside::FLOATING_IP_RULES);
    add(&mut fields, "dnatRules", inside::DNAT_RULES);
    add(&mut fields, "snatRules", inside::SNAT_RULES);
    add(&mut fields, "IptablesEIP", iptables::EIP);
    add(&mut fields, "IptablesFIPRule", iptables::FIP);
    add(&mut fields, "IptablesDnatRule", iptables::DNAT);
    add(&mut fields, "IptablesSnatRule", iptables::SNAT);
    add(&mut fields, "OvnEip", ovn::EIP);
    add(&mut fields, "OvnFip", ovn::FIP);
    add(&mut fields, "OvnFip", ovn::TARGET);
    add(&mut fields, "OvnDnatRule", ovn::DNAT);
    add(&mut fields, "OvnDnatRule", ovn::TARGET);
    add(&mut fields, "OvnSnatRule", ovn::SNAT);
    add(&mut fields, "RouterLBRule", ovn::ROUTER_LB);
    fields
}

/// The spec of an object of each kind, or an element of each list, that is right.
fn right(of: &str) -> Value {
    match of {
        "eips" => json!({"eipCIDR": "192.168.0.111/24", "gateway": "192.168.0.254"}),
        "floatingIpRules" => json!({"eip": "192.168.0.111", "internalIp": "10.0.1.5"}),
        "dnatRules" => {
            json!({"eip": "192.168.0.111", "externalPort": "8888", "protocol": "tcp", "internalIp": "10.0.1.10", "internalPort": "80"})
        }
        "snatRules" => json!({"eip": "192.168.0.111", "internalCIDR": "10.0.1.0/24"}),
        "IptablesEIP" => json!({"natGwDp": "gw", "v4ip": "192.168.0.10"}),
        "IptablesFIPRule" => json!({"eip": "e", "internalIp": "10.0.1.5"}),
        "IptablesDnatRule" => {
            json!({"eip": "e", "externalPort": "443", "internalPort": "8443", "internalIp": "10.0.1.5", "protocol": "TCP", "type": "share"})
        }
        "IptablesSnatRule" => json!({"eip": "e", "internalCIDR": "10.0.1.5"}),
        "OvnEip" => json!({"type": "nat", "v4Ip": "172.18.0.10,fd00::a", "v6Ip": "fd00::a"}),
        "OvnFip" => json!({"ovnEip": "e", "ipName": "pod-a.ns1", "type": "centralized"}),
        "OvnDnatRule" => {
            json!({"ovnEip": "e", "vpc": "v", "v4Ip": "10.0.1.5", "v6Ip": "FD00::5", "externalPort": "1", "internalPort": "65535", "protocol": "sctp"})
        }
        "OvnSnatRule" => json!({"ovnEip": "e", "vpc": "v", "v4IpCidr": "10.0.1.0/24", "v6IpCidr": "fd00::/64"}),
        _ => json!({
            "ovnEip": "e", "vpc": "v", "namespace": "ns1", "selector": ["app:web", "tier: a"], "endpoints": ["10.0.1.5"],
            "ports": [{"name": "a", "port": 443, "targetPort": 8443, "protocol": "TCP"}, {"port": 65535}], "sessionAffinity": "None",
        }),
    }
}

fn object(of: &str, spec: Value) -> Value {
    if of.ends_with('s') {
        json!({"kind": "VpcNatGateway", "name": "gw", "spec": {of: [spec]}})
    } else {
        json!({"kind": of, "name": "n", "spec": spec})
    }
}

fn with(of: &str, changes: &Value) -> Value {
    let mut spec = right(of);
    for (field, value) in changes.as_object().unwrap() {
        spec[field] = value.clone();
    }
    object(of, spec)
}

fn refuses(of: &str, changes: &Value, wanted: &[&str]) {
    let wanted: Vec<_> = wanted.iter().map(|wanted| format!("spec.{wanted} [nat-rule-syntax]")).collect();
    cluster().refuses(&with(of, changes), &wanted.iter().map(String::as_str).collect::<Vec<_>>());
}

fn warns(of: &str, changes: &Value, wanted: &str) {
    cluster().warns(&with(of, changes), &[&as_warning(&format!("spec.{wanted} [nat-rule-syntax]"))]);
}

fn accepts(of: &str, changes: &Value) {
    cluster().accepts(&with(of, changes));
}

#[test]
fn no_text_that_reaches_a_shell_says_anything_to_it() {
    let fields = fields();
    let reach: BTreeSet<_> = fields
        .iter()
        .filter(|field| field.reaches_a_shell)
        .map(|field| format!("{}.{}", field.of, field.name))
        .collect();
    let wanted: BTreeSet<_> = REACHES_A_SHELL.iter().map(|field| (*field).to_owned()).collect();
    assert_eq!(reach, wanted);
    for Field { of, name, .. } in fields.iter().filter(|field| field.reaches_a_shell || field.is_name) {
        let right = right(of)[name].as_str().unwrap_or("a").to_owned();
        for meta in FOR_A_SHELL {
            for hostile in
                [format!("{right}{meta}reboot"), format!("{meta}{right}"), format!("{right}{meta}"), meta.to_owned()]
            {
                let verdict = cluster().verdict(&create(&with(of, &json!({*name: hostile}))));
                let said = verdict.findings.iter().any(|finding| finding.field().to_string().ends_with(name));
                assert!(!verdict.allowed && said, "{of}.{name}: {hostile:?}");
            }
        }
    }
}

/// `missing-reference` leaves such a name to this rule, where this rule is on.
#[test]
fn a_name_that_no_object_can_have_is_told_once() {
    let told = |cluster: &Cluster, object: &Value, field: &str| {
        let verdict = cluster.verdict(&create(object));
        let of_field = |found: &&crate::finding::Reported| found.field().to_string() == field;
        let rules = verdict.findings.iter().chain(&verdict.warnings).filter(of_field).map(|found| found.rule);
        rules.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    let mut names: Vec<_> = fields()
        .iter()
        .filter(|field| field.is_name)
        .map(|field| (with(field.of, &json!({field.name: "My EIP"})), format!("spec.{}", field.name)))
        .collect();
    let gateway = |spec: Value| json!({"kind": "VpcNatGateway", "name": "gw", "spec": spec});
    names.push((gateway(json!({"externalSubnets": ["My EIP"]})), "spec.externalSubnets[0]".to_owned()));
    names.push((gateway(json!({"qosPolicy": "My EIP"})), "spec.qosPolicy".to_owned()));
    for (object, field) in &names {
        assert_eq!(told(&Cluster::new().seeing_all(), object, field), [super::RULE.id], "{object}");
    }
    let off = || Cluster::new().seeing_all().settings(&json!({"rules": {super::RULE.id: "off"}}));
    let said = told(&off(), &with("IptablesFIPRule", &json!({"eip": "My EIP"})), "spec.eip");
    assert_eq!(said, ["missing-reference"]);
}

#[test]
fn what_is_read_as_it_is_meant_is_accepted() {
    let all: BTreeSet<_> = fields().iter().map(|field| field.of).collect();
    for of in all {
        accepts(of, &json!({}));
    }
    accepts("IptablesSnatRule", &json!({"internalCIDR": "10.0.1.7/24"}));
    accepts("IptablesEIP", &json!({"v4ip": "", "qosPolicy": "q", "externalSubnet": "e"}));
    accepts("IptablesDnatRule", &json!({"protocol": "udp", "type": ""}));
    accepts("OvnEip", &json!({"type": "", "v4Ip": "", "v6Ip": ""}));
    accepts("OvnFip", &json!({"ipName": "", "vpc": "v", "v6Ip": "fd00::5", "type": ""}));
    accepts("OvnSnatRule", &json!({"vpc": "", "v4IpCidr": "", "v6IpCidr": "", "vpcSubnet": "s"}));
    accepts("OvnSnatRule", &json!({"v4IpCidr": ""}));
}

#[test]
fn each_form_is_told() {
    let shell = "Kube-OVN up to v1.14, and v1.15.0, hands it to a shell as it is, and later releases leave it out";
    let of_port = "Kube-OVN up to v1.14, and v1.15.0, hands it to a shell as it is; later releases hand the gateway a number with a sign or zeros before it as it is, and leave all else out";
    for (port, shown) in [("080", "080"), ("+80", "+80"), ("65536", "65536"), ("0", "0"), ("http", "http")] {
        let wanted = format!(
            r#"externalPort: Invalid value: "{shown}": must be a number from 1 to 65535, without a sign or zeros before it: {of_port}"#
        );
        refuses("IptablesDnatRule", &json!({"externalPort": port}), &[&wanted]);
    }
    let wanted = format!(r#"protocol: Invalid value: "sctp": must be tcp or udp: {shell}"#);
    refuses("IptablesDnatRule", &json!({"protocol": "sctp"}), &[&wanted]);
    let wanted = format!(r#"internalIp: Invalid value: "fd00::5": must be one IPv4 address: {shell}"#);
    refuses("IptablesFIPRule", &json!({"internalIp": "fd00::5"}), &[&wanted]);
    for text in ["10.0.1.0/24,10.0.2.0/24", "10.0.1.0/024", "fd00::/64", "::ffff:10.0.0.0/120", "10.0.1.0/33"] {
        let wanted = format!(r#"internalCIDR: Invalid value: "{text}": must be one IPv4 prefix or address: {shell}"#);
        refuses("IptablesSnatRule", &json!({"internalCIDR": text}), &[&wanted]);
    }
    let unread =
        "Kube-OVN sets up no EIP with upper case in it, with a line in its log, and does not read what else it says";
    for (of, field) in [("IptablesEIP", "v6ip"), ("OvnEip", "v6Ip")] {
        let wanted = format!(r#"{field}: Invalid value: "FD00::A": must be one IPv6 address, in lower case: {unread}"#);
        refuses(of, &json!({field: "FD00::A"}), &[&wanted]);
        assert_eq!(cluster().verdict(&create(&with(of, &json!({field: "FD00::A"})))).warnings, []);
    }
    let v110 = "Kube-OVN v1.10 hands it to a shell as it is, with each rule of the EIP, and later releases give the EIP no address, with a line in their logs";
    let ipam = "Kube-OVN gives the EIP no address, with a line in its log";
    for text in
        ["fd00::a,10.0.0.1", "10.0.0.1, fd00::a", "10.0.0.1,10.0.0.2", "10.0.0.1,fd00::a,fd00::b", "10.0.0.1/24", ","]
    {
        let wanted = format!(r#"v4ip: Invalid value: "{text}": must be one IPv4 address: {v110}"#);
        refuses("IptablesEIP", &json!({"v4ip": text}), &[&wanted]);
        let wanted = format!(
            r#"v4Ip: Invalid value: "{text}": must be one address, or an IPv4 and an IPv6 address with a comma between: {ipam}"#
        );
        refuses("OvnEip", &json!({"v4Ip": text}), &[&wanted]);
    }
    for text in ["10.0.0.1", "fd00::a", "FD00::A", "10.0.0.1,FD00::A"] {
        accepts("OvnEip", &json!({"v4Ip": text, "v6Ip": ""}));
    }
    let log = "Kube-OVN leaves it out, with a line in its log";
    let wanted = format!(r#"type: Invalid value: "Share": must be exactly exclusive, share: {log}"#);
    refuses("IptablesDnatRule", &json!({"type": "Share"}), &[&wanted]);
    let wanted = format!(r#"ovnEip: Invalid value: "My_EIP": is not a name that an object can have: {log}"#);
    refuses("OvnFip", &json!({"ovnEip": "My_EIP"}), &[&wanted]);
    let ovn = "OVN refuses it, with a line in Kube-OVN's log";
    let wanted = format!(r#"protocol: Invalid value: "TCP": must be exactly tcp, udp, sctp: {ovn}"#);
    refuses("OvnDnatRule", &json!({"protocol": "TCP"}), &[&wanted]);
    let wanted = format!(r#"v6IpCidr: Invalid value: "10.0.0.0/8": must be one IPv6 prefix or address: {ovn}"#);
    refuses("OvnSnatRule", &json!({"v6IpCidr": "10.0.0.0/8"}), &[&wanted]);
}

#[test]
fn what_a_rule_cannot_be_without_is_named() {
    let missing = "Required value: Kube-OVN leaves the object out without it";
    for (of, field) in [("IptablesEIP", "natGwDp"), ("IptablesFIPRule", "eip"), ("RouterLBRule", "vpc")] {
        refuses(of, &json!({field: ""}), &[&format!("{field}: {missing}")]);
    }
    refuses("dnatRules", &json!({"internalPort": ""}), &[&format!("dnatRules[0].internalPort: {missing}")]);
    let nowhere = "ipName: Required value: nothing is said of where it leads to";
    refuses("OvnFip", &json!({"ipName": "", "vpc": "v"}), &[nowhere]);
    let no_vpc = "vpc: Required value: an address alone does not say of which VPC it is";
    refuses("OvnDnatRule", &json!({"vpc": ""}), &[no_vpc]);
    refuses("OvnSnatRule", &json!({"vpc": "", "vpcSubnet": ""}), &[no_vpc]);
    refuses("OvnSnatRule", &json!({"vpc": "", "v4IpCidr": ""}), &[no_vpc]);
    let nobody = "vpcSubnet: Required value: nothing is said of what it is for";
    refuses("OvnSnatRule", &json!({"v4IpCidr": "", "v6IpCidr": ""}), &[nobody]);
    refuses(
        "RouterLBRule",
        &json!({"ports": []}),
        &["ports: Required value: Kube-OVN leaves the rule out without a port"],
    );
}

#[test]
fn an_address_of_an_old_gateway_lies_in_the_network_of_its_router() {
    let outside = r#"eips[0].gateway: Invalid value: "192.168.1.254": is not in 192.168.0.0/24: the gateway has no way out by it"#;
    refuses("eips", &json!({"gateway": "192.168.1.254"}), &[outside]);
    let own = r#"eips[0].gateway: Invalid value: "192.168.0.111": is the EIP's own address: the gateway has no way out by it"#;
    refuses("eips", &json!({"gateway": "192.168.0.111"}), &[own]);
    let names =
        json!({"kind": "VpcNatGateway", "name": "gw", "spec": {"externalSubnets": ["a b"], "qosPolicy": "$(x)"}});
    let no_name =
        "is not a name that an object can have: Kube-OVN leaves it out, with a line in its log [nat-rule-syntax]";
    let wanted = [
        format!(r#"spec.externalSubnets[0]: Invalid value: "a b": {no_name}"#),
        format!(r#"spec.qosPolicy: Invalid value: "$(x)": {no_name}"#),
    ];
    cluster().refuses(&names, &[&wanted[0], &wanted[1]]);
}

#[test]
fn of_what_stands_in_a_gateway_it_is_said_how_to_write_it_today() {
    let spec = json!({
        "vpc": "blue",
        "subnet": "apps",
        "eips": [{"eipCIDR": "192.0.2.10", "gateway": ""}, {"eipCIDR": "192.0.2.11/24", "gateway": "192.0.2.11"}],
        "floatingIpRules": [{"eip": "192.0.2.9", "internalIp": "10.9.0.1"}, {"eip": "192.0.2.9", "internalIp": "x"}],
        "dnatRules": [{"eip": "192.0.2.9", "externalPort": "*"}],
        "snatRules": [
            {"eip": "192.0.2.11", "internalCIDR": "10.0.0.0/16"},
            {"eip": "192.0.2.11", "internalCIDR": "10.0.0.0/16"},
            {"eip": "192.0.2.12", "internalCIDR": "10.0.1.0/24"},
        ],
    });
    let gateway = json!({"kind": "VpcNatGateway", "name": "gw", "spec": spec});
    let subnet = json!({"kind": "Subnet", "name": "apps", "spec": {"vpc": "blue", "cidrBlock": "10.0.1.0/24"}});
    let vpc = json!({"kind": "Vpc", "name": "blue"});
    for (rule, least) in [("nat-rule-syntax", 6), ("nat-rule-conflict", 4), ("nat-rule-reference", 4)] {
        let verdict = Cluster::of(rule).with(vpc.clone()).with(subnet.clone()).verdict(&create(&gateway));
        let found: Vec<_> = verdict.findings.iter().chain(&verdict.warnings).collect();
        assert!(found.len() >= least, "{rule}: {found:?}");
        for finding in found {
            let help = finding.help_text();
            assert!(
                help.ends_with("Since v1.10 it is an object of its own: vpcguard convert writes today's objects."),
                "{help}"
            );
        }
    }
}

#[test]
fn what_the_api_server_has_dropped_is_judged_too() {
    let applied = r#"{"spec": {"floatingIpRules": [{"eip": "192.168.0.111", "internalIp": "$(reboot)"}]}}"#;
    let gateway = json!({"kind": "VpcNatGateway", "name": "gw", "annotations": {LAST_APPLIED: applied}, "spec": {}});
    let wanted = r#"spec.floatingIpRules[0].internalIp: Invalid value: "$(reboot)": must be one IPv4 address: Kube-OVN up to v1.14, and v1.15.0, hands it to a shell as it is, and later releases leave it out [nat-rule-syntax]"#;
    cluster().refuses(&gateway, &[wanted]);
}

#[test]
fn what_is_passed_over_is_a_warning() {
    let mac = "macAddress: Forbidden: Kube-OVN gives the EIP another MAC address";
    warns("IptablesEIP", &json!({"macAddress": "00:00:00:00:00:01"}), mac);
    let unread = "v6ip: Forbidden: NAT gateways serve IPv4 alone, and Kube-OVN does not read this address";
    warns("IptablesEIP", &json!({"v4ip": "", "v6ip": "fd00::a"}), unread);
    warns("IptablesEIP", &json!({"v6ip": "fd00::a"}), unread);
    let second = "v4ip: Forbidden: NAT gateways serve IPv4 alone: of a dual-stack Subnet both are taken, and nothing comes in by the second";
    warns("IptablesEIP", &json!({"v4ip": "192.168.0.10,fd00::a", "v6ip": "fd00::a"}), second);
    let unread =
        "v6Ip: Forbidden: Kube-OVN reads v4Ip alone: in a Subnet with IPv6 it draws an address in place of this one";
    for (v4, help) in [
        ("172.18.0.10", r#"Write v4Ip: "172.18.0.10,fd00::a" in a dual-stack Subnet, else leave it out."#),
        ("", "Write it in v4Ip, in a dual-stack Subnet behind an IPv4 address and a comma, or leave it out."),
        ("172.18.0.10,fd00::b", "Leave it out."),
        ("fd00::b", "Leave it out."),
    ] {
        let spec = json!({"v4Ip": v4, "v6Ip": "fd00::a"});
        warns("OvnEip", &spec, unread);
        let verdict = cluster().verdict(&create(&object("OvnEip", spec)));
        assert_eq!(verdict.warnings[0].finding.help_text(), help);
    }
    // Kube-OVN has written these.
    let given = json!({"kind": "IptablesEIP", "name": "e", "spec": {"natGwDp": "gw", "v4ip": "192.168.0.10", "macAddress": "00:00:00:00:00:01"},
        "status": {"ready": true, "ip": "192.168.0.10"}});
    cluster().accepts(&given);
    let wins =
        |field: &str, winner: &str| format!("{field}: Forbidden: Kube-OVN passes it over, for {winner} is there");
    warns("OvnSnatRule", &json!({"vpcSubnet": "s"}), &wins("vpcSubnet", "v4IpCidr"));
    warns("OvnSnatRule", &json!({"ipName": "p.ns1"}), &wins("ipName", "v4IpCidr"));
    warns("OvnSnatRule", &json!({"v4IpCidr": "", "vpcSubnet": "s"}), &wins("v6IpCidr", "vpcSubnet"));
    warns("OvnSnatRule", &json!({"v4IpCidr": "", "ipName": "p.ns1"}), &wins("v6IpCidr", "ipName"));
    warns(
        "OvnSnatRule",
        &json!({"v4IpCidr": "", "v6IpCidr": "", "vpcSubnet": "s", "ipName": "p.ns1"}),
        &wins("ipName", "vpcSubnet"),
    );
    warns(
        "OvnFip",
        &json!({"type": "Centralized"}),
        r#"type: Unsupported value: "Centralized": supported values: "distributed", "centralized""#,
    );
    warns("OvnFip", &json!({"ipType": "VIP"}), r#"ipType: Unsupported value: "VIP": supported values: "ip", "vip""#);
}

#[test]
fn what_a_service_cannot_be_made_of_is_refused() {
    let no_port = "must be a port from 1 to 65535: the API server refuses the Service that Kube-OVN makes of it";
    let ports = json!({"ports": [{"targetPort": 80}, {"port": 65536}, {"port": 1, "targetPort": -1}]});
    let wanted = [
        format!("ports[0].port: Invalid value: 0: {no_port}"),
        format!("ports[1].port: Invalid value: 65536: {no_port}"),
        format!("ports[2].targetPort: Invalid value: -1: {no_port}"),
    ];
    refuses("RouterLBRule", &ports, &[&wanted[0], &wanted[1], &wanted[2]]);
    let log = "Kube-OVN leaves it out, with a line in its log";
    let wanted = format!(r#"ports[0].protocol: Invalid value: "tcp": must be exactly TCP, UDP, SCTP: {log}"#);
    refuses("RouterLBRule", &json!({"ports": [{"port": 1, "protocol": "tcp"}]}), &[&wanted]);
    let wanted = r#"selector[1]: Invalid value: "app=web": must be one label and its value, with a colon between: Kube-OVN leaves it out"#;
    refuses("RouterLBRule", &json!({"selector": ["a:b", "app=web"]}), &[wanted]);
    let wanted = format!(r#"endpoints[0]: Invalid value: "web": must be one address: {log}"#);
    refuses("RouterLBRule", &json!({"endpoints": ["web"]}), &[&wanted]);
    let wanted = format!(r#"sessionAffinity: Invalid value: "clientip": must be exactly None, ClientIP: {log}"#);
    refuses("RouterLBRule", &json!({"sessionAffinity": "clientip"}), &[&wanted]);
}
