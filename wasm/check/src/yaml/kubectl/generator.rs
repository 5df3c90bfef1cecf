//! Texts like manifests, and unlike them: the same each time.

use fastrand::Rng;

/// Values as somebody may write them, rightly or not.
pub(super) const VALUES: &[&str] = &[
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "n",
    "~",
    "null",
    "Null",
    "",
    "0o17",
    "0x1F",
    "0777",
    "08",
    "1_000",
    "_1",
    "1:30",
    "190:20:30",
    ".inf",
    "-.Inf",
    ".nan",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "1e3",
    "1.0",
    "1.50",
    "5.",
    ".5",
    "-0",
    "+5",
    "0b11",
    "1e400",
    "9223372036854775808",
    "18446744073709551616",
    "<<",
    "=",
    "'yes'",
    "\"0777\"",
    "'it''s'",
    "\"a\\tb\"",
    "\"\\x41\\u00e4\\U0001F600\"",
    "\"\\/\"",
    "\"\\'\"",
    "\"\\q\"",
    "'a\n  b'",
    "'a\nb'",
    "\"a\n\n  b\\\n  c\"",
    "[a, b]",
    "[]",
    "{}",
    "{a: b}",
    "{a, b: c}",
    "[a: b]",
    "[a,\n  b]",
    "[\na\n]",
    "{\na: b\n}",
    "'{\n}'",
    "\"\n\"",
    "::1",
    "10.0.0.0/16",
    "fd00::/64",
    "[::]",
    "{k: ::1}",
    "a:b",
    "a: b",
    "a #b",
    "a# b",
    "# c",
    "@a",
    "`a`",
    "%a",
    "-",
    "- a",
    "-a",
    "?",
    "? a",
    "?a",
    ":",
    ":a",
    "|",
    "|\n  x",
    "|-\n  x\n",
    "|+\n  x\n\n",
    ">\n  a\n  b\n",
    ">-\n   a\n    b\n   c\n",
    "|2\n    x",
    "|1\n x",
    "|9\n  x",
    "|0\n x",
    "| # c\n  x",
    "|x\n x",
    ">2-\n   x",
    "&x a",
    "&x",
    "&x [a]",
    "*x",
    "*y",
    "!!str 5",
    "!!int '5'",
    "!!int a",
    "!!float 1",
    "!!bool yes",
    "!!null ''",
    "!t 5",
    "! 5",
    "!",
    "!!binary aGk=",
    "!!map {}",
    "!!seq []",
    "!!map []",
    "!<tag:yaml.org,2002:str> 5",
    "!a!b 5",
    "&x !!str a",
    "!!str &x a",
    "a\n    b",
    "a\n\n\n    b\n     c",
    "a\tb",
    "\ta",
    "a\t",
    "\"a\tb\"",
    "[a,]",
    "[,a]",
    "{,}",
    "{a: }",
    "{a: ,}",
    "[a b, c\nd]",
    "{\"a\":1}",
    "{\"a\" :1}",
    "{a:1}",
    "{? a : b}",
    "[? a : b]",
    "{[a]: b}",
    "a]",
    "a}",
    "a,b",
    "[a",
    "{a",
    "'a",
    "\"a",
    "ä",
    "😀",
];

/// What YAML is made of.
const TOKENS: &[&str] = &[
    "a", "b", "a: ", "b: ", "c:", "- ", "-", "\n", "\n", "\n  ", "\n ", "\n    ", "  ", " ", "[", "]", "{", "}", ", ",
    ",", ": ", ":", "? ", "?", "'", "\"", "'x'", "\"y\"", "|\n", "|-\n", ">\n", "# c\n", " # c\n", "#", "&x ", "*x ",
    "*x", "!t ", "!!str ", "!!int ", "\t", "---\n", "--- ", "...\n", "<<: *x\n", "1", "yes", "~", "\\", "%", "@",
    "\r\n", "=", "&", "*", "!", "`", "|", ">", "''", "\"\"", "[]", "{}", "a: b\n", "- a\n", "  c: d\n",
];

/// What may stand where a line begins.
const MARKS: &[&str] = &[
    "---",
    "...",
    "--- # c",
    "---x",
    "--- a",
    "---\t",
    "----",
    "%YAML 1.1",
    "%YAML 1.2",
    "%TAG ! tag:x,2000:",
    "%X",
    "? ",
    "- ",
];

const BLOCKS: &[&str] = &["|", ">", "|-", ">-", "|+", ">+", "|2", "|1-", ">1", "|4+"];

const BLOCK_LINES: &[&str] = &["x", "x y", "# c", "a: b", "- a", "\tx", "", "---", " "];

const REFERENCES: &[&str] = &["<<: *x", "z: *x", "*x : z", "- *x", "<<: [*x, *x]", "<<: {y: *x}", "? *x"];

/// What is special to YAML.
const SPECIAL: &[char] = &[
    ':', '-', '?', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' ', '\t', '\n',
    '\\', '~', '<', '=',
];

/// What is seldom seen.
const RARE: &[char] = &[
    '\0', '\u{7}', '\u{b}', '\u{7f}', '\u{85}', '\u{a0}', '\u{2028}', '\u{2029}', '\u{feff}', '\u{fffe}', '\u{1b}',
    'ä', '\r',
];

const MANIFESTS: &[&str] = &[
    "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata:\n  name: blue\nspec:\n  namespaces: [ns1, ns2]\n  staticRoutes:\n    \
     - {cidr: 0.0.0.0/0, nextHopIP: 10.0.1.254, policy: policyDst}\n    - cidr: 172.16.0.0/12\n      nextHopIP: 10.0.1.253\n",
    "# Source: net/templates/subnet.yaml\napiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: a}\nspec:\n  vpc: blue\n  \
     cidrBlock: 10.0.0.0/16,fd00::/64\n  excludeIps:\n  - 10.0.0.1..10.0.0.9\n  - fd00::1\n  natOutgoing: yes\n",
    "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: net, namespace: green}\nspec:\n  \
     config: '{\n      \"cniVersion\": \"0.3.0\",\n      \"type\": \"kube-ovn\"\n    }'\n",
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    ovn.kubernetes.io/logical_switch: \"a\"\n    \
     x: >-\n      two\n      lines\nspec:\n  containers:\n  - name: c\n    command: [\"sh\", \"-c\", 'echo it''s']\n",
    "x-base: &base\n  vpc: blue\n  gateway: 10.0.0.1\n---\nbase: &b {a: 1, b: [x, y]}\nspec:\n  <<: *b\n  a: 2\nlist: [*b, *b]\n",
    "kind: ConfigMap\napiVersion: v1\ndata:\n  conf: |\n    # no comment\n    key: value\n\n      deeper\n  other: |+\n    x\n\n  n: 5\n",
    "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n  {\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}\n]}\n",
    "? a\n: b\n? - c\n  - d\n: - e\n  -\n    - f\n  - g: h\n    i: j\nk:\n- l\n- m: n\n",
];

/// So many texts: each value in each place, then made up ones and manifests with mistakes in them.
pub(super) fn texts(count: usize, seed: u64) -> Vec<String> {
    let places = |value: &&str| {
        [
            format!("a: {value}\n"),
            format!("- {value}\n"),
            format!("{value}: a\n"),
            format!("{value}\n"),
            format!("a: [{value}]\nb: c\n"),
            format!("a: {{k: {value}}}\nb: c\n"),
            format!("a:\n  b: {value}\n  c: d\n"),
        ]
    };
    let mut rng = Rng::with_seed(seed);
    let mut texts: Vec<_> = VALUES.iter().flat_map(places).collect();
    while texts.len() < count {
        let text = if rng.u8(..3) == 0 { soup(&mut rng) } else { mistaken(&mut rng) };
        texts.push(text);
    }
    texts
}

fn one<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(..of.len())]
}

fn soup(rng: &mut Rng) -> String {
    (0..rng.usize(2..16)).map(|_| one(rng, TOKENS)).collect()
}

/// A manifest, changed in up to three places.
fn mistaken(rng: &mut Rng) -> String {
    let mut text = one(rng, MANIFESTS).to_owned();
    for _ in 0..rng.usize(1..4) {
        text = changed(rng, &text);
    }
    text
}

fn spaces(rng: &mut Rng, most: usize) -> String {
    " ".repeat(rng.usize(..=most))
}

fn changed(rng: &mut Rng, text: &str) -> String {
    let mut lines: Vec<_> = text.split('\n').map(str::to_owned).collect();
    let at = rng.usize(..lines.len());
    let line = lines[at].clone();
    let indent = line.len() - line.trim_start_matches(' ').len();
    let (key, value) = line.split_once(": ").unwrap_or((line.as_str(), "v"));
    match rng.u8(..22) {
        0 => lines[at] = format!(" {}{line}", spaces(rng, 2)),
        1 => lines[at] = line[rng.usize(..=indent)..].to_owned(),
        2..=5 => lines[at] = format!("{key}: {}", one(rng, VALUES)),
        6 => lines[at] = format!("{}{}: {value}", " ".repeat(indent), one(rng, VALUES)),
        7 => {
            let quote = if rng.bool() { '\'' } else { '"' };
            lines[at] = format!("{key}: {quote}{}\n{}{value}{quote}", one(rng, &["x", "", "x "]), spaces(rng, 6));
        }
        8 => {
            let (open, close) = if rng.bool() { ('[', ']') } else { ('{', '}') };
            let (inner, outer, comma) = (spaces(rng, 6), spaces(rng, 6), one(rng, &[",", ""]));
            lines[at] = format!("{key}: {open}\n{inner}{value}{comma}\n{outer}{close}");
        }
        9 => lines[at].push_str(one(rng, &[" # c", "# c", "\t# c", " #"])),
        10 => lines.insert(at, format!("{}# comment", spaces(rng, 6))),
        11 => {
            lines[at] = format!("{key}: &x {value}");
            let below = rng.usize(at + 1..=lines.len());
            lines.insert(below, format!("{}{}", " ".repeat(indent), one(rng, REFERENCES)));
        }
        12 => insert(rng, &mut lines[at], &['\t']),
        13 if rng.bool() => return text.replace('\n', "\r\n"),
        13 => lines[at].push('\r'),
        14 => insert(rng, &mut lines[at], RARE),
        15 => lines.insert(at, one(rng, MARKS).to_owned()),
        16 => {
            let to = rng.usize(..=lines.len());
            lines.insert(to, line);
        }
        17 => {
            lines[at] = format!("{key}: {}", one(rng, BLOCKS));
            for _ in 0..rng.usize(..5) {
                let written =
                    format!("{}{}", " ".repeat((indent + rng.usize(..5)).saturating_sub(1)), one(rng, BLOCK_LINES));
                lines.insert(at + 1, written);
            }
        }
        18 => insert(rng, &mut lines[at], SPECIAL),
        19 => {
            let left: Vec<_> = line.chars().collect();
            let gone = rng.usize(..=left.len());
            lines[at] = left.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, character)| character).collect();
        }
        20 => drop(lines.remove(at)),
        _ => {
            let to = rng.usize(..lines.len());
            lines.swap(at, to);
        }
    }
    if lines.is_empty() { String::new() } else { lines.join("\n") }
}

/// Puts one of these characters somewhere into a line.
fn insert(rng: &mut Rng, line: &mut String, of: &[char]) {
    let places: Vec<_> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
    line.insert(places[rng.usize(..places.len())], of[rng.usize(..of.len())]);
}
