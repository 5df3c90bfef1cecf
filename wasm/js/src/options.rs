//! The options of a check.

use js_sys::Object;
use vpcguard_check::{Command, Format, Source, UnknownFormat};
use wasm_bindgen::JsValue;

use crate::input::{self, Wrong, field, flag, optional};

/// What there is. The command `vpcguard-check` has a flag for each but `color`.
const KNOWN: &[&str] = &[
    "state",
    "settings",
    "format",
    "failOn",
    "baseline",
    "writeBaseline",
    "compareTo",
    "fix",
    "color",
    "strictFiles",
    "allowEmpty",
];

/// The options of a check.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) command: Command,
    pub(crate) state: Vec<Source>,
    pub(crate) settings: Option<Source>,
    pub(crate) baseline: Option<Source>,
    pub(crate) compare_to: Option<Vec<Source>>,
}

/// Reads them; nothing given leaves all at their defaults.
pub(crate) fn read(value: &JsValue) -> Result<Options, Wrong> {
    Ok(optional(value, of_object)?.unwrap_or_default())
}

fn of_object(value: &JsValue) -> Result<Options, Wrong> {
    let object =
        Object::try_from(value).ok_or_else(|| Wrong::Type { field: "options".to_owned(), wanted: "an object" })?;
    for key in Object::keys(object).iter().filter_map(|key| key.as_string()) {
        if !KNOWN.contains(&key.as_str()) {
            return Err(Wrong::Option { option: key, known: KNOWN.join(", ") });
        }
    }
    let given = |key: &str| field(value, key);
    let is_set = |key: &str| -> Result<bool, Wrong> {
        Ok(optional(&given(key), |on| flag(on, &format!("options.{key}")))?.unwrap_or(false))
    };
    let command = Command {
        format: optional(&given("format"), format)?.unwrap_or_default(),
        colored: is_set("color")?,
        fail_on_warning: optional(&given("failOn"), fails_on_warning)?.unwrap_or(false),
        fix: is_set("fix")?,
        write_baseline: is_set("writeBaseline")?,
        strict_files: is_set("strictFiles")?,
        allow_empty: is_set("allowEmpty")?,
    };
    Ok(Options {
        command,
        state: optional(&given("state"), |state| input::manifests(state, "options.state"))?.unwrap_or_default(),
        settings: optional(&given("settings"), |settings| input::manifest(settings, "options.settings"))?,
        baseline: optional(&given("baseline"), |baseline| input::file(baseline, "options.baseline"))?,
        compare_to: optional(&given("compareTo"), |before| input::manifests(before, "options.compareTo"))?,
    })
}

fn format(name: &JsValue) -> Result<Format, Wrong> {
    let field = "options.format";
    input::text(name, field)?
        .parse()
        .map_err(|unknown: UnknownFormat| Wrong::Value { field: field.to_owned(), message: unknown.to_string() })
}

fn fails_on_warning(level: &JsValue) -> Result<bool, Wrong> {
    match level.as_string().as_deref() {
        Some("warning") => Ok(true),
        _ => Err(Wrong::Value { field: "options.failOn".to_owned(), message: "must be \"warning\"".to_owned() }),
    }
}
