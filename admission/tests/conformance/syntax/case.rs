//! A mutation as objects with names of their own, and what vpcguard says of it.

use serde_json::{Map, Value, json};
use vpcguard_policies::{Inventory, Kind, Request, Settings, Verdict, admit};
use vpcguard_tests::kube_ovn::Resource;

use super::field::{Class, Scene};
use super::ground::Ground;

/// What gateways get their outer addresses from; the world has it.
const EXTERNAL: &str = "ovn-vpc-external-network";

/// A mutated object, and what stands around it.
pub(crate) struct Case {
    pub(crate) class: Class,
    pub(crate) ground: Ground,
    pub(crate) state: Vec<Value>,
    /// The version that it replaces.
    pub(crate) old: Option<Value>,
    pub(crate) object: Value,
    /// A Pod in the Subnet, which is made last.
    pub(crate) pod: Option<Value>,
    /// What the object is without the mutation.
    right: Value,
}

impl Case {
    /// None where the class means nothing on this ground.
    pub(crate) fn new(class: &Class, ground: Ground) -> Option<Self> {
        let (vpc, subnet) = (ground.name("v"), ground.name("s"));
        let changed = class.spec(&ground)?;
        let custom = object("Vpc", &vpc, json!({}));
        let inside = |vpc: &str| object("Subnet", &subnet, json!({"vpc": vpc, "cidrBlock": ground.prefixes()}));
        let (state, right) = match class.scene {
            Scene::Subnet => (vec![custom], inside(&vpc)),
            Scene::DefaultSubnet => (Vec::new(), inside("ovn-cluster")),
            Scene::Underlay => {
                let (provider, vlan) = (ground.name("n"), ground.name("l"));
                let number = ground.number % 4000 + 1;
                let state = vec![
                    custom,
                    object("ProviderNetwork", &provider, json!({"defaultInterface": "eth1"})),
                    object("Vlan", &vlan, json!({"provider": provider, "id": number})),
                ];
                let mut right = inside(&vpc);
                merge(&mut right["spec"], &json!({"vlan": vlan, "disableGatewayCheck": true}));
                (state, right)
            }
            Scene::Vpc => {
                let peer = object(
                    "Vpc",
                    &ground.name("p"),
                    json!({"vpcPeerings": [
                        {"remoteVpc": vpc, "localConnectIP": super::vpc::link(&ground, 2)},
                    ]}),
                );
                (vec![custom.clone(), peer, inside(&vpc)], custom)
            }
            Scene::Gateway => {
                let spec = json!({"vpc": vpc, "subnet": subnet, "lanIp": ground.host(ground.some), "externalSubnets": [EXTERNAL]});
                (vec![custom, inside(&vpc)], object("VpcNatGateway", &ground.name("g"), spec))
            }
        };
        let mut mutated = right.clone();
        merge(&mut mutated["spec"], &changed);
        let is_subnet = class.scene.kind() == "Subnet";
        let pod = is_subnet.then(|| pod(&ground.name("o"), &subnet));
        let old = (class.scene == Scene::Vpc).then(|| right.clone());
        Some(Self { class: class.clone(), ground, state, old, object: mutated, pod, right })
    }

    /// Whether the mutation leaves the object as it was.
    pub(crate) fn is_right(&self) -> bool {
        self.object == self.right
    }

    /// What vpcguard says of the object among others.
    pub(crate) fn verdict(&self, others: &[Value], settings: &Settings) -> Verdict {
        let mut verdict = self.verdict_on(&self.object, others, settings);
        // What it says of the right one too is not said of the mutation.
        let of_right = self.verdict_on(&self.right, others, settings);
        verdict.warnings.retain(|warning| {
            of_right.warnings.iter().all(|same| (same.rule(), same.field()) != (warning.rule(), warning.field()))
        });
        verdict
    }

    fn verdict_on(&self, object: &Value, others: &[Value], settings: &Settings) -> Verdict {
        let mut cluster = Inventory::new(settings.kube_ovn.clone());
        for other in others.iter().chain(&self.state) {
            if let Some(kind) = Kind::of(other) {
                cluster.apply(kind, other);
            }
        }
        let request = Request::of_object(object.clone(), self.old.clone());
        admit(&request, &cluster, settings).unwrap()
    }
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": Resource::named(kind).unwrap().api_version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn pod(name: &str, subnet: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": {"ovn.kubernetes.io/logical_switch": subnet}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    })
}

/// Sets the keys of an object, and takes away those that are null.
fn merge(object: &mut Value, changed: &Value) {
    let fields = object.as_object_mut().unwrap();
    for (key, value) in changed.as_object().unwrap_or(&Map::new()) {
        if value.is_null() {
            fields.remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
}
