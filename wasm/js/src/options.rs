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
    "outputs",
    "quiet",
    "select",
    "ignore",
    "diff",
];

/// The options of a check.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) command: Command,
    pub(crate) outputs: Vec<Format>,
    pub(crate) select: Vec<String>,
    pub(crate) ignore: Vec<String>,
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
        format: optional(&given("format"), |name| format(name, "options.format"))?.unwrap_or_default(),
        colored: is_set("color")?,
        quiet: is_set("quiet")?,
        fail_on_warning: optional(&given("failOn"), fails_on_warning)?.unwrap_or(false),
        fix: is_set("fix")?,
        diff: is_set("diff")?,
        write_baseline: is_set("writeBaseline")?,
        strict_files: is_set("strictFiles")?,
        allow_empty: is_set("allowEmpty")?,
    };
    let ids = |key: &str| -> Result<Vec<String>, Wrong> {
        let ids = optional(&given(key), |ids| input::each(ids, &format!("options.{key}"), input::text))?;
        Ok(ids.unwrap_or_default())
    };
    Ok(Options {
        command,
        outputs: optional(&given("outputs"), |list| input::each(list, "options.outputs", format))?.unwrap_or_default(),
        select: ids("select")?,
        ignore: ids("ignore")?,
        state: optional(&given("state"), |state| input::manifests(state, "options.state"))?.unwrap_or_default(),
        settings: optional(&given("settings"), |settings| input::manifest(settings, "options.settings"))?,
        baseline: optional(&given("baseline"), |baseline| input::file(baseline, "options.baseline"))?,
        compare_to: optional(&given("compareTo"), |before| input::manifests(before, "options.compareTo"))?,
    })
}

fn format(name: &JsValue, field: &str) -> Result<Format, Wrong> {
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
