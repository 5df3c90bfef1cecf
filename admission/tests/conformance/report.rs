//! The tables of docs/conformance.md.

use std::path::{Path, PathBuf};

/// Writes a part of the page between its markers.
pub(crate) fn write(part: &str, text: &str) {
    let (begin, end) = (format!("<!-- {part} -->"), format!("<!-- end of {part} -->"));
    let page = std::fs::read_to_string(page()).unwrap();
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("the page has no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the page has no {end}"));
    std::fs::write(self::page(), format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim())).unwrap();
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance.md")
}
