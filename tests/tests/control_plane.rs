//! The control plane that other tests run against, itself.

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use vpcguard_tests::control_plane::{ControlPlane, User, control_plane_or_skip};

const SUBNET: &str = r#"{"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "s"},
    "spec": {"cidrBlock": "10.0.0.0/24", "vpc": "v"}}"#;

#[test]
fn keeps_objects_when_the_api_server_starts_again() {
    let Some(mut plane) = control_plane_or_skip() else { return };
    plane.install_crds().unwrap();
    plane.kubectl(User::Admin, &["create", "-f", "-"], Some(SUBNET)).unwrap().success().unwrap();
    let address = plane.address();
    plane.restart_api_server().unwrap();
    assert_eq!(subnet(&plane).unwrap(), "10.0.0.0/24");
    plane.stop_api_server().unwrap();
    assert!(!plane.kubectl(User::Admin, &["get", "subnets"], None).unwrap().status.success());
    plane.start_api_server().unwrap();
    assert_eq!((subnet(&plane).unwrap().as_str(), plane.address()), ("10.0.0.0/24", address));
}

#[test]
fn refuses_a_tenant_whom_no_role_lets_in() {
    let Some(mut plane) = control_plane_or_skip() else { return };
    plane.install_crds().unwrap();
    let refused = plane.kubectl(User::Tenant, &["create", "-f", "-"], Some(SUBNET)).unwrap();
    assert!(refused.stderr.contains(r#"User "tenant" cannot create resource "subnets""#), "{}", refused.stderr);
    let refused = plane.request(User::Tenant, "POST", "/apis/kubeovn.io/v1/subnets", SUBNET).unwrap();
    assert_eq!(refused.status, 403, "{}", refused.body);
    for user in [User::Admin, User::Vpcguard, User::KubeOvn, User::Tenant] {
        let name = plane.kubectl(user, &["auth", "whoami", "-o=jsonpath={.status.userInfo.username}"], None).unwrap();
        assert_eq!(name.stdout, user.name());
    }
}

#[test]
fn prunes_fields_that_kube_ovn_does_not_know() {
    let Some(mut plane) = control_plane_or_skip() else { return };
    plane.install_crds().unwrap();
    let gateway = r#"{"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": "g"},
        "spec": {"vpc": "v", "eips": [{"eipCIDR": "192.168.0.2/24"}]}}"#;
    let stored = plane.request(User::Admin, "POST", "/apis/kubeovn.io/v1/vpc-nat-gateways", gateway).unwrap();
    assert_eq!(stored.status, 201, "{}", stored.body);
    assert!(!stored.body.contains("eips") && stored.body.contains(r#""replicas":1"#), "{}", stored.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn takes_flags_and_serves_rust_clients() {
    // From --v=1 it logs its flags.
    let builder = ControlPlane::builder().flag("--max-requests-inflight=100").flag("--v=1");
    let Some(plane) = builder.start_or_skip() else { return };
    assert!(plane.log().contains(r#"FLAG: --max-requests-inflight="100""#), "{}", plane.log());
    let namespaces: Api<Namespace> = Api::all(plane.client(User::Admin).await.unwrap());
    assert!(namespaces.get_opt("kube-system").await.unwrap().is_some());
}

#[test]
fn says_why_the_api_server_does_not_start() {
    let builder = ControlPlane::builder().flag("--no-such-flag");
    let Err(error) = builder.start() else { panic!("it starts") };
    let error = format!("{error:#}");
    assert!(error.contains("unknown flag: --no-such-flag") || error.contains("cargo xtask assets"), "{error}");
}

fn subnet(plane: &ControlPlane) -> anyhow::Result<String> {
    let args = ["get", "subnet", "s", "-o=jsonpath={.spec.cidrBlock}"];
    plane.kubectl(User::Admin, &args, None)?.success()
}
