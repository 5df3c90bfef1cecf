//! What Kube-OVN has written into OVN's northbound database, as lines that can be read and compared.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::ovsdb::Rpc;

const TABLES: &[&str] = &[
    "Logical_Router",
    "Logical_Router_Port",
    "Logical_Router_Policy",
    "Logical_Router_Static_Route",
    "Logical_Switch",
    "Logical_Switch_Port",
    "ACL",
    "NAT",
    "Load_Balancer",
    "Address_Set",
    "Port_Group",
    "BFD",
    "QoS",
];

/// Whose rows a column holds: parent table, column, child table.
const CHILDREN: &[(&str, &str, &str)] = &[
    ("Logical_Router", "ports", "Logical_Router_Port"),
    ("Logical_Router", "policies", "Logical_Router_Policy"),
    ("Logical_Router", "static_routes", "Logical_Router_Static_Route"),
    ("Logical_Router", "nat", "NAT"),
    ("Logical_Router", "load_balancer", "Load_Balancer"),
    ("Logical_Switch", "ports", "Logical_Switch_Port"),
    ("Logical_Switch", "acls", "ACL"),
    ("Logical_Switch", "load_balancer", "Load_Balancer"),
    ("Logical_Switch", "qos_rules", "QoS"),
    ("Port_Group", "acls", "ACL"),
    ("Port_Group", "ports", "Logical_Switch_Port"),
];

type Row = serde_json::Map<String, Value>;

/// The database at one moment.
#[derive(Clone, Debug, Default)]
pub struct Northbound {
    rows: BTreeMap<&'static str, BTreeMap<String, Row>>,
    /// By row: the tables and names of the rows that hold it.
    owners: BTreeMap<String, BTreeSet<(&'static str, String)>>,
}

impl Northbound {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(super) fn read(rpc: &mut Rpc) -> Result<Self> {
        let select = |table: &&str| json!({"op": "select", "table": table, "where": []});
        let results = rpc.transact("OVN_Northbound", TABLES.iter().map(select).collect())?;
        let mut rows = BTreeMap::new();
        for (table, result) in TABLES.iter().zip(results) {
            let selected = result.get("rows").and_then(Value::as_array).context("a table without rows")?;
            let by_id = |row: &Value| {
                let row: Row = row.as_object()?.iter().map(|(column, value)| (column.clone(), plain(value))).collect();
                Some((text(&row, "_uuid").to_owned(), row))
            };
            rows.insert(*table, selected.iter().filter_map(by_id).collect());
        }
        let mut read = Self { rows, owners: BTreeMap::new() };
        read.find_owners();
        Ok(read)
    }

    fn find_owners(&mut self) {
        for (parent, column, _) in CHILDREN {
            for row in self.rows.get(parent).into_iter().flat_map(BTreeMap::values) {
                for child in strings(row.get(*column)) {
                    self.owners.entry(child).or_default().insert((parent, text(row, "name").to_owned()));
                }
            }
        }
    }

    fn table(&self, table: &str) -> impl Iterator<Item = (&String, &Row)> {
        self.rows.get(table).into_iter().flatten()
    }

    fn owners_of(&self, id: &str, table: &str) -> Vec<&str> {
        let owners = self.owners.get(id).into_iter().flatten();
        owners.filter(|(parent, _)| *parent == table).map(|(_, name)| name.as_str()).collect()
    }

    /// Whether there is a switch of this name.
    pub fn has_switch(&self, name: &str) -> bool {
        self.table("Logical_Switch").any(|(_, row)| text(row, "name") == name)
    }

    /// Whether there is a router of this name.
    pub fn has_router(&self, name: &str) -> bool {
        self.table("Logical_Router").any(|(_, row)| text(row, "name") == name)
    }

    /// The switch that a port is in.
    pub fn switch_of(&self, port: &str) -> Option<&str> {
        let (id, _) = self.table("Logical_Switch_Port").find(|(_, row)| text(row, "name") == port)?;
        self.owners_of(id, "Logical_Switch").first().copied()
    }

    /// The ports of Pods: name of the port, `NAMESPACE/POD`, switch, addresses without their MAC.
    pub fn pods(&self) -> Vec<PodPort> {
        let ports = self.table("Logical_Switch_Port").filter_map(|(id, row)| {
            let pod = row.get("external_ids")?.get("pod")?.as_str()?.to_owned();
            let switch = self.owners_of(id, "Logical_Switch").first().copied().unwrap_or_default().to_owned();
            Some(PodPort { port: text(row, "name").to_owned(), pod, switch, addresses: addresses(row) })
        });
        ports.collect()
    }

    /// The routers that a switch hangs on.
    pub fn routers_of_switch(&self, switch: &str) -> BTreeSet<String> {
        let router_ports: BTreeMap<&str, Vec<&str>> = self
            .table("Logical_Router_Port")
            .map(|(id, row)| (text(row, "name"), self.owners_of(id, "Logical_Router")))
            .collect();
        let of_switch =
            self.table("Logical_Switch_Port").filter(|(id, _)| self.owners_of(id, "Logical_Switch").contains(&switch));
        let peers = of_switch.filter_map(|(_, row)| row.get("options")?.get("router-port")?.as_str());
        peers.flat_map(|peer| router_ports.get(peer).into_iter().flatten()).map(|name| (*name).to_owned()).collect()
    }

    /// The whole database, a line a row that says something of its own. MAC addresses and ids of rows are left out.
    pub fn lines(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        for (_, row) in self.table("Logical_Router") {
            lines.insert(format!("router {}", text(row, "name")));
        }
        for (_, row) in self.table("Logical_Switch") {
            lines.insert(format!("switch {}", text(row, "name")));
        }
        for (id, row) in self.table("Logical_Router_Port") {
            let networks = strings(row.get("networks")).join(" ");
            let peer = strings(row.get("peer")).join("");
            let peer = if peer.is_empty() { peer } else { format!(" peer {peer}") };
            let gateways = if strings(row.get("gateway_chassis")).is_empty() { "" } else { " on a chassis" };
            lines.extend(self.owned(id, "Logical_Router").map(|router| {
                format!("router {router} port {} networks {networks}{peer}{gateways}", text(row, "name"))
            }));
        }
        for (id, row) in self.table("Logical_Router_Static_Route") {
            let table = text(row, "route_table");
            let table = if table.is_empty() { String::new() } else { format!(" table {table}") };
            let policy = strings(row.get("policy")).join("");
            let policy = if policy.is_empty() { "dst-ip" } else { &policy };
            lines.extend(self.owned(id, "Logical_Router").map(|router| {
                format!("router {router} route{table} {policy} {} via {}", text(row, "ip_prefix"), text(row, "nexthop"))
            }));
        }
        for (id, row) in self.table("Logical_Router_Policy") {
            let hops = strings(row.get("nexthops")).join(",");
            let hops = if hops.is_empty() { hops } else { format!(" {hops}") };
            lines.extend(self.owned(id, "Logical_Router").map(|router| {
                format!(
                    "router {router} policy {} {} {}{hops}",
                    number(row, "priority"),
                    text(row, "match"),
                    text(row, "action")
                )
            }));
        }
        for (id, row) in self.table("NAT") {
            let port = strings(row.get("logical_port")).join("");
            let port = if port.is_empty() { port } else { format!(" port {port}") };
            lines.extend(self.owned(id, "Logical_Router").map(|router| {
                format!(
                    "router {router} nat {} {} {}{port}",
                    text(row, "type"),
                    text(row, "external_ip"),
                    text(row, "logical_ip")
                )
            }));
        }
        for (id, row) in self.table("Logical_Switch_Port") {
            let kind = text(row, "type");
            let kind = if kind.is_empty() { String::new() } else { format!(" {kind}") };
            let addresses = addresses(row).join(" ");
            lines.extend(self.owned(id, "Logical_Switch").map(|switch| {
                format!("switch {switch} port {}{kind} {addresses}", text(row, "name")).trim_end().to_owned()
            }));
        }
        for (id, row) in self.table("ACL") {
            let owners = self.owned(id, "Logical_Switch").chain(self.owned(id, "Port_Group"));
            lines.extend(owners.map(|owner| {
                format!(
                    "acl {owner} {} {} {} {}",
                    text(row, "direction"),
                    number(row, "priority"),
                    text(row, "match"),
                    text(row, "action")
                )
            }));
        }
        for (id, row) in self.table("Load_Balancer") {
            let on: Vec<_> = self.owned(id, "Logical_Router").chain(self.owned(id, "Logical_Switch")).collect();
            for (vip, backends) in row.get("vips").and_then(Value::as_object).into_iter().flatten() {
                let backends = backends.as_str().unwrap_or_default();
                lines.insert(format!("load balancer {} {vip} to {backends} on {}", text(row, "name"), on.join(" ")));
            }
        }
        for (_, row) in self.table("Port_Group") {
            lines.insert(format!("port group {}", text(row, "name")));
        }
        for (id, row) in self.table("Logical_Switch_Port") {
            lines.extend(
                self.owned(id, "Port_Group").map(|group| format!("port group {group} port {}", text(row, "name"))),
            );
        }
        for (_, row) in self.table("Address_Set") {
            lines.insert(format!("address set {} {}", text(row, "name"), strings(row.get("addresses")).join(" ")));
        }
        for (_, row) in self.table("BFD") {
            lines.insert(format!("bfd {} {}", text(row, "logical_port"), text(row, "dst_ip")));
        }
        lines
    }

    fn owned(&self, id: &str, table: &str) -> impl Iterator<Item = String> {
        self.owners_of(id, table).into_iter().map(str::to_owned).collect::<Vec<_>>().into_iter()
    }
}

/// The port of a Pod.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct PodPort {
    /// Its name.
    pub port: String,
    /// `NAMESPACE/POD`.
    pub pod: String,
    /// The switch that it is in, which is called like its Subnet.
    pub switch: String,
    /// Its addresses.
    pub addresses: Vec<String>,
}

/// A value of OVSDB: a set is an array, a map an object, an id its text.
fn plain(value: &Value) -> Value {
    match value.as_array().map(Vec::as_slice) {
        Some([tag, content]) if tag == "set" => content.as_array().into_iter().flatten().map(plain).collect(),
        Some([tag, content]) if tag == "map" => {
            let pair = |pair: &Value| Some((pair.get(0)?.as_str()?.to_owned(), plain(pair.get(1)?)));
            Value::Object(content.as_array().into_iter().flatten().filter_map(pair).collect())
        }
        Some([tag, content]) if tag == "uuid" => content.clone(),
        _ => value.clone(),
    }
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}

fn number(row: &Row, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_default()
}

/// A column that holds one string or a set of them, sorted.
fn strings(value: Option<&Value>) -> Vec<String> {
    let mut all: Vec<String> = match value {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    };
    all.sort();
    all
}

/// The addresses of a switch port, without its MAC address, which differs from run to run.
fn addresses(row: &Row) -> Vec<String> {
    let all = strings(row.get("addresses"));
    let words = all.iter().flat_map(|address| address.split_whitespace());
    words
        .filter(|word| !(word.len() == 17 && word.bytes().filter(|byte| *byte == b':').count() == 5))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_ovsdb_become_plain() {
        let set = json!(["set", [["uuid", "a"], "b"]]);
        assert_eq!(plain(&set), json!(["a", "b"]));
        assert_eq!(plain(&json!(["map", [["k", "v"]]])), json!({"k": "v"}));
        assert_eq!(plain(&json!(["uuid", "a"])), json!("a"));
        assert_eq!(plain(&json!(7)), json!(7));
    }
}
