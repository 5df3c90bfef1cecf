//! Where links lead within the repository.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::page::{Page, pages, root};

/// What pages that are read elsewhere, as on npm, put before a path.
const HERE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/");

/// What is wrong with a link, if anything is.
fn fault(page: &Page, link: &str, anchors: &BTreeMap<PathBuf, Vec<String>>) -> Option<String> {
    let (base, link) = match link.strip_prefix(HERE) {
        Some(rest) => (Path::new(""), rest),
        None if link.contains("://") => return None,
        None => (page.path.parent().unwrap(), link),
    };
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let path = if path.is_empty() { page.path.clone() } else { plain(&base.join(path))? };
    if !root().join(&path).exists() {
        return Some(format!("there is no {}", path.display()));
    }
    let anchor = anchor?;
    let known = anchors.get(&path).is_some_and(|anchors| anchors.iter().any(|known| known == anchor));
    (!known).then(|| format!("{} has no heading #{anchor}", path.display()))
}

/// A path without `..`; one that leaves the repository leads to a page of its host, as a badge's does.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if !plain.pop() => return None,
            Component::Normal(name) => plain.push(name),
            _ => {}
        }
    }
    Some(plain)
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let anchors = pages.iter().map(|page| (page.path.clone(), page.anchors.clone())).collect();
    let mut faults = Vec::new();
    for page in &pages {
        for (line, link) in &page.links {
            faults.extend(fault(page, link, &anchors).map(|fault| format!("{}: {link}: {fault}", page.at(*line))));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(pages.iter().map(|page| page.links.len()).sum::<usize>() > 100);
}

#[test]
fn a_link_to_nothing_is_found() {
    let page = Page::of(Path::new("docs/x.md"), "# A\n");
    let anchors = BTreeMap::from([(page.path.clone(), page.anchors.clone())]);
    // Of a link within a page the page itself is looked at, and this one is not stored.
    let page = Page { path: "docs/check.md".into(), ..page };
    let fault = |link| fault(&page, link, &anchors);
    assert_eq!(fault("../README.md"), None);
    assert_eq!(fault("https://example.org/nothing"), None);
    assert_eq!(fault("nothing.md").unwrap(), "there is no docs/nothing.md");
    assert_eq!(fault("check.md#nothing").unwrap(), "docs/check.md has no heading #nothing");
    assert_eq!(fault(&format!("{HERE}docs/nothing.md")).unwrap(), "there is no docs/nothing.md");
}

#[test]
fn every_page_of_the_manual_is_linked_to() {
    let pages = pages();
    let leads_to = |from: &Page, to: &Page| {
        let folder = from.path.parent().unwrap();
        let paths = from.links.iter().filter_map(|(_, link)| plain(&folder.join(link.split('#').next()?)));
        from.path != to.path && paths.into_iter().any(|path| path == to.path)
    };
    for page in pages.iter().filter(|page| page.path.starts_with("docs")) {
        assert!(pages.iter().any(|other| leads_to(other, page)), "nothing leads to {}", page.path.display());
    }
}
