//! Which values can be fixed without changing what they mean, and into what.

use std::net::IpAddr;

use serde_json::Value;
use vpcguard_policies::Kind;
use vpcguard_policies::field::{FieldPath, Step};
use vpcguard_policies::kinds::VPC_LB;
use vpcguard_policies::net::{Cidr, parse_ip};
use vpcguard_policies::rules::vpc::inject_vpc_lb::normalised;

/// A field with the value that it should have. The value is never what it is already.
pub(super) struct Fix {
    pub(super) field: FieldPath,
    pub(super) value: String,
}

/// What can be fixed in an object.
pub(super) fn fixes(object: &Value) -> Vec<Fix> {
    let (spec, list) = (FieldPath::of, |list| (FieldPath::of(list), FieldPath::of(list).find(object)));
    let each = |(path, value): (FieldPath, Option<&Value>), field: &'static str| -> Vec<FieldPath> {
        let length = value.and_then(Value::as_array).map_or(0, Vec::len);
        (0..length).map(|index| path.clone().index(index).field(field)).collect()
    };
    let mut found = Found { object, fixes: Vec::new() };
    match Kind::of(object) {
        Some(Kind::Subnet) => {
            found.list(spec("spec.cidrBlock"), network);
            found.list(spec("spec.gateway"), address);
        }
        Some(Kind::VpcNatGateway) => found.list(spec("spec.lanIp"), address),
        Some(Kind::Vpc) => {
            for list in [list("spec.staticRoutes"), list("spec.policyRoutes")] {
                found.each(each(list, "nextHopIP"), address);
            }
            // The address on the link is this side's own: its host bits say which it is.
            found.each(each(list("spec.vpcPeerings"), "localConnectIP"), link);
            found.switch(FieldPath::annotation(VPC_LB));
        }
        _ => {}
    }
    found.fixes
}

struct Found<'a> {
    object: &'a Value,
    fixes: Vec<Fix>,
}

impl Found<'_> {
    fn each(&mut self, fields: Vec<FieldPath>, element: fn(&str) -> Option<String>) {
        for field in fields {
            self.list(field, element);
        }
    }

    /// A comma list. One with an element that makes no sense is left alone, for nobody knows what was meant.
    fn list(&mut self, field: FieldPath, element: fn(&str) -> Option<String>) {
        let Some(written) = field.find(self.object).and_then(Value::as_str) else { return };
        let elements: Option<Vec<_>> = written.split(',').map(|part| element(part.trim())).collect();
        let value = elements.map(|elements| elements.join(","));
        self.fixes.extend(value.filter(|value| value != written).map(|value| Fix { field, value }));
    }

    /// A switch that is on or off. YAML takes a bare `on` for a boolean, and no annotation can be one.
    fn switch(&mut self, field: FieldPath) {
        let value = match field.find(self.object) {
            Some(Value::String(written)) => normalised(written),
            Some(Value::Bool(true)) => Some("on"),
            Some(Value::Bool(false)) => Some("off"),
            _ => None,
        };
        self.fixes.extend(value.map(|value| Fix { field, value: value.to_owned() }));
    }
}

fn address(text: &str) -> Option<String> {
    parse_ip(text).map(|_| text.to_ascii_lowercase())
}

fn link(text: &str) -> Option<String> {
    Cidr::parse(text).ok().map(|_| text.to_ascii_lowercase())
}

fn network(text: &str) -> Option<String> {
    let cidr = Cidr::parse(text).ok()?;
    // An IPv4 address in IPv6 notation is rewritten by nobody.
    let is_as_written = text.contains(':') == matches!(cidr.network().addr(), IpAddr::V6(_));
    Some(if cidr.has_host_bits() && is_as_written { cidr.to_string() } else { text.to_ascii_lowercase() })
}

/// Puts the value into an object.
pub(super) fn set(object: &mut Value, Fix { field, value }: &Fix) {
    let slot = field.steps().iter().try_fold(object, |slot, step| match step {
        Step::Field(name) => slot.get_mut(name.as_ref()),
        Step::Key(key) => slot.get_mut(key),
        Step::Index(index) => slot.get_mut(index),
    });
    if let Some(slot) = slot {
        *slot = value.as_str().into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(object: &Value) -> Vec<(String, String)> {
        fixes(object).into_iter().map(|Fix { field, value }| (field.to_string(), value)).collect()
    }

    fn object(kind: &str, spec: Value) -> Value {
        json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec})
    }

    #[test]
    fn a_range_is_masked_and_its_blanks_are_dropped() {
        for (written, wanted) in [
            ("10.0.0.5/24", Some("10.0.0.0/24")),
            (" 10.0.0.5/24 , FD00::ABCD:1/64", Some("10.0.0.0/24,fd00::/64")),
            ("FD00:0:0::/64", Some("fd00:0:0::/64")),
            ("10.0.0.0/24", None),
            ("10.0.0.5/24,", None),
            ("10.0.0.5/33", None),
            ("::ffff:10.0.0.5/120", None),
            ("", None),
        ] {
            let values = values(&object("Subnet", json!({"cidrBlock": written})));
            let wanted = wanted.map(|wanted| ("spec.cidrBlock".to_owned(), wanted.to_owned()));
            assert_eq!(values, wanted.into_iter().collect::<Vec<_>>(), "{written:?}");
        }
        assert_eq!(values(&object("Subnet", json!({"cidrBlock": ["10.0.0.5/24"]}))), []);
        assert_eq!(values(&object("Pod", json!({"cidrBlock": "10.0.0.5/24"}))), []);
    }

    #[test]
    fn an_address_keeps_its_host_bits() {
        let vpc = object(
            "Vpc",
            json!({
                "staticRoutes": [{"nextHopIP": "10.0.0.1"}, {"nextHopIP": "10.0.0.2 "}],
                "policyRoutes": [{"nextHopIP": "10.0.0.3, 10.0.0.4"}],
                "vpcPeerings": [{"localConnectIP": "169.254.0.1/30, FD00::1/126"}],
            }),
        );
        let wanted = [
            ("spec.staticRoutes[1].nextHopIP", "10.0.0.2"),
            ("spec.policyRoutes[0].nextHopIP", "10.0.0.3,10.0.0.4"),
            ("spec.vpcPeerings[0].localConnectIP", "169.254.0.1/30,fd00::1/126"),
        ];
        assert_eq!(values(&vpc), wanted.map(|(field, value)| (field.to_owned(), value.to_owned())));
        let gateway = object("VpcNatGateway", json!({"lanIp": " 10.0.0.9"}));
        assert_eq!(values(&gateway), [("spec.lanIp".to_owned(), "10.0.0.9".to_owned())]);
    }

    #[test]
    fn a_switch_is_spelled_as_kube_ovn_does() {
        for (written, wanted) in [
            (json!("enabled"), Some("on")),
            (json!(" off"), Some("off")),
            (json!(true), Some("on")),
            (json!(false), Some("off")),
            (json!("ON"), None),
            (json!("perhaps"), None),
            (json!(1), None),
        ] {
            let mut vpc = object("Vpc", json!({}));
            vpc["metadata"]["annotations"] = json!({VPC_LB: written});
            let values: Vec<_> = values(&vpc).into_iter().map(|(_, value)| value).collect();
            assert_eq!(values, wanted.into_iter().collect::<Vec<_>>(), "{written}");
            let Some(fixed) = fixes(&vpc).pop() else { continue };
            set(&mut vpc, &fixed);
            assert_eq!(Some(fixed.value.as_str()), vpc["metadata"]["annotations"][VPC_LB].as_str());
        }
    }
}
