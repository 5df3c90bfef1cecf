//! `cargo xtask new-rule` and `cargo xtask new-kind`: the files of a new rule or kind, and their rows wherever one is wanted.
//!
//! All that is written is made before anything is: whoever asks for what cannot be made finds nothing half written.

mod example;
mod field;
mod insert;
mod kind;
mod names;
mod rows;
mod rule;
#[cfg(test)]
mod tests;
mod tree;

use anyhow::Result;
use xshell::Shell;

use crate::root;
use tree::Tree;

pub(crate) use kind::NewKind;
pub(crate) use rule::NewRule;

/// Writes the files of a rule, and says what is left.
pub(crate) fn new_rule(shell: &Shell, asked: &NewRule) -> Result<()> {
    let mut tree = Tree::of(root());
    let left = rule::plan(&mut tree, asked)?;
    write(shell, tree, &left)
}

/// Writes the files of a kind, and says what is left.
pub(crate) fn new_kind(shell: &Shell, asked: &NewKind) -> Result<()> {
    let mut tree = Tree::of(root());
    let left = kind::plan(&mut tree, asked)?;
    write(shell, tree, &left)
}

fn write(shell: &Shell, mut tree: Tree, left: &str) -> Result<()> {
    tree.format(shell)?;
    println!("Written:");
    for (path, text) in tree.written() {
        shell.write_file(root().join(path), text)?;
        println!("  {path}");
    }
    println!("\n{left}");
    Ok(())
}
