//! `.vpcguard.yaml`: what a repository says once, and not with every call.

use serde_json::{Map, Value};
use vpcguard_policies::Settings;
use vpcguard_policies::json::{Reader, TypeErrors};
use vpcguard_policies::text::did_you_mean;

use crate::clusters::{is_absolute, pattern};
use crate::report::Format;
use crate::settings::{KEY as SETTINGS, parse_at, read};
use crate::source::{ParseError, Source};
use crate::yaml::{Node, Position};

/// The name of the file. It is none of the manifests.
pub const CONFIG: &str = ".vpcguard.yaml";

const KEYS: &[&str] = &[SETTINGS, "clusters", "exclude", "format", "failOn"];

/// What a configuration says. Whatever a flag says goes before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The name of its file, from the working directory.
    pub name: String,
    /// The settings.
    pub settings: Option<ConfiguredSettings>,
    /// The clusters, and the globs of their files, from the folder of the file.
    pub clusters: Vec<(String, Vec<String>)>,
    /// What is not checked: globs, from the folder of the file.
    pub exclude: Vec<String>,
    /// How the report is written.
    pub format: Option<Format>,
    /// Whether warnings count in the exit code.
    pub fail_on_warning: bool,
}

/// Settings, or where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfiguredSettings {
    /// They are written in the configuration.
    Inline(Box<Settings>),
    /// They are in this file, from the folder of the configuration.
    File(String),
}

impl Config {
    /// Reads a configuration. An empty file says nothing.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in order.
    pub fn parse(source: &Source) -> Result<Self, Vec<ParseError>> {
        let (value, node) = read(source)?;
        let mut parser = ConfigParser { source, node: node.as_deref(), errors: Vec::new() };
        let config = parser.config(&value.filter(|value| !value.is_null()).unwrap_or_else(|| Map::new().into()));
        ParseError::sort(&mut parser.errors);
        if parser.errors.is_empty() { Ok(config) } else { Err(parser.errors) }
    }

    /// The file with the settings, from the working directory, if they are in one.
    pub fn settings_file(&self) -> Option<String> {
        let Some(ConfiguredSettings::File(path)) = &self.settings else { return None };
        let folder = if is_absolute(path) { "" } else { self.folder() };
        Some(format!("{folder}{path}"))
    }

    /// The folder of its file, from the working directory: empty for that itself, else with its last slash.
    pub fn folder(&self) -> &str {
        self.name.rfind(['/', '\\']).and_then(|end| self.name.get(..=end)).unwrap_or_default()
    }

    /// Where it was found, if that is not the working directory.
    pub(crate) fn note(&self) -> Option<String> {
        self.name.starts_with("..").then(|| format!("configured by {}", self.name))
    }
}

struct ConfigParser<'a> {
    source: &'a Source,
    node: Option<&'a Node>,
    errors: Vec<ParseError>,
}

impl ConfigParser<'_> {
    fn config(&mut self, value: &Value) -> Config {
        let types = TypeErrors::default();
        let top = Reader::new(value, &types);
        for key in top.map().into_iter().flat_map(Map::keys).filter(|key| !KEYS.contains(&key.as_str())) {
            self.error(key, format!("unknown key {key:?}: {}", hint(key)));
        }
        let config = Config {
            name: self.source.name.clone(),
            settings: value.get(SETTINGS).and_then(|settings| self.settings(settings)),
            clusters: self.clusters(value.get("clusters"), &top.at("clusters")),
            exclude: top.at("exclude").strings(),
            format: top.at("format").text().and_then(|name| self.format(name)),
            fail_on_warning: top.at("failOn").text().is_some_and(|level| self.fails_on_warning(level)),
        };
        for wrong in types.into_sorted() {
            let (field, detail) = (wrong.field.to_string(), wrong.detail());
            self.error(&field, detail);
        }
        config
    }

    fn settings(&mut self, settings: &Value) -> Option<ConfiguredSettings> {
        match settings {
            Value::Null => None,
            Value::String(path) if path.is_empty() => {
                self.error(SETTINGS, "must not be empty; name a file, or leave it out".to_owned());
                None
            }
            Value::String(path) => Some(ConfiguredSettings::File(path.clone())),
            Value::Object(_) => match parse_at(self.source, self.node, settings, SETTINGS) {
                Ok(settings) => Some(ConfiguredSettings::Inline(Box::new(settings))),
                Err(wrong) => {
                    self.errors.extend(wrong);
                    None
                }
            },
            _ => {
                self.error(SETTINGS, "must be an object, or the path of a file that holds it".to_owned());
                None
            }
        }
    }

    /// In the order in which they were written: the first that has a file takes it.
    fn clusters(&mut self, clusters: Option<&Value>, reader: &Reader) -> Vec<(String, Vec<String>)> {
        // It is also noted where this is no object.
        let Some(map) = reader.map() else { return Vec::new() };
        let node = self.node.and_then(|node| node.get("clusters")).and_then(|clusters| clusters.entries());
        let written: Vec<_> = match node {
            Some(entries) => entries.iter().map(|entry| entry.key.clone()).collect(),
            None => map.keys().cloned().collect(),
        };
        let globs = |name: &String| Some((name.clone(), clusters?.get(name)?));
        let clusters: Vec<_> = written.iter().filter_map(globs).collect();
        clusters.into_iter().map(|(name, globs)| (name.clone(), self.globs(&name, globs))).collect()
    }

    fn globs(&mut self, name: &str, globs: &Value) -> Vec<String> {
        let field = format!("clusters.{name}");
        if let Err(wrong) = check_name(name) {
            self.error(&field, wrong.to_owned());
        }
        let types = TypeErrors::default();
        let globs = Reader::new(globs, &types).strings();
        for wrong in types.into_sorted() {
            self.error(&format!("{field}{}", wrong.field), wrong.detail());
        }
        for (at, glob) in globs.iter().enumerate() {
            if let Err(wrong) = pattern(glob) {
                self.error(&format!("{field}[{at}]"), format!("{glob:?} is no pattern: {wrong}"));
            }
        }
        globs
    }

    fn format(&mut self, name: &str) -> Option<Format> {
        name.parse().map_err(|unknown: crate::UnknownFormat| self.error("format", unknown.to_string())).ok()
    }

    fn fails_on_warning(&mut self, level: &str) -> bool {
        if level != "warning" {
            self.error("failOn", format!("must be \"warning\", not {level:?}"));
        }
        level == "warning"
    }

    fn error(&mut self, field: &str, message: String) {
        let place = self.node.map_or(Position::START, |node| node.locate(field));
        let message = if field.is_empty() { message } else { format!("{field}: {message}") };
        self.errors.push(ParseError::new(&self.source.name, None, place, message));
    }
}

/// What was probably meant by a key that is not known.
fn hint(key: &str) -> String {
    if Settings::KEYS.contains(&key) {
        return "it is a setting, and belongs below settings".to_owned();
    }
    did_you_mean(key, KEYS).unwrap_or_else(|| format!("known are {}", KEYS.join(", ")))
}

/// Whether a cluster may be called so.
///
/// # Errors
///
/// What it must be.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let is_name = !name.is_empty() && !name.contains(char::is_control);
    if is_name { Ok(()) } else { Err("a cluster needs a name without control characters") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Vec<String>> {
        let source = Source { name: "../.vpcguard.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
        Config::parse(&source).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn all_that_it_may_say_is_read() {
        let text = "settings: {strictReferences: true}\nclusters:\n  staging: [envs/staging/**]\n  prod: [envs/prod, '*.yaml']\n\
                    exclude: [vendor/**]\nformat: junit\nfailOn: warning\n";
        let config = parse(text).unwrap();
        let Some(ConfiguredSettings::Inline(settings)) = &config.settings else { panic!("{config:?}") };
        assert!(settings.strict_references);
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            config.clusters,
            [("staging".to_owned(), owned(&["envs/staging/**"])), ("prod".to_owned(), owned(&["envs/prod", "*.yaml"]))]
        );
        assert_eq!(
            (config.exclude, config.format, config.fail_on_warning),
            (owned(&["vendor/**"]), Some(Format::Junit), true)
        );
        let nothing = Config { name: "../.vpcguard.yaml".to_owned(), ..Config::default() };
        assert_eq!((parse("# nothing\n"), parse("settings:\n")), (Ok(nothing.clone()), Ok(nothing)));
    }

    #[test]
    fn a_file_with_settings_is_looked_for_beside_it() {
        let file = |name: &str, path: &str| {
            let settings = Some(ConfiguredSettings::File(path.to_owned()));
            Config { name: name.to_owned(), settings, ..Config::default() }.settings_file().unwrap()
        };
        assert_eq!(parse("settings: s.yaml").unwrap().settings_file().unwrap(), "../s.yaml");
        assert_eq!(file(".vpcguard.yaml", "a/s.yaml"), "a/s.yaml");
        assert_eq!(file("x/c.yaml", "../s.yaml"), "x/../s.yaml");
        assert_eq!(file("x/c.yaml", "/s.yaml"), "/s.yaml");
        assert_eq!(file("C:\\x\\c.yaml", "s.yaml"), "C:\\x\\s.yaml");
    }

    #[test]
    fn each_error_has_its_place_and_a_guess() {
        let text = "setings: {}\nrules: {}\nclusters:\n  prod: envs\n  a.b: [x, 'a***b', '', 5]\n  '': []\nexclude: x\nformat: xml\nfailOn: error\n";
        assert_eq!(
            parse(text).unwrap_err(),
            [
                r#"../.vpcguard.yaml:1:1: setings: unknown key "setings": did you mean "settings"?"#,
                r#"../.vpcguard.yaml:2:1: rules: unknown key "rules": it is a setting, and belongs below settings"#,
                "../.vpcguard.yaml:4:3: clusters.prod: must be a list, not a string",
                r#"../.vpcguard.yaml:5:12: clusters.a.b[1]: "a***b" is no pattern: wildcards are either regular `*` or recursive `**`"#,
                r#"../.vpcguard.yaml:5:21: clusters.a.b[2]: "" is no pattern: the glob is empty; ** stands for all files"#,
                "../.vpcguard.yaml:5:25: clusters.a.b[3]: must be a string, not a number",
                "../.vpcguard.yaml:6:3: clusters.: a cluster needs a name without control characters",
                "../.vpcguard.yaml:7:1: exclude: must be a list, not a string",
                r#"../.vpcguard.yaml:8:1: format: unknown format "xml": it is one of human, json, sarif, junit, github, gitlab"#,
                r#"../.vpcguard.yaml:9:1: failOn: must be "warning", not "error""#,
            ]
        );
        assert_eq!(parse("- a\n").unwrap_err(), ["../.vpcguard.yaml:1:1: must be an object, not a list"]);
        let nested = parse("settings:\n  rules: {zzz: off}\n").unwrap_err();
        assert!(
            nested[0].starts_with("../.vpcguard.yaml:2:11: settings.rules.zzz: unknown rule \"zzz\""),
            "{nested:?}"
        );
        assert_eq!(
            parse("settings: []\n").unwrap_err(),
            ["../.vpcguard.yaml:1:1: settings: must be an object, or the path of a file that holds it"]
        );
    }
}
