//! Capacity for people.

use std::fmt::{self, Display};

use super::{Free, Row, Space};
use crate::text::quoted;

const HEAD: [&str; 7] = ["SUBNET", "CIDR", "GATEWAY", "ADDRESSES", "EXCLUDED", "USED", "AVAILABLE"];

/// From which column on there are numbers.
const NUMBERS: usize = 3;

impl Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.vpc {
            Some(vpc) => write!(f, "VPC {}", quoted(vpc))?,
            None => f.write_str("no VPC")?,
        }
        if !self.vlan.is_empty() {
            write!(f, ", VLAN {}", quoted(&self.vlan))?;
        }
        f.write_str("\n")?;
        if self.subnets.is_empty() {
            return f.write_str("  no Subnets\n");
        }
        let mut table = vec![HEAD.map(str::to_owned)];
        table.extend(self.subnets.iter().map(cells));
        let mut widths = [0; HEAD.len()];
        for row in &table {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &table {
            for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
                if at < NUMBERS { write!(f, "  {cell:width$}")? } else { write!(f, "  {cell:>width$}")? }
            }
            f.write_str("\n")?;
        }
        self.free.iter().try_for_each(|free| writeln!(f, "  {free}"))
    }
}

fn cells(row: &Row) -> [String; HEAD.len()] {
    let known = |number: Option<u128>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    [
        row.subnet.escape_debug().to_string(),
        row.cidr.clone(),
        row.gateway.map_or_else(|| "-".to_owned(), |gateway| gateway.to_string()),
        row.addresses.to_string(),
        row.excluded.to_string(),
        known(row.used),
        known(row.available),
    ]
}

impl Display for Free {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("free ")?;
        if let Some(length) = self.prefix_len {
            write!(f, "/{length} ")?;
        }
        write!(f, "in {}: ", self.range)?;
        match (self.prefixes.as_slice(), self.more) {
            ([], 0) => f.write_str("none"),
            (prefixes, 0) => f.write_str(&prefixes.join(", ")),
            (prefixes, more) => write!(f, "{} and {more} more", prefixes.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let row = |subnet: &str, cidr: &str, used| Row {
            subnet: subnet.to_owned(),
            cidr: cidr.to_owned(),
            gateway: "10.0.1.1".parse().ok(),
            addresses: 254,
            excluded: 1,
            used,
            available: used.map(|used| 253 - used),
        };
        let free = |prefix_len, prefixes: &[&str], more| Free {
            range: "10.0.0.0/8".to_owned(),
            prefix_len,
            prefixes: prefixes.iter().map(ToString::to_string).collect(),
            more,
        };
        let space = Space {
            vpc: Some("blue".to_owned()),
            vlan: String::new(),
            subnets: vec![row("a", "10.0.1.0/24", Some(3)), row("long\u{1b}-name", "fd00::/64", None)],
            free: vec![
                free(None, &["10.0.0.0/24", "10.0.2.0/23"], 7),
                free(Some(24), &["10.0.0.0/24"], 0),
                free(Some(9), &[], 0),
            ],
        };
        let wanted = r#"VPC "blue"
  SUBNET           CIDR         GATEWAY   ADDRESSES  EXCLUDED  USED  AVAILABLE
  a                10.0.1.0/24  10.0.1.1        254         1     3        250
  long\u{1b}-name  fd00::/64    10.0.1.1        254         1     -          -
  free in 10.0.0.0/8: 10.0.0.0/24, 10.0.2.0/23 and 7 more
  free /24 in 10.0.0.0/8: 10.0.0.0/24
  free /9 in 10.0.0.0/8: none
"#;
        assert_eq!(space.to_string(), wanted);
        let underlay = Space { vpc: None, vlan: "x".to_owned(), subnets: Vec::new(), free: Vec::new() };
        assert_eq!(underlay.to_string(), "no VPC, VLAN \"x\"\n  no Subnets\n");
    }
}
