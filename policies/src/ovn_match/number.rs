//! Numbers and addresses, as OVN's lexer reads them: what one is depends on how it looks, and on what is glued to it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fault::Problem;
use super::token::{Format, Number};

/// The length of an IPv6 address in a text at most, as C libraries reckon it.
const LONGEST_ADDRESS: usize = 46;

/// The length of an Ethernet address in a text.
const ETHERNET: usize = 17;

/// Where the number ends that begins with a text: a colon does not follow a dot, and two dots are another token.
pub(super) fn extent(text: &[u8]) -> usize {
    let mut saw_dot = false;
    let mut end = 0;
    while let Some(byte) = text.get(end) {
        match byte {
            b'.' if text.get(end + 1) != Some(&b'.') => saw_dot = true,
            b':' if !saw_dot => {}
            byte if byte.is_ascii_alphanumeric() => {}
            _ => break,
        }
        end += 1;
    }
    end
}

/// A number without a mask.
pub(super) fn parse(text: &str) -> Result<Number, Problem> {
    if text.is_empty() {
        return Err(Problem::Number);
    }
    if let Some(value) = ethernet(text) {
        return Ok(Number::plain(value, Format::Ethernet));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return decimal(text).map(|value| Number::plain(value.into(), Format::Decimal));
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return hexadecimal(digits).map(|value| Number::plain(value, Format::Hexadecimal));
    }
    if text.len() >= LONGEST_ADDRESS {
        return Err(Problem::Number);
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Ok(Number::plain(u32::from(address).into(), Format::Ipv4));
    }
    let address = text.parse::<Ipv6Addr>().map_err(|_| Problem::Number)?;
    Ok(Number::plain(address.into(), Format::Ipv6))
}

/// A number with what stands behind its slash.
pub(super) fn masked(number: Number, mask: Number) -> Result<Number, Problem> {
    let Number { value, format, .. } = number;
    let of_prefix = |bits: u32, width: u32| u128::MAX.checked_shl(width - bits).unwrap_or(0) & ones(width);
    // OVN cuts the length to 32 bits before it looks at it.
    let length = u32::try_from(mask.value & 0xffff_ffff).unwrap_or(u32::MAX);
    let prefix = u64::try_from(mask.value).ok();
    let (mask, format, prefix) = match (format, mask.format) {
        (one, other) if one == other => (mask.value, format, None),
        (Format::Ipv4, Format::Decimal) if length <= 32 => (of_prefix(length, 32), format, prefix),
        (Format::Ipv6, Format::Decimal) if length <= 128 => (of_prefix(length, 128), format, prefix),
        (Format::Decimal, Format::Hexadecimal) if value == 0 => (mask.value, Format::Hexadecimal, None),
        _ => return Err(Problem::Mask),
    };
    Ok(Number { value: value & mask, written: value, mask: Some(mask), format, prefix })
}

/// So many ones, from the lowest bit.
pub(super) fn ones(width: u32) -> u128 {
    u128::MAX.checked_shr(u128::BITS - width).unwrap_or(0)
}

/// `xx:xx:xx:xx:xx:xx`. OVN counts the characters and not those of a group, of which the last two digits count.
fn ethernet(text: &str) -> Option<u128> {
    if text.len() != ETHERNET {
        return None;
    }
    let mut value = 0;
    let mut groups = 0;
    for group in text.split(':') {
        // A sign is no digit.
        let digits = group.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(group)?;
        value = value << 8 | u128::from(u64::from_str_radix(digits, 16).ok()? & 0xff);
        groups += 1;
    }
    (groups == 6).then_some(value)
}

fn decimal(digits: &str) -> Result<u64, Problem> {
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(Problem::LeadingZero);
    }
    digits.parse().map_err(|_| Problem::LargeDecimal)
}

fn hexadecimal(digits: &str) -> Result<u128, Problem> {
    if digits.is_empty() {
        return Err(Problem::NoHexDigits);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Problem::HexDigit);
    }
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    u128::from_str_radix(significant, 16).map_err(|_| Problem::LargeHex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extent_of_a_number() {
        for (text, wanted) in [("80)", 2), ("1.2.3.4:80", 7), ("0..7", 1), ("::1 ", 3), ("80abc", 5), ("10.0.0.1.", 9)]
        {
            assert_eq!(extent(text.as_bytes()), wanted, "{text}");
        }
    }

    #[test]
    fn numbers_are_what_they_look_like() {
        let read = |text: &str| parse(text).map(|number| (number.value, number.format));
        assert_eq!(read("0"), Ok((0, Format::Decimal)));
        assert_eq!(read("080"), Err(Problem::LeadingZero));
        assert_eq!(read("18446744073709551615"), Ok((u128::from(u64::MAX), Format::Decimal)));
        assert_eq!(read("18446744073709551616"), Err(Problem::LargeDecimal));
        assert_eq!(read("0X00fF"), Ok((255, Format::Hexadecimal)));
        assert_eq!(read(&format!("0x{}", "f".repeat(33))), Err(Problem::LargeHex));
        assert_eq!(read("0x"), Err(Problem::NoHexDigits));
        assert_eq!(read("10.0.0.1"), Ok((0x0a00_0001, Format::Ipv4)));
        assert_eq!(read("10.0.0.01"), Err(Problem::Number));
        assert_eq!(read("::1"), Ok((1, Format::Ipv6)));
        assert_eq!(read("::ffff:1.2.3.4"), Ok((0xffff_0102_0304, Format::Ipv6)));
        assert_eq!(read("00:00:00:00:01:0A"), Ok((266, Format::Ethernet)));
        assert_eq!(read("0:0:0:0:0:1"), Err(Problem::Number));
        assert_eq!(read("1:222:33:44:55:66"), Ok((0x0122_3344_5566, Format::Ethernet)));
    }

    #[test]
    fn a_mask_fits_or_it_does_not() {
        let read = |value: &str, mask: &str| masked(parse(value).unwrap(), parse(mask).unwrap());
        let ipv4 = read("10.1.2.3", "8").unwrap();
        assert_eq!((ipv4.value, ipv4.mask, ipv4.prefix), (0x0a00_0000, Some(0xff00_0000), Some(8)));
        assert_eq!(read("10.0.0.1", "0").unwrap().mask, Some(0));
        assert_eq!(read("fd00::1", "128").unwrap().mask, Some(u128::MAX));
        assert_eq!(read("fd00::1", "0").unwrap().mask, Some(0));
        assert_eq!(read("10.0.0.1", "255.0.0.255").unwrap().mask, Some(0xff00_00ff));
        assert_eq!(read("0", "0xff").unwrap().format, Format::Hexadecimal);
        // OVN takes this for /24.
        let cut = read("10.0.0.1", "4294967320").unwrap();
        assert_eq!((cut.mask, cut.prefix), (Some(0xffff_ff00), Some(4_294_967_320)));
        for (value, mask) in [("10.0.0.1", "33"), ("5", "0xff"), ("00:00:00:00:00:01", "24"), ("fd00::1", "129")] {
            assert_eq!(read(value, mask), Err(Problem::Mask), "{value}/{mask}");
        }
    }
}
