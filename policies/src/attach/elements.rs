//! The networks that a Pod's annotations list, as Kube-OVN reads them.
//!
//! Two forms: `[<namespace>/]<name>[@<interface>]` with commas between, or a JSON list of objects. Which one it is, what is an
//! error and what of several spellings of a key counts is what Go and the library of Multus make of it.

use std::borrow::Cow;

use super::json::{Json, Sort};
use super::unfit::Unfit;
use crate::kinds::is_label;
use crate::net::parse_ip;

/// An element that has a name. One without leads to no NetworkAttachmentDefinition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element<'t> {
    pub(super) name: Cow<'t, str>,
    /// Empty where it is the Pod's.
    pub(super) namespace: Cow<'t, str>,
    pub(super) interface: Cow<'t, str>,
    /// The addresses that it asks for.
    pub(super) ips: Vec<Cow<'t, str>>,
    /// The MAC address that it asks for; empty where it asks for none.
    pub(super) mac: Cow<'t, str>,
}

impl<'t> Element<'t> {
    /// As a virtual machine names it: `name` or `namespace/name`.
    pub(super) fn named(name: &'t str) -> Self {
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        Self { name: name.into(), namespace: namespace.into(), ..Self::default() }
    }
}

/// What an annotation lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed<'t> {
    pub(super) elements: Vec<Element<'t>>,
    /// The number of the first element without a name.
    pub(super) nameless: Option<usize>,
    /// What Multus cannot read of it, which it then takes for an error of the whole list.
    pub(super) unfit: Option<Unfit>,
}

/// Why nothing can be made of an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Kube-OVN says that it is an error, for this reason.
    Malformed(String),
    /// The element of this number is null, which ends Kube-OVN's controller.
    Null(usize),
}

/// How long all annotations of an object may be together, in bytes. What is longer is stored by no API server, and so read by
/// nobody; but a webhook may be asked about it, and what is listed takes a hundred times as much memory as its text.
const LONGEST: usize = 256 << 10;

/// Reads an annotation that is not empty.
pub(super) fn read(text: &str) -> Result<Listed<'_>, Unreadable> {
    if text.len() > LONGEST {
        return Err(Unreadable::Malformed(format!("is longer than {LONGEST} bytes, which no API server stores")));
    }
    if text.contains(['[', '{', '"']) { of_json(text) } else { of_commas(text) }
}

fn of_commas(text: &str) -> Result<Listed<'_>, Unreadable> {
    let mut listed = Listed::default();
    for (at, item) in text.split(',').enumerate() {
        let malformed = |why: &str| Unreadable::Malformed(format!("{item:?} {why}", item = item.trim()));
        let (namespace, rest) = match item.trim().split_once('/') {
            Some((_, rest)) if rest.contains('/') => return Err(malformed("has more than one slash")),
            Some((namespace, rest)) => (namespace.trim(), rest),
            None => ("", item.trim()),
        };
        let (name, interface) = match rest.split_once('@') {
            Some((_, rest)) if rest.contains('@') => return Err(malformed("has more than one @")),
            Some((name, interface)) => (name.trim(), interface.trim()),
            None => (rest.trim(), ""),
        };
        if ![namespace, name, interface].into_iter().all(|part| part.is_empty() || is_label(part)) {
            return Err(malformed("has a part that is not lower case letters, digits and hyphens"));
        }
        let [name, namespace, interface] = [name, namespace, interface].map(Cow::Borrowed);
        listed.push(at, Element { name, namespace, interface, ..Element::default() });
    }
    Ok(listed)
}

fn of_json(text: &str) -> Result<Listed<'_>, Unreadable> {
    let malformed = |why: &str| Unreadable::Malformed(why.to_owned());
    let mut json = Json::of(text).ok_or_else(|| malformed("is not well-formed JSON"))?;
    if json.sort() != Sort::List {
        return Err(malformed("is JSON, but not a list of networks"));
    }
    json.enter();
    let (mut listed, mut decoder, mut null) = (Listed::default(), Decoder::new(json), None);
    let mut at = 0;
    while decoder.json.more() {
        match decoder.json.sort() {
            Sort::Null => {
                null.get_or_insert(at);
                decoder.json.skip(drop);
            }
            Sort::Object => {
                let (element, guid) = decoder.element(at);
                listed.unfit = listed.unfit.or_else(|| Unfit::of(at, &element, &guid));
                listed.push(at, element);
            }
            other => decoder.wrong(at, "", "an object", other),
        }
        at += 1;
    }
    // A null is met when all has been decoded, so an error comes before it.
    match (decoder.wrong, null) {
        (Some(wrong), _) => Err(Unreadable::Malformed(wrong.said)),
        (None, Some(at)) => Err(Unreadable::Null(at)),
        (None, None) => Ok(listed),
    }
}

impl<'t> Listed<'t> {
    fn push(&mut self, at: usize, element: Element<'t>) {
        if element.name.is_empty() {
            self.nameless.get_or_insert(at);
        } else {
            self.elements.push(element);
        }
    }
}

/// Whether the name of a member is that of a field, which is in lower case: Go takes an `ſ` for an s and the sign for
/// kelvin for a k.
pub(super) fn is_field(name: &str, field: &str) -> bool {
    let fold = |letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).eq(field.chars())
}

/// Reads values of the types that Go wants, and remembers the first that is of another. Decoding then goes on, for nothing.
pub(super) struct Decoder<'t> {
    pub(super) json: Json<'t>,
    pub(super) wrong: Option<Wrong>,
}

/// A value of the wrong type.
pub(super) struct Wrong {
    /// The field that it is in.
    pub(super) field: &'static str,
    /// What is wrong with it, with the number of its element.
    said: String,
}

impl<'t> Decoder<'t> {
    pub(super) fn new(json: Json<'t>) -> Self {
        Self { json, wrong: None }
    }

    /// An element, and its GUID for InfiniBand.
    fn element(&mut self, at: usize) -> (Element<'t>, Cow<'t, str>) {
        let (mut element, mut guid) = (Element::default(), Cow::Borrowed(""));
        self.json.enter();
        while self.json.more() {
            let name = self.json.key();
            let is = |field| is_field(&name, field);
            // Of several spellings the last one that is not null counts, and an element begins with nothing.
            if is("name") {
                self.string(at, "name", &mut element.name);
            } else if is("namespace") {
                self.string(at, "namespace", &mut element.namespace);
            } else if is("interface") {
                self.string(at, "interface", &mut element.interface);
            } else if is("mac") {
                self.string(at, "mac", &mut element.mac);
            } else if is("infiniband-guid") {
                self.string(at, "infiniband-guid", &mut guid);
            } else if is("ipam-claim-reference") {
                self.string(at, "ipam-claim-reference", &mut Cow::Borrowed(""));
            } else if is("ips") {
                self.strings(at, "ips", &mut element.ips);
            } else if is("default-route") {
                self.each(at, "default-route", |decoder| decoder.address(at));
            } else if is("portmappings") {
                self.each(at, "portMappings", |decoder| {
                    decoder.members(at, "portMappings", &["hostport", "containerport"], &["protocol", "hostip"]);
                });
            } else if is("bandwidth") {
                let numbers = ["ingressrate", "ingressburst", "egressrate", "egressburst"];
                self.members(at, "bandwidth", &numbers, &[]);
            } else if is("cni-args") {
                self.anything(at);
            } else {
                self.json.skip(drop);
            }
        }
        (element, guid)
    }

    /// A string; null leaves what is there.
    pub(super) fn string(&mut self, at: usize, field: &'static str, into: &mut Cow<'t, str>) {
        match self.json.sort() {
            Sort::Text => *into = self.json.text(),
            Sort::Null => self.json.skip(drop),
            other => self.wrong(at, field, "a string", other),
        }
    }

    /// A list of strings. Go decodes a second list into the elements of the first.
    pub(super) fn strings(&mut self, at: usize, field: &'static str, into: &mut Vec<Cow<'t, str>>) {
        if self.json.sort() == Sort::Null {
            into.clear();
        }
        let mut length = 0;
        self.each(at, field, |decoder| {
            if into.len() == length {
                into.push(Cow::Borrowed(""));
            }
            into.get_mut(length).into_iter().for_each(|text| decoder.string(at, field, text));
            length += 1;
        });
        into.truncate(length);
    }

    /// A list; null empties it.
    pub(super) fn each(&mut self, at: usize, field: &'static str, mut element: impl FnMut(&mut Self)) {
        match self.json.sort() {
            Sort::Null => self.json.skip(drop),
            Sort::List => {
                self.json.enter();
                while self.json.more() {
                    element(self);
                }
            }
            other => self.wrong(at, field, "a list", other),
        }
    }

    /// An object, each of whose values is to be read by its name; null is an empty one.
    pub(super) fn fields(&mut self, at: usize, field: &'static str, mut value: impl FnMut(&mut Self, &str)) {
        match self.json.sort() {
            Sort::Null => self.json.skip(drop),
            Sort::Object => {
                self.json.enter();
                while self.json.more() {
                    let name = self.json.key();
                    value(self, &name);
                }
            }
            other => self.wrong(at, field, "an object", other),
        }
    }

    /// An object with fields that are whole numbers and fields that are strings.
    pub(super) fn members(&mut self, at: usize, field: &'static str, numbers: &[&str], strings: &[&str]) {
        self.fields(at, field, |decoder, name| {
            if numbers.iter().any(|number| is_field(name, number)) {
                decoder.integer(at, field);
            } else if strings.iter().any(|string| is_field(name, string)) {
                decoder.string(at, field, &mut Cow::Borrowed(""));
            } else {
                decoder.json.skip(drop);
            }
        });
    }

    /// A whole number of 64 bits, without a point or an exponent.
    fn integer(&mut self, at: usize, field: &'static str) {
        match self.json.sort() {
            Sort::Null => self.json.skip(drop),
            Sort::Number => {
                if self.json.word().parse::<i64>().is_err() {
                    self.wrong_value(at, field, "an integer");
                }
            }
            other => self.wrong(at, field, "an integer", other),
        }
    }

    /// An address, or nothing.
    fn address(&mut self, at: usize) {
        match self.json.sort() {
            Sort::Null => self.json.skip(drop),
            Sort::Text => {
                let text = self.json.text();
                if !text.is_empty() && parse_ip(&text).is_none() {
                    self.wrong_value(at, "default-route", "an IP address");
                }
            }
            other => self.wrong(at, "default-route", "an IP address", other),
        }
    }

    /// An object of whatever is in it; but a number must not be too large for Go.
    fn anything(&mut self, at: usize) {
        match self.json.sort() {
            Sort::Null | Sort::Object => {
                let mut fits = true;
                self.json.skip(|number| fits &= number.parse::<f64>().is_ok_and(f64::is_finite));
                if !fits {
                    self.wrong_value(at, "cni-args", "of numbers that fit 64 bits");
                }
            }
            other => self.wrong(at, "cni-args", "an object", other),
        }
    }

    /// Passes over a value of another type than is wanted.
    pub(super) fn wrong(&mut self, at: usize, field: &'static str, wanted: &str, found: Sort) {
        self.json.skip(drop);
        let said = || format!("{} must be {wanted}, not {}", place(at, field), found.name());
        self.wrong.get_or_insert_with(|| Wrong { field, said: said() });
    }

    fn wrong_value(&mut self, at: usize, field: &'static str, wanted: &str) {
        self.wrong.get_or_insert_with(|| Wrong { field, said: format!("{} must be {wanted}", place(at, field)) });
    }
}

fn place(at: usize, field: &str) -> String {
    if field.is_empty() { format!("element {at}") } else { format!("{field} of element {at}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, in short: `namespace/name@interface`, `-` for an element without a name, `!` for an error, `0` for a null.
    fn short(text: &str) -> String {
        match read(text) {
            Ok(Listed { elements, nameless, .. }) => {
                let each = elements
                    .iter()
                    .map(|element| format!("{}/{}@{}", element.namespace, element.name, element.interface));
                each.chain(nameless.map(|_| "-".to_owned())).collect::<Vec<_>>().join(" ")
            }
            Err(Unreadable::Malformed(_)) => "!".to_owned(),
            Err(Unreadable::Null(at)) => format!("0:{at}"),
        }
    }

    #[test]
    fn the_comma_form_is_trimmed_and_checked() {
        for (text, wanted) in [
            ("db", "/db@"),
            (" cobalt / db @ n1 ,\u{a0}x\u{2003}", "cobalt/db@n1 /x@"),
            ("a@", "/a@"),
            ("/a", "/a@"),
            ("null", "/null@"),
            ("a,", "/a@ -"),
            (",a", "/a@ -"),
            (" ", "-"),
            ("a/", "-"),
            ("a/b/c", "!"),
            ("a@b@c", "!"),
            ("db.cobalt.ovn", "!"),
            ("a,B", "!"),
            ("a@x.ovn", "!"),
            ("-a", "!"),
            ("a-", "!"),
            ("a b", "!"),
            ("a\u{200b}", "!"),
            ("a,b/@c/d", "!"),
        ] {
            assert_eq!(short(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_stored_is_not_read() {
        let list = |length: usize| "a,".repeat(length / 2 - 1) + "bc";
        assert_eq!(read(&list(LONGEST)).unwrap().elements.len(), LONGEST / 2);
        assert_eq!(short(&(list(LONGEST) + "d")), "!");
        assert_eq!(short(&format!("[{}]", " ".repeat(LONGEST))), "!");
    }

    #[test]
    fn of_several_spellings_the_last_that_is_not_null_counts() {
        for (text, wanted) in [
            (r#"[{"name":"db","namespace":"cobalt","interface":"n1"}]"#, "cobalt/db@n1"),
            (r#"[{"namespace":"cobalt","name":"db","namespace":null,"NAME":null}]"#, "cobalt/db@"),
            (r#"[{"name":null,"nAme":"db","namespace":"amber","nameSpace":"cobalt"}]"#, "cobalt/db@"),
            (r#"[{"name":"db","NAMESPACE":"cobalt","namespace":"amber"}]"#, "amber/db@"),
            (r#"[{"name":"a","name":""},{"name":"b"}]"#, "/b@ -"),
            ("[{\"name\":\"a\",\"name\u{17f}pace\":\"x\"}]", "x/a@"),
            (r#"[{"n\u0061me":"a","name\u017fpace":"x"}]"#, "x/a@"),
            ("[{\"name\":\"a\",\"n\u{131}me\":\"b\",\"\u{212a}name\":\"c\"}]", "/a@"),
            (r#"[{"name":"a","namespace":"x"},{"name":"b"}]"#, "x/a@ /b@"),
            (r#"[{"name":"a b/C","interface":"x.ovn/ "}]"#, "/a b/C@x.ovn/ "),
            (r#"[{"name":"a\ud800"}]"#, "/a\u{fffd}@"),
            (" [ ] ", ""),
            ("[{}]", "-"),
        ] {
            assert_eq!(short(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_wrong_type_anywhere_is_an_error_and_comes_before_a_null() {
        for text in [
            r#"[{"name":5}]"#,
            r#"[{"name":"db","mac":5}]"#,
            r#"[{"name":"db","MAC":[]}]"#,
            r#"[{"name":"db","infiniband-guid":true}]"#,
            r#"[{"name":"db","ipam-claim-reference":{}}]"#,
            r#"[{"name":"db","ips":"10.0.0.1"}]"#,
            r#"[{"name":"db","ips":[5]}]"#,
            r#"[{"name":"db","portMappings":{}}]"#,
            r#"[{"name":"db","portMappings":[{"hostPort":"80"}]}]"#,
            r#"[{"name":"db","portMappings":[{"HOSTPORT":1e3}]}]"#,
            r#"[{"name":"db","portMappings":[{"containerPort":9223372036854775808}]}]"#,
            r#"[{"name":"db","portMappings":[{"protocol":1}]}]"#,
            r#"[{"name":"db","portMappings":["x"]}]"#,
            r#"[{"name":"db","bandwidth":[]}]"#,
            r#"[{"name":"db","bandwidth":{"ingressRate":1.0}}]"#,
            r#"[{"name":"db","cni-args":"x"}]"#,
            r#"[{"name":"db","cni-args":{"x":[1e999]}}]"#,
            r#"[{"name":"db","default-route":"10.0.0.1"}]"#,
            r#"[{"name":"db","default-route":["10.0.0.01"]}]"#,
            r#"[{"name":"db","default-route":[5]}]"#,
            r#"["db"]"#,
            "[[]]",
            r#"{"name":"db"}"#,
            r#""db""#,
            r#"a, "b""#,
            "[",
            r#"[{"name":"db"},]"#,
            r#"[null,{"name":5}]"#,
        ] {
            assert_eq!(short(text), "!", "{text}");
        }
    }

    #[test]
    fn what_go_reads_is_no_error() {
        for text in [
            r#"[{"name":"db","mac":null,"ips":null,"bandwidth":null,"portMappings":null,"cni-args":null,"default-route":null}]"#,
            r#"[{"name":"db","ips":["x",null],"default-route":["",null,"10.0.0.1","fd00::1"]}]"#,
            r#"[{"name":"db","portMappings":[null,{"hostPort":-0,"containerPort":null,"hostIP":"x","x":5}]}]"#,
            r#"[{"name":"db","bandwidth":{"ingressRate":9223372036854775807,"egressBurst":-1}}]"#,
            r#"[{"name":"db","cni-args":{"x":[1.5,{"y":null}]}}]"#,
            r#"[{"name":"db","other":[1e999,"\ud800",{"name":5}]}]"#,
        ] {
            assert_eq!(short(text), "/db@", "{text}");
        }
        assert_eq!(short(r#"[{"name":"db"},null,null]"#), "0:1");
    }

    #[test]
    fn what_an_element_asks_for_is_read() {
        for (text, ips, mac) in [
            (r#"[{"name":"db","ips":["10.0.0.5","fd00::5"],"mac":"x"}]"#, &["10.0.0.5", "fd00::5"][..], "x"),
            (r#"[{"name":"db","IPs":["a"],"ips":null,"MAC":"x","mac":null}]"#, &[], "x"),
            (r#"[{"name":"db","ips":["a","b"],"ips":[null,"c"],"mac":"x","mac":""}]"#, &["a", "c"], ""),
            (r#"[{"name":"db","ips":["a","b"],"ips":["c"]}]"#, &["c"], ""),
            (r#"[{"name":"db","ips":[null]}]"#, &[""], ""),
            (r#"[{"name":"db","ips":[]}]"#, &[], ""),
        ] {
            let Listed { elements, .. } = read(text).unwrap();
            assert_eq!(
                (&elements[0].ips[..], &*elements[0].mac),
                (&ips.iter().map(|ip| Cow::from(*ip)).collect::<Vec<_>>()[..], mac),
                "{text}"
            );
        }
    }

    #[test]
    fn many_elements_and_deep_ones_are_read_at_once() {
        let elements = vec![r#"{"name":"db","interface":"n"}"#; 8_000].join(",");
        assert_eq!(read(&format!("[{elements}]")).unwrap().elements.len(), 8_000);
        let deep = "[".repeat(9_998) + &"]".repeat(9_998);
        assert_eq!(short(&format!(r#"[{{"name":"db","x":{deep}}}]"#)), "/db@");
        assert_eq!(short(&format!(r#"[{{"name":"db","x":[{deep}]}}]"#)), "!");
        let members = vec![r#""NAME":"a","nAme":"b""#; 10_000].join(",");
        assert_eq!(short(&format!("[{{{members}}}]")), "/b@");
    }

    /// Compared with a table of Go's own answers (`tests/go/networks`).
    #[test]
    fn every_text_is_read_as_go_reads_it() {
        let table: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../../tests/go/networks/answers.json")).unwrap();
        assert!(table.len() >= 700);
        for answer in &table {
            let text = answer["text"].as_str().unwrap();
            assert_eq!(short(text), answer["reads"].as_str().unwrap(), "{text:?}");
        }
    }
}
