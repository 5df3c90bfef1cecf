//! What came of cases, for people and for CI servers.

use std::fmt::Write;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Case, Compared, Judged};
use crate::report::{clean, element, escaped};

/// What came of all cases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CasesReport {
    cases: Vec<CaseReport>,
    /// What keeps files from being cases at all, a line each.
    errors: Vec<String>,
}

/// What came of a case: what was judged, or what could not be read, a line each.
#[derive(Clone, Debug, PartialEq)]
struct CaseReport {
    file: String,
    name: String,
    judged: Result<Vec<Judged>, Vec<String>>,
}

/// How many of what there were.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    results: usize,
    failed: usize,
    unreadable: usize,
}

impl CasesReport {
    /// Adds what came of a case.
    pub fn add(&mut self, case: &Case, judged: Result<Vec<Judged>, Vec<String>>) {
        self.cases.push(CaseReport { file: case.file.clone(), name: case.name.clone(), judged });
    }

    /// Adds what keeps files from being cases, a line each.
    pub fn add_errors(&mut self, errors: impl IntoIterator<Item = String>) {
        self.errors.extend(errors);
    }

    /// What could not be read, a line each.
    pub fn errors(&self) -> impl Iterator<Item = &str> {
        let of_cases = self.cases.iter().filter_map(|case| case.judged.as_ref().err()).flatten();
        self.errors.iter().chain(of_cases).map(String::as_str)
    }

    /// How the command ends: 0 where all is as it is wanted, 1 where something is not, 2 where something could not be read.
    pub fn exit_code(&self) -> u8 {
        if self.errors().next().is_some() { 2 } else { u8::from(self.counts().failed > 0) }
    }

    /// For people; of a case that is as it is wanted only a line, or nothing if they are to be quiet.
    pub fn to_human(&self, is_quiet: bool) -> String {
        let mut out = String::new();
        for case in &self.cases {
            // Writing to a String does not fail.
            let _ = case.human(&mut out, is_quiet);
        }
        let Counts { results, failed, unreadable } = self.counts();
        if !is_quiet {
            let cases = plural(self.cases.len(), "case");
            let unread = if unreadable == 0 { String::new() } else { format!(", {unreadable} not read") };
            let _ = writeln!(
                out,
                "{cases}, {}: {} passed, {failed} failed{unread}",
                plural(results, "result"),
                results - failed
            );
        }
        out
    }

    /// `JUnit` XML: a suite for each case, a test for each result.
    pub fn to_junit(&self) -> String {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        // Writing to a Vec does not fail.
        let _ = self.junit(&mut writer);
        String::from_utf8(writer.into_inner()).unwrap_or_default() + "\n"
    }

    fn counts(&self) -> Counts {
        self.cases.iter().map(CaseReport::counts).fold(Counts::default(), |all, of_case| Counts {
            results: all.results + of_case.results,
            failed: all.failed + of_case.failed,
            unreadable: all.unreadable + of_case.unreadable,
        })
    }

    fn junit(&self, xml: &mut Writer<Vec<u8>>) -> io::Result<()> {
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let Counts { results, failed, unreadable } = self.counts();
        let unreadable = unreadable + self.errors.len();
        element(xml, "testsuites", "vpcguard test", [results + unreadable, failed, unreadable], |xml| {
            self.cases.iter().try_for_each(|case| case.junit(xml))?;
            if self.errors.is_empty() {
                return Ok(());
            }
            let count = self.errors.len();
            element(xml, "testsuite", "vpcguard test", [count, 0, count], |xml| {
                self.errors.iter().try_for_each(|error| unread(xml, "vpcguard test", error))
            })
        })
    }
}

impl CaseReport {
    fn title(&self) -> String {
        if self.name.is_empty() { self.file.clone() } else { format!("{}: {}", self.file, self.name) }
    }

    fn counts(&self) -> Counts {
        match &self.judged {
            Ok(judged) => Counts {
                results: judged.len(),
                failed: judged.iter().filter(|judged| judged.fails()).count(),
                unreadable: 0,
            },
            Err(_) => Counts { results: 0, failed: 0, unreadable: 1 },
        }
    }

    fn human(&self, out: &mut String, is_quiet: bool) -> std::fmt::Result {
        let judged = self.judged.as_deref().unwrap_or_default();
        let failed: Vec<_> = judged.iter().filter(|judged| judged.fails()).collect();
        let word = if self.judged.is_err() {
            "not read"
        } else if failed.is_empty() {
            "passed"
        } else {
            "failed"
        };
        if !(is_quiet && word == "passed") {
            writeln!(out, "{word}  {}", escaped(&self.title()))?;
        }
        for judged in failed {
            if let Compared::Otherwise(how) = &judged.outcome {
                writeln!(out, "  {}, but {}", escaped(&judged.what), escaped(how))?;
            }
            if let Some(position) = judged.position {
                writeln!(out, "    --> {}:{}:{}", escaped(&self.file), position.line, position.column)?;
            }
            for line in &judged.found {
                writeln!(out, "    {}", escaped(line))?;
            }
        }
        Ok(())
    }

    fn junit(&self, xml: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let Counts { results, failed, unreadable } = self.counts();
        let title = self.title();
        element(xml, "testsuite", &title, [results + unreadable, failed, unreadable], |xml| match &self.judged {
            Ok(judged) => judged.iter().try_for_each(|judged| judged.junit(xml, &title, &self.file)),
            Err(errors) => unread(xml, &title, &errors.join("\n")),
        })
    }
}

impl Judged {
    /// Whether it is not as it is wanted.
    pub fn fails(&self) -> bool {
        self.outcome != Compared::AsWanted
    }

    fn junit(&self, xml: &mut Writer<Vec<u8>>, suite: &str, file: &str) -> io::Result<()> {
        let mut test = xml
            .create_element("testcase")
            .with_attribute(("name", &*clean(&self.what)))
            .with_attribute(("classname", &*clean(suite)))
            .with_attribute(("file", &*clean(file)));
        if let Some(position) = self.position {
            test = test.with_attribute(("line", &*position.line.to_string()));
        }
        match &self.outcome {
            Compared::AsWanted => test.write_empty().map(drop),
            Compared::Otherwise(how) => test
                .write_inner_content(|xml| {
                    let failure = xml.create_element("failure").with_attribute(("message", &*clean(how)));
                    let found: Vec<_> = self.found.iter().map(|line| clean(line)).collect();
                    let failure = failure.with_attribute(("type", "otherwise"));
                    failure.write_text_content(BytesText::new(&found.join("\n"))).map(drop)
                })
                .map(drop),
        }
    }
}

/// A test that ends with an error, because something could not be read.
fn unread(xml: &mut Writer<Vec<u8>>, suite: &str, error: &str) -> io::Result<()> {
    let test =
        xml.create_element("testcase").with_attribute(("name", "text")).with_attribute(("classname", &*clean(suite)));
    let first = clean(error.lines().next().unwrap_or_default());
    let all = error.lines().map(clean).collect::<Vec<_>>().join("\n");
    let written = test.write_inner_content(|xml| {
        let element =
            xml.create_element("error").with_attribute(("message", &*first)).with_attribute(("type", "unreadable"));
        element.write_text_content(BytesText::new(&all)).map(drop)
    });
    written.map(drop)
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
