//! What a configuration says, as a value of JavaScript.

use serde_json::{Map, Value, json};
use vpcguard_check::Config;
use wasm_bindgen::JsValue;

use crate::input::Wrong;
use crate::parsed;

pub(crate) fn read(config: &Config) -> Result<JsValue, Wrong> {
    let clusters: Map<String, Value> =
        config.clusters.iter().map(|(name, globs)| (name.clone(), json!(globs))).collect();
    let mut said = json!({"clusters": clusters, "exclude": config.exclude});
    let optional = [
        ("settingsFile", config.settings_file()),
        ("format", config.format.map(|format| format.to_string())),
        ("failOn", config.fail_on_warning.then(|| "warning".to_owned())),
    ];
    for (key, value) in optional {
        if let (Some(fields), Some(value)) = (said.as_object_mut(), value) {
            fields.insert(key.to_owned(), value.into());
        }
    }
    parsed(&said.to_string())
}
