//! What Kube-OVN reads in the annotations of a Pod's addresses.

use serde_json::Value;

use super::asked::Ask;
use super::{Choice, Fault, MAC_HELP};
use crate::kinds::is_name;
use crate::net::{Cidr, Family, hardware_address, parse_ip};
use crate::rules::support::corrections;
use crate::text::quoted;

/// What comes of an address that is none.
const WAITS: &str = "so that Kube-OVN gives the Pod no network";
/// What comes of it in a list, behind others.
const SKIPPED: &str = "so that no Pod gets this entry of the list";

/// Addresses that a Pod takes together. Nothing is trimmed.
pub(super) fn addresses(value: &str) -> Result<Choice, Fault> {
    choice(value, WAITS)
}

fn choice(value: &str, effect: &str) -> Result<Choice, Fault> {
    let mut choice = Choice::new();
    for part in value.split(',') {
        let Some(address) = parse_ip(part) else { return Err(no_address(part, effect)) };
        if choice.iter().any(|other| Family::of(*other) == Family::of(address)) {
            let family = Family::of(address).name();
            return Err(Fault {
                detail: format!("has two {family} addresses, and an interface gets one of each family"),
                help: "Write one address, or an IPv4 and an IPv6 address with a comma between them.".to_owned(),
            });
        }
        choice.push(address);
    }
    Ok(choice)
}

fn no_address(part: &str, effect: &str) -> Fault {
    let shown = quoted(part);
    let detail = if part.is_empty() {
        format!("has an empty entry, {effect}")
    } else if part.trim() != part && parse_ip(part.trim()).is_some() {
        format!("{shown} has whitespace around it, {effect}")
    } else if Cidr::parse(part).is_ok() {
        format!("{shown} has a prefix length, {effect}")
    } else {
        format!("{shown} is not an address, {effect}")
    };
    let help = if part.is_empty() { "Leave out the comma.".to_owned() } else { corrections::address(part) };
    Fault { detail, help }
}

/// What is wrong with a MAC address of a port of OVN.
pub(super) fn mac_address(value: &str) -> Option<Fault> {
    let Some(bytes) = hardware_address(value) else {
        let detail = "is no MAC address, so that Kube-OVN gives the Pod no address".to_owned();
        return Some(Fault { detail, help: MAC_HELP.to_owned() });
    };
    if bytes.len() == 6 && value.contains(':') {
        return None;
    }
    let (detail, help) = if bytes.len() == 6 {
        let written: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        (
            "has no colons, and OVN reads no other MAC address: nothing reaches the Pod",
            format!("Write {}.", written.join(":")),
        )
    } else {
        ("has more than six bytes, which no interface of a Pod can have", MAC_HELP.to_owned())
    };
    Some(Fault { detail: detail.to_owned(), help })
}

/// The name of an `IPPool`, or addresses of which a Pod takes one; with them what is wrong with others of the list, of which Kube-OVN
/// tries one after the other.
pub(super) fn pool(value: &str) -> Result<(Ask, Option<Fault>), Fault> {
    if !value.contains([',', ';']) {
        let name = value.trim();
        return match parse_ip(name) {
            Some(address) => Ok((Ask::Addresses(vec![vec![address]]), None)),
            None if is_name(name) => Ok((Ask::Pool(name.to_owned()), None)),
            None => Err(Fault {
                detail: format!("is neither the name of an IPPool nor an address, {WAITS}"),
                help: "Name an IPPool, or write addresses with commas between them.".to_owned(),
            }),
        };
    }
    if value.contains(';') {
        return list(value.split(';'), true);
    }
    let parts: Vec<&str> = value.split(',').collect();
    if let [first, second] = parts.as_slice() {
        // Of two that are not of one family, as they stand, Kube-OVN makes one choice; what has whitespace around it is of none.
        let family = |part: &str| parse_ip(part).map(Family::of);
        if family(first) != family(second) {
            return addresses(value).map(|choice| (Ask::Addresses(vec![choice]), None));
        }
    }
    list(parts.into_iter(), false)
}

/// Kube-OVN looks at the first address of a list before all, and of one with `;` at the first of each entry.
fn list<'v>(entries: impl Iterator<Item = &'v str>, is_each_looked_at: bool) -> Result<(Ask, Option<Fault>), Fault> {
    let (mut choices, mut spoiled) = (Vec::new(), None);
    for (at, entry) in entries.map(str::trim).enumerate() {
        let first = entry.split(',').next().unwrap_or_default();
        if (at == 0 || is_each_looked_at) && parse_ip(first.trim()).is_none() {
            return Err(no_address(first, WAITS));
        }
        match choice(entry, SKIPPED) {
            Ok(choice) => choices.push(choice),
            Err(fault) => {
                spoiled.get_or_insert(fault);
            }
        }
    }
    match spoiled {
        Some(fault) if choices.is_empty() => Err(fault),
        spoiled => Ok((Ask::Addresses(choices), spoiled)),
    }
}

/// `[{"dst": "10.0.0.0/8", "gw": "10.17.0.1"}]`, read on the node.
pub(super) fn routes(value: &str) -> Option<Fault> {
    let form = || r#"Write a list, as in [{"dst": "10.0.0.0/8", "gw": "10.17.0.1"}]."#.to_owned();
    let unreadable =
        |what: &str| Some(Fault { detail: format!("{what}, and the node does not start the Pod"), help: form() });
    let routes = match serde_json::from_str::<Value>(value) {
        Ok(Value::Array(routes)) => routes,
        Ok(Value::Null) => return None,
        Ok(_) => return unreadable("is not a list of routes"),
        Err(_) => return unreadable("is not JSON"),
    };
    for (at, route) in routes.iter().enumerate() {
        let fields = match route {
            Value::Object(fields) => fields,
            Value::Null => continue,
            _ => return unreadable(&format!("route {at} is not an object")),
        };
        for (name, value) in fields {
            let name = name.to_ascii_lowercase();
            let text = match (name.as_str(), value) {
                ("dst" | "gw", Value::String(text)) => text,
                ("dst" | "gw", Value::Null) => continue,
                ("dst" | "gw", _) => return unreadable(&format!("{name} of route {at} is not a string")),
                _ => continue,
            };
            let is_read = if name == "dst" { Cidr::parse(text).is_ok() } else { parse_ip(text).is_some() };
            if !is_read && !text.is_empty() {
                let wanted = if name == "dst" { "a prefix" } else { "an address" };
                let detail = format!("{name} of route {at} is not {wanted}, and the node leaves the route out");
                return Some(Fault { detail, help: form() });
            }
        }
    }
    None
}

/// What is wrong with the prefix of which addresses must be.
pub(super) fn given_prefix(value: &str, choices: &[Choice]) -> Option<Fault> {
    let help = || "Leave it out: Kube-OVN writes it.".to_owned();
    let prefixes: Result<Vec<Cidr>, _> = value.split(',').map(Cidr::parse).collect();
    let Ok(prefixes) = prefixes else {
        return Some(Fault { detail: format!("is not a prefix of each family, {WAITS}"), help: help() });
    };
    let is_outside = |address: &&std::net::IpAddr| !prefixes.iter().any(|prefix| prefix.contains(**address));
    let outside = choices.iter().flatten().find(is_outside)?;
    Some(Fault { detail: format!("the Pod's address {outside} is not in it, {WAITS}"), help: help() })
}
