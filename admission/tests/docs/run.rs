//! Runs the commands of a page, one after the other, as a reader does.

use std::path::Path;

use snapbox::{Assert, Data, assert::Action};

use super::block::{Block, Place, Shown, Use};
use super::commands::commands;
use super::page::{Page, pages};
use super::scratch::Scratch;
use super::server::Server;
use super::tools;

/// Runs the blocks of a page that belong to one of these places, and says how many there are. One whose program is missing is
/// skipped.
pub(crate) fn run(page: &Page, scratch: &Scratch, places: &[Place]) -> usize {
    let is_ours = |block: &&Block| block.usage.place().is_some_and(|place| places.contains(&place));
    let mut server = None;
    let mut seen = 0;
    for block in page.blocks.iter().filter(is_ours) {
        seen += 1;
        let at = page.at(block.line);
        if let [program, ..] = scratch.missing(&commands(&block.script())).as_slice() {
            tools::found(false, &format!("{at}: {}", tools::remedy(program)));
            continue;
        }
        eprintln!("runs {at}");
        match block.usage {
            Use::Server => server = Some(Server::start(scratch, &block.shown(), &at)),
            Use::Script(_) => {
                let (said, code) = scratch.run(&block.text);
                assert_eq!(code, Some(0), "{at}: {}\n{said}", block.text);
            }
            _ => block.shown().iter().for_each(|shown| compare(scratch, server.as_ref(), shown, block.usage, &at)),
        }
    }
    seen
}

/// Runs a command of a console, and compares what it says.
fn compare(scratch: &Scratch, server: Option<&Server>, shown: &Shown, usage: Use, at: &str) {
    let led = |text: &str| server.map_or_else(|| text.to_owned(), |server| server.at_its_ports(text));
    let (said, code) = scratch.run(&led(&shown.command));
    // 1 is a refusal, which is what most examples are about.
    assert!([Some(0), Some(1)].contains(&code), "{at}: {}: {code:?}\n{said}", shown.command);
    let what = format!("{at}: {}", shown.command);
    if usage == Use::Console(Place::Sample) {
        let first = |text: &str| text.split_whitespace().next().map(str::to_owned);
        assert_eq!(first(&said), first(&shown.output), "{what}\n{said}");
    } else {
        assert_same(&said, &led(&shown.output), &what);
    }
}

/// Compares with what is shown, where a line `…` stands for any lines.
pub(crate) fn assert_same(said: &str, shown: &str, what: &str) {
    let lines = shown.lines().map(|line| if line == "…" { "..." } else { line });
    let expected: String = lines.flat_map(|line| [line, "\n"]).collect();
    let assert = Assert::new().action(Action::Verify);
    let same = assert.try_eq(Some(&what), Data::text(said.to_owned()), Data::text(expected));
    same.unwrap_or_else(|difference| panic!("{difference}"));
}

#[test]
fn every_command_that_needs_nothing_else_does_what_its_page_says() {
    let mut seen = 0;
    for page in pages() {
        let is_ours = |block: &Block| block.usage.place() == Some(Place::Here);
        if page.blocks.iter().any(is_ours) {
            seen += run(&page, &Scratch::new(), &[Place::Here]);
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
#[should_panic(expected = "there is nothing")]
fn a_command_that_fails_is_found() {
    let page = Page::of(Path::new("docs/x.md"), "```sh\necho there is nothing; exit 3\n```\n");
    run(&page, &Scratch::new(), &[Place::Here]);
}

#[test]
#[should_panic(expected = "1 object in 1 file")]
fn output_that_differs_is_found() {
    let command = "$ vpcguard check --state examples/two-tenants examples/broken/subnet-overlap.yaml";
    let page = Page::of(Path::new("docs/x.md"), &format!("```console\n{command}\n…\nnothing\n```\n"));
    run(&page, &Scratch::new(), &[Place::Here]);
}
