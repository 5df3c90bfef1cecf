//! What a fenced block is for, by its info string.

/// A fenced block of a page.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// What to do with it.
    pub(crate) usage: Use,
    /// What stands in it.
    pub(crate) text: String,
    /// The line of its fence.
    pub(crate) line: usize,
    /// The anchor of the heading above it.
    pub(crate) section: String,
}

/// What a test does with a block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Use {
    /// `sh`: runs it, and it succeeds.
    Script(Place),
    /// `console`: runs what follows `$ `, and compares what it says with what is shown.
    Console(Place),
    /// `console server`: starts it, compares the lines by which it says that it is ready, and stops it behind the page.
    Server,
    /// `text usage`: holds its flags against `--help`.
    Usage,
    /// `text`: sees that it is not a command.
    Text,
    /// `yaml`: reads it.
    Yaml,
    /// `yaml bad` and so on: checks it.
    Example(Side),
    /// `json`: reads it.
    Json,
    /// `js`: runs it in Node.
    Script4Node,
    /// `js browser`: has Node parse it.
    Browser,
    /// `mermaid`: a drawing.
    Drawing,
}

/// Where a block runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Here.
    Here,
    /// `cluster`: on a real API server, with what `vpcguard manifests` prints and a replica.
    Cluster,
    /// `cluster sample`: there as well, but what it says differs from time to time: only the first word must be the same.
    Sample,
    /// `elsewhere`: only where there is more than that, such as nodes, a release, a registry. It is looked at, and not run.
    Elsewhere,
}

/// What an example of a rule shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// `yaml bad`: the rule finds something in it.
    Bad,
    /// `yaml good`: no rule finds anything in it.
    Good,
    /// `yaml before`: something is injected into its last object.
    Before,
    /// `yaml after`: that object then.
    After,
}

impl Side {
    /// The word of the info string.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Good => "good",
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

impl Use {
    /// None if no such info string is known.
    pub(crate) fn of(info: &str) -> Option<Self> {
        Some(match info {
            "sh" => Self::Script(Place::Here),
            "sh cluster" => Self::Script(Place::Cluster),
            "sh elsewhere" => Self::Script(Place::Elsewhere),
            "console" => Self::Console(Place::Here),
            "console server" => Self::Server,
            "console cluster" => Self::Console(Place::Cluster),
            "console cluster sample" => Self::Console(Place::Sample),
            "text" => Self::Text,
            "text usage" => Self::Usage,
            "yaml" => Self::Yaml,
            "yaml bad" => Self::Example(Side::Bad),
            "yaml good" => Self::Example(Side::Good),
            "yaml before" => Self::Example(Side::Before),
            "yaml after" => Self::Example(Side::After),
            "json" => Self::Json,
            "js" => Self::Script4Node,
            "js browser" => Self::Browser,
            "mermaid" => Self::Drawing,
            _ => return None,
        })
    }

    /// Where its commands run, if it has any.
    pub(crate) fn place(self) -> Option<Place> {
        match self {
            Self::Script(place) | Self::Console(place) => Some(place),
            Self::Server => Some(Place::Here),
            _ => None,
        }
    }
}

/// A command and what it says.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Shown {
    /// The command line.
    pub(crate) command: String,
    /// Its output; a line `…` stands for any lines.
    pub(crate) output: String,
}

impl Block {
    /// The commands of a console, each with what is shown below it.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let mut shown: Vec<Shown> = Vec::new();
        for line in self.text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                shown.push(Shown { command: command.to_owned(), output: String::new() });
            } else {
                let last = shown.last_mut().unwrap_or_else(|| panic!("line {}: no `$ ` in a console", self.line));
                last.output.push_str(line);
                last.output.push('\n');
            }
        }
        shown
    }

    /// The commands in it, as a shell takes them.
    pub(crate) fn script(&self) -> String {
        match self.usage {
            Use::Console(_) | Use::Server => {
                self.shown().into_iter().map(|shown| shown.command + "\n").collect::<String>()
            }
            _ => self.text.clone(),
        }
    }
}

#[test]
fn a_fence_that_does_not_say_what_it_is_is_not_known() {
    for unknown in ["", "bash", "sh here", "console elsewhere", "text cluster", "yaml ugly", "toml"] {
        assert_eq!(Use::of(unknown), None, "{unknown}");
    }
    assert_eq!(Use::of("sh cluster").and_then(Use::place), Some(Place::Cluster));
    assert_eq!(Use::of("yaml").and_then(Use::place), None);
}

#[test]
fn a_console_has_commands_with_their_output() {
    let text = "$ a b\nsaid\n\n…\n$ c\n".to_owned();
    let block = Block { usage: Use::Console(Place::Here), text, line: 1, section: String::new() };
    let [first, second] = [("a b", "said\n\n…\n"), ("c", "")]
        .map(|(command, output)| Shown { command: command.to_owned(), output: output.to_owned() });
    assert_eq!(block.shown(), [first, second]);
    assert_eq!(block.script(), "a b\nc\n");
}
