//! What can be wrong with any text that holds addresses, prefixes or words.

use std::net::{IpAddr, Ipv6Addr};

/// A change of a text; none where it would change nothing.
pub(crate) type Change = fn(&str) -> Option<String>;

/// For any text.
pub(crate) const WORDS: &[(&str, Change)] = &[
    ("empty", |_| Some(String::new())),
    ("blank-before", |text| Some(format!(" {text}"))),
    ("blank-after", |text| Some(format!("{text} "))),
    ("newline-after", |text| Some(format!("{text}\n"))),
    ("only-a-blank", |_| Some(" ".to_owned())),
    ("a-word", |_| Some("x".to_owned())),
    ("upper-case", |text| Some(text.to_uppercase())),
    ("lower-case", |text| Some(text.to_lowercase())),
];

/// For a text of addresses or prefixes, or a comma list of them.
pub(crate) const ADDRESSES: &[(&str, Change)] = &[
    ("blank-after-comma", |text| text.contains(',').then(|| text.replace(',', ", "))),
    ("trailing-comma", |text| Some(format!("{text},"))),
    ("leading-comma", |text| Some(format!(",{text}"))),
    ("semicolon", |text| text.contains(',').then(|| text.replace(',', ";"))),
    ("other-order", |text| text.split_once(',').map(|(first, second)| format!("{second},{first}"))),
    ("twice", |text| Some(format!("{text},{text}"))),
    ("leading-zero", |text| first_is_v4(text).then(|| format!("0{text}"))),
    ("three-octets", |text| first_is_v4(text).then(|| text.replacen(".0.", ".", 1)).filter(|short| short != text)),
    ("number", |text| first_is_v4(text).then(|| "168427777".to_owned())),
    ("hexadecimal", |text| first_is_v4(text).then(|| format!("0x0{}", text.get(1..).unwrap_or_default()))),
    ("v4-mapped", mapped),
    ("all-groups", |text| {
        in_each(text, |address| match address {
            IpAddr::V6(v6) => v6.segments().map(|group| format!("{group:04x}")).join(":"),
            IpAddr::V4(v4) => v4.to_string(),
        })
    }),
    ("zone", |text| {
        text.contains(':').then(|| match text.split_once('/') {
            Some((address, length)) => format!("{address}%eth0/{length}"),
            None => format!("{text}%eth0"),
        })
    }),
    ("brackets", |text| text.contains(':').then(|| format!("[{text}]"))),
];

/// For a text of prefixes.
pub(crate) const PREFIXES: &[(&str, Change)] = &[
    ("no-length", |text| {
        Some(text.split(',').map(|part| part.split('/').next().unwrap_or_default()).collect::<Vec<_>>().join(","))
    }),
    ("length-empty", |text| with_length(text, |_| String::new())),
    ("length-with-plus", |text| with_length(text, |length| format!("+{length}"))),
    ("length-with-zero", |text| with_length(text, |length| format!("0{length}"))),
    ("length-negative", |text| with_length(text, |_| "-1".to_owned())),
    ("length-too-long", |text| with_length(text, |_| if first_is_v4(text) { "33" } else { "129" }.to_owned())),
    ("length-as-mask", |text| first_is_v4(text).then(|| with_length(text, |_| "255.255.255.0".to_owned())).flatten()),
    ("length-blank", |text| with_length(text, |length| format!(" {length}"))),
];

/// For a text of addresses without a length.
pub(crate) const BARE: &[(&str, Change)] = &[("with-length", |text| {
    Some(
        text.split(',')
            .map(|part| format!("{part}/{}", if part.contains(':') { 64 } else { 24 }))
            .collect::<Vec<_>>()
            .join(","),
    )
})];

fn first_is_v4(text: &str) -> bool {
    text.split([',', '/', ':']).next().is_some_and(|first| first.contains('.'))
}

/// The length of the first prefix, made into another.
fn with_length(text: &str, length: impl Fn(&str) -> String) -> Option<String> {
    let (address, rest) = text.split_once('/')?;
    let end = rest.find(',').unwrap_or(rest.len());
    let (before, after) = rest.split_at(end);
    Some(format!("{address}/{}{after}", length(before)))
}

/// Each address, written otherwise; none where one is not an address.
fn in_each(text: &str, write: impl Fn(IpAddr) -> String) -> Option<String> {
    let part = |part: &str| {
        let (address, length) =
            part.split_once('/').map_or((part, String::new()), |(address, length)| (address, format!("/{length}")));
        Some(format!("{}{length}", write(address.parse().ok()?)))
    };
    text.split(',').map(part).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

/// Its IPv4 addresses as IPv6, with lengths to fit.
fn mapped(text: &str) -> Option<String> {
    let part = |part: &str| {
        let (address, length) = part.split_once('/').map_or((part, None), |(address, length)| (address, Some(length)));
        match address.parse() {
            Ok(IpAddr::V4(v4)) => {
                let mapped: Ipv6Addr = v4.to_ipv6_mapped();
                match length.map(str::parse::<u8>) {
                    Some(Ok(length)) => format!("{mapped}/{}", length + 96),
                    _ => mapped.to_string(),
                }
            }
            _ => part.to_owned(),
        }
    };
    Some(text.split(',').map(part).collect::<Vec<_>>().join(","))
}

#[test]
fn texts_change_as_they_say() {
    assert_eq!(mapped("10.0.0.0/24,fd00::/64").unwrap(), "::ffff:10.0.0.0/120,fd00::/64");
    assert_eq!(with_length("10.0.0.0/24,fd00::/64", |length| format!("0{length}")).unwrap(), "10.0.0.0/024,fd00::/64");
    assert_eq!(in_each("fd00::1/64", |_| "x".to_owned()).unwrap(), "x/64");
    assert!(!first_is_v4("fd00::1") && first_is_v4("10.0.0.1/8"));
}
