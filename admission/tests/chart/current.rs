//! What is made from the program and the values is current.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use vpcguard_policies::Settings;

use super::manifests::{chart, values};
use super::readme::{readme, unexplained};
use super::schema::{schema, settings};
use super::templates::templates;

fn made() -> BTreeMap<String, String> {
    let mut files = templates();
    files.insert("values.schema.json".to_owned(), format!("{:#}\n", schema()));
    files.insert("README.md".to_owned(), readme());
    files
}

/// `cargo xtask chart --write` has it write them.
#[test]
fn what_is_made_is_current() {
    let write = std::env::var_os("VPCGUARD_WRITE_CHART").is_some();
    for (path, text) in made() {
        let file = chart().join(&path);
        if write {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &text).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert!(written == text, "charts/vpcguard/{path} is out of date: run `cargo xtask chart --write`");
    }
}

#[test]
fn nothing_made_is_left_over() {
    let made = made();
    for folder in ["crds", "rbac", "flowcontrol"] {
        for entry in fs::read_dir(chart().join("templates").join(folder)).unwrap() {
            let name = format!("templates/{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(made.contains_key(&name), "{name} is made no longer: delete it");
        }
    }
}

#[test]
fn the_chart_has_the_version_of_the_program() {
    let text = fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for field in ["version", "appVersion"] {
        assert!(text.lines().any(|line| line == format!("{field}: {version}")), "Chart.yaml: {field} is not {version}");
    }
}

#[test]
fn every_value_is_explained_and_in_the_schema() {
    fn missing(values: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
        let (Some(values), Some(properties)) = (values.as_object(), schema["properties"].as_object()) else { return };
        found.extend(
            values.keys().filter(|key| !properties.contains_key(*key)).map(|key| format!("{path}{key}: no schema")),
        );
        for (key, property) in properties.iter().filter(|(key, _)| *key != "global") {
            match values.get(key) {
                Some(value) => missing(value, property, &format!("{path}{key}."), found),
                // What is empty by default may have any of its keys.
                None if values.is_empty() => {}
                None => found.push(format!("{path}{key}: no value")),
            }
        }
    }
    let mut found = Vec::new();
    missing(&values(), &schema(), "", &mut found);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(unexplained(&values()), Vec::<String>::new());
}

#[test]
fn the_settings_of_the_values_are_the_defaults() {
    assert_eq!(Settings::parse(&values()["settings"]).unwrap(), Settings::default());
}

/// The program says which keys it knows when it meets one that it does not.
#[test]
fn the_schema_has_exactly_the_settings_that_the_program_knows() {
    fn check(schema: &Value, path: &[&str], found: &mut Vec<String>) {
        let Some(properties) = schema["properties"].as_object() else { return };
        // An object of no text, and of nothing that resembles a key.
        let wrong = path.iter().rev().fold(json!({"00": 0}), |inner, key| json!({*key: inner}));
        let error = Settings::parse(&wrong).unwrap_err().to_string();
        let listed =
            error.split_once("known are ").map(|(_, keys)| keys.split(", ").map(str::to_owned).collect::<Vec<_>>());
        if path != ["rules"] {
            let mut listed = listed.unwrap_or_else(|| panic!("{path:?}: {error}"));
            listed.sort_unstable();
            let keys: Vec<_> = properties.keys().cloned().collect();
            if keys != listed {
                found.push(format!("{path:?}: the schema has {keys:?}, the program {listed:?}"));
            }
        }
        for (key, property) in properties.iter().filter(|(key, _)| *key != "matchExpressions") {
            check(property, &[path, &[key.as_str()]].concat(), found);
        }
    }
    let mut found = Vec::new();
    check(&settings(), &[], &mut found);
    assert!(found.is_empty(), "{found:#?}");
}
