//! `cargo xtask docs`: what is written from the table of rules: the manual of the rules, and all of the Kubewarden policies
//! that is not code; from the table of kinds, the role of an auditor; and from the ways of tests/isolation, the rows of the security model.

mod auditor;
mod rules;
mod ways;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::Shell;

pub(crate) use rules::{pages, rule_id};

use crate::{kubewarden, root};

/// The page of the Kubewarden policies, which is written by hand but for its tables.
const KUBEWARDEN: &str = "docs/kubewarden.md";

/// The page of those who look through what is stored.
const AUDIT: &str = "docs/audit.md";

/// The page of what a tenant is kept from.
const SECURITY: &str = "docs/security-model.md";

pub(crate) fn write(shell: &Shell) -> Result<()> {
    for (path, text) in files()? {
        shell.write_file(path, text)?;
    }
    Ok(())
}

/// All that is generated, by the paths from the root.
fn files() -> Result<Vec<(PathBuf, String)>> {
    let pages = pages()?;
    let mut files = kubewarden::files(&pages)?;
    files.push(("docs/rules.md".into(), rules::manual(&pages)?));
    let page = fs::read_to_string(root().join(KUBEWARDEN)).with_context(|| format!("reading {KUBEWARDEN}"))?;
    let page = replaced(&page, "policies", &kubewarden::policies())?;
    files.push((KUBEWARDEN.into(), replaced(&page, "permissions", &kubewarden::permissions())?));
    let page = fs::read_to_string(root().join(AUDIT)).with_context(|| format!("reading {AUDIT}"))?;
    files.push((AUDIT.into(), replaced(&page, "auditor", &auditor::role()?)?));
    let page = fs::read_to_string(root().join(SECURITY)).with_context(|| format!("reading {SECURITY}"))?;
    files.push((SECURITY.into(), replaced(&page, "ways", &ways::tables()?)?));
    Ok(files)
}

/// A page with a generated part in the place that comments mark.
fn replaced(page: &str, name: &str, part: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name}: written by `cargo xtask docs` -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("a page lacks the comment {begin}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("a page lacks the comment {end}"))?;
    Ok(format!("{before}{begin}\n{part}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_is_current() {
        for (path, text) in files().unwrap() {
            let written = fs::read_to_string(root().join(&path)).unwrap_or_default();
            assert!(written == text, "{} is out of date: run `cargo xtask docs`", path.display());
        }
    }

    #[test]
    fn only_the_marked_part_of_a_page_is_replaced() {
        let page = "a\n<!-- x: written by `cargo xtask docs` -->\nold\n<!-- end of x -->\nb\n";
        let new = replaced(page, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- x: written by `cargo xtask docs` -->\n\nnew\n\n<!-- end of x -->\nb\n");
        assert_eq!(replaced(&new, "x", "new\n").unwrap(), new);
        assert!(replaced(page, "y", "").is_err());
    }
}
