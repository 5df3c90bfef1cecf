//! Names and values that try to be something else.

use serde_json::Value;
use vpcguard_check::{Format, Report};

use super::{junit, report, sarif};

const FILE: &str = "a\r\n::set-output name=x::y%0A,line=9]]>\"'<&\u{1b}[31m\u{85}\u{fffe}](http://x).yaml";

/// The same as an object's name, as its field's value and in a text that cannot be read.
fn hostile() -> Report {
    let name = serde_json::to_string(FILE).unwrap();
    let subnet = format!(
        "{{\"apiVersion\": \"kubeovn.io/v1\", \"kind\": \"Subnet\", \"metadata\": {{\"name\": {name}}}, \
         \"spec\": {{\"cidrBlock\": {name}, \"vpc\": {name}}}}}\n"
    );
    let file = format!("{FILE}.json");
    report(&[(&file, &format!("{subnet}{subnet}]{FILE}")), ("b.yaml", &format!("{FILE}: [::\n]]>"))])
}

#[test]
fn there_is_something_to_say_of_them() {
    let report = hostile();
    assert!(report.findings().len() >= 4 && report.errors().len() == 2, "{}", report.to_human());
}

#[test]
fn no_line_is_a_command_but_ours() {
    let report = hostile();
    let text = report.render(Format::Github, false);
    let (commands, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("::"));
    assert_eq!(commands.len(), report.findings().len() + report.errors().len());
    assert_eq!((rest.len(), rest[0].starts_with("2 objects in 2 files: ")), (1, true), "{rest:?}");
    // As the runner takes them apart.
    for command in commands {
        assert!(!command.contains(char::is_control), "{command:?}");
        let (properties, _) = command[2..].split_once("::").unwrap();
        let (word, properties) = properties.split_once(' ').unwrap();
        assert!(["error", "warning"].contains(&word), "{command}");
        let names: Vec<_> = properties.split(',').map(|property| property.split_once('=').unwrap().0).collect();
        let known = |name: &&str| ["file", "line", "col", "endLine", "endColumn", "title"].contains(name);
        assert!(names.iter().all(known) && names.len() <= 6, "{command}");
        let file = properties.split(',').find_map(|property| property.strip_prefix("file=")).unwrap();
        let plain = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
        let file = plain.into_iter().fold(file.to_owned(), |file, (from, to)| file.replace(from, to));
        let is_ours = file.starts_with(r#"a\r\n::set-output name=x::y%0A,line=9]]>"'<&\u{1b}[31m"#);
        assert!(file == "b.yaml" || is_ours, "{file:?}");
    }
}

#[test]
fn xml_holds_them_all() {
    let text = hostile().render(Format::Junit, false);
    let allowed = |character: char| character == '\n' || !(character.is_control() || character == '\u{fffe}');
    assert!(text.chars().all(allowed) && !text.contains("]]>"), "{text:?}");
    let read = junit::read(&text);
    assert_eq!((read.tests, read.failures, read.errors), (4, 2, 2));
    let name = read.test_suites[0].name.as_str();
    assert!(name.starts_with(r#"a\r\n::set-output name=x::y%0A,line=9]]>"'<&\u{1b}[31m"#), "{name}");
}

#[test]
fn json_formats_stay_valid() {
    let report = hostile();
    let log = sarif::log(&report);
    let mut texts = Vec::new();
    for result in log["runs"][0]["results"].as_array().unwrap() {
        texts.push(result["message"]["text"].as_str().unwrap());
    }
    assert!(texts.iter().all(|text| !text.contains("](") && !text.contains('\u{1b}')), "{texts:?}");
    let issues: Value = serde_json::from_str(&report.render(Format::Gitlab, false)).unwrap();
    let issues = issues.as_array().unwrap();
    assert_eq!(issues.len(), report.findings().len() + 2);
    let is_clean = |issue: &Value| !issue["description"].as_str().unwrap().contains(char::is_control);
    assert!(issues.iter().all(is_clean));
}
