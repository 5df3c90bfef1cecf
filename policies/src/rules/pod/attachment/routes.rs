//! The gateways of a Pod's routes.

use std::net::IpAddr;

use serde::Deserialize;

use super::read::Known;
use crate::attach::{Attachments, Definition, Providers};
use crate::kinds::PodTemplate;
use crate::net::{Cidr, parse_ip};
use crate::rule::prelude::*;
use crate::rules::pod::address_syntax::place::Candidates;

/// A route as it is written; what does not parse is for `pod-address-syntax`.
#[derive(Deserialize)]
struct Route {
    #[serde(default)]
    dst: String,
    #[serde(default)]
    gw: String,
}

/// Warns of gateways that the interface does not reach.
pub(super) fn check(
    pod: &PodTemplate,
    asked: &Attachments<'_>,
    known: &[Known<'_, '_>],
    providers: &mut Providers<'_>,
    context: &mut Context<'_>,
) -> Outcome {
    if asked.primary.is_kube_ovns() {
        let key = "ovn.kubernetes.io/routes";
        let gateways = gateways(pod, key);
        if !gateways.is_empty() {
            let candidates = Candidates::of_primary(pod, context)?;
            judge(pod, key, &gateways, candidates.as_ref(), context);
        }
    }
    for known in known {
        // Only what Kube-OVN sets up has routes of its.
        if !matches!(known.definition, None | Some(Definition::KubeOvn | Definition::Addresses)) {
            continue;
        }
        for provider in known.providers() {
            let key = format!("{provider}.kubernetes.io/routes");
            let gateways = gateways(pod, &key);
            if gateways.is_empty() {
                continue;
            }
            let candidates = Candidates::of_network(pod, known.network, providers, context)?;
            judge(pod, &key, &gateways, candidates.as_ref(), context);
        }
    }
    Ok(())
}

/// The gateways that no other route makes reachable.
fn gateways(pod: &PodTemplate, key: &str) -> Vec<IpAddr> {
    let Some(text) = pod.pod.annotation(key).filter(|text| !text.is_empty()) else { return Vec::new() };
    let Ok(routes) = serde_json::from_str::<Vec<Route>>(text) else { return Vec::new() };
    let links: Vec<Cidr> =
        routes.iter().filter(|route| route.gw.is_empty()).filter_map(|route| Cidr::parse(&route.dst).ok()).collect();
    let gateways = routes.iter().filter_map(|route| parse_ip(&route.gw));
    // Every interface has such addresses of IPv6.
    let is_link_local = |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    gateways.filter(|gw| !is_link_local(gw) && !links.iter().any(|link| link.contains(*gw))).collect()
}

fn judge(
    pod: &PodTemplate,
    key: &str,
    gateways: &[IpAddr],
    candidates: Option<&Candidates>,
    context: &mut Context<'_>,
) {
    let Some(gateway) = gateways.iter().find(|gateway| candidates.is_some_and(|all| all.lack(**gateway))) else {
        return;
    };
    let detail = format!("{gateway} is in no Subnet of this interface, so that the node sets no route through it");
    let text = pod.pod.annotation(key).unwrap_or_default();
    let finding = Finding::invalid(pod.annotation_path(key), text, detail).identified_by(format!("{key} {gateway}"));
    context.deny(
        finding.help("Write a gateway of the interface's Subnet, or the route under the key of another network."),
    );
}
