//! Reads the settings strictly: whatever is not known is an error that says what was probably meant.

use serde_json::Value;

use crate::advice::{self, Advice};
use crate::json::{Reader, TypeErrors};
use crate::kinds::LabelSelector;
use crate::net::{Cidr, parse_ip};
use crate::rules::IDS;
use crate::settings::{
    ALL_RULES, EgressGateways, EgressScope, Exempt, Inject, InjectVpcLb, KubeOvn, RuleAction, Settings, SettingsError,
    SettingsErrors,
};
use crate::text::{did_you_mean, quoted};

impl Settings {
    /// Reads settings; an unknown key, rule or value is an error.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its field and how to fix it.
    pub fn parse(settings: &Value) -> Result<Self, SettingsErrors> {
        let types = TypeErrors::default();
        let reader = Reader::new(settings, &types);
        let mut parser = Parser { errors: Vec::new() };
        let settings = parser.settings(&reader);
        let wrong_types = types.into_sorted().into_iter().map(|wrong| {
            let field = wrong.field.to_string();
            SettingsError {
                field: if field.is_empty() { "settings".to_owned() } else { field },
                message: wrong.detail(),
            }
        });
        parser.errors.extend(wrong_types);
        if parser.errors.is_empty() { Ok(settings) } else { Err(SettingsErrors(parser.errors)) }
    }

    /// Switches rules off, whatever was written for them.
    pub fn switch_off(&mut self, is_off: impl Fn(&str) -> bool) {
        let written = std::mem::take(&mut self.rules);
        let action = |id| {
            let written = written.iter().find(|(written, _)| *written == id).map(|(_, action)| *action);
            if is_off(id) { Some(RuleAction::Off) } else { written }
        };
        self.rules = IDS.into_iter().filter_map(|id| Some((id, action(id)?))).collect();
    }
}

struct Parser {
    errors: Vec<SettingsError>,
}

impl Parser {
    fn settings(&mut self, top: &Reader) -> Settings {
        let defaults = Settings::default();
        self.keys(top, Settings::KEYS);
        let kube_ovn = self.kube_ovn(&top.at("kubeOvn"));
        Settings {
            rules: self.rules(&top.at("rules")),
            strict_references: top.at("strictReferences").flag(),
            read_ips: top.at("readIPs").flag(),
            disclose_names: self.choice(&top.at("disclose"), &[("names", true), ("none", false)]).unwrap_or(true),
            advice: Advice::new(
                self.words(&top.at("docsUrl"), advice::docs),
                self.words(&top.at("contact"), advice::contact),
            ),
            exempt: self.exempt(&top.at("exempt"), &kube_ovn),
            kube_ovn,
            egress_gateway: self.egress_gateway(&top.at("egressGateway")),
            inject: self.inject(&top.at("inject"), defaults.inject),
        }
    }

    fn rules(&mut self, rules: &Reader) -> Vec<(&'static str, RuleAction)> {
        const ACTIONS: &[(&str, RuleAction)] =
            &[("deny", RuleAction::Deny), ("warn", RuleAction::Warn), ("off", RuleAction::Off)];
        self.keys_among(rules, &IDS, "rule");
        let mut chosen = |id| {
            let action = rules.at(id);
            // YAML 1.1 takes a bare `off` for a boolean, and who writes it means the action.
            if action.is_false() { Some(RuleAction::Off) } else { self.choice(&action, ACTIONS) }
        };
        let of_all = chosen(ALL_RULES);
        IDS.into_iter().filter_map(|id| Some((id, chosen(id).or(of_all)?))).collect()
    }

    fn kube_ovn(&mut self, kube_ovn: &Reader) -> KubeOvn {
        let defaults = KubeOvn::default();
        self.keys(
            kube_ovn,
            &[
                "namespace",
                "defaultVpc",
                "defaultSubnet",
                "nodeSwitch",
                "defaultProvider",
                "externalSubnet",
                "serviceCidrs",
                "apiServer",
                "nonPrimaryCNI",
            ],
        );
        let service_cidrs = kube_ovn.at("serviceCidrs");
        for item in service_cidrs.items() {
            if let Some(Err(error)) = item.text().map(Cidr::parse) {
                self.error(&item, error.to_string());
            }
        }
        let api_server = kube_ovn.at("apiServer");
        let mut api_servers = Vec::new();
        for item in api_server.items() {
            match item.text().map(parse_ip) {
                Some(Some(address)) => api_servers.push(address),
                Some(None) => self.error(&item, "must be an IP address, as 10.96.0.1".to_owned()),
                None => {}
            }
        }
        KubeOvn {
            namespace: self.name(&kube_ovn.at("namespace"), defaults.namespace),
            default_vpc: self.name(&kube_ovn.at("defaultVpc"), defaults.default_vpc),
            default_subnet: self.name(&kube_ovn.at("defaultSubnet"), defaults.default_subnet),
            node_switch: self.name(&kube_ovn.at("nodeSwitch"), defaults.node_switch),
            default_provider: self.name(&kube_ovn.at("defaultProvider"), defaults.default_provider),
            external_subnet: self.name(&kube_ovn.at("externalSubnet"), defaults.external_subnet),
            service_cidrs: service_cidrs.strings(),
            api_server: api_servers,
            non_primary_cni: kube_ovn.at("nonPrimaryCNI").flag(),
        }
    }

    fn egress_gateway(&mut self, gateway: &Reader) -> EgressGateways {
        const SCOPES: &[(&str, EgressScope)] = &[("declared", EgressScope::Declared), ("own", EgressScope::Own)];
        self.keys(gateway, &["images", "scope"]);
        let images = gateway.at("images");
        for item in images.items() {
            // An empty text is what every reference begins with.
            if item.text().is_some_and(|image| image.is_empty() || image.contains(char::is_whitespace)) {
                self.error(&item, "must be the beginning of an image reference, as docker.io/kubeovn/".to_owned());
            }
        }
        EgressGateways {
            images: images.strings(),
            scope: self.choice(&gateway.at("scope"), SCOPES).unwrap_or_default(),
        }
    }

    fn exempt(&mut self, exempt: &Reader, kube_ovn: &KubeOvn) -> Exempt {
        self.keys(exempt, &["users", "namespaces", "restorers", "deleters"]);
        let defaults = Exempt::defaults(kube_ovn);
        let given = |field: &Reader, default| if field.is_present() { field.strings() } else { default };
        Exempt {
            users: given(&exempt.at("users"), defaults.users),
            namespaces: given(&exempt.at("namespaces"), defaults.namespaces),
            restorers: given(&exempt.at("restorers"), defaults.restorers),
            deleters: given(&exempt.at("deleters"), defaults.deleters),
        }
    }

    fn inject(&mut self, inject: &Reader, defaults: Inject) -> Inject {
        self.keys(inject, &["logicalSwitch", "vpcLb"]);
        let vpc_lb = inject.at("vpcLb");
        self.keys(&vpc_lb, &["enabled", "all", "selector"]);
        let selector = vpc_lb.at("selector");
        self.keys(&selector, &["matchLabels", "matchExpressions"]);
        Inject {
            logical_switch: flag_or(&inject.at("logicalSwitch"), defaults.logical_switch),
            vpc_lb: InjectVpcLb {
                enabled: flag_or(&vpc_lb.at("enabled"), defaults.vpc_lb.enabled),
                all: flag_or(&vpc_lb.at("all"), defaults.vpc_lb.all),
                selector: if selector.is_present() { self.selector(&selector) } else { defaults.vpc_lb.selector },
            },
        }
    }

    fn selector(&mut self, selector: &Reader) -> LabelSelector {
        const OPERATORS: &[(&str, ())] = &[("In", ()), ("NotIn", ()), ("Exists", ()), ("DoesNotExist", ())];
        for expression in selector.at("matchExpressions").items() {
            self.keys(&expression, &["key", "operator", "values"]);
            if self.choice(&expression.at("operator"), OPERATORS).is_none() && !expression.at("operator").is_present() {
                self.error(&expression, "needs an operator".to_owned());
            }
        }
        LabelSelector::read(selector)
    }

    /// A text that must make sense.
    fn words(&mut self, field: &Reader, read: fn(&str) -> Result<Option<String>, String>) -> Option<String> {
        read(field.text()?).unwrap_or_else(|message| {
            self.error(field, message);
            None
        })
    }

    /// A name that may be left out but not be empty.
    fn name(&mut self, field: &Reader, default: String) -> String {
        match field.text() {
            Some("") => {
                self.error(field, format!("must not be empty; leave it out for {default:?}"));
                default
            }
            Some(name) => name.to_owned(),
            None => default,
        }
    }

    /// One of a few words.
    fn choice<T: Copy>(&mut self, field: &Reader, choices: &[(&str, T)]) -> Option<T> {
        let word = field.text()?;
        let chosen = choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let hint = did_you_mean(word, &names).unwrap_or_else(|| format!("must be one of {}", names.join(", ")));
            self.error(field, format!("unknown value {}: {hint}", quoted(word)));
        }
        chosen
    }

    fn keys(&mut self, object: &Reader, known: &[&str]) {
        self.keys_among(object, known, "key");
    }

    fn keys_among(&mut self, object: &Reader, known: &[&str], what: &str) {
        let Some(map) = object.map() else { return };
        let is_known = |key: &str| known.contains(&key) || (what == "rule" && key == ALL_RULES);
        for key in map.keys().filter(|key| !is_known(key)) {
            let hint = did_you_mean(key, known).unwrap_or_else(|| match what {
                "rule" => "`vpcguard rules` lists them all".to_owned(),
                _ => format!("known are {}", known.join(", ")),
            });
            let path = object.path().to_string();
            let field = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.errors.push(SettingsError { field, message: format!("unknown {what} {}: {hint}", quoted(key)) });
        }
    }

    fn error(&mut self, field: &Reader, message: String) {
        self.errors.push(SettingsError { field: field.path().to_string(), message });
    }
}

fn flag_or(field: &Reader, default: bool) -> bool {
    if field.is_present() { field.flag() } else { default }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::common::{field_type, missing_reference};

    fn errors(value: &Value) -> Vec<String> {
        Settings::parse(value).unwrap_err().0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_written_is_the_default() {
        assert_eq!(Settings::parse(&json!({})), Ok(Settings::default()));
    }

    #[test]
    fn an_unknown_word_is_an_error_with_a_guess() {
        assert_eq!(
            errors(&json!({
                "rules": {"missing-referense": "warn", "field-type": "denny", "zzz": "off"},
                "kubeovn": {},
                "disclose": "all",
            })),
            [
                r#"kubeovn: unknown key "kubeovn": did you mean "kubeOvn"?"#,
                r#"rules.missing-referense: unknown rule "missing-referense": did you mean "missing-reference"?"#,
                r#"rules.zzz: unknown rule "zzz": `vpcguard rules` lists them all"#,
                r#"rules.field-type: unknown value "denny": did you mean "deny"?"#,
                r#"disclose: unknown value "all": must be one of names, none"#,
            ]
        );
    }

    #[test]
    fn a_wrong_type_and_a_bad_prefix_are_errors() {
        assert_eq!(
            errors(&json!({"strictReferences": "yes", "kubeOvn": {
                "defaultVpc": "", "serviceCidrs": ["10.96.0.0"], "apiServer": ["fd00::1", "https://10.96.0.1"]}})),
            [
                "kubeOvn.serviceCidrs[0]: needs a prefix length, as in 10.0.0.0/16 or fd00::/64",
                "kubeOvn.apiServer[1]: must be an IP address, as 10.96.0.1",
                r#"kubeOvn.defaultVpc: must not be empty; leave it out for "ovn-cluster""#,
                "strictReferences: must be a boolean, not a string",
            ]
        );
        assert_eq!(errors(&json!([])), ["settings: must be an object, not a list"]);
    }

    #[test]
    fn an_image_that_every_reference_begins_with_is_an_error() {
        let wrong = "must be the beginning of an image reference, as docker.io/kubeovn/";
        assert_eq!(
            errors(&json!({"egressGateway": {"images": ["registry.example/a", "", "b c"], "scope": "all"}})),
            [
                format!("egressGateway.images[1]: {wrong}"),
                format!("egressGateway.images[2]: {wrong}"),
                r#"egressGateway.scope: unknown value "all": must be one of declared, own"#.to_owned(),
            ]
        );
        let settings = Settings::parse(&json!({"egressGateway": {"images": ["a/b"], "scope": "own"}})).unwrap();
        let wanted = EgressGateways { images: vec!["a/b".to_owned()], scope: EgressScope::Own };
        assert_eq!(settings.egress_gateway, wanted);
    }

    #[test]
    fn whoever_is_refused_is_told_where_to_learn_more() {
        let settings =
            Settings::parse(&json!({"docsUrl": "https://example.org/rules/", "contact": "ask #net-platform"})).unwrap();
        assert_eq!(settings.advice.docs("field-type").as_deref(), Some("https://example.org/rules/field-type"));
        assert_eq!(settings.advice.contact(), Some("ask #net-platform"));
        assert_eq!(Settings::parse(&json!({"docsUrl": "", "contact": ""})), Ok(Settings::default()));
        assert_eq!(
            errors(&json!({"docsUrl": "example.org", "contact": "a\u{7}b", "contacts": ""})),
            [
                r#"contacts: unknown key "contacts": did you mean "contact"?"#,
                r#"docsUrl: "example.org" is not an http or https URL, as https://example.org/rules.md#{rule}"#,
                r#"contact: must be one line without control characters, as "ask #net-platform""#,
            ]
        );
    }

    #[test]
    fn given_lists_replace_the_defaults_which_follow_the_namespace() {
        let settings = Settings::parse(&json!({"kubeOvn": {"namespace": "ovn-system"}})).unwrap();
        assert_eq!(settings.exempt.namespaces, ["kube-system", "ovn-system"]);
        assert!(settings.exempts_user("system:serviceaccount:ovn-system:ovn"));
        let settings = Settings::parse(&json!({"exempt": {"users": ["me"], "namespaces": []}})).unwrap();
        assert_eq!((settings.exempt.users, settings.exempt.namespaces), (vec!["me".to_owned()], vec![]));
    }

    #[test]
    fn strict_references_deny_unless_the_rule_is_off() {
        let action = |value| missing_reference::RULE.action(&Settings::parse(&value).unwrap());
        assert_eq!(action(json!({})), RuleAction::Warn);
        assert_eq!(action(json!({"strictReferences": true})), RuleAction::Deny);
        assert_eq!(action(json!({"strictReferences": true, "rules": {"missing-reference": "off"}})), RuleAction::Off);
    }

    #[test]
    fn what_is_written_for_all_rules_is_as_if_each_was_named() {
        let each =
            |action: &str| IDS.iter().map(|id| ((*id).to_owned(), json!(action))).collect::<serde_json::Map<_, _>>();
        let of = |rules: Value| Settings::parse(&json!({"rules": rules})).unwrap();
        let mut named = each("off");
        assert_eq!(of(json!({"*": "off"})), of(named.clone().into()));
        assert_eq!(of(json!({"*": false})), of(named.clone().into()));
        named["field-type"] = "deny".into();
        assert_eq!(of(json!({"field-type": "deny", "*": "off"})), of(named.into()));
        assert_eq!(errors(&json!({"rules": {"*": "of"}})), [r#"rules.*: unknown value "of": did you mean "off"?"#]);
        assert_eq!(errors(&json!({"*": "off"}))[0].split(": ").nth(1), Some(r#"unknown key "*""#));
    }

    #[test]
    fn a_rule_that_is_switched_off_stays_off() {
        let mut settings =
            Settings::parse(&json!({"rules": {"missing-reference": "deny"}, "strictReferences": true})).unwrap();
        settings.switch_off(|id| id == "missing-reference");
        assert_eq!(missing_reference::RULE.action(&settings), RuleAction::Off);
        assert_eq!(field_type::RULE.action(&settings), RuleAction::Deny);
        settings.switch_off(|_| true);
        assert_eq!(settings, Settings::parse(&json!({"rules": {"*": "off"}, "strictReferences": true})).unwrap());
    }

    #[test]
    fn a_rule_does_what_was_written_for_it() {
        let settings = Settings::parse(&json!({"rules": {"field-type": "off"}})).unwrap();
        assert_eq!(field_type::RULE.action(&settings), RuleAction::Off);
        // What YAML 1.1 makes of a bare `off`.
        assert_eq!(Settings::parse(&json!({"rules": {"field-type": false}})), Ok(settings));
        assert_eq!(
            errors(&json!({"rules": {"field-type": true}})),
            ["rules.field-type: must be a string, not a boolean"]
        );
    }
}
