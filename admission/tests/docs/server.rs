//! A server that a page starts.

use std::time::Duration;

use vpcguard_tests::process::Process;

use super::block::Shown;
use super::run::assert_same;
use super::scratch::Scratch;

/// Time enough on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The two lines by which it says that it is ready, without the addresses.
const READY: [&str; 2] = ["listening on https://", "metrics on http://"];

/// Any free ports: those of the page may be somebody's.
const PORTS: &str = " --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0";

/// See the module. It ends when this is dropped.
pub(crate) struct Server {
    _process: Process,
    /// An address of the page, and what it is here.
    addresses: Vec<(String, String)>,
}

impl Server {
    /// Starts it by the command that is shown, and waits until it says what is shown.
    pub(crate) fn start(scratch: &Scratch, shown: &[Shown], at: &str) -> Self {
        let [shown] = shown else { panic!("{at}: a server is one command") };
        let mut command = scratch.shell(&format!("exec {}{PORTS}", shown.command));
        let mut process = Process::start("server", &mut command, &scratch.logs()).unwrap();
        let log = scratch.logs().join("server.stdout");
        let said = process
            .wait_for("it was ready", PATIENCE, || {
                let said = std::fs::read_to_string(&log).unwrap();
                (said.lines().count() >= READY.len() && said.ends_with('\n')).then_some(said)
            })
            .unwrap();
        let server = Self { _process: process, addresses: addresses(&shown.output, &said) };
        assert_same(&said, &server.at_its_ports(&shown.output), &format!("{at}: {}", shown.command));
        server
    }

    /// A text of the page with the ports that this one got.
    pub(crate) fn at_its_ports(&self, text: &str) -> String {
        self.addresses.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(shown, real))
    }
}

/// `:PORT` of the page and of the server, for both of its ports.
fn addresses(shown: &str, said: &str) -> Vec<(String, String)> {
    let port = |text: &str, ready: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(ready));
        let line = line.unwrap_or_else(|| panic!("no line {ready}… in\n{text}"));
        line.rfind(':').map(|colon| line[colon..].to_owned()).unwrap()
    };
    READY.iter().map(|ready| (port(shown, ready), port(said, ready))).collect()
}

#[test]
fn the_ports_of_a_page_are_those_of_the_server() {
    let shown = "listening on https://127.0.0.1:8443\nmetrics on http://127.0.0.1:9443\n";
    let said = "listening on https://127.0.0.1:1\nmetrics on http://127.0.0.1:2\n";
    let wanted = [(":8443", ":1"), (":9443", ":2")].map(|(shown, said)| (shown.to_owned(), said.to_owned()));
    assert_eq!(addresses(shown, said), wanted);
}
