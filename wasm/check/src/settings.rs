//! Settings from a file, with the place of whatever is wrong in it.

use std::sync::Arc;

use serde_json::{Value, json};
use vpcguard_policies::Settings;
use vpcguard_policies::settings::SettingsError;

use crate::source::{ParseError, Source};
use crate::text::Text;
use crate::yaml::{Node, Position};
use crate::{json as json_stream, yaml};

/// The key of the chart's values, and of a configuration, under which settings stand.
pub(crate) const KEY: &str = "settings";

/// Reads settings from YAML, or from JSON if the name ends in `.json`. An empty file leaves everything at its
/// default. Of the values of the Helm chart those under `settings` are taken.
///
/// # Errors
///
/// Everything that is wrong with it, in order.
pub fn parse_settings(source: &Source) -> Result<Settings, Vec<ParseError>> {
    let (value, node) = read(source)?;
    let value = value.filter(|value| !value.is_null()).unwrap_or_else(|| json!({}));
    let (settings, below) = of_chart(&value).map_or((&value, ""), |settings| (settings, KEY));
    parse_at(source, node.as_deref(), settings, below)
}

/// The settings in the values of the chart. Nothing where a setting stands beside them: then this is not meant for Helm.
fn of_chart(values: &Value) -> Option<&Value> {
    let has_settings = Settings::KEYS.iter().any(|key| values.get(key).is_some());
    values.get(KEY).filter(|settings| settings.is_object() && !has_settings)
}

/// Reads settings that stand in a source, all of it or below a key.
pub(crate) fn parse_at(
    source: &Source,
    node: Option<&Node>,
    settings: &Value,
    below: &str,
) -> Result<Settings, Vec<ParseError>> {
    Settings::parse(settings).map_err(|wrong| {
        let error = |SettingsError { field, message }: SettingsError| {
            let field = if below.is_empty() { field } else { format!("{below}.{field}") };
            let place = node.map_or(Position::START, |node| node.locate(&field));
            ParseError::new(&source.name, None, place, format!("{field}: {message}"))
        };
        let mut errors: Vec<_> = wrong.0.into_iter().map(error).collect();
        ParseError::sort(&mut errors);
        errors
    })
}

/// Reads one document of any shape, from YAML, or from JSON if the name ends in `.json`. An empty file is null.
///
/// # Errors
///
/// Where and why it cannot be read, or where a second document begins.
pub fn parse_value(source: &Source) -> Result<Value, Vec<ParseError>> {
    read(source).map(|(value, _)| value.unwrap_or_default())
}

/// A document and its tree.
pub(crate) type OneDocument = (Option<Value>, Option<Arc<Node>>);

/// The one document of a source, and its tree.
pub(crate) fn read(source: &Source) -> Result<OneDocument, Vec<ParseError>> {
    let error = |position, message: String| ParseError::new(&source.name, None, position, message);
    let text = source.text().map_err(|error| vec![error])?;
    if source.is_json() {
        let json_stream::Stream { values, error: wrong } = json_stream::load(&Arc::new(Text::new(text)));
        if let Some((position, message)) = wrong {
            return Err(vec![error(position, message)]);
        }
        let values = values.into_iter().map(|(start, value, tree)| (start, (value, tree))).collect();
        one(values).map(|one| one.map_or((None, None), |(value, tree)| (Some(value), tree.node().cloned())))
    } else {
        let yaml::Stream { documents, faults, .. } = yaml::load(text);
        if !faults.is_empty() {
            return Err(faults.into_iter().map(|fault| error(fault.position, fault.message)).collect());
        }
        let nodes = documents.into_iter().map(|(_, node)| (node.span().start, node)).collect();
        one(nodes).map(|node| (node.as_ref().map(|node| node.to_value()), node))
    }
    .map_err(|position| vec![error(position, "must be one document; here a second one begins".to_owned())])
}

/// The only one there is, if any; or where the second begins.
fn one<T>(values: Vec<(Position, T)>) -> Result<Option<T>, Position> {
    let mut values = values.into_iter();
    let first = values.next();
    match values.next() {
        Some((position, _)) => Err(position),
        None => Ok(first.map(|(_, value)| value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, text: &str) -> Result<Settings, Vec<String>> {
        let source = Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
        parse_settings(&source).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn settings_are_yaml_or_json() {
        let yaml = "# of the team\nrules:\n  subnet-cidr-overlap: off\n";
        let settings = parse("s.json", r#"{"rules": {"subnet-cidr-overlap": "off"}}"#).unwrap();
        assert_ne!(settings, Settings::default());
        assert_eq!(parse("s.yaml", yaml), Ok(settings.clone()));
        assert_eq!(parse("s.yaml", &yaml.replace("off", "'off'")), Ok(settings));
        assert_eq!(parse("s.yaml", "# nothing\n"), Ok(Settings::default()));
    }

    #[test]
    fn of_the_values_of_the_chart_the_settings_are_taken() {
        let values = "replicas: 3\nsettings:\n  rules: {subnet-cidr-overlap: off}\nwebhooks: {}\n";
        let settings = parse("s.yaml", "rules: {subnet-cidr-overlap: off}\n").unwrap();
        assert_ne!(settings, Settings::default());
        assert_eq!(parse("values.yaml", values), Ok(settings));
        assert_eq!(parse("values.yaml", "settings: {}\n"), Ok(Settings::default()));
        let errors = parse("values.yaml", &values.replace("subnet-", "subnets-")).unwrap_err();
        assert!(
            errors[0].starts_with("values.yaml:3:11: settings.rules.subnets-cidr-overlap: unknown rule"),
            "{errors:?}"
        );
        // No values of the chart.
        let errors = parse("s.yaml", "settings: {}\nstrictReferences: true\n").unwrap_err();
        assert!(errors[0].starts_with("s.yaml:1:1: settings: unknown key \"settings\""), "{errors:?}");
        let errors = parse("values.yaml", "replicas: 3\n").unwrap_err();
        assert!(errors[0].starts_with("values.yaml:1:1: replicas: unknown key \"replicas\""), "{errors:?}");
    }

    #[test]
    fn each_error_has_its_place() {
        let text = "strictReferences: perhaps\nkubeOvn:\n  serviceCidrs:\n    - 10.96.0.0/12\n    - x\n  zone: a\n";
        let errors = parse("s.yaml", text).unwrap_err();
        assert_eq!(errors[0], "s.yaml:1:1: strictReferences: must be a boolean, not a string");
        assert!(errors[1].starts_with("s.yaml:5:7: kubeOvn.serviceCidrs[1]: "), "{errors:?}");
        assert!(errors[2].starts_with(r#"s.yaml:6:3: kubeOvn.zone: unknown key "zone""#), "{errors:?}");
        let errors = parse("s.json", "{\"strictReferences\": true,\n \"kubeOvn\": {\"zone\": 1}}").unwrap_err();
        assert!(errors[0].starts_with("s.json:2:14: kubeOvn.zone: "), "{errors:?}");
        assert_eq!(parse("s.yaml", "a: [").unwrap_err().len(), 1);
        assert_eq!(
            parse("s.yaml", "{}\n---\n{}\n").unwrap_err(),
            ["s.yaml:3:1: must be one document; here a second one begins"]
        );
    }
}
