//! Names as Rust, YAML and people write them.

use anyhow::{Result, ensure};

/// The words of a name in capitals: `IptablesEIP` has two, and so has `IPPool`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1);
        let follows_small = before.is_none_or(|before| !before.is_uppercase());
        let begins = letter.is_uppercase() && (follows_small || after.is_some_and(|after| after.is_lowercase()));
        match words.last_mut().filter(|_| !begins) {
            Some(word) => word.push(*letter),
            None => words.push(letter.to_string()),
        }
    }
    words
}

/// The name of a file or a variable: `iptables_eip`.
pub(super) fn snake(name: &str) -> String {
    words(name).join("_").to_lowercase()
}

/// The name of a type: `IptablesEip`.
pub(super) fn camel(name: &str) -> String {
    let capitalised = |word: String| {
        let mut letters = word.chars();
        let first = letters.next();
        first.into_iter().chain(letters.flat_map(char::to_lowercase)).collect::<String>()
    };
    words(name).into_iter().map(capitalised).collect()
}

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
            assert_eq!((snake(kind).as_str(), camel(kind).as_str()), (file, name));
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
