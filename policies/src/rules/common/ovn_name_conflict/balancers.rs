//! Load balancers, of which an OvnDnatRule is one by its own name.

use crate::kinds::OvnDnatRule;
use crate::rule::prelude::*;

/// What stands between the ends of the names of load balancers that Kube-OVN makes itself.
const OF_CLUSTER: [&str; 6] = ["tcp", "udp", "sctp", "tcp-session", "udp-session", "sctp-session"];
const OF_VPC: [&str; 6] = ["-tcp", "-udp", "-sctp", "-tcp-sess", "-udp-sess", "-sctp-sess"];

pub(super) fn dnat_rule(rule: &OvnDnatRule, context: &mut Context<'_>) -> Outcome {
    let name = rule.meta.name.as_str();
    let of_vpc = vpc_of(name);
    let default_vpc = context.kube_ovn().default_vpc.as_str();
    // Those of the cluster are called as the controller was told, which the default Vpc reports.
    let is_of_cluster = is_of_cluster(name)
        || context.cluster.vpc_until_gone(default_vpc)?.is_some_and(|vpc| vpc.load_balancers.contains(name));
    let whose = match of_vpc {
        _ if is_of_cluster => "the whole cluster".to_owned(),
        Some(vpc) => context.mention(Kind::Vpc, vpc),
        None => return Ok(()),
    };
    let detail = format!(
        "is what Kube-OVN calls a load balancer of {whose}: the rule's address is added to that one, and it goes when the rule is deleted"
    );
    let finding = Finding::forbidden(FieldPath::of("metadata.name"), name, detail);
    context.deny(finding.help("Take another name."));
    Ok(())
}

fn is_of_cluster(name: &str) -> bool {
    let middle = name.strip_prefix("cluster-").and_then(|rest| rest.strip_suffix("-loadbalancer"));
    middle.is_some_and(|middle| OF_CLUSTER.contains(&middle))
}

/// The VPC whose load balancer is called so, whether or not there is one already.
fn vpc_of(name: &str) -> Option<&str> {
    let middle = name.strip_prefix("vpc-")?.strip_suffix("-load")?;
    OF_VPC.iter().find_map(|protocol| middle.strip_suffix(protocol)).filter(|vpc| !vpc.is_empty())
}
