//! The pages, and what is in them.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::block::{Block, Use};

/// A page of the manual.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its path from the root of the repository.
    pub(crate) path: PathBuf,
    /// Its fenced blocks.
    pub(crate) blocks: Vec<Block>,
    /// What is set as code within its sentences, with the line.
    pub(crate) code: Vec<(usize, String)>,
    /// Where its links lead, with the line.
    pub(crate) links: Vec<(usize, String)>,
    /// The anchors of its headings, as GitHub makes them.
    pub(crate) anchors: Vec<String>,
    /// What is wrong with its fences.
    pub(crate) faults: Vec<String>,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// All pages of the repository.
pub(crate) fn pages() -> Vec<Page> {
    let mut files = Vec::new();
    collect(&root(), &mut files);
    files.sort();
    assert!(files.len() > 30, "{files:?}");
    files.iter().map(|file| Page::read(file.strip_prefix(root()).unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // A `.head.md` is the beginning of a page that is generated, which is read itself.
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules"].contains(&name) {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") && !name.ends_with(".head.md") {
            files.push(path);
        }
    }
}

impl Page {
    fn read(path: &Path) -> Self {
        Self::of(path, &fs::read_to_string(root().join(path)).unwrap())
    }

    /// A page with this text.
    pub(crate) fn of(path: &Path, text: &str) -> Self {
        let mut page = Self {
            path: path.to_owned(),
            blocks: Vec::new(),
            code: Vec::new(),
            links: Vec::new(),
            anchors: Vec::new(),
            faults: Vec::new(),
        };
        let (mut fence, mut heading): (Option<(usize, String, String)>, Option<String>) = (None, None);
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => info.to_string(),
                        CodeBlockKind::Indented => "indented".to_owned(),
                    };
                    fence = Some((line, info, String::new()));
                }
                Event::End(TagEnd::CodeBlock) => page.end_fence(fence.take().unwrap()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.anchors.push(anchor(&heading.take().unwrap())),
                Event::Start(Tag::Link { dest_url, .. }) => page.links.push((line, dest_url.to_string())),
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    page.code.push((line, code.to_string()));
                }
                Event::Text(words) => match (&mut fence, &mut heading) {
                    (Some((_, _, block)), _) => block.push_str(&words),
                    (None, Some(heading)) => heading.push_str(&words),
                    // A paragraph may not go on with a prompt either.
                    (None, None) if words.starts_with("$ ") => page.fault(line, "a command outside of a fence"),
                    (None, None) => {}
                },
                _ => {}
            }
        }
        page
    }

    fn end_fence(&mut self, (line, info, text): (usize, String, String)) {
        match Use::of(&info) {
            Some(usage) => {
                let section = self.anchors.last().cloned().unwrap_or_default();
                self.blocks.push(Block { usage, text, line, section });
            }
            None => self
                .fault(line, &format!("the info string {info:?} is not known; CONTRIBUTING.md lists those that are")),
        }
    }

    fn fault(&mut self, line: usize, what: &str) {
        let fault = format!("{}: {what}", self.at(line));
        self.faults.push(fault);
    }

    /// A place in it.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.to_lowercase();
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}

#[test]
fn every_fence_says_what_it_is() {
    let faults: Vec<_> = pages().into_iter().flat_map(|page| page.faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_page_is_taken_apart() {
    let text =
        "# The `a` of \"b\", c\n\nsee [x](y.md#z) and `d e`\n$ f\n\n```sh cluster\ng\n```\n\n```\nh\n```\n\n    i\n";
    let page = Page::of(Path::new("p.md"), text);
    assert_eq!(page.anchors, ["the-a-of-b-c"]);
    assert_eq!(page.links, [(3, "y.md#z".to_owned())]);
    assert_eq!(page.code, [(1, "a".to_owned()), (3, "d e".to_owned())]);
    assert_eq!((page.blocks.len(), page.blocks[0].text.as_str(), page.blocks[0].line), (1, "g\n", 6));
    let places: Vec<_> = page.faults.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["p.md:4", "p.md:10", "p.md:14"]);
}
