//! What Multus wants of a list of networks beside what Kube-OVN does.

use super::elements::Element;
use crate::net::{Cidr, hardware_address, parse_ip};

/// What Kube-OVN takes as it stands, and Multus refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// The number of the element.
    pub(crate) at: usize,
    /// The field.
    pub(crate) field: &'static str,
    /// What stands there.
    pub(crate) text: String,
}

impl Unfit {
    /// Multus looks at these fields, whatever plug-in makes the network.
    pub(super) fn of(at: usize, element: &Element<'_>, guid: &str) -> Option<Self> {
        let unfit = |field, text: &str| Some(Self { at, field, text: text.to_owned() });
        for (field, text) in [("mac", &*element.mac), ("infiniband-guid", guid)] {
            if !text.is_empty() && hardware_address(text).is_none() {
                return unfit(field, text);
            }
        }
        let is_read =
            |text: &str| if text.contains('/') { Cidr::parse(text).is_ok() } else { parse_ip(text).is_some() };
        element.ips.iter().find(|text| !is_read(text)).and_then(|text| unfit("ips", text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::elements::read;
    use super::*;

    #[test]
    fn multus_wants_addresses() {
        let unfit = |fields: &str| {
            let unfit = read(&format!(r#"[{{"name":"a"}},{{"name":"db",{fields}}}]"#)).unwrap().unfit;
            unfit.map(|Unfit { at, field, text }| format!("{at} {field} {text}"))
        };
        for fields in [
            r#""ips":["10.0.0.5","10.0.0.5/24","10.0.0.0/24","fd00::5/64"]"#,
            r#""ips":[],"mac":"""#,
            r#""mac":"00:00:00:53:6f:a9""#,
            r#""mac":"00-00-00-53-6f-a9","infiniband-guid":"02:00:5e:10:00:00:00:01""#,
            r#""ips":["x"],"ips":["10.0.0.5"]"#,
        ] {
            assert_eq!(unfit(fields), None, "{fields}");
        }
        for (fields, wanted) in [
            (r#""ips":["10.0.0.5","10.0.0.300"]"#, "1 ips 10.0.0.300"),
            (r#""ips":["10.0.0.5/33"]"#, "1 ips 10.0.0.5/33"),
            (r#""ips":[" 10.0.0.5"]"#, "1 ips  10.0.0.5"),
            (r#""ips":["10.0.0.5,fd00::5"]"#, "1 ips 10.0.0.5,fd00::5"),
            (r#""ips":[""]"#, "1 ips "),
            (r#""mac":"x","ips":["x"]"#, "1 mac x"),
            (r#""infiniband-guid":"x""#, "1 infiniband-guid x"),
        ] {
            assert_eq!(unfit(fields).as_deref(), Some(wanted), "{fields}");
        }
    }
}
