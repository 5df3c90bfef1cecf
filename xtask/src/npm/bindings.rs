//! The JavaScript around the WebAssembly.

use anyhow::{Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// What the files are called after.
const NAME: &str = "vpcguard";

/// The WebAssembly, and what loads it.
#[derive(Debug)]
pub(super) struct Bound {
    /// The module, which is the same for all.
    pub(super) wasm: Vec<u8>,
    /// A `CommonJS` module for Node, which loads it at once.
    pub(super) node: String,
    /// An ECMAScript module for browsers, which loads it when asked.
    pub(super) web: String,
}

/// Binds a module that the compiler made.
pub(super) fn generate(compiled: &[u8]) -> Result<Bound> {
    let (node, node_wasm) = bind(compiled, |bindgen| bindgen.nodejs(true))?;
    let (web, wasm) = bind(compiled, |bindgen| bindgen.web(true))?;
    ensure!(wasm == node_wasm, "the WebAssembly for Node is no longer that for browsers: ship both");
    Ok(Bound { wasm, node, web })
}

fn bind(compiled: &[u8], target: impl FnOnce(&mut Bindgen) -> Result<&mut Bindgen>) -> Result<(String, Vec<u8>)> {
    let mut bindgen = Bindgen::new();
    target(&mut bindgen)?
        .input_bytes(NAME, compiled.to_vec())
        .typescript(false)
        // A page loads what lies beside the script, unless it says otherwise.
        .omit_default_module_path(false)
        // wasm-opt sorts by the names, and takes them away.
        .keep_debug(true)
        .demangle(false)
        .remove_producers_section(true);
    let mut output = bindgen.generate_output()?;
    let js = output.js().to_owned();
    Ok((js, output.wasm_mut().emit_wasm()))
}
