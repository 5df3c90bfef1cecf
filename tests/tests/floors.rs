//! The floors of policies/: what a file imports stands above it in the list on the page of the architecture.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Meta, UseTree};

/// Which modules of the crate a file names, and which files of it are tests.
#[derive(Default)]
struct Imports {
    modules: BTreeSet<String>,
    tests: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        } else if module.content.is_none() {
            self.tests.insert(module.ident.to_string());
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if let UseTree::Path(path) = &item.tree
            && path.ident == "crate"
        {
            self.take(&path.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
        if segments.next().is_some_and(|first| first == "crate") {
            self.modules.extend(segments.next());
        }
        visit::visit_path(self, path);
    }
}

impl Imports {
    fn of(file: &Path) -> Self {
        let mut imports = Self::default();
        imports.visit_file(&syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap());
        imports
    }

    fn take(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => _ = self.modules.insert(path.ident.to_string()),
            UseTree::Name(name) => _ = self.modules.insert(name.ident.to_string()),
            UseTree::Rename(name) => _ = self.modules.insert(name.ident.to_string()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.take(tree)),
            UseTree::Glob(_) => {}
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_test = |attribute: &Attribute| matches!(&attribute.meta, Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string() == "test");
    attributes.iter().any(is_test)
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The list, from the ground up.
fn floors() -> Vec<String> {
    let page = fs::read_to_string(repository().join("docs/architecture.md")).unwrap();
    let (_, section) = page.split_once("## The floors of `policies/`").unwrap();
    let (_, list) = section.split_once("```text\n").unwrap();
    let (list, _) = list.split_once("```").unwrap();
    list.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// Every file of a folder and of those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Where the modules of a file are.
fn folder_of(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap();
    if stem == "mod" || stem == "lib" { file.parent().unwrap().to_owned() } else { file.with_extension("") }
}

#[test]
fn no_import_runs_up() {
    let root = repository().join("policies/src");
    let floors = floors();
    let floor = |module: &str| floors.iter().position(|known| known == module);
    let all: BTreeMap<PathBuf, Imports> =
        files(&root).into_iter().map(|file| (file.clone(), Imports::of(&file))).collect();
    let of_tests = |(file, imports): (&PathBuf, &Imports)| {
        let folder = folder_of(file);
        imports.tests.iter().map(|module| folder.join(module).with_extension("rs")).collect::<Vec<_>>()
    };
    let tests: BTreeSet<PathBuf> = all.iter().flat_map(of_tests).collect();
    let (mut up, mut seen) = (Vec::new(), BTreeSet::new());
    for (file, imports) in all.iter().filter(|(file, _)| !tests.contains(*file) && !file.ends_with("src/lib.rs")) {
        let path = file.strip_prefix(&root).unwrap();
        let module = Path::new(path.iter().next().unwrap()).file_stem().unwrap().to_string_lossy().into_owned();
        let own = floor(&module).unwrap_or_else(|| panic!("{module} is on no floor"));
        for import in &imports.modules {
            match floor(import) {
                Some(other) if other > own => up.push(format!("{} imports {import}", path.display())),
                Some(_) => {}
                None => up.push(format!("{} imports {import}, which is on no floor", path.display())),
            }
        }
        seen.insert(module);
    }
    assert!(up.is_empty(), "{}", up.join("\n"));
    assert_eq!(seen, floors.into_iter().collect(), "floors, and modules");
}

#[test]
fn an_import_is_seen_however_it_is_written() {
    let source = "use crate::a::B; use crate::{c::D, e as f}; use super::x; fn g() -> crate::h::I { crate::j::k() }
        #[cfg(test)] mod tests { use crate::t::T; } #[cfg(test)] mod testing;";
    let mut imports = Imports::default();
    imports.visit_file(&syn::parse_file(source).unwrap());
    assert_eq!(imports.modules.into_iter().collect::<Vec<_>>(), ["a", "c", "e", "h", "j"]);
    assert_eq!(imports.tests.into_iter().collect::<Vec<_>>(), ["testing"]);
}
