//! What is wrong with a security group, by its filters in OVN.

use serde_json::Value;

use super::observation::Observation;
use super::symptoms::{has_word, text};

/// What Kube-OVN takes the priority of a rule from.
const HIGHEST_PRIORITY: i64 = 18484;

/// The lists of rules, and the direction of OVN's filters that they become.
const LISTS: &[(&str, &str)] = &[("ingressRules", "to-lport"), ("egressRules", "from-lport")];

impl Observation {
    /// Whether each rule of a group is the one filter that it says: of its direction and priority, protocol, ports and policy,
    /// whatever the case of its letters. A word that means nothing is expected to have stopped it.
    pub(super) fn security_group(&self, name: &str, stored: &Value, symptoms: &mut Vec<String>) {
        let group = format!("ovn.sg.{}", name.replace('-', "."));
        let lines = self.northbound.lines();
        if !lines.contains(&format!("port group {group}")) {
            symptoms.push("no port group".to_owned());
            return;
        }
        for (list, direction) in LISTS {
            let rules = stored.pointer(&format!("/spec/{list}")).and_then(Value::as_array).into_iter().flatten();
            for rule in rules {
                let number = |key: &str| rule.get(key).and_then(Value::as_i64).unwrap_or_default();
                let start = format!("acl {group} {direction} {} ", HIGHEST_PRIORITY - number("priority"));
                let filters: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix(&start)).collect();
                let protocol = text(rule, "protocol").to_lowercase();
                let wanted = match protocol.as_str() {
                    "" if number("portRangeMin") == 0 => String::new(),
                    "all" => String::new(),
                    "icmp" => "icmp".to_owned(),
                    _ => format!("{} <= {protocol}.dst <= {}", number("portRangeMin"), number("portRangeMax")),
                };
                let remote = text(rule, "remoteAddress");
                let is_of_rule = |filter: &&&str| filter.contains(&wanted) && filter.contains(remote);
                let matches: Vec<_> =
                    filters.iter().filter(is_of_rule).filter_map(|filter| filter.rsplit_once(' ')).collect();
                let action = match text(rule, "policy").to_lowercase().as_str() {
                    "allow" => "allow-related",
                    "pass" => "pass",
                    "drop" | "deny" => "drop",
                    _ => "no such action",
                };
                let Some((of_rule, _)) = matches.iter().find(|(_, done)| *done == action) else {
                    symptoms.push(format!("no filter {direction} {remote} {wanted} {action}"));
                    continue;
                };
                let twin = matches.iter().find(|(is_match, done)| is_match == of_rule && *done != action);
                symptoms.extend(twin.map(|(is_match, done)| format!("{is_match} is {action} and {done}")));
            }
        }
        let unparsed = self.unparsed.iter().filter(|(expression, _)| has_word(expression, &group));
        symptoms.extend(unparsed.map(|(expression, reason)| format!("unparsed {expression}: {reason}")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_group_that_is_not_there_says_so() {
        let mut symptoms = Vec::new();
        Observation::default().security_group("a", &json!({}), &mut symptoms);
        assert_eq!(symptoms, ["no port group"]);
    }
}
