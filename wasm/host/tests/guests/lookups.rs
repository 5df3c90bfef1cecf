//! What guests ask of the policy server, and what they make of its answers.

use std::sync::Arc;

use serde_json::{Value, json};
use vpcguard_host::{Cluster, INDEX_KIND, INDEX_VERSION, Reply, asked, indexes, sample};
use vpcguard_policies::{Kind, Operation, Policy, Request, Settings};
use vpcguard_tests::Case;

use crate::{as_sent, clusters, inventory, policies, said, wanted};

#[test]
fn an_order_of_a_list_is_as_good_as_any() {
    let Some(policies) = policies() else { return };
    for case in Case::all() {
        let request = as_sent(&case.request);
        for (policy, guest) in policies.all() {
            let said = |seed| {
                let cluster = Arc::new(Cluster::new(case.state.clone()).in_order(seed));
                said(guest, &cluster, &request, &case.settings)
            };
            assert_eq!(said(1), said(2), "{}, {policy}", case.name);
        }
    }
}

#[test]
fn a_policy_server_without_masks_makes_no_difference() {
    let Some(policies) = policies() else { return };
    for case in Case::all() {
        let (request, [masked, _]) = (as_sent(&case.request), clusters(&case));
        let whole = Arc::new(Cluster::new(case.state.clone()).without_masks());
        for (policy, guest) in policies.all() {
            let said = |cluster| said(guest, cluster, &request, &case.settings);
            assert_eq!(said(&whole), said(&masked), "{}, {policy}", case.name);
        }
    }
}

#[test]
fn what_the_cluster_has_no_kind_for_is_missing() {
    let Some(policies) = policies() else { return };
    let kinds: Vec<Kind> = policies.all().flat_map(|(policy, _)| policy.asks()).collect();
    for case in Case::all() {
        let (settings, request) = (case.parsed_settings(), as_sent(&case.request));
        for (policy, guest) in policies.all() {
            for kind in policy.asks() {
                let group = kind.api_version();
                let of_kind = |object: &&Value| Kind::of(object) != Some(kind);
                let of_group = |object: &&Value| Kind::of(object).is_none_or(|known| known.api_version() != group);
                let without_kind = Cluster::new(case.state.clone()).without_kind(kind.name());
                let rest = inventory(case.state.iter().filter(of_kind), &settings);
                let said = |cluster| said(guest, &Arc::new(cluster), &request, &case.settings);
                let unlike = format!("{}, {policy} without {kind}", case.name);
                assert_eq!(said(without_kind), wanted(policy, &request, &rest, &settings), "{unlike}");
                if group != "v1" {
                    let without_group = Cluster::new(case.state.clone()).without_group(&group);
                    let rest = inventory(case.state.iter().filter(of_group), &settings);
                    assert_eq!(
                        said(without_group),
                        wanted(policy, &request, &rest, &settings),
                        "{unlike} and its group"
                    );
                }
            }
        }
    }
    assert!(!kinds.is_empty());
}

#[test]
fn nobody_is_refused_for_what_is_no_longer_so() {
    let Some(policies) = policies() else { return };
    let (mut read_again, mut misjudged) = (0, Vec::new());
    for case in Case::all() {
        let (settings, request) = (case.parsed_settings(), as_sent(&case.request));
        let state = inventory(&case.state, &settings);
        // The cache still has the objects as they were when they were new and empty, or knows of none.
        let blank = |object: &Value| {
            let mut blank = object.clone();
            blank["spec"] = json!({});
            blank
        };
        for past in [Vec::new(), case.state.iter().map(blank).collect::<Vec<_>>()] {
            let cluster = Arc::new(Cluster::new(case.state.clone()).seen_as(past));
            for (policy, guest) in policies.all() {
                cluster.forget_calls();
                let reply: Reply = serde_json::from_str(&said(guest, &cluster, &request, &case.settings)).unwrap();
                let wanted: Reply = serde_json::from_str(&wanted(policy, &request, &state, &settings)).unwrap();
                // A guest may admit what was refused if it had looked again, and never the other way round.
                if !reply.accepted && reply != wanted {
                    misjudged.push(format!("{}, {policy}: {}", case.name, reply.message.unwrap_or_default()));
                }
                read_again += usize::from(cluster.calls().iter().any(|call| call.live && call.kind != INDEX_KIND));
            }
        }
    }
    assert!(misjudged.is_empty(), "{} misjudged:\n{}", misjudged.len(), misjudged.join("\n"));
    assert!(read_again > 0);
}

#[test]
fn an_index_that_is_behind_refuses_nobody() {
    let Some(policies) = policies() else { return };
    let guest = policies.get(Policy::SubnetOverlap).unwrap();
    let (vpc, gone) = (sample::vpc("v"), sample::subnet("gone", "v", "10.9.0.0/24"));
    let behind = indexes(&[vpc.clone(), gone.clone()], Settings::default().kube_ovn);
    let request = Request::of_object(sample::subnet("new", "v", "10.9.0.0/24"), None);
    let request = Request { uid: "u".to_owned(), ..request };
    for (state, accepted) in [(vec![vpc.clone(), gone], false), (vec![vpc], true)] {
        let cluster = Arc::new(Cluster::new(state).with_kind(INDEX_VERSION, INDEX_KIND, behind.clone()));
        let reply = guest.validate(&cluster, &asked(&request), &json!({})).unwrap();
        assert_eq!(reply.accepted, accepted, "{:?}", reply.message);
        let lists: Vec<_> = cluster.calls().into_iter().filter(|call| call.name.is_none()).collect();
        assert!(lists.iter().all(|call| call.kind != "Subnet"), "{lists:?}");
        assert!(cluster.calls().iter().any(|call| call.live && call.name.as_deref() == Some("gone")));
    }
}

/// Whoever has the address is asked itself, and nobody is listed.
#[test]
fn an_index_of_addresses_stands_for_lists_and_refuses_nobody_when_it_is_behind() {
    let Some(policies) = policies() else { return };
    let guest = policies.get(Policy::SubnetAddresses).unwrap();
    let vip = |name: &str| {
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Vip", "metadata": {"name": name},
               "spec": {"subnet": "s", "v4ip": "10.9.0.5"}})
    };
    let subnet = sample::subnet("s", "v", "10.9.0.0/24");
    let behind = indexes(&[subnet.clone(), vip("gone")], Settings::default().kube_ovn);
    let request = Request { uid: "u".to_owned(), ..Request::of_object(vip("new"), None) };
    for (state, accepted) in [(vec![subnet.clone(), vip("gone")], false), (vec![subnet], true)] {
        let cluster = Arc::new(Cluster::new(state).with_kind(INDEX_VERSION, INDEX_KIND, behind.clone()));
        let reply = guest.validate(&cluster, &asked(&request), &json!({})).unwrap();
        assert_eq!(reply.accepted, accepted, "{:?}", reply.message);
        let lists: Vec<_> = cluster.calls().into_iter().filter(|call| call.name.is_none()).collect();
        assert!(lists.iter().all(|call| call.kind == "Namespace" || call.kind == "IPPool"), "{lists:?}");
        // A denial rests on what is read live.
        let asked = cluster.calls().into_iter().filter(|call| call.name.as_deref() == Some("gone"));
        assert!(asked.map(|call| call.live).any(|live| live || accepted));
    }
}

#[test]
fn what_can_be_judged_alone_is_judged_alone() {
    let Some(policies) = policies() else { return };
    for case in Case::all() {
        for cluster in clusters(&case) {
            for (policy, guest) in policies.all() {
                cluster.forget_calls();
                said(guest, &cluster, &as_sent(&case.request), &case.settings);
                // Who uses what is to go is for one of them.
                let deletes = matches!(case.request.operation, Operation::Delete) && policy != Policy::InUse;
                let unasked = policy.asks().is_empty() || deletes;
                assert!(!unasked || cluster.calls().is_empty(), "{}, {policy}: {:?}", case.name, cluster.calls());
            }
        }
    }
}

#[test]
fn nothing_is_asked_twice_without_need() {
    let Some(policies) = policies() else { return };
    for case in Case::all() {
        for cluster in clusters(&case) {
            for (policy, guest) in policies.all() {
                cluster.forget_calls();
                let reply: Reply =
                    serde_json::from_str(&said(guest, &cluster, &as_sent(&case.request), &case.settings)).unwrap();
                let mut calls = cluster.calls();
                let asked = calls.len();
                calls.sort_by_key(|call| format!("{call:?}"));
                calls.dedup();
                // Before a refusal what it rests on is read once more, and lists with it.
                let at_most = if reply.accepted { calls.len() } else { 2 * calls.len() };
                assert!(asked <= at_most, "{}, {policy}: {:?}", case.name, cluster.calls());
            }
        }
    }
}

#[test]
fn a_name_that_no_object_can_have_is_not_asked_for() {
    let Some(policies) = policies() else { return };
    for name in ["../../../api/v1/secrets", "a/b", "A", "", ".", "..", "a?watch=1", "a b", "ä", "\u{0}", "a\nb"] {
        let cluster = Arc::new(Cluster::new([sample::vpc("v")]));
        let annotations = json!({"ovn.kubernetes.io/logical_switch": name, "ovn.kubernetes.io/vpc": name});
        let metadata = json!({"name": "a", "namespace": "default", "annotations": annotations});
        for object in [
            json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "a"},
                   "spec": {"vpc": name, "cidrBlock": "10.0.0.0/24"}}),
            json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "a"},
                   "spec": {"defaultSubnet": name, "namespaces": [name], "vpcPeerings": [{"remoteVpc": name}]}}),
            json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": "a"},
                   "spec": {"vpc": name, "subnet": name, "lanIp": "10.0.0.254"}}),
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {}}),
        ] {
            let request = Request { uid: "u".to_owned(), ..Request::of_object(object, None) };
            for (policy, guest) in policies.all() {
                let said = said(guest, &cluster, &request, &json!({}));
                let state = inventory(cluster.objects(), &Settings::default());
                assert_eq!(said, wanted(policy, &request, &state, &Settings::default()), "{policy}: {name:?}");
            }
        }
        let named = |call: &vpcguard_host::Call| call.name.as_deref() == Some(name);
        assert!(!cluster.calls().iter().any(named), "{:?}", cluster.calls());
    }
}
