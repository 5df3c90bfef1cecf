//! Which addresses a request takes, and from which address space: what two requests at the same instant must not both get.

use ipnet::IpNet;

use crate::gather::sort_and_dedup;
use crate::inventory::ClusterView;
use crate::kinds::{AddressSpace, ClaimKey, Holder, JoinedName, NatGateway, Object, SharedLedger, Sort, Subnet};
use crate::request::{Operation, TypedObject, TypedRequest, is_exempt};
use crate::rule::Rule;
use crate::rules::{common, nat, nat_gateway, subnet};
use crate::settings::{RuleAction, Settings};

/// What a request takes once it is admitted, in one ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressClaim {
    /// The address space.
    pub space: AddressSpace,
    /// The object.
    pub holder: Holder,
    /// What it will hold, sorted; prefixes in canonical form.
    pub keys: Vec<ClaimKey>,
    /// Those of them that it does not hold already.
    pub added: Vec<ClaimKey>,
    /// Those of them that nobody else must hold. The others it gets all the same: where that is a warning only.
    pub contested: Vec<ClaimKey>,
}

/// What an object holds of an address space, and the rule that keeps others from it.
struct Taken {
    rule: &'static Rule,
    space: AddressSpace,
    keys: Vec<ClaimKey>,
}

impl AddressClaim {
    /// What an admitted request takes, in the order of the ledgers' names; nothing where no rule would mind who else has it, or
    /// where nothing changes. A name in OVN is taken only where somebody else may come to have it, as far as the cluster says.
    pub fn of(request: &TypedRequest<'_>, settings: &Settings, cluster: &dyn ClusterView) -> Vec<Self> {
        let TypedRequest { attributes, object: TypedObject { object: new, .. }, old } = request;
        if !matches!(attributes.operation, Operation::Create | Operation::Update) {
            return Vec::new();
        }
        if new.meta().deleting || is_exempt(attributes, new, settings) {
            return Vec::new();
        }
        let Some(kind) = new.looked_up_as() else { return Vec::new() };
        let before = old.as_ref().map(|old| taken(&old.object)).unwrap_or_default();
        let holder = Holder {
            kind,
            namespace: if kind.is_namespaced() { attributes.namespace.to_owned() } else { String::new() },
            name: new.meta().name.clone(),
        };
        let mut claims: Vec<Self> = Vec::new();
        for Taken { rule, space, keys } in taken(new) {
            let is_contested = match rule.action(settings) {
                RuleAction::Off => continue,
                RuleAction::Warn => false,
                RuleAction::Deny => rule.firm || !new.meta().allows(rule.id),
            };
            let is_held =
                |key: &ClaimKey| before.iter().any(|held| held.space == space && held.keys.binary_search(key).is_ok());
            let mut added: Vec<_> = keys.iter().filter(|key| !is_held(key)).cloned().collect();
            added.retain(|key| is_contestable(key, cluster));
            if added.is_empty() {
                continue;
            }
            let keys = if space.is_of_names() { added.clone() } else { keys };
            let contested = if is_contested { added.clone() } else { Vec::new() };
            match claims.iter_mut().find(|claim| claim.space == space) {
                Some(claim) => {
                    claim.keys.extend(keys);
                    claim.added.extend(added);
                    claim.contested.extend(contested);
                }
                None => claims.push(Self { space, holder: holder.clone(), keys, added, contested }),
            }
        }
        for claim in &mut claims {
            [&mut claim.keys, &mut claim.added, &mut claim.contested].into_iter().for_each(sort_and_dedup);
        }
        claims.sort_by_cached_key(|claim| claim.space.object_name());
        claims
    }
}

/// In one address space by one rule or several, each once.
fn taken(object: &Object) -> Vec<Taken> {
    let of_space = match object {
        Object::Subnet(subnet) => {
            let space = subnet.shard().map(AddressSpace::Vpc);
            space.map(|space| (&subnet::cidr_overlap::RULE, space, prefixes_of(subnet)))
        }
        Object::NatGateway(gateway) => {
            let space = of_gateway(gateway);
            space.map(|space| (&nat_gateway::lan_ip_unique::RULE, space, lan_ips_of(gateway)))
        }
        _ => None,
    };
    let mut all: Vec<_> = of_space
        .into_iter()
        .map(|(rule, space, prefixes)| Taken {
            rule,
            space,
            keys: prefixes.into_iter().map(ClaimKey::Prefix).collect(),
        })
        .collect();
    for key in object.taken() {
        let Some(shared) = SharedLedger::of(&key) else { continue };
        let rule = rule_of(&key, shared.sort);
        let space = AddressSpace::Shared(shared);
        match all.iter_mut().find(|taken| taken.space == space && taken.rule.id == rule.id) {
            Some(taken) => taken.keys.push(key),
            None => all.push(Taken { rule, space, keys: vec![key] }),
        }
    }
    for taken in &mut all {
        sort_and_dedup(&mut taken.keys);
    }
    all
}

/// Whether somebody else may come to have this too. A port that is called after a Vpc and something else is called after another
/// pair too where the first of that is a Vpc: of most names none is, and these cost no write.
fn is_contestable(key: &ClaimKey, cluster: &dyn ClusterView) -> bool {
    let ClaimKey::JoinedName(name @ JoinedName::Port { .. }) = key else { return true };
    // What cannot be read may be there.
    let look = |router: &str, _: &str| match cluster.vpc_until_gone(router) {
        Ok(None) => Ok(()),
        Ok(Some(_)) | Err(_) => Err(()),
    };
    name.for_each_rival(look).is_err()
}

/// The rule that keeps others from what is claimed in shared ledgers.
fn rule_of(key: &ClaimKey, sort: Sort) -> &'static Rule {
    match sort {
        Sort::Addresses if matches!(key, ClaimKey::LanIp { .. }) => &nat_gateway::lan_ip_unique::RULE,
        Sort::Addresses => &common::subnet_address_unique::RULE,
        Sort::Nat => &nat::rule_conflict::RULE,
        Sort::Names => &common::ovn_name_conflict::RULE,
    }
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
    use crate::inventory::Inventory;
    use crate::kinds::{Kind, Shard};
    use crate::request::Request;
    use crate::rules::support::testing::{create, update};

    fn subnet(spec: Value) -> Value {
        json!({"kind": "Subnet", "name": "a", "spec": spec})
    }

    fn claimed(request: &Request, settings: &Settings) -> Option<AddressClaim> {
        let claims =
            AddressClaim::of(&TypedRequest::read(request, &settings.kube_ovn)?, settings, &Inventory::default());
        claims.into_iter().find(|claim| !matches!(claim.space, AddressSpace::Shared(_)))
    }

    fn wanted(request: &Request) -> Option<AddressClaim> {
        claimed(request, &Settings::default())
    }

    fn lines(keys: &[ClaimKey]) -> Vec<String> {
        ClaimKey::to_texts(keys)
    }

    #[test]
    fn a_new_subnet_takes_its_canonical_prefixes() {
        let taken =
            wanted(&create(&subnet(json!({"vpc": "v", "cidrBlock": "fd00::5/64, 10.0.0.9/24,10.0.0.0/24"})))).unwrap();
        assert_eq!(lines(&taken.keys), ["10.0.0.0/24", "fd00::/64"]);
        assert_eq!(taken.added, taken.keys);
        assert_eq!(taken.space, AddressSpace::Vpc(Shard { vpc: "v".to_owned(), vlan: String::new() }));
        assert_eq!(taken.contested, taken.added);
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
        assert_eq!((lines(&more.added), more.keys.len()), (vec!["fd00::/64".to_owned()], 2));
        assert_eq!(lines(&wanted(&update(&old, &spec("w", "10.0.0.0/24"))).unwrap().added), ["10.0.0.0/24"]);
    }

    #[test]
    fn a_gateway_takes_its_lan_ip_from_its_subnet() {
        let gateway =
            |lan_ip: &str| json!({"kind": "VpcNatGateway", "name": "g", "spec": {"subnet": "s", "lanIp": lan_ip}});
        let taken = wanted(&create(&gateway("10.0.0.254,fd00::5"))).unwrap();
        assert_eq!(lines(&taken.keys), ["10.0.0.254/32", "fd00::5/128"]);
        assert_eq!(taken.space, AddressSpace::Subnet("s".to_owned()));
        assert_eq!(wanted(&create(&gateway(""))), None);
    }

    fn all(request: &Request, settings: &Settings) -> Vec<String> {
        all_in(request, settings, &Inventory::default())
    }

    fn all_in(request: &Request, settings: &Settings, cluster: &Inventory) -> Vec<String> {
        let claims = AddressClaim::of(&TypedRequest::read(request, &settings.kube_ovn).unwrap(), settings, cluster);
        let line = |claim: &AddressClaim| {
            let (to, keys) = (claim.space.object_name(), lines(&claim.keys).join("; "));
            format!(
                "{} {to}: {keys}{}",
                claim.holder.to_text(),
                if claim.contested.is_empty() { ", advisory" } else { "" }
            )
        };
        claims.iter().map(line).collect()
    }

    #[test]
    fn addresses_are_claimed_where_many_share_a_ledger_in_the_order_of_their_names() {
        let settings = Settings::default();
        let gateway = json!({"kind": "VpcNatGateway", "name": "g", "spec": {"subnet": "s", "lanIp": "10.0.0.254"}});
        assert_eq!(
            all(&create(&gateway), &settings),
            [
                "VpcNatGateway/g addresses-04: lan-ip s 10.0.0.254; nat-gateway s 10.0.0.254",
                "VpcNatGateway/g subnet.s.cdd906f8669e2f0cf9ac: 10.0.0.254/32"
            ]
        );
        let eip = |address: &str| json!({"kind": "IptablesEIP", "name": "e", "spec": {"externalSubnet": "s", "v4ip": address}});
        assert_eq!(all(&create(&eip("10.0.0.5")), &settings), ["IptablesEIP/e addresses-04: address s 10.0.0.5"]);
        assert_eq!(all(&create(&eip("")), &settings), [""; 0]);
        assert_eq!(all(&update(&eip("10.0.0.5"), &eip("10.0.0.5")), &settings), [""; 0]);
        assert_eq!(
            all(&update(&eip("10.0.0.5"), &eip("10.0.0.6")), &settings),
            ["IptablesEIP/e addresses-04: address s 10.0.0.6"]
        );
        let between = json!({"kind": "VpcEgressGateway", "namespace": "ns", "name": "g", "spec": {
            "internalSubnet": "s", "internalIPs": ["10.0.0.5"], "externalSubnet": "t", "externalIPs": ["192.0.2.5"],
        }});
        assert_eq!(
            all(&create(&between), &settings),
            [
                "VpcEgressGateway/ns/g addresses-03: address t 192.0.2.5",
                "VpcEgressGateway/ns/g addresses-04: address s 10.0.0.5",
            ]
        );
        let off = Settings::parse(&json!({"rules": {"subnet-address-unique": "off"}})).unwrap();
        assert_eq!(
            all(&create(&gateway), &off),
            [
                "VpcNatGateway/g addresses-04: nat-gateway s 10.0.0.254",
                "VpcNatGateway/g subnet.s.cdd906f8669e2f0cf9ac: 10.0.0.254/32"
            ]
        );
        let off = Settings::parse(&json!({"rules": {"lan-ip-unique": "off"}})).unwrap();
        assert_eq!(all(&create(&gateway), &off), ["VpcNatGateway/g addresses-04: lan-ip s 10.0.0.254"]);
        // Of two rules each has its action, in one ledger.
        let warn = Settings::parse(&json!({"rules": {"subnet-address-unique": "warn"}})).unwrap();
        let request = create(&gateway);
        let claims =
            AddressClaim::of(&TypedRequest::read(&request, &warn.kube_ovn).unwrap(), &warn, &Inventory::default());
        assert_eq!(lines(&claims[0].added), ["lan-ip s 10.0.0.254", "nat-gateway s 10.0.0.254"]);
        assert_eq!(lines(&claims[0].contested), ["nat-gateway s 10.0.0.254"]);
        assert_eq!(all(&create(&eip("10.0.0.5")), &warn), ["IptablesEIP/e addresses-04: address s 10.0.0.5, advisory"]);
    }

    fn with_vpcs(names: &[&str]) -> Inventory {
        let mut cluster = Inventory::default();
        for name in names {
            cluster.apply(Kind::Vpc, &json!({"metadata": {"name": name}}));
        }
        cluster
    }

    fn names_in(cluster: &Inventory, request: &Request) -> Vec<String> {
        let mut all = all_in(request, &Settings::default(), cluster);
        all.retain(|claim| claim.contains("ovn-names"));
        all
    }

    /// What most have, hyphens or not, costs nothing.
    #[test]
    fn a_name_in_ovn_is_taken_where_another_vpc_may_make_it_too() {
        let subnet = |name: &str, vpc: &str| json!({"kind": "Subnet", "name": name, "spec": {"vpc": vpc, "cidrBlock": "10.0.0.0/24"}});
        let cluster = with_vpcs(&["prod", "prod-eu", "eu", "shop"]);
        let names = |object: &Value| names_in(&cluster, &create(object));
        assert_eq!(names(&subnet("eu-web", "prod")), ["Subnet/eu-web ovn-names-01: name router-port/prod/eu-web"]);
        // Its switch port as well: Subnet web-prod of VPC eu would have that.
        assert_eq!(
            names(&subnet("web", "prod-eu")),
            [
                "Subnet/web ovn-names-01: name router-port/prod-eu/web",
                "Subnet/web ovn-names-09: name switch-port/prod-eu/web",
            ]
        );
        for none in
            [subnet("web", "prod"), subnet("my-web-eu", "shop"), subnet("eu-web", "shop"), subnet("a-b-c", "ab-c")]
        {
            assert_eq!(names(&none), [""; 0], "{none}");
        }
        assert_eq!(names_in(&with_vpcs(&["prod"]), &create(&subnet("eu-web", "prod"))), [""; 0]);
        let vpc = |name: &str, spec: Value| json!({"kind": "Vpc", "name": name, "spec": spec});
        let peering = |remote: &str| json!({"vpcPeerings": [{"remoteVpc": "z"}, {"remoteVpc": remote}]});
        assert_eq!(names(&vpc("prod", peering("eu-web"))), ["Vpc/prod ovn-names-01: name router-port/prod/eu-web"]);
        let changed = update(&vpc("prod", peering("eu-web")), &vpc("prod", peering("eu-db")));
        assert_eq!(names_in(&cluster, &changed), ["Vpc/prod ovn-names-08: name router-port/prod/eu-db"]);
        assert_eq!(
            names_in(&cluster, &update(&vpc("prod", json!({})), &vpc("prod", json!({"namespaces": ["a"]})))),
            [""; 0]
        );
        let group = |name: &str| json!({"kind": "SecurityGroup", "name": name});
        assert_eq!(names(&group("sg-web")), ["SecurityGroup/sg-web ovn-names-08: name port-group/sg.web"]);
        assert_eq!(names(&group("web")), [""; 0]);
        let moved = update(&subnet("eu-web", "shop"), &subnet("eu-web", "prod"));
        assert_eq!(names_in(&cluster, &moved).len(), 1);
        assert_eq!(names_in(&cluster, &update(&subnet("eu-web", "prod"), &subnet("eu-web", "prod"))), [""; 0]);
    }

    /// What the ledger's index calls held is what the rule refuses, or a request would be sent back for ever.
    #[test]
    fn who_has_a_name_in_ovn_is_found_by_what_others_want() {
        let mut cluster = with_vpcs(&["prod"]);
        cluster.apply(Kind::Subnet, &json!({"metadata": {"name": "eu-web"}, "spec": {"vpc": "prod"}}));
        cluster.apply(Kind::SecurityGroup, &json!({"metadata": {"name": "sg-web"}}));
        let linked = json!({"metadata": {"name": "a"}, "spec": {"vpcPeerings": [{"remoteVpc": "b-c"}],
            "enableExternal": true, "extraExternalSubnets": ["wan-x"]}});
        cluster.apply(Kind::Vpc, &linked);
        let holders = |text: &str| {
            let key = ClaimKey::of_text(text).unwrap().remove(0);
            let space = AddressSpace::Shared(SharedLedger::of(&key).unwrap());
            cluster.holders(&space, &key).iter().map(Holder::to_text).collect::<Vec<_>>()
        };
        assert_eq!(holders("name router-port/prod-eu/web"), ["Subnet/eu-web"]);
        assert_eq!(holders("name switch-port/web-prod/eu"), ["Subnet/eu-web"]);
        assert_eq!(holders("name switch-port/x-a/wan"), ["Vpc/a"]);
        assert_eq!(holders("name router-port/a-b/c"), ["Vpc/a"]);
        assert_eq!(holders("name switch-port/c-a/b"), [""; 0], "a peering has no switch");
        assert_eq!(holders("name port-group/sg.web"), ["SecurityGroup/sg-web"]);
        // The very pair is no other one.
        assert_eq!(holders("name router-port/prod/eu-web"), [""; 0]);
        let key = ClaimKey::of_text("name router-port/prod/eu-web").unwrap().remove(0);
        let space = AddressSpace::Shared(SharedLedger::of(&key).unwrap());
        assert!(cluster.holds(&Holder::new(Kind::Subnet, "eu-web"), &space, &key));
    }

    #[test]
    fn the_rules_action_decides_whether_it_is_taken_at_all() {
        let request = create(&subnet(json!({"cidrBlock": "10.0.0.0/24"})));
        let under = |action: &str| {
            let settings = Settings::parse(&json!({"rules": {"subnet-cidr-overlap": action}})).unwrap();
            claimed(&request, &settings).map(|claim| claim.contested.is_empty())
        };
        assert_eq!((under("deny"), under("warn"), under("off")), (Some(false), Some(true), None));
        let allowed = json!({"kind": "Subnet", "annotations": {"vpcguard.io/allow": "subnet-cidr-overlap"}, "spec": {"cidrBlock": "10.0.0.0/24"}});
        assert!(wanted(&create(&allowed)).unwrap().contested.is_empty());
    }
}
