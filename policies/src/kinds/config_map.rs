//! A ConfigMap, of which Kube-OVN reads some.

use serde_json::{Map, Value};

use super::{Found, Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// Configures the images of NAT gateways.
pub const NAT_CONFIG: &str = "ovn-vpc-nat-config";
/// Switches NAT gateways on; in v1.9 it also has their image.
pub const NAT_GW_CONFIG: &str = "ovn-vpc-nat-gw-config";
/// Configures the name servers inside VPCs.
pub const VPC_DNS_CONFIG: &str = "vpc-dns-config";
/// Configures the external gateway of the default VPC.
pub const EXTERNAL_GW_CONFIG: &str = "ovn-external-gw-config";

/// All that rules read, in the namespace of Kube-OVN.
pub const READ_CONFIG_MAPS: &[&str] = &[NAT_CONFIG, NAT_GW_CONFIG, VPC_DNS_CONFIG, EXTERNAL_GW_CONFIG];

/// Those of them that rules judge.
pub const REVIEWED_CONFIG_MAPS: &[&str] = &[NAT_CONFIG, NAT_GW_CONFIG, EXTERNAL_GW_CONFIG];

/// A ConfigMap.
#[derive(Clone, Debug, Default)]
pub struct ConfigMap {
    /// The metadata.
    pub meta: Meta,
    /// The data. Values that are not strings are kept: a rule of their own speaks of them.
    pub data: Map<String, Value>,
}

impl Resource for ConfigMap {
    const PARTS: &'static [&'static str] = &["data"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["data"]);
    const FOUND: Found = Found::ByName;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { meta: Meta::read(object), data: object.at("data").map().cloned().unwrap_or_default() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl ConfigMap {
    /// The text of a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key)?.as_str()
    }

    /// Whether it names the image of NAT gateways.
    pub fn has_image(&self) -> bool {
        self.text("image").is_some_and(|image| !image.trim().is_empty())
    }
}
