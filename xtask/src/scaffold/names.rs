//! Names as Rust, YAML and people write them.

use anyhow::{Result, ensure};

/// With its article: `an IPPool`.
pub(super) fn a(kind: &str) -> String {
    let article = if kind.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// Sees that an id is one: `subnet-mtu`.
pub(super) fn is_kebab(id: &str) -> Result<()> {
    let is_word = |word: &str| {
        let mut letters = word.bytes();
        !word.is_empty() && letters.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let starts_small = id.starts_with(|letter: char| letter.is_ascii_lowercase());
    ensure!(
        starts_small && id.split('-').all(is_word),
        "{id:?} is not a rule's id: small letters and digits, with hyphens between the words, as in subnet-mtu"
    );
    Ok(())
}

/// The module of a rule: its id without the words that its folder has already, as far as Rust takes that for a name.
pub(super) fn module(id: &str, folder: &str) -> String {
    let known: Vec<_> = folder.split('_').collect();
    let own: Vec<_> = id.split('-').skip_while(|word| known.contains(word)).collect();
    let short = own.join("_");
    let is_taken = ["mod", "tests", "testing"].contains(&short.as_str());
    if !is_taken && syn::parse_str::<syn::Ident>(&short).is_ok() { short } else { id.replace('-', "_") }
}

#[cfg(test)]
mod tests {
    use heck::{ToSnakeCase, ToUpperCamelCase};

    use super::*;

    #[test]
    fn a_kind_is_called_as_those_that_are_there() {
        for (kind, file, name) in [
            ("Vpc", "vpc", "Vpc"),
            ("IPPool", "ip_pool", "IpPool"),
            ("IptablesEIP", "iptables_eip", "IptablesEip"),
            ("IptablesFIPRule", "iptables_fip_rule", "IptablesFipRule"),
            ("ServiceCIDR", "service_cidr", "ServiceCidr"),
            ("SecurityGroup", "security_group", "SecurityGroup"),
        ] {
            assert_eq!((kind.to_snake_case().as_str(), kind.to_upper_camel_case().as_str()), (file, name));
        }
    }

    #[test]
    fn a_module_leaves_out_the_words_of_its_folder() {
        for (id, folder, name) in [
            ("subnet-mtu", "subnet", "mtu"),
            ("policy-route-syntax", "vpc", "policy_route_syntax"),
            ("gateway-subnet-in-vpc", "nat_gateway", "subnet_in_vpc"),
            ("ip-pool-vpc-namespaces", "ip_pool", "vpc_namespaces"),
            ("subnet", "subnet", "subnet"),
            ("vpc-static", "vpc", "vpc_static"),
            ("pod-tests", "pod", "pod_tests"),
        ] {
            assert_eq!(module(id, folder), name);
        }
    }

    #[test]
    fn an_id_is_in_small_letters_with_hyphens() {
        for id in ["a", "subnet-mtu", "subnet-ipv6-2"] {
            is_kebab(id).unwrap();
        }
        for id in ["", "Subnet-mtu", "subnet_mtu", "subnet--mtu", "subnet-", "-mtu", "6to4", "subnet mtu"] {
            assert!(is_kebab(id).is_err(), "{id}");
        }
    }

    #[test]
    fn articles_are_heard() {
        assert_eq!([a("IPPool"), a("Vpc")], ["an IPPool", "a Vpc"]);
    }
}
