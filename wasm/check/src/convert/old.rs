//! The addresses and rules inside a `VpcNatGateway` of v1.7 to v1.9, read strictly: what Kube-OVN could not have used is an
//! error, and so is what today's objects cannot say.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;
use vpcguard_policies::field::FieldPath;
use vpcguard_policies::json::{Reader, TypeErrors};
use vpcguard_policies::net::{Cidr, Family};
use vpcguard_policies::text::quoted;

use super::ConvertError;

/// A value, and which entry of its list it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<T> {
    pub(super) index: usize,
    pub(super) value: T,
}

/// An entry of `eips`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Eip {
    pub(super) address: Ipv4Addr,
    pub(super) cidr: Cidr,
    pub(super) gateway: Ipv4Addr,
}

/// An entry of `floatingIpRules`.
#[derive(Clone, Copy, Debug)]
pub(super) struct FloatingIp {
    pub(super) eip: Ipv4Addr,
    pub(super) internal_ip: Ipv4Addr,
}

/// An entry of `dnatRules`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dnat {
    pub(super) eip: Ipv4Addr,
    pub(super) external_port: u16,
    pub(super) protocol: Protocol,
    pub(super) internal_ip: Ipv4Addr,
    pub(super) internal_port: u16,
}

/// An entry of `snatRules`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snat {
    pub(super) eip: Ipv4Addr,
    pub(super) internal: Cidr,
    /// Whether today's object has another text for the same range.
    pub(super) is_rewritten: bool,
}

/// A protocol that ports are translated of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Old {
    pub(super) eips: Vec<Entry<Eip>>,
    pub(super) floating_ips: Vec<Entry<FloatingIp>>,
    pub(super) dnats: Vec<Entry<Dnat>>,
    pub(super) snats: Vec<Entry<Snat>>,
}

impl Old {
    /// Reads them from an object, of which only `spec` counts.
    pub(super) fn read(object: &Value) -> Result<Self, Vec<ConvertError>> {
        let types = TypeErrors::default();
        let root = Reader::new(object, &types);
        let spec = root.at("spec");
        let mut reading = Reading::default();
        let mut old = Self::default();
        for (index, eip) in spec.at("eips").items().enumerate() {
            old.eips.extend(reading.eip(&eip).map(|value| Entry { index, value }));
        }
        reading.hold_gateways(&old.eips);
        let is_list = object.pointer("/spec/eips").is_none_or(|eips| eips.is_array() || eips.is_null());
        reading.all_eips_are_known = is_list && reading.errors.is_empty();
        for (index, rule) in spec.at("floatingIpRules").items().enumerate() {
            old.floating_ips.extend(reading.floating_ip(&rule).map(|value| Entry { index, value }));
        }
        for (index, rule) in spec.at("dnatRules").items().enumerate() {
            old.dnats.extend(reading.dnat(&rule).map(|value| Entry { index, value }));
        }
        for (index, rule) in spec.at("snatRules").items().enumerate() {
            old.snats.extend(reading.snat(&rule).map(|value| Entry { index, value }));
        }
        let mut errors = reading.errors;
        // What has the wrong type was also taken for missing.
        let wrong = types.into_sorted();
        errors.retain(|error| wrong.iter().all(|wrong| !error.field.steps().starts_with(wrong.field.steps())));
        errors.extend(wrong.into_iter().map(|wrong| {
            let detail = format!("Invalid value: {}: {}", wrong.shown, wrong.detail());
            ConvertError { field: wrong.field, detail, is_last_applied: false }
        }));
        if errors.is_empty() { Ok(old) } else { Err(errors) }
    }
}

/// What was read so far, by what may be there once only.
#[derive(Default)]
struct Reading {
    errors: Vec<ConvertError>,
    /// Whether each entry of `eips` could be read, so that what none of them has is nowhere.
    all_eips_are_known: bool,
    eips: BTreeMap<Ipv4Addr, FieldPath>,
    floating_ips: BTreeMap<Ipv4Addr, FieldPath>,
    dnats: BTreeMap<(Ipv4Addr, u16, Protocol), FieldPath>,
    snats: BTreeMap<(Ipv4Addr, String), FieldPath>,
}

impl Reading {
    fn eip(&mut self, eip: &Reader) -> Option<Eip> {
        let cidr = eip.at("eipCIDR");
        let gateway = self.address(&eip.at("gateway"), "the address of the external network's router");
        let text = self.text(&cidr, "an address with its prefix length, as in 192.168.0.111/24")?;
        let parsed = Cidr::parse(text).map_err(|error| error.to_string());
        let parsed = parsed.and_then(|parsed| v4(parsed).map(|address| (parsed, address)));
        let (parsed, address) = parsed.map_err(|detail| self.invalid(&cidr, text, &detail)).ok()?;
        let first = self.eips.insert(address, eip.path());
        self.once(first, &cidr, text, "each address is one object now")?;
        Some(Eip { address, cidr: parsed, gateway: gateway? })
    }

    /// A router is another machine, and can be reached in the network of some address.
    fn hold_gateways(&mut self, eips: &[Entry<Eip>]) {
        let networks: BTreeSet<_> = eips.iter().map(|eip| eip.value.cidr.network()).collect();
        for Entry { index, value: Eip { gateway, .. } } in eips {
            let detail = if self.eips.contains_key(gateway) {
                "is itself an address of spec.eips"
            } else if networks.iter().any(|network| network.contains(&IpAddr::V4(*gateway))) {
                continue;
            } else {
                "is in the network of no entry of spec.eips"
            };
            let field = FieldPath::of("spec.eips").index(*index).field("gateway");
            let detail = format!("Invalid value: \"{gateway}\": {detail}");
            self.errors.push(ConvertError { field, detail, is_last_applied: false });
        }
    }

    fn floating_ip(&mut self, rule: &Reader) -> Option<FloatingIp> {
        let eip = self.eip_of(rule);
        let internal_ip = self.address(&rule.at("internalIp"), "an address in the VPC");
        let (eip, internal_ip) = (eip?, internal_ip?);
        let first = self.floating_ips.insert(eip, rule.path());
        self.once(first, &rule.at("eip"), &eip.to_string(), "an address has one floating IP rule")?;
        Some(FloatingIp { eip, internal_ip })
    }

    fn dnat(&mut self, rule: &Reader) -> Option<Dnat> {
        let eip = self.eip_of(rule);
        let external_port = self.port(rule, "externalPort");
        let protocol = self.protocol(&rule.at("protocol"));
        let internal_ip = self.address(&rule.at("internalIp"), "an address in the VPC");
        let internal_port = self.port(rule, "internalPort");
        let dnat = Dnat {
            eip: eip?,
            external_port: external_port?,
            protocol: protocol?,
            internal_ip: internal_ip?,
            internal_port: internal_port?,
        };
        let first = self.dnats.insert((dnat.eip, dnat.external_port, dnat.protocol), rule.path());
        let port = dnat.external_port.to_string();
        self.once(first, &rule.at("externalPort"), &port, "an address has a port of a protocol once")?;
        Some(dnat)
    }

    fn snat(&mut self, rule: &Reader) -> Option<Snat> {
        let eip = self.eip_of(rule);
        let field = rule.at("internalCIDR");
        let text = self.text(&field, "a range of the VPC, as in 10.0.1.0/24")?;
        if text.contains(',') {
            self.invalid(&field, text, "is one range: write a rule for each");
            return None;
        }
        // iptables takes an address without a length too.
        let whole = if text.contains('/') { text.to_owned() } else { format!("{text}/32") };
        let parsed = Cidr::parse(&whole).map_err(|error| error.to_string());
        let parsed = parsed.and_then(|parsed| v4(parsed).map(|_| parsed));
        let internal = parsed.map_err(|detail| self.invalid(&field, text, &detail)).ok()?;
        let (eip, network) = (eip?, internal.network().to_string());
        let is_rewritten = network != text;
        let first = self.snats.insert((eip, network), rule.path());
        self.once(first, &field, text, "an address has a range once")?;
        Some(Snat { eip, internal, is_rewritten })
    }

    /// The address of `eips` that a rule names. Kube-OVN took what stands before a slash.
    fn eip_of(&mut self, rule: &Reader) -> Option<Ipv4Addr> {
        let field = rule.at("eip");
        let text = self.text(&field, "the address of an entry of spec.eips")?;
        let address = text.split_once('/').map_or(text, |(address, _)| address).parse();
        let Ok(address) = address else {
            self.invalid(&field, text, "is not an IPv4 address");
            return None;
        };
        if self.eips.contains_key(&address) {
            return Some(address);
        }
        if !self.all_eips_are_known {
            return None;
        }
        let known: Vec<_> = self.eips.keys().take(3).map(ToString::to_string).collect();
        let more = if self.eips.len() > known.len() { " …" } else { "" };
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") + more };
        self.invalid(
            &field,
            text,
            &format!("no entry of spec.eips has this address (there: {known}): add it to spec.eips"),
        );
        None
    }

    fn address(&mut self, field: &Reader, what: &str) -> Option<Ipv4Addr> {
        let text = self.text(field, what)?;
        let address = text.parse().ok();
        if address.is_none() {
            self.invalid(field, text, "is not an IPv4 address, as in 10.0.1.5: NAT gateways serve IPv4 alone");
        }
        address
    }

    /// Also one without quotes: that is a number, and today's field a text, too.
    fn port(&mut self, rule: &Reader, name: &'static str) -> Option<u16> {
        let number = rule.map().and_then(|fields| fields.get(name)?.as_u64());
        let field = rule.at(name);
        let text = match number {
            Some(number) => number.to_string(),
            None => self.text(&field, "a port from 1 to 65535")?.to_owned(),
        };
        let port = text.parse().ok().filter(|port: &u16| *port > 0 && port.to_string() == text);
        if port.is_none() {
            let is_range = text.contains([':', '-']);
            let range = if is_range { ": of a range, each port is a rule of its own now" } else { "" };
            self.invalid(&field, &text, &format!("must be a port from 1 to 65535, in digits{range}"));
        }
        port
    }

    fn protocol(&mut self, field: &Reader) -> Option<Protocol> {
        let text = self.text(field, "tcp or udp")?;
        let protocol = [Protocol::Tcp, Protocol::Udp].into_iter().find(|known| known.name().eq_ignore_ascii_case(text));
        if protocol.is_none() {
            self.invalid(field, text, "today's rules are for tcp and udp alone");
        }
        protocol
    }

    /// A text that must be there.
    fn text<'v>(&mut self, field: &Reader<'_, 'v>, what: &str) -> Option<&'v str> {
        let text = field.text().filter(|text| !text.is_empty());
        if text.is_none() {
            self.push(field, format!("Required value: must be {what}"));
        }
        text
    }

    fn invalid(&mut self, field: &Reader, text: &str, detail: &str) {
        self.push(field, format!("Invalid value: {}: {detail}", quoted(text)));
    }

    /// None where there was a first one.
    fn once(&mut self, first: Option<FieldPath>, field: &Reader, text: &str, why: &str) -> Option<()> {
        match first {
            None => Some(()),
            Some(first) => {
                self.push(field, format!("Duplicate value: {}: {first} has it already, and {why}", quoted(text)));
                None
            }
        }
    }

    fn push(&mut self, field: &Reader, detail: String) {
        self.errors.push(ConvertError { field: field.path(), detail, is_last_applied: false });
    }
}

/// The address, where it is one of IPv4.
fn v4(cidr: Cidr) -> Result<Ipv4Addr, String> {
    match cidr.address() {
        IpAddr::V4(address) if cidr.family() == Family::V4 => Ok(address),
        _ => Err("must be IPv4: NAT gateways serve IPv4 alone".to_owned()),
    }
}
