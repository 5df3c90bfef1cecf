//! The form that a text must have, and who fails on another one.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::finding::Finding;
use crate::kinds::is_name;
use crate::net::{Cidr, Family, has_upper_case, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::corrections;
use crate::rules::support::nat::with_convert;

/// A text of an object, the form that it must have, and what becomes of another one.
pub(super) struct Text<T: 'static> {
    /// Where it stands.
    pub(super) field: &'static str,
    /// How it is read.
    pub(super) of: fn(&T) -> &str,
    /// Its form.
    pub(super) form: Form,
    /// Whether it must be there.
    pub(super) is_needed: bool,
    /// Whether it stands inside a gateway of v1.7 to v1.9.
    pub(super) is_inside: bool,
    /// Who is given it.
    pub(super) reader: Reader,
}

/// Who fails on a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// A shell in a privileged Pod, up to v1.14 and in v1.15.0.
    Shell,
    /// A shell too, but in v1.10 alone: later releases take the address from the status, where only IPAM writes it.
    ShellOfV110,
    /// IPAM, for an EIP.
    Ipam,
    /// Nobody, but for the case of its letters.
    Nobody,
    /// Kube-OVN's controller alone.
    Controller,
    /// As a shell, of a port: Kube-OVN takes a number with a sign or zeros for one.
    ShellOfPort,
    /// OVN's database.
    Ovn,
}

/// The form of a text.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// The name of an object.
    Name,
    /// One address.
    Address(Family),
    /// One IPv6 address without upper case.
    LowerCaseV6,
    /// One IPv4 address, or one and an IPv6 address behind a comma.
    V4First,
    /// That, or one IPv6 address.
    AddressOrBoth,
    /// One address of whatever family.
    AnyAddress,
    /// An address with a prefix length.
    AddressOfNetwork,
    /// A prefix or an address.
    Prefix(Family),
    /// A number from 1 to 65535, as numbers are written.
    Port,
    /// One of these, in any case.
    AnyCase(&'static [&'static str]),
    /// Exactly one of these.
    Exactly(&'static [&'static str]),
}

impl<T> Text<T> {
    /// A text that must be there.
    pub(super) const fn needed(field: &'static str, of: fn(&T) -> &str, form: Form, reader: Reader) -> Self {
        Self { field, of, form, is_needed: true, is_inside: false, reader }
    }

    /// A text that may be empty.
    pub(super) const fn optional(field: &'static str, of: fn(&T) -> &str, form: Form, reader: Reader) -> Self {
        Self { field, of, form, is_needed: false, is_inside: false, reader }
    }

    /// One inside a gateway of v1.7 to v1.9. All of these reach a shell.
    pub(super) const fn inside(field: &'static str, of: fn(&T) -> &str, form: Form) -> Self {
        Self { field, of, form, is_needed: true, is_inside: true, reader: Reader::Shell }
    }

    fn help(&self, value: &str) -> String {
        let help = match (self.form, named_by(self.field)) {
            (Form::Name, Some(kind)) => format!("Write the name of the {kind}."),
            (Form::Address(_) | Form::LowerCaseV6 | Form::AnyAddress, _) if value.contains('/') => {
                corrections::address(value)
            }
            (form, _) => form.help(),
        };
        if self.is_inside { with_convert(&help) } else { help }
    }
}

/// Judges the texts of an object, or of a part of it.
pub(super) fn judge<T>(texts: &[Text<T>], object: &T, place: &FieldPath, context: &mut Context<'_>) {
    for text in texts {
        let (value, field) = ((text.of)(object), place.clone().field(text.field));
        if !value.is_empty() {
            if !text.form.fits(value) {
                context.deny(text.form.finding(value, field, text.reader).help(text.help(value)));
            }
        } else if text.is_needed {
            let finding = Finding::required(field, "Kube-OVN leaves the object out without it");
            context.deny(finding.help(text.help(value)));
        }
    }
}

/// The kind that a field names.
fn named_by(field: &str) -> Option<Kind> {
    match field {
        "natGwDp" => Some(Kind::VpcNatGateway),
        "eip" => Some(Kind::IptablesEip),
        "ovnEip" => Some(Kind::OvnEip),
        "externalSubnet" | "vpcSubnet" => Some(Kind::Subnet),
        "vpc" => Some(Kind::Vpc),
        "qosPolicy" => Some(Kind::QosPolicy),
        "namespace" => Some(Kind::Namespace),
        _ => None,
    }
}

impl Reader {
    fn harm(self) -> &'static str {
        match self {
            Reader::Shell => {
                "Kube-OVN up to v1.14, and v1.15.0, hands it to a shell as it is, and later releases leave it out"
            }
            Reader::ShellOfV110 => {
                "Kube-OVN v1.10 hands it to a shell as it is, with each rule of the EIP, and later releases give the EIP no \
                 address, with a line in their logs"
            }
            Reader::Ipam => "Kube-OVN gives the EIP no address, with a line in its log",
            Reader::Nobody => {
                "Kube-OVN sets up no EIP with upper case in it, with a line in its log, and does not read what else it says"
            }
            Reader::Controller => "Kube-OVN leaves it out, with a line in its log",
            Reader::ShellOfPort => {
                "Kube-OVN up to v1.14, and v1.15.0, hands it to a shell as it is; later releases hand the gateway a number with a \
                 sign or zeros before it as it is, and leave all else out"
            }
            Reader::Ovn => "OVN refuses it, with a line in Kube-OVN's log",
        }
    }
}

impl Form {
    /// Refuses a text that has another form.
    pub(super) fn judge(self, text: &str, field: FieldPath, reader: Reader, context: &mut Context<'_>) {
        if !self.fits(text) {
            context.deny(self.finding(text, field, reader).help(self.help()));
        }
    }

    fn finding(self, text: &str, field: FieldPath, reader: Reader) -> Finding {
        Finding::invalid(field, text, format!("{}: {}", self.demand(), reader.harm()))
    }

    /// Whether a text has this form.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Form::Name => is_name(text),
            Form::Address(Family::V4) => text.parse::<Ipv4Addr>().is_ok(),
            Form::Address(Family::V6) => is_v6(text),
            Form::LowerCaseV6 => is_v6(text) && !has_upper_case(text),
            Form::V4First => match text.split_once(',') {
                Some((v4, v6)) => Form::Address(Family::V4).fits(v4) && is_v6(v6),
                None => Form::Address(Family::V4).fits(text),
            },
            Form::AddressOrBoth => is_v6(text) || Form::V4First.fits(text),
            Form::AnyAddress => parse_ip(text).is_some(),
            Form::AddressOfNetwork => is_prefix(text, Family::V4),
            Form::Prefix(family) => Form::Address(family).fits(text) || is_prefix(text, family),
            Form::Port => !text.starts_with('0') && is_digits(text) && text.parse::<u16>().is_ok(),
            Form::AnyCase(words) => words.iter().any(|word| text.eq_ignore_ascii_case(word)),
            Form::Exactly(words) => words.contains(&text),
        }
    }

    fn demand(self) -> String {
        match self {
            Form::Name => "is not a name that an object can have".to_owned(),
            Form::Address(family) => format!("must be one {} address", family.name()),
            Form::LowerCaseV6 => "must be one IPv6 address, in lower case".to_owned(),
            Form::V4First => Form::Address(Family::V4).demand(),
            Form::AddressOrBoth => {
                "must be one address, or an IPv4 and an IPv6 address with a comma between".to_owned()
            }
            Form::AnyAddress => "must be one address".to_owned(),
            Form::AddressOfNetwork => "must be one IPv4 address with the prefix length of its network".to_owned(),
            Form::Prefix(family) => format!("must be one {} prefix or address", family.name()),
            Form::Port => "must be a number from 1 to 65535, without a sign or zeros before it".to_owned(),
            Form::AnyCase(words) => format!("must be {}", words.join(" or ")),
            Form::Exactly(words) => format!("must be exactly {}", words.join(", ")),
        }
    }

    /// How it is written.
    fn help(self) -> String {
        let example = match self {
            Form::Name => "the name of the object, in lower case letters, digits, hyphens and dots",
            Form::Address(Family::V4) | Form::AnyAddress | Form::V4First => "one address, as in 10.0.1.10",
            Form::AddressOrBoth => "one address, as in 10.0.1.10, or both, as in 10.0.1.10,fd00:10::a",
            Form::Address(Family::V6) | Form::LowerCaseV6 => "one address, as in fd00:10::a",
            Form::AddressOfNetwork => "an address and its prefix length, as in 192.168.0.111/24",
            Form::Prefix(Family::V4) => "one prefix, as in 10.0.1.0/24, and another rule for each further one",
            Form::Prefix(Family::V6) => "one prefix, as in fd00:10::/64, and another rule for each further one",
            Form::Port => "one number, as in 443, and another rule for each further port",
            Form::AnyCase(words) | Form::Exactly(words) => return format!("Write one of {}.", words.join(", ")),
        };
        format!("Write {example}.")
    }
}

fn is_v6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok_and(|address| address.to_ipv4_mapped().is_none())
}

/// Whether this is a prefix of a family, in which a length has no zeros before it: an iptables program need not read them.
fn is_prefix(text: &str, family: Family) -> bool {
    let has_plain_length =
        || text.rsplit_once('/').is_some_and(|(_, length)| length == "0" || !length.starts_with('0'));
    let is_written_so = (family == Family::V4) != text.contains(':');
    is_written_so && has_plain_length() && Cidr::parse(text).is_ok_and(|cidr| cidr.family() == family)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
