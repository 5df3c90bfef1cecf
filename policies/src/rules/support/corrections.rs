//! What to write in place of a value that cannot be read: the value itself where it is plain what was meant, else the form.

use crate::net::{Cidr, CidrError, Family, parse_ip};
use crate::text::{nearest, quoted};

/// In place of a text that is not a prefix.
pub(crate) fn prefix(text: &str, error: CidrError) -> String {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let known = parse_ip(address.trim());
    let usual = if known.is_some_and(|address| Family::of(address) == Family::V6) { 64 } else { 24 };
    match (error, known) {
        (CidrError::Blanks, _) if Cidr::parse(text.trim()).is_ok() => format!("Write {}.", quoted(text.trim())),
        (CidrError::NoLength, Some(address)) => format!("Add how many bits are fixed, as in {address}/{usual}."),
        (CidrError::Length { most }, Some(address)) => {
            format!("Write a number from 0 to {most} behind the slash, as in {address}/{usual}.")
        }
        (CidrError::Address, _) if !length.is_empty() => {
            "Write an IPv4 or IPv6 address before the slash, as in 10.0.0.0/24 or fd00::/64.".to_owned()
        }
        _ => "Write a prefix, as in 10.0.0.0/24 or fd00::/64.".to_owned(),
    }
}

/// In place of a text that is not an address.
pub(crate) fn address(text: &str) -> String {
    let trimmed = text.trim();
    let without_length = trimmed.split_once('/').map_or(trimmed, |(address, _)| address.trim());
    match parse_ip(without_length) {
        Some(address) => format!("Write {address}."),
        None => "Write one address, as in 10.0.0.5 or fd00::5.".to_owned(),
    }
}

/// In place of a text that is none of those that there are.
pub(crate) fn choice(text: &str, supported: &[&str]) -> String {
    let same = supported.iter().find(|known| known.eq_ignore_ascii_case(text.trim()));
    match same.copied().or_else(|| nearest(text.trim(), supported.iter().copied())) {
        Some(meant) => format!("Write {meant}."),
        None => format!("Write {}.", listed(supported)),
    }
}

/// `a, b or c`
fn listed(words: &[&str]) -> String {
    match words {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        _ => words.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_written() {
        for (text, wanted) in [
            (" 10.0.0.0/16", r#"Write "10.0.0.0/16"."#),
            ("10.0.0.0", "Add how many bits are fixed, as in 10.0.0.0/24."),
            ("fd00::", "Add how many bits are fixed, as in fd00::/64."),
            ("10.0.0.0/33", "Write a number from 0 to 32 behind the slash, as in 10.0.0.0/24."),
            ("fd00::/x", "Write a number from 0 to 128 behind the slash, as in fd00::/64."),
            ("10.0.0/16", "Write an IPv4 or IPv6 address before the slash, as in 10.0.0.0/24 or fd00::/64."),
            ("apps", "Write a prefix, as in 10.0.0.0/24 or fd00::/64."),
        ] {
            assert_eq!(prefix(text, Cidr::parse(text).unwrap_err()), wanted, "{text:?}");
        }
        assert_eq!(address(" 10.0.0.5"), "Write 10.0.0.5.");
        assert_eq!(address("10.0.0.5/24"), "Write 10.0.0.5.");
        assert_eq!(address("10.0.0.256"), "Write one address, as in 10.0.0.5 or fd00::5.");
        assert_eq!(choice("Reroute", &["allow", "reroute"]), "Write reroute.");
        assert_eq!(choice("rerout", &["allow", "reroute"]), "Write reroute.");
        assert_eq!(choice("x", &["allow", "drop", "reroute"]), "Write allow, drop or reroute.");
    }
}
