//! Debian's archive, as the machine's own sources of packages name it: no address is written down here.

use std::path::Path;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// What vouches for the archive where the sources do not say.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Where Debian's packages come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Archive {
    pub(crate) uri: String,
    pub(crate) keyring: String,
}

impl Archive {
    /// The one that apt knows, or the one of the sources where lists were never fetched.
    pub(crate) fn find(shell: &Shell) -> Result<Self> {
        let format = "$(REPO_URI) $(SIGNED_BY)";
        let targets =
            cmd!(shell, "apt-get indextargets --format {format}").args(["Identifier: Packages", "Origin: Debian"]);
        let known = targets.quiet().ignore_stderr().read().context("apt-get is missing")?;
        let found = Self::of_targets(&known);
        found
            .or_else(|| Self::of_sources(&sources(shell)))
            .context("the machine's sources of packages name no Debian archive")
    }

    /// The first of lines `uri keyring`.
    fn of_targets(targets: &str) -> Option<Self> {
        let mut lines = targets.lines().filter(|line| !line.contains("security"));
        let (uri, keyring) = lines.next()?.split_once(' ')?;
        Some(Self::new(uri, Some(keyring)))
    }

    /// The first of sources in either format, a field a line or a source a line.
    fn of_sources(sources: &str) -> Option<Self> {
        let is_debian = |word: &&str| word.trim_end_matches('/').ends_with("/debian");
        let keyring = |source: &str| {
            let after = source.split_once("Signed-By:").or_else(|| source.split_once("signed-by="))?.1;
            after.split([' ', '\n', ']', ',']).find(|word| !word.is_empty()).map(str::to_owned)
        };
        let lines = sources.lines().filter(|line| line.starts_with("deb ")).map(str::to_owned);
        // A comment may stand between fields, so it is taken out before they are cut apart.
        let uncommented: Vec<&str> = sources.lines().filter(|line| !line.starts_with('#')).collect();
        let uncommented = uncommented.join("\n");
        let stanzas = uncommented.split("\n\n").filter(|stanza| stanza.contains("URIs:")).map(str::to_owned);
        let mut sources = stanzas.chain(lines);
        sources.find_map(|source| {
            let uri = source.split_whitespace().find(is_debian)?.to_owned();
            Some(Self::new(&uri, keyring(&source).as_deref()))
        })
    }

    fn new(uri: &str, keyring: Option<&str>) -> Self {
        // Some versions of apt name no keyring but the place for it.
        let keyring = keyring.filter(|keyring| Path::new(keyring).is_file()).unwrap_or(KEYRING);
        Self { uri: uri.to_owned(), keyring: keyring.to_owned() }
    }
}

/// All files of sources, one after the other.
fn sources(shell: &Shell) -> String {
    let folder = shell.read_dir("/etc/apt/sources.list.d").unwrap_or_default();
    let files = ["/etc/apt/sources.list".into()].into_iter().chain(folder);
    let texts: Vec<String> = files.filter_map(|file| shell.read_file(file).ok()).collect();
    texts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(uri: &str) -> Option<Archive> {
        Some(Archive { uri: uri.to_owned(), keyring: KEYRING.to_owned() })
    }

    #[test]
    fn the_archive_is_the_one_that_apt_knows() {
        let targets = "http://one.example/debian-security/ $(SIGNED_BY)\nhttp://one.example/debian/ $(SIGNED_BY)\n";
        assert_eq!(Archive::of_targets(targets), archive("http://one.example/debian/"));
        assert_eq!(Archive::of_targets(""), None);
    }

    #[test]
    fn the_archive_is_found_in_sources_of_both_formats() {
        let fields = "Types: deb\nURIs: http://two.example/debian-security\nSuites: a\n\n\
            Types: deb\n# URIs: http://old.example/debian\nURIs: http://two.example/debian\nSuites: a\n";
        assert_eq!(Archive::of_sources(fields), archive("http://two.example/debian"));
        let lines = "deb http://three.example/ubuntu a main\n# deb http://old.example/debian a main\n\
            deb [arch=amd64 signed-by=/nowhere.gpg] http://three.example/debian/ a main\n";
        assert_eq!(Archive::of_sources(lines), archive("http://three.example/debian/"));
        assert_eq!(Archive::of_sources("deb http://three.example/ubuntu a main\n"), None);
    }

    #[test]
    fn the_keyring_is_the_one_that_the_source_names() {
        let keyring = env!("CARGO_MANIFEST_PATH");
        for source in [
            format!("deb [signed-by={keyring}] http://four.example/debian a main\n"),
            format!("URIs: http://four.example/debian\nSuites: a\nSigned-By: {keyring}\n"),
        ] {
            assert_eq!(Archive::of_sources(&source).unwrap().keyring, keyring);
        }
    }
}
