//! The text of the networks annotations, in all the ways that Kube-OVN takes, and in some that it does not.

use fastrand::Rng;

/// An element as it is meant.
pub(super) struct Written {
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    pub(super) interface: &'static str,
}

/// A text of elements: a list where it may be one, or JSON.
pub(super) fn text(rng: &mut Rng, elements: &[Written]) -> String {
    let is_plain = elements.iter().all(|element| !element.name.contains('.') && !element.interface.contains('.'));
    if is_plain && rng.bool() {
        let blank = if rng.bool() { " " } else { "" };
        return elements.iter().map(item).collect::<Vec<_>>().join(&format!("{blank},"));
    }
    let mut objects: Vec<String> = elements.iter().map(|element| object(rng, element)).collect();
    match rng.u8(..24) {
        0 => objects.push("null".to_owned()),
        1 => objects.push(r#"{"name":5}"#.to_owned()),
        _ => {}
    }
    let end = if rng.u8(..40) == 0 { ",]" } else { "]" };
    format!("[{}{end}", objects.join(", "))
}

fn item(element: &Written) -> String {
    let mut item = element.name.to_owned();
    if !element.namespace.is_empty() {
        item = format!("{}/{item}", element.namespace);
    }
    if !element.interface.is_empty() {
        item = format!("{item}@{}", element.interface);
    }
    item
}

fn object(rng: &mut Rng, element: &Written) -> String {
    let fields = [("namespace", element.namespace), ("name", element.name), ("interface", element.interface)];
    let mut members: Vec<(String, String)> = Vec::new();
    for (field, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        // What comes before is overwritten, and null leaves what is there.
        if rng.u8(..8) == 0 {
            let other = ["\"db\"", "\"amber\"", "\"cobalt\"", "null"][rng.usize(..4)];
            members.push((spelled(rng, field), other.to_owned()));
        }
        members.push((spelled(rng, field), quoted(rng, value)));
        if rng.u8(..8) == 0 {
            members.push((spelled(rng, field), "null".to_owned()));
        }
    }
    if rng.u8(..8) == 0 {
        let noise = [
            ("mac", "5"),
            ("ips", "[\"172.20.0.9\"]"),
            ("cni-args", "{\"a\":[]}"),
            ("NaMe2", "\"cobalt\""),
            ("ips", "null"),
        ];
        let (field, value) = noise[rng.usize(..noise.len())];
        members.push((field.to_owned(), value.to_owned()));
    }
    if rng.u8(..4) == 0 {
        rng.shuffle(&mut members);
    }
    let members: Vec<String> = members.iter().map(|(field, value)| format!("\"{field}\": {value}")).collect();
    format!("{{{}}}", members.join(", "))
}

/// A member's name, which Kube-OVN knows in any case, and with two letters that fold to those of ASCII.
fn spelled(rng: &mut Rng, field: &str) -> String {
    match rng.u8(..10) {
        0 => field.to_ascii_uppercase(),
        1 => field.replace('s', "ſ"),
        2 => field.replacen('n', "\\u006e", 1),
        3 => field.replacen('a', "A", 1),
        _ => field.to_owned(),
    }
}

fn quoted(rng: &mut Rng, value: &str) -> String {
    if rng.u8(..8) > 0 {
        return format!("\"{value}\"");
    }
    let escaped: Vec<String> = value.chars().map(|character| format!("\\u{:04x}", u32::from(character))).collect();
    format!("\"{}\"", escaped.concat())
}
