//! The options of a check.

use js_sys::Object;
use vpcguard_check::{Command, Config, Format, Places, Source, UnknownFormat};
use wasm_bindgen::JsValue;

use crate::input::{self, Wrong, field, flag, optional};

/// What there is. The command `vpcguard-check` has a flag for each but those of its own: `color`, `directory`, `notes`, `paths`,
/// `compareToPath`, `problems`, `sameFiles` and `overwritten`.
const KNOWN: &[&str] = &[
    "state",
    "settings",
    "format",
    "failOn",
    "baseline",
    "writeBaseline",
    "compareTo",
    "deleted",
    "fix",
    "color",
    "strictFiles",
    "allowEmpty",
    "outputs",
    "quiet",
    "select",
    "ignore",
    "diff",
    "config",
    "configRoot",
    "clusterOf",
    "directory",
    "paths",
    "compareToPath",
    "notes",
    "problems",
    "sameFiles",
    "overwritten",
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
    pub(crate) deleted: Vec<Source>,
    pub(crate) config: Option<Config>,
    pub(crate) config_root: Option<String>,
    pub(crate) cluster_of: Vec<String>,
    directory: String,
    paths: Vec<String>,
    compare_to_path: Option<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) problems: Vec<String>,
    pub(crate) same: Vec<Vec<String>>,
    pub(crate) overwritten: Vec<(String, String)>,
}

impl Options {
    pub(crate) fn places(&self) -> Places<'_> {
        Places {
            directory: &self.directory,
            paths: &self.paths,
            compare_to: self.compare_to_path.as_deref(),
            config_root: self.config_root.as_deref(),
        }
    }
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
    let text = |key: &str| optional(&given(key), |value| input::text(value, &format!("options.{key}")));
    let texts = |key: &str| -> Result<Vec<String>, Wrong> {
        Ok(optional(&given(key), |list| input::texts(list, &format!("options.{key}")))?.unwrap_or_default())
    };
    let config = optional(&given("config"), |config| input::config(config, "options.config"))?;
    let configured = config.as_ref();
    let command = Command {
        format: optional(&given("format"), |name| format(name, "options.format"))?
            .or(configured.and_then(|config| config.format))
            .unwrap_or_default(),
        colored: is_set("color")?,
        quiet: is_set("quiet")?,
        fail_on_warning: optional(&given("failOn"), fails_on_warning)?
            .unwrap_or_else(|| configured.is_some_and(|config| config.fail_on_warning)),
        fix: is_set("fix")?,
        diff: is_set("diff")?,
        write_baseline: is_set("writeBaseline")?,
        strict_files: is_set("strictFiles")?,
        allow_empty: is_set("allowEmpty")?,
        live: false,
    };
    Ok(Options {
        command,
        outputs: optional(&given("outputs"), |list| input::each(list, "options.outputs", format))?.unwrap_or_default(),
        select: texts("select")?,
        ignore: texts("ignore")?,
        config,
        config_root: text("configRoot")?,
        cluster_of: texts("clusterOf")?,
        directory: text("directory")?.unwrap_or_default(),
        paths: texts("paths")?,
        compare_to_path: text("compareToPath")?,
        state: optional(&given("state"), |state| input::manifests(state, "options.state"))?.unwrap_or_default(),
        settings: optional(&given("settings"), |settings| input::manifest(settings, "options.settings"))?,
        baseline: optional(&given("baseline"), |baseline| input::file(baseline, "options.baseline"))?,
        compare_to: optional(&given("compareTo"), |before| input::manifests(before, "options.compareTo"))?,
        deleted: optional(&given("deleted"), |gone| input::manifests(gone, "options.deleted"))?.unwrap_or_default(),
        notes: texts("notes")?,
        problems: texts("problems")?,
        same: optional(&given("sameFiles"), |same| input::each(same, "options.sameFiles", input::texts))?
            .unwrap_or_default(),
        overwritten: optional(&given("overwritten"), |list| input::each(list, "options.overwritten", overwritten))?
            .unwrap_or_default(),
    })
}

fn format(name: &JsValue, field: &str) -> Result<Format, Wrong> {
    input::text(name, field)?
        .parse()
        .map_err(|unknown: UnknownFormat| Wrong::Value { field: field.to_owned(), message: unknown.to_string() })
}

/// A file, and the flag by which it is to be written.
fn overwritten(value: &JsValue, at: &str) -> Result<(String, String), Wrong> {
    let text = |key: &str| input::text(&field(value, key), &format!("{at}.{key}"));
    Ok((text("file")?, text("flag")?))
}

fn fails_on_warning(level: &JsValue) -> Result<bool, Wrong> {
    match level.as_string().as_deref() {
        Some("warning") => Ok(true),
        _ => Err(Wrong::Value { field: "options.failOn".to_owned(), message: "must be \"warning\"".to_owned() }),
    }
}
