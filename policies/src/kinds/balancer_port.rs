//! A port of a load balancer, of which Kube-OVN makes one of a Service.

use crate::json::Reader;

/// A port of a `SwitchLBRule` or a `RouterLBRule`.
#[derive(Clone, Debug, Default)]
pub struct BalancerPort {
    /// What it is called.
    pub name: String,
    /// The port that is connected to; 0 where none is written.
    pub port: i64,
    /// The port of the backends; 0 where none is written.
    pub target_port: i64,
    /// `TCP`, `UDP` or `SCTP`; empty for the first.
    pub protocol: String,
}

impl BalancerPort {
    pub(super) fn read(port: &Reader) -> Self {
        Self {
            name: port.at("name").string(),
            port: port.at("port").integer().unwrap_or(0),
            target_port: port.at("targetPort").integer().unwrap_or(0),
            protocol: port.at("protocol").string(),
        }
    }

    /// The protocol, the one of a port without one too.
    pub fn effective_protocol(&self) -> &str {
        if self.protocol.is_empty() { "TCP" } else { &self.protocol }
    }
}
