//! A check, and what comes of it as a value of JavaScript.

use js_sys::{Array, Object, Uint8Array};
use vpcguard_check::{Format, Inputs, Source};
use wasm_bindgen::JsValue;

use crate::input::Wrong;
use crate::options::Options;
use crate::{parsed, put};

pub(crate) fn run(files: &[Source], options: &Options) -> Result<JsValue, Wrong> {
    let inputs = Inputs {
        files,
        state: &options.state,
        settings: options.settings.as_ref(),
        select: &options.select,
        ignore: &options.ignore,
        baseline: options.baseline.as_ref(),
        before: options.compare_to.as_deref(),
        deleted: &options.deleted,
        cluster_of: &options.cluster_of,
        config: options.config.as_ref(),
        places: options.places(),
        notes: &options.notes,
        problems: &options.problems,
        same: &options.same,
        overwritten: &options.overwritten,
    };
    let done = options.command.run(&inputs);
    let object = Object::new();
    put(&object, "exitCode", &done.exit_code.into())?;
    // What was refused as a whole has no output, and its report is empty.
    let json = done.report.render(Format::Json, false);
    put(&object, "report", &parsed(&json)?)?;
    if !done.is_refused {
        let outputs = Object::new();
        for format in &options.outputs {
            put(&outputs, format.name(), &done.also(*format).unwrap_or_default().into())?;
        }
        put(&object, "outputs", &outputs)?;
    }
    put(&object, "output", &done.output.into())?;
    let fixed: Array = done.fixed.iter().map(file).collect::<Result<_, _>>()?;
    put(&object, "fixed", &fixed)?;
    if let Some(baseline) = done.baseline {
        put(&object, "baseline", &baseline.into())?;
    }
    put(&object, "complaints", &done.complaints.iter().map(JsValue::from).collect::<Array>())?;
    Ok(object.into())
}

fn file(source: &Source) -> Result<JsValue, Wrong> {
    let object = Object::new();
    put(&object, "name", &source.name.as_str().into())?;
    put(&object, "bytes", &Uint8Array::from(source.bytes.as_slice()))?;
    Ok(object.into())
}
