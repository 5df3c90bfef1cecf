//! `JUnit` XML: a suite for each file, a test for each object in it, which fails if the object is refused.
//!
//! So the tests that a CI server counts are the objects that were looked at, and a test that failed before is known again
//! by the object's name. Warnings are the output of a test that passes. What cannot be read is a test that ends in an
//! error.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use vpcguard_policies::gather::sort_by;

use super::words::{at, escaped, name};
use super::{LocatedFinding, Report, Seen, plain};
use crate::source::ParseError;

/// The suite of objects that were read in no file.
const CLUSTER: &str = "cluster";

pub(super) fn render(report: &Report) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to a Vec does not fail.
    let _ = suites(&Suite::all(report), &mut writer);
    String::from_utf8(writer.into_inner()).unwrap_or_default() + "\n"
}

/// What is said of a file.
struct Suite<'a> {
    name: &'a str,
    tests: Vec<Test<'a>>,
    /// How many tests have each name.
    names: BTreeMap<String, usize>,
}

struct Test<'a> {
    name: String,
    file: Option<&'a str>,
    /// Whether the file is a template whose output was read, so that nothing is known of its lines.
    is_rendered: bool,
    result: Verdict<'a>,
}

enum Verdict<'a> {
    /// What was found on an object.
    Found(Vec<&'a LocatedFinding>),
    Unreadable(&'a ParseError),
}

impl<'a> Suite<'a> {
    /// In the order of their names.
    fn all(report: &'a Report) -> Vec<Self> {
        let mut tests: Vec<_> = report.objects.iter().map(Test::of).collect();
        for located in &report.findings {
            if let Some(Test { result: Verdict::Found(found), .. }) = tests.get_mut(located.index) {
                found.push(located);
            }
        }
        tests.extend(report.errors.iter().map(Test::unreadable));
        let (mut known, mut suites) = (BTreeMap::<String, usize>::new(), Vec::<Self>::new());
        for test in tests {
            let name = test.file.unwrap_or(CLUSTER);
            let at = *known.entry(name.to_owned()).or_insert(suites.len());
            match suites.get_mut(at) {
                Some(suite) => suite.add(test),
                None => {
                    let mut suite = Self { name, tests: Vec::new(), names: BTreeMap::new() };
                    suite.add(test);
                    suites.push(suite);
                }
            }
        }
        sort_by(&mut suites, |a, b| a.name.cmp(b.name));
        suites
    }

    /// Adds a test, under a name that no other of the suite has.
    fn add(&mut self, mut test: Test<'a>) {
        let count = self.names.entry(test.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            test.name = format!("{} ({count})", test.name);
        }
        self.tests.push(test);
    }

    /// How many tests there are, and how many of them end with a failure or an error.
    fn counts(&self) -> [usize; 3] {
        let failures = self.tests.iter().filter(|test| test.result.is_failure()).count();
        let errors = self.tests.iter().filter(|test| matches!(test.result, Verdict::Unreadable(_))).count();
        [self.tests.len(), failures, errors]
    }
}

impl Verdict<'_> {
    fn is_failure(&self) -> bool {
        matches!(self, Self::Found(found) if found.iter().any(|located| located.is_denial()))
    }

    fn line(&self) -> Option<usize> {
        match self {
            Self::Found(found) => found.iter().find_map(|located| Some(located.place.as_ref()?.span?.start.line)),
            Self::Unreadable(error) => Some(error.line),
        }
    }
}

type Xml = Writer<Vec<u8>>;

fn suites(suites: &[Suite<'_>], xml: &mut Xml) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let [mut tests, mut failures, mut errors] = [0; 3];
    for [of_tests, of_failures, of_errors] in suites.iter().map(Suite::counts) {
        (tests, failures, errors) = (tests + of_tests, failures + of_failures, errors + of_errors);
    }
    element(xml, "testsuites", "vpcguard", [tests, failures, errors], |xml| {
        suites.iter().try_for_each(|suite| {
            element(xml, "testsuite", suite.name, suite.counts(), |xml| {
                suite.tests.iter().try_for_each(|test| test.write(suite.name, xml))
            })
        })
    })
}

/// An element with the counts that both `testsuites` and `testsuite` have.
pub(crate) fn element(
    xml: &mut Xml,
    tag: &str,
    name: &str,
    [tests, failures, errors]: [usize; 3],
    inside: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    let (tests, failures, errors) = (tests.to_string(), failures.to_string(), errors.to_string());
    let counts = [("tests", &*tests), ("failures", &*failures), ("errors", &*errors), ("skipped", "0")];
    let element = xml.create_element(tag).with_attribute(("name", &*clean(name))).with_attributes(counts);
    element.write_inner_content(inside).map(|_| ())
}

impl<'a> Test<'a> {
    fn of(seen: &'a Seen) -> Self {
        let file = seen.rendered.as_deref().or(seen.file.as_deref());
        let (is_rendered, result) = (seen.rendered.is_some(), Verdict::Found(Vec::new()));
        Self { name: name(&seen.object), file, is_rendered, result }
    }

    fn unreadable(error: &'a ParseError) -> Self {
        let name = error.document.map_or("text".to_owned(), |number| format!("document {number}"));
        let is_rendered = error.rendered().is_some();
        Self { name, file: error.rendered().or(Some(&error.file)), is_rendered, result: Verdict::Unreadable(error) }
    }

    fn write(&self, suite: &str, xml: &mut Xml) -> io::Result<()> {
        let mut test = xml
            .create_element("testcase")
            .with_attribute(("name", &*clean(&self.name)))
            .with_attribute(("classname", &*clean(suite)));
        if let Some(path) = self.file.and_then(plain::path) {
            test = test.with_attribute(("file", &*clean(path)));
            if let Some(line) = self.result.line().filter(|_| !self.is_rendered) {
                test = test.with_attribute(("line", &*line.to_string()));
            }
        }
        match &self.result {
            Verdict::Unreadable(error) => test.write_inner_content(|xml| unreadable(error, xml)),
            Verdict::Found(found) if found.is_empty() => test.write_empty(),
            Verdict::Found(found) => test.write_inner_content(|xml| outcome(found, xml)),
        }?;
        Ok(())
    }
}

/// One failure for all denials, for that is all that most servers show of a test; then the warnings.
fn outcome(found: &[&LocatedFinding], xml: &mut Xml) -> io::Result<()> {
    let (denials, warnings): (Vec<&LocatedFinding>, Vec<&LocatedFinding>) =
        found.iter().partition(|located| located.is_denial());
    if let Some(first) = denials.first() {
        let message = clean(&plain::title(first));
        let failure = xml.create_element("failure").with_attribute(("message", &*message));
        let failure = failure.with_attribute(("type", first.finding.rule()));
        failure.write_text_content(BytesText::new(&text("error", &denials)))?;
    }
    if !warnings.is_empty() {
        xml.create_element("system-out").write_text_content(BytesText::new(&text("warning", &warnings)))?;
    }
    Ok(())
}

fn text(word: &str, found: &[&LocatedFinding]) -> String {
    let mut lines = Vec::new();
    for located in found {
        let mut said = plain::lines(located).into_iter();
        lines.extend(said.next().map(|title| format!("{word}[{}]: {title}", located.finding.rule())));
        lines.extend(located.place.as_ref().map(|place| format!("  --> {}", at(place))));
        lines.extend(said.map(|line| format!("  = {line}")));
    }
    lines.iter().map(|line| clean(line)).collect::<Vec<_>>().join("\n")
}

fn unreadable(error: &ParseError, xml: &mut Xml) -> io::Result<()> {
    let element = xml.create_element("error").with_attribute(("message", &*clean(&error.message)));
    let element = element.with_attribute(("type", "unreadable"));
    element.write_text_content(BytesText::new(&clean(&error.to_string()))).map(|_| ())
}

/// A line of text without the characters that XML cannot hold, nor those that it would change.
pub(crate) fn clean(text: &str) -> String {
    escaped(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
