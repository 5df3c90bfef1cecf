//! What must be there before Kube-OVN starts.

use serde_json::{Value, json};

use super::ovn::{CHASSIS, NODE};
use crate::control_plane::User;

/// The external network of NAT gateways that name none.
const EXTERNAL: &str = "ovn-vpc-external-network";

/// The Vpc that is there without anybody's doing.
const DEFAULT_VPC: &str = "ovn-cluster";

/// The controller may do everything.
pub(super) fn rights() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "kube-ovn"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": User::KubeOvn.name()}],
    })
}

/// What must be there before the controller starts: the node, the configuration of NAT gateways, which it
/// keeps in memory, and their external network.
///
/// And the default Vpc, with what the controller would write into its status. Where it makes that Vpc itself, it writes the status,
/// and a moment later, with the load balancers, all of the status once more, from its cache. What its cache has not heard of yet
/// is lost: the Vpc is never `standby` again, since that waits for the Subnet join, which waits for the Vpc.
pub(super) fn objects(kubelet: u16) -> Vec<Value> {
    let config = |name: &str, data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "kube-system"}, "data": data});
    vec![
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {
                "name": NODE,
                "annotations": {"ovn.kubernetes.io/chassis": CHASSIS, "ovn.kubernetes.io/tunnel_interface": "eth0"},
                "labels": {
                    "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kube-ovn/role": "master",
                    "ovn.kubernetes.io/external-gw": "true",
                },
            },
            "status": {
                // An address in no range that a case uses.
                "addresses": [{"type": "InternalIP", "address": "192.168.255.1"}, {"type": "ExternalIP", "address": "127.0.0.1"}],
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "played"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet}},
            },
        }),
        json!({
            "apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": DEFAULT_VPC},
            "status": {"standby": true, "default": true, "router": DEFAULT_VPC, "defaultLogicalSwitch": "ovn-default"},
        }),
        config("ovn-vpc-nat-gw-config", json!({"enable-vpc-nat-gw": "true"})),
        config("ovn-vpc-nat-config", json!({"image": "vpc-nat-gateway:test"})),
        json!({
            "apiVersion": "kubeovn.io/v1", "kind": "ProviderNetwork", "metadata": {"name": "provider"}, "spec": {"defaultInterface": "eth1"},
        }),
        json!({
            "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": EXTERNAL, "namespace": "kube-system"},
            "spec": {"config": r#"{"cniVersion": "0.3.0", "type": "macvlan", "ipam": {"type": "kube-ovn", "server_socket": "/run/openvswitch/kube-ovn-daemon.sock"}}"#},
        }),
        json!({
            "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": EXTERNAL},
            // A range that no case uses.
            "spec": {"protocol": "IPv4", "provider": format!("{EXTERNAL}.kube-system"), "cidrBlock": "172.31.252.0/22", "gateway": "172.31.252.1"},
        }),
    ]
}
