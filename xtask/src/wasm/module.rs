//! A policy as a module: what it must export, what it may import, and what it says of itself.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use vpcguard_policies::Policy;
use wasm_encoder::{CustomSection, Section};
use wasmparser::{ExternalKind, Parser, Payload, Validator};

use crate::kubewarden::Metadata;

/// The section in which a policy server looks for the metadata. It refuses a module without.
const METADATA: &str = "io.kubewarden.metadata";

/// The one module that a policy server has for it. Whatever else a module imports keeps it from starting.
const HOST: &str = "wapc";

/// What a waPC host calls, and the memory through which both speak.
const EXPORTS: &[(&str, ExternalKind)] =
    &[("__guest_call", ExternalKind::Func), ("wapc_init", ExternalKind::Func), ("memory", ExternalKind::Memory)];

/// The file that cargo makes of a policy.
pub(super) fn file_name(policy: Policy) -> String {
    format!("vpcguard_policy_{}.wasm", policy.name().replace('-', "_"))
}

/// Reads a module.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// Whether a policy server can run it.
pub(super) fn check(policy: Policy, module: &[u8]) -> Result<()> {
    Validator::new().validate_all(module).with_context(|| format!("{policy} is not a valid module"))?;
    let mut missing = EXPORTS.to_vec();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    if import.module != HOST {
                        bail!(
                            "{policy} imports {}.{}, which a policy server does not have: a dependency uses the clock, \
                             randomness or something else of an operating system",
                            import.module,
                            import.name
                        );
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    missing.retain(|(name, kind)| (*name, *kind) != (export.name, export.kind));
                }
            }
            Payload::CustomSection(section) if section.name() == METADATA => {
                bail!("{policy} has metadata before it was annotated");
            }
            _ => {}
        }
    }
    if let Some((name, _)) = missing.first() {
        bail!("{policy} does not export {name}: vpcguard_guest::policy! does, in wasm/kubewarden/{policy}/src/lib.rs");
    }
    Ok(())
}

/// The module with its metadata, as `kwctl annotate` does it.
pub(super) fn annotate(policy: Policy, module: &[u8]) -> Result<Vec<u8>> {
    let metadata = serde_json::to_vec(&Metadata::in_module(policy))?;
    let mut annotated = module.to_vec();
    CustomSection { name: METADATA.into(), data: metadata.into() }.append_to(&mut annotated);
    Ok(annotated)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use wasm_encoder::{
        CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection, MemorySection,
        MemoryType, Module, TypeSection,
    };

    use super::*;

    const POLICY: Policy = Policy::SubnetOverlap;

    /// A module with one import, of a function, and these exports.
    fn module(import: (&str, &str), exports: &[&str]) -> Vec<u8> {
        let (mut types, mut imports, mut functions) =
            (TypeSection::new(), ImportSection::new(), FunctionSection::new());
        types.ty().function([], []);
        imports.import(import.0, import.1, EntityType::Function(0));
        functions.function(0);
        let mut memories = MemorySection::new();
        memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
        let mut section = ExportSection::new();
        for export in exports {
            let (kind, index) = if *export == "memory" { (ExportKind::Memory, 0) } else { (ExportKind::Func, 1) };
            section.export(export, kind, index);
        }
        let (mut code, mut function) = (CodeSection::new(), Function::new([]));
        function.instructions().end();
        code.function(&function);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&memories)
            .section(&section)
            .section(&code);
        module.finish()
    }

    const ALL: &[&str] = &["__guest_call", "wapc_init", "memory"];

    #[test]
    fn a_module_imports_nothing_but_the_host_and_exports_what_it_calls() {
        check(POLICY, &module(("wapc", "__host_call"), ALL)).unwrap();
        let error = |module: &[u8]| check(POLICY, module).unwrap_err().to_string();
        let clock = error(&module(("wasi_snapshot_preview1", "clock_time_get"), ALL));
        assert!(clock.contains("imports wasi_snapshot_preview1.clock_time_get"), "{clock}");
        for missing in ALL {
            let exports: Vec<_> = ALL.iter().copied().filter(|export| export != missing).collect();
            let error = error(&module(("wapc", "__host_call"), &exports));
            assert!(error.contains(&format!("does not export {missing}")), "{error}");
        }
        assert!(error(b"\0asm").contains("is not a valid module"));
    }

    #[test]
    fn the_metadata_are_in_the_module_once() {
        let plain = module(("wapc", "__host_call"), ALL);
        let annotated = annotate(POLICY, &plain).unwrap();
        assert!(annotated.starts_with(&plain));
        Validator::new().validate_all(&annotated).unwrap();
        let sections = Parser::new(0).parse_all(&annotated).filter_map(|payload| match payload.unwrap() {
            Payload::CustomSection(section) => Some((section.name(), section.data())),
            _ => None,
        });
        let sections: Vec<_> = sections.collect();
        assert_eq!(sections.len(), 1);
        assert_eq!(sections[0].0, "io.kubewarden.metadata");
        let metadata: Value = serde_json::from_slice(sections[0].1).unwrap();
        assert_eq!(metadata["protocolVersion"], "v1");
        assert!(check(POLICY, &annotated).is_err());
    }
}
