//! Changes to an object that nobody would make by mistake.

use std::net::{Ipv4Addr, Ipv6Addr};

use arbitrary::{Result, Unstructured};
use ipnet::IpNet;

use super::ground::Ground;
use super::node::Node;

/// Values that have the type of nothing, or a type that nobody expects.
const LITERALS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "1.5",
    "1e308",
    "-0",
    "18446744073709551616",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "[null]",
    "{\"\":null}",
    "\"\"",
    "\"\\u0000\"",
    "{\"a\":1,\"a\":2}",
    "[1,\"2\",null,{}]",
];

/// What nobody can read.
const NO_JSON: &[&str] = &["1e999", "\"\\ud800\"", "[[[[[[[[", "nul", "\"", "01", "-", "{\"a\"}", "[1,]", "NaN"];

/// How often something is repeated.
const TIMES: &[usize] = &[2, 3, 20, 199, 200, 201, 1000, 10_000, usize::MAX];

/// How deep something is nested: what is read, what is just too deep, and what would end a stack.
const DEPTHS: &[usize] = &[2, 3, 5, 10, 50, 100, 110, 115, 120, 122, 124, 126, 128, 1000, 100_000];

/// Makes changes, and does not let anything grow beyond a number of bytes.
pub(super) struct Change<'c, 'd> {
    pub(super) ground: &'c Ground,
    pub(super) choices: &'c mut Unstructured<'d>,
    pub(super) room: usize,
}

impl Change<'_, '_> {
    /// One of so many; the first where there is nothing left to choose by.
    pub(super) fn pick(&mut self, of: usize) -> Result<usize> {
        self.choices.int_in_range(0..=of.saturating_sub(1))
    }

    pub(super) fn one_of<T: Clone>(&mut self, all: &[T]) -> Result<T> {
        Ok(self.choices.choose(all)?.clone())
    }

    /// Changes something, somewhere in a value.
    pub(super) fn somewhere(&mut self, node: &mut Node) -> Result<()> {
        let goes_on = self.pick(7)? != 6;
        match node {
            Node::List(items) if goes_on && !items.is_empty() => {
                let at = self.pick(items.len().min(8))?;
                if let Some(item) = items.get_mut(at) {
                    return self.somewhere(item);
                }
            }
            Node::Map(fields) if goes_on && !fields.is_empty() => {
                let at = self.pick(fields.len())?;
                if let Some((_, node)) = fields.get_mut(at) {
                    return self.somewhere(node);
                }
            }
            _ => {}
        }
        self.here(node)
    }

    fn here(&mut self, node: &mut Node) -> Result<()> {
        match (self.pick(12)?, &mut *node) {
            (0, _) => *node = Node::null(),
            (1, _) => *node = Node::Literal(self.one_of(LITERALS)?.to_owned()),
            (2, _) => *node = Node::Text(self.text()?),
            (3, _) => *node = self.deep()?,
            (4, _) => *node = self.part()?,
            (5, Node::List(items)) => drop(items.pop()),
            (5, Node::Map(fields)) if !fields.is_empty() => {
                let at = self.pick(fields.len())?;
                fields.remove(at);
            }
            (6, Node::Map(fields)) if !fields.is_empty() => {
                let at = self.pick(fields.len())?;
                self.again(fields, at)?;
            }
            (7, Node::Map(fields)) => {
                let (key, value) = (self.one_of(&self.ground.keys)?, self.value()?);
                fields.push((key, value));
            }
            (8, _) => *node = Node::List(vec![node.clone()]),
            (9, Node::Map(fields)) => {
                // All keys that there are, with one value.
                let value = self.value()?;
                self.take(self.ground.keys.len() * (20 + value.length()));
                if self.room > 0 {
                    fields.extend(self.ground.keys.iter().map(|key| (key.clone(), value.clone())));
                }
            }
            (10, _) if self.pick(4)? == 3 => *node = Node::Literal(self.one_of(NO_JSON)?.to_owned()),
            _ => self.many(node)?,
        }
        Ok(())
    }

    /// A key a second time: as it is, or as Go takes it as well.
    fn again(&mut self, fields: &mut Vec<(String, Node)>, at: usize) -> Result<()> {
        let Some((key, node)) = fields.get(at).cloned() else { return Ok(()) };
        let key = match self.pick(4)? {
            0 | 1 => key,
            2 => key.to_uppercase(),
            _ => key.replace('s', "\u{17f}").replace('k', "\u{212a}"),
        };
        let value = match self.pick(3)? {
            0 => Node::null(),
            1 => node,
            _ => self.value()?,
        };
        let at = if self.pick(2)? == 0 { fields.len() } else { 0 };
        fields.insert(at, (key, value));
        Ok(())
    }

    fn value(&mut self) -> Result<Node> {
        Ok(match self.pick(5)? {
            0 => Node::Text(self.text()?),
            1 => Node::Literal(self.one_of(LITERALS)?.to_owned()),
            2 => self.deep()?,
            _ => self.part()?,
        })
    }

    fn text(&mut self) -> Result<String> {
        let text = self.one_of(&self.ground.texts)?;
        Ok(match self.pick(6)? {
            0 => text + &self.one_of(&self.ground.texts)?,
            1 => {
                let times = self.times(text.len())?;
                text.repeat(times)
            }
            _ => text,
        })
    }

    /// A part of another object.
    fn part(&mut self) -> Result<Node> {
        let at = self.pick(self.ground.objects.len())?;
        let Some((object, _)) = self.ground.objects.get(at) else { return Ok(Node::null()) };
        let mut node = object.clone();
        for _ in 0..self.pick(6)? {
            node = match node {
                Node::List(items) if !items.is_empty() => items.into_iter().next().unwrap_or(Node::null()),
                Node::Map(mut fields) if !fields.is_empty() => {
                    let at = self.pick(fields.len())?;
                    fields.swap_remove(at).1
                }
                other => return Ok(other),
            };
        }
        self.take(node.length());
        Ok(node)
    }

    fn deep(&mut self) -> Result<Node> {
        let depth = self.one_of(DEPTHS)?.min(self.room / 8);
        let (open, close) = self.one_of(&[("[", "]"), ("{\"\":", "}"), ("[{\"a\":", "}]"), ("{\"a\":[", "]}")])?;
        self.take(depth * (open.len() + close.len()));
        Ok(Node::Literal(open.repeat(depth) + "0" + &close.repeat(depth)))
    }

    /// The same over and over, or the like of it.
    fn many(&mut self, node: &mut Node) -> Result<()> {
        let varies = self.pick(3)? != 0;
        match node {
            Node::List(items) => {
                let Some(first) = items.first().cloned() else { return Ok(()) };
                let times = self.times(first.length())?;
                items.extend((1..times).map(|time| if varies { varied(&first, time) } else { first.clone() }));
            }
            Node::Map(fields) => {
                let at = self.pick(fields.len())?;
                let Some((key, value)) = fields.get(at).cloned() else { return Ok(()) };
                let times = self.times(key.len() + value.length())?;
                fields.extend((1..times).map(|time| {
                    let key = if varies { format!("{key}{time}") } else { key.clone() };
                    (key, if varies { varied(&value, time) } else { value.clone() })
                }));
            }
            Node::Text(text) => {
                let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                let (open, inner, close) = inner.map_or(("", text.as_str(), ""), |inner| ("[", inner, "]"));
                let between = self.one_of(&[",", ";", "\n", " && ", "", ".."])?;
                let times = self.times(inner.len() + between.len())?;
                let all: Vec<_> = (0..times)
                    .map(|time| if varies && time > 0 { varied_text(inner, time) } else { inner.to_owned() })
                    .collect();
                *text = format!("{open}{}{close}", all.join(between));
            }
            Node::Literal(_) => {}
        }
        Ok(())
    }

    /// How often something of this length may be repeated.
    fn times(&mut self, length: usize) -> Result<usize> {
        let length = length + 4;
        let times = self.one_of(TIMES)?.min(self.room / length);
        self.take(times * length);
        Ok(times)
    }

    fn take(&mut self, bytes: usize) {
        self.room = self.room.saturating_sub(bytes);
    }
}

/// The like of a value: other addresses, other names.
fn varied(node: &Node, time: usize) -> Node {
    match node {
        Node::Literal(text) => Node::Literal(text.clone()),
        Node::Text(text) => Node::Text(varied_text(text, time)),
        Node::List(items) => Node::List(items.iter().map(|item| varied(item, time)).collect()),
        Node::Map(fields) => Node::Map(fields.iter().map(|(key, node)| (key.clone(), varied(node, time))).collect()),
    }
}

fn varied_text(text: &str, time: usize) -> String {
    let by = u32::try_from(time).unwrap_or_default();
    let further = |ip: Ipv4Addr, by| Ipv4Addr::from_bits(ip.to_bits().wrapping_add(by));
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return further(ip, by).to_string();
    }
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Ipv6Addr::from_bits(ip.to_bits().wrapping_add(by.into())).to_string();
    }
    match text.parse::<IpNet>() {
        Ok(IpNet::V4(net)) => {
            let size = 1_u32.checked_shl(32 - u32::from(net.prefix_len())).unwrap_or_default();
            format!("{}/{}", further(net.addr(), size.wrapping_mul(by)), net.prefix_len())
        }
        Ok(IpNet::V6(_)) | Err(_) => match text.rsplit_once(['@', '.', '"']) {
            Some((begins, _)) => format!("{begins}{time}{}", text.get(begins.len()..).unwrap_or_default()),
            None => format!("{text}{time}"),
        },
    }
}
