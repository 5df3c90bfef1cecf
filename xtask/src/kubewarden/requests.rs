//! `test_data/`: requests that a real API server has sent, as `kwctl run` takes them.
//!
//! Some have one field changed afterwards, so that there is something to refuse.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use vpcguard_policies::Policy;

use super::folder;
use crate::root;

/// Where the reviews are that were recorded.
const RECORDED: &str = "tests/reviews";

/// A request of a policy's test data.
pub(super) struct Recorded {
    /// The file, without `.json`.
    pub(super) name: &'static str,
    review: &'static str,
    change: Option<(&'static str, Value)>,
}

impl Recorded {
    /// The `AdmissionRequest` itself.
    pub(super) fn request(&self) -> Result<Value> {
        let path = root().join(RECORDED).join(self.review).with_extension("json");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let mut review: Value = serde_json::from_str(&text)?;
        let mut request =
            review.get_mut("request").map(Value::take).with_context(|| format!("{} has no request", self.review))?;
        if let Some((pointer, value)) = &self.change {
            let (parent, key) = pointer.rsplit_once('/').with_context(|| format!("{pointer} leads nowhere"))?;
            let parent = request.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.with_context(|| format!("{} has no {pointer}", self.review))?.insert(key.to_owned(), value.clone());
        }
        Ok(request)
    }
}

/// The files of a policy.
pub(super) fn of(policy: Policy) -> Result<Vec<(PathBuf, String)>> {
    let file = |recorded: Recorded| {
        let path = folder(policy).join("test_data").join(recorded.name).with_extension("json");
        Ok((path, format!("{:#}\n", recorded.request()?)))
    };
    all(policy).into_iter().map(file).collect()
}

/// The requests of a policy.
pub(super) fn all(policy: Policy) -> Vec<Recorded> {
    match policy {
        Policy::VpcNamespaceBinding => vec![recorded("vpc-create"), deleting("subnet-update")],
        Policy::PodAttachmentBinding => vec![recorded("pod-create")],
        Policy::NetworkReferences | Policy::SubnetOverlap => {
            vec![recorded("subnet-create"), deleting("subnet-update")]
        }
        Policy::SubnetAddresses => vec![recorded("ippool-create"), deleting("ippool-update")],
        Policy::LoadBalancers => vec![recorded("switchlbrule-create"), deleting("switchlbrule-update")],
        Policy::NatGatewayLanIp => vec![recorded("vpcnatgateway-create"), deleting("vpcnatgateway-update")],
        Policy::NatRules => vec![
            deleting("iptablesdnatrule-update"),
            changed(
                "rule-for-a-shell",
                "iptablesdnatrule-create",
                "/object/spec/internalIp",
                json!("10.0.1.5; reboot"),
            ),
        ],
        Policy::EgressGateway => vec![
            Recorded { name: "egress-gateway-update", ..recorded("vpcegressgateway-update") },
            changed(
                "egress-gateway-with-image",
                "vpcegressgateway-update",
                "/object/spec/image",
                json!("registry.example/any:1"),
            ),
        ],
        Policy::StaticRouteLanIp => vec![recorded("vpc-create"), deleting("vpc-update")],
        Policy::OvnMatch => vec![
            recorded("vpc-create"),
            changed(
                "vpc-with-a-bad-match",
                "vpc-create",
                "/object/spec/policyRoutes",
                json!([{"action": "drop", "match": "ip4.src = 10.0.0.0/8", "priority": 10}]),
            ),
        ],
        Policy::Attachments => vec![
            Recorded { name: "network-create", ..recorded("networkattachmentdefinition-create") },
            changed(
                "network-without-plugins",
                "networkattachmentdefinition-create",
                "/object/spec/config",
                json!(r#"{"plugins": []}"#),
            ),
        ],
        Policy::InUse => vec![deleting("subnet-update")],
        Policy::VpcSyntax => vec![
            recorded("subnet-create"),
            recorded("vpc-create"),
            recorded("pod-create"),
            changed("subnet-gateway-outside", "subnet-create", "/object/spec/gateway", json!("10.0.9.1")),
            changed("subnet-cidr-block-is-a-list", "subnet-create", "/object/spec/cidrBlock", json!(["10.0.1.0/24"])),
        ],
        Policy::VpcInjector => vec![
            recorded("vpc-create"),
            changed("vpc-with-label", "vpc-create", "/object/metadata/labels", json!({"vpcguard.io/vpc-lb": "on"})),
        ],
    }
}

fn recorded(review: &'static str) -> Recorded {
    Recorded { name: review, review, change: None }
}

fn changed(name: &'static str, review: &'static str, pointer: &'static str, value: Value) -> Recorded {
    Recorded { name, review, change: Some((pointer, value)) }
}

/// Whoever takes finalizers off must not be kept from it, whatever the object says.
fn deleting(review: &'static str) -> Recorded {
    changed("being-deleted", review, "/object/metadata/deletionTimestamp", json!("2026-11-23T12:00:00Z"))
}
