//! What JavaScript hands in: files, objects, options.

use js_sys::{Array, JSON, Reflect, Uint8Array};
use vpcguard_check::{Config, ParseError, Source};
use vpcguard_policies::{ReviewError, ViewError};
use wasm_bindgen::{JsCast, JsValue};

/// Why an argument cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Wrong {
    /// It is of another type.
    #[error("{field}: must be {wanted}")]
    Type {
        /// The argument, and what of it.
        field: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// It cannot be written as JSON.
    #[error(
        "{0}: cannot be written as JSON: it must hold plain objects, lists, strings, numbers, booleans and null only, and not itself"
    )]
    NotJson(String),
    /// There is no such option.
    #[error("options.{option}: there is no such option: use {known}")]
    Option {
        /// What was given.
        option: String,
        /// What there is.
        known: String,
    },
    /// It is none of the words.
    #[error("{field}: {message}")]
    Value {
        /// The argument, and what of it.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// Manifests or settings that cannot be read.
    #[error("{}", lines(.0))]
    Unreadable(Vec<ParseError>),
    /// No AdmissionReview that can be answered.
    #[error("admissionReview: {0}")]
    Review(#[from] ReviewError),
    /// Something could not be looked up.
    #[error(transparent)]
    View(#[from] ViewError),
}

impl Wrong {
    fn wanted(field: &str, wanted: &'static str) -> Self {
        Wrong::Type { field: field.to_owned(), wanted }
    }
}

fn lines(errors: &[ParseError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Null and undefined are as if nothing was given.
pub(crate) fn optional<T>(
    value: &JsValue,
    read: impl FnOnce(&JsValue) -> Result<T, Wrong>,
) -> Result<Option<T>, Wrong> {
    if value.is_null() || value.is_undefined() { Ok(None) } else { read(value).map(Some) }
}

/// The field of an object.
pub(crate) fn field(object: &JsValue, key: &str) -> JsValue {
    // Only what is not an object has no fields, and then it has none of this name either.
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

pub(crate) fn flag(value: &JsValue, field: &str) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| Wrong::wanted(field, "true or false"))
}

pub(crate) fn text(value: &JsValue, field: &str) -> Result<String, Wrong> {
    value.as_string().ok_or_else(|| Wrong::wanted(field, "a string"))
}

pub(crate) fn texts(value: &JsValue, field: &str) -> Result<Vec<String>, Wrong> {
    each(value, field, text)
}

/// A configuration, as the file that it is.
pub(crate) fn config(value: &JsValue, field: &str) -> Result<Config, Wrong> {
    Config::parse(&file(value, field)?).map_err(Wrong::Unreadable)
}

/// A list of files: `{name, text}` or `{name, bytes}`.
pub(crate) fn files(value: &JsValue, field: &str) -> Result<Vec<Source>, Wrong> {
    each(value, field, file)
}

/// A list of files, of objects, or of both.
pub(crate) fn manifests(value: &JsValue, field: &str) -> Result<Vec<Source>, Wrong> {
    each(value, field, manifest)
}

/// A file, or an object, which is then a file of its own.
pub(crate) fn manifest(value: &JsValue, at: &str) -> Result<Source, Wrong> {
    let has = |key| !field(value, key).is_undefined();
    if has("name") && (has("text") || has("bytes")) {
        return file(value, at);
    }
    if !value.is_object() {
        return Err(Wrong::wanted(at, "an object, or a file {name, text} or {name, bytes}"));
    }
    Ok(Source { name: format!("{at}.json"), bytes: json(value, at)? })
}

pub(crate) fn file(value: &JsValue, at: &str) -> Result<Source, Wrong> {
    if !value.is_object() {
        return Err(Wrong::wanted(at, "a file {name, text} or {name, bytes}"));
    }
    let (text_of, bytes_of) = (field(value, "text"), field(value, "bytes"));
    let bytes = match (text_of.is_undefined(), bytes_of.is_undefined()) {
        (false, true) => text(&text_of, &format!("{at}.text"))?.into_bytes(),
        (true, false) => bytes(&bytes_of, &format!("{at}.bytes"))?,
        _ => return Err(Wrong::wanted(at, "a file with either text or bytes")),
    };
    Ok(Source { name: text(&field(value, "name"), &format!("{at}.name"))?, bytes })
}

/// JSON: as text, as bytes, or the value itself.
pub(crate) fn json(value: &JsValue, field: &str) -> Result<Vec<u8>, Wrong> {
    if let Some(text) = value.as_string() {
        return Ok(text.into_bytes());
    }
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        return Ok(bytes.to_vec());
    }
    // Of what JSON does not have, as of a function, nothing is made.
    let text = JSON::stringify(value).ok().and_then(|text| text.as_string());
    text.map(String::into_bytes).ok_or_else(|| Wrong::NotJson(field.to_owned()))
}

fn bytes(value: &JsValue, field: &str) -> Result<Vec<u8>, Wrong> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).ok_or_else(|| Wrong::wanted(field, "a Uint8Array"))
}

/// A list of what is read so.
pub(crate) fn each<T>(
    value: &JsValue,
    field: &str,
    read: impl Fn(&JsValue, &str) -> Result<T, Wrong>,
) -> Result<Vec<T>, Wrong> {
    let list = value.dyn_ref::<Array>().ok_or_else(|| Wrong::wanted(field, "an array"))?;
    list.iter().enumerate().map(|(at, element)| read(&element, &format!("{field}[{at}]"))).collect()
}
