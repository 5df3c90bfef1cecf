//! The rules and the checker for Node and browsers.
//!
//! Thin: values of JavaScript come in, `vpcguard-check` and `vpcguard-policies` do the work, values go out. What is exported
//! here has its types and its documentation in `package/types.d.ts`; `cargo xtask npm` makes the npm package of both.

mod admission;
mod check;
mod config;
mod input;
mod options;
mod rules;

use js_sys::JSON;
use vpcguard_policies::{mutate as inject, review as judge};
use wasm_bindgen::prelude::*;

use admission::{Admission, Reply};
use input::Wrong;

/// Checks files as one network.
///
/// # Errors
///
/// If an argument is not of the documented shape. What is wrong with the files is in the report instead.
#[wasm_bindgen(skip_typescript)]
pub fn check(files: &JsValue, options: &JsValue) -> Result<JsValue, JsError> {
    let files = input::files(files, "files")?;
    let options = options::read(options)?;
    Ok(check::run(&files, &options)?)
}

/// Reads a configuration, `.vpcguard.yaml`.
///
/// # Errors
///
/// If it is wrong.
#[wasm_bindgen(js_name = readConfig, skip_typescript)]
pub fn read_config(file: &JsValue) -> Result<JsValue, JsError> {
    Ok(config::read(&input::config(file, "file")?)?)
}

/// Judges an AdmissionReview, as `POST /validate` of the webhook does.
///
/// # Errors
///
/// If an argument cannot be read.
#[wasm_bindgen(skip_typescript)]
pub fn review(admission_review: &JsValue, state: &JsValue, settings: &JsValue) -> Result<JsValue, JsError> {
    reply(&read(admission_review, state, settings)?.answer(judge)?)
}

/// Says what is to be injected into the object of an AdmissionReview, as `POST /mutate` of the webhook does.
///
/// # Errors
///
/// If an argument cannot be read.
#[wasm_bindgen(skip_typescript)]
pub fn mutate(admission_review: &JsValue, state: &JsValue, settings: &JsValue) -> Result<JsValue, JsError> {
    reply(&read(admission_review, state, settings)?.answer(inject)?)
}

/// All rules, as `vpcguard rules --format json` lists them.
///
/// # Errors
///
/// Never.
#[wasm_bindgen(skip_typescript)]
pub fn rules() -> Result<JsValue, JsError> {
    Ok(parsed(&rules::list().to_string())?)
}

/// The version of the package.
#[wasm_bindgen(skip_typescript)]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

fn read(review: &JsValue, state: &JsValue, settings: &JsValue) -> Result<Admission, JsError> {
    let review = input::json(review, "admissionReview")?;
    let state = input::optional(state, |state| input::manifests(state, "state"))?.unwrap_or_default();
    let settings = input::optional(settings, |settings| input::manifest(settings, "settings"))?;
    Ok(Admission::read(&review, &state, settings.as_ref())?)
}

fn reply(reply: &Reply) -> Result<JsValue, JsError> {
    let object = js_sys::Object::new();
    put(&object, "answer", &parsed(&reply.answer)?)?;
    put(&object, "verdict", &parsed(&reply.verdict)?)?;
    put(&object, "answerJson", &reply.answer.as_str().into())?;
    put(&object, "verdictJson", &reply.verdict.as_str().into())?;
    Ok(object.into())
}

/// JSON of ours as a value of JavaScript.
fn parsed(json: &str) -> Result<JsValue, Wrong> {
    JSON::parse(json).map_err(|_| Wrong::NotJson("result".to_owned()))
}

fn put(object: &js_sys::Object, key: &str, value: &JsValue) -> Result<(), Wrong> {
    let put = js_sys::Reflect::set(object, &key.into(), value);
    put.map(drop).map_err(|_| Wrong::NotJson(key.to_owned()))
}
