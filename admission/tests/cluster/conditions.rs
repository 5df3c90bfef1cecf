//! The match conditions as a real API server evaluates them: what is sent, what is not, and that none fails on what is null,
//! absent or empty. Nobody answers, so that a condition that fails would refuse as well, with other words.

use serde_json::{Value, json};

use super::away::{Away, Fate};

const MINE: &str = "/api/v1/namespaces/mine";
const APPS: &str = "/apis/apps/v1/namespaces/mine";
const OVN: &str = "/apis/kubeovn.io/v1";
const NETWORKS: &str = "/apis/k8s.cni.cncf.io/v1/namespaces/mine/network-attachment-definitions";
const MACHINES: &str = "/apis/kubevirt.io/v1/namespaces/mine/virtualmachines";

const SWITCH: &str = "ovn.kubernetes.io/logical_switch";

impl Away {
    /// Somebody is asked, and does not answer.
    #[track_caller]
    fn sends(&self, webhook: &str, method: &str, path: &str, body: &Value) {
        let wanted = Fate::Refused(format!("{webhook}.vpcguard.io"));
        assert_eq!(self.fate(method, path, body), wanted, "{method} {path} {body}");
    }

    /// Nobody is asked.
    #[track_caller]
    fn keeps(&self, method: &str, path: &str, body: &Value) {
        assert_eq!(self.fate(method, path, body), Fate::Unasked, "{method} {path} {body}");
    }

    /// Somebody is asked, and it does not matter that there is no answer.
    #[track_caller]
    fn tells(&self, webhooks: &[&str], method: &str, path: &str, body: &Value) {
        let names = webhooks.iter().map(|webhook| format!("{webhook}.vpcguard.io")).collect();
        assert_eq!(self.fate(method, path, body), Fate::Unanswered(names), "{method} {path} {body}");
    }
}

fn annotated(annotations: &Value) -> Value {
    json!({"metadata": {"annotations": annotations}})
}

/// Nothing in annotations, in all ways to write that.
fn nothing() -> [Value; 3] {
    [json!({}), annotated(&Value::Null), annotated(&json!({}))]
}

fn named(name: &str, of: Value) -> Value {
    let mut object = of;
    object["metadata"]["name"] = name.into();
    object
}

/// A Pod that its finalizer holds.
fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "finalizers": ["example.com/held"]}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

#[test]
fn conditions_hold_against_what_is_null_absent_or_empty() {
    let Some(away) = Away::start(&json!({})) else { return };
    away.make("POST", "/api/v1/namespaces", &json!({"metadata": {"name": "mine"}}));
    pods(&away);
    bindings(&away);
    services(&away);
    slices(&away);
    namespaces(&away);
    workloads(&away);
    custom_resources(&away);
    exempt_namespaces(&away);
}

fn pods(away: &Away) {
    let pods = &format!("{MINE}/pods");
    let path = &format!("{pods}/p");
    away.sends("pods", "POST", pods, &pod("new"));
    away.make("POST", pods, &pod("p"));
    for kept in nothing().iter().chain(&[
        annotated(&json!({"example.com/a": "b"})),
        json!({"metadata": {"labels": {"a": "b"}}}),
        json!({"metadata": {"finalizers": null}}),
    ]) {
        away.keeps("PATCH", path, kept);
        away.keeps("PATCH", &format!("{path}/status"), kept);
    }
    // As kubelets and controllers write.
    let ready = json!({"type": "Ready", "status": "False"});
    let status = json!({"phase": "Pending", "conditions": [ready], "message": "m", "podIP": null, "podIPs": null});
    away.keeps("PATCH", &format!("{path}/status"), &json!({"status": status}));
    for key in [SWITCH, "k8s.v1.cni.cncf.io/networks", "a.b.ovn.kubernetes.io/ip_pool", "ovn.kubernetes.io/vip"] {
        let change = annotated(&json!({key: "x"}));
        away.sends("pods", "PATCH", path, &change);
        away.sends("pods", "PATCH", &format!("{path}/status"), &change);
    }
    let many: serde_json::Map<_, _> = (0..1001).map(|at| (format!("example.com/a{at}"), json!(""))).collect();
    away.sends("pods", "PATCH", path, &annotated(&many.into()));
    let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": "o", "uid": "7a5e9f0c-4d1b-4f57-9c3e-2b8d6a1e0f42"});
    away.sends("pods", "PATCH", path, &json!({"metadata": {"ownerReferences": [owner]}}));

    // In its grace period it still moves, and its finalizer goes.
    away.make("DELETE", path, &json!({}));
    away.sends("pods", "PATCH", path, &annotated(&json!({SWITCH: "x"})));
    away.sends("pods", "PATCH", &format!("{path}/status"), &annotated(&json!({SWITCH: "x"})));
    away.keeps("PATCH", path, &json!({"metadata": {"finalizers": null}}));
    // A new one is not being deleted, whatever it says.
    let mut dying = pod("dying");
    dying["metadata"]["deletionTimestamp"] = json!("2026-11-23T12:00:00Z");
    away.sends("pods", "POST", pods, &dying);
}

fn bindings(away: &Away) {
    away.make("POST", &format!("{MINE}/pods"), &pod("b"));
    let binding = |metadata: &Value| {
        let target = json!({"apiVersion": "v1", "kind": "Node", "name": "n"});
        named("b", json!({"apiVersion": "v1", "kind": "Binding", "metadata": metadata["metadata"], "target": target}))
    };
    for path in [format!("{MINE}/pods/b/binding"), format!("{MINE}/bindings")] {
        for nothing in nothing() {
            away.keeps("POST", &path, &binding(&nothing));
        }
        away.sends("bindings", "POST", &path, &binding(&annotated(&json!({SWITCH: "x"}))));
    }
}

fn services(away: &Away) {
    let services = &format!("{MINE}/services");
    let service = |name: &str, metadata: &Value| {
        let spec = json!({"ports": [{"port": 53, "protocol": "UDP"}]});
        named(name, json!({"metadata": metadata["metadata"], "spec": spec}))
    };
    for kept in nothing().iter().chain(&[annotated(&json!({"example.com/a": "b"}))]) {
        away.keeps("POST", services, &service("new", kept));
    }
    away.sends("services", "POST", services, &service("new", &annotated(&json!({"ovn.kubernetes.io/vpc": "x"}))));
    away.make("POST", services, &service("s", &json!({})));
    let path = &format!("{services}/s");
    for kept in nothing().iter().chain(&[
        json!({"metadata": {"labels": {"a": "b"}}}),
        json!({"spec": {"selector": {"a": "b"}}}),
        json!({"spec": {"selector": null}}),
    ]) {
        away.keeps("PATCH", path, kept);
    }
    for status in [json!({"loadBalancer": {}}), json!({"loadBalancer": null}), json!({"conditions": []})] {
        away.keeps("PATCH", &format!("{path}/status"), &json!({"status": status}));
    }
    for path in [path, &format!("{path}/status")] {
        away.sends("services", "PATCH", path, &annotated(&json!({SWITCH: "x"})));
    }
}

fn slices(away: &Away) {
    let slices = "/apis/discovery.k8s.io/v1/namespaces/mine/endpointslices";
    let slice = |fields: &Value| {
        let mut slice = fields.clone();
        slice["metadata"] = json!({"name": "s"});
        slice["addressType"] = json!("IPv4");
        slice
    };
    let target = |target: Value| json!({"addresses": ["10.0.0.1"], "targetRef": target});
    let own = target(json!({"kind": "Pod", "namespace": "mine", "name": "p"}));
    let foreign = target(json!({"kind": "Pod", "namespace": "theirs", "name": "p"}));
    for kept in [
        // As controllers write of a Service without Pods.
        json!({"endpoints": null, "ports": null}),
        json!({"endpoints": null, "ports": []}),
        json!({"endpoints": [], "ports": [{"name": "", "port": 53, "protocol": "UDP"}]}),
        json!({"ports": [{"name": "", "port": 53, "protocol": "UDP"}]}),
        json!({"endpoints": [own]}),
        json!({"endpoints": [own, {"addresses": ["10.0.0.2"]}], "ports": [{"name": "a", "port": 1}]}),
        json!({"endpoints": [target(Value::Null), target(json!({})), target(json!({"name": "p"}))]}),
        json!({"endpoints": [target(json!({"namespace": "", "name": "p"}))]}),
        json!({"endpoints": [target(json!({"namespace": null, "name": "p"}))]}),
        json!({"endpoints": [{"addresses": ["10.0.0.2"], "conditions": {}, "hints": null, "deprecatedTopology": null}]}),
    ] {
        away.keeps("POST", slices, &slice(&kept));
    }
    for sent in [
        json!({"endpoints": [foreign]}),
        json!({"endpoints": [{"addresses": ["10.0.0.2"]}, own, foreign], "ports": null}),
        json!({"endpoints": null, "ports": [{"name": "a"}]}),
        json!({"endpoints": [], "ports": [{"name": "a", "port": 1}, {"name": "b", "port": null}]}),
    ] {
        away.sends("endpoint-slices", "POST", slices, &slice(&sent));
    }
    away.make("POST", slices, &slice(&json!({"endpoints": [foreign], "ports": null})));
    let path = &format!("{slices}/s");
    away.keeps("PATCH", path, &json!({"metadata": {"annotations": {"a": "b"}}}));
    // It would be a part of that Service.
    let joins = json!({"metadata": {"labels": {"kubernetes.io/service-name": "web"}}});
    away.sends("endpoint-slices", "PATCH", path, &joins);
    away.keeps("PATCH", path, &json!({"endpoints": null}));
    away.keeps("PATCH", path, &json!({"endpoints": [own]}));
    away.sends("endpoint-slices", "PATCH", path, &json!({"endpoints": [own, foreign]}));
    away.sends("endpoint-slices", "PATCH", path, &json!({"ports": [{"name": "a"}]}));
}

fn namespaces(away: &Away) {
    away.sends("namespaces", "POST", "/api/v1/namespaces", &json!({"metadata": {"name": "new"}}));
    away.sends("namespaces", "POST", "/api/v1/namespaces", &json!({"metadata": {"generateName": "kube-system"}}));
    let stored = away.make("GET", MINE, &Value::Null);
    let finalize = |change: &dyn Fn(&mut Value)| {
        let mut namespace = stored.clone();
        change(&mut namespace);
        namespace
    };
    for kept in nothing().iter().chain(&[annotated(&json!({"example.com/a": "b"}))]) {
        away.keeps("PATCH", MINE, kept);
        away.keeps("PATCH", &format!("{MINE}/status"), kept);
    }
    away.keeps("PATCH", &format!("{MINE}/status"), &json!({"status": {"conditions": null}}));
    away.keeps("PUT", &format!("{MINE}/finalize"), &finalize(&|namespace| namespace["spec"]["finalizers"] = json!([])));
    away.keeps("PUT", &format!("{MINE}/finalize"), &finalize(&|namespace| namespace["spec"] = Value::Null));
    let switch = json!({SWITCH: "x"});
    away.sends("namespaces", "PATCH", MINE, &annotated(&switch));
    away.sends("namespaces", "PATCH", MINE, &json!({"metadata": {"labels": {"a": "b"}}}));
    away.sends("namespaces", "PATCH", &format!("{MINE}/status"), &annotated(&switch));
    let annotated = finalize(&|namespace| namespace["metadata"]["annotations"] = switch.clone());
    away.sends("namespaces", "PUT", &format!("{MINE}/finalize"), &annotated);
}

fn workloads(away: &Away) {
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let spec = json!({"selector": {"matchLabels": {"a": "b"}}, "template": template});
    let deployment = json!({"metadata": {"name": "d"}, "spec": spec});
    for plural in ["deployments", "replicasets"] {
        let path = &format!("{APPS}/{plural}/d");
        away.sends("workloads", "POST", &format!("{APPS}/{plural}"), &deployment);
        away.make("POST", &format!("{APPS}/{plural}"), &deployment);
        // As controllers write.
        for kept in nothing().iter().chain(&[
            json!({"spec": {"replicas": 3}}),
            annotated(&json!({"deployment.kubernetes.io/revision": "2", SWITCH: "x"})),
            json!({"metadata": {"finalizers": null, "ownerReferences": null}}),
        ]) {
            away.keeps("PATCH", path, kept);
        }
        away.keeps("PATCH", &format!("{path}/status"), &json!({"status": {"observedGeneration": 1}}));
        away.keeps("PATCH", &format!("{path}/scale"), &json!({"spec": {"replicas": 2}}));
    }
    let change = json!({"spec": {"template": annotated(&json!({SWITCH: "x"}))}});
    away.sends("workloads", "PATCH", &format!("{APPS}/deployments/d"), &change);
    let mut never = template;
    never["spec"]["restartPolicy"] = json!("Never");
    let spec = json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"template": never}}});
    let jobs = "/apis/batch/v1/namespaces/mine/cronjobs";
    away.make("POST", jobs, &json!({"metadata": {"name": "c"}, "spec": spec}));
    away.keeps("PATCH", &format!("{jobs}/c"), &json!({"spec": {"suspend": true}}));
    let change = json!({"spec": {"jobTemplate": {"spec": {"template": annotated(&json!({SWITCH: "x"}))}}}});
    away.sends("workloads", "PATCH", &format!("{jobs}/c"), &change);
}

/// Nobody but their definitions says what these hold.
fn custom_resources(away: &Away) {
    let of = |kind: &str, version: &str, metadata: &Value, spec: Value| {
        named("c", json!({"apiVersion": version, "kind": kind, "metadata": metadata["metadata"], "spec": spec}))
    };
    for (webhook, kind, version, collection, spec) in [
        // The injection is asked for first.
        ("vpcs", "Vpc", "kubeovn.io/v1", &format!("{OVN}/vpcs"), json!({})),
        ("kube-ovn", "Vip", "kubeovn.io/v1", &format!("{OVN}/vips"), json!({"subnet": "s"})),
        ("addresses", "Subnet", "kubeovn.io/v1", &format!("{OVN}/subnets"), json!({"cidrBlock": "10.0.0.0/24"})),
        (
            "network-attachment-definitions",
            "NetworkAttachmentDefinition",
            "k8s.cni.cncf.io/v1",
            &NETWORKS.to_owned(),
            json!({"config": "{}"}),
        ),
        ("virtual-machines", "VirtualMachine", "kubevirt.io/v1", &MACHINES.to_owned(), Value::Null),
        (
            "vpc-egress-gateways",
            "VpcEgressGateway",
            "kubeovn.io/v1",
            &format!("{OVN}/namespaces/mine/vpc-egress-gateways"),
            json!({"vpc": "v", "externalSubnet": "s", "policies": [{"snat": true, "subnets": ["s"]}]}),
        ),
    ] {
        let with = |nothing: &Value| of(kind, version, nothing, spec.clone());
        let changed = json!({"spec": {"vpc": "other", "subnet": "other", "config": "[]", "namespaces": ["other"]}});
        for nothing in nothing() {
            away.sends(webhook, "POST", collection, &with(&nothing));
            away.make("POST", collection, &with(&nothing));
            let path = &format!("{collection}/c");
            away.make("PATCH", path, &json!({"metadata": {"finalizers": ["example.com/held"]}}));
            away.keeps("PATCH", path, &nothing);
            away.keeps("PATCH", path, &annotated(&json!({"example.com/a": "b"})));
            away.sends(webhook, "PATCH", path, &changed);
            away.make("DELETE", path, &json!({}));
            away.sends(webhook, "PATCH", path, &changed);
            away.keeps("PATCH", path, &json!({"metadata": {"finalizers": null}}));
            away.make("PATCH", path, &json!({"metadata": {"finalizers": null}}));
        }
    }
    let guests = annotated(&json!({"vpcguard.io/guest-namespaces": "a"}));
    away.make("POST", &format!("{OVN}/vpcs"), &of("Vpc", "kubeovn.io/v1", &json!({}), json!({})));
    away.sends("vpcs", "PATCH", &format!("{OVN}/vpcs/c"), &guests);
}

/// They come up, and are asked about all the same, unless all that is there passes.
fn exempt_namespaces(away: &Away) {
    let of = |namespace: &str, plural: &str| format!("/api/v1/namespaces/{namespace}/{plural}");
    away.keeps("POST", &of("kube-system", "pods"), &pod("p"));
    away.tells(&["pods-exempt"], "POST", &of("vpcguard-system", "pods"), &pod("p"));
    let labelled = json!({"metadata": {"labels": {"a": "b"}}});
    away.keeps("PATCH", "/api/v1/namespaces/kube-system", &labelled);
    away.tells(&["namespaces-exempt"], "PATCH", "/api/v1/namespaces/vpcguard-system", &labelled);
    let switch = annotated(&json!({SWITCH: "x"}));
    away.tells(&["namespaces-exempt"], "PATCH", "/api/v1/namespaces/vpcguard-system/status", &switch);
    let service = named(
        "s",
        json!({
            "metadata": {"annotations": {"ovn.kubernetes.io/vpc": "x"}}, "spec": {"ports": [{"port": 53}]},
        }),
    );
    let slice = json!({"metadata": {"name": "s"}, "addressType": "IPv4", "endpoints": [], "ports": [{"name": "a"}]});
    for namespace in ["kube-system", "vpcguard-system"] {
        away.tells(&["services-exempt"], "POST", &of(namespace, "services"), &service);
        let slices = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices");
        away.tells(&["endpoint-slices-exempt"], "POST", &slices, &slice);
    }
    // Whoever may label a namespace is not let into the list.
    let disguised = json!({"metadata": {"name": "other", "labels": {"kubernetes.io/metadata.name": "kube-system"}}});
    away.sends("namespaces", "POST", "/api/v1/namespaces", &disguised);
}
