//! Where whoever is refused learns more: the settings `docsUrl` and `contact`.

use fluent_uri::Uri;

use crate::text::quoted;

/// What stands for the id of a rule in a link.
const RULE: &str = "{rule}";

/// Longest link, before a rule's id is in it, and longest contact, in characters: both are to fit into a warning.
const LONGEST_LINK: usize = 160;
const LONGEST_CONTACT: usize = 100;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// A link with `{rule}` in it.
    docs: Option<String>,
    contact: Option<String>,
}

impl Advice {
    /// What the two settings say; an empty text is as good as none.
    pub(crate) fn new(docs: Option<String>, contact: Option<String>) -> Self {
        Self { docs, contact }
    }

    /// The page about a rule.
    pub fn docs(&self, rule: &str) -> Option<String> {
        self.docs.as_ref().map(|docs| docs.replace(RULE, rule))
    }

    /// Whom to ask.
    pub fn contact(&self) -> Option<&str> {
        self.contact.as_deref()
    }
}

/// A link for each rule: `{rule}` in it stands for the rule's id, which else comes at its end.
pub(crate) fn docs(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > LONGEST_LINK {
        return Err(format!("must have at most {LONGEST_LINK} characters"));
    }
    let template = if text.contains(RULE) {
        text.to_owned()
    } else if text.ends_with(['/', '#', '=']) {
        format!("{text}{RULE}")
    } else if text.contains('#') {
        return Err(format!("{} has an anchor already: write {RULE} where the id of the rule goes", quoted(text)));
    } else {
        format!("{text}#{RULE}")
    };
    if is_web_address(&template.replace(RULE, "rule")) {
        return Ok(Some(template));
    }
    Err(format!("{} is not an http or https URL, as https://example.org/rules.md#{RULE}", quoted(text)))
}

/// One that may be shown to everybody: a user's name, and perhaps a password, has no place in it.
fn is_web_address(text: &str) -> bool {
    Uri::parse(text).is_ok_and(|uri| {
        let is_of_the_web = ["https", "http"].iter().any(|scheme| uri.scheme().as_str().eq_ignore_ascii_case(scheme));
        let names_a_host = uri.authority().is_some_and(|at| !at.host().is_empty() && !at.has_userinfo());
        is_of_the_web && names_a_host
    })
}

/// Whom to ask, in one short line.
pub(crate) fn contact(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(r#"must be one line without control characters, as "ask #net-platform""#.to_owned());
    }
    if text.chars().count() > LONGEST_CONTACT {
        return Err(format!("must have at most {LONGEST_CONTACT} characters, for it ends every denial"));
    }
    Ok(Some(text).filter(|text| !text.is_empty()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_where_the_rule_goes_or_gets_it_at_its_end() {
        let link = |text| Advice::new(docs(text).unwrap(), None).docs("field-type");
        let at = |rest: &str| Some(format!("https://example.org/{rest}"));
        assert_eq!(link("https://example.org/rules.md#{rule}"), at("rules.md#field-type"));
        assert_eq!(link("https://example.org/{rule}/{rule}.html"), at("field-type/field-type.html"));
        assert_eq!(link("https://example.org/rules/"), at("rules/field-type"));
        assert_eq!(link("https://example.org/rules.md#"), at("rules.md#field-type"));
        assert_eq!(link("https://example.org/?page="), at("?page=field-type"));
        assert_eq!(link(" https://example.org/rules.md\n"), at("rules.md#field-type"));
        assert_eq!(link("http://[fd00::1]:8080/"), Some("http://[fd00::1]:8080/field-type".to_owned()));
        assert_eq!(link(""), None);
    }

    #[test]
    fn what_is_no_link_is_an_error() {
        for text in [
            "rules.md",
            "ftp://example.org/",
            "https:///rules",
            "https://me:secret@example.org/",
            "https://example.org/a b",
            "https://example.org/{id}/{rule}",
            "javascript:alert(1)//",
        ] {
            let error = docs(text).unwrap_err();
            assert!(error.ends_with(" is not an http or https URL, as https://example.org/rules.md#{rule}"), "{error}");
        }
        assert!(docs("https://example.org/rules#top").unwrap_err().contains("write {rule} where"));
        assert!(docs(&format!("https://example.org/{}", "a".repeat(160))).unwrap_err().contains("160"));
    }

    #[test]
    fn a_contact_is_one_short_line() {
        assert_eq!(contact("ask #net-platform\n"), Ok(Some("ask #net-platform".to_owned())));
        assert_eq!(contact(" "), Ok(None));
        assert!(contact("ask\nus").unwrap_err().contains("one line"));
        assert!(contact("\u{1b}[2Jask").unwrap_err().contains("control characters"));
        assert!(contact(&"ä".repeat(101)).unwrap_err().contains("100 characters"));
        assert!(contact(&"ä".repeat(100)).is_ok());
    }
}
