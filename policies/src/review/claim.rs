//! Which addresses a request takes, and from which address space: what two requests at the same instant must not both get.

use ipnet::IpNet;

use crate::gather::sort_and_dedup;
use crate::kinds::{AddressSpace, NatGateway, Object, Subnet};
use crate::request::{Operation, TypedObject, TypedRequest, is_exempt};
use crate::rule::Rule;
use crate::rules::{nat_gateway, subnet};
use crate::settings::{RuleAction, Settings};

/// What a request takes once it is admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressClaim {
    /// The address space.
    pub space: AddressSpace,
    /// The name of the Subnet or the NAT gateway.
    pub holder: String,
    /// What it will hold, in canonical form and sorted.
    pub prefixes: Vec<IpNet>,
    /// Those of them that it does not hold already.
    pub added: Vec<IpNet>,
    /// Whether it gets them even if somebody else holds them: where that is a warning only.
    pub advisory: bool,
}

impl AddressClaim {
    /// What an admitted request takes; nothing where no rule would mind who else has it, or where nothing changes.
    pub fn of(request: &TypedRequest<'_>, settings: &Settings) -> Option<Self> {
        let TypedRequest { attributes, object: TypedObject { object: new, .. }, old } = request;
        if !matches!(attributes.operation, Operation::Create | Operation::Update) {
            return None;
        }
        if new.meta().deleting || is_exempt(attributes, new, settings) {
            return None;
        }
        let (rule, space, prefixes) = taken(new)?;
        let held = old.as_ref().and_then(|old| taken(&old.object)).filter(|(_, old_space, _)| *old_space == space);
        let held = held.map(|(_, _, held)| held).unwrap_or_default();
        let added: Vec<_> = prefixes.iter().copied().filter(|prefix| held.binary_search(prefix).is_err()).collect();
        if added.is_empty() {
            return None;
        }
        let advisory = match rule.action(settings) {
            RuleAction::Off => return None,
            RuleAction::Warn => true,
            RuleAction::Deny => new.meta().allows(rule.id),
        };
        Some(Self { space, holder: new.meta().name.clone(), prefixes, added, advisory })
    }
}

/// What an object holds, of which space, and the rule that keeps others from it.
fn taken(object: &Object) -> Option<(&'static Rule, AddressSpace, Vec<IpNet>)> {
    let (rule, space, mut prefixes) = match object {
        Object::Subnet(subnet) => (&subnet::cidr_overlap::RULE, of_subnet(subnet)?, prefixes_of(subnet)),
        Object::NatGateway(gateway) => (&nat_gateway::lan_ip_unique::RULE, of_gateway(gateway)?, lan_ips_of(gateway)),
        _ => return None,
    };
    sort_and_dedup(&mut prefixes);
    Some((rule, space, prefixes))
}

fn of_subnet(subnet: &Subnet) -> Option<AddressSpace> {
    subnet.shard().map(AddressSpace::Vpc)
}

fn prefixes_of(subnet: &Subnet) -> Vec<IpNet> {
    subnet.cidrs.iter().map(crate::net::Cidr::network).collect()
}

fn of_gateway(gateway: &NatGateway) -> Option<AddressSpace> {
    Some(gateway.subnet.clone()).filter(|subnet| !subnet.is_empty()).map(AddressSpace::Subnet)
}

fn lan_ips_of(gateway: &NatGateway) -> Vec<IpNet> {
    gateway.lan_ip.addresses.iter().copied().map(IpNet::from).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kinds::Shard;
    use crate::request::Request;
    use crate::rules::support::testing::{create, update};

    fn subnet(spec: Value) -> Value {
        json!({"kind": "Subnet", "name": "a", "spec": spec})
    }

    fn claimed(request: &Request, settings: &Settings) -> Option<AddressClaim> {
        AddressClaim::of(&TypedRequest::read(request, &settings.kube_ovn)?, settings)
    }

    fn wanted(request: &Request) -> Option<AddressClaim> {
        claimed(request, &Settings::default())
    }

    fn lines(prefixes: &[IpNet]) -> Vec<String> {
        prefixes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_new_subnet_takes_its_canonical_prefixes() {
        let taken =
            wanted(&create(&subnet(json!({"vpc": "v", "cidrBlock": "fd00::5/64, 10.0.0.9/24,10.0.0.0/24"})))).unwrap();
        assert_eq!(lines(&taken.prefixes), ["10.0.0.0/24", "fd00::/64"]);
        assert_eq!(taken.added, taken.prefixes);
        assert_eq!(taken.space, AddressSpace::Vpc(Shard { vpc: "v".to_owned(), vlan: String::new() }));
        assert!(!taken.advisory);
        assert_eq!(wanted(&create(&subnet(json!({"provider": "nad.ns", "cidrBlock": "10.0.0.0/24"})))), None);
        assert_eq!(
            wanted(&create(&json!({"kind": "Subnet", "name": "join", "spec": {"cidrBlock": "10.0.0.0/24"}}))),
            None
        );
    }

    #[test]
    fn an_update_contests_only_what_is_new_in_its_space() {
        let spec = |vpc: &str, cidrs: &str| subnet(json!({"vpc": vpc, "cidrBlock": cidrs}));
        let old = spec("v", "10.0.0.0/24");
        assert_eq!(wanted(&update(&old, &spec("v", " 10.0.0.1/24"))), None);
        let more = wanted(&update(&old, &spec("v", "10.0.0.0/24,fd00::/64"))).unwrap();
        assert_eq!((lines(&more.added), more.prefixes.len()), (vec!["fd00::/64".to_owned()], 2));
        assert_eq!(lines(&wanted(&update(&old, &spec("w", "10.0.0.0/24"))).unwrap().added), ["10.0.0.0/24"]);
    }

    #[test]
    fn a_gateway_takes_its_lan_ip_from_its_subnet() {
        let gateway =
            |lan_ip: &str| json!({"kind": "VpcNatGateway", "name": "g", "spec": {"subnet": "s", "lanIp": lan_ip}});
        let taken = wanted(&create(&gateway("10.0.0.254,fd00::5"))).unwrap();
        assert_eq!(lines(&taken.prefixes), ["10.0.0.254/32", "fd00::5/128"]);
        assert_eq!(taken.space, AddressSpace::Subnet("s".to_owned()));
        assert_eq!(wanted(&create(&gateway(""))), None);
    }

    #[test]
    fn the_rules_action_decides_whether_it_is_taken_at_all() {
        let request = create(&subnet(json!({"cidrBlock": "10.0.0.0/24"})));
        let under = |action: &str| {
            let settings = Settings::parse(&json!({"rules": {"subnet-cidr-overlap": action}})).unwrap();
            claimed(&request, &settings).map(|claim| claim.advisory)
        };
        assert_eq!((under("deny"), under("warn"), under("off")), (Some(false), Some(true), None));
        let allowed = json!({"kind": "Subnet", "annotations": {"vpcguard.io/allow": "subnet-cidr-overlap"}, "spec": {"cidrBlock": "10.0.0.0/24"}});
        assert!(wanted(&create(&allowed)).unwrap().advisory);
    }
}
