//! Who vpcguard is in a cluster, and the least that it must be allowed.

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use vpcguard_policies::kinds::{READ_CONFIG_MAPS, by_group};
use vpcguard_policies::{Inventory, Kind, Settings};

use super::{NAME, NAMESPACE, metadata, metadata_in, object, texts};
use crate::cluster::repair::sweep;
use crate::ledger::crd::GROUP;

/// The Secret with the CA, and the Role over it.
const CA: &str = "vpcguard-ca";

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 6] = ["get", "list", "watch", "create", "update", "delete"];

/// The namespace and the account that vpcguard runs in and as.
pub(super) fn account() -> serde_json::Result<[Value; 2]> {
    let namespace = ObjectMeta { name: Some(NAMESPACE.to_owned()), ..metadata() };
    Ok([
        object(Namespace { metadata: namespace, ..Namespace::default() })?,
        object(ServiceAccount { metadata: metadata_in(NAMESPACE), ..ServiceAccount::default() })?,
    ])
}

/// What the account may do.
pub(super) fn permissions(settings: &Settings) -> serde_json::Result<[Value; 6]> {
    let kube_ovn = settings.kube_ovn.namespace.as_str();
    Ok([
        object(ClusterRole { metadata: metadata(), rules: Some(cluster_rules(settings)), ..ClusterRole::default() })?,
        object(ClusterRoleBinding {
            metadata: metadata(),
            role_ref: role_ref("ClusterRole"),
            subjects: Some(vec![subject()]),
        })?,
        object(Role { metadata: metadata_in(kube_ovn), rules: Some(vec![config_maps()]) })?,
        object(RoleBinding {
            metadata: metadata_in(kube_ovn),
            role_ref: role_ref("Role"),
            subjects: Some(vec![subject()]),
        })?,
        object(Role { metadata: of_the_ca(), rules: Some(ca_rules()) })?,
        object(RoleBinding {
            metadata: of_the_ca(),
            role_ref: RoleRef { name: CA.to_owned(), ..role_ref("Role") },
            subjects: Some(vec![subject()]),
        })?,
    ])
}

fn cluster_rules(settings: &Settings) -> Vec<PolicyRule> {
    // IPs are as many as Pods, and watched where the settings say so.
    let is_watched = |kind: &Kind| Inventory::keeps(*kind) && *kind != Kind::Ip;
    // ConfigMaps are a matter of one namespace.
    let watched = Kind::ALL.iter().copied().filter(is_watched).filter(|kind| *kind != Kind::ConfigMap);
    // What is where it may not be is looked for once in a while, and not kept in memory.
    let swept = sweep::kinds().filter(|kind| !is_watched(kind) && *kind != Kind::Ip);
    let mut rules: Vec<_> =
        by_group(watched).into_iter().map(|(group, plurals)| allow(group, &plurals, &READ)).collect();
    let of_ips = if settings.read_ips { &READ[..] } else { &["list"] };
    rules.push(allow(Kind::Ip.group(), &[Kind::Ip.plural()], of_ips));
    rules.extend(by_group(swept).into_iter().map(|(group, plurals)| allow(group, &plurals, &["list"])));
    rules.extend([
        allow(GROUP, &["addressledgers", "addressindices"], &WRITE),
        allow(GROUP, &["addressindices/status"], &["update"]),
        allow("events.k8s.io", &["events"], &["create"]),
        // Whether its own two are there, and their caBundle.
        PolicyRule {
            resource_names: Some(texts(&[NAME])),
            ..allow(
                "admissionregistration.k8s.io",
                &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
                &["get", "patch"],
            )
        },
    ]);
    rules
}

/// The one Secret that is vpcguard's. What does not exist yet cannot be allowed by name.
fn ca_rules() -> Vec<PolicyRule> {
    vec![
        PolicyRule { resource_names: Some(texts(&[CA])), ..allow("", &["secrets"], &["get", "update"]) },
        allow("", &["secrets"], &["create"]),
    ]
}

fn of_the_ca() -> ObjectMeta {
    ObjectMeta { name: Some(CA.to_owned()), ..metadata_in(NAMESPACE) }
}

/// By name: the namespace may hold anybody's ConfigMaps. A list or a watch is allowed then if it selects one name.
fn config_maps() -> PolicyRule {
    PolicyRule { resource_names: Some(texts(READ_CONFIG_MAPS)), ..allow("", &[Kind::ConfigMap.plural()], &READ) }
}

fn allow(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(texts(&[group])),
        resources: Some(texts(resources)),
        verbs: texts(verbs),
        ..PolicyRule::default()
    }
}

fn role_ref(kind: &str) -> RoleRef {
    RoleRef { api_group: Some("rbac.authorization.k8s.io".to_owned()), kind: kind.to_owned(), name: NAME.to_owned() }
}

fn subject() -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: NAME.to_owned(),
        namespace: Some(NAMESPACE.to_owned()),
        ..Subject::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_more_is_allowed() {
        let settings = Settings::default();
        let text = |rule: PolicyRule| {
            let list = |list: Option<Vec<String>>| list.unwrap_or_default().join(",");
            format!("{}: {}: {}", list(rule.api_groups), list(rule.resources), rule.verbs.join(","))
        };
        let rules: Vec<_> = cluster_rules(&settings).into_iter().map(text).collect();
        assert_eq!(
            rules,
            [
                "kubeovn.io: vpcs,subnets,vpc-nat-gateways,vpc-egress-gateways,iptables-eips,iptables-fip-rules,iptables-dnat-rules,iptables-snat-rules,ovn-eips,ovn-fips,ovn-dnat-rules,ovn-snat-rules,router-lb-rules,switch-lb-rules,vpc-dnses,ippools,vips,vlans,provider-networks,security-groups,qos-policies,bgp-confs,evpn-confs: get,list,watch",
                ": namespaces,nodes: get,list,watch",
                "networking.k8s.io: servicecidrs: get,list,watch",
                "k8s.cni.cncf.io: network-attachment-definitions: get,list,watch",
                "kubeovn.io: ips: list",
                ": services,pods: list",
                "discovery.k8s.io: endpointslices: list",
                "vpcguard.io: addressledgers,addressindices: get,list,watch,create,update,delete",
                "vpcguard.io: addressindices/status: update",
                "events.k8s.io: events: create",
                "admissionregistration.k8s.io: mutatingwebhookconfigurations,validatingwebhookconfigurations: get,patch",
            ]
        );
        let reading = Settings::parse(&serde_json::json!({"readIPs": true})).unwrap();
        let mut differing: Vec<_> = cluster_rules(&reading).into_iter().map(text).collect();
        differing.retain(|rule| !rules.contains(rule));
        assert_eq!(differing, ["kubeovn.io: ips: get,list,watch"]);
    }

    #[test]
    fn of_secrets_and_configurations_only_its_own_are_written() {
        let rules: Vec<_> = cluster_rules(&Settings::default()).into_iter().chain(ca_rules()).collect();
        let named = |resource: &str| {
            let of_it = |rule: &&PolicyRule| rule.resources.iter().flatten().any(|named| named == resource);
            let rules = rules.iter().filter(of_it).filter(|rule| rule.verbs != ["create"]);
            rules.map(|rule| rule.resource_names.clone().unwrap_or_default().join(",")).collect::<Vec<_>>()
        };
        assert_eq!(named("secrets"), ["vpcguard-ca"]);
        assert_eq!(named("validatingwebhookconfigurations"), ["vpcguard"]);
    }

    #[test]
    fn config_maps_are_read_by_name_in_the_namespace_of_kube_ovn() {
        let settings = Settings::parse(&serde_json::json!({"kubeOvn": {"namespace": "kube-ovn"}})).unwrap();
        let role = &permissions(&settings).unwrap()[2];
        assert_eq!(role["metadata"]["namespace"], "kube-ovn");
        assert_eq!(
            role["rules"][0]["resourceNames"],
            serde_json::json!([
                "ovn-vpc-nat-config",
                "ovn-vpc-nat-gw-config",
                "vpc-dns-config",
                "ovn-external-gw-config"
            ])
        );
    }
}
